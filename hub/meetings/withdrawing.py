"""What no longer stands is not told any more: notices of appointments that still wait are stopped."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.meetings.telling import FREE_KEY, free_key, reminder_key
from hub.models.notices import DeliveryState, NoticeState
from hub.notices.cancelling import stop_unheard, stop_waiting
from hub.outbox.wordings import read_slots
from hub.sealing import Keyring
from hub.tables import (
    booking,
    booking_wait,
    data_key,
    delivery,
    evening_wish,
    meeting_round,
    meeting_slot,
    notice,
    notice_version,
)

_SLOTS = b"notice_version.slots"


@dataclass(frozen=True, slots=True)
class Gone:
    """Hours of a round that are cancelled, and the appointments in them: (id, what its sequence was)."""

    round_id: int
    hours: frozenset[datetime]
    bookings: tuple[tuple[int, int], ...] = ()


async def stop_reminders(
    session: AsyncSession, *, school_id: int, bookings: Collection[tuple[int, int]], now: datetime
) -> None:
    """Stop the reminders that wait of appointments (id, what its sequence was) that are cancelled, or moved."""
    keys = [reminder_key(*one) for one in bookings]
    if keys:
        await stop_waiting(session, school_id=school_id, which=notice.c.key_name.in_(keys), now=now)


async def stop_telling_of(session: AsyncSession, *, school_id: int, gone: Sequence[Gone], now: datetime) -> None:
    """Stop what waits to be told of hours that are cancelled: that they are near, that they are free.

    So too the invitation, where no hour to come is left to choose. Who would have heard that one is free waits on.
    """
    bookings = [one for each in gone for one in each.bookings]
    await stop_reminders(session, school_id=school_id, bookings=bookings, now=now)
    rounds = [one.round_id for one in gone]
    left = select(meeting_slot.c.round_id).where(
        meeting_slot.c.school_id == school_id,
        meeting_slot.c.round_id.in_(rounds),
        meeting_slot.c.cancelled_at.is_(None),
        meeting_slot.c.starts_at > now,
    )
    empty = set(rounds) - set(await session.scalars(left))
    over = tuple(f"{FREE_KEY}{number}:" for number in empty) + tuple(
        free_key(one.round_id, hour) for one in gone for hour in one.hours
    )
    of_free = and_(notice.c.key_name.startswith(FREE_KEY), notice.c.expires_at > now)
    waiting = select(notice.c.id, notice.c.key_name).where(
        notice.c.school_id == school_id, notice.c.state == NoticeState.PUBLISHED, of_free
    )
    stale = [row.id for row in await session.execute(waiting) if row.key_name.startswith(over)]
    by_round = select(meeting_round.c.notice_id).where(
        meeting_round.c.school_id == school_id, meeting_round.c.id.in_(empty), meeting_round.c.notice_id.is_not(None)
    )
    which = or_(notice.c.id.in_(stale), notice.c.id.in_(by_round))
    stopped = await stop_waiting(session, school_id=school_id, which=which, now=now)
    await _wait_on(session, school_id, rounds, [one for one in stopped if one in stale])


async def stop_telling_it_is_free(
    session: AsyncSession, *, school_id: int, round_id: int, starts_at: datetime, now: datetime
) -> None:
    """Let who has not heard yet that an hour fell free hear nothing, and wait on: somebody has taken it.

    Nothing is stopped while another teacher of the round is free at that hour. What has left stands: one may wait
    again by it.
    """
    mine = (booking_wait.c.school_id == school_id, booking_wait.c.round_id == round_id)
    told = select(booking_wait.c.id).where(*mine, booking_wait.c.told_at.is_not(None)).limit(1)
    if (await session.execute(told)).first() is None:
        return
    has = select(booking.c.id).where(
        booking.c.school_id == school_id, booking.c.slot_id == meeting_slot.c.id, booking.c.cancelled_at.is_(None)
    )
    free = select(meeting_slot.c.id).where(
        meeting_slot.c.school_id == school_id,
        meeting_slot.c.round_id == round_id,
        meeting_slot.c.starts_at == starts_at,
        meeting_slot.c.cancelled_at.is_(None),
        ~has.correlate(meeting_slot).exists(),
    )
    if (await session.execute(free.limit(1))).first() is not None:
        return
    of_it = select(notice.c.id).where(
        notice.c.school_id == school_id,
        notice.c.state == NoticeState.PUBLISHED,
        notice.c.key_name.startswith(free_key(round_id, starts_at)),
    )
    adults = await stop_unheard(session, school_id=school_id, which=delivery.c.notice_id.in_(of_it), now=now)
    if adults:
        on = update(booking_wait).where(*mine, booking_wait.c.guardian_id.in_(adults))
        await session.execute(on.values(told_at=None))


async def _wait_on(session: AsyncSession, school_id: int, rounds: Collection[int], stopped: Sequence[int]) -> None:
    """Let those wait on who did not hear that a time fell free."""
    if not stopped:
        return
    unheard = select(delivery.c.guardian_id).where(
        delivery.c.school_id == school_id,
        delivery.c.notice_id.in_(stopped),
        delivery.c.state == DeliveryState.CANCELLED,
    )
    mine = (booking_wait.c.school_id == school_id, booking_wait.c.round_id.in_(rounds))
    await session.execute(
        update(booking_wait).where(*mine, booking_wait.c.guardian_id.in_(unheard)).values(told_at=None)
    )


async def leave_out(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    slots: Collection[int],
    staff_id: int | None,
    now: datetime,
) -> None:
    """Take hours out of the messages that tell adults their hours of a plan and have not left: a new version of each.

    Where none would be left in it, it is stopped. `staff_id`: who cancels them; None: a family moved or gave back its
    own, and who told of them still does.
    """
    gone = defaultdict[int, set[datetime]](set)
    words = dict[int, Any]()
    for row in await session.execute(_plans_that_wait(school_id, slots)):
        gone[row.id].add(row.starts_at)
        words[row.id] = row
    for row in words.values():
        seal = keyring.seal(row.wrapped, row.master_version)
        said = read_slots(seal.open(row.slots_sealed, _SLOTS))
        hours = tuple((at, where) for at, where in said.hours if at not in gone[row.id])
        if len(hours) == len(said.hours):
            continue
        if not hours:
            await stop_waiting(session, school_id=school_id, which=notice.c.id == row.id, now=now)
            continue
        values = {
            "school_id": school_id,
            "notice_id": row.id,
            "n": row.n + 1,
            "author_id": staff_id or row.author_id,
            "slots_sealed": seal.close(orjson.dumps(replace(said, hours=hours)), _SLOTS),
            "created_at": now,
        }
        await session.execute(insert(notice_version).values(values))


def _plans_that_wait(school_id: int, slots: Collection[int]) -> Select[Any]:
    """Select the newest words of the messages of a plan that nobody has yet, and which hour of them is cancelled."""
    newest = (
        select(func.max(notice_version.c.n))
        .where(notice_version.c.school_id == school_id, notice_version.c.notice_id == notice.c.id)
        .correlate(notice)
        .scalar_subquery()
    )
    return (
        select(
            notice.c.id,
            notice.c.author_id,
            notice_version.c.n,
            notice_version.c.slots_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
            meeting_slot.c.starts_at,
        )
        .select_from(evening_wish)
        .join(meeting_slot, meeting_slot.c.id == evening_wish.c.slot_id)
        .join(notice, notice.c.id == evening_wish.c.notice_id)
        .join(delivery, delivery.c.notice_id == notice.c.id)
        .join(notice_version, and_(notice_version.c.notice_id == notice.c.id, notice_version.c.n == newest))
        .join(data_key, data_key.c.id == notice.c.data_key_id)
        .where(
            evening_wish.c.school_id == school_id,
            evening_wish.c.slot_id.in_(slots),
            notice.c.state == NoticeState.PUBLISHED,
            delivery.c.state == DeliveryState.HELD,
        )
    )
