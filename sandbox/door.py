"""The box's HTTP door: served in the loop of who opened the box, and able to hang up on a caller."""

import asyncio
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

GRACE = 1.0
"""Seconds that a call under way is given when the box closes."""
KEPT_OPEN = 75
"""Seconds that an idle line stays open: longer than our clients keep theirs, as at the providers (nginx's default), or
a busy machine posts into a line that is just being closed."""


class Door:
    """uvicorn's protocol without its server: no signals taken from the process around it, no clock to wait for."""

    def __init__(self, app: FastAPI) -> None:
        self._settings = uvicorn.Config(
            app,
            http=H11Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEPT_OPEN,
        )
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes any."""
        self._settings.load()
        self._server = await asyncio.get_running_loop().create_server(self._line, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, let calls under way end, and hang up."""
        if self._server is None:
            return
        self._server.close()
        for line in list(self._state.connections):
            line.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=GRACE)
        await self._server.wait_closed()
        await asyncio.sleep(0)  # one turn for the lines to notice

    def _line(self) -> H11Protocol:
        return _Line(self._settings, self._state, {})


class _Line(H11Protocol):
    """One open connection; a route may cut it by `request.state.hang_up()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn itself
        self.app_state: dict[str, Any] = {**self.app_state, "hang_up": transport.abort}
        super().connection_made(transport)
