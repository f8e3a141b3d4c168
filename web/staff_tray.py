"""The office tray: messages that found no family, numbers that are a stranger's, and whatever else a person settles."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.inbox.settling import close, say_who, show_address, stop_here
from hub.inbox.tray import how_many, tray
from hub.people.finding import Found, find_adults
from web.inbox_words import said_of
from web.pages import page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep
from web.staff_words import WAYS

router = APIRouter()


@router.get("/bac")
async def listed(
    visit: WriterDep,
    session: ReadingDep,
    q: Annotated[str, Query(max_length=300)] = "",
    pour: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """For the director and the office: what waits; `q` looks for the family that matter `pour` might be of."""
    return await _page(visit, session, q=q, wanted=pour)


@router.post("/bac/{item_id:int}/numero")
async def show(visit: WriterDep, session: WritingDep, item_id: int) -> Response:
    """For the director and the office: the number or mailbox of a matter in full, which is written down."""
    await show_address(session, **visit.acting, item_id=item_id)
    return await _page(visit, session, clear=item_id)


@router.post("/bac/{item_id:int}/relier")
async def tied(
    visit: WriterDep, session: WritingDep, item_id: int, guardian: Annotated[int, Form(ge=1, lt=2**63)]
) -> Response:
    """For the director and the office: this adult wrote; an unknown number or mailbox is his or hers from now on."""
    await say_who(session, visit.house.keyring, **visit.acting, item_id=item_id, guardian_id=guardian)
    return RedirectResponse("/bac", 303)


@router.post("/bac/{item_id:int}/arreter")
async def stopped(visit: WriterDep, session: WritingDep, item_id: int) -> Response:
    """For the director and the office: write no more to the address that asked for it by mail."""
    await stop_here(session, visit.house.keyring, **visit.acting, item_id=item_id)
    return RedirectResponse("/bac", 303)


@router.post("/bac/{item_id:int}/clore")
async def closed(visit: WriterDep, session: WritingDep, item_id: int) -> Response:
    """For the director and the office: it is settled, or not for us."""
    await close(session, **visit.acting, item_id=item_id)
    return RedirectResponse("/bac", 303)


async def _page(
    visit: Visit, session: AsyncSession, *, q: str = "", wanted: int = 0, clear: int | None = None
) -> Response:
    items = await tray(session, visit.house.keyring, school_id=visit.school_id, reader=visit.reader, clear=clear)
    found: tuple[Found, ...] = ()
    wrong = ""
    if q.strip():
        try:
            _, found = await find_adults(session, school_id=visit.school_id, words=q, day=visit.reader.day)
        except InvalidError as error:
            wrong = str(error)
    return page(
        "staff/tray.html",
        status=422 if wrong else 200,
        visit=visit,
        items=items,
        count=await how_many(session, school_id=visit.school_id),
        q=q,
        wanted=wanted,
        found=found,
        wrong=wrong,
        clear=clear,
        said_of=said_of,
        ways=WAYS,
        timezone=visit.who.timezone,
        room="messages",
    )
