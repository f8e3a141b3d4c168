"""How many SMS a text takes, and which marks make it dear: the figure shown before a notice leaves."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"

_ONLY_BASIC = re.compile(f"[{re.escape(_BASIC)}]*")
_ONLY_GSM = re.compile(f"[{re.escape(_BASIC + _EXTENDED)}]*")
_DEAR = re.compile(f"[^{re.escape(_BASIC + _EXTENDED)}]")
_DOUBLE = re.compile(f"[{re.escape(_EXTENDED)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text takes on the air: `units` are septets (GSM-7) or 16-bit units (UCS-2), `segments` is what is paid."""

    encoding: Encoding
    units: int
    segments: int


def count(text: str) -> Segments:
    """Count as the networks do: 160 septets or 70 units alone, 153 or 67 each when joined.

    An escaped sign (€ [ ] ^ …) and a surrogate pair never span two segments. An empty SMS is still one.
    Source: 3GPP TS 23.038 §6.2.1 and TS 23.040 §9.2.3.24. Where several code points make one sign (joined emoji,
    flags, stacked accents) Twilio moves the whole sign to the next segment and may count one more than we do.
    """
    if _ONLY_BASIC.fullmatch(text):
        return _even("GSM-7", len(text), alone=160, joined=153)
    if _ONLY_GSM.fullmatch(text):
        return _uneven("GSM-7", text, _DOUBLE, alone=160, joined=153)
    if _ASTRAL.search(text):
        return _uneven("UCS-2", text, _ASTRAL, alone=70, joined=67)
    return _even("UCS-2", len(text), alone=70, joined=67)


def dear_characters(text: str) -> tuple[str, ...]:
    """Name the characters, each once and in reading order, that turn 160 to a segment into 70."""
    return tuple(dict.fromkeys(_DEAR.findall(text)))


def plain_spelling(text: str) -> str:
    """Spell a text with the letters of GSM-7 alone where its readers still read it: « fête » as « fete ».

    A sign without a plain sister (an emoji, a letter of another script) stays, and the text as dear as it was.
    """
    return _DEAR.sub(_plain, text)


_SISTERS = dict.fromkeys("’‘", "'") | dict.fromkeys("“”«»", '"') | dict.fromkeys("–—", "-") | {"…": "..."}
_SISTERS |= {"œ": "oe", "Œ": "OE"}
_SPACES = frozenset("\u00a0\u202f\u2009\u200a\t")


def _plain(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in _SPACES:
        return " "
    sister = _SISTERS.get(sign) or unicodedata.normalize("NFD", sign)[0]
    return sister if _ONLY_GSM.fullmatch(sister) else sign


def _even(encoding: Encoding, units: int, *, alone: int, joined: int) -> Segments:
    return Segments(encoding, units, 1 if units <= alone else -(-units // joined))


def _uneven(encoding: Encoding, text: str, double: re.Pattern[str], *, alone: int, joined: int) -> Segments:
    """Count a text where some characters take two units, which must stay together."""
    units = len(text) + len(double.findall(text))
    if units <= alone:
        return Segments(encoding, units, 1)
    segments, room = 1, joined
    for width in (2 if double.match(character) else 1 for character in text):
        if width > room:
            segments, room = segments + 1, joined
        room -= width
    return Segments(encoding, units, segments)
