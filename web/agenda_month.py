"""A month of the calendar as the staff sees it: by day in a list, and by week in a small table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hub.agenda.entries import Entry, hours_of, when
from hub.agenda.events import may_write
from hub.holidays import Holiday, Override, days_between, is_open
from hub.models.agenda import EventKind
from hub.models.school import School
from hub.people.rights import Rights
from hub.routing import SATURDAY
from i18n.tongues import tongue
from web.pages import date_words

_FRENCH = tongue("fr", typeset=True)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """Something under its day. `when`: the hours, or from when to when; `mine`: whether this reader may change it."""

    entry: Entry
    when: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day with something on it; `off` names the holiday that begins there."""

    day: date
    words: str
    off: tuple[Holiday, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A day in the table. `inside` the month; `off`: no class; `things` on it; `listed`: whether a line leads there."""

    day: date
    inside: bool
    off: bool
    weekend: bool
    things: int
    listed: bool


@dataclass(frozen=True, slots=True)
class Month:
    """A month: `name` as « novembre 2026 », the months beside it as addresses have them, its days and weeks."""

    name: str
    this: str
    before: str
    after: str
    things: int
    next: str
    days: tuple[Day, ...]
    weeks: tuple[tuple[Cell, ...], ...]


def month_of(
    entries: Sequence[Entry],
    off: Sequence[Holiday],
    school: School,
    rights: Rights,
    *,
    first: date,
    last: date,
    today: date,
) -> Month:
    """Lay a month out: each entry under the day on which it begins, or the first of the month."""
    days = tuple(
        found
        for one in days_between(first, last)
        if (found := _day(one, entries, off, school, rights, first=first)).off or found.lines
    )
    coming = next((one for one in entries if one.first >= today and not one.overrides), None)
    listed = {one.day for one in days}
    return Month(
        name=f"{date_words(first).split(' ', 2)[2]} {first.year}",
        this=f"{first:%Y-%m}",
        before=f"{first - timedelta(days=1):%Y-%m}",
        after=f"{last + timedelta(days=1):%Y-%m}",
        things=sum(not one.overrides for one in entries),
        next=f"{coming.title or 'Réunion'}, {when(_FRENCH, coming, school.timezone)}" if coming else "",
        days=days,
        weeks=tuple(_weeks(entries, school, first=first, last=last, listed=listed)),
    )


def _day(
    day: date, entries: Iterable[Entry], off: Iterable[Holiday], school: School, rights: Rights, *, first: date
) -> Day:
    lines = tuple(
        Line(one, _when(one, school.timezone), _mine(one, rights)) for one in entries if max(one.first, first) == day
    )
    return Day(day, date_words(day), tuple(one for one in off if max(one.first, first) == day), lines)


def _when(entry: Entry, timezone: str) -> str:
    if entry.first == entry.last:
        return hours_of(_FRENCH, entry, timezone)
    return when(_FRENCH, entry, timezone)


def _mine(entry: Entry, rights: Rights) -> bool:
    return entry.event_id is not None and may_write(rights, entry.class_id, entry.kind)


def _weeks(
    entries: Sequence[Entry], school: School, *, first: date, last: date, listed: set[date]
) -> Iterable[tuple[Cell, ...]]:
    said = [Override(one.first, one.last, one.kind is EventKind.OPEN) for one in entries if _for_all(one)]
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield tuple(
            Cell(
                day=day,
                inside=first <= day <= last,
                off=not is_open(day, school.zone, said),
                weekend=day.weekday() >= SATURDAY,
                things=sum(one.first <= day <= one.last for one in entries),
                listed=day in listed,
            )
            for day in days_between(monday, monday + _WEEK - timedelta(days=1))
        )
        monday += _WEEK


def _for_all(entry: Entry) -> bool:
    return entry.overrides and entry.class_id is None
