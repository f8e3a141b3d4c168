"""What is on the page, told as each adult wishes: at once by a notice, in the evening's digest, or only on the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, Table, and_, case, delete, distinct, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.models.home import How
from hub.models.school import School
from hub.notices.publish import Draft, tell
from hub.outbox.rungs import next_rung
from hub.ports import NoticeKind
from hub.routing import KEEP, USUAL, digest_day
from hub.sealing import Keyring
from hub.tables import assessment, delivery, diary_entry, digest_item, document, insert_into, notice, wish
from i18n.checks import check_slots


@dataclass(frozen=True, slots=True)
class Wished:
    """How many adults hear of it in which way, and whom nothing reaches. `notice_id`: of those at once."""

    at_once: int
    evening: int
    page: int
    unreached: int
    notice_id: int | None = None


async def as_wished(
    session: AsyncSession,
    *,
    school_id: int,
    kind: NoticeKind,
    who: Select[Any],
    signs: bool = False,
    hurries: bool = False,
) -> Wished:
    """Say how many of `who`, pairs of (guardian_id, pupil_id), would hear of it in which way. Changes nothing.

    `hurries`: the evening would be too late.
    """
    pairs = _wished(school_id, kind, who, signs=signs, hurries=hurries)
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
    anything else, who can be reached by nothing reads it on the page. Homework that is due before the next digest could
    help is told at once to whom it would have waited for. Raises InvalidError for what could not be said.
    """
    kind, signs = draft.kind, draft.slots.signs
    check_slots(kind, draft.slots)
    due_on = draft.slots.day if kind is NoticeKind.HOMEWORK else None
    hurries = due_on is not None and due_on <= digest_day(draft.due(now), school.timezone)
    wished = await as_wished(session, school_id=school.key, kind=kind, who=who, signs=signs, hurries=hurries)
    pairs = _wished(school.key, kind, who, signs=signs, hurries=hurries)
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
        await _no_more_for_the_evening(session, school.key, kind, subjects, notice_id)
    if wished.evening and subjects:
        await _keep_for_the_evening(session, school, draft, pairs, subjects, now=now)
    return Wished(wished.at_once, wished.evening, wished.page, wished.unreached, notice_id)


async def no_news(session: AsyncSession, *, school_id: int, kind: NoticeKind, subject_id: int) -> None:
    """Let what was taken back be no news any more: no evening's digest tells of it."""
    await session.execute(
        delete(digest_item).where(
            digest_item.c.school_id == school_id,
            digest_item.c.kind == kind,
            digest_item.c.subject_id == subject_id,
            digest_item.c.notice_id.is_(None),
        )
    )


async def _keep_for_the_evening(
    session: AsyncSession,
    school: School,
    draft: Draft,
    pairs: Subquery,
    subjects: Sequence[int],
    *,
    now: datetime,
) -> None:
    """Let these wait for the evening with those who wish it so, once; whom this press told at once has heard."""
    kind, subject = draft.kind, _SUBJECTS[draft.kind]
    has_it = (
        select(delivery.c.id)
        .join(notice, and_(notice.c.school_id == delivery.c.school_id, notice.c.id == delivery.c.notice_id))
        .where(
            notice.c.school_id == school.key,
            notice.c.key_name == draft.key,
            delivery.c.guardian_id == pairs.c.guardian_id,
        )
    )
    waits = {
        "school_id": literal(school.key, BigId()),
        "guardian_id": pairs.c.guardian_id,
        "pupil_id": pairs.c.pupil_id,
        "kind": literal(kind, digest_item.c.kind.type),
        "subject_id": subject.c.id,
        "signs": literal(draft.slots.signs),
        "on_day": literal(digest_day(draft.due(now), school.timezone)),
        "made_at": literal(now, digest_item.c.made_at.type),
        "keep_until": literal((now + KEEP).date()),
    }
    each = (
        select(*waits.values())
        .join_from(pairs, subject, and_(subject.c.school_id == school.key, subject.c.id.in_(subjects)))
        .where(pairs.c.how == How.EVENING, ~has_it.correlate(pairs).exists())
        .distinct()
    )
    await session.execute(insert_into(digest_item, session).from_select(list(waits), each).on_conflict_do_nothing())


async def _no_more_for_the_evening(
    session: AsyncSession, school_id: int, kind: NoticeKind, subjects: Sequence[int], notice_id: int
) -> None:
    """Who hears of it at once is not told again in the evening of what was waiting for it."""
    at_once = select(delivery.c.guardian_id).where(delivery.c.school_id == school_id, delivery.c.notice_id == notice_id)
    await session.execute(
        delete(digest_item).where(
            digest_item.c.school_id == school_id,
            digest_item.c.kind == kind,
            digest_item.c.subject_id.in_(subjects),
            digest_item.c.notice_id.is_(None),
            digest_item.c.guardian_id.in_(at_once),
        )
    )


_SUBJECTS: Mapping[NoticeKind, Table] = {
    NoticeKind.HOMEWORK: diary_entry,
    NoticeKind.DOCUMENT: document,
    NoticeKind.RESULT: assessment,
}
"""What is told of, by the kind of its notice."""
_NOBODY = "nobody"


def _wished(school_id: int, kind: NoticeKind, who: Select[Any], *, signs: bool, hurries: bool) -> Subquery:
    """Give (guardian_id, pupil_id, how) of each pair; `how` is _NOBODY where no address can be written to."""
    told = who.subquery("told_pairs")
    own = and_(wish.c.school_id == school_id, wish.c.guardian_id == told.c.guardian_id, wish.c.kind == kind)
    how: ColumnElement[str] = func.coalesce(select(wish.c.how).where(own).scalar_subquery(), USUAL[kind].value)
    if signs:
        how = case((how == How.PAGE.value, How.EVENING.value), else_=how)
    if hurries:
        how = case((how == How.EVENING.value, How.AT_ONCE.value), else_=how)
    first = next_rung(told.c.guardian_id, literal(school_id, BigId()), literal(0)).correlate(told).scalar_subquery()
    how = case((how == How.PAGE.value, how), (first.is_(None), _NOBODY), else_=how)
    return select(told.c.guardian_id, told.c.pupil_id, how.label("how")).subquery("wished")
