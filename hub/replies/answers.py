"""What a family answers: written down once, and felt at once. The chasing ends, a missing child alarms.

Every act re-reads who has a right to it today; all of them are harmless to repeat.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, and_, bindparam, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.absences.cases import answered
from hub.models.answers import AnswerKind
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import AttemptState, DeliveryState
from hub.models.people import AddressState
from hub.outbox.follow import deliver
from hub.outbox.rungs import WRITABLE
from hub.outbox.unanswered import answered_by_one
from hub.ports import NoticeKind
from hub.replies.links import HOME, Adult, Served, served_by
from hub.tables import (
    address,
    attempt,
    call_task,
    delivery,
    dialects_insert,
    insert_into,
)
from hub.tables import answer as answers

FINAL = (DeliveryState.ACKNOWLEDGED, DeliveryState.CANCELLED, DeliveryState.EXPIRED)
ABSENT = frozenset(
    {
        AnswerKind.ILL,
        AnswerKind.CONTAGION,
        AnswerKind.FAMILY_GATHERING,
        AnswerKind.TRANSPORT,
        AnswerKind.WITH_GUARDIANS,
        AnswerKind.OTHER_REASON,
        AnswerKind.SHOULD_BE_HERE,
    }
)
"""What answers an absence alert."""
ASKED = frozenset({AnswerKind.YES, AnswerKind.NO, AnswerKind.COUNT})
"""What answers a question: whether one comes, and how many."""
ACTS: Mapping[str, AnswerKind] = {
    "acknowledge": AnswerKind.ACKNOWLEDGED,
    **{kind.value: kind for kind in (*ABSENT, AnswerKind.YES, AnswerKind.NO)},
}
"""What each button says, on a page, a notification or in a chat, by the name that it bears."""
POSTED = (AttemptState.SENDING, AttemptState.UNKNOWN, AttemptState.ACCEPTED, AttemptState.DELIVERED)


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
    number: int | None = None,
    guardian_id: int | None = None,
    through: str,
    now: datetime,
) -> Taken:
    """Write down what one adult says to one copy; `number`: how many.

    An absence is answered for each of this adult's pupils, and a later answer replaces the earlier one; an
    acknowledgement is said once, and takes back nothing. Where several share the address and nobody says who speaks,
    nothing is acknowledged; but each of them may say why a child is absent, and a child who should be at school
    alarms at once.
    """
    served = await served_by(connection, school_id=school_id, copy_id=copy_id, now=now)
    if served is None:
        return Taken.WITHDRAWN
    return await answer_to(
        connection, served, kind=kind, number=number, guardian_id=guardian_id, through=through, now=now
    )


async def answer_to(
    connection: AsyncConnection,
    served: Served,
    *,
    kind: AnswerKind,
    number: int | None,
    guardian_id: int | None,
    through: str,
    typed_by: int | None = None,
    now: datetime,
) -> Taken:
    """Write down what one adult says to what was just read, as `answer` does; `typed_by`: a member of staff types it.

    A letter came to no address: what is said to it proves none.
    """
    if not served.is_open or not _fits(kind, served):
        return Taken.WITHDRAWN
    adult = served.adult(guardian_id)
    if adult is None and guardian_id is not None:
        return Taken.WITHDRAWN
    await _show_arrived_by(connection, served, through, now)
    if adult is None:
        if kind is AnswerKind.SHOULD_BE_HERE:
            await alarm(connection, served, served.adults, now)
        if kind in ABSENT:
            await _felt(connection, served, served.adults, kind, None, through, now)
        return Taken.WHO
    changed = await _write(connection, served, adult, (kind, number), (through, typed_by), now)
    await _acknowledge(connection, adult, now)
    if changed and kind is AnswerKind.SHOULD_BE_HERE:
        await alarm(connection, served, (adult,), now)
    if changed and kind in ABSENT:
        await _felt(connection, served, (adult,), kind, adult.guardian_id, through, now)
    return Taken.NOTED if changed else Taken.ALREADY


async def _felt(
    connection: AsyncConnection,
    served: Served,
    adults: Sequence[Adult],
    kind: AnswerKind,
    guardian_id: int | None,
    through: str,
    now: datetime,
) -> None:
    """Let the absence register know what was said of these adults' pupils."""
    await answered(
        connection,
        school_id=served.school_id,
        notice_id=served.notice_id,
        pupils=sorted({number for each in adults for number in each.pupils}),
        kind=kind,
        guardian_id=guardian_id,
        through=through,
        now=now,
    )


def _fits(kind: AnswerKind, served: Served) -> bool:
    """Say whether this is an answer to that notice: a reason to an absence, yes or no to a question."""
    if kind in ABSENT:
        return served.kind is NoticeKind.ABSENCE
    return kind not in ASKED or served.asks


async def _show_arrived_by(connection: AsyncConnection, served: Served, through: str, now: datetime) -> None:
    """An answer on the family's own page proves nothing of the address that the message went to; all others do.

    A letter went to none.
    """
    if through != HOME and served.copy_id:
        await show_arrived(connection, served, now)


async def show_arrived(connection: AsyncConnection, served: Served, now: datetime) -> None:
    """Somebody answered from there: the address lives, the copy arrived, and everyone it serves counts as told."""
    await connection.execute(_lives(), {"b_school": served.school_id, "b_address": served.address_id, "b_now": now})
    last = await connection.execute(_last(), {"school": served.school_id, "copy": served.copy_id})
    number = last.scalar_one_or_none()
    if number is not None:
        await deliver(connection, {number: None}, now)


@cache
def _lives() -> Update:
    """Write that an address lives: parameters b_school, b_address, b_now."""
    moment = bindparam("b_now", type_=UtcDateTime())
    return (
        update(address)
        .where(
            address.c.school_id == bindparam("b_school", type_=BigId()),
            address.c.id == bindparam("b_address", type_=BigId()),
            address.c.state.in_(WRITABLE),
        )
        .values(
            last_sign_of_life=moment,
            state_at=case((address.c.state == AddressState.ACTIVE, address.c.state_at), else_=moment),
            state=AddressState.ACTIVE,
        )
    )


@cache
def _last() -> Select[Any]:
    """Ask for the last try of a copy that left: parameters school, copy."""
    return (
        select(attempt.c.id)
        .where(
            attempt.c.school_id == bindparam("school", type_=BigId()),
            attempt.c.copy_id == bindparam("copy", type_=BigId()),
            attempt.c.state.in_(POSTED),
        )
        .order_by(attempt.c.n.desc())
        .limit(1)
    )


async def _write(
    connection: AsyncConnection,
    served: Served,
    adult: Adult,
    what: tuple[AnswerKind, int | None],
    how: tuple[str, int | None],
    now: datetime,
) -> bool:
    """Insert the answer, or replace an earlier other one; gives whether anything changed.

    Where one answer is enough, nobody else is asked by further ways. `what`: the kind, and how many; `how`: through
    what, and who typed it.
    """
    (kind, number), (through, typed_by) = what, how
    said = {
        "school_id": served.school_id,
        "notice_id": served.notice_id,
        "guardian_id": adult.guardian_id,
        "kind": kind,
        "number": number,
        "through": through,
        "typed_by": typed_by,
        "at": now,
    }
    pupils: Sequence[int | None] = list(adult.pupils) if kind in ABSENT else [None]
    written = _written(connection.dialect.name, of_a_pupil=kind in ABSENT)
    made = await connection.execute(written, [{**said, "pupil_id": pupil_id} for pupil_id in pupils])
    changed = made.first() is not None
    if changed and kind in ASKED:
        await answered_by_one(connection, school_id=served.school_id, notice_id=served.notice_id)
    return changed


@cache
def _written(dialect: str, *, of_a_pupil: bool) -> Any:  # noqa: ANN401 (two dialects, one shape)
    statement = dialects_insert(answers, dialect)
    said = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["notice_id", "guardian_id", *(["pupil_id"] if of_a_pupil else [])],
        index_where=answers.c.pupil_id.is_not(None) if of_a_pupil else answers.c.pupil_id.is_(None),
        set_={name: said[name] for name in ("kind", "number", "through", "typed_by", "at")},
        where=and_(
            or_(answers.c.kind != said.kind, answers.c.number.is_distinct_from(said.number)),
            said.kind != AnswerKind.ACKNOWLEDGED,
        ),
    ).returning(answers.c.id)


async def _acknowledge(connection: AsyncConnection, adult: Adult, now: datetime) -> None:
    which = {"b_delivery": adult.delivery_id, "b_now": now}
    if (await connection.execute(_acknowledged(), which)).first() is not None:
        await connection.execute(_called_otherwise(), which)


@cache
def _acknowledged() -> Any:  # noqa: ANN401 (a statement that returns rows)
    return (
        update(delivery)
        .where(delivery.c.id == bindparam("b_delivery", type_=BigId()), delivery.c.state.not_in(FINAL))
        .values(state=DeliveryState.ACKNOWLEDGED, state_at=bindparam("b_now", type_=UtcDateTime()))
        .returning(delivery.c.id)
    )


@cache
def _called_otherwise() -> Update:
    return (
        update(call_task)
        .where(call_task.c.delivery_id == bindparam("b_delivery", type_=BigId()), call_task.c.done_at.is_(None))
        .values(done_at=bindparam("b_now", type_=UtcDateTime()), outcome="otherwise")
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
