"""Where an installation that fetches its answers goes on after it stood still."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.tables import attempt, reply


async def last_heard(connection: AsyncConnection, sender_id: int) -> datetime | None:
    """Say when something last came in by a sender; before the first time, when something first left from it.

    Nobody answers what was never sent. None: nothing ever left.
    """
    for first in (
        select(func.max(reply.c.received_at)).where(reply.c.sender_id == sender_id),
        select(func.min(attempt.c.sending_at)).where(attempt.c.sender_id == sender_id),
    ):
        found: datetime | None = (await connection.execute(first)).scalar_one()
        if found is not None:
            return found
    return None
