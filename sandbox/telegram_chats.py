"""The chats in the box: which families opened one with which bot, what they write and press, and how the bot hears it.

Source: https://core.telegram.org/bots/api
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hub.ports import ChannelName
from sandbox.config import SandboxConfig
from sandbox.courier import Courier
from sandbox.record import Act, Arrived, Record, Said, now

Json = dict[str, Any]


@dataclass(slots=True)
class Mail:
    """What waits for one bot. `hook` is where it wants to be told, and the word to say there."""

    waiting: deque[Json] = field(default_factory=deque)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    hook: tuple[str, str] | None = None
    asking: int = 0
    asked: list[tuple[str, Json]] = field(default_factory=list)
    """What the bot asked for, method and fields, in order."""
    menus: dict[str, list[Json]] = field(default_factory=dict)
    """Its commands by language; "" for all other languages."""


class Chats:
    """All simulated chats. A bot cannot write first: a chat must be opened by its family."""

    def __init__(
        self, config: SandboxConfig, record: Record, courier: Courier, on_arrival: Callable[[Arrived], None]
    ) -> None:
        self._config, self._record, self._courier, self._on_arrival = config, record, courier, on_arrival
        self._opened: set[tuple[str, str]] = set()
        self._numbers: defaultdict[str, count[int]] = defaultdict(lambda: count(1))
        self._updates = count(1)
        self._stirred = asyncio.Event()
        self.mail: defaultdict[str, Mail] = defaultdict(Mail)
        self.languages: dict[str, str] = {}
        """Chat → the language that its telephone is set to; French when it is not here."""
        self.left: list[str] = []
        """Groups that a bot has left."""

    def knows(self, token: str, chat: str) -> bool:
        """Whether this family has opened this chat."""
        return (token, chat) in self._opened

    def take(self, token: str, chat: str, text: str, keyboard: Json) -> Arrived:
        """Show a message in its chat."""
        arrived = Arrived(
            address=chat,
            channel=ChannelName.CHAT,
            provider_id=f"{chat}.{next(self._numbers[chat])}",
            from_=f"@{self._config.bots[token]}",
            text=text,
            at=now(),
            account=token,
            buttons=_buttons(keyboard),
            link=next((one["url"] for row in keyboard.get("inline_keyboard", []) for one in row if "url" in one), None),
        )
        self._record.add(arrived)
        self._on_arrival(arrived)
        return arrived

    def change(self, chat: str, number: str, *, text: str | None, keyboard: Json) -> bool:
        """Change a message that is shown; False when there is none."""
        message = self._record.find(f"{chat}.{number}")
        if message is None:
            return False
        self._record.rewrite(message.provider_id, text=text or message.text, buttons=_buttons(keyboard))
        return True

    def open(self, chat: str, *, token: str | None = None) -> None:
        """Have the chat open since long ago: nothing is brought to the bot."""
        self._opened.add((token or next(iter(self._config.bots)), chat))

    async def start(self, chat: str, code: str = "", *, token: str | None = None) -> Said:
        """Open the chat by its link, as a family that scans the code on a sheet."""
        return await self.write(chat, f"/start {code}".strip(), token=token)

    async def write(self, chat: str, words: str, *, token: str | None = None, **more: Any) -> Said:  # noqa: ANN401 (JSON)
        """Write to a bot, which opens the chat; `more` are fields of the message, as `photo`."""
        token = token or next(iter(self._config.bots))
        self.open(chat, token=token)
        message = self._message(chat, words) | more
        taken = await self.bring(token, {"message": message})
        return self._said(chat, Act.REPLY, words, taken)

    async def press(self, message: Arrived, data: str) -> Said:
        """Press a button under a message."""
        label = next((label for brings, label in message.buttons if brings == data), data)
        query = {
            "id": str(next(self._updates)),
            "from": self._person(message.address),
            "chat_instance": "1",
            "data": data,
            "message": self.shown(message),
        }
        taken = await self.bring(message.account, {"callback_query": query})
        return self._said(message.address, Act.REPLY, f"[{label}]", taken, message.provider_id)

    async def bring(self, token: str, what: Json) -> bool:
        """Bring an update to the bot: posted where it wants to be told, else kept until it asks."""
        update = {"update_id": next(self._updates), **what}
        mail = self.mail[token]
        if mail.hook is None:
            mail.waiting.append(update)
            mail.came.set()
            return True
        url, word = mail.hook
        return await self._courier.told(url, update, {"X-Telegram-Bot-Api-Secret-Token": word})

    async def updates(self, token: str, offset: int, seconds: float, most: int) -> list[Json] | None:
        """Give what a bot has not confirmed by `offset`, after waiting a while for some; None when another asks too."""
        mail = self.mail[token]
        while mail.waiting and mail.waiting[0]["update_id"] < offset:
            mail.waiting.popleft()
        self.stir()
        mail.asking += 1
        mine = mail.asking
        if not mail.waiting:
            mail.came.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(mail.came.wait(), seconds)
        return list(mail.waiting)[:most] if mail.asking == mine else None

    async def until(self, so: Callable[[], bool], *, seconds: float = 10.0) -> None:
        """Wait until the bots have done so much. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not so():
                await self._stirred.wait()

    def stir(self) -> None:
        """Tell who waits that a bot asked for something."""
        self._stirred.set()
        self._stirred = asyncio.Event()

    def hurry(self) -> None:
        """Let no bot wait any longer: the box closes."""
        for mail in self.mail.values():
            mail.came.set()

    def shown(self, message: Arrived) -> Json:
        """Show a message of a bot as the Bot API does."""
        rows = [[{"text": label, "callback_data": data}] for data, label in message.buttons]
        if message.link is not None:
            rows.append([{"text": "page", "url": message.link}])
        _, _, number = message.provider_id.rpartition(".")
        return {
            "message_id": int(number),
            "date": int(message.at.timestamp()),
            "chat": self._chat(message.address),
            "from": {"id": 1, "is_bot": True, "first_name": "bot", "username": message.from_[1:]},
            "text": message.text,
            **({"reply_markup": {"inline_keyboard": rows}} if rows else {}),
        }

    def _message(self, chat: str, words: str) -> Json:
        command = words.split(" ", 1)[0]
        marked = [{"type": "bot_command", "offset": 0, "length": len(command)}] if words.startswith("/") else []
        return {
            "message_id": next(self._numbers[chat]),
            "date": int(now().timestamp()),
            "chat": self._chat(chat),
            "from": self._person(chat),
            **({"text": words} if words else {}),
            **({"entities": marked} if marked else {}),
        }

    def _chat(self, chat: str) -> Json:
        group = chat.startswith("-")
        return {"id": int(chat), "type": "group" if group else "private", "title" if group else "first_name": "Famille"}

    def _person(self, chat: str) -> Json:
        language = self.languages.get(chat, "fr")
        return {"id": abs(int(chat)), "is_bot": False, "first_name": "Famille", "language_code": language}

    def _said(self, chat: str, act: Act, words: str, taken: bool, about: str = "") -> Said:  # noqa: FBT001 (what came)
        said = Said(chat, act, words, taken, now(), about)
        self._record.note(said)
        return said


def _buttons(keyboard: Json) -> tuple[tuple[str, str], ...]:
    """List what the buttons of a keyboard bring back and say."""
    shown = [one for row in keyboard.get("inline_keyboard", []) for one in row]
    return tuple((one["callback_data"], one["text"]) for one in shown if "callback_data" in one)
