"""Who is at a family's page: a session above schools, with the adults of each school that one visitor proved to be.

The browser holds the session's name, we only its keyed hash. A session lives as long as it is used, and ends when its
family ends it; what it may see is asked anew at each page, through the links that are valid that day.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.sealing import Keyring
from hub.tables import family_code, family_login, family_login_guardian

UNUSED = timedelta(days=30)
"""A session that nobody used for so long is over."""
SEEN_AFTER = timedelta(hours=1)
"""How coarsely we note when a session was used: once an hour is enough to know it again."""


@dataclass(frozen=True, slots=True)
class Adult:
    """One guardian in one school."""

    school_id: int
    guardian_id: int


@dataclass(frozen=True, slots=True)
class AtHome:
    """A session that is open; `adults` in the order in which they were proved."""

    login_id: int
    adults: tuple[Adult, ...]
    now: datetime

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
    login_id = (await connection.execute(opened)).scalar_one()
    proved = [{"login_id": login_id, "school_id": one.school_id, "guardian_id": one.guardian_id} for one in adults]
    await connection.execute(insert(family_login_guardian), proved)
    return token


async def who_is_home(database: Database, keyring: Keyring, token: str) -> AtHome | None:
    """Say who is at the page; None when the session is unknown or over."""
    asked = (
        select(family_login.c.id, family_login_guardian.c.school_id, family_login_guardian.c.guardian_id)
        .join(family_login_guardian, family_login_guardian.c.login_id == family_login.c.id)
        .where(family_login.c.token_hash == keyring.code_hash(token))
        .order_by(family_login_guardian.c.id)
    )
    seen = select(family_login.c.seen_at).where(family_login.c.token_hash == keyring.code_hash(token))
    async with database.engine_reading() as connection:
        now = await database.now(connection)
        rows = (await connection.execute(asked.where(family_login.c.expires_at > now))).all()
        last = (await connection.execute(seen)).scalar_one_or_none()
    if not rows:
        return None
    if last is None or last < now - SEEN_AFTER:
        async with database.engine() as connection:
            used = update(family_login).where(family_login.c.id == rows[0].id)
            await connection.execute(used.values(seen_at=now, expires_at=now + UNUSED))
    return AtHome(rows[0].id, tuple(Adult(row.school_id, row.guardian_id) for row in rows), now)


async def end_login(connection: AsyncConnection, login_id: int) -> None:
    """End a session; needs `Database.engine()`."""
    await connection.execute(delete(family_code).where(family_code.c.login_id == login_id))
    await connection.execute(delete(family_login_guardian).where(family_login_guardian.c.login_id == login_id))
    await connection.execute(delete(family_login).where(family_login.c.id == login_id))
