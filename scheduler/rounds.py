"""The rounds: every second, look for what fell between two chairs, and settle it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.errors import ChannelError
from hub.outbox.record import Outcome, Result, record_outcomes
from hub.outbox.sweep import (
    Unsettled,
    expire,
    give_up_sending,
    pass_stopped_senders,
    settle_later,
    settle_missing,
    settle_silent,
    take_unknown,
)
from hub.outbox.wordings import Wordings
from hub.ports import Channel, ChannelName, Lane
from hub.routing import wait_after_accepted
from hub.sealing import Keyring
from hub.settings import Settings

log = structlog.get_logger(__name__)


class Rounds:
    """One process's rounds; several may walk at once, each step takes its rows for itself."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        wordings: Wordings,
        settings: Settings,
        channels: Mapping[ChannelName, Channel],
    ) -> None:
        self._database, self._keyring, self._wordings, self._settings = database, keyring, wordings, settings
        self._channels = channels

    async def walk(self) -> None:
        """Go round once."""
        await self._step(lambda connection, now: give_up_sending(connection, self._settings, now=now))
        await self._step(lambda connection, now: settle_silent(connection, now=now))
        await self._step(lambda connection, now: pass_stopped_senders(connection, now=now))
        await self._step(lambda connection, now: expire(connection, now=now))
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            unsettled = await take_unknown(connection, self._keyring, self._wordings, self._settings, now=now)
        for item in unsettled:
            await self._settle(item)
        for lane in Lane:
            self._database.ring(lane)

    async def _step(self, step: Callable[[AsyncConnection, datetime], Awaitable[int]]) -> None:
        async with self._database.engine() as connection:
            await step(connection, await self._database.now(connection))

    async def _settle(self, item: Unsettled) -> None:
        """Ask the provider what became of a try, with no session open, and write down what it says."""
        channel = self._channels[item.channel]
        try:
            sent = await channel.find(item.outgoing, since=item.since, known=item.known)
        except (ChannelError, TimeoutError):
            async with self._database.engine() as connection:
                await settle_later(connection, item, self._settings, now=await self._database.now(connection))
            return
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            if sent is None:
                await settle_missing(connection, item, self._settings, now=now)
            else:
                wait = wait_after_accepted(self._settings, item.lane, channel.proof)
                number = item.outgoing.attempt_id
                outcome = Outcome(number, Result.ACCEPTED, wait, sent.provider_id, sent.segments, sent.cost)
                await record_outcomes(connection, [outcome], now=now)
