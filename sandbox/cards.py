"""What the wall shows of each phone and mailbox: who, what was said, and what one may press."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from hub.ports import ChannelName
from sandbox.behaviour import Behaviour, Behaviours, plain_address
from sandbox.config import Label, SandboxConfig
from sandbox.habits import LINK, Families, Habit, link_of
from sandbox.phones import Phones
from sandbox.record import Act, Arrived, Post, Record, Said, Status

MOST = 60
"""Devices on one page: 412 would be heavy on a phone."""
TURNS = 5
"""Of each talk, the last ones."""
PARIS = ZoneInfo("Europe/Paris")
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One turn of a talk. `pieces`: words and links in order, each with whether it is a link."""

    pieces: tuple[tuple[str, bool], ...]
    lang: str
    dir: str
    mine: bool = False
    subject: str | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One phone or mailbox."""

    address: str
    anchor: str
    shown: str
    name: str
    language: str
    lang: str
    dir: str
    is_box: bool
    is_push: bool
    is_chat: bool
    at: str
    off: bool
    dead: bool
    bubbles: tuple[Bubble, ...]
    remark: str
    replies: bool
    why_not: str
    links: bool
    unsubscribes: bool
    buttons: tuple[tuple[str, str], ...]
    habit: str


@dataclass(frozen=True, slots=True)
class Wall:
    """The page: its cards, and the counts of all."""

    cards: tuple[Card, ...]
    found: int
    devices: int
    arrived: int
    waiting: int
    lost: int
    answers: int


class Painter:
    """Turns the box's record into a wall."""

    def __init__(
        self,
        config: SandboxConfig,
        record: Record,
        behaviours: Behaviours,
        families: Families,
        phones: Phones,
        directory: dict[str, Label],
    ) -> None:
        self._config = config
        self._record = record
        self._behaviours = behaviours
        self._families = families
        self._phones = phones
        self._directory = directory

    def wall(self, search: str = "") -> Wall:
        """Show the newest devices that fit the search, all counts beside."""
        refused = {plain_address(post.to): post for post in self._record.posts if post.answer >= 400 and post.to}
        said: defaultdict[str, list[Said]] = defaultdict(list)
        for act in self._record.said:
            said[plain_address(act.address)].append(act)
        every = {plain_address(address): address for address in (*self._directory, *self._record.addresses())}
        every |= {key: post.to for key, post in refused.items() if key not in every}
        found = [key for key, address in every.items() if self._fits(address, search)]
        found.sort(key=lambda key: max(self._last(key, refused.get(key)), _wrote_at(said[key])), reverse=True)
        counts = self._record.counts()
        stands = {status: sum(n for (_, at), n in counts.items() if at is status) for status in Status}
        return Wall(
            cards=tuple(self._card(every[key], said[key], refused.get(key)) for key in found[:MOST]),
            found=len(found),
            devices=len(every),
            arrived=stands[Status.DELIVERED],
            waiting=stands[Status.SENT],
            lost=stands[Status.UNDELIVERED] + stands[Status.BOUNCED] + stands[Status.EXPIRED],
            answers=len(self._record.said),
        )

    def _fits(self, address: str, search: str) -> bool:
        wanted = search.strip().lower()
        label = self._directory.get(address)
        written = (address.lower(), national(address), label.name.lower() if label else "")
        return any(wanted in words or wanted.replace(" ", "") in words.replace(" ", "") for words in written)

    def _last(self, address: str, refused: Post | None) -> datetime:
        taken = self._record.taken(address)
        return max(taken[-1].at if taken else NEVER, refused.at if refused else NEVER)

    def _card(self, address: str, said: list[Said], refused: Post | None) -> Card:
        taken = self._record.taken(address)
        readable = [message for message in taken if message.status is Status.DELIVERED]
        last = readable[-1] if readable else None
        label = self._directory.get(address, Label("", ""))
        behaviour = self._behaviours.of(address)
        at = self._last(address, refused)
        lang, direction = tongue("", None, label)
        return Card(
            address=address,
            anchor="d-" + re.sub(r"\W", "-", address)[-60:],
            shown=_A_BROWSER if is_push(address) else national(address),
            name=label.name,
            language=_language_name(label.language),
            lang=lang,
            dir=direction,
            is_box="@" in address,
            is_push=is_push(address),
            is_chat=is_chat(address),
            at="" if at == NEVER else clock(at),
            off=behaviour.off,
            dead=_is_dead(behaviour),
            bubbles=_talk(readable, said, label),
            remark=_remark(taken, refused),
            replies=last is not None and self._why_not(last) == "",
            why_not="" if last is None else self._why_not(last),
            links=any(link_of(message) for message in readable),
            unsubscribes=last is not None and last.headers.one_click,
            buttons=() if last is None else last.buttons,
            habit=_habit_words(self._families, address),
        )

    def _why_not(self, message: Arrived) -> str:
        """Why one cannot answer this message; nothing when one can."""
        if message.channel is ChannelName.EMAIL:
            return "" if self._config.mail_back else "L’école n’écoute pas le courrier ici : pas de réponse par e-mail."
        if message.channel is ChannelName.PUSH:
            return "On répond à une notification par ses boutons, ou en l’ouvrant."
        if message.channel is ChannelName.CHAT:
            return ""
        if not message.from_.startswith("+"):
            return f"On ne répond pas à « {message.from_} » : c’est un nom, pas un numéro."
        return "" if self._phones.can_answer(message) else "L’école n’écoute pas les SMS ici : pas de réponse."


_A_BROWSER = "un navigateur"


def is_push(address: str) -> bool:
    """Whether an address is a browser's subscription, which nobody could read."""
    return address.startswith("{")


def is_chat(address: str) -> bool:
    """Whether an address is a chat's number: a telephone's begins with a plus."""
    return address.isdigit()


def national(address: str) -> str:
    """Write a French number as one reads it aloud; anything else as it is."""
    if not re.fullmatch(r"\+33\d{9}", address):
        return address
    digits = "0" + address[3:]
    return " ".join(digits[place : place + 2] for place in range(0, 10, 2))


def clock(at: datetime) -> str:
    """Write the time of day in Paris as one does in French."""
    local = at.astimezone(PARIS)
    return f"{local.hour} h {local.minute:02}"


def tongue(text: str, language: str | None, label: Label) -> tuple[str, str]:
    """Language and direction of a text: as it says, else as its reader's if its letters agree, else French."""
    first = next((kind for kind in map(bidirectional, text) if kind in {"L", "R", "AL"}), None)
    lang = language or label.language or ("ar" if first in {"R", "AL"} else "fr")
    told = _direction(lang)
    seen = told if first is None else ("ltr" if first == "L" else "rtl")
    if seen == told or language:
        return lang, told if first is None else seen
    return ("fr" if seen == "ltr" else "ar"), seen


def pieces(text: str) -> tuple[tuple[str, bool], ...]:
    """Cut a text into words and links."""
    cut: list[tuple[str, bool]] = []
    place = 0
    for link in LINK.finditer(text):
        cut += [(text[place : link.start()], False), (link.group(), True)]
        place = link.end()
    return tuple((words, is_link) for words, is_link in [*cut, (text[place:], False)] if words)


def _wrote_at(said: list[Said]) -> datetime:
    return max((one.at for one in said if one.act is Act.REPLY), default=NEVER)


def _talk(messages: list[Arrived], said: list[Said], label: Label) -> tuple[Bubble, ...]:
    turns: list[tuple[datetime, Bubble]] = []
    for message in messages[-TURNS:]:
        lang, direction = tongue(message.text, message.language, label)
        turns.append((message.at, Bubble(pieces(message.text), lang, direction, subject=message.subject)))
    for act in said[-TURNS:]:
        words = act.words if act.act is Act.REPLY else _DONE[act.act]
        lang, direction = tongue(words, None if act.act is Act.REPLY else "fr", label)
        remark = "" if act.taken else "L’école ne l’a pas pris."
        turns.append((act.at, Bubble(((words, False),), lang, direction, mine=True, remark=remark)))
        if act.back:
            turns.append((act.at, Bubble(pieces(act.back), *tongue(act.back, None, label))))
    return tuple(bubble for _, bubble in sorted(turns, key=lambda turn: turn[0])[-TURNS:])


_DONE = {
    Act.ACKNOWLEDGE: "a ouvert le lien et confirmé",
    Act.UNSUBSCRIBE: "s’est désabonné",
    Act.RING: "a appelé et raccroché",
}


def _remark(taken: list[Arrived], refused: Post | None) -> str:
    """Say what became of the last message when it did not arrive."""
    last = taken[-1] if taken else None
    if refused is not None and (last is None or refused.at > last.at):
        return f"{clock(refused.at)} refusé ({refused.code or refused.answer})."
    if last is None:
        return ""
    match last.status:
        case Status.SENT:
            return f"{clock(last.at)} accepté, pas encore arrivé."
        case Status.EXPIRED:
            return f"{clock(last.at)} accepté, périmé avant d’arriver."
        case Status.UNDELIVERED | Status.BOUNCED:
            return f"{clock(last.at)} accepté, puis rendu ({last.error_code or 'retour'})."
        case _:
            return ""


def _is_dead(behaviour: Behaviour) -> bool:
    return any(code is not None for code in (behaviour.refuse, behaviour.undelivered, behaviour.rcpt, behaviour.bounce))


def _habit_words(families: Families, address: str) -> str:
    manner = families.manner(address)
    after = f"au bout de {manner.delay:g} s" if manner.delay else "aussitôt"
    match manner.habit:
        case Habit.ACKNOWLEDGE:
            by = "le bouton" if is_chat(address) or is_push(address) else "le lien"
            return f"Confirme par {by} {after}."
        case Habit.DIGIT:
            return f"Répond « {manner.words} » {after}."
        case _:
            return ""


def _language_name(language: str) -> str:
    try:
        return (Locale.parse(language, sep="-").get_language_name("fr") or language) if language else ""
    except (UnknownLocaleError, ValueError):
        return language


def _direction(language: str) -> str:
    try:
        return "rtl" if Locale.parse(language, sep="-").text_direction == "rtl" else "ltr"
    except (UnknownLocaleError, ValueError):
        return "ltr"
