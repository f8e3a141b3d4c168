"""How staff read what happened: the name of a notice, of a way out, and why no message arrived."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from hub.notices.headlines import TITLE_MAX, Headline
from hub.notices.left import Left
from hub.notices.reasons import wish
from hub.ports import ChannelName, Follows, HalfDay, NoticeKind, SchoolCard, Slots
from hub.routing import day_at_school
from i18n.phrases import said_in
from i18n.slots import N_
from i18n.tongues import tongue
from web.pages import date_words, day, hour

_FRENCH = tongue("fr", typeset=True)
MOST_NAMED = 4
"""Children whom the title of an absence names."""

WAYS: Mapping[ChannelName | None, tuple[str, str]] = {
    ChannelName.SMS: ("sms", "SMS"),
    ChannelName.EMAIL: ("mail", "E-mail"),
    ChannelName.PUSH: ("push", "Notification"),
    ChannelName.CHAT: ("chat", "Telegram"),
    ChannelName.VOICE: ("voice", "Appel"),
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


def title(notice: Headline, timezone: str) -> str:
    """Name a notice: what it is to the one before, then its ready phrase, its first words, or what it is about."""
    return f"{_FOLLOWS.get(notice.slots.follows, '')}{_name(notice, timezone)}"


def _name(notice: Headline, timezone: str) -> str:
    slots = notice.slots
    if slots.phrase:
        return in_french(notice.kind, slots, timezone)[0].rstrip(".")
    if notice.kind in _FROM_THE_PAGE:
        return _whole_words(_from_the_page(notice))
    if notice.title:
        return _whole_words(notice.title.removesuffix("."))
    if notice.kind is NoticeKind.MEETING and slots.starts_at is not None:
        return f"Réunion du {day(slots.starts_at, timezone)} à {hour(slots.starts_at, timezone)}"
    if notice.kind is NoticeKind.ABSENCE and slots.day is not None:
        when = _FRENCH.half_day_on(slots.day, slots.half_day) if slots.half_day else date_words(slots.day)
        return f"Absence du {when}{_of(notice.children)}"
    return "Avis sans titre"


_FROM_THE_PAGE: Mapping[NoticeKind, str] = {
    NoticeKind.HOMEWORK: "Devoirs",
    NoticeKind.DOCUMENT: "Document",
    NoticeKind.RESULT: "Résultat",
    NoticeKind.DIGEST: "Les nouvelles du soir",
    NoticeKind.CODE: "Un code",
}


def _from_the_page(notice: Headline) -> str:
    day = notice.slots.day if notice.kind is NoticeKind.HOMEWORK else None
    due = f" pour le {date_words(day)}" if day else ""
    return f"{_FROM_THE_PAGE[notice.kind]}{due}" + (f"\u00a0: {notice.title}" if notice.title else "")


def in_french(kind: NoticeKind, slots: Slots, timezone: str) -> tuple[str, ...]:
    """Say a ready phrase in French, a sentence each, as families who read French get it."""
    drill = "EXERCICE\u00a0: " if slots.exercise else ""
    card = SchoolCard(name="", short_name="", phone="", timezone=timezone)
    said = said_in(_FRENCH, kind, replace(slots, follows=None, exercise=False), card)
    return (f"{drill}{said[0]}", *said[1:]) if said else ("",)


_FOLLOWS: Mapping[Follows | None, str] = {
    Follows.CORRECTION: "Correction\u00a0: ",
    Follows.REMINDER: "Rappel\u00a0: ",
    None: "",
}


FOLLOWS_AS: Mapping[Follows, str] = {
    Follows.CORRECTION: "Corrige",
    Follows.WITHDRAWAL: "Retire",
    Follows.REMINDER: "Relance",
    Follows.UPDATE: "Remplace",
}
FOLLOWED_AS: Mapping[Follows, str] = {
    Follows.CORRECTION: "Corrigé par",
    Follows.WITHDRAWAL: "Retiré par",
    Follows.REMINDER: "Relancé par",
    Follows.UPDATE: "Remplacé par",
}
"""How a notice stands to the one before it, and that one to it."""
ENDED_AS: Mapping[Follows | None, str] = {
    None: "arrêté",
    Follows.CORRECTION: "corrigé",
    Follows.WITHDRAWAL: "retiré",
    Follows.UPDATE: "remplacé",
}
"""What became of a notice that counts no more; None: it was only stopped."""


def _of(children: tuple[str, ...]) -> str:
    """Name the absent, a few of them: the title stands large on the board."""
    if not children:
        return ""
    more = len(children) - MOST_NAMED
    return f"\u00a0: {', '.join(children[:MOST_NAMED])}{f' et {more} de plus' if more > 0 else ''}"


def _whole_words(words: str) -> str:
    """End a title that was cut (TITLE_MAX) between two words, for it stands large on the board."""
    if len(words) < TITLE_MAX - 1 or not words.endswith("…") or " " not in words:
        return words
    return f"{words.rpartition(' ')[0].rstrip(',;:')}…"


def why(one: Left, timezone: str, today: date) -> tuple[str, ...]:
    """Say, a sentence each, why this adult must be called, what was tried last, and what he or she wishes."""
    said = [_FRENCH.gettext(one.why.sentence)]
    if one.why.way is not None and one.why.tried_at is not None:
        at = one.why.tried_at
        when = hour(at, timezone) if day_at_school(at, timezone) == today else _FRENCH.moment(at, timezone)
        last = _FRENCH.gettext(N_("Dernier essai : %(way)s, %(when)s."))
        said.append(last % {"way": WAYS[one.why.way][1], "when": when})
    wished = wish(one.means, one.last_rung)
    return (*said, _FRENCH.gettext(wished)) if wished else tuple(said)


def way_of(one: Left) -> str:
    """Give the icon of the way that the reason speaks of."""
    return WAYS[one.why.way][0]
