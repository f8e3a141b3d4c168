"""The engine on a bad day: a database that stumbles, providers that dawdle or answer nonsense."""

import asyncio
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from factories import NOW, FakeChannel, a_school, by_sms
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from test_outbox import Hub

from hub.database import Database, is_away
from hub.errors import MisconfiguredError
from hub.outbox.bulk import Bulk
from hub.outbox.prepare import Prepared
from hub.outbox.record import Outcome, Result, record_outcomes
from hub.ports import ChannelName, Lane, NoticeKind, Outgoing, Sent
from hub.sealing import Keyring
from hub.settings import Settings
from scheduler.drain import Drain
from scheduler.writer import MOST, Writer

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest_asyncio.fixture
async def hub(database: Database, keyring: Keyring) -> Hub:
    return Hub(await a_school(database, keyring), Settings(public_url="https://hub.test", master_keys=None))


async def test_the_registers_close_behind_who_is_still_at_work(database: Database) -> None:
    written = asyncio.Event()

    async def write_long() -> None:
        async with database.engine() as connection:
            await connection.execute(text("SELECT 1"))
            written.set()
            await asyncio.sleep(0.05)
            await connection.execute(text("SELECT 1"))

    async def read_and_go_away() -> None:
        async with database.engine_reading() as connection:
            await connection.execute(text("SELECT 1"))
            await asyncio.sleep(60)

    writing, reading = asyncio.create_task(write_long()), asyncio.create_task(read_and_go_away())
    await written.wait()
    reading.cancel()

    await database.close()

    assert writing.done()
    assert reading.done()


@ON_SQLITE
async def test_a_commit_that_fails_leaves_nothing_open(database: Database) -> None:
    rows = Bulk("INSERT INTO t SELECT v.a FROM v", a="bigint")
    async with database.engine() as connection:
        await connection.execute(text("CREATE TABLE t (a integer)"))

    async def write(number: int) -> None:
        async with database.engine() as connection:
            await rows.run(connection, [(number,)])

    for _ in range(2):
        with pytest.raises(OverflowError):
            await write(10**30)  # goes along with the commit, which fails by it
    await write(1)

    async with database.engine_reading() as connection:
        assert (await connection.execute(text("SELECT a FROM t"))).all() == [(1,)]


@ON_SQLITE
async def test_a_full_disk_leaves_nothing_open(database: Database, database_url: str) -> None:
    rows = Bulk("INSERT INTO t SELECT v.a FROM v", a="text")
    async with database.engine() as connection:
        await connection.execute(text("CREATE TABLE t (a text)"))
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    async def write(words: str) -> None:
        async with database.engine() as connection:
            await rows.run(connection, [(words,)])

    with pytest.raises(OperationalError, match="full"):
        await write("x" * 100_000)

    with sqlite3.connect(database_url.partition("///")[2], timeout=0.1, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()
    await write("y")


async def test_an_answer_that_cannot_be_written_costs_its_neighbours_nothing(hub: Hub) -> None:
    for number in range(3):
        await hub.small.family(by_sms(f"+3363998100{number}"))
    await hub.press()
    await hub.small.write("UPDATE attempt SET state = 'sending'")

    async def commit(outcomes: Sequence[Outcome]) -> None:
        async with hub.database.engine() as connection:
            await record_outcomes(connection, outcomes, now=NOW)

    writer = Writer(commit)
    for number, cost in enumerate((1, 10**30, 1), start=1):
        await writer.put(Outcome(number, Result.ACCEPTED, 5.0, f"SM{number}", 1, cost))
    async with asyncio.timeout(5):
        await writer.close()

    assert await hub.attempts() == [("accepted",), ("sending",), ("accepted",)]


class RefusalError(Exception):
    """An error as asyncpg's reach us: bare, known by their SQLSTATE."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("")
        self.sqlstate = sqlstate


@pytest.mark.parametrize("sqlstate", ["57P03", "57P01", "08003", "40P01", "53100"])
async def test_results_wait_for_a_database_that_restarts(sqlstate: str) -> None:
    written: list[str] = []
    faults = [DBAPIError("", None, RefusalError(sqlstate))] * 2

    async def commit(items: Sequence[str]) -> None:
        if faults:
            raise faults.pop()
        written.extend(items)

    writer = Writer(commit)
    await writer.put("the only one")
    async with asyncio.timeout(5):
        await writer.close()

    assert written == ["the only one"]


@pytest.mark.parametrize("sqlstate", ["22021", "23505", "42601"])
def test_what_a_database_will_never_take_is_not_its_absence(sqlstate: str) -> None:
    assert not is_away(DBAPIError("", None, RefusalError(sqlstate)))


async def test_a_writer_never_commits_more_at_once_than_a_statement_holds() -> None:
    sizes: list[int] = []
    first = asyncio.Event()

    async def commit(items: Sequence[int]) -> None:
        sizes.append(len(items))
        if len(sizes) == 1:
            await first.wait()

    writer = Writer(commit)
    putting = [asyncio.create_task(writer.put(number)) for number in range(3 * MOST)]
    await asyncio.sleep(0.05)
    first.set()
    await asyncio.gather(*putting)
    async with asyncio.timeout(5):
        await writer.flushed()
    await writer.close()

    assert max(sizes) <= MOST
    assert sum(sizes) == 3 * MOST


class Stumbling(Drain):
    """A drain whose database goes away after the first claim."""

    claims = 0

    async def _prepare(self, sender_id: int, lane: Lane, most: int) -> Prepared:
        self.claims += 1
        if self.claims == 2:
            raise OperationalError("", None, Exception())
        return await super()._prepare(sender_id, lane, most)

    async def _stop_sender(self, sender_id: int, why: str) -> None:  # noqa: ARG002 (as it is called)
        raise OperationalError("", None, Exception())


async def drained(hub: Hub, kind: type[Drain] = Drain) -> None:
    drain = kind(hub.database, hub.small.keyring, hub.wordings, hub.settings, hub.channels)
    for lane in Lane:
        await drain.drain(lane)
    await drain.idle()
    await drain.stop()


@dataclass
class Slow(FakeChannel):
    """A provider that takes its time, in seconds."""

    takes: float = 0.1

    async def send(self, message: Outgoing) -> Sent:
        await asyncio.sleep(self.takes)
        return await super().send(message)


@ON_SQLITE
async def test_when_the_database_goes_away_no_post_is_cut_off(hub: Hub) -> None:
    for number in range(70):
        await hub.small.family(by_sms(f"+336399810{number:02}"))
    await hub.press()
    hub.channels[ChannelName.SMS] = hub.sms = Slow()

    await drained(hub, Stumbling)

    assert len(hub.sms.sent) == 64
    states = await hub.small.rows("SELECT state, count(*) FROM attempt GROUP BY state ORDER BY state")
    assert states == [("accepted", 64), ("ready", 6)]


@ON_SQLITE
async def test_a_sender_that_cannot_be_stopped_now_leaves_nothing_in_doubt(hub: Hub) -> None:
    for number in range(20):
        await hub.small.family(by_sms(f"+336399810{number:02}"))
        hub.sms.answers[f"+336399810{number:02}"] = MisconfiguredError("no money", code="20003")
    await hub.press()

    await drained(hub, Stumbling)

    assert await hub.small.rows("SELECT DISTINCT state FROM attempt") == [("ready",)]


@ON_SQLITE
async def test_behind_a_slow_provider_nothing_is_made_ready_twice(hub: Hub) -> None:
    """A mail server that takes a second for each mail; here all is ten times faster than in life."""
    hub.settings = Settings(public_url="https://hub.test", lease=3.0, send_deadline=1.0)
    for number in range(400):
        await hub.small.family(by_sms(f"+33639981{number:03}"))
    await hub.press(kind=NoticeKind.ANNOUNCEMENT)
    hub.channels[ChannelName.SMS] = hub.sms = Slow()

    await drained(hub)

    assert len(hub.sms.sent) == 400
    assert await hub.small.rows("SELECT count(*) FROM page_link") == [(400,)]


@ON_SQLITE
async def test_who_gives_up_in_the_middle_leaves_all_or_nothing_and_no_lock(database: Database) -> None:
    async with database.engine() as connection:
        await connection.execute(text("CREATE TABLE half (n integer)"))

    async def write(number: int) -> None:
        async with database.engine() as connection:
            for _ in range(2):
                await connection.execute(text("INSERT INTO half VALUES (:n)"), {"n": number})

    chance = random.Random(20261124)
    for number in range(200):
        writing = asyncio.create_task(write(number))
        await asyncio.sleep(chance.random() * 0.004)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    async with asyncio.timeout(5):
        await write(200)

    async with database.engine_reading() as connection:
        found = (await connection.execute(text("SELECT n, count(*) FROM half GROUP BY n"))).all()
    assert {times for _, times in found} == {2}
    assert 200 in {number for number, _ in found}
