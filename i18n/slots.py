"""Words as they are typed: cleaned of what cannot be read, and the checks of a school's own card."""

import re
import unicodedata
from zoneinfo import ZoneInfo

from hub.errors import InvalidError
from hub.ports import LINK_CODE, SchoolCard

LINE_MAX = 150
"""Characters of a subject or a place, each on one line."""
SHORT_NAME_MAX = 20
"""Characters of the school's name in an SMS; longer ones are cut, for an absence must fit in two segments."""

NAMES, NAMES_IN_FRENCH = "\ue000", "\ue001"
"""Stand in a laid-out message where the first names go; nobody can type them: `clean` takes them out."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ue000\ue001]")
BREAK = re.compile("\r\n?|\u2028|\u2029")


def N_(sentence: str) -> str:  # noqa: N802 (gettext's own name, which the extraction looks for)
    """Mark a sentence for the catalogues without translating it here."""
    return sentence


def clean(words: str) -> str:
    """Keep what can be read: no control characters, no hidden turns of direction, one way to end a line.

    Letters and accents typed apart are joined (NFC), which reads alike and keeps an SMS at 160. A text that spells the
    place of the link code loses it: only we put links into messages.
    """
    joined = unicodedata.normalize("NFC", BREAK.sub("\n", words))
    return _UNSEEN.sub("", joined).replace("\t", " ").replace(LINK_CODE, "LINK CODE").strip()


def clean_line(words: str) -> str:
    """Clean what must stand on one line: a name, a subject, a place."""
    return " ".join(clean(words).split())


def whole_number(typed: str, *, digits: int = 18) -> int | None:
    """Read a whole number, of figures alone; None for what is none, or is longer: no register holds 19 figures."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= digits else None


def check_school(school: SchoolCard) -> None:
    """Refuse a school that families could not recognise or call back. Raises InvalidError."""
    if not clean_line(school.name):
        raise InvalidError(N_("Il manque le nom de l'école."), field="name")
    if not 1 <= len(clean_line(school.short_name)) <= SHORT_NAME_MAX:
        raise InvalidError(N_("Il faut un nom court pour les SMS, 20 caractères au plus."), field="short_name")
    if not any(character.isdigit() for character in school.phone) or len(school.phone) > LINE_MAX:
        raise InvalidError(N_("Il manque le numéro où les familles appellent l'école."), field="phone")
    check_timezone(school.timezone)


def check_timezone(name: str) -> None:
    """Refuse a time zone that no clock knows. Raises InvalidError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        sentence = N_("Ce fuseau horaire n'existe pas : donnez-en un comme Europe/Paris.")
        raise InvalidError(sentence, field="timezone") from error
