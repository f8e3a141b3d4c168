"""The team: who works in the school today, as what, and who has a second factor."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.school import Role
from hub.people.links import holds_on
from hub.routing import class_order
from hub.tables import class_group, staff, staff_factor, staff_right


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the team: `roles` of today, `classes` of a teacher, `until`: the last day, when it is known.

    `by_paper`: a substitute, who has a code on paper and no mailbox.
    """

    staff_id: int
    name: str
    roles: tuple[Role, ...]
    classes: tuple[str, ...]
    until: date | None
    by_paper: bool
    has_second: bool


async def team_of(session: AsyncSession, *, school_id: int, day: date) -> tuple[Colleague, ...]:
    """List who has a right here today, by name, in one question."""
    rows = await session.execute(
        select(
            staff.c.id,
            staff.c.name,
            staff.c.email_sealed,
            staff_right.c.role,
            staff_right.c.to_on,
            class_group.c.label,
            staff_factor.c.confirmed_at,
        )
        .join(staff_right, and_(staff_right.c.school_id == school_id, staff_right.c.staff_id == staff.c.id))
        .outerjoin(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == staff_right.c.class_id))
        .outerjoin(staff_factor, and_(staff_factor.c.school_id == school_id, staff_factor.c.staff_id == staff.c.id))
        .where(staff.c.school_id == school_id, holds_on(staff_right, day))
        .order_by(staff.c.name, staff.c.id, staff_right.c.id)
    )
    found = defaultdict(list)
    for row in rows:
        found[row.id].append(row)
    return tuple(_colleague(staff_id, of) for staff_id, of in found.items())


def _colleague(staff_id: int, rights: list[Any]) -> Colleague:
    one = rights[0]
    last = [right.to_on for right in rights]
    return Colleague(
        staff_id=staff_id,
        name=one.name,
        roles=tuple(dict.fromkeys(Role(right.role) for right in rights)),
        classes=tuple(sorted({right.label for right in rights if right.label}, key=class_order)),
        until=max((day for day in last if day), default=None) if all(last) else None,
        by_paper=not one.email_sealed,
        has_second=one.confirmed_at is not None,
    )
