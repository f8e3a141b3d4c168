"""Appointments for the staff of a class: opened, looked at, and a plan for the door on which nobody is named."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import classes_today, enter_to_write
from hub.errors import InvalidError
from hub.evenings.reading import evenings_to_come
from hub.meetings.reading import round_sheet, rounds_to_come
from hub.meetings.rounds import Colleague, colleagues, open_round
from hub.people.schools import read_school
from hub.routing import next_school_day
from web.appointment_form import FIELDS, AppointmentForm
from web.pages import date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep

router = APIRouter()

ROOM, AT = "classe", "/classe/rendez-vous"
ClassId = Annotated[int, Query(ge=1, lt=2**63)]


@router.get(AT)
async def rounds(visit: WriterDep, session: ReadingDep) -> Response:
    """For teachers, the appointments of their classes of today; for the director and the office, of all."""
    classes = await classes_today(session, school_id=visit.school_id, reader=visit.reader)
    found = await rounds_to_come(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        classes=[one.class_id for one in classes],
        now=visit.now,
    )
    evenings = (
        await evenings_to_come(session, visit.house.keyring, school_id=visit.school_id, now=visit.now)
        if visit.reader.rights.whole_school
        else ()
    )
    return page("staff/appointments.html", visit=visit, classes=classes, rounds=found, evenings=evenings, room=ROOM)


@router.get(f"{AT}/ouvrir")
async def begin(visit: WriterDep, session: ReadingDep, classe: ClassId) -> Response:
    """For the director and the office, and for teachers of this class: an empty sheet; its key names the press."""
    form = AppointmentForm(cle=secrets.token_hex(16), jour=next_school_day(visit.reader.day).isoformat(), prevenir="1")
    return await _sheet(visit, session, form, classe)


@router.post(f"{AT}/ouvrir")
async def open_them(visit: WriterDep, classe: ClassId, form: Annotated[AppointmentForm, Form()]) -> Response:
    """For the director and the office, and for teachers of this class: offer hours, and invite the families."""
    try:
        draft = form.draft(classe)
        async with visit.house.database.school(visit.school_id) as session:
            opened = await open_round(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                reader=visit.reader,
                draft=draft,
                key=form.cle or secrets.token_hex(16),
                now=visit.now,
            )
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _sheet(visit, session, form, classe, wrong=beside(error))
    return RedirectResponse(f"{AT}/{opened.round_id}?fait=ouvert", 303)


@router.get(f"{AT}/{{round_id:int}}")
async def look(
    visit: WriterDep,
    session: ReadingDep,
    round_id: int,
    fait: Literal["", "ouvert", "ajoute", "note", "rendu", "annule"] = "",
) -> Response:
    """For the director and the office, and for teachers of this class: who comes when, and who has no hour yet."""
    return await sheet_of(visit, session, round_id, done=fait)


@router.get(f"{AT}/{{round_id:int}}/porte")
async def for_the_door(visit: WriterDep, session: ReadingDep, round_id: int) -> Response:
    """For the director and the office, and for teachers of this class: the plan that hangs on the door.

    It names no family: a name would tell one parent when the other comes, and whoever alone bore none would be known
    for a family that is protected.
    """
    found = await round_sheet(
        session, visit.house.keyring, school_id=visit.school_id, round_id=round_id, reader=visit.reader
    )
    return page("staff/appointments_door.html", visit=visit, sheet=found, room=ROOM)


async def sheet_of(
    visit: Visit,
    session: AsyncSession,
    round_id: int,
    *,
    done: str = "",
    form: AppointmentForm | None = None,
    wrong: Mapping[str, str] | None = None,
    late: str = "",
) -> Response:
    """Show a round as it is now; `late`: why what was pressed could not be, `wrong`: the same, beside its field."""
    found = await round_sheet(
        session, visit.house.keyring, school_id=visit.school_id, round_id=round_id, reader=visit.reader
    )
    who = await colleagues(session, school_id=visit.school_id, class_id=found.class_id, reader=visit.reader)
    return page(
        "staff/appointments_round.html",
        status=409 if late else 422 if wrong else 200,
        visit=visit,
        sheet=found,
        form=form or AppointmentForm(jour=next_school_day(visit.reader.day).isoformat()),
        wrong=wrong or {},
        late=late,
        who=who,
        chosen=_chosen(form, who),
        done=done,
        date_words=date_words,
        room=ROOM,
    )


def beside(error: InvalidError) -> Mapping[str, str]:
    """Say what is at fault beside its field."""
    return {FIELDS.get(error.field or "", "titre"): str(error)}


async def _sheet(
    visit: Visit,
    session: AsyncSession,
    form: AppointmentForm,
    class_id: int,
    *,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """Show the sheet as it was filled in: nothing that was typed is lost."""
    found = await enter_to_write(session, school_id=visit.school_id, class_id=class_id, reader=visit.reader)
    who = await colleagues(session, school_id=visit.school_id, class_id=class_id, reader=visit.reader)
    return page(
        "staff/appointments_open.html",
        status=422 if wrong else 200,
        visit=visit,
        classroom=found,
        form=form,
        wrong=wrong or {},
        who=who,
        chosen=_chosen(form if form.qui else None, who),
        room=ROOM,
    )


def _chosen(form: AppointmentForm | None, who: list[Colleague]) -> set[str]:
    """Say who receives families, unless somebody chose: whoever is alone."""
    if form is not None:
        return set(form.qui)
    return {str(one.staff_id) for one in who} if len(who) == 1 else set()
