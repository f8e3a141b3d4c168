"""The chasing ends for all as soon as one has answered: the others are told, once, and not asked any more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.absences.asked import REASONS
from hub.database import Database
from hub.models.answers import CallOutcome
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import DeliveryState, NoticeState
from hub.models.rolls import AbsenceState
from hub.models.threads import SAID_WHY
from hub.notices.audience import informed
from hub.notices.publish import Draft, tell
from hub.outbox.rungs import LEFT
from hub.people.links import told_today
from hub.people.schools import read_school
from hub.ports import NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import (
    absence,
    answer,
    attempt,
    call_task,
    copy,
    copy_delivery,
    delivery,
    delivery_pupil,
    notice,
    reply,
    school,
)

CHASED = (DeliveryState.HELD, DeliveryState.ON_THE_WAY, DeliveryState.TO_CALL, DeliveryState.TOLD)
NEWS_FOR = timedelta(hours=12)
"""As long as the alert itself would have been worth sending, its end is worth telling."""


async def end_chasing(
    within: AsyncConnection | AsyncSession,
    *,
    school_id: int,
    notices: Sequence[int],
    calls: bool = False,
    now: datetime,
) -> None:
    """Ask nobody any more about alerts whose every child is explained, found or handed on.

    Whoever may have the alert counts as told, and may still answer; whom it has not left to is not written to. The
    delivery leaves its rung: no late bounce and no wrong number puts it on the next one. Their open calls end;
    `calls`: those too by which somebody looks for a child that was said to be at school.
    """
    may_have_it = (
        select(attempt.c.id)
        .join(copy_delivery, copy_delivery.c.copy_id == attempt.c.copy_id)
        .where(
            copy_delivery.c.school_id == school_id,
            copy_delivery.c.delivery_id == delivery.c.id,
            attempt.c.state.in_(LEFT),
        )
        .correlate(delivery)
        .exists()
    )
    has_it = or_(delivery.c.state == DeliveryState.TOLD, may_have_it)
    mine = and_(delivery.c.school_id == school_id, delivery.c.notice_id.in_(notices), ~_still_open())
    state = case((has_it, DeliveryState.TOLD.value), else_=DeliveryState.CANCELLED.value)
    ended = await within.execute(
        update(delivery)
        .where(mine, delivery.c.state.in_(CHASED))
        .values(state=state, rung=0, state_at=case((delivery.c.state == state, delivery.c.state_at), else_=now))
        .returning(delivery.c.id)
        .execution_options(synchronize_session=False)
    )
    over: ColumnElement[bool] = call_task.c.delivery_id.in_([row.id for row in ended])
    if calls:
        over = or_(over, call_task.c.delivery_id.in_(select(delivery.c.id).where(mine)))
    await within.execute(
        update(call_task)
        .where(call_task.c.school_id == school_id, call_task.c.done_at.is_(None), over)
        .values(done_at=now, outcome=CallOutcome.OTHERWISE)
        .execution_options(synchronize_session=False)
    )


def _still_open() -> ColumnElement[bool]:
    """Say that a delivery is about a child whose case is open, or has none and nobody gave a reason.

    It has none where a second alert was pressed by hand: the case is that of the first.
    """
    case_of = (
        select(absence.c.id)
        .where(
            absence.c.school_id == delivery_pupil.c.school_id,
            absence.c.pupil_id == delivery_pupil.c.pupil_id,
            absence.c.notice_id == delivery.c.notice_id,
        )
        .correlate(delivery, delivery_pupil)
    )
    explained = (
        select(answer.c.id)
        .where(
            answer.c.school_id == delivery_pupil.c.school_id,
            answer.c.pupil_id == delivery_pupil.c.pupil_id,
            answer.c.notice_id == delivery.c.notice_id,
            answer.c.kind.in_(sorted(REASONS)),
        )
        .correlate(delivery, delivery_pupil)
    )
    ended = or_(
        case_of.where(absence.c.state != AbsenceState.OPEN).exists(), and_(~case_of.exists(), explained.exists())
    )
    return (
        select(delivery_pupil.c.id)
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id, delivery_pupil.c.delivery_id == delivery.c.id, ~ended
        )
        .correlate(delivery)
        .exists()
    )


async def tell_the_others(database: Database, keyring: Keyring, *, now: datetime) -> int:
    """Tell the other adults that an absence they had heard of is explained; gives how many cases were told.

    Not the one who explained it, nor who reads the same telephone; nobody who has no right to the child today. In
    the school's silence it waits until that ends. Harmless to repeat: each case is told once.
    """
    async with database.engine_reading() as connection:
        lately = {"now": now, "since": now - NEWS_FOR}
        schools = [tuple(row) for row in await connection.execute(_schools_with_news(), lately)]
    done = 0
    for school_id, timezone in schools:
        async with database.school(school_id) as session:
            which = {"school": school_id, "day": day_at_school(now, timezone), **lately}
            for row in (await session.execute(_news(), which)).all():
                await _tell(session, keyring, row, which, now)
                done += 1
    return done


async def _tell(session: AsyncSession, keyring: Keyring, row: Any, which: dict[str, Any], now: datetime) -> None:  # noqa: ANN401 (a row)
    here = await read_school(session, row.school_id)
    who = informed(here.key, [row.notice_id], which["day"]).where(
        delivery_pupil.c.pupil_id == row.pupil_id, _another(literal(row.told_by, BigId()), row.pupil_id, here.key)
    )
    await tell(
        session,
        keyring,
        school=here,
        author_id=row.author_id,
        draft=Draft(
            kind=NoticeKind.REMINDER,
            audience=f"notice:{row.notice_id}",
            slots=Slots(phrase="explained", day=row.day, half_day=row.half_day, language=here.language),
            key=f"explained:{row.id}",
        ),
        who=who,
        now=now,
    )


@cache
def _schools_with_news() -> Select[Any]:
    return (
        select(school.c.id, school.c.timezone)
        .join(absence, absence.c.school_id == school.c.id)
        .where(_explained_lately(), ~_told_already())
        .distinct()
    )


@cache
def _news() -> Select[Any]:
    """Cases explained lately, of which another adult has heard: parameters school, day, now, since."""
    heard = (
        select(delivery.c.id)
        .join(
            delivery_pupil,
            and_(delivery_pupil.c.school_id == delivery.c.school_id, delivery_pupil.c.delivery_id == delivery.c.id),
        )
        .where(
            delivery.c.school_id == absence.c.school_id,
            delivery.c.notice_id == absence.c.notice_id,
            delivery_pupil.c.pupil_id == absence.c.pupil_id,
            delivery.c.state.in_((DeliveryState.TOLD, DeliveryState.ACKNOWLEDGED)),
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
            _another(absence.c.told_by, absence.c.pupil_id, absence.c.school_id),
        )
        .correlate(absence)
        .exists()
    )
    return (
        select(absence, notice.c.author_id)
        .join(notice, and_(notice.c.school_id == absence.c.school_id, notice.c.id == absence.c.notice_id))
        .where(
            absence.c.school_id == bindparam("school", type_=BigId()),
            notice.c.state == NoticeState.PUBLISHED,
            _explained_lately(),
            ~_told_already(),
            heard,
        )
        .order_by(absence.c.id)
    )


def _explained_lately() -> ColumnElement[bool]:
    return and_(
        absence.c.state == AbsenceState.EXPLAINED,
        absence.c.notice_id.is_not(None),
        absence.c.closed_at > bindparam("since", type_=UtcDateTime()),
        absence.c.closed_at <= bindparam("now", type_=UtcDateTime()),
    )


def _told_already() -> ColumnElement[bool]:
    before = notice.alias("before")
    key = literal("explained:") + cast(absence.c.id, String)
    return (
        select(before.c.id)
        .where(before.c.school_id == absence.c.school_id, before.c.key_name == key)
        .correlate(absence)
        .exists()
    )


def _another(teller: Any, pupil_id: Any, school_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 (values, or columns)
    """Say that a delivery's adult did not explain it, reads no copy that came to who did, nor where it was said."""
    theirs, mine, ours = delivery.alias("theirs"), copy_delivery.alias("mine"), copy_delivery.alias("ours")
    shared = (
        select(mine.c.id)
        .join(ours, ours.c.copy_id == mine.c.copy_id)
        .join(theirs, and_(theirs.c.school_id == ours.c.school_id, theirs.c.id == ours.c.delivery_id))
        .where(mine.c.school_id == school_id, mine.c.delivery_id == delivery.c.id, theirs.c.guardian_id == teller)
    )
    explained_too = select(answer.c.id).where(
        answer.c.school_id == school_id,
        answer.c.notice_id == delivery.c.notice_id,
        answer.c.guardian_id == delivery.c.guardian_id,
        answer.c.pupil_id == pupil_id,
        answer.c.kind.in_(REASONS),
    )
    from_here = (
        select(reply.c.id)
        .join(copy, and_(copy.c.school_id == reply.c.school_id, copy.c.address_id == reply.c.address_id))
        .join(mine, mine.c.copy_id == copy.c.id)
        .where(
            reply.c.school_id == school_id,
            reply.c.notice_id == delivery.c.notice_id,
            reply.c.sense == SAID_WHY,
            mine.c.delivery_id == delivery.c.id,
        )
    )
    found = (shared, explained_too, from_here)
    known = or_(*(each.correlate(delivery, delivery_pupil, absence).exists() for each in found))
    return and_(delivery.c.guardian_id != func.coalesce(teller, 0), ~known)
