"""A word in a conversation: which way it goes first, where else it may go, and what it answers on its channel.

It goes first the way the family came, by the sender that it wrote to. Failing that it goes on by the adult's other
contact points; a word to a shared phone goes nowhere else, for nobody knows which of its adults wrote.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.base import BigId
from hub.outbox.rungs import may_be_written_to, next_rung, same
from hub.ports import ChannelName
from hub.tables import (
    attempt,
    contact_point,
    copy,
    copy_delivery,
    delivery,
    notice,
    notice_version,
    reply,
    sender,
    stop,
    thread,
)
from hub.tables import thread_notice as said

MOST_BEFORE = 10
"""Message-IDs that a mail names of those before it: the first, and the last ones (RFC 5322 section 3.6.4 has no limit;
a header of ours stays short)."""


_MESSAGE_ID = re.compile(r"<?[!-;=?-~]{1,250}>?")
"""A Message-ID as it came; one of another shape is not named again."""


@dataclass(frozen=True, slots=True)
class FirstWay:
    """How a family came: from which address, over which channel, to which of our senders. `only`: nowhere else."""

    address_id: int
    channel: ChannelName
    sender_id: int
    only: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What one copy answers. `answers` by its channel's name for it; `before`: the copies and Message-IDs before it.

    `about`: the version of the notice that it is about, if there is one.
    """

    answers: str = ""
    before: tuple[int | str, ...] = ()
    about: int | None = None


def first_rung(way: FirstWay, guardian_id: ColumnElement[int], school_id: ColumnElement[int]) -> ColumnElement[int]:
    """Give the position that a word goes to first; NULL when there is none that may be written to now."""
    theirs = (
        select(func.min(contact_point.c.position))
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.guardian_id == guardian_id,
            contact_point.c.address_id == way.address_id,
            contact_point.c.channel == way.channel,
            may_be_written_to(),
        )
        .correlate_except(contact_point)
        .scalar_subquery()
    )
    if way.only:
        return theirs
    usual = next_rung(guardian_id, school_id, literal(0)).correlate_except(contact_point).scalar_subquery()
    return func.coalesce(theirs, usual)


async def keep_sender(session: AsyncSession, *, school_id: int, notice_id: int, way: FirstWay) -> None:
    """Let the first tries leave from the sender that the family wrote to, if it still works and may write there."""
    stopped = select(stop.c.id).where(
        stop.c.school_id == school_id, stop.c.address_id == way.address_id, stop.c.sender_id == way.sender_id
    )
    works = select(sender.c.id).where(
        sender.c.school_id == school_id,
        sender.c.id == way.sender_id,
        sender.c.channel == way.channel,
        sender.c.stopped_at.is_(None),
    )
    copies = select(copy.c.id).where(
        copy.c.school_id == school_id,
        copy.c.notice_id == notice_id,
        copy.c.address_id == way.address_id,
        copy.c.channel == way.channel,
    )
    await session.execute(
        update(attempt)
        .where(attempt.c.school_id == school_id, attempt.c.copy_id.in_(copies), works.exists(), ~stopped.exists())
        .values(sender_id=way.sender_id)
        .execution_options(synchronize_session=False)
    )


def in_conversation() -> ColumnElement[bool]:
    """Say that the delivery's notice is a word in a conversation."""
    return _of_delivery().exists()


def left_in_conversation() -> ScalarSelect[int]:
    """Give the first contact point that a word in a conversation has not gone to yet; NULL on a shared phone."""
    tried = (
        select(copy_delivery.c.id)
        .where(
            copy_delivery.c.school_id == delivery.c.school_id,
            copy_delivery.c.delivery_id == delivery.c.id,
            copy_delivery.c.rung == contact_point.c.position,
        )
        .correlate(delivery, contact_point)
    )
    return (
        select(func.min(contact_point.c.position))
        .where(
            contact_point.c.school_id == delivery.c.school_id,
            contact_point.c.guardian_id == delivery.c.guardian_id,
            may_be_written_to(),
            ~tried.exists(),
            _of_delivery().where(thread.c.guardian_id.is_not(None)).exists(),
        )
        .correlate(delivery)
        .scalar_subquery()
    )


def _of_delivery() -> Select[Any]:
    return (
        select(said.c.id)
        .join(thread, same(said, thread, "thread_id"))
        .where(said.c.school_id == delivery.c.school_id, said.c.notice_id == delivery.c.notice_id)
        .correlate(delivery)
    )


async def answered_by(connection: AsyncConnection, copies: Sequence[int]) -> dict[int, Answered]:
    """Find what these copies answer, by copy; those of no conversation are not in it."""
    rows = (await connection.execute(_answers(), {"copies": list(copies)})).all()
    return {row.copy_id: await _answered(connection, row) for row in rows}


async def _answered(connection: AsyncConnection, row: Any) -> Answered:  # noqa: ANN401 (a row)
    about = (await connection.execute(_beginning(), {"thread": row.thread_id, "notice": row.notice_id})).scalar()
    if row.channel == ChannelName.CHAT:
        here = row.reply_channel == ChannelName.CHAT and row.reply_address == row.address_id
        number = (row.message_id or "") if here else ""
        return Answered(number if number.isascii() and number.isdigit() else "", (), about)
    if row.channel != ChannelName.EMAIL:
        return Answered(about=about)
    which = {"thread": row.thread_id, "notice": row.notice_id, "address": row.address_id}
    mails = [each.message_id or each.copy_id for each in await connection.execute(_before(), which)]
    chain = [each for each in mails if isinstance(each, int) or _MESSAGE_ID.fullmatch(each)]
    answers = row.message_id if row.reply_channel == ChannelName.EMAIL and row.message_id in chain else ""
    if answers:
        chain = [*(each for each in chain if each != answers), answers]
    if len(chain) > MOST_BEFORE:
        chain = [chain[0], *chain[1 - MOST_BEFORE :]]
    return Answered(answers, tuple(chain), about)


@cache
def _answers() -> Select[Any]:
    """Ask what some copies answer: parameter copies."""
    return (
        select(
            copy.c.id.label("copy_id"),
            copy.c.channel,
            copy.c.address_id,
            copy.c.notice_id,
            said.c.thread_id,
            reply.c.channel.label("reply_channel"),
            reply.c.address_id.label("reply_address"),
            reply.c.message_id,
        )
        .join(said, and_(said.c.school_id == copy.c.school_id, said.c.notice_id == copy.c.notice_id))
        .outerjoin(reply, same(said, reply, "reply_id"))
        .where(copy.c.id.in_(bindparam("copies", type_=BigId(), expanding=True)))
    )


_THREAD, _NOTICE = bindparam("thread", type_=BigId()), bindparam("notice", type_=BigId())


@cache
def _beginning() -> Select[Any]:
    """Ask for the version of the notice that a conversation is about: the last that was answered in it."""
    ours = select(said.c.id).where(said.c.school_id == reply.c.school_id, said.c.notice_id == reply.c.notice_id)
    last = (
        select(reply.c.notice_id)
        .where(reply.c.thread_id == _THREAD, reply.c.notice_id < _NOTICE, ~ours.correlate(reply).exists())
        .order_by(reply.c.received_at.desc(), reply.c.id.desc())
        .limit(1)
    )
    return select(func.max(notice_version.c.id)).where(notice_version.c.notice_id == last.scalar_subquery())


@cache
def _before() -> Select[Any]:
    """Ask for the mails of a conversation before a notice, the oldest first: parameters thread, notice, address."""
    asked = select(reply.c.notice_id).where(reply.c.thread_id == _THREAD, reply.c.notice_id.is_not(None))
    told = select(said.c.notice_id).where(said.c.thread_id == _THREAD)
    ours = (
        select(literal(None, reply.c.message_id.type).label("message_id"), copy.c.id.label("copy_id"), notice.c.due_at)
        .join(notice, same(copy, notice, "notice_id"))
        .where(
            copy.c.notice_id < _NOTICE,
            copy.c.channel == ChannelName.EMAIL,
            copy.c.address_id == bindparam("address", type_=BigId()),
            or_(copy.c.notice_id.in_(asked), copy.c.notice_id.in_(told)),
        )
    )
    theirs = select(reply.c.message_id, literal(None, copy.c.id.type), reply.c.received_at).where(
        reply.c.thread_id == _THREAD, reply.c.channel == ChannelName.EMAIL, reply.c.message_id.is_not(None)
    )
    both = union_all(ours, theirs).subquery("both")
    return select(both.c.message_id, both.c.copy_id).order_by(
        both.c.due_at, both.c.copy_id.nulls_last(), both.c.message_id
    )
