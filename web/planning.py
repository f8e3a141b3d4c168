"""A sheet that leaves later: read over, and pressed as a plan."""

from fastapi import Response
from fastapi.responses import RedirectResponse

from hub.errors import InvalidError
from hub.people.schools import read_school
from hub.plans.keeping import PlanDraft, change, check, keep, planned_before
from hub.plans.moments import Rhythm
from hub.plans.reading import Planned, one, require_change
from i18n.slots import whole_number
from web.notice_form import Asked, NoticeForm
from web.plan_form import Later, later
from web.staff_visit import Visit


def draft_of(form: NoticeForm, asked: Asked, rhythm: Rhythm) -> PlanDraft:
    """Put together what a sheet presses for later."""
    named = {"key": form.key} if form.key else {}
    return PlanDraft(asked.kind, asked.audience, asked.slots, rhythm, **named)


async def read_plan(visit: Visit, number: str) -> Planned:
    """Read a plan that this visitor may change. Raises NotFoundError, NotAllowedError."""
    async with visit.house.database.reading(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        plan_id = whole_number(number) or 0
        found = await one(
            session, visit.house.keyring, school=school, reader=visit.reader, plan_id=plan_id, now=visit.now
        )
    require_change(visit.reader, found)
    return found


async def read_later(visit: Visit, form: NoticeForm, asked: Asked, rhythm: Rhythm) -> Later:
    """Say when a sheet would leave. Raises InvalidError, NotAllowedError, as its press would."""
    author_id = (await read_plan(visit, form.plan)).says.author_id if form.plan else visit.reader.staff_id
    async with visit.house.database.reading(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        draft = draft_of(form, asked, rhythm)
        checked = await check(session, school=school, author_id=author_id, draft=draft, now=visit.now)
    return later(checked.rhythm, checked.next, asked.kind, school)


async def press_later(visit: Visit, form: NoticeForm, asked: Asked, rhythm: Rhythm) -> Response:
    """Keep the plan, or put it in the place of the one that was read; twice is the same plan."""
    draft, keyring, now = draft_of(form, asked, rhythm), visit.house.keyring, visit.now
    async with visit.house.database.school(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        if form.plan:
            plan_id, version = whole_number(form.plan) or 0, whole_number(form.version) or 0
            await change(
                session,
                keyring,
                school=school,
                reader=visit.reader,
                plan_id=plan_id,
                version=version,
                draft=draft,
                now=now,
            )
        else:
            plan_id = await keep(session, keyring, school=school, author_id=visit.reader.staff_id, draft=draft, now=now)
    return RedirectResponse(f"/prevus/{plan_id}", 303)


async def refuse_planned(visit: Visit, key: str) -> None:
    """Refuse to send at once what waits already, from the same sheet. Raises InvalidError."""
    async with visit.house.database.reading(visit.school_id) as session:
        if await planned_before(session, school_id=visit.school_id, key=key):
            raise InvalidError(
                "Cet avis est déjà prévu pour plus tard : annulez-le d’abord parmi les avis prévus, sinon les familles "
                "le recevraient deux fois.",
                field="when",
            )
