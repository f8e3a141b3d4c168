"""Kills the worker while it sends, again and again, and counts what the outside world saw.

`python tests/crash.py --number 5000 --kills 10 --database sqlite` plays it whole; the test plays it small.
The worker is the real `passerelle worker`, the provider the sandbox over HTTP, both in processes of their own.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
from sqlalchemy import text

from bench.postgres import cluster
from bench.school import press, settle
from hub.database import Database
from hub.migrating import migrate
from hub.ports import ChannelName
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig

HOUSE = Path(__file__).resolve().parent.parent
ACCOUNT = "AC" + "0" * 32
OPEN = "SELECT count(*) FROM attempt WHERE state IN ('ready', 'claimed', 'sending', 'unknown')"


@dataclass(frozen=True)
class Crashed:
    """What came of it. `lost` texts never arrived; `uncounted` arrived twice without a try that says it may have."""

    number: int
    kills: int
    seed: int
    lost: int
    unsettled: int
    were_unknown: int
    repeats: int
    doubled: int
    uncounted: int
    seconds: float


async def crash(url: str, *, number: int, kills: int, seed: int) -> Crashed:
    """Send `number` SMS through a worker that is killed `kills` times at random moments."""
    begun, chance = time.monotonic(), random.Random(seed)
    await migrate(url)
    database = Database(url)
    try:
        await settle(database, adults=number, channel=ChannelName.SMS, rate=1000.0)
        config = SandboxConfig(allow=True, accounts={ACCOUNT: "token"})
        async with Sandbox(config) as box:
            await press(database)
            killed = await _killed(box, url, kills=kills, number=number, chance=chance)
            await _finished(database, box, url)
            return await _counted(database, box, number, killed, seed, time.monotonic() - begun)
    finally:
        await database.close()


async def _killed(box: Sandbox, url: str, *, kills: int, number: int, chance: random.Random) -> int:
    """Start a worker, let it send a random share of what is left, and kill it without warning."""
    done = 0
    for kill in range(kills):
        before = len(box.record.messages)
        left = number - before
        if left <= 0:
            break
        share = before + 1 + int(chance.random() * left / (kills - kill + 1))
        worker = await _worker(box, url)
        try:
            await box.record.until(lambda record, share=share: len(record.messages) >= share, seconds=60)
        finally:
            worker.send_signal(signal.SIGKILL)
            await worker.wait()
        done += 1
    return done


async def _finished(database: Database, box: Sandbox, url: str) -> None:
    """Let a last worker settle everything, then stop it politely."""
    worker = await _worker(box, url)
    try:
        async with asyncio.timeout(180):
            while True:
                async with database.engine_reading() as connection:
                    if not (await connection.execute(text(OPEN))).scalar_one():
                        break
                await asyncio.sleep(0.2)
    finally:
        worker.send_signal(signal.SIGTERM)
        await asyncio.wait_for(worker.wait(), 15)


async def _worker(box: Sandbox, url: str) -> asyncio.subprocess.Process:
    settings = {
        "PASSERELLE_DATABASE_URL": url,
        "PASSERELLE_TWILIO_URL": box.twilio_url,
        "PASSERELLE_MASTER_KEYS": f"1:{b64encode(b'b' * 32).decode()}",
        "PASSERELLE_LEASE": "5",
        "PASSERELLE_SEND_DEADLINE": "3",
        "PASSERELLE_SETTLE_AFTER": "1",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from cli.main import run; run()",
        "worker",
        cwd=HOUSE,
        env={**os.environ, **settings},
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _counted(database: Database, box: Sandbox, number: int, killed: int, seed: int, seconds: float) -> Crashed:
    seen = Counter(message.address for message in box.record.messages)
    async with database.engine_reading() as connection:
        unsettled = (await connection.execute(text(OPEN))).scalar_one()
        asked = "SELECT count(*) FROM attempt WHERE error_kind = 'unknown' OR asked > 0 OR repeats"
        unknown = (await connection.execute(text(asked))).scalar_one()
        rows = await connection.execute(text("SELECT copy_id, n, repeats, state FROM attempt ORDER BY copy_id, n"))
        tries: dict[int, list[tuple[int, bool, str]]] = {}
        for copy_id, n, repeats, state in rows:
            tries.setdefault(copy_id, []).append((n, bool(repeats), state))
    repeats = sum(again for of_copy in tries.values() for _, again, _ in of_copy)
    doubled = sum(times - 1 for times in seen.values() if times > 1)
    return Crashed(
        number=number,
        kills=killed,
        seed=seed,
        lost=number - len(seen),
        unsettled=unsettled,
        were_unknown=unknown,
        repeats=repeats,
        doubled=doubled,
        uncounted=max(0, doubled - repeats),
        seconds=round(seconds, 1),
    )


def main() -> None:
    """Play it whole."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    with ExitStack() as stack:
        if asked.database == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="passerelle-crash-"))
            url = f"sqlite+aiosqlite:///{folder}/hub.db"
        else:
            superuser = stack.enter_context(cluster()).superuser
            asyncio.run(_make(superuser))
            url = superuser.replace("postgresql://postgres@", "postgresql+asyncpg://hub@") + "/crash"
        done = asyncio.run(crash(url, number=asked.number, kills=asked.kills, seed=asked.seed))
        sys.stdout.write(json.dumps(asdict(done)) + "\n")


async def _make(superuser: str) -> None:
    connection = await asyncpg.connect(f"{superuser}/postgres")
    await connection.execute("CREATE ROLE hub LOGIN CREATEROLE")
    await connection.execute("CREATE DATABASE crash OWNER hub")
    await connection.close()


if __name__ == "__main__":
    main()
