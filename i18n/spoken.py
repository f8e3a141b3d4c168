"""What a machine says on the telephone: the message, what to press, and little to whom nobody knows.

It speaks a family's language where the voices that we know of do (`ALOUD`), and French to all others: to each of them
it was, or will be, written in their own. A voice that does not exist would say nothing at all.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hub.errors import InvalidError
from hub.ports import Body, HalfDay, NoticeKind, SchoolCard, Wording
from i18n.checks import check_slots
from i18n.languages import SOURCE
from i18n.phrases import said_in
from i18n.slots import N_, clean, clean_line
from i18n.tongues import environment, tongue

ALOUD: Final = frozenset({"fr", "en", "es", "pt", "tr", "ar"})
"""The languages with a catalogue that are spoken aloud; no voice for Ukrainian is sure enough to be relied on."""
TEXT_MAX: Final = 900
"""Characters of an author's words that are read aloud: about a minute, and who listens may hear them again."""
CALL_BACK, AGAIN = "4", "9"
"""What is pressed on any call: to be called back, or to hear it again."""
ANSWERS: Final = {NoticeKind.ABSENCE: "123", NoticeKind.URGENT: "1"}
"""The keys that answer."""
YES_OR_NO: Final = {"1": "OUI", "2": "NON"}
"""The keys that answer a question, and the texts that they stand for."""
_KINDS: Final = frozenset({NoticeKind.ABSENCE, NoticeKind.URGENT})
_LINES = re.compile(r"\s*\n\s*")


def aloud(code: str) -> str:
    """Give the language in which a family that asked for `code` is spoken to."""
    return code if (code := tongue(code).code) in ALOUD else SOURCE


def render_voice(wording: Wording) -> Body:
    """Say it to a person. First names only where they may be named; never a surname, a class or a reason.

    An author's own words are not translated: with them, all is said in the language that they are written in. The
    first line of the text is that language.
    Raises InvalidError for a kind about which no machine calls, and when a word is missing.
    """
    kind, slots = wording.kind, wording.slots
    if kind not in _KINDS:
        raise InvalidError(N_("Ce canal n'a pas encore de textes."), field="channel")
    check_slots(kind, slots)
    own = kind is NoticeKind.URGENT and bool(slots.text or slots.subject)
    speaks = tongue(aloud(slots.language if own else wording.language))
    names = tuple(filter(None, map(clean_line, wording.pupils)))
    pupils = speaks.names(names) if names else ""
    words = {
        "school": clean_line(wording.school.name),
        "pupils": pupils,
        "count": max(1, len(names)),
        "when": speaks.half_day_on(slots.day, slots.half_day or HalfDay.DAY) if slots.day else "",
        "said": " ".join(said_in(speaks, kind, slots, wording.school, pupil=pupils)),
        "subject": clean_line(slots.subject or "") if own else "",
        "text": clean(slots.text or "")[:TEXT_MAX] if own else "",
    }
    said = environment("messages", speaks.code, typeset=False).get_template(f"{kind}/voice.txt").render(words)
    return Body(f"{speaks.code}\n{_LINES.sub(chr(10), said).strip()}", speaks.code)


def read_voice(text: str) -> tuple[str, str]:
    """Read what `render_voice` wrote: the language that it is said in, and the words."""
    language, _, words = text.partition("\n")
    return language, words


@dataclass(frozen=True, slots=True)
class Script:
    """What else is said on a call, in one language, sentence by sentence. `phone` is said digit by digit."""

    language: str
    menu: str
    gate: str
    machine: str
    calling_back: str
    noted: str
    goodbye: str


@lru_cache(maxsize=256)
def script(code: str, kind: NoticeKind, school: SchoolCard, *, question: bool = False) -> Script:
    """Write what is said around a message of this kind; a machine that picks up hears `machine` and no more."""
    speaks = tongue(code)
    _ = speaks.gettext
    about = {"school": clean_line(school.name), "phone": digits(school.phone)}
    if kind is NoticeKind.ABSENCE:
        answers = _("Si votre enfant est malade, appuyez sur 1. Pour une autre raison, appuyez sur 2.")
        answers += " " + _("Si vous pensez qu'il est à l'école, appuyez sur 3.")
    elif question:
        answers = _("Pour répondre oui, appuyez sur 1. Pour répondre non, appuyez sur 2.")
    else:
        answers = _("Pour dire que vous avez entendu, appuyez sur 1.")
    return Script(
        language=speaks.code,
        menu=f"{answers} " + _("Pour être rappelé par l'école, appuyez sur 4. Pour réécouter, appuyez sur 9."),
        # TRANSLATORS: said on the telephone when we do not know whether a person or a machine picked up
        gate=_("Ici %(school)s. Pour écouter le message de l'école, appuyez sur 1.") % about,
        # TRANSLATORS: all that an answering machine hears; phone is read digit by digit
        machine=_("Ici %(school)s. Appelez l'école, s'il vous plaît, au %(phone)s.") % about,
        calling_back=_("L'école vous rappelle. Au revoir."),
        noted=_("Merci, c'est noté. Au revoir."),
        # TRANSLATORS: said at the end of a call to whom pressed nothing; phone is read digit by digit
        goodbye=_("Vous pouvez appeler l'école au %(phone)s. Au revoir.") % about,
    )


def digits(phone: str) -> str:
    """Write a number so that a machine reads it digit by digit."""
    return ", ".join(sign for sign in phone if sign.isdigit())
