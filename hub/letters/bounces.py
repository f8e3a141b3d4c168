"""Reads the mail that says that ours did not arrive, and whether it ever will."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import Final

from flufl.bounce import all_failures

from hub.letters.bounce_words import (
    ADDRESS,
    CODE,
    FAILED,
    GIVEN_UP,
    GREETING,
    NOT_YET,
    ORIGINAL,
    POSTMASTER_NAMES,
    POSTMASTERS,
    RECIPIENT,
    REPORTED,
    STATUS,
    SUBJECT,
    SUBJECT_END,
    TO,
)
from hub.letters.machines import is_away
from hub.letters.parts import HOSTILE, bytes_of, header, parts_of, sender_of, text_of


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that did not arrive. `permanent`: it never will; `status` as in RFC 3463, where the server gave one.

    The class of the status decides (5: for good, 4: not yet): a mailbox that is full is 5.2.2 for some servers and
    4.2.2 for others, and each is believed.
    """

    address: str
    permanent: bool
    status: str | None = None
    diagnostic: str | None = None


_DISPLACED: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_OPENS_WITH_ADDRESS: Final = re.compile(r"^<[^<>\s@]{1,64}@[^<>\s@]{1,253}>:", re.MULTILINE)
_READ_MOST: Final = 20_000
"""Signs of a bounce's text, and bytes of each of its parts, that are looked at; the rest is our own mail come back."""


def read_bounce(mail: Message, *, is_at_bounces: bool, own: list[str]) -> Bounce | None:
    """Read a bounce as RFC 3464 writes it, else as servers write it in words; None when it is none."""
    try:
        standard, was_reported = _standard_bounce(mail)
        if standard is not None or was_reported:
            return standard
        if is_away(mail):
            return None
        if _is_from_postmaster(mail) or _tells_of_failure(mail, is_machine=is_at_bounces or _has_no_sender(mail)):
            return _old_bounce(mail, own)
    except HOSTILE:
        pass
    return None


def _standard_bounce(mail: Message) -> tuple[Bounce | None, bool]:
    """Take the first recipient that failed, else the first delayed; say too whether the report names any at all.

    Action says what happened; where it is missing, the class of Status does.
    """
    delayed, named = None, False
    for block in _report_blocks(mail):
        address = _recipient(block)
        if address is None:
            continue
        named = True
        status = STATUS.search(header(block, "Status"))
        diagnostic = header(block, "Diagnostic-Code") or None
        code = status[1] if status else None
        action = _action(header(block, "Action"), code)
        if action == "failed":
            in_words = STATUS.search(diagnostic or "") if code is None else status
            permanent = not in_words[1].startswith("4") if in_words else not re.search(r"\b4\d\d\b", diagnostic or "")
            return Bounce(address, permanent=permanent, status=code, diagnostic=diagnostic), True
        if action == "delayed":
            delayed = delayed or Bounce(address, permanent=False, status=code, diagnostic=diagnostic)
    return delayed, named


def _action(said: str, status: str | None) -> str:
    """Read what happened; where its server uses no word of the standard, its status says it."""
    word = said.partition("(")[0].strip().lower()
    if word.startswith("fail") or word in ("delayed", "delivered", "relayed", "expanded"):
        return "failed" if word.startswith("fail") else word
    return {"5": "failed", "4": "delayed"}.get(status[:1] if status else "", "failed" if word else "")


def _report_blocks(mail: Message) -> Iterator[Message]:
    """Yield the blocks of every delivery report, the one about the whole mail included: it names no recipient."""
    for part in parts_of(mail):
        if part.get_content_type() not in _DISPLACED:
            continue
        payload = part.get_payload()
        if header(part, "Content-Transfer-Encoding").lower() in ("base64", "quoted-printable"):
            yield from _blocks(_unpacked(part))
        elif isinstance(payload, list):
            yield from (block for block in payload if isinstance(block, Message))
        else:
            yield from _blocks(bytes_of(part))


def _unpacked(report: Message) -> bytes:
    """Undo the transfer encoding of a report, which no server should use and the standard parser does not expect."""
    plain = Message()
    plain["Content-Transfer-Encoding"] = header(report, "Content-Transfer-Encoding")
    plain.set_payload(report.as_string().partition("\n\n")[2])
    return bytes_of(plain)


def _blocks(data: bytes) -> Iterator[Message]:
    for block in re.split(rb"\r?\n[ \t]*\r?\n", data[:_READ_MOST].strip()):
        yield message_from_bytes(block)


def _recipient(block: Message) -> str | None:
    """Prefer the address that we wrote to over where its owner has it forwarded; undo xtext (RFC 3461 section 4)."""
    for name in ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient"):
        value = header(block, name)
        plain = re.sub(r"\+([0-9A-F]{2})(?=[^@]*@)", _sign, value) if name.startswith("Orig") else value
        found = ADDRESS.search(plain) or RECIPIENT.search(plain)
        if found:
            return found[0]
    return None


def _sign(code: re.Match[str]) -> str:
    return chr(int(code[1], 16)) if code[1] in ("2B", "3D") else code[0]


def _is_from_postmaster(mail: Message) -> bool:
    """Tell the mail system's own mail by its sender, or by the report that it says it is."""
    sender = sender_of(mail).partition("@")[0]
    if POSTMASTERS.fullmatch(sender) or mail["X-Failed-Recipients"] is not None or _is_report(mail, "delivery-status"):
        return True
    with suppress(*HOSTILE):
        if POSTMASTER_NAMES.search(parseaddr(header(mail, "From")[:500])[0]):
            return True
    return False


def _is_report(mail: Message, kind: str) -> bool:
    return mail.get_content_type() == "multipart/report" and kind in str(mail.get_param("report-type")).lower()


def _has_no_sender(mail: Message) -> bool:
    """Tell a mail that nobody may answer: a bounce, or somebody's machine that answers while he or she is away."""
    return header(mail, "Return-Path") == "<>"


def _is_headed(mail: Message) -> bool:
    subject = header(mail, "Subject")[:300]
    return bool(SUBJECT.match(subject) or SUBJECT_END.search(subject))


def _tells_of_failure(mail: Message, *, is_machine: bool) -> bool:
    """Tell a bounce that bears no mail system's name. What a person may have written must say it twice, and plainly."""
    text = _said(mail)
    if is_machine:
        return bool(_is_headed(mail) or STATUS.search(text) or FAILED.search(text))
    if not _is_headed(mail) or mail["In-Reply-To"] is not None or GREETING.match(text):
        return False
    return bool(STATUS.search(text) or (FAILED.search(text[:300]) and ADDRESS.search(text[:600])))


def _old_bounce(mail: Message, own: list[str]) -> Bounce | None:
    """Read a bounce from its words: where a header, flufl.bounce, the text or the mail sent back names whom."""
    text = _said(mail)
    if _is_report(mail, "disposition") and "automatically rejected" not in text:
        return None
    status = STATUS.search(text)
    told = _is_headed(mail) or mail["X-Failed-Recipients"] is not None or status is not None
    if not (told or any(words.search(text) for words in (CODE, GIVEN_UP, NOT_YET, FAILED, _OPENS_WITH_ADDRESS))):
        return None
    address = _address_in(header(mail, "X-Failed-Recipients"))
    for found in REPORTED.findall(_whole_text(mail)):
        address = address or _address_in(found)
    address = address or _found_by_flufl(mail, text, own) or _named_in(text, mail, own)
    if address is None:
        return None
    return Bounce(address, permanent=_is_for_good(header(mail, "Subject") + "\n" + text), status=status and status[1])


def _address_in(text: str) -> str | None:
    found = ADDRESS.search(text)
    return found[0] if found else None


def _found_by_flufl(mail: Message, text: str, own: list[str]) -> str | None:
    """Ask the library, which knows many servers; of several addresses, the text's first."""
    temporary, permanent = frozenset[bytes](), frozenset[bytes]()
    with suppress(*HOSTILE):
        temporary, permanent = all_failures(_small(mail))
    addresses = [address.decode("ascii", "replace") for address in (permanent or temporary)]
    not_ours = [one for one in addresses if not any(ours in one.lower() for ours in own)] or addresses
    return min(not_ours, key=lambda one: (one not in text, text.find(one), one), default=None)


def _is_for_good(text: str) -> bool:
    """Believe the status, then the reply code of SMTP, then the words; a server that says nothing has given up."""
    for found in (STATUS.search(text), CODE.search(text)):
        if found and found[1][0] in "45":
            return found[1][0] == "5"
    return not NOT_YET.search(text) or GIVEN_UP.search(text) is not None


def _said(mail: Message) -> str:
    """Give what the server wrote, without the mail that it sent back."""
    for part in parts_of(mail):
        if part.get_content_type() in ("text/plain", "text/html") and not part.get_filename():
            text = text_of(part)[:_READ_MOST]
            if part.get_content_type() == "text/html":
                text = re.sub(
                    r"&lt;|&gt;|<(?:style|head)\b.{0,5000}?</(?:style|head)>|<[^<>]{0,2000}>",
                    " ",
                    text,
                    flags=re.DOTALL,
                )
            if text.strip():
                return text[: original.start()] if (original := ORIGINAL.search(text, 40)) else text
    return ""


def _small(mail: Message) -> Message:
    """Give flufl.bounce the words alone: it goes through every line many times."""
    small = Message()
    small["From"] = header(mail, "From") or "<>"  # without one, the library fails, and logs that it did
    for name in ("To", "Subject", "X-Mailer", "X-Failed-Recipients"):
        if mail[name] is not None:
            small[name] = header(mail, name)
    texts = [bytes_of(part) for part in parts_of(mail) if part.get_content_maintype() in ("text", "message")]
    small.set_payload(b"\n".join(texts)[:_READ_MOST].decode("ascii", "replace"))
    return small


def _named_in(text: str, mail: Message, own: list[str]) -> str | None:
    """Find whom a server means: the first address in its words that is neither ours nor its own, else our mail's To."""
    server = sender_of(mail)
    candidates = [found[0] for found in ADDRESS.finditer(text)]
    for part in parts_of(mail):
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            candidates += [
                found[0] for line in TO.findall(_as_text(part)[:_READ_MOST])[:1] for found in ADDRESS.finditer(line)
            ]
    candidates += [found[0] for line in TO.findall(_whole_text(mail))[:1] for found in ADDRESS.finditer(line)]
    for address in candidates:
        low = address.lower()
        if low != server and not any(ours in low for ours in own) and not POSTMASTERS.fullmatch(low.partition("@")[0]):
            return address
    return None


def _as_text(part: Message) -> str:
    """Give the headers of our own mail, which the server has sent back as a mail or as text."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return f"To: {header(payload[0], 'To')}"
    return text_of(part)


def _whole_text(mail: Message) -> str:
    return next((text_of(part)[:_READ_MOST] for part in parts_of(mail) if part.get_content_type() == "text/plain"), "")
