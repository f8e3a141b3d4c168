"""Who did what to whom, and when: written down for proof, ids only, never a word of it."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.tables import audit


async def note(
    session: AsyncSession,
    school_id: int,
    by: int | None,
    act: str,
    about: tuple[str, int | None],
    now: datetime,
    *,
    count: int | None = None,
) -> None:
    """Write an act into the audit. `by`: which member of staff, None for a family; `about`: kind and id."""
    who = {"school_id": school_id, "at": now, "staff_id": by, "act": act, "count": count}
    await session.execute(insert(audit).values(**who, subject=about[0], subject_id=about[1]))
