"""The hub's letter slot: takes bounces and families' mails from the mail server, and no letter that is not for us."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Sequence
from typing import Final
from weakref import WeakSet

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from hub.errors import SettingsError
from hub.letters.reading import Bounce, Mailbox, ReadMail, read_mail
from hub.models.notices import AttemptState, ErrorKind
from hub.outbox.record import ReceiptIn, record_receipts
from hub.replies.codes import find_attempt, find_copy
from hub.replies.keeping import Letter
from hub.replies.meaning import Sense
from hub.replies.receiving import receive_letter
from web.family import spread_wrong_number
from web.house import House
from web.receipts import AWAY

log = structlog.get_logger(__name__)

SIZE_MOST: Final = 10 * 1024 * 1024
"""Bytes of one mail; larger ones are refused before they are read (552)."""
HEAD_MOST: Final = 64 * 1024
"""Bytes of a mail's head in which the results of our mail server stand."""
READERS: Final = 2
"""Mails read at once, each in a thread: a large one takes a second."""
TAKEN, LATER = "250 2.0.0 Taken", "451 4.3.0 The registers are closed for a moment, try again later"
UNKNOWN, ONE_BY_ONE = "550 5.1.1 No such mailbox", "452 4.5.3 One recipient at a time"
"""What the mail server is told. Source: RFC 5321 section 4.2.3, RFC 3463."""

OURS: Final = re.compile(r"(rebond|reponse|desabo)\+([a-z0-9.]{1,60})@([a-z0-9.-]{1,253})", re.IGNORECASE)
_DEAD = re.compile(r"5\.1\.(?![78])\d+")
"""The recipient does not exist; 5.1.7 and 5.1.8 blame the sender. Source: RFC 3463 section 3.2."""


class LetterSlot:
    """What aiosmtpd asks. A mail is taken once it is committed; while the database is away the server keeps it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._readers = asyncio.Semaphore(READERS)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        """Take only what bears a token that we signed.

        One recipient at a time: LMTP wants an answer for each (RFC 2033 section 4.2), and aiosmtpd gives one.
        """
        if self._read_address(address) is None:
            return UNKNOWN
        if envelope.rcpt_tos:
            return ONE_BY_ONE
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (the same)
        """Take one mail, whole or not at all."""
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        try:
            return await self.take(envelope.rcpt_tos[0], raw, envelope_sender=envelope.mail_from)
        except AWAY as error:
            log.warning("database away", kind=type(error).__name__)
            return LATER
        except Exception as error:  # noqa: BLE001 (the outermost loop: the mail server keeps it; no text of the error)
            log.error("mail not taken", kind=type(error).__name__)  # noqa: TRY400 (the same)
            return LATER

    async def handle_exception(self, error: Exception) -> str:
        """Answer what went wrong in the conversation itself; never 5xx, which would lose a mail."""
        log.error("mail conversation failed", kind=type(error).__name__)
        return LATER

    def is_ours(self, address: str) -> bool:
        """Say whether an address bears a token that we signed."""
        return self._read_address(address) is not None

    async def take(self, address: str, raw: bytes, *, envelope_sender: str | None = None) -> str:
        """Take a mail that came to one of our addresses, whoever brought it; gives TAKEN or UNKNOWN.

        Raises what the database says when it is away. The same mail brought twice changes nothing.
        """
        read = self._read_address(address)
        if read is None:
            return UNKNOWN
        async with self._readers:
            domain = self._house.settings.mail_domain
            mail = await asyncio.to_thread(read_mail, raw, domain, recipient=address, envelope_sender=envelope_sender)
        return await self._take(*read, mail, raw)

    def _read_address(self, address: str) -> tuple[Mailbox, str] | None:
        found = OURS.fullmatch(address)
        if found is None or found[3].lower() != self._house.settings.mail_domain.lower():
            return None
        mailbox, token = Mailbox(found[1].lower()), found[2].lower()
        kind = "c" if mailbox is Mailbox.REPLY else "a"
        return (mailbox, token) if self._house.keyring.read_token(kind, token) is not None else None

    async def _take(self, mailbox: Mailbox, token: str, mail: ReadMail, raw: bytes) -> str:
        house = self._house
        if mailbox is Mailbox.BOUNCE and (mail.bounce is not None or mail.auto_reply):
            return await self._take_receipt(token, mail)
        if mailbox is Mailbox.REPLY:
            found = await find_copy(house.database, house.keyring, token)
        else:
            found = await find_attempt(house.database, house.keyring, token)
        if found is None:
            return UNKNOWN
        letter = Letter(
            school_id=found[0],
            copy_id=found[1],
            provider_key=_mark(mail, raw, found[1]),
            author=mail.sender or "",
            words=mail.reply or "",
            machine=mail.auto_reply or mail.bounce is not None,
            leaving=mailbox is Mailbox.STOP,
            unsigned=_is_borrowed(raw),
            message_id=mail.message_id,
            files=mail.attachments,
        )
        return await self._take_letter(letter)

    async def _take_letter(self, letter: Letter) -> str:
        house = self._house
        try:
            async with house.database.school(letter.school_id) as session:
                connection = await session.connection()
                received = await receive_letter(
                    connection, house.keyring, letter, now=await house.database.now(connection)
                )
        except LookupError:
            return UNKNOWN
        if received.sense is Sense.WRONG_NUMBER and received.address_id is not None:
            await spread_wrong_number(house, letter.school_id, received.address_id)
        return TAKEN

    async def _take_receipt(self, token: str, mail: ReadMail) -> str:
        """Write down what became of one try: it failed for good, it is late, or a machine answered it."""
        attempt_id = self._house.keyring.read_token("a", token)
        if attempt_id is None:
            return UNKNOWN
        database = self._house.database
        async with database.engine() as connection:
            receipt = _receipt(attempt_id, mail.bounce)
            known = await record_receipts(connection, [receipt], now=await database.now(connection))
        return TAKEN if known else UNKNOWN


def _receipt(attempt_id: int, bounce: Bounce | None) -> ReceiptIn:
    """Only a mailbox that does not exist is called dead: a full one may be read again tomorrow."""
    if bounce is None:
        return ReceiptIn(attempt_id, AttemptState.ACCEPTED, "auto_reply")
    code = bounce.status or ""
    if not bounce.permanent:
        return ReceiptIn(attempt_id, AttemptState.ACCEPTED, "delayed", error_code=code)
    kind = ErrorKind.DEAD_ADDRESS if _DEAD.fullmatch(code) else ErrorKind.REJECTED
    return ReceiptIn(attempt_id, AttemptState.FAILED, "bounced", error_kind=kind, error_code=code)


def _mark(mail: ReadMail, raw: bytes, copy_id: int) -> str:
    """Name a mail by its Message-ID and its body: the same mail brought twice has the same name, 64 signs.

    Without a Message-ID by its author and what it answers: two families may both write « Oui », and nothing else.
    """
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return hashlib.sha256((mail.message_id or f"{mail.sender} {copy_id}").encode() + b"\0" + body).hexdigest()


def _is_borrowed(raw: bytes) -> bool:
    """Say that the mail server in front of us found the From to be somebody else's: the topmost result is its own.

    A forged result can only make a mail less believed. Source: RFC 8601 section 5, RFC 7489 section 11.
    """
    head = raw[:HEAD_MOST].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    result = re.search(rb"^authentication-results:((?:.*\n[ \t])*.*)", head, re.IGNORECASE | re.MULTILINE)
    return result is not None and re.search(rb"\bdmarc\s*=\s*fail\b", result[1], re.IGNORECASE) is not None


class Listener:
    """The open slot; `port` is where it listens."""

    def __init__(self, house: House) -> None:
        self._slot = LetterSlot(house)
        self._lines: WeakSet[LMTP] = WeakSet()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self, listen: str) -> None:
        """Listen at host:port, in this loop. Raises SettingsError."""
        host, _, port = listen.rpartition(":")
        if not (host and port.isascii() and port.isdecimal() and int(port) < 65536):
            raise SettingsError("PASSERELLE_MAIL_LISTEN s'écrit hôte:port, comme 127.0.0.1:8025.")
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs every address that it hears
        try:
            self._server = await asyncio.get_running_loop().create_server(self._line, host.strip("[]"), int(port))
        except OSError as error:
            raise SettingsError(f"Personne ne peut écouter sur {listen} (PASSERELLE_MAIL_LISTEN).") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up and stop listening; what was not yet taken stays with the mail server."""
        if self._server is None:
            return
        self._server.close()
        for line in tuple(self._lines):
            if line.transport is not None:
                line.transport.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # one turn for the lines to notice

    def _line(self) -> LMTP:
        line = LMTP(
            self._slot, data_size_limit=SIZE_MOST, enable_SMTPUTF8=True, hostname="passerelle", ident="Passerelle"
        )
        self._lines.add(line)
        return line


async def start(house: House) -> Listener | None:
    """Open the letter slot of this process; None where the settings want none."""
    if house.settings.mail_listen is None:
        return None
    listener = Listener(house)
    await listener.open(house.settings.mail_listen)
    return listener
