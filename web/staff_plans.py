"""What is planned: each with its next moments and what became of the last, to change, to move, to cancel."""

from datetime import date, time
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import InvalidError
from hub.models.planned import Fired, PlanState
from hub.models.school import School
from hub.notices.follow_up import may_change
from hub.people.schools import read_school
from hub.plans.keeping import cancel, move, take_note
from hub.plans.reading import Planned, one, plans
from i18n.tongues import tongue
from web.pages import page
from web.plan_form import day_of, for_whom, in_words, later, time_of
from web.staff_visit import ReadingDep, Visit, WriterDep
from web.staff_words import title

router = APIRouter()

ROOM, AT = "ecrire", "/prevus"
OUTCOMES = {Fired.LEFT: "parti", Fired.MISSED: "pas parti, trop tard", Fired.REFUSED: "pas parti, refusé"}
STATES = {PlanState.WAITING: "attend", PlanState.CANCELLED: "annulé", PlanState.ENDED: "fini"}
Typed = Annotated[str, Form(max_length=10)]


@router.get(AT)
async def the_plans(visit: WriterDep, session: ReadingDep) -> Response:
    """For the director and the office, all that is planned; for teachers, their own and that of their classes."""
    school = await read_school(session, visit.school_id)
    found = await plans(session, visit.house.keyring, school=school, reader=visit.reader, now=visit.now)
    return page(
        "staff/plans.html",
        visit=visit,
        waiting=[_shown(school, each) for each in found if each.state is PlanState.WAITING],
        over=[_shown(school, each) for each in found if each.state is not PlanState.WAITING],
        states=STATES,
        room=ROOM,
    )


@router.get(f"{AT}/{{plan_id:int}}")
async def the_plan(visit: WriterDep, plan_id: int) -> Response:
    """For the director and the office, its author, and teachers of all its classes: one plan, and its history."""
    return await _sheet(visit, plan_id)


@router.post(f"{AT}/{{plan_id:int}}/deplacer")
async def put_off(
    visit: WriterDep, plan_id: int, jour: Typed = "", heure: Typed = "", version: Annotated[int, Form()] = 0
) -> Response:
    """For its author, the director and the office: it leaves at another moment, earlier or later."""
    try:
        at, day = time_of(heure), day_of(jour, "leaves_on")
        await _moved(visit, plan_id, at, day, version)
    except InvalidError as error:
        said = tongue("fr", typeset=True).gettext(str(error))
        return await _sheet(visit, plan_id, wrong=said, typed=(jour, heure))
    return RedirectResponse(f"{AT}/{plan_id}", 303)


@router.post(f"{AT}/{{plan_id:int}}/annuler")
async def take_off(visit: WriterDep, plan_id: int) -> Response:
    """For its author, the director and the office: nothing of it leaves any more."""
    async with visit.house.database.school(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        await cancel(session, visit.house.keyring, school=school, reader=visit.reader, plan_id=plan_id, now=visit.now)
    return RedirectResponse(f"{AT}/{plan_id}", 303)


@router.post(f"{AT}/{{plan_id:int}}/vu")
async def noted(visit: WriterDep, plan_id: int) -> Response:
    """For its author, the director and the office: what did not leave is known, and leaves the first page."""
    async with visit.house.database.school(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        await take_note(
            session, visit.house.keyring, school=school, reader=visit.reader, plan_id=plan_id, now=visit.now
        )
    return RedirectResponse(f"{AT}/{plan_id}", 303)


async def _moved(visit: Visit, plan_id: int, at: time, day: date | None, version: int) -> None:
    async with visit.house.database.school(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        await move(
            session,
            visit.house.keyring,
            school=school,
            reader=visit.reader,
            plan_id=plan_id,
            version=version,
            at=at,
            day=day,
            now=visit.now,
        )


async def _sheet(visit: Visit, plan_id: int, *, wrong: str = "", typed: tuple[str, str] | None = None) -> Response:
    async with visit.house.database.reading(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        found = await one(
            session, visit.house.keyring, school=school, reader=visit.reader, plan_id=plan_id, now=visit.now
        )
    rhythm = found.rhythm
    day, hour = typed or (rhythm.starts_on.isoformat(), f"{rhythm.at:%H:%M}")
    return page(
        "staff/plan.html",
        status=422 if wrong else 200,
        visit=visit,
        **_shown(school, found),
        may_change=may_change(visit.reader, found.says),
        day=day,
        hour=hour,
        wrong=wrong,
        outcomes=OUTCOMES,
        states=STATES,
        room=ROOM,
    )


def _shown(school: School, plan: Planned) -> dict[str, object]:
    """Put a plan in words: its title, for whom, when, and when next."""
    return {
        "plan": plan,
        "title": title(plan.says, school.timezone),
        "whom": for_whom(plan.says.audience),
        "when": in_words(plan.rhythm),
        "later": later(plan.rhythm, plan.next, plan.says.kind, school),
    }
