"""When a sheet leaves: what its form holds of it as typed, what that means, and how it is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from hub.errors import InvalidError
from hub.models.school import School
from hub.outbox.quiet import after_silence
from hub.plans.moments import MOST_WEEKS, PLANNABLE, Rhythm, is_left_out, is_twice
from hub.plans.reading import Planned
from hub.ports import NoticeKind
from hub.routing import lane_of
from i18n.slots import whole_number
from web.notice_form import NoticeForm, filled_in
from web.pages import date_words, day, hour

ONCE, WEEKLY = "once", "weekly"
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


@dataclass(frozen=True, slots=True)
class Later:
    """What reading over says of when: in words, the next moments, and what clocks or the silence do to one of them."""

    words: str
    moments: tuple[str, ...]
    odd: tuple[str, ...]


def rhythm_of(form: NoticeForm, kind: NoticeKind, today: date) -> Rhythm | None:
    """Read when a sheet leaves; None: at once. What presses cannot wait, whatever the sheet says. Raises InvalidError.

    A repetition begins today where nothing else is said, and ends with the school year, which the hub knows.
    """
    if form.when not in (ONCE, WEEKLY) or kind not in PLANNABLE:
        if form.plan:
            raise InvalidError(
                "Un avis prévu attend son moment : pour qu’il parte tout de suite, annulez-le et écrivez-en un autre.",
                field="when",
            )
        return None
    at = time_of(form.leaves_time)
    if form.when == ONCE:
        return Rhythm(starts_on=_needed_day(form.leaves_on), at=at)
    weekdays = frozenset(number for number in (whole_number(word) for word in form.weekdays) if number is not None)
    if not weekdays:
        raise InvalidError("Dites quels jours de la semaine.", field="weekdays")
    every = whole_number(form.every)
    if every is None:
        raise InvalidError(f"Un avis se répète toutes les 1 à {MOST_WEEKS} semaines.", field="every")
    since, until = day_of(form.since, "since"), day_of(form.until, "until")
    return Rhythm(since or today, at, weekdays, every, until, in_term=bool(form.in_term))


def form_of(plan: Planned, timezone: str) -> NoticeForm:
    """Fill a sheet with what a plan says and when."""
    rhythm, form = plan.rhythm, filled_in(plan.says, timezone)
    return form.model_copy(
        update={
            "corrects": "",
            "to": _chosen(plan.says.audience),
            "plan": str(plan.plan_id),
            "version": str(plan.version),
            "when": WEEKLY if rhythm.repeats else ONCE,
            "leaves_on": "" if rhythm.repeats else rhythm.starts_on.isoformat(),
            "leaves_time": f"{rhythm.at:%H:%M}",
            "weekdays": [str(number) for number in sorted(rhythm.weekdays)],
            "every": str(rhythm.every),
            "since": rhythm.starts_on.isoformat() if rhythm.repeats else "",
            "until": rhythm.until.isoformat() if rhythm.until else "",
            "in_term": "1" if rhythm.in_term else "",
        }
    )


def time_of(words: str) -> time:
    """Read an hour. Raises InvalidError."""
    try:
        return time.fromisoformat(words).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError as error:
        raise InvalidError(
            "Cette heure n’existe pas." if words else "Dites à quelle heure.", field="leaves_time"
        ) from error


def day_of(words: str, field: str) -> date | None:
    """Read a day, if there is one. Raises InvalidError."""
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field=field) from error


def later(rhythm: Rhythm, moments: Sequence[datetime], kind: NoticeKind, school: School) -> Later:
    """Say when something leaves, and when it does so next: in the school's silence, when that ends."""
    timezone = school.timezone
    days = [each.astimezone(ZoneInfo(timezone)).date() for each in moments]
    odd, leave = [], []
    for each, moment in zip(days, moments, strict=True):
        leave.append(after_silence(school, lane_of(kind), moment))
        if leave[-1] > moment:
            odd.append(
                f"Le {_moment(moment, timezone)}, l’école est en silence\u00a0: "
                f"l’avis part le {_moment(leave[-1], timezone)}."
            )
        changes = f"Le {date_words(each)}, l’heure change et {_clock(rhythm.at)}"
        if is_left_out(each, rhythm.at, timezone):
            odd.append(f"{changes} n’existe pas\u00a0: l’avis part à {hour(moment, timezone)}.")
        elif is_twice(each, rhythm.at, timezone):
            odd.append(f"{changes} sonne deux fois\u00a0: l’avis part à la première.")
    return Later(in_words(rhythm), tuple(_moment(each, timezone) for each in leave), tuple(odd))


def in_words(rhythm: Rhythm) -> str:
    """Say a rhythm: le mardi 1er décembre à 8 h 00; chaque mardi et jeudi à 8 h 00, jusqu’au vendredi 2 juillet."""
    if not rhythm.repeats:
        return f"le {date_words(rhythm.starts_on)} à {_clock(rhythm.at)}"
    names = [WEEKDAYS[number] for number in sorted(rhythm.weekdays)]
    listed = " et ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    often = f"chaque {listed}" if rhythm.every == 1 else f"toutes les {rhythm.every} semaines, le {listed}"
    until = f", jusqu’au {date_words(rhythm.until)} {rhythm.until.year}" if rhythm.until else ""
    return f"{often} à {_clock(rhythm.at)}{until}{', les jours de classe' if rhythm.in_term else ''}"


def for_whom(audience: str) -> str:
    """Say whom something is for, from the hub's words: toute l’école, CP A, CE1 B, 2 élèves."""
    if audience == "school":
        return "toute l’école"
    chosen = _chosen(audience)
    pupils = sum(each.startswith("pupil:") for each in chosen)
    classes = [each.replace("@", ", ") for each in chosen if not each.startswith("pupil:")]
    return ", ".join([*classes, *([f"{pupils} élève{'s' if pupils > 1 else ''}"] if pupils else [])])


def _chosen(audience: str) -> list[str]:
    """Give what is ticked on a sheet for an audience, as `audience_words` reads it."""
    if audience == "school":
        return ["school"]
    chosen = list[str]()
    for part in audience.split(";"):
        kind, _, names = part.partition(":")
        listed = [name.strip() for name in names.split(",") if name.strip()]
        chosen += [f"pupil:{name}" for name in listed] if kind.strip() == "pupil" else listed
    return chosen


def _needed_day(words: str) -> date:
    found = day_of(words, "leaves_on")
    if found is None:
        raise InvalidError("Dites quel jour.", field="leaves_on")
    return found


def _moment(moment: datetime, timezone: str) -> str:
    return f"{day(moment, timezone)} à {hour(moment, timezone)}"


def _clock(at: time) -> str:
    return f"{at.hour}\u00a0h\u00a0{at.minute:02}"
