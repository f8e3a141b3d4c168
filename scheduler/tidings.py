"""Good news can wait a little: the other adults are told that an absence is explained."""

from hub.absences.chasing import tell_the_others
from hub.database import Database
from hub.sealing import Keyring
from scheduler.again import again

PAUSE = 30.0
"""Seconds; whoever pressed the wrong digit has changed it by then."""


class Tidings:
    """Looks again and again for absences that one adult explained and another heard of; several may look at once."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring

    async def watch(self) -> None:
        """Look every half minute."""
        await again(self.look, pause=PAUSE, name="tidings")

    async def look(self) -> int:
        """Look once; gives of how many absences the others are told."""
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
        return await tell_the_others(self._database, self._keyring, now=now)
