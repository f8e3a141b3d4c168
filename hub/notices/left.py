"""Who is left to call: which adult, about which children, why no message arrived, and who has taken the call."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.answers import CallOutcome
from hub.models.notices import DeliveryState, ErrorKind
from hub.models.people import LastRung, Means
from hub.notices import left_asked
from hub.ports import ChannelName
from hub.sealing import Keyring


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
class Failure:
    """The last thing that did not work."""

    channel: ChannelName
    kind: ErrorKind
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Left:
    """One adult to call. `nobody_knows`: for one of the children at least, no adult has it yet; those come first.

    `alarm`: the family has the notice and still somebody must call, for a child may be missing; before all others.
    `outcome` is how the last call went, while the task is still open. `task_id` None: the task is just being made.
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
    children: tuple[Child, ...] = ()
    numbers: tuple[Number, ...] = ()
    failure: Failure | None = None


async def left_to_call(
    session: AsyncSession,
    *,
    school_id: int,
    day: date,
    notice_id: int | None = None,
    classes: frozenset[int] | None = None,
    keyring: Keyring | None = None,
    most: int = 200,
) -> tuple[Left, ...]:
    """List the adults to call, those whose child nobody knows about first, in four questions whatever their number.

    `notice_id` None: of all notices. `classes` None: the whole school, else only what concerns a pupil who is in one
    of these classes today, and only those pupils. Numbers are read when a keyring is given.
    """
    asked = left_asked.rows_left(of_one_notice=notice_id is not None, of_classes=classes is not None)
    which = {"school": school_id, "notice": notice_id, "classes": list(classes or ()), "day": day, "most": most}
    rows = (await session.execute(asked, which)).all()
    if not rows:
        return ()
    of_those = {**which, "ids": [row.id for row in rows]}
    young = await _children(session, of_those, of_classes=classes is not None)
    failed = await _failures(session, of_those)
    known = await _numbers(session, keyring, school_id, [row.guardian_id for row in rows]) if keyring else {}
    return tuple(
        replace(
            _left(row),
            children=tuple(young[row.id]),
            numbers=tuple(known.get(row.guardian_id, ())),
            failure=failed.get(row.id),
        )
        for row in rows
    )


def _left(row: Any) -> Left:  # noqa: ANN401 (a row)
    return Left(
        delivery_id=row.id,
        notice_id=row.notice_id,
        guardian_id=row.guardian_id,
        name=" ".join(part for part in (row.first_name, row.usage_name or row.family_name) if part),
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
    )


async def _children(session: AsyncSession, which: Mapping[str, object], *, of_classes: bool) -> dict[int, list[Child]]:
    found: dict[int, list[Child]] = defaultdict(list)
    for row in await session.execute(left_asked.children(of_classes=of_classes), which):
        found[row.delivery_id].append(Child(row.id, row.first_name, row.label or ""))
    return found


async def _failures(session: AsyncSession, which: Mapping[str, object]) -> dict[int, Failure]:
    return {
        row.delivery_id: Failure(ChannelName(row.channel), ErrorKind(row.error_kind or ErrorKind.UNKNOWN), row.ended_at)
        for row in await session.execute(left_asked.failures(), which)
    }


async def _numbers(
    session: AsyncSession, keyring: Keyring, school_id: int, guardians: Sequence[int]
) -> dict[int, dict[Number, None]]:
    found: dict[int, dict[Number, None]] = defaultdict(dict)
    for row in await session.execute(left_asked.numbers(), {"school": school_id, "guardians": guardians}):
        seal = keyring.seal(row.wrapped, row.master_version)
        number = Number(row.id, seal.open(row.value_sealed, b"address.value").decode())
        found[row.guardian_id][number] = None
    return found
