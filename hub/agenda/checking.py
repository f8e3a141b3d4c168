"""What somebody types for the calendar, and what could not stand there. Pure: no session, no clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.errors import InvalidError
from hub.models.agenda import EventKind
from i18n.checks import TEXT_MAX
from i18n.slots import LINE_MAX

LONGEST = timedelta(days=100)
AHEAD, BACK = timedelta(days=800), timedelta(days=400)
"""Further from today a year was mistyped."""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """Something for the calendar, clean. `first` and `last` both at the school, hours by its clock.

    `class_id` None: the whole school.
    """

    kind: EventKind
    title: str
    first: date
    last: date
    starts: time | None = None
    ends: time | None = None
    place: str = ""
    text: str = ""
    class_id: int | None = None


def check(draft: EventDraft, today: date) -> None:
    """Refuse what could not stand on a calendar. Raises InvalidError; `field` names what is at fault."""
    if not any(map(str.isalnum, draft.title)):
        raise InvalidError("Donnez un titre : c’est ce que les familles lisent d’abord.", field="title")
    if len(draft.title) > LINE_MAX:
        raise InvalidError("Le titre compte 150 signes au plus.", field="title")
    if len(draft.place) > LINE_MAX:
        raise InvalidError("Le lieu compte 150 signes au plus.", field="place")
    if len(draft.text) > TEXT_MAX:
        raise InvalidError("Le texte est trop long : 4 000 signes au plus.", field="text")
    _check_days(draft, today)
    _check_hours(draft)


def moments(draft: EventDraft, timezone: str) -> tuple[datetime | None, datetime | None]:
    """Give when it begins and ends, in UTC; None without an hour."""
    zone = ZoneInfo(timezone)
    pairs = ((draft.first, draft.starts), (draft.last, draft.ends))
    starts, ends = (None if at is None else datetime.combine(day, at, zone).astimezone(UTC) for day, at in pairs)
    return starts, ends


def _check_days(draft: EventDraft, today: date) -> None:
    if not today - BACK <= draft.first <= today + AHEAD:
        raise InvalidError("Ce jour est trop loin d’aujourd’hui : vérifiez l’année.", field="first")
    if draft.last < draft.first:
        raise InvalidError("Le dernier jour vient après le premier : vérifiez les deux.", field="last")
    if draft.last - draft.first > LONGEST:
        raise InvalidError("C’est plus de cent jours : vérifiez le dernier jour.", field="last")


def _check_hours(draft: EventDraft) -> None:
    if draft.starts is None and draft.ends is None:
        return
    if draft.kind in (EventKind.CLOSED, EventKind.OPEN):
        raise InvalidError("Un jour avec ou sans classe se note sans heure : effacez-la.", field="starts")
    if draft.starts is None:
        raise InvalidError("Donnez aussi l’heure du début.", field="starts")
    if draft.ends is not None and draft.first == draft.last and draft.ends <= draft.starts:
        raise InvalidError("La fin vient après le début : vérifiez les heures, ou le dernier jour.", field="ends")
