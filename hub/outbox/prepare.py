"""Making ready: after the last look the words are written and sealed, and the row stands as *sending*.

All in the transaction of the claim, before any provider is asked.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.notices import AttemptState, DeliveryState
from hub.outbox.bulk import Bulk, stored
from hub.outbox.conversations import Answered
from hub.outbox.follow import climb_from, let_expire
from hub.outbox.last_look import Fact, Fate, Told, look
from hub.outbox.quiet import hold_back
from hub.outbox.rungs import WAITING
from hub.outbox.unanswered import ask_no_more
from hub.outbox.wordings import Wordings
from hub.ports import ChannelName, Lane, Outgoing
from hub.routing import LINK_DAYS, day_at_school
from hub.sealing import Keyring, link_code
from hub.tables import attempt, delivery

log = structlog.get_logger(__name__)

VALUE, TEXT = b"address.value", b"attempt.text"
_NAMED = frozenset({ChannelName.EMAIL, ChannelName.PUSH})
"""Channels on which the same message twice shows once, by the name it bears."""
_ANSWERED = frozenset({ChannelName.EMAIL, ChannelName.CHAT})
"""Channels on which an answer names the copy that it answers."""


@dataclass(slots=True)
class Prepared:
    """What came of the last look at `taken` tries that were due; none taken: nothing is due.

    `outgoing` stand as sending, under `fence`. `withdrawn` attempts did not leave: their copy is `stale`, or `blocked`
    (its address may no longer be written to: the next rung), or nobody is left to tell. `texts` and `links` are what
    the registers keep of the others: (attempt, sealed text, its hash) and (school, copy, hash of the link's code).
    """

    fence: int
    taken: int
    outgoing: list[Outgoing] = field(default_factory=list)
    texts: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    links: list[tuple[int, int, bytes]] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)


async def prepare(
    connection: AsyncConnection,
    keyring: Keyring,
    wordings: Wordings,
    *,
    sender_id: int,
    lane: Lane,
    most: int,
    lease: float,
    now: datetime,
) -> Prepared:
    """Make at most `most` due tries ready to post; those whose reason is gone are withdrawn.

    The sender is one that `wordings` has learned. For `lease` seconds they may stand as sending; after that they count
    as unknown.
    """
    day = day_at_school(now, wordings.timezone(sender_id))
    facts, told = await look(connection, sender_id=sender_id, lane=lane, most=most, day=day, now=now)
    prepared = Prepared(secrets.randbits(62), len(facts))
    if not facts:
        return prepared
    if lane is Lane.ROUTINE:
        facts = await _not_held(connection, facts, timezone=wordings.timezone(sender_id), now=now)
    facts = _by_day(facts, may_leave=wordings.may_leave(sender_id, now))
    await wordings.learn(connection, facts)
    answered = await wordings.answered(connection, facts)
    for fact in sorted(facts, key=lambda fact: fact.id):  # what became due first is handed over first
        pupils = told.pupils.get(fact.copy_id)
        if pupils is None or fact.fate != Fate.LEAVES:
            _withdraw(fact, prepared, somebody=pupils is not None)
            continue
        try:
            _word(fact, prepared, keyring, wordings, pupils, lane, now, answered.get(fact.copy_id))
        except Exception as error:  # noqa: BLE001 (one copy that cannot be worded must not hold up the others)
            log.error("copy cannot be worded", attempt=fact.id, kind=type(error).__name__)  # noqa: TRY400 (ids only)
            prepared.withdrawn.append(fact.id)
            prepared.blocked.append(fact.copy_id)
    until = stored(connection, now + timedelta(seconds=lease))
    await _SENDING.run(connection, prepared.texts, prepared.fence, until, stored(connection, now))
    await _LINKS.run(connection, prepared.links, stored(connection, now + timedelta(days=LINK_DAYS)))
    await _follow(connection, prepared, told, {fact.copy_id for fact in facts}, lane=lane, now=now)
    return prepared


async def _not_held(connection: AsyncConnection, facts: list[Fact], *, timezone: str, now: datetime) -> list[Fact]:
    """Put off what would leave in quiet hours; what is stale or over waits for no hour."""
    leaving = [fact for fact in facts if fact.fate == Fate.LEAVES]
    held = await hold_back(connection, leaving, timezone=timezone, now=now)
    return [fact for fact in facts if fact.id not in held]


def _by_day(facts: list[Fact], *, may_leave: bool) -> list[Fact]:
    """Let what may not be used at this hour, a call by night, give way to the next rung at once."""
    if may_leave:
        return facts
    return [fact._replace(fate=Fate.BLOCKED) if fact.fate == Fate.LEAVES else fact for fact in facts]


def _withdraw(fact: Fact, prepared: Prepared, *, somebody: bool) -> None:
    prepared.withdrawn.append(fact.id)
    if somebody and fact.fate == Fate.STALE:
        prepared.stale.append(fact.copy_id)
    if somebody and fact.fate == Fate.BLOCKED:
        prepared.blocked.append(fact.copy_id)


def _word(
    fact: Fact,
    prepared: Prepared,
    keyring: Keyring,
    wordings: Wordings,
    pupils: Mapping[int, str],
    lane: Lane,
    now: datetime,
    answered: Answered | None,
) -> None:
    """Write the words of one try: what is handed over, and what the registers keep of it."""
    seal = keyring.seal(bytes.fromhex(fact.wrapped), fact.master_version)
    account = wordings.account(fact.sender_id)
    outgoing = Outgoing(
        attempt_id=fact.id,
        token=keyring.token("a", fact.id),
        to=seal.open(bytes.fromhex(fact.value_sealed), VALUE).decode(),
        body=wordings.body(fact, pupils=pupils, about=answered.about if answered else None),
        link_code=link_code() if wordings.links else "",
        account=account,
        message_id=wordings.message_id(fact.copy_id) if account.channel in _NAMED else "",
        reply_token=keyring.token("c", fact.copy_id) if account.channel in _ANSWERED else "",
        valid_for=max(60, int((_moment(fact.expires_at) - now).total_seconds())),
        urgent=lane is Lane.URGENT,
        answers=answered.answers if answered else "",
        before=wordings.message_ids(answered.before) if answered else (),
    )
    text = outgoing.text
    prepared.texts.append((fact.id, seal.close(text.encode(), TEXT), keyring.lookup("text", text)))
    if outgoing.link_code:
        prepared.links.append((fact.school_id, fact.copy_id, keyring.code_hash(outgoing.link_code)))
    prepared.outgoing.append(outgoing)


@lru_cache(maxsize=64)
def _moment(written: str) -> datetime:
    """Read a packed moment; all copies of a notice have the same."""
    read = datetime.fromisoformat(written)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


async def _follow(
    connection: AsyncConnection, prepared: Prepared, told: Told, leaving: Collection[int], *, lane: Lane, now: datetime
) -> None:
    """What not leaving, or leaving, means for the attempts and deliveries."""
    if prepared.withdrawn:
        await connection.execute(
            update(attempt)
            .where(attempt.c.id.in_(prepared.withdrawn))
            .values(state=AttemptState.WITHDRAWN, look_at=None, ended_at=now)
        )
    under_way = [one for one, copy_id in told.held.items() if copy_id in leaving]
    for deliveries, state in ((under_way, DeliveryState.ON_THE_WAY), (told.lost, DeliveryState.CANCELLED)):
        if deliveries:
            await connection.execute(
                update(delivery)
                .where(delivery.c.id.in_(deliveries), delivery.c.state.in_(WAITING))
                .values(state=state, state_at=now)
            )
    if told.lost:
        await ask_no_more(connection, delivery.c.id.in_(told.lost))
    await let_expire(connection, prepared.stale, lane=lane, now=now)
    await climb_from(connection, prepared.blocked, lane=lane, now=now)


_SENDING = Bulk(
    "UPDATE attempt SET state = 'sending', claim = {0}, look_at = {1}, sending_at = {2}, "
    "text_sealed = v.text_sealed, text_hash = v.text_hash FROM v WHERE attempt.id = v.id",
    id="bigint",
    text_sealed="bytea",
    text_hash="bytea",
)
_LINKS = Bulk(
    "INSERT INTO page_link (school_id, copy_id, code_hash, expires_at) "
    "SELECT v.school_id, v.copy_id, v.code_hash, {0} FROM v",
    school_id="bigint",
    copy_id="bigint",
    code_hash="bytea",
)
