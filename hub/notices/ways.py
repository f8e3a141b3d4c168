"""Another way: by what else an adult who must be called could be written to, and the one more sending."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import InvalidError
from hub.models.notices import AttemptState, DeliveryState, ErrorKind, NoticeState
from hub.notices import left_asked
from hub.outbox.follow import next_attempt
from hub.outbox.ladder import open_rungs
from hub.outbox.rungs import WAITING, WRITABLE, still_tried
from hub.ports import Lane
from hub.tables import attempt, copy_delivery, delivery, notice


@dataclass(frozen=True, slots=True)
class Way:
    """A contact point (its position) to write to once more. `repeats`: the try that failed there; None: a first one."""

    rung: int
    repeats: int | None = None


def other_way(points: Iterable[Any], tries: Iterable[Any]) -> Way | None:
    """Choose how a notice could be sent once more: by what was not tried for it yet, else where a phone was only off.

    `points` of the adult as `left_asked.points` gives them, `tries` of the delivery as `left_asked.tries` does. What
    is on its way, or may have arrived, is never sent again. A dead address that lives again was only off.
    """
    usable = [row for row in points if row.sends and row.address_state in WRITABLE]
    last, rungs = {}, set()
    for row in tries:
        last[row.channel, row.address_id] = row
        rungs.add(row.rung)
    for point in usable:
        if point.position not in rungs and (point.channel, point.id) not in last:
            return Way(point.position)
    for point in usable:
        row = last.get((point.channel, point.id))
        if row is not None and _was_only_off(row):
            return Way(row.rung, repeats=row.id)
    return None


def may_still_be_sent(row: Any, now: datetime) -> bool:  # noqa: ANN401 (a row)
    """Say that sending makes sense (a row with state, chased, expires_at): nothing arrived, and it is not stale."""
    return bool(row.state == DeliveryState.TO_CALL and not row.chased and row.expires_at > now)


async def send_otherwise(
    connection: AsyncConnection,
    *,
    school_id: int,
    delivery_id: int,
    now: datetime,
    address_id: int | None = None,
    at: datetime | None = None,
) -> Lane:
    """Put a delivery that waits for a call on its way again, by another way; gives its lane. Nobody is told twice.

    `address_id`: only there; `at`: not before. When this way fails too, the ladder makes a new call of it. An address
    that already has the notice, through an adult who shares it, tells this one at once. Raises InvalidError when there
    is no other way; the caller then writes nothing.
    """
    facts = select(
        delivery.c.guardian_id,
        delivery.c.state,
        delivery.c.chased,
        notice.c.expires_at,
        notice.c.lane,
        notice.c.state.label("pressed"),
    ).join(notice, and_(notice.c.school_id == delivery.c.school_id, notice.c.id == delivery.c.notice_id))
    row = (await connection.execute(facts.where(delivery.c.school_id == school_id, delivery.c.id == delivery_id))).one()
    if not may_still_be_sent(row, now) or row.pressed != NoticeState.PUBLISHED:
        raise InvalidError("Cet avis ne part plus : il est périmé, arrêté, ou déjà arrivé. Appelez.")
    which = {"school": school_id, "ids": [delivery_id], "guardians": [row.guardian_id]}
    points = (await connection.execute(left_asked.points(), which)).all()
    tries = (await connection.execute(left_asked.tries(), which)).all()
    way = other_way((point for point in points if address_id in (None, point.id)), tries)
    if way is None:
        raise InvalidError(_NONE)
    await connection.execute(
        update(delivery)
        .where(delivery.c.school_id == school_id, delivery.c.id == delivery_id)
        .values(state=DeliveryState.ON_THE_WAY, rung=way.rung, state_at=now)
    )
    if way.repeats is None:
        await open_rungs(connection, delivery.c.id == delivery_id, now=at or now)
        way = await _ended_elsewhere(connection, delivery_id, way)
    if way.repeats is not None:
        await next_attempt(connection, way.repeats, at=at or now, repeats=True)
    return Lane(row.lane)


async def _ended_elsewhere(connection: AsyncConnection, delivery_id: int, way: Way) -> Way:
    """Mind an adult who shares the address: where their try has ended, ours would wait for ever.

    Raises InvalidError when it ended for good.
    """
    stuck = select(delivery.c.id).where(delivery.c.id == delivery_id, delivery.c.state.in_(WAITING), ~still_tried())
    if (await connection.execute(stuck)).first() is None:
        return way
    row = (
        await connection.execute(
            select(attempt.c.id, attempt.c.state, attempt.c.error_kind)
            .join(copy_delivery, copy_delivery.c.copy_id == attempt.c.copy_id)
            .where(copy_delivery.c.delivery_id == delivery_id, copy_delivery.c.rung == way.rung)
            .order_by(attempt.c.n.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None or not _was_only_off(row):
        raise InvalidError(_NONE)
    return Way(way.rung, repeats=row.id)


def _was_only_off(row: Any) -> bool:  # noqa: ANN401 (a row)
    return bool(row.state == AttemptState.FAILED and row.error_kind in (ErrorKind.TEMPORARY, ErrorKind.DEAD_ADDRESS))


_NONE = "Il n’y a pas d’autre voie pour cet adulte : tout a été essayé. Appelez."
