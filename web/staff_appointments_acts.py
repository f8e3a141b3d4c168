"""What the staff does in a round of appointments: more hours, a family that called, an hour given back or cancelled."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.evenings.cancelling import tell_if_none_is_left
from hub.meetings.choosing import NO_APPOINTMENT, Comes, TakenError, choose, give_back
from hub.meetings.reading import round_sheet
from hub.meetings.rounds import add_hours, cancel_hours, enter_round
from hub.people.schools import read_school
from i18n.slots import whole_number
from i18n.tongues import tongue
from web.appointment_form import AppointmentForm
from web.appointment_words import too_late
from web.staff_appointments import AT, beside, sheet_of
from web.staff_visit import Visit, WriterDep, WritingDep

router = APIRouter()

Number = Annotated[int, Form(ge=1, lt=2**63)]
Key = Annotated[int, Field(ge=1, lt=2**63)]


@router.post(f"{AT}/{{round_id:int}}/heures")
async def add(visit: WriterDep, round_id: int, form: Annotated[AppointmentForm, Form()]) -> Response:
    """For the director and the office, and for teachers of this class: offer more hours; who waits is told."""
    try:
        offer = form.offer()
        async with visit.house.database.school(visit.school_id) as session:
            here = await _here(visit, session)
            await add_hours(**here, round_id=round_id, offer=offer, teachers=form.teachers())
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await sheet_of(visit, session, round_id, form=form, wrong=beside(error))
    return _back(round_id, "ajoute")


@router.post(f"{AT}/{{round_id:int}}/noter")
async def write_down(
    visit: WriterDep, round_id: int, heure: Number, qui: Annotated[str, Form(max_length=40)]
) -> Response:
    """For the director and the office, and for teachers of this class: note for a family that called when it comes."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            here = await _here(visit, session)
            found = await round_sheet(
                session, here["keyring"], school_id=visit.school_id, round_id=round_id, reader=visit.reader
            )
            if heure not in {one.time.slot_id for one in found.times}:
                raise NotFoundError("Cette heure n’est plus proposée.")
            here.pop("reader")
            await choose(**here, slot_id=heure, comes=_comes(visit, qui))
    except (TakenError, InvalidError) as error:
        speaks = tongue("fr", typeset=True)
        late = isinstance(error, TakenError)
        said = too_late(speaks, error, visit.who.timezone) if isinstance(error, TakenError) else str(error)
        async with visit.house.database.reading(visit.school_id) as session:
            return await sheet_of(visit, session, round_id, late=said if late else speaks.gettext(said))
    return _back(round_id, "note")


@router.post(f"{AT}/{{round_id:int}}/rendre")
async def give_it_back(visit: WriterDep, session: WritingDep, round_id: int, rendezvous: Number) -> Response:
    """For the director and the office, and for teachers of this class: a family called that it does not come."""
    here = await _here(visit, session)
    found = await round_sheet(
        session, here["keyring"], school_id=visit.school_id, round_id=round_id, reader=visit.reader
    )
    if rendezvous not in {one.booked.booking_id for one in found.times if one.booked}:
        raise NotFoundError(NO_APPOINTMENT)
    here.pop("reader")
    await give_back(**here, booking_id=rendezvous)
    return _back(round_id, "rendu")


@router.post(f"{AT}/{{round_id:int}}/annuler")
async def cancel(
    visit: WriterDep, session: WritingDep, round_id: int, heures: Annotated[list[Key] | None, Form()] = None
) -> Response:
    """For the director and the office, and for teachers of this class: cancel hours; whoever had one is told."""
    here = await _here(visit, session)
    if not heures:
        await enter_round(session, school_id=visit.school_id, round_id=round_id, reader=visit.reader)
        return await sheet_of(visit, session, round_id, late="Cochez d’abord les heures à annuler.")
    await cancel_hours(**here, round_id=round_id, slots=heures)
    await tell_if_none_is_left(**here, round_id=round_id)
    return _back(round_id, "annule")


async def _here(visit: Visit, session: AsyncSession) -> dict[str, Any]:
    """Give what an act in the class asks for."""
    school = await read_school(session, visit.school_id)
    return {
        "session": session,
        "keyring": visit.house.keyring,
        "school": school,
        "reader": visit.reader,
        "now": visit.now,
    }


def _comes(visit: Visit, who: str) -> Comes:
    """Read « adult-child », as the list of the sheet writes it. Raises InvalidError."""
    guardian, _, pupil = who.partition("-")
    guardian_id, pupil_id = whole_number(guardian), whole_number(pupil)
    if guardian_id is None or pupil_id is None:
        raise InvalidError("Dites d’abord qui vient.")
    return Comes(guardian_id, pupil_id, by=visit.reader.staff_id)


def _back(round_id: int, done: str) -> Response:
    return RedirectResponse(f"{AT}/{round_id}?fait={done}", 303)
