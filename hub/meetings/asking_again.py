"""Who has not chosen an hour, nor said when one can come, is reminded once before the day by which to answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    String,
    and_,
    bindparam,
    cast,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.eves import DAY, FAR, farthest
from hub.agenda.school_days import school_days
from hub.meetings.asked import before_its_plan
from hub.meetings.telling import FREE_KEY
from hub.meetings.times import is_to_remind
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import NoticeState
from hub.models.school import School
from hub.notices.audience import who_has
from hub.notices.cancelling import stop_unheard
from hub.notices.publish import Draft, tell
from hub.ports import Follows, NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import (
    booking,
    booking_wait,
    delivery,
    delivery_pupil,
    evening_round,
    evening_wish,
    meeting_evening,
    meeting_round,
    meeting_slot,
    notice,
    notice_follow,
)

_SCHOOL, _NOW = bindparam("school", type_=BigId()), bindparam("now", type_=UtcDateTime())
_UNTIL = bindparam("until", type_=UtcDateTime())
_ROUND, _EVENING = f"{FREE_KEY}%s:encore", "encore-soir:%s"
"""The keys of these reminders, which the registers take once; what waits under the first is stopped with its round."""


@dataclass(frozen=True, slots=True)
class _Sort:
    """One sort of thing that is asked: its phrase, the key of its reminder, which are open, and who has answered."""

    phrase: str
    key: str
    open: Callable[[], Select[Any]]
    answered: Callable[[int], ColumnElement[bool]]


async def remind_to_answer(session: AsyncSession, keyring: Keyring, *, school: School, now: datetime) -> int:
    """Remind of the hours and evenings whose day to answer is near; gives how many reminders went.

    To those who have the invitation, about a child for whom nobody has answered. Each has a key of its own: whoever
    runs beside us adds none. Where no hour is left to choose, nobody is asked.
    """
    today = day_at_school(now, school.timezone)
    which = {"school": school.key, "now": now, "until": now + (FAR + 1) * DAY}
    asked = [(sort, row) for sort in (_ROUNDS, _EVENINGS) for row in await session.execute(sort.open(), which)]
    if not asked:
        return 0
    days = frozenset(await school_days(session, school, today - FAR * DAY, today + (FAR + 1) * DAY))
    near = farthest(today, days)
    told = 0
    for sort, row in asked:
        here = day_at_school(row.closes_at, school.timezone)
        if here <= near and is_to_remind(row.closes_at, row.due_at, now, days, school.timezone):
            told += await _again(session, keyring, school, sort, row, now)
    return told


def evening_key(evening_id: int) -> str:
    """Name the reminder of an evening's question."""
    return _EVENING % evening_id


async def stop_asking(
    session: AsyncSession, *, school_id: int, now: datetime, round_id: int | None = None, evening_id: int | None = None
) -> None:
    """Let the reminder of a round, or of an evening, that waits at home not leave to who need not answer any more."""
    sort, number = (_ROUNDS, round_id) if round_id is not None else (_EVENINGS, evening_id or 0)
    its = select(notice.c.id).where(notice.c.school_id == school_id, notice.c.key_name == sort.key % number)
    to_answer = select(delivery_pupil.c.id).where(
        delivery_pupil.c.school_id == delivery.c.school_id,
        delivery_pupil.c.delivery_id == delivery.c.id,
        ~sort.answered(number),
    )
    settled = and_(delivery.c.notice_id.in_(its), ~to_answer.correlate(delivery).exists())
    await stop_unheard(session, school_id=school_id, which=settled, now=now)


async def _again(
    session: AsyncSession, keyring: Keyring, school: School, sort: _Sort, row: Row[Any], now: datetime
) -> int:
    day = day_at_school(now, school.timezone)
    who = who_has(school.key, row.notice_id, day).where(~sort.answered(row.id))
    if (await session.execute(who.limit(1))).first() is None:
        return 0
    slots = Slots(
        phrase=sort.phrase,
        day=day_at_school(row.closes_at, school.timezone),
        language=school.language,
        follows=Follows.REMINDER,
    )
    draft = Draft(NoticeKind.ANNOUNCEMENT, f"notice:{row.notice_id}", slots, key=sort.key % row.id, until=row.closes_at)
    told = await tell(session, keyring, school=school, author_id=row.author_id, draft=draft, who=who, now=now)
    if not told.fresh:
        return 0
    follows = {"school_id": school.key, "notice_id": told.notice_id, "before_id": row.notice_id}
    await session.execute(insert(notice_follow).values(**follows, how=Follows.REMINDER))
    return 1


def _asked_by(what: FromClause) -> Select[Any]:
    """Ask for what wants an answer until a day that is near, with its invitation: parameters school, now, until."""
    return (
        select(what.c.id, what.c.notice_id, what.c.closes_at, notice.c.due_at, notice.c.author_id)
        .join(notice, and_(notice.c.school_id == what.c.school_id, notice.c.id == what.c.notice_id))
        .where(
            what.c.school_id == _SCHOOL,
            what.c.closes_at > _NOW,
            what.c.closes_at < _UNTIL,
            notice.c.state == NoticeState.PUBLISHED,
            notice.c.reminds,
        )
    )


def _reminded(what: FromClause, key: str) -> ColumnElement[bool]:
    """Say that the reminder has gone."""
    again, (before, after) = notice.alias("again"), key.split("%s")
    mine = literal(before) + cast(what.c.id, String) + literal(after)
    return select(again.c.id).where(again.c.school_id == what.c.school_id, again.c.key_name == mine).exists()


@cache
def _open_rounds() -> Select[Any]:
    """Ask for the rounds of appointments in which an hour is free."""
    taken = select(booking.c.id).where(
        booking.c.school_id == meeting_slot.c.school_id,
        booking.c.slot_id == meeting_slot.c.id,
        booking.c.cancelled_at.is_(None),
    )
    free = select(meeting_slot.c.id).where(
        meeting_slot.c.school_id == meeting_round.c.school_id,
        meeting_slot.c.round_id == meeting_round.c.id,
        meeting_slot.c.cancelled_at.is_(None),
        meeting_slot.c.starts_at > _NOW,
        ~taken.exists(),
    )
    return _asked_by(meeting_round).where(~before_its_plan(), free.exists(), ~_reminded(meeting_round, _ROUND))


@cache
def _open_evenings() -> Select[Any]:
    """Ask for the evenings that still take place and have no plan."""
    hour = (
        select(meeting_slot.c.id)
        .join(
            evening_round,
            and_(
                evening_round.c.school_id == meeting_slot.c.school_id,
                evening_round.c.round_id == meeting_slot.c.round_id,
            ),
        )
        .where(
            evening_round.c.school_id == meeting_evening.c.school_id,
            evening_round.c.evening_id == meeting_evening.c.id,
            meeting_slot.c.cancelled_at.is_(None),
            meeting_slot.c.starts_at > _NOW,
        )
    )
    return _asked_by(meeting_evening).where(
        meeting_evening.c.adopted_at.is_(None), hour.exists(), ~_reminded(meeting_evening, _EVENING)
    )


def _has_hour(round_id: int) -> ColumnElement[bool]:
    """Say that somebody comes about the child, or waits for an hour."""
    comes = select(booking.c.id).where(
        booking.c.round_id == round_id,
        booking.c.pupil_id == delivery_pupil.c.pupil_id,
        booking.c.cancelled_at.is_(None),
    )
    waits = select(booking_wait.c.id).where(
        booking_wait.c.round_id == round_id, booking_wait.c.pupil_id == delivery_pupil.c.pupil_id
    )
    return or_(comes.correlate(delivery_pupil).exists(), waits.correlate(delivery_pupil).exists())


def _has_said(evening_id: int) -> ColumnElement[bool]:
    """Say that somebody has said about the child when he or she can come, or that nobody does."""
    said = select(evening_wish.c.id).where(
        evening_wish.c.evening_id == evening_id, evening_wish.c.pupil_id == delivery_pupil.c.pupil_id
    )
    return said.correlate(delivery_pupil).exists()


_ROUNDS = _Sort("appointments", _ROUND, _open_rounds, _has_hour)
_EVENINGS = _Sort("evening_wishes", _EVENING, _open_evenings, _has_said)
