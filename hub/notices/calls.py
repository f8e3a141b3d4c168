"""The telephone: who takes which call, and how each call ended. No call is taken twice, none is forgotten."""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import ring_after_commit
from hub.errors import HubError, InvalidError, NotAllowedError, NotFoundError
from hub.models.answers import AnswerKind, CallOutcome
from hub.models.notices import DeliveryState
from hub.models.people import Medium
from hub.notices.headlines import Reader
from hub.notices.standing import concerns, to_be_called
from hub.notices.ways import send_otherwise
from hub.people.noting import note
from hub.tables import address, answer, call_task, contact_point, delivery, insert_into, staff

LEFT_LYING = timedelta(minutes=30)
"""After this, a call that somebody took and did not end may be taken by a colleague: nobody falls through."""


_ENDED = "Cet appel est déjà terminé."


class TakenError(HubError):
    """A colleague is already calling."""


async def take(session: AsyncSession, *, school_id: int, task_id: int, reader: Reader, now: datetime) -> None:
    """Take a call: its numbers may now be read, which is written down. Two colleagues cannot take the same one.

    Taking one's own again changes nothing. Raises NotFoundError, NotAllowedError, TakenError.
    """
    guardian_id = await _concerned(session, school_id, task_id, reader, now)
    taken = await session.execute(
        update(call_task)
        .where(
            call_task.c.school_id == school_id,
            call_task.c.id == task_id,
            or_(
                call_task.c.owner_id.is_(None),
                and_(call_task.c.owner_id != reader.staff_id, call_task.c.taken_at <= now - LEFT_LYING),
            ),
            call_task.c.done_at.is_(None),
        )
        .values(owner_id=reader.staff_id, taken_at=now)
        .returning(call_task.c.id)
    )
    if taken.scalar_one_or_none() is None:
        await _must_own(session, school_id, task_id, reader)
        return
    await note(session, school_id, reader.staff_id, "read_number", ("guardian", guardian_id), now)


async def give_back(session: AsyncSession, *, school_id: int, task_id: int, reader: Reader, now: datetime) -> None:
    """Leave a call to somebody else, untried. Raises as `take` does."""
    guardian_id = await _own_call(session, school_id, task_id, reader, now)
    await _set(session, school_id, task_id, owner_id=None, taken_at=None)
    await note(session, school_id, reader.staff_id, "call_given_back", ("guardian", guardian_id), now)


async def finish(
    session: AsyncSession, *, school_id: int, task_id: int, outcome: CallOutcome, reader: Reader, now: datetime
) -> None:
    """Write down how a call ended; only who took it may.

    Reached: the adult answered, which confirms the notice (typed by the caller). Otherwise: told by another way, a
    word at the gate. No answer: the call goes back on the list, whoever can tries again. A wrong number is
    `number_was_wrong`. Raises InvalidError, NotFoundError, NotAllowedError, TakenError.
    """
    guardian_id = await _own_call(session, school_id, task_id, reader, now)
    match outcome:
        case CallOutcome.REACHED:
            if await _told(session, school_id, task_id, DeliveryState.ACKNOWLEDGED, now):
                await _answered(session, school_id, task_id, reader, now)
            await _set(session, school_id, task_id, outcome=outcome, done_at=now, done_by=reader.staff_id)
        case CallOutcome.OTHERWISE:
            await _told(session, school_id, task_id, DeliveryState.TOLD, now)
            await _set(session, school_id, task_id, outcome=outcome, done_at=now, done_by=reader.staff_id)
        case CallOutcome.NO_ANSWER:
            await _set(session, school_id, task_id, outcome=outcome, owner_id=None)
        case CallOutcome.WRONG_NUMBER:
            raise InvalidError("Dites quel numéro est faux.", field="address")
    await note(session, school_id, reader.staff_id, f"call_{outcome.value}", ("guardian", guardian_id), now)


async def number_was_wrong(
    session: AsyncSession, *, school_id: int, task_id: int, address_id: int, reader: Reader, now: datetime
) -> None:
    """Note that a stranger answered at one of this adult's numbers; the call stays open, the child still matters.

    What follows for the number itself is the replies' (`hub.replies.wrong_numbers`), called by the same door
    in the same transaction. Raises NotFoundError when it is not this adult's, and as `take` does.
    """
    guardian_id = await _own_call(session, school_id, task_id, reader, now)
    theirs = (
        select(address.c.id)
        .join(
            contact_point,
            and_(contact_point.c.school_id == address.c.school_id, contact_point.c.address_id == address.c.id),
        )
        .where(
            address.c.school_id == school_id,
            address.c.id == address_id,
            address.c.medium == Medium.PHONE,
            contact_point.c.guardian_id == guardian_id,
        )
    )
    if (await session.execute(theirs.limit(1))).scalar_one_or_none() is None:
        raise NotFoundError("Ce numéro n’est pas celui de cet adulte.")
    await _set(session, school_id, task_id, outcome=CallOutcome.WRONG_NUMBER)
    await note(session, school_id, reader.staff_id, "call_wrong_number", ("guardian", guardian_id), now)


async def another_way(session: AsyncSession, *, school_id: int, task_id: int, reader: Reader, now: datetime) -> None:
    """Send the notice once more by another way instead of calling: by who took the call, or by anybody when nobody has.

    The call ends without an outcome, for nobody was called; when this way fails too, the ladder opens a new one.
    Raises InvalidError when there is no other way, NotFoundError, NotAllowedError, TakenError.
    """
    guardian_id = await _concerned(session, school_id, task_id, reader, now)
    delivery_id = await _must_own(session, school_id, task_id, reader, or_nobody=True)
    await _set(session, school_id, task_id, done_at=now, done_by=reader.staff_id)
    connection = await session.connection()
    ring_after_commit(session, await send_otherwise(connection, school_id=school_id, delivery_id=delivery_id, now=now))
    await note(session, school_id, reader.staff_id, "another_way", ("guardian", guardian_id), now)


async def _concerned(session: AsyncSession, school_id: int, task_id: int, reader: Reader, now: datetime) -> int:
    """Give the adult of an open call, if its children are this reader's business today."""
    asked = (
        select(delivery.c.guardian_id)
        .join(call_task, and_(call_task.c.school_id == delivery.c.school_id, call_task.c.delivery_id == delivery.c.id))
        .where(
            call_task.c.school_id == school_id,
            call_task.c.id == task_id,
            call_task.c.done_at.is_(None),
            to_be_called(call_task.c.id, reader.day, now),
        )
    )
    guardian_id = (await session.execute(asked)).scalar_one_or_none()
    if guardian_id is None:
        raise NotFoundError(_ENDED)
    if not reader.rights.whole_school:
        theirs = asked.where(concerns(reader.rights.classes, reader.day))
        if (await session.execute(theirs)).scalar_one_or_none() is None:
            raise NotAllowedError("Cet appel concerne un enfant d’une autre classe.")
    return int(guardian_id)


async def _own_call(session: AsyncSession, school_id: int, task_id: int, reader: Reader, now: datetime) -> int:
    guardian_id = await _concerned(session, school_id, task_id, reader, now)
    await _must_own(session, school_id, task_id, reader)
    return guardian_id


async def _must_own(
    session: AsyncSession, school_id: int, task_id: int, reader: Reader, *, or_nobody: bool = False
) -> int:
    """Hold the call until the end of the transaction, and give its delivery; `or_nobody`: it need not be taken."""
    row = (
        await session.execute(
            select(call_task.c.owner_id, call_task.c.delivery_id, call_task.c.done_at, staff.c.name)
            .outerjoin(staff, and_(staff.c.school_id == call_task.c.school_id, staff.c.id == call_task.c.owner_id))
            .where(call_task.c.school_id == school_id, call_task.c.id == task_id)
            .with_for_update(of=call_task)
        )
    ).one()
    if row.done_at is not None:
        raise NotFoundError(_ENDED)
    if row.owner_id is None and not or_nobody:
        raise TakenError("Prenez d’abord cet appel, pour que personne n’appelle deux fois.")
    if row.owner_id not in (None, reader.staff_id):
        raise TakenError(f"{row.name} appelle déjà.")
    return int(row.delivery_id)


async def _set(session: AsyncSession, school_id: int, task_id: int, **values: object) -> None:
    await session.execute(
        update(call_task).where(call_task.c.school_id == school_id, call_task.c.id == task_id).values(**values)
    )


async def _told(session: AsyncSession, school_id: int, task_id: int, state: DeliveryState, now: datetime) -> bool:
    """Raise the delivery, unless the family had the notice already; gives whether it did."""
    of_task = select(call_task.c.delivery_id).where(call_task.c.school_id == school_id, call_task.c.id == task_id)
    raised = await session.execute(
        update(delivery)
        .where(
            delivery.c.school_id == school_id,
            delivery.c.id.in_(of_task),
            delivery.c.state == DeliveryState.TO_CALL,
        )
        .values(state=state, state_at=now)
        .returning(delivery.c.id)
    )
    return raised.scalar_one_or_none() is not None


async def _answered(session: AsyncSession, school_id: int, task_id: int, reader: Reader, now: datetime) -> None:
    row = (
        await session.execute(
            select(delivery.c.notice_id, delivery.c.guardian_id)
            .join(
                call_task,
                and_(call_task.c.school_id == delivery.c.school_id, call_task.c.delivery_id == delivery.c.id),
            )
            .where(call_task.c.school_id == school_id, call_task.c.id == task_id)
        )
    ).one()
    await session.execute(
        insert_into(answer, session)
        .values(
            school_id=school_id,
            notice_id=row.notice_id,
            guardian_id=row.guardian_id,
            kind=AnswerKind.ACKNOWLEDGED,
            through="call",
            typed_by=reader.staff_id,
            at=now,
        )
        .on_conflict_do_nothing()
    )
