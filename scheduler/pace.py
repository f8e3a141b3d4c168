"""How fast one sender may speak: messages a second, urgent before routine, silence when the provider asks for it."""

import asyncio
import heapq
import time
from itertools import count

from hub.ports import Lane

LONGEST_REST = 3600.0


class Pace:
    """One sender's rate in this process. Nobody books ahead: a slot goes to the most urgent who waits when it comes.

    By the monotonic clock itself: a loop's own time may stand still for a turn, or count in milliseconds.
    """

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._gap = 1.0 / rate if rate else 0.0
        self._next = self._rests_until = 0.0
        self._waiting: list[tuple[bool, int, asyncio.Future[bool]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def rest_left(self) -> float:
        """Seconds for which the provider asked for silence still."""
        return max(0.0, self._rests_until - time.monotonic())

    def has_turn(self) -> bool:
        """Take a slot if one is free and nobody waits."""
        now = time.monotonic()
        if self._waiting or now < self._next:
            return False
        self._next = max(self._next, now) + self._gap
        return True

    async def turn(self, lane: Lane, *, within: float | None = None) -> bool:
        """Wait for a slot, at most `within` seconds; False when none came."""
        if self.has_turn():
            return True
        loop = asyncio.get_running_loop()
        slot: asyncio.Future[bool] = loop.create_future()
        heapq.heappush(self._waiting, (lane is not Lane.URGENT, next(self._numbers), slot))
        self._arm(loop)
        if within is None:
            return await slot
        late = loop.call_later(max(0.0, within), _settle, slot, False)  # noqa: FBT003 (a callback's argument)
        try:
            return await slot
        finally:
            late.cancel()

    def send_away(self) -> None:
        """Let go of all who wait, without a slot: the process ends."""
        while self._waiting:
            _settle(heapq.heappop(self._waiting)[2], given=False)

    def rest(self, seconds: float) -> None:
        """Be silent for a while, an hour at most: the provider said so."""
        loop = asyncio.get_running_loop()
        self._rests_until = max(self._rests_until, time.monotonic() + min(seconds, LONGEST_REST))
        self._next = max(self._next, self._rests_until)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._arm(loop)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None:
            self._timer = loop.call_later(max(0.0, self._next - time.monotonic()), self._give, loop)

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting:
            if time.monotonic() < self._next:
                self._arm(loop)
                return
            _, _, slot = heapq.heappop(self._waiting)
            if not slot.done():
                self._next = max(self._next, time.monotonic()) + self._gap
                _settle(slot, given=True)


def _settle(slot: asyncio.Future[bool], given: bool) -> None:  # noqa: FBT001 (a callback)
    if not slot.done():
        slot.set_result(given)
