"""Which notice follows which: a correction, a withdrawal, a reminder, the next news of an alarm."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.ports import Follows
from hub.tables import notice, notice_follow

REPEATS = "notice:"
"""How the audience of what follows another notice begins."""


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


async def first_of(connection: AsyncConnection, school_id: int, notices: Collection[int]) -> dict[int, int]:
    """Say of reminders which notice they say again, the first where a reminder is reminded of; others are left out."""
    first = dict[int, int]()
    last = {number: number for number in notices}
    while last:
        rows = await connection.execute(
            select(notice_follow.c.notice_id, notice_follow.c.before_id).where(
                notice_follow.c.school_id == school_id,
                notice_follow.c.notice_id.in_(sorted(set(last.values()))),
                notice_follow.c.how == Follows.REMINDER,
            )
        )
        before = {int(row.notice_id): int(row.before_id) for row in rows}
        last = {number: before[at] for number, at in last.items() if at in before}
        first.update(last)
    return first


async def with_reminders(connection: AsyncConnection | AsyncSession, school_id: int, notice_id: int) -> tuple[int, ...]:
    """Give a notice and those that say it again, and again."""
    told = select(literal(notice_id, notice.c.id.type).label("id")).cte("told", recursive=True)
    again = select(notice_follow.c.notice_id).where(
        notice_follow.c.school_id == school_id,
        notice_follow.c.before_id == told.c.id,
        notice_follow.c.how == Follows.REMINDER,
    )
    return tuple(await connection.scalars(select(told.union(again).c.id)))
