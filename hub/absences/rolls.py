"""The roll: who is at school, class by class and half-day by half-day, and what follows for those who are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences import asked
from hub.absences.arrivals import came
from hub.absences.missing import Half, alert_due, keep_to_ourselves, miss
from hub.absences.rights import require_class
from hub.errors import InvalidError, NotFoundError
from hub.models.rolls import Mark
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.ports import HalfDay
from hub.routing import check_absent_on, class_order
from hub.sealing import Keyring
from hub.tables import insert_into, roll, roll_mark

RollState = Literal["none", "partial", "complete"]


@dataclass(frozen=True, slots=True)
class RollPupil:
    """One line of the roll.

    `told_before`: the school knows why. As long as there is no roll, such a child is marked absent beforehand, and
    whoever takes the roll takes the mark away if the child came after all.
    """

    pupil_id: int
    first_name: str
    family_name: str
    mark: Mark | None
    told_before: bool


@dataclass(frozen=True, slots=True)
class RollView:
    """A class's roll as it stands."""

    class_id: int
    label: str
    day: date
    half_day: HalfDay
    state: RollState
    taken_by: str | None
    taken_at: datetime | None
    pupils: tuple[RollPupil, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a roll: `alerts` that leave at `held_until`, and missing pupils of whom somebody had told before.

    `unasked`: missing pupils of a roll that came too late, of whom nobody was alerted.
    """

    alerts: int
    held_until: datetime | None
    told_before: int
    unasked: int


@dataclass(frozen=True, slots=True)
class ClassRoll:
    """One class of today, and how far its roll is; "none": it is missing."""

    class_id: int
    label: str
    state: RollState
    missing: int
    late: int
    taken_by: str | None
    taken_at: datetime | None


async def class_roll(
    session: AsyncSession, *, school_id: int, class_id: int, day: date, half_day: HalfDay, reader: Reader
) -> RollView:
    """Read a class's roll, in two questions. Raises NotFoundError, NotAllowedError, InvalidError."""
    which = {"school": school_id, "class": class_id, "day": day, "half_day": half_day}
    found = await _own_class(session, which, reader)
    state = _state(found.complete)
    return RollView(
        class_id=class_id,
        label=found.label,
        day=day,
        half_day=half_day,
        state=state,
        taken_by=found.taken_by,
        taken_at=found.taken_at,
        pupils=tuple(
            RollPupil(
                row.id,
                row.first_name,
                row.family_name,
                Mark.ABSENT if row.known and state == "none" else row.mark and Mark(row.mark),
                row.known,
            )
            for row in await session.execute(asked.pupils_of_class(), {**which, "roll": found.roll_id})
        ),
    )


async def take_roll(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    class_id: int,
    day: date,
    half_day: HalfDay,
    reader: Reader,
    marks: Mapping[int, Mark],
    complete: bool,
    taken_at: datetime,
    now: datetime,
) -> Taken:
    """Take a roll, or take it again, which corrects it; the same roll twice tells nobody twice.

    Who has no mark is at school, once the roll is complete; of a partial one only the marks count, and those taken
    away. A roll older than the one that stands changes nothing: a tablet without a network may send them in any
    order. `taken_at` is the tablet's; a clock ahead of ours counts as now. Raises NotFoundError, NotAllowedError,
    InvalidError.
    """
    check_absent_on(day, reader.day)
    which = {"school": school.key, "class": class_id, "day": day, "half_day": half_day}
    found = await _own_class(session, which, reader)
    if day > reader.day:
        raise InvalidError("L’appel se fait le jour même.", field="day")
    pupils = frozenset((await session.scalars(asked.pupils_of_class(), {**which, "roll": None})).all())
    if not marks.keys() <= pupils:
        raise InvalidError("Un élève marqué n’est pas de cette classe ce jour-là : relisez la liste.", field="marks")
    taken_at = min(taken_at, now)
    before = await _written(session, which, reader, marks, complete=complete, ends_on=found.ends_on, at=(taken_at, now))
    if before is None:
        return Taken(0, None, 0, 0)
    absent = frozenset(number for number, mark in marks.items() if mark is Mark.ABSENT)
    here = (pupils if complete else before | marks.keys()) - absent
    half = Half(class_id, day, half_day)
    await keep_to_ourselves(session, school.key, pupils)
    await came(session, keyring, school=school, half=half, pupils=here, reader=reader, now=now)
    due = alert_due(school, half, taken_at=taken_at, now=now)
    missed = await miss(session, keyring, school=school, half=half, pupils=absent, reader=reader, due=due, now=now)
    return Taken(missed.alerts, due if missed.alerts else None, missed.told_before, missed.unasked)


async def rolls_of(
    session: AsyncSession, *, school_id: int, day: date, half_day: HalfDay, reader: Reader
) -> tuple[ClassRoll, ...]:
    """Read how far the roll of each class is that this reader may see today, in class order, in one question."""
    _check_half(half_day)
    which: dict[str, Any] = {"school": school_id, "day": day, "half_day": half_day}
    whole = reader.rights.whole_school
    if not whole:
        which["classes"] = sorted(reader.rights.classes)
    rows = (await session.execute(asked.classes_today(of_classes=not whole), which)).all()
    return tuple(
        ClassRoll(row.id, row.label, _state(row.complete), row.missing, row.late, row.taken_by, row.taken_at)
        for row in sorted(rows, key=lambda row: class_order(row.label))
    )


def _state(complete: bool | None) -> RollState:  # noqa: FBT001 (a column: there may be no roll)
    if complete is None:
        return "none"
    return "complete" if complete else "partial"


def _check_half(half_day: HalfDay) -> None:
    if half_day is HalfDay.DAY:
        raise InvalidError("L’appel se fait le matin et l’après-midi.", field="half_day")


async def _own_class(session: AsyncSession, which: Mapping[str, Any], reader: Reader) -> Any:  # noqa: ANN401 (a row)
    _check_half(which["half_day"])
    row = (await session.execute(asked.one_class(), which)).one_or_none()
    if row is None:
        raise NotFoundError("Cette classe n’existe pas cette année.")
    require_class(reader, which["class"])
    return row


async def _written(
    session: AsyncSession,
    which: Mapping[str, Any],
    reader: Reader,
    marks: Mapping[int, Mark],
    *,
    complete: bool,
    ends_on: date,
    at: tuple[datetime, datetime],
) -> frozenset[int] | None:
    """Write the roll down, and give who was marked in it before; None: a newer one stands already.

    Whoever sends another roll of this half-day at the same moment waits here for us.
    """
    statement = insert_into(roll, session).values(
        school_id=which["school"],
        class_id=which["class"],
        day=which["day"],
        half_day=which["half_day"],
        taken_by=reader.staff_id,
        complete=complete,
        taken_at=at[0],
        received_at=at[1],
        keep_until=ends_on,
    )
    new = statement.excluded
    written = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["class_id", "day", "half_day", "school_id"],
            set_={name: new[name] for name in ("taken_by", "complete", "taken_at", "received_at")},
            where=roll.c.taken_at <= new.taken_at,
        ).returning(roll.c.id)
    )
    roll_id = written.scalar_one_or_none()
    if roll_id is None:
        return None
    mine = (roll_mark.c.school_id == which["school"], roll_mark.c.roll_id == roll_id)
    before = frozenset((await session.scalars(select(roll_mark.c.pupil_id).where(*mine))).all())
    await _mark(session, which["school"], roll_id, marks, gone=sorted(before - marks.keys()), at=at[0])
    return before


async def _mark(
    session: AsyncSession,
    school_id: int,
    roll_id: int,
    marks: Mapping[int, Mark],
    *,
    gone: Sequence[int],
    at: datetime,
) -> None:
    if gone:
        await session.execute(
            delete(roll_mark).where(
                roll_mark.c.school_id == school_id, roll_mark.c.roll_id == roll_id, roll_mark.c.pupil_id.in_(gone)
            )
        )
    if not marks:
        return
    row = {"school_id": school_id, "roll_id": roll_id, "at": at}
    statement = insert_into(roll_mark, session).values(
        [{**row, "pupil_id": number, "mark": mark} for number, mark in sorted(marks.items())]
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["roll_id", "pupil_id", "school_id"],
            set_={"mark": statement.excluded.mark, "at": statement.excluded.at},
            where=roll_mark.c.mark != statement.excluded.mark,
        )
    )
