"""Appointments by buttons: the free hours under a question, a tap takes one; changed and given back the same way."""

from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot import words
from bot.place import Place, said, speaking
from channels.chat import DATA_MOST, hour_data, read_hour_data
from hub.meetings.by_number import Act, Does, Told
from hub.ports import SchoolCard
from hub.replies.chats import press_hours
from hub.replies.hours_words import hours_shown
from i18n.tongues import Tongue

IDS = 4
"""What an act names: adult, child, round, and the hour or the appointment."""


async def choose_hour(query: CallbackQuery, place: Place) -> None:
    """For the chat that the invitation was sent to: show the hours, take one, change it, give it back, or wait."""
    chat = None if query.message is None else await place.chat(query.message.chat.id)
    speaks = speaking(chat, query.from_user)
    token, does, ids = read_hour_data(query.data or "")
    act = Act(Does(does), *ids) if does in set(Does) and len(ids) == IDS else None
    found = None
    if chat is not None and (act is not None or not does):
        async with place.database.school(place.line.school_id) as session:
            now = await place.database.now(await session.connection())
            found = await press_hours(session, place.keyring, place.line, chat, token=token, act=act, now=now)
    if found is None:
        await said(query.answer(words.not_yours(speaks)))
        return
    text, keyboard = _shown(*found, token, speaks)
    await said(query.answer())
    if not isinstance(query.message, Message):  # too old for Telegram to show
        return
    if act is None:
        await said(query.message.answer(text, reply_markup=keyboard))
    else:
        await said(query.message.edit_text(text, reply_markup=keyboard))


def _shown(told: Told, school: SchoolCard, token: str, speaks: Tongue) -> tuple[str, InlineKeyboardMarkup]:
    """Say it, with a button a line."""
    text, ways = hours_shown(told, speaks, school)
    made = [(label, hour_data(token, act.does, _ids(act))) for label, act in ways]
    rows = [[InlineKeyboardButton(text=label, callback_data=data)] for label, data in made if len(data) <= DATA_MOST]
    return text, InlineKeyboardMarkup(inline_keyboard=rows)


def _ids(act: Act) -> tuple[int, ...]:
    return act.guardian_id, act.pupil_id, act.round_id, act.number
