"""One adult as the office sees him or her: the ways on file, and one field to add another."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import InvalidError, NotAllowedError
from hub.models.people import AddressState
from hub.people.mending import add_by_office, adult_card
from hub.people.schools import read_school
from i18n.tongues import tongue
from web.pages import page
from web.staff_visit import StaffDep, Visit
from web.staff_words import WAYS

router = APIRouter()

STATES: Mapping[AddressState, str] = {
    AddressState.UNVERIFIED: "n’a pas encore répondu",
    AddressState.ACTIVE: "répond",
    AddressState.STOPPED: "ne veut plus de messages",
    AddressState.WRONG: "quelqu’un d’autre y répond",
    AddressState.DEAD: "hors service",
}


@router.get("/familles/{guardian_id:int}")
async def adult(visit: StaffDep, guardian_id: int) -> Response:
    """For the director and the office: an adult's ways, masked, and a field to add one."""
    _require(visit)
    return await _page(visit, guardian_id)


@router.post("/familles/{guardian_id:int}")
async def add(visit: StaffDep, guardian_id: int, address: Annotated[str, Form(max_length=300)] = "") -> Response:
    """For the director and the office: add a number or a mailbox."""
    _require(visit)
    try:
        async with visit.house.database.school(visit.school_id) as session:
            keyring = visit.house.keyring
            here = {"school_id": visit.school_id, "guardian_id": guardian_id}
            await adult_card(session, keyring, **here, day=visit.reader.day)
            school = await read_school(session, visit.school_id)
            await add_by_office(
                session,
                keyring,
                **here,
                words=address,
                region=school.region,
                staff_id=visit.reader.staff_id,
                now=visit.now,
            )
    except InvalidError as error:
        return await _page(visit, guardian_id, typed=address, wrong=tongue("fr", typeset=True).gettext(str(error)))
    return RedirectResponse(f"/familles/{guardian_id}", 303)


async def _page(visit: Visit, guardian_id: int, *, typed: str = "", wrong: str = "") -> Response:
    async with visit.house.database.reading(visit.school_id) as session:
        card = await adult_card(
            session, visit.house.keyring, school_id=visit.school_id, guardian_id=guardian_id, day=visit.reader.day
        )
    return page(
        "staff/adult.html",
        status=422 if wrong else 200,
        visit=visit,
        adult=card,
        typed=typed,
        wrong=wrong,
        ways=WAYS,
        states=STATES,
        room="familles",
    )


def _require(visit: Visit) -> None:
    if not visit.reader.rights.whole_school:
        raise NotAllowedError("Seuls la direction et le secrétariat changent les adresses des familles.")
