"""The bell in one process: wakes whoever listens, and keeps at most one ring per lane waiting."""

import asyncio
from collections.abc import AsyncIterator

from hub.ports import Lane


class LocalBell:
    """A bell for the embedded hub. A ring while somebody is still busy is heard right after."""

    def __init__(self) -> None:
        self._rung: dict[Lane, None] = {}
        self._heard = asyncio.Event()

    def ring(self, lane: Lane) -> None:
        """Wake the listener."""
        self._rung[lane] = None
        self._heard.set()

    async def listen(self) -> AsyncIterator[Lane]:
        """Hear the rings, urgent first."""
        while True:
            await self._heard.wait()
            self._heard.clear()
            rung, self._rung = self._rung, {}
            for lane in (Lane.URGENT, Lane.ROUTINE):
                if lane in rung:
                    yield lane
