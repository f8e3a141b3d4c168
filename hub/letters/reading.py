"""Opens the mail that comes back: an answer from a family, a bounce, or a machine saying that its owner is away."""

import re
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from enum import StrEnum
from typing import Final

from hub.letters.attachments import Attachment, attachments_of
from hub.letters.bounces import Bounce, read_bounce
from hub.letters.machines import is_machine
from hub.letters.parts import HOSTILE, header, headers, opened, sender_of
from hub.letters.text import written_in

__all__ = ["Attachment", "Bounce", "Mailbox", "ReadMail", "read_mail"]


class Mailbox(StrEnum):
    """Which of our mailboxes a mail was sent to: the part before the `+`."""

    BOUNCE = "rebond"
    REPLY = "reponse"
    STOP = "desabo"


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What a mail holds for us; `reply` is only what was newly written, without the quoted notice.

    `sender`, `subject` and the message ids are what the mail says of itself: nothing vouches for them. Ids stand
    without their angle brackets; `references` are the oldest first, `in_reply_to` is the mail that was answered.
    """

    token: str | None
    mailbox: Mailbox | None
    reply: str | None
    auto_reply: bool
    bounce: Bounce | None
    sender: str | None = None
    message_id: str | None = None
    subject: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


_OURS: Final = re.compile(r"(rebond|reponse|desabo)\+([a-z0-9._~-]{1,120})\"?@([a-z0-9.-]{1,253})", re.IGNORECASE)
_TO_US: Final = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To", "Cc", "X-Forwarded-To", "Bcc")
_ID: Final = re.compile(r"<([^<>\s]{1,500})>")
_IDS_MOST: Final = 50
_SUBJECT_MOST: Final = 500
_EVERYBODYS: Final = re.compile(
    r"@(?:gmail|googlemail|hotmail|outlook|live|msn|yahoo|ymail|aol|icloud|me|mac|orange|wanadoo|sfr|neuf|free|laposte"
    r"|bbox|gmx|web|mail|yandex|qq|163|126|protonmail|proton)\.[a-z.]{2,6}$"
)


def read_mail(
    raw: bytes, own_domain: str | None = None, *, recipient: str | None = None, envelope_sender: str | None = None
) -> ReadMail:
    """Read one mail; never raises, whatever was sent.

    `recipient` and `envelope_sender` are the envelope's, where the door knows them; they are believed before the
    headers, and an empty sender is a machine. `own_domain` limits which addresses are ours. Size is the door's
    business. A bounce has no `reply` and no attachments: it holds only our own mail come back.
    """
    mail = opened(raw)
    mailbox, token, domain = _our_address(mail, own_domain, recipient)
    own = [f"@{domain}"] if domain else [f"@{own_domain.lower()}"] if own_domain else _own_from_to(mail)
    bounce = read_bounce(mail, is_at_bounces=mailbox is Mailbox.BOUNCE, own=own)
    reply = None if bounce else written_in(mail, own)
    return ReadMail(
        token=token,
        mailbox=mailbox,
        reply=reply,
        auto_reply=envelope_sender in ("", "<>") or bounce is not None or is_machine(mail, reply or ""),
        bounce=bounce,
        sender=sender_of(mail) or None,
        message_id=header(mail, "Message-ID").strip("<>") or None,
        subject=header(mail, "Subject")[:_SUBJECT_MOST] or None,
        in_reply_to=next(iter(_ids(mail, "In-Reply-To")), None),
        references=_ids(mail, "References"),
        attachments=() if bounce else attachments_of(mail),
    )


def _our_address(
    mail: Message, own_domain: str | None, recipient: str | None
) -> tuple[Mailbox | None, str | None, str | None]:
    """Find the first of our addresses that the mail went to; a token keeps its case, whatever servers did to it."""
    candidates = [recipient] if recipient else []
    candidates += [value for name in _TO_US for value in headers(mail, name)]
    for candidate in candidates:
        for found in _OURS.finditer(candidate):
            mailbox, token, domain = found.groups()
            if own_domain is None or domain.lower() == own_domain.lower():
                return Mailbox(mailbox.lower()), token, domain.lower()
    return None, None, None


def _own_from_to(mail: Message) -> list[str]:
    """Take our address from To: all of a school's own domain, one address where everybody has one."""
    try:
        addresses = [address.lower() for _, address in getaddresses(headers(mail, "To")[:5]) if "@" in address]
    except HOSTILE:
        return []
    return [address if _EVERYBODYS.search(address) else address[address.rindex("@") :] for address in addresses]


def _ids(mail: Message, name: str) -> tuple[str, ...]:
    return tuple(_ID.findall(" ".join(headers(mail, name)))[-_IDS_MOST:])
