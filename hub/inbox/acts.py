"""What staff do with a conversation: read it, hand it over, keep it for one person, let it wait, close it.

Each act is written down (ids only), and passes `rights.own_thread`: nobody acts on what he or she may not read.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError
from hub.inbox.rights import colleagues, own_thread
from hub.models.threads import ThreadState
from hub.notices.headlines import Reader
from hub.people.noting import note
from hub.tables import insert_into, reply, thread, thread_notice, thread_read

_STAFF = re.compile(r" staff:\d+$")


async def mark_read(session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader, up_to: int) -> None:
    """Note that this reader has read a conversation up to a reply; what came after it stays new.

    Never turns back. Raises NotFoundError, NotAllowedError.
    """
    await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    newest = select(func.max(reply.c.received_at)).where(
        reply.c.school_id == school_id, reply.c.thread_id == thread_id, reply.c.id <= up_to
    )
    read_at = (await session.execute(newest)).scalar_one()
    if read_at is None:
        return
    statement = insert_into(thread_read, session).values(
        school_id=school_id, thread_id=thread_id, staff_id=reader.staff_id, read_at=read_at
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["thread_id", "staff_id", "school_id"],
            set_={"read_at": statement.excluded.read_at},
            where=thread_read.c.read_at < statement.excluded.read_at,
        )
    )


async def set_state(
    session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader, state: ThreadState, now: datetime
) -> None:
    """Close a conversation, let it wait for the family, or open it again; a reply opens it by itself.

    What waits or is closed is no longer late. Raises NotFoundError, NotAllowedError.
    """
    await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    values: dict[str, Any] = {"state": state} | ({} if state is ThreadState.OPEN else {"due_at": None})
    await _change(session, school_id, thread_id, values)
    await note(session, school_id, reader.staff_id, f"thread_{state.value}", ("thread", thread_id), now)


async def take(session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader, now: datetime) -> None:
    """Answer it oneself. Raises NotFoundError, NotAllowedError."""
    await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    await _change(session, school_id, thread_id, {"owner_id": reader.staff_id})
    await note(session, school_id, reader.staff_id, "thread_taken", ("thread", thread_id), now)


async def hand_over(
    session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader, to: int | None, now: datetime
) -> None:
    """Let a colleague answer who has a right to these pupils today; None: whoever of the office comes first.

    What is confidential is nobody else's to answer. Raises InvalidError, NotFoundError, NotAllowedError.
    """
    row = await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    if row.private_to is not None:
        raise InvalidError("Cette conversation est confidentielle : rouvrez-la d’abord à l’équipe.", field="to")
    if to is not None:
        await _must_be_a_colleague(session, school_id, thread_id, reader, to)
    await _change(session, school_id, thread_id, {"owner_id": to})
    await note(session, school_id, reader.staff_id, "thread_handed_over", ("thread", thread_id), now)


async def confide(
    session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader, to: int | None, now: datetime
) -> int:
    """Keep a conversation for one person alone, oneself or a colleague; None: open it to the team again.

    All that was said moves into the conversation of that topic (`… staff:ID`, or without it), which answers to our
    words in it join; what a family writes beside begins an open one. Gives the conversation it is in from now on.
    Raises InvalidError, NotFoundError, NotAllowedError.
    """
    row = await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    if to not in (None, reader.staff_id):
        await _must_be_a_colleague(session, school_id, thread_id, reader, to)
    open_topic = _STAFF.sub("", row.topic)
    topic = open_topic if to is None else f"{open_topic} staff:{to}"
    act = "thread_opened_up" if to is None else "thread_confided"
    if topic == row.topic:
        return thread_id
    same = select(thread.c.id).where(thread.c.school_id == school_id, thread.c.topic == topic)
    there = (await session.execute(same)).scalar_one_or_none()
    owner = {"owner_id": row.owner_id if to is None else to}
    if there is None:
        await _change(session, school_id, thread_id, {"topic": topic, "private_to": to, **owner})
    else:
        await _pour(session, school_id, row, there, owner)
    await note(session, school_id, reader.staff_id, act, ("thread", there or thread_id), now)
    return int(there or thread_id)


async def _pour(session: AsyncSession, school_id: int, row: Any, there: int, owner: Mapping[str, Any]) -> None:  # noqa: ANN401 (a row)
    """Move what was said into another conversation of the same people, and take the empty one away."""
    for table in (reply, thread_notice):
        await session.execute(
            update(table).where(table.c.school_id == school_id, table.c.thread_id == row.id).values(thread_id=there)
        )
    await session.execute(
        delete(thread_read).where(thread_read.c.school_id == school_id, thread_read.c.thread_id == row.id)
    )
    await session.execute(delete(thread).where(thread.c.school_id == school_id, thread.c.id == row.id))
    other = (await session.execute(select(thread).where(thread.c.school_id == school_id, thread.c.id == there))).one()
    due = [one for one in (row.due_at, other.due_at) if one is not None]
    is_open = ThreadState.OPEN in (row.state, other.state)
    values = {"state": ThreadState.OPEN} if is_open else {}
    await _change(
        session,
        school_id,
        there,
        {"last_at": max(row.last_at, other.last_at), "due_at": min(due, default=None), **owner, **values},
    )


async def _must_be_a_colleague(session: AsyncSession, school_id: int, thread_id: int, reader: Reader, to: int) -> None:
    known = await colleagues(session, school_id=school_id, thread_id=thread_id, reader=reader)
    if to not in {number for number, _ in known} | {reader.staff_id}:
        raise NotAllowedError("Cette personne n’a pas de droit sur cet élève aujourd’hui.")


async def _change(session: AsyncSession, school_id: int, thread_id: int, values: Mapping[str, Any]) -> None:
    await session.execute(
        update(thread).where(thread.c.school_id == school_id, thread.c.id == thread_id).values(**values)
    )
