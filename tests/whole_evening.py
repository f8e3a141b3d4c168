"""An evening of a whole school: two classes receive on a Thursday, families say when they can come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from appointments import reader_of
from factories import NOW, SINCE, TODAY, SmallSchool

from hub.evenings.adopting import adopt
from hub.evenings.opening import EveningDraft, Receives, open_evening
from hub.evenings.proposing import facts, keep_plan
from hub.evenings.reading import EveningSheet, evening_sheet
from hub.evenings.seeking import proposed
from hub.evenings.wishes import ToWish, Window, evenings_for, wish
from hub.meetings.times import Offer
from hub.notices.headlines import Reader
from hub.people.kin import children_of

THURSDAY = date(2026, 12, 3)
FIVE = datetime(2026, 12, 3, 16, 0, tzinfo=UTC)
"""Five o'clock at the school, when the first appointments begin."""
QUARTER = timedelta(minutes=15)
EVENING = (FIVE, FIVE + 4 * QUARTER)


@dataclass
class WholeEvening:
    """An evening in CP A and CE1 B, four quarters of an hour each; `evening_id` once it is open."""

    small: SmallSchool
    evening_id: int = 0
    other: int = 0
    """The teacher of CE1 B."""
    readers: dict[int, Reader] = field(default_factory=dict)

    async def another_teacher(self) -> int:
        """Let somebody teach CE1 B."""
        name = "M. Second"
        await self.small.write(
            "INSERT INTO staff (school_id, name, email_sealed, email_hash) VALUES (:school, :name, :none, :hash)",
            school=self.small.school.key, name=name, none=b"", hash=self.small.keyring.lookup("staff", name),
        )  # fmt: skip
        ((self.other,),) = await self.small.rows("SELECT id FROM staff WHERE name = :name", name=name)
        await self.small.write(
            "INSERT INTO staff_right (school_id, staff_id, role, class_id, from_on) "
            "VALUES (:school, :staff, 'teacher', :class, :since)",
            school=self.small.school.key, staff=self.other, since=SINCE, **{"class": self.small.classes["CE1 B"]},
        )  # fmt: skip
        return self.other

    async def acting(self, by: int | None = None) -> dict[str, Any]:
        """Give what an act asks for: the director acts, unless somebody else is named."""
        reader = await reader_of(self.small, by or self.small.director)
        return {"school": self.small.school, "reader": reader}

    def draft(self, **more: Any) -> EveningDraft:
        known = {
            "title": "Rencontre de décembre",
            "text": "Nous parlerons de la lecture.",
            "offer": Offer(THURSDAY, time(17), time(18), 15),
            "days": (THURSDAY,),
            "receive": (
                Receives(self.small.classes["CP A"], self.small.teacher, "Salle 2"),
                Receives(self.small.classes["CE1 B"], self.other, "Salle 5"),
            ),
        }
        return EveningDraft(**{**known, **more})

    async def open(self, *, key: str = "e1", by: int | None = None, now: datetime = NOW, **more: Any) -> int:
        acting = await self.acting(by)
        async with self.small.database.school(self.small.school.key) as session:
            self.evening_id = await open_evening(
                session, self.small.keyring, **acting, draft=self.draft(**more), key=key, now=now
            )
        return self.evening_id

    async def asked(self, *guardians: int, now: datetime = NOW) -> list[ToWish]:
        """Give what these adults are asked, on one page."""
        async with self.small.database.reading(self.small.school.key) as session:
            children = await children_of(session, school_id=self.small.school.key, guardians=guardians, day=TODAY)
            return await evenings_for(session, self.small.keyring, school=self.small.school, children=children, now=now)

    async def wish(
        self,
        guardian: int,
        *windows: Window,
        wanted: Sequence[int] | None = None,
        by: int | None = None,
        now: datetime = NOW,
    ) -> None:
        """Say for an adult when he or she comes, about all children unless some are named."""
        seen = next(one for one in await self.asked(guardian) if one.evening_id == self.evening_id)
        about = [(one.child.pupil_id, one.round_id) for one in seen.children]
        ticked = about if wanted is None else [one for one in about if one[0] in wanted]
        async with self.small.database.school(self.small.school.key) as session:
            await wish(
                session, school=self.small.school, evening_id=self.evening_id, about=seen.children, wanted=ticked,
                windows=windows or [(day.starts_at, day.ends_at) for day in seen.days], by=by, now=now,
            )  # fmt: skip

    async def propose(self, *, by: int | None = None, now: datetime = NOW) -> None:
        """Seek a plan, with no session open meanwhile, and keep it."""
        acting = await self.acting(by)
        async with self.small.database.reading(self.small.school.key) as session:
            found = await facts(session, **acting, evening_id=self.evening_id, now=now)
        plan = await proposed(found)
        async with self.small.database.school(self.small.school.key) as session:
            await keep_plan(session, plan, **acting, evening_id=self.evening_id, found=found, now=now)

    async def adopt(self, *, by: int | None = None, now: datetime = NOW) -> int:
        acting = await self.acting(by)
        sought_at = (await self.sheet()).sought_at
        async with self.small.database.school(self.small.school.key) as session:
            return await adopt(
                session, self.small.keyring, **acting, evening_id=self.evening_id, sought_at=sought_at, now=now
            )

    async def sheet(self, by: int | None = None) -> EveningSheet:
        acting = await self.acting(by)
        async with self.small.database.reading(self.small.school.key) as session:
            return await evening_sheet(session, self.small.keyring, **acting, evening_id=self.evening_id)

    async def booked(self) -> list[tuple[Any, ...]]:
        """Give the appointments that stand: (guardian, pupil, hour), in the order of the hours."""
        rows = await self.small.rows(
            "SELECT guardian_id, pupil_id, meeting_slot.starts_at FROM booking "
            "JOIN meeting_slot ON meeting_slot.id = booking.slot_id "
            "WHERE booking.cancelled_at IS NULL ORDER BY meeting_slot.starts_at, guardian_id, pupil_id"
        )
        return [(guardian, pupil, str(at)[11:16]) for guardian, pupil, at in rows]

    async def told(self) -> list[tuple[Any, ...]]:
        """Give whom each notice of the evening went to: (key without its number, first name)."""
        rows = await self.small.rows(
            "SELECT notice.key_name, guardian.first_name FROM notice JOIN delivery ON delivery.notice_id = notice.id "
            "JOIN guardian ON guardian.id = delivery.guardian_id ORDER BY notice.id, guardian.id"
        )
        return [(key.split(":")[0] + ":" + ("adult" if key.count(":") > 1 else "all"), name) for key, name in rows]
