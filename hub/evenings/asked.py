"""What is asked of the registers about whole-school evenings: statements made once."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, func, or_, select

from hub.models.base import BigId, UtcDateTime
from hub.models.school import Role
from hub.people.links import holds_on, told_about
from hub.tables import (
    booking,
    class_group,
    evening_round,
    evening_wish,
    guardian,
    meeting_evening,
    meeting_round,
    meeting_slot,
    pupil,
    staff,
    staff_right,
)

_SCHOOL, _EVENING = bindparam("school", type_=BigId()), bindparam("evening", type_=BigId())
_NOW, _DAY = bindparam("now", type_=UtcDateTime()), bindparam("day", type_=Date())
_STANDS = and_(
    booking.c.school_id == meeting_slot.c.school_id,
    booking.c.slot_id == meeting_slot.c.id,
    booking.c.cancelled_at.is_(None),
)


@cache
def receivers() -> Select[Any]:
    """Ask who may receive families in which class: its teachers, and who leads the school: parameters school, day.

    `class_id` is empty for who leads: in any class.
    """
    leads = and_(staff_right.c.class_id.is_(None), staff_right.c.role == Role.DIRECTOR)
    return (
        select(staff.c.id, staff.c.name, staff_right.c.class_id)
        .distinct()
        .join(staff_right, and_(staff_right.c.school_id == staff.c.school_id, staff_right.c.staff_id == staff.c.id))
        .where(
            staff.c.school_id == _SCHOOL,
            staff.c.name != "",
            holds_on(staff_right, _DAY),
            or_(staff_right.c.class_id.is_not(None), leads),
        )
        .order_by(staff.c.name, staff.c.id)
    )


@cache
def hours() -> Select[Any]:
    """Ask for the hours of an evening that stand, and who has each: parameters school, evening."""
    return _of_rounds(booking.c.guardian_id, booking.c.pupil_id).outerjoin(booking, _STANDS).where(_its_rounds())


@cache
def to_wish() -> Select[Any]:
    """Ask for the hours of evenings without a plan yet, in some classes: parameters school, classes, now."""
    classes = bindparam("classes", type_=BigId(), expanding=True)
    return (
        _of_rounds(
            meeting_evening.c.id.label("evening_id"),
            meeting_evening.c.title_sealed,
            meeting_evening.c.closes_at.label("until"),
            meeting_round.c.text_sealed,
        )
        .join(evening_round, _in_evening())
        .join(
            meeting_evening,
            and_(
                meeting_evening.c.school_id == evening_round.c.school_id,
                meeting_evening.c.id == evening_round.c.evening_id,
            ),
        )
        .where(
            meeting_round.c.school_id == _SCHOOL,
            meeting_round.c.class_id.in_(classes),
            meeting_evening.c.adopted_at.is_(None),
            meeting_slot.c.starts_at > _NOW,
        )
    )


def _of_rounds(*more: ColumnElement[Any]) -> Select[Any]:
    here = and_(meeting_round.c.school_id == meeting_slot.c.school_id, meeting_round.c.id == meeting_slot.c.round_id)
    return (
        select(
            meeting_slot.c.id.label("slot_id"),
            meeting_slot.c.round_id,
            meeting_slot.c.starts_at,
            meeting_slot.c.ends_at,
            meeting_slot.c.room,
            meeting_round.c.class_id,
            staff.c.name.label("teacher"),
            *more,
        )
        .select_from(meeting_slot)
        .join(meeting_round, here)
        .join(staff, and_(staff.c.school_id == meeting_slot.c.school_id, staff.c.id == meeting_slot.c.staff_id))
        .where(meeting_slot.c.cancelled_at.is_(None))
        .order_by(meeting_slot.c.starts_at, meeting_slot.c.id)
    )


def _in_evening() -> ColumnElement[bool]:
    return and_(evening_round.c.school_id == meeting_round.c.school_id, evening_round.c.round_id == meeting_round.c.id)


def _its_rounds() -> ColumnElement[bool]:
    its = select(evening_round.c.round_id).where(
        evening_round.c.school_id == _SCHOOL, evening_round.c.evening_id == _EVENING
    )
    return and_(meeting_round.c.school_id == _SCHOOL, meeting_round.c.id.in_(its))


@cache
def rounds() -> Select[Any]:
    """Ask for the rounds of an evening: parameters school, evening."""
    asked = select(meeting_round.c.id, meeting_round.c.class_id, meeting_round.c.closes_at).where(_its_rounds())
    return asked.order_by(meeting_round.c.closes_at, meeting_round.c.id)


@cache
def concerned(*, some: bool = False) -> Select[Any]:
    """Ask whom an evening concerns today, each adult beside each pupil, and what they said: school, evening, day.

    `some`: of these adults alone, parameter guardians.
    """
    told = told_about(_SCHOOL, _DAY).subquery("told")
    its = and_(
        evening_wish.c.school_id == _SCHOOL,
        evening_wish.c.evening_id == _EVENING,
        evening_wish.c.guardian_id == told.c.guardian_id,
        evening_wish.c.pupil_id == told.c.pupil_id,
        evening_wish.c.round_id == meeting_round.c.id,
    )
    found = (
        select(
            told.c.guardian_id,
            told.c.pupil_id,
            told.c.class_id,
            class_group.c.label,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            pupil.c.first_name.label("child"),
            pupil.c.family_name.label("child_family"),
            evening_wish.c.comes,
            evening_wish.c.windows,
            evening_wish.c.slot_id,
            evening_wish.c.why,
            meeting_round.c.id.label("round_id"),
        )
        .select_from(told)
        .join(meeting_round, and_(meeting_round.c.class_id == told.c.class_id, _its_rounds()))
        .join(class_group, and_(class_group.c.school_id == _SCHOOL, class_group.c.id == told.c.class_id))
        .join(guardian, and_(guardian.c.school_id == _SCHOOL, guardian.c.id == told.c.guardian_id))
        .join(pupil, and_(pupil.c.school_id == _SCHOOL, pupil.c.id == told.c.pupil_id))
        .outerjoin(evening_wish, its)
        .order_by(
            guardian.c.family_name, guardian.c.first_name, told.c.guardian_id, pupil.c.first_name, told.c.pupil_id
        )
    )
    return found.where(told.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True))) if some else found


@cache
def wishes_of() -> Select[Any]:
    """Ask for what some adults said of an evening: parameters school, evenings, guardians."""
    return select(evening_wish).where(
        evening_wish.c.school_id == _SCHOOL,
        evening_wish.c.evening_id.in_(bindparam("evenings", type_=BigId(), expanding=True)),
        evening_wish.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True)),
    )


@cache
def evenings_to_come() -> Select[Any]:
    """Ask for the evenings of a school that have an hour to come: parameters school, now."""
    counted = (
        select(
            evening_round.c.evening_id,
            func.count(meeting_round.c.class_id.distinct()).label("classes"),
            func.min(meeting_slot.c.starts_at).label("first"),
            func.max(meeting_slot.c.ends_at).label("last"),
        )
        .select_from(meeting_round)
        .join(
            meeting_slot,
            and_(meeting_slot.c.school_id == meeting_round.c.school_id, meeting_slot.c.round_id == meeting_round.c.id),
        )
        .join(evening_round, _in_evening())
        .where(meeting_round.c.school_id == _SCHOOL, meeting_slot.c.cancelled_at.is_(None))
        .group_by(evening_round.c.evening_id)
        .subquery("counted")
    )
    return (
        select(meeting_evening, counted.c.classes, counted.c.first)
        .join(counted, counted.c.evening_id == meeting_evening.c.id)
        .where(meeting_evening.c.school_id == _SCHOOL, counted.c.last > _NOW)
        .order_by(counted.c.first, meeting_evening.c.id)
    )
