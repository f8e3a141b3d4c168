"""What an answer shows at once: the address lives, the message arrived, and the delivery is acknowledged."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, bindparam, case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from hub.models.base import BigId, UtcDateTime
from hub.models.notices import DeliveryState
from hub.models.people import AddressState
from hub.notices.chain import with_reminders
from hub.outbox.follow import deliver
from hub.outbox.rungs import LEFT, WRITABLE
from hub.replies.served import Adult, Served
from hub.tables import address, attempt, call_task, delivery

FINAL = (DeliveryState.ACKNOWLEDGED, DeliveryState.CANCELLED, DeliveryState.EXPIRED)


async def show_arrived(connection: AsyncConnection, served: Served, now: datetime) -> None:
    """Somebody answered from there: the address lives, the copy arrived, and everyone it serves counts as told."""
    await connection.execute(_lives(), {"b_school": served.school_id, "b_address": served.address_id, "b_now": now})
    last = await connection.execute(_last(), {"school": served.school_id, "copy": served.copy_id})
    number = last.scalar_one_or_none()
    if number is not None:
        await deliver(connection, {number: None}, now)


@cache
def _lives() -> Update:
    """Write that an address lives: parameters b_school, b_address, b_now."""
    moment = bindparam("b_now", type_=UtcDateTime())
    return (
        update(address)
        .where(
            address.c.school_id == bindparam("b_school", type_=BigId()),
            address.c.id == bindparam("b_address", type_=BigId()),
            address.c.state.in_(WRITABLE),
        )
        .values(
            last_sign_of_life=moment,
            state_at=case((address.c.state == AddressState.ACTIVE, address.c.state_at), else_=moment),
            state=AddressState.ACTIVE,
        )
    )


@cache
def _last() -> Select[Any]:
    """Ask for the last try of a copy that left: parameters school, copy."""
    return (
        select(attempt.c.id)
        .where(
            attempt.c.school_id == bindparam("school", type_=BigId()),
            attempt.c.copy_id == bindparam("copy", type_=BigId()),
            attempt.c.state.in_(LEFT),
        )
        .order_by(attempt.c.n.desc())
        .limit(1)
    )


async def acknowledge(connection: AsyncConnection, served: Served, adult: Adult, now: datetime) -> None:
    """Let this adult be asked no more: by this notice, and, of a question, by what says it again or said it before."""
    which = {"b_school": served.school_id, "b_delivery": adult.delivery_id, "b_now": now}
    ended = list(await connection.scalars(_acknowledged(), which))
    if served.asks or served.counts_on:
        told = await with_reminders(connection, served.school_id, served.first_id)
        if len(told) > 1:
            those = {**which, "b_notices": list(told), "b_guardian": adult.guardian_id}
            ended += await connection.scalars(_acknowledged_of_all(), those)
    if ended:
        await connection.execute(_called_otherwise(), {**which, "b_deliveries": ended})


@cache
def _acknowledged() -> ReturningUpdate[int]:
    """Write that a delivery is acknowledged: parameters b_delivery, b_now."""
    return _acknowledging().where(delivery.c.id == bindparam("b_delivery", type_=BigId())).returning(delivery.c.id)


@cache
def _acknowledged_of_all() -> ReturningUpdate[int]:
    """Write the same of an adult's deliveries of some notices: parameters b_school, b_notices, b_guardian, b_now."""
    return (
        _acknowledging()
        .where(
            delivery.c.school_id == bindparam("b_school", type_=BigId()),
            delivery.c.notice_id.in_(bindparam("b_notices", type_=BigId(), expanding=True)),
            delivery.c.guardian_id == bindparam("b_guardian", type_=BigId()),
        )
        .returning(delivery.c.id)
    )


def _acknowledging() -> Update:
    return (
        update(delivery)
        .where(delivery.c.state.not_in(FINAL))
        .values(state=DeliveryState.ACKNOWLEDGED, state_at=bindparam("b_now", type_=UtcDateTime()))
    )


@cache
def _called_otherwise() -> Update:
    """Close the calls that nobody needs to make any more: parameters b_deliveries, b_now."""
    return (
        update(call_task)
        .where(
            call_task.c.delivery_id.in_(bindparam("b_deliveries", type_=BigId(), expanding=True)),
            call_task.c.done_at.is_(None),
        )
        .values(done_at=bindparam("b_now", type_=UtcDateTime()), outcome="otherwise")
    )
