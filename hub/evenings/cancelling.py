"""An evening does not take place: all of its hours go, and everybody who was asked hears it once."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.evenings import asked
from hub.evenings.opening import read_evening, require_whole_school
from hub.models.school import School
from hub.notices.audience import Audience, members
from hub.notices.headlines import Reader
from hub.notices.publish import AUDIENCE_MAX, Draft, tell
from hub.ports import NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import booking, class_group, meeting_slot


async def cancel_evening(
    session: AsyncSession, keyring: Keyring, *, school: School, evening_id: int, reader: Reader, now: datetime
) -> int:
    """Cancel the hours to come of all its classes, and tell their families; gives how many hours went.

    Pressed again it does nothing. Raises NotAllowedError, NotFoundError.
    """
    require_whole_school(reader)
    row = await read_evening(session, school_id=school.key, evening_id=evening_id, lock=True)
    rounds = (await session.execute(asked.rounds(), {"school": school.key, "evening": evening_id})).all()
    mine = (
        meeting_slot.c.school_id == school.key,
        meeting_slot.c.round_id.in_([one.id for one in rounds]),
        meeting_slot.c.cancelled_at.is_(None),
        meeting_slot.c.starts_at > now,
    )
    times = select(meeting_slot.c.id, meeting_slot.c.starts_at).where(*mine).order_by(meeting_slot.c.id)
    hours = (await session.execute(times.with_for_update())).all()
    if not hours:
        return 0
    gone = (meeting_slot.c.school_id == school.key, meeting_slot.c.id.in_([hour.id for hour in hours]))
    had = (booking.c.school_id == school.key, booking.c.slot_id.in_([hour.id for hour in hours]))
    ended = {"cancelled_at": now, "sequence": booking.c.sequence + 1}
    await session.execute(update(booking).where(*had, booking.c.cancelled_at.is_(None)).values(ended))
    await session.execute(update(meeting_slot).where(*gone).values(cancelled_at=now))
    classes = [one.class_id for one in rounds]
    labels = await session.scalars(
        select(class_group.c.label).where(class_group.c.school_id == school.key, class_group.c.id.in_(classes))
    )
    first = min(hour.starts_at for hour in hours)
    draft = Draft(
        NoticeKind.ANNOUNCEMENT,
        f"class:{','.join(sorted(labels))}"[:AUDIENCE_MAX],
        Slots(phrase="evening_cancelled", day=day_at_school(first, school.timezone), language=school.language),
        key=f"sans-soir:{evening_id}",
    )
    who = members(school.key, Audience(classes=frozenset(classes)), reader.day)
    await tell(session, keyring, school=school, author_id=row.author_id, draft=draft, who=who, now=now)
    return len(hours)
