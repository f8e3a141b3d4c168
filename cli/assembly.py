"""Where the house is put together: the one place that knows every room."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from channels.chat import TelegramChat
from channels.email import SmtpEmail
from channels.push import WebPush
from channels.sms import TwilioSms
from channels.voice import TwilioVoice
from hub.database import Database
from hub.ports import Channel, ChannelName
from hub.sealing import Keyring, keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.bell import LocalBell
from scheduler.clock import Clock
from scheduler.digests import Digests
from scheduler.engine import Engine
from scheduler.nightly import Nightly
from scheduler.reminders import Reminders
from scheduler.tidings import Tidings


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts of one process."""

    settings: Settings
    database: Database
    keyring: Keyring
    engine: Engine


@asynccontextmanager
async def assembled(settings: Settings) -> AsyncIterator[Assembly]:
    """Put the house together, with its engine running; on the way out everything stops in order."""
    async with AsyncExitStack() as stack:
        bell = LocalBell()
        database = Database(settings.database_url, bell=bell)
        stack.push_async_callback(database.close)
        channels = ways_out(settings)
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        keys = keyring(settings)
        engine = Engine(database, keys, settings, channels, bell, render)
        await engine.start()
        stack.push_async_callback(engine.stop)
        watches = (
            Nightly(database, keys, settings).watch(),
            Tidings(database, keys).watch(),
            Digests(database, keys).watch(),
            Clock(database, keys).watch(),
            Reminders(database, keys).watch(),
        )
        stack.push_async_callback(ended, [asyncio.create_task(watch) for watch in watches])
        yield Assembly(settings, database, keys, engine)


async def ended(watches: Sequence[asyncio.Task[None]]) -> None:
    """End them, and wait until they have: the registers close behind them, and none must be reading there still."""
    for watch in watches:
        watch.cancel()
    await asyncio.wait(watches)


def ways_out(settings: Settings) -> dict[ChannelName, Channel]:
    """Make the channels; within the running loop."""
    return {
        ChannelName.SMS: TwilioSms(settings),
        ChannelName.EMAIL: SmtpEmail(settings),
        ChannelName.PUSH: WebPush(settings),
        ChannelName.CHAT: TelegramChat(settings),
        ChannelName.VOICE: TwilioVoice(settings),
    }
