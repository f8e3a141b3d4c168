"""The writer: gathers results for a few milliseconds and commits them together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from hub.database import is_away

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
GATHER = 0.02
MOST = 2000
RETRY = 0.5


class Writer(Generic[Item]):
    """One writer a process: what is put is committed within about 20 ms, in the order of putting.

    A commit that fails because the database is away is tried again with the same items: nothing is dropped, and
    putting waits once `MOST` items are waiting, so memory stays bounded.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], Awaitable[None]]) -> None:
        self._commit = commit
        self._items: list[Item] = []
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    async def put(self, item: Item) -> None:
        """Give an item to be written; waits only when too many are waiting already."""
        if not self._room.is_set():
            await self._room.wait()
        self._items.append(item)
        self._empty.clear()
        self._some.set()
        if len(self._items) >= MOST:
            self._room.clear()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def flushed(self) -> None:
        """Wait until all that was put is written."""
        await self._empty.wait()

    async def close(self) -> None:
        """Write what is left, then end."""
        self._closing = True
        self._some.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            if not self._closing:
                await asyncio.sleep(GATHER)
            self._some.clear()
            items, self._items = self._items[:MOST], self._items[MOST:]
            if items:
                await self._committed(items)
            if len(self._items) < MOST:
                self._room.set()
            if self._items:
                self._some.set()
            else:
                self._empty.set()
            if self._closing and not self._items:
                return

    async def _committed(self, items: Sequence[Item]) -> None:
        """Commit; wait while the database is away; a fault of ours costs one item, never its neighbours."""
        while True:
            try:
                await self._commit(items)
            except Exception as error:  # noqa: BLE001 (the outermost loop: the row stays as it was, the rounds settle it)
                if is_away(error):
                    log.warning("database away", kind=type(error).__name__, items=len(items))
                    await asyncio.sleep(RETRY)
                    continue
                if len(items) == 1:
                    log.error("result not written", kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
                    return
                for item in items:
                    await self._committed([item])
                return
            else:
                return
