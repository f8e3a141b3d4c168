"""How the post counter names ways, languages, money, and why somebody must be called."""

from collections.abc import Mapping

from babel import Locale, UnknownLocaleError

from hub.notices.left import Left
from hub.people.phones import masked
from hub.ports import ChannelName

_WAYS: Mapping[ChannelName | None, str] = {
    ChannelName.SMS: "SMS",
    ChannelName.EMAIL: "e-mail",
    ChannelName.PUSH: "notification",
    ChannelName.CHAT: "Telegram",
    ChannelName.VOICE: "appel automatique",
    ChannelName.LETTER: "lettre",
    None: "aucune voie",
}


def way_name(channel: ChannelName | None) -> str:
    """Name a way out."""
    return _WAYS[channel]


def language_name(code: str) -> str:
    """Name a language in French; its code where there is no name."""
    try:
        return Locale.parse(code, sep="-").get_language_name("fr") or code
    except (UnknownLocaleError, ValueError):
        return code


def euros(cost: int) -> str:
    """Write hundredths of a cent as a person reads money."""
    return f"{cost / 10_000:.2f} €".replace(".", ",")


def left_in_words(one: Left) -> str:
    """Say who must be called, about whom, why, at which (masked) numbers, and who has taken the call."""
    children = ", ".join(child.first_name for child in one.children)
    numbers = ", ".join(masked(number.e164) for number in one.numbers)
    owner = f"pris par {one.owner}" if one.owner else "personne ne l'a pris"
    parts = (f"{one.name} ({children}), en {language_name(one.language)}", one.why.sentence.rstrip("."), numbers, owner)
    return " ; ".join(part for part in parts if part)
