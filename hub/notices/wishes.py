"""What is on the page, told as each adult wishes: at once by a notice, in the evening's digest, or only on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, distinct, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.models.home import How
from hub.models.school import School
from hub.notices.publish import Draft, tell
from hub.outbox.rungs import next_rung
from hub.ports import NoticeKind
from hub.routing import USUAL, digest_day
from hub.sealing import Keyring
from hub.tables import digest_item, insert_into, wish

KEEP = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Wished:
    """How many adults hear of it in which way, and whom nothing reaches. `notice_id`: of those at once."""

    at_once: int
    evening: int
    page: int
    unreached: int
    notice_id: int | None = None


async def as_wished(
    session: AsyncSession, *, school_id: int, kind: NoticeKind, who: Select[Any], signs: bool = False
) -> Wished:
    """Say how many of `who`, pairs of (guardian_id, pupil_id), would hear of it in which way. Changes nothing."""
    pairs = _wished(school_id, kind, who, signs=signs)
    asked = select(pairs.c.how, func.count(distinct(pairs.c.guardian_id))).group_by(pairs.c.how)
    counts = {str(how): int(count) for how, count in await session.execute(asked)}
    return Wished(
        at_once=counts.get(How.AT_ONCE, 0),
        evening=counts.get(How.EVENING, 0),
        page=counts.get(How.PAGE, 0),
        unreached=counts.get(_NOBODY, 0),
    )


async def tell_as_wished(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    author_id: int,
    draft: Draft,
    who: Select[Any],
    subjects: Sequence[int],
    now: datetime,
) -> Wished:
    """Tell `who`, pairs of (guardian_id, pupil_id), of these pieces of homework, documents or results, as each wishes.

    Asks for no right: the caller has. Pressing twice (the same `draft.key`) tells nobody twice. A document to sign is
    kept from nobody: who wants it only on the page hears of it in the evening, and whom nothing reaches is to call; of
    anything else, who can be reached by nothing reads it on the page.
    """
    kind, signs = draft.kind, draft.slots.signs
    wished = await as_wished(session, school_id=school.key, kind=kind, who=who, signs=signs)
    pairs = _wished(school.key, kind, who, signs=signs)
    notice_id = None
    if wished.at_once or (signs and wished.unreached):
        at_once = pairs.c.how.in_((How.AT_ONCE, _NOBODY) if signs else (How.AT_ONCE,))
        told = await tell(
            session,
            keyring,
            school=school,
            author_id=author_id,
            draft=draft,
            who=select(pairs.c.guardian_id, pairs.c.pupil_id).where(at_once).distinct(),
            now=now,
        )
        notice_id = told.notice_id
    for subject_id in subjects if wished.evening else ():
        await session.execute(
            insert_into(digest_item, session)
            .from_select(
                [
                    "school_id",
                    "guardian_id",
                    "pupil_id",
                    "kind",
                    "subject_id",
                    "signs",
                    "on_day",
                    "made_at",
                    "keep_until",
                ],
                select(
                    literal(school.key, BigId()),
                    pairs.c.guardian_id,
                    pairs.c.pupil_id,
                    literal(kind, digest_item.c.kind.type),
                    literal(subject_id, BigId()),
                    literal(signs),
                    literal(digest_day(draft.due(now), school.timezone)),
                    literal(now, digest_item.c.made_at.type),
                    literal((now + KEEP).date()),
                )
                .where(pairs.c.how == How.EVENING)
                .distinct(),
            )
            .on_conflict_do_nothing()
        )
    return Wished(wished.at_once, wished.evening, wished.page, wished.unreached, notice_id)


_NOBODY = "nobody"


def _wished(school_id: int, kind: NoticeKind, who: Select[Any], *, signs: bool) -> Subquery:
    """Give (guardian_id, pupil_id, how) of each pair; `how` is _NOBODY where no address can be written to."""
    told = who.subquery("told_pairs")
    own = and_(wish.c.school_id == school_id, wish.c.guardian_id == told.c.guardian_id, wish.c.kind == kind)
    how: ColumnElement[str] = func.coalesce(select(wish.c.how).where(own).scalar_subquery(), USUAL[kind].value)
    if signs:
        how = case((how == How.PAGE.value, How.EVENING.value), else_=how)
    first = next_rung(told.c.guardian_id, literal(school_id, BigId()), literal(0)).correlate(told).scalar_subquery()
    how = case((how == How.PAGE.value, how), (first.is_(None), _NOBODY), else_=how)
    return select(told.c.guardian_id, told.c.pupil_id, how.label("how")).subquery("wished")
