"""Whom one may write to: the classes and pupils of today, and the classes of next year."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.people.links import holds_on, told_about
from hub.people.rights import Rights
from hub.routing import class_order
from hub.tables import class_group, enrolment, pupil, school_year

_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_CLASSES = bindparam("classes", type_=BigId(), expanding=True)


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """A class to write to, with the number of adults concerned today; `label` as `read_audience` reads it."""

    class_id: int
    label: str
    adults: int


@dataclass(frozen=True, slots=True)
class PupilChoice:
    """A pupil to write about."""

    pupil_id: int
    name: str
    class_label: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody may choose from today. `adults` of the whole school, None when that is not theirs.

    `next_classes` are those of next year, for who may write to the whole school.
    """

    adults: int | None
    classes: tuple[ClassChoice, ...]
    next_classes: tuple[ClassChoice, ...]
    pupils: tuple[PupilChoice, ...]


async def choices(session: AsyncSession, *, school_id: int, rights: Rights, day: date) -> Choices:
    """Give the classes and pupils that somebody may write to today."""
    whole = rights.whole_school
    which = {"school": school_id, "day": day, "classes": list(rights.classes)}
    everybody = (await session.execute(_everybody(), which)).scalar_one() if whole else None
    groups = await session.execute(_groups(of_classes=not whole), which)
    ordered = sorted(groups, key=lambda row: class_order(row.label))
    labels = {row.id: row.label for row in ordered if row.starts_on <= day}
    return Choices(
        adults=everybody,
        classes=tuple(ClassChoice(row.id, row.label, row.adults) for row in ordered if row.starts_on <= day),
        next_classes=tuple(
            ClassChoice(row.id, f"{row.label}@{row.year}", row.adults) for row in ordered if row.starts_on > day
        ),
        pupils=tuple(
            PupilChoice(number, f"{usage_name or family_name} {first_name}", labels.get(class_id, ""))
            for number, first_name, family_name, usage_name, class_id in await session.execute(
                _pupils(of_classes=not whole), which
            )
        ),
    )


async def pupil_choices(session: AsyncSession, *, school_id: int, rights: Rights, day: date) -> tuple[PupilChoice, ...]:
    """Give the pupils alone, by name; no adult is counted, so a page that only looks for a child stays quick."""
    which = {"school": school_id, "day": day, "classes": list(rights.classes)}
    rows = await session.execute(_named_pupils(of_classes=not rights.whole_school), which)
    return tuple(
        PupilChoice(row.id, f"{row.usage_name or row.family_name} {row.first_name}", row.label) for row in rows
    )


@cache
def _named_pupils(*, of_classes: bool) -> Select[Any]:
    """Ask for what `_pupils` asks for, with the name of the class."""
    asked = _pupils(of_classes=of_classes).add_columns(class_group.c.label)
    return asked.join(class_group, class_group.c.id == enrolment.c.class_id)


@cache
def _everybody() -> Select[Any]:
    """Count the adults of today: parameters school, day."""
    told = told_about(_SCHOOL, _DAY).subquery("told")
    return select(func.count(func.distinct(told.c.guardian_id)))


@cache
def _groups(*, of_classes: bool) -> Select[Any]:
    """Ask for the classes with their adults, today's and those to come: parameters school, day, classes."""
    told = told_about(_SCHOOL, _DAY, to_come=True).subquery("told")
    counted = (
        select(told.c.class_id, func.count(func.distinct(told.c.guardian_id)).label("adults"))
        .group_by(told.c.class_id)
        .subquery("counted")
    )
    asked = (
        select(
            class_group.c.id,
            class_group.c.label,
            school_year.c.starts_on,
            school_year.c.label.label("year"),
            counted.c.adults,
        )
        .join(counted, counted.c.class_id == class_group.c.id)
        .join(
            school_year,
            and_(school_year.c.school_id == class_group.c.school_id, school_year.c.id == class_group.c.year_id),
        )
        .where(class_group.c.school_id == _SCHOOL)
    )
    return asked.where(class_group.c.id.in_(_CLASSES)) if of_classes else asked


@cache
def _pupils(*, of_classes: bool) -> Select[Any]:
    """Ask for the pupils of today's classes, by name: parameters school, day, classes."""
    asked = (
        select(pupil.c.id, pupil.c.first_name, pupil.c.family_name, pupil.c.usage_name, enrolment.c.class_id)
        .join(enrolment, and_(enrolment.c.school_id == pupil.c.school_id, enrolment.c.pupil_id == pupil.c.id))
        .where(
            pupil.c.school_id == _SCHOOL,
            holds_on(enrolment, _DAY),
            or_(pupil.c.left_on.is_(None), pupil.c.left_on > _DAY),
        )
        .order_by(pupil.c.name_key, pupil.c.id)
    )
    return asked.where(enrolment.c.class_id.in_(_CLASSES)) if of_classes else asked
