"""The questions behind "who is left to call", each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union,
)

from hub.models.base import BigId, UtcDateTime
from hub.models.notices import DeliveryState
from hub.models.people import AddressState
from hub.notices.standing import by_letter, concerns, known_by_somebody, to_be_called
from hub.outbox.rungs import sender_for, wanted
from hub.people.links import holds_on, told_today
from hub.tables import (
    address,
    attempt,
    call_task,
    class_group,
    contact_point,
    copy,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    enrolment,
    guardian,
    notice,
    pupil,
    staff,
    stop,
    thread_notice,
)

_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_NOTICE = bindparam("notice", type_=BigId())
_NOW = bindparam("now", type_=UtcDateTime())
_CLASSES = bindparam("classes", type_=BigId(), expanding=True)
_TO_CALL: ColumnElement[str] = literal_column(f"'{DeliveryState.TO_CALL}'")
"""As a literal: a partial index is only used for a condition that the database can compare with its own."""


@cache
def rows_left(*, of_one_notice: bool, of_classes: bool) -> Select[Any]:
    """Ask for the adults to call: parameters school, day, now, most; notice, classes where asked for.

    Who is told by letter stands in no list of calls.
    """
    about, waits = delivery_pupil.alias("about"), delivery.alias("waits")
    listed = select(waits.c.notice_id).where(waits.c.school_id == _SCHOOL, may_be_left(_SCHOOL, waits)).distinct()
    if of_one_notice:
        listed = select(notice.c.id).where(notice.c.school_id == _SCHOOL, notice.c.id == _NOTICE)
    nobody = (
        select(about.c.id)
        .where(
            about.c.school_id == delivery.c.school_id,
            about.c.delivery_id == delivery.c.id,
            ~known_by_somebody(about, listed),
            told_today(delivery, about, _DAY),
        )
        .correlate(delivery)
        .exists()
        .label("nobody_knows")
    )
    asked = (
        select(
            delivery.c.id,
            delivery.c.notice_id,
            delivery.c.guardian_id,
            delivery.c.state,
            delivery.c.chased,
            notice.c.expires_at,
            guardian.c.first_name,
            guardian.c.family_name,
            guardian.c.usage_name,
            guardian.c.language,
            guardian.c.means,
            guardian.c.last_rung,
            nobody,
            call_task.c.id.label("task_id"),
            call_task.c.owner_id,
            call_task.c.taken_at,
            call_task.c.outcome,
            call_task.c.due_at,
            staff.c.name.label("owner"),
            thread_notice.c.thread_id,
        )
        .join(guardian, and_(guardian.c.school_id == delivery.c.school_id, guardian.c.id == delivery.c.guardian_id))
        .join(notice, notice.c.id == delivery.c.notice_id)
        .outerjoin(call_task, open_task())
        .outerjoin(staff, and_(staff.c.school_id == call_task.c.school_id, staff.c.id == call_task.c.owner_id))
        .outerjoin(
            thread_notice,
            and_(thread_notice.c.school_id == delivery.c.school_id, thread_notice.c.notice_id == delivery.c.notice_id),
        )
        .where(
            delivery.c.school_id == _SCHOOL,
            may_be_left(_SCHOOL),
            to_be_called(call_task.c.id, _DAY, _NOW),
            ~by_letter(),
        )
        .order_by(delivery.c.state == DeliveryState.TO_CALL, nobody.desc(), call_task.c.due_at, delivery.c.id)
        .limit(bindparam("most", type_=Integer()))
    )
    if of_one_notice:
        asked = asked.where(delivery.c.notice_id == _NOTICE)
    if of_classes:
        asked = asked.where(concerns(_CLASSES, _DAY))
    return asked


@cache
def how_many_left(*, of_one_notice: bool, of_classes: bool) -> Select[Any]:
    """Count what `rows_left` gives, however many: parameters as there, but for most."""
    asked = (
        select(func.count())
        .select_from(delivery)
        .outerjoin(call_task, open_task())
        .where(
            delivery.c.school_id == _SCHOOL,
            may_be_left(_SCHOOL),
            to_be_called(call_task.c.id, _DAY, _NOW),
            ~by_letter(),
        )
    )
    if of_one_notice:
        asked = asked.where(delivery.c.notice_id == _NOTICE)
    return asked.where(concerns(_CLASSES, _DAY)) if of_classes else asked


def may_be_left(school_id: Any, whose: FromClause = delivery) -> ColumnElement[bool]:  # noqa: ANN401 (a number, or its parameter)
    """Narrow to those whom somebody might have to call: few of many, so that the dear questions are asked of few."""
    without_a_way = select(delivery.c.id).where(delivery.c.school_id == school_id, delivery.c.state == _TO_CALL)
    with_a_task = select(call_task.c.delivery_id).where(
        call_task.c.school_id == school_id, call_task.c.done_at.is_(None)
    )
    return whose.c.id.in_(union(without_a_way, with_a_task))


def open_task() -> ColumnElement[bool]:
    """Join a delivery to its open call; there is one at most."""
    return and_(
        call_task.c.school_id == delivery.c.school_id,
        call_task.c.delivery_id == delivery.c.id,
        call_task.c.done_at.is_(None),
    )


@cache
def children(*, of_classes: bool) -> Select[Any]:
    """Ask for the pupils, with their class, whom some deliveries' adults are told about: school, ids, day, classes."""
    pairs = (  # DISTINCT keeps SQLite from beginning with all pupils of the school
        select(delivery_pupil.c.school_id, delivery_pupil.c.delivery_id, delivery_pupil.c.pupil_id)
        .join(
            delivery,
            and_(delivery.c.school_id == delivery_pupil.c.school_id, delivery.c.id == delivery_pupil.c.delivery_id),
        )
        .where(
            delivery_pupil.c.school_id == _SCHOOL,
            delivery_pupil.c.delivery_id.in_(_ids("ids")),
            told_today(delivery, delivery_pupil, _DAY),
        )
        .distinct()
        .subquery("pairs")
    )
    asked = (
        select(pairs.c.delivery_id, pupil.c.id, pupil.c.first_name, class_group.c.label)
        .join(pupil, and_(pupil.c.school_id == pairs.c.school_id, pupil.c.id == pairs.c.pupil_id))
        .outerjoin(
            enrolment,
            and_(
                enrolment.c.school_id == pupil.c.school_id,
                enrolment.c.pupil_id == pupil.c.id,
                holds_on(enrolment, _day()),
            ),
        )
        .outerjoin(
            class_group,
            and_(class_group.c.school_id == enrolment.c.school_id, class_group.c.id == enrolment.c.class_id),
        )
        .order_by(pupil.c.first_name, pupil.c.id)
    )
    return asked.where(enrolment.c.class_id.in_(_CLASSES)) if of_classes else asked


@cache
def tries() -> Select[Any]:
    """Ask for every try of some deliveries, the last at the end: parameters school, ids."""
    return (
        select(
            copy_delivery.c.delivery_id,
            copy_delivery.c.rung,
            copy.c.channel,
            copy.c.address_id,
            attempt.c.id,
            attempt.c.state,
            attempt.c.error_kind,
            attempt.c.error_code,
            attempt.c.sending_at,
            address.c.state.label("address_state"),
            _stopped().label("stopped"),
        )
        .join(copy, copy.c.id == copy_delivery.c.copy_id)  # by id alone: else SQLite begins with the whole school
        .join(attempt, attempt.c.copy_id == copy.c.id)
        .join(address, address.c.id == copy.c.address_id)
        .where(copy_delivery.c.school_id == _SCHOOL, copy_delivery.c.delivery_id.in_(_ids("ids")))
        .order_by(copy_delivery.c.rung, attempt.c.n)
    )


@cache
def points() -> Select[Any]:
    """Ask for all that is on file of some adults, in their order, sealed: parameters school, guardians.

    What an adult has typed and not yet proved is a stranger's until then.
    """
    return (
        select(
            contact_point.c.guardian_id,
            contact_point.c.channel,
            contact_point.c.position,
            address.c.id,
            address.c.medium,
            address.c.state.label("address_state"),
            _stopped().label("stopped"),
            sender_for().is_not(None).label("sends"),
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(address, address.c.id == contact_point.c.address_id)
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .where(contact_point.c.school_id == _SCHOOL, contact_point.c.guardian_id.in_(_ids("guardians")))
        .where(or_(wanted(), address.c.state != AddressState.UNVERIFIED))
        .order_by(contact_point.c.position)
    )


def _stopped() -> ColumnElement[bool]:
    """Say that somebody at this address asked for no more messages."""
    return (
        select(stop.c.id)
        .where(stop.c.school_id == address.c.school_id, stop.c.address_id == address.c.id)
        .correlate(address)
        .exists()
    )


def _ids(name: str) -> Any:  # noqa: ANN401 (a parameter that holds several)
    return bindparam(name, type_=BigId(), expanding=True)


def _day() -> Any:  # noqa: ANN401 (a parameter that stands for a date)
    return _DAY
