"""Who is at a family's page: a session above schools, with the adults of each school that one visitor proved to be.

The browser holds the session's name, we only its keyed hash. A session lives as long as it is used, and ends when its
family ends it, or when the address that opened it is that adult's no more; what it may see is asked anew at each page,
through the links that are valid that day.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.errors import NotFoundError
from hub.models.base import UtcDateTime
from hub.models.people import AddressState
from hub.outbox.rungs import wanted
from hub.sealing import Keyring
from hub.tables import (
    address,
    contact_point,
    family_code,
    family_login,
    family_login_guardian,
    guardian,
    insert_into,
)

UNUSED = timedelta(days=30)
"""A session that nobody used for so long is over."""
SEEN_AFTER = timedelta(hours=1)
"""How coarsely we note when a session was used: once an hour is enough to know it again."""


@dataclass(frozen=True, slots=True)
class Adult:
    """One guardian in one school. `address_id`: by which address this was proved."""

    school_id: int
    guardian_id: int
    address_id: int | None = None


@dataclass(frozen=True, slots=True)
class AtHome:
    """A session that is open; `adults` in the order in which they were proved. `language`: the first one's."""

    login_id: int
    adults: tuple[Adult, ...]
    now: datetime
    language: str = "fr"

    def __repr__(self) -> str:
        return f"AtHome({self.login_id})"

    def of(self, school_id: int) -> tuple[int, ...]:
        """Give the guardians of this session in one school."""
        return tuple(adult.guardian_id for adult in self.adults if adult.school_id == school_id)

    @property
    def schools(self) -> tuple[int, ...]:
        """The schools of this session, each once."""
        return tuple(dict.fromkeys(adult.school_id for adult in self.adults))


@dataclass(frozen=True, slots=True)
class Login:
    """A session, as its family sees it in the list; `mine`: the one that looks."""

    login_id: int
    device: str
    created_at: datetime
    seen_at: datetime
    mine: bool = field(default=False)


async def open_login(
    connection: AsyncConnection, keyring: Keyring, adults: Iterable[Adult], *, device: str, now: datetime
) -> str:
    """Open a session for the adults that a visitor has proved to be, and give its token (43 characters).

    Needs `Database.engine()`, for it stands above schools. A session is always new, so nobody can be made to use one
    that somebody else knows.
    """
    token = secrets.token_urlsafe(32)
    row = {"token_hash": keyring.code_hash(token), "device": device[:60], "created_at": now, "seen_at": now}
    opened = insert(family_login).values(**row, expires_at=now + UNUSED).returning(family_login.c.id)
    await add_to_login(connection, (await connection.execute(opened)).scalar_one(), adults)
    return token


async def add_to_login(connection: AsyncConnection, login_id: int, adults: Iterable[Adult]) -> None:
    """Let a session show the children of these adults too; needs `Database.engine()`."""
    proved = [
        {
            "login_id": login_id,
            "school_id": one.school_id,
            "guardian_id": one.guardian_id,
            "address_id": one.address_id,
        }
        for one in adults
    ]
    put = insert_into(family_login_guardian, connection)
    same = [family_login_guardian.c[name] for name in ("login_id", "guardian_id", "school_id")]
    await connection.execute(
        put.on_conflict_do_update(index_elements=same, set_={"address_id": put.excluded.address_id}), proved
    )


async def who_is_home(database: Database, keyring: Keyring, token: str) -> AtHome | None:
    """Say who is at the page; None when the session is unknown or over."""
    async with database.engine_reading() as connection:
        now = await database.now(connection)
        rows = (await connection.execute(_at_home(), {"token": keyring.code_hash(token), "now": now})).all()
    if not rows:
        return None
    last = rows[0].seen_at
    if last is None or last < now - SEEN_AFTER:
        async with database.engine() as connection:
            used = update(family_login).where(family_login.c.id == rows[0].id)
            await connection.execute(used.values(seen_at=now, expires_at=now + UNUSED))
    adults = tuple(Adult(row.school_id, row.guardian_id) for row in rows)
    return AtHome(rows[0].id, adults, now, rows[0].language)


async def logins_of(connection: AsyncConnection, here: AtHome) -> Sequence[Login]:
    """List the sessions in which somebody is at home as one of these adults, the last used first.

    Needs `Database.engine_reading()`.
    """
    asked = (
        select(family_login.c.id, family_login.c.device, family_login.c.created_at, family_login.c.seen_at)
        .where(family_login.c.id.in_(_of(here)), family_login.c.expires_at > here.now)
        .order_by(family_login.c.seen_at.desc(), family_login.c.id.desc())
    )
    return [
        Login(row.id, row.device, row.created_at, row.seen_at or row.created_at, row.id == here.login_id)
        for row in await connection.execute(asked)
    ]


async def close_login(connection: AsyncConnection, here: AtHome, login_id: int) -> None:
    """End another session of these adults; needs `Database.engine()`. Raises NotFoundError for any other."""
    found = await connection.execute(_of(here).where(family_login_guardian.c.login_id == login_id))
    if login_id == here.login_id or found.first() is None:
        raise NotFoundError("Il n’y a rien à cette adresse.")
    await end_login(connection, login_id)


async def close_others(connection: AsyncConnection, here: AtHome) -> None:
    """End every session of these adults but the one that asks; needs `Database.engine()`."""
    others = await connection.execute(_of(here).where(family_login_guardian.c.login_id != here.login_id).distinct())
    await _end(connection, [int(row.login_id) for row in others])


async def end_login(connection: AsyncConnection, login_id: int) -> None:
    """End a session; needs `Database.engine()`."""
    await _end(connection, [login_id])


async def _end(connection: AsyncConnection, logins: Sequence[int]) -> None:
    for table in (family_code, family_login_guardian):
        await connection.execute(delete(table).where(table.c.login_id.in_(logins)))
    await connection.execute(delete(family_login).where(family_login.c.id.in_(logins)))


def _of(here: AtHome) -> Select[Any]:
    mine = family_login_guardian.c.guardian_id.in_([one.guardian_id for one in here.adults])
    return select(family_login_guardian.c.login_id).where(mine)


@cache
def _at_home() -> Select[Any]:
    """Ask who is at home in a session: parameters token, now."""
    return (
        select(
            family_login.c.id,
            family_login.c.seen_at,
            family_login_guardian.c.school_id,
            family_login_guardian.c.guardian_id,
            guardian.c.language,
        )
        .join(family_login_guardian, family_login_guardian.c.login_id == family_login.c.id)
        .join(
            guardian,
            and_(
                guardian.c.school_id == family_login_guardian.c.school_id,
                guardian.c.id == family_login_guardian.c.guardian_id,
            ),
        )
        .where(
            family_login.c.token_hash == bindparam("token", type_=LargeBinary()),
            family_login.c.expires_at > bindparam("now", type_=UtcDateTime()),
            or_(family_login_guardian.c.address_id.is_(None), _still_theirs()),
        )
        .order_by(family_login_guardian.c.id)
    )


def _still_theirs() -> ColumnElement[bool]:
    """Say that the address which proved it is still this adult's, and no stranger's."""
    return (
        select(contact_point.c.id)
        .join(
            address, and_(address.c.school_id == contact_point.c.school_id, address.c.id == contact_point.c.address_id)
        )
        .where(
            contact_point.c.school_id == family_login_guardian.c.school_id,
            contact_point.c.guardian_id == family_login_guardian.c.guardian_id,
            contact_point.c.address_id == family_login_guardian.c.address_id,
            wanted(),
            address.c.state != AddressState.WRONG,
        )
        .correlate(family_login_guardian)
        .exists()
    )
