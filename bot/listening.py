"""One school's bot: hears what families write, by asking Telegram for it or by being told, and loses none of it."""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any

import structlog
from aiogram import Dispatcher
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats, Update
from aiogram.types.update import UpdateTypeLookupError

from bot import words
from bot.buttons import buttons
from bot.place import Place
from bot.talk import talk
from channels.telegram import Line, a_bot
from hub.database import Database, is_away
from hub.outbox.record import stop_sender
from hub.people.chat_lines import ChatLine, webhook_word
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.languages import SPOKEN
from i18n.tongues import tongue

log = structlog.get_logger(__name__)

KINDS = ["message", "callback_query", "my_chat_member"]
"""The kinds of updates that we ask for."""
LONG = 25
"""Seconds for which Telegram may keep a question open until somebody writes."""
PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds before Telegram, or our database, is asked again; the last for all further times."""
MOST_TRIES = 3
"""How often an update that trips over a fault of ours is tried before those behind it go on."""


def dispatcher() -> Dispatcher:
    """Make the table of who handles what; one for all bots of a process."""
    made = Dispatcher(disable_fsm=True)
    made.include_router(talk())
    made.include_router(buttons())
    return made


class Listener:
    """Listens for one bot. Raises MisconfiguredError, when made, for what is no token."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keyring: Keyring,
        *,
        line: ChatLine,
        wire: Line,
        table: Dispatcher,
    ) -> None:
        self.line = line
        self._settings, self._database, self._keyring, self._table = settings, database, keyring, table
        self._place = Place(database, keyring, line)
        self._failed = 0
        self._introduced = False
        self._bot = a_bot(line.token, wire)

    async def listen(self) -> None:
        """Ask for updates without end, or tell Telegram where to post them; ends when the bot is no more."""
        while True:
            try:
                await self._introduce()
                if self._settings.telegram_webhook and self._settings.public_url:
                    await self._be_told(self._settings.public_url)
                    return
                await self._bot.delete_webhook()
                await self._ask()
            except (TelegramUnauthorizedError, TelegramNotFound):
                await self._stop()
                return
            except (TelegramAPIError, ClientDecodeError) as error:
                log.warning("bot not heard", sender=self.line.sender_id, kind=type(error).__name__)
                asked = float(error.retry_after) if isinstance(error, TelegramRetryAfter) else 0.0
                await asyncio.sleep(max(asked, _pause(self._failed)))
                self._failed += 1

    async def take(self, update: Mapping[str, Any]) -> None:
        """Take an update that Telegram posted; raises what the database says when it is away."""
        await self._take(Update.model_validate(update, context={"bot": self._bot}))

    async def _introduce(self) -> None:
        """Write the menu of commands, once: in each language that has words, in French for all others.

        The menu is a help: when Telegram does not take it, the bot listens all the same.
        """
        if self._introduced:
            return
        private = BotCommandScopeAllPrivateChats()
        try:
            for code in (None, *SPOKEN):
                lines = words.menu(tongue(code or "fr", typeset=True))
                commands = [BotCommand(command=command, description=what) for command, what in lines]
                await self._bot.set_my_commands(commands, scope=private, language_code=code)
            self._introduced = True
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise
        except (TelegramAPIError, ClientDecodeError) as error:
            log.warning("menu not written", sender=self.line.sender_id, kind=type(error).__name__)

    async def _ask(self) -> None:
        """Ask for what is new, again and again; what was taken is asked for no more, so nothing is lost in between."""
        offset: int | None = None
        patience = int(LONG + self._settings.send_deadline)
        while True:
            updates = await self._bot.get_updates(
                offset=offset, timeout=LONG, allowed_updates=KINDS, request_timeout=patience
            )
            self._failed = 0
            for update in updates:
                await self._take_surely(update)
                offset = update.update_id + 1

    async def _take_surely(self, update: Update) -> None:
        """Take an update, waiting for the database as long as it is away."""
        faults, waits = 0, count()
        while faults < MOST_TRIES:
            try:
                await self._take(update)
            except Exception as error:  # noqa: BLE001 (the bot's outermost loop: one update must not end it)
                if is_away(error):
                    log.warning("database away", sender=self.line.sender_id, kind=type(error).__name__)
                    await asyncio.sleep(_pause(next(waits)))
                    continue
                faults += 1
                log.error("update not taken", sender=self.line.sender_id, kind=type(error).__name__)  # noqa: TRY400 (ids)
            else:
                return

    async def _take(self, update: Update) -> None:
        try:
            known = update.event_type in KINDS
        except UpdateTypeLookupError:
            known = False
        if known:
            await self._table.feed_update(self._bot, update, place=self._place)

    async def _be_told(self, public_url: str) -> None:
        await self._bot.set_webhook(
            f"{public_url}/telegram/{self.line.key_name}",
            secret_token=webhook_word(self._keyring, self.line.key_name),
            allowed_updates=KINDS,
        )

    async def _stop(self) -> None:
        log.error("sender stopped", sender=self.line.sender_id)
        async with self._database.engine() as connection:
            now = await self._database.now(connection)
            await stop_sender(connection, self.line.sender_id, "Telegram does not know this bot", now=now)


def _pause(tries: int) -> float:
    return PAUSES[min(tries, len(PAUSES) - 1)]
