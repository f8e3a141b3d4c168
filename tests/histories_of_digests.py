"""Histories of what is put on the page and told in the evening: each piece by one digest, once.

The world's own book holds who was to hear of which piece, and what of it was taken back, ticked, or no longer wished.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from days import Day
from evenings import DeathError, Evenings
from factories import NOW
from histories import PARIS, Book, World, _aware, adults, events
from hypothesis import strategies as st

from hub.models.classroom import DiaryTick
from hub.models.home import How
from hub.models.notices import Needs
from hub.notices.digest import tell_digests
from hub.notices.wishes import no_news
from hub.ports import NoticeKind
from scheduler.digests import Digests

SHAKEN = frozenset({"refuse", "receipts"})
"""After these an adult may be reached by nothing, and reads on the page."""
pages = st.one_of(
    st.tuples(st.just("homework"), st.integers(1, 6)),
    st.tuples(st.just("document")),
    st.tuples(st.just("withdraw"), st.integers(0, 1)),
    st.tuples(st.just("tick"), adults, st.integers(0, 1)),
    st.tuples(st.just("wish"), adults, st.sampled_from(list(How))),
    st.tuples(st.just("dies")),
)
stories_of_digests = st.lists(
    st.tuples(pages, st.tuples(st.just("wait"), st.sampled_from([5, 180, 600, 1440])), st.one_of(events, pages)),
    min_size=3,
    max_size=6,
).map(lambda found: [each for turn in found for each in turn])
"""Something on the page, a while, and something else: for nothing is told twice that had no time to be told once."""


@dataclass
class Piece:
    """Something on the page: who was to hear of it whatever comes, for which child; when it was taken back."""

    kind: NoticeKind
    subject: int
    key: str
    hear: set[int]
    gone_at: datetime | None = None
    ticked: dict[int, datetime] = field(default_factory=dict)


class DigestWorld(World):
    """A school that puts homework and documents on its page, and tells of them in the evening."""

    def __init__(self, day: Day) -> None:
        super().__init__(day)
        self.clocks = tuple(Digests(day.database, day.small.keyring) for _ in range(2))
        self.page, self.pieces = Evenings(day.small), list[Piece]()
        self.shaken, self.told = set[int](), dict[tuple[int, int, str, int], int]()

    async def begin(self) -> None:
        """Enrol the families; Ida is reached by nothing."""
        await super().begin()
        self.child = dict(await self.day.small.rows("SELECT guardian_id, pupil_id FROM link"))
        self.shaken.add(self.ids[5])

    async def live(self, event: tuple[Any, ...]) -> None:
        """Let one thing happen; whoever may be reached by nothing from now on need not have heard."""
        if event[0] in SHAKEN:
            self.shaken.update([self.ids[event[1]]] if event[0] == "refuse" else self.ids)
        await super().live(event)

    async def _pass(self) -> None:
        """Let two clocks look first; the database lets one of them act."""
        for one in self.clocks:
            await one.look()
        await super()._pass()

    async def rest(self) -> None:
        """Let ten evenings come, and three weeks pass; then each piece was told as it had to be, and nothing waits."""
        await self._wait(60)
        await self._pass()
        for _ in range(10):
            here = self.day.now.astimezone(PARIS)
            self.day.now = (here + timedelta(days=here.hour >= 18)).replace(hour=18, minute=20).astimezone(NOW.tzinfo)
            await self._pass()
        await super().rest()
        small = self.day.small
        if await small.rows("SELECT id FROM digest_item WHERE notice_id IS NULL"):
            self.faults.append("something waits for an evening that does not come")
        for piece in self.pieces:
            await self._close(piece)
        asked = (
            "SELECT guardian_id, created_at FROM delivery JOIN notice ON notice.id = notice_id WHERE kind = 'digest'"
        )
        rows = await small.rows(asked)
        evenings = Counter((adult, _aware(made).astimezone(PARIS).date()) for adult, made in rows)
        if any(number > 1 for number in evenings.values()):
            self.faults.append("one had two digests in an evening")

    async def _close(self, piece: Piece) -> None:
        small, what = self.day.small, {"kind": piece.kind.value, "subject": piece.subject}
        items = (
            "SELECT guardian_id, notice_id FROM digest_item "
            "WHERE kind = :kind AND subject_id = :subject AND notice_id IS NOT NULL"
        )
        at_once = (
            "SELECT DISTINCT guardian_id, notice_id FROM delivery JOIN notice ON notice.id = notice_id "
            "WHERE key_name = :key"
        )
        told = [*await small.rows(items, **what), *await small.rows(at_once, key=piece.key)]
        times = Counter(adult for adult, _ in told)
        if any(number > 1 for number in times.values()):
            self.faults.append(f"one was told twice of a piece: {piece.kind}")
        if piece.gone_at is not None:
            return
        ticked = {adult for adult in piece.hear if self.child[adult] in piece.ticked}
        if piece.hear - ticked - self.barred - self.shaken - set(times):
            self.faults.append(f"one was never told of a piece: {piece.kind}")
        for adult, notice in told:
            served = "SELECT 1 FROM delivery WHERE guardian_id = :adult AND notice_id = :notice"
            if not await small.rows(served, adult=adult, notice=notice):
                self.faults.append(f"a piece went into a digest that nobody has: {piece.kind}")

    async def _homework(self, days: int) -> None:
        day = self.day.now.astimezone(PARIS).date() + timedelta(days=days)
        number = await self.page.homework(day=day)
        key = f"devoir-{number}"
        await self.page.tell(NoticeKind.HOMEWORK, number, key=key, due=day, now=self.day.now)
        self.pieces.append(Piece(NoticeKind.HOMEWORK, number, key, self._steady()))

    async def _document(self) -> None:
        number = await self.page.document()
        key = f"papier-{number}"
        await self.page.tell(NoticeKind.DOCUMENT, number, key=key, now=self.day.now)
        self.pieces.append(Piece(NoticeKind.DOCUMENT, number, key, self._steady()))

    def _steady(self) -> set[int]:
        return set(self.ids) - self.barred - self.shaken

    async def _withdraw(self, back: int) -> None:
        open_ones = [one for one in self.pieces if one.kind is NoticeKind.DOCUMENT and one.gone_at is None]
        if back >= len(open_ones):
            return
        piece, small = open_ones[-1 - back], self.day.small
        piece.gone_at = self.day.now
        async with self.day.database.school(small.school.key) as session:
            which = {"school_id": small.school.key, "kind": piece.kind, "subject_id": piece.subject}
            await no_news(session, **which)

    async def _tick(self, who: int, back: int) -> None:
        open_ones = [one for one in self.pieces if one.kind is NoticeKind.HOMEWORK]
        adult = self.ids[who]
        if back >= len(open_ones) or self.child[adult] in open_ones[-1 - back].ticked:
            return
        piece = open_ones[-1 - back]
        piece.ticked[self.child[adult]] = self.day.now
        row = {"entry_id": piece.subject, "pupil_id": self.child[adult], "guardian_id": adult, "at": self.day.now}
        await self.page.kept(DiaryTick(school_id=self.day.small.school.key, **row))

    async def _wish(self, who: int, how: How) -> None:
        adult, small = self.ids[who], self.day.small
        await small.write("DELETE FROM wish WHERE guardian_id = :adult", adult=adult)
        for kind in (NoticeKind.HOMEWORK, NoticeKind.DOCUMENT):
            await self.page.wish(adult, kind, how)
        for piece in self.pieces:  # what waits for the evening of somebody who looks alone is let go of
            piece.hear -= {adult} if how is How.PAGE else set()
        self.shaken.update({adult} if how is How.PAGE else ())

    async def _dies(self) -> None:
        """The process ends while it tells the digests: as if it had not begun."""
        small = self.day.small
        with suppress(DeathError):
            async with self.day.database.school(small.school.key) as session:
                await tell_digests(session, small.keyring, school=small.school, now=self.day.now)
                raise DeathError

    async def _cancel(self, back: int) -> None:
        """The school takes back what it has pressed itself, no digest."""
        open_ones = [number for number, book in self.notices.items() if not book.cancelled]
        pressed = [number for number in open_ones if self.notices[number].kind not in OF_THE_PAGE]
        if back < len(pressed):
            await super()._cancel(len(open_ones) - 1 - open_ones.index(pressed[-1 - back]))

    async def _look(self) -> None:
        fresh = "SELECT id, kind, needs, expires_at FROM notice ORDER BY id"
        for number, kind, needs, expires in await self.day.small.rows(fresh):
            self.notices.setdefault(number, Book(NoticeKind(kind), Needs(needs), _aware(expires)))
        await super()._look()
        asked = (
            "SELECT digest_item.guardian_id, pupil_id, digest_item.kind, subject_id, notice.id, notice.created_at "
            "FROM digest_item JOIN notice ON notice.id = digest_item.notice_id"
        )
        for adult, pupil, kind, subject, number, made in await self.day.small.rows(asked):
            if self.told.setdefault((adult, pupil, kind, subject), number) != number:
                self.faults.append(f"a piece went from one digest into another: {kind}")
            piece = next(one for one in self.pieces if (one.kind, one.subject) == (kind, subject))
            over = [moment for moment in (piece.gone_at, piece.ticked.get(pupil)) if moment is not None]
            if any(_aware(made) > moment for moment in over):
                self.faults.append(f"a digest tells of what is no news any more: {kind}")


OF_THE_PAGE = frozenset({NoticeKind.DIGEST, NoticeKind.HOMEWORK, NoticeKind.DOCUMENT})
