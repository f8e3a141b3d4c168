"""The roll of a class on a tablet: everybody is there until somebody touches a name; it works without a network."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field

from hub.absences.cases import alert_class
from hub.absences.rolls import ClassRoll, RollView, Taken, class_roll, rolls_of, take_roll
from hub.errors import InvalidError
from hub.models.rolls import Mark
from hub.people.schools import read_school
from hub.ports import HalfDay
from hub.routing import half_day_at
from i18n.slots import whole_number
from web.pages import STATIC, date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()

HALF_OF: Mapping[str, HalfDay] = {"matin": HalfDay.MORNING, "apres-midi": HalfDay.AFTERNOON}
NAME_OF: Mapping[HalfDay, str] = {half: name for name, half in HALF_OF.items()}
Half = Literal["matin", "apres-midi"]
ROLL_BY: Mapping[HalfDay, time] = {HalfDay.MORNING: time(8, 45), HalfDay.AFTERNOON: time(13, 45)}
"""When a roll is missing: a quarter of an hour after most schools begin (code de l'éducation, D521-10)."""
MOST_KEPT: Final = 4
"""Classes whose roll a browser keeps for when it is away: a teacher's own, not those of a whole school."""
LONGEST_AWAY: Final = 14 * 24 * 3600
"""Seconds that a roll may wait in a tablet."""


class Asked(BaseModel):
    """Which roll is asked for, and what one that was just taken brought about (`pris`); no name."""

    demi: Half | None = None
    jour: date | None = None
    pris: bool = False
    alertes: int = Field(default=0, ge=0, le=999)
    depart: str = Field(default="", pattern=r"^(\d{1,2}:\d\d)?$")
    prevenus: int = Field(default=0, ge=0, le=999)
    tard: int = Field(default=0, ge=0, le=999)

    @property
    def leave_at(self) -> str:
        """When the alerts leave, as one reads it: 8 h 52."""
        return self.depart.replace(":", "\u00a0h\u00a0")


@router.get("/presences")
async def classes(visit: WriterDep, session: ReadingDep, demi: Annotated[Half | None, Query()] = None) -> Response:
    """For teachers, their classes; for the director and the office, all: whose roll is missing this half-day."""
    half = _half(visit, demi)
    found = await rolls_of(session, school_id=visit.school_id, day=visit.reader.day, half_day=half, reader=visit.reader)
    if len(found) == 1 and not visit.reader.rights.whole_school:
        return RedirectResponse(roll_path(found[0].class_id, half), 303)
    return page(
        "staff/rolls.html",
        visit=visit,
        rolls=sorted(found, key=lambda roll: ("none", "partial", "complete").index(roll.state)),
        overdue=overdue(visit, half),
        half=half,
        names=NAME_OF,
        keep=_kept(found),
        room="appel",
    )


@router.get("/presences/sw.js")
async def worker() -> Response:
    """Give the worker that keeps rolls without a network, as it is today. Open to everybody: it holds nothing."""
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/presences"}
    return Response(_worker(), media_type="text/javascript", headers=headers)


@router.get("/presences/{class_id:int}")
async def show(visit: WriterDep, session: ReadingDep, class_id: int, asked: Annotated[Asked, Query()]) -> Response:
    """For the teachers of this class, the director and the office: its roll of this half-day."""
    day, half = _past(visit, asked.jour), _half(visit, asked.demi)
    roll = await class_roll(
        session, school_id=visit.school_id, class_id=class_id, day=day, half_day=half, reader=visit.reader
    )
    if asked.demi is None:
        return RedirectResponse(_path(visit, class_id, day, half), 303)
    return _sheet(visit, roll, asked if asked.pris else None)


@router.post("/presences/{class_id:int}")
async def take(
    request: Request,
    visit: WriterDep,
    class_id: int,
    demi: Annotated[Half, Form()],
    jour: Annotated[date, Form()],
    fin: Annotated[Literal["oui", "non"], Form()] = "oui",
    age: Annotated[int, Form(ge=0, le=LONGEST_AWAY)] = 0,
) -> Response:
    """For the teachers of this class, the director and the office: write the whole roll down; twice is once.

    `age`: seconds that it waited in the tablet. The tablet's worker asks for JSON, and is told where the page is.
    """
    day, half = _past(visit, jour), HALF_OF[demi]
    async with visit.house.database.school(visit.school_id) as session:
        taken = await take_roll(
            session,
            visit.house.keyring,
            school=await read_school(session, visit.school_id),
            class_id=class_id,
            day=day,
            half_day=half,
            reader=visit.reader,
            marks=_marks((await request.form()).multi_items()),
            complete=fin == "oui",
            taken_at=visit.now - timedelta(seconds=age),
            now=visit.now,
        )
    to = f"{_path(visit, class_id, day, half)}&{urlencode(_said(taken, visit))}"
    if request.headers.get("accept") == "application/json":
        return JSONResponse({"to": to})
    return RedirectResponse(to, 303)


@router.post("/presences/{class_id:int}/alerter")
async def alert(
    visit: WriterDep,
    session: WritingDep,
    class_id: int,
    demi: Annotated[Half, Form()],
    jour: Annotated[date, Form()],
) -> Response:
    """For the teachers of this class, the director and the office: alert the families of a roll that came too late."""
    which: dict[str, Any] = {
        "class_id": class_id,
        "day": _past(visit, jour),
        "half_day": HALF_OF[demi],
        "reader": visit.reader,
    }
    await class_roll(session, school_id=visit.school_id, **which)
    school = await read_school(session, visit.school_id)
    await alert_class(session, visit.house.keyring, school=school, now=visit.now, **which)
    return RedirectResponse(f"/absences?jour={jour.isoformat()}", 303)


def roll_path(class_id: int, half: HalfDay) -> str:
    """Give the address of a roll, always the same: a browser keeps it under this name."""
    return f"/presences/{class_id}?demi={NAME_OF[half]}"


def _path(visit: Visit, class_id: int, day: date, half: HalfDay) -> str:
    return roll_path(class_id, half) + ("" if day == visit.reader.day else f"&jour={day.isoformat()}")


def _past(visit: Visit, day: date | None) -> date:
    """Give the day of a roll, today when nobody says. Raises InvalidError for one that is still to come."""
    if day is not None and day > visit.reader.day:
        raise InvalidError("Ce jour n’est pas encore venu : son appel se fera ce jour-là.")
    return day or visit.reader.day


def overdue(visit: Visit, half: HalfDay) -> int:
    """Say for how many minutes a roll that is missing has been so; 0: it is not time yet."""
    zone = ZoneInfo(visit.who.timezone)
    due = datetime.combine(visit.reader.day, ROLL_BY[half], zone)
    return max(0, int((visit.now - due).total_seconds() // 60))


def _half(visit: Visit, demi: Half | None) -> HalfDay:
    return HALF_OF[demi] if demi else half_day_at(visit.now, visit.who.timezone)


def _marks(fields: Iterable[tuple[str, object]]) -> dict[int, Mark]:
    """Read who is missing or late: a field `e12` for the pupil 12. Raises InvalidError."""
    marks = {}
    for name, value in fields:
        pupil_id = whole_number(name.removeprefix("e")) if name.startswith("e") else None
        if pupil_id is None or not value:
            continue
        try:
            marks[pupil_id] = Mark(str(value))
        except ValueError as error:
            raise InvalidError("Un élève est absent, en retard, ou là : autre chose ne se note pas ici.") from error
    return marks


def _said(taken: Taken, visit: Visit) -> dict[str, str | int]:
    """Put into the address what the page says next; it holds no name."""
    said: dict[str, str | int] = {"pris": 1}
    if taken.alerts:
        said["alertes"] = taken.alerts
    if taken.held_until is not None and taken.held_until > visit.now:
        said["depart"] = f"{taken.held_until.astimezone(ZoneInfo(visit.who.timezone)):%H:%M}".removeprefix("0")
    return said | {name: n for name, n in (("prevenus", taken.told_before), ("tard", taken.unasked)) if n}


def _kept(rolls: Iterable[ClassRoll]) -> str:
    """Name the pages that this browser keeps; none where there are many classes."""
    listed = list(rolls)
    if len(listed) > MOST_KEPT:
        return ""
    lists = (f"/presences?demi={name}" for name in HALF_OF)
    return " ".join([*lists, *(roll_path(roll.class_id, half) for roll in listed for half in NAME_OF)])


def _sheet(visit: Visit, roll: RollView, after: Asked | None) -> Response:
    marks = [pupil.mark for pupil in roll.pupils]
    return page(
        "staff/roll.html",
        visit=visit,
        roll=roll,
        path=_path(visit, roll.class_id, roll.day, roll.half_day),
        day_words=date_words(roll.day),
        other=next(half for half in NAME_OF if half is not roll.half_day),
        names=NAME_OF,
        absent=marks.count(Mark.ABSENT),
        late=marks.count(Mark.LATE),
        after=after,
        keep=" ".join(roll_path(roll.class_id, half) for half in NAME_OF),
        room="appel",
    )


@lru_cache(maxsize=1)
def _worker() -> bytes:
    return (STATIC / "roll-box.js").read_bytes() + (STATIC / "roll-sw.js").read_bytes()
