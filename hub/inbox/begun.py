"""What the school began a conversation about: the subject that its author wrote over the first word."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.inbox.rights import SCHOOL, as_reader, may_read, scope_of, several
from hub.notices.headlines import Reader
from hub.outbox.wordings import read_slots
from hub.sealing import Keyring, UnreadableError
from hub.tables import data_key, notice, notice_version, thread, thread_notice

MOST = 500
"""Conversations that we began through which one search looks, the newest first."""


async def begun_about(
    session: AsyncSession, keyring: Keyring, *, school_id: int, threads: Sequence[int]
) -> dict[int, str]:
    """Give the subjects of those of these conversations that the school began, by conversation; one question."""
    if not threads:
        return {}
    asked = _first_words().where(thread_notice.c.thread_id.in_(several("threads")))
    return _subjects(keyring, await session.execute(asked, {"school": school_id, "threads": list(threads)}))


async def all_begun(session: AsyncSession, keyring: Keyring, *, school_id: int, reader: Reader) -> dict[int, str]:
    """Give the subjects of the newest conversations that the school began and this reader may read."""
    which = {**as_reader(school_id, reader), "most": MOST}
    return _subjects(keyring, await session.execute(_readable(**scope_of(reader)), which))


def _subjects(keyring: Keyring, rows: Any) -> dict[int, str]:  # noqa: ANN401 (rows)
    found: dict[int, str] = {}
    for row in rows:
        try:
            sealed = keyring.seal(row.wrapped, row.master_version).open(row.slots_sealed, b"notice_version.slots")
        except UnreadableError:
            continue
        subject = read_slots(sealed).subject
        if subject:
            found.setdefault(row.thread_id, subject)
    return found


@cache
def _first_words() -> Select[Any]:
    """Ask for our words that answer nothing, the oldest first: parameter school."""
    return (
        select(
            thread_notice.c.thread_id,
            notice_version.c.slots_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(notice, and_(notice.c.school_id == thread_notice.c.school_id, notice.c.id == thread_notice.c.notice_id))
        .join(
            notice_version,
            and_(notice_version.c.school_id == notice.c.school_id, notice_version.c.notice_id == notice.c.id),
        )
        .join(data_key, and_(data_key.c.school_id == notice.c.school_id, data_key.c.id == notice.c.data_key_id))
        .where(thread_notice.c.school_id == SCHOOL, thread_notice.c.reply_id.is_(None))
        .order_by(thread_notice.c.id)
    )


@cache
def _readable(*, whole_school: bool, director: bool) -> Select[Any]:
    """Ask for those of conversations that a reader may read, the newest first: parameters of `as_reader`, and most."""
    return (
        _first_words()
        .join(thread, and_(thread.c.school_id == thread_notice.c.school_id, thread.c.id == thread_notice.c.thread_id))
        .where(may_read(whole_school=whole_school, director=director))
        .order_by(None)
        .order_by(thread_notice.c.id.desc())
        .limit(bindparam("most", type_=Integer()))
    )
