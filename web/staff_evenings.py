"""An evening of the whole school, for the director and the office: opened, wishes, a plan proposed and adopted."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.errors import InvalidError, NotFoundError
from hub.evenings.adopting import adopt
from hub.evenings.cancelling import cancel_evening
from hub.evenings.opening import evening_is_for_many, is_for_many, may_receive, open_evening
from hub.evenings.proposing import facts, keep_plan
from hub.evenings.reading import EveningSheet, evening_sheet
from hub.evenings.rules import Why
from hub.evenings.seeking import NoPlanError, proposed
from hub.evenings.wishes import evenings_for
from hub.models.school import School
from hub.people.kin import children_of
from hub.people.schools import read_school
from hub.people.second_factor import SecondNeededError
from hub.people.silences import quiet_at
from hub.routing import next_school_day
from i18n.tongues import tongue
from web.evening_form import EVENING_FIELDS, EveningForm
from web.evening_words import WishShown, days_shown, wish_from, wish_shown
from web.pages import page
from web.staff_appointments import AT as ROUNDS
from web.staff_appointments import ROOM
from web.staff_visit import ReadingDep, Visit, WriterDep

router = APIRouter()

AT = f"{ROUNDS}/soirees"
WHY: Mapping[Why, str] = {
    Why.NO_HOUR: "personne ne reçoit plus dans cette classe",
    Why.NOT_THEN: "aucune heure n’est proposée quand cette famille peut venir",
    Why.CLASH: "ce qui reste est pendant un autre de ses rendez-vous",
    Why.FULL: "d’autres familles ont toutes les heures où elle peut venir",
}
"""Why there is no hour, as the page says it."""
Adult = Annotated[int, Query(ge=0, lt=2**63)]
Done = Literal["", "ouverte", "note", "propose", "retenu", "annulee"]


@router.get(f"{AT}/ouvrir")
async def begin(visit: WriterDep, session: ReadingDep) -> Response:
    """For the director and the office: an empty sheet for an evening in several classes; its key names the press."""
    form = EveningForm(cle=secrets.token_hex(16), jour=next_school_day(visit.reader.day).isoformat())
    return await _sheet(visit, session, form)


@router.post(f"{AT}/ouvrir")
async def open_it(visit: WriterDep, form: Annotated[EveningForm, Form()]) -> Response:
    """For the director and the office: offer the hours, and ask the families of these classes when they can come."""
    try:
        draft = form.evening()
        async with visit.house.database.school(visit.school_id) as session:
            classes = {one.class_id for one in draft.receive}
            many = await is_for_many(session, school_id=visit.school_id, classes=classes, day=visit.reader.day)
            visit.check_second(many=bool(classes) and many)
            evening_id = await open_evening(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                reader=visit.reader,
                draft=draft,
                key=form.cle or secrets.token_hex(16),
                now=visit.now,
            )
    except (InvalidError, SecondNeededError) as error:
        field = error.field if isinstance(error, InvalidError) else "receive"
        wrong = {EVENING_FIELDS.get(field or "", "titre"): str(error)}
        async with visit.house.database.reading(visit.school_id) as session:
            return await _sheet(visit, session, form, wrong=wrong)
    return _back(evening_id, "ouverte")


@router.get(f"{AT}/{{evening_id:int}}")
async def look(visit: WriterDep, session: ReadingDep, evening_id: int, fait: Done = "", qui: Adult = 0) -> Response:
    """For the director and the office: who answered, the plan in plain words, whether it is adopted.

    `qui`: an adult who has called: what he or she said before stands in the form.
    """
    return await _look(visit, session, evening_id, done=fait, who=qui)


@router.post(f"{AT}/{{evening_id:int}}/noter")
async def write_down(
    request: Request,
    visit: WriterDep,
    evening_id: int,
    qui: Annotated[int, Form(ge=1, lt=2**63)],
) -> Response:
    """For the director and the office: write down for a family that called when it can come, or that it does not."""
    form = await request.form()
    try:
        async with visit.house.database.school(visit.school_id) as session:
            school = await read_school(session, visit.school_id)
            sheet = await evening_sheet(
                session, visit.house.keyring, school=school, evening_id=evening_id, reader=visit.reader
            )
            if qui not in {guardian_id for guardian_id, *_ in sheet.pairs}:
                raise NotFoundError("Cette famille n’est pas concernée par la soirée.")
            children = await children_of(session, school_id=visit.school_id, guardians=[qui], day=visit.reader.day)
            await wish_from(
                session,
                visit.house.keyring,
                FormData([*form.multi_items(), ("soiree", str(evening_id))]),
                school=school,
                children=children,
                now=visit.now,
                by=visit.reader.staff_id,
            )
    except InvalidError as error:
        return await _again(visit, evening_id, tongue("fr", typeset=True).gettext(str(error)), who=qui)
    return _back(evening_id, "note")


@router.post(f"{AT}/{{evening_id:int}}/proposer")
async def propose(visit: WriterDep, evening_id: int) -> Response:
    """For the director and the office: seek a fair plan, some seconds long, and show it; nobody is told anything."""
    here: dict[str, Any] = {"evening_id": evening_id, "reader": visit.reader, "now": visit.now}
    try:
        async with visit.house.database.reading(visit.school_id) as session:
            school = await read_school(session, visit.school_id)
            found = await facts(session, school=school, **here)
        plan = await proposed(found)
        async with visit.house.database.school(visit.school_id) as session:
            await keep_plan(session, plan, school=school, found=found, **here)
    except (InvalidError, NoPlanError) as error:
        return await _again(visit, evening_id, str(error))
    return _back(evening_id, "propose")


@router.post(f"{AT}/{{evening_id:int}}/retenir")
async def adopt_it(visit: WriterDep, evening_id: int, plan: Annotated[str, Form(max_length=40)] = "") -> Response:
    """For the director and the office: keep the plan that was read; every family hears its hours in one message."""
    sought_at: datetime | None = None
    with suppress(ValueError):
        sought_at = datetime.fromisoformat(plan)
    try:
        async with visit.house.database.school(visit.school_id) as session:
            which = {"school_id": visit.school_id, "evening_id": evening_id}
            visit.check_second(many=await evening_is_for_many(session, **which, day=visit.reader.day))
            await adopt(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                evening_id=evening_id,
                sought_at=sought_at,
                reader=visit.reader,
                now=visit.now,
            )
    except (InvalidError, SecondNeededError) as error:
        return await _again(visit, evening_id, str(error))
    return _back(evening_id, "retenu")


@router.post(f"{AT}/{{evening_id:int}}/annuler")
async def cancel(visit: WriterDep, evening_id: int) -> Response:
    """For the director and the office: the evening does not take place; everybody who was asked hears it once."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            which = {"school_id": visit.school_id, "evening_id": evening_id}
            visit.check_second(many=await evening_is_for_many(session, **which, day=visit.reader.day))
            await cancel_evening(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                evening_id=evening_id,
                reader=visit.reader,
                now=visit.now,
            )
    except SecondNeededError as error:
        return await _again(visit, evening_id, str(error))
    return _back(evening_id, "annulee")


async def _again(visit: Visit, evening_id: int, late: str, who: int = 0) -> Response:
    async with visit.house.database.reading(visit.school_id) as session:
        return await _look(visit, session, evening_id, late=late, who=who)


async def _look(
    visit: Visit, session: AsyncSession, evening_id: int, *, done: str = "", late: str = "", who: int = 0
) -> Response:
    """Show an evening as it is now; `late`: why what was pressed could not be; `who` has called."""
    school = await read_school(session, visit.school_id)
    sheet = await evening_sheet(session, visit.house.keyring, school=school, evening_id=evening_id, reader=visit.reader)
    return page(
        "staff/evening.html",
        status=409 if late else 200,
        visit=visit,
        sheet=sheet,
        days=days_shown(tongue("fr", typeset=True), sheet.days, school.timezone),
        called=await _called(visit, session, school, sheet, who),
        who=who,
        silent_until=quiet_at(visit.now, school),
        why=WHY,
        done=done,
        late=late,
        room=ROOM,
    )


async def _called(
    visit: Visit, session: AsyncSession, school: School, sheet: EveningSheet, who: int
) -> WishShown | None:
    """Give what an adult who has called is asked, and said before; None: nobody, or nobody whom it concerns."""
    if who not in {guardian_id for guardian_id, *_ in sheet.pairs}:
        return None
    children = await children_of(session, school_id=visit.school_id, guardians=[who], day=visit.reader.day)
    asking = await evenings_for(session, visit.house.keyring, school=school, children=children, now=visit.now)
    one = next((each for each in asking if each.evening_id == sheet.evening_id), None)
    return None if one is None else wish_shown(tongue("fr", typeset=True), visit.school_id, one, school.timezone)


async def _sheet(
    visit: Visit, session: AsyncSession, form: EveningForm, *, wrong: Mapping[str, str] | None = None
) -> Response:
    """Show the sheet as it was filled in: nothing that was typed is lost."""
    classes = await may_receive(session, school_id=visit.school_id, reader=visit.reader)
    return page(
        "staff/evening_open.html",
        status=422 if wrong else 200,
        visit=visit,
        form=form,
        wrong=wrong or {},
        classes=classes,
        chosen=set(form.recoit)
        if form.recoit
        else {f"{one.class_id}-{who}" for one in classes for who, _ in one.who[:1]},
        rooms={one.class_id: room for one, room in zip(classes, form.salles, strict=False)},
        room=ROOM,
    )


def _back(evening_id: int, done: Done) -> Response:
    return RedirectResponse(f"{AT}/{evening_id}?fait={done}", 303)
