"""A school's ladders: how long it waits for an answer before the next way, and what comes at the end; read and set."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.models.ladders import Occasion
from hub.models.notices import Needs
from hub.patience import NO_LADDER, USUAL, Ladder, check_patience, ladder_for, occasion_of, within_bounds
from hub.people.noting import note
from hub.ports import NoticeKind
from hub.tables import insert_into, ladder_rule


async def ladders_of(session: AsyncSession, school_id: int) -> Mapping[Occasion, Ladder]:
    """Give the school's ladder of each occasion: its own where it set one, else the usual one."""
    rows = await session.execute(_set(), {"school": school_id})
    return {
        **USUAL,
        **{
            Occasion(row.occasion): Ladder(
                within_bounds(Occasion(row.occasion), timedelta(seconds=row.patience)),
                rings=row.rings,
                calls=row.calls,
            )
            for row in rows
        },
    }


async def ladder_of(session: AsyncSession, school_id: int, kind: NoticeKind, needs: Needs) -> Ladder:
    """Give the ladder of what is pressed now."""
    if occasion_of(kind, needs) is None:
        return NO_LADDER
    return ladder_for(kind, needs, await ladders_of(session, school_id))


async def set_ladders(
    session: AsyncSession, *, school_id: int, staff_id: int, ladders: Mapping[Occasion, Ladder], now: datetime
) -> None:
    """Set ladders, which is written down; what was pressed before keeps its own. Raises InvalidError."""
    for occasion, ladder in ladders.items():
        check_patience(occasion, ladder.patience or timedelta(0))
    rows = [
        {
            "school_id": school_id,
            "occasion": occasion,
            "patience": int((ladder.patience or timedelta(0)).total_seconds()),
            "rings": ladder.rings,
            "calls": ladder.calls,
        }
        for occasion, ladder in ladders.items()
    ]
    statement = insert_into(ladder_rule, session).values(rows)
    said = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["occasion", "school_id"],
            set_={"patience": said.patience, "rings": said.rings, "calls": said.calls},
        )
    )
    await note(session, school_id, staff_id, "ladders_set", ("school", school_id), now)


@cache
def _set() -> Select[Any]:
    """Ask for the ladders that a school set: parameter school."""
    return select(ladder_rule.c.occasion, ladder_rule.c.patience, ladder_rule.c.rings, ladder_rule.c.calls).where(
        ladder_rule.c.school_id == bindparam("school", type_=BigId())
    )
