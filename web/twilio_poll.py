"""Where there is no public address: asks Twilio, again and again, for the receipts and answers that it cannot bring."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as hour
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from channels.sms import TwilioSms
from hub.database import is_away
from hub.errors import ChannelError
from hub.outbox.listed import waiting_for_receipts
from hub.people.text_lines import TextLine, text_lines
from web.house import House
from web.twilio_list import TwilioList

log = structlog.get_logger(__name__)

BY_DAY, AT_NIGHT, SELDOM = 15.0, 60.0, 600.0
"""Seconds between two looks at the list: while children are at school, else, and the longest that a receipt waits."""
SCHOOL_BEGINS, SCHOOL_ENDS, SUNDAY = hour(7), hour(19), 6
TICK: Final = 3.0
"""Seconds between two looks at what is due; they cost Twilio nothing."""
LINES_LAST: Final = 60.0
"""Seconds until new, changed and stopped senders are looked for."""


def texts_gap(now: datetime, timezone: str) -> float:
    """Say how often families' texts are asked for, in seconds: a child may be missing while school is on."""
    here = now.astimezone(ZoneInfo(timezone))
    return BY_DAY if here.weekday() != SUNDAY and SCHOOL_BEGINS <= here.time() < SCHOOL_ENDS else AT_NIGHT


def receipts_gap(newest: datetime | None, now: datetime, *, urgent: bool) -> float:
    """Say how often receipts are asked for, in seconds: the longer nothing new left, the more seldom.

    While something urgent waits for its receipt, always soon: without one it takes the next rung.
    """
    if urgent or newest is None:
        return BY_DAY
    return min(max(BY_DAY, (now - newest).total_seconds() / 4), SELDOM)


@dataclass(slots=True)
class _Rest:
    """Until when a list is left in peace (monotonic seconds), and how often it failed on end."""

    until: float = float("-inf")
    failed: int = 0

    def longer(self, ticks: float, asked_for: float | None) -> None:
        """Ask less often what does not answer, and never sooner than it says."""
        pause = min(TICK * 2**self.failed, SELDOM)
        self.failed = min(self.failed + 1, 16)
        self.until = ticks + max(asked_for or 0.0, pause)


@dataclass(slots=True)
class _Round:
    """One line, and when it was asked about what (monotonic seconds)."""

    list: TwilioList
    texts_at: float = float("-inf")
    receipts_at: float = float("-inf")
    calls_at: float = float("-inf")
    rest: _Rest = field(default_factory=_Rest)
    calls_rest: _Rest = field(default_factory=_Rest)


class TwilioPoll:
    """Opens with `watch`, which runs until it is cancelled; `close` lets go of what it held."""

    def __init__(
        self,
        house: House,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._house, self._clock, self._ticks = house, clock, ticks
        self._sms = TwilioSms(house.settings)
        self._rounds: dict[int, _Round] = {}
        self._lines_at = float("-inf")

    async def watch(self) -> None:
        """Ask whenever something is due."""
        while True:
            await self.look()
            await asyncio.sleep(TICK)

    async def look(self) -> None:
        """Ask for what is due now; a line that fails does not keep the others from their turn."""
        try:
            await self._find_lines()
        except Exception as error:  # noqa: BLE001 (an outermost loop: the next look tries again)
            log.error("lines not looked for", kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
        rounds = self._rounds.values()
        await asyncio.gather(
            *(self._ask(one, one.rest, self._ask_what_is_due) for one in rounds),
            *(self._ask(one, one.calls_rest, self._ask_who_rang) for one in rounds if one.list.line.can_be_called),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._sms.close()

    async def _find_lines(self) -> None:
        if self._ticks() - self._lines_at < LINES_LAST:
            return
        async with self._house.database.engine_reading() as connection:
            found = {line.sender_id: line for line in await text_lines(connection, self._house.keyring)}
        self._rounds = {
            number: known
            if (known := self._rounds.get(number)) is not None and known.list.line == line
            else _Round(self._list_of(line))
            for number, line in found.items()
        }
        self._lines_at = self._ticks()

    def _list_of(self, line: TextLine) -> TwilioList:
        return TwilioList(self._house, self._sms, line, clock=self._clock)

    async def _ask(self, one: _Round, rest: _Rest, what: Callable[[_Round], Awaitable[None]]) -> None:
        if self._ticks() < rest.until:
            return
        sender_id = one.list.line.sender_id
        try:
            await what(one)
            rest.failed = 0
        except ChannelError as error:
            rest.longer(self._ticks(), getattr(error, "retry_after", None))
            log.warning("list not read", sender=sender_id, kind=type(error).__name__)
        except Exception as error:  # noqa: BLE001 (an outermost loop: what was not taken is still Twilio's)
            rest.longer(self._ticks(), None)
            word = "database away" if is_away(error) else "list not taken"
            log.error(word, sender=sender_id, kind=type(error).__name__)  # noqa: TRY400 (no text of the error)

    async def _ask_what_is_due(self, one: _Round) -> None:
        line, database = one.list.line, self._house.database
        async with database.engine_reading() as connection:
            waiting = await waiting_for_receipts(connection, line.sender_id)
            now = await database.now(connection)
        ticks = self._ticks()
        if line.can_be_answered and ticks - one.texts_at >= texts_gap(now, line.timezone):
            await one.list.take_texts()
            one.texts_at = ticks
        newest = max((at for at in (waiting.newest, one.list.newest_on_the_way) if at is not None), default=None)
        wanted = newest is not None or not one.list.begun
        if wanted and ticks - one.receipts_at >= receipts_gap(newest, now, urgent=waiting.urgent):
            await one.list.take_receipts(waiting)
            one.receipts_at = ticks

    async def _ask_who_rang(self, one: _Round) -> None:
        """Ask for calls as often as for texts; an account that may not list them hears its texts all the same."""
        async with self._house.database.engine_reading() as connection:
            now = await self._house.database.now(connection)
        ticks = self._ticks()
        if ticks - one.calls_at >= texts_gap(now, one.list.line.timezone):
            await one.list.take_calls()
            one.calls_at = ticks
