"""A letter is handed over: that proves nothing by itself, so it stands as who said so and when, to be taken back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.models.answers import CallOutcome
from hub.models.notices import AttemptState, DeliveryState
from hub.notices.headlines import Reader
from hub.outbox.ladder import open_calls
from hub.outbox.rungs import has_attempt, nobody_calls
from hub.people.noting import note
from hub.ports import Lane
from hub.post.letters import letters_of, notice_to_print
from hub.sealing import Keyring
from hub.tables import call_task, delivery, letter, notice

_NOTHING = "Il n’y a pas de lettre à marquer : imprimez-la d’abord, ou quelqu’un vient de le faire."


async def hand_over(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    notice_id: int,
    reader: Reader,
    now: datetime,
    only: int | None = None,
) -> int:
    """Note that the printed letters of a notice were handed over, or `only` one delivery's; gives how many.

    Whom nothing else had told counts as told, and is not called any more. Raises NotFoundError, NotAllowedError, and
    InvalidError where no printed letter lies there.
    """
    ids = await _mine(session, keyring, school_id, notice_id, reader, now, handed=False, only=only)
    here = (letter.c.school_id == school_id, letter.c.delivery_id.in_(ids))
    await session.execute(update(letter).where(*here).values(handed_at=now, handed_by=reader.staff_id))
    told = await session.execute(
        update(delivery)
        .where(delivery.c.school_id == school_id, delivery.c.id.in_(ids), _untold())
        .values(state=DeliveryState.TOLD, state_at=now)
        .returning(delivery.c.id)
    )
    await session.execute(
        update(call_task)
        .where(
            call_task.c.school_id == school_id,
            call_task.c.delivery_id.in_([row.id for row in told]),
            call_task.c.done_at.is_(None),
        )
        .values(done_at=now, done_by=reader.staff_id, outcome=CallOutcome.OTHERWISE)
    )
    await note(session, school_id, reader.staff_id, "letters_handed", ("notice", notice_id), now, count=len(ids))
    return len(ids)


async def take_back(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    notice_id: int,
    delivery_id: int,
    reader: Reader,
    now: datetime,
) -> None:
    """Take back that a letter was handed over: its adult waits again, unless something else told him or her since.

    Raises as `hand_over` does.
    """
    ids = await _mine(session, keyring, school_id, notice_id, reader, now, handed=True, only=delivery_id)
    here = (letter.c.school_id == school_id, letter.c.delivery_id.in_(ids))
    since = select(letter.c.handed_at).where(*here, letter.c.delivery_id == delivery.c.id).scalar_subquery()
    waits = await session.execute(
        update(delivery)
        .where(
            delivery.c.school_id == school_id,
            delivery.c.id.in_(ids),
            delivery.c.state == DeliveryState.TOLD,
            delivery.c.state_at == since,
            ~has_attempt(AttemptState.DELIVERED),
        )
        .values(
            state=case((nobody_calls(), DeliveryState.EXPIRED.value), else_=DeliveryState.TO_CALL.value), state_at=now
        )
        .returning(delivery.c.id)
    )
    again = [row.id for row in waits]
    lane = select(notice.c.lane).where(notice.c.school_id == school_id, notice.c.id == notice_id)
    await open_calls(session, delivery.c.id.in_(again), lane=Lane((await session.execute(lane)).scalar_one()), now=now)
    await session.execute(update(letter).where(*here).values(handed_at=None, handed_by=None))
    await note(session, school_id, reader.staff_id, "letter_taken_back", ("notice", notice_id), now)


def _untold() -> ColumnElement[bool]:
    """Say that nothing else told the delivery's adult: what is still on its way goes on by itself."""
    nothing_left = and_(delivery.c.state == DeliveryState.EXPIRED, nobody_calls())
    return or_(delivery.c.state == DeliveryState.TO_CALL, nothing_left)


async def _mine(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    notice_id: int,
    reader: Reader,
    now: datetime,
    *,
    handed: bool,
    only: int | None,
) -> Sequence[int]:
    """Give the deliveries whose letter this reader may mark: printed, and handed over or not."""
    await notice_to_print(session, keyring, school_id=school_id, notice_id=notice_id, reader=reader)
    found = await letters_of(session, school_id=school_id, notice_id=notice_id, reader=reader, now=now)
    ids = [
        one.delivery_id
        for one in found
        if one.printed_at is not None
        and (one.handed_at is not None) is handed
        and (only is None or one.delivery_id == only)
    ]
    if not ids:
        raise InvalidError(_NOTHING)
    return ids
