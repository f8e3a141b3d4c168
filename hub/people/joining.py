"""Invitations: a code by which one adult adds a chat, or the notifications of a browser, as an address, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import Database
from hub.errors import NotFoundError
from hub.models.people import AddressState, Medium
from hub.people.addresses import find_address, new_address
from hub.people.links import told_about
from hub.ports import ChannelName
from hub.routing import day_at_school
from hub.sealing import Keyring, link_code
from hub.tables import address, contact_point, data_key, insert_into, invitation, notice, page_link, school, stop
from hub.tables import copy as copies

ON_A_PAGE = timedelta(hours=1)
"""How long an invitation asked for on a page is good: one tap follows the other."""
ON_PAPER = timedelta(days=30)
"""How long a printed one is good: paper travels in a school bag."""
WAYS = {Medium.CHAT: ChannelName.CHAT, Medium.PUSH: ChannelName.PUSH}


@dataclass(frozen=True, slots=True)
class Invited:
    """An open invitation: whose, to what, and by whom (the staff member who printed it, or wrote the notice)."""

    invitation_id: int
    school_id: int
    guardian_id: int
    medium: Medium
    invited_by: int


async def invite(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    guardian_id: int,
    medium: Medium,
    copy_id: int | None = None,
    made_by: int | None = None,
    now: datetime,
) -> str:
    """Make an invitation and give its code (12 signs), of which only the hash is kept.

    Either on the page of a message (`copy_id`), or on paper by a member of staff (`made_by`).
    """
    code = link_code()
    await session.execute(
        insert(invitation).values(
            school_id=school_id,
            guardian_id=guardian_id,
            medium=medium,
            code_hash=keyring.code_hash(code),
            copy_id=copy_id,
            made_by=made_by,
            made_at=now,
            expires_at=now + (ON_A_PAGE if copy_id is not None else ON_PAPER),
        )
    )
    return code


async def find_invitation(database: Database, keyring: Keyring, code: str, *, now: datetime) -> Invited | None:
    """Say whose invitation a code opens, while it is good and unused; None for all others alike."""
    async with database.engine_reading() as connection:
        row = (
            await connection.execute(
                select(
                    invitation.c.id,
                    invitation.c.school_id,
                    invitation.c.guardian_id,
                    invitation.c.medium,
                    func.coalesce(invitation.c.made_by, notice.c.author_id).label("invited_by"),
                )
                .outerjoin(
                    copies, and_(copies.c.school_id == invitation.c.school_id, copies.c.id == invitation.c.copy_id)
                )
                .outerjoin(notice, and_(notice.c.school_id == copies.c.school_id, notice.c.id == copies.c.notice_id))
                .where(
                    invitation.c.code_hash == keyring.code_hash(code),
                    invitation.c.used_at.is_(None),
                    invitation.c.expires_at > now,
                )
            )
        ).one_or_none()
    if row is None:
        return None
    return Invited(row.id, row.school_id, row.guardian_id, Medium(row.medium), row.invited_by)


async def use_invitation(session: AsyncSession, invited: Invited, *, now: datetime) -> None:
    """Use it up, once.

    Raises NotFoundError when somebody did before, the adult has no right any more, or the link of the message that it
    was asked on was revoked since: a stranger had it.
    """
    zone = (await session.execute(select(school.c.timezone).where(school.c.id == invited.school_id))).scalar_one()
    linked = told_about(invited.school_id, day_at_school(now, zone), to_come=True).subquery("linked")
    still = select(linked.c.guardian_id).where(linked.c.guardian_id == invited.guardian_id)
    link = select(page_link.c.id).where(
        page_link.c.school_id == invitation.c.school_id,
        page_link.c.copy_id == invitation.c.copy_id,
        page_link.c.revoked_at.is_(None),
    )
    used = await session.execute(
        update(invitation)
        .where(
            invitation.c.school_id == invited.school_id,
            invitation.c.id == invited.invitation_id,
            invitation.c.used_at.is_(None),
            still.exists(),
            or_(invitation.c.copy_id.is_(None), link.exists()),
        )
        .values(used_at=now)
        .returning(invitation.c.id)
    )
    if used.scalar_one_or_none() is None:
        raise NotFoundError("Cette invitation a déjà servi ou n'est plus valable.")


async def add_address(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    guardian_id: int,
    medium: Medium,
    value: str,
    name: str,
    language: str | None = None,
    now: datetime,
) -> int:
    """Give an adult an address that he or she just proved, in the first place; gives its id.

    `value` is sealed; `name` is what it is found again by (a chat's number, a subscription's endpoint). An address
    that was stopped, wrong or dead lives again: somebody just wrote from it. No child is named in a chat unless its
    owner asks for names.
    """
    lookup = keyring.lookup(medium.value, name)
    fresh = {"state": AddressState.ACTIVE, "state_at": now, "last_sign_of_life": now}
    known = await find_address(session, school_id, medium, lookup)
    if known is None:
        more = {"language": language, "discreet": medium is Medium.CHAT, **fresh}
        address_id = await new_address(session, keyring, school_id, medium, lookup, value=value, more=more)
    else:
        address_id, _ = known
        row = select(data_key.c.wrapped, data_key.c.master_version).where(
            data_key.c.id == select(address.c.data_key_id).where(address.c.id == address_id).scalar_subquery()
        )
        key = (await session.execute(row)).one()
        sealed = keyring.seal(key.wrapped, key.master_version).close(value.encode(), b"address.value")
        await session.execute(
            update(address)
            .where(address.c.school_id == school_id, address.c.id == address_id)
            .values(value_sealed=sealed, **fresh)
        )
        await session.execute(delete(stop).where(stop.c.school_id == school_id, stop.c.address_id == address_id))
    await _put_first(session, school_id, guardian_id, address_id, WAYS[medium])
    return address_id


async def _put_first(
    session: AsyncSession, school_id: int, guardian_id: int, address_id: int, channel: ChannelName
) -> None:
    """Let this use come before all others of the adult; one that is there already keeps its place, and is wanted."""
    made = await session.execute(
        insert_into(contact_point, session)
        .values(school_id=school_id, guardian_id=guardian_id, address_id=address_id, channel=channel, position=0)
        .on_conflict_do_nothing()
        .returning(contact_point.c.id)
    )
    mine = and_(contact_point.c.school_id == school_id, contact_point.c.guardian_id == guardian_id)
    if made.scalar_one_or_none() is None:
        known = and_(mine, contact_point.c.address_id == address_id, contact_point.c.channel == channel)
        await session.execute(update(contact_point).where(known).values(unwanted_at=None))
        return
    await session.execute(update(contact_point).where(mine).values(position=contact_point.c.position + literal(1)))
