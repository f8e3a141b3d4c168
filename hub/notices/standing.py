"""Where each adult stands today: whom somebody must call, and who has no right to the notice any more.

The board's figures, the call list and the taking of a call all ask here, so that they cannot disagree.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, or_, select, tuple_

from hub.models.notices import DeliveryState
from hub.models.people import LastRung, Means
from hub.outbox.rungs import is_crisis
from hub.people.links import holds_on, told_today
from hub.ports import Lane
from hub.tables import delivery, delivery_pupil, enrolment, guardian, notice

KNOWS = (DeliveryState.TOLD, DeliveryState.ACKNOWLEDGED)
MOVING = (DeliveryState.HELD, DeliveryState.ON_THE_WAY)
GONE = (DeliveryState.CANCELLED, DeliveryState.EXPIRED)


def standing(day: Any, now: Any) -> ColumnElement[str]:  # noqa: ANN401 (values, or parameters for them)
    """Give the delivery's state as of today.

    What waits for a call while the notice can still be stopped is held as the messages are; an adult who may not be
    told any more is not called: for the figures that is cancelled.
    """
    return case(
        (delivery.c.state != DeliveryState.TO_CALL, delivery.c.state),
        (~still_told(day), DeliveryState.CANCELLED.value),
        (~is_out(now), DeliveryState.HELD.value),
        else_=DeliveryState.TO_CALL.value,
    )


def to_be_called(open_task: ColumnElement[int], day: Any, now: Any) -> ColumnElement[bool]:  # noqa: ANN401 (values, or parameters for them)
    """Say that somebody must call: no way is left, or a task is open while the notice still concerns the family.

    Only once the notice can no longer be stopped, and only an adult who may still be told today: who was barred since
    the press is not called either. In a crisis nobody calls at all.
    """
    return and_(
        or_(
            delivery.c.state == DeliveryState.TO_CALL,
            and_(open_task.is_not(None), delivery.c.state.not_in(GONE)),
        ),
        is_out(now),
        still_told(day),
        ~is_crisis(),
    )


def by_letter() -> ColumnElement[bool]:
    """Say that the delivery's adult, whom no message reached, is to be told on paper: a letter to print, not a call.

    That is his or her own last rung, or wish (no calls). Where a child may be missing paper comes too late: what is
    urgent stays with the telephone, and who calls reads the wish beside the name.
    """
    on_paper = (
        select(guardian.c.id)
        .where(
            guardian.c.school_id == delivery.c.school_id,
            guardian.c.id == delivery.c.guardian_id,
            or_(
                guardian.c.last_rung.in_((LastRung.LETTER, LastRung.WRITE_ONLY)),
                guardian.c.means == Means.WRITE_ONLY,
            ),
        )
        .correlate(delivery)
    )
    routine = (
        select(notice.c.id)
        .where(
            notice.c.school_id == delivery.c.school_id,
            notice.c.id == delivery.c.notice_id,
            notice.c.lane == Lane.ROUTINE,
        )
        .correlate(delivery)
    )
    return and_(delivery.c.state == DeliveryState.TO_CALL, on_paper.exists(), routine.exists())


def is_out(now: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a moment, or its parameter)
    """Say that the delivery's notice is due: nobody can stop it unseen any more."""
    return (
        select(notice.c.id)
        .where(notice.c.school_id == delivery.c.school_id, notice.c.id == delivery.c.notice_id, notice.c.due_at <= now)
        .correlate(delivery)
        .exists()
    )


def still_told(day: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a day, or its parameter)
    """Say that the delivery's adult may be told about one of its pupils on this day."""
    return (
        select(delivery_pupil.c.id)
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id,
            delivery_pupil.c.delivery_id == delivery.c.id,
            told_today(delivery, delivery_pupil, day),
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


def known_by_somebody(about: FromClause, notices: Select[tuple[int]]) -> ColumnElement[bool]:
    """Say that some adult has the outer delivery's notice about the pupil of `about`.

    `notices`: ids, each once, those of the outer deliveries at least. Who knows of these is read at one go; asked for
    each pupil by itself, it would be looked for among all that was ever written about this child.
    """
    asked = notices.subquery("asked")
    other, theirs = delivery.alias("other"), delivery_pupil.alias("theirs")
    known = (
        select(other.c.notice_id, theirs.c.pupil_id)
        .join(asked, asked.c[0] == other.c.notice_id)
        .join(theirs, and_(theirs.c.school_id == other.c.school_id, theirs.c.delivery_id == other.c.id))
        .where(other.c.state.in_(KNOWS))
    )
    return tuple_(delivery.c.notice_id, about.c.pupil_id).in_(known)
