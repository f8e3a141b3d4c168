"""What needs doing now, for one reader: children not found, absences without news, rolls, calls, replies, papers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences.rolls import rolls_of
from hub.agenda.school_days import is_school_day
from hub.inbox.listing_asked import is_late
from hub.inbox.rights import DAY, READER, SCHOOL, as_reader, may_read, scope_of, several
from hub.models.base import UtcDateTime
from hub.models.notices import Needs
from hub.models.planned import Fired
from hub.models.rolls import AbsenceState
from hub.notices.headlines import Reader
from hub.notices.left import how_many_left
from hub.papers.signers import tallies as tallies_of
from hub.people.links import holds_on
from hub.people.schools import read_school
from hub.ports import HalfDay
from hub.routing import clock_at_school, half_day_at, is_over
from hub.tables import (
    absence,
    document,
    document_for,
    enrolment,
    evening_round,
    meeting_evening,
    meeting_slot,
    planned_firing,
    planned_notice,
    thread,
    tray_item,
)

ROLL_DUE: Mapping[HalfDay, time] = {HalfDay.MORNING: time(9), HalfDay.AFTERNOON: time(14)}
"""By the school's clock: from when on a roll that nobody has taken is missing."""
SOON = timedelta(days=3)
"""How long before its day a signature is spoken of."""


@dataclass(frozen=True, slots=True)
class ToDo:
    """How much of each waits for this reader. `rolls`: the classes whose roll is missing, or only begun.

    `cases`: absences of today of which nobody has said why, and no alarm; `late`: conversations that should have been
    answered by now; `papers`: documents that still lack a signature which is due soon;
    `plans`: planned notices of which something did not leave, and nobody has taken note; `evenings`: those for which
    families have said when they can come, and that have no plan.
    """

    cases: int = 0
    rolls: tuple[str, ...] = ()
    calls: int = 0
    late: int = 0
    tray: int = 0
    papers: int = 0
    plans: int = 0
    evenings: int = 0


async def to_do(session: AsyncSession, *, school_id: int, timezone: str, reader: Reader, now: datetime) -> ToDo:
    """Count what waits, in three questions.

    Two more where a roll is missing, for there may be no school today, and where a signature is due soon.
    """
    whole = reader.rights.whole_school
    which = {**as_reader(school_id, reader), "now": now, "soon": reader.day + SOON}
    row = (await session.execute(_counted(**scope_of(reader)), which)).one()
    calls = await how_many_left(
        session,
        school_id=school_id,
        day=reader.day,
        now=now,
        classes=None if whole else reader.rights.classes,
    )
    rolls = await _rolls_missing(session, school_id, timezone, reader, now)
    papers = await _unsigned(session, reader, which) if row.papers else 0
    return ToDo(row.cases, tuple(rolls), calls, row.late, row.tray, papers, row.plans, row.evenings)


async def _unsigned(session: AsyncSession, reader: Reader, which: Mapping[str, Any]) -> int:
    """Count the documents due soon that lack a signature, in this reader's classes or in all."""
    own = not reader.rights.whole_school
    due = (await session.scalars(_due_soon(whole_school=not own), which)).all()
    asked = {**which, "documents": list(due), "classes": list(reader.rights.classes)}
    tallies = await session.execute(tallies_of(of_classes=own), asked)
    return sum(row.signed < row.needed for row in tallies)


async def _rolls_missing(
    session: AsyncSession, school_id: int, timezone: str, reader: Reader, now: datetime
) -> Sequence[str]:
    half_day = half_day_at(now, timezone)
    if clock_at_school(now, timezone) < ROLL_DUE[half_day] or is_over(reader.day, half_day, now, timezone):
        return ()
    found = await rolls_of(session, school_id=school_id, day=reader.day, half_day=half_day, reader=reader)
    missing = [one.label for one in found if one.state != "complete"]
    if missing and not await is_school_day(session, await read_school(session, school_id), reader.day):
        return ()
    return missing


@cache
def _counted(*, whole_school: bool, director: bool) -> Select[Any]:
    """Count cases, late conversations, the tray and papers in one question: parameters of `as_reader`, now, soon."""
    late = (
        select(func.count())
        .select_from(thread)
        .where(thread.c.school_id == SCHOOL, is_late(), may_read(whole_school=whole_school, director=director))
    )
    tray = (
        select(func.count())
        .select_from(tray_item)
        .where(tray_item.c.school_id == SCHOOL, tray_item.c.closed_at.is_(None))
    )
    return select(
        _cases(whole_school=whole_school).scalar_subquery().label("cases"),
        late.scalar_subquery().label("late"),
        (tray.scalar_subquery() if whole_school else literal(0)).label("tray"),
        _papers(func.count(), whole_school=whole_school).scalar_subquery().label("papers"),
        _plans(whole_school=whole_school).scalar_subquery().label("plans"),
        (_evenings().scalar_subquery() if whole_school else literal(0)).label("evenings"),
    )


def _cases(*, whole_school: bool) -> Select[int]:
    asked = select(func.count()).where(
        absence.c.school_id == SCHOOL,
        absence.c.day == DAY,
        absence.c.state == AbsenceState.OPEN,
        absence.c.alarmed_at.is_(None),
    )
    return asked if whole_school else asked.where(_of_own_class(absence.c.pupil_id))


@cache
def _due_soon(*, whole_school: bool) -> Select[Any]:
    """Ask for the documents to be signed soon: parameters of `as_reader`, soon."""
    return _papers(document.c.id, whole_school=whole_school)


def _papers(what: ColumnElement[int], *, whole_school: bool) -> Select[Any]:
    asked = select(what).where(
        document.c.school_id == SCHOOL,
        document.c.withdrawn_at.is_(None),
        document.c.needs != Needs.NONE,
        document.c.due_on >= DAY,
        document.c.due_on <= bindparam("soon", type_=Date()),
    )
    if whole_school:
        return asked
    theirs = (
        select(document_for.c.id)
        .where(
            document_for.c.document_id == document.c.id,
            or_(document_for.c.class_id.in_(several("classes")), _of_own_class(document_for.c.pupil_id)),
        )
        .correlate(document)
        .exists()
    )
    return asked.where(or_(document.c.author_id == READER, theirs))


def _plans(*, whole_school: bool) -> Select[int]:
    """Count what did not leave, for its author, the director and the office."""
    asked = (
        select(func.count(planned_firing.c.planned_id.distinct()))
        .join(
            planned_notice,
            and_(
                planned_notice.c.school_id == planned_firing.c.school_id,
                planned_notice.c.id == planned_firing.c.planned_id,
            ),
        )
        .where(
            planned_firing.c.school_id == SCHOOL,
            planned_firing.c.outcome != Fired.LEFT,
            planned_firing.c.seen_at.is_(None),
        )
    )
    return asked if whole_school else asked.where(planned_notice.c.author_id == READER)


def _evenings() -> Select[int]:
    """Count evenings that wait for their plan: parameters of `as_reader`, now."""
    hour = and_(
        evening_round.c.school_id == meeting_slot.c.school_id, evening_round.c.round_id == meeting_slot.c.round_id
    )
    now = bindparam("now", type_=UtcDateTime())
    to_come = (
        select(meeting_slot.c.id)
        .join(evening_round, hour)
        .where(
            evening_round.c.school_id == meeting_evening.c.school_id,
            evening_round.c.evening_id == meeting_evening.c.id,
            meeting_slot.c.cancelled_at.is_(None),
            meeting_slot.c.starts_at > now,
        )
        .correlate(meeting_evening)
        .exists()
    )
    return select(func.count(meeting_evening.c.id)).where(
        meeting_evening.c.school_id == SCHOOL,
        meeting_evening.c.adopted_at.is_(None),
        meeting_evening.c.closes_at <= now,
        to_come,
    )


def _of_own_class(pupil_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return pupil_id.in_(
        select(enrolment.c.pupil_id).where(enrolment.c.class_id.in_(several("classes")), holds_on(enrolment, DAY))
    )
