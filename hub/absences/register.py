"""The register of absences: the cases of a day, and what a month adds up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences import asked
from hub.models.answers import AnswerKind
from hub.models.rolls import AbsenceState
from hub.notices.headlines import Reader
from hub.people.names import full_name
from hub.ports import HalfDay
from hub.routing import class_order

Verdict = Literal["pending", "justified", "to_judge"]
SETTLED_AFTER = timedelta(days=2)
"""A family has 48 hours to say why; after that, silence is for the State to judge, as any other reason is."""
MARK = 4
"""Half-days of a month without a valid reason, from which on the State is told.

Source: code de l'éducation, art. L131-8 and R131-7.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One absence. `told_by` is an adult's name, `typed_by` and `owner` colleagues'; `notice_id`: the alert, if any.

    `month_half_days`: how many half-days this pupil missed in the month, this one included.
    """

    absence_id: int
    pupil_id: int
    first_name: str
    family_name: str
    class_label: str
    day: date
    half_day: HalfDay
    state: AbsenceState
    reason: AnswerKind | None
    verdict: Verdict
    through: str
    told_by: str | None
    typed_by: str | None
    owner_id: int | None
    owner: str | None
    alarmed_at: datetime | None
    notice_id: int | None
    opened_at: datetime
    closed_at: datetime | None
    month_half_days: int


@dataclass(frozen=True, slots=True)
class Missing:
    """What a pupil missed of one day. `half_days`: one, or two for a whole day."""

    day: date
    half_day: HalfDay
    reason: AnswerKind | None
    verdict: Verdict

    @property
    def half_days(self) -> int:
        """How many half-days it counts."""
        return 2 if self.half_day is HalfDay.DAY else 1


@dataclass(frozen=True, slots=True)
class PupilMonth:
    """What one pupil missed in a month, in order.

    Source: code de l'éducation, art. R131-6: the statement of absences gives their length and their reasons.
    """

    pupil_id: int
    name: str
    class_label: str
    missed: tuple[Missing, ...]

    @property
    def half_days(self) -> int:
        """How many half-days in all."""
        return sum(one.half_days for one in self.missed)

    def of(self, verdict: Verdict) -> int:
        """Count the half-days of one verdict."""
        return sum(one.half_days for one in self.missed if one.verdict == verdict)

    @property
    def marked(self) -> bool:
        """Whether four half-days or more have no valid reason."""
        return self.of("to_judge") >= MARK


async def cases_of(session: AsyncSession, *, school_id: int, day: date, reader: Reader) -> tuple[Case, ...]:
    """Read the cases of a day that this reader may see: alarms first, then open ones, then the rest; one question."""
    since, until = _month(day.year, day.month)
    which = {"school": school_id, "day": day, "since": since, "until": until, **_theirs(reader)}
    rows = await session.execute(asked.cases_on(of_classes=not reader.rights.whole_school), which)
    once = {row.id: row for row in rows}
    cases = [_case(row, reader.day) for row in once.values()]
    return tuple(sorted(cases, key=_urgency))


async def month_of(
    session: AsyncSession, *, school_id: int, year: int, month: int, reader: Reader
) -> tuple[PupilMonth, ...]:
    """Read a month, class by class, of those pupils of this reader's who missed something in it; one question.

    Who changed class in it stands in the last one, with all that was missed: the mark is the pupil's.
    """
    since, until = _month(year, month)
    which = {"school": school_id, "since": since, "until": until, **_theirs(reader)}
    missed: dict[int, list[Any]] = {}
    for row in await session.execute(asked.cases_of_month(of_classes=not reader.rights.whole_school), which):
        missed.setdefault(row.pupil_id, []).append(row)
    pupils = [_of_pupil(rows, reader.day) for rows in missed.values()]
    return tuple(sorted(pupils, key=lambda one: class_order(one.class_label)))


async def alarms_open(session: AsyncSession, *, school_id: int, day: date, reader: Reader) -> int:
    """Count the children who should be at school and are not found yet, among those whom this reader may see."""
    which = {"school": school_id, "day": day, **_theirs(reader)}
    return int(await session.scalar(asked.alarms(of_classes=not reader.rights.whole_school), which) or 0)


def verdict(reason: AnswerKind | None, day: date, today: date) -> Verdict:
    """Say what the school may write of an absence: a reason that the law takes, one that it does not, or none yet.

    Source: code de l'éducation, art. L131-8; others than the five are judged by the State.
    """
    if reason in asked.LEGAL:
        return "justified"
    return "pending" if reason is None and day > today - SETTLED_AFTER else "to_judge"


def _theirs(reader: Reader) -> dict[str, Any]:
    if reader.rights.whole_school:
        return {}
    return {"today": reader.day, "classes": sorted(reader.rights.classes)}


def _month(year: int, month: int) -> tuple[date, date]:
    first = date(year, month, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _of_pupil(rows: Sequence[Any], today: date) -> PupilMonth:
    last = rows[-1]
    return PupilMonth(
        pupil_id=last.pupil_id,
        name=full_name(last.first_name, "", last.family_name),
        class_label=last.label,
        missed=tuple(Missing(row.day, row.half_day, row.reason, verdict(row.reason, row.day, today)) for row in rows),
    )


def _case(row: Any, today: date) -> Case:  # noqa: ANN401 (a row)
    teller = full_name(row.teller_first or "", row.teller_usage or "", row.teller_family or "")
    return Case(
        absence_id=row.id,
        pupil_id=row.pupil_id,
        first_name=row.first_name,
        family_name=row.family_name,
        class_label=row.label or "",
        day=row.day,
        half_day=row.half_day,
        state=row.state,
        reason=row.reason,
        verdict=verdict(row.reason, row.day, today),
        through=row.through,
        told_by=teller or None,
        typed_by=row.typist or None,
        owner_id=row.owner_id,
        owner=row.owner or None,
        alarmed_at=row.alarmed_at,
        notice_id=row.notice_id,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        month_half_days=int(row.month_half_days),
    )


def _urgency(case: Case) -> int:
    is_open = case.state is AbsenceState.OPEN
    return 0 if is_open and case.alarmed_at is not None else 1 if is_open else 2
