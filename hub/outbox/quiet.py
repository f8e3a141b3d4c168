"""Quiet hours, the school's and each adult's own: what can wait is held until they end; what is urgent never asks."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.base import BigId
from hub.models.notices import AttemptState
from hub.models.school import School
from hub.outbox.bulk import Bulk, stored
from hub.outbox.last_look import Fact
from hub.outbox.rungs import waits
from hub.people.silences import quiet_at, silences
from hub.ports import Lane
from hub.routing import EVENING, MORNING, check_still_to_come, quiet_until
from hub.silence import A_YEAR, spread
from hub.tables import attempt, copy, copy_delivery, delivery, guardian

IN_TIME = timedelta(hours=2)
"""So long before an hour at least one hears that it is cancelled, or has fallen free: later, one is on the way."""


def after_silence(school: School, lane: Lane, due: datetime) -> datetime:
    """Say when something due at a moment leaves: then, or in the school's silence when that ends. Urgent passes."""
    return due if lane is Lane.URGENT else quiet_at(due, school) or due


def outliving(school: School, lane: Lane, due: datetime, stale: datetime) -> datetime:
    """Say until when a question lives that is due at a moment: vacations in which nothing leaves do not count."""
    day, at_last = due, due + timedelta(days=A_YEAR)
    while day < min(stale, at_last):
        heard = after_silence(school, lane, day)
        if heard - day > _LONGER_THAN_A_WEEKEND:
            stale += heard - day
        day = max(heard, day + timedelta(days=1))
    return stale


_LONGER_THAN_A_WEEKEND = timedelta(days=5)


def check_in_time(school: School, starts_at: datetime | None, due: datetime) -> None:
    """Refuse a meeting that would be over when its invitation, due at a moment, leaves. Raises InvalidError."""
    leaves = after_silence(school, Lane.ROUTINE, due)
    check_still_to_come(starts_at, leaves, silent=leaves > due)


async def heard_at(
    session: AsyncSession, *, school: School, who: Select[Any], now: datetime
) -> Callable[[int], datetime]:
    """Say for each of `who` (guardian_id, …) from when on something routine that is told now may be heard."""
    of_school = partial(quiet_at, row=school)
    adults = who.subquery("adults")
    asked = select(guardian.c.id, guardian.c.quiet_from, guardian.c.quiet_to).where(
        guardian.c.school_id == school.key,
        guardian.c.id.in_(select(adults.c.guardian_id)),
        guardian.c.quiet_from.is_not(None),
        guardian.c.quiet_to.is_not(None),
    )
    theirs = {
        row.id: quiet_for_all(now, school.timezone, [(row.quiet_from, row.quiet_to)], of_school)
        for row in await session.execute(asked)
    }
    usual = of_school(now)
    return lambda guardian_id: theirs.get(guardian_id, usual) or now


def comes_too_late(heard: datetime, starts_at: datetime) -> bool:
    """Whether news about an hour that is heard from a moment on would find the family on its way, or there."""
    return heard > starts_at - IN_TIME


def waited_for(school: School, lane: Lane, due: datetime) -> bool:
    """Say that something leaves at the very end of a silence, with all that has waited for it."""
    return lane is not Lane.URGENT and quiet_at(due - timedelta(seconds=1), school) == due


async def spread_out(connection: AsyncConnection, notices: Sequence[int], due: datetime) -> None:
    """Let the messages of notices that wait for the end of the silence leave over its first minutes."""
    rows = (await connection.execute(_tries(), {"notices": notices})).all()
    await _LATER.run(connection, [(row.id, stored(connection, due + spread(row.copy_id))) for row in rows])


async def hold_back(
    connection: AsyncConnection, facts: Sequence[Fact], *, timezone: str, now: datetime
) -> frozenset[int]:
    """Put off the tries for whose school or adults it is quiet now, until that ends; gives their ids.

    A shared telephone rings for all who share it: it is quiet while it is so for one of them. What the school's
    silence held leaves spread over the first minutes.
    """
    schools = await silences(connection, sorted({fact.school_id for fact in facts}))
    hours: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for row in await connection.execute(_quiet(), {"copies": [fact.copy_id for fact in facts]}):
        hours[row.copy_id].append((row.quiet_from, row.quiet_to))
    silent = {school_id: partial(quiet_at, row=row) for school_id, row in schools.items()}
    for_all = {school_id: of_school(now) for school_id, of_school in silent.items()}
    until = dict[int, datetime]()
    for fact in facts:
        of_school = silent[fact.school_id]
        theirs = hours.get(fact.copy_id)
        ends = quiet_for_all(now, timezone, theirs, of_school) if theirs else for_all[fact.school_id]
        if ends is not None:
            together = of_school(ends - timedelta(seconds=1)) == ends
            until[fact.id] = ends + spread(fact.copy_id) if together else ends
    await _LATER.run(connection, [(number, stored(connection, ends)) for number, ends in until.items()])
    return frozenset(until)


def quiet_for_all(
    now: datetime,
    timezone: str,
    hours: Sequence[tuple[time, time]],
    of_school: Callable[[datetime], datetime | None] = lambda _: None,
) -> datetime | None:
    """Say from when it is quiet for none of them, nor for their school; None: now.

    Where all hours together leave no moment, nothing would ever arrive: then only the night counts, and the school's
    silence. Adults' hours are those of every day, so a few days after the school's silence have said it.
    """
    moment = now
    for _ in range(_LOOKS):
        theirs = (quiet_until(moment, timezone, begins, end) for begins, end in hours)
        ends = [one for one in (*theirs, of_school(moment)) if one is not None]
        if not ends:
            return moment if moment > now else None
        moment = max(ends)
    return of_school(now) or quiet_until(now, timezone, EVENING, MORNING)


_LOOKS = 60
"""Ends of quiet hours that are looked behind: a dozen days, with all that may share a telephone."""
_LATER = Bulk(
    "UPDATE attempt SET look_at = v.look_at FROM v WHERE attempt.id = v.id", id="bigint", look_at="timestamptz"
)


@cache
def _tries() -> Select[Any]:
    return (
        select(attempt.c.id, attempt.c.copy_id)
        .join(copy, copy.c.id == attempt.c.copy_id)
        .where(
            copy.c.notice_id.in_(bindparam("notices", type_=BigId(), expanding=True)),
            attempt.c.state == AttemptState.READY,
        )
    )


@cache
def _quiet() -> Select[Any]:
    """Ask for the quiet hours of those whom some copies serve: parameter copies."""
    return (
        select(copy_delivery.c.copy_id, guardian.c.quiet_from, guardian.c.quiet_to)
        .join(delivery, delivery.c.id == copy_delivery.c.delivery_id)
        .join(guardian, guardian.c.id == delivery.c.guardian_id)
        .where(
            copy_delivery.c.copy_id.in_(bindparam("copies", type_=BigId(), expanding=True)),
            waits(),
            guardian.c.quiet_from.is_not(None),
            guardian.c.quiet_to.is_not(None),
        )
    )
