"""What a school's notifications leave from: its key pair, and the browsers that asked for them under it."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.database import Database
from hub.errors import InvalidError
from hub.models.people import AddressState, Medium
from hub.people.mailboxes import read_mailbox
from hub.ports import ChannelName
from hub.sealing import Keyring, UnreadableError
from hub.tables import address, data_key, sender

Within = AsyncConnection | AsyncSession

_CURVE = ec.SECP256R1()
_LIVES = (AddressState.UNVERIFIED, AddressState.ACTIVE, AddressState.DEAD)
"""A browser whose old subscription ended may come back with a new one; a stopped or a wrong one stays so."""


@dataclass(frozen=True, slots=True)
class PushLine:
    """A school's sender of notifications: its opaque name, and the public key that browsers subscribe under."""

    sender_id: int
    key_name: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A browser that a school writes to."""

    address_id: int
    school_id: int
    data_key_id: int = field(repr=False)


def push_keys(secret: str = "") -> tuple[str, str]:
    """Give the public key and the secret of a sender (base64url, P-256): new ones, or those of `secret`.

    Raises InvalidError when `secret` is none. Source: RFC 8292 section 3.2.
    """
    try:
        number = int.from_bytes(_unwritten(secret), "big") if secret else 0
        key = ec.derive_private_key(number, _CURVE) if secret else ec.generate_private_key(_CURVE)
    except ValueError as error:
        raise InvalidError("Ce secret n'est pas une clé de notifications.", field="secret") from error
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _written(public), _written(key.private_numbers().private_value.to_bytes(32, "big"))


def push_subject(given: str) -> str:
    """Write whom a push service may ask about our notifications: a mailbox, or a page over HTTPS. Raises InvalidError.

    Source: RFC 8292 section 2.1.
    """
    if given.startswith("https://") and given.isascii() and " " not in given and len(given) > len("https://"):
        return given
    return f"mailto:{read_mailbox(given.removeprefix('mailto:'))}"


async def push_line(within: Within, school_id: int) -> PushLine | None:
    """Give what a school's notifications leave from; None when it has none, or it stands still."""
    found = (
        select(sender.c.id, sender.c.key_name, sender.c.login)
        .where(sender.c.school_id == school_id, sender.c.channel == ChannelName.PUSH, sender.c.stopped_at.is_(None))
        .order_by(sender.c.id)
        .limit(1)
    )
    row = (await within.execute(found)).one_or_none()
    return None if row is None else PushLine(row.id, row.key_name, row.login)


async def push_senders(within: Within, school_id: int) -> tuple[int, ...]:
    """Give all that a school's notifications could leave from."""
    found = select(sender.c.id).where(sender.c.school_id == school_id, sender.c.channel == ChannelName.PUSH)
    return tuple(row.id for row in await within.execute(found.order_by(sender.c.id)))


async def find_subscribed(database: Database, keyring: Keyring, *, endpoint: str, auth: str) -> tuple[Subscribed, ...]:
    """Find a browser by its endpoint, in every school that writes to it, if it also knows the secret that we keep.

    The endpoint alone proves little: its push service knows it too.
    """
    wanted = (
        select(
            address.c.id,
            address.c.school_id,
            address.c.data_key_id,
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .where(address.c.medium == Medium.PUSH, address.c.lookup_hash == keyring.lookup(Medium.PUSH.value, endpoint))
    )
    async with database.engine_reading() as connection:
        rows = (await connection.execute(wanted)).all()
    found = []
    for row in rows:
        try:
            kept = keyring.seal(row.wrapped, row.master_version).open(row.value_sealed, b"address.value")
        except UnreadableError:  # erased
            continue
        if hmac.compare_digest(str(orjson.loads(kept)["auth"]).encode(), auth.encode()):
            found.append(Subscribed(row.id, row.school_id, row.data_key_id))
    return tuple(found)


async def move_subscribed(
    session: AsyncSession, keyring: Keyring, found: Subscribed, *, value: str, name: str, now: datetime
) -> bool:
    """Let a browser be written to at its new place: the same browser, so the same address, and what waits for it goes.

    False when it asked for no more messages, was called wrong, or its new place is on file already.
    """
    lookup = keyring.lookup(Medium.PUSH.value, name)
    here = (address.c.school_id == found.school_id, address.c.medium == Medium.PUSH)
    if (await session.execute(select(address.c.id).where(*here, address.c.lookup_hash == lookup))).first() is not None:
        return False
    key = (
        await session.execute(
            select(data_key.c.wrapped, data_key.c.master_version).where(data_key.c.id == found.data_key_id)
        )
    ).one()
    sealed = keyring.seal(key.wrapped, key.master_version).close(value.encode(), b"address.value")
    moved = await session.execute(
        update(address)
        .where(*here, address.c.id == found.address_id, address.c.state.in_(_LIVES))
        .values(value_sealed=sealed, lookup_hash=lookup, state=AddressState.ACTIVE, state_at=now)
        .returning(address.c.id)
    )
    return moved.scalar_one_or_none() is not None


def _written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _unwritten(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
