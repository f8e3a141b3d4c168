"""Who speaks for a sender, woken by whom, with how many hands: the small parts of many processes, each by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from factories import NOW, a_school, by_sms
from sqlalchemy.ext.asyncio import AsyncConnection
from test_outbox import Hub

from hub.database import Database
from hub.outbox.holding import HELD_FOR
from hub.ports import ChannelName, Lane
from hub.sealing import Keyring
from hub.settings import Settings
from scheduler.crew import Crew
from scheduler.drain import PREPARING
from scheduler.holds import Holds
from scheduler.wakeups import WakeUps, wake_broker


async def taken(holds: Holds, sender_id: int) -> bool:
    return any([sender_id in some async for some in holds.take([sender_id], at_once=True)])


async def test_one_process_speaks_for_a_sender_until_it_lets_go(database: Database, keyring: Keyring) -> None:
    sender_id = (await a_school(database, keyring)).senders[ChannelName.SMS]
    one, other = Holds(database), Holds(database)

    assert await taken(one, sender_id)
    assert not await taken(other, sender_id)
    assert (one.covers(sender_id), other.covers(sender_id)) == (True, False)

    await one.let_go()
    assert await taken(other, sender_id)
    assert not one.covers(sender_id)


async def test_a_hold_from_before_the_clock_was_put_back_binds_nobody(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    sender_id = small.senders[ChannelName.SMS]
    for minutes, free in ((HELD_FOR / 60, False), (60, True)):
        then = NOW + timedelta(minutes=minutes)
        moment = then.strftime("%Y-%m-%d %H:%M:%S.%f") if database.dialect == "sqlite" else then
        await small.write("UPDATE sender SET held_by = 7, held_until = :then", then=moment)
        assert await taken(Holds(database), sender_id) is free


async def test_what_is_changed_at_a_school_is_said_in_the_next_notice(database: Database, keyring: Keyring) -> None:
    hub = Hub(await a_school(database, keyring), Settings(public_url="https://hub.test", master_keys=None))
    await hub.small.family(by_sms())
    await hub.press()
    await hub.drain()
    await hub.small.write("UPDATE school SET phone = '02 61 91 00 99'")

    await hub.press()
    await hub.drain()

    assert ["02 61 91 00 99" in message.text for message in hub.sms.sent] == [False, True]


async def test_no_more_posters_are_called_than_messages_are_under_way_and_one() -> None:
    begun, most = 0, 0
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    full, home = asyncio.Event(), asyncio.Event()

    async def post() -> None:
        nonlocal begun, most
        begun += 1
        while (number := await queue.get()) is not None:
            with crew.away():
                most = max(most, number)
                if number == 3:
                    full.set()
                await home.wait()
        queue.put_nowait(None)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        crew = Crew(group, 3)
        crew.begin(post)
        await asyncio.sleep(0)
        assert begun == 1  # sixty-four would stand and wait

        for number in range(1, 6):
            queue.put_nowait(number)
        await full.wait()
        assert begun == 3
        home.set()
        queue.put_nowait(None)
    assert (most, begun) == (5, 3)


class Counting(Database):
    """Counts how many write at the same time."""

    writing = most = 0

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[AsyncConnection]:
        self.writing += 1
        self.most = max(self.most, self.writing)
        try:
            async with super().engine() as connection:
                yield connection
        finally:
            self.writing -= 1


async def test_however_many_senders_have_work_few_batches_are_made_ready_side_by_side(
    database: Database, database_url: str, keyring: Keyring
) -> None:
    hub = Hub(await a_school(database, keyring), Settings(public_url="https://hub.test", master_keys=None))
    for number in range(12):
        await hub.small.family(by_sms(f"+336399810{number:02}"))
    await hub.press()
    columns = "school_id, data_key_id, channel, provider, address, name, login, two_way, receipts, price, secret_sealed"
    for number in range(2, 13):
        await hub.small.write(
            f"INSERT INTO sender (key_name, {columns}) SELECT 'line{number}', {columns} FROM sender WHERE id = 1"  # noqa: S608 (fixed words)
        )
    await hub.small.write(
        "UPDATE attempt SET sender_id = (SELECT id FROM sender WHERE key_name = 'line' || attempt.id) WHERE id > 1"
    )
    counting = hub.database = Counting(database_url, pool=5, clock=lambda: NOW)

    await hub.drain()

    await counting.close()
    assert len(hub.sms.sent) == 12
    assert 1 < counting.most <= PREPARING + 1  # and one writes what came of it


async def test_whoever_rings_while_redis_is_away_waits_a_second_at_most_and_fails_in_nothing() -> None:
    wakeups = WakeUps(wake_broker("redis://127.0.0.1:1/0"), None)
    async with asyncio.timeout(3):
        await wakeups.ring(Lane.URGENT)
        await wakeups.close()
