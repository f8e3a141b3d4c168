"""A child is missing: the case is opened, and the family alerted after a hold in which a latecomer stops it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.absences.asked import enrolled
from hub.absences.watch import on_watch
from hub.models.rolls import AbsenceState
from hub.models.school import School
from hub.notices.audience import Audience, members
from hub.notices.each import tell_each
from hub.notices.headlines import Reader
from hub.notices.publish import Draft
from hub.people.links import told_about
from hub.ports import HalfDay, NoticeKind, Slots
from hub.routing import is_over
from hub.sealing import Keyring
from hub.tables import absence, insert_into, pupil, school_year

Within = AsyncConnection | AsyncSession
MOST_HOLD = 20
"""Minutes that an alert may wait at most, whatever the school has set."""
IN_TIME = timedelta(minutes=30)
"""A roll that comes later alerts nobody unasked: the child may have come long since."""


@dataclass(frozen=True, slots=True)
class Half:
    """A half-day of a class."""

    class_id: int
    day: date
    half_day: HalfDay


class Missed(NamedTuple):
    """Of missing pupils: alerts that will leave, cases told of before, and cases of which nobody was alerted."""

    alerts: int
    told_before: int
    unasked: int


class Case(NamedTuple):
    """A case to alert of."""

    absence_id: int
    pupil_id: int


def alert_due(school: School, half: Half, *, taken_at: datetime, now: datetime) -> datetime | None:
    """Say when the alerts of a roll leave: after the school's hold; None: it is too late to alert unasked."""
    if now - taken_at > IN_TIME or is_over(half.day, half.half_day, now, school.timezone):
        return None
    return max(now, taken_at + timedelta(minutes=min(max(school.alert_hold, 0), MOST_HOLD)))


async def miss(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    half: Half,
    pupils: frozenset[int],
    reader: Reader,
    due: datetime | None,
    now: datetime,
) -> Missed:
    """Open the cases of missing pupils and write the alerts that leave at `due`; None: nobody is alerted unasked.

    A case that stands already is left as it is. Who was found, and is missing again, is alerted again.
    """
    if not pupils:
        return Missed(0, 0, 0)
    standing = await cases_of_day(session, school.key, half)
    told, waiting, again, fresh = 0, list[Row[Any]](), list[Row[Any]](), list[int]()
    for number in sorted(pupils):
        rows = [row for row in standing if row.pupil_id == number and row.half_day in (half.half_day, HalfDay.DAY)]
        live = [row for row in rows if row.state is not AbsenceState.FOUND]
        before = [row for row in rows if row.half_day is half.half_day]
        if any(row.state is AbsenceState.EXPLAINED for row in live):
            told += 1
        elif live:
            waiting += [row for row in live if row.state is AbsenceState.OPEN and row.notice_id is None]
        elif before:
            again += before
            told += before[0].reason is not None
        else:
            fresh.append(number)
    owner = await on_watch(session, school_id=school.key, now=now) if fresh or again else None
    await _open_again(session, again, owner, now)
    cases = [*waiting, *(row for row in again if row.reason is None)]
    opened = [Case(row.id, row.pupil_id) for row in cases]
    opened += await _opened(session, school.key, half, fresh, owner, now)
    if due is None:
        return Missed(0, told, len(opened))
    alerts = await alert(
        session, keyring, school, opened, day=half.day, half_day=half.half_day, reader=reader, due=due, now=now
    )
    return Missed(alerts, told, 0)


async def alert(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    cases: Sequence[Case],
    *,
    day: date,
    half_day: HalfDay,
    reader: Reader,
    due: datetime,
    now: datetime,
) -> int:
    """Write an alert for each case whose pupil has an adult to tell; gives how many. The others are to be called."""
    if not cases:
        return 0
    told = told_about(school.key, reader.day).subquery("told")
    reached = set(
        await session.scalars(
            select(told.c.pupil_id).where(told.c.pupil_id.in_([case.pupil_id for case in cases])).distinct()
        )
    )
    drafts = {
        case.pupil_id: Draft(
            kind=NoticeKind.ABSENCE,
            audience=f"pupil:{case.pupil_id}",
            slots=Slots(day=day, half_day=half_day, language=school.language),
            due_at=due,
        )
        for case in cases
        if case.pupil_id in reached
    }
    who = members(school.key, Audience(pupils=frozenset(drafts)), reader.day)
    made = await tell_each(session, keyring, school=school, author_id=reader.staff_id, drafts=drafts, who=who, now=now)
    if made:
        done = [{"b_id": case.absence_id, "b_notice": made[case.pupil_id]} for case in cases if case.pupil_id in made]
        statement = update(absence).where(absence.c.school_id == school.key, absence.c.id == bindparam("b_id"))
        connection = await session.connection()
        await connection.execute(statement.values(notice_id=bindparam("b_notice")), done)
    return len(made)


async def keep_to_ourselves(within: Within, school_id: int, pupils: Collection[int]) -> None:
    """Let whoever else says something of these pupils at this moment wait for our end: one case a half-day."""
    here = select(pupil.c.id).where(pupil.c.school_id == school_id, pupil.c.id.in_(pupils))
    await within.execute(here.order_by(pupil.c.id).with_for_update(key_share=True))


async def cases_of_day(within: Within, school_id: int, half: Half) -> Sequence[Row[Any]]:
    """Read the cases of a class's pupils on a day."""
    asked = select(absence).where(
        absence.c.school_id == school_id,
        absence.c.day == half.day,
        absence.c.pupil_id.in_(enrolled(half.class_id, half.day)),
    )
    return (await within.execute(asked.order_by(absence.c.id).with_for_update())).all()


async def open_lately(
    within: Within, school_id: int, pupils: Collection[int], *, since: datetime
) -> Sequence[Row[Any]]:
    """Read, and hold, the open cases of some pupils that were opened since a moment, whichever alert they hang on."""
    asked = select(absence).where(
        absence.c.school_id == school_id,
        absence.c.pupil_id.in_(pupils),
        absence.c.state == AbsenceState.OPEN,
        absence.c.opened_at > since,
    )
    return (await within.execute(asked.order_by(absence.c.id).with_for_update())).all()


def kept_until(school_id: int, day: date) -> Any:  # noqa: ANN401 (a scalar select)
    """Give the end of the school year that a day is in: until then its absences are kept."""
    return (
        select(func.max(school_year.c.ends_on))
        .where(school_year.c.school_id == school_id, school_year.c.starts_on <= day, school_year.c.ends_on >= day)
        .scalar_subquery()
    )


async def _open_again(session: AsyncSession, rows: Sequence[Row[Any]], owner: int | None, now: datetime) -> None:
    """Open what a roll had ended by mistake; what was said of it counts again, an alert withdrawn does not."""
    for state, some in (
        (AbsenceState.OPEN, [row.id for row in rows if row.reason is None]),
        (AbsenceState.EXPLAINED, [row.id for row in rows if row.reason is not None]),
    ):
        if some:
            closed = None if state is AbsenceState.OPEN else now
            opened = {"state": state, "opened_at": now, "closed_at": closed, "alarmed_at": None, "notice_id": None}
            await session.execute(update(absence).where(absence.c.id.in_(some)).values(**opened, owner_id=owner))


async def _opened(
    session: AsyncSession, school_id: int, half: Half, pupils: Sequence[int], owner: int | None, now: datetime
) -> list[Case]:
    if not pupils:
        return []
    row = {
        "school_id": school_id,
        "day": half.day,
        "half_day": half.half_day,
        "state": AbsenceState.OPEN,
        "owner_id": owner,
        "opened_at": now,
        "keep_until": kept_until(school_id, half.day),
    }
    statement = insert_into(absence, session).values([{**row, "pupil_id": number} for number in pupils])
    made = await session.execute(statement.on_conflict_do_nothing().returning(absence.c.id, absence.c.pupil_id))
    return [Case(row.id, row.pupil_id) for row in sorted(made, key=lambda row: row.id)]
