"""What is due is reminded of, once however many clocks run, and whether it will be is the author's to choose."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, literal, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.eves import FAR
from hub.agenda.school_days import school_days
from hub.database import ring_after_commit
from hub.errors import NotAllowedError
from hub.models.base import BigId
from hub.models.notices import Needs, NoticeState
from hub.models.school import School
from hub.notices.addressing import address_to
from hub.notices.chain import with_reminders
from hub.notices.follow_up import may_change
from hub.notices.headlines import Headline, Reader
from hub.notices.publish import Draft, written
from hub.outbox.lines import choose_lines
from hub.outbox.wordings import read_slots
from hub.papers.asking_again import remind_to_sign
from hub.people.noting import note
from hub.ports import Follows, NoticeKind, Slots
from hub.reminders import asked
from hub.reminders.moments import Asked, Why, before_due, reminders_of
from hub.routing import day_at_school, lane_of
from hub.sealing import Keyring, UnreadableError
from hub.tables import delivery, notice, notice_follow

LONGEST = timedelta(days=400)
"""How far ahead a meeting is invited to at most, for its author to read when one is reminded of it."""


async def remind_of_all(session: AsyncSession, keyring: Keyring, *, school: School, now: datetime) -> int:
    """Remind of what it is time for; gives how many reminders went.

    Each has a key of its own, which the registers take once: who runs beside us, or died before us, adds none. An
    answer, a withdrawal, the end of a right and the day itself end it, as they stand now.
    """
    day = day_at_school(now, school.timezone)
    rows = (await session.execute(asked.notices(), {"school": school.key, "now": now})).all()
    papers = {"school": school.key, "first": day, "last": day + timedelta(days=FAR)}
    lacking = (await session.execute(asked.documents(), papers)).all()
    if not rows and not lacking:
        return 0
    days = await _days(session, school, day, min([row.due_at for row in rows] or [now]), now + timedelta(days=FAR))
    due = {
        _key(row.id, why): (row, why)
        for row in rows
        for why, window in reminders_of(_asked(row), days, school.timezone).items()
        if window.holds(now)
    }
    told = 0
    for key in await _not_gone(session, school.key, list(due)):
        told += await _say_again(session, keyring, school, *due[key], key=key, day=day, now=now)
    for row in lacking:
        window = before_due(row.due_on, row.published_at, days, school.timezone)
        if window is not None and window.holds(now):
            told += await remind_to_sign(session, keyring, school=school, document_id=row.id, now=now)
    return told


async def reminders_to_come(
    session: AsyncSession, *, school: School, notice_id: int, now: datetime
) -> tuple[bool, tuple[tuple[Why, datetime], ...]] | None:
    """Say whether reminders of a notice go (the author's choice), and when, the soonest first; None: it has none."""
    which = {"school": school.key, "notice": notice_id}
    row = (await session.execute(asked.one_notice(), which)).one_or_none()
    if row is None or row.state != NoticeState.PUBLISHED or row.audience.startswith("notice:"):
        return None
    days = await _days(session, school, day_at_school(now, school.timezone), row.due_at, row.expires_at)
    windows = reminders_of(_asked(row), days, school.timezone)
    gone = set(windows) - {
        Why(key.rpartition(":")[2])
        for key in await _not_gone(session, school.key, [_key(notice_id, why) for why in windows])
    }
    coming = sorted((one.begins, why) for why, one in windows.items() if one.ends > now and why not in gone)
    return (bool(row.reminds), tuple((why, begins) for begins, why in coming)) if coming else None


async def reminder_to_sign(
    session: AsyncSession, *, school: School, due_on: date, given_at: datetime, now: datetime
) -> datetime | None:
    """Say when one is reminded to sign by a day; None: not any more."""
    days = await _days(session, school, due_on, given_at, given_at)
    window = before_due(due_on, given_at, days, school.timezone)
    return window.begins if window is not None and window.ends > now else None


async def choose_reminders(
    session: AsyncSession, *, school_id: int, seen: Headline, reader: Reader, goes: bool, now: datetime
) -> None:
    """Let reminders of a notice go, or not. Raises NotAllowedError."""
    if not may_change(reader, seen):
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat décident des rappels.")
    mine = (notice.c.school_id == school_id, notice.c.id == seen.notice_id)
    await session.execute(update(notice).where(*mine).values(reminds=goes))
    act = "reminders_on" if goes else "reminders_off"
    await note(session, school_id, reader.staff_id, act, ("notice", seen.notice_id), now)


def _key(notice_id: int, why: Why) -> str:
    return f"remind:{notice_id}:{why.value}"


def _asked(row: Any) -> Asked:  # noqa: ANN401 (a row)
    return Asked(NoticeKind(row.kind), Needs(row.needs), row.due_at, row.expires_at)


async def _days(session: AsyncSession, school: School, day: date, since: datetime, until: datetime) -> frozenset[date]:
    """Read the days of class that decide: as far back as an eve is looked for, and as far ahead as after silence."""
    reach = timedelta(days=FAR)
    first = min(day, day_at_school(since, school.timezone)) - reach
    last = max(day, day_at_school(min(until, since + LONGEST), school.timezone)) + reach
    return frozenset(await school_days(session, school, first, last))


async def _not_gone(session: AsyncSession, school_id: int, keys: Sequence[str]) -> list[str]:
    if not keys:
        return []
    gone = set(await session.scalars(asked.gone(), {"school": school_id, "keys": list(keys)}))
    return [key for key in keys if key not in gone]


async def _say_again(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    row: Any,  # noqa: ANN401 (a row)
    why: Why,
    *,
    key: str,
    day: date,
    now: datetime,
) -> int:
    """Say a notice again to those whom this reminder is for; it climbs no ladder of its own, and ends with it."""
    told = await with_reminders(session, school.key, row.id)
    who = asked.whom(school.key, row.id, told, why, Needs(row.needs), day)
    slots = await _slots(session, keyring, school.key, row.id)
    if slots is None or (await session.execute(who.limit(1))).first() is None:
        return 0
    draft = Draft(NoticeKind(row.kind), f"notice:{row.id}", slots, key=key, until=row.expires_at)
    ((notice_id, fresh),) = await written(session, keyring, school, row.author_id, [draft], now)
    if not fresh:
        return 0
    of_notice = who.add_columns(literal(notice_id, BigId()).label("notice_id"))
    await address_to(session, school.key, [notice_id], draft.kind, of_notice, due=now, now=now)
    follows = {"school_id": school.key, "notice_id": notice_id, "before_id": row.id, "how": Follows.REMINDER}
    await session.execute(insert(notice_follow).values(follows))
    await choose_lines(session, delivery.c.notice_id == notice_id, now=now)
    ring_after_commit(session, lane_of(draft.kind))
    return 1


async def _slots(session: AsyncSession, keyring: Keyring, school_id: int, notice_id: int) -> Slots | None:
    """Open the newest words of a notice, to be said as a reminder; None: nobody can read them any more."""
    row = (await session.execute(asked.words(), {"school": school_id, "notice": notice_id})).one()
    try:
        opened = keyring.seal(row.wrapped, row.master_version).open(row.slots_sealed, b"notice_version.slots")
    except UnreadableError:
        return None
    return replace(read_slots(opened), follows=Follows.REMINDER)
