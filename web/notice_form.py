"""The sheet of the writing desk: what its form holds as typed, and what that means."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from hub.errors import InvalidError
from hub.notices.headlines import Headline
from hub.ports import Follows, HalfDay, NoticeKind, Slots
from i18n.phrases import PHRASES
from i18n.slots import whole_number

FIELDS: Mapping[str, str] = {
    "kind": "kind",
    "audience": "to",
    "text": "text",
    "subject": "subject",
    "starts_at": "meeting_day",
    "place": "place",
    "most": "most",
    "places": "places",
    "day": "day",
    "half_day": "half_day",
    "pupil": "pupil",
    "phrase": "phrase",
    "question": "question",
    "on_day": "on_day",
    **{name: name for name in ("when", "leaves_on", "leaves_time", "weekdays", "every", "since", "until")},
}
"""Where on the sheet a fault of the hub's is shown."""

FAMILY, EACH = "family", "each"
"""Whose answer is wanted: of either parent, or of each adult."""
PRESS = r"^[0-9A-Za-z-]*$"
"""How a form names its press. The hub names its own (an alarm, an invitation) with colons, so no form takes one."""


class NoticeForm(BaseModel):
    """What the form holds, as typed; `seen` is the mark of what was last read over, so that nobody presses unread.

    `to` holds class names, `pupil:NUMBER` and `school`. `reader` is the adult through whose eyes it is read over.
    `corrects` is the number of the notice that this one puts right. `question`: whose yes or no is wanted. `per`,
    `most` and `places`: who answers an invitation, and how many may come. `day` and `half_day` are an absence's,
    `on_day` and `on_half` a phrase's: the one has been, the other is mostly to come. `when` and what follows it: when
    it leaves, if not at once (`web/plan_form.py`); `plan` and `version`: which planned notice this one takes the place
    of.
    """

    key: str = Field(default="", max_length=64, pattern=PRESS)
    seen: str = Field(default="", max_length=64)
    step: str = Field(default="read", max_length=8)
    reader: str = Field(default="", max_length=20)
    corrects: str = Field(default="", max_length=20)
    kind: str = Field(default="", max_length=20)
    to: list[str] = Field(default_factory=list, max_length=200)
    pupil: str = Field(default="", max_length=20)
    phrase: str = Field(default="", max_length=40)
    subject: str = Field(default="", max_length=400)
    text: str = Field(default="", max_length=1_000_000)
    plain: str = Field(default="", max_length=4)
    question: str = Field(default="", max_length=8)
    day: str = Field(default="", max_length=10)
    half_day: str = Field(default="", max_length=10)
    on_day: str = Field(default="", max_length=10)
    on_half: str = Field(default="", max_length=10)
    hour: str = Field(default="", max_length=8)
    meeting_day: str = Field(default="", max_length=10)
    meeting_time: str = Field(default="", max_length=8)
    place: str = Field(default="", max_length=400)
    per: str = Field(default="", max_length=8)
    most: str = Field(default="", max_length=8)
    places: str = Field(default="", max_length=8)
    when: str = Field(default="", max_length=10)
    leaves_on: str = Field(default="", max_length=10)
    leaves_time: str = Field(default="", max_length=8)
    weekdays: list[str] = Field(default_factory=list, max_length=7)
    every: str = Field(default="1", max_length=2)
    since: str = Field(default="", max_length=10)
    until: str = Field(default="", max_length=10)
    in_term: str = Field(default="", max_length=4)
    plan: str = Field(default="", max_length=20)
    version: str = Field(default="", max_length=10)

    @property
    def mark(self) -> str:
        """Change whenever what would leave changes."""
        words = self.model_dump(exclude={"key", "seen", "step", "reader"})
        return hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form means: kind, audience in the hub's words, slots."""

    kind: NoticeKind
    audience: str
    slots: Slots

    def is_said_by(self, notice: Headline) -> bool:
        """Whether a notice says just this."""
        return (self.kind, self.audience, self.slots) == (notice.kind, notice.audience, notice.slots)


def asked_for(form: NoticeForm, kinds: Sequence[NoticeKind], today: date, timezone: str) -> Asked:
    """Read the form. Raises InvalidError beside the field that is at fault."""
    kind = next((each for each in kinds if each.value == form.kind), None)
    if kind is None:
        raise InvalidError("Dites d’abord de quoi il s’agit.", field="kind")
    if kind is NoticeKind.ABSENCE:
        if not form.pupil:
            raise InvalidError("Dites quel enfant est absent.", field="pupil")
        slots = Slots(day=_date(form.day, "day"), half_day=_half_day(form.half_day))
        return Asked(kind, f"pupil:{form.pupil}", slots)
    text, subject, place = (words.strip() or None for words in (form.text, form.subject, form.place))
    asks = form.question in (FAMILY, EACH)
    slots = Slots(text=text, subject=subject, plain=bool(form.plain), question=asks, by_family=form.question == FAMILY)
    if kind is NoticeKind.MEETING:
        starts = _moment(form.meeting_day, form.meeting_time, timezone)
        slots = Slots(
            text=text,
            subject=subject,
            starts_at=starts,
            place=place,
            plain=bool(form.plain),
            by_family=form.per == FAMILY,
            most=_number(form.most, "most"),
            places=_number(form.places, "places"),
        )
    elif kind is NoticeKind.URGENT and form.phrase:
        slots = _with_phrase(form, slots, place, today, timezone)
    return Asked(kind, audience_words(form.to), slots)


def filled_in(notice: Headline, timezone: str) -> NoticeForm:
    """Fill a sheet with what a notice says, to put it right."""
    slots = notice.slots
    starts = slots.starts_at.astimezone(ZoneInfo(timezone)) if slots.starts_at else None
    meeting = notice.kind is NoticeKind.MEETING
    return NoticeForm(
        corrects=str(notice.notice_id),
        kind=notice.kind.value,
        to=["school"],
        phrase=slots.phrase or "",
        subject=slots.subject or "",
        text=slots.text or "",
        plain="1" if slots.plain else "",
        on_day=slots.day.isoformat() if slots.day else "",
        on_half=slots.half_day.value if slots.half_day else "",
        hour=f"{starts:%H:%M}" if starts and not meeting else "",
        meeting_day=f"{starts:%Y-%m-%d}" if starts and meeting else "",
        meeting_time=f"{starts:%H:%M}" if starts and meeting else "",
        place=slots.place or "",
        question=(FAMILY if slots.by_family else EACH) if slots.question else "",
        per=FAMILY if slots.by_family and meeting else "",
        most=str(slots.most or ""),
        places=str(slots.places or ""),
    )


def correction_of(notice: Headline, asked: Asked) -> Asked:
    """Turn what was typed into a correction: kind and audience stay those of the notice."""
    return Asked(notice.kind, notice.audience, replace(asked.slots, follows=Follows.CORRECTION))


def _with_phrase(form: NoticeForm, slots: Slots, place: str | None, today: date, timezone: str) -> Slots:
    """Fill the blanks that the chosen phrase has, and no other."""
    phrase = PHRASES.get(form.phrase)
    blanks = phrase.blanks if phrase is not None else ()
    return Slots(
        text=slots.text,
        subject=slots.subject,
        plain=slots.plain,
        question=slots.question,
        by_family=slots.by_family,
        phrase=form.phrase,
        day=_date(form.on_day, "on_day") if "when" in blanks else None,
        half_day=(_half_day(form.on_half) or HalfDay.DAY) if "when" in blanks else None,
        starts_at=_moment(today.isoformat(), form.hour, timezone) if "time" in blanks else None,
        place=place if "place" in blanks else None,
    )


def _half_day(word: str) -> HalfDay | None:
    return HalfDay(word) if word in set(HalfDay) else None


def audience_words(to: Sequence[str]) -> str:
    """Say whom a sheet is for, in the words that `read_audience` reads. Raises InvalidError for nobody."""
    if not to:
        raise InvalidError("Dites à qui : toute l’école, des classes ou des élèves.", field="audience")
    if "school" in to:
        return "school"
    pupils = [each.removeprefix("pupil:") for each in to if each.startswith("pupil:")]
    classes = [each for each in to if not each.startswith("pupil:")]
    parts = (f"class:{','.join(classes)}" if classes else "", f"pupil:{','.join(pupils)}" if pupils else "")
    return ";".join(filter(None, parts))


def _date(words: str, field: str) -> date | None:
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field=field) from error


def _number(words: str, field: str) -> int | None:
    """Read a number; None where nothing is typed. Raises InvalidError."""
    if not words.strip():
        return None
    number = whole_number(words.strip(), digits=4)
    if number is None:
        raise InvalidError("Écrivez un nombre en chiffres, ou rien.", field=field)
    return number


def _moment(day: str, hour: str, timezone: str) -> datetime | None:
    """Read a day and an hour at the school; None while one of them is missing, which the hub refuses in its words."""
    on = _date(day, "starts_at")
    if on is None or not hour:
        return None
    try:
        at = time.fromisoformat(hour)
    except ValueError as error:
        raise InvalidError("Cette heure n’existe pas.", field="starts_at") from error
    return datetime.combine(on, at.replace(tzinfo=None), ZoneInfo(timezone))
