"""A letter by mail, written once for all families who read the same words: what differs is filled in as bytes."""

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from hub.errors import RejectedError
from hub.ports import LINK_CODE, Body, Outgoing

LINE_MAX: Final = 76
"""Longest line of a quoted-printable text or an encoded word (RFC 2045 section 6.7, RFC 2047 section 2)."""

BOUNDARY: Final = b"=_words_of_the_school"
"""Parts two spellings of one text; `=_` cannot stand in quoted-printable, so it never occurs within one."""

_WORD_BYTES: Final = 39
"""Bytes of UTF-8 in one encoded word: 52 characters of base64 and 12 around them, with room for `Subject: `."""

_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")
"""What a Message-ID of somebody else's may hold before it stands in a header of ours (RFC 5322 section 3.6.4)."""

_PLAIN: Final = re.compile(r"[ -~]*")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every mail of one sender shares. `key` is the sender's opaque name; `domain` takes replies and bounces."""

    mailbox: str
    name: str
    key: str
    domain: str
    public_url: str | None


def fill_in(message: Outgoing, head: Letterhead, *, date: str) -> bytes:
    """Write one family's mail, ready for SMTP: CRLF, 7 bit, no line over 998.

    `date` as in RFC 5322. The one-click unsubscription needs a public address (RFC 8058); without one, only
    the mail address stands. Raises RejectedError when a header value would break its line.
    An answer names the mail that it answers and those before it, so that mailboxes show them as one conversation.
    """
    token, domain = message.token, head.domain
    ways_out = f"<mailto:desabo+{token}@{domain}>"
    if head.public_url is not None:
        ways_out = f"<{head.public_url}/u/{token}>,\r\n {ways_out}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"
    answer_to = f"Reply-To: reponse+{message.reply_token}@{domain}\r\n" if message.reply_token else ""
    own = (
        f"To: {message.to}\r\nDate: {date}\r\nMessage-ID: <{message_id(message, domain)}>\r\n"
        f"{_thread(message)}{answer_to}List-Unsubscribe: {ways_out}\r\n"
    )
    return own.encode("ascii") + message.link_code.encode("ascii").join(_shared(message.body, head))


def _thread(message: Outgoing) -> str:
    """Name the mail that this one answers, and those before it, a line each."""
    before = message.before or ((message.answers,) if message.answers else ())
    if not before:
        return ""
    named = [f"<{one.strip('<>')}>" for one in (message.answers or before[-1], *before)]
    if not all(map(_MESSAGE_ID.fullmatch, named)):
        raise RejectedError("A header holds what is no Message-ID", code="refused.control-in-header")
    references = "\r\n ".join(named[1:])
    return f"In-Reply-To: {named[0]}\r\nReferences: {references}\r\n"


def message_id(message: Outgoing, domain: str) -> str:
    """Name the mail, without angle brackets: the copy's own id, so that a mail sent twice shows once."""
    return message.message_id.strip("<>") or f"{message.token}@{domain}"


def now_as_date(seconds: float) -> str:
    """Say the time in UTC as RFC 5322 has it; `seconds` since 1970."""
    return _date(int(seconds))


@lru_cache(maxsize=4)
def _date(seconds: int) -> str:
    return formatdate(seconds)


@lru_cache(maxsize=256)
def _shared(body: Body, head: Letterhead) -> tuple[bytes, ...]:
    """Write what all copies of these words share, cut where each copy's link code goes."""
    top = (
        _header("From", f"{_phrase(head.name, 6)}\r\n <{head.mailbox}>" if head.name else head.mailbox)
        + _header("Subject", _words(body.subject or head.name or head.mailbox, 9))
        + _header("List-Id", f"<{head.key}.familles.{head.domain}>")
        + _header("Content-Language", body.language)
        + b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n"
    )
    if body.html is None:
        pieces = _part("plain", body.text)
    else:
        pieces = _glued(
            b'Content-Type: multipart/alternative; boundary="' + BOUNDARY + b'"\r\n\r\n--' + BOUNDARY + b"\r\n",
            _part("plain", body.text),
            b"--" + BOUNDARY + b"\r\n",
            _part("html", body.html),
            b"--" + BOUNDARY + b"--\r\n",
        )
    return tuple(_glued(top, pieces))


def _part(subtype: str, text: str) -> list[bytes]:
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return _glued(head.encode(), quoted(text), b"\r\n")


def _glued(*sides: bytes | list[bytes]) -> list[bytes]:
    """Join texts that are cut at the link code: the last piece of one and the first of the next become one."""
    joined = [b""]
    for side in sides:
        first, *others = [side] if isinstance(side, bytes) else side
        joined[-1] += first
        joined += others
    return joined


def quoted(text: str) -> list[bytes]:
    """Write a text as quoted-printable (RFC 2045 section 6.7), cut where the link code goes.

    The code gets a line of its own between two soft breaks, so that no wrapping can split it.
    """
    pieces = [
        b2a_qp(piece.encode(), istext=True).replace(b"\n", b"\r\n")
        for piece in text.replace("\r\n", "\n").split(LINK_CODE)
    ]
    return [
        (b"=\r\n" if place else b"") + (_room_for_a_break(piece) if place < len(pieces) - 1 else piece)
        for place, piece in enumerate(pieces)
    ]


def _room_for_a_break(piece: bytes) -> bytes:
    """End the piece in a soft break; a full last line gives its end to the next one."""
    start = piece.rfind(b"\n") + 1
    if len(piece) - start < LINE_MAX:
        return piece + b"=\r\n"
    cut = start + LINE_MAX - 6
    for back in (1, 2):
        if piece[cut - back : cut - back + 1] == b"=":
            cut -= back
            break
    return piece[:cut] + b"=\r\n" + piece[cut:] + b"=\r\n"


def _header(name: str, value: str) -> bytes:
    """Write one header; a stray line break would let a stranger add headers of his own."""
    if "\r" in value.replace("\r\n ", "") or "\n" in value.replace("\r\n ", ""):
        raise RejectedError("A header holds a line break", code="refused.control-in-header")
    return f"{name}: {value}\r\n".encode("ascii")


def _phrase(name: str, used: int) -> str:
    """Write a display name: as it is, in quotes, or as encoded words (RFC 5322 section 3.2.5, RFC 2047)."""
    if _ATOMS.fullmatch(name) and "=?" not in name and used + len(name) <= LINE_MAX:
        return name
    if _PLAIN.fullmatch(name) and "=?" not in name and used + len(name) <= LINE_MAX:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _encoded(name)


def _words(text: str, used: int) -> str:
    """Write free text in a header: as it is when short and plain, else as encoded words (RFC 2047)."""
    if _PLAIN.fullmatch(text) and "=?" not in text and text == text.strip() and used + len(text) <= LINE_MAX:
        return text
    return _encoded(text)


def _encoded(text: str) -> str:
    """Write encoded words, each on a line of its own, none ending within a character."""
    return "\r\n ".join(f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in _chunks(text))


def _chunks(text: str) -> Iterator[bytes]:
    chunk = b""
    for letter in text:
        added = letter.encode()
        if len(chunk) + len(added) > _WORD_BYTES:
            yield chunk
            chunk = b""
        chunk += added
    yield chunk
