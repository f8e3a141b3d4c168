"""How staff read what happened: the name of a notice, of a way out, and why no message arrived."""

from collections.abc import Mapping

from hub.models.notices import ErrorKind
from hub.models.people import LastRung, Means
from hub.notices.headlines import TITLE_MAX, Headline
from hub.notices.left import Left
from hub.ports import ChannelName, HalfDay, NoticeKind
from web.pages import date_words, day, hour

WAYS: Mapping[ChannelName | None, tuple[str, str]] = {
    ChannelName.SMS: ("sms", "SMS"),
    ChannelName.EMAIL: ("mail", "E-mail"),
    ChannelName.PUSH: ("push", "Notification"),
    ChannelName.CHAT: ("chat", "Telegram"),
    ChannelName.VOICE: ("voice", "Appel automatique"),
    ChannelName.LETTER: ("letter", "Lettre"),
    None: ("voice", "Aucune voie"),
}
"""Each way out: its icon, which is also its class, and its name."""

KINDS: Mapping[NoticeKind, str] = {
    NoticeKind.ANNOUNCEMENT: "une annonce",
    NoticeKind.URGENT: "urgent",
    NoticeKind.MEETING: "une réunion",
    NoticeKind.ABSENCE: "une absence",
}
"""What can be written here, in the words of the form."""

HALVES: Mapping[HalfDay, str] = {
    HalfDay.MORNING: "le matin",
    HalfDay.AFTERNOON: "l’après-midi",
    HalfDay.DAY: "toute la journée",
}

_WHY: Mapping[tuple[ChannelName, ErrorKind], str] = {
    (ChannelName.SMS, ErrorKind.DEAD_ADDRESS): "Numéro hors service",
    (ChannelName.SMS, ErrorKind.STOPPED): "A arrêté les SMS",
    (ChannelName.SMS, ErrorKind.TEMPORARY): "Éteint ou hors réseau",
    (ChannelName.EMAIL, ErrorKind.DEAD_ADDRESS): "Boîte inconnue",
    (ChannelName.EMAIL, ErrorKind.TEMPORARY): "Boîte pleine ou injoignable",
    (ChannelName.EMAIL, ErrorKind.STOPPED): "A arrêté les e-mails",
}


def title(notice: Headline, timezone: str) -> str:
    """Name a notice: its own first words, else what it is about."""
    if notice.title:
        return _whole_words(notice.title)
    slots = notice.slots
    if notice.kind is NoticeKind.MEETING and slots.starts_at is not None:
        return f"Réunion du {day(slots.starts_at, timezone)} à {hour(slots.starts_at, timezone)}"
    if notice.kind is NoticeKind.ABSENCE and slots.day is not None:
        return f"Absence du {date_words(slots.day)}"
    return "Avis sans titre"


def _whole_words(words: str) -> str:
    """End a title that was cut (TITLE_MAX) between two words, for it stands large on the board."""
    if len(words) < TITLE_MAX - 1 or not words.endswith("…") or " " not in words:
        return words
    return f"{words.rpartition(' ')[0].rstrip(',;:')}…"


def why(one: Left, timezone: str) -> str:
    """Say in one sentence why this adult must be called."""
    if one.alarm:
        return "Répond que l’enfant devrait être à l’école."
    if one.failure is not None:
        said = _WHY.get((one.failure.channel, one.failure.kind), f"{WAYS[one.failure.channel][1]} non remis")
        return f"{said} à {hour(one.failure.at, timezone)}." if one.failure.at else f"{said}."
    if one.means is Means.CALL_FIRST:
        return "Ne souhaite que des appels."
    if one.last_rung is LastRung.WRITE_ONLY:
        return "Ne veut pas d’appel : un mot écrit."
    return "Aucune voie n’a répondu, ou aucune n’est au dossier."


def way_of(one: Left) -> str:
    """Give the icon of the way that failed last."""
    return WAYS[one.failure.channel if one.failure else None][0]
