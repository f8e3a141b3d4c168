"""One address of a family: found by its keyed hash, kept under a key of its own, shown without the means to use it."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, case, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.people import AddressState, Medium
from hub.people.phones import masked as masked_number
from hub.sealing import Keyring
from hub.tables import address, data_key, stop


async def find_address(
    session: AsyncSession, school_id: int, medium: Medium, lookup: bytes
) -> tuple[int, AddressState] | None:
    """Say which address this school has on file under a keyed hash, and its state."""
    found = await session.execute(
        select(address.c.id, address.c.state).where(
            address.c.school_id == school_id, address.c.medium == medium, address.c.lookup_hash == lookup
        )
    )
    row = found.one_or_none()
    return None if row is None else (row.id, AddressState(row.state))


async def new_address(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    medium: Medium,
    lookup: bytes,
    *,
    value: str,
    more: Mapping[str, object],
) -> int:
    """Put an address on file, sealed; `more` are its other columns. Gives its id."""
    wrapped, version, seal = keyring.new_key()
    key = {"school_id": school_id, "subject": "address", "wrapped": wrapped, "master_version": version}
    key_id = (await session.execute(insert(data_key).values(key).returning(data_key.c.id))).scalar_one()
    sealed = seal.close(value.encode(), b"address.value")
    made = insert(address).values(
        school_id=school_id, data_key_id=key_id, medium=medium, value_sealed=sealed, lookup_hash=lookup, **more
    )
    return int((await session.execute(made.returning(address.c.id))).scalar_one())


def state_to_read() -> ColumnElement[str]:
    """Give the state of an address as the office reads it: whoever told one of our senders to stop wants no more."""
    told_us = select(stop.c.id).where(stop.c.school_id == address.c.school_id, stop.c.address_id == address.c.id)
    writable = address.c.state.in_((AddressState.UNVERIFIED, AddressState.ACTIVE))
    wants_none = literal(AddressState.STOPPED, address.c.state.type)
    return case((writable & told_us.exists(), wants_none), else_=address.c.state).label("state")


def masked(medium: Medium, value: str) -> str:
    """Write an address so that its owner knows it: 06 39 98 •• 02, l•••@example.test; "" for a chat or a browser."""
    if medium is Medium.PHONE:
        return masked_number(value)
    if medium is Medium.MAILBOX:
        local, _, domain = value.partition("@")
        return f"{local[:1]}•••@{domain}"
    return ""
