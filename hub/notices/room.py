"""The places of a room: who has one, who waits for one, and who moves up when some fall free.

Everybody who answers locks the notice first, so that two who answer at once are taken one after the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, Update, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId, UtcDateTime
from hub.notices.chairs import Coming, chairs, who_comes
from hub.tables import answer, notice


@dataclass(frozen=True, slots=True)
class Seat:
    """An adult who comes: `wants` so many places, and has `held` of them; 0 waits for all."""

    answer_id: int
    guardian_id: int
    wants: int
    held: int
    pupils: frozenset[int]

    @property
    def waits(self) -> bool:
        """Whether some of them have no place yet."""
        return self.held < self.wants


@dataclass(frozen=True, slots=True)
class Room:
    """A room with `places`, and those who come, who answered first first."""

    places: int
    by_family: bool
    seats: tuple[Seat, ...] = ()

    @property
    def taken(self) -> int:
        """Places that somebody has; a family counts once."""
        return self._taken(self.seats)

    def _taken(self, seats: Iterable[Seat]) -> int:
        return chairs((Coming(one.held, one.pupils) for one in seats if one.held), by_family=self.by_family)

    def given(self, seat: Seat) -> int:
        """Say how many places this adult gets, who says so now: all, or else those that he or she had before."""
        others = tuple(one for one in self.seats if one.guardian_id != seat.guardian_id)
        before = next((one.held for one in self.seats if one.guardian_id == seat.guardian_id), 0)
        whole = self._taken((*others, replace(seat, held=seat.wants)))
        fits = whole <= max(self.places, self._taken(self.seats) if seat.wants <= before else 0)
        return seat.wants if fits else min(before, seat.wants)

    def rising(self) -> tuple[Seat, ...]:
        """Say who moves up: of those who wait, in the order of their answers, each for whom there is room."""
        seats, risen = list(self.seats), list[Seat]()
        for at, one in enumerate(seats):
            whole = replace(one, held=one.wants)
            if one.waits and self._taken([*seats[:at], whole, *seats[at + 1 :]]) <= self.places:
                seats[at] = whole
                risen.append(whole)
        return tuple(risen)


async def lock_notice(connection: AsyncConnection, *, school_id: int, notice_id: int) -> None:
    """Let nobody else answer this notice until the transaction ends."""
    await connection.execute(_lock(), {"school": school_id, "notice": notice_id})


async def read_room(
    connection: AsyncConnection, *, school_id: int, notice_id: int, places: int, by_family: bool, day: date
) -> Room:
    """Read who comes of those who may still be told on `day`."""
    rows = await connection.execute(who_comes(), {"school": school_id, "notice": notice_id, "day": day})
    return Room(places, by_family, seats_of(rows))


async def move_up(connection: AsyncConnection, room: Room, *, school_id: int, now: datetime) -> int:
    """Give those who wait the places that fell free, and keep that they are to be told; gives how many."""
    risen = room.rising()
    if risen:
        rows = [{"b_school": school_id, "b_answer": one.answer_id, "b_held": one.held, "b_now": now} for one in risen]
        await connection.execute(_rises(), rows)
    return len(risen)


def seats_of(rows: Iterable[Any]) -> tuple[Seat, ...]:
    """Gather the rows of `who_comes`, who answered first first; who answered before it was counted has a place."""
    pupils = defaultdict[int, set[int]](set)
    found: dict[int, Any] = {}
    for row in rows:
        pupils[row.guardian_id].add(row.pupil_id)
        found[row.guardian_id] = row
    in_order: Sequence[Any] = sorted(found.values(), key=lambda row: (row.at, row.id))
    return tuple(_seat(row, pupils) for row in in_order)


def _seat(row: Row[Any], pupils: Mapping[int, set[int]]) -> Seat:
    wants = row.number or 1
    held = wants if row.held is None else row.held
    return Seat(row.id, row.guardian_id, wants, held, frozenset(pupils[row.guardian_id]))


@cache
def _lock() -> Select[Any]:
    """Lock a notice beside those who only refer to it: parameters school, notice."""
    here = (notice.c.school_id == bindparam("school", type_=BigId()), notice.c.id == bindparam("notice", type_=BigId()))
    return select(notice.c.id).where(*here).with_for_update(key_share=True)


@cache
def _rises() -> Update:
    """Give places to an answer: parameters b_school, b_answer, b_held, b_now."""
    return (
        update(answer)
        .where(
            answer.c.school_id == bindparam("b_school", type_=BigId()),
            answer.c.id == bindparam("b_answer", type_=BigId()),
        )
        .values(held=bindparam("b_held"), rose_at=bindparam("b_now", type_=UtcDateTime()))
    )
