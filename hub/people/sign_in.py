"""The school's front door for staff: who may come in, who has tried too often, and who is still inside.

A session is a row; the browser holds its name, we only its keyed hash. Guesses are counted in the registers, so that
several processes agree, and are written down *before* a password is looked at: guessing in parallel gains nothing.
"""

import asyncio
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import LargeBinary, Table, bindparam, delete, func, insert, or_, select, update

from hub.database import Database
from hub.errors import HubError, InvalidError
from hub.models import metadata
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.rights import Rights, rights_on
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import school, staff, staff_session

SESSION = timedelta(hours=12)
RENEWED_AFTER = timedelta(minutes=5)
WINDOW = timedelta(minutes=15)
SLOW_AFTER, PAUSE = 5, timedelta(seconds=30)
"""After five failures for one mailbox, one try every thirty seconds: a guesser crawls, its owner is not locked out."""
SHUT_AFTER = 20
PASSWORD_MAX = 256
"""Characters; longer is refused unread, so that hashing costs the same for everybody."""

_failure: Table = metadata.tables["sign_in_failure"]
_hashing = ThreadPoolExecutor(2, thread_name_prefix="argon2")


class RefusedError(HubError):
    """The mailbox or the password does not fit; which of the two is not said."""


class TooManyTriesError(HubError):
    """Too many failures lately; `wait` is how long until the next try counts."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Trop d’essais : attendez {_spoken(wait)} avant de recommencer.")
        self.wait = wait


class WhichSchoolError(HubError):
    """The password fits in several schools: (id, name) of each, to choose from."""

    def __init__(self, schools: Sequence[tuple[int, str]]) -> None:
        super().__init__("Vous travaillez dans plusieurs écoles : choisissez, puis redonnez le mot de passe.")
        self.schools = tuple(schools)


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody who is signed in, in one school, with the rights of this day there; `now` is the database's."""

    staff_id: int
    name: str
    school_id: int
    school_name: str
    timezone: str
    now: datetime
    day: date
    rights: Rights


@dataclass(frozen=True, slots=True)
class _Candidate:
    staff_id: int
    school_id: int
    school_name: str
    password_hash: str | None


async def sign_in(
    database: Database, keyring: Keyring, *, email: str, password: str, where: str, school_id: int | None = None
) -> str:
    """Open a session and give its token (43 characters). `where` is the visitor's network address.

    A session is always new, so nobody can be made to use one that somebody else knows. An unknown mailbox costs the
    same time as a known one. Raises RefusedError, TooManyTriesError, WhichSchoolError.
    """
    mailbox = _mailbox(email)
    typed, place = keyring.lookup("sign-in", mailbox), keyring.lookup("from", _network(where))
    tries = await _counted(database, typed, place)
    candidates = await _candidates(database, keyring.lookup("staff", mailbox), school_id)
    fitting = [candidate for candidate in candidates if await _fits(candidate.password_hash, password)]
    if not candidates:
        await _fits(None, password)
    if not fitting:
        raise RefusedError("Cette adresse et ce mot de passe ne vont pas ensemble.")
    await _forget(database, typed, tries)
    if len(fitting) > 1:
        raise WhichSchoolError([(candidate.school_id, candidate.school_name) for candidate in fitting])
    return await _opened(database, keyring, fitting[0])


async def who_is(database: Database, keyring: Keyring, token: str) -> Inside | None:
    """Say who holds this token now; a session that is used lives on, twelve hours from its last use."""
    hashed = keyring.code_hash(token)
    async with database.engine_reading() as connection:
        now = await database.now(connection)
        row = (await connection.execute(_INSIDE, {"token": hashed})).one_or_none()
        if row is None or row.expires_at <= now:
            return None
        day = day_at_school(now, row.timezone)
        rights = await rights_on(connection, school_id=row.school_id, staff_id=row.staff_id, day=day)
    if now - row.seen_at >= RENEWED_AFTER:
        async with database.school(row.school_id) as session:
            await session.execute(
                update(staff_session)
                .where(staff_session.c.token_hash == hashed)
                .values(seen_at=now, expires_at=now + SESSION)
            )
    return Inside(row.staff_id, row.name, row.school_id, row.school_name, row.timezone, now, day, rights)


async def sign_out(database: Database, keyring: Keyring, token: str) -> None:
    """End this session."""
    async with database.engine() as connection:
        await connection.execute(delete(staff_session).where(staff_session.c.token_hash == keyring.code_hash(token)))


async def hash_password(password: str) -> str:
    """Hash a new password with Argon2id (RFC 9106), in a bounded thread. Raises InvalidError when it is too long."""
    if len(password) > PASSWORD_MAX:
        raise InvalidError(f"Un mot de passe compte au plus {PASSWORD_MAX} signes.", field="password")
    return await asyncio.get_running_loop().run_in_executor(_hashing, _argon2().hash, password)


_INSIDE = (
    select(
        staff_session.c.staff_id,
        staff_session.c.school_id,
        staff_session.c.seen_at,
        staff_session.c.expires_at,
        staff.c.name,
        school.c.name.label("school_name"),
        school.c.timezone,
    )
    .join(staff, (staff.c.school_id == staff_session.c.school_id) & (staff.c.id == staff_session.c.staff_id))
    .join(school, school.c.id == staff_session.c.school_id)
    .where(staff_session.c.token_hash == bindparam("token", type_=LargeBinary()))
)


async def _counted(database: Database, typed: bytes, place: bytes) -> list[int]:
    """Write this try down as failed, unless there were too many; gives the rows, to be taken back on success."""
    async with database.engine() as connection:
        now = await database.now(connection)
        await connection.execute(delete(_failure).where(_failure.c.at <= now - WINDOW))
        rows = await connection.execute(
            select(_failure.c.what_hash, func.count().label("times"), func.max(_failure.c.at).label("last"))
            .where(or_(_failure.c.what_hash == typed, _failure.c.what_hash == place))
            .group_by(_failure.c.what_hash)
        )
        wait = _wait({row.what_hash: row for row in rows}, typed, place, now)
        if wait is None:
            rows = await connection.execute(
                insert(_failure)
                .values([{"what_hash": what, "at": now} for what in (typed, place)])
                .returning(_failure.c.id)
            )
            return [row.id for row in rows]
    raise TooManyTriesError(wait)


def _wait(known: dict[bytes, Any], typed: bytes, place: bytes, now: datetime) -> timedelta | None:
    """Say how long this visitor must wait, if at all."""
    here, one = known.get(place), known.get(typed)
    if here is not None and here.times >= SHUT_AFTER:
        return WINDOW
    if one is not None and one.times >= SLOW_AFTER:
        left = PAUSE - (now - one.last)
        return left if left > timedelta(0) else None
    return None


async def _candidates(database: Database, email_hash: bytes, school_id: int | None) -> list[_Candidate]:
    asked = (
        select(staff.c.id, staff.c.school_id, school.c.name, staff.c.password_hash)
        .join(school, school.c.id == staff.c.school_id)
        .where(staff.c.email_hash == email_hash)
        .order_by(school.c.name)
    )
    if school_id is not None:
        asked = asked.where(staff.c.school_id == school_id)
    async with database.engine_reading() as connection:
        rows = (await connection.execute(asked)).all()
    return [_Candidate(row.id, row.school_id, row.name, row.password_hash) for row in rows]


async def _fits(password_hash: str | None, password: str) -> bool:
    """Compare in a bounded thread; without a hash to compare with, take as long and say no."""
    if len(password) > PASSWORD_MAX:
        return False
    loop = asyncio.get_running_loop()
    right = await loop.run_in_executor(_hashing, _verified, password_hash, password)
    return right and password_hash is not None


def _verified(password_hash: str | None, password: str) -> bool:
    return _argon2().verify(password, password_hash or _nobodys_hash())


@lru_cache(maxsize=1)
def _argon2() -> PasswordHash:
    """19 MiB, two passes, one lane: what a school's PC can spare (OWASP, Password Storage Cheat Sheet)."""
    return PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _argon2().hash(secrets.token_hex(16))


async def _forget(database: Database, typed: bytes, tries: list[int]) -> None:
    """The password was right: this mailbox starts afresh, and this try did not count against the place."""
    async with database.engine() as connection:
        await connection.execute(delete(_failure).where(or_(_failure.c.what_hash == typed, _failure.c.id.in_(tries))))


async def _opened(database: Database, keyring: Keyring, who: _Candidate) -> str:
    token = secrets.token_urlsafe(32)
    async with database.engine() as connection:
        now = await database.now(connection)
        await connection.execute(delete(staff_session).where(staff_session.c.expires_at <= now))
        await connection.execute(
            insert(staff_session).values(
                school_id=who.school_id,
                staff_id=who.staff_id,
                token_hash=keyring.code_hash(token),
                created_at=now,
                seen_at=now,
                expires_at=now + SESSION,
            )
        )
    return token


def _mailbox(email: str) -> str:
    """Read what was typed as it was read when it was kept; what is no mailbox belongs to nobody."""
    try:
        return mailbox_key(read_mailbox(email))
    except InvalidError:
        return mailbox_key(email.strip())


def _network(where: str) -> str:
    """One visitor is one IPv4 address, or one IPv6 network of 64 bits: a household owns all of it (RFC 6177)."""
    try:
        address = ip_address(where)
    except ValueError:
        return where
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else str(address)


def _spoken(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{max(seconds, 1)} secondes"
