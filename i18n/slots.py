"""What an author must have filled in before a notice of each kind may leave."""

import re
import unicodedata
from collections.abc import Callable
from zoneinfo import ZoneInfo

from hub.errors import InvalidError
from hub.ports import LINK_CODE, NoticeKind, SchoolCard, Slots

TEXT_MAX = 4_000
"""Characters of the author's own words."""
LINE_MAX = 150
"""Characters of a subject or a place, each on one line."""
SHORT_NAME_MAX = 20
"""Characters of the school's name in an SMS; longer ones are cut, for an absence must fit in two segments."""

NAMES, NAMES_IN_FRENCH = "\ue000", "\ue001"
"""Stand in a laid-out message where the first names go; nobody can type them: `clean` takes them out."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ue000\ue001]")
_BREAK = re.compile("\r\n?|\u2028|\u2029")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


def N_(sentence: str) -> str:  # noqa: N802 (gettext's own name, which the extraction looks for)
    """Mark a sentence for the catalogues without translating it here."""
    return sentence


def clean(words: str) -> str:
    """Keep what can be read: no control characters, no hidden turns of direction, one way to end a line.

    Letters and accents typed apart are joined (NFC), which reads alike and keeps an SMS at 160. A text that spells the
    place of the link code loses it: only we put links into messages.
    """
    joined = unicodedata.normalize("NFC", _BREAK.sub("\n", words))
    return _UNSEEN.sub("", joined).replace("\t", " ").replace(LINK_CODE, "LINK CODE").strip()


def clean_line(words: str) -> str:
    """Clean what must stand on one line: a name, a subject, a place."""
    return " ".join(clean(words).split())


def check_slots(kind: NoticeKind, slots: Slots) -> None:
    """Refuse, before anything is written, a notice that could not be said.

    Raises InvalidError with one sentence for the author; `field` names the slot.
    """
    needs = _NEEDS.get(kind)
    if needs is None:
        raise InvalidError(N_("Ce genre de message n'est pas encore possible."), field="kind")
    if len(slots.text or "") > TEXT_MAX:
        raise InvalidError(N_("Le texte est trop long : 4 000 caractères au plus."), field="text")
    _check_line(slots.subject, "subject", N_("L'objet tient sur une ligne, 150 caractères au plus."))
    _check_line(slots.place, "place", N_("Le lieu tient sur une ligne, 150 caractères au plus."))
    if not _LANGUAGE.fullmatch(slots.language):
        raise InvalidError(N_("La langue du texte n'est pas connue."), field="language")
    needs(slots)


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


def _check_line(words: str | None, field: str, sentence: str) -> None:
    """A line break in a subject or a place could forge a header of the mail."""
    if words is not None and (len(words) > LINE_MAX or "\n" in _BREAK.sub("\n", words)):
        raise InvalidError(sentence, field=field)


def _needs_text(slots: Slots) -> None:
    if not clean(slots.text or ""):
        raise InvalidError(N_("Il manque le texte du message."), field="text")


def _needs_half_day(slots: Slots) -> None:
    if slots.day is None:
        raise InvalidError(N_("Il manque le jour de l'absence."), field="day")
    if slots.half_day is None:
        raise InvalidError(N_("Il manque la demi-journée de l'absence."), field="half_day")


def _needs_moment(slots: Slots) -> None:
    if slots.starts_at is None:
        raise InvalidError(N_("Il manque le jour et l'heure de la réunion."), field="starts_at")
    if slots.starts_at.tzinfo is None:
        raise InvalidError(N_("L'heure de la réunion n'a pas de fuseau horaire."), field="starts_at")


_NEEDS: dict[NoticeKind, Callable[[Slots], None]] = {
    NoticeKind.ANNOUNCEMENT: _needs_text,
    NoticeKind.URGENT: _needs_text,
    NoticeKind.ABSENCE: _needs_half_day,
    NoticeKind.MEETING: _needs_moment,
}
