"""What the families of a demo do by themselves: press the link, answer a digit, or stay silent."""

import asyncio
import re
from dataclasses import dataclass, field
from enum import StrEnum
from html.parser import HTMLParser
from urllib.parse import urljoin

from hub.ports import ChannelName
from sandbox.behaviour import plain_address
from sandbox.courier import Courier
from sandbox.mailboxes import Mailboxes
from sandbox.phones import Phones
from sandbox.push_service import Browsers
from sandbox.record import Act, Arrived, Record, Said, now
from sandbox.telegram_chats import Chats

LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)»]")
ASKS_FOR_ONE = re.compile(r"(?<![\d٠-٩۰-۹])[1١۱](?![\d٠-٩۰-۹])")
"""A lone 1 in the digits of any of our languages: a text that asks for nothing is not answered."""

HOPS = 3
TRIES = (0.0, 1.0, 3.0)
"""A page that does not open is tried again, as people do: seconds before each try."""


def link_of(message: Arrived) -> str | None:
    """Give what a family opens: where a tap leads, or the first link in the text."""
    found = LINK.search(message.text)
    return message.link or (found.group() if found else None)


class Habit(StrEnum):
    """How a family takes what the school says."""

    ACKNOWLEDGE = "acknowledge"
    """Presses the button that acknowledges, behind the link or under the message."""
    DIGIT = "digit"
    """Answers its words ("1") to a text that asks for it."""
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Manner:
    """A habit, how many seconds it takes, and the words of a digit."""

    habit: Habit
    delay: float = 0.0
    words: str = "1"


SILENT = Manner(Habit.SILENT)


class Families:
    """The people behind the phones. Each link and each text is answered once, so that a thank-you ends it."""

    def __init__(
        self,
        record: Record,
        courier: Courier,
        phones: Phones,
        mailboxes: Mailboxes,
        chats: Chats,
        push: Browsers,
    ) -> None:
        self._record = record
        self._courier = courier
        self._phones = phones
        self._mailboxes = mailboxes
        self._chats = chats
        self._push = push
        self._manners: dict[str, Manner] = {}
        self._then: dict[str, tuple[str, float]] = {}
        self._done: set[tuple[str, str]] = set()

    def set_habit(self, address: str, habit: Habit, *, delay: float = 0.0, words: str = "1") -> None:
        """From the next message on, whoever holds `address` does so after `delay` seconds."""
        self._manners[plain_address(address)] = Manner(habit, delay, words)

    def then(self, address: str, words: str, *, delay: float = 0.0) -> None:
        """Whoever holds `address` writes `words`, once, `delay` seconds after having confirmed."""
        self._then[plain_address(address)] = (words, delay)

    def manner(self, address: str) -> Manner:
        """Say what this family does by itself; nobody does anything unasked."""
        return self._manners.get(plain_address(address), SILENT)

    def hear(self, message: Arrived) -> None:
        """Act on a message in a while, if that is this family's habit and the message asks for it."""
        manner = self.manner(message.address)
        if manner.habit is Habit.SILENT:
            return
        asked = link_of(message) if manner.habit is Habit.ACKNOWLEDGE else ASKS_FOR_ONE.search(message.text)
        mark = (message.address, asked if isinstance(asked, str) else message.text)
        if asked is None or mark in self._done:
            return
        self._done.add(mark)
        self._courier.soon(self._act(message, manner))

    async def reply(self, message: Arrived, words: str) -> Said:
        """Write back, by whichever way the message came."""
        if message.channel is ChannelName.EMAIL:
            return await self._mailboxes.answer(message, words)
        if message.channel is ChannelName.CHAT:
            return await self._chats.write(message.address, words, token=message.account)
        return await self._phones.answer(message, words)

    async def acknowledge(self, message: Arrived) -> Said:
        """Open the link in `message` and press its button; a GET alone must not count.

        In a chat and on a notification, press the first button.
        """
        if message.channel is ChannelName.CHAT and message.buttons:
            return await self._chats.press(message, message.buttons[0][0])
        if message.channel is ChannelName.PUSH and message.buttons:
            return await self._push.press(message, message.buttons[0][0])
        link = link_of(message)
        taken = link is not None and await self._try(link)
        said = Said(message.address, Act.ACKNOWLEDGE, "", taken, now(), message.provider_id)
        self._record.note(said)
        return said

    def clear(self) -> None:
        """Forget all habits."""
        self._manners.clear()
        self._then.clear()
        self._done.clear()

    async def _act(self, message: Arrived, manner: Manner) -> None:
        if manner.delay:
            await asyncio.sleep(manner.delay)
        if self.manner(message.address).habit is not manner.habit:
            return  # told to keep silent meanwhile
        if manner.habit is Habit.ACKNOWLEDGE:
            await self.acknowledge(message)
            words, delay = self._then.pop(plain_address(message.address), ("", 0.0))
            if words:
                await asyncio.sleep(delay)
                await self.reply(message, words)
        else:
            await self.reply(message, manner.words)

    async def _try(self, link: str) -> bool:
        for pause in TRIES:
            await asyncio.sleep(pause)
            if await self._press(link):
                return True
        return False

    async def _press(self, link: str) -> bool:
        for _ in range(HOPS):
            page = await self._courier.ask(link)
            if page.location is None:
                break
            link = urljoin(link, page.location)
        form = acknowledging(page.text) if page.status == 200 else None
        if form is None:
            return False
        answer = await self._courier.ask(urljoin(link, form.action), form.fields)
        return 200 <= answer.status < 400


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes and what it carries when its button is pressed."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    acknowledges: bool = False


def acknowledging(page: str) -> Form | None:
    """Find the form with the button `act=acknowledge`."""
    reader = _Forms()
    reader.feed(page)
    return next((form for form in reader.forms if form.acknowledges), None)


class _Forms(HTMLParser):
    """Collects forms, their hidden fields, and the one button that acknowledges."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.forms.append(self._open)
        elif self._open is not None and tag in {"input", "button"}:
            self._field(self._open, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    @staticmethod
    def _field(form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        kind = given.get("type", "submit" if tag == "button" else "text")
        if kind == "hidden" and name:
            form.fields[name] = value
        elif kind == "submit" and (name, value) == ("act", "acknowledge"):
            form.fields[name] = value
            form.acknowledges = True
