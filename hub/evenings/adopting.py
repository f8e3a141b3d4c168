"""A plan is adopted: its hours become appointments, and each family hears of all of its own in one message."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.evenings import asked
from hub.evenings.opening import read_evening, require_whole_school
from hub.evenings.rules import Why
from hub.evenings.wishes import windows_in
from hub.meetings.telling import FREE_KEY, HOURS_KEY
from hub.models.school import School
from hub.notices.addressing import address_to
from hub.notices.headlines import Reader
from hub.notices.publish import AUDIENCE_MAX, Draft, tell, written
from hub.outbox.bulk import Bulk
from hub.outbox.quiet import after_silence, comes_too_late, spread_out, waited_for
from hub.people.links import told_about, told_today
from hub.ports import Lane, NoticeKind, Slots
from hub.routing import day_at_school, lane_of
from hub.sealing import Keyring
from hub.tables import (
    booking,
    booking_wait,
    class_group,
    evening_wish,
    insert_into,
    meeting_evening,
    meeting_round,
    meeting_slot,
)


def choose_key(evening_id: int) -> str:
    """Name the notice by which those who said nothing are asked to choose from what a plan left."""
    return f"{FREE_KEY}soir-{evening_id}"


TAKEN = "Depuis ce plan, une heure a été prise ou annulée, ou une famille a changé : proposez-le de nouveau."
"""Said where what was seen on the page is not what would be kept."""
NO_MORE = "Cette soirée n’a plus aucune heure à venir."


async def adopt(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    evening_id: int,
    sought_at: datetime | None,
    reader: Reader,
    now: datetime,
) -> int:
    """Keep the plan that was found at `sought_at`: all of it, or nothing; gives how many appointments it made.

    From then on families choose among the hours that are left, and whoever asked for more waits for one; who said
    nothing is asked to choose. Pressed twice it is once. Raises InvalidError, NotAllowedError, NotFoundError.
    """
    require_whole_school(reader)
    row = await read_evening(session, school_id=school.key, evening_id=evening_id, lock=True)
    if row.adopted_at is not None:
        return 0
    if row.sought_at is None or row.sought_at != sought_at:
        raise InvalidError(TAKEN)
    which = {"school": school.key, "evening": evening_id, "day": reader.day}
    if not any(one.starts_at > now for one in await session.execute(asked.hours(), which)):
        raise InvalidError(NO_MORE)
    wishes = [one for one in await session.execute(asked.concerned(), which) if one.comes]
    made = await _booked(session, school.key, wishes, which, now)
    mine = (meeting_evening.c.school_id == school.key, meeting_evening.c.id == evening_id)
    await session.execute(update(meeting_evening).where(*mine).values(adopted_at=now))
    await _wait(session, school.key, [one for one in wishes if one.slot_id is None], now)
    await _tell_hours(session, keyring, school, row, wishes, now)
    await _ask_the_silent(session, keyring, school, row, now)
    return made


async def _booked(
    session: AsyncSession, school_id: int, wishes: Sequence[Any], which: dict[str, Any], now: datetime
) -> int:
    """Make the appointments; nobody cancels these hours until we are done. Raises InvalidError when one is gone."""
    planned = {one.slot_id: one for one in wishes if one.slot_id is not None}
    standing = meeting_slot.c.cancelled_at.is_(None) & (meeting_slot.c.starts_at > now)
    its = (meeting_slot.c.school_id == school_id, meeting_slot.c.id.in_(list(planned)), standing)
    in_turn = select(meeting_slot.c.id).where(*its).order_by(meeting_slot.c.id)  # as who cancels hours takes them
    stands = set(await session.scalars(in_turn.with_for_update(read=True)))
    hours = (await session.execute(asked.hours(), which)).all()
    have = {(row.guardian_id, row.pupil_id, row.round_id): row.slot_id for row in hours if row.guardian_id is not None}
    left = [row for row in hours if row.guardian_id is None and row.slot_id not in planned and row.starts_at > now]
    if any(
        have.get((one.guardian_id, one.pupil_id, one.round_id), one.slot_id) != one.slot_id for one in wishes
    ) or any(one.slot_id is None and (not one.why or _would_do(one, left)) for one in wishes):
        raise InvalidError(TAKEN)
    rows = [
        {
            "school_id": school_id,
            "slot_id": slot_id,
            "round_id": one.round_id,
            "guardian_id": one.guardian_id,
            "pupil_id": one.pupil_id,
            "booked_at": now,
            "uid": secrets.token_hex(16),
            "sequence": 0,
        }
        for slot_id, one in planned.items()
        if slot_id in stands and (one.guardian_id, one.pupil_id, one.round_id) not in have
    ]
    made = insert_into(booking, session).on_conflict_do_nothing().returning(booking.c.id)
    number = len((await session.execute(made, rows)).all()) if rows else 0
    if number < len(rows) or stands != set(planned):
        raise InvalidError(TAKEN)
    return number


def _would_do(one: Row[Any], left: Sequence[Any]) -> bool:
    """Whether an hour is left that would do for somebody who has none, for others had all of these."""
    windows = windows_in(one.windows)
    return one.why == Why.FULL and any(
        not windows or any(begins <= hour.starts_at and hour.ends_at <= ends for begins, ends in windows)
        for hour in left
        if hour.round_id == one.round_id
    )


async def _wait(session: AsyncSession, school_id: int, without: Sequence[Any], now: datetime) -> None:
    """Let those wait for whom there was no hour: they asked for one already."""
    if not without:
        return
    rows = [
        {
            "school_id": school_id,
            "round_id": one.round_id,
            "guardian_id": one.guardian_id,
            "pupil_id": one.pupil_id,
            "asked_at": now,
        }
        for one in without
    ]
    await session.execute(insert_into(booking_wait, session).on_conflict_do_nothing(), rows)


async def _tell_hours(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    evening: Row[Any],
    wishes: Sequence[Any],
    now: datetime,
) -> None:
    """Tell each adult all of his or her hours in one message, or that there is none; many at once, in silence later.

    Where the silence ends too late for the first of them, all are told at once.
    """
    if not wishes:
        return
    which = {"school": school.key, "evening": evening.id}
    hours = {row.slot_id: row for row in await session.execute(asked.hours(), which)}
    mine = defaultdict[int, list[Any]](list)
    for one in wishes:
        mine[one.guardian_id].append(one)
    lane = lane_of(NoticeKind.ANNOUNCEMENT)
    due = after_silence(school, lane, now)
    first = min((hours[one.slot_id].starts_at for one in wishes if one.slot_id is not None), default=None)
    late = due > now and first is not None and comes_too_late(due, first)
    if late:
        lane, due = Lane.URGENT, now
    drafts = [
        Draft(
            NoticeKind.ANNOUNCEMENT,
            f"guardian:{guardian_id}",
            _said(school, [(hours[one.slot_id], one.label) for one in those if one.slot_id is not None], len(those)),
            key=f"{HOURS_KEY}{evening.id}:{guardian_id}",
            due_at=due,
            at_once=late,
        )
        for guardian_id, those in mine.items()
    ]
    told = [notice_id for notice_id, _ in await written(session, keyring, school, evening.author_id, drafts, now)]
    connection = await session.connection()
    await _TOLD.run(connection, list(zip(mine, told, strict=True)), school.key, evening.id)
    day = day_at_school(now, school.timezone)
    who = (
        select(evening_wish.c.guardian_id, evening_wish.c.pupil_id, evening_wish.c.notice_id)
        .distinct()
        .where(
            evening_wish.c.school_id == school.key,
            evening_wish.c.evening_id == evening.id,
            evening_wish.c.comes,
            evening_wish.c.notice_id.is_not(None),
            told_today(evening_wish, evening_wish, day),
        )
    )
    await address_to(session, school.key, told, NoticeKind.ANNOUNCEMENT, who, due=due, now=now, lane=lane)
    if waited_for(school, lane, due):
        for start in range(0, len(told), _AT_ONCE):
            await spread_out(connection, told[start : start + _AT_ONCE], due)


def _said(school: School, hours: Sequence[tuple[Any, str]], wanted: int) -> Slots:
    """Word what one adult hears: the hours in their order, each with whom and where; of several classes, which."""
    phrase = "evening_none" if not hours else "evening_some" if len(hours) < wanted else "evening_hours"
    several = len({label for _, label in hours}) > 1
    said = tuple(
        (row.starts_at, ", ".join(filter(None, (label if several else "", row.teacher, row.room))))
        for row, label in sorted(hours, key=lambda one: one[0].starts_at)
    )
    return Slots(phrase=phrase, hours=said, language=school.language)


async def _ask_the_silent(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    evening: Row[Any],
    now: datetime,
) -> None:
    """Ask those to choose who said nothing, where an hour of the class is left."""
    day = day_at_school(now, school.timezone)
    which = {"school": school.key, "evening": evening.id}
    rows = (await session.execute(asked.hours(), which)).all()
    left = sorted({row.class_id for row in rows if row.guardian_id is None and row.starts_at > now})
    rounds = (await session.execute(asked.rounds(), which)).all()
    who = _silent(school.key, [row.id for row in rounds if row.class_id in left], day)
    closes_at = min((row.closes_at for row in rounds), default=now)
    leaves = after_silence(school, lane_of(NoticeKind.ANNOUNCEMENT), now)
    if not left or closes_at <= leaves or (await session.execute(who.limit(1))).first() is None:
        return
    labels = await session.scalars(
        select(class_group.c.label).where(class_group.c.school_id == school.key, class_group.c.id.in_(left))
    )
    slots = Slots(phrase="appointments", day=day_at_school(closes_at, school.timezone), language=school.language)
    audience = f"class:{','.join(sorted(labels))}"[:AUDIENCE_MAX]
    draft = Draft(NoticeKind.ANNOUNCEMENT, audience, slots, key=choose_key(evening.id))
    await tell(session, keyring, school=school, author_id=evening.author_id, draft=draft, who=who, now=now)


def _silent(school_id: int, rounds: Sequence[int], day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id) of those in these rounds' classes who neither said a wish nor have an hour."""
    told = told_about(school_id, day).subquery("told")
    wished = select(evening_wish.c.id).where(
        evening_wish.c.school_id == school_id,
        evening_wish.c.round_id == meeting_round.c.id,
        evening_wish.c.guardian_id == told.c.guardian_id,
        evening_wish.c.pupil_id == told.c.pupil_id,
    )
    has = select(booking.c.id).where(
        booking.c.school_id == school_id,
        booking.c.cancelled_at.is_(None),
        booking.c.guardian_id == told.c.guardian_id,
        booking.c.pupil_id == told.c.pupil_id,
        booking.c.round_id == meeting_round.c.id,
    )
    its = and_(meeting_round.c.school_id == school_id, meeting_round.c.id.in_(rounds))
    return (
        select(told.c.guardian_id, told.c.pupil_id)
        .distinct()
        .select_from(told)
        .join(meeting_round, and_(its, meeting_round.c.class_id == told.c.class_id))
        .where(~wished.exists(), ~has.exists())
    )


_AT_ONCE = 5_000
"""Notices in one statement: SQLite takes 32,766 values."""
_TOLD = Bulk(
    "UPDATE evening_wish SET notice_id = v.notice_id FROM v "
    "WHERE evening_wish.school_id = {0} AND evening_wish.evening_id = {1} AND evening_wish.guardian_id = v.guardian_id "
    "AND evening_wish.comes",
    guardian_id="bigint",
    notice_id="bigint",
)
