"""Writes down whatever a family sends, as it came, and lays before a person what nobody else can settle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Update, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.letters.attachments import Attachment
from hub.models.people import Matter
from hub.people.schools import school_key
from hub.people.tray import put_in_tray
from hub.ports import ChannelName
from hub.replies.meaning import Sense
from hub.replies.saying_back import Back
from hub.routing import KEEP
from hub.sealing import Keyring, Seal
from hub.tables import dialects_insert, reply, reply_attachment

WORDS, DETAIL = b"reply.words", b"tray_item.detail"
FILE_NAME, FILE_BODY = b"reply_attachment.name", b"reply_attachment.body"
Row = dict[str, Any]
"""A row of the register of replies."""


@dataclass(frozen=True, slots=True)
class Text:
    """A short message as its provider brought it, from a phone or a chat, by its number; or a mail without our token.

    `stop`: the provider itself says that it means STOP. `opted`: it says that it has answered a word such as START or
    HELP already. `pictures`: some came with it, and are not fetched. `called`: nothing was said, the phone rang once.
    `quoted`: what it answers, and `message_id`: what it is called itself, in the words of its channel.
    """

    school_id: int
    sender_id: int
    provider_key: str
    number: str
    words: str
    stop: bool = False
    channel: ChannelName = ChannelName.SMS
    opted: bool = False
    pictures: bool = False
    called: bool = False
    quoted: str | None = None
    message_id: str | None = None

    def __repr__(self) -> str:
        return f"Text({self.provider_key})"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to the reply address of one copy. `author` is what its From says: nothing vouches for it.

    `machine`: an automatic answer. `leaving`: it came to the address for leaving the list. `unsigned`: our mail server
    found that its From is borrowed. `message_id`: its Message-ID. `files`: what is attached.
    """

    school_id: int
    copy_id: int
    provider_key: str
    author: str
    words: str
    machine: bool = False
    leaving: bool = False
    unsigned: bool = False
    message_id: str | None = None
    files: tuple[Attachment, ...] = ()

    def __repr__(self) -> str:
        return f"Letter({self.copy_id})"


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply in the register, and what is needed to ask a person about it."""

    reply_id: int
    school_id: int
    keyring: Keyring
    address_id: int | None
    stranger: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """What came of it. `fresh`: not brought before. `back`: what is said back at once, when something is.

    `whose`: the notice and the adult that it is said to, where the way it came by cannot say it at once.
    """

    fresh: bool
    sense: Sense
    address_id: int | None = None
    back: Back | None = None
    whose: tuple[int, int] | None = None


def row_of(what: Text | Letter, *, sender_id: int, channel: ChannelName, address_id: int | None, now: datetime) -> Row:
    """Say what is known of a reply as soon as it comes."""
    return {
        "school_id": what.school_id,
        "sender_id": sender_id,
        "provider_key": what.provider_key[:255],
        "channel": channel,
        "address_id": address_id,
        "received_at": now,
        "keep_until": (now + KEEP).date(),
        "message_id": (what.message_id or "")[:255] or None,
    }


async def keep(
    connection: AsyncConnection,
    keyring: Keyring,
    row: Row,
    words: str,
    *,
    seal: Seal | None,
    stranger: str | None,
    files: Sequence[Attachment] = (),
) -> Kept | None:
    """Write a reply down as it came, under the address's key, or the school's for a stranger; None when it is known."""
    seal = seal or await school_key(connection, keyring, row["school_id"])
    [kept] = await keep_all(connection, keyring, [(row, words, seal, stranger)])
    if kept is not None:
        for file in files:
            await connection.execute(insert(reply_attachment).values(_row_of_file(row, kept.reply_id, file, seal)))
    return kept


async def keep_all(
    connection: AsyncConnection, keyring: Keyring, replies: Sequence[tuple[Row, str, Seal, str | None]]
) -> list[Kept | None]:
    """Write replies down, each (row, words, key, who wrote if we do not know them); None for each that is known."""
    rows = [{**_PLAIN, **row, "words_sealed": seal.close(words.encode(), WORDS)} for row, words, seal, _ in replies]
    made = await connection.execute(_kept(connection.dialect.name), rows)
    fresh = {(row.sender_id, row.provider_key): row.id for row in made}
    kept: list[Kept | None] = []
    for row, _, _, stranger in replies:
        number = fresh.pop((row["sender_id"], row["provider_key"]), None)
        kept.append(
            None
            if number is None
            else Kept(number, row["school_id"], keyring, row["address_id"], stranger, row["received_at"])
        )
    return kept


_PLAIN: Row = {"sense": "", "machine": False, "doubt": ""}


@cache
def _kept(dialect: str) -> Any:  # noqa: ANN401 (two dialects, one shape)
    opened = dialects_insert(reply, dialect).on_conflict_do_nothing()
    return opened.returning(reply.c.id, reply.c.sender_id, reply.c.provider_key)


def _row_of_file(row: Row, reply_id: int, file: Attachment, seal: Seal) -> Row:
    return {
        "school_id": row["school_id"],
        "reply_id": reply_id,
        "content_type": file.content_type[:100],
        "size": len(file.data),
        "name_sealed": seal.close(file.name.encode(), FILE_NAME),
        "body_sealed": seal.close(file.data, FILE_BODY),
    }


async def settle(connection: AsyncConnection, *found: tuple[Kept, Mapping[str, object]]) -> None:
    """Write to kept replies what was found of each: `thread_id`, `notice_id`, `guardian_id`, `sense`, `doubt`.

    Of all of them the same is found.
    """
    rows = [{"b_school": kept.school_id, "b_reply": kept.reply_id, **what} for kept, what in found]
    if found:
        await connection.execute(_found(tuple(found[0][1])), rows)


@cache
def _found(names: tuple[str, ...]) -> Update:
    mine = (reply.c.school_id == bindparam("b_school"), reply.c.id == bindparam("b_reply"))
    return update(reply).where(*mine).values({name: bindparam(name) for name in names})


async def ask_a_person(
    connection: AsyncConnection, kept: Kept, *, proposal: Sequence[int] = (), leaves: int | None = None
) -> None:
    """Put a reply into the tray; the detail says which one, and who wrote if we do not know them.

    `proposal`: adults who may have written, the likeliest first. `leaves`: the address that wishes no more of us.
    """
    detail = {"reply": kept.reply_id, "from": kept.stranger, "proposal": list(proposal), "leaves": leaves}
    seal = await school_key(connection, kept.keyring, kept.school_id)
    await put_in_tray(
        connection,
        kept.school_id,
        Matter.UNMATCHED_REPLY,
        subject=f"reply:{kept.reply_id}",
        now=kept.now,
        address_id=kept.address_id or leaves,
        detail_sealed=seal.close(orjson.dumps(detail), DETAIL),
    )
