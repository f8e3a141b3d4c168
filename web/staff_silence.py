"""The school's silence: when it writes nothing that can wait, in plain words, set by the director or the office."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import InvalidError
from hub.models.school import School
from hub.people.schools import read_school
from hub.people.silences import free_days, set_silence, silence_of
from hub.silence import USUAL, Silence, silent_until
from web.pages import day, hour, page
from web.staff_school import OfficeDep
from web.staff_visit import ReadingDep, Visit

router = APIRouter()

FRIDAY = 4
EXAMPLES = ((FRIDAY, time(21)), (FRIDAY + 1, time(10)), (FRIDAY + 5, time(12, 30)))
"""When somebody writes in the examples: on a Friday evening, a Saturday morning, a Wednesday at noon."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was typed, or as it stands."""

    kept: bool
    begins: str
    ends: str
    weekends: bool
    holidays: bool

    @classmethod
    def of(cls, silence: Silence | None) -> "Typed":
        """Show what stands; a school that keeps no silence is offered the usual one."""
        one = silence or USUAL
        return cls(silence is not None, f"{one.begins:%H:%M}", f"{one.ends:%H:%M}", one.weekends, one.holidays)

    def silence(self, stands: Silence | None) -> Silence | None:
        """Read it; hours that were typed want the tick too. Raises InvalidError."""
        if not self.kept:
            shown = Typed.of(stands)
            if (self.begins, self.ends) != (shown.begins, shown.ends):
                raise InvalidError("Cochez « Garder le silence la nuit » pour que ces heures comptent.", field="begins")
            return None
        return Silence(_hour(self.begins, "begins"), _hour(self.ends, "ends"), self.weekends, self.holidays)


@router.get("/ecole/silence")
async def silence(visit: OfficeDep, session: ReadingDep) -> Response:
    """For the director and the office: when the school is silent, with examples."""
    school = await read_school(session, visit.school_id)
    return _page(visit, school, Typed.of(silence_of(school)))


@router.post("/ecole/silence")
async def change(
    visit: OfficeDep,
    session: ReadingDep,
    kept: Annotated[str, Form(max_length=1)] = "",
    begins: Annotated[str, Form(max_length=10)] = "",
    ends: Annotated[str, Form(max_length=10)] = "",
    weekends: Annotated[str, Form(max_length=1)] = "",
    holidays: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """For the director and the office: set it; what waits already is looked at again before it leaves."""
    typed = Typed(bool(kept), begins, ends, bool(weekends), bool(holidays))
    try:
        chosen = typed.silence(silence_of(await read_school(session, visit.school_id)))
        async with visit.house.database.school(visit.school_id) as writing:
            who = {"school_id": visit.school_id, "staff_id": visit.reader.staff_id}
            await set_silence(writing, **who, silence=chosen, now=visit.now)
    except InvalidError as error:
        school = await read_school(session, visit.school_id)
        return _page(visit, school, typed, wrong={error.field or "begins": str(error)})
    return RedirectResponse("/ecole/silence", 303)


def _page(visit: Visit, school: School, typed: Typed, *, wrong: dict[str, str] | None = None) -> Response:
    standing = silence_of(school)
    return page(
        "staff/silence.html",
        status=422 if wrong else 200,
        visit=visit,
        room="ecole",
        typed=typed,
        standing=standing,
        examples=[_example(school, standing, *when, visit.reader.day) for when in EXAMPLES] if standing else [],
        wrong=wrong or {},
    )


def _example(school: School, standing: Silence, weekday: int, at: time, today: date) -> tuple[str, str]:
    """Say when something written at an hour of a coming day leaves: (when it is written, when it leaves)."""
    on = today + timedelta(days=(FRIDAY - today.weekday()) % 7 + weekday - FRIDAY)
    written = datetime.combine(on, at, tzinfo=ZoneInfo(school.timezone))
    ends = silent_until(written, school.timezone, standing, free_days(standing, school.zone))
    leaves = "aussitôt" if ends is None else f"{day(ends, school.timezone)} à {hour(ends, school.timezone)}"
    return f"{day(written, school.timezone)} à {hour(written, school.timezone)}", leaves


def _hour(typed: str, field: str) -> time:
    try:
        return time.fromisoformat(typed).replace(tzinfo=None)
    except ValueError as error:
        raise InvalidError("Donnez une heure, par exemple 20:00.", field=field) from error
