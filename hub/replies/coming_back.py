"""An address that seemed dead writes: it lives, and notices that only waited for a call may go there after all."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import InvalidError
from hub.models.notices import DeliveryState
from hub.models.people import AddressState
from hub.notices.ways import send_otherwise
from hub.people.silences import quiet_at, silences
from hub.ports import Lane
from hub.replies.keeping import Kept
from hub.tables import address, audit, call_task, contact_point, delivery, notice

CAME_BACK = "address_came_back"
"""The act in the audit, of the reply that proved it; the conversation says so beside that reply."""


async def come_back(connection: AsyncConnection, kept: Kept, address_id: int) -> None:
    """Write again to a dead address from which a person has just written; a stopped or a stranger's stays as it is.

    It names no child before it has answered something, for a number that was dead may be somebody else's by now. What
    only waited for a call because of it is sent there, when the school's silence ends, and nobody need call; not a call
    that somebody has taken or tried. Harmless to repeat.
    """
    school_id, now = kept.school_id, kept.now
    dead = and_(address.c.school_id == school_id, address.c.id == address_id, address.c.state == AddressState.DEAD)
    lives = update(address).where(dead).values(state=AddressState.ACTIVE, state_at=now).returning(address.c.id)
    if (await connection.execute(lives)).scalar_one_or_none() is None:
        return
    act = {"school_id": school_id, "at": now, "act": CAME_BACK, "subject": "reply", "subject_id": kept.reply_id}
    await connection.execute(insert(audit).values(**act))
    calls = (await connection.execute(_calls(school_id, address_id, now))).all()
    silence = (await silences(connection, [school_id]))[school_id] if calls else None
    for row in calls:
        at = now if row.lane == Lane.URGENT else quiet_at(now, silence) or now
        try:
            async with connection.begin_nested():
                await send_otherwise(
                    connection, school_id=school_id, delivery_id=row.delivery_id, address_id=address_id, at=at, now=now
                )
        except InvalidError:  # it was no dead address that stopped this one: somebody calls
            continue
        await connection.execute(
            update(call_task).where(call_task.c.school_id == school_id, call_task.c.id == row.id).values(done_at=now)
        )


def _calls(school_id: int, address_id: int, now: datetime) -> Any:  # noqa: ANN401 (a statement)
    """Select the calls that nobody has begun, to adults who use this address, about what is not stale."""
    theirs = select(contact_point.c.guardian_id).where(
        contact_point.c.school_id == school_id, contact_point.c.address_id == address_id
    )
    return (
        select(call_task.c.id, call_task.c.delivery_id, notice.c.lane)
        .join(delivery, and_(delivery.c.school_id == call_task.c.school_id, delivery.c.id == call_task.c.delivery_id))
        .join(notice, and_(notice.c.school_id == delivery.c.school_id, notice.c.id == delivery.c.notice_id))
        .where(
            call_task.c.school_id == school_id,
            call_task.c.done_at.is_(None),
            call_task.c.owner_id.is_(None),
            call_task.c.outcome.is_(None),
            delivery.c.state == DeliveryState.TO_CALL,
            delivery.c.chased.is_(False),
            delivery.c.guardian_id.in_(theirs),
            notice.c.expires_at > now,
        )
        .order_by(call_task.c.id)
    )
