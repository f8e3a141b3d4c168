"""The moment has come: a plan is pressed as a notice, with the rights and the families of today, or it is said why not.

What became of it, the notice and the plan's next moment are written in one transaction: a clock that dies midway
leaves everything as it was, and the next look does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import PasserelleError
from hub.models.planned import Fired, PlanState
from hub.models.school import School
from hub.notices.publish import Draft, publish
from hub.people.schools import read_school
from hub.plans import asked
from hub.plans.moments import Rhythm, coming, moments_after, next_look, why_too_late
from hub.plans.reading import Planned, read_plan, read_rhythm, school_open
from hub.routing import day_at_school
from hub.sealing import Keyring, UnreadableError
from hub.tables import planned_firing, planned_notice

WHY_MAX = 300
NOT_THE_LAST = "Un moment plus récent du même avis était passé aussi : il ne part qu’une fois."
WORDS_GONE = "Ses mots ont été effacés."


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a moment: the notice it left as, or why it did not."""

    outcome: Fired
    notice_id: int | None = None
    why: str = ""


async def leave(
    session: AsyncSession, keyring: Keyring, *, school_id: int, plan_id: int, now: datetime
) -> Became | None:
    """Let a plan leave that is due, and set its next moment; None: it was not due, or there is no class today."""
    row = (await session.execute(asked.due_one(), {"school": school_id, "plan": plan_id, "now": now})).one_or_none()
    if row is None:
        return None
    school, rhythm = await read_school(session, school_id), read_rhythm(row)
    due = await _due(session, school, rhythm, row.next_at, now)
    became = None
    for moment in due[:-1]:
        await _write(session, school_id, plan_id, moment, Became(Fired.MISSED, why=NOT_THE_LAST), now)
    if due:
        try:
            became = await _pressed(session, keyring, school, read_plan(row, keyring), due[-1], now)
        except UnreadableError:
            became = Became(Fired.REFUSED, why=WORDS_GONE)
        await _write(session, school_id, plan_id, due[-1], became, now)
    next_at = next_look(rhythm, now, school.timezone)
    state = PlanState.WAITING if next_at else PlanState.ENDED
    await session.execute(
        update(planned_notice)
        .where(planned_notice.c.school_id == school_id, planned_notice.c.id == plan_id)
        .values(next_at=next_at, state=state)
    )
    return became


async def _due(
    session: AsyncSession, school: School, rhythm: Rhythm, first: datetime, now: datetime
) -> Sequence[datetime]:
    """List the moments that have come since the clock last looked, but those of days without class."""
    day = first.astimezone(ZoneInfo(school.timezone)).date()
    later = takewhile(lambda each: each[1] <= now, moments_after(rhythm, first, school.timezone))
    moments = [(day, first), *later]
    if rhythm.repeats and rhythm.in_term:
        opened = await school_open(session, school, day - timedelta(days=1))
        moments = [each for each in moments if opened(each[0])]
    return [moment for _, moment in moments]


async def _pressed(
    session: AsyncSession, keyring: Keyring, school: School, plan: Planned, due: datetime, now: datetime
) -> Became:
    """Press what still makes sense; what the author may not press today changes nothing, and says why.

    A question that is repeated is over when it is asked anew, vacations apart: an answer then answers the newer one.
    """
    said = plan.says
    why = why_too_late(said.slots, due, now)
    if why:
        return Became(Fired.MISSED, why=why)
    key = f"plan:{plan.plan_id}:{due.astimezone(UTC):%Y%m%dT%H%M}"
    until = await _asked_anew_at(session, school, plan.rhythm, now) if said.slots.question else None
    draft = Draft(said.kind, said.audience, said.slots, key=key, until=until)
    try:
        async with session.begin_nested():
            published = await publish(session, keyring, school=school, author_id=said.author_id, draft=draft, now=now)
    except PasserelleError as error:
        return Became(Fired.REFUSED, why=str(error)[:WHY_MAX])
    return Became(Fired.LEFT, notice_id=published.notice_id)


async def _asked_anew_at(session: AsyncSession, school: School, rhythm: Rhythm, now: datetime) -> datetime | None:
    """Say when a plan leaves next, as far as is known today; None: not any more."""
    opened = await school_open(session, school, day_at_school(now, school.timezone))
    return next(iter(coming(rhythm, now, school.timezone, 1, is_open=opened)), None)


async def _write(
    session: AsyncSession, school_id: int, plan_id: int, due: datetime, became: Became, now: datetime
) -> None:
    await session.execute(
        insert(planned_firing).values(
            school_id=school_id,
            planned_id=plan_id,
            due_at=due,
            fired_at=now,
            outcome=became.outcome,
            notice_id=became.notice_id,
            why=became.why,
        )
    )
