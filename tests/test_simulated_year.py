"""A school year of three hundred families on a fast clock: what is pressed, what arrives, who answers, all counted.

The families keep their own record of what reached them and what they said; at the end it is held against the hub's.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from days import MAIL, SMS
from desks import on_one_database
from evenings import Evenings
from factories import Adult, FakeChannel, SmallSchool, a_school

from hub.database import Database
from hub.errors import DeadAddressError, TemporaryError
from hub.holidays import open_days
from hub.models.answers import AnswerKind
from hub.models.notices import AttemptState, ErrorKind
from hub.notices.publish import Draft, publish
from hub.outbox.record import ReceiptIn, record_receipts
from hub.outbox.wordings import Wordings
from hub.plans.keeping import PlanDraft, keep
from hub.plans.moments import Rhythm
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Outgoing, Proof, Slots
from hub.replies.answers import answer
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.clock import Clock
from scheduler.digests import Digests
from scheduler.drain import Drain
from scheduler.rounds import Rounds
from scheduler.tidings import Tidings

PARIS = ZoneInfo("Europe/Paris")
FIRST, LAST = date(2026, 9, 1), date(2027, 7, 2)
FAMILIES = 300
LEAVE = date(2027, 1, 18)
EIGHT, NOON, SIX = time(8, 1), time(12), time(18, 5)
"""When the plan leaves, the other parents are told that an absence is explained, and the digests leave."""
TUESDAY, THURSDAY = 1, 3
ASKS = frozenset({NoticeKind.ABSENCE, NoticeKind.MEETING})
ANSWERS = (1, 1, 1, 1, 1, 1, 2, 2, 0, 0)
"""At which message of a question an adult answers: most at once, some only at the second way, some never."""
PHONES = (None,) * 22 + (DeadAddressError("dead", code="21211"), TemporaryError("later"))
"""What the network says to a text: nearly always that it takes it."""


SERVED = (
    "SELECT attempt.id, delivery.guardian_id, copy.notice_id, notice.kind, copy.id FROM attempt "
    "JOIN copy ON copy.id = attempt.copy_id JOIN notice ON notice.id = copy.notice_id "
    "JOIN copy_delivery ON copy_delivery.copy_id = copy.id JOIN delivery ON delivery.id = delivery_id "
    "WHERE attempt.id BETWEEN :first AND :last"
)
STANDS = "SELECT guardian_id, notice_id, state FROM delivery"
OPEN = "SELECT 'open', count(*) FROM attempt WHERE state IN ('ready', 'sending', 'unknown')"
POSTED = "SELECT 'posted', count(*) FROM attempt WHERE sending_at IS NOT NULL"
TWICE = (
    "SELECT 'twice', count(*) FROM (SELECT copy_id FROM attempt WHERE state = 'delivered' "
    "GROUP BY copy_id HAVING count(*) > 1) AS each_one"
)


@dataclass
class Family:
    """How an adult lives: what a phone does with a text, and when it answers (the how-manieth message; 0: never)."""

    guardian_id: int
    phone: str
    answers_after: int


@dataclass
class Year:
    """A school, its families, and a clock that runs."""

    small: SmallSchool
    luck: random.Random = field(default_factory=lambda: random.Random(2026))
    now: datetime = datetime(2026, 9, 1, 6, tzinfo=PARIS)
    families: dict[int, Family] = field(default_factory=dict)
    pupils: list[int] = field(default_factory=list)
    sms: FakeChannel = field(default_factory=FakeChannel)
    mail: FakeChannel = field(default_factory=lambda: FakeChannel(name=MAIL, proof=Proof.ACCEPTED))
    seen: dict[ChannelName, int] = field(default_factory=lambda: {SMS: 0, MAIL: 0})
    pressed: Counter[NoticeKind] = field(default_factory=Counter)
    heard: Counter[tuple[int, int]] = field(default_factory=Counter)
    said: set[tuple[int, int]] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    wrongly: list[tuple[int, str]] = field(default_factory=list)
    left_at: datetime = datetime(2099, 1, 1, tzinfo=PARIS)

    def __post_init__(self) -> None:
        database, keyring = self.small.database, self.small.keyring
        database._clock = lambda: self.now
        rules = Settings(public_url="https://hub.test", master_keys=None)
        wordings, channels = Wordings(rules, keyring, render), {SMS: self.sms, MAIL: self.mail}
        self.drain = Drain(database, keyring, wordings, rules, channels)
        self.rounds = Rounds(database, keyring, wordings, rules, channels)
        self.clock, self.digests = Clock(database, keyring), Digests(database, keyring)
        self.tidings, self.evenings = Tidings(database, keyring), Evenings(self.small)

    async def enrol(self) -> None:
        """Three hundred families: a child, one adult or two, a telephone, every third a mailbox behind it."""
        for number in range(FAMILIES):
            adults = []
            for which in range(1 + (number % 3 == 0)):
                phone = f"+33639 98 {number:03}{which}".replace(" ", "")
                ways = [(SMS, phone)] + [(MAIL, f"famille{number}-{which}@familles.test")] * (number % 3 < 2)
                adults.append(Adult(f"Adulte{number}-{which}", tuple(ways)))
            child = f"Enfant{number}"
            ids = await self.small.family(*adults, children=[child], class_label="CP A" if number % 2 else "CE1 B")
            for adult, guardian_id in zip(adults, ids, strict=True):
                self.families[guardian_id] = Family(guardian_id, adult.reached_by[0][1], self.luck.choice(ANSWERS))
                error = self.luck.choice(PHONES)
                if error is not None:
                    self.sms.answers[adult.reached_by[0][1]] = error
        self.pupils = [row[0] for row in await self.small.rows("SELECT id FROM pupil ORDER BY id")]

    async def until(self, day: date, at: time) -> None:
        """Let the clock run to a moment: what is due leaves, arrives, and is answered."""
        self.now = datetime.combine(day, at, tzinfo=PARIS)
        for moment, look in ((EIGHT, self.clock.look), (NOON, self.tidings.look), (SIX, self.digests.look)):
            if at == moment:
                await look()
        await self.rounds.walk()
        await self._send()
        await self._hear()

    async def _send(self) -> None:
        for lane in Lane:
            await self.drain.drain(lane)
        await self.drain.idle()

    async def press(self, kind: NoticeKind, audience: str, slots: Slots) -> None:
        """Press a notice."""
        async with self.small.database.school(self.small.school.key) as session:
            draft = Draft(kind, audience, slots, seconded_by=self.small.office)
            who = {"school": self.small.school, "author_id": self.small.director}
            await publish(session, self.small.keyring, **who, draft=draft, now=self.now)
        self.pressed[kind] += 1

    async def plan(self) -> None:
        """Each Tuesday of term at eight, a word to one class."""
        draft = PlanDraft(
            NoticeKind.ANNOUNCEMENT,
            "class:CP A",
            Slots(text="Pensez au sac de sport."),
            Rhythm(FIRST, time(8), frozenset({TUESDAY}), until=LAST),
        )
        async with self.small.database.school(self.small.school.key) as session:
            who = {"school": self.small.school, "author_id": self.small.director}
            await keep(session, self.small.keyring, **who, draft=draft, now=self.now)

    async def homework(self) -> None:
        """A piece of homework for CP A, told as each family wishes."""
        number = await self.evenings.homework(day=self.now.date() + timedelta(days=1))
        await self.evenings.tell(NoticeKind.HOMEWORK, number, now=self.now, key=f"homework-{number}")

    async def leave(self, pupils: int) -> None:
        """Some children leave: their adults hear nothing more."""
        gone = self.pupils[:pupils]
        ended = (self.now.date() - timedelta(days=1)).isoformat()
        await self.small.write("UPDATE link SET to_on = :ended WHERE pupil_id <= :last", ended=ended, last=gone[-1])
        self.gone = {row[0] for row in await self.small.rows("SELECT guardian_id FROM link WHERE to_on IS NOT NULL")}
        self.left_at = self.now

    async def _hear(self) -> None:
        """Read what came since the last time: the network reports it, and some answer."""
        fresh = [one for channel in (self.sms, self.mail) for one in channel.sent[self.seen[channel.name] :]]
        for channel in (self.sms, self.mail):
            self.seen[channel.name] = len(channel.sent)
        taken = [one for one in fresh if not (one.account.channel is SMS and one.to in self.sms.answers)]
        await self._report([one for one in taken if one.account.channel is SMS])
        served = await self._served(taken)
        answers = list[tuple[int, int, str, int]]()
        for one in taken:
            for guardian_id, notice_id, kind, copy_id in served[one.attempt_id]:
                if guardian_id in self.gone and self.now > self.left_at:
                    self.wrongly.append((guardian_id, kind))
                self.heard[guardian_id, notice_id] += 1
                family = self.families[guardian_id]
                if kind in ASKS and self.heard[guardian_id, notice_id] == family.answers_after:
                    answers.append((family.guardian_id, notice_id, kind, copy_id))
        await self._answer(answers)

    async def _report(self, texts: list[Outgoing]) -> None:
        receipts = [
            ReceiptIn(one.attempt_id, AttemptState.FAILED, "failed", ErrorKind.DEAD_ADDRESS)
            if one.to.endswith("70")
            else ReceiptIn(one.attempt_id, AttemptState.DELIVERED, "delivered")
            for one in texts
            if not one.to.endswith("60")  # a phone of which nothing is heard
        ]
        async with self.small.database.engine() as connection:
            await record_receipts(connection, receipts, now=self.now)

    async def _served(self, fresh: list[Outgoing]) -> dict[int, list[tuple[int, int, str, int]]]:
        if not fresh:
            return {}
        among = {"first": min(one.attempt_id for one in fresh), "last": max(one.attempt_id for one in fresh)}
        rows = await self.small.rows(SERVED, **among)
        found: dict[int, list[tuple[int, int, str, int]]] = {one.attempt_id: [] for one in fresh}
        for row in rows:
            if row[0] in found:
                found[row[0]].append(row[1:])
        return found

    async def _answer(self, answers: list[tuple[int, int, str, int]]) -> None:
        async with self.small.database.engine() as connection:
            for guardian_id, notice_id, kind, copy_id in answers:
                await answer(
                    connection,
                    school_id=self.small.school.key,
                    copy_id=copy_id,
                    kind=AnswerKind.ILL if kind == NoticeKind.ABSENCE else AnswerKind.YES,
                    guardian_id=guardian_id,
                    through="sms",
                    now=self.now,
                )
                self.said.add((guardian_id, notice_id))

    async def count(self, asked: str) -> dict[str, int]:
        return {str(row[0]): int(row[1]) for row in await self.small.rows(asked)}

    async def live(self) -> int:
        """Live the year; gives its days of class."""
        days = open_days("B", FIRST, LAST, ())
        for number, day in enumerate(days):
            if day == LEAVE:
                await self.leave(5)
            await self.until(day, EIGHT)
            if number % 3 == 1:
                await self._morning(day)
            if number % 18 == 4:
                begins = datetime.combine(day + timedelta(days=6), time(17), tzinfo=PARIS)
                await self.press(NoticeKind.MEETING, "school", Slots(starts_at=begins, place="le préau"))
            await self.until(day, NOON)
            if day.weekday() == THURSDAY:
                await self.homework()
                await self.until(day, SIX)
        for later in range(1, 8):
            await self.until(LAST + timedelta(days=later), NOON)
        return len(days)

    async def _morning(self, day: date) -> None:
        """Two children are missing, and whoever knows nothing of it is asked until somebody answers."""
        self.now = datetime.combine(day, time(8, 40), tzinfo=PARIS)
        for pupil in self.luck.sample(self.pupils[5:], 2):
            await self.press(NoticeKind.ABSENCE, f"pupil:{pupil}", Slots(day=day, half_day=HalfDay.MORNING))
        for at in (time(8, 41), time(8, 52), time(9, 3), time(9, 14)):
            await self.until(day, at)


@on_one_database
@pytest.mark.timeout(900)
async def test_a_year_of_three_hundred_families_adds_up(database: Database, keyring: Keyring) -> None:
    year = Year(await a_school(database, keyring))
    await year.enrol()
    await year.plan()

    days = await year.live()

    states = await year.count("SELECT state, count(*) FROM delivery GROUP BY state")
    kinds = await year.count("SELECT kind, count(*) FROM notice GROUP BY kind")
    stands = {tuple(row[:2]): row[2] for row in await year.small.rows(STANDS)}

    # nothing is on its way any more, and nobody heard of a thing who had left
    assert set(states) <= {"told", "acknowledged", "to_call", "cancelled", "expired"}
    assert await year.count(OPEN) == {"open": 0}
    assert year.wrongly == []
    # what was pressed is what stands there; the plan fired on each Tuesday of term, once
    assert kinds["absence"] == year.pressed[NoticeKind.ABSENCE] == 2 * len(range(1, days, 3))
    assert kinds["meeting"] == year.pressed[NoticeKind.MEETING] == len(range(4, days, 18))
    assert kinds["announcement"] == sum(day.weekday() == TUESDAY for day in open_days("B", FIRST, LAST, ()))
    # who answered is who stands as having confirmed, and nobody else
    assert {who for who, state in stands.items() if state == "acknowledged"} == year.said
    # whoever stands as told has had a message
    assert not [who for who, state in stands.items() if state == "told" and not year.heard[who]]
    # what waited for the evening went into one digest, and every digest is somebody's
    items = [tuple(row) for row in await year.small.rows("SELECT guardian_id, notice_id FROM digest_item")]
    assert len(items) > FAMILIES
    assert all(item in stands for item in items)
    # every message in the outside world is a try of the hub's, and none arrived twice
    outside = {one.attempt_id for channel in (year.sms, year.mail) for one in channel.sent}
    assert await year.count(POSTED) == {"posted": len(outside)}
    assert await year.count(TWICE) == {"twice": 0}
