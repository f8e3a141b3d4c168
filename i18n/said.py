"""What we say of a notice ourselves, its heading and our sentences, on a page, in a notification and in a chat."""

from dataclasses import dataclass

from hub.ports import HalfDay, NoticeKind, SchoolCard, Slots, Word
from i18n.from_the_page import PAGE_KINDS, heading_of, sentences_of
from i18n.phrases import said_in
from i18n.slots import clean_line
from i18n.tongues import Tongue


@dataclass(frozen=True, slots=True)
class Said:
    """A notice in one language; the author's own words are not in it, for they travel as written."""

    heading: str
    sentences: tuple[str, ...]


def said(
    speaks: Tongue,
    kind: NoticeKind,
    slots: Slots,
    school: SchoolCard,
    pupils: tuple[str, ...] = (),
    *,
    author: str = "",
) -> Said:
    """Say it. `pupils` are first names, none when no child may be named; `author` heads a word in a conversation."""
    names = tuple(filter(None, map(clean_line, pupils)))
    if kind is NoticeKind.ABSENCE:
        return _absence(speaks, slots, names)
    _, named = speaks.gettext, speaks.names(names) if names else ""
    sentences = list(said_in(speaks, kind, slots, school, pupil=named))
    if kind in PAGE_KINDS:
        sentences += sentences_of(speaks, kind, slots, named, tuple(map(clean_line, pupils)))
        return Said(heading_of(speaks, kind, slots), tuple(sentences))
    if kind is NoticeKind.MEETING and slots.starts_at is not None:
        when = speaks.moment(slots.starts_at, school.timezone)
        sentences.append(_("L'école vous invite à une réunion, %(when)s.") % {"when": when})
        if slots.place:
            sentences.append(_("Lieu : %(place)s") % {"place": clean_line(slots.place)})
    if slots.word:
        return Said(above(speaks, slots.word, author, school.name), tuple(sentences))
    return Said(heading(speaks, kind, slots), tuple(sentences))


def above(speaks: Tongue, word: Word, author: str, school: str) -> str:
    """Say above a word in a conversation who writes; a person without a name is the school."""
    _ = speaks.gettext
    names = {"author": clean_line(author), "school": clean_line(school)}
    if word is Word.FIRST:
        # TRANSLATORS: a person's words to one family follow; author: a name (Mme Roy), school: the school's name
        said_so, school_alone = _("%(author)s, %(school)s, vous écrit :"), _("%(school)s vous écrit :")
    else:
        # TRANSLATORS: a person's answer to what one family wrote follows; author: a name, school: the school's name
        said_so, school_alone = _("%(author)s, %(school)s, vous répond :"), _("%(school)s vous répond :")
    return (said_so if names["author"] else school_alone) % names


def heading(speaks: Tongue, kind: NoticeKind, slots: Slots) -> str:
    """Name a notice of this kind."""
    _ = speaks.gettext
    match kind:
        case NoticeKind.MEETING:
            return _("Invitation à une réunion")
        case NoticeKind.URGENT:
            return _("Un message URGENT de l'école")
        case NoticeKind.CRISIS:
            return _("EXERCICE d'alerte à l'école") if slots.exercise else _("ALERTE à l'école")
        case _ if slots.question:
            return _("Une question de l'école")
        case _:
            return _("Un message de l'école")


def _absence(speaks: Tongue, slots: Slots, names: tuple[str, ...]) -> Said:
    when = speaks.half_day_on(slots.day, slots.half_day or HalfDay.DAY) if slots.day else ""
    sentence = speaks.gettext("Votre enfant n'était pas en classe %(when)s.") % {"when": when}
    if names:
        sentence = speaks.ngettext(
            "%(pupils)s n'était pas en classe %(when)s.", "%(pupils)s n'étaient pas en classe %(when)s.", len(names)
        ) % {"pupils": speaks.names(names), "when": when}
    return Said(sentence, (sentence,))
