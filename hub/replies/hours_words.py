"""What a family is told of appointments at once: hours to choose from, each with its number, and what was noted."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from hub.meetings.by_number import Act, Asks, Told, Way
from hub.meetings.choosing import CLOSED, TAKEN
from hub.meetings.reading import Time
from hub.ports import SchoolCard
from hub.routing import day_at_school
from i18n.tongues import Tongue


def hours_said(told: Told, speaks: Tongue, school: SchoolCard) -> str:
    """Say it with the numbers to answer, as short as can be: it is an SMS."""
    # TRANSLATORS: an SMS to whoever came too late for an hour; as short as can be
    late = speaks.gettext("Cette heure est prise.") if told.late else ""
    said = (late, _sentence(told, speaks, school), _numbers(told, speaks, school.timezone))
    return " ".join(filter(None, said))


def booked(own: Time, speaks: Tongue, timezone: str) -> str:
    """Say an appointment: day, hour, teacher, and where."""
    return ", ".join(filter(None, (speaks.moment(own.starts_at, timezone), own.teacher, own.link or own.room)))


def hours_shown(told: Told, speaks: Tongue, school: SchoolCard) -> tuple[str, tuple[tuple[str, Act], ...]]:
    """Say it above buttons: the sentence, and what each button says and does."""
    late = speaks.gettext(TAKEN) if told.late else ""
    said = " ".join(filter(None, (late, _above(told, speaks, school))))
    return said, (*_taps(told, speaks, school.timezone), *_given_back(told, speaks))


def _above(told: Told, speaks: Tongue, school: SchoolCard) -> str:
    _ = speaks.gettext
    if told.own is not None:
        what = {"what": booked(told.own, speaks, school.timezone)}
        # TRANSLATORS: above buttons; what: day, hour, teacher and room
        return (_("C'est noté : %(what)s.") if told.asks is Asks.BOOKED else _("Votre rendez-vous : %(what)s.")) % what
    sentences = {
        # TRANSLATORS: above buttons with the first names of two adults
        Asks.WHO: _("Qui répond ?"),
        # TRANSLATORS: above buttons with the first names of children
        Asks.CHILD: _("Pour quel enfant ?"),
        # TRANSLATORS: above buttons with hours
        Asks.HOURS: _("Choisissez une heure."),
        Asks.FULL: _("Aucune heure n'est libre."),
    }
    return sentences.get(told.asks) or _sentence(told, speaks, school)


def _taps(told: Told, speaks: Tongue, timezone: str) -> tuple[tuple[str, Act], ...]:
    _ = speaks.gettext
    if told.asks is Asks.BOOKED:
        # TRANSLATORS: a button: choose another hour
        return tuple((_("Changer"), way.act) for way in told.ways)
    if told.asks is Asks.FULL:
        # TRANSLATORS: a button: tell me when an hour falls free
        return tuple((_("Me prévenir"), way.act) for way in told.ways)
    several = _several(told)
    return tuple((_label(way, speaks, timezone, several=several), way.act) for way in told.ways)


def _label(way: Way, speaks: Tongue, timezone: str, *, several: bool) -> str:
    if way.time is None:
        return way.name
    when = speaks.moment(way.time.starts_at, timezone, short=True)
    return f"{when}, {way.time.teacher}" if several else when


def _several(told: Told) -> bool:
    """Whether more than one teacher offers these hours."""
    return len({way.time.teacher for way in told.ways if way.time is not None}) > 1


def _given_back(told: Told, speaks: Tongue) -> tuple[tuple[str, Act], ...]:
    # TRANSLATORS: a button: give the appointment back
    return () if told.back is None else ((speaks.gettext("Annuler ce rendez-vous"), told.back),)


def _sentence(told: Told, speaks: Tongue, school: SchoolCard) -> str:
    _ = speaks.gettext
    if told.own is not None:
        if told.asks is Asks.BOOKED:
            what = {"what": booked(told.own, speaks, school.timezone)}
            # TRANSLATORS: an SMS after an hour was chosen; what: day, hour, teacher and room
            return _("C'est noté : %(what)s. Pour changer, répondez 1 ; pour annuler, 0.") % what
        when = speaks.moment(told.own.starts_at, school.timezone, short=True)
        # TRANSLATORS: an SMS; when: day and hour of an appointment, short (03/12 à 17 h 00)
        return _("Votre rendez-vous : %(when)s. Pour l'annuler, répondez 0.") % {"when": when}
    said = _plain(told.asks, speaks)
    return f"{said} {speaks.phone(school.phone)}" if told.asks in (Asks.CLOSED, Asks.ELSEWHERE) else said


def _plain(asks: Asks, speaks: Tongue) -> str:
    _ = speaks.gettext
    sentences = {
        # TRANSLATORS: an SMS: no hour is left for an appointment; 1 to be told when one falls free
        Asks.FULL: _("Aucune heure n'est libre. Répondez 1, l'école vous préviendra."),
        Asks.CLOSED: _(CLOSED),
        Asks.ELSEWHERE: _("Choisissez l'heure sur votre page, ou appelez l'école :"),
        Asks.WAITS: _("C'est noté : l'école vous préviendra si une heure se libère."),
        Asks.GIVEN_BACK: _("C'est noté : ce rendez-vous est annulé."),
    }
    return sentences.get(asks, "")


def _numbers(told: Told, speaks: Tongue, timezone: str) -> str:
    _ = speaks.gettext
    match told.asks:
        case Asks.WHO:
            # TRANSLATORS: an SMS to a shared phone; choices: numbers with first names (1 = Odile, 2 = Karim)
            return _("Qui répond ? %(choices)s. Répondez par le numéro.") % {"choices": _named(told.ways)}
        case Asks.CHILD:
            said = _("Votre réponse concerne : %(choices)s. Répondez par le numéro.")
            return said % {"choices": _named(told.ways)}
        case Asks.HOURS:
            # TRANSLATORS: an SMS; hours: free hours with their numbers (03/12 : 1 = 17 h 00, 2 = 17 h 15)
            return _("Heures libres, répondez par le numéro. %(hours)s") % {"hours": _listed(told, speaks, timezone)}
        case Asks.OWN if told.ways:
            # TRANSLATORS: an SMS; hours: free hours with their numbers (03/12 : 1 = 17 h 00, 2 = 17 h 15)
            return _("Pour changer : %(hours)s") % {"hours": _listed(told, speaks, timezone)}
        case _:
            return ""


def _named(ways: Sequence[Way]) -> str:
    return ", ".join(f"{number} = {way.name}" for number, way in enumerate(ways, start=1))


def _listed(told: Told, speaks: Tongue, timezone: str) -> str:
    """List hours by day; with their teachers where there are several."""
    times = [(number, way.time) for number, way in enumerate(told.ways, start=1) if way.time is not None]
    several = _several(told)

    def day(one: tuple[int, Time]) -> date:
        return day_at_school(one[1].starts_at, timezone)

    return " ; ".join(
        f"{speaks.day(on, short=True)} : "
        + ", ".join(
            f"{number} = {speaks.time(time.starts_at, timezone)}{f' {time.teacher}' if several else ''}"
            for number, time in those
        )
        for on, those in groupby(times, key=day)
    )
