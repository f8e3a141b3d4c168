"""Opens a mail as it came: its headers, its parts, the text in each. Whatever is broken is read as far as it goes."""

import re
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.header import Header, decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from typing import Final

HOSTILE: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What the standard parser and flufl.bounce may raise over a mail made to break them: it then says nothing."""

_PARTS_READ: Final = 200
_LINES_READ: Final = 300_000
"""Lines of a mail that are read: twice what ten megabytes attached take."""
_HEADERS_MOST: Final = 64_000
_HEADER_MOST: Final = 16_000
"""Bytes of all headers, and signs of one, that are read. Mail servers take no more (Postfix: 102,400 in all)."""
_KNOWN: Final = frozenset(
    [
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "received",
        "return-path",
        "content-type",
        "mime-version",
        "delivered-to",
        "reply-to",
        "x-original-to",
        "envelope-to",
    ]
)
_WIDER: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "cp1255",
    "iso-8859-6-i": "iso-8859-6",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_2",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
}
"""The name that a mail gives its signs, and the wider set that its program really used. Source: WHATWG Encoding."""
_SEVERAL_BYTES: Final = re.compile(r"utf|gb|big5|cp9[345]|iso2022|iso-2022|euc|hz")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"(?!@)')
_COMMENT: Final = re.compile(r"\([^()]*\)")
_ANGLED: Final = re.compile(r"<([^<>]*)>")
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{2,30})", re.IGNORECASE)


def opened(raw: bytes) -> Message:
    """Parse a mail; of one with a thousand boxes in boxes, the headers alone. Never raises."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode()
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")  # old Macintoshes
    raw = _within_bounds(raw)
    try:
        mail = message_from_bytes(raw)
        if not any(name.lower() in _KNOWN for name in mail):
            mail = Message()
            mail.set_payload(raw.decode("ascii", "surrogateescape"))
        return _with_parts_found(mail)
    except HOSTILE:
        return BytesHeaderParser().parsebytes(raw)


def _within_bounds(raw: bytes) -> bytes:
    """Leave away what only a mail made to hold us up has: a million lines, or headers without end."""
    lines = raw.split(b"\n", _LINES_READ)
    raw = b"\n".join(lines[:_LINES_READ]) if len(lines) > _LINES_READ else raw
    body = re.search(rb"\r?\n\r?\n|\r\r", raw)
    end = body.start() if body else len(raw)
    if end <= _HEADERS_MOST or b":" not in raw[:80].partition(b"\n")[0]:
        return raw
    return raw[: max(raw.rfind(b"\n", 0, _HEADERS_MOST), 0)] + raw[end:]


def _with_parts_found(mail: Message) -> Message:
    """Find the parts of a mail that lost the line which says what lies between them."""
    if mail.get_content_maintype() != "multipart" or mail.is_multipart():
        return mail
    body = str(mail.get_payload())
    between = re.search(r"^--([^\s-].{0,69}?)-{0,2}\s*$", body[:20_000], re.MULTILINE)
    if between is None:
        mail.set_type("text/plain")
        return mail
    mail.set_boundary(between[1])
    return message_from_bytes(mail.as_bytes())


def parts_of(mail: Message) -> list[Message]:
    """List the parts of a mail, not those of mails within it; nobody writes two hundred by hand."""
    found: list[Message] = []
    waiting = [mail]
    while waiting and len(found) < _PARTS_READ:
        part = waiting.pop(0)
        found.append(part)
        waiting[:0] = inner_parts(part)
    return found


def inner_parts(part: Message) -> list[Message]:
    """List what a multipart holds; nothing for anything else."""
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        return []  # a text's payload is not asked for: some charsets (idna) make that raise
    return [inner for inner in part.get_payload() if isinstance(inner, Message)]


def bytes_of(part: Message) -> bytes:
    """Give what a part holds, its transfer encoding undone; a mail within the mail as it stands."""
    with suppress(*HOSTILE):
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return payload
        return b"".join(inner.as_bytes() for inner in part.get_payload() if isinstance(inner, Message))
    return b""


def text_of(part: Message) -> str:
    """Read a text part with the signs it says, else with those it seems to be in; no byte is lost."""
    data = bytes_of(part)
    said = _charset(part)
    if said is None and part.get_content_type() == "text/html":
        meta = _META_CHARSET.search(data[:5000])
        said = meta[1].decode("ascii").lower() if meta else None
    if said in (None, "utf-8", "utf8", "us-ascii") and (damaged := _damaged_utf8(data)):
        return _unwrapped(part, damaged)
    for name in _charsets(data, said):
        with suppress(LookupError, ValueError):
            text = data.decode(name)
            text.encode()  # half a sign (unicode_escape) could not be kept
            return _unwrapped(part, text)
    return _unwrapped(part, data.decode("cp1252", "replace"))


def _damaged_utf8(data: bytes) -> str:
    """Read UTF-8 in which few signs are broken, as where a mail was cut; "" for what is whole, or no UTF-8 at all."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return text if 0 < 10 * broken <= sum(not sign.isascii() for sign in text) - broken else ""


def _charset(part: Message) -> str | None:
    with suppress(*HOSTILE):
        return (part.get_content_charset() or "").strip(" \"'") or None
    return None


def _charsets(data: bytes, said: str | None) -> Iterator[str]:
    """Say in which order to try: what is valid UTF-8 beyond ASCII is hardly anything else of one byte a sign."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield "utf-16"
    name = _WIDER.get(said or "", said or "utf-8")
    if _SEVERAL_BYTES.match(name):
        yield name
        if name != "utf-8" and not data.isascii():
            yield "utf-8"
    if b"\x1b$" in data:
        yield "iso2022_jp_2"
    yield "utf-8"
    yield name
    if _SEVERAL_BYTES.match(name) is None or name == "utf-8":
        yield "cp1252"


def _unwrapped(part: Message, text: str) -> str:
    """Join the lines that format=flowed has wrapped. Source: RFC 3676 section 4."""
    if part.get_content_type() != "text/plain" or str(part.get_param("format") or "").lower() != "flowed":
        return text
    tight = str(part.get_param("delsp") or "").lower() == "yes"
    lines: list[list[str]] = []
    flows, depth_above = False, 0
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        if not (flows and depth == depth_above and words != "-- "):
            lines.append([">" * depth + (" " if depth else "")])
        flows, depth_above = words.endswith(" ") and words != "-- ", depth
        lines[-1].append(words[:-1] if flows and tight else words)
    return "\n".join("".join(pieces) for pieces in lines)


def headers(mail: Message, name: str) -> list[str]:
    """Give every header of that name, each as one readable line."""
    return [_readable(value) for value in mail.get_all(name, [])]


def header(mail: Message, name: str) -> str:
    """Give the first header of that name, "" where there is none."""
    values = headers(mail, name)
    return values[0].strip() if values else ""


def sender_of(mail: Message) -> str:
    """Give the address that a mail says it is from, in lower case; "" for none, and for several.

    The address itself, never a name that looks like one, nor one of several: our mail server has looked at another.
    Encoded words are not read before: an address stands in none (RFC 2047 section 5).
    """
    with suppress(*HOSTILE):
        found = {_address_in(str(value)[:1000]) for value in mail.get_all("From", [])[:5]}
        return found.pop().lower() if len(found) == 1 else ""
    return ""


def _address_in(line: str) -> str:
    """Find the address of a From: what stands between < and >, else all of it without comments."""
    line = _QUOTED.sub(" ", line)
    while (shorter := _COMMENT.sub(" ", line)) != line:
        line = shorter
    angled = set(_ANGLED.findall(line))
    if not angled:
        return parseaddr(line)[1] if line.count("@") < 2 else ""
    return parseaddr(f"<{angled.pop()}>")[1] if len(angled) == 1 else ""


def file_name(part: Message) -> str:
    """Give the name that a part has, "" where it has none (RFC 2231, RFC 2047)."""
    with suppress(*HOSTILE):
        return _readable(part.get_filename() or "")
    return ""


def disposition(part: Message) -> str:
    """Say whether a part is shown or attached: "inline", "attachment" or ""."""
    return header(part, "Content-Disposition").partition(";")[0].strip().lower()


def _readable(value: Header | str) -> str:
    """Write a header as one line, its encoded words read, and what was sent in no encoding at all too."""
    try:
        raw = value if isinstance(value, str) else _guessed(b"".join(bytes(piece) for piece, _ in decode_header(value)))
        pieces = [_piece(piece, charset) for piece, charset in decode_header(raw[:_HEADER_MOST])]
    except HOSTILE:
        pieces = [str(value)[:_HEADER_MOST]]
    line = " ".join("".join(pieces).replace("\x00", "").split())
    return line.encode("utf-8", "replace").decode()


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    if charset is None:
        return piece.decode("raw_unicode_escape", "replace")
    return piece.decode(_WIDER.get(charset, charset), "replace")


def _guessed(data: bytes) -> str:
    with suppress(ValueError):
        return data.decode("utf-8")
    return data.decode("cp1252", "replace")
