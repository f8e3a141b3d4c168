"""The queues before chats: one message a second in each, in the order they became due, and nobody waits for another."""

import asyncio
import heapq
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from hub.errors import BusyAddressError, TemporaryError

GAP = 1.0
"""Seconds between two messages in one chat. Source: Telegram's Bots FAQ, « My bot is hitting limits »."""
PATIENCE = 2.0
"""Longest that a message waits here for its turn; told to come back later, it holds no connection meanwhile."""
GRACE = 5.0
"""For so long after its turn a message is expected back before those behind it pass."""
MOST = 256
"""Chats kept in mind before the idle ones are forgotten."""


@dataclass(slots=True)
class _Line:
    """One chat's queue: since when it is free, who waits here, and who was told to come back (number → lane, turn)."""

    free_at: float = 0.0
    busy: bool = False
    waiting: list[tuple[bool, int, int, asyncio.Future[None]]] = field(default_factory=list)
    owed: dict[int, tuple[bool, float]] = field(default_factory=dict)


class ChatLines:
    """Every chat's queue in this process. Urgent passes routine; within a lane nobody is overtaken."""

    def __init__(self, *, gap: float = GAP, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap, self._clock = gap, clock
        self._lines: dict[Hashable, _Line] = {}
        self._numbers = count()

    async def turn(self, chat: Hashable, number: int, *, urgent: bool) -> None:
        """Wait for the turn of message `number` in its chat; `posted` must follow.

        Raises BusyAddressError, with the seconds after which it has its turn, when it would wait for long here.
        """
        line = self._line(chat)
        now = self._clock()
        ahead = _ahead(line, number, urgent=urgent, now=now)
        if not (line.busy or line.waiting or ahead) and line.free_at <= now:
            self._take(line, number)
            return
        before = sum(urgent <= other for other, *_ in line.waiting) + line.busy
        last = max((turn for _, turn in ahead), default=0.0)
        starts = max(line.free_at + before * self._gap, now)
        if ahead:
            starts = max(starts, last + self._gap, now + self._gap)
        if ahead or starts - now > PATIENCE:
            raise self._owe(line, number, urgent=urgent, turn=starts, now=now)
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(line.waiting, (not urgent, next(self._numbers), number, slot))
        self._arm(line)
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled() and slot.exception() is None:
                self._free(line, self._clock())
            raise

    @contextmanager
    def posted(self, chat: Hashable, number: int, *, urgent: bool) -> Iterator[None]:
        """Hold the chat while a message is handed over; refused for now, it keeps its place before the others."""
        line = self._lines[chat]
        try:
            yield
        except TemporaryError as error:
            now = self._clock()
            turn = now + (error.retry_after if error.retry_after is not None else self._gap)
            line.owed = {number: (urgent, turn), **line.owed}
            self._send_back(line, turn, now)
            line.free_at = turn
            raise
        finally:
            self._free(line, self._clock() + self._gap)

    def __len__(self) -> int:
        return len(self._lines)

    def _line(self, chat: Hashable) -> _Line:
        if chat not in self._lines and len(self._lines) >= MOST:
            now = self._clock()
            self._lines = {key: line for key, line in self._lines.items() if not _is_idle(line, now)}
        return self._lines.setdefault(chat, _Line())

    def _take(self, line: _Line, number: int) -> None:
        line.busy = True
        line.owed.pop(number, None)

    def _owe(self, line: _Line, number: int, *, urgent: bool, turn: float, now: float) -> BusyAddressError:
        line.owed[number] = (urgent, turn)
        return BusyAddressError("This chat has its turn later", retry_after=turn - now)

    def _send_back(self, line: _Line, turn: float, now: float) -> None:
        """Let all who wait here come back after the one that was refused."""
        while line.waiting:
            routine, _, number, slot = heapq.heappop(line.waiting)
            turn += self._gap
            if not slot.done():
                slot.set_exception(self._owe(line, number, urgent=not routine, turn=turn, now=now))

    def _free(self, line: _Line, at: float) -> None:
        line.busy = False
        line.free_at = max(line.free_at, at)
        self._arm(line)

    def _arm(self, line: _Line) -> None:
        if line.waiting and not line.busy:
            wait = max(0.0, line.free_at - self._clock())
            asyncio.get_running_loop().call_later(wait, self._give, line)

    def _give(self, line: _Line) -> None:
        if line.busy or self._clock() < line.free_at:
            self._arm(line)
            return
        while line.waiting:
            _, _, number, slot = heapq.heappop(line.waiting)
            if not slot.done():
                self._take(line, number)
                slot.set_result(None)
                return


def _ahead(line: _Line, number: int, *, urgent: bool, now: float) -> list[tuple[bool, float]]:
    """List those who were told to come back and go before this one; who does not come is no longer waited for."""
    line.owed = {other: place for other, place in line.owed.items() if place[1] + GRACE > now}
    ahead = []
    for other, place in line.owed.items():
        if other == number:
            break
        if place[0] or not urgent:
            ahead.append(place)
    return ahead


def _is_idle(line: _Line, now: float) -> bool:
    gone = all(turn + GRACE <= now for _, turn in line.owed.values())
    return not (line.busy or line.waiting) and line.free_at <= now and gone
