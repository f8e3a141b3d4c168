"""Whom no message of the school would reach today, and why: what the office mends before anything is written."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.notices.audience import Audience, members
from hub.notices.preview import Unreached
from hub.notices.preview_asked import MOST_UNREACHED, some, unreached

MOST_SHOWN = 50
"""Adults that are named; the others are counted."""
SCHOOL = Audience()


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """Of `adults` in the school, how many nothing reaches, and the first of them."""

    adults: int
    count: int
    first: tuple[Unreached, ...]


async def out_of_reach(session: AsyncSession, *, school_id: int, day: date) -> OutOfReach:
    """Look at the whole school, as a preview does; beyond MOST_UNREACHED they are counted apart, which takes longer."""
    told = members(school_id, SCHOOL, day).subquery("told")
    adults = (await session.execute(select(func.count(func.distinct(told.c.guardian_id))))).scalar_one()
    missed = await unreached(session, school_id, SCHOOL, day)
    count = len(missed)
    if count == MOST_UNREACHED:
        count = sum(one.adults for one in await some(session, school_id, SCHOOL, day) if one.channel is None)
    return OutOfReach(adults, count, tuple(Unreached(*one) for one in missed[:MOST_SHOWN]))
