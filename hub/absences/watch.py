"""Who is on watch: the person who looks after children that should be at school, or the substitute."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.people.links import holds_on
from hub.routing import clock_at_school, day_at_school
from hub.tables import school, staff_right, watch_duty


async def on_watch(within: AsyncConnection | AsyncSession, *, school_id: int, now: datetime) -> int | None:
    """Say whose watch it is at this hour, the substitute's where the person has no right today; None: nobody's."""
    rows = await within.execute(
        select(watch_duty, school.c.timezone)
        .join(school, school.c.id == watch_duty.c.school_id)
        .where(watch_duty.c.school_id == school_id)
        .order_by(watch_duty.c.from_time, watch_duty.c.id)
    )
    for row in rows.all():
        if row.from_time <= clock_at_school(now, row.timezone) < row.to_time:
            people = [each for each in (row.staff_id, row.substitute_id) if each is not None]
            working = await within.execute(
                select(staff_right.c.staff_id).where(
                    staff_right.c.school_id == school_id,
                    staff_right.c.staff_id.in_(people),
                    holds_on(staff_right, day_at_school(now, row.timezone)),
                )
            )
            here = {each.staff_id for each in working}
            present = next((each for each in people if each in here), None)
            if present is not None:
                return int(present)
    return None
