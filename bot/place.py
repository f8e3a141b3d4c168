"""Where a conversation takes place: one school's bot, and the registers behind it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import structlog
from aiogram.exceptions import ClientDecodeError, TelegramAPIError
from aiogram.types import User

from hub.database import Database
from hub.people.chat_lines import ChatLine
from hub.ports import Lane
from hub.replies.chats import Chat, find_chat
from hub.replies.wrong_numbers import ask_other_schools
from hub.sealing import Keyring
from i18n.languages import best
from i18n.tongues import Tongue, tongue

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """What every act in a chat is given. `line` is the school's bot."""

    database: Database
    keyring: Keyring
    line: ChatLine

    async def chat(self, number: int) -> Chat | None:
        """Find a chat that is a family's; None for a stranger's, and for one whose owner is not the one we meant."""
        async with self.database.reading(self.line.school_id) as session:
            found = await find_chat(await session.connection(), self.keyring, self.line.school_id, str(number))
        return None if found is None or found.wrong else found

    async def spread_wrong_number(self, address_id: int) -> None:
        """Once it is committed here: ask the other schools that write to this chat, and wake the engine."""
        async with self.database.engine() as connection:
            now = await self.database.now(connection)
            await ask_other_schools(connection, school_id=self.line.school_id, address_id=address_id, now=now)
        for lane in Lane:
            self.database.ring(lane)


def speaking(chat: Chat | None, user: User | None) -> Tongue:
    """Speak as the chat chose, else as the telephone does."""
    if chat is not None:
        return tongue(chat.language, typeset=True)
    asked = best(user.language_code or "") if user is not None else best("")
    return tongue(asked.code, typeset=True)


async def said(words: Awaitable[Any]) -> None:
    """Say it; what cannot be said changes nothing of what was noted."""
    try:
        await words
    except (TelegramAPIError, ClientDecodeError) as error:
        log.warning("answer not said in a chat", kind=type(error).__name__)
