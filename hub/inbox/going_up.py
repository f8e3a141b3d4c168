"""What nobody answered in time goes up: a teacher's to the office, the office's to the director."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.school import Role
from hub.models.threads import ThreadState
from hub.people.links import holds_on
from hub.people.schools import read_school
from hub.routing import day_at_school
from hub.tables import audit, staff_right, thread


async def schools_behind(connection: AsyncConnection, *, now: datetime) -> tuple[int, ...]:
    """List the schools where something is late; needs a connection that sees all schools."""
    late = select(thread.c.school_id).where(thread.c.due_at <= now, thread.c.state == ThreadState.OPEN)
    return tuple((await connection.execute(late.distinct())).scalars())


async def go_up(session: AsyncSession, *, school_id: int, now: datetime) -> int:
    """Lift what is late in one school, and give how many; harmless to repeat.

    A teacher's, or one whose owner has no right here any more, is nobody's until somebody of the office takes it. What
    the office took becomes the director's; what was nobody's too, after the school's delay once more. What is
    confidential stays with its person, for nobody else may read it, and shows there as late. `due_at` stays as it was:
    « sans réponse depuis … ». What a machine wrote never set it.
    """
    school = await read_school(session, school_id)
    day = day_at_school(now, school.timezone)
    director = await _first_director(session, school_id, day)
    to_office = await _lift(session, school_id, now, ~_owned_by(day, Role.DIRECTOR, Role.OFFICE), None)
    if director is None:
        return to_office
    again = thread.c.due_at <= now - timedelta(hours=school.answer_within)
    nobodys = and_(thread.c.owner_id.is_(None), again)
    offices = and_(_owned_by(day, Role.OFFICE), ~_owned_by(day, Role.DIRECTOR))
    return to_office + await _lift(session, school_id, now, or_(nobodys, offices), director)


async def _first_director(session: AsyncSession, school_id: int, day: date) -> int | None:
    first = (
        select(staff_right.c.staff_id)
        .where(staff_right.c.school_id == school_id, staff_right.c.role == Role.DIRECTOR, holds_on(staff_right, day))
        .order_by(staff_right.c.id)
        .limit(1)
    )
    return (await session.execute(first)).scalar_one_or_none()


async def _lift(
    session: AsyncSession, school_id: int, now: datetime, which: ColumnElement[bool], to: int | None
) -> int:
    """Give what is late, and is such, to somebody; where `to` is nobody, only what is somebody's."""
    lifted = await session.execute(
        update(thread)
        .where(
            thread.c.school_id == school_id,
            thread.c.state == ThreadState.OPEN,
            thread.c.due_at <= now,
            thread.c.private_to.is_(None),
            which,
            thread.c.owner_id.is_distinct_from(to),
        )
        .values(owner_id=to)
        .returning(thread.c.id)
    )
    rows: list[dict[str, Any]] = [
        {"school_id": school_id, "at": now, "act": "thread_went_up", "subject": "thread", "subject_id": number}
        for number in lifted.scalars()
    ]
    if rows:
        await session.execute(insert(audit), rows)
    return len(rows)


def _owned_by(day: date, *roles: Role) -> ColumnElement[bool]:
    """Say that the owner has one of these roles today."""
    held = staff_right.alias("held")
    return (
        select(held.c.id)
        .where(
            held.c.school_id == thread.c.school_id,
            held.c.staff_id == thread.c.owner_id,
            held.c.role.in_(roles),
            holds_on(held, day),
        )
        .correlate(thread)
        .exists()
    )
