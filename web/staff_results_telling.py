"""From the grid to the families: how many would hear of it, the press, and taking it back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.results_sheets import read_sheet
from hub.classroom.results_telling import publish_sheet, reach_of, withdraw_sheet
from hub.errors import InvalidError
from hub.people.schools import read_school
from web.pages import date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()


@router.get("/classe/resultats/{assessment_id:int}/publier")
async def look(visit: WriterDep, session: ReadingDep, assessment_id: int) -> Response:
    """For the teachers of its class, the director and the office: who would hear of it, and how."""
    return await _page(visit, session, assessment_id)


@router.post("/classe/resultats/{assessment_id:int}/publier")
async def publish(
    visit: WriterDep, assessment_id: int, prevenir: Annotated[Literal["oui", "non"], Form()] = "non"
) -> Response:
    """For the teachers of its class, the director and the office: show it to the families; twice is once."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            await publish_sheet(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                assessment_id=assessment_id,
                reader=visit.reader,
                tell=prevenir == "oui",
                now=visit.now,
            )
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _page(visit, session, assessment_id, wrong=str(error))
    return RedirectResponse(f"/classe/resultats/{assessment_id}?vu=publie", 303)


@router.post("/classe/resultats/{assessment_id:int}/retirer")
async def withdraw(visit: WriterDep, session: WritingDep, assessment_id: int) -> Response:
    """For the teachers of its class, the director and the office: families see it no more; it is a draft again."""
    await withdraw_sheet(session, visit.house.keyring, assessment_id=assessment_id, **visit.acting)
    return RedirectResponse(f"/classe/resultats/{assessment_id}?vu=retire", 303)


async def _page(visit: Visit, session: AsyncSession, assessment_id: int, *, wrong: str = "") -> Response:
    which: dict[str, Any] = {"school_id": visit.school_id, "assessment_id": assessment_id, "reader": visit.reader}
    sheet = await read_sheet(session, visit.house.keyring, **which)
    return page(
        "staff/results_publish.html",
        status=422 if wrong else 200,
        visit=visit,
        sheet=sheet,
        reach=await reach_of(session, **which),
        open=sheet.classroom.is_open(visit.reader.day),
        day_words=date_words(sheet.day),
        wrong=wrong,
        room="classe",
    )
