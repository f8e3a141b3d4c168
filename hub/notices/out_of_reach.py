"""Whom no message of the school would reach today, and why: what the office mends before anything is written."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from hub.notices import preview_asked
from hub.notices.audience import Audience
from hub.notices.preview import Unreached

MOST_SHOWN = 50
"""Adults that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """Of `adults` in the school, how many nothing reaches, and the first of them."""

    adults: int
    count: int
    first: tuple[Unreached, ...]


async def out_of_reach(session: AsyncSession, *, school_id: int, day: date) -> OutOfReach:
    """Look at the whole school, as a preview does."""
    everybody = await preview_asked.some(session, school_id, Audience(), day)
    unreached = await preview_asked.unreached(session, school_id, Audience(), day)
    return OutOfReach(
        adults=sum(one.adults for one in everybody if one.first),
        count=sum(one.adults for one in everybody if one.channel is None),
        first=tuple(Unreached(*one) for one in unreached[:MOST_SHOWN]),
    )
