"""The last look before a message leaves: right, address, answers, cancellation and expiry, then the words, sealed.

What is prepared stands as *sending* in the same transaction, before any provider is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import BindParameter, ColumnElement, Date, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.notices import AttemptState, DeliveryState, NoticeState
from hub.models.people import AddressState
from hub.outbox.claim import Claim
from hub.outbox.follow import climb_from, let_expire
from hub.outbox.ladder import WRITABLE
from hub.outbox.wordings import Wordings, newest_version
from hub.people.links import holds_on, tells
from hub.ports import ChannelName, Lane, Outgoing
from hub.routing import LINK_DAYS, SILENT_DAYS, day_at_school
from hub.sealing import Keyring, link_code
from hub.tables import (
    address,
    attempt,
    copy,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    enrolment,
    link,
    notice,
    page_link,
    pupil,
    stop,
)

log = structlog.get_logger(__name__)

CONCERNED = (DeliveryState.HELD, DeliveryState.ON_THE_WAY)
VALUE, TEXT = b"address.value", b"attempt.text"


@dataclass(slots=True)
class Prepared:
    """What came of the last look.

    `outgoing` stand as sending. `withdrawn` attempts did not leave: their copy is `stale`, or `blocked` (its address
    may no longer be written to: the next rung), or nobody is left to tell.
    """

    outgoing: list[Outgoing] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """Whom copies are for, as of now: first names by copy, deliveries that stop waiting, and those without right."""

    pupils: Mapping[int, tuple[str, ...]]
    held: frozenset[int]
    lost: frozenset[int]


async def prepare(
    connection: AsyncConnection,
    keyring: Keyring,
    wordings: Wordings,
    *,
    claim: Claim,
    attempts: Sequence[int],
    lease: float,
    now: datetime,
) -> Prepared:
    """Make claimed attempts ready to post; those whose reason is gone are withdrawn, in the same transaction."""
    statement = _FACTS if connection.dialect.name == "sqlite" else _FACTS_HELD
    facts = (await connection.execute(statement, {"b_ids": attempts, "b_fence": claim.fence})).all()
    await wordings.learn(connection, facts)
    told = await _told(connection, facts, wordings, now)
    prepared = Prepared()
    sealed: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for fact in facts:
        pupils = told.pupils.get(fact.copy_id)
        if pupils is None or not _may_leave(fact, prepared, now):
            prepared.withdrawn.append(fact.id)
            continue
        try:
            outgoing, row = _worded(fact, keyring, wordings, pupils, now)
        except Exception as error:  # noqa: BLE001 (one copy that cannot be worded must not hold up the others)
            log.error("copy cannot be worded", attempt=fact.id, kind=type(error).__name__)  # noqa: TRY400 (ids only)
            prepared.withdrawn.append(fact.id)
            prepared.blocked.append(fact.copy_id)
            continue
        prepared.outgoing.append(outgoing)
        sealed.append(row)
        if outgoing.link_code:
            links.append(_link(fact, outgoing, keyring, now))
    await _write(connection, prepared, sealed, links, lease=lease, now=now)
    await _follow(connection, prepared, told, lane=Lane(facts[0].lane) if facts else Lane.ROUTINE, now=now)
    return prepared


def _may_leave(fact: Any, prepared: Prepared, now: datetime) -> bool:  # noqa: ANN401 (a row)
    if fact.notice_state != NoticeState.PUBLISHED:
        return False
    if fact.expires_at <= now:
        prepared.stale.append(fact.copy_id)
        return False
    if fact.address_state not in WRITABLE or fact.stopped:
        prepared.blocked.append(fact.copy_id)
        return False
    return True


def _worded(
    fact: Any,  # noqa: ANN401 (a row)
    keyring: Keyring,
    wordings: Wordings,
    pupils: tuple[str, ...],
    now: datetime,
) -> tuple[Outgoing, dict[str, Any]]:
    """Write the words of one try: what is handed over, and what the row keeps of it."""
    seal = keyring.seal(fact.wrapped, fact.master_version)
    may_name = (
        fact.address_state == AddressState.ACTIVE
        and fact.last_sign_of_life is not None
        and fact.last_sign_of_life > now - timedelta(days=SILENT_DAYS)
    )
    mail = fact.channel == ChannelName.EMAIL
    outgoing = Outgoing(
        attempt_id=fact.id,
        token=keyring.token("a", fact.id),
        to=seal.open(fact.value_sealed, VALUE).decode(),
        body=wordings.body(fact, pupils=pupils if may_name else ()),
        link_code=link_code() if wordings.links else "",
        account=wordings.account(fact.sender_id),
        message_id=wordings.message_id(fact.copy_id) if mail else "",
        reply_token=keyring.token("c", fact.copy_id) if mail else "",
        valid_for=max(60, int((fact.expires_at - now).total_seconds())),
    )
    text = outgoing.text
    row = {"b_id": fact.id, "b_text": seal.close(text.encode(), TEXT), "b_hash": keyring.lookup("text", text)}
    return outgoing, row


def _link(fact: Any, outgoing: Outgoing, keyring: Keyring, now: datetime) -> dict[str, Any]:  # noqa: ANN401 (a row)
    return {
        "school_id": fact.school_id,
        "code_hash": keyring.code_hash(outgoing.link_code),
        "copy_id": fact.copy_id,
        "expires_at": now + timedelta(days=LINK_DAYS),
    }


async def _told(connection: AsyncConnection, facts: Sequence[Any], wordings: Wordings, now: datetime) -> Told:
    if not facts:
        return Told({}, frozenset(), frozenset())
    day = day_at_school(now, wordings.timezone(facts[0].school_id))
    rows = await connection.execute(_TOLD, {"b_copies": [fact.copy_id for fact in facts], "b_day": day})
    names: dict[int, dict[int, str]] = {}
    served, held, seen = set(), set(), set()
    for copy_id, delivery_id, state, pupil_id, first_name, rightful in rows:
        seen.add(delivery_id)
        if rightful:
            served.add(delivery_id)
            names.setdefault(copy_id, {})[pupil_id] = first_name
            if state == DeliveryState.HELD:
                held.add(delivery_id)
    pupils = {copy_id: tuple(of[pupil_id] for pupil_id in sorted(of)) for copy_id, of in names.items()}
    return Told(pupils, frozenset(held), frozenset(seen - served))


async def _follow(connection: AsyncConnection, prepared: Prepared, told: Told, *, lane: Lane, now: datetime) -> None:
    """What not leaving, or leaving, means for the deliveries."""
    for deliveries, state in ((told.held, DeliveryState.ON_THE_WAY), (told.lost, DeliveryState.CANCELLED)):
        if deliveries:
            await connection.execute(
                update(delivery)
                .where(delivery.c.id.in_(deliveries), delivery.c.state.in_(CONCERNED))
                .values(state=state, state_at=now)
            )
    await let_expire(connection, prepared.stale, lane=lane, now=now)
    await climb_from(connection, prepared.blocked, lane=lane, now=now)


async def _write(
    connection: AsyncConnection,
    prepared: Prepared,
    sealed: list[dict[str, Any]],
    links: list[dict[str, Any]],
    *,
    lease: float,
    now: datetime,
) -> None:
    if sealed:
        moments = {"b_look": now + timedelta(seconds=lease), "b_now": now}
        await connection.execute(_SENDING, [{**row, **moments} for row in sealed])
    if links:
        await connection.execute(page_link.insert(), links)
    if prepared.withdrawn:
        await connection.execute(
            update(attempt)
            .where(attempt.c.id.in_(prepared.withdrawn))
            .values(state=AttemptState.WITHDRAWN, look_at=None, ended_at=now)
        )


_SENDING = (
    update(attempt)
    .where(attempt.c.id == bindparam("b_id"))
    .values(
        state=AttemptState.SENDING,
        look_at=bindparam("b_look"),
        sending_at=bindparam("b_now"),
        text_sealed=bindparam("b_text"),
        text_hash=bindparam("b_hash"),
    )
)


_FACTS = (
    select(
        attempt.c.id,
        attempt.c.school_id,
        attempt.c.copy_id,
        attempt.c.sender_id,
        attempt.c.lane,
        copy.c.channel,
        copy.c.language,
        notice.c.id.label("notice_id"),
        notice.c.state.label("notice_state"),
        notice.c.expires_at,
        newest_version(notice.c.id).label("version_id"),
        address.c.state.label("address_state"),
        address.c.last_sign_of_life,
        address.c.value_sealed,
        data_key.c.wrapped,
        data_key.c.master_version,
        stop.c.id.label("stopped"),
    )
    .join(copy, copy.c.id == attempt.c.copy_id)
    .join(notice, notice.c.id == copy.c.notice_id)
    .join(address, address.c.id == copy.c.address_id)
    .join(data_key, data_key.c.id == address.c.data_key_id)
    .outerjoin(stop, and_(stop.c.address_id == address.c.id, stop.c.sender_id == attempt.c.sender_id))
    .where(
        attempt.c.id.in_(bindparam("b_ids", expanding=True)),
        attempt.c.claim == bindparam("b_fence"),
        attempt.c.state == AttemptState.CLAIMED,
    )
)
"""What decides a try. The rows are kept from others until the end (on SQLite the write turn already does)."""
_FACTS_HELD = _FACTS.with_for_update(of=attempt)


def _rightful(day: BindParameter[date]) -> ColumnElement[bool]:
    """Say that this adult is still told about this pupil, who is still in a class."""
    return and_(
        or_(pupil.c.left_on.is_(None), pupil.c.left_on > day),
        select(link.c.id)
        .where(
            link.c.school_id == delivery.c.school_id,
            link.c.guardian_id == delivery.c.guardian_id,
            link.c.pupil_id == pupil.c.id,
            tells(link, day),
        )
        .exists(),
        select(enrolment.c.id)
        .where(
            enrolment.c.school_id == delivery.c.school_id,
            enrolment.c.pupil_id == pupil.c.id,
            holds_on(enrolment, day),
        )
        .exists(),
    )


_TOLD = (
    select(
        copy_delivery.c.copy_id,
        delivery.c.id,
        delivery.c.state,
        delivery_pupil.c.pupil_id,
        pupil.c.first_name,
        _rightful(bindparam("b_day", type_=Date())).label("rightful"),
    )
    .join(delivery, delivery.c.id == copy_delivery.c.delivery_id)
    .join(delivery_pupil, delivery_pupil.c.delivery_id == delivery.c.id)
    .join(pupil, pupil.c.id == delivery_pupil.c.pupil_id)
    .where(
        copy_delivery.c.copy_id.in_(bindparam("b_copies", expanding=True)),
        copy_delivery.c.rung == delivery.c.rung,
        delivery.c.state.in_(CONCERNED),
    )
)
