"""What is looked after again and again, as long as the process runs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


async def again(look: Callable[[], Awaitable[object]], *, pause: float, name: str) -> None:
    """Look, and look again `pause` seconds later; a fault is told, and waits for the next look."""
    while True:
        try:
            await look()
        except Exception as error:  # noqa: BLE001 (an outermost loop: nothing was half done, the next look tries again)
            log.error("look failed", what=name, kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
        await asyncio.sleep(pause)
