"""The writing desk: choose what, for whom and in which words; read what will leave; press once."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from hub.errors import HubError, InvalidError
from hub.notices.headlines import Headline, pressed_before
from hub.notices.preview import Choices, Preview, choices, preview, read_school
from hub.notices.publish import Draft, publish
from hub.ports import HalfDay, NoticeKind, Slots
from hub.routing import last_school_day
from i18n.tongues import tongue
from web.pages import page
from web.staff_visit import StaffDep, Visit
from web.staff_words import HALVES, KINDS, WAYS

router = APIRouter()

TIME_TO_STOP = timedelta(seconds=60)
"""Free words to the whole school can be stopped for a minute before they leave."""


class NoticeForm(BaseModel):
    """What the form holds, as typed; `seen` is the mark of what was last read over, so that nobody presses unread."""

    key: str = Field(default="", max_length=64)
    seen: str = Field(default="", max_length=64)
    step: str = Field(default="read", max_length=8)
    kind: str = Field(default="", max_length=20)
    to: list[str] = Field(default_factory=list, max_length=60)
    pupil: str = Field(default="", max_length=20)
    subject: str = Field(default="", max_length=400)
    text: str = Field(default="", max_length=1_000_000)
    day: str = Field(default="", max_length=10)
    half_day: str = Field(default="", max_length=10)
    meeting_day: str = Field(default="", max_length=10)
    meeting_time: str = Field(default="", max_length=8)
    place: str = Field(default="", max_length=400)

    @property
    def mark(self) -> str:
        """Change whenever what would leave changes."""
        words = self.model_dump(exclude={"key", "seen", "step"})
        return hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form means: kind, audience in the hub's words, slots."""

    kind: NoticeKind
    audience: str
    slots: Slots

    @property
    def waits(self) -> bool:
        """Whether it can be stopped for a minute: somebody's own words to everybody."""
        return self.audience == "school" and bool(self.slots.text)

    def is_said_by(self, notice: Headline) -> bool:
        """Whether a notice says just this."""
        return (self.kind, self.audience, self.slots) == (notice.kind, notice.audience, notice.slots)


@router.get("/ecrire")
async def write(visit: StaffDep) -> Response:
    """For all staff: an empty sheet, whose key makes the press idempotent."""
    day = last_school_day(visit.reader.day).isoformat()
    return await _sheet(visit, NoticeForm(key=_new_key(), kind=NoticeKind.ANNOUNCEMENT.value, day=day))


@router.post("/ecrire")
async def press(visit: StaffDep, form: Annotated[NoticeForm, Form()]) -> Response:
    """For all staff with a right to this audience: read over, then press; a second press is the same notice.

    Whoever comes back to a sheet that was pressed is shown what became of it; other words on it are another notice,
    to be read over first.
    """
    try:
        asked = _asked(form, visit.who.timezone)
        before = await _pressed_before(visit, form.key)
        if before is not None and asked.is_said_by(before):
            return RedirectResponse(f"/suivi/{before.notice_id}", 303)
        found = await _read_over(visit, asked)
        if before is not None:
            again = form.model_copy(update={"key": _new_key()})
            return await _sheet(visit, again, asked=asked, found=found, before=before)
        if form.step != "press" or form.seen != form.mark or not form.key:
            return await _sheet(visit, form, asked=asked, found=found)
        return await _pressed(visit, form.key, asked)
    except InvalidError as error:
        return await _sheet(visit, form, wrong={_FIELDS.get(error.field or "", "text"): _said(error)})
    except HubError as error:
        return await _sheet(visit, form, wrong={"to": _said(error)})


def _said(error: HubError) -> str:
    return tongue("fr", typeset=True).gettext(str(error))


_FIELDS: Mapping[str, str] = {
    "kind": "kind",
    "audience": "to",
    "text": "text",
    "subject": "subject",
    "starts_at": "meeting_day",
    "place": "place",
    "day": "day",
    "half_day": "half_day",
    "pupil": "pupil",
}


async def _pressed_before(visit: Visit, key: str) -> Headline | None:
    async with visit.house.database.reading(visit.school_id) as session:
        return await pressed_before(
            session, visit.house.keyring, school_id=visit.school_id, author_id=visit.reader.staff_id, key=key
        )


def _new_key() -> str:
    return secrets.token_hex(16)


async def _read_over(visit: Visit, asked: Asked) -> Preview:
    async with visit.house.database.reading(visit.school_id) as session:
        return await preview(
            session,
            school=await read_school(session, visit.school_id),
            author=visit.who.name,
            rights=visit.reader.rights,
            kind=asked.kind,
            audience=asked.audience,
            slots=asked.slots,
            now=visit.now,
            public_url=visit.house.settings.public_url,
        )


async def _pressed(visit: Visit, key: str, asked: Asked) -> Response:
    due = visit.now + TIME_TO_STOP if asked.waits else None
    async with visit.house.database.school(visit.school_id) as session:
        published = await publish(
            session,
            visit.house.keyring,
            school=await read_school(session, visit.school_id),
            author_id=visit.reader.staff_id,
            draft=Draft(kind=asked.kind, audience=asked.audience, slots=asked.slots, key=key, due_at=due),
            now=visit.now,
        )
    return RedirectResponse(f"/suivi/{published.notice_id}", 303)


async def _sheet(
    visit: Visit,
    form: NoticeForm,
    *,
    asked: Asked | None = None,
    found: Preview | None = None,
    before: Headline | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """Show the sheet as it was filled in: nothing that was typed is lost."""
    async with visit.house.database.reading(visit.school_id) as session:
        offered: Choices = await choices(
            session, school_id=visit.school_id, rights=visit.reader.rights, day=visit.reader.day
        )
    return page(
        "staff/write.html",
        status=422 if wrong else 200,
        visit=visit,
        form=form,
        choices=offered,
        asked=asked,
        found=found,
        before=before,
        wrong=wrong or {},
        kinds=KINDS,
        halves=HALVES,
        ways=WAYS,
        room="ecrire",
    )


def _asked(form: NoticeForm, timezone: str) -> Asked:
    """Read the form. Raises InvalidError beside the field that is at fault."""
    kind = _kind(form.kind)
    if kind is NoticeKind.ABSENCE:
        if not form.pupil:
            raise InvalidError("Dites quel enfant est absent.", field="pupil")
        half = HalfDay(form.half_day) if form.half_day in set(HalfDay) else None
        return Asked(kind, f"pupil:{form.pupil}", Slots(day=_date(form.day, "day"), half_day=half))
    text, subject, place = (words.strip() or None for words in (form.text, form.subject, form.place))
    if kind is NoticeKind.MEETING:
        starts = _moment(form.meeting_day, form.meeting_time, timezone)
        return Asked(kind, _audience(form.to), Slots(text=text, subject=subject, starts_at=starts, place=place))
    return Asked(kind, _audience(form.to), Slots(text=text, subject=subject))


def _kind(word: str) -> NoticeKind:
    if word not in {kind.value for kind in KINDS}:
        raise InvalidError("Dites d’abord de quoi il s’agit.", field="kind")
    return NoticeKind(word)


def _audience(to: list[str]) -> str:
    if not to:
        raise InvalidError("Dites à qui : toute l’école, ou une classe au moins.", field="audience")
    if "school" in to:
        return "school"
    return "class:" + ",".join(to)


def _date(words: str, field: str) -> date | None:
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field=field) from error


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
