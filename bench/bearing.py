"""What a sink bears: the same messages from bare protocols, no client library, nothing kept.

A run is only worth something while the sink is not what limits it.
"""

import asyncio
import time
from functools import partial
from pathlib import Path

BODY = (
    b"To=%2B33639980000&From=%2B33937000000&Body=Mesure+%3A+L%27ecole+est+fermee+demain+a+cause+de+la+neige."
    b"+https%3A%2F%2Fhub.test%2Fl%2Fabcdefghijkl&StatusCallback=https%3A%2F%2Fhub.test%2Fwebhooks%2Ftwilio%2F1"
)
POST = (
    b"POST /2010-04-01/Accounts/AC/Messages.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
ENVELOPE = b"MAIL FROM:<a@mesure.test>\r\nRCPT TO:<adulte1@familles.test>\r\nDATA\r\n"
LETTER = b"Subject: Neige\r\n\r\n" + b"L'ecole est fermee demain a cause de la neige.\r\n" * 40 + b".\r\n"


class Bare(asyncio.Protocol):
    """Sends, waits for the answer, sends again, until the common count is used up."""

    def __init__(self, left: list[int], done: "asyncio.Future[None]") -> None:
        self._left, self._done, self._heard = left, done, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self.begin()

    def begin(self) -> None:
        """Say the first word."""
        self.next()

    def next(self) -> None:
        """Send one more, or end."""
        if self._left[0] == 0:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._left[0] -= 1
        self.send()

    def send(self) -> None:
        """Send one."""
        self.say(POST)

    def say(self, words: bytes) -> None:
        """Write."""
        self._transport.write(words)  # type: ignore[attr-defined]  # a transport

    def data_received(self, data: bytes) -> None:
        """An HTTP answer ends with its body, which ends with }."""
        self._heard += data
        if self._heard.endswith(b"}"):
            self._heard = b""
            self.next()


class BareSmtp(Bare):
    """The same for SMTP: the envelope in one breath (RFC 2920), then the letter."""

    def begin(self) -> None:
        """Wait for the greeting."""

    def send(self) -> None:
        """Send the envelope."""
        self.say(ENVELOPE)

    def data_received(self, data: bytes) -> None:
        """Follow the dialogue by its last answer."""
        self._heard += data
        last = self._heard.rsplit(b"\r\n", 2)[-2] if self._heard.endswith(b"\r\n") else b""
        if last.startswith(b"354"):
            self._heard = b""
            self.say(LETTER)
        elif last.startswith((b"220", b"250 2.0.0")):
            self._heard = b""
            self.next()


async def _bears(kind: type[Bare], port: int, number: int, side_by_side: int) -> tuple[float, int]:
    loop = asyncio.get_running_loop()
    left = [number]
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(side_by_side)]
    begun = time.perf_counter()
    for end in ends:
        await loop.create_connection(partial(kind, left, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return time.perf_counter() - begun, number


async def sink_twilio(port: int, number: int, _: Path) -> tuple[float, int]:
    """Post as fast as the sink answers."""
    return await _bears(Bare, port, number, 64)


async def sink_mta(port: int, number: int, _: Path) -> tuple[float, int]:
    """Mail as fast as the sink answers."""
    return await _bears(BareSmtp, port, number, 8)
