"""A family's choice of a time: taken, moved, given back, waited for; a constraint of the registers says whose it is."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import HubError, InvalidError, NotFoundError
from hub.meetings import asked
from hub.meetings.asking_again import stop_asking
from hub.meetings.telling import Freed, tell_who_waits
from hub.meetings.withdrawing import leave_out, stop_reminders, stop_telling_it_is_free
from hub.models.school import School
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import booking, booking_wait, insert_into, meeting_round, meeting_slot
from i18n.slots import N_

NEXT = 3
"""Times that are offered to whoever comes too late."""
TAKEN = N_("Cette heure vient d'être prise.")
GONE = N_("Cette heure n'est plus proposée.")
CLOSED = N_("Le choix des heures est fini : appelez l'école.")
WISHES = N_("Dites d'abord quand vous pouvez venir : l'école fait un plan pour tous.")
NO_APPOINTMENT = N_("Ce rendez-vous n'existe plus.")


class TakenError(HubError):
    """Somebody was quicker; `free` are the next times that nobody has, in the order of the day."""

    def __init__(self, free: Sequence[datetime]) -> None:
        super().__init__(TAKEN)
        self.free = tuple(free)


@dataclass(frozen=True, slots=True)
class Comes:
    """Which adult comes for which child. `by`: the member of staff who writes it down for the family, if any does."""

    guardian_id: int
    pupil_id: int
    by: int | None = None


async def choose(
    session: AsyncSession, keyring: Keyring, *, school: School, slot_id: int, comes: Comes, now: datetime
) -> int:
    """Give an adult a time for a child, or move the appointment that he or she has; gives the appointment.

    The same time twice is once. Raises TakenError, InvalidError when it is too late or too early, NotFoundError.
    """
    slot = await _slot(session, school.key, slot_id)
    which = {"school": school.key, "class": slot.class_id, "guardian": comes.guardian_id, "pupil": comes.pupil_id}
    day = day_at_school(now, school.timezone)
    if (await session.execute(asked.may_come(), {**which, "day": day})).first() is None:
        raise NotFoundError(GONE)
    if slot.cancelled_at is not None or slot.starts_at <= now:
        raise InvalidError(GONE)
    if comes.by is None and (slot.wishes or slot.closes_at <= now):
        raise InvalidError(WISHES if slot.wishes else CLOSED)
    mine = await _mine(session, school.key, slot.round_id, comes)
    if mine is None:
        taken = await _taken(session, school.key, slot, comes, now)
        if taken is not None:
            await _not_told_free(session, school.key, slot, now)
            await stop_asking(session, school_id=school.key, round_id=slot.round_id, now=now)
            return taken
        mine = await _mine(session, school.key, slot.round_id, comes)  # the same adult may have pressed twice at once
    if mine is None:
        raise TakenError(await _next_free(session, school.key, slot, now))
    if mine.slot_id != slot_id:
        await _moved(session, school.key, slot, mine.id, now)
        await _not_told_free(session, school.key, slot, now)
        await _not_told_of(session, keyring, school.key, mine.slot_id, comes.by, now)
        freed = Freed(slot.round_id, mine.starts_at)
        await tell_who_waits(session, keyring, freed, school=school, now=now)
    return int(mine.id)


async def give_back(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    booking_id: int,
    now: datetime,
    guardians: Collection[int] | None = None,
) -> None:
    """Cancel an appointment to come; who waits is told. `guardians`: only one of theirs. Raises NotFoundError."""
    here = [booking.c.school_id == school.key, booking.c.id == booking_id, booking.c.cancelled_at.is_(None)]
    if guardians is not None:
        here.append(booking.c.guardian_id.in_(guardians))
    time = and_(meeting_slot.c.school_id == booking.c.school_id, meeting_slot.c.id == booking.c.slot_id)
    to_come = select(meeting_slot.c.id).where(time, meeting_slot.c.starts_at > now).correlate(booking).exists()
    gone = update(booking).where(*here, to_come).values(cancelled_at=now, sequence=booking.c.sequence + 1)
    row = (
        await session.execute(gone.returning(booking.c.slot_id, booking.c.round_id, booking.c.sequence))
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_APPOINTMENT)
    await stop_reminders(session, school_id=school.key, bookings=[(booking_id, row.sequence - 1)], now=now)
    await _not_told_of(session, keyring, school.key, row.slot_id, None, now)
    starts_at = (
        await session.execute(select(meeting_slot.c.starts_at).where(meeting_slot.c.id == row.slot_id))
    ).scalar_one()
    await tell_who_waits(session, keyring, Freed(row.round_id, starts_at), school=school, now=now)


async def wait(
    session: AsyncSession, *, school: School, round_id: int, comes: Comes, waits: bool, now: datetime
) -> None:
    """Let an adult wait for a time to fall free, or wait no more. Who was told may wait again. Raises NotFoundError."""
    here = and_(meeting_round.c.school_id == school.key, meeting_round.c.id == round_id)
    found = select(meeting_round.c.class_id).where(here, true() if not waits else ~asked.before_its_plan())
    row = (await session.execute(found)).one_or_none()
    which = {"school": school.key, "guardian": comes.guardian_id, "pupil": comes.pupil_id}
    day = day_at_school(now, school.timezone)
    if (
        row is None
        or not (await session.execute(asked.may_come(), {**which, "class": row.class_id, "day": day})).first()
    ):
        raise NotFoundError(GONE)
    if not waits:
        await _no_more_waiting(session, school.key, round_id, comes)
        return
    if await _mine(session, school.key, round_id, comes) is not None:
        return
    values = {"guardian_id": comes.guardian_id, "pupil_id": comes.pupil_id, "asked_at": now, "told_at": None}
    made = insert_into(booking_wait, session).values(school_id=school.key, round_id=round_id, **values)
    again = made.on_conflict_do_update(
        index_elements=["round_id", "guardian_id", "pupil_id", "school_id"], set_={"asked_at": now, "told_at": None}
    )
    await session.execute(again)
    await stop_asking(session, school_id=school.key, round_id=round_id, now=now)


async def _taken(session: AsyncSession, school_id: int, slot: Row[Any], comes: Comes, now: datetime) -> int | None:
    """Write an appointment down; None when the hour is somebody's, or this adult has one in the round already."""
    row = {
        "school_id": school_id,
        "slot_id": slot.id,
        "round_id": slot.round_id,
        "guardian_id": comes.guardian_id,
        "pupil_id": comes.pupil_id,
        "booked_by": comes.by,
        "booked_at": now,
        "uid": secrets.token_hex(16),
        "sequence": 0,
    }
    made = insert_into(booking, session).values(row).on_conflict_do_nothing().returning(booking.c.id)
    booking_id = (await session.execute(made)).scalar_one_or_none()
    if booking_id is None:
        return None
    await _no_more_waiting(session, school_id, slot.round_id, comes)
    return int(booking_id)


async def _moved(session: AsyncSession, school_id: int, slot: Row[Any], booking_id: int, now: datetime) -> None:
    """Move an appointment. One at a time in a round: two who change places wait for each other nowhere.

    Raises TakenError, NotFoundError when it was given back or cancelled meanwhile: nobody is told that it stands.
    """
    here = (meeting_round.c.school_id == school_id, meeting_round.c.id == slot.round_id)
    await session.execute(select(meeting_round.c.id).where(*here).with_for_update())
    values = {"slot_id": slot.id, "sequence": booking.c.sequence + 1, "moved_at": now, "reminded_at": None}
    mine = (booking.c.school_id == school_id, booking.c.id == booking_id, booking.c.cancelled_at.is_(None))
    try:
        async with session.begin_nested():
            moved = await session.execute(update(booking).where(*mine).values(values).returning(booking.c.sequence))
    except IntegrityError:
        raise TakenError(await _next_free(session, school_id, slot, now)) from None
    sequence = moved.scalar_one_or_none()
    if sequence is None:
        raise NotFoundError(NO_APPOINTMENT)
    await stop_reminders(session, school_id=school_id, bookings=[(booking_id, sequence - 1)], now=now)


async def _not_told_of(
    session: AsyncSession, keyring: Keyring, school_id: int, slot_id: int, by: int | None, now: datetime
) -> None:
    """Let a plan's message that has not left yet say nothing of an hour that was left: who left it knows."""
    await leave_out(session, keyring, school_id=school_id, slots=[slot_id], staff_id=by, now=now)


async def _not_told_free(session: AsyncSession, school_id: int, slot: Row[Any], now: datetime) -> None:
    """Let nobody hear from now on that an hour is free which has just been taken."""
    of = {"round_id": slot.round_id, "starts_at": slot.starts_at}
    await stop_telling_it_is_free(session, school_id=school_id, **of, now=now)


async def _next_free(session: AsyncSession, school_id: int, slot: Row[Any], now: datetime) -> list[datetime]:
    """Give the times that nobody has: those after the one that was wanted, else those before."""
    rows = await session.execute(asked.free_of(), {"school": school_id, "round": slot.round_id, "now": now})
    free = list(dict.fromkeys(row.starts_at for row in rows))
    later = [at for at in free if at >= slot.starts_at]
    return sorted((later + [at for at in reversed(free) if at < slot.starts_at])[:NEXT])


async def _slot(session: AsyncSession, school_id: int, slot_id: int) -> Row[Any]:
    """Read a time and its round; it cannot be cancelled until we are done. Raises NotFoundError."""
    here = and_(meeting_round.c.school_id == meeting_slot.c.school_id, meeting_round.c.id == meeting_slot.c.round_id)
    found = (
        select(
            meeting_slot,
            meeting_round.c.class_id,
            meeting_round.c.closes_at,
            asked.before_its_plan().label("wishes"),
        )
        .join(meeting_round, here)
        .where(meeting_slot.c.school_id == school_id, meeting_slot.c.id == slot_id)
        .with_for_update(read=True, of=meeting_slot)
    )
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise NotFoundError(GONE)
    return row


async def _mine(session: AsyncSession, school_id: int, round_id: int, comes: Comes) -> Row[Any, Any, Any] | None:
    here = and_(meeting_slot.c.school_id == booking.c.school_id, meeting_slot.c.id == booking.c.slot_id)
    found = (
        select(booking.c.id, booking.c.slot_id, meeting_slot.c.starts_at)
        .join(meeting_slot, here)
        .where(
            booking.c.school_id == school_id,
            booking.c.round_id == round_id,
            booking.c.guardian_id == comes.guardian_id,
            booking.c.pupil_id == comes.pupil_id,
            booking.c.cancelled_at.is_(None),
        )
    )
    return (await session.execute(found)).one_or_none()


async def _no_more_waiting(session: AsyncSession, school_id: int, round_id: int, comes: Comes) -> None:
    await session.execute(
        delete(booking_wait).where(
            booking_wait.c.school_id == school_id,
            booking_wait.c.round_id == round_id,
            booking_wait.c.guardian_id == comes.guardian_id,
            booking_wait.c.pupil_id == comes.pupil_id,
        )
    )
