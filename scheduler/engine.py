"""The engine of one process: wakes the drains when the bell rings, and walks the rounds every second.

taskiq is the shell: the same two tasks run on its in-memory broker when everything is one process, and on a real
broker when there are many. A task's message is only a wake-up; the rows are the truth, and every engine also looks
into the table each second, so a lost message costs at most that.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

from taskiq import AsyncBroker, AsyncTaskiqDecoratedTask, InMemoryBroker

from hub.database import Database
from hub.outbox.wordings import Render, Wordings
from hub.ports import Bell, Channel, ChannelName, Lane
from hub.sealing import Keyring
from hub.settings import Settings
from scheduler.drain import Drain
from scheduler.rounds import Rounds

DrainTask = AsyncTaskiqDecoratedTask[[Lane], Coroutine[Any, Any, None]]
WalkTask = AsyncTaskiqDecoratedTask[[], Coroutine[Any, Any, None]]

ROUND = 1.0
STOP_WITHIN = 10.0


class Engine:
    """Runs between `start` and `stop`; stopping lets what is being posted end and hands the rest back."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: Settings,
        channels: Mapping[ChannelName, Channel],
        bell: Bell,
        render: Render,
        broker: AsyncBroker | None = None,
    ) -> None:
        wordings = Wordings(settings, keyring, render)
        self._bell = bell
        self._drain = Drain(database, keyring, wordings, settings, channels)
        self._rounds = Rounds(database, keyring, wordings, settings, channels)
        self._broker = broker or InMemoryBroker()
        self._wake, self._walk = self._tasks()
        self._walking_now = asyncio.Lock()
        self._loops: list[asyncio.Task[None]] = []

    def _tasks(self) -> tuple[DrainTask, WalkTask]:
        """Tell the broker what a wake-up does; on every kind of broker it is the same."""

        async def drain(lane: Lane) -> None:
            await self._drain.drain(lane)

        async def walk() -> None:
            await self._walking()

        return self._broker.register_task(drain, "drain"), self._broker.register_task(walk, "walk")

    async def start(self) -> None:
        """Begin to listen and to walk."""
        await self._broker.startup()
        self._loops = [asyncio.create_task(self._listen()), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        """Stop within `STOP_WITHIN` seconds; what could not end in time is left to the rounds of the next start."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await self._drain.stop()
        await self._broker.shutdown()

    async def _listen(self) -> None:
        async for lane in self._bell.listen():
            await self._wake.kiq(lane)

    async def _tick(self) -> None:
        while True:
            await self._walk.kiq()
            await asyncio.sleep(ROUND)

    async def _walking(self) -> None:
        if self._walking_now.locked():
            return
        async with self._walking_now:
            await self._rounds.walk()
