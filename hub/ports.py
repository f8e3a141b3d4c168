"""The doors between rooms: what a channel is given, what it answers, and the bell that wakes the engine."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

LINK_CODE = "__LINK_CODE_"  # in a rendered text, where each copy's own 12-character link code goes
HOURS = "hours"  # the button that asks for hours to choose from, in a chat alone: they come back as buttons


class ChannelName(StrEnum):
    """A way out."""

    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    CHAT = "chat"
    VOICE = "voice"
    LETTER = "letter"


class Proof(StrEnum):
    """What "accepted and nothing more heard" proves: that the handset has it, or only that a server took it."""

    HANDSET = "handset"
    ACCEPTED = "accepted"


class Lane(StrEnum):
    """Which queue a message waits in; urgent has its own drain and a reserved share of each sender's rate."""

    URGENT = "urgent"
    ROUTINE = "routine"


class NoticeKind(StrEnum):
    """What the school says."""

    ANNOUNCEMENT = "announcement"
    ABSENCE = "absence"
    MEETING = "meeting"
    URGENT = "urgent"
    CRISIS = "crisis"
    REMINDER = "reminder"
    HOMEWORK = "homework"
    DOCUMENT = "document"
    RESULT = "result"
    DIGEST = "digest"
    CODE = "code"


class Follows(StrEnum):
    """What a notice is to the one before it."""

    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    REMINDER = "reminder"
    UPDATE = "update"


class Word(StrEnum):
    """What a word to one family is in its conversation: the first one, or an answer to what the family wrote."""

    FIRST = "first"
    ANSWER = "answer"


class HalfDay(StrEnum):
    """Which part of a school day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class News:
    """How many new things of each sort a digest tells of; `to_sign` are among the documents.

    `children`: the same of each child by its number, the lowest first; a document for two of them counts with both.
    """

    homework: int = 0
    documents: int = 0
    to_sign: int = 0
    results: int = 0
    children: "tuple[tuple[int, News], ...]" = ()

    def of(self, pupils: Collection[int]) -> "News":
        """Keep what is told of these children alone: a link may have ended since it was counted."""
        kept = tuple((number, news) for number, news in self.children if number in pupils)
        if len(kept) == len(self.children):
            return self
        return News(
            homework=min(self.homework, sum(news.homework for _, news in kept)),
            documents=min(self.documents, sum(news.documents for _, news in kept)),
            to_sign=min(self.to_sign, sum(news.to_sign for _, news in kept)),
            results=min(self.results, sum(news.results for _, news in kept)),
            children=kept,
        )


@dataclass(frozen=True, slots=True)
class Slots:
    """What the author filled in; a kind uses those it knows.

    `text` and `subject` are the author's own words in `language`, and travel as written. `starts_at` is aware.
    `phrase` names a ready phrase (`i18n.phrases`), whose blanks are `day`, `half_day`, `starts_at`, `place`.
    `exercise`: a drill of a crisis. `follows`: what it is to the notice before. `plain`: an SMS spells the author's
    words without dear letters. `word`: said to one family, in a conversation. `signs`: a document wants a signature,
    by `day`. `news`: what a digest tells of. `code`: six digits that open the family's page. `question`: one answers
    yes or no. `by_family`: an answer of either parent is enough. `most`: how many one may announce. `places`: how many
    the room has. `hours`: appointments, with whom and where.
    """

    text: str | None = None
    subject: str | None = None
    phrase: str | None = None
    day: date | None = None
    half_day: HalfDay | None = None
    starts_at: datetime | None = None
    place: str | None = None
    language: str = "fr"
    exercise: bool = False
    follows: Follows | None = None
    plain: bool = False
    word: Word | None = None
    signs: bool = False
    news: News | None = None
    code: str | None = None
    question: bool = False
    by_family: bool = False
    most: int | None = None
    places: int | None = None
    hours: tuple[tuple[datetime, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SchoolCard:
    """What a family is told about who writes. `phone` as one reads it aloud (02 61 91 00 00)."""

    name: str
    short_name: str
    phone: str
    timezone: str = "Europe/Paris"


@dataclass(frozen=True, slots=True)
class Wording:
    """Everything that decides the words of one copy, but for its link code: equal wordings read alike.

    `pupils` are first names, of this guardian's pupils only; empty when no child may be named to this address.
    `link` is the public address with `LINK_CODE` in it, or None where there is no public page.
    `two_way`: the family can answer on this channel. `about`: the subject that its mail takes up again.
    """

    kind: NoticeKind
    slots: Slots
    school: SchoolCard
    author: str
    language: str
    pupils: tuple[str, ...] = ()
    link: str | None = None
    two_way: bool = False
    about: str | None = None


class Button(NamedTuple):
    """What a family can say with one tap, under a message in its pocket; `act` as the family's page knows it."""

    act: str
    label: str


@dataclass(frozen=True, slots=True)
class Body:
    """What a family reads, with `LINK_CODE` where the copy's own code goes; shared by all copies of one wording.

    `buttons`, `link` and `direction` are for channels that show them beside the text (push, chat).
    """

    text: str
    language: str
    subject: str | None = None
    html: str | None = None
    buttons: tuple[Button, ...] = ()
    link: str | None = None
    direction: str = "ltr"


@dataclass(frozen=True, slots=True)
class Account:
    """A sender as its channel needs it, secrets in clear: lives in memory only, and its repr shows none.

    `address` is what families see: a number, an alphanumeric name, a mailbox; `name` stands beside a mailbox. `key` is
    the sender's opaque public name, in callback addresses.
    """

    key: str
    channel: ChannelName
    provider: str
    address: str
    name: str = ""
    login: str = ""
    secret: str = ""
    dkim_key: str = ""

    def __repr__(self) -> str:
        return f"Account({self.key})"


class Outgoing(NamedTuple):
    """One try: hand this body to this address. `token` names the attempt in callbacks and return paths.

    `message_id` is the same for every attempt of a copy, so that a mail or a notification sent twice shows once.
    `urgent`: it waits for nobody, neither here nor at the provider. `valid_for` in seconds: the provider should drop it
    afterwards. `answers`: what it answers, by its channel's name for it (a Message-ID, the number of a chat message);
    `before`: the Message-IDs of the conversation up to there, the oldest first.
    """

    attempt_id: int
    token: str
    to: str
    body: Body
    link_code: str
    account: Account
    message_id: str = ""
    reply_token: str = ""
    valid_for: int | None = None
    urgent: bool = False
    answers: str = ""
    before: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Outgoing({self.attempt_id})"

    @property
    def text(self) -> str:
        """The words as this family reads them, its own link code in place."""
        return self.body.text.replace(LINK_CODE, self.link_code)


class Sent(NamedTuple):
    """The provider has it: its own id, what it counts (segments) and what it costs, in hundredths of a cent."""

    provider_id: str
    segments: int = 1
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel can carry, as data. `per_second`: the default rate of one sender, None: no limit."""

    text_max: int  # characters
    per_second: float | None
    connections: int  # open at once


class Channel(Protocol):
    """A way out. It translates, hands over and maps the answer; it knows nothing of the school."""

    name: ChannelName
    proof: Proof
    limits: Limits

    async def send(self, message: Outgoing) -> Sent:
        """Hand over once, within the settings' `send_deadline`, always: nobody else looks at the clock.

        Raises a child of ChannelError; never tries again by itself.
        """
        ...

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:
        """Ask the provider whether it took `message` after `since`; ids in `known` belong to others.

        None: the provider surely has no such message; so answers at once a channel whose repeats are harmless (same
        Message-ID, same tag). Raises TemporaryError when it cannot say.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Bell(Protocol):
    """Wakes the engine. A lost ring costs at most a second: every worker also looks into the table."""

    def ring(self, lane: Lane) -> None:
        """Say that something is due in this lane; called after the commit, never before."""
        ...

    def listen(self) -> AsyncIterator[Lane]:
        """Hear the rings."""
        ...
