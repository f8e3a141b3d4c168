"""The ready answers of a school: read by all who answer, changed by the office."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.inbox.canned import canned_answers, drop_canned, keep_canned
from web.pages import page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()


@router.get("/messages/modeles")
async def listed(visit: WriterDep, session: ReadingDep) -> Response:
    """For all staff but a deputy: the ready answers; for the director and the office with a sheet to add one."""
    return await _page(visit, session)


@router.post("/messages/modeles")
async def keep(
    visit: WriterDep,
    label: Annotated[str, Form(max_length=300)] = "",
    text: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """For the director and the office: keep a ready answer."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            await keep_canned(session, **visit.acting, label=label, text=text)
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _page(visit, session, label=label, text=text, wrong={error.field: str(error)})
    return RedirectResponse("/messages/modeles", 303)


@router.post("/messages/modeles/{answer_id:int}/enlever")
async def drop(visit: WriterDep, session: WritingDep, answer_id: int) -> Response:
    """For the director and the office: take a ready answer away."""
    await drop_canned(session, **visit.acting, answer_id=answer_id)
    return RedirectResponse("/messages/modeles", 303)


async def _page(
    visit: Visit, session: AsyncSession, *, label: str = "", text: str = "", wrong: dict[str | None, str] | None = None
) -> Response:
    return page(
        "staff/inbox_canned.html",
        status=422 if wrong else 200,
        visit=visit,
        canned=await canned_answers(session, school_id=visit.school_id),
        label=label,
        text=text,
        wrong=wrong or {},
        room="messages",
    )
