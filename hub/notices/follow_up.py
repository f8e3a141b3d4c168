"""What follows a press: let it go early, take it back, put it right, ask again those who have not answered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import ring_after_commit
from hub.errors import InvalidError, NotAllowedError
from hub.models.notices import NoticeState
from hub.models.school import School
from hub.notices.audience import classes_of, informed, is_to_many, members, read_audience, require_right, unanswered
from hub.notices.cancelling import cancel
from hub.notices.chain import with_reminders
from hub.notices.headlines import Headline, Reader
from hub.notices.publish import Draft, Published, counted, tell
from hub.outbox.claim import READY
from hub.outbox.lines import choose_lines
from hub.outbox.quiet import after_silence, check_in_time
from hub.people.noting import note
from hub.ports import Follows, Lane, NoticeKind, Slots
from hub.routing import TIME_TO_STOP, lane_of, leaves_at
from hub.sealing import Keyring
from hub.tables import attempt, copy, delivery, notice, notice_follow
from i18n.checks import check_slots

FOLLOWED = frozenset({NoticeKind.ANNOUNCEMENT, NoticeKind.URGENT, NoticeKind.MEETING})
"""Kinds that can be put right or asked about again; an absence climbs by itself, a crisis is replaced by the next."""


def may_change(reader: Reader, seen: Headline) -> bool:
    """Whether somebody may stop, correct or follow up a notice: its author, the director and the office."""
    return reader.rights.whole_school or seen.author_id == reader.staff_id


def check_correctable(seen: Headline) -> None:
    """Refuse what has no words or no audience of its own to put right. Raises InvalidError."""
    if seen.audience.startswith("notice:"):
        raise InvalidError("Cet avis en suit un autre : corrigez celui d’origine.", field="text")
    if seen.kind not in FOLLOWED:
        raise InvalidError("Cet avis ne se corrige pas : arrêtez-le, et écrivez-en un autre.", field="text")


def may_release(reader: Reader, seen: Headline, now: datetime) -> bool:
    """Whether somebody may let a notice go that waits to be read by a second person, who may write to everybody.

    What waits for longer than that minute waits for its hour, or for the end of the school's silence.
    """
    held = seen.state is NoticeState.PUBLISHED and now < seen.due_at <= seen.created_at + TIME_TO_STOP
    return held and reader.rights.whole_school and seen.author_id != reader.staff_id


async def says_to_many(session: AsyncSession, *, school_id: int, seen: Headline, reader: Reader) -> bool:
    """Whether a notice, or the one that it says again, is a mass send today; what cannot be read any more may be."""
    words = await _first_audience(session, school_id, seen)
    try:
        audience = await read_audience(session, school_id=school_id, words=words, day=reader.day)
    except InvalidError:  # a child has left since, or a class was closed
        return True
    return await is_to_many(session, school_id=school_id, audience=audience, day=reader.day)


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
    await note(session, school_id, reader.staff_id, "notice_released", ("notice", seen.notice_id), now)
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
    before = await _followed(session, school.key, seen.notice_id)
    if Follows.CORRECTION in before:
        raise InvalidError(_CORRECTED)
    if tell_them and Follows.WITHDRAWAL in before:
        return await counted(session, before[Follows.WITHDRAWAL].id, fresh=False)
    which = await with_reminders(session, school.key, seen.notice_id)
    who = informed(school.key, which, reader.day)
    told = None
    if tell_them and seen.kind is not NoticeKind.CRISIS:
        await _require_right(session, school.key, seen, reader)
        kind = NoticeKind.URGENT if seen.lane is Lane.URGENT else NoticeKind.ANNOUNCEMENT
        draft = Draft(kind, f"notice:{seen.notice_id}", Slots(phrase="disregard", language=seen.slots.language), key)
        told = await _follow(
            session, keyring, school, seen=seen, reader=reader, draft=draft, who=who, how=Follows.WITHDRAWAL, now=now
        )
    await _stop(session, school.key, which, now)
    await note(session, school.key, reader.staff_id, "notice_withdrawn", ("notice", seen.notice_id), now)
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
    _require(may_change(reader, seen))
    check_correctable(seen)
    slots = replace(slots, follows=Follows.CORRECTION)
    check_slots(seen.kind, slots)
    if replace(slots, follows=seen.slots.follows) == seen.slots:
        raise InvalidError("Rien n’a changé : corrigez d’abord le texte.", field="text")
    if seen.kind is NoticeKind.MEETING:
        check_in_time(school, slots.starts_at, now)
    await _require_right(session, school.key, seen, reader)
    before = await _followed(session, school.key, seen.notice_id)
    if any(other.key_name != key for other in before.values()):
        raise InvalidError(_CORRECTED if Follows.CORRECTION in before else _WITHDRAWN, field="text")
    audience = await read_audience(session, school_id=school.key, words=seen.audience, day=reader.day)
    many = await is_to_many(session, school_id=school.key, audience=audience, day=reader.day)
    due = leaves_at(seen.kind, slots, many=many, asked=None, now=now)
    ends = await _open_until(session, school, seen, now) if slots.question and seen.slots.question else None
    draft = Draft(seen.kind, seen.audience, slots, key, due_at=due, until=ends)
    who = members(school.key, audience, reader.day)
    made = await _follow(
        session, keyring, school, seen=seen, reader=reader, draft=draft, who=who, how=Follows.CORRECTION, now=now
    )
    await _stop(session, school.key, await with_reminders(session, school.key, seen.notice_id), now)
    await note(session, school.key, reader.staff_id, "notice_corrected", ("notice", seen.notice_id), now)
    return made


async def remind(
    session: AsyncSession, keyring: Keyring, *, school: School, seen: Headline, reader: Reader, key: str, now: datetime
) -> Published:
    """Say it again to those who have not answered, and to nobody else. Raises InvalidError, NotAllowedError."""
    _require(may_change(reader, seen) and seen.kind in FOLLOWED)
    if seen.state is not NoticeState.PUBLISHED or seen.due_at > now:
        raise InvalidError("Cet avis n’est pas parti, ou ne vaut plus : il n’y a rien à rappeler.")
    if seen.kind is NoticeKind.MEETING:
        check_in_time(school, seen.slots.starts_at, now)
    await _require_right(session, school.key, seen, reader)
    slots = replace(seen.slots, follows=Follows.REMINDER)
    ends = await _open_until(session, school, seen, now) if slots.question else None
    draft = Draft(seen.kind, f"notice:{seen.notice_id}", slots, key, until=ends)
    who = unanswered(school.key, seen.notice_id, reader.day)
    made = await _follow(
        session, keyring, school, seen=seen, reader=reader, draft=draft, who=who, how=Follows.REMINDER, now=now
    )
    if not made.adults:
        raise InvalidError("Tous ont déjà répondu, ou sont à appeler : il n’y a personne à relancer.")
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
        await choose_lines(session, delivery.c.notice_id == made.notice_id, now=now)
        ring_after_commit(session, lane_of(draft.kind))
    return made


_CORRECTED = "Cet avis a déjà été corrigé : voyez sa correction."
_OVER = "Cette question n’attend plus de réponse, ou n’en attendra plus quand ceci partirait : posez-en une nouvelle."
_WITHDRAWN = "Cet avis a déjà été retiré : écrivez-en un autre."


async def _followed(session: AsyncSession, school_id: int, notice_id: int) -> Mapping[Follows, Any]:
    """Read (id, key) of what corrects or withdraws a notice already; a colleague who asks at once waits for us."""
    here = and_(notice.c.school_id == school_id, notice.c.id == notice_id)
    await session.execute(select(notice.c.id).where(here).with_for_update(key_share=True))
    rows = await session.execute(
        select(notice_follow.c.how, notice.c.id, notice.c.key_name)
        .join(notice, and_(notice.c.school_id == notice_follow.c.school_id, notice.c.id == notice_follow.c.notice_id))
        .where(
            notice_follow.c.school_id == school_id,
            notice_follow.c.before_id == notice_id,
            notice_follow.c.how.in_((Follows.CORRECTION, Follows.WITHDRAWAL)),
        )
    )
    return {Follows(row.how): row for row in rows}


async def _open_until(session: AsyncSession, school: School, seen: Headline, now: datetime) -> datetime:
    """Say when a question is over: what says it again, or puts it right, ends with it. Raises InvalidError."""
    here = and_(notice.c.school_id == school.key, notice.c.id == seen.notice_id)
    ends: datetime = (await session.execute(select(notice.c.expires_at).where(here))).scalar_one()
    if ends <= after_silence(school, seen.lane, now):
        raise InvalidError(_OVER, field="text")
    return ends


async def _stop(session: AsyncSession, school_id: int, notices: Sequence[int], now: datetime) -> None:
    """Stop what has not left of some notices."""
    for number in notices:
        await cancel(session, school_id=school_id, notice_id=number, now=now)


async def _require_right(session: AsyncSession, school_id: int, seen: Headline, reader: Reader) -> None:
    """Refuse an author who may not write to these people any more. Raises NotAllowedError."""
    if reader.rights.whole_school:
        return
    words = await _first_audience(session, school_id, seen)
    audience = await read_audience(session, school_id=school_id, words=words, day=reader.day)
    theirs = await classes_of(session, school_id=school_id, pupils=audience.pupils, day=reader.day)
    require_right(reader.rights, audience, theirs)


async def _first_audience(session: AsyncSession, school_id: int, seen: Headline) -> str:
    """Give whom the first notice was for: a reminder goes to some of them."""
    words = seen.audience
    while words.startswith("notice:"):
        first = and_(notice.c.school_id == school_id, notice.c.id == int(words.removeprefix("notice:")))
        words = (await session.execute(select(notice.c.audience).where(first))).scalar_one()
    return words


def _require(allowed: bool) -> None:  # noqa: FBT001 (a yes or no is the whole question)
    if not allowed:
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat peuvent changer un avis.")
