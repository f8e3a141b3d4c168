"""A school of which somebody looks at the notices: what the tests of figures, calls and reasons begin with."""

from datetime import datetime, timedelta
from typing import Any

from factories import NOW, TODAY, SmallSchool

from hub.notices.headlines import Reader, recent
from hub.notices.left import Left, how_many_left, left_to_call
from hub.notices.publish import Draft, publish
from hub.notices.reach import Reach, pulse, reach
from hub.people.rights import rights_on
from hub.ports import ChannelName, NoticeKind, Slots
from hub.sealing import Keyring

PHONE_AND_MAIL = ((ChannelName.SMS, "+33639981009"), (ChannelName.EMAIL, "nadia@familles.test"))


class Watch:
    """A school of which somebody looks at the notices."""

    def __init__(self, small: SmallSchool) -> None:
        self.small, self.school_id = small, small.school.key

    async def press(self, audience: str = "school", text: str = "Ecole fermee.", **more: Any) -> int:
        async with self.small.database.school(self.school_id) as session:
            slots, due_at = more.pop("slots", Slots(text=text)), more.pop("due_at", None)
            kind, second = more.pop("kind", NoticeKind.URGENT), self.small.office
            draft = Draft(kind=kind, audience=audience, slots=slots, due_at=due_at, seconded_by=second)
            author = more.pop("author", self.small.director)
            published = await publish(
                session, self.small.keyring, school=self.small.school, author_id=author, draft=draft, now=NOW
            )
        return published.notice_id

    async def reader(self, staff_id: int) -> Reader:
        async with self.small.database.reading(self.school_id) as session:
            return Reader(
                staff_id, await rights_on(session, school_id=self.school_id, staff_id=staff_id, day=TODAY), TODAY
            )

    async def reach(self, notice_id: int, **more: Any) -> Reach:
        async with self.small.database.reading(self.school_id) as session:
            more = {"day": TODAY, "now": NOW, **more}
            return await reach(session, school_id=self.school_id, notice_id=notice_id, **more)

    async def left(self, **more: Any) -> tuple[Left, ...]:
        async with self.small.database.reading(self.school_id) as session:
            more = {"day": TODAY, "now": NOW, **more}
            return await left_to_call(session, school_id=self.school_id, **more)

    async def how_many(self, **more: Any) -> int:
        async with self.small.database.reading(self.school_id) as session:
            return await how_many_left(session, school_id=self.school_id, day=TODAY, now=NOW, **more)

    async def pulse(self, notice_id: int, now: datetime = NOW) -> tuple[object, ...]:
        async with self.small.database.reading(self.school_id) as session:
            return await pulse(session, school_id=self.school_id, notice_id=notice_id, day=TODAY, now=now)

    async def recent(self, keyring: Keyring) -> list[tuple[int, int, int, int]]:
        """The figures of the first page: adults, those who know, on the way, to call."""
        reader = await self.reader(self.small.director)
        async with self.small.database.reading(self.school_id) as session:
            found = await recent(session, keyring, school_id=self.school_id, reader=reader, now=NOW)
        return [(one.adults, one.know, one.moving, one.to_call) for one in found]

    async def act(
        self, what: Any, task_id: int, staff_id: int, *, later: timedelta = timedelta(0), **more: Any
    ) -> None:
        reader = await self.reader(staff_id)
        async with self.small.database.school(self.school_id) as session:
            await what(session, school_id=self.school_id, task_id=task_id, reader=reader, now=NOW + later, **more)

    async def set_states(self, **by_name: str) -> None:
        for name, state in by_name.items():
            await self.small.write(
                "UPDATE delivery SET state = :state WHERE guardian_id IN "
                "(SELECT id FROM guardian WHERE first_name = :name)",
                state=state,
                name=name,
            )
