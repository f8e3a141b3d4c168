"""The buttons that a family presses: under our messages, and under our own questions. Telegram alone calls these."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot import words
from bot.hours import choose_hour
from bot.place import Place, said, speaking
from bot.talk import LANGUAGE, NAMES
from channels.chat import DATA_MOST, button_data, read_button_data
from hub.models.answers import AnswerKind
from hub.ports import HOURS
from hub.replies.answers import Taken, read_button
from hub.replies.chats import Chat, Pressed, choose_language, choose_names, press
from hub.replies.saying_back import room_full, too_many
from i18n.languages import SPOKEN
from i18n.tongues import Tongue, tongue


def buttons() -> Router:
    """Make the router of all that is pressed."""
    router = Router()
    router.callback_query.register(_choose_language, F.data.startswith(f"{LANGUAGE}|"))
    router.callback_query.register(_choose_names, F.data.startswith(f"{NAMES}|"))
    router.callback_query.register(choose_hour, F.data.startswith(f"{HOURS}|"))
    router.callback_query.register(_answer, F.data)
    return router


async def _answer(query: CallbackQuery, place: Place) -> None:
    """For the chat that the message was sent to: acknowledge, say yes or no, or why a child is absent."""
    chat = await _chat(query, place)
    speaks = speaking(chat, query.from_user)
    act, token, guardian_id = read_button_data(query.data or "")
    meant = read_button(act)
    pressed = None
    if chat is not None and meant is not None:
        async with place.database.school(place.line.school_id) as session:
            connection = await session.connection()
            pressed = await press(
                connection,
                place.keyring,
                place.line,
                chat,
                token=token,
                kind=meant[0],
                number=meant[1],
                guardian_id=guardian_id,
                now=await place.database.now(connection),
            )
    if pressed is None or meant is None:
        await said(query.answer(words.not_yours(speaks)))
        return
    kind = meant[0]
    note = _note(pressed, kind, speaks, place.line.phone)
    await said(query.answer(note[: words.MOST_IN_A_NOTE], show_alert=kind is AnswerKind.SHOULD_BE_HERE))
    if pressed.taken is not Taken.TOO_MANY:
        await _replace(query, _who(pressed, act, token))


def _note(pressed: Pressed, kind: AnswerKind, speaks: Tongue, phone: str) -> str:
    """Say what came of a press, never what was answered."""
    if pressed.taken is Taken.WITHDRAWN:
        return words.withdrawn(speaks)
    if pressed.taken is Taken.TOO_MANY:
        return too_many(speaks, pressed.served.most or 0)
    if pressed.taken is Taken.WAITS:
        return room_full(speaks)
    if kind is AnswerKind.SHOULD_BE_HERE:
        return words.calling(speaks, phone)
    return words.who(speaks) if pressed.taken is Taken.WHO else words.thanks(speaks)


def _who(pressed: Pressed, act: str, token: str) -> list[list[InlineKeyboardButton]]:
    """Offer the adults who share the chat, when it is not said who answers; else no more answers."""
    if pressed.taken is not Taken.WHO:
        return []
    named = ((button_data(act, token, adult.guardian_id), adult.name) for adult in pressed.served.adults)
    return [[InlineKeyboardButton(text=name, callback_data=data)] for data, name in named if len(data) <= DATA_MOST]


async def _choose_language(query: CallbackQuery, place: Place) -> None:
    """For a known chat: write in this language from now on."""
    chat, code = await _chat(query, place), (query.data or "").partition("|")[2]
    if chat is None or code not in SPOKEN:
        await said(query.answer(words.not_yours(speaking(chat, query.from_user))))
        return
    async with place.database.school(place.line.school_id) as session:
        await choose_language(await session.connection(), place.line, chat, code)
    await _chosen(query, words.in_this_language(tongue(code, typeset=True)))


async def _choose_names(query: CallbackQuery, place: Place) -> None:
    """For a known chat: name children in it, or not."""
    chat, choice = await _chat(query, place), (query.data or "").partition("|")[2]
    speaks = speaking(chat, query.from_user)
    if chat is None or choice not in ("0", "1"):
        await said(query.answer(words.not_yours(speaks)))
        return
    async with place.database.school(place.line.school_id) as session:
        await choose_names(await session.connection(), place.line, chat, named=choice == "1")
    await _chosen(query, words.named(speaks, yes=choice == "1"))


async def _chosen(query: CallbackQuery, sentence: str) -> None:
    """Let the choice stand in place of the question."""
    await said(query.answer())
    if isinstance(query.message, Message):
        await said(query.message.edit_text(sentence))


async def _chat(query: CallbackQuery, place: Place) -> Chat | None:
    return None if query.message is None else await place.chat(query.message.chat.id)


async def _replace(query: CallbackQuery, rows: list[list[InlineKeyboardButton]]) -> None:
    """Take the answers away, or put others in their place; the way to the page stays."""
    message = query.message
    if not isinstance(message, Message):  # too old for Telegram to show
        return
    shown = message.reply_markup.inline_keyboard if message.reply_markup is not None else []
    ways = [row for row in shown if all(button.url for button in row)]
    await said(message.edit_reply_markup(reply_markup=InlineKeyboardMarkup(inline_keyboard=rows + ways)))
