"""A family takes a copy along: all that one adult may see of a child, in one parcel."""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from hub.errors import NotFoundError
from hub.home.messages import sent_to
from hub.ports import SchoolCard
from hub.years.dossier import Message, for_family
from web.family_messages import as_read
from web.family_visit import AtSchool, FamilyDep, Visitor
from web.parcel import parcel

router = APIRouter()
EXPORT = "/famille/export"
MOST = 2_000
"""Messages to one adult: far more than a school year has."""


@dataclass(frozen=True, slots=True)
class Mine:
    """A child of this visit, and where its copy is asked for."""

    path: str
    first_name: str
    school: SchoolCard


@router.get(EXPORT)
async def export_page(visitor: FamilyDep) -> Response:
    """For a family that proved who it is: its children, each with a press for a copy."""
    children: list[Mine] = []
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as here:
            names = {child.pupil_id: child.first_name for child in here.children}
            children += [Mine(f"{EXPORT}/{school_id}/{one}", name, here.school) for one, name in names.items()]
    return visitor.page("export", children=children)


@router.post(EXPORT + "/{school_id:int}/{pupil_id:int}")
async def export(visitor: FamilyDep, school_id: int, pupil_id: int) -> Response:
    """For an adult of this child: the copy, in the language of the page."""
    async with visitor.writing(school_id) as here:
        if pupil_id not in here.pupils:
            raise NotFoundError("Il n’y a rien à cette adresse.")
        dossier = await for_family(
            here.session,
            visitor.house.keyring,
            school_id=school_id,
            pupil_id=pupil_id,
            children=here.children,
            messages=await _messages(visitor, here, pupil_id),
            day=here.day,
            now=visitor.now,
        )
    return parcel(visitor.house, dossier, school_id=school_id, language=visitor.speaks.code)


async def _messages(visitor: Visitor, here: AtSchool, pupil_id: int) -> list[Message]:
    """Give what was sent to the adult of this child, as the page of messages says it."""
    sent = await sent_to(
        here.session,
        visitor.house.keyring,
        school_id=here.school_id,
        guardians={child.guardian_id for child in here.children if child.pupil_id == pupil_id},
        day=here.day,
        now=visitor.now,
        most=MOST,
    )
    read = [as_read(visitor.speaks, here.school, here.school_id, one) for one in sent]
    return [
        Message(
            at=one.sent.at,
            heading=one.heading,
            text="\n".join(filter(None, (*one.sentences, one.text))),
            answers=tuple(f"{what} ({whom})" if whom else what for what, whom in one.answers),
            written=one.sent.written,
        )
        for one in read
    ]
