"""Appointments as a calendar has them."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.entries import Entry, day_of
from hub.meetings import asked
from hub.meetings.rounds import LINK, TITLE
from hub.models.agenda import EventKind
from hub.people.schools import school_key
from hub.routing import day_at_school
from hub.sealing import Keyring, Seal

_DAY = timedelta(days=1)


async def calendar_of(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    timezone: str,
    guardians: Collection[int],
    first: date,
    last: date,
    now: datetime,
    cancelled: bool = False,
) -> list[Entry]:
    """List the appointments of these adults as a calendar has them, without a child's name; `cancelled`: those too."""
    which = {"school": school_id, "guardians": list(guardians), "day": day_at_school(now, timezone)}
    around = {"since": _start(first - _DAY), "until": _start(last + 2 * _DAY)}
    rows = (await session.execute(asked.appointments(), {**which, **around})).all()
    kept = [row for row in rows if cancelled or row.cancelled_at is None]
    if not kept:
        return []
    seal = await school_key(session, keyring, school_id)
    entries = [_entry(row, seal, timezone) for row in kept]
    return [one for one in entries if first <= one.first <= last]


def _entry(row: Row[Any], seal: Seal, timezone: str) -> Entry:
    day = day_of(row.starts_at, timezone)
    link = seal.open(row.link_sealed, LINK).decode() if row.link_sealed else ""
    return Entry(
        kind=EventKind.MEETING,
        title=seal.open(row.title_sealed, TITLE).decode(),
        text="\n".join(filter(None, (row.teacher, link))),
        place=row.room,
        first=day,
        last=day,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        uid=row.uid,
        sequence=row.sequence,
        made_at=row.booked_at,
        changed_at=row.cancelled_at or row.moved_at or row.booked_at,
        cancelled=row.cancelled_at is not None,
        pupils=frozenset({row.pupil_id}),
    )


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
