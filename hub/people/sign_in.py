"""The school's front door for staff: who may come in, who has tried too often, and who is still inside.

A session is a row; the browser holds its name, we only its keyed hash. Who has a second factor holds a session that
opens nothing until that is given too (`hub.people.second_factor`).
"""

import asyncio
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import LargeBinary, and_, bindparam, delete, insert, select, update

from hub.database import Database
from hub.errors import HubError, InvalidError
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.rights import Rights, rights_on
from hub.people.tries import counted, forget, network
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import school, staff, staff_factor, staff_session

SESSION = timedelta(hours=12)
RENEWED_AFTER = timedelta(minutes=5)
HALF_OPEN = timedelta(minutes=10)
"""How long one may look for the six digits after the password."""
PASSWORD_MAX = 256
"""Characters; longer is refused unread, so that hashing costs the same for everybody."""

_hashing = ThreadPoolExecutor(2, thread_name_prefix="argon2")


class RefusedError(HubError):
    """The mailbox or the password does not fit; which of the two is not said."""


class WhichSchoolError(HubError):
    """The password fits in several schools: (id, name) of each, to choose from."""

    def __init__(self, schools: Sequence[tuple[int, str]]) -> None:
        super().__init__("Vous travaillez dans plusieurs écoles : choisissez, puis redonnez le mot de passe.")
        self.schools = tuple(schools)


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody who is signed in, in one school, with the rights of this day there; `now` is the database's.

    `second_at`: when the second factor was given in this session. `enrolled`: whether this person has one at all.
    """

    staff_id: int
    name: str
    school_id: int
    school_name: str
    timezone: str
    now: datetime
    day: date
    rights: Rights
    session_id: int = 0
    second_at: datetime | None = None
    enrolled: bool = False


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
    typed, place = keyring.lookup("sign-in", mailbox), keyring.lookup("from", network(where))
    tries = await counted(database, typed, place)
    candidates = await _candidates(database, keyring.lookup("staff", mailbox), school_id)
    fitting = [candidate for candidate in candidates if await _fits(candidate.password_hash, password)]
    if not candidates:
        await _fits(None, password)
    if not fitting:
        raise RefusedError("Cette adresse et ce mot de passe ne vont pas ensemble.")
    await forget(database, typed, tries)
    if len(fitting) > 1:
        raise WhichSchoolError([(candidate.school_id, candidate.school_name) for candidate in fitting])
    return await open_session(database, keyring, school_id=fitting[0].school_id, staff_id=fitting[0].staff_id)


async def open_session(database: Database, keyring: Keyring, *, school_id: int, staff_id: int) -> str:
    """Open a session for somebody who proved who he or she is; a half one where there is a second factor."""
    token = secrets.token_urlsafe(32)
    mine = and_(staff_factor.c.school_id == school_id, staff_factor.c.staff_id == staff_id)
    async with database.engine() as connection:
        now = await database.now(connection)
        factor = select(staff_factor.c.id).where(mine, staff_factor.c.confirmed_at.is_not(None))
        half = (await connection.execute(factor)).scalar_one_or_none() is not None
        await connection.execute(delete(staff_session).where(staff_session.c.expires_at <= now))
        await connection.execute(
            insert(staff_session).values(
                school_id=school_id,
                staff_id=staff_id,
                token_hash=keyring.code_hash(token),
                created_at=now,
                seen_at=now,
                expires_at=now + (HALF_OPEN if half else SESSION),
            )
        )
    return token


async def who_is(database: Database, keyring: Keyring, token: str) -> Inside | None:
    """Say who holds this token now; a session that is used lives on, twelve hours from its last use.

    Nobody, as long as a session lacks the second factor that its owner had when it began.
    """
    hashed = keyring.code_hash(token)
    async with database.engine_reading() as connection:
        now = await database.now(connection)
        row = (await connection.execute(HELD, {"token": hashed})).one_or_none()
        if row is None or row.expires_at <= now or is_half(row):
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
    who = Inside(row.staff_id, row.name, row.school_id, row.school_name, row.timezone, now, day, rights)
    return replace(who, session_id=row.id, second_at=row.second_at, enrolled=row.confirmed_at is not None)


def is_half(row: Any) -> bool:  # noqa: ANN401 (a row)
    """Whether a session still waits for the second factor; one from before there was a factor does not."""
    return row.second_at is None and row.confirmed_at is not None and row.confirmed_at <= row.created_at


async def sign_out(database: Database, keyring: Keyring, token: str) -> None:
    """End this session."""
    async with database.engine() as connection:
        await connection.execute(delete(staff_session).where(staff_session.c.token_hash == keyring.code_hash(token)))


async def check_own_password(
    database: Database, keyring: Keyring, *, school_id: int, staff_id: int, password: str, where: str
) -> None:
    """Ask somebody who is inside for the password again; wrong ones count as they do at the door.

    Raises RefusedError, TooManyTriesError.
    """
    typed, place = keyring.lookup("own", f"{school_id}:{staff_id}"), keyring.lookup("from", network(where))
    tries = await counted(database, typed, place)
    async with database.engine_reading() as connection:
        mine = and_(staff.c.school_id == school_id, staff.c.id == staff_id)
        known = (await connection.execute(select(staff.c.password_hash).where(mine))).scalar_one_or_none()
    if not await _fits(known, password):
        raise RefusedError("Ce n’est pas votre mot de passe.")
    await forget(database, typed, tries)


async def hash_password(password: str) -> str:
    """Hash a new password with Argon2id (RFC 9106), in a bounded thread. Raises InvalidError when it is too long."""
    if len(password) > PASSWORD_MAX:
        raise InvalidError(f"Un mot de passe compte au plus {PASSWORD_MAX} signes.", field="password")
    return await asyncio.get_running_loop().run_in_executor(_hashing, _argon2().hash, password)


HELD = (
    select(
        staff_session.c.id,
        staff_session.c.staff_id,
        staff_session.c.school_id,
        staff_session.c.seen_at,
        staff_session.c.expires_at,
        staff_session.c.created_at,
        staff_session.c.second_at,
        staff_factor.c.confirmed_at,
        staff.c.name,
        school.c.name.label("school_name"),
        school.c.timezone,
    )
    .join(staff, (staff.c.school_id == staff_session.c.school_id) & (staff.c.id == staff_session.c.staff_id))
    .join(school, school.c.id == staff_session.c.school_id)
    .outerjoin(
        staff_factor,
        (staff_factor.c.school_id == staff_session.c.school_id) & (staff_factor.c.staff_id == staff_session.c.staff_id),
    )
    .where(staff_session.c.token_hash == bindparam("token", type_=LargeBinary()))
)
"""The session that a token names, with its owner: parameter token (its keyed hash)."""


async def _candidates(database: Database, email_hash: bytes, school_id: int | None) -> list[_Candidate]:
    asked = (
        select(staff.c.id, staff.c.school_id, school.c.name, staff.c.password_hash)
        .join(school, school.c.id == staff.c.school_id)
        .where(staff.c.email_hash == email_hash)
        .order_by(school.c.name, school.c.id)
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


def _mailbox(email: str) -> str:
    """Read what was typed as it was read when it was kept; what is no mailbox belongs to nobody."""
    try:
        return mailbox_key(read_mailbox(email))
    except InvalidError:
        return mailbox_key(email.strip())
