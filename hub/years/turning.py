"""The turn of the year: which year ends, which begins, and how far the school has got with it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Row, Select, and_, bindparam, distinct, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError
from hub.models.base import BigId
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.people.links import holds_on, tells
from hub.routing import class_order
from hub.tables import (
    class_group,
    contact_point,
    enrolment,
    guardian,
    link,
    pupil,
    school_year,
    staff,
    staff_right,
    wish,
)

_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())


@dataclass(frozen=True, slots=True)
class Year:
    """A school year, with its first and last day."""

    year_id: int
    label: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class OldClass:
    """A class that ends: how many pupils, how many of them have a place in the year to come, and how many teachers."""

    class_id: int
    label: str
    level: str
    closed_on: date | None
    pupils: int
    placed: int
    teachers: int


@dataclass(frozen=True, slots=True)
class NewClass:
    """A class of the year to come: how many pupils sit in it, and who teaches it."""

    class_id: int
    label: str
    pupils: int
    teachers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Staying:
    """What belongs to no year and goes on as it is."""

    adults: int
    links: int
    languages: int
    ways: int
    wishes: int


@dataclass(frozen=True, slots=True)
class Turn:
    """How far the turn has got. `new` None: the year to come is not opened yet."""

    old: Year
    new: Year | None
    classes: tuple[OldClass, ...]
    new_classes: tuple[NewClass, ...]
    staying: Staying

    @property
    def open_classes(self) -> tuple[OldClass, ...]:
        """Those of the old classes that nobody has closed."""
        return tuple(one for one in self.classes if one.closed_on is None)


def require(reader: Reader) -> None:
    """Let in the director and the office alone. Raises NotAllowedError."""
    if not reader.rights.whole_school:
        raise NotAllowedError("Le passage d’année se fait à la direction et au secrétariat.")


async def years_at(session: AsyncSession, *, school_id: int, day: date) -> tuple[Year, Year | None]:
    """Say which year ends and which begins, as of this day.

    While a class of the year before is still open, that year is the one that ends. Raises NotAllowedError where the
    school has no year at all.
    """
    years = [Year(*row) for row in await session.execute(_years(), {"school": school_id})]
    begun = [year for year in years if year.starts_on <= day]
    if not begun:
        raise NotAllowedError("Aucune année scolaire n’a commencé dans cette école.")
    here = len(begun) - 1
    if here and years[here].ends_on >= day and await _has_open(session, school_id, years[here - 1].year_id):
        here -= 1
    return years[here], years[here + 1] if here + 1 < len(years) else None


async def turn(session: AsyncSession, *, school_id: int, reader: Reader) -> Turn:
    """Read how far the turn has got. Raises NotAllowedError."""
    require(reader)
    old, new = await years_at(session, school_id=school_id, day=reader.day)
    teachers = await _teachers(session, school_id, old, new)
    new_id = new.year_id if new else 0
    which = {"school": school_id, "year": old.year_id, "next": new_id, "day": min(reader.day, old.ends_on)}
    rows = (await session.execute(_classes(), which)).all()
    begun = max(reader.day, new.starts_on) if new else reader.day
    coming = {"school": school_id, "year": new_id, "next": 0, "day": begun}
    fresh = (await session.execute(_classes(), coming)).all() if new else ()
    return Turn(
        old=old,
        new=new,
        classes=tuple(
            sorted(
                (_old(row, teachers) for row in rows),
                key=lambda one: class_order(one.label),
            )
        ),
        new_classes=tuple(
            sorted(
                (NewClass(row.id, row.label, row.pupils, tuple(teachers.get(row.id, ()))) for row in fresh),
                key=lambda one: class_order(one.label),
            )
        ),
        staying=await _staying(session, school_id, reader.day),
    )


def _old(row: Row[tuple[int, str, str, date, int, int]], teachers: Mapping[int, Sequence[str]]) -> OldClass:
    return OldClass(
        row.id, row.label, row.level, row.closed_on, row.pupils, row.placed, teachers=len(teachers.get(row.id, ()))
    )


async def colleagues(session: AsyncSession, *, school_id: int, day: date) -> tuple[tuple[int, str], ...]:
    """List who works here today or later, as (id, name): whoever may be given a class."""
    rows = await session.execute(_colleagues(), {"school": school_id, "day": day})
    return tuple((int(row.id), str(row.name)) for row in rows)


@cache
def _years() -> Select[Any]:
    """Ask for the years of a school: parameter school."""
    return (
        select(school_year.c.id, school_year.c.label, school_year.c.starts_on, school_year.c.ends_on)
        .where(school_year.c.school_id == _SCHOOL)
        .order_by(school_year.c.starts_on)
    )


@cache
def _colleagues() -> Select[Any]:
    """Ask for whoever may be given a class: parameters school, day."""
    right = exists().where(
        staff_right.c.school_id == _SCHOOL,
        staff_right.c.staff_id == staff.c.id,
        staff_right.c.role.in_((Role.TEACHER, Role.DIRECTOR)),
        or_(staff_right.c.to_on.is_(None), staff_right.c.to_on >= _DAY),
    )
    asked = select(staff.c.id, staff.c.name).where(staff.c.school_id == _SCHOOL, staff.c.name != "", right)
    return asked.order_by(staff.c.name)


async def _has_open(session: AsyncSession, school_id: int, year_id: int) -> bool:
    still = select(class_group.c.id).where(
        class_group.c.school_id == school_id, class_group.c.year_id == year_id, class_group.c.closed_on.is_(None)
    )
    return (await session.execute(still.limit(1))).first() is not None


@cache
def _classes() -> Select[tuple[int, str, str, date, int, int]]:
    """Ask for the classes of a year, with their pupils on a day, and those of them placed in the next.

    Parameters school, year, day, next.
    """
    seat, coming, later = enrolment.alias("seat"), enrolment.alias("coming"), class_group.alias("later")
    placed = exists().where(
        coming.c.school_id == _SCHOOL,
        coming.c.pupil_id == seat.c.pupil_id,
        later.c.school_id == _SCHOOL,
        later.c.id == coming.c.class_id,
        later.c.year_id == bindparam("next", type_=BigId()),
    )
    sits = and_(
        seat.c.school_id == _SCHOOL,
        seat.c.class_id == class_group.c.id,
        holds_on(seat, _DAY),
        exists().where(pupil.c.id == seat.c.pupil_id, or_(pupil.c.left_on.is_(None), pupil.c.left_on > _DAY)),
    )
    return (
        select(
            class_group.c.id,
            class_group.c.label,
            class_group.c.level,
            class_group.c.closed_on,
            func.count(distinct(seat.c.pupil_id)).label("pupils"),
            func.count(distinct(seat.c.pupil_id)).filter(placed).label("placed"),
        )
        .select_from(class_group)
        .outerjoin(seat, sits)
        .where(class_group.c.school_id == _SCHOOL, class_group.c.year_id == bindparam("year", type_=BigId()))
        .group_by(class_group.c.id, class_group.c.label, class_group.c.level, class_group.c.closed_on)
    )


async def _teachers(session: AsyncSession, school_id: int, old: Year, new: Year | None) -> dict[int, list[str]]:
    """Say who teaches each class on the last day of the old year, or on the first of the new one or later."""
    years = {old.year_id: old.ends_on, **({new.year_id: new.starts_on} if new else {})}
    teachers: dict[int, list[str]] = defaultdict(list)
    for row in await session.execute(_teaching(), {"school": school_id, "years": list(years)}):
        if row.to_on is None or row.to_on >= years[row.year_id]:
            teachers[row.class_id].append(row.name)
    return teachers


@cache
def _teaching() -> Select[Any]:
    """Ask who teaches the classes of some years, and from when until when: parameters school, years."""
    return (
        select(staff_right.c.class_id, staff.c.name, class_group.c.year_id, staff_right.c.from_on, staff_right.c.to_on)
        .join(staff, and_(staff.c.school_id == _SCHOOL, staff.c.id == staff_right.c.staff_id))
        .join(class_group, and_(class_group.c.school_id == _SCHOOL, class_group.c.id == staff_right.c.class_id))
        .where(
            staff_right.c.school_id == _SCHOOL,
            class_group.c.year_id.in_(bindparam("years", type_=BigId(), expanding=True)),
        )
        .order_by(staff.c.name)
    )


async def _staying(session: AsyncSession, school_id: int, day: date) -> Staying:
    """Count what goes on from year to year, of adults who are told about a pupil today."""
    row = (await session.execute(_what_stays(), {"school": school_id, "day": day})).one()
    return Staying(*(int(one) for one in row))


@cache
def _what_stays() -> Select[Any]:
    """Count, for the five figures at once: parameters school, day."""
    of_today = (  # read once for the five figures
        select(link.c.guardian_id)
        .join(pupil, and_(pupil.c.school_id == _SCHOOL, pupil.c.id == link.c.pupil_id))
        .where(link.c.school_id == _SCHOOL, tells(link, _DAY), or_(pupil.c.left_on.is_(None), pupil.c.left_on > _DAY))
        .distinct()
        .cte("told")
    )
    told = select(of_today.c.guardian_id)
    mine = and_(guardian.c.school_id == _SCHOOL, guardian.c.id.in_(told))
    return select(
        select(func.count()).select_from(guardian).where(mine).scalar_subquery(),
        select(func.count())
        .select_from(link)
        .where(link.c.school_id == _SCHOOL, tells(link, _DAY))
        .where(link.c.guardian_id.in_(told))
        .scalar_subquery(),
        select(func.count(distinct(guardian.c.language))).where(mine).scalar_subquery(),
        select(func.count())
        .select_from(contact_point)
        .where(contact_point.c.school_id == _SCHOOL, contact_point.c.guardian_id.in_(told))
        .scalar_subquery(),
        select(func.count())
        .select_from(wish)
        .where(wish.c.school_id == _SCHOOL, wish.c.guardian_id.in_(told))
        .scalar_subquery(),
    )
