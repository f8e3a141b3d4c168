"""Histories of all that a school tells: beside notices, plans, appointments, reminders, calls by a machine, letters.

The world of `histories` goes on keeping its own book: what was planned and taken back, which hours stand and whose.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from days import Day
from factories import FakeChannel
from histories import PARIS, Book, World, _aware, adults, events
from hypothesis import strategies as st

from hub.errors import HubError, InvalidError
from hub.meetings.choosing import Comes, choose, give_back, wait
from hub.meetings.rounds import RoundDraft, cancel_hours, open_round
from hub.meetings.times import Offer
from hub.models.notices import Needs
from hub.models.senders import Sender
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.plans.keeping import PlanDraft, keep
from hub.plans.keeping import cancel as cancel_plan
from hub.plans.moments import Rhythm
from hub.ports import ChannelName, NoticeKind, Slots
from hub.post.asked import Whom
from hub.post.handing import hand_over
from hub.post.letters import letters_of
from hub.post.printing import prepare
from hub.silence import SPREAD
from scheduler.clock import Clock
from scheduler.reminders import Reminders

MANY = 400
"""Half hours in which quiet ends, or never does."""
IN_TIME = timedelta(hours=2)
"""Whoever hears later than this before an hour that it is cancelled is on the way: that is urgent."""
UNHEARD = (
    "SELECT count(*) FROM delivery WHERE notice_id = :id AND state = 'expired' AND NOT EXISTS "
    "(SELECT 1 FROM copy JOIN attempt ON copy_id = copy.id WHERE notice_id = :id AND sending_at IS NOT NULL)"
)
"""Who was told nothing of a notice, and is nobody's task."""
HOURS = st.integers(0, 3)
waits = st.tuples(st.just("wait"), st.sampled_from([5, 60, 420, 900]))
appointments = st.one_of(
    st.tuples(st.just("book"), adults, HOURS),
    st.tuples(st.just("book"), adults, HOURS),
    st.tuples(st.just("give_back"), adults),
    st.tuples(st.just("wait_for_one"), adults),
    st.tuples(st.just("cancel_hours"), HOURS, st.integers(1, 4)),
    st.tuples(st.just("cancel_hours"), HOURS, st.integers(1, 4)),
)
others = st.one_of(
    st.tuples(st.just("plan"), st.sampled_from([1, 3, 14, 40]), st.sampled_from(["once", "weekly"])),
    st.tuples(st.just("unplan"), st.integers(0, 2)),
    st.tuples(st.just("print"), st.integers(0, 2)),
    st.tuples(st.just("offer"), st.integers(1, 6), st.sampled_from([8, 10, 17])),
)
turns = st.tuples(appointments, waits, events, others, waits, appointments)
stories_of_all = st.lists(turns, min_size=3, max_size=4).map(lambda found: [each for turn in found for each in turn])
"""Stories in which hours pass: something about appointments, a while, something else, and appointments again."""


@dataclass
class Booked:
    """An appointment that stands: whose, when, and how often it was moved."""

    adult: int
    slot: int
    at: datetime
    moved: int


@dataclass
class About:
    """What the world knows of a notice that it did not press itself."""

    key: str = ""
    reminds: Book | None = None
    hour: datetime | None = None
    """Of an appointment that the school has cancelled, when it would have begun."""


class WholeWorld(World):
    """A school that also plans, receives by appointment, reminds, rings up, and prints."""

    step = timedelta(hours=2)

    def __init__(self, day: Day) -> None:
        day.voice = FakeChannel(name=ChannelName.VOICE)
        super().__init__(day)
        database, keyring = day.database, day.small.keyring
        self.clock, self.reminders = Clock(database, keyring), Reminders(database, keyring)
        self.about = dict[int, About]()
        self.plans, self.unplanned = list[int](), dict[int, int]()
        self.rounds, self.slots = list[int](), dict[int, tuple[int, datetime]]()
        self.off, self.booked = set[int](), dict[int, Booked]()

    async def begin(self) -> None:
        """Enrol the families; one adult is called first, one wants letters, and a child is whose."""
        await super().begin()
        small = self.day.small
        async with self.day.database.school(small.school.key) as session:
            (key_id,) = (await small.rows("SELECT data_key_id FROM sender WHERE channel = 'sms'"))[0]
            ours = {"school_id": small.school.key, "data_key_id": key_id, "address": "+33939980000"}
            session.add(
                Sender(**ours, key_name="trois-ponts-voice", channel=ChannelName.VOICE, provider="twilio", login="AC")
            )
        await small.write("UPDATE guardian SET means = 'call_first' WHERE id = :id", id=self.ids[0])
        await small.write(
            "UPDATE guardian SET last_rung = 'letter' WHERE id IN (:one, :two)", one=self.ids[3], two=self.ids[5]
        )
        self.children = dict(await small.rows("SELECT guardian_id, pupil_id FROM link"))
        await self._offer(2, 17)

    async def _pass(self) -> None:
        await self.clock.look()
        await self.reminders.look()
        await super()._pass()

    async def rest(self) -> None:
        """Let three weeks pass; then no plan has left that was taken back, and who had an hour knows that it is off."""
        await self._end_what_repeats()
        await super().rest()
        for plan in self.plans:
            if plan in self.unplanned and await self._left_of(plan) != self.unplanned[plan]:
                self.faults.append("a plan left that was taken back")
            if await self.day.small.rows("SELECT state FROM planned_notice WHERE id = :id", id=plan) == [("waiting",)]:
                self.faults.append("a plan waits for ever")
        for number in (number for number, one in self.about.items() if one.hour):
            ((count,),) = await self.day.small.rows(UNHEARD, id=number)
            if count:
                self.faults.append("an appointment was cancelled, and nobody said so")

    async def _end_what_repeats(self) -> None:
        waiting = [plan for plan in self.plans if plan not in self.unplanned]
        for place in reversed(range(len(waiting))):
            if await self._repeats(waiting[place]):
                await self._unplan(place)

    async def _plan(self, hours: int, often: str) -> None:
        small = self.day.small
        at = (self.day.now + timedelta(hours=hours)).astimezone(PARIS)
        weekdays = frozenset({at.weekday()}) if often == "weekly" else frozenset[int]()
        rhythm = Rhythm(at.date(), at.time().replace(second=0, microsecond=0, tzinfo=None), weekdays)
        draft = PlanDraft(NoticeKind.ANNOUNCEMENT, "class:CP A", Slots(text="Pensez au sac."), rhythm)
        try:
            async with self.day.database.school(small.school.key) as session:
                who = {"school": small.school, "author_id": small.director}
                self.plans.append(await keep(session, small.keyring, **who, draft=draft, now=self.day.now))
        except InvalidError:  # no class on any such day
            return

    async def _unplan(self, which: int) -> None:
        open_ones = [one for one in self.plans if one not in self.unplanned]
        if which >= len(open_ones):
            return
        small, plan = self.day.small, open_ones[which]
        try:
            async with self.day.database.school(small.school.key) as session:
                who = {"school": small.school, "reader": await self._reader(), "plan_id": plan}
                await cancel_plan(session, small.keyring, **who, now=self.day.now)
        except InvalidError:
            return
        self.unplanned[plan] = await self._left_of(plan)

    async def _left_of(self, plan: int) -> int:
        return len(await self.day.small.rows("SELECT id FROM planned_firing WHERE planned_id = :id", id=plan))

    async def _repeats(self, plan: int) -> bool:
        rows = await self.day.small.rows("SELECT weekdays FROM planned_notice WHERE id = :id", id=plan)
        return bool(rows[0][0])

    async def _offer(self, days: int, hour: int) -> None:
        small = self.day.small
        day: date = (self.day.now + timedelta(days=days)).astimezone(PARIS).date()
        offer = Offer(day, time(hour), time(hour + 1), 15)
        draft = RoundDraft(small.classes["CP A"], "Rendez-vous", offer, (small.teacher,), until=day)
        try:
            async with self.day.database.school(small.school.key) as session:
                opened = await open_round(
                    session, small.keyring, school=small.school, reader=await self._reader(), draft=draft,
                    key=f"tour{len(self.rounds)}", now=self.day.now,
                )  # fmt: skip
        except InvalidError:
            return
        self.rounds.append(opened.round_id)
        asked = "SELECT id, starts_at FROM meeting_slot WHERE round_id = :id ORDER BY starts_at"
        for slot, starts_at in await small.rows(asked, id=opened.round_id):
            self.slots[slot] = opened.round_id, _aware(starts_at)

    def _slot(self, which: int) -> int | None:
        mine = [slot for slot, (round_id, _) in self.slots.items() if self.rounds and round_id == self.rounds[-1]]
        return mine[which] if which < len(mine) else None

    async def _book(self, who: int, hour: int) -> None:
        slot, small, adult = self._slot(hour), self.day.small, self.ids[who]
        if slot is None:
            return
        try:
            async with self.day.database.school(small.school.key) as session:
                comes = Comes(adult, self.children[adult])
                booking = await choose(
                    session, small.keyring, school=small.school, slot_id=slot, comes=comes, now=self.day.now
                )
        except HubError:
            return
        before = self.booked.get(booking)
        moved = 0 if before is None else before.moved + (before.slot != slot)
        self.booked[booking] = Booked(adult, slot, self.slots[slot][1], moved)

    async def _give_back(self, who: int) -> None:
        small, adult = self.day.small, self.ids[who]
        for booking, one in list(self.booked.items()):
            if one.adult == adult and one.at > self.day.now:
                async with self.day.database.school(small.school.key) as session:
                    here = {"school": small.school, "booking_id": booking, "guardians": [adult]}
                    await give_back(session, small.keyring, **here, now=self.day.now)
                del self.booked[booking]

    async def _wait_for_one(self, who: int) -> None:
        small, adult = self.day.small, self.ids[who]
        if not self.rounds:
            return
        try:
            async with self.day.database.school(small.school.key) as session:
                comes = Comes(adult, self.children[adult])
                here = {"school": small.school, "round_id": self.rounds[-1], "comes": comes}
                await wait(session, **here, waits=True, now=self.day.now)
        except HubError:
            return

    async def _cancel_hours(self, first: int, number: int) -> None:
        small = self.day.small
        theirs = sorted(one.slot for one in self.booked.values() if one.at > self.day.now)
        slots = theirs[first : first + number] or [
            slot for slot in map(self._slot, range(first, first + number)) if slot is not None
        ]
        if not slots:
            return
        round_id = self.slots[slots[0]][0]
        slots = [slot for slot in slots if self.slots[slot][0] == round_id]
        ((last,),) = await small.rows("SELECT coalesce(max(id), 0) FROM notice")
        async with self.day.database.school(small.school.key) as session:
            await cancel_hours(
                session, small.keyring, school=small.school, reader=await self._reader(),
                round_id=round_id, slots=slots, now=self.day.now,
            )  # fmt: skip
        self.off.update(slots)
        gone = {one.adult: one.at for one in self.booked.values() if one.slot in slots}
        self.booked = {number: one for number, one in self.booked.items() if one.slot not in slots}
        told = "SELECT notice_id, guardian_id FROM delivery WHERE notice_id > :last"
        for notice_id, adult in await small.rows(told, last=last):
            if adult in gone:  # who only waited for an hour hears of it in the morning
                self.about[notice_id] = About(hour=gone[adult])

    async def _print(self, back: int) -> None:
        """The office prints the letters of a notice, and gives them out: whom one is for may still be told."""
        small, numbers = self.day.small, list(self.notices)
        if back >= len(numbers):
            return
        number = numbers[-1 - back]
        try:
            async with self.day.database.school(small.school.key) as session:
                here = {"school_id": small.school.key, "notice_id": number, "reader": await self._reader()}
                found = await letters_of(session, **here, now=self.day.now)
                waits = [one.delivery_id for one in found if one.waits and one.printed_at is None]
                await prepare(session, small.keyring, **here, whom=Whom.WAITING, now=self.day.now)
                await hand_over(session, small.keyring, **here, now=self.day.now)
        except HubError:
            return
        book = self.notices[number]
        for delivery in waits:
            ((adult,),) = await small.rows("SELECT guardian_id FROM delivery WHERE id = :id", id=delivery)
            if book.cancelled or adult in self.barred or adult in book.said:
                self.faults.append(f"a letter for whom nothing is to be told: {book.kind}")

    async def _reader(self) -> Reader:
        small, day = self.day.small, self.day.now.astimezone(PARIS).date()
        async with self.day.database.reading(small.school.key) as session:
            rights = await rights_on(session, school_id=small.school.key, staff_id=small.director, day=day)
        return Reader(small.director, rights, day)

    async def _book_of(self, number: int) -> Book:
        """Give the book of a notice; one that the house pressed is met when it first leaves."""
        if number in self.notices:
            return self.notices[number]
        asked = "SELECT kind, needs, expires_at, key_name, audience FROM notice WHERE id = :id"
        ((kind, needs, expires, key, audience),) = await self.day.small.rows(asked, id=number)
        book = self.notices[number] = Book(NoticeKind(kind), Needs(needs), _aware(expires))
        about = self.about.setdefault(number, About())
        about.key = key
        if audience.startswith("notice:"):
            about.reminds = self.notices[int(audience.partition(":")[2])]
        return book

    async def _look(self) -> None:
        rung = len(self.day.voice.sent) if self.day.voice else 0
        if rung > self.seen.get(ChannelName.VOICE, 0) and not 8 <= self.day.now.astimezone(PARIS).hour < 20:
            self.faults.append("a machine called by night")
        await super()._look()

    def _hold(self, book: Book, told: list[int]) -> None:
        super()._hold(book, told)
        number = next(number for number, each in self.notices.items() if each is book)
        about, now = self.about.get(number, About()), self.day.now
        if about.reminds is not None and about.reminds.cancelled:
            self.faults.append("one was reminded of what is cancelled")
        if about.hour is not None and now >= about.hour:
            self.faults.append("that an appointment is cancelled was told after its hour")
        self._hold_to_hours(about.key, told, now)

    def _hold_to_hours(self, key: str, told: list[int], now: datetime) -> None:
        name, *parts = key.split(":")
        if name == "rappel-rdv":
            booked = self.booked.get(int(parts[0]))
            if booked is None or booked.moved != int(parts[1]) or booked.at <= now:
                self.faults.append("one was reminded of an appointment that does not stand")
        if name == "libre":
            stand = {
                at
                for slot, (round_id, at) in self.slots.items()
                if round_id == int(parts[0]) and slot not in self.off and at > now
            }
            if parts[1] == "encore":
                self._hold_to_asking(int(parts[0]), stand, told)
            elif datetime.fromtimestamp(int(parts[1]), UTC) not in stand:
                self.faults.append("an hour was offered that does not stand")
        if name == "rdv" and parts[0].startswith("tour"):
            round_id = self.rounds[int(parts[0].removeprefix("tour"))]
            if all(slot in self.off for slot, (mine, _) in self.slots.items() if mine == round_id):
                self.faults.append("one was invited to hours that are all cancelled")

    def _hold_to_asking(self, round_id: int, stand: set[datetime], told: list[int]) -> None:
        have = {one.adult for one in self.booked.values() if self.slots[one.slot][0] == round_id}
        if not stand:
            self.faults.append("one was asked again to choose, and no hour stands")
        if have & set(told):
            self.faults.append("one was asked again to choose who has an hour")

    def _hold_to_quiet(self, book: Book, adults: list[int]) -> None:
        """That an appointment is cancelled passes, where quiet ends too late for it."""
        number = next(number for number, each in self.notices.items() if each is book)
        hour = self.about.get(number, About()).hour
        half_hours = (self.day.now + timedelta(minutes=30) * number for number in range(MANY))
        heard = next((at for at in half_hours if not self._holds_back(adults, at)), None)
        if hour is None or (heard is not None and heard + SPREAD <= hour - IN_TIME):
            super()._hold_to_quiet(book, adults)

    def _holds_back(self, adults: list[int], at: datetime) -> bool:
        return self._is_silent(at) or any(self._is_quiet(one, at) for one in adults if one in self.hours)
