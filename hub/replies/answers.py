"""What a family answers: written down once, and felt at once. The chasing ends, a missing child alarms.

Every act re-reads who has a right to it today; all of them are harmless to repeat.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.answers import AnswerKind
from hub.models.notices import AttemptState, DeliveryState
from hub.models.people import AddressState, Matter
from hub.outbox.follow import deliver
from hub.outbox.ladder import climb
from hub.outbox.rungs import LIVE, WRITABLE, has_attempt
from hub.people.tray import put_in_tray
from hub.ports import Lane, NoticeKind
from hub.replies.links import Adult, Served, served_by
from hub.tables import (
    address,
    attempt,
    call_task,
    copy,
    copy_delivery,
    delivery,
    insert_into,
    invitation,
    notice,
    page_link,
    stop,
)
from hub.tables import answer as answers

FINAL = (DeliveryState.ACKNOWLEDGED, DeliveryState.CANCELLED, DeliveryState.EXPIRED)
ABSENT = (AnswerKind.ILL, AnswerKind.OTHER_REASON, AnswerKind.SHOULD_BE_HERE)
POSTED = (AttemptState.SENDING, AttemptState.UNKNOWN, AttemptState.ACCEPTED, AttemptState.DELIVERED)
WRONG = "wrong_number"
"""Stands as the error of tries that reached a stranger: they told nobody."""


class Taken(StrEnum):
    """What became of an answer."""

    NOTED = "noted"
    ALREADY = "already"
    WHO = "who"
    """Several adults share the address, and the answer does not say who speaks."""
    WITHDRAWN = "withdrawn"
    """The notice was cancelled, or nobody here has a right to it any more."""


async def answer(
    connection: AsyncConnection,
    *,
    school_id: int,
    copy_id: int,
    kind: AnswerKind,
    guardian_id: int | None = None,
    through: str,
    now: datetime,
) -> Taken:
    """Write down what one adult says to one copy.

    An absence is answered for each of this adult's pupils, and a later answer replaces the earlier one; an
    acknowledgement is said once. Where several share the address and nobody says who speaks, nothing is
    acknowledged; but a child who should be at school alarms at once, whoever says so.
    """
    served = await served_by(connection, school_id=school_id, copy_id=copy_id, now=now)
    if served is None or not served.is_open or (kind in ABSENT and served.kind is not NoticeKind.ABSENCE):
        return Taken.WITHDRAWN
    adult = served.adult(guardian_id)
    if adult is None and guardian_id is not None:
        return Taken.WITHDRAWN
    await show_arrived(connection, served, now)
    if adult is None:
        if kind is AnswerKind.SHOULD_BE_HERE:
            await alarm(connection, served, served.adults, now)
        return Taken.WHO
    changed = await _write(connection, served, adult, kind, through, now)
    await _acknowledge(connection, adult, now)
    if changed and kind is AnswerKind.SHOULD_BE_HERE:
        await alarm(connection, served, (adult,), now)
    return Taken.NOTED if changed else Taken.ALREADY


async def show_arrived(connection: AsyncConnection, served: Served, now: datetime) -> None:
    """Somebody answered from there: the address lives, the copy arrived, and everyone it serves counts as told."""
    await connection.execute(
        update(address)
        .where(
            address.c.school_id == served.school_id,
            address.c.id == served.address_id,
            address.c.state.in_(WRITABLE),
        )
        .values(
            last_sign_of_life=now,
            state_at=case((address.c.state == AddressState.ACTIVE, address.c.state_at), else_=now),
            state=AddressState.ACTIVE,
        )
    )
    last = select(attempt.c.id).where(
        attempt.c.school_id == served.school_id, attempt.c.copy_id == served.copy_id, attempt.c.state.in_(POSTED)
    )
    number = (await connection.execute(last.order_by(attempt.c.n.desc()).limit(1))).scalar_one_or_none()
    if number is not None:
        await deliver(connection, {number: None}, now)


async def stop_writing(
    connection: AsyncConnection, *, school_id: int, address_id: int, sender_id: int, now: datetime
) -> None:
    """Keep that this address told this sender to stop; what still waits takes the next rung when its turn comes."""
    await connection.execute(
        insert_into(stop, connection)
        .values(school_id=school_id, address_id=address_id, sender_id=sender_id, at=now)
        .on_conflict_do_nothing()
    )


async def stop_copy(connection: AsyncConnection, *, school_id: int, copy_id: int, now: datetime) -> bool:
    """Stop the sender of a copy from writing to its address; False when nothing ever left."""
    row = (
        await connection.execute(
            select(attempt.c.sender_id, copy.c.address_id)
            .join(copy, copy.c.id == attempt.c.copy_id)
            .where(attempt.c.school_id == school_id, attempt.c.copy_id == copy_id)
            .order_by(attempt.c.n.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return False
    await stop_writing(connection, school_id=school_id, address_id=row.address_id, sender_id=row.sender_id, now=now)
    return True


async def wrong_number(connection: AsyncConnection, *, school_id: int, address_id: int, now: datetime) -> None:
    """A stranger holds this number: nothing more goes there, its links close, and its adults are reached otherwise.

    What has reached the stranger told nobody: those tries are withdrawn, so that a late receipt raises nothing, and
    notices that still matter take their next rung. What was added through it (a chat, a browser) goes with it. The
    office is asked to find the right number.
    """
    here = (address.c.school_id == school_id, address.c.id == address_id)
    await connection.execute(update(address).where(*here).values(state=AddressState.WRONG, state_at=now))
    copies = select(copy.c.id).where(copy.c.school_id == school_id, copy.c.address_id == address_id)
    await connection.execute(
        update(page_link)
        .where(page_link.c.school_id == school_id, page_link.c.copy_id.in_(copies), page_link.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    await put_in_tray(
        connection, school_id, Matter.WRONG_NUMBER, subject=f"address:{address_id}", now=now, address_id=address_id
    )
    for lane in Lane:
        await _reach_otherwise(connection, school_id, address_id, lane, now)
    for joined in await _joined_from(connection, school_id, address_id):
        await wrong_number(connection, school_id=school_id, address_id=joined, now=now)


async def _joined_from(connection: AsyncConnection, school_id: int, address_id: int) -> Sequence[int]:
    """Give the chats and browsers that were added on the page of a message to this address: the stranger's too."""
    used = (
        select(invitation.c.address_id)
        .join(copy, (copy.c.school_id == invitation.c.school_id) & (copy.c.id == invitation.c.copy_id))
        .join(address, (address.c.school_id == invitation.c.school_id) & (address.c.id == invitation.c.address_id))
        .where(invitation.c.school_id == school_id, copy.c.address_id == address_id, address.c.state.in_(WRITABLE))
    )
    return (await connection.execute(used.distinct())).scalars().all()


async def ask_other_schools(connection: AsyncConnection, *, school_id: int, address_id: int, now: datetime) -> None:
    """Ask every other school that holds the same number to check it; needs a connection that sees all schools."""
    this = select(address.c.medium, address.c.lookup_hash).where(
        address.c.school_id == school_id, address.c.id == address_id
    )
    found = (await connection.execute(this)).one_or_none()
    if found is None:
        return
    others = await connection.execute(
        select(address.c.school_id, address.c.id).where(
            address.c.medium == found.medium,
            address.c.lookup_hash == found.lookup_hash,
            address.c.school_id != school_id,
            address.c.state.in_(WRITABLE),
        )
    )
    for row in others.all():
        await put_in_tray(
            connection, row.school_id, Matter.WRONG_NUMBER, subject=f"address:{row.id}", now=now, address_id=row.id
        )


async def _write(
    connection: AsyncConnection, served: Served, adult: Adult, kind: AnswerKind, through: str, now: datetime
) -> bool:
    """Insert the answer, or replace an earlier other one; gives whether anything changed."""
    pupils: Sequence[int | None] = list(adult.pupils) if kind in ABSENT else [None]
    unique: ColumnElement[bool] = answers.c.pupil_id.is_not(None) if kind in ABSENT else answers.c.pupil_id.is_(None)
    columns = ["notice_id", "guardian_id", *(["pupil_id"] if kind in ABSENT else [])]
    changed = False
    for pupil_id in pupils:
        statement = insert_into(answers, connection).values(
            school_id=served.school_id,
            notice_id=served.notice_id,
            guardian_id=adult.guardian_id,
            pupil_id=pupil_id,
            kind=kind,
            through=through,
            at=now,
        )
        statement = statement.on_conflict_do_update(
            index_elements=columns,
            index_where=unique,
            set_={"kind": statement.excluded.kind, "through": statement.excluded.through, "at": statement.excluded.at},
            where=answers.c.kind != statement.excluded.kind,
        ).returning(answers.c.id)
        changed = (await connection.execute(statement)).first() is not None or changed
    return changed


async def _acknowledge(connection: AsyncConnection, adult: Adult, now: datetime) -> None:
    moved = await connection.execute(
        update(delivery)
        .where(delivery.c.id == adult.delivery_id, delivery.c.state.not_in(FINAL))
        .values(state=DeliveryState.ACKNOWLEDGED, state_at=now)
        .returning(delivery.c.id)
    )
    if moved.first() is not None:
        await connection.execute(
            update(call_task)
            .where(call_task.c.delivery_id == adult.delivery_id, call_task.c.done_at.is_(None))
            .values(done_at=now, outcome="otherwise")
        )


async def alarm(connection: AsyncConnection, served: Served, adults: Sequence[Adult], now: datetime) -> None:
    """A child may be missing: somebody must call this minute, whatever the delivery's state says."""
    for adult in adults:
        statement = insert_into(call_task, connection).values(
            school_id=served.school_id, delivery_id=adult.delivery_id, opened_at=now, due_at=now
        )
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["delivery_id"],
                index_where=call_task.c.done_at.is_(None),
                set_={"due_at": statement.excluded.due_at},
                where=call_task.c.due_at > statement.excluded.due_at,
            )
        )


async def _reach_otherwise(
    connection: AsyncConnection, school_id: int, address_id: int, lane: Lane, now: datetime
) -> None:
    """Withdraw what went to the address for notices that still matter, and put their adults on the next rung."""
    mattering = (
        select(copy.c.id)
        .join(notice, notice.c.id == copy.c.notice_id)
        .where(
            copy.c.school_id == school_id,
            copy.c.address_id == address_id,
            notice.c.lane == lane,
            notice.c.expires_at > now,
        )
    )
    copies = [row.id for row in await connection.execute(mattering)]
    if not copies:
        return
    await connection.execute(
        update(attempt)
        .where(attempt.c.copy_id.in_(copies), or_(attempt.c.state.in_(LIVE), attempt.c.state == AttemptState.DELIVERED))
        .values(state=AttemptState.WITHDRAWN, look_at=None, ended_at=now, error_code=WRONG)
    )
    standing = select(copy_delivery.c.delivery_id).where(
        copy_delivery.c.copy_id.in_(copies), copy_delivery.c.rung == delivery.c.rung
    )
    which = delivery.c.id.in_(standing) & ~has_attempt(AttemptState.DELIVERED)
    await climb(connection, which, lane=lane, now=now)
