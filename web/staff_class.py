"""The room « Classe »: which classes are mine today, with the doors of each, and what is missing there."""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from hub.classroom.classes import classes_today
from web.pages import date_words, page
from web.staff_visit import ReadingDep, WriterDep

router = APIRouter()


@router.get("/classe")
async def classes(visit: WriterDep, session: ReadingDep) -> Response:
    """For teachers, their classes of today; for the director and the office, all: who has one enters it at once."""
    found = await classes_today(session, school_id=visit.school_id, reader=visit.reader)
    if len(found) == 1 and not visit.reader.rights.whole_school:
        return RedirectResponse(f"/classe/{found[0].class_id}/cahier", 303)
    return page(
        "staff/class.html",
        visit=visit,
        classes=found,
        empty=[one for one in found if one.pupils and not one.noted_today],
        day_words=date_words(visit.reader.day),
        room="classe",
    )
