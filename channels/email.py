"""Mail by SMTP: hands a letter to the school's mail server and says what the server answered."""

import asyncio
import re
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Final

import aiosmtplib

from channels.mime import Letterhead, fill_in, message_id, now_as_date
from channels.refusals import ADDRESS_SHAPES, refuse
from channels.seal import sealed
from channels.smtp_lines import SmtpLines
from hub.errors import (
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.ports import Account, ChannelName, Limits, Outgoing, Proof, Sent
from hub.settings import Settings

EMAIL_LIMITS: Final = Limits(text_max=100_000, per_second=None, connections=8)
"""Eight kept lines fill one core; a mail longer than this belongs on a page."""

OURS: Final = frozenset({530, 534, 535, 538})
"""SMTP answers about our own login (RFC 4954 section 6)."""

REFUSED_RECIPIENTS: Final[tuple[tuple[re.Pattern[str], type[ChannelError]], ...]] = (
    (re.compile(r"5\.1\.[78]\b"), MisconfiguredError),  # it is the sender's address that is bad
    (re.compile(r"5\.1\.\d+\b"), DeadAddressError),
    (re.compile(r"5\.2\.1\b"), DeadAddressError),  # mailbox closed
    (re.compile(r"5\.\d+\.\d+\b"), RejectedError),  # full (5.2.2), too big, policy (5.7.x)
    (
        re.compile(r".*\b(unknown|no such|not exist|not found|invalid|inconnu\w*|inexistant\w*)\b", re.I),
        DeadAddressError,
    ),
    (re.compile(r""), RejectedError),
)
"""What a 5xx to RCPT means, the first that fits: enhanced codes (RFC 3463), then words of servers without them.

Without either it is no more than a refusal: a good address called dead is worse than the reverse.
"""


@dataclass(slots=True)
class _Handover:
    """How far one mail has got: once its text has begun to leave, a lost answer leaves us in doubt."""

    text_began: bool = False

    def lost(self, sentence: str) -> ChannelError:
        """Say what a missing answer means at this point."""
        return UnknownOutcomeError(sentence) if self.text_began else TemporaryError(sentence)


class SmtpEmail:
    """The mail channel, over a few kept connections to one server.

    `tls` is for servers whose certificate a private authority signs. A password never travels without TLS but to
    this machine itself.
    """

    name = ChannelName.EMAIL
    proof = Proof.ACCEPTED

    def __init__(self, settings: Settings, *, tls: ssl.SSLContext | None = None, limits: Limits = EMAIL_LIMITS) -> None:
        self.limits = limits
        self._settings = settings
        self._tls = tls
        self._lines: dict[tuple[str, str], SmtpLines] = {}
        self._sealers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="seal")

    async def send(self, message: Outgoing) -> Sent:
        """Hand over one mail; its Message-ID is what the server knows it by."""
        refuse(message, self.name, self.limits)
        if not message.to.isascii():
            message = message._replace(to=_deliverable(message.to))
        handover = _Handover()
        try:
            async with asyncio.timeout(self._settings.send_deadline):
                raw = await self._write(message)
                await self._hand_over(message, raw, handover)
        except TimeoutError as error:
            raise handover.lost("The mail server does not answer") from error
        return Sent(message_id(message, self._settings.mail_domain))

    async def _hand_over(self, message: Outgoing, raw: bytes, handover: _Handover) -> None:
        try:
            async with self._lines_of(message.account).line() as smtp:
                await _envelope(smtp, f"rebond+{message.token}@{self._settings.mail_domain}", message.to)
                handover.text_began = True
                await smtp.data(raw, timeout=None)
        except ssl.SSLCertVerificationError as error:
            raise MisconfiguredError("The mail server's certificate is not valid") from error
        except aiosmtplib.SMTPResponseException as error:
            raise _ours(error, handover) from error
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise MisconfiguredError("The mail server does not offer what the settings ask for") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise handover.lost("The mail server does not answer") from error

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:  # noqa: ARG002 (the port)
        """Answer None: no server can be asked, and the same Message-ID twice shows once in most mailboxes."""
        return None

    async def close(self) -> None:
        """Let go of connections and threads."""
        for lines in self._lines.values():
            await lines.close()
        self._lines.clear()
        self._sealers.shutdown(wait=False)

    async def _write(self, message: Outgoing) -> bytes:
        head = _letterhead(message.account, self._settings.mail_domain, self._settings.public_url)
        raw = fill_in(message, head, date=now_as_date(time.time()))
        if not message.account.dkim_key:
            return raw
        domain = head.mailbox.rpartition("@")[2]
        work = partial(sealed, raw, message.account.dkim_key, domain)
        return await asyncio.get_running_loop().run_in_executor(self._sealers, work)

    def _lines_of(self, account: Account) -> SmtpLines:
        key = (account.login, account.secret)
        lines = self._lines.get(key)
        if lines is None:
            lines = SmtpLines(partial(self._connect, *key), count=self.limits.connections)
            self._lines[key] = lines
        return lines

    async def _connect(self, login: str, secret: str) -> aiosmtplib.SMTP:
        settings = self._settings
        if login and not settings.smtp_tls and settings.smtp_host not in ("localhost", "127.0.0.1", "::1"):
            raise MisconfiguredError("The mail server asks for a password and no TLS is set")
        smtp = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            local_hostname=settings.mail_domain,
            start_tls=settings.smtp_tls,
            tls_context=self._tls if settings.smtp_tls else None,
            username=login or None,
            password=secret or None,
            timeout=settings.send_deadline,
        )
        await smtp.connect()
        if smtp.is_ehlo_or_helo_needed:
            try:
                await smtp.ehlo()
            except aiosmtplib.SMTPHeloError:
                await smtp.helo()
        return smtp


async def _envelope(smtp: aiosmtplib.SMTP, sender: str, recipient: str) -> None:
    """Say whom the mail is from and for; `refuse` has seen the address, which aiosmtplib would parse anew each time."""
    answer = await smtp.execute_command(b"MAIL", f"FROM:<{sender}>".encode("ascii"), timeout=None)
    if answer.code != aiosmtplib.SMTPStatus.completed:
        raise aiosmtplib.SMTPSenderRefused(answer.code, answer.message, sender)
    answer = await smtp.execute_command(b"RCPT", f"TO:<{recipient}>".encode("ascii"), timeout=None)
    if answer.code not in (aiosmtplib.SMTPStatus.completed, aiosmtplib.SMTPStatus.will_forward):
        raise aiosmtplib.SMTPRecipientRefused(answer.code, answer.message, recipient)


@lru_cache(maxsize=256)
def _letterhead(account: Account, domain: str, public_url: str | None) -> Letterhead:
    return Letterhead(_deliverable(account.address), account.name, account.key, domain, public_url)


def _deliverable(address: str) -> str:
    """Write the address in ASCII: a domain has a form for that (IDNA), the part before the @ has none."""
    local, _, domain = address.rpartition("@")
    try:
        written = f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise RejectedError("The mail server takes no such address", code="refused.not-ascii") from error
    if not ADDRESS_SHAPES[ChannelName.EMAIL].fullmatch(
        written
    ):  # IDNA writes a wide \uff1e as >, a wide \uff0c as a comma
        raise RejectedError("The mail server takes no such address", code="refused.foreign-address")
    return written


def _ours(error: aiosmtplib.SMTPResponseException, handover: _Handover) -> ChannelError:
    """Map an answer of the server: 4xx is later, 5xx is by what it answered to."""
    code = str(error.code)
    if error.code in OURS:
        return MisconfiguredError("The mail server refuses our login", code=code)
    if error.code < 400:
        return handover.lost("The mail server's answer cannot be read")
    if error.code < 500:
        return TemporaryError("The mail server asks to wait", code=code)
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        kind = next(kind for shape, kind in REFUSED_RECIPIENTS if shape.match(error.message))
        return kind("The mail server refuses this address", code=code)
    if isinstance(error, aiosmtplib.SMTPDataError):
        return RejectedError("The mail server refuses this mail", code=code)
    return MisconfiguredError("The mail server refuses our sender or greeting", code=code)
