"""Nobody has answered: after the patience of its ladder a delivery goes on to the next way, and at last to a person.

The timer is `delivery.look_at`, set at the press. It counts from when a message left, not from when it was due: what is
held at night, or waits behind a sender, is not followed by a second one the moment it leaves.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.answers import AnswerKind
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import AttemptState, DeliveryState, Needs, NoticeState
from hub.outbox.bulk import Bulk, stored
from hub.outbox.ladder import open_calls, open_rungs
from hub.outbox.rungs import LEFT, WAITING, next_way, rings, same
from hub.ports import Follows, Lane
from hub.tables import answer, attempt, copy_delivery, delivery, delivery_pupil, notice, notice_follow

BATCH = 200
CHASED = (*WAITING, DeliveryState.TOLD)


async def climb_unanswered(connection: AsyncConnection, *, now: datetime) -> int:
    """Move on whom nobody answered in time, at most `BATCH`; gives how many timers were looked at.

    Each is taken once, however many look. An answer, an end of the chasing (rung 0), a cancellation and the expiry
    stop the timer; a message that has not left yet puts it off.
    """
    rows = (await connection.execute(_due(), {"now": now, "most": BATCH})).all()
    if not rows:
        return 0
    over = [row.id for row in rows if row.over]
    if over:
        await ask_no_more(connection, delivery.c.id.in_(over))
    later = list[tuple[int, object]]()
    up = defaultdict[tuple[Lane, timedelta], list[int]](list)
    for row in rows:
        if row.over:
            continue
        patience = timedelta(seconds=row.patience)
        since = now if row.to_leave else row.left_at
        if since is not None and since + patience > now:
            later.append((row.id, stored(connection, since + patience)))
        else:
            up[Lane(row.lane), patience].append(row.id)
    await _LATER.run(connection, later)
    for (lane, patience), ids in up.items():
        await _climb(connection, ids, lane=lane, again=now + patience, now=now)
    return len(rows)


async def ask_no_more(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Stop the timers of deliveries; what was to be sent once more to who knows already is not."""
    await connection.execute(update(delivery).where(which).values(look_at=None, chased=_ended_in_a_call()))


async def answered_by_one(connection: AsyncConnection, *, school_id: int, notice_id: int) -> None:
    """One answer is enough where the question says so: whoever knows already is not asked by other ways any more."""
    await connection.execute(_answered_by_one(), {"b_school": school_id, "b_notice": notice_id})


async def ask_at_once(connection: AsyncConnection, which: ColumnElement[bool], *, now: datetime) -> None:
    """A further way has failed: the next one need not wait until nobody could have answered by it."""
    still = and_(which, delivery.c.chased, delivery.c.state == DeliveryState.TOLD, delivery.c.look_at.is_not(None))
    await connection.execute(update(delivery).where(still).values(look_at=now))


async def _climb(
    connection: AsyncConnection, ids: Sequence[int], *, lane: Lane, again: datetime, now: datetime
) -> None:
    """Put deliveries on their next rung; those that have none are called, or left as they are, as their ladder says."""
    here = (delivery.c.guardian_id, delivery.c.school_id, delivery.c.rung)
    following = next_way(*here, rings=rings()).correlate(delivery)
    further = following.scalar_subquery().is_not(None)
    calls = select(notice.c.calls).where(same(delivery, notice, "notice_id")).correlate(delivery).scalar_subquery()
    ends = and_(~further, calls)
    moved = await connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(ids), delivery.c.state.in_(CHASED))
        .values(
            rung=case((further, following.scalar_subquery()), (calls, 0), else_=delivery.c.rung),
            state=case((ends, DeliveryState.TO_CALL.value), else_=delivery.c.state),
            state_at=case((ends, _moment(now)), else_=delivery.c.state_at),
            chased=or_(delivery.c.chased, delivery.c.state == DeliveryState.TOLD, ends),
            look_at=case((further, _moment(again)), else_=null()),
        )
        .returning(delivery.c.id)
        .execution_options(synchronize_session=False)
    )
    which = delivery.c.id.in_([row.id for row in moved])
    await open_rungs(connection, which, now=now)
    await open_calls(connection, which, lane=lane, now=now)


@cache
def _answered_by_one() -> Update:
    """Stop the timers of those who know, where one answer is enough: parameters b_school, b_notice."""
    school_id, notice_id = bindparam("b_school", type_=BigId()), bindparam("b_notice", type_=BigId())
    one = select(notice.c.id).where(
        notice.c.school_id == school_id, notice.c.id == notice_id, notice.c.needs == Needs.ONE
    )
    mine = and_(delivery.c.school_id == school_id, delivery.c.notice_id == notice_id, delivery.c.look_at.is_not(None))
    told = delivery.c.state == DeliveryState.TOLD
    return (
        update(delivery)
        .where(mine, told, one.exists(), ~somebody_unanswered())
        .values(look_at=null(), chased=false())
        .execution_options(synchronize_session=False)
    )


def _ended_in_a_call() -> ColumnElement[bool]:
    return case((delivery.c.state == DeliveryState.TO_CALL, delivery.c.chased), else_=false())


def _moment(moment: datetime) -> ColumnElement[datetime]:
    return literal(moment, delivery.c.state_at.type)


@cache
def _due() -> Select[Any]:
    """Take the timers that have run out, the oldest first: parameters now, most."""
    tries = (
        select(attempt.c.sending_at)
        .join(
            copy_delivery,
            and_(attempt.c.school_id == copy_delivery.c.school_id, attempt.c.copy_id == copy_delivery.c.copy_id),
        )
        .where(copy_delivery.c.delivery_id == delivery.c.id, copy_delivery.c.rung == delivery.c.rung)
        .correlate(delivery)
    )
    over = or_(
        delivery.c.state.not_in(CHASED),
        delivery.c.rung == 0,
        notice.c.state != NoticeState.PUBLISHED,
        notice.c.expires_at <= bindparam("now", type_=UtcDateTime()),
        notice.c.patience.is_(None),
        and_(notice.c.needs == Needs.ONE, delivery.c.state == DeliveryState.TOLD, ~somebody_unanswered()),
    )
    return (
        select(
            delivery.c.id,
            notice.c.lane,
            notice.c.patience,
            over.label("over"),
            tries.where(attempt.c.state == AttemptState.READY).exists().label("to_leave"),
            tries.where(attempt.c.state.in_(LEFT))
            .with_only_columns(func.max(attempt.c.sending_at))
            .scalar_subquery()
            .label("left_at"),
        )
        .join(notice, same(delivery, notice, "notice_id"))
        .where(delivery.c.look_at <= bindparam("now", type_=UtcDateTime()))
        .order_by(delivery.c.look_at, delivery.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=delivery)
    )


def somebody_unanswered() -> ColumnElement[bool]:
    """Say that the delivery is about a pupil about whom no adult has answered yet.

    What answers a reminder stands on the notice that it says again.
    """
    other, theirs = delivery.alias("other"), delivery_pupil.alias("theirs")
    again = (
        select(notice_follow.c.before_id)
        .where(
            notice_follow.c.school_id == delivery.c.school_id,
            notice_follow.c.notice_id == delivery.c.notice_id,
            notice_follow.c.how == Follows.REMINDER,
        )
        .correlate(delivery)
        .scalar_subquery()
    )
    said = (
        select(answer.c.id)
        .join(other, and_(other.c.notice_id == answer.c.notice_id, other.c.guardian_id == answer.c.guardian_id))
        .join(theirs, theirs.c.delivery_id == other.c.id)
        .where(
            answer.c.notice_id == func.coalesce(again, delivery.c.notice_id),
            answer.c.kind != AnswerKind.ACKNOWLEDGED,
            theirs.c.pupil_id == delivery_pupil.c.pupil_id,
        )
        .correlate(delivery, delivery_pupil)
    )
    return (
        select(delivery_pupil.c.id)
        .where(delivery_pupil.c.delivery_id == delivery.c.id, ~said.exists())
        .correlate(delivery)
        .exists()
    )


_LATER = Bulk(
    "UPDATE delivery SET look_at = v.look_at FROM v WHERE delivery.id = v.id", id="bigint", look_at="timestamptz"
)
