"""Many processes over PostgreSQL and Redis: everybody is told once, and each of them may be missed for a while."""

import asyncio
import shutil
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import make_url, text

from bench.postgres import Cluster
from bench.school import press, settle
from bench.town import KEY, Town
from cli.assembly import assembled
from cli.checkup import programs
from hub.database import Database, Turn
from hub.models.school import ProgramRole
from hub.ports import ChannelName, Lane, NoticeKind
from hub.settings import Settings
from sandbox.behaviour import Behaviour
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from scheduler.alone import Errand, alone
from scheduler.wakeups import WakeUps, wake_broker

pytestmark = [
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is missing here"),
]
ACCOUNT = "AC" + "0" * 32
OPEN = "SELECT 1 FROM attempt WHERE state IN ('ready', 'sending', 'unknown')"
HASTE = {"LEASE": "5", "SEND_DEADLINE": "3", "SETTLE_AFTER": "1"}


@dataclass
class Place:
    """A town, the world outside, and a desk at which somebody presses."""

    town: Town
    box: Sandbox
    desk: Database

    async def families(self, number: int, *, rate: float) -> None:
        await settle(self.desk, adults=number, channel=ChannelName.SMS, rate=rate)

    async def all_told(self, number: int, *, within: float = 30) -> float:
        """Wait until so many texts have come; gives the seconds."""
        begun = time.monotonic()
        await self.box.record.until(lambda record: len(record.messages) >= number, seconds=within)
        return time.monotonic() - begun

    async def rows(self, sql: str) -> list[tuple]:
        async with self.desk.engine_reading() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    def each_once(self) -> bool:
        return set(Counter(message.address for message in self.box.record.messages).values()) == {1}


@pytest_asyncio.fixture
async def place(database_url: str, postgres: Cluster, tmp_path: Path) -> AsyncIterator[Place]:
    keys = SecretStr(f"1:{b64encode(KEY).decode()}")
    async with (
        Sandbox(SandboxConfig(allow=True, accounts={ACCOUNT: "token"})) as box,
        Town(tmp_path, postgres, database_url, {**HASTE, "TWILIO_URL": box.twilio_url}) as town,
    ):
        desk = Settings(database_url=database_url, redis_url=town.redis.url, data_dir=tmp_path, master_keys=keys)
        async with assembled(desk, ProgramRole.SERVE) as hub:
            yield Place(town, box, hub.database)


async def test_two_workers_tell_everybody_once_and_at_once(place: Place) -> None:
    await place.families(200, rate=1000.0)
    await place.town.start_all("worker1", "worker2")

    begun = time.monotonic()
    await press(place.desk, kind=NoticeKind.URGENT)
    await place.all_told(200)

    assert time.monotonic() - begun < 5
    assert place.each_once()
    assert len(await place.rows("SELECT DISTINCT held_by FROM sender WHERE held_by IS NOT NULL")) == 1
    await place.town.stop_all()
    assert await place.rows("SELECT state, count(*) FROM attempt GROUP BY state") == [("accepted", 200)]
    assert await place.rows("SELECT held_by FROM sender") == [(None,)]


async def test_a_senders_rate_is_one_for_all_workers(place: Place) -> None:
    await place.families(90, rate=30.0)
    await place.town.start_all("worker1", "worker2")

    await press(place.desk, kind=NoticeKind.URGENT)
    await place.all_told(90)

    came = sorted(message.at.timestamp() for message in place.box.record.messages)
    assert max(sum(moment <= other < moment + 1 for other in came) for moment in came) <= 33
    assert 2.8 < came[-1] - came[0] < 8


async def test_another_worker_takes_over_from_one_that_dies(place: Place) -> None:
    await place.families(60, rate=20.0)
    one = await place.town.start("worker1")
    await press(place.desk, kind=NoticeKind.URGENT)
    await place.town.start("worker2")
    await place.box.record.until(lambda record: len(record.messages) >= 10, seconds=20)

    await one.kill()

    await place.all_told(60, within=60)
    assert place.each_once()


async def test_redis_gone_costs_a_second_and_nothing_else(place: Place) -> None:
    await place.families(20, rate=1000.0)
    await place.town.start("worker")
    place.town.redis.kill()

    begun = time.monotonic()
    await press(place.desk, kind=NoticeKind.URGENT)
    await place.all_told(20)
    gone = time.monotonic() - begun

    await asyncio.to_thread(place.town.redis.start)
    await place.town.is_heard()
    begun = time.monotonic()
    await press(place.desk, kind=NoticeKind.URGENT)
    await place.all_told(40)

    assert (gone < 4, time.monotonic() - begun < 2) == (True, True)
    assert len(place.box.record.messages) == 40
    await place.town.stop_all()


async def test_postgresql_restarted_lets_everything_wait_and_go_on(place: Place) -> None:
    await place.families(100, rate=40.0)
    await place.town.start_all("worker1", "worker2")
    await press(place.desk, kind=NoticeKind.URGENT)
    await place.box.record.until(lambda record: len(record.messages) >= 20, seconds=20)

    await asyncio.to_thread(place.town.postgres.restart)

    await place.all_told(100, within=60)
    async with asyncio.timeout(30):
        while await place.rows(OPEN):  # noqa: ASYNC110 (it happens in other processes)
            await asyncio.sleep(0.1)
    assert place.each_once()


async def test_whoever_is_asked_to_stop_is_gone_in_ten_seconds_with_nothing_in_doubt(place: Place) -> None:
    place.box.behave(Behaviour(latency=1.0))
    await place.families(100, rate=20.0)
    worker = await place.town.start("worker")
    await press(place.desk, kind=NoticeKind.URGENT)
    await place.box.record.until(lambda record: len(record.messages) >= 10, seconds=20)

    assert await worker.stop() < 10

    states = dict(await place.rows("SELECT state, count(*) FROM attempt GROUP BY state"))
    assert set(states) == {"accepted", "ready"}
    assert states["accepted"] == len(place.box.record.messages)


async def test_whoever_has_only_begun_to_hear_wake_ups_can_stop_at_once(place: Place) -> None:
    async def drain(lane: Lane) -> None:
        del lane

    for number in range(40):
        wakeups = WakeUps(wake_broker(place.town.redis.url, worker=number), drain)
        wakeups.hear()
        await asyncio.sleep(number / 4000)  # somewhere between its first step and its first wake-up
        begun = time.monotonic()
        await wakeups.hear_no_more()
        assert time.monotonic() - begun < 0.9  # it ended by itself, and was not cut off
        await wakeups.close()


async def test_who_runs_is_known_until_it_leaves(place: Place) -> None:
    await place.town.start_all("worker1", "worker2", "clock")
    here = "SELECT role, count(*) FROM process GROUP BY role ORDER BY role"

    assert await place.rows(here) == [("clock", 1), ("serve", 1), ("worker", 2)]
    (finding,) = await programs(place.desk, Settings(redis_url=place.town.redis.url))
    assert finding.sentence == "clock : 1, serve : 1, worker : 2."

    await place.town.stop_all()
    assert await place.rows(here) == [("serve", 1)]
    (finding,) = await programs(place.desk, Settings(redis_url=place.town.redis.url))
    assert finding.sentence == "Ne tourne pas : worker (rien ne part), clock (rien de ce qui est prévu ne part)."


async def test_one_door_at_a_time_fetches_and_another_takes_over(database_url: str, postgres: Cluster) -> None:
    one, other = Database(database_url), Database(database_url)
    fetched: list[str] = []

    def errand(who: str) -> Errand:
        async def fetch() -> None:
            fetched.append(who)
            await asyncio.sleep(3600)

        return fetch

    begun = asyncio.create_task(alone(one, Turn.TELEGRAM, errand("one"), pause=0.05))
    async with asyncio.timeout(10):
        while fetched != ["one"]:  # noqa: ASYNC110 (the errand has no bell)
            await asyncio.sleep(0.01)
        waits = asyncio.create_task(alone(other, Turn.TELEGRAM, errand("other"), pause=0.05))
        await asyncio.sleep(0.2)
        assert fetched == ["one"]

        await _cut(postgres, database_url)
        while len(fetched) == 1:  # noqa: ASYNC110 (the same)
            await asyncio.sleep(0.01)
        while fetched[-1] == "one":
            begun.cancel()
            await asyncio.sleep(0.01)
    for task in (begun, waits):
        task.cancel()
        await asyncio.wait([task])
    await one.close()
    await other.close()
    assert fetched[-1] == "other"


async def _cut(postgres: Cluster, database_url: str) -> None:
    """Cut every line to this database, as a server that restarts does."""
    connection = await asyncpg.connect(f"{postgres.superuser}/postgres")
    name = make_url(database_url).database
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    await connection.close()
