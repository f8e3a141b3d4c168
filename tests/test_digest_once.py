"""Nothing in two digests and nothing in none: whatever happens before an evening, and where the process is killed."""

import asyncio
import os
import shutil
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from evenings import EVENING, DeathError, Evenings
from factories import NOW, TODAY, SmallSchool, a_school, by_sms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.database import Database, Turn, takes_turn
from hub.models.home import How
from hub.outbox.wordings import read_slots
from hub.ports import NoticeKind
from hub.routing import digest_day
from hub.sealing import Keyring
from scheduler.digests import Digests

KINDS = (NoticeKind.HOMEWORK, NoticeKind.DOCUMENT, NoticeKind.RESULT)
FAR = date(2027, 3, 1)
Item = tuple[int, int, str, int]
"""Adult, child, kind, subject."""


async def test_while_one_clock_tells_the_digests_another_leaves_them_alone(
    database: Database, keyring: Keyring
) -> None:
    day = Evenings(await a_school(database, keyring))
    await day.small.family(by_sms(name="Ada"))
    await day.tell(NoticeKind.RESULT, await day.result())
    database._clock = lambda: EVENING
    digests = Digests(database, keyring)
    if database.dialect == "postgresql":
        async with database.school(day.school_id) as session:
            assert await takes_turn(session, Turn.DIGESTS)
            assert await digests.look() == 0

    assert await digests.look() == 1
    assert await digests.look() == 0


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_clock_killed_while_it_tells_leaves_each_item_for_exactly_one_digest(
    moment: str, database: Database, database_url: str, keyring: Keyring
) -> None:
    """Killed before the commit of the first school, and after it, before the second one's."""
    schools = [Evenings(await a_school(database, keyring, slug=slug)) for slug in ("une", "deux")]
    for day in schools:
        await day.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
        await day.tell(NoticeKind.HOMEWORK, await day.homework())
        await day.tell(NoticeKind.RESULT, await day.result())

    script = Path(__file__).with_name("digest_crash.py")
    killed = await asyncio.create_subprocess_exec(
        sys.executable, str(script), database_url, moment, cwd=script.parent.parent, env=dict(os.environ)
    )
    assert await asyncio.wait_for(killed.wait(), 60) == -signal.SIGKILL

    told = "SELECT count(*) FROM digest_item WHERE notice_id IS NOT NULL"
    assert await schools[0].small.rows(told) == [(0 if moment == "before" else 4,)]
    database._clock = lambda: EVENING + timedelta(minutes=2)
    assert await Digests(database, keyring).look() == (4 if moment == "before" else 2)
    assert await Digests(database, keyring).look() == 0

    assert await schools[0].small.rows(told) == [(8,)]
    each = (
        "SELECT d.guardian_id, count(*) FROM delivery d JOIN notice n ON n.id = d.notice_id"
        " WHERE n.kind = 'digest' GROUP BY d.guardian_id"
    )
    assert [count for _, count in await schools[0].small.rows(each)] == [1, 1, 1, 1]


ADULTS, CHILDREN = ("Ada", "Bob", "Eve"), ("Lina", "Sami", "Noé")
who, whose, kinds = st.sampled_from(ADULTS), st.sampled_from(CHILDREN), st.sampled_from(KINDS)
STEP = st.one_of(
    st.tuples(st.just("tell"), kinds, st.booleans()),
    st.tuples(st.just("tell"), kinds, st.booleans()),
    st.tuples(st.just("hurry")),
    st.tuples(st.just("evening"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("evening"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("wish"), who, kinds, st.sampled_from(How)),
    st.tuples(st.just("gone"), st.integers(0, 9)),
    st.tuples(st.just("unlink"), who, whose),
    st.tuples(st.just("silence"), who, st.booleans()),
)


@dataclass
class Life:
    """A small school, and what must come of its evenings, told in the plainest words."""

    day: Evenings
    adults: dict[str, int]
    children: dict[str, int]
    linked: set[tuple[int, int]]
    today: date = TODAY
    wishes: dict[tuple[int, NoticeKind], How] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    subjects: list[tuple[NoticeKind, int]] = field(default_factory=list)
    waiting: dict[Item, date] = field(default_factory=dict)
    told: set[Item] = field(default_factory=set)
    at_once: Counter[int] = field(default_factory=Counter)

    def at(self, hour: int, minute: int = 0) -> datetime:
        """Give a moment of today."""
        return datetime.combine(self.today, time(hour, minute), NOW.tzinfo)

    async def tell(self, kind: NoticeKind, late: bool) -> None:  # noqa: FBT001 (a step of a history)
        """Something new for the class, in the morning or after the digest's hour."""
        made = {
            NoticeKind.HOMEWORK: lambda: self.day.homework(day=FAR),
            NoticeKind.DOCUMENT: self.day.document,
            NoticeKind.RESULT: self.day.result,
        }
        subject, now = await made[kind](), self.at(18 if late else 8)
        self.subjects.append((kind, subject))
        await self.day.tell(kind, subject, due=FAR, now=now)
        for adult, child in self.linked:
            if adult not in self.silent and self.wishes.get((adult, kind)) is How.EVENING:
                self.waiting[adult, child, kind, subject] = digest_day(now, "Europe/Paris")
        self._heard_at_once(kind, How.AT_ONCE)

    async def hurry(self) -> None:
        """Homework for tomorrow, told after the digest's hour: nobody waits for an evening that would be too late."""
        tomorrow = self.today + timedelta(days=1)
        subject = await self.day.homework(day=tomorrow)
        self.subjects.append((NoticeKind.HOMEWORK, subject))
        await self.day.tell(NoticeKind.HOMEWORK, subject, due=tomorrow, now=self.at(18))
        self._heard_at_once(NoticeKind.HOMEWORK, How.AT_ONCE, How.EVENING)

    def _heard_at_once(self, kind: NoticeKind, *wishes: How) -> None:
        if kind is NoticeKind.HOMEWORK:
            who = {adult for adult, _ in self.linked} - self.silent
            self.at_once.update(adult for adult in who if self.wishes[adult, kind] in wishes)

    async def evening(self, runs: int, dies: bool) -> None:  # noqa: FBT001 (a step of a history)
        """An evening comes, its digest is looked after several times, and the day after begins."""
        if dies:
            with suppress(DeathError):
                await self.day.digest(self.at(17, 1), dies=True)
        for run in range(runs):
            await self.day.digest(self.at(17, 5 + run))
        for item, on_day in list(self.waiting.items()):
            adult, child, kind, _ = item
            if on_day > self.today:
                continue
            stale = on_day < self.today - timedelta(days=7)
            if stale or (adult, child) not in self.linked or self.wishes[adult, NoticeKind(kind)] is How.PAGE:
                del self.waiting[item]
            elif adult not in self.silent:
                del self.waiting[item]
                self.told.add(item)
        self.today += timedelta(days=1)

    async def wish(self, name: str, kind: NoticeKind, how: How) -> None:
        """An adult changes a wish."""
        self.wishes[self.adults[name], kind] = how
        change = "UPDATE wish SET how = '{}' WHERE guardian_id = {} AND kind = '{}'"
        await self.day.small.write(change.format(how.value, self.adults[name], kind.value))

    async def gone(self, which: int) -> None:
        """Something is taken back."""
        if which >= len(self.subjects):
            return
        kind, subject = self.subjects[which]
        taken = {
            NoticeKind.HOMEWORK: "DELETE FROM diary_entry WHERE id = {}",
            NoticeKind.DOCUMENT: "UPDATE document SET withdrawn_at = '2026-11-24 12:00:00+00:00' WHERE id = {}",
            NoticeKind.RESULT: "UPDATE assessment SET published_at = NULL WHERE id = {}",
        }
        await self.day.small.write(taken[kind].format(subject))
        self.waiting = {item: on for item, on in self.waiting.items() if item[2:] != (kind, subject)}

    async def unlink(self, name: str, child: str) -> None:
        """A right ends."""
        pair = (self.adults[name], self.children[child])
        self.linked.discard(pair)
        end = "UPDATE link SET kind = 'barred' WHERE guardian_id = {} AND pupil_id = {}"
        await self.day.small.write(end.format(*pair))

    async def silence(self, name: str, silent: bool) -> None:  # noqa: FBT001 (a step of a history)
        """An adult can be written to no more, or again."""
        adult = self.adults[name]
        (self.silent.add if silent else self.silent.discard)(adult)
        change = (
            "UPDATE address SET state = '{}' WHERE id IN (SELECT address_id FROM contact_point WHERE guardian_id = {})"
        )
        await self.day.small.write(change.format("stopped" if silent else "active", adult))


async def _born(url: str, keyring: Keyring) -> SmallSchool:
    database = Database(url, clock=lambda: NOW)
    small = await a_school(database, keyring)
    both = [by_sms(f"+3363998100{number}", name=name) for number, name in enumerate(ADULTS[:2])]
    adults = await small.family(*both, children=CHILDREN[:2])
    adults += await small.family(by_sms("+33639981009", name=ADULTS[2]), children=CHILDREN[2:])
    day = Evenings(small)
    for adult in adults:
        for kind in KINDS:
            await day.wish(adult, kind, How.EVENING)
    await database.close()
    return small


async def _lived(small: SmallSchool, url: str, history: list[tuple[Any, ...]]) -> None:
    database = Database(url, clock=lambda: NOW)
    here = replace(small, database=database)
    adults = {name: number for number, name in await here.rows("SELECT id, first_name FROM guardian")}
    children = {name: number for number, name in await here.rows("SELECT id, first_name FROM pupil")}
    linked = {(adult, child) for adult, child in await here.rows("SELECT guardian_id, pupil_id FROM link")}
    life = Life(Evenings(here), adults, children, linked)
    life.wishes = {(adult, kind): How.EVENING for adult in adults.values() for kind in KINDS}
    try:
        for what, *how in history:
            await getattr(life, what)(*how)
        await life.evening(2, dies=False)
        await _adds_up(life)
    finally:
        await database.close()


async def _adds_up(life: Life) -> None:
    rows = await life.day.small.rows(
        "SELECT i.guardian_id, i.pupil_id, i.kind, i.subject_id FROM digest_item i JOIN delivery d"
        " ON d.notice_id = i.notice_id AND d.guardian_id = i.guardian_id"
    )
    assert len(rows) == len(set(rows))
    assert {tuple(row) for row in rows} == life.told
    waits = "SELECT guardian_id, pupil_id, kind, subject_id FROM digest_item WHERE notice_id IS NULL"
    assert {tuple(row) for row in await life.day.small.rows(waits)} == set(life.waiting)
    at_once = (
        "SELECT d.guardian_id, count(*) FROM delivery d JOIN notice n ON n.id = d.notice_id"
        " WHERE n.kind = 'homework' GROUP BY d.guardian_id"
    )
    assert Counter(dict(await life.day.small.rows(at_once))) == life.at_once
    said = await life.day.small.rows(
        "SELECT d.guardian_id, n.created_at, v.slots_sealed, k.wrapped, k.master_version FROM delivery d"
        " JOIN notice n ON n.id = d.notice_id JOIN notice_version v ON v.notice_id = n.id"
        " JOIN data_key k ON k.id = n.data_key_id WHERE n.kind = 'digest'"
    )
    evenings = [(row[0], str(row[1])[:10]) for row in said]
    assert len(evenings) == len(set(evenings))
    counted: dict[tuple[int, int], int] = {}
    for adult, _, sealed, wrapped, version in said:
        seal = life.day.small.keyring.seal(wrapped, version)
        news = read_slots(seal.open(sealed, b"notice_version.slots")).news
        assert news is not None
        for child, its in news.children:
            counted[adult, child] = counted.get((adult, child), 0) + its.homework + its.documents + its.results
    expected: dict[tuple[int, int], int] = {}
    for adult, child, _, _ in life.told:
        expected[adult, child] = expected.get((adult, child), 0) + 1
    assert counted == expected


def test_whatever_happens_each_item_that_is_still_news_is_in_exactly_one_digest(
    sqlite_template: Path, tmp_path: Path, keyring: Keyring
) -> None:
    base, taken = tmp_path / "base.db", tmp_path / "taken.db"
    shutil.copy(sqlite_template, base)
    small = asyncio.run(_born(f"sqlite+aiosqlite:///{base}", keyring))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
    @given(st.lists(STEP, min_size=3, max_size=14))
    def lives(history: list[tuple[Any, ...]]) -> None:
        for left in taken.parent.glob("taken.db*"):
            left.unlink()
        for part in base.parent.glob("base.db*"):
            shutil.copy(part, taken.parent / part.name.replace("base", "taken"))
        asyncio.run(_lived(small, f"sqlite+aiosqlite:///{taken}", history))

    lives()
