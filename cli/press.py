"""The press at the counter: turns what was typed into a draft, and publishes it, or only rehearses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from cli.desk import Desk
from hub.errors import InvalidError
from hub.notices.preview import Preview, preview
from hub.notices.publish import Draft, Published, publish
from hub.people.rights import rights_on
from hub.people.staff import find_staff
from hub.ports import HalfDay, NoticeKind, Slots
from hub.routing import last_school_day
from i18n.phrases import PHRASES

NOON = time(13)
"""Before it, an absence is of the morning when nothing else was said."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed. Moments as ISO 8601; without a zone they are the school's."""

    kind: NoticeKind
    to: str
    text: str | None = None
    subject: str | None = None
    place: str | None = None
    starts_at: str | None = None
    day: date | None = None
    half_day: HalfDay | None = None
    at: str | None = None
    key: str | None = None
    phrase: str | None = None
    exercise: bool = False
    seconder: str | None = None
    question: bool = False
    by_family: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of it; `preview` only of a rehearsal, which sent nothing. `leaves_later`: the hour, if not at once."""

    published: Published
    preview: Preview | None
    leaves_later: str | None = None

    def as_dict(self) -> dict[str, object]:
        """For the command line's JSON; `cost` in hundredths of a cent, `sms` by language."""
        came, seen = self.published, self.preview
        told: dict[str, object] = {
            "notice": None if seen else came.notice_id,
            "adults": came.adults,
            "copies": came.copies,
            "to_call": came.to_call,
            "fresh": came.fresh,
            "dry_run": seen is not None,
            "leaves_at": came.due_at.isoformat(),
        }
        return told | ({"segments": seen.segments, "cost": seen.cost, "sms": dict(seen.readings)} if seen else {})


async def pressed(desk: Desk, order: Order, *, dry_run: bool) -> Pressed:
    """Publish, or publish and forget, with what families would read. Raises what `hub.notices.publish` raises."""
    draft = drafted(order, desk)
    if desk.staff_id is None:
        raise InvalidError("Dites qui écrit : --as EMAIL.")
    async with desk.writing(keep=not dry_run) as session:
        if order.seconder is not None:
            second = await find_staff(session, desk.keyring, desk.school.key, order.seconder)
            draft = replace(draft, seconded_by=second)
        published = await publish(
            session, desk.keyring, school=desk.school, author_id=desk.staff_id, draft=draft, now=desk.now
        )
    here = published.due_at.astimezone(ZoneInfo(desk.school.timezone))
    later = f"{here:%H:%M:%S}" if published.due_at > desk.now else None
    return Pressed(published, await _read_over(desk, desk.staff_id, draft) if dry_run else None, later)


def drafted(order: Order, desk: Desk) -> Draft:
    """Fill in what was not said: an absence is of this half-day, the words are in the school's language."""
    _refuse_idle(order)
    zone = desk.school.timezone
    day, half_day = order.day, order.half_day
    if order.kind is NoticeKind.ABSENCE:
        here = desk.now.astimezone(ZoneInfo(zone))
        day = day or last_school_day(desk.today)
        half_day = half_day or (HalfDay.MORNING if here.time() < NOON else HalfDay.AFTERNOON)
    slots = Slots(
        text=order.text,
        subject=order.subject,
        place=order.place,
        day=day,
        half_day=half_day,
        starts_at=_moment(order.starts_at, zone, "starts_at"),
        language=desk.school.language,
        phrase=order.phrase,
        exercise=order.exercise,
        question=order.question,
        by_family=order.by_family,
    )
    draft = Draft(order.kind, order.to, slots, due_at=_moment(order.at, zone, "at"))
    return draft if order.key is None else replace(draft, key=order.key)


async def _read_over(desk: Desk, staff_id: int, draft: Draft) -> Preview:
    async with desk.database.reading(desk.school.key) as session:
        return await preview(
            session,
            school=desk.school,
            author="",  # stands in mails alone
            rights=await rights_on(session, school_id=desk.school.key, staff_id=staff_id, day=desk.today),
            kind=draft.kind,
            audience=draft.audience,
            slots=draft.slots,
            now=desk.now,
            public_url=desk.settings.public_url,
        )


_WORDS, _MEETING = frozenset({"text", "subject"}), frozenset({"place", "starts_at"})
_ABSENCE, _PHRASE = frozenset({"day", "half_day"}), frozenset({"phrase"})
_BLANKS = {"when": ("day", "half_day"), "time": ("starts_at",), "place": ("place",)}
"""What fills each blank of a ready phrase."""
_SAYS: Mapping[NoticeKind, frozenset[str]] = {
    NoticeKind.ANNOUNCEMENT: _WORDS,
    NoticeKind.URGENT: _WORDS | _PHRASE,
    NoticeKind.CRISIS: _PHRASE,
    NoticeKind.MEETING: _WORDS | _MEETING,
    NoticeKind.ABSENCE: _ABSENCE,
}
"""What a notice of each kind says of what may be typed; other kinds are refused by the hub."""


def _refuse_idle(order: Order) -> None:
    """Refuse what families would never read, rather than leave it out in silence."""
    says = _SAYS.get(order.kind, _WORDS | _MEETING | _ABSENCE | _PHRASE)
    phrase = PHRASES.get(order.phrase or "")
    says |= {name for blank in (phrase.blanks if phrase else ()) for name in _BLANKS[blank]}
    idle = [
        name
        for name in (*_WORDS, *_MEETING, *_ABSENCE, *_PHRASE)
        if getattr(order, name) is not None and name not in says
    ]
    if not idle:
        return
    name = min(idle)
    option = f"--{name.replace('_', '-')}"
    if order.kind is NoticeKind.ABSENCE and name in _WORDS:
        raise InvalidError(
            f"Une absence a son texte tout écrit : retirez {option} et donnez --day et --half-day, "
            "ou prenez --kind urgent pour vos propres mots.",
            field=name,
        )
    kinds = " ou ".join(kind.value for kind, names in _SAYS.items() if name in names)
    raise InvalidError(f"{option} ne va qu'avec --kind {kinds}.", field=name)


def _moment(words: str | None, zone: str, field: str) -> datetime | None:
    if words is None:
        return None
    try:
        moment = datetime.fromisoformat(words)
    except ValueError as error:
        raise InvalidError("Un moment s'écrit 2026-11-25T07:30.", field=field) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
