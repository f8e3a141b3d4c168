"""Where the mail server cannot call us: fetches bounces and families' mails from a mailbox, and takes each once."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from hub.database import is_away
from web.house import House
from web.imap_box import AWAY, Head, ImapBox, ImapRefusedError, read_place
from web.mail_in import OURS, SIZE_MOST, TAKEN, LetterSlot

log = structlog.get_logger(__name__)

EVERY: Final = 20.0
"""Seconds between two looks into the mailbox."""
PAUSES: Final = (5.0, 15.0, 60.0, 300.0)
"""Seconds before the mail server, or our database, is asked again; the last for all further times."""
MOST_TRIES: Final = 3
"""How often a mail that trips over a fault of ours is tried before it is laid aside."""
TAKEN_TO, LAID_ASIDE = "Passerelle", "Passerelle-a-voir"
"""Where mails go that were taken, and those that bear our address but could not be: a person may look there."""


class MailPoll:
    """Opens with `watch`, which runs until it is cancelled; `close` hangs up.

    The mailbox itself is the queue: what was taken is moved out of it, after the commit. A mail that bears none of
    our addresses is somebody else's and is not touched.
    """

    def __init__(self, house: House, url: str) -> None:
        self._slot = LetterSlot(house)
        self._domain = house.settings.mail_domain.lower()
        self._box = ImapBox(read_place(url))
        self._trips: dict[int, int] = {}
        self._open = False

    async def watch(self) -> None:
        """Look again and again, more and more seldom while the server or the database is away."""
        failed = 0
        while True:
            try:
                more = await self.look()
                failed = 0
            except Exception as error:  # noqa: BLE001 (the outermost loop: what was not taken is still in the mailbox)
                log.warning("mailbox not read", kind=type(error).__name__)
                await asyncio.sleep(PAUSES[min(failed, len(PAUSES) - 1)])
                failed += 1
            else:
                await asyncio.sleep(0.0 if more else EVERY)

    async def look(self) -> bool:
        """Take what is new, the oldest first; True when there may be more.

        Raises what the mail server, or the database, says when it is away; the next look signs in again.
        """
        try:
            if not self._open:
                await asyncio.to_thread(self._box.open)
                self._open = True
            heads = await asyncio.to_thread(self._box.news, frozenset(self._trips))
            fresh = [head.uid for head in heads if head.uid not in self._trips]
            self._trips = {head.uid: self._trips[head.uid] for head in heads if head.uid in self._trips}
            for head in heads:
                await self._settle(head)
        except BaseException:
            self._open = False
            raise
        return bool(fresh)

    async def close(self) -> None:
        """Hang up; what was not taken stays in the mailbox."""
        self._box.close()

    async def _settle(self, head: Head) -> None:
        """Take one mail and move it away; one that trips over a fault of ours stays, and those behind it go on."""
        addresses = [found[0] for found in OURS.finditer(head.to) if found[3].lower() == self._domain]
        try:
            taken = await self._take(head, addresses) if addresses else None
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

    async def _take(self, head: Head, addresses: Sequence[str]) -> bool:
        """Take a mail as the letter slot does; False for one that it would refuse."""
        address = next((one for one in addresses if self._slot.is_ours(one)), None)
        if address is None or head.size > SIZE_MOST:
            return False
        raw = await asyncio.to_thread(self._box.read, head.uid)
        return raw is not None and await self._slot.take(address, raw) == TAKEN

    async def _put_away(self, head: Head, *, taken: bool) -> None:
        """Move a mail; when the server refuses, it stays where it is, and is taken once all the same."""
        folder, flag = (TAKEN_TO, r"\Seen") if taken else (LAID_ASIDE, r"\Flagged")
        try:
            await asyncio.to_thread(self._box.put_away, head.uid, folder, flag)
        except ImapRefusedError:
            log.warning("mail not moved", kind=folder)
