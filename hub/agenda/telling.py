"""What is noted on the calendar, told to the families too: an invitation that one answers, or an announcement.

What is changed is told as a correction of what they have, and what is cancelled takes it back.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.entries import Entry, when
from hub.agenda.events import tied
from hub.agenda.reading import one_event
from hub.errors import InvalidError
from hub.models.agenda import EventKind
from hub.models.notices import NoticeState
from hub.models.school import School
from hub.notices.follow_up import correct, withdraw
from hub.notices.headlines import Headline, Reader, headline
from hub.notices.publish import Draft, publish
from hub.ports import Follows, NoticeKind, Slots
from hub.sealing import Keyring
from hub.tables import notice_follow
from i18n.tongues import tongue


async def tell_families(
    session: AsyncSession, keyring: Keyring, *, school: School, reader: Reader, event_id: int, key: str, now: datetime
) -> int | None:
    """Tell the families whom an event is for; whoever has it already gets a correction. Gives the notice.

    None when what they have says just this. Raises InvalidError, NotAllowedError.
    """
    entry, _ = await one_event(session, keyring, school_id=school.key, reader=reader, event_id=event_id)
    kind, slots = said(entry, school.timezone)
    before = await _before(session, keyring, school.key, entry.notice_id, reader)
    if before is not None and before.kind is kind:
        if replace(slots, follows=before.slots.follows) == before.slots:
            return None
        done = await correct(session, keyring, school=school, seen=before, reader=reader, slots=slots, key=key, now=now)
    else:
        audience = f"class:{entry.class_label}" if entry.class_id else "school"
        draft = Draft(kind=kind, audience=audience, slots=slots, key=key)
        done = await publish(session, keyring, school=school, author_id=reader.staff_id, draft=draft, now=now)
    await tied(session, school_id=school.key, event_id=event_id, notice_id=done.notice_id)
    return done.notice_id


async def take_back(
    session: AsyncSession, keyring: Keyring, *, school: School, reader: Reader, notice_id: int, key: str, now: datetime
) -> int | None:
    """Tell those who were told of an event that it does not take place. Gives the notice that says so, if any does.

    Raises NotAllowedError.
    """
    before = await _before(session, keyring, school.key, notice_id, reader)
    if before is None:
        return None
    told = await withdraw(session, keyring, school=school, seen=before, reader=reader, tell_them=True, key=key, now=now)
    return None if told is None else told.notice_id


def said(entry: Entry, timezone: str) -> tuple[NoticeKind, Slots]:
    """Say what a notice of an event is. Raises InvalidError for a meeting without an hour: nobody could come."""
    if entry.kind is EventKind.MEETING:
        if entry.starts_at is None:
            raise InvalidError("Donnez l’heure de la réunion pour prévenir les familles.", field="starts")
        slots = Slots(
            subject=entry.title, text=entry.text or None, starts_at=entry.starts_at, place=entry.place or None
        )
        return NoticeKind.MEETING, slots
    speaks = tongue("fr")
    days = when(speaks, entry, timezone)
    first = {EventKind.CLOSED: f"Pas de classe {days}.", EventKind.OPEN: f"Il y a classe {days}."}.get(
        entry.kind, f"{entry.title}, {days}."
    )
    lines = (first, f"Lieu : {entry.place}." if entry.place else "", entry.text)
    return NoticeKind.ANNOUNCEMENT, Slots(subject=entry.title, text="\n".join(filter(None, lines)))


async def _before(
    session: AsyncSession, keyring: Keyring, school_id: int, notice_id: int | None, reader: Reader
) -> Headline | None:
    """Give the notice that stands for what families were told: the last correction; None where it was withdrawn."""
    while notice_id is not None:
        later = select(notice_follow.c.notice_id).where(
            and_(
                notice_follow.c.school_id == school_id,
                notice_follow.c.before_id == notice_id,
                notice_follow.c.how == Follows.CORRECTION,
            )
        )
        corrected = (await session.execute(later)).scalar_one_or_none()
        if corrected is None:
            break
        notice_id = corrected
    if notice_id is None:
        return None
    seen = await headline(session, keyring, school_id=school_id, notice_id=notice_id, reader=reader)
    return seen if seen.state is NoticeState.PUBLISHED else None
