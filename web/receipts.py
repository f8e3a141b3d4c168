"""Where the providers' receipts are gathered: many posted within a few milliseconds are committed together."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from channels.sms import Heard, StatusReport
from hub.database import Database, is_away
from hub.errors import ChannelError, DeadAddressError, MisconfiguredError, RejectedError, StoppedError, TemporaryError
from hub.letters.bounces import Bounce
from hub.models.notices import AttemptState, ErrorKind
from hub.outbox.record import ReceiptIn, record_callbacks

log = structlog.get_logger(__name__)

AWAY = (DBAPIError, PoolTimeoutError, OSError)
"""How the database says that it cannot; `is_away` tells whether it may be asked again."""
GATHER = 0.01
MOST = 500
PAUSES = (0.05, 0.2)

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

_Waiting = tuple[int, ReceiptIn, "asyncio.Future[bool]"]


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
    """One for each process. A receipt is answered only once it is committed.

    One commit at a time; what comes meanwhile goes with the next. It keeps no task when nothing waits, so nothing
    has to be closed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def put(self, sender_id: int, receipt: ReceiptIn) -> bool:
        """Commit a receipt; False when the attempt is not one of this sender's.

        Raises one of AWAY when the database is away for longer than a moment: the provider should try again.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((sender_id, receipt, done))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        while self._waiting:
            if len(self._waiting) < MOST:
                await asyncio.sleep(GATHER)
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            batch.sort(key=lambda waiting: waiting[1].attempt_id)
            await self._settle(batch)
        self._task = None

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch and answer who waits; one bad receipt never costs its neighbours."""
        try:
            known = await self._insist(batch)
        except Exception as fault:  # noqa: BLE001 (the outermost loop: who waits is told, nothing is half written)
            if is_away(fault):
                _refuse(batch, fault)
            else:
                await self._one_by_one(batch, fault)
        else:
            _tell(batch, known)

    async def _one_by_one(self, batch: Sequence[_Waiting], fault: Exception) -> None:
        if len(batch) == 1:
            log.error("receipt not written", kind=type(fault).__name__)
            _refuse(batch, fault)
            return
        for waiting in batch:
            await self._settle([waiting])

    async def _insist(self, batch: Sequence[_Waiting]) -> set[tuple[int, int]]:
        """Commit, again after a short pause when the database stumbles (a deadlock, a failover)."""
        for pause in PAUSES:
            try:
                return await self._commit(batch)
            except AWAY as fault:
                if not is_away(fault):
                    raise
                await asyncio.sleep(pause)
        return await self._commit(batch)

    async def _commit(self, batch: Sequence[_Waiting]) -> set[tuple[int, int]]:
        """Write in one transaction; gives the (sender, attempt) pairs that exist."""
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            return await record_callbacks(
                connection, [(sender_id, receipt) for sender_id, receipt, _ in batch], now=now
            )


def _refuse(batch: Sequence[_Waiting], why: Exception) -> None:
    for _, _, done in batch:
        if not done.done():
            done.set_exception(why)


def _tell(batch: Sequence[_Waiting], known: set[tuple[int, int]]) -> None:
    for sender_id, receipt, done in batch:
        if not done.done():  # a provider may have hung up meanwhile
            done.set_result((sender_id, receipt.attempt_id) in known)
