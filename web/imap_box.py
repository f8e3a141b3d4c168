"""A mailbox at somebody's mail server, spoken with by IMAP: what is new in it, one mail of it, and out of the way.

Everything here waits for the server: it is called in a thread.
"""

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from email.utils import parseaddr
from typing import Any, Final
from urllib.parse import unquote, urlsplit

PATIENCE: Final = 20.0
"""Seconds that one answer of the server is waited for."""
HEADS: Final = 200
"""Mails whose headers are looked at in one question."""
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_PERSONAL = re.compile(rb'\(\("((?:[^"\\]|\\.)*)"')
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_TO_US = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
_ANSWERS = ("In-Reply-To", "References")
_ADDRESS = re.compile(r"[^\s<>,;:()\"\[\]@]{1,120}@[A-Za-z0-9.-]{1,253}")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_IDS_MOST = 50
_IDLE = b"passerelle"
"""What our IDLE is called on the line; imaplib, which knows no IDLE, names its commands otherwise."""
_LINE_MOST = 64 * 1024
"""Bytes that a server may say while nothing is asked."""


class ImapRefusedError(imaplib.IMAP4.error):
    """The server answered NO; its words stay out, for they may hold a name."""


AWAY = (imaplib.IMAP4.error, OSError)
"""How a mail server says that it cannot; ssl's errors and timeouts are OSErrors."""


@dataclass(frozen=True, slots=True)
class ImapPlace:
    """Where the mailbox is. `sealed`: TLS from the first byte; else STARTTLS, unless it is on this machine."""

    host: str
    port: int
    user: str
    folder: str
    sealed: bool
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """A mail before it is read: its number in the mailbox, its bytes, and what its headers say.

    `to`: to whom it came. `author`: its From. `answers`: the mails that it answers, the likeliest first, without angle
    brackets.
    """

    uid: int
    size: int
    to: tuple[str, ...] = field(repr=False)
    author: str = field(default="", repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)


def read_place(url: str) -> ImapPlace:
    """Read imaps://user:password@host/INBOX, as the settings took it; odd signs in it are %-encoded."""
    parts = urlsplit(url)
    sealed = parts.scheme == "imaps"
    return ImapPlace(
        host=parts.hostname or "",
        port=parts.port or (993 if sealed else 143),
        user=unquote(parts.username or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        sealed=sealed,
        password=unquote(parts.password or ""),
    )


class ImapBox:
    """One conversation with the server, open until something goes wrong. Raises one of AWAY, or ImapRefusedError."""

    def __init__(self, place: ImapPlace) -> None:
        self._place = place
        self._line: imaplib.IMAP4 | None = None
        self._after = 0
        self._validity = b""
        self._can: frozenset[str] = frozenset()
        self._prefix = ""
        self._made: set[str] = set()

    def open(self) -> None:
        """Sign in and open the folder; mails are counted anew when the server has numbered them anew (UIDVALIDITY)."""
        self.close()
        line = self._line = self._called()
        line.login(self._place.user, self._place.password)
        self._can = frozenset(_sure(line.capability())[0].decode("ascii", "replace").upper().split())
        _sure(line.select(f'"{self._place.folder}"'))
        validity = line.response("UIDVALIDITY")[1][0] or b""
        if validity != self._validity:
            self._validity, self._after = validity, 0
        self._prefix, self._made = self._namespace(line), set()

    def news(self, again: Collection[int] = ()) -> tuple[Head, ...]:
        """Give the heads of mails that came since the last that was `passed`, the oldest first, some at a time.

        Those of `again` too, if they are still there.
        """
        line = self._opened()
        _sure(line.noop())
        found = _sure(line.uid("SEARCH", f"UID {self._after + 1}:* UNDELETED"))  # n:* always finds the last mail
        fresh = sorted(uid for uid in map(int, (found[0] or b"").split()) if uid > self._after)[:HEADS]
        numbers = sorted({*again, *fresh})
        if not numbers:
            return ()
        asked = f"(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM {' '.join((*_TO_US, *_ANSWERS)).upper()})])"
        given = _sure(line.uid("FETCH", ",".join(map(str, numbers)), asked))
        return tuple(sorted(_heads(given), key=lambda head: head.uid))

    def passed(self, uid: int) -> None:
        """Look no more at mails up to this one."""
        self._after = max(self._after, uid)

    def read(self, uid: int) -> bytes | None:
        """Give a mail as it came, unread as it was; None when somebody took it away meanwhile."""
        given = _sure(self._opened().uid("FETCH", str(uid), "(BODY.PEEK[])"))
        return next((part[1] for part in given if isinstance(part, tuple)), None)

    def put_away(self, uid: int, folder: str, *flags: str) -> None:
        """Move a mail into one of our folders, made when it is missing, with these flags.

        Raises ImapRefusedError when the server does not want to; the mail then stays where it is.
        """
        try:
            self._move(uid, folder, flags)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise ImapRefusedError from error

    @property
    def tells(self) -> bool:
        """Whether the server says by itself that a mail came (RFC 2177)."""
        return self._line is not None and "IDLE" in self._can

    def wait(self, seconds: float) -> bool:
        """Wait until the server says that a mail came, so long at most; False when it did not.

        Read past imaplib, whose own buffer holds nothing between two commands: there a time-out would break the line.
        """
        line = self._opened()
        talk = _Talk(line.socket())
        try:
            line.send(_IDLE + b" IDLE\r\n")
            until = time.monotonic() + PATIENCE
            while not (said := talk.heard(until)).startswith(b"+"):
                _go_on(said)
            came = talk.heard_that_mail_came(time.monotonic() + seconds)
            line.send(b"DONE\r\n")
            until = time.monotonic() + PATIENCE
            while not (said := talk.heard(until)).startswith(_IDLE):
                came |= _says_that_mail_came(said)
            _go_on(said)
        finally:
            line.socket().settimeout(PATIENCE)
        return came

    def close(self) -> None:
        """Hang up, also from another thread: whoever waits for the server then waits no more."""
        line, self._line = self._line, None
        if line is not None:
            with suppress(OSError):
                line.socket().shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                line.shutdown()

    def _move(self, uid: int, folder: str, flags: Sequence[str]) -> None:
        line, name = self._opened(), f'"{self._prefix}{folder}"'
        if folder not in self._made:
            if line.create(name)[0] == "OK":  # it may be there already
                line.subscribe(name)
            self._made.add(folder)
        _sure(line.uid("STORE", str(uid), "+FLAGS.SILENT", f"({' '.join(flags)})"))
        if "MOVE" in self._can:
            _sure(line.uid("MOVE", str(uid), name))
            return
        _sure(line.uid("COPY", str(uid), name))
        _sure(line.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in self._can:
            _sure(line.uid("EXPUNGE", str(uid)))

    def _called(self) -> imaplib.IMAP4:
        place = self._place
        if place.sealed:
            return imaplib.IMAP4_SSL(place.host, place.port, ssl_context=ssl.create_default_context(), timeout=PATIENCE)
        line = imaplib.IMAP4(place.host, place.port, timeout=PATIENCE)
        if place.host not in _HERE:
            line.starttls(ssl.create_default_context())
        return line

    def _opened(self) -> imaplib.IMAP4:
        if self._line is None:
            raise ConnectionError("closed")
        return self._line

    def _namespace(self, line: imaplib.IMAP4) -> str:
        """Ask what the names of personal folders begin with (RFC 2342); some servers want INBOX before each."""
        if "NAMESPACE" not in self._can:
            return ""
        found = _PERSONAL.match((_sure(line.namespace())[0] or b"").strip())
        return found[1].decode("ascii", "replace") if found else ""


def _sure(answer: tuple[str, Any]) -> list[Any]:
    """Give what the server answered, if it did what it was asked."""
    word, data = answer
    if word != "OK":
        raise ImapRefusedError
    found: list[Any] = data
    return found


def _heads(given: Sequence[Any]) -> Iterator[Head]:
    """Read what FETCH gave: a tuple for each mail, with the headers in its second half, and what follows them."""
    for place, part in enumerate(given):
        if not isinstance(part, tuple):
            continue
        rest = given[place + 1] if place + 1 < len(given) and isinstance(given[place + 1], bytes) else b""
        said = part[0] + rest
        uid, size = _UID.search(said), _SIZE.search(said)
        if uid and size:
            yield _head(int(uid[1]), int(size[1]), HeaderParser().parsestr(part[1].decode("utf-8", "replace")))


def _head(uid: int, size: int, mail: Message) -> Head:
    to = [one for name in _TO_US for value in mail.get_all(name, []) for one in _ADDRESS.findall(str(value))]
    answered, before = (_ID.findall(" ".join(map(str, mail.get_all(name, [])))) for name in _ANSWERS)
    author = parseaddr(str(mail.get("From", "")))[1]
    return Head(uid, size, tuple(to), author, (*answered[:_IDS_MOST], *before[: -_IDS_MOST - 1 : -1]))


class _Talk:
    """What the server says while nothing is asked, line by line."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._held = line, b""

    def heard(self, until: float) -> bytes:
        """Give the next line. Raises TimeoutError when none comes until then (monotonic seconds), or one of AWAY."""
        while b"\n" not in self._held:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._line.settimeout(left)
            more = self._line.recv(4096)
            if not more or len(self._held) > _LINE_MOST:
                raise ConnectionError("the mail server hung up")
            self._held += more
        said, _, self._held = self._held.partition(b"\n")
        return said

    def heard_that_mail_came(self, until: float) -> bool:
        """Listen until a mail comes, or until then. Raises one of AWAY."""
        with suppress(TimeoutError):
            while True:
                said = self.heard(until)
                _go_on(said)
                if _says_that_mail_came(said):
                    return True
        return False


def _go_on(said: bytes) -> None:
    """Stop at a refusal, or when the server takes its leave."""
    words = said.upper().split()[:2]
    if words[:1] == [_IDLE.upper()] and words != [_IDLE.upper(), b"OK"]:
        raise ImapRefusedError
    if words == [b"*", b"BYE"]:
        raise ConnectionError("the mail server hung up")


def _says_that_mail_came(said: bytes) -> bool:
    return said.upper().split()[-1:] == [b"EXISTS"]
