"""Quiet hours, the school's and each adult's own: what can wait is held until they end; what is urgent never asks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.models.notices import AttemptState
from hub.models.school import School
from hub.outbox.bulk import Bulk, stored
from hub.outbox.last_look import Fact
from hub.outbox.rungs import waits
from hub.people.silences import quiet_at, silent_schools
from hub.ports import Lane
from hub.routing import EVENING, MORNING, quiet_until
from hub.silence import spread
from hub.tables import attempt, copy, copy_delivery, delivery, guardian


def after_silence(school: School, lane: Lane, due: datetime) -> datetime:
    """Say when something due at a moment leaves: then, or in the school's silence when that ends. Urgent passes."""
    return due if lane is Lane.URGENT else quiet_at(due, school) or due


def waited_for(school: School, lane: Lane, due: datetime) -> bool:
    """Say that something leaves at the very end of a silence, with all that has waited for it."""
    return lane is not Lane.URGENT and quiet_at(due - timedelta(seconds=1), school) == due


async def spread_out(connection: AsyncConnection, notice_id: int, due: datetime) -> None:
    """Let the messages of a notice that waits for the end of the silence leave over its first minutes."""
    rows = (await connection.execute(_tries(), {"notice": notice_id})).all()
    await _LATER.run(connection, [(row.id, stored(connection, due + spread(row.copy_id))) for row in rows])


async def hold_back(
    connection: AsyncConnection, facts: Sequence[Fact], *, timezone: str, now: datetime
) -> frozenset[int]:
    """Put off the tries for whose school or adults it is quiet now, until that ends; gives their ids.

    A shared telephone rings for all who share it: it is quiet while it is so for one of them. What the school held
    leaves spread over the first minutes.
    """
    silent = await silent_schools(connection, sorted({fact.school_id for fact in facts}), now)
    by_school = {fact.id: silent[fact.school_id] + spread(fact.copy_id) for fact in facts if fact.school_id in silent}
    await _LATER.run(connection, [(number, stored(connection, ends)) for number, ends in by_school.items()])
    by_adult = await _by_adults(connection, [one for one in facts if one.id not in by_school], timezone, now)
    return frozenset(by_school) | by_adult


async def _by_adults(
    connection: AsyncConnection, facts: Sequence[Fact], timezone: str, now: datetime
) -> frozenset[int]:
    if not facts:
        return frozenset()
    copies = {fact.copy_id: fact.id for fact in facts}
    hours: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for row in await connection.execute(_quiet(), {"copies": list(copies)}):
        hours[row.copy_id].append((row.quiet_from, row.quiet_to))
    over = {copy_id: quiet_for_all(now, timezone, theirs) for copy_id, theirs in hours.items()}
    until = {copy_id: one for copy_id, one in over.items() if one is not None}
    for ends in set(until.values()):
        held = [copies[copy_id] for copy_id, one in until.items() if one == ends]
        await connection.execute(update(attempt).where(attempt.c.id.in_(held)).values(look_at=ends))
    return frozenset(copies[copy_id] for copy_id in until)


def quiet_for_all(now: datetime, timezone: str, hours: Sequence[tuple[time, time]]) -> datetime | None:
    """Say from when it is quiet for none of them; None: now.

    Where the hours of all together leave no moment of the day, nothing would ever arrive: then only the night counts.
    """
    moment = now
    while moment - now <= _A_DAY:
        ends = [one for begins, end in hours if (one := quiet_until(moment, timezone, begins, end)) is not None]
        if not ends:
            return moment if moment > now else None
        moment = max(ends)
    return quiet_until(now, timezone, EVENING, MORNING)


_A_DAY = timedelta(days=1)
_LATER = Bulk(
    "UPDATE attempt SET look_at = v.look_at FROM v WHERE attempt.id = v.id", id="bigint", look_at="timestamptz"
)


@cache
def _tries() -> Select[Any]:
    return (
        select(attempt.c.id, attempt.c.copy_id)
        .join(copy, copy.c.id == attempt.c.copy_id)
        .where(copy.c.notice_id == bindparam("notice", type_=BigId()), attempt.c.state == AttemptState.READY)
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
