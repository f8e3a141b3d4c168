"""The list for the door of a meeting: who is expected, with chairs and a box to tick."""

from fastapi import APIRouter, Response

from hub.errors import NotFoundError
from hub.notices.door import door_list
from hub.ports import NoticeKind
from web.pages import page
from web.staff_board import SeenDep
from web.staff_visit import ReadingDep, StaffDep
from web.staff_words import title

router = APIRouter()


@router.get("/suivi/{notice_id:int}/porte")
async def for_the_door(seen: SeenDep, visit: StaffDep, session: ReadingDep) -> Response:
    """For who may see this notice: the list of who is expected, to be printed; those who are protected are counted."""
    if seen.kind is not NoticeKind.MEETING:
        raise NotFoundError("Cet avis n’invite pas à une réunion : il n’y a pas de liste pour la porte.")
    found = await door_list(
        session,
        school_id=visit.school_id,
        notice_id=seen.notice_id,
        day=visit.reader.day,
        classes=visit.classes,
        by_family=seen.slots.by_family,
    )
    return page(
        "staff/door_list.html",
        visit=visit,
        notice=seen,
        title=title(seen, visit.who.timezone),
        found=found,
        room="suivi",
    )
