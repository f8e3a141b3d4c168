"""Which senders an address told to stop, whether it said so to us or its provider heard it."""

from datetime import datetime

from sqlalchemy import and_, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId, UtcDateTime
from hub.ports import ChannelName
from hub.tables import insert_into, sender, stop


async def stop_writing(
    connection: AsyncConnection, *, school_id: int, address_id: int, sender_id: int, now: datetime
) -> None:
    """Keep that this address told this sender to stop; what still waits takes the next rung when its turn comes.

    By text it is said to every number of the school: which of them we write from is our choice (`hub.outbox.lines`).
    """
    told = sender.alias("told")
    those = (
        select(sender.c.school_id, literal(address_id, BigId()), sender.c.id, literal(now, UtcDateTime()))
        .join(told, told.c.school_id == sender.c.school_id)
        .where(
            told.c.school_id == school_id,
            told.c.id == sender_id,
            or_(sender.c.id == told.c.id, and_(told.c.channel == ChannelName.SMS, sender.c.channel == ChannelName.SMS)),
        )
    )
    await connection.execute(
        insert_into(stop, connection)
        .from_select(["school_id", "address_id", "sender_id", "at"], those)
        .on_conflict_do_nothing()
    )
