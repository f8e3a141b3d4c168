"""The call list: who is to be called, who calls, and how it ended. Numbers are in clear only for who took the call."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.models.answers import CallOutcome
from hub.notices import calls
from hub.notices.left import Left, how_many_left, left_to_call
from hub.people.phones import masked, shown
from hub.ports import Lane
from hub.replies.answers import ask_other_schools, wrong_number
from web.pages import page
from web.staff_visit import ReadingDep, StaffDep, Visit, WritingDep
from web.staff_words import way_of, why

router = APIRouter()


@dataclass(frozen=True, slots=True)
class CallLine:
    """A number as this visitor may see it: `dial` is empty unless the call is his or hers."""

    address_id: int
    text: str
    dial: str


@dataclass(frozen=True, slots=True)
class Call:
    """One adult to call, for one visitor."""

    one: Left
    mine: bool
    lying: bool
    numbers: tuple[CallLine, ...]
    why: tuple[str, ...]
    icon: str


@router.get("/appeler")
async def to_call(visit: StaffDep, session: ReadingDep, avis: int | None = None) -> Response:
    """For all staff: the calls that concern pupils of theirs, of one notice or of all."""
    found = await left_to_call(
        session,
        school_id=visit.school_id,
        day=visit.reader.day,
        now=visit.now,
        notice_id=avis,
        classes=visit.classes,
        keyring=visit.house.keyring,
    )
    waiting = await how_many_left(
        session,
        school_id=visit.school_id,
        day=visit.reader.day,
        now=visit.now,
        notice_id=avis,
        classes=visit.classes,
    )
    listed = [_call(visit, one) for one in found]
    return page("staff/calls.html", visit=visit, calls=listed, waiting=waiting, notice=avis, room="appels")


@router.post("/appeler/{task_id:int}/prendre")
async def take(
    visit: StaffDep, session: WritingDep, task_id: int, avis: Annotated[int | None, Form()] = None
) -> Response:
    """For who may see these pupils: take the call; from now on its numbers are in clear, which is written down."""
    await calls.take(session, school_id=visit.school_id, task_id=task_id, reader=visit.reader, now=visit.now)
    return _back(avis, task_id)


@router.post("/appeler/{task_id:int}/rendre")
async def give_back(
    visit: StaffDep, session: WritingDep, task_id: int, avis: Annotated[int | None, Form()] = None
) -> Response:
    """For who took it: leave the call to somebody else."""
    await calls.give_back(session, school_id=visit.school_id, task_id=task_id, reader=visit.reader, now=visit.now)
    return _back(avis, task_id)


@router.post("/appeler/{task_id:int}/fini")
async def finish(
    visit: StaffDep,
    session: WritingDep,
    task_id: int,
    outcome: Annotated[CallOutcome, Form()],
    avis: Annotated[int | None, Form()] = None,
) -> Response:
    """For who took it: say how the call ended."""
    await calls.finish(
        session,
        school_id=visit.school_id,
        task_id=task_id,
        outcome=outcome,
        reader=visit.reader,
        now=visit.now,
    )
    return _back(avis, task_id)


@router.post("/appeler/{task_id:int}/faux-numero")
async def wrong(
    visit: StaffDep, task_id: int, address: Annotated[int, Form()], avis: Annotated[int | None, Form()] = None
) -> Response:
    """For who took it: a stranger answered; nobody writes to this number any more, other schools are asked."""
    async with visit.house.database.school(visit.school_id) as session:
        await calls.number_was_wrong(
            session,
            school_id=visit.school_id,
            task_id=task_id,
            address_id=address,
            reader=visit.reader,
            now=visit.now,
        )
        await wrong_number(await session.connection(), school_id=visit.school_id, address_id=address, now=visit.now)
    async with visit.house.database.engine() as connection:
        await ask_other_schools(connection, school_id=visit.school_id, address_id=address, now=visit.now)
    for lane in Lane:
        visit.house.database.ring(lane)
    return _back(avis, task_id)


def _call(visit: Visit, one: Left) -> Call:
    mine = one.owner_id == visit.reader.staff_id
    return Call(
        one=one,
        mine=mine,
        lying=one.taken_at is not None and one.taken_at <= visit.now - calls.LEFT_LYING,
        numbers=tuple(
            CallLine(
                number.address_id, shown(number.e164) if mine else masked(number.e164), number.e164 if mine else ""
            )
            for number in one.numbers
        ),
        why=why(one, visit.who.timezone, visit.reader.day),
        icon=way_of(one),
    )


def _back(notice_id: int | None, task_id: int) -> Response:
    query = f"?avis={notice_id}" if notice_id is not None else ""
    return RedirectResponse(f"/appeler{query}#appel-{task_id}", 303)
