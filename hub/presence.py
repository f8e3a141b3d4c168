"""Which programs of this installation run: each says so again and again, and who asks learns what is missing."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.school import ProgramRole
from hub.tables import insert_into, process

SIGN_EVERY = 10.0
"""Seconds between two signs of life."""
GONE_AFTER = timedelta(seconds=30)
FORGOTTEN_AFTER = timedelta(days=1)


async def sign_in(connection: AsyncConnection, number: int, role: ProgramRole, *, now: datetime) -> None:
    """Say that this program runs; what has not been seen for a day is forgotten."""
    put = insert_into(process, connection).values(id=number, role=role, begun_at=now, seen_at=now)
    await connection.execute(put.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now}))
    await connection.execute(delete(process).where(process.c.seen_at < now - FORGOTTEN_AFTER))


async def sign_out(connection: AsyncConnection, number: int) -> None:
    """Say that it ends."""
    await connection.execute(delete(process).where(process.c.id == number))


async def who_runs(connection: AsyncConnection, *, now: datetime) -> dict[ProgramRole, int]:
    """Count the programs that gave a sign of life lately, by what they do."""
    rows = await connection.execute(
        select(process.c.role, func.count()).where(process.c.seen_at > now - GONE_AFTER).group_by(process.c.role)
    )
    return {ProgramRole(role): int(number) for role, number in rows}
