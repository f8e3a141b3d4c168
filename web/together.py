"""What many post within a few milliseconds is committed together, and answered only once it is."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from hub.database import is_away

log = structlog.get_logger(__name__)

AWAY = (DBAPIError, PoolTimeoutError, OSError)
"""How the database says that it cannot; `is_away` tells whether it may be asked again."""
GATHER: Final = 0.01
PAUSES: Final = (0.05, 0.2)

Key = TypeVar("Key", bound=Hashable)
Given = TypeVar("Given")
Became = TypeVar("Became")
_Waiting = tuple[Given, asyncio.Future[Became]]


class Together(Generic[Key, Given, Became]):
    """One for each process and kind of post. `commit(key, items)` writes a batch and says what became of each.

    One commit at a time for each key; what comes meanwhile goes with the next, at most `most` at once. It keeps no
    task when nothing waits, so nothing has to be closed.
    """

    def __init__(
        self, commit: Callable[[Key, Sequence[Given]], Awaitable[Sequence[Became]]], *, name: str, most: int
    ) -> None:
        self._write, self._name, self._most = commit, name, most
        self._waiting: dict[Key, list[_Waiting[Given, Became]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, key: Key, item: Given) -> Became:
        """Commit one, with whatever else comes at this moment.

        Raises one of AWAY when the database is away for longer than a moment: whoever posted should try again.
        """
        done: asyncio.Future[Became] = asyncio.get_running_loop().create_future()
        if key in self._waiting:
            self._waiting[key].append((item, done))
        else:
            self._waiting[key] = [(item, done)]
            task = asyncio.create_task(self._run(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await done

    async def _run(self, key: Key) -> None:
        while waiting := self._waiting[key]:
            if len(waiting) < self._most:
                await asyncio.sleep(GATHER)
            batch, self._waiting[key] = waiting[: self._most], waiting[self._most :]
            await self._settle(key, batch)
        del self._waiting[key]

    async def _settle(self, key: Key, batch: Sequence[_Waiting[Given, Became]]) -> None:
        """Commit a batch and answer who waits; one bad item never costs its neighbours."""
        try:
            became = await self._insist(key, [item for item, _ in batch])
            answered = list(zip(batch, became, strict=True))
        except Exception as fault:  # noqa: BLE001 (the outermost loop: who waits is told, nothing is half written)
            if is_away(fault):
                _refuse(batch, fault)
            else:
                await self._one_by_one(key, batch, fault)
        else:
            for (_, done), one in answered:
                if not done.done():  # a provider may have hung up meanwhile
                    done.set_result(one)

    async def _one_by_one(self, key: Key, batch: Sequence[_Waiting[Given, Became]], fault: Exception) -> None:
        if len(batch) == 1:
            log.error("not written", what=self._name, kind=type(fault).__name__)
            _refuse(batch, fault)
            return
        for waiting in batch:
            await self._settle(key, [waiting])

    async def _insist(self, key: Key, items: Sequence[Given]) -> Sequence[Became]:
        """Commit, again after a short pause when the database stumbles (a deadlock, a failover)."""
        for pause in PAUSES:
            try:
                return await self._write(key, items)
            except AWAY as fault:
                if not is_away(fault):
                    raise
                await asyncio.sleep(pause)
        return await self._write(key, items)


def _refuse(batch: Sequence[_Waiting[Given, Became]], why: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(why)
