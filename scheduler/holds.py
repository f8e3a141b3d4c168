"""The senders that this process speaks for, and until when; others look after the rest."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager

from hub.database import Database
from hub.outbox.holding import HELD_FOR, let_go, take_hold
from scheduler.again import again

RENEW = 1.0
"""Seconds between two looks at which holds are about to end."""

AT_ONCE = 50
"""Senders taken in one transaction, at most."""
BREATH = 0.05
_PRIME = (1 << 61) - 1


class Holds:
    """Measured by this machine's own clock from before the registers were asked: it ends here before it ends there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.holder = secrets.randbits(62) | 1
        self._until: dict[int, float] = {}
        self._at_work: Counter[int] = Counter()
        self._keeper: asyncio.Task[None] | None = None

    def covers(self, sender_id: int) -> bool:
        """Whether this process speaks for a sender at this moment."""
        return time.monotonic() < self._until.get(sender_id, 0.0)

    @contextmanager
    def kept(self, sender_id: int) -> Iterator[None]:
        """Keep hold of a sender while it is at work."""
        self._at_work[sender_id] += 1
        if self._keeper is None:
            self._keeper = asyncio.create_task(again(self._keep, pause=RENEW, name="holds"))
        try:
            yield
        finally:
            self._at_work[sender_id] -= 1
            if not self._at_work[sender_id]:
                del self._at_work[sender_id]

    async def take(self, senders: Collection[int], *, at_once: bool) -> AsyncIterator[Collection[int]]:
        """Take hold of these, or keep it, and give them as they are held; what another process holds is left to it.

        Unless all must be had `at_once`: half of them, then half of the rest after a breath, for others wake as well.
        Each process begins with others.
        """
        yield [one for one in senders if self.covers(one)]
        free = sorted((one for one in senders if not self.covers(one)), key=lambda one: one * self.holder % _PRIME)
        while free:
            number = AT_ONCE if at_once else min(AT_ONCE, (len(free) + 1) // 2)
            some, free = free[:number], free[number:]
            await self._take(some)
            yield [one for one in some if self.covers(one)]
            if free and not at_once:
                await asyncio.sleep(BREATH)

    async def let_go(self) -> None:
        """Let others speak for all of them at once."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        if self._until:
            self._until.clear()
            async with self._database.engine() as connection:
                await let_go(connection, holder=self.holder)

    async def _keep(self) -> None:
        soon = time.monotonic() + HELD_FOR / 2
        ending = [one for one in self._at_work if self._until.get(one, 0.0) < soon]
        for first in range(0, len(ending), AT_ONCE):
            await self._take(ending[first : first + AT_ONCE])
        now = time.monotonic()
        self._until = {one: until for one, until in self._until.items() if until > now}

    async def _take(self, senders: list[int]) -> None:
        until = time.monotonic() + HELD_FOR
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            taken = await take_hold(connection, senders, holder=self.holder, now=now)
        for sender_id in senders:
            if sender_id in taken:
                self._until[sender_id] = until
            else:
                self._until.pop(sender_id, None)
