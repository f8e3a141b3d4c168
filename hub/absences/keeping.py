"""How long words about an absence are kept: no longer than needed (RGPD art. 5), the case itself until the summer."""

from datetime import date, datetime, timedelta

from sqlalchemy import and_, exists, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.rolls import AbsenceState
from hub.models.threads import TOLD_BEFORE
from hub.tables import absence, reply

AFTER_THE_CASE = timedelta(days=30)


async def let_replies_go(within: AsyncConnection | AsyncSession, *, school_id: int, today: date, now: datetime) -> int:
    """Let what families wrote about an absence go in the night's purge, thirty days after its case closed.

    That is what answered the alert, and what an adult wrote that explained a case before any alert. The register keeps
    what was said (the reason alone). Gives how many replies; asked each night, before the purge.
    """
    closed_since = now - AFTER_THE_CASE
    waiting = or_(absence.c.state == AbsenceState.OPEN, absence.c.closed_at > closed_since)
    of_alert = and_(absence.c.school_id == reply.c.school_id, absence.c.notice_id == reply.c.notice_id)
    about = and_(exists().where(of_alert), ~exists().where(of_alert, waiting))
    before = reply.c.sense == TOLD_BEFORE  # its case closed at once
    over = today - timedelta(days=1)
    done = await within.execute(
        update(reply)
        .where(
            reply.c.school_id == school_id,
            reply.c.received_at <= closed_since,
            or_(reply.c.keep_until.is_(None), reply.c.keep_until > over),
            or_(about, before),
        )
        .values(keep_until=over)
        .returning(reply.c.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
