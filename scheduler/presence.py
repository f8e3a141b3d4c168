"""The board at the entrance: this program is here, until it says that it leaves."""

import asyncio
import secrets
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from hub.database import Database
from hub.models.school import ProgramRole
from hub.presence import SIGN_EVERY, sign_in, sign_out
from scheduler.again import again

LEAVES_WITHIN = 1.0
"""Seconds: a program that is asked to stop waits for no register."""


class Presence:
    """One running program, under a number of its own."""

    def __init__(self, database: Database, role: ProgramRole) -> None:
        self._database, self._role = database, role
        self.number = secrets.randbits(62)

    async def watch(self) -> None:
        """Give a sign of life again and again."""
        await again(self.sign, pause=SIGN_EVERY, name="presence")

    async def end(self) -> None:
        """Say that it leaves; with the database away, others see it by its silence."""
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            async with asyncio.timeout(LEAVES_WITHIN), self._database.engine() as connection:
                await sign_out(connection, self.number)

    async def sign(self) -> None:
        """Give one."""
        async with self._database.engine() as connection:
            await sign_in(connection, self.number, self._role, now=await self._database.now(connection))
