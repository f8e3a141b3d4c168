"""The rounds: what nobody else will notice. One sweeper for each gap, each harmless to run twice.

- a *sending* whose worker died becomes *unknown*, and is settled by asking the provider; never posted blindly;
- an *accepted* message without news, after its time: a mail that did not bounce counts as told; a handset that
  stays silent takes the next rung (urgent), or becomes a task to call (a second SMS might tell a family twice);
- an urgent message that waits behind a stopped sender takes the next rung;
- what nobody answers goes on by the next way (`unanswered.py`);
- what is no longer worth saying expires instead of arriving stale.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.notices import AttemptState, DeliveryState, ErrorKind
from hub.outbox.claim import READY
from hub.outbox.follow import climb_from, fail, let_expire, next_attempt, rest
from hub.outbox.prepare import TEXT, VALUE
from hub.outbox.wordings import Wordings, newest_version
from hub.ports import Body, ChannelName, Lane, NoticeKind, Outgoing
from hub.sealing import Keyring, UnreadableError
from hub.settings import Settings
from hub.tables import address, attempt, copy, data_key, notice, sender

log = structlog.get_logger(__name__)

BATCH = 200
ASK_TWICE = 2
MOST_REPEATS, MOST_IN_A_CRISIS = 3, 12
"""Tries of one message whose fate stays unknown; in a crisis, when nobody calls, giving up would tell nobody."""
_TO_SETTLE = text("attempt.state IN ('sending', 'unknown', 'accepted') AND attempt.look_at IS NOT NULL")
"""As literals, so that the partial index is used."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A try whose fate is unknown: what was handed over, since when, and the provider ids that belong to others."""

    outgoing: Outgoing
    channel: ChannelName
    lane: Lane
    receipts: bool
    since: datetime
    asked: int
    known: frozenset[str]


async def give_up_sending(connection: AsyncConnection, settings: Settings, *, now: datetime) -> int:
    """Mark sendings whose lease has ended as unknown; gives how many."""
    rests_until = now + timedelta(seconds=settings.settle_after)
    return len(await _take(connection, AttemptState.SENDING, now, state=AttemptState.UNKNOWN, look_at=rests_until))


async def take_unknown(
    connection: AsyncConnection, keyring: Keyring, wordings: Wordings, settings: Settings, *, now: datetime
) -> list[Unsettled]:
    """Take unknown tries that are due to be asked about, for the length of a lease."""
    taken = await _take(connection, AttemptState.UNKNOWN, now, look_at=now + timedelta(seconds=settings.lease))
    if not taken:
        return []
    facts = (await connection.execute(_unknown_facts([row.id for row in taken]))).all()
    await wordings.learn(connection, facts)
    known = await _others(connection, facts)
    unsettled: list[Unsettled] = []
    for fact in facts:
        try:
            unsettled.append(_unsettled(fact, keyring, wordings, known.get(fact.address_id, frozenset())))
        except (UnreadableError, KeyError, TypeError) as error:  # a key or a text is gone: those beside it go on
            log.error("try cannot be asked about", attempt=fact.id, kind=type(error).__name__)  # noqa: TRY400 (ids)
            await _later(connection, fact.id, fact.sending_at, settings, now)
    return unsettled


async def settle_missing(
    connection: AsyncConnection, item: Unsettled, settings: Settings, *, harmless: bool, now: datetime
) -> None:
    """The provider does not know it: ask once more later (its list may lag), then send again, counted as a repeat.

    `harmless`: to be told twice shows once (a mail of the same Message-ID); then nobody is asked again.
    """
    number = item.outgoing.attempt_id
    if item.asked + 1 < ASK_TWICE and not harmless:
        await connection.execute(
            update(attempt)
            .where(attempt.c.id == number, attempt.c.state == AttemptState.UNKNOWN)
            .values(asked=attempt.c.asked + 1, look_at=now + timedelta(seconds=settings.settle_after))
        )
        return
    row = (
        await connection.execute(
            update(attempt)
            .where(attempt.c.id == number, attempt.c.state == AttemptState.UNKNOWN)
            .values(
                state=AttemptState.FAILED,
                look_at=None,
                ended_at=now,
                asked=attempt.c.asked + 1,
                error_kind=ErrorKind.UNKNOWN,
            )
            .returning(attempt.c.n, attempt.c.copy_id, attempt.c.lane)
        )
    ).one_or_none()
    if row is None:
        return
    if row.n < MOST_REPEATS or (row.n < MOST_IN_A_CRISIS and await _in_a_crisis(connection, row.copy_id)):
        await next_attempt(connection, number, at=now, repeats=True)
    else:  # something in it never arrives: another way
        await climb_from(connection, [row.copy_id], lane=Lane(row.lane), now=now)


async def _in_a_crisis(connection: AsyncConnection, copy_id: int) -> bool:
    kind = select(notice.c.kind).join(copy, copy.c.notice_id == notice.c.id).where(copy.c.id == copy_id)
    return bool((await connection.execute(kind)).scalar_one() == NoticeKind.CRISIS)


async def settle_later(connection: AsyncConnection, item: Unsettled, settings: Settings, *, now: datetime) -> None:
    """The provider could not say: ask again later. An urgent family does not wait for it longer than for a receipt."""
    await _later(connection, item.outgoing.attempt_id, item.since, settings, now)


async def _later(connection: AsyncConnection, number: int, since: datetime, settings: Settings, now: datetime) -> None:
    waited = (now - since).total_seconds()
    row = (
        await connection.execute(
            update(attempt)
            .where(attempt.c.id == number, attempt.c.state == AttemptState.UNKNOWN)
            .values(look_at=now + timedelta(seconds=settings.settle_after))
            .returning(attempt.c.copy_id, attempt.c.lane)
        )
    ).one_or_none()
    if row is not None and row.lane == Lane.URGENT and waited > settings.receipt_wait_urgent:
        await fail(connection, {number: (ErrorKind.UNKNOWN, "")}, now)


async def settle_silent(connection: AsyncConnection, *, handsets: Collection[ChannelName], now: datetime) -> int:
    """Decide accepted tries that nothing more was heard of; gives how many. `handsets`: channels that prove arrival."""
    rows = await _take(connection, AttemptState.ACCEPTED, now, look_at=None)
    if not rows:
        return 0
    proving = await _proving(connection, [row.id for row in rows], handsets)
    urgent = [row.copy_id for row in rows if row.lane == Lane.URGENT]
    proved = [row.copy_id for row in rows if row.lane != Lane.URGENT and row.id in proving]
    taken = [row.copy_id for row in rows if row.lane != Lane.URGENT and row.id not in proving]
    await climb_from(connection, urgent, lane=Lane.URGENT, now=now)
    await rest(connection, taken, state=DeliveryState.TOLD, lane=Lane.ROUTINE, now=now)
    await rest(connection, proved, state=DeliveryState.TO_CALL, lane=Lane.ROUTINE, now=now)
    return len(rows)


async def _proving(
    connection: AsyncConnection, attempts: Sequence[int], handsets: Collection[ChannelName]
) -> frozenset[int]:
    """Give the tries whose arrival a handset would have proved."""
    rows = await connection.execute(
        select(attempt.c.id)
        .join(copy, copy.c.id == attempt.c.copy_id)
        .join(sender, sender.c.id == attempt.c.sender_id)
        .where(attempt.c.id.in_(attempts), copy.c.channel.in_(handsets), sender.c.receipts.is_(True))
    )
    return frozenset(row.id for row in rows)


async def pass_stopped_senders(connection: AsyncConnection, *, now: datetime) -> int:
    """Urgent tries behind a stopped sender fail at once, so that their families take the next rung."""
    behind = _behind_stopped(now).where(attempt.c.lane == Lane.URGENT)
    rows = await _end(connection, behind, now, state=AttemptState.FAILED, error_kind=ErrorKind.MISCONFIGURED)
    await climb_from(connection, [row.copy_id for row in rows], lane=Lane.URGENT, now=now)
    return len(rows)


async def expire(connection: AsyncConnection, *, now: datetime) -> int:
    """Let go of what became stale behind a stopped sender; behind a working one, the last look before sending does."""
    stale = (
        _behind_stopped(now)
        .join(copy, copy.c.id == attempt.c.copy_id)
        .join(notice, notice.c.id == copy.c.notice_id)
        .where(notice.c.expires_at <= now)
    )
    rows = await _end(connection, stale, now, state=AttemptState.WITHDRAWN)
    for lane in Lane:
        await let_expire(connection, [row.copy_id for row in rows if row.lane == lane], lane=lane, now=now)
    return len(rows)


def _behind_stopped(now: datetime) -> Select[tuple[int]]:
    """Choose tries that are due, and whose sender is stopped."""
    return (
        select(attempt.c.id)
        .join(sender, sender.c.id == attempt.c.sender_id)
        .where(sender.c.stopped_at.is_not(None), READY, attempt.c.look_at <= now)
        .limit(BATCH)
    )


async def _end(
    connection: AsyncConnection, which: Select[tuple[int]], now: datetime, **values: object
) -> Sequence[Any]:
    """End ready tries; one that began to leave meanwhile goes on."""
    ended = await connection.execute(
        update(attempt)
        .where(attempt.c.id.in_(which.scalar_subquery()), READY)
        .values(look_at=None, ended_at=now, **values)
        .returning(attempt.c.copy_id, attempt.c.lane)
    )
    return ended.all()


async def _take(connection: AsyncConnection, found: AttemptState, now: datetime, **values: object) -> Sequence[Any]:
    """Change tries that are found in a state and whose time has come, the oldest first; nobody else takes the same."""
    due = (
        select(attempt.c.id)
        .where(_TO_SETTLE, attempt.c.look_at <= now, attempt.c.state == found)
        .order_by(attempt.c.look_at)
        .limit(BATCH)
    )
    taken = await connection.execute(
        update(attempt)
        .where(attempt.c.id.in_(due.scalar_subquery()), attempt.c.state == found, attempt.c.look_at <= now)
        .values(**values)
        .returning(attempt.c.id, attempt.c.copy_id, attempt.c.lane)
    )
    return taken.all()


def _unknown_facts(ids: Sequence[int]) -> Any:  # noqa: ANN401 (a statement)
    return (
        select(
            attempt.c.id,
            attempt.c.school_id,
            attempt.c.copy_id,
            attempt.c.sender_id,
            attempt.c.lane,
            attempt.c.asked,
            attempt.c.sending_at,
            attempt.c.text_sealed,
            copy.c.channel,
            copy.c.language,
            newest_version(copy.c.notice_id).label("version_id"),
            copy.c.address_id,
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(copy, copy.c.id == attempt.c.copy_id)
        .join(address, address.c.id == copy.c.address_id)
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .where(attempt.c.id.in_(ids))
    )


async def _others(connection: AsyncConnection, facts: Sequence[Any]) -> dict[int, frozenset[str]]:
    """Provider ids that other tries to the same addresses already own: the provider's list shows those as well."""
    rows = await connection.execute(
        select(copy.c.address_id, attempt.c.provider_id)
        .join(attempt, attempt.c.copy_id == copy.c.id)
        .where(copy.c.address_id.in_({fact.address_id for fact in facts}), attempt.c.provider_id.is_not(None))
    )
    found: dict[int, set[str]] = {}
    for address_id, provider_id in rows:
        found.setdefault(address_id, set()).add(provider_id)
    return {address_id: frozenset(ids) for address_id, ids in found.items()}


def _unsettled(fact: Any, keyring: Keyring, wordings: Wordings, known: frozenset[str]) -> Unsettled:  # noqa: ANN401 (a row)
    seal = keyring.seal(fact.wrapped, fact.master_version)
    outgoing = Outgoing(
        attempt_id=fact.id,
        token=keyring.token("a", fact.id),
        to=seal.open(fact.value_sealed, VALUE).decode(),
        body=Body(text=seal.open(fact.text_sealed, TEXT).decode(), language=fact.language),
        link_code="",
        account=wordings.account(fact.sender_id),
        message_id=wordings.message_id(fact.copy_id),
    )
    return Unsettled(
        outgoing,
        ChannelName(fact.channel),
        Lane(fact.lane),
        wordings.hears_receipts(fact.sender_id),
        fact.sending_at,
        fact.asked,
        known,
    )
