"""Who did what in the inbox, and when: ids only, never a word of it."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.notices.headlines import Reader
from hub.tables import audit


async def note(
    session: AsyncSession, school_id: int, reader: Reader, act: str, about: tuple[str, int | None], now: datetime
) -> None:
    """Write an act into the audit; `about`: what it was done to, as (kind, id)."""
    who = {"school_id": school_id, "at": now, "staff_id": reader.staff_id, "act": act}
    await session.execute(insert(audit).values(**who, subject=about[0], subject_id=about[1]))
