"""What a letter opens: its notice, for the one adult it was printed for, while a right stands; by coupon or by link."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.models.base import BigId
from hub.models.notices import NoticeState
from hub.ports import ChannelName, NoticeKind, SchoolCard
from hub.replies.codes import is_code
from hub.replies.links import LinkView, view_of
from hub.replies.served import SAID_BY, Served, adults_of, asked_by, counted_on_the_first
from hub.sealing import Keyring, UnreadableError
from hub.tables import delivery, guardian, letter, notice, school

LETTER, COUPON = "letter", "coupon"
"""Through what it was answered: by the square on a letter, or by its coupon, which the office typed."""


async def served_on_paper(
    connection: AsyncConnection, *, school_id: int, delivery_id: int, now: datetime
) -> Served | None:
    """Read whom a letter is for today: one adult, or nobody any more. It came to no address (`copy_id` 0)."""
    row = (await connection.execute(_letter(), {"school": school_id, "delivery": delivery_id})).one_or_none()
    if row is None:
        return None
    served = Served(
        school_id=school_id,
        copy_id=0,
        notice_id=row.notice_id,
        address_id=0,
        school=SchoolCard(row.name, row.short_name, row.phone, row.timezone),
        kind=NoticeKind(row.kind),
        channel=ChannelName.LETTER,
        language=row.language,
        said_at=row.created_at,
        cancelled=row.state != NoticeState.PUBLISHED,
        may_name=True,
        adults=(),
        **asked_by(row, now),
    )
    served = replace(served, adults=await adults_of(connection, served, now, delivery_id=delivery_id))
    return await counted_on_the_first(connection, served, row)


async def open_letter(database: Database, keyring: Keyring, code: str, *, now: datetime) -> LinkView | None:
    """Open the code of a letter's square, without changing anything; None for a code that is no good any more."""
    if not is_code(code):
        return None
    asked = select(letter.c.school_id, letter.c.delivery_id).where(
        letter.c.link_hash == keyring.code_hash(code), letter.c.expires_at > now
    )
    async with database.engine_reading() as connection:
        row = (await connection.execute(asked)).one_or_none()
    if row is None:
        return None
    try:
        async with database.reading(row.school_id) as session:
            within = await session.connection()
            served = await served_on_paper(within, school_id=row.school_id, delivery_id=row.delivery_id, now=now)
            return None if served is None else await view_of(within, keyring, served, shown="", through=LETTER)
    except UnreadableError:
        return None


@cache
def _letter() -> Select[Any]:
    """Ask for a delivery with its notice, adult and school: parameters school, delivery."""
    return (
        select(
            delivery.c.notice_id,
            guardian.c.language,
            *SAID_BY,
        )
        .join(notice, notice.c.id == delivery.c.notice_id)
        .join(guardian, guardian.c.id == delivery.c.guardian_id)
        .join(school, school.c.id == delivery.c.school_id)
        .where(
            delivery.c.school_id == bindparam("school", type_=BigId()),
            delivery.c.id == bindparam("delivery", type_=BigId()),
        )
    )
