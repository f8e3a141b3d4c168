"""Claiming: which senders have something to send, and what of one sender's lane is due.

A claim lives as long as the transaction that takes it: the last look (`prepare`) is in the same one, and at its end a
row stands as *sending* or is out of the queue. There is no state between (docs/adr/0006).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BindParameter, Select, bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.notices import AttemptState
from hub.outbox.holding import is_free
from hub.ports import ChannelName, Lane
from hub.tables import attempt, sender

READY = text("attempt.state = 'ready'")
"""As a literal: a partial index is only used for a condition that the database can compare with its own."""


class Loaded(NamedTuple):
    """A sender that has something due; `rate`: messages a second, None: as its channel says."""

    sender_id: int
    channel: ChannelName
    rate: float | None


async def senders_with_work(connection: AsyncConnection, lane: Lane, *, holder: int, now: datetime) -> list[Loaded]:
    """Give the working senders that have something due in this lane, and that nobody but `holder` speaks for."""
    due = select(attempt.c.id).where(
        attempt.c.sender_id == sender.c.id,
        attempt.c.lane == lane,
        attempt.c.look_at <= now,
        READY,
    )
    working = select(sender.c.id, sender.c.channel, sender.c.rate).where(
        sender.c.stopped_at.is_(None), is_free(holder, now), due.exists()
    )
    return [Loaded(row.id, ChannelName(row.channel), row.rate) for row in await connection.execute(working)]


def due(*, now: BindParameter[datetime]) -> Select[tuple[int, int]]:
    """Choose what is due in `b_lane` of `b_sender`, at most `b_most`, and keep it from other claimers.

    On SQLite the turn to write keeps it. A stopped sender has nothing due: else what its provider refused would come
    round at once, again and again.
    """
    works = select(sender.c.id).where(sender.c.id == bindparam("b_sender"), sender.c.stopped_at.is_(None))
    return (
        select(attempt.c.id, attempt.c.copy_id)
        .where(
            works.exists(),
            attempt.c.sender_id == bindparam("b_sender"),
            attempt.c.lane == bindparam("b_lane"),
            attempt.c.look_at <= now,
            READY,
        )
        .order_by(attempt.c.look_at)
        .limit(bindparam("b_most"))
        .with_for_update(skip_locked=True)
    )


async def hand_back(connection: AsyncConnection, attempts: Sequence[int], fence: int) -> None:
    """Return what stands as sending though it was surely not posted; whoever holds another fence has lost it."""
    await connection.execute(
        update(attempt)
        .where(attempt.c.id.in_(attempts), attempt.c.claim == fence, attempt.c.state == AttemptState.SENDING)
        .values(state=AttemptState.READY, claim=None, look_at=attempt.c.due_at)
    )
