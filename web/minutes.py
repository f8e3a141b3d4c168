"""Minute by minute: the steps of the reach board's chart, what stands in its table, and what happened when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from babel.dates import format_date

from hub.models.notices import NoticeState
from hub.notices.headlines import Headline
from hub.notices.minutes import Column, Course
from hub.notices.reach import Tally
from hub.ports import Follows
from web.pages import hour

WIDTH, HEIGHT = 300.0, 120.0
LEAST_COLUMNS = 15
"""A young notice's columns are not wider than this share of the chart: the room beside them is still to come."""
_FILLED = 0.8
_LINES = 4
_A_HUNDRED, _MANY = 100, 200

_FOLLOWED = {
    Follows.CORRECTION: "Corrigé par un nouvel avis",
    Follows.WITHDRAWAL: "Retiré\u00a0: un mot est parti à qui l’avait",
    Follows.REMINDER: "Rappel à qui n’a pas répondu",
    Follows.UPDATE: "Remplacé par une mise à jour",
}


Clock = Callable[[datetime], str]
"""Tells an hour in words."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: adults who knew, and who had confirmed, at an hour."""

    at: str
    know: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class Minutes:
    """The chart, drawn on 300 by 120: paths of those who confirmed, of those told above them, and of the lines.

    `said` is the chart in one sentence; `axis` its hours; `steps` what happened, (hour, words).
    """

    confirmed: str
    told: str
    lines: tuple[float, ...]
    said: str
    axis: tuple[str, ...]
    rows: tuple[Row, ...]
    steps: tuple[tuple[str, str], ...]


def minutes(course: Course, notice: Headline, tally: Tally, *, timezone: str, now: datetime) -> Minutes | None:
    """Draw how fast a notice got there; None when it concerns nobody, or has not left yet.

    Until now while anybody is still awaited, else until the last news.
    """
    began = max(notice.created_at, notice.due_at)
    if not tally.adults or began > now:
        return None
    until = now if not tally.settled else max(course.last_at or began, began)
    step, columns = course.columns(began, until)
    clock = _clock(began, timezone)
    slots = max(len(columns), LEAST_COLUMNS)
    return Minutes(
        confirmed=_path(columns, slots, tally.adults, lambda one: (0, one.confirmed)),
        told=_path(columns, slots, tally.adults, lambda one: (one.confirmed, one.know)),
        lines=tuple(round(_y(level, tally.adults), 1) for level in _levels(tally.adults)),
        said=_said(course, tally, columns[-1], clock, began),
        axis=tuple(clock(began + step * (slots * n // 3)) for n in range(4)),
        rows=tuple(_rows(columns, clock)),
        steps=(*_steps(course, notice, tally, clock), *_so_far(columns[-1], clock)),
    )


def _path(columns: tuple[Column, ...], slots: int, adults: int, share: Callable[[Column], tuple[int, int]]) -> str:
    width = WIDTH / slots
    drawn = []
    for place, one in enumerate(columns):
        low, high = share(one)
        if high > low:
            x, top, bottom = width * (place + (1 - _FILLED) / 2), _y(high, adults), _y(low, adults)
            drawn.append(f"M{x:.4g} {top:.4g}h{width * _FILLED:.4g}v{bottom - top:.4g}h-{width * _FILLED:.4g}z")
    return "".join(drawn)


def _y(adults: int, of: int) -> float:
    return HEIGHT * (1 - adults / of)


def _levels(adults: int) -> Iterator[int]:
    """Choose round numbers for the lines: at most four, 1, 2 or 5 and noughts apart."""
    apart = next(n * 10**power for power in range(9) for n in (1, 2, 5) if n * 10**power * (_LINES + 1) > adults)
    return iter(range(apart, adults + 1, apart))


def _said(course: Course, tally: Tally, last: Column, clock: Clock, began: datetime) -> str:
    half = course.reached(-(-tally.adults // 2))
    halfway = f"la moitié à {clock(half)}, " if half else ""
    confirmed = f"dont {last.confirmed} ont confirmé" if last.confirmed > 1 else f"dont {last.confirmed} a confirmé"
    know = f"{last.know} adulte{'s' if last.know > 1 else ''} sur {tally.adults} à {clock(last.until)}"
    return f"Qui sait, depuis {clock(began)}\u00a0: {halfway}{know}, {confirmed}."


def _rows(columns: tuple[Column, ...], clock: Clock) -> Iterator[Row]:
    """Write a line where something changed, and the last one."""
    before = (-1, -1)
    for one in columns:
        if (one.know, one.confirmed) != before or one is columns[-1]:
            yield Row(clock(one.until), one.know, one.confirmed)
        before = (one.know, one.confirmed)


def _steps(course: Course, notice: Headline, tally: Tally, clock: Clock) -> Iterator[tuple[str, str]]:
    """Say what happened when, in order."""
    happened = [(notice.created_at, "Pressé")]
    if notice.due_at - notice.created_at >= timedelta(minutes=1):
        happened.append((notice.due_at, "Parti"))
    happened += _milestones(course, tally)
    happened += [(at, _FOLLOWED[how]) for at, how in course.followed]
    if notice.state is NoticeState.CANCELLED and course.stopped_at is not None:
        happened.append((course.stopped_at, "Arrêté\u00a0: ce qui n’était pas parti ne part plus"))
    for at, what in sorted(happened, key=lambda one: one[0].replace(second=0, microsecond=0)):
        yield clock(at), what


def _so_far(last: Column, clock: Clock) -> Iterator[tuple[str, str]]:
    """End the list with how far it is, which also says what the dark part of a column is."""
    if last.confirmed:
        know, have = ("savent", "ont") if last.confirmed > 1 else ("sait" if last.know == 1 else "savent", "a")
        yield clock(last.until), f"{last.know} {know}, dont {last.confirmed} {have} confirmé (foncé)"


def _milestones(course: Course, tally: Tally) -> Iterator[tuple[datetime, str]]:
    """A hundred, half, and the last who came to know; of those in one minute the last alone."""
    levels = [(_A_HUNDRED, f"{_A_HUNDRED} adultes savent")] if tally.adults >= _MANY else []
    levels.append((-(-tally.adults // 2), "La moitié sait"))
    levels.append((tally.know, _last(tally)))
    reached = [(at, words) for level, words in levels if 0 < level <= tally.know and (at := course.reached(level))]
    for _, together in groupby(reached, key=lambda one: one[0]):
        yield list(together)[-1]


_FEW = 5
"""Where more than a fifth does not know yet, « tous, sauf » would be too much said."""


def _last(tally: Tally) -> str:
    without = tally.adults - tally.know
    if not without:
        return "Tous savent"
    if without * _FEW > tally.adults:
        return f"{tally.know} savent" if tally.know > 1 else "1 adulte sait"
    return f"Tous savent, sauf {without}"


def _clock(began: datetime, timezone: str) -> Clock:
    """Tell hours; on another day than the press, with the day before them."""
    zone = ZoneInfo(timezone)
    today = began.astimezone(zone).date()

    def told(at: datetime) -> str:
        day = at.astimezone(zone).date()
        if day == today:
            return hour(at, timezone)
        return f"{format_date(day, 'EEE d', locale='fr')}, {hour(at, timezone)}"

    return told
