"""A plan is sought from what families wished, and kept beside their wishes until the director adopts it."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.evenings import asked
from hub.evenings.adopting import NO_MORE
from hub.evenings.opening import read_evening, require_whole_school
from hub.evenings.rules import Comers, Evenings, Hour, Plan, Wanted
from hub.evenings.wishes import windows_in
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.outbox.bulk import Bulk
from hub.routing import day_at_school
from hub.tables import evening_wish, meeting_evening

DONE = "Le plan de cette soirée est déjà retenu."


async def facts(session: AsyncSession, *, school: School, evening_id: int, reader: Reader, now: datetime) -> Evenings:
    """Gather what a plan is made of: hours to come, who comes about whom today, and what somebody has chosen already.

    Two adults are planned for each alone, also where they share a telephone. Who said nothing has no hour planned: the
    hours that are left are theirs to choose from. Raises InvalidError, NotAllowedError, NotFoundError.
    """
    require_whole_school(reader)
    row = await read_evening(session, school_id=school.key, evening_id=evening_id)
    if row.adopted_at is not None:
        raise InvalidError(DONE)
    which = {"school": school.key, "evening": evening_id}
    hours = [one for one in (await session.execute(asked.hours(), which)).all() if one.starts_at > now]
    if not hours:
        raise InvalidError(NO_MORE)
    pairs = (await session.execute(asked.concerned(), {**which, "day": reader.day})).all()
    holds = {(one.guardian_id, one.pupil_id, one.class_id): one.slot_id for one in hours if one.guardian_id}
    comers = defaultdict[int, list[Any]](list)
    for one in pairs:
        if one.comes or (one.guardian_id, one.pupil_id, one.class_id) in holds:
            comers[one.guardian_id].append(one)
    kept = {holds.get((one.guardian_id, one.pupil_id, one.class_id)) for those in comers.values() for one in those}
    return Evenings(
        hours=tuple(
            Hour(one.slot_id, one.class_id, day_at_school(one.starts_at, school.timezone), one.starts_at, one.ends_at)
            for one in hours
            if one.guardian_id is None or one.slot_id in kept  # else somebody has it who is told of the child no more
        ),
        comers=tuple(_comers(who, those, holds) for who, those in comers.items()),
        seed=row.seed,
    )


async def keep_plan(
    session: AsyncSession,
    plan: Plan,
    *,
    school: School,
    evening_id: int,
    reader: Reader,
    found: Evenings,
    now: datetime,
) -> None:
    """Keep a plan beside the wishes that it was made of, `found`; whoever has said something else since has none.

    It is compared, and not dated: what was said before may be kept after it was asked for. Raises InvalidError when a
    plan was adopted meanwhile, NotAllowedError, NotFoundError.
    """
    require_whole_school(reader)
    row = await read_evening(session, school_id=school.key, evening_id=evening_id, lock=True)
    if row.adopted_at is not None:
        raise InvalidError(DONE)
    same = set((await facts(session, school=school, evening_id=evening_id, reader=reader, now=now)).comers)
    planned = {one.who for one in found.comers if one in same}
    its = (evening_wish.c.school_id == school.key, evening_wish.c.evening_id == evening_id)
    await session.execute(update(evening_wish).where(*its).values(slot_id=None, why=""))
    its_rounds = await session.execute(asked.rounds(), {"school": school.key, "evening": evening_id})
    rounds = {one.class_id: one.id for one in its_rounds}
    rows = [
        (one.who, each.pupil_id, rounds[each.class_id], each.slot_id, each.why.value if each.why else "")
        for one in plan.proposals
        for each in one.given
        if one.who in planned
    ]
    connection = await session.connection()
    for start in range(0, len(rows), _AT_ONCE):
        await _PROPOSED.run(connection, rows[start : start + _AT_ONCE], school.key, evening_id)
    mine = (meeting_evening.c.school_id == school.key, meeting_evening.c.id == evening_id)
    await session.execute(update(meeting_evening).where(*mine).values(sought_at=now, best=plan.best))


def _comers(who: int, those: list[Any], holds: dict[tuple[int, int, int], int]) -> Comers:
    wants = tuple(Wanted(one.pupil_id, one.class_id, holds.get((who, one.pupil_id, one.class_id))) for one in those)
    windows = {window for one in those if one.windows for window in windows_in(one.windows)}
    return Comers(who, wants, tuple(sorted(windows)))


_AT_ONCE = 5_000
_PROPOSED = Bulk(
    "UPDATE evening_wish SET slot_id = v.slot_id, why = v.why FROM v "
    "WHERE evening_wish.school_id = {0} AND evening_wish.evening_id = {1} AND evening_wish.comes "
    "AND evening_wish.guardian_id = v.guardian_id AND evening_wish.pupil_id = v.pupil_id "
    "AND evening_wish.round_id = v.round_id",
    guardian_id="bigint",
    pupil_id="bigint",
    round_id="bigint",
    slot_id="bigint",
    why="text",
)
