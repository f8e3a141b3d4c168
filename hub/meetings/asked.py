"""What is asked of the registers about appointments: statements made once."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)

from hub.models.base import BigId, UtcDateTime
from hub.people.links import told_about, told_today
from hub.tables import (
    booking,
    booking_wait,
    evening_round,
    evening_wish,
    guardian,
    link,
    meeting_evening,
    meeting_round,
    meeting_slot,
    pupil,
    staff,
)

_SCHOOL, _ROUND = bindparam("school", type_=BigId()), bindparam("round", type_=BigId())
_NOW, _DAY = bindparam("now", type_=UtcDateTime()), bindparam("day", type_=Date())
_STANDS = and_(
    booking.c.school_id == meeting_slot.c.school_id,
    booking.c.slot_id == meeting_slot.c.id,
    booking.c.cancelled_at.is_(None),
)


def _slots(*more: ColumnElement[Any]) -> Select[Any]:
    """Ask for times that stand, with who offers them and who comes."""
    here = and_(meeting_round.c.school_id == meeting_slot.c.school_id, meeting_round.c.id == meeting_slot.c.round_id)
    return (
        select(
            meeting_slot.c.id.label("slot_id"),
            meeting_slot.c.round_id,
            meeting_slot.c.starts_at,
            meeting_slot.c.ends_at,
            meeting_slot.c.room,
            meeting_slot.c.link_sealed,
            meeting_slot.c.staff_id,
            staff.c.name.label("teacher"),
            booking.c.id.label("booking_id"),
            booking.c.guardian_id,
            booking.c.pupil_id,
            booking.c.booked_by,
            booking.c.uid,
            *more,
        )
        .join(meeting_round, here)
        .join(staff, and_(staff.c.school_id == meeting_slot.c.school_id, staff.c.id == meeting_slot.c.staff_id))
        .outerjoin(booking, _STANDS)
        .where(meeting_slot.c.school_id == _SCHOOL, meeting_slot.c.cancelled_at.is_(None))
        .order_by(meeting_slot.c.starts_at, staff.c.name, meeting_slot.c.id)
    )


def before_its_plan() -> ColumnElement[bool]:
    """Say that a round is of an evening that has no plan yet."""
    none = (
        select(evening_round.c.id)
        .join(
            meeting_evening,
            and_(
                meeting_evening.c.school_id == evening_round.c.school_id,
                meeting_evening.c.id == evening_round.c.evening_id,
            ),
        )
        .where(
            evening_round.c.school_id == meeting_round.c.school_id,
            evening_round.c.round_id == meeting_round.c.id,
            meeting_evening.c.adopted_at.is_(None),
        )
    )
    return none.correlate(meeting_round).exists()


@cache
def offered() -> Select[Any]:
    """Ask for the times to come of some classes, and those that some adults have: school, classes, guardians, now.

    `wishes`: families say when they can come, and choose no time yet.
    """
    classes = bindparam("classes", type_=BigId(), expanding=True)
    asked = _slots(
        meeting_round.c.class_id,
        meeting_round.c.closes_at,
        before_its_plan().label("wishes"),
        meeting_round.c.title_sealed,
        meeting_round.c.text_sealed,
    )
    mine = booking.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True))
    return asked.where(or_(meeting_round.c.class_id.in_(classes), mine), meeting_slot.c.ends_at > _NOW)


@cache
def said_of() -> CompoundSelect[Any]:
    """Ask what some adults wait for, and about whom they do not come (`waits` False): parameters school, guardians."""
    guardians = bindparam("guardians", type_=BigId(), expanding=True)
    waiting = select(
        booking_wait.c.round_id, booking_wait.c.guardian_id, booking_wait.c.pupil_id, literal(value=True).label("waits")
    ).where(
        booking_wait.c.school_id == _SCHOOL, booking_wait.c.guardian_id.in_(guardians), booking_wait.c.told_at.is_(None)
    )
    declined = select(
        evening_wish.c.round_id, evening_wish.c.guardian_id, evening_wish.c.pupil_id, literal(value=False)
    ).where(
        evening_wish.c.school_id == _SCHOOL, evening_wish.c.guardian_id.in_(guardians), evening_wish.c.comes.is_(False)
    )
    return union_all(waiting, declined)


@cache
def free_of() -> Select[Any]:
    """Ask for the times of a round that nobody has, those to come: parameters school, round, now."""
    return _slots().where(meeting_slot.c.round_id == _ROUND, booking.c.id.is_(None), meeting_slot.c.starts_at > _NOW)


@cache
def of_round() -> Select[Any]:
    """Ask for all the times of a round, with who comes and whether that adult is still told: school, round, day."""
    told = told_today(booking, booking, _DAY)
    return (
        _slots(
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            pupil.c.first_name.label("child"),
            pupil.c.family_name.label("child_family"),
            told.label("told"),
        )
        .outerjoin(guardian, and_(guardian.c.school_id == booking.c.school_id, guardian.c.id == booking.c.guardian_id))
        .outerjoin(pupil, and_(pupil.c.school_id == booking.c.school_id, pupil.c.id == booking.c.pupil_id))
        .where(meeting_slot.c.round_id == _ROUND)
    )


@cache
def pairs_of_class() -> Select[Any]:
    """Ask for each adult who is told about each pupil of a class today: parameters school, class, day."""
    told = told_about(_SCHOOL, _DAY).subquery("told")
    return (
        select(
            told.c.guardian_id,
            told.c.pupil_id,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            pupil.c.first_name.label("child"),
            pupil.c.family_name.label("child_family"),
        )
        .distinct()
        .join(guardian, and_(guardian.c.school_id == _SCHOOL, guardian.c.id == told.c.guardian_id))
        .join(pupil, and_(pupil.c.school_id == _SCHOOL, pupil.c.id == told.c.pupil_id))
        .where(told.c.class_id == bindparam("class", type_=BigId()))
        .order_by(pupil.c.family_name, pupil.c.first_name, told.c.pupil_id, guardian.c.first_name, told.c.guardian_id)
    )


@cache
def rounds_of() -> Select[Any]:
    """Ask for the rounds of some classes that have a time to come: parameters school, classes, now."""
    counted = (
        select(
            meeting_slot.c.round_id,
            func.count(meeting_slot.c.id).label("times"),
            func.count(booking.c.id).label("chosen"),
            func.min(meeting_slot.c.starts_at).label("first"),
            func.max(meeting_slot.c.ends_at).label("last"),
        )
        .outerjoin(booking, _STANDS)
        .where(meeting_slot.c.school_id == _SCHOOL, meeting_slot.c.cancelled_at.is_(None))
        .group_by(meeting_slot.c.round_id)
        .subquery("counted")
    )
    return (
        select(meeting_round, counted.c.times, counted.c.chosen, counted.c.first, counted.c.last)
        .join(counted, counted.c.round_id == meeting_round.c.id)
        .where(
            meeting_round.c.school_id == _SCHOOL,
            meeting_round.c.class_id.in_(bindparam("classes", type_=BigId(), expanding=True)),
            counted.c.last > _NOW,
        )
        .order_by(counted.c.first, meeting_round.c.id)
    )


@cache
def may_come() -> Select[Any]:
    """Ask whether an adult is told about a pupil of a class: parameters school, class, guardian, pupil, day."""
    told = (
        told_about(_SCHOOL, _DAY)
        .where(
            link.c.guardian_id == bindparam("guardian", type_=BigId()),
            link.c.pupil_id == bindparam("pupil", type_=BigId()),
        )
        .subquery("told")
    )
    return select(told.c.pupil_id).where(told.c.class_id == bindparam("class", type_=BigId())).limit(1)


@cache
def appointments() -> Select[Any]:
    """Ask for the appointments of some adults, of children they are told about: school, guardians, day, since, until.

    Cancelled ones too, so that a calendar takes them off.
    """
    here = and_(meeting_slot.c.school_id == booking.c.school_id, meeting_slot.c.id == booking.c.slot_id)
    since, until = (bindparam(name, type_=UtcDateTime()) for name in ("since", "until"))
    return (
        select(
            booking,
            meeting_slot.c.starts_at,
            meeting_slot.c.ends_at,
            meeting_slot.c.room,
            meeting_slot.c.link_sealed,
            meeting_round.c.title_sealed,
            staff.c.name.label("teacher"),
        )
        .join(meeting_slot, here)
        .join(
            meeting_round,
            and_(meeting_round.c.school_id == booking.c.school_id, meeting_round.c.id == booking.c.round_id),
        )
        .join(staff, and_(staff.c.school_id == booking.c.school_id, staff.c.id == meeting_slot.c.staff_id))
        .where(
            booking.c.school_id == _SCHOOL,
            booking.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True)),
            meeting_slot.c.starts_at >= since,
            meeting_slot.c.starts_at < until,
            told_today(booking, booking, _DAY),
        )
        .order_by(meeting_slot.c.starts_at, booking.c.id)
    )
