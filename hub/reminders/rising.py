"""Who waited for a place and has one now is told, once however many clocks run; in silence where it ends too late."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.models.notices import NoticeState
from hub.models.school import School
from hub.notices.audience import of_adult
from hub.notices.publish import Draft, tell
from hub.outbox.quiet import comes_too_late, heard_at
from hub.outbox.wordings import read_slots
from hub.people.staff import speaks_for
from hub.ports import NoticeKind, Slots
from hub.reminders import asked
from hub.routing import day_at_school
from hub.sealing import Keyring, UnreadableError
from hub.tables import answer, notice

AT_ONCE = 20
"""Tidings in one transaction: nobody waits for the registers meanwhile."""


async def tell_who_rose(session: AsyncSession, keyring: Keyring, *, school: School, now: datetime) -> int:
    """Tell those who moved up since the last look, at most `AT_ONCE`; gives how many.

    Each is marked as told in the transaction that tells. Who gave the places back meanwhile, or has no right to be
    told any more, hears nothing; nor does anybody once the meeting has begun.
    """
    rows = (await session.execute(_rose(), {"school": school.key, "most": AT_ONCE})).all()
    if not rows:
        return 0
    mine = and_(answer.c.id.in_([row.id for row in rows]), answer.c.rose_at.is_not(None))
    marked = update(answer).where(answer.c.school_id == school.key, mine).values(rose_at=None)
    taken = {int(one.id) for one in await session.execute(marked.returning(answer.c.id))}
    author = await speaks_for(session, school_id=school.key, day=day_at_school(now, school.timezone))
    for row in rows:
        if row.id in taken and row.state == NoticeState.PUBLISHED and row.expires_at > now:
            await _tell_one(session, keyring, school, author, row, now)
    return len(taken)


async def _tell_one(
    session: AsyncSession, keyring: Keyring, school: School, author_id: int, row: Row[Any], now: datetime
) -> None:
    said = (await session.execute(asked.words(), {"school": school.key, "notice": row.notice_id})).one()
    try:
        opened = keyring.seal(said.wrapped, said.master_version).open(said.slots_sealed, b"notice_version.slots")
    except UnreadableError:
        return
    slots = Slots(phrase="place_found", starts_at=read_slots(opened).starts_at, language=school.language)
    who = of_adult(school.key, row.notice_id, row.guardian_id, day_at_school(now, school.timezone))
    heard = await heard_at(session, school=school, who=who, now=now)
    late = slots.starts_at is not None and comes_too_late(heard(row.guardian_id), slots.starts_at)
    draft = Draft(NoticeKind.REMINDER, f"guardian:{row.guardian_id}", slots, at_once=late)
    if (await session.execute(who.limit(1))).first() is not None:
        await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now)


@cache
def _rose() -> Select[Any]:
    """Ask whose places fell free: parameters school, most."""
    return (
        select(answer.c.id, answer.c.notice_id, answer.c.guardian_id, notice.c.state, notice.c.expires_at)
        .join(notice, and_(notice.c.school_id == answer.c.school_id, notice.c.id == answer.c.notice_id))
        .where(answer.c.school_id == bindparam("school", type_=BigId()), answer.c.rose_at.is_not(None))
        .order_by(answer.c.rose_at, answer.c.id)
        .limit(bindparam("most"))
    )
