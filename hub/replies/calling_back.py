"""A missed call means « call me »: it costs a prepaid family nothing, and somebody calls at once."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.replies.answers import alarm
from hub.replies.questions import Sent
from hub.replies.served import served_by
from hub.replies.signs import show_arrived


async def call_back(connection: AsyncConnection, *, school_id: int, about: Sent | None, now: datetime) -> None:
    """Ask that the adults of the open question, or of the last notice, be called this minute.

    Where nothing was sent lately there is no notice to call about: the missed call stands in their conversation.
    """
    if about is None:
        return
    served = await served_by(connection, school_id=school_id, copy_id=about.copy_id, now=now)
    if served is None or not served.is_open:
        return
    await show_arrived(connection, served, now)
    await alarm(connection, served, served.adults, now)
