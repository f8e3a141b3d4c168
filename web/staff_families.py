"""The families: whom nothing reaches, a search by name, and one adult with the ways on file and what mends them."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import InvalidError, NotAllowedError
from hub.models.people import AddressState, LastRung
from hub.notices.out_of_reach import out_of_reach
from hub.people.chat_lines import chat_line
from hub.people.finding import find_adults
from hub.people.mending import add_by_office, adult_card, numbers_read, set_last_rung, try_again
from hub.people.schools import read_school
from i18n.tongues import tongue
from web.pages import page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep
from web.staff_words import WAYS

router = APIRouter()

STATES: Mapping[AddressState, str] = {
    AddressState.UNVERIFIED: "n’a pas encore répondu",
    AddressState.ACTIVE: "répond",
    AddressState.STOPPED: "ne veut plus de messages",
    AddressState.WRONG: "quelqu’un d’autre y répond",
    AddressState.DEAD: "hors service",
}


LAST: Mapping[LastRung, str] = {
    LastRung.CALL: "un appel",
    LastRung.WRITE_ONLY: "un mot écrit, jamais d’appel",
    LastRung.LETTER: "une lettre imprimée",
    LastRung.RELAY: "une personne relais, à prévenir par l’école",
}
"""What is left when no message arrives, as the office chooses it."""


@router.get("/familles")
async def families(visit: WriterDep, session: ReadingDep, q: str = "") -> Response:
    """For the director and the office: whom nothing reaches, or who bears a name; a teacher: the invitations."""
    rights = visit.reader.rights
    if not rights.whole_school:
        if not rights.classes:
            raise NotAllowedError("Les familles se montrent à la direction et au secrétariat.")
        return _found(visit)
    school_id, day = visit.school_id, visit.reader.day
    if not q.strip():
        return _found(visit, missed=await out_of_reach(session, school_id=school_id, day=day))
    try:
        count, adults = await find_adults(session, school_id=school_id, words=q, day=day)
    except InvalidError as error:
        return _found(visit, q=q, wrong=str(error))
    return _found(visit, q=q, count=count, adults=adults)


def _found(visit: Visit, *, q: str = "", wrong: str = "", **found: object) -> Response:
    asked: dict[str, object] = {"missed": None, "adults": (), "count": 0, **found}
    return page(
        "staff/families.html",
        status=422 if wrong else 200,
        visit=visit,
        q=q,
        wrong=wrong,
        ways=WAYS,
        states=STATES,
        room="familles",
        **asked,
    )


@router.get("/familles/{guardian_id:int}")
async def adult(visit: WriterDep, guardian_id: int) -> Response:
    """For the director and the office: an adult's ways, masked, and a field to add one."""
    _require(visit)
    return await _page(visit, guardian_id)


@router.post("/familles/{guardian_id:int}")
async def add(visit: WriterDep, guardian_id: int, address: Annotated[str, Form(max_length=300)] = "") -> Response:
    """For the director and the office: add a number or a mailbox."""
    _require(visit)
    try:
        async with visit.house.database.school(visit.school_id) as session:
            keyring = visit.house.keyring
            here: dict[str, Any] = {"school_id": visit.school_id, "guardian_id": guardian_id}
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


@router.post("/familles/{guardian_id:int}/numeros")
async def numbers(visit: WriterDep, guardian_id: int) -> Response:
    """For the director and the office: an adult's numbers in full, to call, which is written down."""
    _require(visit)
    async with visit.house.database.school(visit.school_id) as session:
        here: dict[str, Any] = {"school_id": visit.school_id, "guardian_id": guardian_id}
        await adult_card(session, visit.house.keyring, **here, day=visit.reader.day)
        await numbers_read(session, **here, staff_id=visit.reader.staff_id, now=visit.now)
    return await _page(visit, guardian_id, clear=True)


@router.post("/familles/{guardian_id:int}/recours")
async def last(
    visit: WriterDep, session: WritingDep, guardian_id: int, recours: Annotated[LastRung, Form()]
) -> Response:
    """For the director and the office: what this adult wishes where no message arrives."""
    _require(visit)
    here: dict[str, Any] = {"school_id": visit.school_id, "guardian_id": guardian_id}
    await adult_card(session, visit.house.keyring, **here, day=visit.reader.day)
    await set_last_rung(session, **here, last_rung=recours, staff_id=visit.reader.staff_id, now=visit.now)
    return RedirectResponse(f"/familles/{guardian_id}#recours", 303)


@router.post("/familles/{guardian_id:int}/essayer")
async def again(
    visit: WriterDep,
    session: WritingDep,
    guardian_id: int,
    address: Annotated[int, Form(ge=1, lt=2**63)],
) -> Response:
    """For the director and the office: try a dead number or mailbox again, after a call."""
    _require(visit)
    await try_again(
        session,
        school_id=visit.school_id,
        guardian_id=guardian_id,
        address_id=address,
        staff_id=visit.reader.staff_id,
        now=visit.now,
    )
    return RedirectResponse(f"/familles/{guardian_id}", 303)


async def _page(visit: Visit, guardian_id: int, *, typed: str = "", wrong: str = "", clear: bool = False) -> Response:
    async with visit.house.database.reading(visit.school_id) as session:
        card = await adult_card(
            session,
            visit.house.keyring,
            school_id=visit.school_id,
            guardian_id=guardian_id,
            day=visit.reader.day,
            clear=clear,
        )
        line = await chat_line(session, visit.school_id)
    return page(
        "staff/adult.html",
        status=422 if wrong else 200,
        visit=visit,
        adult=card,
        clear=clear,
        typed=typed,
        wrong=wrong,
        ways=WAYS,
        states=STATES,
        last=LAST,
        invites=line is not None and not card.has_chat,
        room="familles",
    )


def _require(visit: Visit) -> None:
    if not visit.reader.rights.whole_school:
        raise NotAllowedError("Seuls la direction et le secrétariat changent les adresses des familles.")
