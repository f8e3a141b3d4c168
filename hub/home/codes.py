"""Six digits that prove an address: made, counted, and read back from the browser that asked for them.

What is written down is the same whether any school knows the address or not, so that nobody learns it here.
"""

import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.errors import HubError
from hub.models.home import CodeFor
from hub.models.people import Medium
from hub.models.school import School
from hub.notices.publish import Draft, tell
from hub.outbox.conversations import FirstWay
from hub.people.links import told_about
from hub.people.staff import speaks_for
from hub.people.tries import network
from hub.ports import NoticeKind, Slots
from hub.routing import CODE_LIVES, day_at_school
from hub.sealing import Keyring
from hub.tables import family_code

WINDOW = timedelta(hours=1)
MOST_TO_ONE, MOST_FROM_ONE, MOST_BETWEEN = 6, 20, 3
"""Codes an hour to one address, from one network (a household, or a school's own, asks for less), and from the one to
the other: a stranger who asks again and again for somebody's number does not keep that family out."""
MOST_TRIES = 5
_ONE_AT_A_TIME = 0x_C0DE


class TooManyCodesError(HubError):
    """Too many codes were asked for lately; `wait` is how long until the next one."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("Trop de codes ont été demandés.")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code goes: what an address is found by (`hub.people`), never the address itself."""

    medium: Medium
    lookup: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What the right digits prove. `login_id`: the session that it adds to."""

    code_id: int
    place: Place
    login_id: int | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Wrong:
    """Digits that open nothing; `left` tries, none when the code is over."""

    left: int


def new_browser() -> str:
    """Make the name by which a browser is known again that asked for a code (43 characters)."""
    return secrets.token_urlsafe(32)


async def make_code(
    connection: AsyncConnection,
    keyring: Keyring,
    *,
    opens: CodeFor,
    to: Place,
    where: str,
    browser: str,
    now: datetime,
    login_id: int | None = None,
) -> str:
    """Write down a new code, and give it. `where` is the visitor's network address.

    Needs `Database.engine()`. Raises TooManyCodesError; nothing is written then.
    """
    place = keyring.lookup("code-from", network(where))
    await _in_turn(connection)
    wait = await _wait(connection, to.lookup, place, now)
    if wait is not None:
        raise TooManyCodesError(wait)
    code = f"{secrets.randbelow(10**6):06}"
    await connection.execute(
        insert(family_code).values(
            browser_hash=keyring.code_hash(browser),
            opens=opens,
            medium=to.medium,
            lookup_hash=to.lookup,
            where_hash=place,
            code_hash=_hash(keyring, browser, code),
            login_id=login_id,
            made_at=now,
            expires_at=now + CODE_LIVES,
        )
    )
    return code


async def tell_code(
    session: AsyncSession,
    keyring: Keyring,
    code: str,
    *,
    school: School,
    guardian_id: int,
    first: FirstWay,
    now: datetime,
) -> None:
    """Send the digits to one adult by one way, in the school's name."""
    day = day_at_school(now, school.timezone)
    told = told_about(school.key, day).subquery("told")
    slots = Slots(code=code, language=school.language)
    await tell(
        session,
        keyring,
        school=school,
        author_id=await speaks_for(session, school_id=school.key, day=day),
        draft=Draft(kind=NoticeKind.CODE, audience=f"guardian:{guardian_id}", slots=slots),
        who=select(told.c.guardian_id, told.c.pupil_id).where(told.c.guardian_id == guardian_id).distinct(),
        now=now,
        first=first,
    )


async def try_code(
    connection: AsyncConnection, keyring: Keyring, *, opens: CodeFor, browser: str, typed: str, now: datetime
) -> Proof | Wrong:
    """Read the digits that somebody typed, in whatever script; each try counts, and the right one proves once.

    Needs `Database.engine()`; commit also what was wrong.
    """
    mine = (family_code.c.browser_hash == keyring.code_hash(browser), family_code.c.opens == opens)
    tried = await connection.execute(
        update(family_code)
        .where(
            *mine,
            family_code.c.proved_at.is_(None),
            family_code.c.expires_at > now,
            family_code.c.tries < MOST_TRIES,
        )
        .values(tries=family_code.c.tries + 1)
        .returning(
            family_code.c.id,
            family_code.c.code_hash,
            family_code.c.medium,
            family_code.c.lookup_hash,
            family_code.c.login_id,
            family_code.c.tries,
        )
    )
    row = tried.one_or_none()
    if row is None:
        return Wrong(0)
    if not hmac.compare_digest(row.code_hash, _hash(keyring, browser, _digits(typed))):
        return Wrong(MOST_TRIES - row.tries)
    proved = update(family_code).where(family_code.c.id == row.id)
    await connection.execute(proved.values(proved_at=now, expires_at=now + CODE_LIVES))
    return Proof(row.id, Place(Medium(row.medium), bytes(row.lookup_hash)), row.login_id, now)


async def proved_here(
    connection: AsyncConnection, keyring: Keyring, *, opens: CodeFor, browser: str, now: datetime
) -> Proof | None:
    """Say what this browser has lately proved and not yet used."""
    asked = select(family_code.c.id, family_code.c.medium, family_code.c.lookup_hash, family_code.c.login_id).where(
        family_code.c.browser_hash == keyring.code_hash(browser),
        family_code.c.opens == opens,
        family_code.c.proved_at.is_not(None),
        family_code.c.used_at.is_(None),
        family_code.c.expires_at > now,
    )
    row = (await connection.execute(asked)).one_or_none()
    return None if row is None else Proof(row.id, Place(Medium(row.medium), bytes(row.lookup_hash)), row.login_id, now)


async def use(connection: AsyncConnection, proof: Proof) -> bool:
    """Use up what was proved; False when it was used before."""
    used = await connection.execute(
        update(family_code)
        .where(family_code.c.id == proof.code_id, family_code.c.used_at.is_(None))
        .values(used_at=proof.now)
        .returning(family_code.c.id)
    )
    return used.one_or_none() is not None


async def _in_turn(connection: AsyncConnection) -> None:
    """Let those who ask at once see each other's codes (SQLite has one writer at a time anyway)."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


async def _wait(connection: AsyncConnection, lookup: bytes, place: bytes, now: datetime) -> timedelta | None:
    """Say how long one must wait for the next code, if at all."""
    asked = select(family_code.c.lookup_hash, family_code.c.where_hash, family_code.c.made_at).where(
        or_(family_code.c.lookup_hash == lookup, family_code.c.where_hash == place),
        family_code.c.made_at > now - WINDOW,
    )
    rows = (await connection.execute(asked.order_by(family_code.c.made_at.desc()))).all()
    to_one = [row.made_at for row in rows if row.lookup_hash == lookup]
    from_one = [row.made_at for row in rows if row.where_hash == place]
    between = [row.made_at for row in rows if row.lookup_hash == lookup and row.where_hash == place]
    full = [
        made[most - 1] + WINDOW - now
        for made, most in ((to_one, MOST_TO_ONE), (from_one, MOST_FROM_ONE), (between, MOST_BETWEEN))
        if len(made) >= most
    ]
    return max(full, default=None)


def _hash(keyring: Keyring, browser: str, code: str) -> bytes:
    return keyring.code_hash(f"{browser}:{code}")


def _digits(typed: str) -> str:
    """Read digits of any script, without what stands between them."""
    return "".join(str(unicodedata.decimal(sign)) for sign in typed[:60] if unicodedata.category(sign) == "Nd")
