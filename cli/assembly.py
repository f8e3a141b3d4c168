"""Where the house is put together: the one place that knows every room."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from channels.chat import TelegramChat
from channels.email import SmtpEmail
from channels.push import WebPush
from channels.sms import TwilioSms
from channels.voice import TwilioVoice
from hub.database import Database
from hub.models.school import ProgramRole
from hub.ports import Channel, ChannelName
from hub.sealing import Keyring, keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.bell import LocalBell
from scheduler.clock import Clock
from scheduler.digests import Digests
from scheduler.engine import Caller, Engine
from scheduler.nightly import Nightly
from scheduler.presence import Presence
from scheduler.reminders import Reminders
from scheduler.tidings import Tidings

ENGINES = frozenset({ProgramRole.ALL, ProgramRole.WORKER})
CLOCKS = frozenset({ProgramRole.ALL, ProgramRole.CLOCK})


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts of one process."""

    settings: Settings
    database: Database
    keyring: Keyring


@asynccontextmanager
async def assembled(settings: Settings, role: ProgramRole = ProgramRole.ALL) -> AsyncIterator[Assembly]:
    """Put together what this role needs, and let it run; on the way out everything stops in order.

    A process without an engine wakes those that have one.
    """
    async with AsyncExitStack() as stack:
        bell = LocalBell()
        database = Database(settings.database_url, bell=bell)
        stack.push_async_callback(database.close)
        keys = keyring(settings)
        presence = Presence(database, role)
        stack.push_async_callback(presence.end)
        await presence.sign()
        stack.push_async_callback(ended, [asyncio.create_task(presence.watch())])
        engine = await _engine(stack, settings, database, keys, bell, presence.number) if role in ENGINES else None
        runs = engine or Caller(settings, bell)
        await runs.start()
        stack.push_async_callback(runs.stop)
        if role in CLOCKS:
            stack.push_async_callback(
                ended, [asyncio.create_task(watch) for watch in _watches(settings, database, keys)]
            )
        yield Assembly(settings, database, keys)


async def _engine(
    stack: AsyncExitStack, settings: Settings, database: Database, keys: Keyring, bell: LocalBell, number: int
) -> Engine:
    channels = ways_out(settings)
    for channel in channels.values():
        stack.push_async_callback(channel.close)
    return Engine(database, keys, settings, channels, bell, render, number=number)


def _watches(settings: Settings, database: Database, keys: Keyring) -> list[Coroutine[Any, Any, None]]:
    """What happens at its hour, of itself."""
    return [
        Nightly(database, keys, settings).watch(),
        Tidings(database, keys).watch(),
        Digests(database, keys).watch(),
        Clock(database, keys).watch(),
        Reminders(database, keys).watch(),
    ]


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
