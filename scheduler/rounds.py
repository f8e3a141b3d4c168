"""The rounds: every second, look for what fell between two chairs, and settle it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from hub.database import Database
from hub.errors import ChannelError
from hub.inbox.going_up import go_up, schools_behind
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
from hub.outbox.unanswered import climb_unanswered
from hub.outbox.unsure import is_unsure, settle_unsure
from hub.outbox.wordings import Wordings
from hub.ports import Channel, ChannelName, Proof
from hub.routing import proof_of, wait_after_accepted
from hub.sealing import Keyring
from hub.settings import Settings

log = structlog.get_logger(__name__)

ASK_AT_ONCE = 8
LIFT_EVERY = timedelta(minutes=1)
"""Between two looks for conversations that nobody answered in time."""


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
        self._lifted_at: datetime | None = None
        self._handsets = [name for name, channel in channels.items() if channel.proof is Proof.HANDSET]

    async def walk(self) -> None:
        """Go round once; a step that fails is told and does not keep the others from their turn."""
        for step in (self._give_up, self._decide, self._chase, self._ask, self._lift):
            try:
                await step()
            except Exception as error:  # noqa: BLE001 (an outermost loop: rows stay as they are, the next round tries again)
                log.error("round failed", step=step.__name__, kind=type(error).__name__)  # noqa: TRY400 (no text)

    async def _give_up(self) -> None:
        async with self._database.engine() as connection:
            await give_up_sending(connection, self._settings, now=await self._database.now(connection))

    async def _decide(self) -> None:
        """Each in a transaction of its own: one that fails keeps no other from its work."""
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            await settle_silent(connection, handsets=self._handsets, now=now)
        async with self._database.engine() as connection:
            await pass_stopped_senders(connection, now=now)
            await expire(connection, now=now)

    async def _chase(self) -> None:
        async with self._database.engine() as connection:
            await climb_unanswered(connection, now=await self._database.now(connection))

    async def _ask(self) -> None:
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            unsettled = await take_unknown(connection, self._keyring, self._wordings, self._settings, now=now)
        gate = asyncio.Semaphore(ASK_AT_ONCE)

        async def one(item: Unsettled) -> None:
            async with gate:
                await self._settle(item)

        await asyncio.gather(*(one(item) for item in unsettled))

    async def _lift(self) -> None:
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
            if self._lifted_at is not None and now < self._lifted_at + LIFT_EVERY:
                return
            behind = await schools_behind(connection, now=now)
        self._lifted_at = now
        for school_id in behind:
            async with self._database.school(school_id) as session:
                await go_up(session, school_id=school_id, now=now)

    async def _settle(self, item: Unsettled) -> None:
        """Ask the provider what became of a try, with no session open, and write down what it says."""
        channel = self._channels[item.channel]
        try:
            sent = await channel.find(item.outgoing, since=item.since, known=item.known)
        except Exception as error:  # noqa: BLE001 (a fault of ours in a channel must not keep an urgent family waiting)
            if not isinstance(error, ChannelError | TimeoutError):
                log.error("channel fault", attempt=item.outgoing.attempt_id, kind=type(error).__name__)  # noqa: TRY400 (no text)
            async with self._database.engine() as connection:
                await settle_later(connection, item, self._settings, now=await self._database.now(connection))
            return
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            if sent is None and is_unsure(item):
                await settle_unsure(connection, item, self._settings, now=now)
            elif sent is None:
                harmless = channel.proof is Proof.ACCEPTED
                await settle_missing(connection, item, self._settings, harmless=harmless, now=now)
            else:
                proof = proof_of(channel.proof, receipts=item.receipts)
                wait = wait_after_accepted(self._settings, item.lane, proof)
                number = item.outgoing.attempt_id
                outcome = Outcome(number, Result.ACCEPTED, wait, sent.provider_id, sent.segments, sent.cost)
                await record_outcomes(connection, [outcome], now=now)
