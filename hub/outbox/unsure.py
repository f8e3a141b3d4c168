"""What may have arrived and nobody can ask about, where a repeat would show twice: a chat."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.notices import AttemptState, ErrorKind
from hub.models.people import Matter
from hub.outbox.follow import fail
from hub.outbox.sweep import Unsettled
from hub.people.tray import put_in_tray
from hub.ports import ChannelName, Lane
from hub.settings import Settings
from hub.tables import attempt, copy

SHOWS_TWICE = frozenset({ChannelName.CHAT})
"""Channels that cannot be asked, and on which the same message again is a second one."""


def is_unsure(item: Unsettled) -> bool:
    """Whether it stays unsure: urgent is sent again whatever it shows, routine is not."""
    return item.channel in SHOWS_TWICE and item.lane is Lane.ROUTINE


async def settle_unsure(connection: AsyncConnection, item: Unsettled, settings: Settings, *, now: datetime) -> None:
    """Tell the office, and let the ladder go on after the wait of an accepted message.

    A button pressed in the meantime says that it came: then nothing more follows.
    """
    number = item.outgoing.attempt_id
    if item.asked:
        await fail(connection, {number: (ErrorKind.UNKNOWN, "")}, now)
        return
    row = (
        await connection.execute(
            update(attempt)
            .where(attempt.c.id == number, attempt.c.state == AttemptState.UNKNOWN)
            .values(asked=attempt.c.asked + 1, look_at=now + timedelta(seconds=settings.accepted_wait))
            .returning(attempt.c.school_id, attempt.c.copy_id)
        )
    ).one_or_none()
    if row is None:
        return
    address_id = (await connection.execute(select(copy.c.address_id).where(copy.c.id == row.copy_id))).scalar_one()
    await put_in_tray(
        connection, row.school_id, Matter.UNSURE_SENT, subject=f"attempt:{number}", now=now, address_id=address_id
    )
