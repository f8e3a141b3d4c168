"""What a school's chats leave from: its bot, and the secret words by which Telegram and it know each other."""

import re
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.errors import InvalidError
from hub.ports import ChannelName
from hub.sealing import Keyring, UnreadableError
from hub.tables import data_key, school, sender

log = structlog.get_logger(__name__)

BOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
"""How a bot is called, without the @. Source: Telegram, Bot Features, « Create a new bot »."""
BOT_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}")
"""What its maker gives for a bot. Source: Bot API, « Authorizing your bot »."""


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A school's bot: who it is, and how its school is called and reached."""

    sender_id: int
    school_id: int
    key_name: str
    bot: str
    school: str
    phone: str
    token: str = field(repr=False, default="")


def check_bot(name: str, token: str) -> None:
    """Refuse what is no bot's name, or no token. Raises InvalidError."""
    if not BOT_NAME.fullmatch(name):
        raise InvalidError("Un bot se nomme par 5 à 32 lettres, chiffres et _, comme ecole_bot.", field="address")
    check_token(token)


def check_token(token: str) -> None:
    """Refuse what no maker of bots gives. Raises InvalidError, in a sentence without it."""
    if not BOT_TOKEN.fullmatch(token):
        raise InvalidError("Ce secret n'est pas le jeton d'un bot : BotFather l'écrit 123456:lettres.", field="secret")


async def chat_line(within: AsyncConnection | AsyncSession, school_id: int) -> ChatLine | None:
    """Give what a school's chats leave from, without its token; None when it has none, or it stands still."""
    row = (await within.execute(_LINES.where(sender.c.school_id == school_id).limit(1))).one_or_none()
    return None if row is None else ChatLine(row.id, row.school_id, row.key_name, row.address, row.name, row.phone)


async def chat_lines(within: AsyncConnection, keyring: Keyring) -> list[ChatLine]:
    """Give the working bots of all schools; needs `engine_reading`. One whose token cannot be read is left out."""
    lines = []
    for row in await within.execute(_LINES):
        try:
            seal = keyring.seal(row.wrapped, row.master_version)
            token = seal.open(row.secret_sealed, b"sender.secret").decode() if row.secret_sealed else ""
        except UnreadableError:
            log.error("sender cannot be read", sender=row.id)  # noqa: TRY400 (ids only)
            continue
        lines.append(ChatLine(row.id, row.school_id, row.key_name, row.address, row.name, row.phone, token))
    return lines


def webhook_word(keyring: Keyring, key_name: str) -> str:
    """Give the word that Telegram says at this bot's door (32 signs), so that nobody else is let in there."""
    return keyring.code_hash(f"telegram:{key_name}").hex()


_LINES = (
    select(
        sender.c.id,
        sender.c.school_id,
        sender.c.key_name,
        sender.c.address,
        sender.c.secret_sealed,
        school.c.name,
        school.c.phone,
        data_key.c.wrapped,
        data_key.c.master_version,
    )
    .join(school, school.c.id == sender.c.school_id)
    .join(data_key, data_key.c.id == sender.c.data_key_id)
    .where(sender.c.channel == ChannelName.CHAT, sender.c.stopped_at.is_(None))
    .order_by(sender.c.id)
)
