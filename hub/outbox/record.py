"""The register of what became of each try: the provider's answer, its later receipts, and what follows for a family.

Receipts may come before the answer, twice, or in any order. History is inserted, states are only ever raised.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.notices import AttemptState, ErrorKind
from hub.models.people import Matter
from hub.outbox.bulk import Bulk, Packed, stored
from hub.outbox.claim import hand_back
from hub.outbox.follow import MAY_SUCCEED, deliver, fail
from hub.people.tray import put_in_tray
from hub.routing import MOST_TRIES, retry_delay
from hub.tables import attempt, one_of, sender


class Result(StrEnum):
    """How handing over to a provider ended."""

    ACCEPTED = "accepted"
    NOT_POSTED = "not_posted"
    NOT_TAKEN = "not_taken"
    LATER = "later"
    """The address has its turn later; nobody was asked, so it does not count as a try."""
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(NamedTuple):
    """What one POST came to. `wait`: seconds until silence means something, or until the next try.

    `fence`: of what was not posted at all; whoever holds another has lost it.
    """

    attempt_id: int
    result: Result
    wait: float | None = None
    provider_id: str | None = None
    segments: int | None = None
    cost: int | None = None
    error_kind: ErrorKind | None = None
    error_code: str | None = None
    fence: int = 0


@dataclass(frozen=True, slots=True)
class ReceiptIn:
    """What a provider says later. `state` is one of accepted, delivered, failed; `status` is the provider's word."""

    attempt_id: int
    state: AttemptState
    status: str
    error_kind: ErrorKind | None = None
    error_code: str = ""
    provider_id: str | None = None


IN_FLIGHT = (AttemptState.SENDING, AttemptState.UNKNOWN)


async def record_outcomes(connection: AsyncConnection, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Write what the providers answered, many at once; failures open the next rung in the same transaction."""
    accepted = [outcome for outcome in outcomes if outcome.result is Result.ACCEPTED]
    if accepted:
        looks = {wait: _look(connection, wait, now) for wait in {outcome.wait for outcome in accepted}}
        rows = [(o.attempt_id, o.provider_id, o.segments, o.cost, looks[o.wait]) for o in accepted]
        await _ACCEPTED.run(connection, rows)
    unknown = [outcome for outcome in outcomes if outcome.result is Result.UNKNOWN]
    if unknown:
        await connection.execute(_UNKNOWN, [_waiting(outcome, now) for outcome in unknown])
    for fence in {outcome.fence for outcome in outcomes if outcome.result is Result.NOT_POSTED}:
        await hand_back(connection, [o.attempt_id for o in outcomes if o.fence == fence], fence)
    not_taken = [outcome for outcome in outcomes if outcome.result in (Result.NOT_TAKEN, Result.LATER)]
    if not_taken:
        await _try_again(connection, not_taken, now)
    failed = [outcome for outcome in outcomes if outcome.result is Result.FAILED]
    if failed:
        why = {o.attempt_id: (o.error_kind or ErrorKind.REJECTED, o.error_code or "") for o in failed}
        await fail(connection, why, now)


async def record_receipts(connection: AsyncConnection, receipts: Iterable[ReceiptIn], *, now: datetime) -> int:
    """Insert history and raise attempts; gives how many receipts belong to an attempt of ours."""
    given = list(receipts)
    return await _record(connection, given, await _tries(connection, given), now)


async def record_callbacks(
    connection: AsyncConnection, callbacks: Sequence[tuple[int, ReceiptIn]], *, now: datetime
) -> set[tuple[int, int]]:
    """Record receipts that senders' webhooks brought: (sender, receipt); gives the (sender, attempt) that are ours.

    A receipt counts only from the sender that the attempt left from: one school's secret opens no other's.
    """
    tries = await _tries(connection, [item for _, item in callbacks])
    ours = [
        item
        for sender_id, item in callbacks
        if (known := tries.get(item.attempt_id)) is not None and known.sender_id == sender_id
    ]
    await _record(connection, ours, tries, now)
    return {(known.sender_id, number) for number, known in tries.items()}


class _Try(NamedTuple):
    """Whose an attempt is, and how far it got: in the order of `_TRIES`."""

    id: int
    school_id: int
    sender_id: int
    state: str


async def _tries(connection: AsyncConnection, receipts: Sequence[ReceiptIn]) -> dict[int, _Try]:
    asked = {"b_ids": sorted({item.attempt_id for item in receipts})}
    (rows,) = await _TRIES.rows(connection, asked)
    return {row[0]: _Try(*row) for row in rows}


async def _record(
    connection: AsyncConnection, receipts: Sequence[ReceiptIn], tries: Mapping[int, _Try], now: datetime
) -> int:
    known = [item for item in receipts if item.attempt_id in tries and tries[item.attempt_id].state in _POSTED]
    if not known:
        return 0
    history = [
        (tries[item.attempt_id].school_id, item.attempt_id, item.status[:20], item.error_code[:20]) for item in known
    ]
    await _HISTORY.run(connection, history, stored(connection, now))
    taken = {i.attempt_id: i.provider_id for i in known if i.state is AttemptState.ACCEPTED}
    await _PROVED.run(connection, list(taken.items()))
    delivered = {i.attempt_id: i.provider_id for i in known if i.state is AttemptState.DELIVERED}
    await deliver(connection, delivered, now)
    failed = {i.attempt_id: (i.error_kind or ErrorKind.REJECTED, i.error_code) for i in known if _is_failure(i)}
    await fail(connection, {number: why for number, why in failed.items() if number not in delivered}, now)
    return len(known)


async def stop_sender(connection: AsyncConnection, sender_id: int, why: str, *, now: datetime) -> None:
    """Our account is at fault: nothing leaves from it until the office has mended it, and the tray says so."""
    row = (
        await connection.execute(
            update(sender)
            .where(sender.c.id == sender_id, sender.c.stopped_at.is_(None))
            .values(stopped_at=now, stopped_why=why[:200])
            .returning(sender.c.school_id)
        )
    ).one_or_none()
    if row is not None:
        await put_in_tray(connection, row.school_id, Matter.SENDER_STOPPED, subject=f"sender:{sender_id}", now=now)


_POSTED = (*MAY_SUCCEED, AttemptState.DELIVERED)


def _is_failure(item: ReceiptIn) -> bool:
    return item.state is AttemptState.FAILED


def _look(connection: AsyncConnection, wait: float | None, now: datetime) -> object:
    return None if wait is None else stored(connection, now + timedelta(seconds=wait))


def _waiting(outcome: Outcome, now: datetime) -> dict[str, object]:
    return {
        "b_id": outcome.attempt_id,
        "b_look": now + timedelta(seconds=outcome.wait or 0.0),
        "b_code": (outcome.error_code or "")[:40],
    }


async def _try_again(connection: AsyncConnection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Surely not taken: the same attempt waits and goes again, until it has been refused too often."""
    rows = await connection.execute(
        select(attempt.c.id, attempt.c.tries).where(
            attempt.c.id.in_({outcome.attempt_id for outcome in outcomes}), attempt.c.state.in_(IN_FLIGHT)
        )
    )
    tries = {row.id: row.tries for row in rows}
    again, over = [], {}
    for outcome in outcomes:
        number = tries.get(outcome.attempt_id)
        if number is None:
            continue
        asked = outcome.result is Result.NOT_TAKEN
        number += asked
        if asked and number >= MOST_TRIES:
            over[outcome.attempt_id] = (ErrorKind.REJECTED, outcome.error_code or "")
            continue
        look = now + timedelta(seconds=retry_delay(number, outcome.wait))
        code = (outcome.error_code or "")[:40]
        again.append({"b_id": outcome.attempt_id, "b_look": look, "b_tries": number, "b_code": code})
    if again:
        await connection.execute(_AGAIN, again)
    await fail(connection, over, now)


_ID = attempt.c.id == bindparam("b_id")
_FLYING = one_of(attempt.c.state, IN_FLIGHT)
_ACCEPTED = Bulk(
    "UPDATE attempt SET provider_id = v.provider_id, segments = v.segments, cost = v.cost, "
    "look_at = CASE WHEN attempt.state IN ('sending', 'unknown') THEN v.look_at ELSE attempt.look_at END, "
    "state = CASE WHEN attempt.state IN ('sending', 'unknown') THEN 'accepted' ELSE attempt.state END "
    "FROM v WHERE attempt.id = v.id",
    id="bigint",
    provider_id="text",
    segments="integer",
    cost="integer",
    look_at="timestamptz",
)
"""The answer is kept whatever came first: a receipt may have raised the try already, and is not lowered."""
_UNKNOWN = (
    update(attempt)
    .where(_ID, attempt.c.state == AttemptState.SENDING)
    .values(state=AttemptState.UNKNOWN, look_at=bindparam("b_look"), error_code=bindparam("b_code"))
)
_AGAIN = (
    update(attempt)
    .where(_ID, _FLYING)
    .values(
        state=AttemptState.READY,
        claim=None,
        look_at=bindparam("b_look"),
        tries=bindparam("b_tries"),
        error_kind=ErrorKind.TEMPORARY,
        error_code=bindparam("b_code"),
    )
)
_TRIES = Packed(
    select(attempt.c.id, attempt.c.school_id, attempt.c.sender_id, attempt.c.state).where(
        attempt.c.id.in_(bindparam("b_ids", expanding=True))
    )
)
_HISTORY = Bulk(
    "INSERT INTO receipt (school_id, attempt_id, status, error_code, received_at) "
    "SELECT v.school_id, v.attempt_id, v.status, v.error_code, {0} FROM v WHERE true ON CONFLICT DO NOTHING",
    school_id="bigint",
    attempt_id="bigint",
    status="text",
    error_code="text",
)
_PROVED = Bulk(
    "UPDATE attempt SET state = 'accepted', provider_id = coalesce(attempt.provider_id, v.provider_id) "
    "FROM v WHERE attempt.id = v.id AND attempt.state IN ('sending', 'unknown')",
    id="bigint",
    provider_id="text",
)
"""A callback for a try whose answer was lost proves that the provider has it; the wait for a receipt begins."""
