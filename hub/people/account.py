"""A colleague's own account: the password, where one is signed in, and whether there is a second factor."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import Database
from hub.errors import InvalidError, NotFoundError
from hub.people.schools import school_key
from hub.people.sign_in import check_own_password, hash_password
from hub.people.staff import EMAIL_SEALED, check_password
from hub.sealing import Keyring
from hub.tables import recovery_code, staff, staff_factor, staff_session


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of one's own."""

    session_id: int
    created_at: datetime
    seen_at: datetime
    second: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody sees of his or her own account. `codes_left`: unused codes on paper.

    `has_password`: False for a substitute, who came in by a code on paper and has neither password nor factor.
    """

    has_password: bool
    second_since: datetime | None
    codes_left: int
    sessions: tuple[SignedIn, ...]


async def account_of(session: AsyncSession, *, school_id: int, staff_id: int, now: datetime) -> Account:
    """Read one's own account, in two questions; the session used last comes first."""
    mine = and_(staff_factor.c.school_id == school_id, staff_factor.c.staff_id == staff_id)
    left = select(func.count()).where(
        recovery_code.c.school_id == school_id, recovery_code.c.staff_id == staff_id, recovery_code.c.used_at.is_(None)
    )
    row = (
        await session.execute(
            select(
                staff.c.password_hash.is_not(None).label("has_password"),
                select(staff_factor.c.confirmed_at).where(mine).scalar_subquery().label("confirmed_at"),
                left.scalar_subquery().label("codes_left"),
            ).where(staff.c.school_id == school_id, staff.c.id == staff_id)
        )
    ).one()
    opened = await session.execute(
        select(staff_session.c.id, staff_session.c.created_at, staff_session.c.seen_at, staff_session.c.second_at)
        .where(
            staff_session.c.school_id == school_id,
            staff_session.c.staff_id == staff_id,
            staff_session.c.expires_at > now,
        )
        .order_by(staff_session.c.seen_at.desc(), staff_session.c.id)
    )
    return Account(
        has_password=bool(row.has_password),
        second_since=row.confirmed_at,
        codes_left=int(row.codes_left),
        sessions=tuple(SignedIn(one.id, one.created_at, one.seen_at, one.second_at is not None) for one in opened),
    )


async def end_session(session: AsyncSession, *, school_id: int, staff_id: int, session_id: int) -> None:
    """End a session of one's own. Raises NotFoundError for any other."""
    gone = await session.execute(
        delete(staff_session)
        .where(
            staff_session.c.school_id == school_id,
            staff_session.c.staff_id == staff_id,
            staff_session.c.id == session_id,
        )
        .returning(staff_session.c.id)
    )
    if gone.scalar_one_or_none() is None:
        raise NotFoundError("Cette session est déjà finie.")


async def change_password(
    database: Database,
    keyring: Keyring,
    *,
    school_id: int,
    staff_id: int,
    session_id: int,
    present: str,
    new: str,
    where: str,
) -> None:
    """Take another password from who gives the present one; all other sessions of this person end.

    `where` is the visitor's network address. Raises RefusedError, TooManyTriesError, InvalidError.
    """
    await check_own_password(database, keyring, school_id=school_id, staff_id=staff_id, password=present, where=where)
    async with database.reading(school_id) as session:
        mine = and_(staff.c.school_id == school_id, staff.c.id == staff_id)
        sealed = (await session.execute(select(staff.c.email_sealed).where(mine))).scalar_one()
        mailbox = (await school_key(session, keyring, school_id)).open(sealed, EMAIL_SEALED).decode()
    check_password(new, mailbox=mailbox)
    if new == present:
        raise InvalidError("C’est déjà votre mot de passe : prenez-en un autre.", field="password")
    hashed = await hash_password(new)
    async with database.school(school_id) as session:
        await session.execute(update(staff).where(mine).values(password_hash=hashed))
        await session.execute(
            delete(staff_session).where(
                staff_session.c.school_id == school_id,
                staff_session.c.staff_id == staff_id,
                staff_session.c.id != session_id,
            )
        )
