"""An absence alert pressed by hand: its children stand in the register as those of a roll do."""

from datetime import datetime

from sqlalchemy import and_, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.rolls import AbsenceState
from hub.ports import HalfDay, Slots
from hub.tables import absence, delivery, delivery_pupil, insert_into, school_year


async def open_cases(session: AsyncSession, *, school_id: int, notice_id: int, slots: Slots, now: datetime) -> None:
    """Tie the open cases of that time to the alert, and open one for each of its children who has none."""
    told = (
        select(delivery_pupil.c.pupil_id)
        .join(
            delivery,
            and_(delivery.c.school_id == delivery_pupil.c.school_id, delivery.c.id == delivery_pupil.c.delivery_id),
        )
        .where(delivery.c.school_id == school_id, delivery.c.notice_id == notice_id)
    )
    half_day = slots.half_day or HalfDay.DAY
    then = and_(
        absence.c.school_id == school_id,
        absence.c.day == slots.day,
        or_(absence.c.half_day.in_((half_day, HalfDay.DAY)), literal(half_day is HalfDay.DAY)),
    )
    await session.execute(
        update(absence)
        .where(
            then,
            absence.c.pupil_id.in_(told),
            absence.c.state == AbsenceState.OPEN,
            absence.c.notice_id.is_(None),
        )
        .values(notice_id=notice_id)
    )
    ends = select(func.max(school_year.c.ends_on)).where(
        school_year.c.school_id == school_id, school_year.c.starts_on <= slots.day, school_year.c.ends_on >= slots.day
    )
    fresh = told.where(delivery_pupil.c.pupil_id.not_in(select(absence.c.pupil_id).where(then))).distinct().subquery()
    columns = ["school_id", "pupil_id", "day", "half_day", "state", "through", "notice_id", "opened_at", "keep_until"]
    await session.execute(
        insert_into(absence, session)
        .from_select(
            columns,
            select(
                literal(school_id),
                fresh.c.pupil_id,
                literal(slots.day, absence.c.day.type),
                literal(half_day, absence.c.half_day.type),
                literal(AbsenceState.OPEN, absence.c.state.type),
                literal(""),
                literal(notice_id),
                literal(now, absence.c.opened_at.type),
                ends.scalar_subquery(),
            ).where(fresh.c.pupil_id > 0),  # SQLite takes ON CONFLICT after a SELECT only behind a WHERE
        )
        .on_conflict_do_nothing()
    )
