"""The secret addresses at which families' calendars read: made, found, ended. Only the hash of a code is kept."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.database import Database
from hub.models.base import BigId
from hub.sealing import Keyring
from hub.tables import calendar_feed, guardian


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose calendar an address reads, and in which language."""

    school_id: int
    guardian_id: int
    language: str


async def make_feed(session: AsyncSession, keyring: Keyring, *, school_id: int, guardian_id: int, now: datetime) -> str:
    """Make an address for one guardian's calendar, and give its code (22 signs, 128 bits), shown once.

    The address before it ends: whoever it was given to reads no more.
    """
    await end_feeds(session, school_id=school_id, guardians=[guardian_id], now=now)
    code = new_code()
    row = {"school_id": school_id, "guardian_id": guardian_id, "code_hash": _hashed(keyring, code), "made_at": now}
    await session.execute(insert(calendar_feed).values(row))
    return code


def new_code() -> str:
    """Make a code: letters, digits, - and _, as addresses take them."""
    return secrets.token_urlsafe(16)


async def end_feeds(
    within: AsyncConnection | AsyncSession, *, school_id: int, guardians: Collection[int], now: datetime
) -> None:
    """End the addresses of some guardians; ending none is no fault."""
    await within.execute(
        update(calendar_feed)
        .where(
            calendar_feed.c.school_id == school_id,
            calendar_feed.c.guardian_id.in_(guardians),
            calendar_feed.c.ended_at.is_(None),
        )
        .values(ended_at=now)
    )


async def feeds_of(session: AsyncSession, *, school_id: int, guardians: Collection[int]) -> Mapping[int, datetime]:
    """Say which of these guardians have an address that is open, and since when."""
    rows = await session.execute(_open_feeds(), {"school": school_id, "guardians": list(guardians)})
    return {row.guardian_id: row.made_at for row in rows}


async def find_feed(database: Database, keyring: Keyring, code: str) -> Feed | None:
    """Find whose address this is, above schools; None for one that is unknown or over, both alike."""
    async with database.engine_reading() as connection:
        row = (await connection.execute(_found(), {"hash": _hashed(keyring, code)})).one_or_none()
    return None if row is None else Feed(row.school_id, row.guardian_id, row.language)


def _hashed(keyring: Keyring, code: str) -> bytes:
    return keyring.code_hash(f"calendar:{code}")


@cache
def _found() -> Select[Any]:
    """Ask for an open address: parameter hash."""
    return (
        select(calendar_feed.c.school_id, calendar_feed.c.guardian_id, guardian.c.language)
        .join(guardian, guardian.c.id == calendar_feed.c.guardian_id)
        .where(
            guardian.c.school_id == calendar_feed.c.school_id,
            calendar_feed.c.code_hash == bindparam("hash"),
            calendar_feed.c.ended_at.is_(None),
        )
    )


@cache
def _open_feeds() -> Select[Any]:
    """Ask which guardians have an open address: parameters school, guardians."""
    return select(calendar_feed.c.guardian_id, calendar_feed.c.made_at).where(
        calendar_feed.c.school_id == bindparam("school", type_=BigId()),
        calendar_feed.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True)),
        calendar_feed.c.ended_at.is_(None),
    )
