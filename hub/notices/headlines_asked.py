"""The questions behind a notice's headline and figures, each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import Date, Integer, Select, and_, bindparam, case, func, select

from hub.models.base import BigId, UtcDateTime
from hub.models.notices import DeliveryState
from hub.notices.left_asked import may_be_left, open_task
from hub.notices.standing import KNOWS, MOVING, by_letter, standing, to_be_called
from hub.ports import Follows, NoticeKind
from hub.tables import call_task, data_key, delivery, notice, notice_follow, notice_version, staff

_SCHOOL = bindparam("school", type_=BigId())
_MINE = and_(
    delivery.c.school_id == _SCHOOL,
    delivery.c.notice_id.in_(bindparam("notices", type_=BigId(), expanding=True)),
)


@cache
def one_headline() -> Select[Any]:
    """Ask for one notice: parameters school, notice."""
    return headlines().where(notice.c.id == bindparam("notice", type_=BigId()))


@cache
def newest() -> Select[Any]:
    """Ask for the newest notices: parameters school, most. What one adult is told of its own channels is no news."""
    listed = headlines().where(notice.c.audience.not_like("guardian:%"))
    return listed.order_by(notice.c.id.desc()).limit(bindparam("most", type_=Integer()))


@cache
def headlines() -> Select[Any]:
    """Ask for notices with the words of their newest version, sealed: parameter school. A code is nobody's to read."""
    later = notice_version.alias("later")
    ended = notice_follow.c.how.in_((Follows.CORRECTION, Follows.WITHDRAWAL, Follows.UPDATE))
    ended_by = (
        select(notice_follow.c.how)
        .where(notice_follow.c.school_id == notice.c.school_id, notice_follow.c.before_id == notice.c.id, ended)
        .order_by(notice_follow.c.id)
        .limit(1)
        .correlate(notice)
        .scalar_subquery()
        .label("ended_by")
    )
    return (
        select(
            notice.c.id,
            notice.c.kind,
            notice.c.lane,
            notice.c.state,
            notice.c.author_id,
            notice.c.audience,
            notice.c.created_at,
            notice.c.due_at,
            staff.c.name,
            notice_version.c.slots_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
            ended_by,
        )
        .join(staff, and_(staff.c.school_id == notice.c.school_id, staff.c.id == notice.c.author_id))
        .join(data_key, and_(data_key.c.school_id == notice.c.school_id, data_key.c.id == notice.c.data_key_id))
        .join(
            notice_version,
            and_(notice_version.c.school_id == notice.c.school_id, notice_version.c.notice_id == notice.c.id),
        )
        .where(
            notice.c.school_id == _SCHOOL,
            notice.c.kind != NoticeKind.CODE,
            ~select(later.c.id)
            .where(
                later.c.school_id == notice.c.school_id,
                later.c.notice_id == notice.c.id,
                later.c.n > notice_version.c.n,
            )
            .exists(),
        )
    )


@cache
def written() -> Select[Any]:
    """Count some notices' deliveries as they are written, but those to call: parameters school, notices.

    One sum for each figure: grouped by state as well, every delivery of a year would be put in order first.
    """
    counted = (
        func.sum(case((delivery.c.state.in_((*KNOWS, *MOVING)), 1), else_=0)).label("adults"),
        func.sum(case((delivery.c.state.in_(KNOWS), 1), else_=0)).label("know"),
    )
    return select(delivery.c.notice_id, *counted).where(_MINE).group_by(delivery.c.notice_id)


@cache
def left() -> Select[Any]:
    """Count those whom somebody may have to call, as they stand today: parameters school, notices, day, now."""
    day, now = bindparam("day", type_=Date()), bindparam("now", type_=UtcDateTime())
    one = (
        select(
            delivery.c.notice_id,
            (delivery.c.state == DeliveryState.TO_CALL).label("waits"),
            standing(day, now).label("state"),
            case((and_(to_be_called(call_task.c.id, day, now), ~by_letter()), 1), else_=0).label("calls"),
        )
        .outerjoin(call_task, open_task())
        .where(_MINE, may_be_left(_SCHOOL))
        .subquery("one")
    )
    return select(*one.c, func.count().label("number")).group_by(*one.c)
