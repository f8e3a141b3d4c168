"""Sinks: the fastest possible provider on loopback, in a process of its own, counting what arrives.

Bare asyncio protocols on uvloop: they parse just enough of HTTP and SMTP to answer as Twilio and an MTA would.
"""

import asyncio
import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized

import uvloop

ANSWER = (
    b'{"sid":"SM%032x","status":"queued","num_segments":"1","price":null,"price_unit":"USD","error_code":null,'
    b'"error_message":null,"account_sid":"AC00000000000000000000000000000000","api_version":"2010-04-01",'
    b'"date_created":"Tue, 24 Nov 2026 06:12:00 +0000","date_updated":"Tue, 24 Nov 2026 06:12:00 +0000",'
    b'"date_sent":null,"direction":"outbound-api","num_media":"0","messaging_service_sid":null,'
    b'"to":"+33639980000","from":"+33937000000","body":"","uri":"/2010-04-01/","subresource_uris":{"media":"/"}}'
)
LENGTH = len(ANSWER % 0)
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % LENGTH


class Twilio(asyncio.Protocol):
    """Answers every POST with 201 and a fresh sid."""

    def __init__(self, arrived: "Synchronized[int]") -> None:
        self._arrived, self._rest = arrived, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Count whole requests and answer each."""
        data = self._rest + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 : head.find(b"\r\n", at) if head.find(b"\r\n", at) > 0 else None]) if at >= 0 else 0
            if len(data) < end + 4 + size:
                break
            data = data[end + 4 + size :]
            self._arrived.value += 1
            self._transport.write(HEAD + ANSWER % self._arrived.value)  # type: ignore[attr-defined]  # a transport
        self._rest = data


class Mta(asyncio.Protocol):
    """Takes every mail, says 250, counts it."""

    def __init__(self, arrived: "Synchronized[int]") -> None:
        self._arrived, self._rest, self._in_data = arrived, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = transport
        self._say(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Follow the dialogue."""
        data = self._rest + data
        while data:
            if self._in_data:
                end = data.find(b"\r\n.\r\n")
                if end < 0:
                    break
                data, self._in_data = data[end + 5 :], False
                self._arrived.value += 1
                self._say(b"250 2.0.0 taken\r\n")
                continue
            line, found, rest = data.partition(b"\r\n")
            if not found:
                break
            data = rest
            self._answer(line[:4].upper())
        self._rest = data

    def _answer(self, verb: bytes) -> None:
        if verb == b"DATA":
            self._in_data = True
            self._say(b"354 go on\r\n")
        elif verb == b"EHLO":
            self._say(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb == b"QUIT":
            self._say(b"221 bye\r\n")
            self._transport.close()
        else:
            self._say(b"250 2.1.0 ok\r\n")

    def _say(self, words: bytes) -> None:
        self._transport.write(words)  # type: ignore[attr-defined]  # a transport


KINDS: dict[str, type[Twilio] | type[Mta]] = {"twilio": Twilio, "mta": Mta}


@contextmanager
def sink(kind: str) -> Iterator[tuple[int, "Synchronized[int]"]]:
    """Run a sink; gives its port and its counter."""
    context = multiprocessing.get_context("spawn")
    arrived, port = context.Value("q", 0), context.Value("i", 0)
    process = context.Process(target=_serve, args=(kind, arrived, port), daemon=True)
    process.start()
    try:
        while port.value == 0:
            process.join(0.02)
            if process.exitcode is not None:
                sys.exit("the sink did not start")
        yield port.value, arrived
    finally:
        process.terminate()
        process.join()


def _serve(kind: str, arrived: "Synchronized[int]", port: "Synchronized[int]") -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: KINDS[kind](arrived), "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    uvloop.run(main())
