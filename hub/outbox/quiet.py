"""An adult's own quiet hours: what can wait is held until they end; what is urgent never asks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.outbox.last_look import Fact
from hub.outbox.rungs import waits
from hub.routing import EVENING, MORNING, quiet_until
from hub.tables import attempt, copy_delivery, delivery, guardian


async def hold_back(
    connection: AsyncConnection, facts: Sequence[Fact], *, timezone: str, now: datetime
) -> frozenset[int]:
    """Put off the tries for whose adults it is quiet now, until that ends; gives their ids.

    A shared telephone rings for all who share it: it is quiet while it is so for one of them.
    """
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
