"""What we asked back about is put where the family's choice belongs, so that one conversation holds both."""

from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.threads import ThreadState
from hub.tables import reply, thread, thread_notice, thread_read


async def gather(connection: AsyncConnection, *, school_id: int, reply_id: int, thread_id: int) -> None:
    """Move a reply into the conversation of what it turned out to be about: all the children, or the other one.

    What nothing else was said in goes away; whose turn it was there, until when, and who was to answer come along.
    """
    ours = (reply.c.school_id == school_id, reply.c.id == reply_id)
    before = (await connection.execute(select(reply.c.thread_id).where(*ours))).scalar_one_or_none()
    if before is None or before == thread_id:
        return
    await connection.execute(update(reply).where(*ours).values(thread_id=thread_id))
    for table in (reply, thread_notice):
        left = select(table.c.id).where(table.c.school_id == school_id, table.c.thread_id == before)
        if (await connection.execute(left.limit(1))).first() is not None:
            return
    old, new = ((thread.c.school_id == school_id, thread.c.id == one) for one in (before, thread_id))
    row = (await connection.execute(select(thread.c.state, thread.c.due_at, thread.c.owner_id).where(*old))).one()
    values: dict[str, Any] = {"owner_id": func.coalesce(thread.c.owner_id, row.owner_id)}
    if row.state is ThreadState.OPEN:
        values |= {"state": ThreadState.OPEN, "due_at": func.coalesce(thread.c.due_at, row.due_at)}
    await connection.execute(update(thread).where(*new).values(**values))
    gone = (thread_read.c.school_id == school_id, thread_read.c.thread_id == before)
    await connection.execute(delete(thread_read).where(*gone))
    await connection.execute(delete(thread).where(*old))
