"""The questions behind rolls and register, each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, Select, and_, bindparam, case, func, or_, select

from hub.models.answers import AnswerKind
from hub.models.base import BigId
from hub.models.rolls import AbsenceState, Mark
from hub.outbox.rungs import same
from hub.people.links import holds_on
from hub.ports import HalfDay
from hub.tables import absence, class_group, enrolment, guardian, pupil, roll, roll_mark, school_year, staff, usual_name

LEGAL = (
    AnswerKind.ILL,
    AnswerKind.CONTAGION,
    AnswerKind.FAMILY_GATHERING,
    AnswerKind.TRANSPORT,
    AnswerKind.WITH_GUARDIANS,
)
"""Reasons that the law takes (code de l'éducation, art. L131-8); any other is for the State to judge."""
REASONS = (*LEGAL, AnswerKind.OTHER_REASON)

_SCHOOL, _CLASS = bindparam("school", type_=BigId()), bindparam("class", type_=BigId())
_DAY, _TODAY = bindparam("day", type_=Date()), bindparam("today", type_=Date())
_HALF = bindparam("half_day", type_=roll.c.half_day.type)
_CLASSES = bindparam("classes", type_=BigId(), expanding=True)
_SINCE, _UNTIL = bindparam("since", type_=Date()), bindparam("until", type_=Date())
_FAMILY_NAME = usual_name(pupil).label("family_name")


@cache
def one_class() -> Select[Any]:
    """Ask for a class of the year that a day is in, and its roll: parameters school, class, day, half_day."""
    return (
        select(
            class_group.c.label,
            school_year.c.ends_on,
            roll.c.id.label("roll_id"),
            roll.c.complete,
            roll.c.taken_at,
            staff.c.name.label("taken_by"),
        )
        .join(school_year, same(class_group, school_year, "year_id"))
        .outerjoin(roll, _of_the_half_day())
        .outerjoin(staff, same(roll, staff, "taken_by"))
        .where(class_group.c.school_id == _SCHOOL, class_group.c.id == _CLASS, _this_year())
    )


@cache
def pupils_of_class() -> Select[Any]:
    """Ask for a class's pupils of a day, their marks and whether the school knows why: as `one_class`, and roll."""
    known = (
        select(absence.c.id)
        .where(
            absence.c.school_id == pupil.c.school_id,
            absence.c.pupil_id == pupil.c.id,
            absence.c.day == _DAY,
            covers(_HALF),
            absence.c.state == AbsenceState.EXPLAINED,
        )
        .correlate(pupil)
        .exists()
    )
    mark = (
        select(roll_mark.c.mark)
        .where(roll_mark.c.roll_id == bindparam("roll", type_=BigId()), roll_mark.c.pupil_id == pupil.c.id)
        .correlate(pupil)
        .scalar_subquery()
    )
    return (
        select(
            pupil.c.id,
            pupil.c.first_name,
            _FAMILY_NAME,
            mark.label("mark"),
            known.label("known"),
        )
        .where(pupil.c.school_id == _SCHOOL, pupil.c.id.in_(enrolled(_CLASS, _DAY)), still_here(_DAY))
        .order_by(pupil.c.name_key, pupil.c.id)
    )


def enrolled(class_id: Any, day: Any) -> Select[tuple[int]]:  # noqa: ANN401 (values, or parameters for them)
    """Select the pupils of a class on a day."""
    return select(enrolment.c.pupil_id).where(enrolment.c.class_id == class_id, holds_on(enrolment, day))


def still_here(day: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a day, or its parameter)
    """Say that a pupil has not left the school."""
    return or_(pupil.c.left_on.is_(None), pupil.c.left_on > day)


def covers(half_day: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a half-day, or its parameter)
    """Say that an absence is of this half-day, or of the whole day."""
    return or_(absence.c.half_day == half_day, absence.c.half_day == HalfDay.DAY)


@cache
def classes_today(*, of_classes: bool) -> Select[Any]:
    """Ask for the classes that have pupils on a day, with their rolls: parameters school, day, half_day, classes."""
    marks = select(roll_mark.c.roll_id, roll_mark.c.mark).where(roll_mark.c.roll_id == roll.c.id).correlate(roll)

    def number(mark: Mark) -> Any:  # noqa: ANN401 (a column)
        of_mark = marks.where(roll_mark.c.mark == mark).subquery()
        return select(func.count()).select_from(of_mark).scalar_subquery()

    asked = (
        select(
            class_group.c.id,
            class_group.c.label,
            roll.c.complete,
            roll.c.taken_at,
            staff.c.name.label("taken_by"),
            number(Mark.ABSENT).label("missing"),
            number(Mark.LATE).label("late"),
        )
        .join(school_year, same(class_group, school_year, "year_id"))
        .outerjoin(roll, _of_the_half_day())
        .outerjoin(staff, same(roll, staff, "taken_by"))
        .where(
            class_group.c.school_id == _SCHOOL,
            _this_year(),
            select(enrolment.c.id)
            .where(enrolment.c.class_id == class_group.c.id, holds_on(enrolment, _DAY))
            .correlate(class_group)
            .exists(),
        )
    )
    return asked.where(class_group.c.id.in_(_CLASSES)) if of_classes else asked


@cache
def cases_on(*, of_classes: bool) -> Select[Any]:
    """Ask for the cases of a day, with what the month adds up to: parameters school, day, since, until, classes."""
    typist, owner = staff.alias("typist"), staff.alias("owner")
    other = absence.alias("other")
    month = (
        select(func.sum(case((other.c.half_day == HalfDay.DAY, 2), else_=1)))
        .where(other.c.school_id == absence.c.school_id, other.c.pupil_id == absence.c.pupil_id, _in_the_month(other))
        .correlate(absence)
        .scalar_subquery()
    )
    asked = (
        select(
            absence,
            pupil.c.first_name,
            _FAMILY_NAME,
            class_group.c.label,
            guardian.c.first_name.label("teller_first"),
            guardian.c.usage_name.label("teller_usage"),
            guardian.c.family_name.label("teller_family"),
            typist.c.name.label("typist"),
            owner.c.name.label("owner"),
            func.coalesce(month, 0).label("month_half_days"),
        )
        .join(pupil, same(absence, pupil, "pupil_id"))
        .outerjoin(enrolment, and_(enrolment.c.pupil_id == pupil.c.id, holds_on(enrolment, _DAY)))
        .outerjoin(class_group, same(enrolment, class_group, "class_id"))
        .outerjoin(guardian, same(absence, guardian, "told_by"))
        .outerjoin(typist, same(absence, typist, "typed_by"))
        .outerjoin(owner, same(absence, owner, "owner_id"))
        .where(absence.c.school_id == _SCHOOL, absence.c.day == _DAY)
        .order_by(pupil.c.name_key, absence.c.half_day.desc(), absence.c.id)
    )
    return asked.where(_theirs_today()) if of_classes else asked


@cache
def cases_of_month(*, of_classes: bool) -> Select[Any]:
    """Ask for what pupils missed in a month, and in which class: parameters school, since, until, today, classes."""
    asked = (
        select(
            absence.c.pupil_id,
            pupil.c.first_name,
            _FAMILY_NAME,
            func.coalesce(class_group.c.label, "").label("label"),
            absence.c.day,
            absence.c.half_day,
            absence.c.reason,
        )
        .join(pupil, same(absence, pupil, "pupil_id"))
        .outerjoin(class_group, class_group.c.id == _class_then())
        .where(absence.c.school_id == _SCHOOL, _in_the_month(absence))
        .order_by(pupil.c.name_key, absence.c.pupil_id, absence.c.day, absence.c.half_day.desc())
    )
    return asked.where(_theirs_today()) if of_classes else asked


@cache
def alarms(*, of_classes: bool) -> Select[Any]:
    """Count the children of a day who should be at school and are not found: parameters school, day, today, classes."""
    asked = select(func.count(absence.c.pupil_id.distinct())).where(
        absence.c.school_id == _SCHOOL,
        absence.c.day == _DAY,
        absence.c.alarmed_at.is_not(None),
        absence.c.state == AbsenceState.OPEN,
    )
    return asked.where(_theirs_today()) if of_classes else asked


def _in_the_month(cases: FromClause) -> ColumnElement[bool]:
    """Say that a case is of these days, and that its child was not at school after all."""
    return and_(cases.c.day >= _SINCE, cases.c.day <= _UNTIL, cases.c.state != AbsenceState.FOUND)


def _theirs_today() -> ColumnElement[bool]:
    """The absence of a pupil who is in one of `classes` today."""
    return absence.c.pupil_id.in_(
        select(enrolment.c.pupil_id).where(enrolment.c.class_id.in_(_CLASSES), holds_on(enrolment, _TODAY))
    )


def _class_then() -> Any:  # noqa: ANN401 (a scalar select)
    """Give the class that the pupil of an absence was in on its day."""
    return (
        select(func.min(enrolment.c.class_id))
        .where(enrolment.c.pupil_id == absence.c.pupil_id, holds_on(enrolment, absence.c.day))
        .correlate(absence)
        .scalar_subquery()
    )


def _of_the_half_day() -> ColumnElement[bool]:
    return and_(
        roll.c.school_id == class_group.c.school_id,
        roll.c.class_id == class_group.c.id,
        roll.c.day == _DAY,
        roll.c.half_day == _HALF,
    )


def _this_year() -> ColumnElement[bool]:
    return and_(school_year.c.starts_on <= _DAY, school_year.c.ends_on >= _DAY)
