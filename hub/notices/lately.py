"""What was said before: under this key, lately in the same words, or as the alarm that stands now."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.notices import NoticeState
from hub.notices.headlines import Headline, read_headline
from hub.notices.headlines_asked import headlines
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from hub.tables import notice


async def pressed_before(
    session: AsyncSession, keyring: Keyring, *, school_id: int, author_id: int, key: str
) -> Headline | None:
    """Read what this author pressed under this key; None: nothing yet."""
    mine = headlines().where(notice.c.key_name == key, notice.c.author_id == author_id)
    row = (await session.execute(mine, {"school": school_id})).one_or_none()
    return read_headline(row, keyring) if row else None


async def said_lately(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    kind: NoticeKind,
    audience: str,
    slots: Slots,
    now: datetime,
) -> Headline | None:
    """Find the last notice of one day that says just this to the same people, and still stands."""
    lately = headlines().where(
        notice.c.kind == kind, notice.c.state == NoticeState.PUBLISHED, notice.c.created_at > now - timedelta(days=1)
    )
    for row in await session.execute(lately.order_by(notice.c.id.desc()).limit(50), {"school": school_id}):
        if _parts(row.audience) == _parts(audience):
            found = read_headline(row, keyring)
            if _meant(found.slots) == _meant(slots):
                return found
    return None


async def last_crisis(session: AsyncSession, keyring: Keyring, *, school_id: int, now: datetime) -> Headline | None:
    """Read the alarm that stands now; None when there is none."""
    mine = headlines().where(
        notice.c.kind == NoticeKind.CRISIS, notice.c.state == NoticeState.PUBLISHED, notice.c.expires_at > now
    )
    row = (await session.execute(mine.order_by(notice.c.id.desc()).limit(1), {"school": school_id})).one_or_none()
    return read_headline(row, keyring) if row else None


def _parts(audience: str) -> frozenset[str]:
    """Name the parts of an audience, in whatever order they were chosen."""
    parts = (part.partition(":") for part in audience.split(";"))
    return frozenset(f"{kind.strip()}:{name.strip()}" for kind, _, names in parts for name in names.split(","))


def _meant(slots: Slots) -> Slots:
    """Leave out what is spelling: case, spaces, and how an SMS writes it."""
    text = " ".join((slots.text or "").lower().split())
    return replace(slots, text=text, subject=" ".join((slots.subject or "").lower().split()), follows=None, plain=False)
