"""What families are told of appointments: that they may choose, that a time fell free, was cancelled, or is near."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from secrets import token_hex
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.eves import DAY, FAR, farthest
from hub.agenda.school_days import school_days
from hub.meetings.asked import before_its_plan
from hub.meetings.times import is_to_remind
from hub.models.base import BigId, UtcDateTime
from hub.models.school import School
from hub.notices.audience import Audience, members
from hub.notices.publish import Draft, tell
from hub.outbox.quiet import after_silence, comes_too_late, heard_at
from hub.people.links import told_today
from hub.people.staff import speaks_for
from hub.ports import NoticeKind, Slots
from hub.routing import day_at_school, lane_of
from hub.sealing import Keyring
from hub.tables import booking, booking_wait, class_group, meeting_round, meeting_slot

AT_ONCE = 20
"""Reminders in one transaction: nobody waits for the registers meanwhile."""


FREE_KEY, HOURS_KEY = "libre:", "heures:"
"""What the keys of notices begin with that tell of free times, or of those that a plan gave: a digit answers them."""


def free_key(round_id: int, starts_at: datetime) -> str:
    """Say how the keys of notices begin that tell of a time of a round."""
    return f"{FREE_KEY}{round_id}:{int(starts_at.timestamp())}:"


def reminder_key(booking_id: int, sequence: int) -> str:
    """Name the reminder of an appointment; moved, it counts up and may be reminded of again."""
    return f"rappel-rdv:{booking_id}:{sequence}"


@dataclass(frozen=True, slots=True)
class Freed:
    """A time that somebody may choose now."""

    round_id: int
    starts_at: datetime


async def invite(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    author_id: int,
    round_id: int,
    key: str,
    slots: Slots,
    now: datetime,
) -> int:
    """Invite the families of a round's class to choose; gives the notice. Asks for no right: the caller has."""
    day = day_at_school(now, school.timezone)
    class_id, label = await _class_of(session, school.key, round_id)
    draft = Draft(kind=NoticeKind.ANNOUNCEMENT, audience=f"class:{label}", slots=slots, key=key)
    who = members(school.key, Audience(classes=frozenset({class_id})), day)
    told = await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now)
    here = (meeting_round.c.school_id == school.key, meeting_round.c.id == round_id)
    await session.execute(update(meeting_round).where(*here).values(notice_id=told.notice_id))
    return told.notice_id


async def tell_who_waits(
    session: AsyncSession, keyring: Keyring, freed: Freed, *, school: School, now: datetime
) -> int | None:
    """Tell all who wait for a time of this round, each once; gives the notice, if anybody waits.

    Whoever has lost the right to be told of the child is told nothing; whoever is told and comes too late may wait
    again. Who would hear of it too late, for the school is silent or it is quiet at home until then, goes on waiting.
    """
    here = and_(meeting_round.c.school_id == school.key, meeting_round.c.id == freed.round_id)
    asked = select(meeting_round.c.author_id, meeting_round.c.closes_at, before_its_plan().label("wishes"))
    row = (await session.execute(asked.where(here))).one()
    leaves = after_silence(school, lane_of(NoticeKind.ANNOUNCEMENT), now)
    if comes_too_late(leaves, freed.starts_at) or row.closes_at <= leaves or row.wishes:
        return None
    day = day_at_school(now, school.timezone)
    mine = and_(
        booking_wait.c.school_id == school.key,
        booking_wait.c.round_id == freed.round_id,
        booking_wait.c.told_at.is_(None),
        told_today(booking_wait, booking_wait, day),
    )
    heard = await heard_at(session, school=school, who=select(booking_wait.c.guardian_id).where(mine), now=now)
    asked_for = (await session.execute(select(booking_wait.c.id, booking_wait.c.guardian_id).where(mine))).all()
    in_time = [
        one.id
        for one in asked_for
        if heard(one.guardian_id) < row.closes_at and not comes_too_late(heard(one.guardian_id), freed.starts_at)
    ]
    marked = update(booking_wait).where(mine, booking_wait.c.id.in_(in_time)).values(told_at=now)
    waits = [int(one.id) for one in await session.execute(marked.returning(booking_wait.c.id))] if in_time else []
    if not waits:
        return None
    _, label = await _class_of(session, school.key, freed.round_id)
    slots = Slots(phrase="time_free", starts_at=freed.starts_at, language=school.language)
    key = free_key(freed.round_id, freed.starts_at) + token_hex(8)
    draft = Draft(NoticeKind.ANNOUNCEMENT, f"class:{label}", slots, key=key, until=freed.starts_at)
    who = select(booking_wait.c.guardian_id, booking_wait.c.pupil_id).where(booking_wait.c.id.in_(waits))
    told = await tell(session, keyring, school=school, author_id=row.author_id, draft=draft, who=who, now=now)
    return told.notice_id


async def tell_cancelled(
    session: AsyncSession,
    keyring: Keyring,
    bookings: Collection[tuple[int, datetime]],
    *,
    school: School,
    author_id: int,
    now: datetime,
) -> int:
    """Tell each adult whose appointment (id, when) the school cancels; gives how many have a right to hear it.

    Who would hear it too late, for the school is silent or it is quiet at home until then, hears it at once.
    """
    told = 0
    adults = select(booking.c.guardian_id).where(
        booking.c.school_id == school.key, booking.c.id.in_([booking_id for booking_id, _ in bookings])
    )
    heard = await heard_at(session, school=school, who=adults, now=now)
    for booking_id, starts_at in bookings:
        who = await _who_comes(session, school, booking_id, now)
        if who is None:
            continue
        draft = Draft(
            NoticeKind.ANNOUNCEMENT,
            f"guardian:{who.guardian_id}",
            Slots(phrase="appointment_cancelled", starts_at=starts_at, language=school.language),
            at_once=comes_too_late(heard(who.guardian_id), starts_at),
            until=starts_at,
        )
        await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who.pairs, now=now)
        told += 1
    return told


async def tell_who_waits_in_vain(
    session: AsyncSession, keyring: Keyring, *, school: School, author_id: int, round_id: int, now: datetime
) -> None:
    """Tell who waits for an hour of a round that none is left in it; should one be added, they hear of that."""
    here = (meeting_slot.c.school_id == school.key, meeting_slot.c.round_id == round_id)
    left = select(meeting_slot.c.id).where(*here, meeting_slot.c.cancelled_at.is_(None), meeting_slot.c.starts_at > now)
    who = select(booking_wait.c.guardian_id, booking_wait.c.pupil_id).where(
        booking_wait.c.school_id == school.key,
        booking_wait.c.round_id == round_id,
        booking_wait.c.told_at.is_(None),
        told_today(booking_wait, booking_wait, day_at_school(now, school.timezone)),
        ~left.exists(),
    )
    if (await session.execute(who.limit(1))).first() is None:
        return
    _, label = await _class_of(session, school.key, round_id)
    slots = Slots(phrase="appointments_off", language=school.language)
    draft = Draft(NoticeKind.ANNOUNCEMENT, f"class:{label}", slots)
    await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now)


async def remind(session: AsyncSession, keyring: Keyring, *, school: School, now: datetime) -> int:
    """Remind of the appointments whose eve it is, at most `AT_ONCE`; gives how many adults are told.

    Each is marked before it is told, in the same transaction: however many run beside us, one reminder.
    """
    today = day_at_school(now, school.timezone)
    days = frozenset(await school_days(session, school, today - FAR * DAY, today + (FAR + 1) * DAY))
    which = {"school": school.key, "now": now, "until": now + (farthest(today, days) - today + DAY)}
    rows = (await session.execute(_not_reminded(), which)).all()
    due = [
        row for row in rows if is_to_remind(row.starts_at, row.moved_at or row.booked_at, now, days, school.timezone)
    ]
    mine = and_(booking.c.id.in_([row.id for row in due[:AT_ONCE]]), booking.c.reminded_at.is_(None))
    marked = update(booking).where(booking.c.school_id == school.key, mine).values(reminded_at=now)
    taken = {int(one.id) for one in await session.execute(marked.returning(booking.c.id))} if due else set()
    return await _remind_of([row for row in due if row.id in taken], session, keyring, school, now)


async def _remind_of(
    rows: Sequence[Any], session: AsyncSession, keyring: Keyring, school: School, now: datetime
) -> int:
    if not rows:
        return 0
    told = 0
    author = await speaks_for(session, school_id=school.key, day=day_at_school(now, school.timezone))
    for row in rows:
        phrase = "appointment_near" if row.link_sealed is None else "appointment_online"
        slots = Slots(phrase=phrase, starts_at=row.starts_at, place=row.room or None, language=school.language)
        who = await _who_comes(session, school, row.id, now)
        if who is not None:
            key = reminder_key(row.id, row.sequence)
            draft = Draft(NoticeKind.REMINDER, f"guardian:{who.guardian_id}", slots, key=key)
            await tell(session, keyring, school=school, author_id=author, draft=draft, who=who.pairs, now=now)
            told += 1
    return told


@dataclass(frozen=True, slots=True)
class _Who:
    """Who comes to an appointment; `pairs` as `tell` takes them."""

    guardian_id: int
    pairs: Select[Any]


async def _who_comes(session: AsyncSession, school: School, booking_id: int, now: datetime) -> _Who | None:
    """Say who comes to an appointment; None: no link lets him or her hear of the child any more."""
    day = day_at_school(now, school.timezone)
    mine = and_(booking.c.school_id == school.key, booking.c.id == booking_id)
    who = select(booking.c.guardian_id, booking.c.pupil_id).where(mine, told_today(booking, booking, day))
    found = (await session.execute(who)).one_or_none()
    return None if found is None else _Who(int(found.guardian_id), who)


async def _class_of(session: AsyncSession, school_id: int, round_id: int) -> tuple[int, str]:
    row = (await session.execute(_class(), {"school": school_id, "round": round_id})).one()
    return int(row.id), str(row.label)


@cache
def _class() -> Select[Any]:
    """Ask for the class of a round: parameters school, round."""
    here = and_(class_group.c.school_id == meeting_round.c.school_id, class_group.c.id == meeting_round.c.class_id)
    return (
        select(class_group.c.id, class_group.c.label)
        .join(meeting_round, here)
        .where(
            meeting_round.c.school_id == bindparam("school", type_=BigId()),
            meeting_round.c.id == bindparam("round", type_=BigId()),
        )
    )


@cache
def _not_reminded() -> Select[Any]:
    """Ask for appointments to come that nobody was reminded of: parameters school, now, until."""
    here = and_(meeting_slot.c.school_id == booking.c.school_id, meeting_slot.c.id == booking.c.slot_id)
    return (
        select(
            booking.c.id,
            booking.c.sequence,
            booking.c.booked_at,
            booking.c.moved_at,
            meeting_slot.c.starts_at,
            meeting_slot.c.room,
            meeting_slot.c.link_sealed,
        )
        .join(booking, here)
        .where(
            meeting_slot.c.school_id == bindparam("school", type_=BigId()),
            meeting_slot.c.starts_at > bindparam("now", type_=UtcDateTime()),
            meeting_slot.c.starts_at < bindparam("until", type_=UtcDateTime()),
            booking.c.cancelled_at.is_(None),
            booking.c.reminded_at.is_(None),
        )
        .order_by(meeting_slot.c.starts_at, booking.c.id)
    )
