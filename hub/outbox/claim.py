"""Claiming: a worker takes what is due from one sender's lane, for the length of a lease.

A claimed row may be claimed again once its lease has ended; a sending one never (see `sweep`).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.notices import AttemptState
from hub.ports import Lane
from hub.tables import attempt, sender


@dataclass(frozen=True, slots=True)
class Claim:
    """Attempts taken under one fence: whoever holds another `fence` has lost them."""

    fence: int
    attempts: tuple[int, ...]


TO_SEND = text("attempt.state IN ('ready', 'claimed')")
"""As literals: a partial index is only used for a condition that the database can compare with its own."""


async def senders_with_work(connection: AsyncConnection, lane: Lane, *, now: datetime) -> list[int]:
    """Give the working senders that have something due in this lane."""
    due = select(attempt.c.id).where(
        attempt.c.sender_id == sender.c.id,
        attempt.c.lane == lane,
        attempt.c.look_at <= now,
        TO_SEND,
    )
    rows = await connection.execute(select(sender.c.id).where(sender.c.stopped_at.is_(None), due.exists()))
    return [row.id for row in rows]


async def claim(
    connection: AsyncConnection, *, sender_id: int, lane: Lane, most: int, lease: float, now: datetime
) -> Claim:
    """Take at most `most` due attempts for `lease` seconds; no two claimers get the same one.

    A stopped sender has nothing to take: else what its provider refused would come round at once, again and again.
    """
    fence = secrets.randbits(62)
    works = select(sender.c.id).where(sender.c.id == sender_id, sender.c.stopped_at.is_(None))
    due = (
        select(attempt.c.id)
        .where(
            works.exists(),
            attempt.c.sender_id == sender_id,
            attempt.c.lane == lane,
            attempt.c.look_at <= now,
            TO_SEND,
        )
        .order_by(attempt.c.look_at)
        .limit(most)
    )
    taking = update(attempt).values(state=AttemptState.CLAIMED, claim=fence, look_at=now + timedelta(seconds=lease))
    if connection.dialect.name == "sqlite":  # one writer at a time: no lock to skip
        taking = taking.where(attempt.c.id.in_(due.scalar_subquery()))
    else:  # a CTE is run once; IN (… LIMIT … FOR UPDATE) was seen to take more than the limit
        chosen = due.with_for_update(skip_locked=True).cte("chosen")
        taking = taking.where(attempt.c.id == chosen.c.id)
    rows = await connection.execute(taking.returning(attempt.c.id))
    return Claim(fence=fence, attempts=tuple(row.id for row in rows))


async def hand_back(connection: AsyncConnection, attempts: Sequence[int], fence: int, *, sending: bool) -> None:
    """Return what was claimed and, with `sending`, what stands as sending though it was surely not posted."""
    if not attempts:
        return
    state = AttemptState.SENDING if sending else AttemptState.CLAIMED
    await connection.execute(
        update(attempt)
        .where(attempt.c.id.in_(attempts), attempt.c.claim == fence, attempt.c.state == state)
        .values(state=AttemptState.READY, claim=None, look_at=attempt.c.due_at)
    )
