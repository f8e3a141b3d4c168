"""The rooms of the school, as doors: which of them somebody may enter, and which are at hand on a telephone."""

from dataclasses import dataclass

from hub.people.rights import Rights

AT_HAND = 4
"""Doors in the bar of a telephone, beside « Plus »: five fit into one row of 320 pixels."""


@dataclass(frozen=True, slots=True)
class Room:
    """A door: `name` as the pages call their room, `path` where it leads, its icon, and what is written on it."""

    name: str
    path: str
    icon: str
    title: str


_FOLLOW = Room("suivi", "/", "planks", "Suivi")
_WRITE = Room("ecrire", "/ecrire", "pen", "Écrire")
_MESSAGES = Room("messages", "/messages", "tray", "Messages")
_ALERT = Room("alerte", "/alerte", "warn", "Alerte")
_ROLL = Room("appel", "/presences", "roll", "Présences")
_CALLS = Room("appels", "/appeler", "voice", "À appeler")
_POST = Room("courrier", "/courrier", "letter", "Courrier")
_ABSENCES = Room("absences", "/absences", "cal", "Absences")
_FAMILIES = Room("familles", "/familles", "people", "Familles")
_CLASS = Room("classe", "/classe", "book", "Classe")
_SCHOOL = Room("ecole", "/ecole", "pont", "École")


def rooms_of(rights: Rights) -> tuple[tuple[Room, ...], tuple[Room, ...]]:
    """List the rooms of this person: those at hand on a telephone, and those behind « Plus » there.

    The alarm is at hand, for it must be three taps away; a teacher has the roll in its place.
    """
    if not rights.writes:
        return ((_FOLLOW, _ALERT) if rights.may_alert else (_FOLLOW,)), ()
    alarm = (_ALERT,) if rights.may_alert else ()
    families = (_FAMILIES,) if rights.whole_school or rights.classes else ()
    school = (_SCHOOL,) if rights.whole_school else ()
    every = (_FOLLOW, _WRITE, _MESSAGES, *alarm, _ROLL, _CLASS, _ABSENCES, _CALLS, _POST, *families, *school)
    return every[:AT_HAND], every[AT_HAND:]
