"""The sheet of an event: what its form holds as typed, and what that means."""

from collections.abc import Mapping
from datetime import date, time
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from hub.agenda.checking import EventDraft
from hub.agenda.entries import Entry
from hub.errors import InvalidError
from hub.models.agenda import EventKind
from i18n.slots import clean, clean_line, whole_number
from web.notice_form import PRESS

KINDS: Mapping[EventKind, str] = {
    EventKind.EVENT: "un événement",
    EventKind.MEETING: "une réunion",
    EventKind.TRIP: "une sortie",
    EventKind.CLOSED: "pas de classe",
    EventKind.OPEN: "classe exceptionnelle",
}
"""What can be noted, in the words of the form."""
FIELDS: Mapping[str, str] = {
    "kind": "genre",
    "title": "titre",
    "subject": "titre",
    "first": "du",
    "last": "au",
    "starts": "de",
    "starts_at": "du",
    "ends": "a",
    "place": "lieu",
    "text": "mots",
    "audience": "pour",
}
"""Where on the sheet a fault of the hub's is shown."""
SCHOOL = "ecole"


class EventForm(BaseModel):
    """What the form holds, as typed. `pour`: the number of a class, or SCHOOL. `cle` names the press."""

    cle: str = Field(default="", max_length=64, pattern=PRESS)
    genre: str = Field(default=EventKind.EVENT.value, max_length=20)
    pour: str = Field(default="", max_length=20)
    titre: str = Field(default="", max_length=1000)
    du: str = Field(default="", max_length=10)
    au: str = Field(default="", max_length=10)
    de: str = Field(default="", max_length=8)
    a: str = Field(default="", max_length=8)
    lieu: str = Field(default="", max_length=1000)
    mots: str = Field(default="", max_length=100_000)
    prevenir: str = Field(default="", max_length=4)

    def draft(self) -> EventDraft:
        """Read the form; without a last day it is over on its first. Raises InvalidError beside the field at fault."""
        kind = next((each for each in KINDS if each.value == self.genre), None)
        if kind is None:
            raise InvalidError("Dites d’abord de quoi il s’agit.", field="kind")
        first = _date(self.du, "first")
        if first is None:
            raise InvalidError("Donnez le jour.", field="first")
        return EventDraft(
            kind=kind,
            title=clean_line(self.titre),
            first=first,
            last=_date(self.au, "last") or first,
            starts=_time(self.de, "starts"),
            ends=_time(self.a, "ends"),
            place=clean_line(self.lieu),
            text=clean(self.mots),
            class_id=self._class_id(),
        )

    def _class_id(self) -> int | None:
        if self.pour == SCHOOL:
            return None
        class_id = whole_number(self.pour)
        if class_id is None:
            raise InvalidError("Dites pour qui : toute l’école, ou une classe.", field="audience")
        return class_id


def filled_in(entry: Entry, timezone: str) -> EventForm:
    """Fill a sheet with what stands on the calendar."""
    starts, ends = (
        f"{moment.astimezone(ZoneInfo(timezone)):%H:%M}" if moment else ""
        for moment in (entry.starts_at, entry.ends_at)
    )
    return EventForm(
        genre=entry.kind.value,
        pour=str(entry.class_id or SCHOOL),
        titre=entry.title,
        du=entry.first.isoformat(),
        au=entry.last.isoformat() if entry.last != entry.first else "",
        de=starts,
        a=ends,
        lieu=entry.place,
        mots=entry.text,
    )


def _date(words: str, field: str) -> date | None:
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field=field) from error


def _time(words: str, field: str) -> time | None:
    try:
        return time.fromisoformat(words).replace(second=0, microsecond=0, tzinfo=None) if words else None
    except ValueError as error:
        raise InvalidError("Cette heure n’existe pas.", field=field) from error
