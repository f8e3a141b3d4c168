"""Many small notices pressed together: one for each child, each with its own end, in as many statements as for one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, cast, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.school import School
from hub.notices.addressing import address_to
from hub.notices.ladders import ladder_of
from hub.notices.publish import Draft, written
from hub.sealing import Keyring
from hub.tables import notice


async def tell_each(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    author_id: int,
    drafts: Mapping[int, Draft],
    who: Select[Any],
    now: datetime,
) -> dict[int, int]:
    """Write a notice about each of these pupils, as `publish.tell` does; gives the notices' ids by pupil.

    The drafts are addressed `pupil:ID`, are of one kind and leave together. Each goes to those of `who`, pairs of
    (guardian_id, pupil_id), who are paired with its pupil.
    """
    if not drafts:
        return {}
    one = next(iter(drafts.values()))
    ladder = await ladder_of(session, school.key, one.kind, one.needs)
    made = await written(session, keyring, school, author_id, list(drafts.values()), now, ladder)
    fresh = [notice_id for notice_id, is_fresh in made if is_fresh]
    if fresh:
        told = who.subquery("told_each")
        its = notice.c.audience == literal("pupil:") + cast(told.c.pupil_id, String)
        of_notices = (
            select(told.c.guardian_id, told.c.pupil_id, notice.c.id.label("notice_id"))
            .join(notice, its)
            .where(notice.c.school_id == school.key, notice.c.id.in_(fresh))
        )
        await address_to(session, school.key, fresh, one.kind, of_notices, due=one.due(now), now=now, ladder=ladder)
    return {pupil_id: notice_id for pupil_id, (notice_id, _) in zip(drafts, made, strict=True)}
