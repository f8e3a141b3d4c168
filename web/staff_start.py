"""The first page of the day: the newest notices, and how far each one got."""

from fastapi import APIRouter, Response

from hub.notices.headlines import recent
from web.pages import page
from web.staff_visit import ReadingDep, StaffDep
from web.staff_words import title

router = APIRouter()


@router.get("/")
async def start(visit: StaffDep, session: ReadingDep) -> Response:
    """For all staff: the notices that are theirs to see."""
    found = await recent(session, visit.house.keyring, school_id=visit.school_id, reader=visit.reader)
    named = [(one, title(one.headline, visit.who.timezone)) for one in found]
    return page("staff/start.html", visit=visit, notices=named, room="suivi")
