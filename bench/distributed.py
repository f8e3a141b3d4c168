"""The same queue emptied by workers of their own, over PostgreSQL that keeps what it says, and Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy import text

from bench.postgres import Cluster, cluster
from bench.school import press, settle
from bench.town import Town
from hub.database import Database
from hub.migrating import migrate
from hub.ports import ChannelName, Lane
from hub.settings import Settings
from scheduler.bell import LocalBell
from scheduler.engine import Caller
from scheduler.holds import Holds

SCHOOLS = 8
UNHELD = 100_000.0
"""Messages a second that each school's sender may take: the sink takes what it gets."""
OPEN = "SELECT 1 FROM attempt WHERE state IN ('ready', 'sending', 'unknown') LIMIT 1"


async def made(server: Cluster, name: str) -> str:
    """Make a migrated database that belongs to a login of no special rights; gives its address."""
    connection = await asyncpg.connect(f"{server.superuser}/postgres")
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'hub'"):
        await connection.execute("CREATE ROLE hub LOGIN CREATEROLE")
    await connection.execute(f"CREATE DATABASE {name} OWNER hub")
    await connection.close()
    url = f"postgresql+asyncpg://hub@127.0.0.1:{server.port}/{name}"
    await migrate(url)
    return url


@asynccontextmanager
async def a_town(folder: Path, port: int) -> AsyncIterator[tuple[Town, Database]]:
    """Open a town whose provider listens at `port`, and its registers."""
    with cluster(durable=True) as server:
        url = await made(server, "bench")
        settings = {"TWILIO_URL": f"http://127.0.0.1:{port}", "PUBLIC_URL": "https://hub.test"}
        async with Town(folder, server, url, settings) as town:
            bell = LocalBell()
            database = Database(url, bell=bell)
            caller = Caller(Settings(redis_url=town.redis.url), bell)
            await caller.start()
            yield town, database
            await caller.stop()
            await town.stop_all()
            await database.close()


async def send(port: int, number: int, folder: Path, *, workers: int) -> tuple[float, int]:
    """Empty a queue of `number` SMS of `SCHOOLS` schools, from when they may leave to the last row accepted."""
    each = number // SCHOOLS
    async with a_town(folder, port) as (town, database):
        for one in range(SCHOOLS):
            place = {"school_id": one + 1, "after": one * each}
            await settle(database, adults=each, channel=ChannelName.SMS, rate=UNHELD, **place)
        holds, senders = Holds(database), range(1, SCHOOLS + 1)
        with ExitStack() as stack:  # nobody may speak for them before all is ready
            async for _ in holds.take(senders, at_once=True):
                pass
            for sender_id in senders:
                stack.enter_context(holds.kept(sender_id))
            for school_id in senders:
                await press(database, school_id=school_id)
            async with database.engine() as connection:
                await connection.execute(text("ANALYZE attempt"))
            await town.start_all(*(f"worker{one}" for one in range(workers)))
            await town.is_heard(workers)
        begun = time.perf_counter()
        await holds.let_go()
        database.ring(Lane.ROUTINE)
        await until_empty(database)
        seconds = time.perf_counter() - begun
        async with database.engine_reading() as connection:
            done = await connection.execute(text("SELECT count(*) FROM attempt WHERE state = 'accepted'"))
            return seconds, int(done.scalar_one())


async def send_distributed_1(port: int, number: int, folder: Path) -> tuple[float, int]:
    """With one worker."""
    return await send(port, number, folder, workers=1)


async def send_distributed_2(port: int, number: int, folder: Path) -> tuple[float, int]:
    """With two."""
    return await send(port, number, folder, workers=2)


async def until_empty(database: Database) -> None:
    """Wait until nothing is to be sent, or in doubt; asked again and again, other processes send."""
    while True:
        async with database.engine_reading() as connection:
            if (await connection.execute(text(OPEN))).first() is None:
                return
        await asyncio.sleep(0.02)
