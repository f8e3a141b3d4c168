"""A mail is answered by a message of its own: that more were announced than may come, or that the room is full."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.notices.audience import of_adult
from hub.notices.publish import Draft, tell
from hub.people.schools import read_school
from hub.people.staff import speaks_for
from hub.ports import NoticeKind, Slots
from hub.replies.keeping import Received
from hub.replies.saying_back import words_back
from hub.routing import day_at_school
from hub.sealing import Keyring


async def tell_back(
    session: AsyncSession, keyring: Keyring, received: Received, *, school_id: int, now: datetime
) -> int | None:
    """Tell the adult who wrote, in his or her language; gives the notice, if there was something to say."""
    if received.back is None or received.whose is None:
        return None
    (notice_id, guardian_id), school = received.whose, await read_school(session, school_id)
    day = day_at_school(now, school.timezone)
    who = of_adult(school_id, notice_id, guardian_id, day)
    slots = Slots(text=words_back(received.back), language=received.back.language)
    draft = Draft(NoticeKind.ANNOUNCEMENT, f"guardian:{guardian_id}", slots)
    author = await speaks_for(session, school_id=school_id, day=day)
    told = await tell(session, keyring, school=school, author_id=author, draft=draft, who=who, now=now)
    return told.notice_id
