"""A stranger holds the number: nothing more goes there, and the adults behind it are reached otherwise."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agenda.feeds import end_feeds
from hub.models.notices import AttemptState
from hub.models.people import AddressState, Matter
from hub.outbox.ladder import climb
from hub.outbox.rungs import LIVE, WRITABLE, has_attempt, standing_on
from hub.people.tray import put_in_tray
from hub.ports import Lane
from hub.tables import (
    address,
    attempt,
    contact_point,
    copy,
    invitation,
    notice,
    page_link,
    tray_item,
)

WRONG = "wrong_number"
"""Stands as the error of tries that reached a stranger: they told nobody."""


async def wrong_number(connection: AsyncConnection, *, school_id: int, address_id: int, now: datetime) -> None:
    """A stranger holds this number: nothing more goes there, its links close, and its adults are reached otherwise.

    What has reached the stranger told nobody: those tries are withdrawn, so that a late receipt raises nothing, and
    notices that still matter take their next rung. What was added through it (a chat, a browser) goes with it. The
    office is asked to find the right number. The calendar addresses of its adults end: the stranger may have opened
    their page by this number, and made one there. Harmless to repeat: nothing has left for it since.
    """
    here = (address.c.school_id == school_id, address.c.id == address_id, address.c.state != AddressState.WRONG)
    freezing = update(address).where(*here).values(state=AddressState.WRONG, state_at=now).returning(address.c.id)
    if (await connection.execute(freezing)).scalar_one_or_none() is None:
        return
    copies = select(copy.c.id).where(copy.c.school_id == school_id, copy.c.address_id == address_id)
    await connection.execute(
        update(page_link)
        .where(page_link.c.school_id == school_id, page_link.c.copy_id.in_(copies), page_link.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    used = select(contact_point.c.guardian_id).where(
        contact_point.c.school_id == school_id, contact_point.c.address_id == address_id
    )
    adults = (await connection.execute(used.distinct())).scalars().all()
    await end_feeds(connection, school_id=school_id, guardians=adults, now=now)
    await put_in_tray(
        connection, school_id, Matter.WRONG_NUMBER, subject=f"address:{address_id}", now=now, address_id=address_id
    )
    for lane in Lane:
        await _reach_otherwise(connection, school_id, address_id, lane, now)
    for joined in await _joined_from(connection, school_id, address_id):
        await wrong_number(connection, school_id=school_id, address_id=joined, now=now)


async def _joined_from(connection: AsyncConnection, school_id: int, address_id: int) -> Sequence[int]:
    """Give the chats and browsers that were added on the page of a message to this address: the stranger's too."""
    used = (
        select(invitation.c.address_id)
        .join(copy, (copy.c.school_id == invitation.c.school_id) & (copy.c.id == invitation.c.copy_id))
        .join(address, (address.c.school_id == invitation.c.school_id) & (address.c.id == invitation.c.address_id))
        .where(invitation.c.school_id == school_id, copy.c.address_id == address_id, address.c.state.in_(WRITABLE))
    )
    return (await connection.execute(used.distinct())).scalars().all()


async def ask_other_schools(connection: AsyncConnection, *, school_id: int, address_id: int, now: datetime) -> None:
    """Ask every other school that holds the same number to check it; needs a connection that sees all schools.

    Only of a number that is wrong here, and each school once for it: also one that has settled the matter since.
    """
    this = select(address.c.medium, address.c.lookup_hash, address.c.state_at).where(
        address.c.school_id == school_id, address.c.id == address_id, address.c.state == AddressState.WRONG
    )
    found = (await connection.execute(this)).one_or_none()
    if found is None:
        return
    asked = select(tray_item.c.id).where(
        tray_item.c.school_id == address.c.school_id,
        tray_item.c.address_id == address.c.id,
        tray_item.c.matter == Matter.WRONG_NUMBER,
        tray_item.c.opened_at >= found.state_at,
    )
    others = await connection.execute(
        select(address.c.school_id, address.c.id).where(
            address.c.medium == found.medium,
            address.c.lookup_hash == found.lookup_hash,
            address.c.school_id != school_id,
            address.c.state.in_(WRITABLE),
            ~asked.correlate(address).exists(),
        )
    )
    for row in others.all():
        await put_in_tray(
            connection, row.school_id, Matter.WRONG_NUMBER, subject=f"address:{row.id}", now=now, address_id=row.id
        )


async def _reach_otherwise(
    connection: AsyncConnection, school_id: int, address_id: int, lane: Lane, now: datetime
) -> None:
    """Withdraw what went to the address for notices that still matter, and put their adults on the next rung."""
    mattering = (
        select(copy.c.id)
        .join(notice, notice.c.id == copy.c.notice_id)
        .where(
            copy.c.school_id == school_id,
            copy.c.address_id == address_id,
            notice.c.lane == lane,
            notice.c.expires_at > now,
        )
    )
    copies = [row.id for row in await connection.execute(mattering)]
    if not copies:
        return
    await connection.execute(
        update(attempt)
        .where(attempt.c.copy_id.in_(copies), or_(attempt.c.state.in_(LIVE), attempt.c.state == AttemptState.DELIVERED))
        .values(state=AttemptState.WITHDRAWN, look_at=None, ended_at=now, error_code=WRONG)
    )
    await climb(connection, standing_on(copies) & ~has_attempt(AttemptState.DELIVERED), lane=lane, now=now)
