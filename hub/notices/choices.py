"""Whom one may write to: the classes and pupils of today, and the classes of next year."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.people.links import holds_on, told_about
from hub.people.rights import Rights
from hub.routing import class_order
from hub.tables import class_group, enrolment, pupil, school_year


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
    numbers = await _adults_by_class(session, school_id, day)
    pupils = (
        select(pupil.c.id, pupil.c.first_name, pupil.c.family_name, pupil.c.usage_name, enrolment.c.class_id)
        .join(enrolment, and_(enrolment.c.school_id == pupil.c.school_id, enrolment.c.pupil_id == pupil.c.id))
        .where(
            pupil.c.school_id == school_id,
            holds_on(enrolment, day),
            or_(pupil.c.left_on.is_(None), pupil.c.left_on > day),
        )
        .order_by(pupil.c.name_key, pupil.c.id)
    )
    groups = (
        select(class_group.c.id, class_group.c.label, school_year.c.starts_on, school_year.c.label.label("year"))
        .join(
            school_year,
            and_(school_year.c.school_id == class_group.c.school_id, school_year.c.id == class_group.c.year_id),
        )
        .where(class_group.c.school_id == school_id, class_group.c.id.in_(numbers))
    )
    everybody = None
    if rights.whole_school:
        told = told_about(school_id, day).subquery("told")
        everybody = (await session.execute(select(func.count(func.distinct(told.c.guardian_id))))).scalar_one()
    else:
        pupils = pupils.where(enrolment.c.class_id.in_(rights.classes))
        groups = groups.where(class_group.c.id.in_(rights.classes))
    ordered = sorted(await session.execute(groups), key=lambda row: class_order(row.label))
    labels = {row.id: row.label for row in ordered if row.starts_on <= day}
    return Choices(
        adults=everybody,
        classes=tuple(ClassChoice(number, label, numbers[number]) for number, label in labels.items()),
        next_classes=tuple(
            ClassChoice(row.id, f"{row.label}@{row.year}", numbers[row.id]) for row in ordered if row.starts_on > day
        ),
        pupils=tuple(
            PupilChoice(row.id, f"{row.usage_name or row.family_name} {row.first_name}", labels.get(row.class_id, ""))
            for row in await session.execute(pupils)
        ),
    )


async def _adults_by_class(session: AsyncSession, school_id: int, day: date) -> dict[int, int]:
    told = told_about(school_id, day, to_come=True).subquery("told")
    counted = select(told.c.class_id, func.count(func.distinct(told.c.guardian_id)).label("adults"))
    return {row.class_id: row.adults for row in await session.execute(counted.group_by(told.c.class_id))}
