"""How long a family's words take to the open page of the staff: the hub serves as it does, a fan-out running beside."""

import asyncio
import json
import socket
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench.school import KEYS, empty_sqlite
from cli.assembly import Assembly
from cli.demo_school import DIRECTOR, PASSWORD, settle_in
from cli.serve import steady
from hub.database import Database
from hub.models.school import School
from hub.notices.publish import Draft, publish
from hub.outbox.wordings import Wordings
from hub.people.sign_in import sign_in
from hub.people.staff import find_staff
from hub.ports import ChannelName, Lane, Limits, NoticeKind, Outgoing, Proof, Sent, Slots
from hub.settings import Settings
from i18n.rendering import render
from sandbox.config import ACCOUNT, SECRET
from sandbox.families import make_school
from scheduler.bell import LocalBell
from scheduler.drain import Drain
from web.app import create_app, web_server
from web.house import House

NUMBER, PER_SECOND = 1500, 100
LATENCY = 0.02
"""Seconds that a provider takes for a message of the fan-out."""


@dataclass
class Provider:
    """A way out that takes everything after a while, and notes to whom."""

    name: ChannelName
    proof: Proof = Proof.HANDSET
    limits: Limits = field(default_factory=lambda: Limits(text_max=1600, per_second=None, connections=8))
    numbers: set[str] = field(default_factory=set)
    taken: int = 0

    async def send(self, message: Outgoing) -> Sent:
        """Take it."""
        await asyncio.sleep(LATENCY)
        self.numbers.add(message.to)
        self.taken += 1
        return Sent(provider_id=f"P{message.attempt_id}")

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:
        """Know of nothing."""
        del message, since, known

    async def close(self) -> None:
        """Let go of nothing."""


async def measure(folder: Path) -> dict[str, float]:
    """Give p50 and p99 in milliseconds, how many showed, and how many messages left meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as threshold:
        here = f"http://127.0.0.1:{threshold.getsockname()[1]}"
        settings = Settings(database_url=await empty_sqlite(folder), data_dir=folder, demo=True, public_url=here)
        bell = LocalBell()
        database = Database(settings.database_url, bell=bell)
        hub = Assembly(settings, database, KEYS)
        school = await settle_in(hub, make_school())
        fan_out = FanOut(database, school, settings)
        await fan_out.once()
        cookie = await sign_in(database, KEYS, email=DIRECTOR, password=PASSWORD, where="127.0.0.1")
        server = web_server(create_app(House(settings, database, KEYS)))
        steady()
        serving = asyncio.create_task(server.serve(sockets=[threshold]))
        before, running = fan_out.taken, asyncio.create_task(fan_out.again_and_again())
        delays = await _client(_asked(here, cookie, sorted(fan_out.sms.numbers)))
        left, fan_out.ended = fan_out.taken - before, True
        await running
        await fan_out.stop()
        server.should_exit = True
        await serving
        await database.close()
    seen = sorted(one for one in delays if one is not None)
    cuts = statistics.quantiles(seen, n=100, method="inclusive")
    return {
        "p50": cuts[49],
        "p99": cuts[98],
        "seen": float(len(seen)),
        "asked": float(NUMBER),
        "left": float(left),
    }


class FanOut:
    """Notices to the whole school, one after the other, through providers that take their time."""

    def __init__(self, database: Database, school: School, settings: Settings) -> None:
        self._database, self._school, self.ended = database, school, False
        self.sms, self._mail = Provider(ChannelName.SMS), Provider(ChannelName.EMAIL, Proof.ACCEPTED)
        ways = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self._mail}
        self._drain = Drain(database, KEYS, Wordings(settings, KEYS, render), settings, ways)

    @property
    def taken(self) -> int:
        """How many messages left."""
        return self.sms.taken + self._mail.taken

    async def once(self) -> None:
        """Press, and let all of it leave."""
        async with self._database.school(self._school.key) as session:
            author = await find_staff(session, KEYS, self._school.key, DIRECTOR)
            draft = Draft(kind=NoticeKind.URGENT, audience="school", slots=Slots(phrase="call_us"))
            now = datetime.now(UTC)
            await publish(session, KEYS, school=self._school, author_id=author, draft=draft, now=now)
        await self._drain.drain(Lane.URGENT)
        await self._drain.idle()

    async def again_and_again(self) -> None:
        """Do not stop before `ended`."""
        while not self.ended:
            await self.once()

    async def stop(self) -> None:
        """Let go."""
        await self._drain.stop()


def _asked(here: str, cookie: str, numbers: Sequence[str]) -> dict[str, object]:
    return {
        "page": f"{here}/messages/direct",
        "cookie": f"passerelle={cookie}",
        "webhook": f"{here}/webhooks/twilio/demo-sms/inbound",
        "secret": SECRET,
        "account": ACCOUNT,
        "to": "+33937000100",
        "numbers": numbers,
        "number": NUMBER,
        "per_second": PER_SECOND,
    }


async def _client(asked: dict[str, object]) -> list[float | None]:
    """Run the world outside in a process of its own, so that the hub has one to itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.reply_client",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await process.communicate(json.dumps(asked).encode() + b"\n")
    if process.returncode:
        sys.exit("the replies' client failed")
    delays: list[float | None] = json.loads(answer)
    return delays


if __name__ == "__main__":
    print(json.dumps(uvloop.run(measure(Path(sys.argv[1])))))
