"""The questions behind the post, each written once and asked with parameters."""

from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, case, func, or_, select

from hub.models.base import BigId, UtcDateTime
from hub.models.notices import DeliveryState, NoticeState
from hub.models.people import LinkKind
from hub.notices.headlines_asked import headlines
from hub.notices.left_asked import may_be_left
from hub.notices.standing import by_letter, concerns, is_out, still_told
from hub.outbox.rungs import may_be_written_to, same, wanted
from hub.people.links import holds_on
from hub.ports import ChannelName, NoticeKind
from hub.tables import (
    contact_point,
    delivery,
    delivery_pupil,
    guardian,
    letter,
    link,
    notice,
    school,
    staff,
    thread_notice,
)

SCHOOL, NOTICE = bindparam("school", type_=BigId()), bindparam("notice", type_=BigId())
DAY, NOW = bindparam("day", type_=Date()), bindparam("now", type_=UtcDateTime())
CLASSES = bindparam("classes", type_=BigId(), expanding=True)
DELIVERY = bindparam("delivery", type_=BigId())
NEVER = (NoticeKind.CRISIS, NoticeKind.CODE, NoticeKind.DIGEST)
"""What goes on no paper: it is for this minute, or only counts what stands elsewhere."""
_OF_ITS_HOUR = (NoticeKind.ABSENCE, NoticeKind.URGENT, NoticeKind.MEETING)
_WRITTEN = (ChannelName.SMS, ChannelName.EMAIL, ChannelName.PUSH, ChannelName.CHAT)


class Whom(StrEnum):
    """For whom letters are printed: who waits for one, whom nothing written reaches, or all who have not answered."""

    WAITING = "waiting"
    UNWRITTEN = "unwritten"
    ALL = "all"


@cache
def letters(*, of_classes: bool) -> Select[Any]:
    """Ask for the adults of a notice who may be told on paper: parameters school, notice, day, now, classes.

    With what became of their letter, and for which choice of `Whom` each stands.
    """
    printer, bearer = staff.alias("printer"), staff.alias("bearer")
    asked = (
        select(
            delivery.c.id,
            delivery.c.state,
            guardian.c.civility,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            guardian.c.language,
            case((and_(by_letter(), ~_is_over()), 1), else_=0).label("waits"),
            case((_reached_in_writing(), 0), else_=1).label("unwritten"),
            case((_beside_a_barred(), 1), else_=0).label("by_hand"),
            letter.c.printed_at,
            letter.c.salt,
            letter.c.handed_at,
            printer.c.name.label("printed_by"),
            bearer.c.name.label("handed_by"),
        )
        .join(guardian, same(delivery, guardian, "guardian_id"))
        .join(notice, same(delivery, notice, "notice_id"))
        .outerjoin(letter, and_(letter.c.school_id == delivery.c.school_id, letter.c.delivery_id == delivery.c.id))
        .outerjoin(printer, same(letter, printer, "printed_by"))
        .outerjoin(bearer, same(letter, bearer, "handed_by"))
        .where(delivery.c.school_id == SCHOOL, delivery.c.notice_id == NOTICE, may_go_on_paper())
        .order_by(guardian.c.name_key, delivery.c.id)
    )
    return asked.where(concerns(CLASSES, DAY)) if of_classes else asked


@cache
def waiting(*, of_classes: bool) -> Select[Any]:
    """Count by notice the letters to print and those printed but not handed over: school, day, now, classes."""
    to_print = and_(by_letter(), letter.c.id.is_(None), ~_is_over())
    lying = and_(letter.c.id.is_not(None), letter.c.handed_at.is_(None), delivery.c.state != DeliveryState.ACKNOWLEDGED)
    lies = select(letter.c.delivery_id).where(letter.c.school_id == SCHOOL, letter.c.handed_at.is_(None))
    asked = (
        select(
            delivery.c.notice_id,
            func.sum(case((to_print, 1), else_=0)).label("to_print"),
            func.sum(case((lying, 1), else_=0)).label("lying"),
        )
        .join(notice, same(delivery, notice, "notice_id"))
        .outerjoin(letter, and_(letter.c.school_id == delivery.c.school_id, letter.c.delivery_id == delivery.c.id))
        .where(
            delivery.c.school_id == SCHOOL,
            or_(may_be_left(SCHOOL), delivery.c.id.in_(lies)),
            or_(to_print, lying),
            may_go_on_paper(),
        )
        .group_by(delivery.c.notice_id)
        .order_by(delivery.c.notice_id.desc())
    )
    return asked.where(concerns(CLASSES, DAY)) if of_classes else asked


@cache
def question() -> Select[Any]:
    """Ask whether a notice asks, until when, and for the card of its school: parameters school, notice."""
    return (
        select(
            notice.c.needs,
            notice.c.expires_at,
            school.c.name,
            school.c.short_name,
            school.c.phone,
            school.c.timezone,
        )
        .join(school, school.c.id == notice.c.school_id)
        .where(notice.c.school_id == SCHOOL, notice.c.id == NOTICE)
    )


@cache
def titles() -> Select[Any]:
    """Ask for some notices, as `headlines` does: parameters school, notices."""
    return headlines().where(notice.c.id.in_(bindparam("notices", type_=BigId(), expanding=True)))


@cache
def by_code() -> Select[Any]:
    """Ask whose letter a coupon was cut from: parameters school, hash."""
    return (
        select(
            letter.c.delivery_id,
            letter.c.expires_at,
            delivery.c.notice_id,
            delivery.c.guardian_id,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
        )
        .join(delivery, same(letter, delivery, "delivery_id"))
        .join(guardian, same(delivery, guardian, "guardian_id"))
        .where(letter.c.school_id == SCHOOL, letter.c.code_hash == bindparam("hash"))
    )


@cache
def is_mine() -> Select[Any]:
    """Ask whether a delivery is about a pupil of these classes today: parameters school, delivery, classes, day."""
    return select(delivery.c.id).where(
        delivery.c.school_id == SCHOOL, delivery.c.id == DELIVERY, concerns(CLASSES, DAY)
    )


def may_go_on_paper() -> ColumnElement[bool]:
    """Say that a delivery's notice stands and left, and that its adult may still be told: parameters day, now.

    A word in a conversation is its author's, and what an adult is told of its own channels is for these alone.
    """
    in_conversation = select(thread_notice.c.id).where(
        thread_notice.c.school_id == delivery.c.school_id, thread_notice.c.notice_id == delivery.c.notice_id
    )
    return and_(
        notice.c.state == NoticeState.PUBLISHED,
        notice.c.kind.not_in(NEVER),
        notice.c.audience.not_like("guardian:%"),
        ~in_conversation.correlate(delivery).exists(),
        delivery.c.state != DeliveryState.CANCELLED,
        is_out(NOW),
        still_told(DAY),
    )


def _is_over() -> ColumnElement[bool]:
    """Say that paper would come too late for it: parameter now. What has no hour of its own may be read days after."""
    return and_(notice.c.kind.in_(_OF_ITS_HOUR), notice.c.expires_at <= NOW)


def _reached_in_writing() -> ColumnElement[bool]:
    """Say that the delivery's adult has an address that words can be sent to now."""
    return (
        select(contact_point.c.id)
        .where(
            contact_point.c.school_id == delivery.c.school_id,
            contact_point.c.guardian_id == delivery.c.guardian_id,
            contact_point.c.channel.in_(_WRITTEN),
            wanted(),
            may_be_written_to(),
        )
        .correlate(delivery)
        .exists()
    )


def _beside_a_barred() -> ColumnElement[bool]:
    """Say that somebody is barred from one of the pupils: what lies in the schoolbag might be read there."""
    barred = link.alias("barred")
    return (
        select(delivery_pupil.c.id)
        .join(barred, and_(*(barred.c[name] == delivery_pupil.c[name] for name in ("school_id", "pupil_id"))))
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id,
            delivery_pupil.c.delivery_id == delivery.c.id,
            barred.c.kind == LinkKind.BARRED,
            holds_on(barred, DAY),
        )
        .correlate(delivery)
        .exists()
    )
