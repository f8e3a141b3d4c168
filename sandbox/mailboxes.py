"""The post office in the box: takes mails by SMTP, keeps a mailbox for each address, bounces and answers."""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP as MAIL
from email.utils import parseaddr
from types import MappingProxyType
from typing import cast
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hub.ports import ChannelName
from sandbox.behaviour import Behaviour, Behaviours
from sandbox.config import SandboxConfig
from sandbox.courier import Courier
from sandbox.letters import POST_OFFICE, answer, bounce
from sandbox.record import Act, Arrived, Headers, Post, Record, Said, Status, now

REPLIES = {
    450: "450 4.2.0 Mailbox busy, try again later",
    451: "451 4.3.0 Local error, try again later",
    452: "452 4.2.2 Mailbox full for now",
    550: "550 5.1.1 No such mailbox",
    552: "552 5.2.2 Mailbox full",
    554: "554 5.7.1 Refused",
}
"""What a post office says. Source: RFC 5321, 4.2.3; RFC 3463."""

UNSUBSCRIBE = re.compile(r"<\s*(https?://[^>\s]+)\s*>")


class Mailboxes:
    """All simulated mailboxes, and the SMTP listener before them."""

    def __init__(
        self,
        config: SandboxConfig,
        record: Record,
        behaviours: Behaviours,
        courier: Courier,
        on_arrival: Callable[[Arrived], None],
    ) -> None:
        self._config = config
        self._record = record
        self._behaviours = behaviours
        self._courier = courier
        self._on_arrival = on_arrival
        self._lines: WeakSet[SMTP] = WeakSet()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen."""
        # aiosmtpd logs every address that it hears at INFO.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._server = await asyncio.get_running_loop().create_server(
            self._line, self._config.host, self._config.smtp_port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up and stop listening."""
        if self._server is None:
            return
        self._server.close()
        for line in tuple(self._lines):
            if line.transport is not None:
                line.transport.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # one turn for the lines to notice

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        """Accept or refuse one recipient."""
        code = self._behaviours.of(address).rcpt
        if code is None:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 Ok"
        self._behaviours.take(address)
        self._note(address, envelope, "", code, None)
        return REPLIES.get(code, f"{code} {code // 100}.0.0 Refused")

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        """Take one mail for all its recipients; the first one's behaviour decides what is answered."""
        mail = message_from_bytes(cast("bytes", envelope.content), policy=MAIL)
        met = [(address, self._behaviours.take(address)) for address in envelope.rcpt_tos]
        queue_id = f"Q{secrets.token_hex(8)}"
        for place, (address, behaviour) in enumerate(met):
            taken = behaviour.answer is None or behaviour.takes_first
            message = read(mail, address, envelope.mail_from or "", f"{queue_id}.{place}", _fate(behaviour))
            code = 0 if behaviour.hang_up else behaviour.answer or 250
            self._note(address, envelope, message.text, code, message.provider_id if taken else None)
            if taken:
                self._deliver(message, behaviour)
        first = met[0][1]
        if first.latency:
            await self._courier.linger(first.latency)
        if first.hang_up and server.transport is not None:
            cast("asyncio.Transport", server.transport).abort()
        if first.answer is not None:
            return REPLIES.get(first.answer, REPLIES[451])
        return f"250 2.0.0 Ok: queued as {queue_id}"

    async def answer(self, message: Arrived, words: str) -> Said:
        """Write back to Reply-To, through the hub's mail listener."""
        to = parseaddr(message.headers.reply_to or message.from_)[1]
        taken = await self._courier.mail(message.address, to, answer(message, words))
        return self._did(message, Act.REPLY, words, taken=taken)

    async def unsubscribe(self, message: Arrived) -> Said:
        """Press the mail program's own button. Source: RFC 8058, 3.1 (one POST, no cookie, no redirect)."""
        taken = False
        if message.headers.one_click and message.headers.unsubscribe:
            page = await self._courier.ask(message.headers.unsubscribe, {"List-Unsubscribe": "One-Click"})
            taken = 200 <= page.status < 300
        return self._did(message, Act.UNSUBSCRIBE, "", taken=taken)

    def _deliver(self, message: Arrived, behaviour: Behaviour) -> None:
        self._record.add(message)
        if message.status is Status.DELIVERED:
            self._on_arrival(message)
        if behaviour.bounce is not None and message.headers.return_path:
            self._courier.soon(self._bounce(message, behaviour.bounce, behaviour.receipt_delay))

    async def _bounce(self, message: Arrived, status: str, wait: float) -> None:
        if wait:
            await asyncio.sleep(wait)
        await self._courier.mail("<>", message.headers.return_path, bounce(message, status))

    def _did(self, message: Arrived, act: Act, words: str, *, taken: bool) -> Said:
        said = Said(message.address, act, words, taken, now(), message.provider_id)
        self._record.note(said)
        return said

    def _note(self, address: str, envelope: Envelope, text: str, code: int, provider_id: str | None) -> None:
        sender = envelope.mail_from or ""
        refused = code if code >= 400 else None
        self._record.note(Post(ChannelName.EMAIL, address, sender, text, code, refused, provider_id, now()))

    def _line(self) -> SMTP:
        line = SMTP(
            self,
            enable_SMTPUTF8=True,
            hostname=POST_OFFICE,
            ident="Passerelle sandbox",
            authenticator=self._admit,
            auth_require_tls=False,
        )
        self._lines.add(line)
        return line

    def _admit(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        wanted = self._config.smtp_login
        if wanted is None:
            return AuthResult(success=True)
        name, secret = (part.encode() for part in wanted)
        return AuthResult(success=given == LoginPassword(name, secret), handled=False)


def read(mail: EmailMessage, address: str, sender: str, queue_id: str, status: Status) -> Arrived:
    """One mail as its reader sees it."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    unsubscribe = UNSUBSCRIBE.search(str(mail.get("List-Unsubscribe", "")))
    headers = Headers(
        message_id=str(mail.get("Message-ID", "")).strip(),
        reply_to=str(mail.get("Reply-To", "")),
        return_path="" if sender == "<>" else sender,
        unsubscribe=unsubscribe.group(1) if unsubscribe else "",
        one_click="one-click" in str(mail.get("List-Unsubscribe-Post", "")).lower(),
        every=MappingProxyType({name.lower(): str(value) for name, value in mail.items()}),
    )
    return Arrived(
        address=address,
        channel=ChannelName.EMAIL,
        provider_id=queue_id,
        from_=parseaddr(str(mail.get("From", "")))[1],
        text="" if plain is None else _words(plain),
        html=None if html is None else _words(html),
        subject=str(mail.get("Subject", "")),
        language=mail.get("Content-Language") or (plain or mail).get("Content-Language"),
        headers=headers,
        at=now(),
        status=status,
    )


def _words(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


def _fate(behaviour: Behaviour) -> Status:
    if behaviour.bounce is not None:
        return Status.BOUNCED
    return Status.SENT if behaviour.off else Status.DELIVERED
