"""Random histories of a small school, and a world beside it that knows by itself what may leave.

The world keeps its own book (who lost a right, what was cancelled, who answered, when it is quiet) and looks at
each message the moment it leaves; it asks the hub only which notice and whom a message was for.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from days import MAIL, SMS, Day
from factories import NOW, Adult
from hypothesis import strategies as st

from hub.errors import DeadAddressError, StoppedError, TemporaryError
from hub.models.answers import AnswerKind
from hub.models.notices import AttemptState, ErrorKind, Needs
from hub.notices.cancelling import cancel
from hub.notices.publish import Draft, publish
from hub.outbox.record import ReceiptIn, record_receipts
from hub.people.schools import read_school
from hub.people.silences import set_silence
from hub.ports import ChannelName, HalfDay, NoticeKind, Outgoing, Slots
from hub.replies.answers import Taken, answer
from hub.silence import Silence

PARIS = ZoneInfo("Europe/Paris")
ADULTS = (
    Adult("Odile", ((SMS, "+33639981001"), (MAIL, "odile@familles.test"))),
    Adult("Tiago", ((MAIL, "tiago@familles.test"), (SMS, "+33639981002"))),
    Adult("Zélie", ((SMS, "+33639981003"),)),
    Adult("Amir", ((SMS, "+33639981003"), (MAIL, "amir@familles.test"))),
    Adult("Noor", ((MAIL, "noor@familles.test"),)),
    Adult("Ida"),
)
"""Three families of two: both ways in either order, one telephone for two, and somebody without any address."""
URGENT = frozenset({NoticeKind.URGENT, NoticeKind.ABSENCE})

STILL = {
    "messages wait": "SELECT count(*) FROM attempt WHERE state IN ('ready', 'sending', 'unknown')",
    "timers run": "SELECT count(*) FROM delivery WHERE look_at IS NOT NULL",
    "adults are on no rung and nobody's task": "SELECT count(*) FROM delivery WHERE state IN ('held', 'on_the_way')",
    "adults are to be called by nobody": "SELECT count(*) FROM delivery WHERE state = 'to_call' AND NOT EXISTS "
    "(SELECT 1 FROM call_task WHERE delivery_id = delivery.id AND done_at IS NULL)",
    "messages arrived twice": "SELECT count(*) FROM (SELECT copy_id FROM attempt WHERE state = 'delivered' "
    "GROUP BY copy_id HAVING count(*) > 1) AS twice",
    "addresses have two copies": "SELECT count(*) FROM (SELECT notice_id FROM copy "
    "GROUP BY notice_id, address_id, channel HAVING count(*) > 1) AS twice",
}
"""What there must be none of once everybody has been left in peace for three weeks."""

adults = st.integers(0, len(ADULTS) - 1)
events = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 11, 45, 180, 600, 1440, 2880])),
    st.tuples(
        st.just("press"),
        st.sampled_from([NoticeKind.ANNOUNCEMENT, NoticeKind.MEETING, NoticeKind.ABSENCE, NoticeKind.URGENT]),
        st.sampled_from(list(Needs)),
        st.sampled_from([0, 30, 700]),
    ),
    st.tuples(st.just("answer"), adults, st.sampled_from([AnswerKind.YES, AnswerKind.ILL, AnswerKind.ACKNOWLEDGED])),
    st.tuples(st.just("cancel"), st.integers(0, 3)),
    st.tuples(st.just("receipts"), st.sampled_from(["arrives", "fails", "off"])),
    st.tuples(st.just("refuse"), adults, st.sampled_from([DeadAddressError, StoppedError, TemporaryError, None])),
    st.tuples(st.just("bar"), adults),
    st.tuples(st.just("quiet"), adults, st.integers(0, 23), st.integers(1, 20)),
    st.tuples(st.just("silence"), st.integers(19, 23), st.integers(5, 9), st.booleans()),
)
stories = st.lists(events, min_size=4, max_size=24)


@dataclass
class Book:
    """What the world knows of one notice: `said` are the adults who need hear no more of it."""

    kind: NoticeKind
    needs: Needs
    expires: datetime
    cancelled: bool = False
    said: set[int] = field(default_factory=set)


class World:
    """A school whose every message is looked at when it leaves."""

    step = timedelta(hours=1)
    """How often its clocks look, at least."""

    def __init__(self, day: Day) -> None:
        self.day, self.notices = day, dict[int, Book]()
        self.ids = list[int]()
        self.barred, self.hours = set[int](), dict[int, tuple[time, time]]()
        self.seen, self.heard = dict[ChannelName, int](), set[int]()
        self.faults = list[str]()
        self.silence: Silence | None = None

    async def begin(self) -> None:
        """Enrol the families."""
        for pair, child in zip(range(0, len(ADULTS), 2), ("Lina", "Noé", "Adam"), strict=True):
            self.ids += await self.day.small.family(ADULTS[pair], ADULTS[pair + 1], children=[child])

    async def live(self, event: tuple[Any, ...]) -> None:
        """Let one thing happen, and look at what left."""
        name, *said = event
        await getattr(self, f"_{name}")(*said)
        await self._pass()

    async def _pass(self) -> None:
        """Let what is due leave, and look at it."""
        await self.day.drain()
        await self._look()

    async def rest(self) -> None:
        """Let three weeks pass, with nobody doing anything; then nothing waits any more."""
        for hours in (*[3] * 12, *[12] * 8, *[72] * 5):
            self.day.now += timedelta(hours=hours)
            await self._pass()
        for what, asked in STILL.items():
            ((count,),) = await self.day.small.rows(asked)
            if count:
                self.faults.append(f"{count} {what}")

    async def _wait(self, minutes: int) -> None:
        until = self.day.now + timedelta(minutes=minutes)
        while self.day.now + self.step < until:
            self.day.now += self.step
            await self._pass()
        self.day.now = until

    async def _press(self, kind: NoticeKind, needs: Needs, delay: int) -> None:
        day = self.day
        today = day.now.astimezone(PARIS).date()
        if kind is NoticeKind.ABSENCE and today.weekday() == 6:
            return
        slots = {
            NoticeKind.ABSENCE: Slots(day=today, half_day=HalfDay.MORNING),
            NoticeKind.MEETING: Slots(starts_at=day.now + timedelta(days=4), place="le préau"),
        }.get(kind, Slots(text="Sortie au musée.", question=needs is not Needs.NONE))
        if kind is not NoticeKind.ABSENCE:
            slots = replace(slots, by_family=needs is Needs.ONE)
        async with day.database.school(day.small.school.key) as session:
            due = day.now + timedelta(minutes=delay)
            draft = Draft(kind, "school", slots, due_at=due, seconded_by=day.small.office)
            made = await publish(
                session,
                day.small.keyring,
                school=day.small.school,
                author_id=day.small.director,
                draft=draft,
                now=day.now,
            )
        expires = (await day.small.rows("SELECT expires_at FROM notice WHERE id = :id", id=made.notice_id))[0][0]
        self.notices[made.notice_id] = Book(kind, draft.needs, _aware(expires))

    async def _answer(self, who: int, kind: AnswerKind) -> None:
        adult, day = self.ids[who], self.day
        served = (
            "SELECT copy_delivery.copy_id, delivery.notice_id FROM copy_delivery "
            "JOIN delivery ON delivery.id = delivery_id JOIN attempt ON attempt.copy_id = copy_delivery.copy_id "
            "WHERE guardian_id = :adult AND sending_at IS NOT NULL ORDER BY delivery.notice_id DESC"
        )
        rows = await day.small.rows(served, adult=adult)
        if not rows:
            return
        copy_id, notice_id = rows[0]
        async with day.database.engine() as connection:
            taken = await answer(
                connection,
                school_id=day.small.school.key,
                copy_id=copy_id,
                kind=kind,
                guardian_id=adult,
                through="sms",
                now=day.now,
            )
        if taken is not Taken.WITHDRAWN:
            (await self._book_of(notice_id)).said.add(adult)
            if kind is not AnswerKind.ACKNOWLEDGED:
                await self._answered_for_the_other(notice_id, self.ids[who ^ 1], kind)

    async def _answered_for_the_other(self, notice_id: int, other: int, kind: AnswerKind) -> None:
        """A reason explains an absence for both; where one answer is enough, whoever knows is not asked any more."""
        book = await self._book_of(notice_id)
        state = "SELECT state FROM delivery WHERE notice_id = :notice AND guardian_id = :adult"
        rows = await self.day.small.rows(state, notice=notice_id, adult=other)
        if (book.kind is NoticeKind.ABSENCE and kind is AnswerKind.ILL) or (
            book.needs is Needs.ONE and rows == [("told",)]
        ):
            book.said.add(other)

    async def _cancel(self, back: int) -> None:
        open_ones = [number for number, book in self.notices.items() if not book.cancelled]
        if back >= len(open_ones):
            return
        number = open_ones[-1 - back]
        async with self.day.database.school(self.day.small.school.key) as session:
            await cancel(session, school_id=self.day.small.school.key, notice_id=number, now=self.day.now)
        self.notices[number].cancelled = True

    async def _receipts(self, what: str) -> None:
        state = AttemptState.DELIVERED if what == "arrives" else AttemptState.FAILED
        kind = {"fails": ErrorKind.DEAD_ADDRESS, "off": ErrorKind.TEMPORARY}.get(what)
        fresh = [one.attempt_id for one in self.day.sms.sent if one.attempt_id not in self.heard]
        self.heard.update(fresh)
        async with self.day.database.engine() as connection:
            receipts = [ReceiptIn(number, state, state.value, kind) for number in fresh]
            await record_receipts(connection, receipts, now=self.day.now)

    async def _refuse(self, who: int, error: type[Exception] | None) -> None:
        for channel, value in ADULTS[who].reached_by:
            answers = (self.day.sms if channel is SMS else self.day.mail).answers
            answers.pop(value, None)
            if error is not None:
                answers[value] = error("refused", code="1")

    async def _bar(self, who: int) -> None:
        yesterday = self.day.now.date() - timedelta(days=1)
        ended = yesterday.isoformat() if self.day.database.dialect == "sqlite" else yesterday
        await self.day.small.write(
            "UPDATE link SET to_on = :ended WHERE guardian_id = :adult", ended=ended, adult=self.ids[who]
        )
        self.barred.add(self.ids[who])

    async def _quiet(self, who: int, begins: int, length: int) -> None:
        hours = time(begins), time((begins + length) % 24)
        kept = [f"{one:%H:%M:%S.%f}" for one in hours] if self.day.database.dialect == "sqlite" else hours
        await self.day.small.write(
            "UPDATE guardian SET quiet_from = :begins, quiet_to = :ends WHERE id = :adult",
            adult=self.ids[who],
            **dict(zip(("begins", "ends"), kept, strict=True)),
        )
        self.hours[self.ids[who]] = hours

    async def _silence(self, begins: int, ends: int, weekends: bool) -> None:  # noqa: FBT001 (as it is drawn)
        silence = Silence(time(begins), time(ends), weekends)
        async with self.day.database.school(self.day.small.school.key) as session:
            who = {"school_id": self.day.small.school.key, "staff_id": self.day.small.director}
            await set_silence(session, **who, silence=silence, now=self.day.now)
            self.day.small.school = await read_school(session, self.day.small.school.key)
        self.silence = silence

    async def _look(self) -> None:
        """Hold each message that has just left against the book."""
        fresh = list[Outgoing]()
        for name, channel in self.day.channels.items():
            fresh += channel.sent[self.seen.get(name, 0) :]
            self.seen[name] = len(channel.sent)
        for one in fresh:
            asked = (
                "SELECT copy.notice_id, delivery.guardian_id FROM attempt "
                "JOIN copy ON copy.id = attempt.copy_id JOIN copy_delivery ON copy_delivery.copy_id = copy.id "
                "JOIN delivery ON delivery.id = copy_delivery.delivery_id WHERE attempt.id = :id"
            )
            rows = await self.day.small.rows(asked, id=one.attempt_id)
            self._hold(await self._book_of(rows[0][0]), [row[1] for row in rows])

    async def _book_of(self, number: int) -> Book:
        """Give what the world knows of a notice; here it has pressed each itself."""
        return self.notices[number]

    def _hold(self, book: Book, told: list[int]) -> None:
        now = self.day.now
        if book.cancelled:
            self.faults.append(f"a cancelled notice left: {book.kind}")
        if now >= book.expires:
            self.faults.append(f"a stale notice left: {book.kind}")
        for_whom = [adult for adult in told if adult not in self.barred and adult not in book.said]
        if not for_whom:
            self.faults.append(f"nobody was left to tell: {book.kind}")
        if book.kind not in URGENT:
            self._hold_to_quiet(book, for_whom)

    def _hold_to_quiet(self, book: Book, adults: list[int]) -> None:
        hours = [adult for adult in adults if adult in self.hours]
        if len(hours) == 1 and self._is_quiet(hours[0]):
            self.faults.append(f"it left in quiet hours: {book.kind}")
        if self._is_silent():
            self.faults.append(f"it left in the school's silence: {book.kind}")

    def _is_silent(self, now: datetime | None = None) -> bool:
        if self.silence is None:
            return False
        here = (now or self.day.now).astimezone(PARIS)
        return (self.silence.weekends and here.weekday() >= 5) or not (
            self.silence.ends <= here.time() < self.silence.begins
        )

    def _is_quiet(self, adult: int, now: datetime | None = None) -> bool:
        """Whether the adult's own hours hold now; those that leave no moment beside the silence count for nothing."""
        begins, ends = self.hours[adult]

        def quiet(at: time) -> bool:
            return begins <= at < ends if begins <= ends else not ends <= at < begins

        silence = self.silence
        day = [time(hour) for hour in range(24) if silence is None or silence.ends <= time(hour) < silence.begins]
        return quiet((now or self.day.now).astimezone(PARIS).time()) and not all(quiet(hour) for hour in day)


def _aware(moment: Any) -> datetime:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).replace(tzinfo=NOW.tzinfo)
    return moment
