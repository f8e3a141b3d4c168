"""What a family writes to the bot: commands, digits, words, pictures. Telegram alone calls these, for private chats."""

from aiogram import F, Router
from aiogram.enums import ChatMemberStatus, ChatType, ContentType
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import (
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    Update,
)

from bot import words
from bot.place import Place, said, speaking
from hub.errors import NotFoundError
from hub.models.people import Medium
from hub.outbox.stopping import stop_writing
from hub.people.joining import find_invitation
from hub.ports import ChannelName
from hub.replies.chats import Chat, join_chat, resume
from hub.replies.keeping import Received, Text
from hub.replies.meaning import Sense
from hub.replies.saying_back import words_back
from hub.replies.texts import receive_text
from i18n.languages import LANGUAGES, SPOKEN

LANGUAGE, NAMES = "lang", "names"
"""What the buttons of our own questions bring back, before their choice."""
KINDS = {
    ContentType.PHOTO: "photo",
    ContentType.VOICE: "message vocal",
    ContentType.AUDIO: "son",
    ContentType.VIDEO: "vidéo",
    ContentType.VIDEO_NOTE: "vidéo",
    ContentType.ANIMATION: "image animée",
    ContentType.STICKER: "autocollant",
    ContentType.DOCUMENT: "document",
    ContentType.LOCATION: "lieu",
    ContentType.VENUE: "lieu",
    ContentType.CONTACT: "contact",
    ContentType.POLL: "sondage",
}
"""How the office reads what is no text; the thing itself is not fetched."""


def talk() -> Router:
    """Make the router of all that is written in private chats; groups are left."""
    router = Router()
    private = F.chat.type == ChatType.PRIVATE
    router.message.register(_leave, ~private)
    router.message.register(_start_with_code, private, CommandStart(deep_link=True, ignore_mention=True))
    router.message.register(_start, private, CommandStart(ignore_mention=True))
    router.message.register(_stop, private, Command("stop", ignore_mention=True))
    router.message.register(_language, private, Command("language", ignore_mention=True))
    router.message.register(_names, private, Command("prenoms", ignore_mention=True))
    router.message.register(_usage, private, F.text.startswith("/"))
    router.message.register(_heard, private, F.text)
    router.message.register(_seen, private, F.content_type.in_(KINDS))
    router.my_chat_member.register(_membership)
    return router


async def _start_with_code(message: Message, command: CommandObject, place: Place) -> None:
    """For whoever holds an invitation of this school: this chat becomes an address of that adult."""
    line = place.line
    async with place.database.engine_reading() as connection:
        now = await place.database.now(connection)
    invited = await find_invitation(place.database, place.keyring, command.args or "", now=now)
    if invited is not None and (invited.school_id, invited.medium) == (line.school_id, Medium.CHAT):
        try:
            async with place.database.school(line.school_id) as session:
                await join_chat(session, place.keyring, invited, str(message.chat.id), now=now)
        except NotFoundError:
            pass
        else:
            chat = await place.chat(message.chat.id)
            await said(message.answer(words.welcome(speaking(chat, message.from_user), line.school)))
            return
    chat = await place.chat(message.chat.id)
    if chat is not None:  # a second press on the same link
        await _again(message, place, chat)
        return
    await said(message.answer(words.used_up(speaking(None, message.from_user), line.phone)))


async def _start(message: Message, place: Place) -> None:
    """For a known chat: we write again. For a stranger: how to be invited."""
    chat = await place.chat(message.chat.id)
    if chat is None:
        await _to_stranger(message, place)
        return
    await _again(message, place, chat)


async def _again(message: Message, place: Place, chat: Chat) -> None:
    async with place.database.school(place.line.school_id) as session:
        connection = await session.connection()
        await resume(connection, place.line, chat, now=await place.database.now(connection))
    speaks = speaking(chat, message.from_user)
    await said(message.answer(f"{words.resumed(speaks)}\n\n{words.usage(speaks)}"))


async def _stop(message: Message, place: Place, event_update: Update) -> None:
    """For a known chat: nothing more is written here, whoever it belongs to; said once."""
    received = await _receive(message, place, event_update, "/stop", stop=True)
    if received is None:
        await _to_stranger(message, place)


async def _language(message: Message, place: Place) -> None:
    """For a known chat: choose among the languages that have words."""
    chat = await place.chat(message.chat.id)
    if chat is None:
        await _to_stranger(message, place)
        return
    choice = [
        [InlineKeyboardButton(text=LANGUAGES[code].own_name, callback_data=f"{LANGUAGE}|{code}")] for code in SPOKEN
    ]
    asked = words.which_language(speaking(chat, message.from_user))
    await said(message.answer(asked, reply_markup=InlineKeyboardMarkup(inline_keyboard=choice)))


async def _names(message: Message, place: Place) -> None:
    """For a known chat: choose whether children are named in it."""
    chat = await place.chat(message.chat.id)
    if chat is None:
        await _to_stranger(message, place)
        return
    speaks = speaking(chat, message.from_user)
    choice = [
        [InlineKeyboardButton(text=words.with_names(speaks), callback_data=f"{NAMES}|1")],
        [InlineKeyboardButton(text=words.without_names(speaks), callback_data=f"{NAMES}|0")],
    ]
    keyboard = InlineKeyboardMarkup(inline_keyboard=choice)
    await said(message.answer(words.names_or_not(speaks), reply_markup=keyboard))


async def _usage(message: Message, place: Place) -> None:
    """For a known chat: what one may write here, after any other command."""
    chat = await place.chat(message.chat.id)
    if chat is None:
        await _to_stranger(message, place)
        return
    await said(message.answer(words.usage(speaking(chat, message.from_user))))


async def _heard(message: Message, place: Place, event_update: Update) -> None:
    """For a known chat: words are kept and understood as in an SMS."""
    if await _receive(message, place, event_update, message.text or "") is None:
        await _to_stranger(message, place)


async def _seen(message: Message, place: Place, event_update: Update) -> None:
    """For a known chat: that something else than text came is kept, and answered."""
    kind = f"[{KINDS[ContentType(message.content_type)]}]"
    received = await _receive(message, place, event_update, f"{kind} {message.caption or ''}".strip())
    if received is None:
        await _to_stranger(message, place)
    elif received.fresh:
        speaks = speaking(await place.chat(message.chat.id), message.from_user)
        await said(message.answer(words.only_text(speaks)))


async def _leave(message: Message) -> None:
    """Groups: nobody may read there what is meant for one family."""
    await said(message.chat.leave())


async def _membership(event: ChatMemberUpdated, place: Place) -> None:
    """For Telegram's word that the bot was put into a group, or blocked: it leaves the one and heeds the other."""
    gone = event.new_chat_member.status in (ChatMemberStatus.KICKED, ChatMemberStatus.LEFT)
    if event.chat.type != ChatType.PRIVATE:
        if not gone:
            await said(event.chat.leave())
        return
    chat = await place.chat(event.chat.id)
    if chat is None or not gone:
        return
    line = place.line
    async with place.database.school(line.school_id) as session:
        connection = await session.connection()
        now = await place.database.now(connection)
        await stop_writing(
            connection, school_id=line.school_id, address_id=chat.address_id, sender_id=line.sender_id, now=now
        )


async def _receive(
    message: Message, place: Place, update: Update, written: str, *, stop: bool = False
) -> Received | None:
    """Keep what a known chat wrote, and confirm what was clear; None for a stranger's, which is not kept."""
    chat = await place.chat(message.chat.id)
    if chat is None:
        return None
    text = Text(
        school_id=place.line.school_id,
        sender_id=place.line.sender_id,
        provider_key=f"{update.update_id}.{message.message_id}",
        number=str(message.chat.id),
        words=written,
        stop=stop,
        channel=ChannelName.CHAT,
        quoted=str(message.reply_to_message.message_id) if message.reply_to_message is not None else None,
        message_id=str(message.message_id),
    )
    async with place.database.school(place.line.school_id) as session:
        connection = await session.connection()
        now = await place.database.now(connection)
        received = await receive_text(connection, place.keyring, text, now=now)
    if received.sense is Sense.WRONG_NUMBER:
        await place.spread_wrong_number(chat.address_id)
    if received.fresh:
        speaks = speaking(chat, message.from_user)
        if received.sense is Sense.STOP:
            await said(message.answer(words.stopped(speaks)))
        elif received.sense is Sense.HELP:
            await said(message.answer(words.usage(speaks)))
        elif received.back is not None:
            await said(message.answer(words_back(received.back, typeset=True)))
    return received


async def _to_stranger(message: Message, place: Place) -> None:
    await said(message.answer(words.stranger(speaking(None, message.from_user), place.line.phone)))
