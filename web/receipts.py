"""Where the providers' receipts are gathered: many posted within a few milliseconds are committed together."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from channels.sms import Heard, StatusReport
from hub.database import Database
from hub.errors import ChannelError, DeadAddressError, MisconfiguredError, RejectedError, StoppedError, TemporaryError
from hub.letters.bounces import Bounce
from hub.models.notices import AttemptState, ErrorKind
from hub.outbox.record import ReceiptIn, record_callbacks
from web.together import Together

MOST: Final = 500

_STATES: Final[Mapping[Heard, AttemptState]] = {
    Heard.ACCEPTED: AttemptState.ACCEPTED,
    Heard.DELIVERED: AttemptState.DELIVERED,
    Heard.FAILED: AttemptState.FAILED,
}
_KINDS: Final[Mapping[type[ChannelError], ErrorKind]] = {
    TemporaryError: ErrorKind.TEMPORARY,
    DeadAddressError: ErrorKind.DEAD_ADDRESS,
    StoppedError: ErrorKind.STOPPED,
    RejectedError: ErrorKind.REJECTED,
    MisconfiguredError: ErrorKind.MISCONFIGURED,
}
_DEAD = re.compile(r"5\.1\.(?![78])\d+")
"""The recipient does not exist; 5.1.7 and 5.1.8 blame the sender. Source: RFC 3463 section 3.2."""


def receipt_of(attempt_id: int, report: StatusReport, *, status: str, sid: str) -> ReceiptIn:
    """Write what Twilio says of a message in the register's words, whether it was posted or found in the list."""
    return ReceiptIn(
        attempt_id=attempt_id,
        state=_STATES[report.heard],
        status=status,
        error_kind=None if report.error is None else _KINDS.get(report.error, ErrorKind.REJECTED),
        error_code=report.code or "",
        provider_id=sid[:255] or None,
    )


def receipt_of_mail(attempt_id: int, bounce: Bounce | None) -> ReceiptIn:
    """Write what a bounce, or a machine (None), says of a mail.

    Only a mailbox that does not exist is called dead: a full one may be read again tomorrow.
    """
    if bounce is None:
        return ReceiptIn(attempt_id, AttemptState.ACCEPTED, "auto_reply")
    code = bounce.status or ""
    if not bounce.permanent:
        return ReceiptIn(attempt_id, AttemptState.ACCEPTED, "delayed", error_code=code)
    kind = ErrorKind.DEAD_ADDRESS if _DEAD.fullmatch(code) else ErrorKind.REJECTED
    return ReceiptIn(attempt_id, AttemptState.FAILED, "bounced", error_kind=kind, error_code=code)


class Receipts:
    """One for each process. A receipt is answered only once it is committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = Together(self._commit, name="receipt", most=MOST)

    async def put(self, sender_id: int, receipt: ReceiptIn) -> bool:
        """Commit a receipt; False when the attempt is not one of this sender's. Raises as `Together.put` does."""
        return await self._together.put(None, (sender_id, receipt))

    async def _commit(self, _key: None, batch: Sequence[tuple[int, ReceiptIn]]) -> list[bool]:
        """Write in one transaction, in the order of attempts; says which of them exist."""
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            those = sorted(batch, key=lambda one: one[1].attempt_id)
            known = await record_callbacks(connection, those, now=now)
        return [(sender_id, receipt.attempt_id) in known for sender_id, receipt in batch]
