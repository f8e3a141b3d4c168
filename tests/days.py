"""A school's day, wound on by hand: what is pressed, what arrives, who answers, and what leaves meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from factories import NOW, Adult, FakeChannel, SmallSchool, a_school

from hub.database import Database
from hub.models.answers import AnswerKind
from hub.models.ladders import Occasion
from hub.models.notices import AttemptState, ErrorKind
from hub.notices.ladders import set_ladders
from hub.notices.publish import Draft, publish
from hub.outbox.record import ReceiptIn, record_receipts
from hub.outbox.wordings import Wordings
from hub.patience import Ladder
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Proof, Slots
from hub.replies.answers import answer
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain
from scheduler.rounds import Rounds

ABSENT = Slots(day=NOW.date(), half_day=HalfDay.MORNING)
MEETING = Slots(starts_at=NOW + timedelta(days=10), place="le préau")


def asking(*, by_family: bool = False) -> Slots:
    """Ask for yes or no."""
    return Slots(text="Mangez-vous a la cantine ?", question=True, by_family=by_family)


SMS, MAIL = ChannelName.SMS, ChannelName.EMAIL
TIAGO = Adult(name="Tiago", reached_by=((SMS, "+33639981002"), (MAIL, "tiago@familles.test")))
BOTH_WAYS = Adult(reached_by=((SMS, "+33639981001"), (MAIL, "odile@familles.test")))


@dataclass
class Day:
    """A school whose clock the test winds on; its engine is driven by hand."""

    small: SmallSchool
    now: datetime = NOW
    sms: FakeChannel = field(default_factory=FakeChannel)
    mail: FakeChannel = field(default_factory=lambda: FakeChannel(name=MAIL, proof=Proof.ACCEPTED))
    voice: FakeChannel | None = None
    """Where the school calls by a machine, the calls."""

    def __post_init__(self) -> None:
        self.database = self.small.database
        self.database._clock = lambda: self.now
        self.settings = Settings(public_url="https://hub.test", master_keys=None)

    @property
    def channels(self) -> dict[ChannelName, FakeChannel]:
        """The ways out."""
        ways = {SMS: self.sms, MAIL: self.mail}
        return ways | ({ChannelName.VOICE: self.voice} if self.voice else {})

    async def press(self, kind: NoticeKind = NoticeKind.ABSENCE, **more: object) -> int:
        said = more.pop("slots", Slots(text="Ecole fermee."))
        slots = {NoticeKind.ABSENCE: ABSENT, NoticeKind.MEETING: MEETING}.get(kind, said)
        async with self.database.school(self.small.school.key) as session:
            published = await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self.small.director,
                draft=Draft(kind, "school", slots, seconded_by=self.small.office, **more),
                now=self.now,
            )
        await self.drain()
        return published.notice_id

    async def drain(self) -> None:
        """Send what is due, go round once, and send what that brought."""
        await self._send()
        wordings = Wordings(self.settings, self.small.keyring, render)
        await Rounds(self.database, self.small.keyring, wordings, self.settings, self.channels).walk()
        await self._send()

    async def _send(self) -> None:
        wordings = Wordings(self.settings, self.small.keyring, render)
        drain = Drain(self.database, self.small.keyring, wordings, self.settings, self.channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    async def after(self, **length: float) -> None:
        self.now += timedelta(**length)
        await self.drain()

    async def arrives(self, channel: FakeChannel, state: AttemptState = AttemptState.DELIVERED) -> None:
        """The last message of a channel arrived, or failed."""
        kind = ErrorKind.DEAD_ADDRESS if state is AttemptState.FAILED else None
        receipt = ReceiptIn(channel.sent[-1].attempt_id, state, state.value, kind)
        async with self.database.engine() as connection:
            await record_receipts(connection, [receipt], now=self.now)

    async def all_arrive(self) -> None:
        """Every text so far arrived."""
        async with self.database.engine() as connection:
            sent = [ReceiptIn(one.attempt_id, AttemptState.DELIVERED, "delivered") for one in self.sms.sent]
            await record_receipts(connection, sent, now=self.now)

    async def says(self, adult: int, kind: AnswerKind) -> None:
        """An adult answers the newest message that serves that adult."""
        served = "SELECT max(copy_id) FROM copy_delivery JOIN delivery ON delivery.id = delivery_id"
        ((copy_id,),) = await self.small.rows(f"{served} WHERE guardian_id = :adult", adult=adult)
        async with self.database.engine() as connection:
            await answer(
                connection,
                school_id=self.small.school.key,
                copy_id=copy_id,
                kind=kind,
                guardian_id=adult,
                through="sms",
                now=self.now,
            )

    async def set(self, ladders: Mapping[Occasion, Ladder]) -> None:
        async with self.database.school(self.small.school.key) as session:
            await set_ladders(
                session,
                school_id=self.small.school.key,
                staff_id=self.small.director,
                ladders=ladders,
                now=self.now,
            )

    async def states(self) -> list[str]:
        return [row[0] for row in await self.small.rows("SELECT state FROM delivery ORDER BY id")]

    async def calls(self) -> int:
        return (await self.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL"))[0][0]

    @property
    def left(self) -> tuple[int, int]:
        return len(self.sms.sent), len(self.mail.sent)


async def a_day(database: Database, keyring: Keyring) -> Day:
    return Day(await a_school(database, keyring))
