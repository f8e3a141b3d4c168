"""A mailbox at somebody's mail server, spoken with by IMAP: what is new in it, one mail of it, and out of the way.

Everything here waits for the server: it is called in a thread.
"""

import imaplib
import re
import socket
import ssl
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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
_TO_US = "DELIVERED-TO X-ORIGINAL-TO ENVELOPE-TO TO CC"


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
    """A mail before it is read: its number in the mailbox, its bytes, and the headers that say to whom it came."""

    uid: int
    size: int
    to: str = field(repr=False)


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
        asked = f"(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({_TO_US})])"
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
            yield Head(int(uid[1]), int(size[1]), part[1].decode("utf-8", "replace"))
