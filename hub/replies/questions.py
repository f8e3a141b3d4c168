"""What was lately sent to an address, and which of it still waits for an answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.meetings.telling import FREE_KEY, HOURS_KEY
from hub.models.answers import AnswerKind
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import Needs, NoticeState
from hub.notices.chain import REPEATS, first_of
from hub.outbox.rungs import LEFT
from hub.ports import NoticeKind
from hub.replies.meaning import Meaning, Sense
from hub.replies.served import Served
from hub.tables import answer as answers
from hub.tables import (
    attempt,
    copy,
    copy_delivery,
    delivery,
    delivery_pupil,
    meeting_round,
    notice,
    thread,
    thread_notice,
)

DAYS = 14
"""Words answer what was sent within the last fourteen days, and nothing older."""
LAST = 20
"""Of a sender that writes more often, words answer its last tries only."""
_KINDS = {Sense.YES: AnswerKind.YES, Sense.NO: AnswerKind.NO}


@dataclass(frozen=True, slots=True)
class Sent:
    """A copy that left lately. `asks`: yes or no, and of an invitation how many; `over`: it is too late to say.

    `most`: the largest number that may be said. `answered`: one of its adults has. `pupils`: whom it is about. `names`:
    its channel's own names for it. `senders`: from which it left. `private`: a word of a confidential conversation.
    `offers`: hours of appointments to choose from, by the digit that it says.
    """

    copy_id: int
    notice_id: int
    kind: NoticeKind
    sent_at: datetime
    answered: bool = False
    asks: bool = False
    over: bool = False
    names: frozenset[str] = field(default_factory=frozenset)
    senders: frozenset[int] = field(default_factory=frozenset)
    pupils: frozenset[int] = field(default_factory=frozenset)
    private: bool = False
    offers: bool = False
    most: int | None = None

    @classmethod
    def of(cls, served: Served) -> "Sent":
        """Take a copy that the family itself points at."""
        pupils = frozenset(pupil_id for adult in served.adults for pupil_id in adult.pupils)
        return cls(
            served.copy_id,
            served.notice_id,
            served.kind,
            served.said_at,
            asks=served.asks,
            pupils=pupils,
            most=served.most,
        )

    @property
    def is_open(self) -> bool:
        """Whether it asks something that nobody has answered yet."""
        return (self.asks or self.kind is NoticeKind.ABSENCE) and not self.answered and not self.over

    def answer_in(self, meaning: Meaning) -> tuple[AnswerKind, int | None] | None:
        """Say what the words answer to this one: (kind, how many); None when they do not answer it."""
        if self.kind is NoticeKind.ABSENCE and meaning.reason is not None:
            return meaning.reason, None
        if self.asks and meaning.sense in _KINDS:
            return _KINDS[meaning.sense], None
        counts = self.asks and self.kind is NoticeKind.MEETING and meaning.sense in (Sense.COUNT, Sense.DIGIT)
        if counts and meaning.number is not None:
            return AnswerKind.COUNT, meaning.number
        return None


def open_to(copies: Sequence[Sent], meaning: Meaning) -> list[Sent]:
    """List the questions that the words may answer, the newest first.

    Those not yet answered, absences of the last day of absences only. When all are answered, words correct the last
    notice, if they fit that one.
    """
    fitting = [sent for sent in copies if sent.answer_in(meaning) is not None and not sent.over]
    newest = next((sent.sent_at for sent in fitting if sent.kind is NoticeKind.ABSENCE), None)
    waiting = [
        sent
        for sent in fitting
        if sent.is_open
        and (sent.kind is not NoticeKind.ABSENCE or newest is None or sent.sent_at > newest - timedelta(days=1))
    ]
    return waiting or [sent for sent in fitting[:1] if sent is copies[0]]


async def sent_lately(
    connection: AsyncConnection, *, school_id: int, addresses: Collection[int], now: datetime
) -> dict[int, list[Sent]]:
    """List the copies that were sent to each address lately, the newest first, each once."""
    asked = {"school": school_id, "addresses": list(addresses), "since": now - timedelta(days=DAYS)}
    found: dict[int, dict[int, Sent]] = {address_id: {} for address_id in addresses}
    again = set[int]()
    for row in await connection.execute(_lately(), asked):
        here = found[row.address_id]
        known = here.get(row.id) or Sent(
            row.id,
            row.notice_id,
            NoticeKind(row.kind),
            row.sending_at,
            answered=bool(row.answered),
            asks=row.kind == NoticeKind.MEETING or row.needs != Needs.NONE,
            over=row.kind != NoticeKind.ABSENCE and row.expires_at <= now,
            private=bool(row.private),
            offers=bool(row.offers),
            most=row.most,
        )
        if row.audience.startswith(REPEATS):
            again.add(row.notice_id)
        names = known.names | {row.provider_id} if row.provider_id else known.names
        here[row.id] = replace(known, names=names, senders=known.senders | {row.sender_id})
    lately = {address_id: list(copies.values()) for address_id, copies in found.items()}
    return await _each_question_once(connection, school_id, lately, again) if again else lately


async def _each_question_once(
    connection: AsyncConnection, school_id: int, lately: Mapping[int, Sequence[Sent]], again: Collection[int]
) -> dict[int, list[Sent]]:
    """A reminder and what it says again are one question: the last of them is what is read, and asks no more than once.

    `again`: the notices that say another again.
    """
    first = await first_of(connection, school_id, again)
    said = set[tuple[int, int]]()
    if first:
        copies = [sent.copy_id for each in lately.values() for sent in each if sent.notice_id in first]
        which = {"school": school_id, "copies": copies, "notices": sorted(set(first.values()))}
        said = {(row.copy_id, row.notice_id) for row in await connection.execute(_answered_before(), which)}
    once: dict[int, list[Sent]] = {}
    for address_id, each in lately.items():
        known: dict[int, Sent] = {}
        for sent in each:
            at = first.get(sent.notice_id, sent.notice_id)
            answered = sent.answered or (sent.copy_id, at) in said
            newer = known.get(at)
            if newer is None:
                known[at] = replace(sent, answered=answered)
            elif sent.notice_id not in first and newer.notice_id not in first:  # one notice by two ways
                known[-sent.copy_id] = replace(sent, answered=answered)
            else:
                known[at] = replace(newer, answered=newer.answered or answered, names=newer.names | sent.names)
        once[address_id] = list(known.values())
    return once


@cache
def _answered_before() -> Select[Any]:
    """Ask whose copies of a reminder were answered on what it says again: parameters school, copies, notices."""
    return (
        select(copy_delivery.c.copy_id, answers.c.notice_id)
        .join(delivery, delivery.c.id == copy_delivery.c.delivery_id)
        .join(answers, answers.c.guardian_id == delivery.c.guardian_id)
        .where(
            copy_delivery.c.school_id == bindparam("school", type_=BigId()),
            copy_delivery.c.copy_id.in_(bindparam("copies", type_=BigId(), expanding=True)),
            answers.c.school_id == bindparam("school", type_=BigId()),
            answers.c.notice_id.in_(bindparam("notices", type_=BigId(), expanding=True)),
            answers.c.kind != AnswerKind.ACKNOWLEDGED,
        )
    )


async def with_pupils(connection: AsyncConnection, school_id: int, copies: Sequence[Sent]) -> list[Sent]:
    """Say whom each of a few copies is about."""
    rows = await connection.execute(_pupils(), {"school": school_id, "copies": [sent.copy_id for sent in copies]})
    about: dict[int, set[int]] = {}
    for row in rows:
        about.setdefault(row.copy_id, set()).add(row.pupil_id)
    return [replace(sent, pupils=frozenset(about.get(sent.copy_id, ()))) for sent in copies]


@cache
def _pupils() -> Select[Any]:
    return (
        select(copy_delivery.c.copy_id, delivery_pupil.c.pupil_id)
        .join(delivery_pupil, delivery_pupil.c.delivery_id == copy_delivery.c.delivery_id)
        .where(
            copy_delivery.c.school_id == bindparam("school", type_=BigId()),
            copy_delivery.c.copy_id.in_(bindparam("copies", type_=BigId(), expanding=True)),
        )
    )


@cache
def _lately() -> Select[Any]:
    """Ask for the last tries of each sender at each address: parameters school, addresses, since.

    Not for codes: nobody answers those.
    """
    newest = (attempt.c.sending_at.desc(), attempt.c.id.desc())
    tried = (
        select(
            copy.c.id,
            copy.c.address_id,
            copy.c.notice_id,
            notice.c.kind,
            notice.c.needs,
            notice.c.most,
            notice.c.audience,
            notice.c.expires_at,
            or_(notice.c.key_name.startswith(FREE_KEY), notice.c.key_name.startswith(HOURS_KEY)).label("tells_of_one"),
            attempt.c.id.label("attempt_id"),
            attempt.c.sender_id,
            attempt.c.sending_at,
            attempt.c.provider_id,
            func.row_number().over(partition_by=(copy.c.address_id, attempt.c.sender_id), order_by=newest).label("nth"),
        )
        .join(attempt, attempt.c.copy_id == copy.c.id)
        .join(notice, notice.c.id == copy.c.notice_id)
        .where(
            copy.c.school_id == bindparam("school", type_=BigId()),
            copy.c.address_id.in_(bindparam("addresses", type_=BigId(), expanding=True)),
            attempt.c.state.in_(LEFT),
            attempt.c.sending_at > bindparam("since", type_=UtcDateTime()),
            notice.c.state == NoticeState.PUBLISHED,
            notice.c.kind != NoticeKind.CODE,
        )
        .subquery("tried")
    )
    said = (
        select(answers.c.id)
        .join(
            delivery, (delivery.c.notice_id == answers.c.notice_id) & (delivery.c.guardian_id == answers.c.guardian_id)
        )
        .join(copy_delivery, copy_delivery.c.delivery_id == delivery.c.id)
        .where(copy_delivery.c.copy_id == tried.c.id, answers.c.kind != AnswerKind.ACKNOWLEDGED)
        .exists()
    )
    private = (
        select(thread_notice.c.id)
        .join(thread, (thread.c.school_id == thread_notice.c.school_id) & (thread.c.id == thread_notice.c.thread_id))
        .where(thread_notice.c.notice_id == tried.c.notice_id, thread.c.private_to.is_not(None))
        .exists()
    )
    invites = (
        select(meeting_round.c.id)
        .where(meeting_round.c.school_id == bindparam("school"), meeting_round.c.notice_id == tried.c.notice_id)
        .exists()
    )
    offers = or_(invites, tried.c.tells_of_one).label("offers")
    return (
        select(*tried.c, said.label("answered"), private.label("private"), offers)
        .where(tried.c.nth <= LAST)
        .order_by(tried.c.sending_at.desc(), tried.c.attempt_id.desc())
    )
