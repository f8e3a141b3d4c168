"""A family adds an address at its own page: a code goes there, comes back, and all the others are told."""

from datetime import datetime

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.home.codes import Place, tell_code
from hub.home.ways import new_way, proved, put_first, tell_the_others, want_no_more
from hub.models.school import School
from hub.outbox.rungs import wanted
from hub.people.noting import note
from hub.people.staff import speaks_for
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import address, contact_point, family_login_guardian


async def ask_for_proof(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    guardian_id: int,
    words: str,
    code: str,
    now: datetime,
) -> None:
    """Take an address down, as typed, and send the digits there, and nowhere else. Raises InvalidError."""
    way = await new_way(session, keyring, school=school, guardian_id=guardian_id, words=words, now=now)
    await tell_code(session, keyring, code, school=school, guardian_id=guardian_id, first=way, now=now)


async def take_proof(
    session: AsyncSession, keyring: Keyring, *, school: School, guardian_id: int, place: Place, now: datetime
) -> None:
    """The digits came back: the address is this adult's and comes first; all the others are told before.

    Raises NotFoundError when this adult has not given it.
    """
    mine = (
        select(contact_point.c.address_id)
        .distinct()  # it may be called as well as written to
        .join(
            address, and_(address.c.school_id == contact_point.c.school_id, address.c.id == contact_point.c.address_id)
        )
        .where(
            contact_point.c.school_id == school.key,
            contact_point.c.guardian_id == guardian_id,
            address.c.medium == place.medium,
            address.c.lookup_hash == place.lookup,
        )
    )
    address_id = (await session.execute(mine)).scalar_one_or_none()
    if address_id is None:
        raise NotFoundError("Cette adresse n’est pas la vôtre.")
    await _tell(session, keyring, school, guardian_id, address_id, now)
    await proved(session, school_id=school.key, guardian_id=guardian_id, address_id=address_id, now=now)


async def prefer(
    session: AsyncSession, keyring: Keyring, *, school: School, guardian_id: int, address_id: int, now: datetime
) -> None:
    """Let an address of this adult's come first; it and all the others are told. Raises NotFoundError."""
    await _tell(session, keyring, school, guardian_id, None, now)
    await put_first(session, school_id=school.key, guardian_id=guardian_id, address_id=address_id)


async def leave(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    guardian_id: int,
    address_id: int,
    login_id: int,
    now: datetime,
) -> None:
    """Write no more to an address of this adult's; it and all the others are told.

    Every session that the address opened is over, but for the one (`login_id`) in which this is said.

    Raises NotFoundError, and InvalidError for the last one that anything reaches.
    """
    await _tell(session, keyring, school, guardian_id, None, now)
    await want_no_more(session, school_id=school.key, guardian_id=guardian_id, address_id=address_id, now=now)
    kept = select(func.min(contact_point.c.address_id)).where(
        contact_point.c.school_id == school.key, contact_point.c.guardian_id == guardian_id, wanted()
    )
    await session.execute(
        update(family_login_guardian)
        .where(
            family_login_guardian.c.school_id == school.key,
            family_login_guardian.c.login_id == login_id,
            family_login_guardian.c.guardian_id == guardian_id,
            family_login_guardian.c.address_id == address_id,
        )
        .values(address_id=kept.scalar_subquery())
    )


async def _tell(
    session: AsyncSession, keyring: Keyring, school: School, guardian_id: int, but: int | None, now: datetime
) -> None:
    day = day_at_school(now, school.timezone)
    await tell_the_others(
        session,
        keyring,
        school=school,
        author_id=await speaks_for(session, school_id=school.key, day=day),
        guardian_id=guardian_id,
        but=but,
        now=now,
    )
    await note(session, school.key, None, "ways_changed", ("guardian", guardian_id), now)
