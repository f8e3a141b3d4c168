"""People's names: which can be taken from a file, when two spellings are the same, and how an adult is called."""

import re
import unicodedata

from hub.errors import InvalidError

NAME_MAX = 80
"""Characters of one name; what is longer is a column that slipped, not a person."""

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_SLIPPED = re.compile(r"@|(?:\d\D*){4}")
"""The sign of a mailbox, or four digits and more: no name of a person has them."""
_BETWEEN = re.compile(r"[\W_]+")
"""What is neither a letter nor a digit."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufffd")
"""Marks that turn the writing direction, line separators, and what stands for an unreadable byte."""


def name_key(text: str) -> str:
    """Give what two spellings of one name share: Œ, é, capitals, hyphens, apostrophes and spaces do not matter."""
    return " ".join(_BETWEEN.sub(" ", text.lower() if text.isascii() else _bare(text)).split())


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    return "".join(c for c in folded if not unicodedata.combining(c))


def full_name(first_name: str, usage_name: str, family_name: str) -> str:
    """Write an adult's name as one says it; a name of use goes before the family name, a service has no first name."""
    return " ".join(part for part in (first_name, usage_name or family_name) if part)


def read_words(raw: str, *, what: str) -> str:
    """Read one short text of a file; `what` names it in the sentence.

    Raises InvalidError for line breaks and hidden characters (they would break a letter's head or turn a line
    around) and beyond NAME_MAX. A formula (=cmd) is text like any other: nothing here is ever computed.
    """
    text = raw.strip(" \t\u00a0")
    if any(unicodedata.category(c) in {"Cc", "Cs"} or c in _TURNING for c in text):
        raise InvalidError(f"Il y a un retour à la ligne ou un caractère illisible dans {what}.")
    if len(text) > NAME_MAX:
        raise InvalidError(f"Plus de {NAME_MAX} caractères dans {what}.")
    return " ".join(unicodedata.normalize("NFC", text).split())


def read_name(raw: str, *, what: str) -> str:
    """Read one name, or "" when none is given; also refuses what shows that the columns slipped."""
    name = read_words(raw, what=what)
    if _SLIPPED.search(name):
        raise InvalidError(f"Il y a un numéro ou un courriel dans {what} : les colonnes ont glissé.")
    if name and not name_key(name):
        raise InvalidError(f"Il n'y a aucune lettre dans {what}.")
    return name
