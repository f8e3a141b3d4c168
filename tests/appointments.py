"""A class whose teacher offers appointments: hours on a Thursday afternoon, and who asks for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from factories import NOW, TODAY, SmallSchool

from hub.meetings.choosing import Comes, choose, give_back, wait
from hub.meetings.reading import ForChild, RoundSheet, for_family, round_sheet
from hub.meetings.rounds import Opened, RoundDraft, add_hours, cancel_hours, open_round
from hub.meetings.times import Offer
from hub.notices.headlines import Reader
from hub.people.kin import children_of
from hub.people.rights import rights_on

THURSDAY = date(2026, 12, 3)
FIVE = datetime(2026, 12, 3, 16, 0, tzinfo=UTC)
"""Five o'clock at the school, when the first appointment begins."""
OFFER = Offer(THURSDAY, time(17), time(18), 15, room="Salle 2")
TEN = timedelta(minutes=10)


async def reader_of(small: SmallSchool, staff_id: int) -> Reader:
    async with small.database.reading(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=staff_id, day=TODAY)
    return Reader(staff_id, rights, TODAY)


@dataclass
class Offered:
    """A round of a class; `round_id` once it is open."""

    small: SmallSchool
    round_id: int = 0
    offer: Offer = OFFER
    notices: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def acting(self, by: int | None = None, now: datetime = NOW) -> AsyncIterator[dict[str, Any]]:
        """Write as a member of staff, the teacher of the class unless another is named."""
        reader = await reader_of(self.small, by or self.small.teacher)
        async with self.small.database.school(self.small.school.key) as session:
            keyring, school = self.small.keyring, self.small.school
            yield {"session": session, "keyring": keyring, "school": school, "reader": reader, "now": now}

    async def open(self, by: int | None = None, *, key: str = "r1", now: datetime = NOW, **more: Any) -> Opened:
        drafted = RoundDraft(
            self.small.classes["CP A"], "Rendez-vous de décembre", self.offer, (self.small.teacher,),
            text="Nous parlerons de la lecture.",
        )  # fmt: skip
        async with self.acting(by, now) as act:
            opened = await open_round(**act, draft=replace(drafted, **more), key=key)
        self.round_id = opened.round_id
        return opened

    async def slots(self) -> list[int]:
        """Give the hours of the round that stand, in their order."""
        asked = "SELECT id FROM meeting_slot WHERE round_id = :id AND cancelled_at IS NULL ORDER BY starts_at, id"
        return [int(row[0]) for row in await self.small.rows(asked, id=self.round_id)]

    async def choose(
        self, slot_id: int, guardian: int, pupil: int = 1, *, by: int | None = None, now: datetime = NOW
    ) -> int:
        async with self.small.database.school(self.small.school.key) as session:
            comes = Comes(guardian, pupil, by)
            return await choose(
                session, self.small.keyring, school=self.small.school, slot_id=slot_id, comes=comes, now=now
            )

    async def give_back(self, booking_id: int, *guardians: int, now: datetime = NOW) -> None:
        async with self.small.database.school(self.small.school.key) as session:
            await give_back(
                session, self.small.keyring, school=self.small.school, booking_id=booking_id,
                guardians=guardians or None, now=now,
            )  # fmt: skip

    async def wait(self, guardian: int, pupil: int = 1, *, waits: bool = True) -> None:
        async with self.small.database.school(self.small.school.key) as session:
            comes = Comes(guardian, pupil)
            await wait(session, school=self.small.school, round_id=self.round_id, comes=comes, waits=waits, now=NOW)

    async def cancel(self, *slots: int, by: int | None = None, now: datetime = NOW) -> int:
        async with self.acting(by, now) as act:
            return await cancel_hours(**act, round_id=self.round_id, slots=slots)

    async def add(self, offer: Offer, by: int | None = None) -> int:
        async with self.acting(by) as act:
            return await add_hours(**act, round_id=self.round_id, offer=offer, teachers=(self.small.teacher,))

    async def seen_by(self, *guardians: int, now: datetime = NOW) -> list[ForChild]:
        """Give what these adults see of it."""
        async with self.small.database.reading(self.small.school.key) as session:
            here = {"school_id": self.small.school.key}
            children = await children_of(session, **here, guardians=guardians, day=TODAY)
            return await for_family(session, self.small.keyring, **here, children=children, now=now)

    async def sheet(self, by: int | None = None) -> RoundSheet:
        reader = await reader_of(self.small, by or self.small.teacher)
        async with self.small.database.reading(self.small.school.key) as session:
            return await round_sheet(
                session, self.small.keyring, school_id=self.small.school.key, round_id=self.round_id, reader=reader
            )

    async def told(self) -> list[tuple[Any, ...]]:
        """Give whom each notice went to, the invitation aside: (kind, first name), in the order of the presses."""
        return await self.small.rows(
            "SELECT notice.kind, guardian.first_name FROM notice JOIN delivery ON delivery.notice_id = notice.id "
            "JOIN guardian ON guardian.id = delivery.guardian_id WHERE notice.key_name NOT LIKE 'rdv:%' "
            "ORDER BY notice.id, guardian.id"
        )
