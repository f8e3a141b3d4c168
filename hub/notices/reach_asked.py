"""The questions behind "how far did it get", each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import Date, Select, Subquery, and_, bindparam, case, func, literal, select

from hub.models.base import BigId, UtcDateTime
from hub.models.notices import AttemptState, DeliveryState
from hub.notices.left_asked import open_task
from hub.notices.standing import by_letter, is_out, known_by_somebody, standing, to_be_called
from hub.people.links import told_today
from hub.tables import (
    answer,
    attempt,
    call_task,
    copy,
    copy_delivery,
    delivery,
    delivery_pupil,
    guardian,
    notice,
    notice_follow,
)

_SCHOOL, _NOTICE = bindparam("school", type_=BigId()), bindparam("notice", type_=BigId())
_DAY, _NOW = bindparam("day", type_=Date()), bindparam("now", type_=UtcDateTime())
KNOWN = select(notice.c.id).where(notice.c.school_id == _SCHOOL, notice.c.id == _NOTICE)


@cache
def beats() -> tuple[Select[Any], ...]:
    """Ask for what changes whenever the board would, the newest state of each group: school, notice, day, now, lying.

    `lying`: a call taken before may be taken by a colleague.
    """
    mine = and_(delivery.c.school_id == _SCHOOL, delivery.c.notice_id == _NOTICE)
    one = select(standing(_DAY, _NOW).label("state"), delivery.c.state_at).where(mine).subquery("one")
    states: Select[Any] = (
        select(one.c.state, func.count(), func.max(one.c.state_at)).group_by(one.c.state).order_by(one.c.state)
    )
    lying = case((call_task.c.taken_at <= bindparam("lying", type_=UtcDateTime()), 1))
    followed = select(func.count()).where(notice_follow.c.school_id == _SCHOOL, notice_follow.c.before_id == _NOTICE)
    said = select(func.max(answer.c.at)).where(answer.c.school_id == _SCHOOL, answer.c.notice_id == _NOTICE)
    calls: Any = (
        select(
            func.count(),
            func.count(call_task.c.owner_id),
            func.count(call_task.c.outcome),
            func.count(lying),
            func.max(call_task.c.taken_at),
            followed.scalar_subquery(),
            said.scalar_subquery(),
        )
        .join(delivery, and_(delivery.c.school_id == call_task.c.school_id, delivery.c.id == call_task.c.delivery_id))
        .where(mine, call_task.c.done_at.is_(None))
    )
    return states, calls, paid()


def _each() -> Subquery:
    """Each delivery with the copy that counts: of the rung it stands on, else of the last one tried."""
    tried = (
        select(func.max(copy_delivery.c.rung))
        .where(copy_delivery.c.school_id == delivery.c.school_id, copy_delivery.c.delivery_id == delivery.c.id)
        .correlate(delivery)
        .scalar_subquery()
    )
    proved = (
        select(attempt.c.id)
        .join(
            copy_delivery,
            and_(copy_delivery.c.school_id == attempt.c.school_id, copy_delivery.c.copy_id == attempt.c.copy_id),
        )
        .where(
            copy_delivery.c.school_id == delivery.c.school_id,
            copy_delivery.c.delivery_id == delivery.c.id,
            attempt.c.state == AttemptState.DELIVERED,
        )
        .correlate(delivery)
        .exists()
    )
    return (
        select(
            delivery.c.school_id,
            delivery.c.id,
            delivery.c.guardian_id,
            standing(_DAY, _NOW).label("state"),
            case((delivery.c.rung != 0, delivery.c.rung), else_=tried).label("rung"),
            case((delivery.c.state == DeliveryState.TOLD, case((proved, 1), else_=0)), else_=literal(0)).label(
                "proved"
            ),
        )
        .where(delivery.c.school_id == _SCHOOL, delivery.c.notice_id == _NOTICE)
        .subquery("each_one")
    )


@cache
def grouped() -> Select[Any]:
    """Ask for the adults by state, language, way out and proof: school, notice, day, now."""
    one = _each()
    return (
        select(one.c.state, guardian.c.language, copy.c.channel, one.c.proved, func.count().label("adults"))
        .join(guardian, and_(guardian.c.school_id == one.c.school_id, guardian.c.id == one.c.guardian_id))
        .outerjoin(
            copy_delivery,
            and_(
                copy_delivery.c.school_id == one.c.school_id,
                copy_delivery.c.delivery_id == one.c.id,
                copy_delivery.c.rung == one.c.rung,
            ),
        )
        .outerjoin(copy, and_(copy.c.school_id == copy_delivery.c.school_id, copy.c.id == copy_delivery.c.copy_id))
        .group_by(one.c.state, guardian.c.language, copy.c.channel, one.c.proved)
    )


@cache
def paid() -> Select[Any]:
    """Ask what was sent and spent so far, and when something happens by itself next: school, notice."""
    return (
        select(
            func.coalesce(func.sum(attempt.c.segments), 0).label("segments"),
            func.coalesce(func.sum(attempt.c.cost), 0).label("cost"),
            func.min(attempt.c.look_at).label("next_at"),
            select(func.min(delivery.c.look_at))
            .where(
                delivery.c.school_id == _SCHOOL,
                delivery.c.notice_id == _NOTICE,
                delivery.c.state == DeliveryState.TOLD,
            )
            .scalar_subquery()
            .label("asks_at"),
        )
        .join(copy, and_(copy.c.school_id == attempt.c.school_id, copy.c.id == attempt.c.copy_id))
        .where(copy.c.school_id == _SCHOOL, copy.c.notice_id == _NOTICE)
    )


@cache
def besides() -> Select[Any]:
    """Ask for children of whom nobody knows, alarms of adults who know, and letters: school, notice, day, now."""
    mine = and_(delivery.c.school_id == _SCHOOL, delivery.c.notice_id == _NOTICE)
    unknown = (
        select(func.count(func.distinct(delivery_pupil.c.pupil_id)))
        .join(
            delivery,
            and_(delivery.c.school_id == delivery_pupil.c.school_id, delivery.c.id == delivery_pupil.c.delivery_id),
        )
        .where(
            mine,
            delivery.c.state == DeliveryState.TO_CALL,
            is_out(_NOW),
            told_today(delivery, delivery_pupil, _DAY),
            ~known_by_somebody(delivery_pupil, KNOWN),
        )
    )
    alarms = (
        select(func.count())
        .select_from(delivery)
        .join(call_task, open_task())
        .where(mine, delivery.c.state != DeliveryState.TO_CALL, to_be_called(call_task.c.id, _DAY, _NOW))
    )
    letters = (
        select(func.count())
        .select_from(delivery)
        .outerjoin(call_task, open_task())
        .where(mine, by_letter(), to_be_called(call_task.c.id, _DAY, _NOW))
    )
    return select(
        unknown.scalar_subquery().label("unknown"),
        alarms.scalar_subquery().label("alarms"),
        letters.scalar_subquery().label("letters"),
    )
