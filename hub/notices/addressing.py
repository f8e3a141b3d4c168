"""Whom a press is for, written down: a delivery for each adult and notice, the first copies, and the calls to make."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, insert, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import ring_after_commit
from hub.models.notices import DeliveryState
from hub.outbox.conversations import FirstWay, first_rung, keep_sender
from hub.outbox.ladder import open_calls, open_rungs
from hub.outbox.rungs import CALLED, next_rung, next_way
from hub.patience import NO_LADDER, Ladder
from hub.ports import Lane, NoticeKind
from hub.routing import UNCALLED, lane_of
from hub.tables import delivery, delivery_pupil


async def address_to(
    session: AsyncSession,
    school_id: int,
    notices: Sequence[int],
    kind: NoticeKind,
    who: Select[Any],
    *,
    due: datetime,
    now: datetime,
    ladder: Ladder = NO_LADDER,
    lane: Lane | None = None,
    way: FirstWay | None = None,
) -> None:
    """Address fresh notices of one kind that leave together at `due`, in as many statements as one; rings the bell.

    `who` selects (guardian_id, pupil_id, notice_id), each once. `ladder`: when
    the next way is tried, and whether a machine may call. `lane`: where it
    is not that of the kind. `way`: the way that they go before all others. Nobody
    calls about homework, nor about a code that can go nowhere.
    """
    told = who.subquery("told_pairs")
    adults = select(told.c.notice_id, told.c.guardian_id).distinct().subquery("all_adults")
    if way:
        first = first_rung(way, adults.c.guardian_id, literal(school_id))
    elif ladder.rings:
        calls = next_way(adults.c.guardian_id, literal(school_id), literal(-CALLED), rings=true())
        first = calls.correlate(adults).scalar_subquery()
    else:
        first = next_rung(adults.c.guardian_id, literal(school_id), literal(0)).correlate(adults).scalar_subquery()
    adults = select(adults.c.notice_id, adults.c.guardian_id, first.label("first")).subquery("adults")
    reached = DeliveryState.HELD if due > now else DeliveryState.ON_THE_WAY
    unreached = DeliveryState.EXPIRED if kind in UNCALLED else DeliveryState.TO_CALL
    look_at = due + ladder.patience if ladder.patience else None
    await session.execute(
        insert(delivery).from_select(
            ["school_id", "notice_id", "guardian_id", "state", "rung", "state_at", "look_at"],
            select(
                literal(school_id),
                adults.c.notice_id,
                adults.c.guardian_id,
                case((adults.c.first.is_(None), unreached.value), else_=reached.value),
                func.coalesce(adults.c.first, 0),
                literal(now, delivery.c.state_at.type),
                case((adults.c.first.is_not(None), literal(look_at, delivery.c.look_at.type))),
            ).order_by(adults.c.notice_id, adults.c.guardian_id),
        )
    )
    mine = delivery.c.notice_id.in_(notices)
    await session.execute(
        insert(delivery_pupil).from_select(
            ["school_id", "delivery_id", "pupil_id"],
            select(delivery.c.school_id, delivery.c.id, told.c.pupil_id)
            .join(told, and_(told.c.guardian_id == delivery.c.guardian_id, told.c.notice_id == delivery.c.notice_id))
            .where(delivery.c.school_id == school_id, mine),
        )
    )
    await open_rungs(session, mine, now=now)
    if way:
        for notice_id in notices:
            await keep_sender(session, school_id=school_id, notice_id=notice_id, way=way)
    lane = lane or lane_of(kind)
    await open_calls(session, mine, lane=lane, now=due)
    ring_after_commit(session, lane)
