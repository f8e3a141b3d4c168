"""Receipts that nobody posted: which tries still wait for one, and which try a message of the provider's list is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.people import Medium
from hub.ports import Lane
from hub.sealing import Keyring
from hub.tables import address, attempt, copy


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a sender still waits to hear of: when the oldest and the newest of it left, and whether some is urgent."""

    oldest: datetime | None = None
    newest: datetime | None = None
    urgent: bool = False


async def waiting_for_receipts(connection: AsyncConnection, sender_id: int) -> Waiting:
    """Say what left from a sender, was accepted, and has not been heard of; by the index of what must be settled."""
    rows = (await connection.execute(_waiting(), {"sender_id": sender_id})).all()
    oldest = min((row.oldest for row in rows if row.oldest is not None), default=None)
    newest = max((row.newest for row in rows if row.newest is not None), default=None)
    return Waiting(oldest, newest, urgent=any(row.lane == Lane.URGENT for row in rows))


async def tries_listed(
    connection: AsyncConnection, keyring: Keyring, *, school_id: int, sender_id: int, listed: Mapping[str, str]
) -> dict[str, int]:
    """Tell which try each message of the provider's list is: `listed` gives its number by the provider's id.

    Found by the number, whose tries are few, and not by the provider's id, which no index knows. A try whose answer
    was lost has no such id: `scheduler.rounds` asks about that one.
    """
    if not listed:
        return {}
    asked = {
        "school_id": school_id,
        "sender_id": sender_id,
        "hashes": sorted({keyring.lookup(Medium.PHONE.value, number) for number in listed.values()}),
        "sids": sorted(listed),
    }
    return {row.provider_id: row.id for row in await connection.execute(_tries(), asked)}


@cache
def _waiting() -> Select[Any]:
    return (
        select(
            attempt.c.lane,
            func.min(attempt.c.sending_at).label("oldest"),
            func.max(attempt.c.sending_at).label("newest"),
        )
        .where(
            text("attempt.state IN ('sending', 'unknown', 'accepted') AND attempt.look_at IS NOT NULL"),
            text("attempt.state = 'accepted'"),
            attempt.c.sender_id == bindparam("sender_id"),
        )
        .group_by(attempt.c.lane)
    )


@cache
def _tries() -> Select[Any]:
    return (
        select(attempt.c.id, attempt.c.provider_id)
        .join(copy, copy.c.id == attempt.c.copy_id)
        .join(address, address.c.id == copy.c.address_id)
        .where(
            address.c.school_id == bindparam("school_id"),
            address.c.medium == Medium.PHONE,
            address.c.lookup_hash.in_(bindparam("hashes", expanding=True)),
            attempt.c.sender_id == bindparam("sender_id"),
            attempt.c.provider_id.in_(bindparam("sids", expanding=True)),
        )
    )
