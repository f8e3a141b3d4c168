"""What only one process at a time may do: fetch from a list, a mailbox or a bot. When it leaves, another takes over."""

import asyncio
from collections.abc import Awaitable, Callable

from hub.database import Database, Turn
from scheduler.again import again

PAUSE = 5.0
"""Seconds between two looks whether the turn is free, and whether it is still ours."""

Errand = Callable[[], Awaitable[None]]


async def alone(database: Database, turn: Turn, errand: Errand, *, pause: float = PAUSE) -> None:
    """Run an errand, which never ends by itself, while this process has the turn for it; until cancelled."""

    async def take() -> None:
        async with database.keeps_turn(turn) as still_ours:
            if still_ours is not None:
                await _while(still_ours, errand, pause)

    await again(take, pause=pause, name=f"turn {turn.name.lower()}")


async def _while(still_ours: Callable[[], Awaitable[None]], errand: Errand, pause: float) -> None:
    """Run it; raises what `still_ours` raises once the turn is lost, and the errand has ended by then."""
    running = asyncio.ensure_future(errand())
    try:
        while not (await asyncio.wait([running], timeout=pause))[0]:
            await still_ours()
        await running
    finally:
        running.cancel()
        await asyncio.wait([running])
