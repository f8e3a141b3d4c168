"""Who is expected at a meeting, for the door: by name, with chairs; who is protected is counted and not named."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.models.people import LinkKind
from hub.notices.chairs import Coming, chairs, who_comes
from hub.notices.room import Room, seats_of
from hub.notices.standing import concerns
from hub.people.links import holds_on
from hub.people.names import full_name, name_key
from hub.tables import delivery, delivery_pupil, guardian, link


@dataclass(frozen=True, slots=True)
class Expected:
    """A line of the list: an adult, with as many chairs as he or she has."""

    name: str
    chairs: int


@dataclass(frozen=True, slots=True)
class DoorList:
    """Who is expected, by name; `unnamed`: chairs of those who are not named here. `chairs`: all of them."""

    lines: tuple[Expected, ...]
    unnamed: int
    chairs: int


async def door_list(
    session: AsyncSession,
    *,
    school_id: int,
    notice_id: int,
    day: date,
    classes: frozenset[int] | None = None,
    by_family: bool = False,
) -> DoorList:
    """Read who comes and has a place, of those who still have a right to the notice on `day`.

    A family is not named that an adult must not find (there is a link of his or hers that bars it), nor a foster home:
    the list lies open at the door. `classes` limits the names to adults of pupils of these classes.
    """
    which = {"school": school_id, "notice": notice_id, "day": day}
    coming = [one for one in seats_of(await session.execute(who_comes(), which)) if one.held]
    asked = {**which, "classes": list(classes or ())}
    named = {
        row.guardian_id: row for row in await session.execute(_may_be_named(of_classes=classes is not None), asked)
    }
    lines = [
        (full_name(row.first_name, row.usage_name, row.family_name), row, one)
        for one in coming
        if (row := named.get(one.guardian_id)) is not None
    ]
    lines.sort(key=lambda each: (name_key(each[1].usage_name or each[1].family_name), name_key(each[0])))
    others = [Coming(one.held, one.pupils) for one in coming if one.guardian_id not in named]
    return DoorList(
        tuple(Expected(name, one.held) for name, _, one in lines),
        chairs(others, by_family=by_family),
        Room(0, by_family, tuple(coming)).taken,
    )


@cache
def _may_be_named(*, of_classes: bool) -> Select[Any]:
    """Ask for the names of those whom the list may name: parameters school, notice, day; classes where asked for."""
    day = bindparam("day", type_=Date())
    barred = (
        select(link.c.id)
        .join(
            delivery_pupil,
            and_(delivery_pupil.c.school_id == link.c.school_id, delivery_pupil.c.pupil_id == link.c.pupil_id),
        )
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id,
            delivery_pupil.c.delivery_id == delivery.c.id,
            link.c.kind == LinkKind.BARRED,
            holds_on(link, day),
        )
        .correlate(delivery)
    )
    asked = (
        select(delivery.c.guardian_id, guardian.c.first_name, guardian.c.usage_name, guardian.c.family_name)
        .join(guardian, and_(guardian.c.school_id == delivery.c.school_id, guardian.c.id == delivery.c.guardian_id))
        .where(
            delivery.c.school_id == bindparam("school", type_=BigId()),
            delivery.c.notice_id == bindparam("notice", type_=BigId()),
            guardian.c.service.is_(False),
            ~barred.exists(),
        )
    )
    return asked.where(concerns(bindparam("classes", type_=BigId(), expanding=True), day)) if of_classes else asked
