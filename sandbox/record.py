"""The box's own book of what reached each phone and mailbox; tests believe it, and never the hub's tables."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hub.ports import ChannelName
from sandbox.behaviour import plain_address


class Status(StrEnum):
    """What became of a message that was taken."""

    SENT = "sent"
    """Taken, and waiting for a phone that is off."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    """Its time was over before the phone was switched on."""
    REPLACED = "replaced"
    """A newer one of the same topic came before the browser was there."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What of a mail's headers and envelope matters to the one who answers it."""

    message_id: str = ""
    reply_to: str = ""
    return_path: str = ""
    unsubscribe: str = ""
    """The web address of List-Unsubscribe, or nothing."""
    one_click: bool = False
    every: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """All headers by lower-case name; of a repeated one, the last."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message that was taken; `provider_id` is a text's SID or a mail's queue id. `at` is aware."""

    address: str
    channel: ChannelName
    provider_id: str
    from_: str
    text: str
    at: datetime
    status: Status = Status.DELIVERED
    html: str | None = None
    subject: str | None = None
    language: str | None = None
    headers: Headers = Headers()
    error_code: int | None = None
    segments: int = 1
    account: str = ""
    service: str | None = None
    callback: str | None = None
    valid_until: datetime | None = None
    link: str | None = None
    """What a tap on it opens, when that is not in the text."""
    buttons: tuple[tuple[str, str], ...] = ()
    """What one may press below it: what that says to the hub, and the words on it."""


@dataclass(frozen=True, slots=True)
class Post:
    """One knock at the box's door. `answer` is an HTTP status or SMTP code, 0 when the line was cut."""

    channel: ChannelName
    to: str
    from_: str
    body: str
    answer: int
    code: int | None
    provider_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """One knock of the box at the hub's door; `answer` is an HTTP status, 0 when nobody opened."""

    url: str
    fields: Mapping[str, str] = field(repr=False)
    answer: int = 0


@dataclass(frozen=True, slots=True)
class Texted:
    """A text from a family to a number of the hub, as the provider keeps it in its list."""

    sid: str
    account: str
    from_: str
    to: str
    body: str
    at: datetime
    service: str | None = None
    media: int = 0


@dataclass(frozen=True, slots=True)
class Rang:
    """A call from a family to a number of the hub, that nobody picked up, as the provider keeps it in its list."""

    sid: str
    account: str
    from_: str
    to: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Called:
    """A call from the hub to a telephone. `heard`: what was said on it, whoever picked up."""

    sid: str
    account: str
    from_: str
    to: str
    at: datetime
    status: str = "queued"
    heard: tuple[str, ...] = ()


class Act(StrEnum):
    """What a family did."""

    REPLY = "reply"
    ACKNOWLEDGE = "acknowledge"
    UNSUBSCRIBE = "unsubscribe"
    RING = "ring"


@dataclass(frozen=True, slots=True)
class Said:
    """What a family did, and whether the hub took it. `about` is the provider id of the message that it answers.

    `back`: what the hub said to a text at once, in its answer to the provider.
    """

    address: str
    act: Act
    words: str
    taken: bool
    at: datetime
    about: str = ""
    back: str = ""


@dataclass(slots=True)
class Record:
    """Everything that happened in the box, oldest first.

    `messages` holds all that was taken, `arrived` what reached its reader. `until` waits for what is still under way.
    """

    messages: list[Arrived] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    texts: list[Texted] = field(default_factory=list)
    rings: list[Rang] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    lists: list[Mapping[str, str]] = field(default_factory=list)
    """How often, and for what, the provider's list was asked."""
    _at: dict[str, list[int]] = field(default_factory=dict)
    _by_id: dict[str, int] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, message: Arrived) -> None:
        """Enter a message that was taken."""
        self._at.setdefault(plain_address(message.address), []).append(len(self.messages))
        self._by_id[message.provider_id] = len(self.messages)
        self.messages.append(message)
        self._stir()

    def change(self, provider_id: str, status: Status) -> Arrived:
        """Enter what became of it."""
        place = self._by_id[provider_id]
        self.messages[place] = replace(self.messages[place], status=status)
        self._stir()
        return self.messages[place]

    def rewrite(self, provider_id: str, *, text: str, buttons: tuple[tuple[str, str], ...]) -> None:
        """Enter that its sender changed what stands there."""
        place = self._by_id[provider_id]
        self.messages[place] = replace(self.messages[place], text=text, buttons=buttons)
        self._stir()

    def note(self, entry: Post | Callback | Said | Texted | Rang) -> None:
        """Enter a knock or an answer."""
        match entry:
            case Post():
                self.posts.append(entry)
            case Callback():
                self.callbacks.append(entry)
            case Said():
                self.said.append(entry)
            case Texted():
                self.texts.append(entry)
            case Rang():
                self.rings.append(entry)
        self._stir()

    def call(self, sid: str) -> Called:
        """One call by the provider's id."""
        return next(call for call in self.calls if call.sid == sid)

    def hear(self, sid: str, words: Sequence[str]) -> None:
        """Enter what is said on a call."""
        self._change_call(sid, heard=(*self.call(sid).heard, *words))

    def end_call(self, sid: str, status: str) -> None:
        """Enter how a call ended."""
        self._change_call(sid, status=status)

    def _change_call(self, sid: str, **changes: Any) -> None:  # noqa: ANN401 (fields of `Called`)
        self.calls = [replace(call, **changes) if call.sid == sid else call for call in self.calls]
        self._stir()

    def taken(self, address: str) -> list[Arrived]:
        """All that was taken for one phone or mailbox, whatever became of it."""
        return [self.messages[place] for place in self._at.get(plain_address(address), ())]

    def arrived(self, address: str) -> list[Arrived]:
        """List what its owner could read."""
        return [message for message in self.taken(address) if message.status is Status.DELIVERED]

    def find(self, provider_id: str) -> Arrived | None:
        """One message by the provider's id."""
        place = self._by_id.get(provider_id)
        return None if place is None else self.messages[place]

    def addresses(self) -> list[str]:
        """Every phone and mailbox that was written to."""
        return list(self._at)

    def counts(self) -> Counter[tuple[ChannelName, Status]]:
        """How many messages stand where."""
        return Counter((message.channel, message.status) for message in self.messages)

    def repeats(self) -> dict[tuple[str, str], int]:
        """Messages that reached one reader more than once: (address, text) → how often.

        A mail that came twice with the same Message-ID shows once and is none.
        """
        shown = {
            (message.address, message.text, message.headers.message_id or message.provider_id)
            for message in self.messages
            if message.status is Status.DELIVERED
        }
        often = Counter((address, text) for address, text, _ in shown)
        return {key: count for key, count in often.items() if count > 1}

    async def until(self, so: Callable[["Record"], bool], *, seconds: float = 5.0) -> None:
        """Wait until the record is so. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not so(self):
                await self._changed.wait()

    def clear(self) -> None:
        """Begin a fresh book."""
        for page in (
            self.messages,
            self.posts,
            self.callbacks,
            self.said,
            self.texts,
            self.rings,
            self.calls,
            self.lists,
            self._at,
            self._by_id,
        ):
            page.clear()
        self._stir()

    def _stir(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def now() -> datetime:
    """Tell the time in the box."""
    return datetime.now(UTC)
