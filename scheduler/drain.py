"""The drain: empties one lane. Claims ahead, hands over to providers, and writes what became of it in batches.

No database session is open while a provider is asked. Whatever happens to this process, the rows tell the truth:
what was being sent becomes unknown when its lease ends, and is settled by the rounds; all else still waits.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import structlog

from hub.database import Database
from hub.errors import MisconfiguredError
from hub.outbox.claim import Loaded, senders_with_work
from hub.outbox.prepare import Prepared, prepare
from hub.outbox.record import Outcome, Result, record_outcomes, stop_sender
from hub.outbox.wordings import SenderCard, Wordings
from hub.ports import Channel, ChannelName, Lane, Outgoing
from hub.routing import proof_of, wait_after_accepted
from hub.sealing import Keyring, UnreadableError
from hub.settings import Settings
from scheduler.crew import Crew
from scheduler.handing import hand_over
from scheduler.holds import Holds
from scheduler.pace import Pace
from scheduler.writer import Writer

log = structlog.get_logger(__name__)

BATCH = {Lane.URGENT: 64, Lane.ROUTINE: 256}
"""Made *sending* in one transaction before their POSTs, at most; a crash leaves about twice as many in doubt.

Each transaction costs turns of a busy event loop, and each family in doubt waits until the provider has said twice that
it knows nothing: urgent ones pay the first for less of the second.
"""
PREPARING = 4
"""Batches of one lane made ready side by side: however many senders have work, no urgent one waits behind them all."""
QUICK = 1.0
"""Seconds within which a batch should have left, counted from its claim; the next is as large as would have."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim made ready: its fence, and from when until when (monotonic seconds) it may be posted.

    `left` is set once its `last` is in a poster's hands.
    """

    fence: int
    begun: float
    post_before: float
    last: int
    left: asyncio.Event


Ready = tuple[Outgoing, Batch]


class Drain:
    """Empties the lanes of one process; one sender's trouble or slowness never holds up another's."""

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
        self._holds = Holds(database)
        self._preparing = {lane: asyncio.Semaphore(PREPARING) for lane in Lane}
        self._paces: dict[int, Pace] = {}
        self._busy: dict[tuple[int, Lane], asyncio.Task[None]] = {}
        self._again: set[tuple[int, Lane]] = set()
        self._writer = Writer(self._write)
        self._stopped: set[int] = set()
        self._stopping = False

    async def drain(self, lane: Lane) -> None:
        """Set every sender that has something due in this lane to work, and leave them to it.

        Those that have a rate are left to the process that speaks for them.
        """
        if self._stopping:
            return
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
            loaded = await senders_with_work(connection, lane, holder=self._holds.holder, now=now)
        paced = {one.sender_id for one in loaded if self._is_paced(one)}
        self._set_to_work(lane, {one.sender_id for one in loaded} - paced)
        async for held in self._holds.take(paced, at_once=lane is Lane.URGENT):
            self._set_to_work(lane, held)

    def _set_to_work(self, lane: Lane, senders: Collection[int]) -> None:
        for key in ((sender_id, lane) for sender_id in senders if not self._stopping):
            self._again.add(key)
            if key not in self._busy:
                self._busy[key] = asyncio.create_task(self._empty(key))

    def _is_paced(self, one: Loaded) -> bool:
        """Whether somebody must keep its rate: its own, or its channel's."""
        channel = self._channels.get(one.channel)
        return one.rate is not None or (channel is not None and channel.limits.per_second is not None)

    async def idle(self) -> None:
        """Wait until no sender has anything to do, and all results are written."""
        while self._busy:
            await asyncio.gather(*self._busy.values())
        await self._writer.flushed()

    async def stop(self) -> None:
        """Take nothing more, let what is being posted end, and hand back the rest."""
        self._stopping = True
        for pace in self._paces.values():
            pace.send_away()
        await asyncio.gather(*self._busy.values())
        await self._writer.close()
        await self._holds.let_go()

    async def _empty(self, key: tuple[int, Lane]) -> None:
        try:
            while key in self._again and not self._stopping:
                self._again.discard(key)
                await self._empty_one(*key)
        except Exception as error:  # noqa: BLE001 (the worker's outermost loop: rows stay as they are, rounds go on)
            log.error("drain failed", sender=key[0], lane=key[1].value, kind=_kinds(error))  # noqa: TRY400 (ids only)
        finally:
            del self._busy[key]

    async def _empty_one(self, sender_id: int, lane: Lane) -> None:
        try:
            async with self._database.engine_reading() as connection:
                card = await self._wordings.sender(connection, sender_id)
        except UnreadableError:  # nothing can leave from it: its urgent families must not wait for that
            await self._stop_sender(sender_id, "The secrets of this sender cannot be read with our master keys.")
            return
        channel = self._channels.get(card.account.channel)
        if channel is None:
            return
        self._stopped.discard(sender_id)
        pace = self._pace(sender_id, channel.limits.per_second if card.rate is None else card.rate)
        held = nullcontext() if pace.rate is None else self._holds.kept(sender_id)
        with held:
            await self._leave(lane, card, channel, pace)

    async def _leave(self, lane: Lane, card: SenderCard, channel: Channel, pace: Pace) -> None:
        """Let what is due leave, until nothing is."""
        ready: asyncio.Queue[Ready | None] = asyncio.Queue(maxsize=BATCH[lane])
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed(lane, card, ready, pace))
            crew = Crew(group, channel.limits.connections)
            crew.begin(lambda: self._post(ready, crew, channel, card, lane, pace))

    async def _feed(self, lane: Lane, card: SenderCard, ready: asyncio.Queue[Ready | None], pace: Pace) -> None:
        """Give the posters work until nothing is due; what is ready leaves also when the database goes away."""
        try:
            await self._claim_ahead(lane, card, ready, pace)
        except Exception as error:  # noqa: BLE001 (raised, it would cut off the posters in the middle of a POST)
            log.error("claiming failed", sender=card.sender_id, lane=lane.value, kind=type(error).__name__)  # noqa: TRY400 (ids)
        await ready.put(None)

    async def _claim_ahead(self, lane: Lane, card: SenderCard, ready: asyncio.Queue[Ready | None], pace: Pace) -> None:
        """Make a batch ready while the one before it leaves, so that the posters never wait for the database.

        Never more than that: what waits longer than its lease covers is handed back, and would be made ready again
        and again behind a slow provider.
        """
        most, before = BATCH[Lane.URGENT], None
        covered = self._settings.lease - self._settings.send_deadline
        quick = min(QUICK, covered / 4)
        while not self._is_shut(card.sender_id, pace):
            if pace.rate is not None:  # never prepare what could not leave within its lease
                most = max(1, min(most, int(pace.rate), int(pace.rate * self._settings.lease / 2)))
            begun = time.monotonic()
            prepared = await self._prepare(card.sender_id, lane, most)
            if not prepared.taken:
                break
            if not prepared.outgoing:
                continue
            last = prepared.outgoing[-1].attempt_id
            batch = Batch(prepared.fence, begun, begun + covered, last, asyncio.Event())
            for outgoing in prepared.outgoing:
                await ready.put((outgoing, batch))
            if before is not None:
                await before.left.wait()
                took = time.monotonic() - before.begun
                most = min(most * 2, BATCH[lane]) if took < quick else max(int(most * quick / took), 1)
            before = batch

    def _is_shut(self, sender_id: int, pace: Pace) -> bool:
        """Whether nothing more may be made ready: it could not leave within its lease, or not from this sender."""
        return not self._speaks_for(sender_id, pace) or pace.rest_left >= self._settings.send_deadline

    def _speaks_for(self, sender_id: int, pace: Pace) -> bool:
        """Whether this process may post from a sender at this moment."""
        if self._stopping or sender_id in self._stopped:
            return False
        return pace.rate is None or self._holds.covers(sender_id)

    async def _prepare(self, sender_id: int, lane: Lane, most: int) -> Prepared:
        async with self._preparing[lane], self._database.engine() as connection:
            return await prepare(
                connection,
                self._keyring,
                self._wordings,
                sender_id=sender_id,
                lane=lane,
                most=most,
                lease=self._settings.lease,
                now=await self._database.now(connection),
            )

    async def _post(
        self,
        ready: asyncio.Queue[Ready | None],
        crew: Crew,
        channel: Channel,
        card: SenderCard,
        lane: Lane,
        pace: Pace,
    ) -> None:
        wait = wait_after_accepted(self._settings, lane, proof_of(channel.proof, receipts=card.receipts))
        if channel.name is ChannelName.VOICE:
            wait = self._settings.call_wait
        settle_after = self._settings.settle_after
        while (item := await ready.get()) is not None:
            outgoing, batch = item
            if outgoing.attempt_id == batch.last:
                batch.left.set()
            if await self._may_post(batch, card, lane, pace):
                with crew.away():
                    outcome = await hand_over(
                        channel, outgoing, card, pace, wait=wait, settle_after=settle_after, alarm=self._alarm
                    )
            else:
                outcome = Outcome(outgoing.attempt_id, Result.NOT_POSTED, fence=batch.fence)
            await self._writer.put(outcome)
        ready.put_nowait(None)  # the next poster finds the end, too

    async def _may_post(self, batch: Batch, card: SenderCard, lane: Lane, pace: Pace) -> bool:
        """Wait for this sender's turn; no longer than the lease covers, nor when it or the process has stopped."""
        now = time.monotonic()
        if not self._speaks_for(card.sender_id, pace):
            return False
        if pace.has_turn():
            return now < batch.post_before
        turn = await pace.turn(lane, within=batch.post_before - now)
        return turn and self._speaks_for(card.sender_id, pace) and time.monotonic() < batch.post_before

    async def _alarm(self, card: SenderCard, error: MisconfiguredError) -> None:
        if card.sender_id in self._stopped:
            return
        self._stopped.add(card.sender_id)
        log.error("sender stopped", sender=card.account.key, code=error.code)
        try:
            await self._stop_sender(card.sender_id, str(error))
        except Exception as away:  # noqa: BLE001 (the next try finds the same fault; the other posters go on)
            log.error("sender not stopped", sender=card.account.key, kind=type(away).__name__)  # noqa: TRY400 (ids)

    async def _stop_sender(self, sender_id: int, why: str) -> None:
        async with self._database.engine() as connection:
            await stop_sender(connection, sender_id, why, now=await self._database.now(connection))

    def _pace(self, sender_id: int, rate: float | None) -> Pace:
        pace = self._paces.get(sender_id)
        if pace is None or pace.rate != rate:
            pace = self._paces[sender_id] = Pace(rate)
        return pace

    async def _write(self, outcomes: Sequence[Outcome]) -> None:
        async with self._database.engine() as connection:
            await record_outcomes(connection, outcomes, now=await self._database.now(connection))


def _kinds(error: BaseException) -> str:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "+".join(sorted({type(one).__name__ for one in inner})) or type(error).__name__
