"""What a link opens: one notice, for the adults it was sent to and who still have a right to it today."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.models.base import BigId
from hub.models.notices import DeliveryState, Needs, NoticeState
from hub.models.people import AddressState, Medium
from hub.outbox.wordings import read_slots, told_of
from hub.people.addresses import masked
from hub.people.links import told_today
from hub.ports import ChannelName, NoticeKind, SchoolCard, Slots
from hub.replies.codes import find_code
from hub.routing import SILENT_DAYS, day_at_school
from hub.sealing import Keyring, UnreadableError
from hub.tables import (
    address,
    answer,
    copy,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    guardian,
    notice,
    notice_version,
    pupil,
    school,
    staff,
)

HOME = "home"
"""What is answered on the family's own page: it says nothing of the address that the message went to."""


@dataclass(frozen=True, slots=True)
class Adult:
    """One of those a copy serves, with the pupils (id → first name) whom the notice is about for this adult."""

    guardian_id: int
    delivery_id: int
    name: str
    service: bool
    pupils: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Served:
    """A copy as of today. `adults` are those with a right today: none when nobody has one any more.

    `may_name`: the address answered lately, so a child's name may be shown there. `asks`: one may answer yes or no, or
    how many; once a meeting has begun it is too late.
    """

    school_id: int
    copy_id: int
    notice_id: int
    address_id: int
    school: SchoolCard
    kind: NoticeKind
    channel: ChannelName
    language: str
    said_at: datetime
    cancelled: bool
    may_name: bool
    adults: tuple[Adult, ...]
    asks: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the notice still stands and somebody here may still be told."""
        return bool(self.adults) and not self.cancelled

    @property
    def alone(self) -> Adult | None:
        """The one adult whom this copy serves; None when several share the address, or a service stands behind it."""
        return self.adults[0] if len(self.adults) == 1 and not self.adults[0].service else None

    def adult(self, guardian_id: int | None) -> Adult | None:
        """Say who speaks: the one who says so, or the only one there is."""
        if guardian_id is None:
            return self.adults[0] if len(self.adults) == 1 else None
        return next((adult for adult in self.adults if adult.guardian_id == guardian_id), None)


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a page shows. `masked`: a number or mailbox, its middle hidden; `noted`: the only adult has answered.

    `through`: how it was opened, by its link ("page") or from the family's own page (`HOME`).
    """

    served: Served
    slots: Slots
    author: str
    masked: str
    noted: bool
    through: str = "page"

    @property
    def pupils(self) -> tuple[str, ...]:
        """First names that may be shown, each once."""
        if not self.served.may_name:
            return ()
        names = {key: name for adult in self.served.adults for key, name in adult.pupils.items()}
        return tuple(names[key] for key in sorted(names))


async def open_link(database: Database, keyring: Keyring, code: str, *, now: datetime) -> LinkView | None:
    """Open a code without changing anything: scanners and previews fetch links too.

    None for a code that is unknown, too old or revoked, or whose family was erased, all alike: who tries codes
    learns nothing.
    """
    found = await find_code(database, keyring, code, now=now)
    return None if found is None else await open_copy(database, keyring, found, now=now)


async def open_copy(database: Database, keyring: Keyring, found: tuple[int, int], *, now: datetime) -> LinkView | None:
    """Read (school, copy) within that school only; None when its family was erased."""
    school_id, copy_id = found
    try:
        async with database.reading(school_id) as session:
            return await _view(await session.connection(), keyring, school_id, copy_id, now)
    except UnreadableError:
        return None


async def served_by(connection: AsyncConnection, *, school_id: int, copy_id: int, now: datetime) -> Served | None:
    """Read whom a copy serves today; every page and answer passes through here. None: no such copy in this school."""
    row = (await connection.execute(_copy(), {"school": school_id, "copy": copy_id})).one_or_none()
    if row is None:
        return None
    served = Served(
        school_id=school_id,
        copy_id=copy_id,
        notice_id=row.notice_id,
        address_id=row.address_id,
        school=SchoolCard(row.name, row.short_name, row.phone, row.timezone),
        kind=NoticeKind(row.kind),
        channel=ChannelName(row.channel),
        language=row.language,
        said_at=row.created_at,
        cancelled=row.state != NoticeState.PUBLISHED,
        may_name=row.address_state == AddressState.ACTIVE
        and row.last_sign_of_life is not None
        and row.last_sign_of_life > now - timedelta(days=SILENT_DAYS),
        adults=(),
        asks=row.expires_at > now if row.kind == NoticeKind.MEETING else row.needs != Needs.NONE,
    )
    return replace(served, adults=await adults_of(connection, served, now))


async def adults_of(
    connection: AsyncConnection, served: Served, now: datetime, *, delivery_id: int | None = None
) -> tuple[Adult, ...]:
    """Read whom a copy, or one delivery, serves today, each with his or her pupils: nobody without a right."""
    which = {"school": served.school_id, "day": day_at_school(now, served.school.timezone)}
    if delivery_id is not None:
        rows = await connection.execute(_told_one(), {**which, "delivery": delivery_id})
    else:
        rows = await connection.execute(_told(), {**which, "copy": served.copy_id})
    adults: dict[int, Adult] = {}
    for row in rows:
        name = row.usage_name or row.family_name if row.service else row.first_name or row.family_name
        adult = adults.setdefault(row.id, Adult(row.guardian_id, row.id, name, row.service, {}))
        adults[row.id] = replace(adult, pupils={**adult.pupils, row.pupil_id: row.pupil})
    return tuple(adults.values())


@cache
def _told() -> Select[Any]:
    """Ask whom a copy serves, with the pupils each is told about on a day: parameters school, copy, day."""
    served = and_(
        copy_delivery.c.school_id == bindparam("school", type_=BigId()),
        copy_delivery.c.copy_id == bindparam("copy", type_=BigId()),
    )
    return _concerned().join(copy_delivery, copy_delivery.c.delivery_id == delivery.c.id).where(served)


@cache
def _told_one() -> Select[Any]:
    """Ask the same of one delivery: parameters school, delivery, day."""
    return _concerned().where(
        delivery.c.school_id == bindparam("school", type_=BigId()),
        delivery.c.id == bindparam("delivery", type_=BigId()),
    )


def _concerned() -> Select[Any]:
    return (
        select(
            delivery.c.id,
            delivery.c.guardian_id,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            guardian.c.service,
            pupil.c.id.label("pupil_id"),
            pupil.c.first_name.label("pupil"),
        )
        .join(guardian, guardian.c.id == delivery.c.guardian_id)
        .join(delivery_pupil, delivery_pupil.c.delivery_id == delivery.c.id)
        .join(pupil, pupil.c.id == delivery_pupil.c.pupil_id)
        .where(
            delivery.c.state != DeliveryState.CANCELLED,
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
        )
        .order_by(delivery.c.id, pupil.c.id)
    )


async def _view(
    connection: AsyncConnection, keyring: Keyring, school_id: int, copy_id: int, now: datetime
) -> LinkView | None:
    served = await served_by(connection, school_id=school_id, copy_id=copy_id, now=now)
    if served is None:
        return None
    where = (await connection.execute(_where(served))).one()
    value = keyring.seal(where.wrapped, where.master_version).open(where.value_sealed, b"address.value").decode()
    return await view_of(connection, keyring, served, shown=masked(Medium(where.medium), value))


async def view_of(
    connection: AsyncConnection, keyring: Keyring, served: Served, *, shown: str, through: str = "page"
) -> LinkView:
    """Read the words of what is served, in their newest version. Raises UnreadableError."""
    words = (await connection.execute(_words(served))).one()
    slots = keyring.seal(words.wrapped, words.master_version).open(words.slots_sealed, b"notice_version.slots")
    noted = await _noted(connection, served)
    told = told_of(read_slots(slots), {number for adult in served.adults for number in adult.pupils})
    return LinkView(served, told, words.name, shown, noted, through)


async def _noted(connection: AsyncConnection, served: Served) -> bool:
    if served.alone is None:  # never show one adult what another did
        return False
    said = select(answer.c.id).where(
        answer.c.school_id == served.school_id,
        answer.c.notice_id == served.notice_id,
        answer.c.guardian_id == served.alone.guardian_id,
    )
    return (await connection.execute(said.limit(1))).first() is not None


SAID_BY = (
    *(notice.c[name] for name in ("kind", "state", "needs", "expires_at", "created_at")),
    *(school.c[name] for name in ("name", "short_name", "phone", "timezone")),
)
"""What is asked of a notice and of its school wherever a family opens one, by a link or on paper."""


@cache
def _copy() -> Select[Any]:
    """Ask for a copy with its notice, address and school: parameters school, copy."""
    return (
        select(
            copy.c.notice_id,
            copy.c.address_id,
            copy.c.channel,
            copy.c.language,
            *SAID_BY,
            address.c.state.label("address_state"),
            address.c.last_sign_of_life,
        )
        .join(notice, notice.c.id == copy.c.notice_id)
        .join(address, address.c.id == copy.c.address_id)
        .join(school, school.c.id == copy.c.school_id)
        .where(copy.c.school_id == bindparam("school", type_=BigId()), copy.c.id == bindparam("copy", type_=BigId()))
    )


def _words(served: Served) -> Any:  # noqa: ANN401 (a statement)
    """The newest version of the notice: an edit is read by who opens the link after it."""
    return (
        select(notice_version.c.slots_sealed, data_key.c.wrapped, data_key.c.master_version, staff.c.name)
        .join(notice, notice.c.id == notice_version.c.notice_id)
        .join(data_key, data_key.c.id == notice.c.data_key_id)
        .join(staff, staff.c.id == notice.c.author_id)
        .where(notice_version.c.school_id == served.school_id, notice_version.c.notice_id == served.notice_id)
        .order_by(notice_version.c.n.desc())
        .limit(1)
    )


def _where(served: Served) -> Any:  # noqa: ANN401 (a statement)
    return (
        select(address.c.medium, address.c.value_sealed, data_key.c.wrapped, data_key.c.master_version)
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .where(address.c.school_id == served.school_id, address.c.id == served.address_id)
    )
