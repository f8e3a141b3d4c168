"""Where the mail server cannot call us: fetches bounces and families' mails from a mailbox, and takes each once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from hub.database import is_away
from web.house import House
from web.imap_box import AWAY, Head, ImapBox, ImapRefusedError, read_place
from web.mail_in import OURS, SIZE_MOST, TAKEN, LetterSlot

Given = TypeVar("Given")

log = structlog.get_logger(__name__)

EVERY: Final = 20.0
"""Seconds between two looks into the mailbox, where its server does not say by itself that a mail came."""
LISTENS: Final = 240.0
"""Seconds that the server is listened to before it is spoken to again: a line that was cut is else not noticed.

RFC 2177 wants it every 29 minutes; routers at home forget a line that is silent sooner.
"""
PAUSES: Final = (5.0, 15.0, 60.0, 300.0)
"""Seconds before the mail server, or our database, is asked again; the last for all further times."""
MOST_TRIES: Final = 3
"""How often a mail that trips over a fault of ours is tried before it is laid aside."""
TAKEN_TO, LAID_ASIDE = "Passerelle", "Passerelle-a-voir"
"""Where mails go that were taken, and those that bear our address but could not be: a person may look there."""


class MailPoll:
    """Opens with `watch`, which runs until it is cancelled; `close` hangs up.

    The mailbox itself is the queue: what was taken is moved out of it, after the commit. A mail that bears none of
    our addresses, and answers none of our mails, is somebody else's and is not touched.
    """

    def __init__(self, house: House, url: str, *, every: float = EVERY) -> None:
        self._slot = LetterSlot(house)
        self._domain = house.settings.mail_domain.lower()
        self._box, self._every = ImapBox(read_place(url)), every
        self._trips: dict[int, int] = {}
        self._open = False
        self._cut_short = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mailbox")  # one that may wait for minutes

    async def watch(self) -> None:
        """Look again and again, more and more seldom while the server or the database is away."""
        failed = 0
        while True:
            try:
                more = await self.look()
                failed = 0
                if not more:
                    await self.rest()
            except Exception as error:  # noqa: BLE001 (the outermost loop: what was not taken is still in the mailbox)
                log.warning("mailbox not read", kind=type(error).__name__)
                await asyncio.sleep(PAUSES[min(failed, len(PAUSES) - 1)])
                failed += 1

    async def look(self) -> bool:
        """Take what is new, the oldest first; True when there may be more.

        Raises what the mail server, or the database, says when it is away; the next look signs in again.
        """
        try:
            if not self._open:
                await self._at_the_box(self._box.open)
                self._open = True
            heads = await self._at_the_box(self._box.news, frozenset(self._trips))
            fresh = [head.uid for head in heads if head.uid not in self._trips]
            self._trips = {head.uid: self._trips[head.uid] for head in heads if head.uid in self._trips}
            for head in heads:
                await self._settle(head)
        except BaseException:
            self._open = False
            raise
        return bool(fresh)

    async def rest(self) -> None:
        """Wait until the server says that a mail came, or for a while where it does not, or the line does not hold.

        Raises what the mail server says when it is away.
        """
        if not self._box.tells or self._trips or self._cut_short == MOST_TRIES:
            await asyncio.sleep(self._every)
            return
        self._cut_short += 1
        try:
            await self._at_the_box(self._box.wait, LISTENS)
        except BaseException:
            self._open = False
            raise
        self._cut_short = 0

    async def close(self) -> None:
        """Hang up; what was not taken stays in the mailbox."""
        self._box.close()
        self._thread.shutdown(wait=False)

    async def _at_the_box(self, act: Callable[..., Given], *given: Any, **more: Any) -> Given:  # noqa: ANN401 (what the act takes)
        """Do something that waits for the server, in the mailbox's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(act, *given, **more))

    async def _settle(self, head: Head) -> None:
        """Take one mail and move it away; one that trips over a fault of ours stays, and those behind it go on."""
        try:
            taken = await self._take(head)
        except Exception as error:
            if isinstance(error, AWAY) or is_away(error):
                raise
            log.error("mail not taken", kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
            trips = self._trips[head.uid] = self._trips.get(head.uid, 0) + 1
            taken = False if trips >= MOST_TRIES else None
        else:
            self._trips.pop(head.uid, None)
        if taken is not None:
            self._trips.pop(head.uid, None)
            await self._put_away(head, taken=taken)
        self._box.passed(head.uid)

    async def _take(self, head: Head) -> bool | None:
        """Take a mail as the letter slot does; False for one that it would refuse, None for somebody else's."""
        address = await self._ours(head)
        if not address:
            return None if address is None else False
        if head.size > SIZE_MOST:
            return False
        raw = await self._at_the_box(self._box.read, head.uid)
        return raw is not None and await self._slot.take(address, raw) == TAKEN

    async def _ours(self, head: Head) -> str | None:
        """Give our address that a mail came to; "" when its token is none of ours, None when it is somebody else's.

        Without a token it is ours when it answers a mail of ours or came to the address of replies. What came to an
        address that a school writes from is ours only if a family wrote it: others write there too, to a person.
        """
        slot = self._slot
        bearing = [one for one in head.to if (found := OURS.fullmatch(one)) and found[3].lower() == self._domain]
        token = next((one for one in bearing if slot.is_ours(one)), None)
        if token is not None:
            return token
        plain = next((one for one in head.to if slot.is_plain(one)), None)
        if slot.answers_us(head.answers):
            return plain or next(iter(head.to), self._domain)
        if bearing or plain is not None:
            return plain or ""
        for one in head.to:
            if await slot.is_bare(one) and await slot.knows(head.author):
                return one
        return None

    async def _put_away(self, head: Head, *, taken: bool) -> None:
        """Move a mail; when the server refuses, it stays where it is, and is taken once all the same."""
        folder, flag = (TAKEN_TO, r"\Seen") if taken else (LAID_ASIDE, r"\Flagged")
        try:
            await self._at_the_box(self._box.put_away, head.uid, folder, flag)
        except ImapRefusedError:
            log.warning("mail not moved", kind=folder)
