"""Opens the mail that comes back: an answer from a family, a bounce, or a machine saying that its owner is away."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parseaddr
from enum import StrEnum
from typing import Final

from flufl.bounce import all_failures

from hub.replies.new_words import new_words, words_of_html


class Mailbox(StrEnum):
    """Which of our mailboxes a mail was sent to: the part before the `+`."""

    BOUNCE = "rebond"
    REPLY = "reponse"
    STOP = "desabo"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that did not arrive. `permanent`: it never will; `status` as in RFC 3463, where the server gave one."""

    address: str
    permanent: bool
    status: str | None = None
    diagnostic: str | None = None


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What a mail holds for us; `reply` is only what was newly written, without the quoted notice.

    `sender` and `message_id` are what the mail says of itself: nothing vouches for them.
    """

    token: str | None
    mailbox: Mailbox | None
    reply: str | None
    auto_reply: bool
    bounce: Bounce | None
    sender: str | None = None
    message_id: str | None = None


_OURS: Final = re.compile(r"(rebond|reponse|desabo)\+([a-z0-9._~-]{1,120})@([a-z0-9.-]{1,253})", re.IGNORECASE)
_TO_US: Final = ("X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc")
_MACHINES: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Autoresponse", "X-Mail-Autoreply")
_PRECEDENCES: Final = frozenset({"bulk", "junk", "auto_reply", "auto-reply", "autoreply", "list"})
_POSTMASTERS: Final = frozenset({"mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon", "mailer_daemon"})
_STATUS: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_HOSTILE: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What the standard parser and flufl.bounce may raise over a mail made to break them: it then says nothing."""

_PARTS_READ: Final = 200


def read_mail(
    raw: bytes, own_domain: str | None = None, *, recipient: str | None = None, envelope_sender: str | None = None
) -> ReadMail:
    """Read one mail; never raises, whatever was sent.

    `recipient` and `envelope_sender` are the envelope's, where the door knows them; they are believed before the
    headers, and an empty sender is a machine. `own_domain` limits which addresses are ours. Size is the door's
    business.
    """
    mail = _opened(raw)
    mailbox, token, domain = _our_address(mail, own_domain, recipient)
    bounce = _bounce(mail, is_at_bounces=mailbox is Mailbox.BOUNCE)
    own = [f"@{domain}"] if domain else [f"@{own_domain.lower()}"] if own_domain else _own_from_to(mail)
    return ReadMail(
        token=token,
        mailbox=mailbox,
        reply=None if bounce else new_words(_text(mail), own),
        auto_reply=envelope_sender in ("", "<>") or _is_auto_reply(mail),
        bounce=bounce,
        sender=parseaddr(_header(mail, "From"))[1].lower() or None,
        message_id=_header(mail, "Message-ID").strip().strip("<>") or None,
    )


def _opened(raw: bytes) -> Message:
    """Parse a mail; of one with a thousand boxes in boxes, the headers alone."""
    try:
        return message_from_bytes(raw)
    except _HOSTILE:
        return BytesHeaderParser().parsebytes(raw)


def _our_address(
    mail: Message, own_domain: str | None, recipient: str | None
) -> tuple[Mailbox | None, str | None, str | None]:
    """Find the first of our addresses that the mail went to; a token keeps its case, whatever servers did to it."""
    candidates = [recipient] if recipient else []
    candidates += [value for name in _TO_US for value in _headers(mail, name)]
    for candidate in candidates:
        for found in _OURS.finditer(candidate):
            mailbox, token, domain = found.groups()
            if own_domain is None or domain.lower() == own_domain.lower():
                return Mailbox(mailbox.lower()), token, domain.lower()
    return None, None, None


def _own_from_to(mail: Message) -> list[str]:
    return [address.lower() for _, address in getaddresses(_headers(mail, "To")[:5]) if "@" in address]


def _is_auto_reply(mail: Message) -> bool:
    """Tell a machine's answer (RFC 3834) from a person's; X-Auto-Response-Suppress alone says nothing."""
    submitted = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or _header(mail, "Precedence").strip().lower() in _PRECEDENCES
        or any(_header(mail, name).strip().lower() not in ("", "no") for name in _MACHINES)
        or (mail["Return-Path"] is not None and _header(mail, "Return-Path").strip() in ("", "<>"))
        or mail.get_content_type() == "multipart/report"
    )


def _bounce(mail: Message, *, is_at_bounces: bool) -> Bounce | None:
    """Read a bounce as RFC 3464 writes it, else as servers wrote it before; None when it is none."""
    try:
        standard = _standard_bounce(mail)
        if standard is not None or not (is_at_bounces or _is_from_postmaster(mail)):
            return standard
        if _has_report(mail):
            return None
        temporary, permanent = all_failures(mail)
    except _HOSTILE:
        return None
    for addresses, is_permanent in ((permanent, True), (temporary, False)):
        for address in sorted(addresses):
            return Bounce(address.decode("ascii", "replace"), permanent=is_permanent)
    return None


def _standard_bounce(mail: Message) -> Bounce | None:
    """Take the first recipient that failed, else the first delayed; Action says what, Status whether for good."""
    delayed = None
    for block in _report_blocks(mail):
        action = _header(block, "Action").strip().lower()
        address = _recipient(block)
        if address is None or action not in ("failed", "delayed"):
            continue
        status = _STATUS.search(_header(block, "Status"))
        diagnostic = _header(block, "Diagnostic-Code").strip() or None
        code = status[1] if status else None
        if action == "failed":
            return Bounce(address, permanent=code is None or code.startswith("5"), status=code, diagnostic=diagnostic)
        delayed = delayed or Bounce(address, permanent=False, status=code, diagnostic=diagnostic)
    return delayed


def _report_blocks(mail: Message) -> Iterator[Message]:
    """Yield the blocks of every delivery report, the one about the whole mail included: it names no recipient."""
    for part in _parts(mail):
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            payload = part.get_payload()
            if isinstance(payload, list):
                yield from (block for block in payload if isinstance(block, Message))


def _has_report(mail: Message) -> bool:
    return next(_report_blocks(mail), None) is not None


def _recipient(block: Message) -> str | None:
    for name in ("Original-Recipient", "Final-Recipient"):
        address = _header(block, name).partition(";")[2].strip().strip("<>")
        if "@" in address:
            return address
    return None


def _is_from_postmaster(mail: Message) -> bool:
    sender = parseaddr(_header(mail, "From"))[1].partition("@")[0].lower()
    return sender in _POSTMASTERS or _header(mail, "Return-Path").strip() == "<>"


def _text(mail: Message) -> str:
    """Take what a person wrote: the first plain text, else the first HTML as text."""
    html = None
    for part in _parts(mail):
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or part.get_filename():
            continue
        text = _decoded(part)
        if kind == "text/plain" and text.strip():
            return text
        if kind == "text/html" and html is None:
            html = text
    return words_of_html(html) if html else ""


def _parts(mail: Message) -> list[Message]:
    """List the parts of a mail, not those of mails within it; nobody writes two hundred by hand."""
    found: list[Message] = []
    waiting = [mail]
    while waiting and len(found) < _PARTS_READ:
        part = waiting.pop(0)
        found.append(part)
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting[:0] = [inner for inner in payload if isinstance(inner, Message)]
    return found


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    for name in (charset, "utf-8"):
        try:
            return data.decode(name)
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _headers(mail: Message, name: str) -> list[str]:
    return [_readable(value) for value in mail.get_all(name, [])]


def _header(mail: Message, name: str) -> str:
    values = _headers(mail, name)
    return values[0] if values else ""


def _readable(value: object) -> str:
    """Write a header as one line, its encoded words read."""
    try:
        pieces = [
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(str(value))
        ]
    except _HOSTILE:
        pieces = [str(value)]
    return " ".join("".join(pieces).split())
