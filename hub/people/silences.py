"""When a school is silent, read from its own row; and set by its head."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.holidays import holidays, is_public_holiday
from hub.models.base import BigId
from hub.people.noting import note
from hub.silence import Silence, check_silence, silent_until
from hub.tables import school

Within = AsyncConnection | AsyncSession


def silence_of(row: Any) -> Silence | None:  # noqa: ANN401 (a School, or a row of it)
    """Read a school's silence; None: it writes at any hour."""
    if row.silent_from is None or row.silent_to is None:
        return None
    return Silence(row.silent_from, row.silent_to, row.silent_weekends, row.silent_holidays)


def free_days(silence: Silence | None, zone: str) -> Callable[[date], bool]:
    """Say which days are silent as a whole beside the weekend: public holidays, and vacations where the school says so.

    What a school sets against the holidays (a bridge day, a Saturday of class) is about class, not about writing.
    """

    def is_free(day: date) -> bool:
        if silence is None:
            return False
        return (silence.weekends and is_public_holiday(day)) or (silence.holidays and bool(holidays(zone, day, day)))

    return is_free


def quiet_at(now: datetime, row: Any) -> datetime | None:  # noqa: ANN401 (a School, or a row of it)
    """Say when the silence of a school ends that holds at a moment; None when it does not hold."""
    silence = silence_of(row)
    return silent_until(now, row.timezone, silence, free_days(silence, row.zone))


async def silences(within: Within, schools: Sequence[int]) -> dict[int, Any]:
    """Read what some schools set about their silence: a row of each, as `quiet_at` takes it."""
    return {row.id: row for row in await within.execute(_schools(), {"ids": list(schools)})}


async def set_silence(
    session: AsyncSession, *, school_id: int, staff_id: int, silence: Silence | None, now: datetime
) -> None:
    """Set when the school is silent (None: never), which is written down. Raises InvalidError."""
    if silence is not None:
        check_silence(silence)
    await session.execute(
        update(school)
        .where(school.c.id == school_id)
        .values(
            silent_from=silence.begins if silence else None,
            silent_to=silence.ends if silence else None,
            silent_weekends=silence.weekends if silence else True,
            silent_holidays=silence.holidays if silence else False,
        )
    )
    await note(session, school_id, staff_id, "silence_set", ("school", school_id), now)


@cache
def _schools() -> Select[Any]:
    return select(
        school.c.id,
        school.c.timezone,
        school.c.zone,
        school.c.silent_from,
        school.c.silent_to,
        school.c.silent_weekends,
        school.c.silent_holidays,
    ).where(school.c.id.in_(bindparam("ids", type_=BigId(), expanding=True)))
