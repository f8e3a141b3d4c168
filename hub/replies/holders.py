"""Whose an address is, and by which sender and under which key its words come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import LargeBinary, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.models.people import AddressState, Medium
from hub.people.mailboxes import mailbox_key
from hub.ports import ChannelName, SchoolCard
from hub.replies.keeping import Text
from hub.replies.served import Served
from hub.sealing import Keyring, Seal
from hub.tables import address, attempt, contact_point, copy, data_key, guardian, reply_choice, school

_MEDIA = {
    ChannelName.SMS: Medium.PHONE,
    ChannelName.VOICE: Medium.PHONE,
    ChannelName.CHAT: Medium.CHAT,
    ChannelName.EMAIL: Medium.MAILBOX,
}


@dataclass(frozen=True, slots=True)
class Holder:
    """An address that we know, with its key and the language that is written there. `wrong`: a stranger holds it.

    `dead`: nothing seemed to arrive there any more. `asked`: we asked back there, and nobody has chosen.
    """

    address_id: int
    language: str
    school: SchoolCard
    seal: Seal
    wrong: bool
    dead: bool
    asked: bool


async def holders_of(connection: AsyncConnection, keyring: Keyring, texts: Sequence[Text]) -> list[Holder | None]:
    """Find the addresses that texts to one school came from; None for a stranger's."""
    hashes = [keyring.lookup(_MEDIA[text.channel], text.number) for text in texts]
    rows = await connection.execute(_holders(), {"school": texts[0].school_id, "hashes": hashes})
    known = {(row.medium, bytes(row.lookup_hash)): row for row in rows}
    found = (known.get((_MEDIA[text.channel], one)) for text, one in zip(texts, hashes, strict=True))
    return [None if row is None else _holder(keyring, row) for row in found]


def _holder(keyring: Keyring, row: Any) -> Holder:  # noqa: ANN401 (a row)
    card = SchoolCard(row.name, row.short_name, row.phone, row.timezone)
    seal = keyring.seal(row.wrapped, row.master_version)
    wrong, dead = row.state == AddressState.WRONG, row.state == AddressState.DEAD
    return Holder(row.id, row.language, card, seal, wrong=wrong, dead=dead, asked=bool(row.asked))


@cache
def _holders() -> Select[Any]:
    """Ask for addresses, each with its key, its language and its school: parameters school, hashes."""
    first = (
        select(guardian.c.language)
        .join(contact_point, contact_point.c.guardian_id == guardian.c.id)
        .where(contact_point.c.school_id == address.c.school_id, contact_point.c.address_id == address.c.id)
        .order_by(contact_point.c.id)
        .limit(1)
        .correlate(address)
        .scalar_subquery()
    )
    asked = (
        select(reply_choice.c.id)
        .where(
            reply_choice.c.school_id == address.c.school_id,
            reply_choice.c.address_id == address.c.id,
            reply_choice.c.answered_at.is_(None),
        )
        .correlate(address)
        .exists()
    )
    return (
        select(
            address.c.id,
            address.c.medium,
            address.c.lookup_hash,
            address.c.state,
            asked.label("asked"),
            func.coalesce(address.c.language, first, school.c.language).label("language"),
            data_key.c.wrapped,
            data_key.c.master_version,
            school.c.name,
            school.c.short_name,
            school.c.phone,
            school.c.timezone,
        )
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .join(school, school.c.id == address.c.school_id)
        .where(
            address.c.school_id == bindparam("school", type_=BigId()),
            address.c.medium.in_(_MEDIA.values()),
            address.c.lookup_hash.in_(bindparam("hashes", type_=LargeBinary(), expanding=True)),
        )
    )


async def way_in(connection: AsyncConnection, keyring: Keyring, served: Served) -> tuple[int, Seal]:
    """Give the sender that an answer to a copy answers, and the key of the address it was sent to.

    Raises LookupError when nothing ever left for it.
    """
    row = (
        await connection.execute(
            select(attempt.c.sender_id, data_key.c.wrapped, data_key.c.master_version)
            .join(copy, copy.c.id == attempt.c.copy_id)
            .join(address, address.c.id == copy.c.address_id)
            .join(data_key, data_key.c.id == address.c.data_key_id)
            .where(attempt.c.school_id == served.school_id, attempt.c.copy_id == served.copy_id)
            .order_by(attempt.c.n.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        raise LookupError("nothing ever left for this copy")
    return row.sender_id, keyring.seal(row.wrapped, row.master_version)


async def is_theirs(connection: AsyncConnection, keyring: Keyring, served: Served, author: str) -> bool:
    """Say whether a mail's From is the very address that the copy was sent to, and no stranger's."""
    held = select(address.c.lookup_hash).where(
        address.c.school_id == served.school_id,
        address.c.id == served.address_id,
        address.c.state != AddressState.WRONG,
    )
    known = (await connection.execute(held)).scalar_one_or_none()
    return bool(known == keyring.lookup("mailbox", mailbox_key(author)))
