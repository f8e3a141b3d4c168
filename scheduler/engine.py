"""The engine of one process: wakes the drains when the bell rings, and walks the rounds every second.

A wake-up is only a hint; the rows are the truth, and every engine also looks into the table each second, so a lost
one costs at most that.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import structlog

from hub.database import Database
from hub.outbox.wordings import Render, Wordings
from hub.ports import Bell, Channel, ChannelName, Lane
from hub.sealing import Keyring
from hub.settings import Settings
from scheduler.again import again
from scheduler.drain import Drain
from scheduler.rounds import Rounds
from scheduler.wakeups import WakeUps, wake_broker

log = structlog.get_logger(__name__)

ROUND = 1.0
STOP_WITHIN = 8.0
"""Seconds in which what is being posted may end; a process that is asked to stop is gone within ten."""


class Engine:
    """Runs between `start` and `stop`; stopping lets what is being posted end and hands the rest back.

    `number` tells this process from others that hear the same wake-ups.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: Settings,
        channels: Mapping[ChannelName, Channel],
        bell: Bell,
        render: Render,
        *,
        number: int = 0,
    ) -> None:
        wordings = Wordings(settings, keyring, render)
        self._bell = bell
        self._drain = Drain(database, keyring, wordings, settings, channels)
        self._rounds = Rounds(database, keyring, wordings, settings, channels)
        self._wakeups = WakeUps(wake_broker(settings.redis_url, worker=number), self._drain.drain)
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen and to walk."""
        self._wakeups.hear()
        self._loops = [
            asyncio.create_task(pass_on(self._bell, self._wakeups)),
            asyncio.create_task(again(self._rounds.walk, pause=ROUND, name="rounds")),
            *(
                asyncio.create_task(again(partial(self._drain.drain, lane), pause=ROUND, name=f"look {lane.value}"))
                for lane in Lane
            ),
        ]

    async def stop(self) -> None:
        """Stop within `STOP_WITHIN` seconds; what could not end in time is left to the rounds of the next start."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await asyncio.gather(self._wakeups.hear_no_more(), self._stop_drain())
        await self._wakeups.close()

    async def _stop_drain(self) -> None:
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self._drain.stop()
        except TimeoutError:
            log.warning("stopped before its end")
        except Exception as error:  # noqa: BLE001 (the database is away: the rows stay as they are)
            log.warning("stopped without the registers", kind=type(error).__name__)


class Caller:
    """What a process without an engine has in its place: it wakes those that have one."""

    def __init__(self, settings: Settings, bell: Bell) -> None:
        self._bell = bell
        self._wakeups = WakeUps(wake_broker(settings.redis_url), None)
        self._passing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to pass on what is rung here."""
        self._passing = asyncio.create_task(pass_on(self._bell, self._wakeups))

    async def stop(self) -> None:
        """Ring no more."""
        if self._passing is not None:
            self._passing.cancel()
            with suppress(asyncio.CancelledError):
                await self._passing
        await self._wakeups.close()


async def pass_on(bell: Bell, wakeups: WakeUps) -> None:
    """Pass on each ring of this process."""
    async for lane in bell.listen():
        await wakeups.ring(lane)
