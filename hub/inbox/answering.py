"""The school's word in a conversation: it leaves on the family's own channel, and at night it waits for the morning."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError
from hub.inbox.begun import begun_about
from hub.inbox.rights import own_thread, owner_may_read
from hub.models.rolls import AbsenceState
from hub.models.school import School
from hub.models.threads import ThreadState
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, Published, tell
from hub.outbox.conversations import FirstWay
from hub.outbox.lines import choose_lines
from hub.people.links import told_about
from hub.ports import ChannelName, NoticeKind, Slots, Word
from hub.replies.threads import Turn, thread_for
from hub.sealing import Keyring
from hub.tables import absence, contact_point, delivery, link, reply, thread, thread_notice
from i18n.checks import check_slots


async def begin(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    guardian_id: int,
    private: bool,
    subject: str,
    words: str,
    reader: Reader,
    key: str,
    now: datetime,
) -> int:
    """Write first to one adult, of the only pupil whom he or she is told about, else of the family; gives where.

    As `open_thread` and `write_back`, which see that it is said once and by whom it may be. Raises as they do.
    """
    told = told_about(school.key, reader.day, to_come=True).where(link.c.guardian_id == guardian_id)
    pupils = {row.pupil_id for row in await session.execute(told)}
    only = pupils.pop() if len(pupils) == 1 else None
    here: dict[str, Any] = {"school": school, "reader": reader, "now": now}
    thread_id = await open_thread(session, guardian_id=guardian_id, pupil_id=only, private=private, **here)
    await write_back(session, keyring, thread_id=thread_id, words=words, subject=subject, key=key, **here)
    return thread_id


async def open_thread(
    session: AsyncSession,
    *,
    school: School,
    guardian_id: int,
    pupil_id: int | None,
    private: bool,
    reader: Reader,
    now: datetime,
) -> int:
    """Find or begin the conversation with one adult, about one pupil or the family; the word itself is `write_back`'s.

    `private`: nobody else of the staff reads it. Raises InvalidError, NotAllowedError: the caller then writes nothing.
    """
    told = told_about(school.key, reader.day, to_come=True).where(link.c.guardian_id == guardian_id)
    if pupil_id is not None:
        told = told.where(link.c.pupil_id == pupil_id)
    if (await session.execute(told.limit(1))).first() is None:
        raise InvalidError("Cet adulte ne peut pas être prévenu ici aujourd’hui : voyez ses droits.", field="to")
    thread_id = await thread_for(
        await session.connection(),
        school_id=school.key,
        guardian_id=guardian_id,
        pupils=() if pupil_id is None else (pupil_id,),
        address_id=None,
        owner_id=reader.staff_id,
        answer_within=school.answer_within,
        now=now,
        private_to=reader.staff_id if private else None,
        turn=Turn.NOBODYS,
    )
    await own_thread(session, school_id=school.key, thread_id=thread_id, reader=reader)
    return thread_id


async def write_back(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    thread_id: int,
    reader: Reader,
    words: str,
    key: str,
    now: datetime,
    subject: str = "",
) -> Published:
    """Answer the family of a conversation. Raises InvalidError, NotFoundError, NotAllowedError; nothing changes then.

    `subject`: what a conversation that we begin is about; our later words there, and its line in the list, bear it too.
    Pressed twice with one `key` it is one answer. `Published.due_at` says when it leaves: when the school's silence
    ends, but at once while a child of whom it speaks is missing.
    """
    row = await own_thread(session, school_id=school.key, thread_id=thread_id, reader=reader)
    if not reader.rights.writes:
        raise NotAllowedError("Vous ne pouvez pas écrire aux familles.")
    asked = await last_of_the_family(session, school.key, thread_id)
    word = Word.FIRST if asked is None else Word.ANSWER
    begun = await begun_about(session, keyring, school_id=school.key, threads=[thread_id])
    title = begun.get(thread_id) or (subject.strip() if word is Word.FIRST else "")
    slots = Slots(text=words, subject=title or None, language=school.language, word=word)
    check_slots(NoticeKind.ANNOUNCEMENT, slots)
    if not key or len(key) > 64:
        raise InvalidError("La clé d’un envoi compte de 1 à 64 signes.", field="key")
    who = adults_of(school.key, row, reader)
    adults = sorted({one.guardian_id for one in await session.execute(who)})
    if not adults:
        raise InvalidError("Plus personne ne peut être prévenu ici : les droits ont changé, ou l’on ne sait qui écrit.")
    missing = await _child_is_missing(session, school.key, who, reader)
    published = await tell(
        session,
        keyring,
        school=school,
        author_id=reader.staff_id,
        draft=Draft(
            kind=NoticeKind.ANNOUNCEMENT,
            audience=f"guardian:{','.join(map(str, adults))}",
            slots=slots,
            key=key,
            at_once=missing,
        ),
        who=who,
        now=now,
        first=_way_of(row, asked),
    )
    if published.fresh:
        await _note(session, school.key, row, published.notice_id, asked, reader, now)
    return published


def adults_of(school_id: int, row: Any, reader: Reader) -> Select[Any]:  # noqa: ANN401 (a row)
    """Select (guardian_id, pupil_id) of those whom a conversation is with, as their right is today."""
    told = told_about(school_id, reader.day, to_come=True).subquery("told")
    chosen = select(told.c.guardian_id, told.c.pupil_id).distinct()
    if row.pupil_id is not None:
        chosen = chosen.where(told.c.pupil_id == row.pupil_id)
    if row.guardian_id is not None:
        return chosen.where(told.c.guardian_id == row.guardian_id)
    sharing = select(contact_point.c.guardian_id).where(
        contact_point.c.school_id == school_id, contact_point.c.address_id == row.address_id
    )
    return chosen.where(told.c.guardian_id.in_(sharing))


async def last_of_the_family(session: AsyncSession, school_id: int, thread_id: int) -> Any:  # noqa: ANN401 (a row, or None)
    """Read what the family wrote last; what a machine answered is not theirs."""
    return (
        await session.execute(
            select(reply.c.id, reply.c.address_id, reply.c.channel, reply.c.sender_id)
            .where(reply.c.school_id == school_id, reply.c.thread_id == thread_id, reply.c.machine.is_(False))
            .order_by(reply.c.received_at.desc(), reply.c.id.desc())
            .limit(1)
        )
    ).one_or_none()


def _way_of(row: Any, asked: Any) -> FirstWay | None:  # noqa: ANN401 (rows)
    """Say how the family came; a word to a shared phone goes there and nowhere else."""
    only = row.guardian_id is None
    if asked is None or asked.address_id is None or (only and asked.address_id != row.address_id):
        if not only:
            return None
        raise InvalidError("On ne sait pas par où répondre : appelez cette famille.")
    return FirstWay(asked.address_id, ChannelName(asked.channel), asked.sender_id, only=only)


async def _child_is_missing(session: AsyncSession, school_id: int, who: Select[Any], reader: Reader) -> bool:
    """Say whether a pupil of the conversation is missing today: then an answer waits for nothing."""
    about = who.subquery("about")
    missing = select(absence.c.id).where(
        absence.c.school_id == school_id,
        absence.c.day == reader.day,
        absence.c.state == AbsenceState.OPEN,
        absence.c.pupil_id.in_(select(about.c.pupil_id)),
    )
    return (await session.execute(missing.limit(1))).first() is not None


async def _note(
    session: AsyncSession,
    school_id: int,
    row: Any,  # noqa: ANN401 (a row)
    notice_id: int,
    asked: Any,  # noqa: ANN401 (a row, or None)
    reader: Reader,
    now: datetime,
) -> None:
    """Write down that it is the family's turn, and whose conversation it is where nobody's who has a right to it."""
    theirs = await owner_may_read(session, school_id=school_id, thread_id=row.id, reader=reader)
    await session.execute(
        insert(thread_notice).values(
            school_id=school_id,
            thread_id=row.id,
            notice_id=notice_id,
            reply_id=None if asked is None else asked.id,
        )
    )
    await choose_lines(session, delivery.c.notice_id == notice_id, now=now)
    await session.execute(
        update(thread)
        .where(thread.c.school_id == school_id, thread.c.id == row.id)
        .values(
            state=ThreadState.WAITING,
            due_at=None,
            last_at=now,
            owner_id=row.owner_id if theirs else reader.staff_id,
        )
    )
