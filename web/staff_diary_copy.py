"""Taking up an earlier year's diary: a class of then and a week of it, and what of that goes into a week of today."""

import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import Classroom
from hub.classroom.diary import monday_of
from hub.classroom.diary_copying import A_YEAR_OF_WEEKS, Copying, Found, classes_before, copy_over, week_before
from hub.errors import InvalidError
from web.notice_form import PRESS
from web.pages import date_words, page
from web.security import RowId
from web.staff_diary import EnteredDep, week_asked
from web.staff_visit import ReadingDep, Visit, WriterDep

router = APIRouter()

YEARS_BACK = timedelta(days=3700)
"""How far back one may ask for a week."""


class Choice(BaseModel):
    """What is chosen: the week that it goes into, the class of then, its week, entries and files of it."""

    key: str = Field(default="", max_length=40, pattern=PRESS)
    semaine: date | None = None
    classe: int = Field(default=0, ge=0, lt=2**63)
    alors: date | None = None
    pieces: list[RowId] = Field(default=[], max_length=200)
    fichiers: list[RowId] = Field(default=[], max_length=200)


@router.get("/classe/{class_id:int}/cahier/reprendre")
async def choose(
    visit: WriterDep, session: ReadingDep, classroom: EnteredDep, choice: Annotated[Choice, Query()]
) -> Response:
    """For the teachers of this class today, the director and the office: what to take of an earlier class."""
    return await _page(visit, session, classroom, choice)


@router.post("/classe/{class_id:int}/cahier/reprendre")
async def take_over(visit: WriterDep, classroom: EnteredDep, choice: Annotated[Choice, Form()]) -> Response:
    """For the teachers of this class today, the director and the office: copy what is ticked into the week."""
    monday = week_asked(choice.semaine, classroom, visit.reader.day)
    copying = Copying(choice.classe, frozenset(choice.pieces), frozenset(choice.fichiers), monday, choice.key)
    try:
        async with visit.house.database.school(visit.school_id) as session:
            copied = await copy_over(session, visit.house.keyring, copying, class_id=classroom.class_id, **visit.acting)
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _page(visit, session, classroom, choice, wrong=str(error))
    return RedirectResponse(f"/classe/{classroom.class_id}/cahier?semaine={monday}&repris={copied}", 303)


async def _page(
    visit: Visit, session: AsyncSession, classroom: Classroom, choice: Choice, *, wrong: str = ""
) -> Response:
    here: dict[str, Any] = {"school_id": visit.school_id, "classroom": classroom}
    monday = week_asked(choice.semaine, classroom, visit.reader.day)
    then = _then(choice.alors, monday)
    classes = await classes_before(session, **here)
    chosen = next((one for one in classes if one.class_id == choice.classe), classes[0] if classes else None)
    found: Sequence[Found] = ()
    if chosen is not None:
        found = await week_before(session, visit.house.keyring, **here, from_class=chosen.class_id, monday=then)
    return page(
        "staff/diary_copy.html",
        status=422 if wrong else 200,
        visit=visit,
        classroom=classroom,
        classes=classes,
        chosen=chosen,
        found=[(one, date_words(one.entry.day)) for one in found],
        ticked=frozenset(choice.pieces) if wrong else {one.entry.entry_id for one in found if not one.named},
        monday=monday,
        monday_words=date_words(monday),
        then=then,
        then_words=date_words(then),
        before=then - timedelta(days=7),
        after=then + timedelta(days=7),
        key=choice.key or secrets.token_hex(16),
        wrong=wrong,
        room="classe",
    )


def _then(asked: date | None, monday: date) -> date:
    """Give the Monday of the week of then: the one asked for, else the same week of the year before."""
    usual = monday - A_YEAR_OF_WEEKS
    return monday_of(min(max(asked or usual, monday - YEARS_BACK), monday))
