"""One line's own lists at Twilio, gone through where Twilio cannot knock: answers, rings and receipts."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from channels.sms import Heard, TwilioSms, outcome_of_status
from channels.sms_list import Listed, Rang
from hub.database import is_away
from hub.errors import ChannelError
from hub.outbox.listed import Waiting, tries_listed
from hub.outbox.record import ReceiptIn, record_callbacks
from hub.people.text_lines import TextLine
from hub.ports import Account, ChannelName
from hub.replies.keeping import Text
from hub.replies.saying_back import Back, words_back
from hub.replies.since import last_heard
from hub.settings import Settings
from web.bookmark import Bookmark
from web.house import House
from web.receipts import receipt_of
from web.texts import Texts

log = structlog.get_logger(__name__)

BACK: Final = timedelta(minutes=10)
"""Each look goes back so far behind the last: the list lags, and clocks differ."""
LONGEST: Final = timedelta(days=62)
"""A PC that was off for the summer still hears what families wrote in July."""
AT_START: Final = timedelta(days=3)
"""What was sent before may have arrived while the PC was off over a weekend; who rang before is not called any more."""
CHANGES: Final = timedelta(hours=12)
"""Twilio gives up a text after ten hours; what is still on its way then will not be heard of any more."""
MOST: Final = 1000
"""Messages held at once; Twilio's page has no more. A window that holds more is cut in two."""
MOST_TRIES: Final = 3
"""How often a text that trips over a fault of ours is tried before it is left at Twilio."""

ON_ITS_WAY: Final = Heard.ACCEPTED


class TwilioList:
    """What we know of one line's list. All but the mark may be forgotten: the registers take nothing twice."""

    def __init__(
        self, house: House, sms: TwilioSms, line: TextLine, *, clock: Callable[[], datetime], most: int = MOST
    ) -> None:
        self.line = line
        self._house, self._sms, self._clock, self._most = house, sms, clock, most
        self._account = _account(line)
        self._mark = Bookmark(house.settings.data_dir, line.sender_id)
        self._calls_mark = Bookmark(house.settings.data_dir, line.sender_id, calls=True)
        self._heard_to: datetime | None = None
        self._called_to: datetime | None = None
        self._heard: set[str] = set()
        self._called: set[str] = set()
        self._trips: dict[str, int] = {}
        self._open_from: datetime | None = None
        self._told: set[str] = set()
        self.newest_on_the_way: datetime | None = None

    @property
    def begun(self) -> bool:
        """Whether its receipts were asked for since the start."""
        return self._open_from is not None

    async def take_texts(self) -> None:
        """Take what families wrote since the last look, the oldest first.

        Raises a child of ChannelError when Twilio, or what the database says when it, is away; the next look then
        begins where this one did.
        """
        now = self._clock()
        after = self._heard_to or await self._go_on_from(self._mark, now, LONGEST)
        heard: set[str] = set()
        async for page in self._pages(inbound=True, after=after, before=now + BACK):
            for one in page:
                ours = one.inbound and self.line.address in (one.to, one.service)
                if ours and (one.sid in self._heard or one.sid in heard or await self._take(self._text(one))):
                    heard.add(one.sid)
        self._heard_to, self._heard = now - BACK, heard
        self._mark.move(self._heard_to)

    async def take_calls(self) -> None:
        """Take who rang since the last look, whoever picked up: a ring asks to be called back.

        Raises as `take_texts` does.
        """
        now = self._clock()
        after = self._called_to or await self._go_on_from(self._calls_mark, now, AT_START)
        called: set[str] = set()
        for one in reversed(await self._sms.calls(self._account, after=after)):
            ours = one.inbound and one.to == self.line.address and one.at >= after.replace(microsecond=0)
            if ours and (one.sid in self._called or await self._take(self._call(one))):
                called.add(one.sid)
        self._called_to, self._called = now - BACK, called
        self._calls_mark.move(self._called_to)

    async def take_receipts(self, waiting: Waiting) -> None:
        """Write down what became of the texts that were still on their way; the history takes each word once.

        Raises as `take_texts` does.
        """
        now = self._clock()
        earliest = now - AT_START
        after = max(earliest, min(self._open_from or earliest, waiting.oldest or now) - BACK)
        told: set[str] = set()
        on_the_way: list[datetime] = []
        async for page in self._pages(inbound=False, after=after, before=now + BACK):
            ended = [one for one in page if not one.inbound and _ended(one)]
            told |= self._told.intersection(one.sid for one in ended)
            told |= await self._record([one for one in ended if one.sid not in self._told])
            on_the_way += [one.at for one in page if not one.inbound and not _ended(one) and one.at > now - CHANGES]
        self._open_from, self._told = min(on_the_way, default=now), told
        self.newest_on_the_way = max(on_the_way, default=None)

    async def _go_on_from(self, mark: Bookmark, now: datetime, longest: timedelta) -> datetime:
        """Go on at the mark. Without one, where the registers were last written to, and mark it before a text is taken.

        What was received last is no mark: of a week's texts some may have been taken when the electricity failed.
        """
        marked = mark.read()
        if marked is None:
            async with self._house.database.engine_reading() as connection:
                last = await last_heard(connection, self.line.sender_id)
            marked = min(now, last or now) - BACK
            mark.move(marked)
        return max(now - longest, min(now, marked))

    async def _pages(self, *, inbound: bool, after: datetime, before: datetime) -> AsyncIterator[Sequence[Listed]]:
        """Give what the list holds between two moments, the oldest first, never more than `most` at once.

        The list begins with the newest and may be long: a window too full is cut in two, the earlier half first.
        What stands on the cut comes twice.
        """
        windows = [(after.replace(microsecond=0), before.replace(microsecond=0))]
        while windows:
            after, before = windows.pop()
            half = timedelta(seconds=(before - after) // timedelta(seconds=2))
            most = self._most if half else None
            found = await self._sms.listed(self._account, inbound=inbound, after=after, before=before, most=most)
            if most is not None and len(found) >= most:
                windows += [(after + half, before), (after, after + half)]
            else:
                yield found[::-1]

    def _text(self, one: Listed) -> Text:
        line = self.line
        return Text(line.school_id, line.sender_id, one.sid, one.from_, one.body, pictures=one.media > 0)

    def _call(self, one: Rang) -> Text:
        return Text(self.line.school_id, self.line.sender_id, one.sid, one.from_, "", called=True)

    async def _take(self, text: Text) -> bool:
        """Take a text, or a call; False when it trips over a fault of ours, and will be tried again."""
        try:
            received = await Texts(self._house).take(text)
        except Exception as error:
            if is_away(error):
                raise
            trips = self._trips[text.provider_key] = self._trips.get(text.provider_key, 0) + 1
            log.error("text not taken", sender=self.line.sender_id, kind=type(error).__name__)  # noqa: TRY400 (ids)
            return trips >= MOST_TRIES
        self._trips.pop(text.provider_key, None)
        if self.line.two_way and received.back is not None and not text.called:
            await self._say_back(text.number, received.back)
        return True

    async def _say_back(self, number: str, back: Back) -> None:
        """Say it by a text of its own; when that is refused, the family's words are kept all the same."""
        try:
            await self._sms.say(self._account, to=number, words=words_back(back))
        except ChannelError as error:
            log.warning("nothing said back", sender=self.line.sender_id, kind=type(error).__name__)

    async def _record(self, ended: Sequence[Listed]) -> set[str]:
        """Raise the tries that these messages are; gives those that are ours."""
        if not ended:
            return set()
        async with self._house.database.engine() as connection:
            tries = await tries_listed(
                connection,
                self._house.keyring,
                school_id=self.line.school_id,
                sender_id=self.line.sender_id,
                listed={one.sid: one.to for one in ended},
            )
            receipts = [(self.line.sender_id, receipt) for receipt in _receipts(ended, tries)]
            await record_callbacks(connection, receipts, now=await self._house.database.now(connection))
        return set(tries)


async def asks(settings: Settings, line: TextLine) -> bool:
    """Ask for a line's lists once, as a trial; nothing of it is kept. Says whether calls may be heard.

    Raises a child of ChannelError when not even its texts may.
    """
    sms, now = TwilioSms(settings), datetime.now(UTC)
    try:
        await sms.listed(_account(line), inbound=False, after=now - BACK, before=now, most=1)
        if not line.can_be_called:
            return False
        with suppress(ChannelError):
            await sms.calls(_account(line), after=now - BACK)
            return True
        return False
    finally:
        await sms.close()


def _account(line: TextLine) -> Account:
    return Account(line.key_name, ChannelName.SMS, "twilio", line.address, login=line.login, secret=line.secret)


def _ended(one: Listed) -> bool:
    return outcome_of_status(one.status, one.code).heard is not ON_ITS_WAY


def _receipts(ended: Sequence[Listed], tries: Mapping[str, int]) -> list[ReceiptIn]:
    return [
        receipt_of(tries[one.sid], outcome_of_status(one.status, one.code), status=one.status, sid=one.sid)
        for one in ended
        if one.sid in tries
    ]
