"""How what was pressed for later goes: after its last day, with a child or adult it was for alone, with its author."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.planned import PlanState
from hub.people.forgetting import destroy_keys
from hub.tables import data_key, guardian, link, planned_firing, planned_notice, pupil

Within = AsyncConnection | AsyncSession


async def purge_plans(session: AsyncSession, school_id: int, today: date) -> int:
    """Let plans go after their last day, with their history and their keys; gives how many."""
    over = (planned_notice.c.school_id == school_id, planned_notice.c.keep_until < today)
    rows = (await session.execute(select(planned_notice.c.id, planned_notice.c.data_key_id).where(*over))).all()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        ids = [row.id for row in some]
        await session.execute(delete(planned_firing).where(planned_firing.c.planned_id.in_(ids)))
        await session.execute(delete(planned_notice).where(planned_notice.c.id.in_(ids)))
        await session.execute(delete(data_key).where(data_key.c.id.in_([row.data_key_id for row in some])))
    return len(rows)


async def forget_plans_of_pupil(within: Within, school_id: int, pupil_id: int, *, now: datetime) -> None:
    """Forget plans for this pupil and no other who is still known."""
    others = select(pupil.c.id).where(pupil.c.school_id == school_id, pupil.c.id != pupil_id, pupil.c.name_key != "")
    await _forget_those_for(within, school_id, {pupil_id}, others, now=now)


async def forget_plans_of_guardian(within: Within, school_id: int, guardian_id: int, *, now: datetime) -> None:
    """Forget plans for children of this adult, of whom nobody else who is still known would be told."""
    mine = select(link.c.pupil_id).where(link.c.school_id == school_id, link.c.guardian_id == guardian_id)
    theirs = {int(row[0]) for row in await within.execute(mine)}
    known = exists().where(guardian.c.id == link.c.guardian_id, guardian.c.name_key != "")
    others = select(link.c.pupil_id).where(link.c.school_id == school_id, link.c.guardian_id != guardian_id, known)
    await _forget_those_for(within, school_id, theirs, others, now=now)


async def end_plans_of_staff(session: AsyncSession, ids: Collection[int], *, now: datetime) -> None:
    """Let nothing leave any more in the name of somebody who is forgotten."""
    mine = (planned_notice.c.author_id.in_(ids), planned_notice.c.state == PlanState.WAITING)
    ended = {"state": PlanState.CANCELLED, "next_at": None, "changed_at": now}
    await session.execute(update(planned_notice).where(*mine).values(ended))


async def _forget_those_for(
    within: Within, school_id: int, pupils: set[int], others: Select[Any], *, now: datetime
) -> None:
    """Forget plans for some of these pupils, and for nobody among `others`: their words and keys go."""
    of_pupils = planned_notice.c.audience.like("pupil:%")
    asked = select(planned_notice.c.id, planned_notice.c.audience).where(planned_notice.c.school_id == school_id)
    wanted = {row.id: _numbers(row.audience) for row in await within.execute(asked.where(of_pupils))}
    touched = {plan_id: numbers for plan_id, numbers in wanted.items() if numbers & pupils}
    if not touched:
        return
    named = frozenset[int]().union(*touched.values())
    kept = {
        int(row[0])
        for row in await within.execute(select(pupil.c.id).where(pupil.c.id.in_(named), pupil.c.id.in_(others)))
    }
    ids = [plan_id for plan_id, numbers in touched.items() if not numbers & kept]
    keys = select(planned_notice.c.data_key_id).where(planned_notice.c.id.in_(ids))
    await destroy_keys(within, data_key.c.id.in_(keys))
    gone = {"slots_sealed": b"", "state": PlanState.CANCELLED, "next_at": None, "changed_at": now}
    await within.execute(update(planned_notice).where(planned_notice.c.id.in_(ids)).values(gone))


def _numbers(audience: str) -> frozenset[int]:
    """Read the pupils that an audience of pupils alone names; none where classes are meant too."""
    kind, _, numbers = audience.partition(":")
    if kind != "pupil" or ";" in numbers:
        return frozenset()
    return frozenset(int(one) for one in numbers.split(",") if one.strip().isdecimal())


_AT_ONCE = 500
