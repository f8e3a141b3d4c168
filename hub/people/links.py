"""Who may be told about whom, today: the one place that every audience, page and answer passes through."""

from datetime import date

from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, and_, or_, select

from hub.models.people import LinkKind
from hub.tables import enrolment, link, pupil

SILENT_KINDS = (LinkKind.BARRED, LinkKind.EMERGENCY)
"""A barred adult is never told; an emergency contact only ever called by a human."""


def holds_on(table: FromClause, day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """Say that a row with from–to counts on this day; its last day counts."""
    return and_(table.c.from_on <= day, or_(table.c.to_on.is_(None), table.c.to_on >= day))


def not_over(table: FromClause, day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Say that a row with from–to counts on this day, or is to come."""
    return or_(table.c.to_on.is_(None), table.c.to_on >= day)


def tells(links: FromClause, day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Say that a link lets its adult be told today."""
    return and_(
        links.c.may_be_told.is_(True),
        links.c.waiting.is_(False),
        links.c.kind.not_in(SILENT_KINDS),
        holds_on(links, day),
    )


def told_about(
    school_id: int | ColumnElement[int], day: date | BindParameter[date], *, to_come: bool = False
) -> Select[tuple[int, int, int]]:
    """Every (guardian, pupil, class) such that this adult is told about this pupil of this class today.

    `to_come`: also of classes that the pupil will be in; the adult's own link is always one of today.
    """
    enrolled = not_over(enrolment, day) if to_come else holds_on(enrolment, day)
    return (
        select(link.c.guardian_id, link.c.pupil_id, enrolment.c.class_id)
        .join(pupil, and_(pupil.c.school_id == link.c.school_id, pupil.c.id == link.c.pupil_id))
        .join(enrolment, and_(enrolment.c.school_id == pupil.c.school_id, enrolment.c.pupil_id == pupil.c.id))
        .where(
            link.c.school_id == school_id,
            tells(link, day),
            enrolled,
            or_(pupil.c.left_on.is_(None), pupil.c.left_on > day),
        )
    )


def told_today(adult: FromClause, about: FromClause, day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Say that the adult of one row (`guardian_id`) is told about the pupil of another (`pupil_id`) on this day.

    A pupil of next year's classes counts: whoever was rightly written to about it may read it.
    """
    return (
        told_about(adult.c.school_id, day, to_come=True)
        .where(link.c.guardian_id == adult.c.guardian_id, link.c.pupil_id == about.c.pupil_id)
        .correlate_except(link, pupil, enrolment)
        .exists()
    )
