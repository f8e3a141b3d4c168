"""The classes of a school as those who teach enter them: whose they are today, and until when one writes in them."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.base import BigId
from hub.models.classroom import EntryKind
from hub.notices.headlines import Reader
from hub.outbox.rungs import same
from hub.people.links import holds_on
from hub.routing import class_order
from hub.tables import class_group, diary_entry, enrolment, school_year


@dataclass(frozen=True, slots=True)
class Classroom:
    """A class and its year. `closed_on`: the day from which nobody writes in it any more."""

    class_id: int
    label: str
    level: str
    starts_on: date
    ends_on: date
    closed_on: date | None

    def is_open(self, day: date) -> bool:
        """Whether one may still write in it on a day."""
        return self.ends_on >= day and (self.closed_on is None or self.closed_on > day)


@dataclass(frozen=True, slots=True)
class AtADoor:
    """A class of today at its doors: how many pupils, what was noted for today, and what is due from tomorrow on."""

    class_id: int
    label: str
    pupils: int
    noted_today: int
    due_soon: int


async def enter(session: AsyncSession, *, school_id: int, class_id: int, reader: Reader) -> Classroom:
    """Give a class to who may read and write in it today. Raises NotFoundError, NotAllowedError."""
    row = (await session.execute(_one(), {"school": school_id, "class": class_id})).one_or_none()
    if row is None:
        raise NotFoundError("Cette classe n’existe pas.")
    rights = reader.rights
    if not rights.writes or not (rights.whole_school or class_id in rights.classes):
        raise NotAllowedError("Cette classe n’est pas la vôtre aujourd’hui.")
    return Classroom(row.id, row.label, row.level, row.starts_on, row.ends_on, row.closed_on)


async def enter_to_write(session: AsyncSession, *, school_id: int, class_id: int, reader: Reader) -> Classroom:
    """Give a class to who may write in it today. Raises also InvalidError where its year is over, or it is closed."""
    found = await enter(session, school_id=school_id, class_id=class_id, reader=reader)
    if not found.is_open(reader.day):
        raise InvalidError("Cette classe est fermée : on la lit encore, on n’y écrit plus.")
    return found


async def classes_today(session: AsyncSession, *, school_id: int, reader: Reader) -> tuple[AtADoor, ...]:
    """List the classes of this reader's today, the youngest children first."""
    rights = reader.rights
    which = {"school": school_id, "day": reader.day, "classes": list(rights.classes)}
    rows = await session.execute(_today(of_classes=not rights.whole_school), which)
    found = (AtADoor(row.id, row.label, row.pupils, row.noted, row.due_soon) for row in rows)
    return tuple(sorted(found, key=lambda one: class_order(one.label)))


@cache
def _one() -> Select[Any]:
    """Ask for a class and its year: parameters school, class."""
    return (
        select(
            class_group.c.id,
            class_group.c.label,
            class_group.c.level,
            class_group.c.closed_on,
            school_year.c.starts_on,
            school_year.c.ends_on,
        )
        .join(school_year, same(class_group, school_year, "year_id"))
        .where(
            class_group.c.school_id == bindparam("school", type_=BigId()),
            class_group.c.id == bindparam("class", type_=BigId()),
        )
    )


@cache
def _today(*, of_classes: bool) -> Select[Any]:
    """Ask for the classes of a day's year: parameters school, day, classes."""
    day = bindparam("day", type_=Date())

    def number(*which: Any) -> Any:  # noqa: ANN401 (conditions, and a column)
        mine = and_(diary_entry.c.school_id == class_group.c.school_id, diary_entry.c.class_id == class_group.c.id)
        asked = select(func.count(diary_entry.c.id)).where(mine, *which)
        return asked.correlate(class_group).scalar_subquery()

    pupils = (
        select(func.count(enrolment.c.pupil_id.distinct()))
        .where(enrolment.c.school_id == class_group.c.school_id, enrolment.c.class_id == class_group.c.id)
        .where(holds_on(enrolment, day))
        .correlate(class_group)
        .scalar_subquery()
    )
    noted = or_(and_(diary_entry.c.kind == EntryKind.DONE, diary_entry.c.day == day), diary_entry.c.given_on == day)
    asked = (
        select(
            class_group.c.id,
            class_group.c.label,
            pupils.label("pupils"),
            number(noted).label("noted"),
            number(diary_entry.c.kind == EntryKind.DUE, diary_entry.c.day > day).label("due_soon"),
        )
        .join(school_year, same(class_group, school_year, "year_id"))
        .where(
            class_group.c.school_id == bindparam("school", type_=BigId()),
            school_year.c.starts_on <= day,
            school_year.c.ends_on >= day,
            or_(class_group.c.closed_on.is_(None), class_group.c.closed_on > day),
        )
    )
    return asked.where(class_group.c.id.in_(bindparam("classes", expanding=True))) if of_classes else asked
