"""The sheet of appointments: what its form holds as typed, and what that means."""

from collections.abc import Mapping
from datetime import date, time
from typing import TypeVar

from pydantic import BaseModel, Field

from hub.errors import InvalidError
from hub.meetings.rounds import RoundDraft
from hub.meetings.times import Offer
from i18n.slots import clean, clean_line, whole_number
from web.notice_form import PRESS

FIELDS: Mapping[str, str] = {
    "title": "titre",
    "subject": "titre",
    "text": "mots",
    "day": "jour",
    "starts": "de",
    "ends": "a",
    "minutes": "duree",
    "gap": "entre",
    "pause_from": "pause_de",
    "pause_to": "pause_a",
    "room": "salle",
    "link": "lien",
    "teachers": "qui",
    "until": "jusquau",
    "key": "titre",
}
"""Where on the sheet a fault of the hub's is shown."""
TITLE = "Rendez-vous avec les familles"


class AppointmentForm(BaseModel):
    """What the form holds, as typed. `cle` names the press; `qui`: the numbers of those who receive families."""

    cle: str = Field(default="", max_length=60, pattern=PRESS)
    titre: str = Field(default=TITLE, max_length=1000)
    mots: str = Field(default="", max_length=100_000)
    jour: str = Field(default="", max_length=10)
    de: str = Field(default="16:45", max_length=8)
    a: str = Field(default="18:45", max_length=8)
    duree: str = Field(default="15", max_length=4)
    entre: str = Field(default="0", max_length=4)
    pause_de: str = Field(default="", max_length=8)
    pause_a: str = Field(default="", max_length=8)
    salle: str = Field(default="", max_length=1000)
    lien: str = Field(default="", max_length=2000)
    qui: list[str] = Field(default_factory=list, max_length=40)
    jusquau: str = Field(default="", max_length=10)
    prevenir: str = Field(default="", max_length=4)

    def offer(self) -> Offer:
        """Read the hours. Raises InvalidError beside the field at fault."""
        return Offer(
            day=_needed(date_in(self.jour, "day"), "Donnez le jour.", "day"),
            starts=_needed(_time(self.de, "starts"), "Donnez l’heure du début.", "starts"),
            ends=_needed(_time(self.a, "ends"), "Donnez l’heure de la fin.", "ends"),
            minutes=_minutes(self.duree, "minutes"),
            gap=_minutes(self.entre or "0", "gap"),
            pause_from=_time(self.pause_de, "pause_from"),
            pause_to=_time(self.pause_a, "pause_to"),
            room=clean_line(self.salle),
            link=clean_line(self.lien),
        )

    def teachers(self) -> tuple[int, ...]:
        """Read who receives families."""
        return tuple(number for number in map(whole_number, self.qui) if number is not None)

    def draft(self, class_id: int) -> RoundDraft:
        """Read it all. Raises InvalidError beside the field at fault."""
        return RoundDraft(
            class_id=class_id,
            title=clean_line(self.titre),
            offer=self.offer(),
            teachers=self.teachers(),
            text=clean(self.mots),
            until=date_in(self.jusquau, "until"),
            tell=bool(self.prevenir),
        )


_T = TypeVar("_T")


def _needed(value: _T | None, sentence: str, field: str) -> _T:
    if value is None:
        raise InvalidError(sentence, field=field)
    return value


def _minutes(words: str, field: str) -> int:
    number = whole_number(words.strip(), digits=3)
    if number is None:
        raise InvalidError("Donnez un nombre de minutes.", field=field)
    return number


def date_in(words: str, field: str) -> date | None:
    """Read a day; None for nothing. Raises InvalidError beside its field."""
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field=field) from error


def _time(words: str, field: str) -> time | None:
    try:
        return time.fromisoformat(words).replace(second=0, microsecond=0, tzinfo=None) if words else None
    except ValueError as error:
        raise InvalidError("Cette heure n’existe pas.", field=field) from error
