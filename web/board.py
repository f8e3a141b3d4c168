"""The blackboard that everybody in the staff room watches: looked at once a second, however many eyes are on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at the registers while somebody watches."""
STREAM_FOR = 600.0
"""Seconds after which a page must ask again, so that a right or a session that ended closes the stream."""

BRISK, PAUSE = 0.2, 0.05
"""Seconds between two looks at what families write, and at least, however much is written in this process."""
EACH, AT_MOST = 0.05, 1.0
"""Seconds between two pictures of what families write for each pair of eyes, and the most that makes: where many look
while many write, the pictures of one second cost what they cost for one reader. The first one comes at once."""

BREATH = 10.0
"""Seconds between two signs of life where nothing changes: a phone that lost its line in the yard learns of it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The board as it stands: `mark` changes whenever it would; `over` when nothing more can happen.

    `html` is one printing for all who look; `web.callers.for_reader` makes it that of one of them.
    """

    mark: str
    html: str
    over: bool


Look = Callable[[str], Awaitable[Picture | None]]
"""Given the last mark, look again; None when nothing has changed. Opens and closes its own session."""


class Boards:
    """All boards that are watched in this process. One look serves all who watch the same; no watcher, no look."""

    def __init__(self, *, every: float = LOOK_EVERY, seconds: float = STREAM_FOR) -> None:
        self._every, self._seconds = every, seconds
        self._watched: dict[Hashable, _Watched] = {}
        self._closed = False

    async def follow(
        self,
        key: Hashable,
        look: Look,
        *,
        brisk: bool = False,
        seconds: float | None = None,
        breath: float = BREATH,
    ) -> AsyncIterator[Picture | None]:
        """Give the board now and after each change, until it is over, the house closes or the time has passed.

        None: nothing new for `breath` seconds, and it is still looked at. `brisk`: looked at as soon as anything was
        written in this process (`stir`), and else every BRISK seconds, for other processes write too.
        """
        if self._closed:
            return
        clock, mark, over = asyncio.get_running_loop().time, "", False
        until = clock() + (self._seconds if seconds is None else seconds)
        with self._eyes_on(key, look, brisk=brisk) as board:
            while not over:
                pause = min(until, clock() + breath)
                picture = await board.newer(mark, pause)
                if picture is not None:
                    mark, over = picture.mark, picture.over
                elif board.ended or pause >= until:
                    return
                yield picture

    @contextmanager
    def _eyes_on(self, key: Hashable, look: Look, *, brisk: bool) -> Iterator["_Watched"]:
        """Watch a board; the last who turns away ends the looking."""
        board = self._watched.get(key)
        if board is None or board.ended:
            board = self._watched[key] = _Watched(look, self._every, self._brisk_eyes if brisk else None)
        board.eyes += 1
        try:
            yield board
        finally:
            board.eyes -= 1
            if board.eyes == 0:
                board.stop()
                if self._watched.get(key) is board:
                    del self._watched[key]

    def _brisk_eyes(self) -> int:
        """Count who looks at what families write."""
        return sum(board.eyes for board in self._watched.values() if board.brisk)

    def stir(self) -> None:
        """Something was written in this process: what is watched briskly is looked at now."""
        for board in self._watched.values():
            board.stirred.set()

    @property
    def watched(self) -> int:
        """How many boards are being looked at."""
        return len(self._watched)

    def close(self) -> None:
        """Let every watcher go: the server may stop."""
        self._closed = True
        for board in self._watched.values():
            board.stop()


class _Watched:
    """One board, and the task that looks at it."""

    def __init__(self, look: Look, every: float, all_eyes: Callable[[], int] | None) -> None:
        self.eyes, self.ended, self.stirred = 0, False, asyncio.Event()
        self._look, self._every, self._all_eyes = look, every, all_eyes
        self._picture: Picture | None = None
        self._turn = asyncio.Event()
        self._task = asyncio.create_task(self._watch())
        self._task.add_done_callback(self._end)

    @property
    def brisk(self) -> bool:
        """Whether it is looked at as soon as anything was written."""
        return self._all_eyes is not None

    async def newer(self, seen: str, until: float) -> Picture | None:
        """Wait for a picture with another mark; None when nobody looks any more, or after `until` (loop time)."""
        while self._picture is None or self._picture.mark == seen:
            if self.ended:
                return None
            try:
                async with asyncio.timeout_at(until):
                    await self._turn.wait()
            except TimeoutError:
                return None
        return self._picture

    def stop(self) -> None:
        """Look no more."""
        self._task.cancel()

    async def _watch(self) -> None:
        while self._picture is None or not self._picture.over:
            picture = await self._look(self._picture.mark if self._picture else "")
            if picture is not None:
                self._picture = picture
                self._announce()
            await self._rest(news=picture is not None)

    async def _rest(self, *, news: bool) -> None:
        if self._all_eyes is None:
            await asyncio.sleep(self._every)
            return
        await asyncio.sleep(min(EACH * max(self._all_eyes(), 1), AT_MOST) if news else PAUSE)
        with suppress(TimeoutError):
            async with asyncio.timeout(BRISK - PAUSE):
                await self.stirred.wait()
        self.stirred.clear()

    def _end(self, task: asyncio.Task[None]) -> None:
        """Let the watchers go; their pages ask again by themselves, and a new look is taken then."""
        self.ended = True
        self._announce()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("board_look_failed", error=type(error).__name__)

    def _announce(self) -> None:
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
