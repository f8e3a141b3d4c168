"""The processes of a deployment: `serve` opens the doors and runs the engine, `worker` runs the engine alone."""

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import structlog

from bot.door import TelegramDoor
from cli.assembly import Assembly, assembled, ended
from cli.desk import configured, migrated, standing
from hub.database import Database, Turn
from hub.errors import SettingsError
from hub.migrating import head
from hub.models.school import ProgramRole
from hub.people.safe import prove_keys
from hub.settings import Settings
from scheduler.alone import alone
from web import mail_in
from web.app import WebServer, create_app, web_server
from web.house import House
from web.mail_poll import MailPoll
from web.twilio_poll import TwilioPoll

log = structlog.get_logger(__name__)


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run a process's work on the fastest loop that this platform has."""
    with suppress(ImportError):  # there is none for Windows
        import uvloop

        uvloop.run(work)
        return
    asyncio.run(work)


def steady() -> None:
    """Let the garbage collector pass over what the process is made of from now on.

    Looking through all of it, again and again, held everything up for a quarter of a second each time.
    """
    gc.collect()
    gc.freeze()


async def serve() -> None:
    """Open the doors until SIGTERM or SIGINT; open pages get two seconds to close.

    Without Redis everything else runs in the same process; with it, workers and a clock of their own do the rest.
    """
    asked = configured()
    role = ProgramRole.ALL if asked.redis_url is None else ProgramRole.SERVE
    with listening(asked) as threshold:  # refused before the engine starts
        await ready(asked)
        async with assembled(asked, role) as hub, doors(hub) as server:
            steady()
            log.info("started", role=role.value)
            await server.serve(sockets=[threshold])


async def work(role: ProgramRole) -> None:
    """Run without pages until SIGTERM or SIGINT: the engine, the clock, or the slot for mails alone."""
    asked = configured()
    await ready(asked)
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with assembled(asked, role) as hub, AsyncExitStack() as stack:
        if role is ProgramRole.MAIL:
            slot = await mail_in.start(House(hub.settings, hub.database, hub.keyring))
            if slot is None:
                raise SettingsError("Dites d'abord où écouter : PASSERELLE_MAIL_LISTEN, hôte:port.")
            stack.push_async_callback(slot.close)
        steady()
        log.info("started", role=role.value)
        await stopped.wait()


async def ready(asked: Settings) -> None:
    """Have the registers in the shape of this version, and under these master keys.

    A SQLite file is brought to that shape, a server's must be in it already. Raises SettingsError.
    """
    if await standing(asked) != head():
        if not asked.database_url.startswith("sqlite"):
            raise SettingsError("Les registres ne sont pas à cette version : lancez d'abord passerelle migrate.")
        await migrated()
    database = Database(asked.database_url)
    try:
        await prove_keys(database, asked)
    finally:
        await database.close()


def listening(asked: Settings) -> socket.socket:
    """Open the threshold: the socket that pages and webhooks are asked at. Raises SettingsError."""
    host, _, port = asked.listen.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise SettingsError("PASSERELLE_LISTEN s'écrit hôte:port, comme 127.0.0.1:8000.")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        taken = "un autre programme y écoute déjà" if error.errno == errno.EADDRINUSE else "cette machine le refuse"
        raise SettingsError(f"Personne ne peut écouter sur {asked.listen} (PASSERELLE_LISTEN) : {taken}.") from error


@asynccontextmanager
async def doors(hub: Assembly) -> AsyncIterator[WebServer]:
    """Make the web server of an assembled hub, open its letter slot, and listen to its bots."""
    house = House(hub.settings, hub.database, hub.keyring)
    async with AsyncExitStack() as stack:
        slot = await mail_in.start(house)
        if slot is not None:
            stack.push_async_callback(slot.close)
        app = create_app(house)
        telegram = TelegramDoor(hub.settings, hub.database, hub.keyring)
        stack.push_async_callback(telegram.close)
        if hub.settings.telegram_webhook:
            app.mount("/telegram", telegram.app)
            listening_to_bots = telegram.watch()
        else:
            listening_to_bots = alone(house.database, Turn.TELEGRAM, telegram.watch)
        stack.push_async_callback(ended, [asyncio.create_task(listening_to_bots)])
        for turn, errand in errands(house).items():
            stack.push_async_callback(errand.close)
            stack.push_async_callback(ended, [asyncio.create_task(alone(house.database, turn, errand.watch))])
        yield web_server(app)


def errands(house: House) -> dict[Turn, TwilioPoll | MailPoll]:
    """Say what must be fetched here because nobody can bring it: from Twilio's list, and from a mailbox."""
    settings = house.settings
    fetched: dict[Turn, TwilioPoll | MailPoll] = {}
    if settings.public_url is None:
        fetched[Turn.TEXTS] = TwilioPoll(house)
    if settings.imap_url is not None:
        fetched[Turn.MAILBOX] = MailPoll(house, settings.imap_url.get_secret_value())
    return fetched


@asynccontextmanager
async def served(hub: Assembly) -> AsyncIterator[None]:
    """Serve beside something else in the same loop: started when this opens, stopped when it closes."""
    with listening(hub.settings) as threshold:
        async with doors(hub) as server:
            task = asyncio.create_task(server.serve(sockets=[threshold]))
            try:
                while not server.started:
                    if task.done():
                        raise SettingsError("Les pages n'ont pas pu s'ouvrir.")
                    await asyncio.sleep(0.01)
                yield
            finally:
                server.should_exit = True
                with suppress(asyncio.CancelledError):
                    await task
