"""Which of a school's numbers a text leaves from: one where the family has nothing else to answer.

What it answers there then needs no asking back. What follows in a conversation, and what follows a notice, stays on
the number that it began on. A school with one number, as most have, pays for one small question.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.answers import AnswerKind
from hub.models.notices import AttemptState, Needs, NoticeState
from hub.models.threads import ThreadState
from hub.outbox.rungs import LIVE, same
from hub.ports import ChannelName, NoticeKind
from hub.tables import (
    answer,
    attempt,
    copy,
    copy_delivery,
    delivery,
    notice,
    notice_follow,
    reply,
    sender,
    stop,
    thread,
    thread_notice,
)

OPEN_FOR, ABSENCE_FOR = timedelta(days=14), timedelta(days=1)
"""How long a question, a conversation, and an absence alert may still be answered (`hub.replies.questions`)."""
_AT_ONCE = 5000
"""Rows named in one statement."""
_LEAVES = (*LIVE, AttemptState.DELIVERED)


@dataclass(slots=True)
class _School:
    """The numbers of one school, the lowest first, and what holds them: for each address, since when."""

    lines: list[int] = field(default_factory=list)
    closed: set[tuple[int, int]] = field(default_factory=set)
    busy: dict[int, dict[int, datetime]] = field(default_factory=lambda: defaultdict(dict))

    def hold(self, address_id: int, line: int, at: datetime) -> None:
        """The family there has something to answer to this number."""
        self.busy[address_id][line] = max(at, self.busy[address_id].get(line, at))

    def choose(self, address_id: int, stays: int | None, at: datetime) -> int | None:
        """Take the number to write from: where it stays, a free one, else the one that has rested longest."""
        may = [line for line in self.lines if (address_id, line) not in self.closed]
        busy = self.busy[address_id]
        free = next((line for line in may if line not in busy), None)
        line = stays if stays in may else min(may, key=busy.__getitem__, default=None) if free is None else free
        if line is not None:
            self.hold(address_id, line, at)
        return line


async def choose_lines(within: AsyncConnection | AsyncSession, which: ColumnElement[bool], *, now: datetime) -> None:
    """Choose the number that each text of these deliveries leaves from, where a school has several.

    Only what has not left; again, once it is written down what the text follows. Only numbers that can be answered:
    who writes from a name first goes on writing from it.
    """
    schools: dict[int, _School] = {}
    for school_id, line in (await within.execute(_several())).all():
        schools.setdefault(school_id, _School()).lines.append(line)
    if not schools:
        return
    fresh = _fresh(which, list(schools)).subquery("fresh")
    rows = [
        row
        for row in (await within.execute(select(fresh).order_by(fresh.c.copy_id))).all()
        if row.sender_id in schools[row.school_id].lines
    ]
    if not rows:
        return
    stays = await _look_round(within, schools, fresh, now)
    moved: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        line = schools[row.school_id].choose(row.address_id, stays.get((row.notice_id, row.address_id)), row.due_at)
        if line is not None and line != row.sender_id:
            moved[line].append(row.id)
    await _move(within, moved)


async def _move(within: AsyncConnection | AsyncSession, moved: Mapping[int, Sequence[int]]) -> None:
    for line, attempts in moved.items():
        for start in range(0, len(attempts), _AT_ONCE):
            some = attempt.c.id.in_(attempts[start : start + _AT_ONCE])
            await within.execute(
                update(attempt).where(some).values(sender_id=line).execution_options(synchronize_session=False)
            )


async def _look_round(
    within: AsyncConnection | AsyncSession, schools: Mapping[int, _School], fresh: Subquery, now: datetime
) -> dict[tuple[int, int], int]:
    """See which numbers are closed or held at these addresses; gives where a text goes on, by (notice, address)."""
    closed = select(stop.c.school_id, stop.c.address_id, stop.c.sender_id).where(_at(stop, fresh))
    for row in (await within.execute(closed)).all():
        schools[row.school_id].closed.add((row.address_id, row.sender_id))
    asking = (await within.execute(_asking(list(schools), now))).scalars().all()
    held = [*([_questions(fresh, asking)] if asking else []), *_conversations(fresh, now)]
    for row in (await within.execute(union_all(*held))).all():
        schools[row.school_id].hold(row.address_id, row.sender_id, row.at)
    goes_on = (await within.execute(union_all(*_begun(fresh)))).all()
    return {(row.notice_id, row.address_id): row.sender_id for row in sorted(goes_on, key=lambda row: row.at)}


@cache
def _several() -> Select[Any]:
    """Ask for the numbers that can be answered, of schools that have several."""
    works = (sender.c.channel == ChannelName.SMS, sender.c.two_way.is_(True), sender.c.stopped_at.is_(None))
    several = select(sender.c.school_id).where(*works).group_by(sender.c.school_id).having(func.count() > 1)
    return (
        select(sender.c.school_id, sender.c.id)
        .where(*works, sender.c.school_id.in_(several))
        .order_by(sender.c.school_id, sender.c.id)
    )


def _fresh(which: ColumnElement[bool], schools: Sequence[int]) -> Select[Any]:
    """Select the texts of these deliveries that nobody has tried to send yet."""
    return (
        select(
            attempt.c.id,
            attempt.c.school_id,
            attempt.c.copy_id,
            attempt.c.sender_id,
            attempt.c.due_at,
            copy.c.notice_id,
            copy.c.address_id,
        )
        .select_from(delivery)
        .join(copy_delivery, same(copy_delivery, delivery, "delivery_id"))
        .join(copy, same(copy_delivery, copy, "copy_id"))
        .join(attempt, same(attempt, copy, "copy_id"))
        .where(
            which,
            copy.c.school_id.in_(schools),
            copy.c.channel == ChannelName.SMS,
            attempt.c.state == AttemptState.READY,
            attempt.c.n == 1,
            attempt.c.tries == 0,
        )
        .distinct()
    )


def _asking(schools: Sequence[int], now: datetime) -> Select[Any]:
    """Select the notices that may still be answered; few, while every notice has a text for each family."""
    return select(notice.c.id).where(
        notice.c.school_id.in_(schools),
        notice.c.state == NoticeState.PUBLISHED,
        notice.c.due_at > now - OPEN_FOR,
        or_(
            and_(notice.c.kind == NoticeKind.ABSENCE, notice.c.due_at > now - ABSENCE_FOR),
            and_(or_(notice.c.kind == NoticeKind.MEETING, notice.c.needs != Needs.NONE), notice.c.expires_at > now),
        ),
    )


def _questions(fresh: Subquery, asking: Sequence[int]) -> Select[Any]:
    """Select what still waits for an answer at these addresses: (school, address, number, moment)."""
    said = (
        select(answer.c.id)
        .join(
            delivery, and_(delivery.c.notice_id == answer.c.notice_id, delivery.c.guardian_id == answer.c.guardian_id)
        )
        .join(copy_delivery, copy_delivery.c.delivery_id == delivery.c.id)
        .where(copy_delivery.c.copy_id == copy.c.id, answer.c.kind != AnswerKind.ACKNOWLEDGED)
    )
    return (
        select(copy.c.school_id, copy.c.address_id, attempt.c.sender_id, attempt.c.due_at.label("at"))
        .join(attempt, same(attempt, copy, "copy_id"))
        .where(copy.c.notice_id.in_(asking), *_left(fresh), ~said.correlate(copy).exists())
    )


def _conversations(fresh: Subquery, now: datetime) -> Iterator[Select[Any]]:
    """Select where somebody is waited for: what families wrote from these addresses, and what was written to them."""
    somebody_waits = or_(
        thread.c.state == ThreadState.WAITING, and_(thread.c.state == ThreadState.OPEN, thread.c.due_at.is_not(None))
    )
    going = (thread.c.last_at > now - OPEN_FOR, somebody_waits)
    yield (
        select(reply.c.school_id, reply.c.address_id, reply.c.sender_id, reply.c.received_at.label("at"))
        .join(thread, same(reply, thread, "thread_id"))
        .where(*going, reply.c.channel == ChannelName.SMS, reply.c.machine.is_(False), _at(reply, fresh))
    )
    yield (
        select(copy.c.school_id, copy.c.address_id, attempt.c.sender_id, attempt.c.due_at)
        .select_from(thread)
        .join(thread_notice, same(thread_notice, thread, "thread_id"))
        .join(copy, and_(copy.c.school_id == thread_notice.c.school_id, copy.c.notice_id == thread_notice.c.notice_id))
        .join(attempt, same(attempt, copy, "copy_id"))
        .where(*going, *_left(fresh))
    )


def _begun(fresh: Subquery) -> Iterator[Select[Any]]:
    """Select where its conversation, or the notice that it follows, was: (notice, address, number, moment)."""
    text, here = (fresh.c.notice_id, fresh.c.address_id), thread_notice.alias("here")
    yield (
        select(*text, attempt.c.sender_id, attempt.c.due_at.label("at"))
        .select_from(fresh)
        .join(notice_follow, _of_notice(notice_follow, fresh))
        .join(copy, and_(copy.c.school_id == fresh.c.school_id, copy.c.notice_id == notice_follow.c.before_id))
        .join(attempt, same(attempt, copy, "copy_id"))
        .where(copy.c.address_id == fresh.c.address_id, *_left(fresh))
    )
    yield (
        select(*text, attempt.c.sender_id, attempt.c.due_at)
        .select_from(fresh)
        .join(here, _of_notice(here, fresh))
        .join(thread_notice, and_(_same_thread(thread_notice, here), thread_notice.c.notice_id != here.c.notice_id))
        .join(copy, and_(copy.c.school_id == fresh.c.school_id, copy.c.notice_id == thread_notice.c.notice_id))
        .join(attempt, same(attempt, copy, "copy_id"))
        .where(copy.c.address_id == fresh.c.address_id, *_left(fresh))
    )
    yield (
        select(*text, reply.c.sender_id, reply.c.received_at)
        .select_from(fresh)
        .join(here, _of_notice(here, fresh))
        .join(reply, _same_thread(reply, here))
        .where(reply.c.address_id == fresh.c.address_id, reply.c.channel == ChannelName.SMS, reply.c.machine.is_(False))
    )


def _left(fresh: Subquery) -> tuple[ColumnElement[bool], ...]:
    """Say that the attempt at hand is of a text to one of these addresses, left or will, and is none of these."""
    return (
        copy.c.channel == ChannelName.SMS,
        attempt.c.state.in_(_LEAVES),
        attempt.c.id.not_in(select(fresh.c.id)),
        _at(copy, fresh),
    )


def _at(table: Any, fresh: Subquery) -> ColumnElement[bool]:  # noqa: ANN401 (any table with addresses)
    return and_(table.c.school_id.in_(select(fresh.c.school_id)), table.c.address_id.in_(select(fresh.c.address_id)))


def _of_notice(table: Any, fresh: Subquery) -> ColumnElement[bool]:  # noqa: ANN401 (any table about a notice)
    return and_(table.c.school_id == fresh.c.school_id, table.c.notice_id == fresh.c.notice_id)


def _same_thread(table: Any, here: Any) -> ColumnElement[bool]:  # noqa: ANN401 (any table of conversations)
    return and_(table.c.school_id == here.c.school_id, table.c.thread_id == here.c.thread_id)
