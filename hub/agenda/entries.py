"""What stands on a calendar, whether somebody noted it there or it was pressed as the invitation to a meeting."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.models.agenda import EventKind
from hub.models.answers import AnswerKind
from i18n.tongues import Tongue


@dataclass(frozen=True, slots=True)
class Said:
    """What an adult answered to an invitation: to come, not to come, or (COUNT) with how many."""

    kind: AnswerKind
    number: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something on a day or several. `first` and `last` at the school, both included; hours where it has some.

    `class_id` None: the whole school, or (a meeting) the families of `pupils`. `event_id` None: only a notice says it.
    `notices`: all that said so; `delivery_id`: the one that the adult who looks answers, where it `asks`. `said` is
    what this adult answered.
    """

    kind: EventKind
    title: str
    text: str
    place: str
    first: date
    last: date
    starts_at: datetime | None
    ends_at: datetime | None
    uid: str
    sequence: int
    made_at: datetime
    changed_at: datetime
    cancelled: bool = False
    event_id: int | None = None
    notice_id: int | None = None
    notices: frozenset[int] = frozenset()
    class_id: int | None = None
    class_label: str = ""
    pupils: frozenset[int] = frozenset()
    asks: bool = False
    delivery_id: int | None = None
    said: Said | None = None

    def __repr__(self) -> str:
        return f"Entry({self.uid})"

    @property
    def overrides(self) -> bool:
        """Whether it stands against the holidays."""
        return self.kind in (EventKind.CLOSED, EventKind.OPEN)

    def concerns(self, pupil_id: int, classes: Collection[int]) -> bool:
        """Whether it is for a pupil of these classes."""
        if self.pupils:
            return pupil_id in self.pupils
        return self.class_id is None or self.class_id in classes


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Put them as a day goes: by day, what has no hour first."""
    return sorted(entries, key=lambda one: (one.first, one.starts_at is not None, one.starts_at or one.made_at))


def when(speaks: Tongue, entry: Entry, timezone: str) -> str:
    """Say when it is, in one language: « vendredi 27 novembre, de 9 h 00 à 11 h 30 »."""
    _ = speaks.gettext
    if entry.first == entry.last:
        day, hours = speaks.day(entry.first), hours_of(speaks, entry, timezone)
        return _("%(day)s, %(hours)s") % {"day": day, "hours": hours} if hours else day
    first, last = (
        speaks.moment(moment, timezone) if moment else speaks.day(day)
        for moment, day in ((entry.starts_at, entry.first), (entry.ends_at, entry.last))
    )
    return _("du %(first)s au %(last)s") % {"first": first, "last": last}


def hours_of(speaks: Tongue, entry: Entry, timezone: str) -> str:
    """Say the hours of its first day alone: « de 9 h 00 à 11 h 30 »; empty where it has none."""
    if entry.starts_at is None:
        return ""
    starts = speaks.time(entry.starts_at, timezone)
    if entry.ends_at is None or entry.first != entry.last:
        return starts
    return speaks.gettext("de %(start)s à %(end)s") % {"start": starts, "end": speaks.time(entry.ends_at, timezone)}


def day_of(moment: datetime, timezone: str) -> date:
    """Say on which day at the school a moment is."""
    return moment.astimezone(ZoneInfo(timezone)).date()
