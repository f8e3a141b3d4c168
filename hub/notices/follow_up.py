"""What follows a press: let it go early, take it back, put it right, ask again those who have not answered."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import ring_after_commit
from hub.errors import InvalidError, NotAllowedError
from hub.models.notices import NoticeState
from hub.models.school import School
from hub.notices.audience import informed, members, read_audience, unanswered
from hub.notices.headlines import Headline, Reader
from hub.notices.publish import Draft, Published, cancel, tell
from hub.outbox.claim import READY
from hub.ports import Follows, Lane, NoticeKind, Slots
from hub.routing import check_still_to_come, lane_of, leaves_at
from hub.sealing import Keyring
from hub.tables import attempt, audit, copy, notice, notice_follow
from i18n.checks import check_slots

FOLLOWED = frozenset({NoticeKind.ANNOUNCEMENT, NoticeKind.URGENT, NoticeKind.MEETING})
"""Kinds that can be put right or asked about again; an absence climbs by itself, a crisis is replaced by the next."""


def may_change(reader: Reader, seen: Headline) -> bool:
    """Whether somebody may stop, correct or follow up a notice: its author, the director and the office."""
    return reader.rights.whole_school or seen.author_id == reader.staff_id


def may_release(reader: Reader, seen: Headline, now: datetime) -> bool:
    """Whether somebody may let a held notice go: a second person who may write to everybody."""
    held = seen.state is NoticeState.PUBLISHED and seen.due_at > now
    return held and reader.rights.whole_school and seen.author_id != reader.staff_id


async def release(session: AsyncSession, *, school_id: int, seen: Headline, reader: Reader, now: datetime) -> None:
    """Let a held notice go at once: a second person has read it. Raises NotAllowedError."""
    if not may_release(reader, seen, now):
        raise NotAllowedError("Seule une autre personne de la direction ou du secrétariat peut la laisser partir.")
    await session.execute(
        update(notice)
        .where(notice.c.school_id == school_id, notice.c.id == seen.notice_id, notice.c.due_at > now)
        .values(due_at=now)
    )
    copies = select(copy.c.id).where(copy.c.school_id == school_id, copy.c.notice_id == seen.notice_id)
    await session.execute(
        update(attempt)
        .where(attempt.c.school_id == school_id, attempt.c.copy_id.in_(copies), READY, attempt.c.look_at > now)
        .values(look_at=now)
    )
    await _note(session, school_id, reader, "notice_released", seen.notice_id, now)
    ring_after_commit(session, seen.lane)


async def withdraw(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    seen: Headline,
    reader: Reader,
    tell_them: bool,
    key: str,
    now: datetime,
) -> Published | None:
    """Stop what has not left; `tell_them`: say to whom it had left that it does not count any more.

    Gives the notice that says so, or None. Raises NotAllowedError.
    """
    _require(may_change(reader, seen))
    who = informed(school.key, seen.notice_id, reader.day)
    told = None
    if tell_them and seen.kind is not NoticeKind.CRISIS:
        kind = NoticeKind.URGENT if seen.lane is Lane.URGENT else NoticeKind.ANNOUNCEMENT
        draft = Draft(kind, f"notice:{seen.notice_id}", Slots(phrase="disregard", language=seen.slots.language), key)
        told = await _follow(
            session, keyring, school, seen=seen, reader=reader, draft=draft, who=who, how=Follows.WITHDRAWAL, now=now
        )
    await cancel(session, school_id=school.key, notice_id=seen.notice_id, now=now)
    await _note(session, school.key, reader, "notice_withdrawn", seen.notice_id, now)
    return told


async def correct(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    seen: Headline,
    reader: Reader,
    slots: Slots,
    key: str,
    now: datetime,
) -> Published:
    """Stop what has not left of a notice, and say it anew, as a correction, to all whom it is for today.

    Raises InvalidError, NotAllowedError.
    """
    _require(may_change(reader, seen) and seen.kind in FOLLOWED)
    slots = replace(slots, follows=Follows.CORRECTION)
    check_slots(seen.kind, slots)
    if replace(slots, follows=seen.slots.follows) == seen.slots:
        raise InvalidError("Rien n’a changé : corrigez d’abord le texte.", field="text")
    if seen.kind is NoticeKind.MEETING:
        check_still_to_come(slots.starts_at, now)
    audience = await read_audience(session, school_id=school.key, words=seen.audience, day=reader.day)
    due = leaves_at(seen.kind, slots, everybody=audience.whole_school, asked=None, now=now)
    draft = Draft(seen.kind, seen.audience, slots, key, due_at=due)
    who = members(school.key, audience, reader.day)
    made = await _follow(
        session, keyring, school, seen=seen, reader=reader, draft=draft, who=who, how=Follows.CORRECTION, now=now
    )
    await cancel(session, school_id=school.key, notice_id=seen.notice_id, now=now)
    await _note(session, school.key, reader, "notice_corrected", seen.notice_id, now)
    return made


async def remind(
    session: AsyncSession, keyring: Keyring, *, school: School, seen: Headline, reader: Reader, key: str, now: datetime
) -> Published:
    """Say it again to those who have not answered, and to nobody else. Raises InvalidError, NotAllowedError."""
    _require(may_change(reader, seen) and seen.kind in FOLLOWED)
    if seen.state is not NoticeState.PUBLISHED or seen.due_at > now:
        raise InvalidError("Cet avis n’est pas parti, ou ne vaut plus : il n’y a rien à rappeler.")
    if seen.kind is NoticeKind.MEETING:
        check_still_to_come(seen.slots.starts_at, now)
    slots = replace(seen.slots, follows=Follows.REMINDER)
    draft = Draft(seen.kind, f"notice:{seen.notice_id}", slots, key)
    who = unanswered(school.key, seen.notice_id, reader.day)
    made = await _follow(
        session, keyring, school, seen=seen, reader=reader, draft=draft, who=who, how=Follows.REMINDER, now=now
    )
    if not made.adults:
        raise InvalidError("Tous ont déjà répondu : il n’y a personne à relancer.")
    return made


async def _follow(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    *,
    seen: Headline,
    reader: Reader,
    draft: Draft,
    who: Select[tuple[int, int]],
    how: Follows,
    now: datetime,
) -> Published:
    made = await tell(session, keyring, school=school, author_id=reader.staff_id, draft=draft, who=who, now=now)
    if made.fresh:
        await session.execute(
            insert(notice_follow).values(
                school_id=school.key, notice_id=made.notice_id, before_id=seen.notice_id, how=how
            )
        )
        ring_after_commit(session, lane_of(draft.kind))
    return made


def _require(allowed: bool) -> None:  # noqa: FBT001 (a yes or no is the whole question)
    if not allowed:
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat peuvent changer un avis.")


async def _note(session: AsyncSession, school_id: int, reader: Reader, act: str, notice_id: int, now: datetime) -> None:
    await session.execute(
        insert(audit).values(
            school_id=school_id, at=now, staff_id=reader.staff_id, act=act, subject="notice", subject_id=notice_id
        )
    )
