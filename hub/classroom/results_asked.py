"""The questions behind assessments and results, each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, func, or_, select

from hub.models.base import BigId, UtcDateTime
from hub.outbox.rungs import same
from hub.people.links import holds_on, told_about
from hub.tables import assessment, assessment_item, enrolment, pupil, result, staff, usual_name

_SCHOOL, _CLASS = bindparam("school", type_=BigId()), bindparam("class", type_=BigId())
_ASSESSMENT, _DAY = bindparam("assessment", type_=BigId()), bindparam("day", type_=Date())
_PUPILS = bindparam("pupils", type_=BigId(), expanding=True)


def says_something() -> ColumnElement[bool]:
    """A level, a mark or some words: what a family may hear of. That a pupil was absent is no result."""
    return or_(result.c.level.is_not(None), result.c.mark.is_not(None), result.c.comment_sealed.is_not(None))


@cache
def one_assessment() -> Select[Any]:
    """Ask for an assessment: parameters school, assessment."""
    return (
        select(assessment, staff.c.name.label("author"))
        .join(staff, same(assessment, staff, "author_id"))
        .where(assessment.c.school_id == _SCHOOL, assessment.c.id == _ASSESSMENT)
    )


@cache
def items_of() -> Select[Any]:
    """Ask for the columns of an assessment, and whether they hold something: parameters school, assessment."""
    used = select(result.c.id).where(result.c.item_id == assessment_item.c.id).correlate(assessment_item).exists()
    return (
        select(assessment_item, used.label("used"))
        .where(assessment_item.c.school_id == _SCHOOL, assessment_item.c.assessment_id == _ASSESSMENT)
        .order_by(assessment_item.c.position, assessment_item.c.id)
    )


@cache
def pupils_of(*, all_who_have: bool) -> Select[Any]:
    """Ask for the pupils of a class on a day, by name; `all_who_have`: also who has changed class since with a result.

    Parameters school, class, assessment, day.
    """
    enrolled = pupil.c.id.in_(
        select(enrolment.c.pupil_id).where(enrolment.c.class_id == _CLASS, holds_on(enrolment, _DAY))
    )
    here = and_(enrolled, or_(pupil.c.left_on.is_(None), pupil.c.left_on > _DAY))
    if all_who_have:
        here = or_(here, pupil.c.id.in_(_who_has()))
    return (
        select(
            pupil.c.id,
            pupil.c.first_name,
            usual_name(pupil).label("family_name"),
            pupil.c.born_on,
            enrolled.label("here"),
        )
        .where(pupil.c.school_id == _SCHOOL, here)
        .order_by(pupil.c.name_key, pupil.c.id)
    )


@cache
def cells_of() -> Select[Any]:
    """Ask for everything noted in an assessment, and by whom: parameters school, assessment."""
    return (
        select(result, staff.c.name.label("typist"))
        .join(assessment_item, same(result, assessment_item, "item_id"))
        .join(staff, same(result, staff, "typed_by"))
        .where(assessment_item.c.school_id == _SCHOOL, assessment_item.c.assessment_id == _ASSESSMENT)
    )


@cache
def assessments_of_class() -> Select[Any]:
    """Ask for the assessments of a class, the newest first, with how many pupils have a result: school, class."""
    noted = (
        select(func.count(result.c.pupil_id.distinct()))
        .join(assessment_item, assessment_item.c.id == result.c.item_id)
        .where(assessment_item.c.assessment_id == assessment.c.id)
        .correlate(assessment)
        .scalar_subquery()
    )
    columns = (
        select(func.count(assessment_item.c.id))
        .where(assessment_item.c.assessment_id == assessment.c.id)
        .correlate(assessment)
        .scalar_subquery()
    )
    return (
        select(assessment, staff.c.name.label("author"), noted.label("noted"), columns.label("columns"))
        .join(staff, same(assessment, staff, "author_id"))
        .where(assessment.c.school_id == _SCHOOL, assessment.c.class_id == _CLASS)
        .order_by(assessment.c.day.desc(), assessment.c.id.desc())
    )


@cache
def results_of_pupils(*, of_notice: bool = False, of_assessments: bool = False) -> Select[Any]:
    """Ask for what was published of some pupils since a moment, the newest day first: parameters school, pupils, since.

    `of_notice`: only what one notice told of (parameter notice); `of_assessments`: only some (parameter assessments).
    """
    asked = (
        select(
            result.c.pupil_id,
            result.c.level,
            result.c.mark,
            result.c.absent,
            result.c.comment_sealed,
            assessment_item.c.label,
            assessment_item.c.scale,
            assessment_item.c.out_of,
            assessment.c.id.label("assessment_id"),
            assessment.c.subject,
            assessment.c.title_sealed,
            assessment.c.day,
            assessment.c.published_at,
            staff.c.name.label("author"),
        )
        .join(assessment_item, same(result, assessment_item, "item_id"))
        .join(assessment, same(assessment_item, assessment, "assessment_id"))
        .join(staff, same(assessment, staff, "author_id"))
        .where(
            result.c.school_id == _SCHOOL,
            result.c.pupil_id.in_(_PUPILS),
            assessment.c.published_at >= bindparam("since", type_=UtcDateTime()),
        )
        .order_by(
            assessment.c.day.desc(),
            assessment.c.id.desc(),
            result.c.pupil_id,
            assessment_item.c.position,
            assessment_item.c.id,
        )
    )
    if of_notice:
        asked = asked.where(assessment.c.notice_id == bindparam("notice", type_=BigId()))
    if of_assessments:
        asked = asked.where(assessment.c.id.in_(bindparam("assessments", type_=BigId(), expanding=True)))
    return asked


def to_tell(school_id: int, assessment_id: int, day: Any) -> Select[Any]:  # noqa: ANN401 (a day, or its parameter)
    """Select (guardian_id, pupil_id), each once, of the adults who are told today about a pupil that has a result."""
    told = told_about(school_id, day).subquery("told")
    having = (
        select(result.c.pupil_id)
        .join(assessment_item, assessment_item.c.id == result.c.item_id)
        .where(assessment_item.c.school_id == school_id, assessment_item.c.assessment_id == assessment_id)
        .where(says_something())
    )
    return select(told.c.guardian_id, told.c.pupil_id).distinct().where(told.c.pupil_id.in_(having))


@cache
def how_many_have() -> Select[Any]:
    """Count the pupils of whom an assessment says something: parameters school, assessment."""
    return (
        select(func.count(result.c.pupil_id.distinct()))
        .join(assessment_item, assessment_item.c.id == result.c.item_id)
        .where(assessment_item.c.school_id == _SCHOOL, assessment_item.c.assessment_id == _ASSESSMENT, says_something())
    )


def _who_has() -> Select[Any]:
    return (
        select(result.c.pupil_id)
        .join(assessment_item, assessment_item.c.id == result.c.item_id)
        .where(assessment_item.c.school_id == _SCHOOL, assessment_item.c.assessment_id == _ASSESSMENT)
    )
