"""Which days are days of class at one school: the calendar of its zone, and what it set against it."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.holidays import Override, is_open, open_days
from hub.models.agenda import EventKind
from hub.models.base import BigId
from hub.models.school import School
from hub.tables import event

LONGEST_PAUSE = timedelta(days=100)
"""Longer than any summer."""


async def overrides(
    session: AsyncSession, *, school_id: int, first: date, last: date, class_id: int | None = None
) -> tuple[Override, ...]:
    """Read what the school set against the holidays, for all, and for a class where one is given; the oldest first."""
    which = {"school": school_id, "first": first, "last": last, "class": class_id}
    rows = await session.execute(_overrides(), which)
    return tuple(Override(row.starts_on, row.ends_on, row.kind == EventKind.OPEN, row.class_id) for row in rows)


async def is_school_day(session: AsyncSession, school: School, day: date, *, class_id: int | None = None) -> bool:
    """Say whether there is class on this day, for the school or for one class of it."""
    said = await overrides(session, school_id=school.key, first=day, last=day, class_id=class_id)
    return is_open(day, school.zone, said)


async def school_days(
    session: AsyncSession, school: School, first: date, last: date, *, class_id: int | None = None
) -> tuple[date, ...]:
    """List the days of class from `first` to `last`, both included, for the school or for one class of it."""
    said = await overrides(session, school_id=school.key, first=first, last=last, class_id=class_id)
    return open_days(school.zone, first, last, said)


async def next_school_days(
    session: AsyncSession, school: School, after: date, count: int, *, class_id: int | None = None
) -> Sequence[date]:
    """Give the next days of class after a day, `count` of them; fewer where the calendar ends."""
    last = after + LONGEST_PAUSE + timedelta(days=2 * count)
    found = await school_days(session, school, after + timedelta(days=1), last, class_id=class_id)
    return found[:count]


@cache
def _overrides() -> Select[Any]:
    """Ask for what stands against the holidays: parameters school, first, last, class."""
    return (
        select(event.c.starts_on, event.c.ends_on, event.c.kind, event.c.class_id)
        .where(
            event.c.school_id == bindparam("school", type_=BigId()),
            event.c.kind.in_((EventKind.CLOSED, EventKind.OPEN)),
            event.c.cancelled_at.is_(None),
            event.c.starts_on <= bindparam("last", type_=Date()),
            event.c.ends_on >= bindparam("first", type_=Date()),
            or_(event.c.class_id.is_(None), event.c.class_id == bindparam("class", type_=BigId())),
        )
        .order_by(event.c.id)
    )
