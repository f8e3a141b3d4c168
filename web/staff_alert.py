"""The alarm: three taps on a phone, and every family reads the same prepared words, on all channels at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from hub.errors import InvalidError, NotAllowedError
from hub.notices.headlines import Headline
from hub.notices.lately import last_crisis
from hub.notices.preview import Preview, preview
from hub.notices.publish import Draft, publish
from hub.people.schools import read_school
from hub.ports import NoticeKind, Slots
from i18n.phrases import phrases_of
from i18n.tongues import tongue
from web.pages import page
from web.staff_visit import StaffDep, Visit
from web.staff_words import WAYS, title

router = APIRouter()
PHRASES = phrases_of(NoticeKind.CRISIS)


class AlertForm(BaseModel):
    """What the alarm's form holds. `after` is the number of the alarm that was the last when the page was made."""

    step: str = Field(default="read", max_length=8)
    after: str = Field(default="0", max_length=20)
    phrase: str = Field(default="", max_length=40)
    exercise: str = Field(default="", max_length=4)
    place: str = Field(default="", max_length=400)
    hour: str = Field(default="", max_length=8)

    def key(self, day: str) -> str:
        """Name the press: the same words after the same alarm are one press, whoever presses."""
        words = f"{self.phrase}:{bool(self.exercise)}:{self.place}:{self.hour}"
        return f"alert:{day}:{self.after}:{hashlib.sha256(words.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Alarm:
    """The alarm that stands now."""

    notice: Headline
    title: str


@router.get("/alerte")
async def choose(visit: StaffDep, exercice: str = "") -> Response:
    """For the director, the office and a deputy: choose what to say."""
    return await _page(visit, AlertForm(exercise="1" if exercice else ""))


@router.post("/alerte")
async def alert(visit: StaffDep, form: Annotated[AlertForm, Form()]) -> Response:
    """For the director, the office and a deputy: see the words and the number of families, then press.

    Two who press the same at the same time press once; other words are the next news, and stop what went before.
    """
    _require(visit)
    try:
        slots = _slots(form, visit)
        if form.step != "press":
            return await _page(visit, form, found=await _read_over(visit, slots), slots=slots)
        async with visit.house.database.school(visit.school_id) as session:
            published = await publish(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                author_id=visit.reader.staff_id,
                draft=Draft(NoticeKind.CRISIS, "school", slots, form.key(visit.reader.day.isoformat())),
                now=visit.now,
            )
    except InvalidError as error:
        return await _page(visit, form, wrong=tongue("fr", typeset=True).gettext(str(error)))
    return RedirectResponse(f"/suivi/{published.notice_id}", 303)


async def _page(
    visit: Visit, form: AlertForm, *, found: Preview | None = None, slots: Slots | None = None, wrong: str = ""
) -> Response:
    _require(visit)
    async with visit.house.database.reading(visit.school_id) as session:
        now = await last_crisis(session, visit.house.keyring, school_id=visit.school_id, now=visit.now)
    stands = Alarm(now, title(now, visit.who.timezone)) if now is not None else None
    if not found:
        form = form.model_copy(update={"after": str(now.notice_id) if now is not None else "0"})
    context: Mapping[str, object] = {
        "form": form,
        "found": found,
        "slots": slots,
        "stands": stands,
        "wrong": wrong,
        "phrases": PHRASES,
        "ways": WAYS,
    }
    return page("staff/alert.html", status=422 if wrong else 200, visit=visit, room="alerte", **context)


async def _read_over(visit: Visit, slots: Slots) -> Preview:
    async with visit.house.database.reading(visit.school_id) as session:
        return await preview(
            session,
            school=await read_school(session, visit.school_id),
            author=visit.who.name,
            rights=visit.reader.rights,
            kind=NoticeKind.CRISIS,
            audience="school",
            slots=slots,
            now=visit.now,
            public_url=None,
        )


def _slots(form: AlertForm, visit: Visit) -> Slots:
    phrase = next((each for each in PHRASES if each.name == form.phrase), None)
    blanks = phrase.blanks if phrase is not None else ()
    starts = None
    if form.hour and "time" in blanks:
        try:
            at = time.fromisoformat(form.hour).replace(tzinfo=None)
        except ValueError as error:
            raise InvalidError("Cette heure n’existe pas.", field="hour") from error
        starts = datetime.combine(visit.reader.day, at, ZoneInfo(visit.who.timezone))
    place = (form.place.strip() or None) if "place" in blanks else None
    return Slots(phrase=form.phrase or None, exercise=bool(form.exercise), starts_at=starts, place=place)


def _require(visit: Visit) -> None:
    if not visit.reader.rights.may_alert:
        raise NotAllowedError("Une alerte part de la direction, du secrétariat ou d’un suppléant désigné.")
