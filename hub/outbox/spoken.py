"""What is said on a call that is being answered now: the words that were sealed when it left, for whom it may tell."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.models.notices import Needs, NoticeState
from hub.models.people import AddressState
from hub.outbox.prepare import TEXT
from hub.outbox.rungs import WRITABLE
from hub.people.links import told_today
from hub.ports import ChannelName, NoticeKind, SchoolCard
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import address, attempt, copy, copy_delivery, data_key, delivery, delivery_pupil, notice, school
from i18n.spoken import read_voice


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call: its words, in which language, about what, of which school. No `words`: it may no longer tell anything.

    `question`: one answers yes or no.
    """

    words: str = field(repr=False)
    language: str
    kind: NoticeKind
    school: SchoolCard
    question: bool


async def spoken(
    connection: AsyncConnection, keyring: Keyring, *, attempt_id: int, sender_id: int, now: datetime
) -> Spoken | None:
    """Read a call of this sender; None when it is none.

    What was withdrawn since it began to ring is not said, nor to whom nobody may tell it any more.
    """
    row = (await connection.execute(_asked(), {"attempt": attempt_id, "sender": sender_id})).one_or_none()
    if row is None:
        return None
    stands = row.pressed == NoticeState.PUBLISHED and AddressState(row.address_state) in WRITABLE
    if stands:
        which = {"copy": row.copy_id, "day": day_at_school(now, row.timezone)}
        stands = (await connection.execute(_may_hear(), which)).first() is not None
    seal = keyring.seal(row.wrapped, row.master_version)
    language, words = read_voice(seal.open(row.text_sealed, TEXT).decode())
    card = SchoolCard(row.name, row.short_name, row.phone, row.timezone)
    return Spoken(words if stands else "", language, NoticeKind(row.kind), card, row.needs != Needs.NONE)


@cache
def _may_hear() -> Select[Any]:
    """Ask for somebody who may be told today what a call says: parameters copy, day."""
    return (
        select(delivery.c.id)
        .join(copy_delivery, copy_delivery.c.delivery_id == delivery.c.id)
        .join(delivery_pupil, delivery_pupil.c.delivery_id == delivery.c.id)
        .where(
            copy_delivery.c.copy_id == bindparam("copy", type_=BigId()),
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
        )
        .limit(1)
    )


@cache
def _asked() -> Select[Any]:
    return (
        select(
            attempt.c.text_sealed,
            attempt.c.copy_id,
            notice.c.kind,
            notice.c.needs,
            notice.c.state.label("pressed"),
            address.c.state.label("address_state"),
            data_key.c.wrapped,
            data_key.c.master_version,
            school.c.name,
            school.c.short_name,
            school.c.phone,
            school.c.timezone,
        )
        .join(copy, copy.c.id == attempt.c.copy_id)
        .join(notice, notice.c.id == copy.c.notice_id)
        .join(address, address.c.id == copy.c.address_id)
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .join(school, school.c.id == attempt.c.school_id)
        .where(
            attempt.c.id == bindparam("attempt", type_=BigId()),
            attempt.c.sender_id == bindparam("sender", type_=BigId()),
            attempt.c.text_sealed.is_not(None),
            copy.c.channel == ChannelName.VOICE,
        )
    )
