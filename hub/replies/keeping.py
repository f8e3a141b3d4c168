"""Writes down whatever a family sends, as it came, and lays before a person what nobody else can settle."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models import metadata
from hub.models.people import Matter
from hub.people.tray import put_in_tray
from hub.ports import ChannelName
from hub.replies.links import Served
from hub.sealing import Keyring, Seal
from hub.tables import data_key, insert_into

reply = metadata.tables["reply"]
WORDS, DETAIL = b"reply.words", b"tray_item.detail"
KEEP = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Text:
    """A short message as its provider brought it, from a phone or a chat, by its number.

    `stop`: the provider itself says that it means STOP.
    """

    school_id: int
    sender_id: int
    provider_key: str
    number: str
    words: str
    stop: bool = False
    channel: ChannelName = ChannelName.SMS

    def __repr__(self) -> str:
        return f"Text({self.provider_key})"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to the reply address of one copy. `author` is what its From says: nothing vouches for it.

    `machine`: an automatic answer. `leaving`: it came to the address for leaving the list.
    """

    school_id: int
    copy_id: int
    provider_key: str
    author: str
    words: str
    machine: bool = False
    leaving: bool = False

    def __repr__(self) -> str:
        return f"Letter({self.copy_id})"


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply in the register, and what is needed to ask a person about it."""

    reply_id: int
    school_id: int
    school_seal: Seal
    address_id: int | None
    stranger: str | None
    now: datetime


def row_of(
    what: Text | Letter, channel: ChannelName, served: Served | None, address_id: int | None, now: datetime
) -> dict[str, Any]:
    """Say what is known of a reply; the guardian only where nobody else could have written it."""
    alone = None if served is None else served.alone
    return {
        "school_id": what.school_id,
        "sender_id": what.sender_id if isinstance(what, Text) else None,
        "provider_key": what.provider_key[:255],
        "channel": channel,
        "address_id": address_id,
        "notice_id": None if served is None else served.notice_id,
        "guardian_id": None if alone is None or address_id is None else alone.guardian_id,
        "received_at": now,
        "keep_until": (now + KEEP).date(),
    }


async def keep(
    connection: AsyncConnection,
    keyring: Keyring,
    row: dict[str, Any],
    words: str,
    *,
    seal: Seal | None,
    stranger: str | None,
) -> Kept | None:
    """Write a reply down as it came, under the address's key, or the school's for a stranger; None when it is known."""
    school_seal = await _school_seal(connection, keyring, row["school_id"])
    made = await connection.execute(
        insert_into(reply, connection)
        .values(**row, words_sealed=(seal or school_seal).close(words.encode(), WORDS))
        .on_conflict_do_nothing()
        .returning(reply.c.id)
    )
    number = made.scalar_one_or_none()
    if number is None:
        return None
    return Kept(number, row["school_id"], school_seal, row["address_id"], stranger, row["received_at"])


async def ask_a_person(connection: AsyncConnection, kept: Kept, unclear: str | None) -> None:
    """Put a reply into the tray; the detail says which one, who wrote if we do not know them, and what is unclear."""
    detail = {"reply": kept.reply_id, "from": kept.stranger, "unclear": unclear}
    await put_in_tray(
        connection,
        kept.school_id,
        Matter.UNMATCHED_REPLY,
        subject=f"reply:{kept.reply_id}",
        now=kept.now,
        address_id=kept.address_id,
        detail_sealed=kept.school_seal.close(orjson.dumps(detail), DETAIL),
    )


async def _school_seal(connection: AsyncConnection, keyring: Keyring, school_id: int) -> Seal:
    row = (
        await connection.execute(
            select(data_key.c.wrapped, data_key.c.master_version)
            .where(data_key.c.school_id == school_id, data_key.c.subject == "school")
            .order_by(data_key.c.id)
            .limit(1)
        )
    ).one()
    return keyring.seal(row.wrapped, row.master_version)
