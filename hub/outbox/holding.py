"""Who speaks for a sender: one process at a time keeps its rate, and the order of its chats (docs/adr/0014)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.tables import sender

HELD_FOR = 5.0
"""Seconds after which the senders of a process that died are taken over."""


def is_free(holder: int, now: datetime) -> ColumnElement[bool]:
    """Say that nobody else speaks for a sender. A hold that ends later than any can is from before the clock moved."""
    longest = now + timedelta(seconds=2 * HELD_FOR)
    ended = or_(sender.c.held_until.is_(None), sender.c.held_until <= now, sender.c.held_until > longest)
    return or_(sender.c.held_by == holder, ended)


async def take_hold(connection: AsyncConnection, senders: Collection[int], *, holder: int, now: datetime) -> set[int]:
    """Take those that nobody else holds, and keep what is held; gives which. Who is taking one now is not waited for.

    Chosen first, behind row locks in one order: two processes that take the same senders would wait for each other.
    """
    free = (
        select(sender.c.id)
        .where(sender.c.id.in_(senders), is_free(holder, now))
        .order_by(sender.c.id)
        .with_for_update(skip_locked=True)
    )
    taken = {row.id for row in await connection.execute(free)}
    if taken:
        await connection.execute(
            update(sender)
            .where(sender.c.id.in_(taken))
            .values(held_by=holder, held_until=now + timedelta(seconds=HELD_FOR))
        )
    return taken


async def let_go(connection: AsyncConnection, *, holder: int) -> None:
    """Let others speak for them at once."""
    await connection.execute(update(sender).where(sender.c.held_by == holder).values(held_by=None, held_until=None))
