"""How often somebody has guessed: at a password, at six digits, at a code on paper.

Tries are counted in the registers, so that several processes agree, and are written down *before* what was typed is
looked at: guessing in parallel gains nothing.
"""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from sqlalchemy import Table, delete, func, insert, or_, select

from hub.database import Database
from hub.errors import HubError
from hub.models import metadata

WINDOW = timedelta(minutes=15)
SLOW_AFTER, PAUSE = 5, timedelta(seconds=30)
"""After five failures for one mailbox, one try every thirty seconds: a guesser crawls, its owner is not locked out."""
SHUT_AFTER = 20

_failure: Table = metadata.tables["sign_in_failure"]


class TooManyTriesError(HubError):
    """Too many failures lately; `wait` is how long until the next try counts."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Trop d’essais : attendez {_spoken(wait)} avant de recommencer.")
        self.wait = wait


async def counted(database: Database, typed: bytes, place: bytes) -> list[int]:
    """Write this try down as failed, unless there were too many; gives the rows, to be taken back on success.

    `typed`: whose door it is, `place`: where the visitor is, both as keyed hashes. Raises TooManyTriesError.
    """
    async with database.engine() as connection:
        now = await database.now(connection)
        await connection.execute(delete(_failure).where(_failure.c.at <= now - WINDOW))
        rows = await connection.execute(
            select(_failure.c.what_hash, func.count().label("times"), func.max(_failure.c.at).label("last"))
            .where(or_(_failure.c.what_hash == typed, _failure.c.what_hash == place))
            .group_by(_failure.c.what_hash)
        )
        wait = _wait({row.what_hash: row for row in rows}, typed, place, now)
        if wait is None:
            rows = await connection.execute(
                insert(_failure)
                .values([{"what_hash": what, "at": now} for what in (typed, place)])
                .returning(_failure.c.id)
            )
            return [row.id for row in rows]
    raise TooManyTriesError(wait)


async def forget(database: Database, typed: bytes, tries: list[int]) -> None:
    """It was right: this door starts afresh, and this try did not count against the place."""
    async with database.engine() as connection:
        await connection.execute(delete(_failure).where(or_(_failure.c.what_hash == typed, _failure.c.id.in_(tries))))


def network(where: str) -> str:
    """One visitor is one IPv4 address, or one IPv6 network of 64 bits: a household owns all of it (RFC 6177)."""
    try:
        address = ip_address(where)
    except ValueError:
        return where
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else str(address)


def _wait(known: dict[bytes, Any], typed: bytes, place: bytes, now: datetime) -> timedelta | None:
    """Say how long this visitor must wait, if at all."""
    here, one = known.get(place), known.get(typed)
    if here is not None and here.times >= SHUT_AFTER:
        return WINDOW
    if one is not None and one.times >= SLOW_AFTER:
        left = PAUSE - (now - one.last)
        return left if left > timedelta(0) else None
    return None


def _spoken(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{max(seconds, 1)} secondes"
