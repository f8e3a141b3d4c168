"""What a family answers: written down once, and felt at once. The chasing ends, a missing child alarms.

Every act re-reads who has a right to it today; all of them are harmless to repeat.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.absences.cases import answered
from hub.models.answers import AnswerKind
from hub.outbox.unanswered import answered_by_one
from hub.ports import NoticeKind
from hub.replies.links import HOME
from hub.replies.seats import enter_room, leave_room, places_for
from hub.replies.served import Adult, Served, served_by
from hub.replies.signs import acknowledge, show_arrived
from hub.tables import answer as answers
from hub.tables import (
    call_task,
    dialects_insert,
    insert_into,
)

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


def read_button(act: str) -> tuple[AnswerKind, int | None] | None:
    """Read what a button in a chat says; « n3 »: three come. None for what is none of ours."""
    number = act.removeprefix("n")
    if act.startswith("n") and len(number) == 1 and number in "12345678":
        return AnswerKind.COUNT, int(number)
    return (ACTS[act], None) if act in ACTS else None


class Taken(StrEnum):
    """What became of an answer."""

    NOTED = "noted"
    ALREADY = "already"
    WHO = "who"
    """Several adults share the address, and the answer does not say who speaks."""
    WAITS = "waits"
    """It is kept, and the room is full: it waits for a place."""
    TOO_MANY = "too_many"
    """More than the notice lets anybody announce: nothing is written down."""
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
    adult = served.adult(guardian_id)
    if not served.is_open or not _fits(kind, served) or (adult is None and guardian_id is not None):
        return Taken.WITHDRAWN
    await _show_arrived_by(connection, served, through, now)
    if kind is AnswerKind.COUNT and served.most is not None and (number or 0) > served.most:
        return Taken.TOO_MANY
    if adult is None:
        return await _by_nobody(connection, served, kind, through, now)
    changed, waits = await _write(connection, served, adult, (kind, number), (through, typed_by), now)
    await acknowledge(connection, served, adult, now)
    if changed and kind is AnswerKind.SHOULD_BE_HERE:
        await alarm(connection, served, (adult,), now)
    if changed and kind in ABSENT:
        await _felt(connection, served, (adult,), kind, adult.guardian_id, through, now)
    done = Taken.NOTED if changed else Taken.ALREADY
    return Taken.WAITS if waits else done


async def _by_nobody(
    connection: AsyncConnection, served: Served, kind: AnswerKind, through: str, now: datetime
) -> Taken:
    """Several share the address and nobody says who speaks: what is said of a child is felt all the same."""
    if kind is AnswerKind.SHOULD_BE_HERE:
        await alarm(connection, served, served.adults, now)
    if kind in ABSENT:
        await _felt(connection, served, served.adults, kind, None, through, now)
    return Taken.WHO


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
    """Say whether this is an answer to that notice: a reason to an absence, yes or no to a question.

    How many come is said to an invitation alone.
    """
    if kind in ABSENT:
        return served.kind is NoticeKind.ABSENCE
    if kind is AnswerKind.COUNT:
        return served.asks and served.kind is NoticeKind.MEETING
    return kind not in ASKED or served.asks


async def _show_arrived_by(connection: AsyncConnection, served: Served, through: str, now: datetime) -> None:
    """An answer on the family's own page proves nothing of the address that the message went to; all others do.

    A letter went to none.
    """
    if through != HOME and served.copy_id:
        await show_arrived(connection, served, now)


async def _write(
    connection: AsyncConnection,
    served: Served,
    adult: Adult,
    what: tuple[AnswerKind, int | None],
    how: tuple[str, int | None],
    now: datetime,
) -> tuple[bool, bool]:
    """Insert the answer, or replace an earlier other one; gives whether anything changed, and whether it waits.

    Where one answer is enough, nobody else is asked by further ways. `what`: the kind, and how many; `how`: through
    what, and who typed it.
    """
    (kind, number), (through, typed_by) = what, how
    said = {
        "school_id": served.school_id,
        "notice_id": served.first_id,
        "guardian_id": adult.guardian_id,
        "kind": kind,
        "number": number,
        "held": None,
        "rose_at": None,
        "through": through,
        "typed_by": typed_by,
        "at": now,
    }
    room = await enter_room(connection, served, now) if kind in ASKED else None
    if room is not None:
        said["held"] = places_for(room, adult, kind, number)
    pupils: Sequence[int | None] = list(adult.pupils) if kind in ABSENT else [None]
    written = _written(connection.dialect.name, of_a_pupil=kind in ABSENT)
    made = await connection.execute(written, [{**said, "pupil_id": pupil_id} for pupil_id in pupils])
    changed = made.first() is not None
    if changed and kind in ASKED:
        await answered_by_one(connection, school_id=served.school_id, notice_id=served.first_id)
    if room is None:
        return changed, False
    return changed, await leave_room(connection, served, adult, changed=changed, now=now)


@cache
def _written(dialect: str, *, of_a_pupil: bool) -> Any:  # noqa: ANN401 (two dialects, one shape)
    statement = dialects_insert(answers, dialect)
    said = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["notice_id", "guardian_id", *(["pupil_id"] if of_a_pupil else [])],
        index_where=answers.c.pupil_id.is_not(None) if of_a_pupil else answers.c.pupil_id.is_(None),
        set_={name: said[name] for name in ("kind", "number", "held", "rose_at", "through", "typed_by", "at")},
        where=and_(
            or_(answers.c.kind != said.kind, answers.c.number.is_distinct_from(said.number)),
            said.kind != AnswerKind.ACKNOWLEDGED,
        ),
    ).returning(answers.c.id)


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
