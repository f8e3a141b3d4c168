"""The first page of the day: the newest notices, and how far each one got."""

from fastapi import APIRouter, Response

from hub.notices.follow_up import may_release
from hub.notices.headlines import Headline, recent
from hub.notices.left import how_many_left
from web.pages import page
from web.staff_visit import ReadingDep, StaffDep
from web.staff_words import ENDED_AS, title

router = APIRouter()


@router.get("/")
async def start(visit: StaffDep, session: ReadingDep) -> Response:
    """For all staff: the notices that are theirs to see."""
    reader, now = visit.reader, visit.now
    found = await recent(session, visit.house.keyring, school_id=visit.school_id, reader=reader, now=now)
    waiting = await how_many_left(session, school_id=visit.school_id, day=reader.day, now=now, classes=visit.classes)
    named = [(one, title(one.headline, visit.who.timezone)) for one in found]

    def releases(seen: Headline) -> bool:
        return may_release(reader, seen, now)

    return page(
        "staff/start.html",
        visit=visit,
        notices=named,
        waiting=waiting,
        may_release=releases,
        ended_as=ENDED_AS,
        room="suivi",
    )
