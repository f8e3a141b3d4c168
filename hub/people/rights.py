"""What a member of staff may do today."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import Date, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.base import BigId
from hub.models.school import Role
from hub.people.links import holds_on
from hub.tables import staff_right

WHOLE_SCHOOL = (Role.DIRECTOR, Role.OFFICE)


@dataclass(frozen=True, slots=True)
class Rights:
    """`whole_school`: every class and pupil; else the classes that are theirs today. `roles` empty: no right at all."""

    roles: frozenset[Role]
    whole_school: bool
    classes: frozenset[int]

    @property
    def writes(self) -> bool:
        """Whether this person writes to families and calls them: all but a deputy."""
        return self.whole_school or Role.TEACHER in self.roles

    @property
    def may_alert(self) -> bool:
        """Whether this person may send the crisis texts: the director, the office, and a deputy outside the school."""
        return self.whole_school or Role.DEPUTY in self.roles


async def rights_on(connection: AsyncSession | AsyncConnection, *, school_id: int, staff_id: int, day: date) -> Rights:
    """Say what somebody may do on a day; a right counts on its last day too."""
    rows = (await connection.execute(_rights(), {"school": school_id, "staff": staff_id, "day": day})).all()
    roles = frozenset(Role(row.role) for row in rows)
    return Rights(
        roles=roles,
        whole_school=any(row.class_id is None and row.role in WHOLE_SCHOOL for row in rows),
        classes=frozenset(row.class_id for row in rows if row.class_id is not None),
    )


@cache
def _rights() -> Select[tuple[str, int | None]]:
    return select(staff_right.c.role, staff_right.c.class_id).where(
        staff_right.c.school_id == bindparam("school", type_=BigId()),
        staff_right.c.staff_id == bindparam("staff", type_=BigId()),
        holds_on(staff_right, bindparam("day", type_=Date())),
    )
