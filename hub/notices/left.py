"""Who is left to call: which adult, about which children, why no message arrived, and who has taken the call."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.notices import AttemptState, CallOutcome, DeliveryState, ErrorKind
from hub.models.people import AddressState, LastRung, Means, Medium
from hub.notices.headlines import KNOWS
from hub.people.links import holds_on
from hub.ports import ChannelName
from hub.sealing import Keyring
from hub.tables import (
    address,
    attempt,
    call_task,
    class_group,
    contact_point,
    copy,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    enrolment,
    guardian,
    pupil,
    staff,
)

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
    rows = (await session.execute(_rows(school_id, notice_id, classes, day).limit(most))).all()
    ids = [row.id for row in rows]
    if not ids:
        return ()
    children = await _children(session, school_id, ids, classes, day)
    failures = await _failures(session, school_id, ids)
    numbers = await _numbers(session, keyring, school_id, [row.guardian_id for row in rows]) if keyring else {}
    return tuple(
        replace(
            _left(row),
            children=tuple(children[row.id]),
            numbers=tuple(numbers.get(row.guardian_id, ())),
            failure=failures.get(row.id),
        )
        for row in rows
    )


def to_be_called(open_task: ColumnElement[int]) -> ColumnElement[bool]:
    """Say that somebody must call: no way is left, or a task is open while the notice still concerns the family."""
    withdrawn = (DeliveryState.CANCELLED, DeliveryState.EXPIRED)
    return or_(
        delivery.c.state == DeliveryState.TO_CALL,
        and_(open_task.is_not(None), delivery.c.state.not_in(withdrawn)),
    )


def concerns(classes: frozenset[int], day: date) -> ColumnElement[bool]:
    """Say that a delivery is about a pupil who is in one of these classes today."""
    return (
        select(delivery_pupil.c.id)
        .join(
            enrolment,
            and_(
                enrolment.c.school_id == delivery_pupil.c.school_id,
                enrolment.c.pupil_id == delivery_pupil.c.pupil_id,
            ),
        )
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id,
            delivery_pupil.c.delivery_id == delivery.c.id,
            enrolment.c.class_id.in_(classes),
            holds_on(enrolment, day),
        )
        .correlate(delivery)
        .exists()
    )


def known_by_somebody(about: Any) -> ColumnElement[bool]:  # noqa: ANN401 (a table or its alias)
    """Say that some adult has the outer delivery's notice about this pupil."""
    other, theirs = delivery.alias("other"), delivery_pupil.alias("theirs")
    return (
        select(theirs.c.id)
        .join(other, and_(other.c.school_id == theirs.c.school_id, other.c.id == theirs.c.delivery_id))
        .where(
            theirs.c.school_id == about.c.school_id,
            theirs.c.pupil_id == about.c.pupil_id,
            other.c.notice_id == delivery.c.notice_id,
            other.c.state.in_(KNOWS),
        )
        .correlate(delivery, about)
        .exists()
    )


def _rows(school_id: int, notice_id: int | None, classes: frozenset[int] | None, day: date) -> Select[Any]:
    about = delivery_pupil.alias("about")
    nobody = (
        select(about.c.id)
        .where(
            about.c.school_id == delivery.c.school_id,
            about.c.delivery_id == delivery.c.id,
            ~known_by_somebody(about),
        )
        .correlate(delivery)
        .exists()
        .label("nobody_knows")
    )
    asked = (
        select(
            delivery.c.id,
            delivery.c.notice_id,
            delivery.c.guardian_id,
            delivery.c.state,
            guardian.c.first_name,
            guardian.c.family_name,
            guardian.c.usage_name,
            guardian.c.language,
            guardian.c.means,
            guardian.c.last_rung,
            nobody,
            call_task.c.id.label("task_id"),
            call_task.c.owner_id,
            call_task.c.taken_at,
            call_task.c.outcome,
            call_task.c.due_at,
            staff.c.name.label("owner"),
        )
        .join(guardian, and_(guardian.c.school_id == delivery.c.school_id, guardian.c.id == delivery.c.guardian_id))
        .outerjoin(
            call_task,
            and_(
                call_task.c.school_id == delivery.c.school_id,
                call_task.c.delivery_id == delivery.c.id,
                call_task.c.done_at.is_(None),
            ),
        )
        .outerjoin(staff, and_(staff.c.school_id == call_task.c.school_id, staff.c.id == call_task.c.owner_id))
        .where(delivery.c.school_id == school_id, to_be_called(call_task.c.id))
        .order_by(delivery.c.state == DeliveryState.TO_CALL, nobody.desc(), call_task.c.due_at, delivery.c.id)
    )
    if notice_id is not None:
        asked = asked.where(delivery.c.notice_id == notice_id)
    return asked if classes is None else asked.where(concerns(classes, day))


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


async def _children(
    session: AsyncSession, school_id: int, ids: Sequence[int], classes: frozenset[int] | None, day: date
) -> dict[int, list[Child]]:
    asked = (
        select(delivery_pupil.c.delivery_id, pupil.c.id, pupil.c.first_name, class_group.c.label)
        .join(pupil, and_(pupil.c.school_id == delivery_pupil.c.school_id, pupil.c.id == delivery_pupil.c.pupil_id))
        .outerjoin(
            enrolment,
            and_(
                enrolment.c.school_id == pupil.c.school_id,
                enrolment.c.pupil_id == pupil.c.id,
                holds_on(enrolment, day),
            ),
        )
        .outerjoin(
            class_group,
            and_(class_group.c.school_id == enrolment.c.school_id, class_group.c.id == enrolment.c.class_id),
        )
        .where(delivery_pupil.c.school_id == school_id, delivery_pupil.c.delivery_id.in_(ids))
        .order_by(pupil.c.first_name, pupil.c.id)
    )
    if classes is not None:
        asked = asked.where(enrolment.c.class_id.in_(classes))
    found: dict[int, list[Child]] = defaultdict(list)
    for row in await session.execute(asked):
        found[row.delivery_id].append(Child(row.id, row.first_name, row.label or ""))
    return found


async def _failures(session: AsyncSession, school_id: int, ids: Sequence[int]) -> dict[int, Failure]:
    rows = await session.execute(
        select(copy_delivery.c.delivery_id, copy.c.channel, attempt.c.error_kind, attempt.c.ended_at)
        .join(copy, and_(copy.c.school_id == copy_delivery.c.school_id, copy.c.id == copy_delivery.c.copy_id))
        .join(attempt, and_(attempt.c.school_id == copy.c.school_id, attempt.c.copy_id == copy.c.id))
        .where(
            copy_delivery.c.school_id == school_id,
            copy_delivery.c.delivery_id.in_(ids),
            or_(attempt.c.state == AttemptState.FAILED, attempt.c.error_kind.is_not(None)),
        )
        .order_by(attempt.c.id)
    )
    return {
        row.delivery_id: Failure(ChannelName(row.channel), ErrorKind(row.error_kind or ErrorKind.UNKNOWN), row.ended_at)
        for row in rows
    }


async def _numbers(
    session: AsyncSession, keyring: Keyring, school_id: int, guardians: Sequence[int]
) -> dict[int, dict[Number, None]]:
    rows = await session.execute(
        select(
            contact_point.c.guardian_id,
            address.c.id,
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(
            address, and_(address.c.school_id == contact_point.c.school_id, address.c.id == contact_point.c.address_id)
        )
        .join(data_key, and_(data_key.c.school_id == address.c.school_id, data_key.c.id == address.c.data_key_id))
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.guardian_id.in_(guardians),
            address.c.medium == Medium.PHONE,
            address.c.state.in_(CALLABLE),
        )
        .order_by(contact_point.c.position)
    )
    found: dict[int, dict[Number, None]] = defaultdict(dict)
    for row in rows:
        seal = keyring.seal(row.wrapped, row.master_version)
        number = Number(row.id, seal.open(row.value_sealed, b"address.value").decode())
        found[row.guardian_id][number] = None
    return found
