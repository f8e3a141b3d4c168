"""What was pressed is stopped: by hand, or because in a crisis each update takes the place of the last."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.models.notices import DeliveryState, NoticeState
from hub.outbox.rungs import LEFT, has_attempt
from hub.ports import Follows, NoticeKind
from hub.tables import delivery, notice, notice_follow
from hub.tables import school as schools

_STOPPABLE = (DeliveryState.HELD, DeliveryState.ON_THE_WAY, DeliveryState.TO_CALL)


async def cancel(session: AsyncSession, *, school_id: int, notice_id: int, now: datetime) -> None:
    """Stop what has not left yet. What has left stays told; the claims see it before each sending."""
    done = await session.execute(
        update(notice)
        .where(notice.c.school_id == school_id, notice.c.id == notice_id)
        .values(state="cancelled")
        .returning(notice.c.id)
    )
    if done.scalar_one_or_none() is None:
        raise NotFoundError("Cet avis n’existe pas.")
    await _stop(session, school_id, [notice_id], now)


async def stop_waiting(
    session: AsyncSession, *, school_id: int, which: ColumnElement[bool], now: datetime
) -> tuple[int, ...]:
    """Stop those of some notices that still wait to reach somebody; gives them. What has left stays told."""
    waits = select(delivery.c.id).where(
        delivery.c.school_id == notice.c.school_id,
        delivery.c.notice_id == notice.c.id,
        delivery.c.state.in_(_STOPPABLE),
    )
    stopped = (
        update(notice)
        .where(notice.c.school_id == school_id, notice.c.state == NoticeState.PUBLISHED, which, waits.exists())
        .values(state=NoticeState.CANCELLED)
        .returning(notice.c.id)
    )
    numbers = tuple(sorted((await session.scalars(stopped)).all()))
    if numbers:
        await _stop(session, school_id, numbers, now)
    return numbers


async def stop_unheard(
    session: AsyncSession, *, school_id: int, which: ColumnElement[bool], now: datetime
) -> tuple[int, ...]:
    """Stop those of some deliveries of which nothing has left; gives their adults."""
    left = and_(delivery.c.state == DeliveryState.ON_THE_WAY, has_attempt(*LEFT))
    mine = (delivery.c.school_id == school_id, delivery.c.state.in_(_STOPPABLE), ~left, which)
    stopped = update(delivery).where(*mine).values(state=DeliveryState.CANCELLED, state_at=now)
    return tuple((await session.scalars(stopped.returning(delivery.c.guardian_id))).all())


async def _stop(session: AsyncSession, school_id: int, notices: Sequence[int], now: datetime) -> None:
    mine = (delivery.c.school_id == school_id, delivery.c.notice_id.in_(notices), delivery.c.state.in_(_STOPPABLE))
    await session.execute(update(delivery).where(*mine).values(state=DeliveryState.CANCELLED, state_at=now))


async def one_alarm_at_a_time(session: AsyncSession, school_id: int) -> None:
    """Let the second of two alarms see the first, whose place it takes (SQLite has one writer at a time anyway)."""
    await session.execute(select(schools.c.id).where(schools.c.id == school_id).with_for_update(key_share=True))


async def take_the_place_of_the_last(session: AsyncSession, school_id: int, notice_id: int, *, now: datetime) -> None:
    """In a crisis each update stops what has not left of the one before."""
    before = (
        select(notice.c.id)
        .where(
            notice.c.school_id == school_id,
            notice.c.kind == NoticeKind.CRISIS,
            notice.c.state == NoticeState.PUBLISHED,
            notice.c.id < notice_id,
            notice.c.expires_at > now,
        )
        .order_by(notice.c.id.desc())
    )
    for number, earlier in enumerate((await session.scalars(before)).all()):
        await cancel(session, school_id=school_id, notice_id=earlier, now=now)
        if number == 0:
            await session.execute(
                insert(notice_follow).values(
                    school_id=school_id, notice_id=notice_id, before_id=earlier, how=Follows.UPDATE
                )
            )
