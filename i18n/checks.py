"""What an author must have filled in before a notice of each kind may leave."""

import re
from collections.abc import Callable

from hub.errors import InvalidError
from hub.ports import NoticeKind, Slots
from i18n.phrases import check_phrase
from i18n.slots import BREAK, LINE_MAX, N_, clean, clean_line

TEXT_MAX = 4_000
"""Characters of the author's own words."""
MOST, PLACES = 99, 9_999
"""The largest number that one may announce, and the largest room."""
_CODE = re.compile(r"[0-9]{6}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


def check_slots(kind: NoticeKind, slots: Slots) -> None:
    """Refuse, before anything is written, a notice that could not be said.

    Raises InvalidError with one sentence for the author; `field` names the slot.
    """
    if len(slots.text or "") > TEXT_MAX:
        raise InvalidError(N_("Le texte est trop long : 4 000 caractères au plus."), field="text")
    _check_line(slots.subject, "subject", N_("L'objet tient sur une ligne, 150 caractères au plus."))
    _check_line(slots.place, "place", N_("Le lieu tient sur une ligne, 150 caractères au plus."))
    if not _LANGUAGE.fullmatch(slots.language):
        raise InvalidError(N_("La langue du texte n'est pas connue."), field="language")
    _NEEDS[kind](slots)
    if slots.phrase:
        check_phrase(kind, slots)
    if slots.question and kind not in _QUESTIONS:
        raise InvalidError(N_("Une question se pose dans une annonce ou un message urgent."), field="question")
    if slots.question:
        _needs_text(slots)
    if slots.by_family and not (slots.question or kind is NoticeKind.MEETING):
        raise InvalidError(N_("Ce message ne demande pas de réponse."), field="question")
    if slots.exercise and kind is not NoticeKind.CRISIS:
        raise InvalidError(N_("Un exercice se fait avec les phrases d'alerte."), field="exercise")


def _check_line(words: str | None, field: str, sentence: str) -> None:
    """A line break in a subject or a place could forge a header of the mail."""
    if words is not None and (len(words) > LINE_MAX or "\n" in BREAK.sub("\n", words)):
        raise InvalidError(sentence, field=field)


def _needs_text(slots: Slots) -> None:
    if not clean(slots.text or ""):
        raise InvalidError(N_("Il manque le texte du message."), field="text")


def _needs_text_or_phrase(slots: Slots) -> None:
    if not slots.phrase:
        _needs_text(slots)


def _needs_phrase_alone(slots: Slots) -> None:
    """In a crisis nobody composes: free words would be late, and in one language."""
    if not slots.phrase:
        raise InvalidError(N_("Choisissez une phrase prête."), field="phrase")
    if clean(slots.text or "") or clean(slots.subject or ""):
        raise InvalidError(N_("Cette phrase part seule, sans texte ajouté."), field="text")


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
    if slots.most is not None and not 1 <= slots.most <= MOST:
        raise InvalidError(N_("Une famille annonce de 1 à 99 personnes."), field="most")
    if slots.places is not None and not 1 <= slots.places <= PLACES:
        raise InvalidError(N_("Une salle compte de 1 à 9 999 places."), field="places")


def _needs_homework(slots: Slots) -> None:
    if not clean_line(slots.subject or ""):
        raise InvalidError(N_("Il manque la matière du devoir."), field="subject")
    if slots.day is None:
        raise InvalidError(N_("Il manque le jour pour lequel le devoir est à faire."), field="day")


def _needs_title(slots: Slots) -> None:
    if not clean_line(slots.subject or ""):
        raise InvalidError(N_("Il manque le titre."), field="subject")


def _needs_news(slots: Slots) -> None:
    news = slots.news
    if news is None or not (news.homework or news.documents or news.results):
        raise InvalidError(N_("Il n'y a rien de nouveau à dire."), field="news")


def _needs_code(slots: Slots) -> None:
    if not _CODE.fullmatch(slots.code or ""):
        raise InvalidError(N_("Il manque les six chiffres du code."), field="code")


_QUESTIONS = frozenset({NoticeKind.ANNOUNCEMENT, NoticeKind.URGENT})
_NEEDS: dict[NoticeKind, Callable[[Slots], None]] = {
    NoticeKind.ANNOUNCEMENT: _needs_text_or_phrase,
    NoticeKind.URGENT: _needs_text_or_phrase,
    NoticeKind.CRISIS: _needs_phrase_alone,
    NoticeKind.REMINDER: _needs_phrase_alone,
    NoticeKind.ABSENCE: _needs_half_day,
    NoticeKind.MEETING: _needs_moment,
    NoticeKind.HOMEWORK: _needs_homework,
    NoticeKind.DOCUMENT: _needs_title,
    NoticeKind.RESULT: _needs_title,
    NoticeKind.DIGEST: _needs_news,
    NoticeKind.CODE: _needs_code,
}
