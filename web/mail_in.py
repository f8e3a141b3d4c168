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
from hub.letters.reading import Mailbox, ReadMail, read_mail
from hub.outbox.record import record_receipts
from hub.people.mailboxes import mailbox_key
from hub.ports import ChannelName
from hub.replies.bare_letters import BareLetter, receive_bare
from hub.replies.codes import find_attempt, find_copy
from hub.replies.keeping import Letter, Text
from hub.replies.letters import receive_letter
from hub.replies.meaning import Sense
from hub.replies.telling_back import tell_back
from hub.replies.whose import is_known, named_copy, school_of_copy, whose, writes_from
from web.family import spread_wrong_number
from web.house import House
from web.mail_proof import Proof, vouched_for
from web.receipts import receipt_of_mail
from web.together import AWAY

log = structlog.get_logger(__name__)

SIZE_MOST: Final = 10 * 1024 * 1024
"""Bytes of one mail; larger ones are refused before they are read (552)."""
READERS: Final = 2
"""Mails read at once, each in a thread: a large one takes a second."""
TAKEN, LATER = "250 2.0.0 Taken", "451 4.3.0 The registers are closed for a moment, try again later"
UNKNOWN, ONE_BY_ONE = "550 5.1.1 No such mailbox", "452 4.5.3 One recipient at a time"
"""What the mail server is told. Source: RFC 5321 section 4.2.3, RFC 3463."""

OURS: Final = re.compile(r"(rebond|reponse|desabo)\+([a-z0-9.]{1,60})@([a-z0-9.-]{1,253})", re.IGNORECASE)


class LetterSlot:
    """What aiosmtpd asks. A mail is taken once it is committed; while the database is away the server keeps it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._readers = asyncio.Semaphore(READERS)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        """Take only what bears a token that we signed, or came to a mailbox that families see beside it.

        One recipient at a time: LMTP wants an answer for each (RFC 2033 section 4.2), and aiosmtpd gives one.
        """
        try:
            if not (self.is_ours(address) or await self.is_bare(address)):
                return UNKNOWN
        except AWAY as error:
            log.warning("database away", kind=type(error).__name__)
            return LATER
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

    def is_plain(self, address: str) -> bool:
        """Say whether an address is that of replies, its token lost."""
        return address.lower() == f"{Mailbox.REPLY}@{self._house.settings.mail_domain}".lower()

    async def is_bare(self, address: str) -> bool:
        """Say whether families see this address: that of replies, or one that a school writes from.

        Raises what the database says when it is away; so does `knows`.
        """
        return self.is_plain(address) or await writes_from(self._house.database, address)

    async def knows(self, author: str) -> bool:
        """Say whether a school writes to this mailbox."""
        return await is_known(self._house.database, self._house.keyring, author)

    def answers_us(self, message_ids: Sequence[str]) -> bool:
        """Say whether one of these Message-IDs, without angle brackets, is of our making."""
        return named_copy(self._house.keyring, message_ids) is not None

    async def take(self, address: str, raw: bytes, *, envelope_sender: str | None = None) -> str:
        """Take a mail that came to one of our addresses, or answers a mail of ours; gives TAKEN or UNKNOWN.

        Raises what the database says when it is away. The same mail brought twice changes nothing.
        """
        read = self._read_address(address)
        if read is None and OURS.fullmatch(address):
            return UNKNOWN
        async with self._readers:
            domain = self._house.settings.mail_domain
            mail = await asyncio.to_thread(read_mail, raw, domain, recipient=address, envelope_sender=envelope_sender)
        if read is not None:
            return await self._take(*read, mail, raw)
        return await self._take_bare(address, mail, raw)

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
        return await self._take_letter(self._letter(*found, mail, raw, leaving=mailbox is Mailbox.STOP))

    async def _take_bare(self, address: str, mail: ReadMail, raw: bytes) -> str:
        """Take a mail without a token: by the mail of ours that it answers, else by who says that he wrote it."""
        house = self._house
        answered = (mail.in_reply_to, *reversed(mail.references))
        copy_id = named_copy(house.keyring, [one for one in answered if one])
        school_id = None if copy_id is None else await school_of_copy(house.database, copy_id)
        if copy_id is not None and school_id is not None:
            return await self._take_letter(self._letter(school_id, copy_id, mail, raw))
        author = mail.sender or ""
        found = await whose(house.database, house.keyring, recipient=address, author=author)
        machine = mail.auto_reply or mail.bounce is not None
        if found is None or (machine and not await self.knows(author)):
            return UNKNOWN
        text = Text(
            school_id=found[0],
            sender_id=found[1],
            provider_key=_mark(mail, raw, 0),
            number=mailbox_key(author),
            words=mail.reply or "",
            channel=ChannelName.EMAIL,
            message_id=mail.message_id,
        )
        proof = vouched_for(raw, house.settings.mail_authserv)
        letter = BareLetter(text, machine, proof is Proof.NO, proof is Proof.YES, mail.attachments)
        async with house.database.school(text.school_id) as session:
            connection = await session.connection()
            await receive_bare(connection, house.keyring, letter, now=await house.database.now(connection))
        return TAKEN

    async def _take_letter(self, letter: Letter) -> str:
        house = self._house
        try:
            async with house.database.school(letter.school_id) as session:
                connection = await session.connection()
                now = await house.database.now(connection)
                received = await receive_letter(connection, house.keyring, letter, now=now)
                await tell_back(session, house.keyring, received, school_id=letter.school_id, now=now)
        except LookupError:
            return UNKNOWN
        if received.sense is Sense.WRONG_NUMBER and received.address_id is not None:
            await spread_wrong_number(house, letter.school_id, received.address_id)
        return TAKEN

    def _letter(self, school_id: int, copy_id: int, mail: ReadMail, raw: bytes, *, leaving: bool = False) -> Letter:
        return Letter(
            school_id=school_id,
            copy_id=copy_id,
            provider_key=_mark(mail, raw, copy_id),
            author=mail.sender or "",
            words=mail.reply or "",
            machine=mail.auto_reply or mail.bounce is not None,
            leaving=leaving,
            unsigned=vouched_for(raw, self._house.settings.mail_authserv) is Proof.NO,
            message_id=mail.message_id,
            files=mail.attachments,
        )

    async def _take_receipt(self, token: str, mail: ReadMail) -> str:
        """Write down what became of one try: it failed for good, it is late, or a machine answered it."""
        attempt_id = self._house.keyring.read_token("a", token)
        if attempt_id is None:
            return UNKNOWN
        database = self._house.database
        async with database.engine() as connection:
            receipt = receipt_of_mail(attempt_id, mail.bounce)
            known = await record_receipts(connection, [receipt], now=await database.now(connection))
        return TAKEN if known else UNKNOWN


def _mark(mail: ReadMail, raw: bytes, copy_id: int) -> str:
    """Name a mail by its Message-ID and its body: the same mail brought twice has the same name, 64 signs.

    Without a Message-ID by its author and what it answers: two families may both write « Oui », and nothing else.
    """
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return hashlib.sha256((mail.message_id or f"{mail.sender} {copy_id}").encode() + b"\0" + body).hexdigest()


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
