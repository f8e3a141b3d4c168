"""An adult joins by a chat or by notifications: the invitation is used up, and the old channels are told."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.people import Medium
from hub.notices.publish import Draft, tell
from hub.people.joining import Invited, add_address, use_invitation
from hub.people.links import told_about
from hub.people.schools import read_school
from hub.ports import NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import invitation

PHRASES = {Medium.CHAT: "joined_chat", Medium.PUSH: "joined_push"}


async def join(
    session: AsyncSession,
    keyring: Keyring,
    invited: Invited,
    *,
    value: str,
    name: str,
    language: str | None = None,
    now: datetime,
) -> int:
    """Use an invitation; gives the id of the new address. Raises NotFoundError.

    The old channels are told first, so that whoever did not choose this learns of it where he or she is reached today.
    """
    await use_invitation(session, invited, now=now)
    school = await read_school(session, invited.school_id)
    linked = told_about(school.key, day_at_school(now, school.timezone), to_come=True).subquery("linked")
    await tell(
        session,
        keyring,
        school=school,
        author_id=invited.invited_by,
        draft=Draft(
            kind=NoticeKind.REMINDER,
            audience=f"guardian:{invited.guardian_id}",
            slots=Slots(phrase=PHRASES[invited.medium], language=school.language),
            key=f"joined:{invited.invitation_id}",
        ),
        who=select(linked.c.guardian_id, linked.c.pupil_id)
        .where(linked.c.guardian_id == invited.guardian_id)
        .distinct(),
        now=now,
    )
    address_id = await add_address(
        session,
        keyring,
        school_id=invited.school_id,
        guardian_id=invited.guardian_id,
        medium=invited.medium,
        value=value,
        name=name,
        language=language,
        now=now,
    )
    await session.execute(
        update(invitation)
        .where(invitation.c.school_id == invited.school_id, invitation.c.id == invited.invitation_id)
        .values(address_id=address_id)
    )
    return address_id
