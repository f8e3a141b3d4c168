"""Phrases that stand ready in every language: what a school says when minutes count, with a few blanks to fill in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.errors import InvalidError
from hub.ports import Follows, HalfDay, NoticeKind, SchoolCard, Slots
from i18n.appointment_phrases import APPOINTMENTS, ASKS
from i18n.phrase import FIELDS, Phrase, blanks_in
from i18n.slots import N_, clean_line
from i18n.tongues import Tongue

_PLACE = N_("Lieu : %(place)s.")
_NO_LONGER = N_("Notre message sur l'absence ne compte plus.")
_NOTHING_TO_DO = N_("Vous n'avez plus rien à faire.")
_CHILDREN_AT = N_("Accueil des enfants : %(place)s.")


def _urgent(name: str, chip: str, *sentences: str, needs: tuple[str, ...] = ()) -> Phrase:
    return Phrase(name, (NoticeKind.URGENT,), chip, sentences, needs)


def _crisis(name: str, chip: str, *sentences: str) -> Phrase:
    return Phrase(name, (NoticeKind.CRISIS,), chip, sentences)


def _told(name: str, chip: str, *sentences: str) -> Phrase:
    return Phrase(name, (NoticeKind.REMINDER,), chip, sentences)


PHRASES: Mapping[str, Phrase] = {
    phrase.name: phrase
    for phrase in (
        _urgent("closed", "école fermée", N_("L'école est fermée %(when)s."), _CHILDREN_AT, needs=("when",)),
        _urgent(
            "heating",
            "chauffage en panne",
            N_("Le chauffage est en panne %(when)s."),
            N_("L'école reste ouverte : habillez chaudement votre enfant."),
            needs=("when",),
        ),
        _urgent("strike", "grève", N_("Grève : il n'y a pas classe %(when)s."), _CHILDREN_AT, needs=("when",)),
        _urgent("transport", "pas de car", N_("Le car scolaire ne circule pas %(when)s."), needs=("when",)),
        _urgent(
            "late_return",
            "sortie en retard",
            N_("Le retour de la sortie a du retard. Arrivée prévue : %(time)s."),
            _PLACE,
            needs=("time",),
        ),
        _urgent(
            "snow",
            "neige ou verglas",
            N_("Neige ou verglas %(when)s. L'école est ouverte, mais ne prenez pas de risque sur la route."),
            needs=("when",),
        ),
        _urgent(
            "water",
            "coupure d’eau",
            N_("Pas d'eau à l'école %(when)s. Donnez une bouteille d'eau à votre enfant."),
            needs=("when",),
        ),
        _urgent("power", "coupure de courant", N_("Pas d'électricité à l'école %(when)s."), needs=("when",)),
        _urgent(
            "canteen",
            "pas de cantine",
            N_("Pas de cantine %(when)s. Donnez un repas froid à votre enfant."),
            needs=("when",),
        ),
        _urgent(
            "illness",
            "maladie qui circule",
            N_("Une maladie contagieuse circule à l'école."),
            N_("Si votre enfant a de la fièvre, gardez-le à la maison et appelez un médecin."),
        ),
        _urgent(
            "gas",
            "odeur de gaz",
            N_("Odeur de gaz à l'école. Les enfants sont dehors, en sécurité, avec leurs enseignants."),
            N_("Les enfants sont ici : %(place)s."),
        ),
        _urgent(
            "collect",
            "venir chercher",
            N_("Venez chercher votre enfant à partir de %(time)s."),
            _PLACE,
            needs=("time",),
        ),
        _urgent("call_us", "appelez l’école", N_("Appelez l'école : c'est important.")),
        _urgent("open_again", "l’école rouvre", N_("L'école ouvre de nouveau %(when)s."), needs=("when",)),
        Phrase(
            "disregard",
            (NoticeKind.URGENT, NoticeKind.ANNOUNCEMENT),
            "annuler un avis",
            (N_("Notre message d'avant ne vaut plus : n'en tenez pas compte."),),
        ),
        Phrase(
            "found",
            (NoticeKind.URGENT,),
            "enfant retrouvé",
            # TRANSLATORS: a child said to be absent has come, or was found. With the next one 80 letters, name included
            (N_("Tout va bien : nous savons où est %(pupil)s."), _NO_LONGER),
            of_a_child=True,
            unnamed=(N_("Tout va bien : nous savons où est votre enfant."), _NO_LONGER),
        ),
        _crisis(
            "sheltered",
            "enfants à l’abri",
            N_("Les enfants sont à l'abri à l'école avec leurs enseignants."),
            N_("Ne venez pas, n'appelez pas. Nous vous écrirons."),
        ),
        _crisis(
            "still_sheltered",
            "toujours à l’abri",
            N_("Les enfants sont toujours à l'abri avec leurs enseignants."),
            N_("Ne venez pas, n'appelez pas. Nous vous écrirons."),
        ),
        _crisis(
            "evacuated",
            "enfants évacués",
            N_("Les enfants ont quitté l'école avec leurs enseignants et sont en sécurité."),
            N_("Ne venez pas encore, n'appelez pas. Nous vous écrirons."),
        ),
        _crisis(
            "over",
            "alerte finie",
            N_("L'alerte est finie."),
            N_("Venez chercher votre enfant à partir de %(time)s."),
            N_("Venez chercher votre enfant ici : %(place)s."),
        ),
        Phrase(
            "explained",
            (NoticeKind.REMINDER,),
            "absence expliquée",
            # TRANSLATORS: told to the other parent once one said why. With the next one 92 letters, name and day too
            (N_("%(pupil)s : l'absence %(when)s est expliquée."), _NOTHING_TO_DO),
            of_a_child=True,
            unnamed=(N_("L'absence %(when)s est expliquée."), _NOTHING_TO_DO),
        ),
        *APPOINTMENTS,
        _told(
            "joined_chat",
            "Telegram ajouté",
            N_("Les messages de l'école arrivent maintenant aussi par Telegram."),
            N_("Si ce n'est pas votre choix, appelez l'école."),
        ),
        _told(
            "ways_changed",
            "adresses changées",
            # TRANSLATORS: told at an adult's other addresses, when one was added, put first or taken away
            N_("Vous avez changé où l'école vous écrit."),
            N_("Si ce n'est pas votre choix, appelez l'école."),
        ),
        _told(
            "page_opened",
            "page ouverte",
            # TRANSLATORS: told at an adult's other addresses when the family's page was opened in a browser new to us
            N_("Votre page de l'école a été ouverte sur un autre appareil."),
            N_("Si ce n'est pas vous, appelez l'école."),
        ),
        Phrase(
            "place_found",
            (NoticeKind.REMINDER,),
            "places libérées",
            # TRANSLATORS: told to who waited for a place at a meeting. moment: day and hour
            (N_("Réunion, %(moment)s : des places se sont libérées, on vous attend."),),
            needs=("moment",),
        ),
        _told(
            "joined_push",
            "notifications ajoutées",
            N_("Les messages de l'école arrivent maintenant aussi par notification sur un téléphone ou un ordinateur."),
            N_("Si ce n'est pas votre choix, appelez l'école."),
        ),
    )
}
"""Every phrase by name, in the order in which they are offered."""

EXERCISE = N_("EXERCICE : ce n'est pas une vraie alerte.")
"""Opens every message of a drill; it also closes it, for a telephone may show the end alone."""


def phrases_of(kind: NoticeKind) -> tuple[Phrase, ...]:
    """Give the phrases of one kind that somebody may press, in the order in which they are offered."""
    return tuple(phrase for phrase in PHRASES.values() if kind in phrase.kinds and not phrase.of_a_child)


def names_a_child(slots: Slots) -> bool:
    """Say that the phrase of a notice is about one child, who is named where that may be."""
    phrase = PHRASES.get(slots.phrase or "")
    return phrase is not None and phrase.of_a_child


def phrase_of(kind: NoticeKind, name: str) -> Phrase:
    """Find a phrase. Raises InvalidError when there is none of this name for this kind."""
    phrase = PHRASES.get(name)
    if phrase is None or kind not in phrase.kinds:
        raise InvalidError(N_("Cette phrase n'est pas au recueil."), field="phrase")
    return phrase


def check_phrase(kind: NoticeKind, slots: Slots) -> None:
    """Refuse a phrase with an empty blank. Raises InvalidError; `field` names the slot."""
    phrase = phrase_of(kind, slots.phrase or "")
    for blank in phrase.needs:
        if not _filled(blank, slots):
            raise InvalidError(_MISSING[blank], field=FIELDS[blank])


def said_in(speaks: Tongue, kind: NoticeKind, slots: Slots, school: SchoolCard, *, pupil: str = "") -> tuple[str, ...]:
    """Say in one language, a sentence each, what a notice is to the one before it, and its ready phrase.

    `pupil`: the first name of the child that it is about, empty when none may be named.
    """
    opening = _opening(kind, slots)
    said = _phrase_in(speaks, kind, slots, school, pupil)
    return (speaks.gettext(opening), *said) if opening else said


def _opening(kind: NoticeKind, slots: Slots) -> str | None:
    """Say what a notice is to the one before it: a reminder of an invitation goes to who comes, too."""
    if slots.follows is not Follows.REMINDER:
        return _OPENINGS.get(slots.follows)
    if kind is NoticeKind.MEETING or slots.phrase in ASKS:
        return _ONCE_MORE
    return _SIGN if slots.signs else _ANSWER if slots.question else _READ


def _phrase_in(speaks: Tongue, kind: NoticeKind, slots: Slots, school: SchoolCard, pupil: str) -> tuple[str, ...]:
    if not slots.phrase:
        return ()
    phrase = phrase_of(kind, slots.phrase)
    filled = {blank: _said(blank, speaks, slots, school) for blank in FIELDS if _filled(blank, slots)}
    sentences = [
        speaks.gettext(sentence) % {**filled, "pupil": pupil}
        for sentence in (phrase.sentences if pupil or not phrase.unnamed else phrase.unnamed)
        if all(blank in filled for blank in blanks_in((sentence,)))
    ]
    if not slots.exercise:
        return tuple(sentences)
    drill = speaks.gettext(EXERCISE)
    return (drill, *sentences, drill)


_OPENINGS: Mapping[Follows | None, str] = {
    Follows.CORRECTION: N_("Ce message corrige et remplace le précédent."),
}
_READ = N_("Rappel : merci de nous dire que vous avez lu.")
_SIGN = N_("Rappel : votre signature manque encore.")
_ANSWER = N_("Rappel : votre réponse manque encore.")
_ONCE_MORE = N_("Rappel.")
_MISSING = {
    "when": N_("Il manque le jour et la demi-journée."),
    "until": N_("Il manque le jour et la demi-journée."),
    "time": N_("Il manque l'heure."),
    "moment": N_("Il manque l'heure."),
    "hours": N_("Il manque l'heure."),
    "days": N_("Il manque l'heure."),
    "place": N_("Il manque le lieu."),
}


def _filled(blank: str, slots: Slots) -> bool:
    match blank:
        case "when" | "until":
            return slots.day is not None
        case "time" | "moment":
            return slots.starts_at is not None
        case "hours" | "days":
            return bool(slots.hours)
        case _:
            return bool(clean_line(slots.place or ""))


def _said(blank: str, speaks: Tongue, slots: Slots, school: SchoolCard) -> str:
    if blank == "when" and slots.day is not None:
        return speaks.half_day_on(slots.day, slots.half_day or HalfDay.DAY)
    if blank == "until" and slots.day is not None:
        return speaks.day(slots.day)
    if blank in ("time", "moment") and slots.starts_at is not None:
        say = speaks.time if blank == "time" else speaks.moment
        return say(slots.starts_at, school.timezone)
    if blank == "hours":
        return _hours(speaks, slots.hours, school.timezone)
    if blank == "days":
        days = dict.fromkeys(at.astimezone(ZoneInfo(school.timezone)).date() for at, _ in slots.hours)
        return speaks.names(tuple(map(speaks.day, days)))
    return clean_line(slots.place or "")


def _hours(speaks: Tongue, hours: Sequence[tuple[datetime, str]], timezone: str) -> str:
    """List appointments, each with whom and where; the day stands before the first of each day."""
    said, before = [], None
    for starts_at, where in hours:
        day = starts_at.astimezone(ZoneInfo(timezone)).date()
        say = speaks.time if day == before else speaks.moment
        said.append(f"{say(starts_at, timezone)} ({where})" if where else say(starts_at, timezone))
        before = day
    return speaks.names(tuple(said))
