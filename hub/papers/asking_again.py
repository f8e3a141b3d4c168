"""Those who have not signed are asked again: by hand, and once by itself before the day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.models.notices import Needs
from hub.models.school import School
from hub.notices.audience import classes_of, require_right
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, Published, tell
from hub.papers.publishing import audience_of, is_for_many, own_document
from hub.papers.signers import missing
from hub.papers.words import text_of, title_of
from hub.people.noting import note
from hub.people.schools import school_key
from hub.ports import Follows, NoticeKind, Slots
from hub.routing import day_at_school, leaves_at
from hub.sealing import Keyring
from hub.tables import document, notice, notice_follow


async def ask_again(
    session: AsyncSession, keyring: Keyring, *, school: School, document_id: int, reader: Reader, now: datetime
) -> Published:
    """Tell those whose signature is missing once more, whatever they wish for news; once a day at most.

    What many were not told of yet waits until it could be stopped, as every first telling does.
    Raises InvalidError, NotFoundError, NotAllowedError.
    """
    row = await own_document(session, school.key, document_id, reader)
    if row.withdrawn_at is not None or row.needs == Needs.NONE:
        raise InvalidError("Ce document n’attend pas de signature.")
    audience = await audience_of(session, school.key, document_id)
    theirs = await classes_of(session, school_id=school.key, pupils=audience.pupils, day=reader.day)
    require_right(reader.rights, audience, theirs)
    key = f"document:{document_id}:again:{reader.day}"
    told = await _again(session, keyring, school, row, reader.staff_id, key=key, day=reader.day, now=now)
    if not told.adults:
        raise InvalidError("Tous ont signé : il n’y a personne à relancer.")
    return told


async def remind_to_sign(
    session: AsyncSession, keyring: Keyring, *, school: School, document_id: int, now: datetime
) -> int:
    """Remind those whose signature is missing, once before the day; gives 1 if a reminder went.

    Nobody is reminded beside an author who asked again on the same day.
    """
    day = day_at_school(now, school.timezone)
    mine = (document.c.school_id == school.key, document.c.id == document_id)
    row = (await session.execute(select(document).where(*mine))).one()
    keys = (f"document:{document_id}:due", f"document:{document_id}:again:{day}")
    before = select(notice.c.id).where(notice.c.school_id == school.key, notice.c.key_name.in_(keys))
    who = missing(school.key, document_id, Needs(row.needs), day).limit(1)
    if (await session.execute(before)).first() or (await session.execute(who)).first() is None:
        return 0
    return int((await _again(session, keyring, school, row, row.author_id, key=keys[0], day=day, now=now)).fresh)


async def choose_reminder(
    session: AsyncSession, *, school_id: int, document_id: int, reader: Reader, goes: bool, now: datetime
) -> None:
    """Let the reminder of a document go, or not. Raises NotFoundError, NotAllowedError."""
    await own_document(session, school_id, document_id, reader)
    mine = (document.c.school_id == school_id, document.c.id == document_id)
    await session.execute(update(document).where(*mine).values(reminds=goes))
    act = "reminders_on" if goes else "reminders_off"
    await note(session, school_id, reader.staff_id, act, ("document", document_id), now)


async def _again(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    row: Any,  # noqa: ANN401 (a row of document)
    author_id: int,
    *,
    key: str,
    day: date,
    now: datetime,
) -> Published:
    """Tell those whose signature is missing once more, under one key."""
    document_id = int(row.id)
    seal = await school_key(session, keyring, school.key)
    slots = Slots(
        subject=title_of(row, seal), text=text_of(row, seal) or None, signs=True, day=row.due_on,
        follows=Follows.REMINDER,
    )  # fmt: skip
    many = await is_for_many(session, school_id=school.key, document_id=document_id, day=day)
    unheard = many and row.notice_id is None
    due = leaves_at(NoticeKind.DOCUMENT, slots, many=unheard, asked=None, now=now)
    draft = Draft(NoticeKind.DOCUMENT, f"document:{document_id}", slots, key=key, due_at=due)
    who = missing(school.key, document_id, Needs(row.needs), day)
    told = await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now)
    if not told.adults:
        return told
    if told.fresh and row.notice_id is None:
        await session.execute(update(document).where(document.c.id == document_id).values(notice_id=told.notice_id))
    elif told.fresh:
        await session.execute(
            insert(notice_follow).values(
                school_id=school.key, notice_id=told.notice_id, before_id=row.notice_id, how=Follows.REMINDER
            )
        )
    return told
