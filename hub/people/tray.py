"""The office tray: what a human must look at. The same matter is put there once, until it is closed."""

import hashlib
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.people import Matter
from hub.routing import KEEP
from hub.tables import insert_into, tray_item


async def put_in_tray(
    within: AsyncConnection | AsyncSession,
    school_id: int,
    matter: Matter,
    *,
    subject: str,
    now: datetime,
    guardian_id: int | None = None,
    pupil_id: int | None = None,
    address_id: int | None = None,
    detail_sealed: bytes | None = None,
) -> None:
    """Ask the office to look; `subject` says what about (ids only), so that asking twice changes nothing."""
    await within.execute(
        insert_into(tray_item, within)
        .values(
            school_id=school_id,
            matter=matter,
            subject_hash=hashlib.sha256(subject.encode()).digest()[:16],
            guardian_id=guardian_id,
            pupil_id=pupil_id,
            address_id=address_id,
            detail_sealed=detail_sealed,
            opened_at=now,
            keep_until=(now + KEEP).date(),
        )
        .on_conflict_do_nothing()
    )
