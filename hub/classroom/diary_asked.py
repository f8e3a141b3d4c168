"""The questions behind the homework diary, each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, func, or_, select

from hub.models.base import BigId
from hub.models.classroom import EntryKind
from hub.outbox.rungs import same
from hub.people.links import holds_on
from hub.ports import NoticeKind
from hub.tables import class_group, diary_entry, diary_tick, digest_item, enrolment, pupil, school_year, staff

_SCHOOL, _CLASS = bindparam("school", type_=BigId()), bindparam("class", type_=BigId())
_FIRST, _LAST, _DAY = (bindparam(name, type_=Date()) for name in ("first", "last", "day"))
_PUPILS = bindparam("pupils", type_=BigId(), expanding=True)
_ENTRIES = bindparam("entries", type_=BigId(), expanding=True)
_DUE_FIRST = (diary_entry.c.day, diary_entry.c.kind.desc(), diary_entry.c.id)


@cache
def entries_of_class() -> Select[Any]:
    """Ask for what stands in a class's diary: parameters school, class, first, last, day."""
    return _with_marks().where(
        diary_entry.c.class_id == _CLASS, diary_entry.c.day >= _FIRST, diary_entry.c.day <= _LAST
    )


@cache
def some_entries() -> Select[Any]:
    """Ask for some entries: parameters school, entries, day."""
    return _with_marks().where(diary_entry.c.id.in_(_ENTRIES))


@cache
def entries_not_told() -> Select[tuple[int]]:
    """Ask for what one teacher set for a class and told no family of, due from a day on: school, class, author, day."""
    return select(diary_entry.c.id).where(
        diary_entry.c.school_id == _SCHOOL,
        diary_entry.c.class_id == _CLASS,
        diary_entry.c.author_id == bindparam("author", type_=BigId()),
        diary_entry.c.kind == EntryKind.DUE,
        diary_entry.c.day > _DAY,
        diary_entry.c.given_on == _DAY,
        ~_told(),
    )


@cache
def subjects_of_class() -> Select[tuple[str]]:
    """Ask which subjects a class's diary has, the most frequent first: parameters school, class."""
    return (
        select(diary_entry.c.subject)
        .where(diary_entry.c.school_id == _SCHOOL, diary_entry.c.class_id == _CLASS)
        .group_by(diary_entry.c.subject)
        .order_by(func.count().desc(), diary_entry.c.subject)
        .limit(40)
    )


@cache
def pupils_in_class() -> Select[int]:
    """Count the pupils of a class on a day: parameters school, class, day."""
    return select(func.count(enrolment.c.pupil_id.distinct())).where(
        enrolment.c.school_id == _SCHOOL, enrolment.c.class_id == _CLASS, holds_on(enrolment, _DAY)
    )


@cache
def entries_for_pupils() -> Select[Any]:
    """Ask for what the diary says to some pupils, a row for each of them: parameters school, pupils, first, last, day.

    What stands under a day is for whoever is in that class on that day and today: a pupil who changed class reads the
    new class's diary from that day on. What was done is read from its day on, not while it is being prepared.
    """
    ticked = (
        select(diary_tick.c.id)
        .where(
            diary_tick.c.school_id == diary_entry.c.school_id,
            diary_tick.c.entry_id == diary_entry.c.id,
            diary_tick.c.pupil_id == enrolment.c.pupil_id,
        )
        .correlate(diary_entry, enrolment)
        .exists()
    )
    return (
        select(
            diary_entry.c.id,
            enrolment.c.pupil_id,
            diary_entry.c.kind,
            diary_entry.c.subject,
            diary_entry.c.day,
            diary_entry.c.text_sealed,
            ticked.label("ticked"),
        )
        .join(
            enrolment,
            and_(enrolment.c.school_id == diary_entry.c.school_id, enrolment.c.class_id == diary_entry.c.class_id),
        )
        .where(
            diary_entry.c.school_id == _SCHOOL,
            enrolment.c.pupil_id.in_(_PUPILS),
            holds_on(enrolment, _DAY),
            or_(enrolment.c.to_on.is_(None), enrolment.c.to_on >= diary_entry.c.day),
            enrolment.c.from_on <= diary_entry.c.day,
            diary_entry.c.day >= _FIRST,
            diary_entry.c.day <= _LAST,
            or_(diary_entry.c.kind == EntryKind.DUE, diary_entry.c.day <= _DAY),
        )
        .order_by(*_DUE_FIRST, enrolment.c.pupil_id)
    )


@cache
def to_do_by_day() -> Select[Any]:
    """Count what is due and not ticked, by pupil and day: parameters school, pupils, first, last, day."""
    found = entries_for_pupils().subquery("found")
    return (
        select(found.c.pupil_id, found.c.day, func.count().label("pieces"))
        .where(found.c.kind == EntryKind.DUE, ~found.c.ticked)
        .group_by(found.c.pupil_id, found.c.day)
        .order_by(found.c.pupil_id, found.c.day)
    )


@cache
def earlier_classes() -> Select[Any]:
    """Ask for classes of the years before a day that have something in their diary: parameters school, day."""
    written = (
        select(diary_entry.c.id)
        .where(diary_entry.c.school_id == class_group.c.school_id, diary_entry.c.class_id == class_group.c.id)
        .correlate(class_group)
        .exists()
    )
    return (
        select(class_group.c.id, class_group.c.label, class_group.c.level, school_year.c.label.label("year"))
        .join(school_year, same(class_group, school_year, "year_id"))
        .where(class_group.c.school_id == _SCHOOL, school_year.c.ends_on < _DAY, written)
        .order_by(school_year.c.starts_on.desc(), class_group.c.label)
    )


@cache
def names_in_class() -> Select[Any]:
    """Ask for the names of all who ever were in a class: parameters school, class."""
    return (
        select(pupil.c.first_name, pupil.c.family_name, pupil.c.usage_name)
        .distinct()
        .join(enrolment, and_(enrolment.c.school_id == pupil.c.school_id, enrolment.c.pupil_id == pupil.c.id))
        .where(enrolment.c.school_id == _SCHOOL, enrolment.c.class_id == _CLASS)
    )


def _with_marks() -> Select[Any]:
    """Ask for entries with who wrote them, how many pupils of today's have them ticked, and whether families know."""
    ticks = (
        select(func.count(diary_tick.c.pupil_id.distinct()))
        .join(
            enrolment,
            and_(
                enrolment.c.school_id == diary_tick.c.school_id,
                enrolment.c.pupil_id == diary_tick.c.pupil_id,
                holds_on(enrolment, _DAY),
            ),
        )
        .where(
            diary_tick.c.school_id == diary_entry.c.school_id,
            diary_tick.c.entry_id == diary_entry.c.id,
            enrolment.c.class_id == diary_entry.c.class_id,
        )
        .correlate(diary_entry)
        .scalar_subquery()
    )
    return (
        select(
            diary_entry.c.id,
            diary_entry.c.class_id,
            diary_entry.c.kind,
            diary_entry.c.subject,
            diary_entry.c.day,
            diary_entry.c.given_on,
            diary_entry.c.text_sealed,
            staff.c.name.label("author"),
            ticks.label("ticks"),
            _told().label("told"),
        )
        .join(staff, same(diary_entry, staff, "author_id"))
        .where(diary_entry.c.school_id == _SCHOOL)
        .order_by(*_DUE_FIRST)
    )


def _told() -> ColumnElement[bool]:
    """Say that families were told, or hear of it this evening."""
    waiting = (
        select(digest_item.c.id)
        .where(
            digest_item.c.school_id == diary_entry.c.school_id,
            digest_item.c.kind == NoticeKind.HOMEWORK,
            digest_item.c.subject_id == diary_entry.c.id,
        )
        .correlate(diary_entry)
        .exists()
    )
    return or_(diary_entry.c.notice_id.is_not(None), waiting)
