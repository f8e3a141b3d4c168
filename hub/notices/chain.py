"""Which notice follows which: a correction, a withdrawal, a reminder, the next news of an alarm."""

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.ports import Follows
from hub.tables import notice_follow


@dataclass(frozen=True, slots=True)
class Chain:
    """What stands before and after a notice, by number; `how` the later one follows."""

    before: tuple[int, Follows] | None = None
    after: tuple[tuple[int, Follows], ...] = ()


async def chain_of(session: AsyncSession, *, school_id: int, notice_id: int) -> Chain:
    """Read both sides of a notice, in one question."""
    rows = await session.execute(
        select(notice_follow)
        .where(
            notice_follow.c.school_id == school_id,
            or_(notice_follow.c.notice_id == notice_id, notice_follow.c.before_id == notice_id),
        )
        .order_by(notice_follow.c.id)
    )
    before, after = None, []
    for row in rows:
        if row.notice_id == notice_id:
            before = (row.before_id, Follows(row.how))
        else:
            after.append((row.notice_id, Follows(row.how)))
    return Chain(before, tuple(after))
