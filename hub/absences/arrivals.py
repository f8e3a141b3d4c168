"""A child is here after all: the case ends as found, what has not left is stopped, and who was alerted is told."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences.chasing import end_chasing
from hub.absences.missing import Half, cases_of_day
from hub.models.rolls import AbsenceState
from hub.models.school import School
from hub.notices.audience import informed
from hub.notices.cancelling import cancel
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, tell
from hub.ports import Follows, HalfDay, NoticeKind, Slots
from hub.sealing import Keyring
from hub.tables import absence, delivery, delivery_pupil, notice_follow

LOOKED_FOR = (AbsenceState.OPEN, AbsenceState.HANDED_ON)
"""Cases of which the family may still believe that the child is missing."""
_OTHER = {HalfDay.MORNING: HalfDay.AFTERNOON, HalfDay.AFTERNOON: HalfDay.MORNING}


async def came(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    half: Half,
    pupils: Collection[int],
    reader: Reader,
    now: datetime,
) -> None:
    """End the cases of pupils who are at school this half-day; a whole day's explained absence keeps the other half."""
    standing = [row for row in await cases_of_day(session, school.key, half) if row.pupil_id in pupils]
    ended, halved = list[Row[Any]](), list[Row[Any]]()
    for row in standing:
        if row.half_day not in (half.half_day, HalfDay.DAY) or row.state is AbsenceState.FOUND:
            continue
        whole = row.half_day is HalfDay.DAY and row.state is AbsenceState.EXPLAINED
        beside = any(other.pupil_id == row.pupil_id and other.half_day is _OTHER[half.half_day] for other in standing)
        (halved if whole and not beside else ended).append(row)
    if halved:
        which = update(absence).where(absence.c.school_id == school.key, absence.c.id.in_([row.id for row in halved]))
        await session.execute(which.values(half_day=_OTHER[half.half_day]))
    await end_as_found(session, keyring, school=school, cases=ended, reader=reader, now=now)


async def end_as_found(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    cases: Sequence[Row[Any]],
    reader: Reader,
    now: datetime,
) -> None:
    """End cases (rows of the register) as found. Who had the alert of one not explained is told, in the urgent lane.

    A family that had explained itself looks for nobody: it reads nothing more.
    """
    if not cases:
        return
    await session.execute(
        update(absence)
        .where(absence.c.school_id == school.key, absence.c.id.in_([row.id for row in cases]))
        .values(state=AbsenceState.FOUND, closed_at=now)
    )
    notices = sorted({row.notice_id for row in cases if row.notice_id is not None})
    if not notices:
        return
    heard = await session.execute(informed(school.key, notices, reader.day).add_columns(delivery.c.notice_id))
    pairs = {(row.notice_id, row.pupil_id) for row in heard}
    for row in cases:
        if row.state in LOOKED_FOR and (row.notice_id, row.pupil_id) in pairs:
            await _tell_found(session, keyring, school, row, reader, now)
    await end_chasing(session, school_id=school.key, notices=notices, calls=True, now=now)
    for number in await _over(session, school.key, notices):
        await cancel(session, school_id=school.key, notice_id=number, now=now)


async def _tell_found(
    session: AsyncSession, keyring: Keyring, school: School, row: Row[Any], reader: Reader, now: datetime
) -> None:
    who = informed(school.key, [row.notice_id], reader.day).where(delivery_pupil.c.pupil_id == row.pupil_id)
    made = await tell(
        session,
        keyring,
        school=school,
        author_id=reader.staff_id,
        draft=Draft(
            kind=NoticeKind.URGENT,
            audience=f"notice:{row.notice_id}",
            slots=Slots(phrase="found", language=school.language),
            key=f"found:{row.id}:{row.notice_id}",
        ),
        who=who,
        now=now,
    )
    if made.fresh:
        await session.execute(
            insert(notice_follow).values(
                school_id=school.key, notice_id=made.notice_id, before_id=row.notice_id, how=Follows.WITHDRAWAL
            )
        )


async def _over(session: AsyncSession, school_id: int, notices: Sequence[int]) -> list[int]:
    """Give those of these alerts of which every child is found."""
    mine = (absence.c.school_id == school_id, absence.c.notice_id.in_(notices))
    still = await session.scalars(
        select(absence.c.notice_id).where(*mine, absence.c.state != AbsenceState.FOUND).distinct()
    )
    return sorted(set(notices) - set(still))
