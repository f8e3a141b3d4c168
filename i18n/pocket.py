"""What shows in a pocket: the few lines of a notification or a chat message, and the buttons below them."""

from functools import lru_cache

from hub.ports import HOURS, Body, Button, NoticeKind, Slots, Wording
from i18n.appointment_phrases import BY_DIGIT, MOVES
from i18n.checks import check_slots
from i18n.languages import best
from i18n.said import said
from i18n.slots import clean, clean_line
from i18n.tongues import Tongue, tongue

NUMBERS = 8
"""How many may come by one tap; a greater number is written."""


@lru_cache(maxsize=512)
def render_pocket(wording: Wording) -> Body:
    """Say it in a pocket: the school as `subject`, heading and words as `text`, one tap to answer as `buttons`.

    Our sentences come first, the author's words below as written; where no native speaker has reviewed ours, the French
    follows. Raises InvalidError when a word is missing.
    """
    check_slots(wording.kind, wording.slots)
    speaks = tongue(wording.language, typeset=True)
    ours = said(speaks, wording.kind, wording.slots, wording.school, wording.pupils, author=wording.author)
    lines = [ours.heading, *(sentence for sentence in ours.sentences if sentence != ours.heading)]
    if wording.kind is not NoticeKind.ABSENCE:
        lines += [clean_line(wording.slots.subject or ""), clean(wording.slots.text or "")]
    if ours.sentences and not speaks.language.reviewed:
        french = said(tongue("fr", typeset=True), wording.kind, wording.slots, wording.school, wording.pupils)
        lines += french.sentences
    return Body(
        text="\n".join(filter(None, lines)),
        language=speaks.code,
        subject=clean_line(wording.school.name),
        buttons=_buttons(speaks, wording.kind, wording.slots),
        link=None if wording.kind is NoticeKind.CODE else wording.link,
        direction=best(speaks.code).direction,
    )


def _buttons(speaks: Tongue, kind: NoticeKind, slots: Slots) -> tuple[Button, ...]:
    """Offer the answers of this kind; a crisis asks for none, and neither does what is only for information.

    A document is signed on its page, where it can be read: to have read the few lines about it is no answer.
    """
    _ = speaks.gettext
    match kind:
        case NoticeKind.ABSENCE:
            return (
                Button("ill", _("Malade")),
                Button("other_reason", _("Une autre raison")),
                Button("should_be_here", _("Devrait être à l'école")),
            )
        case _ if slots.question or kind is NoticeKind.MEETING:
            # TRANSLATORS: two buttons under an invitation, or a question: yes (I come); no
            yes, no = Button("yes", _("Oui")), Button("no", _("Non"))
            numbers = range(1, min(slots.most or 0, NUMBERS) + 1)
            return *([Button(f"n{number}", str(number)) for number in numbers] or [yes]), no
        case NoticeKind.CRISIS | NoticeKind.REMINDER | NoticeKind.CODE:
            return ()
        case _ if slots.signs:
            return ()
        case _ if slots.phrase in BY_DIGIT:
            # TRANSLATORS: a button under an invitation to an appointment, or under the appointment that one has
            hours = _("Changer d'heure") if slots.phrase in MOVES else _("Choisir une heure")
            return Button(HOURS, hours), Button("acknowledge", _("J'ai lu"))
        case _:
            return (Button("acknowledge", _("J'ai lu")),)
