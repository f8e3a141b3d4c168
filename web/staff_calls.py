"""The call list: who is to be called, who calls, and how it ended. Numbers are in clear only for who took the call."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from hub.models.answers import CallOutcome
from hub.notices import calls
from hub.notices.left import how_many_left, left_to_call
from hub.replies.wrong_numbers import wrong_number
from web.callers import for_reader, to_call
from web.family import spread_wrong_number
from web.pages import printed
from web.staff_visit import ReadingDep, WriterDep, WritingDep

router = APIRouter()

MOST_OF_ALL, MOST_OF_ONE = 25, 200
"""Calls on the page at once, the others follow as these end; of one notice more, for that page is printed."""


Notice = Annotated[int | None, Form(alias="avis")]
"""The notice whose list one looks at; none: of all notices."""
Line = Annotated[int | None, Query(alias="reste")]
"""The line of the board on which one stands (a delivery); none: in the call list."""


@router.get("/appeler")
async def the_list(
    visit: WriterDep, session: ReadingDep, avis: Annotated[int | None, Query(lt=2**63)] = None
) -> Response:
    """For all staff but a deputy: the calls that concern pupils of theirs, of one notice or of all."""
    found = await left_to_call(
        session,
        school_id=visit.school_id,
        day=visit.reader.day,
        now=visit.now,
        notice_id=avis,
        classes=visit.classes,
        keyring=visit.house.keyring,
        most=MOST_OF_ALL if avis is None else MOST_OF_ONE,
    )
    waiting = await how_many_left(
        session,
        school_id=visit.school_id,
        day=visit.reader.day,
        now=visit.now,
        notice_id=avis,
        classes=visit.classes,
    )
    listed = to_call(found, timezone=visit.who.timezone, day=visit.reader.day, now=visit.now)
    text = printed("staff/calls.html", visit=visit, calls=listed, waiting=waiting, notice=avis, room="appels")
    return HTMLResponse(for_reader(text, visit.reader.staff_id))


@router.post("/appeler/{task_id:int}/prendre")
async def take(
    visit: WriterDep, session: WritingDep, task_id: int, avis: Notice = None, reste: Line = None
) -> Response:
    """For who may see these pupils: take the call; from now on its numbers are in clear, which is written down."""
    await calls.take(session, school_id=visit.school_id, task_id=task_id, reader=visit.reader, now=visit.now)
    return _back(avis, task_id, reste)


@router.post("/appeler/{task_id:int}/rendre")
async def give_back(
    visit: WriterDep, session: WritingDep, task_id: int, avis: Notice = None, reste: Line = None
) -> Response:
    """For who took it: leave the call to somebody else."""
    await calls.give_back(session, school_id=visit.school_id, task_id=task_id, reader=visit.reader, now=visit.now)
    return _back(avis, task_id, reste)


@router.post("/appeler/{task_id:int}/fini")
async def finish(
    visit: WriterDep,
    session: WritingDep,
    task_id: int,
    outcome: Annotated[CallOutcome, Form()],
    avis: Notice = None,
    reste: Line = None,
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
    return _back(avis, task_id, reste, ended=outcome is not CallOutcome.NO_ANSWER)


@router.post("/appeler/{task_id:int}/autre-voie")
async def another_way(
    visit: WriterDep, session: WritingDep, task_id: int, avis: Notice = None, reste: Line = None
) -> Response:
    """For who took it, or for who may see these pupils when nobody has: send once more, by another way."""
    await calls.another_way(session, school_id=visit.school_id, task_id=task_id, reader=visit.reader, now=visit.now)
    return _back(avis, task_id, reste, ended=True)


@router.post("/appeler/{task_id:int}/faux-numero")
async def wrong(
    visit: WriterDep, task_id: int, address: Annotated[int, Form(lt=2**63)], avis: Notice = None, reste: Line = None
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
    await spread_wrong_number(visit.house, visit.school_id, address)
    return _back(avis, task_id, reste)


def _back(notice_id: int | None, task_id: int, line: int | None, *, ended: bool = False) -> Response:
    """Go back to where one was; where the call has ended, its line is gone and the list is shown."""
    if notice_id is not None and line is not None:
        return RedirectResponse(f"/suivi/{notice_id}#{'appeler' if ended else f'reste-{line}'}", 303)
    query = f"?avis={notice_id}" if notice_id is not None else ""
    return RedirectResponse(f"/appeler{query}#{'liste' if ended else f'appel-{task_id}'}", 303)
