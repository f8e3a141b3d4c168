"""`make storm`: everything that may break breaks, again and again, while families are told and answer.

Several processes over PostgreSQL and Redis; programs are killed, Redis comes back empty, PostgreSQL restarts, the
provider dawdles, refuses, hangs up after it has taken a text, and reports twice and in any order. At the end the
provider's own record is laid beside the hub's. The seed replays the same weather.
"""

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bench.distributed import OPEN, made
from bench.postgres import cluster, free_port
from bench.school import ACCOUNT, number_of, press, settle
from bench.town import Town
from hub.database import Database, is_away
from hub.ports import ChannelName, NoticeKind
from sandbox.behaviour import PLAIN, Behaviour, Receipts
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig

SCHOOLS = 4
PROGRAMS = ("serve1", "serve2", "worker1", "worker2", "clock")
SETTLED_WITHIN = 240.0
MARK = re.compile(r"Avis (\d+)\.")
WEATHER = (
    Behaviour(latency=1.5),
    Behaviour(failing=0.5),
    Behaviour(hang_up=True, times=40),
    Behaviour(answer=429, retry_after=1, times=40),
    Behaviour(answer=500, takes_first=True, times=20),
    Behaviour(receipts=Receipts.DOUBLED),
    Behaviour(receipts=Receipts.REORDERED),
    Behaviour(receipts=Receipts.EARLY),
    Behaviour(receipts=Receipts.LATE, receipt_delay=3.0),
)


@dataclass(frozen=True, slots=True)
class Toll:
    """What the storm cost.

    `lost`: texts that the hub holds for handed over, and that never came; `unaccounted`: adults who stand nowhere;
    `duplicates`: texts that came again, `duplicates_allowed`: tries that say they may be one; `uncounted`: texts that
    came oftener than their tries say.
    """

    lost: int
    unaccounted: int
    duplicates_allowed: int
    duplicates: int
    replies_lost: int
    replies_doubled: int
    kills: int
    seed: int
    deliveries: int
    replies: int
    restarts_of_redis: int
    restarts_of_postgresql: int
    seconds: float
    uncounted: int

    @property
    def is_borne(self) -> bool:
        """Whether all is well."""
        return not (self.lost or self.unaccounted or self.uncounted or self.replies_lost or self.replies_doubled)


@dataclass
class Storm:
    """One storm: `seconds` of weather, in which so many deliveries and replies pass."""

    town: Town
    box: Sandbox
    database: Database
    seconds: float
    deliveries: int
    replies: int
    kills: int
    seed: int
    doors: dict[str, str]
    _counted: Counter[str] = field(default_factory=Counter)
    _marks: dict[int, int] = field(default_factory=dict)
    """Notice → the number in its words."""

    @property
    def families(self) -> int:
        """How many adults each school has: each is told of two notices."""
        return self.deliveries // SCHOOLS // 2

    async def rage(self) -> Toll:
        """Let it pass, wait until all has settled, and count."""
        for number in range(SCHOOLS):
            place = {"school_id": number + 1, "after": number * self.families}
            rate = 3 * self.deliveries / SCHOOLS / self.seconds
            await settle(self.database, adults=self.families, channel=ChannelName.SMS, rate=rate, **place)
        await asyncio.gather(*(self._start(name) for name in PROGRAMS))
        begun = time.monotonic()
        await asyncio.gather(self._press(), self._answer(), self._kill(), self._blow(), self._restart())
        self.box.behave(PLAIN)
        await self._settled()
        return await self._toll(time.monotonic() - begun)

    async def _start(self, name: str) -> None:
        settings = {"LISTEN": self.doors[name]} if name in self.doors else {}
        await self.town.start(name, **settings)

    async def _spread(self, times: int, act: Callable[[int], Coroutine[Any, Any, None]], *, within: float) -> None:
        """Do something so many times, at even distances: a storm is measured in time, so it sleeps in between."""
        begun = time.monotonic()
        for number in range(times):
            await asyncio.sleep(max(0.0, begun + number * within / times - time.monotonic()))
            await act(number)

    async def _press(self) -> None:
        async def one(number: int) -> None:
            kind = NoticeKind.URGENT if number % 2 else NoticeKind.ANNOUNCEMENT
            school = number % SCHOOLS + 1
            while True:
                try:
                    words = f"Avis {number}. Ecole fermee."
                    done = await press(self.database, kind=kind, school_id=school, words=words, key=f"avis-{number}")
                except (SQLAlchemyError, OSError) as error:
                    if not is_away(error):
                        raise
                    await asyncio.sleep(0.2)  # somebody at a desk presses again
                else:
                    self._marks[done.notice_id] = number
                    return

        await self._spread(2 * SCHOOLS, one, within=self.seconds * 0.7)

    async def _answer(self) -> None:
        chance = random.Random(f"{self.seed}/answers")
        said: list[asyncio.Task[Any]] = []

        async def one(number: int) -> None:
            if self.box.record.messages:
                message = chance.choice(self.box.record.messages)
                said.append(asyncio.create_task(self.box.families.reply(message, f"Merci, note numero {number}.")))

        await self.box.record.until(lambda record: len(record.messages) > 10, seconds=60)
        await self._spread(self.replies, one, within=self.seconds * 0.85)
        await asyncio.gather(*said)

    async def _kill(self) -> None:
        chance = random.Random(f"{self.seed}/kills")

        async def one(_: int) -> None:
            name = chance.choice(PROGRAMS)
            await self.town.programs[name].kill()
            self._counted["kills"] += 1
            await asyncio.sleep(chance.random() * self.seconds / self.kills / 2)  # it is missed for a while
            while True:
                try:
                    return await self._start(name)
                except RuntimeError:  # PostgreSQL was away when it started: its supervisor starts it again, soon
                    await asyncio.sleep(0.2)

        await self._spread(self.kills, one, within=self.seconds * 0.9)

    async def _blow(self) -> None:
        chance = random.Random(f"{self.seed}/weather")
        times = max(int(self.seconds / 5), 6)

        async def one(_: int) -> None:
            self.box.behave(chance.choice((*WEATHER, PLAIN)))

        await self._spread(times, one, within=self.seconds * 0.9)

    async def _restart(self) -> None:
        chance = random.Random(f"{self.seed}/restarts")
        times = max(int(self.seconds / 60), 1)

        async def one(_: int) -> None:
            await asyncio.sleep(self.seconds / times * chance.uniform(0.2, 0.4))  # at no foreseen moment
            self.town.redis.kill()
            await asyncio.sleep(chance.random())  # so long nobody is woken
            await asyncio.to_thread(self.town.redis.start)
            self._counted["redis"] += 1
            await asyncio.sleep(self.seconds / times * chance.uniform(0.1, 0.3))
            await asyncio.to_thread(self.town.postgres.restart)
            self._counted["postgresql"] += 1

        await self._spread(times, one, within=self.seconds)

    async def _settled(self) -> None:
        """Wait until nothing is to be sent or in doubt, and the provider has reported all."""
        async with asyncio.timeout(SETTLED_WITHIN):
            while await self._rows(OPEN):  # noqa: ASYNC110 (it happens in other processes)
                await asyncio.sleep(0.5)
            await self.box.settled()

    async def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.database.engine_reading() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def _toll(self, seconds: float) -> Toll:
        came = Counter((_notice(message.text), message.address, message.from_) for message in self.box.record.messages)
        copies = await self._rows(_COPIES)
        phones = {row[0]: f"+336399{80000 + int(row[1][6:]) - 1:05d}" for row in await self._rows(_PHONES)}
        lost = uncounted = duplicates = allowed = 0
        for notice_id, address_id, school_id, over, repeats in copies:
            times = came[self._marks[notice_id], phones[address_id], number_of(school_id)]
            lost += over and not times
            duplicates += max(times - 1, 0)
            allowed += repeats
            uncounted += max(times - 1 - repeats, 0)
        standing = await self._rows(_NOWHERE)
        kept = Counter(row[0] for row in await self._rows("SELECT provider_key FROM reply"))
        taken = {one.sid for one in self.box.record.texts}
        return Toll(
            lost=lost,
            unaccounted=standing[0][0],
            duplicates_allowed=allowed,
            duplicates=duplicates,
            replies_lost=len(taken - kept.keys()),
            replies_doubled=sum(times - 1 for times in kept.values()),
            kills=self._counted["kills"],
            seed=self.seed,
            deliveries=(await self._rows("SELECT count(*) FROM delivery"))[0][0],
            replies=len(taken),
            restarts_of_redis=self._counted["redis"],
            restarts_of_postgresql=self._counted["postgresql"],
            seconds=round(seconds, 1),
            uncounted=uncounted,
        )


def _notice(words: str) -> int:
    found = MARK.search(words)
    return int(found.group(1)) if found else -1


_COPIES = """
    SELECT copy.notice_id, copy.address_id, copy.school_id,
           bool_or(attempt.state IN ('accepted', 'delivered')), sum(attempt.repeats::int)
      FROM copy JOIN attempt ON attempt.copy_id = copy.id GROUP BY copy.id
"""
_PHONES = """
    SELECT contact_point.address_id, guardian.first_name
      FROM contact_point JOIN guardian ON guardian.id = contact_point.guardian_id
"""
_NOWHERE = """
    SELECT count(*) FROM delivery
     WHERE state NOT IN ('told', 'acknowledged', 'to_call', 'cancelled', 'expired')
       AND NOT EXISTS (SELECT 1 FROM copy_delivery JOIN attempt ON attempt.copy_id = copy_delivery.copy_id
                        WHERE copy_delivery.delivery_id = delivery.id AND attempt.state IN ('accepted', 'delivered'))
"""


async def storm(asked: argparse.Namespace) -> Toll:
    """Build the town, let it rage, and give the toll."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passerelle-storm-")))
        server = stack.enter_context(cluster())
        url = await made(server, "storm")
        doors = {name: f"127.0.0.1:{free_port()}" for name in ("serve1", "serve2")}
        public = "https://hub.test"
        settings = {"PUBLIC_URL": public, "LEASE": "5", "SEND_DEADLINE": "3", "SETTLE_AFTER": "1"}
        inbound = {number_of(one): f"{public}/webhooks/twilio/mesure{one}/inbound" for one in range(1, SCHOOLS + 1)}
        town = Town(folder, server, url, settings)
        proxy = town.open_proxy(*doors.values())
        box = await stack.enter_async_context(
            Sandbox(
                SandboxConfig(
                    allow=True, accounts={ACCOUNT: "token"}, inbound_urls=inbound, routes={public: proxy},
                    tries=7, seed=asked.seed,
                )
            )
        )  # fmt: skip
        town.add(TWILIO_URL=box.twilio_url)
        await stack.enter_async_context(town)
        database = Database(url)
        stack.push_async_callback(database.close)
        one = Storm(town, box, database, asked.seconds, asked.deliveries, asked.replies, asked.kills, asked.seed, doors)
        return await one.rage()


def main() -> None:
    """Raise it."""
    parser = argparse.ArgumentParser(prog="storm")
    parser.add_argument("--seconds", type=float, default=540.0)
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--replies", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    for program in ("redis-server", "nginx"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            sys.exit(f"storm: {program} is missing here: make setup")
    print(f"seed {asked.seed}", flush=True)
    toll = asyncio.run(storm(asked))
    print(json.dumps(asdict(toll)), flush=True)
    sys.exit(not toll.is_borne)


if __name__ == "__main__":
    main()
