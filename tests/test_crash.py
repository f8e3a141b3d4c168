"""A worker killed without warning loses nothing and repeats nothing but what was in doubt; a slow provider neither."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from crash import crash
from factories import a_school, by_sms
from test_outbox import Hub

from channels.sms import SMS_LIMITS, TwilioSms
from hub.database import Database
from hub.ports import ChannelName
from hub.sealing import Keyring
from hub.settings import Settings
from sandbox.behaviour import Behaviour
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig


async def test_a_worker_killed_three_times_loses_nothing(database_url: str) -> None:
    done = await crash(database_url, number=400, kills=3, seed=20261124)

    assert done.kills == 3
    assert (done.lost, done.unsettled, done.uncounted) == (0, 0, 0)


async def test_a_provider_slower_than_the_lease_repeats_nothing(database_url: str, keyring: Keyring) -> None:
    database = Database(database_url, pool=5)
    account = "AC" + "0" * 32
    async with Sandbox(SandboxConfig(allow=True, accounts={account: "token"})) as box:
        box.behave(Behaviour(latency=1.5))
        settings = Settings(twilio_url=box.twilio_url, lease=1.2, send_deadline=0.6, settle_after=0.0)
        hub = Hub(await a_school(database, keyring), settings)
        await hub.small.family(*(by_sms(f"+3363998{number:04d}") for number in range(20)))
        sms = TwilioSms(settings, limits=replace(SMS_LIMITS, connections=20))
        hub.channels[ChannelName.SMS] = sms
        await hub.press(now=datetime.now(UTC))

        async with asyncio.timeout(60):
            while await hub.small.rows("SELECT 1 FROM attempt WHERE state <> 'accepted' LIMIT 1"):
                await hub.drain()
                await hub.walk()

        rows = await hub.small.rows("SELECT n, state, provider_id IS NOT NULL FROM attempt")
        await sms.close()
        seen = [message.address for message in box.record.messages]
    await database.close()
    assert {(n, state, bool(known)) for n, state, known in rows} == {(1, "accepted", True)}
    assert len(seen) == len(set(seen)) == 20
