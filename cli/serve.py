"""The processes of a deployment: `serve` opens the doors and runs the engine, `worker` runs the engine alone."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from cli.assembly import Assembly, assembled
from cli.desk import configured, migrated, standing
from hub.errors import SettingsError
from hub.migrating import head
from hub.settings import Settings
from web import mail_in
from web.app import WebServer, create_app, web_server
from web.house import House


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run a process's work on the fastest loop that this platform has."""
    with suppress(ImportError):  # there is none for Windows
        import uvloop

        uvloop.run(work)
        return
    asyncio.run(work)


async def serve() -> None:
    """Open the doors and run the engine until SIGTERM or SIGINT; open pages get two seconds to close."""
    asked = configured()
    _host_and_port(asked)  # refused before the engine starts
    await ready(asked)
    async with assembled(asked) as hub, doors(hub) as server:
        await server.serve()


async def work() -> None:
    """Run the engine alone until SIGTERM or SIGINT."""
    asked = configured()
    await ready(asked)
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    async with assembled(asked):
        await ended.wait()


async def ready(asked: Settings) -> None:
    """Have the registers in the shape of this version: a SQLite file is brought there, a server's must be already."""
    if await standing(asked) == head():
        return
    if not asked.database_url.startswith("sqlite"):
        raise SettingsError("The registers are not in the shape of this version: run passerelle migrate first.")
    await migrated()


@asynccontextmanager
async def doors(hub: Assembly) -> AsyncIterator[WebServer]:
    """Make the web server and open the letter slot of an assembled hub."""
    house = House(hub.settings, hub.database, hub.keyring)
    host, port = _host_and_port(hub.settings)
    async with AsyncExitStack() as stack:
        slot = await mail_in.start(house)
        if slot is not None:
            stack.push_async_callback(slot.close)
        yield web_server(create_app(house), host=host, port=port)


def _host_and_port(asked: Settings) -> tuple[str, int]:
    host, _, port = asked.listen.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise SettingsError("PASSERELLE_LISTEN is written host:port, such as 127.0.0.1:8000.")
    return host, int(port)


@asynccontextmanager
async def served(hub: Assembly) -> AsyncIterator[None]:
    """Serve beside something else in the same loop: started when this opens, stopped when it closes."""
    async with doors(hub) as server:
        task = asyncio.create_task(server.serve())
        try:
            while not server.started:
                if task.done():
                    raise SettingsError(f"Nobody can listen on {hub.settings.listen}: something else does already.")
                await asyncio.sleep(0.01)
            yield
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await task
