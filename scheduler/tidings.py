"""Good news can wait a little: the other adults are told that an absence is explained."""

import asyncio

import structlog

from hub.absences.chasing import tell_the_others
from hub.database import Database
from hub.sealing import Keyring

log = structlog.get_logger(__name__)

PAUSE = 30.0
"""Seconds; whoever pressed the wrong digit has changed it by then."""


class Tidings:
    """Looks again and again for absences that one adult explained and another heard of; several may look at once."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring

    async def watch(self) -> None:
        """Look every half minute; a fault waits for the next look."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 (an outermost loop: nothing was half done, the next look tries again)
                log.error("tidings failed", kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
            await asyncio.sleep(PAUSE)

    async def look(self) -> int:
        """Look once; gives of how many absences the others are told."""
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
        return await tell_the_others(self._database, self._keyring, now=now)
