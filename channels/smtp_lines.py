"""The open lines to the mail server: a few, kept between mails, for calling again costs more than the mail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import aiosmtplib

IDLE: Final = 30.0
"""Seconds after which an unused line is given up; servers wait five minutes (RFC 5321 section 4.5.3.2.7)."""

CLOSING: Final = 421
"""The server ends the conversation after this answer (RFC 5321 section 3.8)."""


class SmtpLines:
    """At most `count` connections at once, made by `connect`; whoever finds none free waits his turn.

    A line is kept after a mail and after a refusal, not after anything that leaves the conversation in doubt.
    """

    def __init__(self, connect: Callable[[], Awaitable[aiosmtplib.SMTP]], *, count: int) -> None:
        self._connect = connect
        self._turns = asyncio.Semaphore(count)
        self._idle: list[tuple[aiosmtplib.SMTP, float, bool]] = []

    @asynccontextmanager
    async def line(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Have a line to oneself; SMTPResponseException may pass through it, any other error ends the line."""
        async with self._turns:
            smtp = await self._kept() or await self._connect()
            try:
                yield smtp
            except aiosmtplib.SMTPResponseException as refusal:
                if refusal.code == CLOSING:
                    smtp.close()
                else:
                    self._keep(smtp, is_clean=False)
                raise
            except BaseException:
                smtp.close()
                raise
            self._keep(smtp, is_clean=True)

    async def close(self) -> None:
        """Hang up; lines in use hang up when they come back."""
        while self._idle:
            self._idle.pop()[0].close()

    async def _kept(self) -> aiosmtplib.SMTP | None:
        """Take the line used last, if the server still holds it; after a refusal, wipe the envelope first."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            smtp, since, is_clean = self._idle.pop()
            if now - since > IDLE or not smtp.is_connected:
                smtp.close()
                continue
            if not is_clean:
                try:
                    await smtp.rset(timeout=None)
                except BaseException:
                    smtp.close()
                    raise
            return smtp
        return None

    def _keep(self, smtp: aiosmtplib.SMTP, *, is_clean: bool) -> None:
        self._idle.append((smtp, asyncio.get_running_loop().time(), is_clean))
