"""Whose children they are: the pupils beside whom an adult stands today, and what he or she may do for each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.people.links import tells, told_about
from hub.tables import class_group, link, pupil


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil in a class, as one adult may see it today. `decides`: this adult signs for the child."""

    school_id: int
    guardian_id: int
    pupil_id: int
    first_name: str
    class_id: int
    class_label: str
    decides: bool


async def children_of(
    session: AsyncSession, *, school_id: int, guardians: Collection[int], day: date
) -> tuple[Child, ...]:
    """List the children about whom these adults are told on this day, the eldest on file first.

    Only through a link that is valid today: a barred, waiting or ended link shows nothing.
    """
    rows = await session.execute(_children(), {"school": school_id, "guardians": list(guardians), "day": day})
    return tuple(Child(school_id=school_id, **row._mapping) for row in rows)  # noqa: SLF001 (columns by name)


@cache
def _children() -> Select[Any]:
    """Ask for the children of some adults: parameters school, guardians, day."""
    school_id, day = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
    told = told_about(school_id, day).subquery("told")
    return (
        select(
            told.c.guardian_id,
            told.c.pupil_id,
            pupil.c.first_name,
            told.c.class_id,
            class_group.c.label.label("class_label"),
            link.c.may_decide.label("decides"),
        )
        .distinct()
        .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
        .join(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == told.c.class_id))
        .join(
            link,
            and_(
                link.c.school_id == school_id,
                link.c.guardian_id == told.c.guardian_id,
                link.c.pupil_id == told.c.pupil_id,
                tells(link, day),
            ),
        )
        .where(told.c.guardian_id.in_(bindparam("guardians", expanding=True)))
        .order_by(told.c.pupil_id, told.c.guardian_id, told.c.class_id)
    )
