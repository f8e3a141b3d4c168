"""What a conversation only begins to show: a long reply to its end, and the files that came with one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.inbox.envelopes import Envelopes, replies
from hub.inbox.rights import THREAD, own_thread
from hub.models.base import BigId
from hub.notices.headlines import Reader
from hub.ports import ChannelName
from hub.replies.keeping import FILE_BODY, FILE_NAME
from hub.sealing import Keyring
from hub.tables import reply, reply_attachment

PART = 20_000
"""Characters of a reply on one page: a browser can show them, whatever the lines."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the `parts` of a long reply, the first is 1."""

    at: datetime
    channel: ChannelName
    words: str
    part: int
    parts: int

    def __repr__(self) -> str:
        return f"Part({self.part} of {self.parts})"


async def part_of_reply(
    session: AsyncSession, keyring: Keyring, *, school_id: int, thread_id: int, reply_id: int, part: int, reader: Reader
) -> Part:
    """Read a part of a reply of a conversation. Raises NotFoundError, NotAllowedError."""
    row, envelopes = await _one(session, keyring, _REPLY, school_id, thread_id, {"reply": reply_id}, reader)
    words = None if row is None else envelopes.words(row)
    if row is None or words is None:
        raise NotFoundError("Ce message n’existe pas, ou il a été effacé.")
    parts = max(1, -(-len(words) // PART))
    if not 0 < part <= parts:
        raise NotFoundError("Ce message n’a pas cette page.")
    return Part(row.received_at, ChannelName(row.channel), words[PART * (part - 1) : PART * part], part, parts)


async def attachment(
    session: AsyncSession, keyring: Keyring, *, school_id: int, thread_id: int, attachment_id: int, reader: Reader
) -> tuple[str, bytes]:
    """Read a file of a conversation: its name and contents. Raises NotFoundError, NotAllowedError."""
    row, envelopes = await _one(session, keyring, _FILE, school_id, thread_id, {"file": attachment_id}, reader)
    if row is None:
        raise NotFoundError("Cette pièce jointe n’existe pas.")
    name, body = envelopes.text(row, row.name_sealed, FILE_NAME), envelopes.bytes(row, row.body_sealed, FILE_BODY)
    if name is None or body is None:
        raise NotFoundError("Cette pièce jointe a été effacée.")
    return name, body


async def _one(
    session: AsyncSession,
    keyring: Keyring,
    asked: Select[Any],
    school_id: int,
    thread_id: int,
    which: Mapping[str, int],
    reader: Reader,
) -> tuple[Any, Envelopes]:
    """Read one thing of a conversation that is this reader's, with the keys that open it."""
    await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    row = (await session.execute(asked, {"school": school_id, "thread": thread_id, **which})).one_or_none()
    return row, await Envelopes.of(session, keyring, school_id)


_IN = replies().where(reply.c.thread_id == THREAD)
_REPLY = _IN.where(reply.c.id == bindparam("reply", type_=BigId()))
_FILE = (
    _IN.join(
        reply_attachment,
        and_(reply_attachment.c.school_id == reply.c.school_id, reply_attachment.c.reply_id == reply.c.id),
    )
    .add_columns(reply_attachment.c.name_sealed, reply_attachment.c.body_sealed)
    .where(reply_attachment.c.id == bindparam("file", type_=BigId()))
)
