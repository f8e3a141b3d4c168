"""The questions behind "who is left to call", each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Select, and_, bindparam, or_, select

from hub.models.base import BigId
from hub.models.notices import AttemptState, DeliveryState
from hub.models.people import AddressState, Medium
from hub.notices.headlines import KNOWS
from hub.people.links import holds_on, tells
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
    link,
    pupil,
    staff,
)

CALLABLE = (AddressState.UNVERIFIED, AddressState.ACTIVE, AddressState.STOPPED)
"""A number that refuses SMS may still be called; a wrong or dead one not."""
_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_CLASSES = bindparam("classes", type_=BigId(), expanding=True)


def to_be_called(open_task: ColumnElement[int], day: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a day, or its parameter)
    """Say that somebody must call: no way is left, or a task is open while the notice still concerns the family.

    Only an adult who may still be told today: who was barred since the press is not called either.
    """
    withdrawn = (DeliveryState.CANCELLED, DeliveryState.EXPIRED)
    return and_(
        or_(
            delivery.c.state == DeliveryState.TO_CALL,
            and_(open_task.is_not(None), delivery.c.state.not_in(withdrawn)),
        ),
        still_told(day),
    )


def still_told(day: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a day, or its parameter)
    """Say that the delivery's adult may be told about one of its pupils on this day."""
    return (
        select(delivery_pupil.c.id)
        .select_from(delivery_pupil)
        .join(
            link,
            and_(
                link.c.school_id == delivery_pupil.c.school_id,
                link.c.pupil_id == delivery_pupil.c.pupil_id,
                link.c.guardian_id == delivery.c.guardian_id,
            ),
        )
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id,
            delivery_pupil.c.delivery_id == delivery.c.id,
            tells(link, day),
        )
        .correlate(delivery)
        .exists()
    )


def concerns(classes: Any, day: Any) -> ColumnElement[bool]:  # noqa: ANN401 (values, or parameters for them)
    """Say that a delivery is about a pupil who is in one of these classes (ids) on this day."""
    return (
        select(delivery_pupil.c.id)
        .join(
            enrolment,
            and_(
                enrolment.c.school_id == delivery_pupil.c.school_id,
                enrolment.c.pupil_id == delivery_pupil.c.pupil_id,
            ),
        )
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id,
            delivery_pupil.c.delivery_id == delivery.c.id,
            enrolment.c.class_id.in_(classes),
            holds_on(enrolment, day),
        )
        .correlate(delivery)
        .exists()
    )


def known_by_somebody(about: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a table or its alias)
    """Say that some adult has the outer delivery's notice about this pupil."""
    other, theirs = delivery.alias("other"), delivery_pupil.alias("theirs")
    return (
        select(theirs.c.id)
        .join(other, and_(other.c.school_id == theirs.c.school_id, other.c.id == theirs.c.delivery_id))
        .where(
            theirs.c.school_id == about.c.school_id,
            theirs.c.pupil_id == about.c.pupil_id,
            other.c.notice_id == delivery.c.notice_id,
            other.c.state.in_(KNOWS),
        )
        .correlate(delivery, about)
        .exists()
    )


@cache
def rows_left(*, of_one_notice: bool, of_classes: bool) -> Select[Any]:
    """Ask for the adults to call: parameters school, day, most, and notice and classes where asked for."""
    about = delivery_pupil.alias("about")
    nobody = (
        select(about.c.id)
        .where(
            about.c.school_id == delivery.c.school_id,
            about.c.delivery_id == delivery.c.id,
            ~known_by_somebody(about),
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
        )
        .join(guardian, and_(guardian.c.school_id == delivery.c.school_id, guardian.c.id == delivery.c.guardian_id))
        .outerjoin(
            call_task,
            and_(
                call_task.c.school_id == delivery.c.school_id,
                call_task.c.delivery_id == delivery.c.id,
                call_task.c.done_at.is_(None),
            ),
        )
        .outerjoin(staff, and_(staff.c.school_id == call_task.c.school_id, staff.c.id == call_task.c.owner_id))
        .where(delivery.c.school_id == _SCHOOL, to_be_called(call_task.c.id, _DAY))
        .order_by(delivery.c.state == DeliveryState.TO_CALL, nobody.desc(), call_task.c.due_at, delivery.c.id)
        .limit(bindparam("most", type_=Integer()))
    )
    if of_one_notice:
        asked = asked.where(delivery.c.notice_id == bindparam("notice", type_=BigId()))
    if of_classes:
        asked = asked.where(concerns(_CLASSES, _DAY))
    return asked


@cache
def children(*, of_classes: bool) -> Select[Any]:
    """Ask for the pupils of some deliveries with their class of the day: parameters school, ids, day, classes."""
    pairs = (  # DISTINCT keeps SQLite from beginning with all pupils of the school
        select(delivery_pupil.c.school_id, delivery_pupil.c.delivery_id, delivery_pupil.c.pupil_id)
        .where(delivery_pupil.c.school_id == _SCHOOL, delivery_pupil.c.delivery_id.in_(_ids("ids")))
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
def failures() -> Select[Any]:
    """Ask for what went wrong with some deliveries, the last at the end: parameters school, ids."""
    return (
        select(copy_delivery.c.delivery_id, copy.c.channel, attempt.c.error_kind, attempt.c.ended_at)
        .join(copy, and_(copy.c.school_id == copy_delivery.c.school_id, copy.c.id == copy_delivery.c.copy_id))
        .join(attempt, and_(attempt.c.school_id == copy.c.school_id, attempt.c.copy_id == copy.c.id))
        .where(
            copy_delivery.c.school_id == _SCHOOL,
            copy_delivery.c.delivery_id.in_(_ids("ids")),
            or_(attempt.c.state == AttemptState.FAILED, attempt.c.error_kind.is_not(None)),
        )
        .order_by(attempt.c.id)
    )


@cache
def numbers() -> Select[Any]:
    """Ask for the numbers that some adults may be called at, sealed: parameters school, guardians."""
    return (
        select(
            contact_point.c.guardian_id,
            address.c.id,
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(
            address, and_(address.c.school_id == contact_point.c.school_id, address.c.id == contact_point.c.address_id)
        )
        .join(data_key, and_(data_key.c.school_id == address.c.school_id, data_key.c.id == address.c.data_key_id))
        .where(
            contact_point.c.school_id == _SCHOOL,
            contact_point.c.guardian_id.in_(_ids("guardians")),
            address.c.medium == Medium.PHONE,
            address.c.state.in_(CALLABLE),
        )
        .order_by(contact_point.c.position)
    )


def _ids(name: str) -> Any:  # noqa: ANN401 (a parameter that holds several)
    return bindparam(name, type_=BigId(), expanding=True)


def _day() -> Any:  # noqa: ANN401 (a parameter that stands for a date)
    return _DAY
