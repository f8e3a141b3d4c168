"""A small hub with a bot, and the families' Telegram on loopback: drained by hand, heard by the real bot."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from factories import NOW, FakeChannel, SmallSchool, a_school, by_sms

from bot.door import TelegramDoor
from channels.chat import TelegramChat
from hub.database import Database
from hub.models.people import Medium
from hub.notices.publish import Draft, publish
from hub.outbox.wordings import Wordings
from hub.people.joining import invite
from hub.people.schools import add_sender
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from sandbox.box import Sandbox
from sandbox.config import BOT, SandboxConfig
from sandbox.record import Arrived
from scheduler.drain import Drain
from scheduler.rounds import Rounds

KEY = "trois-ponts-chat"
PUBLIC = "https://hub.test"
ABSENT = Slots(day=NOW.date(), half_day=HalfDay.MORNING)


@dataclass
class Talk:
    """A school with a bot, its engine driven by hand, and families with Telegram."""

    small: SmallSchool
    box: Sandbox
    settings: Settings
    door: TelegramDoor
    chat: TelegramChat
    sms: FakeChannel = field(default_factory=FakeChannel)

    async def code(self, guardian_id: int, medium: Medium = Medium.CHAT, now: datetime = NOW) -> str:
        """Print an invitation."""
        async with self.small.database.school(self.small.school.key) as session:
            return await invite(
                session,
                self.small.keyring,
                school_id=self.small.school.key,
                guardian_id=guardian_id,
                medium=medium,
                made_by=self.small.director,
                now=now,
            )

    async def join(self, chat: str = "7001", **adult: Any) -> int:
        """A family with one adult, reached by SMS, joins by its chat; gives the guardian."""
        [guardian] = await self.small.family(by_sms(f"+3363998{chat}", **adult))
        await self.start(chat, await self.code(guardian))
        return guardian

    async def start(self, chat: str, code: str = "") -> Arrived:
        before = len(self.box.record.taken(chat))
        await self.box.chats.start(chat, code)
        return await self.answered(chat, before)

    async def write(self, chat: str, words: str, **more: Any) -> Arrived:
        """Write what the bot answers; gives its answer."""
        before = len(self.box.record.taken(chat))
        await self.box.chats.write(chat, words, **more)
        return await self.answered(chat, before)

    async def answered(self, chat: str, before: int) -> Arrived:
        await self.box.record.until(lambda record: len(record.taken(chat)) > before)
        return self.box.record.taken(chat)[-1]

    async def tap(self, message: Arrived, act: str) -> str:
        """Press the button of an act; gives the note that the bot shows over it."""
        data = next((data for data, _ in message.buttons if data.startswith(act)), act)
        return await self.bring(message, data)

    async def bring(self, message: Arrived, data: str) -> str:
        before = len(self.notes)
        await self.box.chats.press(message, data)
        await self.until(lambda: len(self.notes) > before)
        await self.taken()
        return self.notes[-1]

    @property
    def notes(self) -> list[str]:
        """What the bot showed over pressed buttons."""
        asked = self.box.chats.mail[BOT].asked
        return [fields.get("text", "") for method, fields in asked if method == "answerCallbackQuery"]

    async def taken(self) -> None:
        """Wait until the bot has confirmed all that was written to it."""
        await self.until(lambda: not self.box.chats.mail[BOT].waiting)

    async def until(self, so: Any) -> None:
        await self.box.chats.until(so)

    async def press_only(self, text: str) -> None:
        """Press, and let nothing leave yet."""
        await self.press(slots=Slots(text=text), leaves=False)

    async def press(self, kind: NoticeKind = NoticeKind.ANNOUNCEMENT, **more: Any) -> int:
        usual = ABSENT if kind is NoticeKind.ABSENCE else Slots(text="Sortie au musée vendredi.")
        async with self.small.database.school(self.small.school.key) as session:
            published = await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self.small.director,
                draft=Draft(kind=kind, audience=more.get("audience", "class:CP A"), slots=more.get("slots", usual)),
                now=NOW,
            )
        if more.get("leaves", True):
            await self.drain()
        return published.notice_id

    async def drain(self) -> None:
        drain = Drain(self.small.database, self.small.keyring, self.wordings, self.settings, self.channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    @property
    def wordings(self) -> Wordings:
        return Wordings(self.settings, self.small.keyring, render)

    @property
    def channels(self) -> dict[ChannelName, Any]:
        return {ChannelName.SMS: self.sms, ChannelName.CHAT: self.chat}

    @property
    def rounds(self) -> Rounds:
        return Rounds(self.small.database, self.small.keyring, self.wordings, self.settings, self.channels)

    def last(self, chat: str = "7001") -> Arrived:
        return self.box.record.arrived(chat)[-1]

    async def rows(self, sql: str, **values: object) -> list[tuple]:
        return await self.small.rows(sql, **values)

    async def count(self, table: str, where: str = "1 = 1") -> int:
        return (await self.small.rows(f"SELECT count(*) FROM {table} WHERE {where}"))[0][0]  # noqa: S608 (our own words)

    async def answers(self) -> list[tuple]:
        return await self.small.rows("SELECT guardian_id, kind, through FROM answer ORDER BY id")


@asynccontextmanager
async def a_talk(
    database: Database, keyring: Keyring, *, routes: dict[str, str] | None = None, **settings: Any
) -> AsyncIterator[Talk]:
    small = await a_school(database, keyring)
    async with Sandbox(SandboxConfig(allow=True, routes=routes or {})) as box:
        asked = Settings(
            **{"public_url": PUBLIC, "telegram_url": box.telegram_url, "settle_after": 0.0, "data_dir": ".", **settings}
        )
        async with database.school(small.school.key) as session:
            small.senders[ChannelName.CHAT] = await add_sender(
                session,
                keyring,
                small.school.key,
                channel=ChannelName.CHAT,
                provider="telegram",
                address="trois_ponts_bot",
                key_name=KEY,
                secret=BOT,
                two_way=True,
            )
        door = TelegramDoor(asked, database, keyring)
        chat = TelegramChat(asked, gap=0.01)
        try:
            yield Talk(small, box, asked, door, chat)
        finally:
            await door.close()
            await chat.close()


def words(message: Arrived) -> str:
    """The words in one line, with plain spaces and marks."""
    return re.sub(r"\s+", " ", message.text.replace("\u00a0", " ").replace("’", "'")).strip()
