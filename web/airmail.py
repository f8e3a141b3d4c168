"""Streams on thin paper: what goes to an open board is compressed piece by piece, for a phone at the edge of its net.

Starlette's own compression leaves streams alone, for it would keep a piece back until the next one comes.
"""

import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEVEL = 6
GZIP = zlib.MAX_WBITS + 16
"""A window of 32 kB in gzip's envelope (RFC 1952)."""


class Airmail:
    """Compresses event streams for browsers that take gzip; each piece is whole when it leaves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything pass but streams."""
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Envelope(send).post)


class _Envelope:
    """The way out of one answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._paper: zlib._Compress | None = None

    async def post(self, message: Message) -> None:
        """Compress what belongs to a stream, and let go of it at once."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/event-stream"):
                self._paper = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
                headers["Content-Encoding"] = "gzip"
                headers.add_vary_header("Accept-Encoding")
        elif self._paper is not None and message["type"] == "http.response.body":
            ends = not message.get("more_body", False)
            piece = self._paper.compress(message.get("body", b""))
            message = {**message, "body": piece + self._paper.flush(zlib.Z_FINISH if ends else zlib.Z_SYNC_FLUSH)}
        await self._send(message)
