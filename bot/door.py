"""Telegram's door: one listener for each working bot of the schools, found anew each minute.

aiogram is loaded when the first bot is found, in a thread; an installation without one never pays for it.
"""

import asyncio
import hmac
from importlib import import_module
from typing import TYPE_CHECKING

import orjson
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.database import Database, is_away
from hub.errors import MisconfiguredError
from hub.people.chat_lines import ChatLine, chat_lines, webhook_word
from hub.sealing import Keyring
from hub.settings import Settings

if TYPE_CHECKING:
    from aiogram import Dispatcher

    from bot.listening import Listener
    from channels.telegram import Line

log = structlog.get_logger(__name__)

LOOK_AGAIN = 60.0
"""Seconds until new and stopped bots are looked for."""
CONNECTIONS = 100
"""Kept open to Telegram at once: each bot that asks for its updates keeps one."""


class TelegramDoor:
    """Opens with `watch`, which runs until it is cancelled; `close` lets go of what it held."""

    def __init__(self, settings: Settings, database: Database, keyring: Keyring) -> None:
        self._settings, self._database, self._keyring = settings, database, keyring
        self._listeners: dict[str, tuple[Listener, asyncio.Task[None]]] = {}
        self._wire: Line | None = None
        self._table: Dispatcher | None = None
        self.app = Starlette(routes=[Route("/{key}", self._posted, methods=["POST"])])

    async def watch(self) -> None:
        """Listen to all working bots, those that come later too; whoever is told to stop listens to none."""
        try:
            while True:
                try:
                    await self.look()
                except Exception as error:  # noqa: BLE001 (an outermost loop: the next look tries again)
                    log.error("bots not looked for", kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
                await asyncio.sleep(LOOK_AGAIN)
        finally:
            await self._leave_all()

    async def look(self) -> None:
        """Begin to listen to new bots, and leave those that stopped or changed."""
        async with self._database.engine_reading() as connection:
            found = {line.key_name: line for line in await chat_lines(connection, self._keyring)}
        for key, (listener, task) in list(self._listeners.items()):
            if found.get(key) != listener.line or (task.done() and task.exception() is not None):
                await self._leave(key)
        heard = {listener.line.token for listener, _ in self._listeners.values()}
        for key, line in found.items():
            if key in self._listeners:
                continue
            if line.token in heard:  # Telegram gives each update to one who asks, not to both
                log.error("two senders share a bot", sender=line.sender_id)
                continue
            heard.add(line.token)
            await self._listen(line)

    async def close(self) -> None:
        """Stop listening; what was not taken is still Telegram's."""
        await self._leave_all()
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def _listen(self, line: ChatLine) -> None:
        await asyncio.to_thread(import_module, "bot.listening")
        from bot.listening import Listener, dispatcher  # noqa: PLC0415 (a second or two, in a thread)
        from channels.telegram import Line  # noqa: PLC0415 (the same)

        if self._wire is None:
            settings = self._settings
            self._wire = Line(settings.telegram_url, deadline=settings.send_deadline, connections=CONNECTIONS)
            self._table = dispatcher()
        if self._table is None:
            return
        try:
            listener = Listener(
                self._settings, self._database, self._keyring, line=line, wire=self._wire, table=self._table
            )
        except MisconfiguredError as error:
            log.error("bot not heard", sender=line.sender_id, kind=type(error).__name__)  # noqa: TRY400 (ids only)
            return
        self._listeners[line.key_name] = (listener, asyncio.create_task(listener.listen()))

    async def _leave_all(self) -> None:
        for key in list(self._listeners):
            await self._leave(key)

    async def _leave(self, key: str) -> None:
        _, task = self._listeners.pop(key)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _posted(self, request: Request) -> Response:
        """For Telegram alone, which says this bot's secret word: take one update.

        403 for all others, whether there is such a bot or not; 503 while the database is away, so that it comes again.
        """
        key = request.path_params["key"]
        said = request.headers.get("x-telegram-bot-api-secret-token", "")
        listening = self._listeners.get(key)
        if not hmac.compare_digest(said.encode(), webhook_word(self._keyring, key).encode()) or listening is None:
            return Response(status_code=403)
        try:
            await listening[0].take(orjson.loads(await request.body()))
        except ValueError:
            return Response(status_code=400)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("database away", sender=listening[0].line.sender_id, kind=type(error).__name__)
            return Response(status_code=503)
        return Response(status_code=200)
