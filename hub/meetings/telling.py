"""What families are told of appointments: that they may choose, that a time fell free, was cancelled, or is near."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from secrets import token_hex
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.meetings.asked import before_its_plan
from hub.meetings.times import is_to_remind
from hub.models.base import BigId, UtcDateTime
from hub.models.school import School
from hub.notices.audience import Audience, members
from hub.notices.publish import Draft, tell
from hub.people.links import told_today
from hub.people.staff import speaks_for
from hub.ports import NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import booking, booking_wait, class_group, meeting_round, meeting_slot

AHEAD = timedelta(days=4)
"""How far ahead a reminder looks: on a Friday, to Monday evening."""
AT_ONCE = 20
"""Reminders in one transaction: nobody waits for the registers meanwhile."""


FREE_KEY = "libre:"
"""What the key of a notice begins with that tells of free times, beside an invitation: a digit answers it."""


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
    again.
    """
    here = and_(meeting_round.c.school_id == school.key, meeting_round.c.id == freed.round_id)
    asked = select(meeting_round.c.author_id, meeting_round.c.closes_at, before_its_plan().label("wishes"))
    row = (await session.execute(asked.where(here))).one()
    if freed.starts_at <= now or row.closes_at <= now or row.wishes:
        return None
    day = day_at_school(now, school.timezone)
    mine = and_(
        booking_wait.c.school_id == school.key,
        booking_wait.c.round_id == freed.round_id,
        booking_wait.c.told_at.is_(None),
        told_today(booking_wait, booking_wait, day),
    )
    marked = update(booking_wait).where(mine).values(told_at=now).returning(booking_wait.c.id)
    waits = [int(one.id) for one in await session.execute(marked)]
    if not waits:
        return None
    _, label = await _class_of(session, school.key, freed.round_id)
    slots = Slots(phrase="time_free", starts_at=freed.starts_at, language=school.language)
    key = f"{FREE_KEY}{freed.round_id}:{token_hex(16)}"
    draft = Draft(kind=NoticeKind.ANNOUNCEMENT, audience=f"class:{label}", slots=slots, key=key)
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
    """Tell each adult whose appointment (id, when) the school cancels; gives how many have a right to hear it."""
    told = 0
    for booking_id, starts_at in bookings:
        slots = Slots(phrase="appointment_cancelled", starts_at=starts_at, language=school.language)
        told += await _tell_one(session, keyring, school, author_id, booking_id, NoticeKind.ANNOUNCEMENT, slots, now)
    return told


async def remind(session: AsyncSession, keyring: Keyring, *, school: School, now: datetime) -> int:
    """Remind of the appointments whose eve it is, at most `AT_ONCE`; gives how many adults are told.

    Each is marked before it is told, in the same transaction: however many run beside us, one reminder.
    """
    which = {"school": school.key, "now": now, "until": now + AHEAD}
    rows = (await session.execute(_not_reminded(), which)).all()
    due = [row for row in rows if is_to_remind(row.starts_at, row.moved_at or row.booked_at, now, school.timezone)]
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
        slots = Slots(
            phrase="appointment_near", starts_at=row.starts_at, place=row.room or None, language=school.language
        )
        told += await _tell_one(session, keyring, school, author, row.id, NoticeKind.REMINDER, slots, now)
    return told


async def _tell_one(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    author_id: int,
    booking_id: int,
    kind: NoticeKind,
    slots: Slots,
    now: datetime,
) -> int:
    """Tell one adult of one appointment, unless no link lets him or her hear of the child any more."""
    day = day_at_school(now, school.timezone)
    mine = and_(booking.c.school_id == school.key, booking.c.id == booking_id)
    who = select(booking.c.guardian_id, booking.c.pupil_id).where(mine, told_today(booking, booking, day))
    found = (await session.execute(who)).one_or_none()
    if found is None:
        return 0
    draft = Draft(kind=kind, audience=f"guardian:{found.guardian_id}", slots=slots)
    await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now)
    return 1


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
        select(booking.c.id, booking.c.booked_at, booking.c.moved_at, meeting_slot.c.starts_at, meeting_slot.c.room)
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
