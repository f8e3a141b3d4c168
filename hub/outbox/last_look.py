"""The last look: what decides a try, read in the transaction that makes it leave.

Right, link, address, answers, cancellation and expiry are those of this moment, not of the press: what was held on
Friday for an adult barred on Saturday does not leave on Monday.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Date, and_, bindparam, case, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import UtcDateTime
from hub.models.notices import DeliveryState, NoticeState
from hub.models.people import AddressState
from hub.outbox.bulk import Packed
from hub.outbox.claim import due
from hub.outbox.rungs import WAITING, WRITABLE, is_crisis, waits
from hub.outbox.wordings import newest_version
from hub.people.links import told_today
from hub.ports import Lane
from hub.routing import SILENT_DAYS
from hub.tables import (
    address,
    attempt,
    copy,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    notice,
    pupil,
    stop,
)


class Fate(StrEnum):
    """What the last look finds of a try."""

    LEAVES = "leaves"
    OVER = "over"
    """The notice was withdrawn or replaced."""
    STALE = "stale"
    BLOCKED = "blocked"
    """The address may no longer be written to."""


class Fact(NamedTuple):
    """What decides a try, in the order of `_FACTS`; bytes in hexadecimal, the moment as `bulk.Packed` gives it."""

    id: int
    school_id: int
    sender_id: int
    copy_id: int
    version_id: int
    language: str
    fate: str
    expires_at: str
    may_name: bool
    value_sealed: str
    wrapped: str
    master_version: int


@dataclass(frozen=True, slots=True)
class Told:
    """Whom copies are for, as of now: first names by copy and child, deliveries that stop waiting, those without."""

    pupils: Mapping[int, Mapping[int, str]]
    held: Mapping[int, int]
    lost: frozenset[int]


async def look(
    connection: AsyncConnection, *, sender_id: int, lane: Lane, most: int, day: date, now: datetime
) -> tuple[list[Fact], Told]:
    """Claim at most `most` due tries of one sender's lane, and read what decides them on this day at the school."""
    since = now - timedelta(days=SILENT_DAYS)
    asked = {"b_sender": sender_id, "b_lane": lane, "b_most": most, "b_now": now, "b_since": since, "b_day": day}
    facts, told = await _LOOK.rows(connection, asked)
    return [Fact(*row) for row in facts], _told(told)


def _told(rows: Sequence[Sequence[Any]]) -> Told:
    names: dict[int, dict[int, str]] = {}
    served, held, seen = set(), dict[int, int](), set()
    for copy_id, delivery_id, state, pupil_id, first_name, rightful in rows:
        seen.add(delivery_id)
        if rightful:
            served.add(delivery_id)
            names.setdefault(copy_id, {})[pupil_id] = first_name
            if state == DeliveryState.HELD:
                held[delivery_id] = copy_id
    pupils = {copy_id: {number: of[number] for number in sorted(of)} for copy_id, of in names.items()}
    return Told(pupils, held, frozenset(seen - served))


_NOW = bindparam("b_now", type_=UtcDateTime())
_DUE = due(now=_NOW).cte("due").prefix_with("MATERIALIZED")
_FACTS = (
    select(
        attempt.c.id,
        attempt.c.school_id,
        attempt.c.sender_id,
        attempt.c.copy_id,
        newest_version(notice.c.id).label("version_id"),
        copy.c.language,
        case(
            (notice.c.state != NoticeState.PUBLISHED, Fate.OVER.value),
            (notice.c.expires_at <= _NOW, Fate.STALE.value),
            (or_(address.c.state.not_in(WRITABLE), stop.c.id.is_not(None)), Fate.BLOCKED.value),
            else_=Fate.LEAVES.value,
        ).label("fate"),
        notice.c.expires_at,
        and_(
            address.c.state == AddressState.ACTIVE,
            address.c.discreet.is_(False),
            address.c.last_sign_of_life.is_not(None),
            address.c.last_sign_of_life > bindparam("b_since", type_=UtcDateTime()),
        ).label("may_name"),
        address.c.value_sealed,
        data_key.c.wrapped,
        data_key.c.master_version,
    )
    .select_from(_DUE)
    .join(attempt, attempt.c.id == _DUE.c.id)
    .join(copy, copy.c.id == attempt.c.copy_id)
    .join(notice, notice.c.id == copy.c.notice_id)
    .join(address, address.c.id == copy.c.address_id)
    .join(data_key, data_key.c.id == address.c.data_key_id)
    .outerjoin(stop, and_(stop.c.address_id == address.c.id, stop.c.sender_id == attempt.c.sender_id))
)


_TOLD = (
    select(
        copy_delivery.c.copy_id,
        delivery.c.id,
        delivery.c.state,
        delivery_pupil.c.pupil_id,
        pupil.c.first_name,
        told_today(delivery, delivery_pupil, bindparam("b_day", type_=Date())).label("rightful"),
    )
    .select_from(_DUE)
    .join(copy_delivery, copy_delivery.c.copy_id == _DUE.c.copy_id)
    .join(delivery, delivery.c.id == copy_delivery.c.delivery_id)
    .join(delivery_pupil, delivery_pupil.c.delivery_id == delivery.c.id)
    .join(pupil, pupil.c.id == delivery_pupil.c.pupil_id)
    .where(
        or_(
            and_(copy_delivery.c.rung == delivery.c.rung, waits()),
            and_(delivery.c.state.in_((*WAITING, DeliveryState.TOLD)), is_crisis()),
        )
    )
)
_LOOK = Packed(_FACTS, _TOLD)
