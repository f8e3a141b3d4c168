"""A school whose rolls are taken in tests, with the engine around it: who is alerted, and what becomes of each case."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, Self

from factories import NOW, TODAY, FakeChannel, SmallSchool
from sqlalchemy import event
from watching import Watch

from hub.absences.cases import answered, type_in
from hub.absences.chasing import tell_the_others
from hub.absences.register import Case, cases_of
from hub.absences.rolls import ClassRoll, RollView, Taken, class_roll, rolls_of, take_roll
from hub.models.answers import AnswerKind
from hub.models.rolls import Mark
from hub.models.school import WatchDuty
from hub.outbox.wordings import Wordings
from hub.ports import ChannelName, HalfDay, Lane, Proof
from hub.replies.answers import Taken as Answered
from hub.replies.answers import answer
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain
from scheduler.rounds import Rounds

EARLIER = NOW - timedelta(minutes=11)
"""When a roll is taken whose alerts are due by NOW, where the clock of these tests stands."""


class RollCall(Watch):
    """A school with the engine around it, driven by hand; `today`, `half`: of the rolls that it takes."""

    def __init__(self, small: SmallSchool) -> None:
        super().__init__(small)
        settings = Settings(public_url=None)
        self.sms = FakeChannel()
        self.mail = FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED)
        channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail}
        wordings = Wordings(settings, small.keyring, render)
        self._drain = lambda: Drain(small.database, small.keyring, wordings, settings, channels)
        self._rounds = lambda: Rounds(small.database, small.keyring, wordings, settings, channels)

    async def pupil(self, name: str) -> int:
        return int((await self.small.rows("SELECT id FROM pupil WHERE first_name = :name", name=name))[0][0])

    async def take(self, *absent: str, late: Sequence[str] = (), **more: Any) -> Taken:
        """Take the roll of CP A on the morning of TODAY, by its teacher."""
        marks = {await self.pupil(name): Mark.ABSENT for name in absent}
        marks |= {await self.pupil(name): Mark.LATE for name in late}
        now = more.pop("now", EARLIER)
        which = {
            "class_id": self.small.classes[more.pop("class_label", "CP A")],
            "day": more.pop("day", TODAY),
            "half_day": more.pop("half_day", HalfDay.MORNING),
            "reader": await self.reader(more.pop("by", self.small.teacher)),
            "marks": more.pop("marks", marks),
            "complete": more.pop("complete", True),
            "taken_at": more.pop("taken_at", now),
        }
        assert not more
        async with self.small.database.school(self.school_id) as session:
            return await take_roll(session, self.small.keyring, school=self.small.school, now=now, **which)

    async def roll(self, **more: Any) -> RollView:
        which = {"class_id": self.small.classes["CP A"], "day": TODAY, "half_day": HalfDay.MORNING, **more}
        which["reader"] = await self.reader(which.pop("by", self.small.teacher))
        async with self.small.database.reading(self.school_id) as session:
            return await class_roll(session, school_id=self.school_id, **which)

    async def rolls(self, by: int, half_day: HalfDay = HalfDay.MORNING) -> tuple[ClassRoll, ...]:
        reader = await self.reader(by)
        async with self.small.database.reading(self.school_id) as session:
            return await rolls_of(session, school_id=self.school_id, day=TODAY, half_day=half_day, reader=reader)

    async def cases(self, by: int | None = None) -> tuple[Case, ...]:
        reader = await self.reader(by or self.small.director)
        async with self.small.database.reading(self.school_id) as session:
            return await cases_of(session, school_id=self.school_id, day=TODAY, reader=reader)

    async def typed(self, name: str = "Lina", **more: Any) -> None:
        """Note that a child is ill this morning, as was said on the telephone, or what `more` says."""
        said = {"day": TODAY, "half_day": HalfDay.MORNING, "reason": AnswerKind.ILL, "through": "phone", **more}
        await self.do(type_in, pupils=[await self.pupil(name)], **said)

    async def do(self, what: Any, *, by: int | None = None, now: datetime = NOW, **more: Any) -> Any:
        """Let a member of staff act on a case, or on what `more` says."""
        reader = await self.reader(by or self.small.director)
        async with self.small.database.school(self.school_id) as session:
            return await what(session, school=self.small.school, reader=reader, now=now, **more)

    async def do_sealed(self, what: Any, *, by: int | None = None, now: datetime = NOW, **more: Any) -> Any:
        reader = await self.reader(by or self.small.director)
        async with self.small.database.school(self.school_id) as session:
            return await what(session, self.small.keyring, school=self.small.school, reader=reader, now=now, **more)

    async def say(self, guardian_id: int | None, kind: AnswerKind, now: datetime = NOW) -> Answered:
        """Let an adult answer his or her newest absence alert; None: nobody says who, on the newest copy of all."""
        asked = (
            "SELECT copy_delivery.copy_id FROM copy_delivery JOIN delivery ON delivery.id = copy_delivery.delivery_id "
            "JOIN notice ON notice.id = delivery.notice_id WHERE notice.kind = 'absence' AND "
            "(delivery.guardian_id = :guardian OR :guardian = 0) ORDER BY copy_delivery.id DESC"
        )
        copy_id = (await self.small.rows(asked, guardian=guardian_id or 0))[0][0]
        async with self.small.database.engine() as connection:
            return await answer(
                connection,
                school_id=self.school_id,
                copy_id=copy_id,
                kind=kind,
                guardian_id=guardian_id,
                through="sms",
                now=now,
            )

    async def feel(self, notice_id: int, name: str, kind: AnswerKind, guardian_id: int | None) -> None:
        async with self.small.database.engine() as connection:
            await answered(
                connection,
                school_id=self.school_id,
                notice_id=notice_id,
                pupils=[await self.pupil(name)],
                kind=kind,
                guardian_id=guardian_id,
                through="sms",
                now=NOW,
            )

    async def tell_others(self, now: datetime = NOW) -> int:
        return await tell_the_others(self.small.database, self.small.keyring, now=now)

    async def drain(self) -> list[str]:
        """Send what is due; gives what left now, by SMS and mail, each « address: text »."""
        before = len(self.sms.sent), len(self.mail.sent)
        drain = self._drain()
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()
        left = [*self.sms.sent[before[0] :], *self.mail.sent[before[1] :]]
        return [f"{message.to}: {message.text}" for message in left]

    async def walk(self) -> None:
        await self._rounds().walk()

    async def states(self) -> dict[str, str]:
        """The state of each delivery of an absence alert, by first name."""
        rows = await self.small.rows(
            "SELECT guardian.first_name, delivery.state FROM delivery JOIN guardian ON guardian.id = guardian_id "
            "JOIN notice ON notice.id = notice_id WHERE notice.kind = 'absence' ORDER BY delivery.id"
        )
        return dict(rows)

    async def duty(self, staff_id: int, substitute_id: int | None = None, *, since: int = 7, until: int = 18) -> None:
        """Give somebody the watch between two hours."""
        async with self.small.database.school(self.school_id) as session:
            hours = {"from_time": time(since), "to_time": time(until)}
            session.add(WatchDuty(school_id=self.school_id, staff_id=staff_id, substitute_id=substitute_id, **hours))


class Statements:
    """Counts the statements that a database is asked within."""

    def __init__(self, small: SmallSchool) -> None:
        self._engines = {small.database._writing.sync_engine, small.database._reading.sync_engine}
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        for engine in self._engines:
            event.listen(engine, "before_cursor_execute", self._count)
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._engines:
            event.remove(engine, "before_cursor_execute", self._count)

    def _count(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")) or " FROM " in statement.replace("\n", " "):
            self.asked.append(statement)
