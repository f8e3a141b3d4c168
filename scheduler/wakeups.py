"""Wake-ups between processes: one task a lane, on taskiq. In memory where everything is one process, else over Redis.

A wake-up is a hint and nothing else: whoever misses one finds what is due in the table within a second. So Redis may
stand still, or come back empty: nothing is lost, and nobody waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from taskiq import AsyncBroker, AsyncTaskiqDecoratedTask, InMemoryBroker
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from hub.ports import Lane

log = structlog.get_logger(__name__)

Drain = Callable[[Lane], Awaitable[None]]
DrainTask = AsyncTaskiqDecoratedTask[[Lane], Coroutine[Any, Any, None]]

STREAM: Final = "passerelle:wake"
KEPT = 100
"""Wake-ups that Redis keeps: more than one worker can miss while it draws breath."""
WITHIN = 1.0
"""Seconds in which Redis must have taken a wake-up; else it is let go."""
RECONNECT = 1.0
AT_ONCE = 100
"""Wake-ups acted upon side by side: an urgent one waits for no routine one that shares out many senders."""
GONE = 3600_000
"""Milliseconds without a sign after which a worker's place at the stream is cleared away."""


def wake_broker(redis_url: str | None, *, worker: int | None = None) -> AsyncBroker:
    """Make the broker that carries them. `worker`: the number of the process that hears them, None: it only rings.

    Each worker hears every wake-up: it has a group of its own at the stream, for a sender is served by whoever speaks
    for it, and nobody who rings knows who that is.
    """
    if redis_url is None:
        return InMemoryBroker()
    return RedisStreamBroker(
        redis_url,
        queue_name=STREAM,
        consumer_group_name=f"worker:{worker}" if worker is not None else "nobody",
        consumer_id="$",
        xread_block=1000,
        maxlen=KEPT,
        socket_connect_timeout=WITHIN,
        socket_timeout=5.0,
        retry=Retry(NoBackoff(), 0),
    )


class WakeUps:
    """Rings, and hears where this process drains. While Redis is away nobody is woken: each looks every second."""

    def __init__(self, broker: AsyncBroker, drain: Drain | None) -> None:
        self._broker = broker

        async def wake(lane: Lane) -> None:
            if drain is not None:
                await drain(lane)

        self._task: DrainTask = broker.register_task(wake, "drain")
        self._away = False
        self._ended = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None

    async def ring(self, lane: Lane) -> None:
        """Wake whoever drains this lane; never waits longer than `WITHIN`, and never fails."""
        try:
            async with asyncio.timeout(WITHIN):
                await self._task.kiq(lane)
            self._away = False
        except Exception as error:  # noqa: BLE001 (whatever is wrong with Redis, or with taskiq: it was a hint)
            if not self._away:
                log.warning("wake-up not carried", lane=lane.value, kind=type(error).__name__)
            self._away = True

    def hear(self) -> None:
        """Begin to hear the others' wake-ups."""
        self._hearing = asyncio.create_task(self._hear())

    async def hear_no_more(self) -> None:
        """End it, within two seconds: asked first, for taskiq's receiver lets a cancellation go by while it begins."""
        self._ended.set()
        if self._hearing is not None and (await asyncio.wait([self._hearing], timeout=WITHIN))[1]:
            self._hearing.cancel()
            await asyncio.wait([self._hearing], timeout=WITHIN)

    async def _hear(self) -> None:
        """Hear them; Redis gone or empty: again, from where it is then."""
        while not (self._ended.is_set() or isinstance(self._broker, InMemoryBroker)):
            try:
                await self._clear_away()
                await self._broker.startup()
                await Receiver(self._broker, run_startup=False, max_async_tasks=AT_ONCE).listen(self._ended)
            except Exception as error:  # noqa: BLE001 (the same: until it is back, each look into the table goes on)
                log.warning("wake-ups not heard", kind=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), RECONNECT)

    async def close(self) -> None:
        """Give up this process's place at the stream, and let go of the line."""
        if isinstance(self._broker, RedisStreamBroker):
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(WITHIN), Redis(connection_pool=self._broker.connection_pool) as redis:
                    await redis.xgroup_destroy(STREAM, self._broker.consumer_group_name)
        with suppress(RedisError, OSError):
            await self._broker.shutdown()

    async def _clear_away(self) -> None:
        """Clear away the places of workers that were killed: nobody else would."""
        if not isinstance(self._broker, RedisStreamBroker):
            return
        async with Redis(connection_pool=self._broker.connection_pool) as redis:
            if not await redis.exists(STREAM):
                return
            for group in await redis.xinfo_groups(STREAM):
                heard = await redis.xinfo_consumers(STREAM, group["name"])
                if heard and all(one["idle"] > GONE for one in heard):
                    await redis.xgroup_destroy(STREAM, group["name"])
