"""Asking back, once, when a reply fits several open questions: 1 = Lina, 2 = Basile."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId, UtcDateTime
from hub.ports import NoticeKind, SchoolCard
from hub.replies.keeping import WORDS, Kept
from hub.replies.questions import Sent
from hub.replies.saying_back import Back, What, labels
from hub.replies.served import served_by
from hub.sealing import Seal, UnreadableError
from hub.tables import address, reply, reply_choice
from i18n.tongues import tongue

ONCE = timedelta(days=1)
"""Within a day nobody is asked back a second time."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a number chose: the copies, and the reply, with its words, that it was asked back about."""

    copies: tuple[int, ...]
    reply_id: int
    words: str


async def ask_which(
    connection: AsyncConnection, kept: Kept, questions: Sequence[Sent], *, language: str, school: SchoolCard
) -> Back | None:
    """Ask which of the questions a reply answers; None when that was asked within the day, or cannot be told apart."""
    if kept.address_id is None or await _asked_lately(connection, kept):
        return None
    speaks = tongue(language)
    absences = all(sent.kind is NoticeKind.ABSENCE for sent in questions)
    named = [(await _children(connection, kept, sent), sent.sent_at) for sent in questions]
    choices = labels(named, all_of_them=absences, speaks=speaks, timezone=school.timezone)
    if len(set(choices)) < len(choices):
        return None
    await connection.execute(
        insert(reply_choice).values(
            school_id=kept.school_id,
            address_id=kept.address_id,
            reply_id=kept.reply_id,
            copies=",".join(str(sent.copy_id) for sent in questions) + (",*" if absences else ""),
            asked_at=kept.now,
        )
    )
    return Back(What.WHICH, language, school, tuple(choices))


async def asked_back(
    connection: AsyncConnection, *, school_id: int, addresses: Collection[int], now: datetime
) -> dict[tuple[int, int], Any]:
    """Read what each sender last asked back at each address within the day, where nobody has chosen yet.

    By address and sender.
    """
    which = {"school": school_id, "addresses": list(addresses), "since": now - ONCE}
    return {(row.address_id, row.sender_id): row for row in await connection.execute(_asked(), which)}


async def chosen(
    connection: AsyncConnection,
    row: Any,  # noqa: ANN401 (a row)
    *,
    school_id: int,
    number: int | None,
    asked_since: datetime | None,
    seal: Seal,
    now: datetime,
) -> Chosen | None:
    """Read what a number chooses of what was `asked_back`. Other words need no number: the question is over.

    It is over too when something else was asked there at `asked_since`, after it: a number answers what was read last.
    """
    ids = row.copies.split(",")
    if asked_since is not None and asked_since > row.asked_at:
        number = None
    if number is not None and not 0 < number <= len(ids):
        return None
    over = update(reply_choice).where(reply_choice.c.school_id == school_id, reply_choice.c.id == row.id)
    await connection.execute(over.values(answered_at=now))
    if number is None:
        return None
    one = ids[number - 1]
    try:
        words = seal.open(row.words_sealed, WORDS).decode()
    except UnreadableError:
        return None
    return Chosen(tuple(int(copy_id) for copy_id in (ids[:-1] if one == "*" else [one])), row.reply_id, words)


@cache
def _asked() -> Select[Any]:
    """Ask what was asked back at some addresses, the last last: parameters school, addresses, since."""
    return (
        select(
            reply_choice.c.id,
            reply_choice.c.address_id,
            reply_choice.c.copies,
            reply_choice.c.asked_at,
            reply_choice.c.reply_id,
            reply.c.sender_id,
            reply.c.words_sealed,
        )
        .join(reply, (reply.c.school_id == reply_choice.c.school_id) & (reply.c.id == reply_choice.c.reply_id))
        .where(
            reply_choice.c.school_id == bindparam("school", type_=BigId()),
            reply_choice.c.address_id.in_(bindparam("addresses", type_=BigId(), expanding=True)),
            reply_choice.c.answered_at.is_(None),
            reply_choice.c.asked_at > bindparam("since", type_=UtcDateTime()),
        )
        .order_by(reply_choice.c.id)
    )


async def _asked_lately(connection: AsyncConnection, kept: Kept) -> bool:
    asked = select(reply_choice.c.id).where(
        reply_choice.c.school_id == kept.school_id,
        reply_choice.c.address_id == kept.address_id,
        reply_choice.c.asked_at > kept.now - ONCE,
        reply_choice.c.copies.not_like("%:%"),
    )
    return (await connection.execute(asked.limit(1))).first() is not None


async def _children(connection: AsyncConnection, kept: Kept, sent: Sent) -> str:
    """Name the children of an absence, where they may be named; else nothing."""
    served = await served_by(connection, school_id=kept.school_id, copy_id=sent.copy_id, now=kept.now)
    if served is None or sent.kind is not NoticeKind.ABSENCE or not served.may_name:
        return ""
    discreet = select(address.c.discreet).where(
        address.c.school_id == kept.school_id, address.c.id == served.address_id
    )
    if (await connection.execute(discreet)).scalar_one():
        return ""
    names = {key: name for adult in served.adults for key, name in adult.pupils.items()}
    return tongue(served.language).names(tuple(names.values()))
