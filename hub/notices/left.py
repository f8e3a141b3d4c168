"""Who is left to call: which adult, about which children, why no message arrived, and who has taken the call."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.answers import CallOutcome
from hub.models.notices import DeliveryState
from hub.models.people import AddressState, LastRung, Means, Medium
from hub.notices import left_asked
from hub.notices.reasons import Reason, Why, last_tries, on_file
from hub.notices.ways import may_still_be_sent, other_way
from hub.people.names import full_name
from hub.sealing import Keyring

CALLABLE = (AddressState.UNVERIFIED, AddressState.ACTIVE, AddressState.STOPPED)
"""A number that refuses SMS may still be called; a wrong or dead one not."""


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil as far as a caller needs: `class_label` of today, empty when there is none."""

    pupil_id: int
    first_name: str
    class_label: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number that may be called, in clear (E.164); whoever shows it decides whether to mask it."""

    address_id: int
    e164: str

    def __repr__(self) -> str:
        return f"Number({self.address_id})"


@dataclass(frozen=True, slots=True)
class Left:
    """One adult to call. `nobody_knows`: for one of the children at least, no adult has it yet; those come first.

    `alarm`: the family has the notice and still somebody must call, for a child may be missing; before all others.
    `why`: the reason, with the way out that was tried last. `children`: those whom this adult may be told about today.
    `outcome` is how the last call went, while the task is still open. `task_id` None: the task is just being made.
    `other_way`: the notice could still be sent once more, by another way (`hub.notices.ways`).
    `thread_id`: the conversation that the notice is a word of, if it is one.
    """

    delivery_id: int
    notice_id: int
    guardian_id: int
    name: str
    language: str
    means: Means
    last_rung: LastRung
    alarm: bool
    nobody_knows: bool
    task_id: int | None
    owner_id: int | None
    owner: str | None
    taken_at: datetime | None
    outcome: CallOutcome | None
    due_at: datetime | None
    why: Why
    other_way: bool = False
    children: tuple[Child, ...] = ()
    numbers: tuple[Number, ...] = ()
    thread_id: int | None = None


async def left_to_call(
    session: AsyncSession,
    *,
    school_id: int,
    day: date,
    now: datetime,
    notice_id: int | None = None,
    classes: frozenset[int] | None = None,
    keyring: Keyring | None = None,
    most: int = 200,
) -> tuple[Left, ...]:
    """List the adults to call, those whose child nobody knows about first, in four questions whatever their number.

    `day` and `now` are the school's. `notice_id` None: of all notices. `classes` None: the whole school, else only
    what concerns a pupil who is in one of these classes today, and only those pupils. Numbers are read when a keyring
    is given. Who is told by letter (`standing.by_letter`) is not called.
    """
    asked = left_asked.rows_left(of_one_notice=notice_id is not None, of_classes=classes is not None)
    which = {**_which(school_id, day, now, notice_id, classes), "most": most}
    rows = (await session.execute(asked, which)).all()
    if not rows:
        return ()
    of_those = {**which, "ids": [row.id for row in rows], "guardians": [row.guardian_id for row in rows]}
    young = await _children(session, of_those, of_classes=classes is not None)
    tries = await _by(session, left_asked.tries(), of_those, "delivery_id")
    tried = last_tries(each for of_one in tries.values() for each in of_one)
    points = await _by(session, left_asked.points(), of_those, "guardian_id")
    return tuple(
        _left(
            row,
            why=_why(row, tried, points[row.guardian_id]),
            other=may_still_be_sent(row, now) and other_way(points[row.guardian_id], tries[row.id]) is not None,
            children=tuple(young[row.id]),
            numbers=_numbers(keyring, points[row.guardian_id]) if keyring else (),
        )
        for row in rows
    )


async def how_many_left(
    session: AsyncSession,
    *,
    school_id: int,
    day: date,
    now: datetime,
    notice_id: int | None = None,
    classes: frozenset[int] | None = None,
) -> int:
    """Count whom `left_to_call` would list, were there no end to the list."""
    asked = left_asked.how_many_left(of_one_notice=notice_id is not None, of_classes=classes is not None)
    return int((await session.execute(asked, _which(school_id, day, now, notice_id, classes))).scalar_one())


def _which(
    school_id: int, day: date, now: datetime, notice_id: int | None, classes: frozenset[int] | None
) -> dict[str, object]:
    return {"school": school_id, "day": day, "now": now, "notice": notice_id, "classes": list(classes or ())}


def _left(row: Any, *, why: Why, other: bool, children: tuple[Child, ...], numbers: tuple[Number, ...]) -> Left:  # noqa: ANN401 (a row)
    return Left(
        delivery_id=row.id,
        notice_id=row.notice_id,
        guardian_id=row.guardian_id,
        name=full_name(row.first_name, row.usage_name, row.family_name),
        language=row.language,
        means=Means(row.means),
        last_rung=LastRung(row.last_rung),
        alarm=row.state != DeliveryState.TO_CALL,
        nobody_knows=bool(row.nobody_knows),
        task_id=row.task_id,
        owner_id=row.owner_id,
        owner=row.owner,
        taken_at=row.taken_at,
        outcome=CallOutcome(row.outcome) if row.outcome else None,
        due_at=row.due_at,
        why=why,
        other_way=other,
        children=children,
        numbers=numbers,
        thread_id=row.thread_id,
    )


async def _children(session: AsyncSession, which: Mapping[str, object], *, of_classes: bool) -> dict[int, list[Child]]:
    found: dict[int, list[Child]] = defaultdict(list)
    for row in await session.execute(left_asked.children(of_classes=of_classes), which):
        found[row.delivery_id].append(Child(row.id, row.first_name, row.label or ""))
    return found


async def _by(
    session: AsyncSession, asked: Select[Any], which: Mapping[str, object], column: str
) -> dict[int, list[Any]]:
    """Read rows, in their order, by whom they belong to."""
    found: dict[int, list[Any]] = defaultdict(list)
    rows = await session.execute(asked, which)
    place = list(rows.keys()).index(column)
    for row in rows:
        found[row[place]].append(row)
    return found


def _why(row: Any, tried: Mapping[int, Why], points: Iterable[Any]) -> Why:  # noqa: ANN401 (a row)
    if row.state != DeliveryState.TO_CALL:
        return Why(Reason.SHOULD_BE_HERE)
    if row.chased:
        return Why(Reason.NO_ANSWER)
    return tried.get(row.id) or on_file(points)


def _numbers(keyring: Keyring, points: Iterable[Any]) -> tuple[Number, ...]:
    """Open the numbers that may be called, each once."""
    found: dict[Number, None] = {}
    for row in points:
        if row.medium == Medium.PHONE and row.address_state in CALLABLE:
            seal = keyring.seal(row.wrapped, row.master_version)
            found[Number(row.id, seal.open(row.value_sealed, b"address.value").decode())] = None
    return tuple(found)
