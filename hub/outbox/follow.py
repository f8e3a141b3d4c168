"""What follows for a family: success on any rung tells its adults, failure on the present one opens the next."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Update, and_, bindparam, case, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId, UtcDateTime
from hub.models.notices import AttemptState, DeliveryState, ErrorKind
from hub.models.people import AddressState
from hub.outbox.bulk import Bulk, stored
from hub.outbox.ladder import climb, open_calls
from hub.outbox.rungs import WAITING, has_attempt, nobody_calls, standing_on, still_tried
from hub.outbox.stopping import stop_writing
from hub.outbox.unanswered import ask_at_once
from hub.ports import Lane
from hub.routing import after_failure
from hub.tables import address, attempt, call_task, copy, copy_delivery, delivery

MAY_FAIL = (AttemptState.SENDING, AttemptState.UNKNOWN, AttemptState.ACCEPTED)
MAY_SUCCEED = (*MAY_FAIL, AttemptState.FAILED)


async def deliver(connection: AsyncConnection, proved: Mapping[int, str | None], now: datetime) -> None:
    """A handset has it: the attempt is delivered, and everyone the copy serves is told. Any rung's success wins.

    `proved` gives the provider's own id by attempt.
    """
    if not proved:
        return
    await _DELIVERED.run(connection, list(proved.items()), stored(connection, now))
    which = {"b_tries": list(proved), "b_now": now}
    await connection.execute(_called_otherwise(), which)
    await connection.execute(_told(), which)


@cache
def _called_otherwise() -> Update:
    """End the calls of those whom some tries told: parameters b_tries, b_now."""
    return (
        update(call_task)
        .where(
            call_task.c.done_at.is_(None),
            call_task.c.delivery_id.in_(select(delivery.c.id).where(_served(), _waits_for_a_call())),
        )
        .values(done_at=bindparam("b_now", type_=UtcDateTime()), outcome="otherwise")
    )


@cache
def _told() -> Update:
    """Count as told whom some tries served: parameters b_tries, b_now.

    So is whom nobody called when the proof was late.
    """
    late = and_(delivery.c.state == DeliveryState.EXPIRED, nobody_calls())
    return (
        update(delivery)
        .where(_served(), or_(delivery.c.state.in_(WAITING), _waits_for_a_call(), late))
        .values(state=DeliveryState.TOLD, state_at=bindparam("b_now", type_=UtcDateTime()))
    )


def _waits_for_a_call() -> ColumnElement[bool]:
    """Say that somebody must call because nothing arrived; who knows and does not answer is called all the same."""
    return and_(delivery.c.state == DeliveryState.TO_CALL, delivery.c.chased.is_(False))


def _served() -> ColumnElement[bool]:
    served = select(copy_delivery.c.delivery_id).join(attempt, attempt.c.copy_id == copy_delivery.c.copy_id)
    return delivery.c.id.in_(served.where(attempt.c.id.in_(bindparam("b_tries", type_=BigId(), expanding=True))))


async def fail(connection: AsyncConnection, why: Mapping[int, tuple[ErrorKind, str]], now: datetime) -> None:
    """A try is over without success: what follows for the address, the sender, and the adults behind the copy."""
    if not why:
        return
    rows = (
        await connection.execute(
            select(
                attempt.c.id,
                attempt.c.school_id,
                attempt.c.copy_id,
                attempt.c.n,
                attempt.c.lane,
                attempt.c.sender_id,
                copy.c.address_id,
            )
            .join(copy, copy.c.id == attempt.c.copy_id)
            .where(attempt.c.id.in_(why), attempt.c.state.in_(MAY_FAIL))
        )
    ).all()
    if not rows:
        return
    await connection.execute(
        _FAILED,
        [{"b_id": row.id, "b_kind": why[row.id][0], "b_code": why[row.id][1][:40], "b_now": now} for row in rows],
    )
    climbing: dict[Lane, list[int]] = {}
    for row in rows:
        follow = after_failure(why[row.id][0], row.lane, row.n)
        if follow.address_dead:
            await _bury(connection, row.school_id, row.address_id, now)
        if follow.address_stopped:
            await stop_writing(
                connection, school_id=row.school_id, address_id=row.address_id, sender_id=row.sender_id, now=now
            )
        if follow.retry_in is not None:
            await next_attempt(connection, row.id, at=now + timedelta(seconds=follow.retry_in), repeats=False)
        else:
            climbing.setdefault(row.lane, []).append(row.copy_id)
    for lane, copies in climbing.items():
        await climb_from(connection, copies, lane=lane, now=now)


async def climb_from(connection: AsyncConnection, copies: Sequence[int], *, lane: Lane, now: datetime) -> None:
    """Move on the deliveries that stand on these copies, unless something still lives or has arrived.

    Who knows and was only asked once more does not fall back: the next way comes at once, as the ladder says.
    """
    if not copies:
        return
    stand = standing_on(copies) & ~still_tried()
    knows = and_(delivery.c.state == DeliveryState.TOLD, delivery.c.chased)
    which: ColumnElement[bool] = stand & ~has_attempt(AttemptState.DELIVERED) & ~knows
    await climb(connection, which, lane=lane, now=now)
    await ask_at_once(connection, stand, now=now)


async def let_expire(connection: AsyncConnection, copies: Sequence[int], *, lane: Lane, now: datetime) -> None:
    """What would arrive stale: routine and codes expire; urgent becomes a task to call, it still concerns a child."""
    if not copies:
        return
    state = DeliveryState.TO_CALL if lane is Lane.URGENT else DeliveryState.EXPIRED
    await rest(connection, copies, state=state, lane=lane, now=now)


async def rest(
    connection: AsyncConnection, copies: Sequence[int], *, state: DeliveryState, lane: Lane, now: datetime
) -> None:
    """Leave the ladder: the deliveries that wait on these copies come to rest in `state`; nobody calls about some."""
    calls = state is DeliveryState.TO_CALL
    ends = case((nobody_calls(), DeliveryState.EXPIRED.value), else_=state.value) if calls else literal(state.value)
    rows = await connection.execute(
        update(delivery)
        .where(standing_on(copies), delivery.c.state.in_(WAITING), ~has_attempt(AttemptState.DELIVERED))
        .values(state=ends, state_at=now, rung=delivery.c.rung if state is DeliveryState.TOLD else 0)
        .returning(delivery.c.id)
    )
    ids = [row.id for row in rows]
    if ids and calls:
        await open_calls(connection, delivery.c.id.in_(ids), lane=lane, now=now)


async def next_attempt(connection: AsyncConnection, attempt_id: int, *, at: datetime, repeats: bool) -> None:
    """Give a copy another try through the same sender; `repeats` when the one before may have arrived."""
    moment = literal(at, attempt.c.due_at.type)
    await connection.execute(
        insert(attempt).from_select(
            ["school_id", "copy_id", "n", "sender_id", "lane", "due_at", "look_at", "repeats"],
            select(
                attempt.c.school_id,
                attempt.c.copy_id,
                attempt.c.n + 1,
                attempt.c.sender_id,
                attempt.c.lane,
                moment,
                moment,
                literal(value=repeats),
            ).where(attempt.c.id == attempt_id),
        )
    )


async def _bury(connection: AsyncConnection, school_id: int, address_id: int, now: datetime) -> None:
    await connection.execute(
        update(address)
        .where(address.c.school_id == school_id, address.c.id == address_id)
        .values(state=AddressState.DEAD, state_at=now)
    )


_DELIVERED = Bulk(
    "UPDATE attempt SET state = 'delivered', look_at = NULL, ended_at = {0}, "
    "provider_id = coalesce(attempt.provider_id, v.provider_id) "
    "FROM v WHERE attempt.id = v.id AND attempt.state IN ('sending', 'unknown', 'accepted', 'failed')",
    id="bigint",
    provider_id="text",
)
_FAILED = (
    update(attempt)
    .where(attempt.c.id == bindparam("b_id"))
    .values(
        state=AttemptState.FAILED,
        look_at=None,
        ended_at=bindparam("b_now"),
        error_kind=bindparam("b_kind"),
        error_code=bindparam("b_code"),
    )
)
