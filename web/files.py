"""The counter where files are handed out: a picture that we drew may stand in a page, anything else is only kept."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from hub.errors import NotFoundError
from hub.home.files import require_theirs
from hub.papers.files import Read, read_file
from hub.papers.reading_rights import require_readable
from hub.people.kin import children_of
from hub.replies.links import LinkView
from hub.routing import day_at_school
from i18n.tongues import Tongue
from web.family_door import by_code, now_of, printed, through
from web.family_visit import FamilyDep
from web.house import house_of
from web.staff_visit import ReadingDep, WriterDep

router = APIRouter()

Small = Annotated[bool, Query(alias="petit")]
"""Of a picture: the small one, for a page."""


@router.get("/classe/fichiers/{file_id:int}")
async def for_staff(visit: WriterDep, session: ReadingDep, file_id: int, *, small: Small = False) -> Response:
    """For who laid it down, and for staff of the classes that it is for; the director and the office, all."""
    await require_readable(session, school_id=visit.school_id, file_id=file_id, reader=visit.reader)
    house = visit.house
    return handed_out(
        await read_file(session, house.keyring, house.settings, school_id=visit.school_id, file_id=file_id, small=small)
    )


@router.get("/famille/fichiers/{school_id:int}/{file_id:int}")
async def for_family(visitor: FamilyDep, school_id: int, file_id: int, *, small: Small = False) -> Response:
    """For a family at its page: a file of a document or of homework for one of its children."""
    house = visitor.house
    async with visitor.reading(school_id) as here:
        day = day_at_school(visitor.now, here.school.timezone)
        await require_theirs(here.session, school_id=school_id, file_id=file_id, children=here.children, day=day)
        return handed_out(
            await read_file(
                here.session, house.keyring, house.settings, school_id=school_id, file_id=file_id, small=small
            )
        )


@router.get("/l/{code}/fichiers/{file_id:int}")
async def for_link(request: Request, code: str, file_id: int, *, small: Small = False) -> Response:
    """For whoever holds the link: a file of what its notice tells of."""

    async def then(request: Request, view: LinkView, speaks: Tongue) -> Response:
        return await _of_link(request, view, speaks, file_id, small=small)

    return await through(request, by_code(code), then)


async def _of_link(request: Request, view: LinkView, speaks: Tongue, file_id: int, *, small: bool) -> Response:
    if not view.served.is_open:
        return printed("withdrawn", speaks, status=410, view=view)
    house, served = house_of(request), view.served
    day = day_at_school(await now_of(house), served.school.timezone)
    about = {(adult.guardian_id, pupil_id) for adult in served.adults for pupil_id in adult.pupils}
    async with house.database.reading(served.school_id) as session:
        guardians = [adult.guardian_id for adult in served.adults]
        children = await children_of(session, school_id=served.school_id, guardians=guardians, day=day)
        theirs = [child for child in children if (child.guardian_id, child.pupil_id) in about]
        here = {"school_id": served.school_id, "file_id": file_id}
        try:
            await require_theirs(session, children=theirs, day=day, notice_id=served.notice_id, **here)
            return handed_out(await read_file(session, house.keyring, house.settings, small=small, **here))
        except NotFoundError:
            return printed("over", speaks, status=404)


def handed_out(read: Read) -> Response:
    """Hand a file out; whatever stands in it, a browser runs nothing of it.

    A name goes in both forms. Source: RFC 6266 sections 4.3 and 5, RFC 8187.
    """
    card = read.card
    plain = "".join(sign if (sign.isascii() and sign.isalnum()) or sign in "-_. " else "_" for sign in card.name)
    how = "inline" if card.picture else "attachment"
    headers = {
        "Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(card.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return Response(read.body, media_type=card.media_type, headers=headers)
