"""Whom a copy serves today: the adults whom its notice is for and who still have a right to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypedDict

from sqlalchemy import Date, Row, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.models.notices import DeliveryState, Needs, NoticeState
from hub.models.people import AddressState
from hub.notices.chain import REPEATS, first_of
from hub.people.links import told_today
from hub.ports import ChannelName, NoticeKind, SchoolCard
from hub.routing import SILENT_DAYS, day_at_school
from hub.tables import address, copy, copy_delivery, delivery, delivery_pupil, guardian, notice, pupil, school


@dataclass(frozen=True, slots=True)
class Adult:
    """One of those a copy serves, with the pupils (id → first name) whom the notice is about for this adult."""

    guardian_id: int
    delivery_id: int
    name: str
    service: bool
    pupils: Mapping[int, str]


class Asked(TypedDict):
    """What a notice asks for, as `Served` keeps it."""

    asks: bool
    most: int | None
    places: int | None
    by_family: bool


@dataclass(frozen=True, slots=True)
class Served:
    """A copy as of today. `adults` are those with a right today: none when nobody has one any more.

    `may_name`: the address answered lately, so a child's name may be shown there. `asks`: one may answer yes or no, or
    how many; once a meeting has begun, or a question is over, it is too late. `most`: the largest number that one may
    say; `places`: how many the room has; `by_family`: one answer stands for both parents. `counts_on`: the notice on
    which an answer stands, where this one only says it again.
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
    most: int | None = None
    places: int | None = None
    by_family: bool = False
    counts_on: int = 0

    @property
    def first_id(self) -> int:
        """The notice on which answers stand: of a reminder, the one that it says again."""
        return self.counts_on or self.notice_id

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
        **asked_by(row, now),
    )
    served = replace(served, adults=await adults_of(connection, served, now))
    return await counted_on_the_first(connection, served, row)


def asked_by(row: Row[Any], now: datetime) -> Asked:
    """Say what a notice asks for, and within which bounds."""
    return Asked(
        asks=(row.kind == NoticeKind.MEETING or row.needs != Needs.NONE) and row.expires_at > now,
        most=row.most,
        places=row.places,
        by_family=row.needs == Needs.ONE,
    )


async def counted_on_the_first(connection: AsyncConnection, served: Served, row: Row[Any]) -> Served:
    """Let what answers a reminder stand on the notice that it says again, so that one board tells all."""
    if not row.audience.startswith(REPEATS):
        return served
    first = await first_of(connection, served.school_id, [served.notice_id])
    return replace(served, counts_on=first.get(served.notice_id, 0))


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


SAID_BY = (
    *(notice.c[name] for name in ("kind", "state", "needs", "expires_at", "created_at", "most", "places", "audience")),
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
