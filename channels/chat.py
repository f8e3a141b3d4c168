"""Chat by Telegram: a few lines and their buttons into the chat that a family opened itself."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from channels.chat_lines import GAP, ChatLines
from channels.refusals import refuse
from hub.errors import BusyAddressError, ChannelError, RejectedError, TemporaryError, UnknownOutcomeError
from hub.ports import HOURS, LINK_CODE, Account, ChannelName, Limits, Outgoing, Proof, Sent
from hub.settings import Settings

if TYPE_CHECKING:
    from aiogram import Bot

    from channels.telegram import Line

CHAT_LIMITS: Final = Limits(text_max=3500, per_second=25.0, connections=16)
"""A message holds 4,096 characters with the school's name above, and about 30 a second leave from one bot.

Source: Bot API, sendMessage; Bots FAQ, « My bot is hitting limits ».
"""
DATA_MOST: Final = 64
"""Bytes that a button brings back. Source: Bot API, InlineKeyboardButton."""
MOST_BOTS: Final = 64
"""Bots kept open, the last used ones."""


def button_data(act: str, token: str, guardian_id: int | None = None) -> str:
    """Write what a button brings back: what is said, under which copy, and by whom when several share the chat."""
    return f"{act}|{token}" if guardian_id is None else f"{act}|{token}|{guardian_id}"


def read_button_data(data: str) -> tuple[str, str, int | None]:
    """Read (act, token, guardian) from what a button brought back; whoever holds the chat may have made it up."""
    act, _, rest = data.partition("|")
    token, _, who = rest.partition("|")
    return act, token, int(who) if who.isascii() and who.isdigit() and len(who) < 19 else None


def hour_data(token: str, does: str, ids: tuple[int, ...]) -> str:
    """Write what a button about appointments brings back: what it does, with which ids, under which copy."""
    return "|".join((HOURS, token, ".".join((does, *map(_short, ids)))))


def read_hour_data(data: str) -> tuple[str, str, tuple[int, ...]]:
    """Read (token, what it does, ids) from such a button; nothing in it is trusted. ("", …) to begin."""
    _, _, rest = data.partition("|")
    token, _, act = rest.partition("|")
    does, *ids = act.split(".")
    good = all(one.isascii() and one.isalnum() and len(one) < 13 for one in ids)
    return token, does, tuple(int(one, 36) for one in ids) if good else ()


def _short(number: int) -> str:
    """Write a number in digits and letters, base 36: a button holds little."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"


class TelegramChat:
    """The chat channel: one bot for each token, all over one kept session, and a queue before each chat.

    aiogram is loaded in a thread when the first message leaves.
    """

    name = ChannelName.CHAT
    proof = Proof.ACCEPTED

    def __init__(
        self,
        settings: Settings,
        *,
        limits: Limits = CHAT_LIMITS,
        gap: float = GAP,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self._settings, self._clock = settings, clock
        self._lines = ChatLines(gap=gap, clock=clock)
        self._line: Line | None = None
        self._loading = asyncio.Lock()
        self._bots: OrderedDict[str, Bot] = OrderedDict()
        self._flooded: dict[str, tuple[str, float]] = {}

    async def send(self, message: Outgoing) -> Sent:
        """Say it in the chat, when that has its turn; raises BusyAddressError while it has not."""
        refuse(message, self.name, self.limits)
        buttons = _buttons(message)
        chat, began, half = (message.account.key, message.to), False, self._settings.send_deadline / 2
        try:
            async with asyncio.timeout(2 * half):
                async with asyncio.timeout(half):  # what begins late would be cut off on its way, and said twice
                    bot = await self._bot(message.account)
                    await self._lines.turn(chat, message.attempt_id, urgent=message.urgent)
                with self._lines.posted(chat, message.attempt_id, urgent=message.urgent):
                    began = True
                    return await self._post(bot, message, buttons)
        except TimeoutError as error:
            if began:
                raise UnknownOutcomeError("Telegram did not answer") from error
            raise TemporaryError("Telegram was not asked in time") from error

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:  # noqa: ARG002 (the port)
        """Answer None: a bot cannot look into a chat."""
        return None

    async def close(self) -> None:
        """Let go of connections."""
        self._bots.clear()
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _post(self, bot: "Bot", message: Outgoing, buttons: tuple[tuple[str, str], ...]) -> Sent:
        from channels.telegram import post  # noqa: PLC0415 (loaded by _bot, in a thread)

        link = message.body.link
        url = None if link is None else link.replace(LINK_CODE, message.link_code)
        try:
            number = await post(
                bot,
                message.to,
                title=message.body.subject or "",
                text=message.text,
                buttons=buttons,
                link=None if url is None else (url, urlsplit(url).hostname or url),
                answers=int(message.answers) if message.answers else None,
            )
        except BusyAddressError as error:
            raise self._told_to_wait(message, error) from error
        return Sent(str(number))

    def _told_to_wait(self, message: Outgoing, error: BusyAddressError) -> ChannelError:
        """One chat that must wait holds up itself; a second one while it waits says that it is the bot."""
        now, wait = self._clock(), error.retry_after or 0.0
        chat, until = self._flooded.get(message.account.key, ("", 0.0))
        self._flooded[message.account.key] = (message.to, now + wait)
        if chat not in ("", message.to) and now < until:
            return TemporaryError("Telegram asks the bot to wait", code=error.code, retry_after=wait)
        return error

    async def _bot(self, account: Account) -> "Bot":
        """Give the account's bot. Raises MisconfiguredError."""
        bot = self._bots.get(account.secret)
        if bot is None:
            async with self._loading:  # in the order of coming: else the first messages would overtake each other
                await asyncio.to_thread(import_module, "channels.telegram")
            from channels.telegram import Line, a_bot  # noqa: PLC0415 (a second or two, in a thread)

            if self._line is None:
                settings = self._settings
                self._line = Line(
                    settings.telegram_url, deadline=settings.send_deadline, connections=self.limits.connections
                )
            bot = self._bots[account.secret] = a_bot(account.secret, self._line)
            if len(self._bots) > MOST_BOTS:
                self._bots.popitem(last=False)
        self._bots.move_to_end(account.secret)
        return bot


def _buttons(message: Outgoing) -> tuple[tuple[str, str], ...]:
    """Give what each button brings back and says; none where nobody could tell what is answered."""
    if not message.reply_token:
        return ()
    buttons = tuple((button_data(one.act, message.reply_token), one.label) for one in message.body.buttons)
    if any(len(data.encode()) > DATA_MOST for data, _ in buttons):
        raise RejectedError("A button holds more than it can", code="refused.button-too-long")
    return buttons
