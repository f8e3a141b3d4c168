"""Telegram's bots as the caretaker sees them: how one is called, and whether it answers."""

from dataclasses import dataclass

from hub.errors import ChannelError, InvalidError
from hub.people.chat_lines import check_token
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that answered. `told_at`: Telegram posts what families write to this address; empty: it is asked for."""

    name: str
    told_at: str
    waiting: int


PATIENCE = 5.0
"""Seconds that one answer is waited for."""


async def ask_bot(settings: Settings, token: str) -> Bot:
    """Ask a bot who it is. Raises ChannelError."""
    from aiogram.exceptions import ClientDecodeError, TelegramAPIError

    from channels.telegram import Line, a_bot, ours

    line = Line(settings.telegram_url, deadline=PATIENCE, connections=1)
    try:
        bot = a_bot(token, line)
        me, hook = await bot.get_me(), await bot.get_webhook_info()
    except (TelegramAPIError, ClientDecodeError) as error:
        raise ours(error) from error
    finally:
        await line.close()
    return Bot(me.username or "", hook.url, hook.pending_update_count)


async def bot_name(settings: Settings, token: str) -> str:
    """Give the name of the bot that a token is for. Raises InvalidError, in a sentence without the token."""
    check_token(token)
    try:
        return (await ask_bot(settings, token)).name
    except ChannelError as error:
        raise InvalidError(
            "Telegram ne dit pas à qui est ce jeton : vérifiez-le, ou nommez le bot par --address.", field="secret"
        ) from error
