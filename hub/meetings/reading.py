"""Appointments as somebody may see them: a family its own and what is free, the staff of a class all of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.meetings import asked
from hub.meetings.rounds import LINK, TEXT, TITLE, enter_round
from hub.notices.headlines import Reader
from hub.people.kin import Child
from hub.people.names import full_name
from hub.people.schools import school_key
from hub.sealing import Keyring, Seal


@dataclass(frozen=True, slots=True)
class Time:
    """A time that a teacher offers. `link`: where it is online, only for who comes; `online`: whether it is."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    teacher: str
    room: str
    online: bool
    link: str = ""

    def __repr__(self) -> str:
        return f"Time({self.slot_id})"


@dataclass(frozen=True, slots=True)
class ForChild:
    """Appointments offered for one child, as one adult sees them: his or her own, and what nobody has yet.

    `open`: one may choose, until `closes_at`. `uid` names the appointment in calendars. `waits`: this adult is told
    when a time falls free. `declined`: this adult has said not to come.
    """

    round_id: int
    child: Child
    title: str
    text: str
    closes_at: datetime
    open: bool
    booking_id: int | None
    uid: str
    own: Time | None
    free: tuple[Time, ...]
    waits: bool
    declined: bool

    @property
    def to_choose(self) -> bool:
        """Whether an hour is to choose."""
        return self.own is None and bool(self.free) and not self.declined

    def __repr__(self) -> str:
        return f"ForChild({self.round_id})"


@dataclass(frozen=True, slots=True)
class Booked:
    """Who comes. `told`: a link still lets this adult be told of the child; `by_school`: the school wrote it down."""

    booking_id: int
    adult: str
    child: str
    told: bool
    by_school: bool


@dataclass(frozen=True, slots=True)
class OnSheet:
    """A time on the sheet of a round, and who has it."""

    time: Time
    booked: Booked | None


@dataclass(frozen=True, slots=True)
class Pair:
    """An adult who may come for a child; `has`: there is an appointment already."""

    guardian_id: int
    pupil_id: int
    adult: str
    child: str
    has: bool


@dataclass(frozen=True, slots=True)
class RoundSheet:
    """A round as the staff of its class sees it. `wishes`: families say when they can come, and choose no time yet."""

    round_id: int
    class_id: int
    class_label: str
    title: str
    text: str
    closes_at: datetime
    notice_id: int | None
    times: tuple[OnSheet, ...]
    pairs: tuple[Pair, ...]
    wishes: bool = False

    @property
    def chosen(self) -> int:
        """How many times are taken."""
        return sum(one.booked is not None for one in self.times)

    @property
    def without(self) -> tuple[str, ...]:
        """The children of whom nobody has an appointment yet."""
        have = {pair.pupil_id for pair in self.pairs if pair.has}
        return tuple({pair.pupil_id: pair.child for pair in self.pairs if pair.pupil_id not in have}.values())


@dataclass(frozen=True, slots=True)
class Listed:
    """A round in the list of a class's."""

    round_id: int
    class_id: int
    title: str
    first: datetime
    times: int
    chosen: int


async def for_family(
    session: AsyncSession, keyring: Keyring, *, school_id: int, children: Collection[Child], now: datetime
) -> list[ForChild]:
    """List what is offered for these children, `children_of` gave them; of others' appointments nothing.

    A child who stands beside two adults of one visitor is shown once: beside who has an appointment, else who waits.
    What was chosen before the child changed its class is shown until it is given back.
    """
    classes = sorted({child.class_id for child in children})
    guardians = sorted({child.guardian_id for child in children})
    if not classes:
        return []
    which = {"school": school_id, "classes": classes, "guardians": guardians, "now": now}
    rows = (await session.execute(asked.offered(), which)).all()
    if not rows:
        return []
    seal = await school_key(session, keyring, school_id)
    rows_said = await session.execute(asked.said_of(), {"school": school_id, "guardians": guardians})
    said = {(row.round_id, row.guardian_id, row.pupil_id): bool(row.waits) for row in rows_said}
    found = dict[tuple[int, int], ForChild]()
    for round_id, group in groupby(sorted(rows, key=lambda row: row.round_id), key=lambda row: row.round_id):
        times = list(group)
        for child in (one for one in children if one.class_id == times[0].class_id or _own(one, times)):
            waits = said.get((round_id, child.guardian_id, child.pupil_id))
            seen = _for_child(round_id, child, times, seal, now, waits=waits)
            before = found.get((round_id, child.pupil_id))
            if before is None or (bool(seen.booking_id), seen.waits) > (bool(before.booking_id), before.waits):
                found[round_id, child.pupil_id] = seen
    return [one for one in found.values() if one.own or one.open]


async def rounds_to_come(
    session: AsyncSession, keyring: Keyring, *, school_id: int, classes: Collection[int], now: datetime
) -> list[Listed]:
    """List the rounds of some classes that have a time to come."""
    rows = (await session.execute(asked.rounds_of(), {"school": school_id, "classes": list(classes), "now": now})).all()
    if not rows:
        return []
    seal = await school_key(session, keyring, school_id)
    return [
        Listed(row.id, row.class_id, seal.open(row.title_sealed, TITLE).decode(), row.first, row.times, row.chosen)
        for row in rows
    ]


async def round_sheet(
    session: AsyncSession, keyring: Keyring, *, school_id: int, round_id: int, reader: Reader
) -> RoundSheet:
    """Read a round for the staff of its class. Raises NotFoundError, NotAllowedError."""
    row, room = await enter_round(session, school_id=school_id, round_id=round_id, reader=reader)
    seal = await school_key(session, keyring, school_id)
    here = {"school": school_id, "day": reader.day}
    rows = (await session.execute(asked.of_round(), {**here, "round": round_id})).all()
    pairs = (await session.execute(asked.pairs_of_class(), {**here, "class": row.class_id})).all()
    have = {(one.guardian_id, one.pupil_id) for one in rows if one.booking_id}
    return RoundSheet(
        round_id=round_id,
        class_id=room.class_id,
        class_label=room.label,
        title=seal.open(row.title_sealed, TITLE).decode(),
        text=seal.open(row.text_sealed, TEXT).decode() if row.text_sealed else "",
        closes_at=row.closes_at,
        notice_id=row.notice_id,
        times=tuple(OnSheet(_time(one, seal, comes=True), _booked(one)) for one in rows),
        pairs=tuple(
            Pair(one.guardian_id, one.pupil_id, _name(one), _child(one), (one.guardian_id, one.pupil_id) in have)
            for one in pairs
        ),
        wishes=bool(row.wishes),
    )


def _for_child(
    round_id: int, child: Child, times: Sequence[Any], seal: Seal, now: datetime, *, waits: bool | None
) -> ForChild:
    mine, first = _own(child, times), times[0]
    is_open = first.closes_at > now and not first.wishes and child.class_id == first.class_id
    free = [row for row in times if row.booking_id is None and row.starts_at > now] if is_open else []
    return ForChild(
        round_id=round_id,
        child=child,
        title=seal.open(first.title_sealed, TITLE).decode(),
        text=seal.open(first.text_sealed, TEXT).decode() if first.text_sealed else "",
        closes_at=first.closes_at,
        open=is_open,
        booking_id=mine[0].booking_id if mine else None,
        uid=mine[0].uid if mine else "",
        own=_time(mine[0], seal, comes=True) if mine else None,
        free=tuple(_time(row, seal) for row in free),
        waits=waits is True,
        declined=waits is False,
    )


def _own(child: Child, times: Sequence[Any]) -> Sequence[Any]:
    """Find the appointment of an adult for a child among the times of a round."""
    return [row for row in times if (row.guardian_id, row.pupil_id) == (child.guardian_id, child.pupil_id)]


def _time(row: Row[Any], seal: Seal, *, comes: bool = False) -> Time:
    online = row.link_sealed is not None
    link = seal.open(row.link_sealed, LINK).decode() if online and comes else ""
    return Time(row.slot_id, row.starts_at, row.ends_at, row.teacher, row.room, online, link)


def _booked(row: Row[Any]) -> Booked | None:
    if row.booking_id is None:
        return None
    return Booked(row.booking_id, _name(row), _child(row), bool(row.told), row.booked_by is not None)


def _name(row: Row[Any]) -> str:
    return full_name(row.first_name, row.usage_name, row.family_name)


def _child(row: Row[Any]) -> str:
    return full_name(row.child, "", row.child_family)
