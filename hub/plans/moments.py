"""When what was planned leaves: once, or every few weeks on some days, at an hour of the school's clock.

Pure: no session, no clock. Eight o'clock stays eight o'clock when the clocks change. An hour that a night of March
leaves out (half past two on 29 March 2026) is counted on from before the change, so it is half past three; one that a
night of October has twice is the first of the two. Source: RFC 5545 §3.3.5.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice, takewhile
from zoneinfo import ZoneInfo

from hub.errors import InvalidError
from hub.ports import NoticeKind, Slots

WEEK = timedelta(days=7)
FARTHEST = timedelta(days=400)
"""How far ahead anything is planned: further, the year was mistyped, and the classes of then are not known."""
MOST_WEEKS = 8
"""Weeks between two moments of a plan, at most."""
AT_LATEST = timedelta(hours=6)
"""How late something planned still leaves when the hub was down: what was for the morning is not for the night."""
PLANNABLE = frozenset({NoticeKind.ANNOUNCEMENT, NoticeKind.MEETING})
"""What may wait. An alert or an absence leaves at once, or is no news any more."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a plan leaves: `at` by the school's clock, on `starts_on`; with `weekdays` (Monday 0) again and again.

    Then `starts_on` is the first day that counts, its week the first of every `every` weeks, and `until` the last day.
    `in_term`: only on days of class.
    """

    starts_on: date
    at: time
    weekdays: frozenset[int] = frozenset()
    every: int = 1
    until: date | None = None
    in_term: bool = True

    @property
    def repeats(self) -> bool:
        """Whether it leaves more than once."""
        return bool(self.weekdays)


def moment_on(day: date, at: time, timezone: str) -> datetime:
    """Give the moment at which the school's clock shows an hour of a day, in UTC."""
    return datetime.combine(day, at.replace(fold=0), tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def is_left_out(day: date, at: time, timezone: str) -> bool:
    """Whether the clock is put forward over this hour, so that it leaves an hour later by the clock."""
    return moment_on(day, at, timezone).astimezone(ZoneInfo(timezone)).time() != at.replace(fold=0)


def is_twice(day: date, at: time, timezone: str) -> bool:
    """Whether the clock is put back over this hour, so that it leaves at the first of the two."""
    second = datetime.combine(day, at.replace(fold=1), tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    return second > moment_on(day, at, timezone)


def days_of(rhythm: Rhythm, since: date) -> Iterator[date]:
    """Walk the days of a rhythm from `since` on, of class or not; without an end it never ends."""
    if not rhythm.repeats:
        yield from (rhythm.starts_on,) if rhythm.starts_on >= since else ()
        return
    first_week = rhythm.starts_on - timedelta(days=rhythm.starts_on.weekday())
    passed = max(0, (since - first_week).days // 7) // rhythm.every * rhythm.every
    for weeks in count(passed, rhythm.every):
        for weekday in sorted(rhythm.weekdays):
            day = first_week + weeks * WEEK + timedelta(days=weekday)
            if rhythm.until is not None and day > rhythm.until:
                return
            if day >= max(since, rhythm.starts_on):
                yield day


def moments_after(rhythm: Rhythm, after: datetime, timezone: str) -> Iterator[tuple[date, datetime]]:
    """Walk the days and moments of a rhythm that come after a moment, of class or not."""
    here = after.astimezone(ZoneInfo(timezone)).date()
    for day in days_of(rhythm, here - timedelta(days=1)):  # an hour that is left out may fall into the next day
        moment = moment_on(day, rhythm.at, timezone)
        if moment > after:
            yield day, moment


def next_look(rhythm: Rhythm, after: datetime, timezone: str) -> datetime | None:
    """Say when the clock looks at a plan next; None when it is over. Whether there is class is asked on the day."""
    return next((moment for _, moment in moments_after(rhythm, after, timezone)), None)


def next_besides(left: Collection[date], rhythm: Rhythm, after: datetime, timezone: str) -> datetime:
    """Say when the clock looks next at a plan that is moved: on no day on which it has `left` already.

    Raises InvalidError when no other day is to come.
    """
    moments = moments_after(rhythm, after, timezone)
    found = next((moment for day, moment in moments if day not in left), None)
    if found is None:
        raise InvalidError("Cet avis est parti aujourd’hui, et c’était son dernier jour : il ne partirait plus.")
    return found


def coming(
    rhythm: Rhythm, after: datetime, timezone: str, most: int, *, is_open: Callable[[date], bool]
) -> tuple[datetime, ...]:
    """List the next moments at which it leaves, `most` of them, at most a good year ahead."""
    soon = takewhile(lambda each: each[1] <= after + FARTHEST, moments_after(rhythm, after, timezone))
    leaves = (moment for day, moment in soon if not rhythm.in_term or not rhythm.repeats or is_open(day))
    return tuple(islice(leaves, most))


def check_near(day: date, today: date) -> None:
    """Refuse a day that was mistyped. Raises InvalidError."""
    if day > today + FARTHEST:
        raise InvalidError("Ce jour est à plus d’un an : donnez un jour plus proche.", field="leaves_on")
    if day < today - FARTHEST:
        raise InvalidError("Ce jour est passé depuis longtemps : donnez un jour à venir.", field="leaves_on")


def check_rhythm(rhythm: Rhythm, *, now: datetime, year_ends: date, timezone: str) -> None:
    """Refuse what would never leave, or never end. Raises InvalidError."""
    if not rhythm.repeats:
        if moment_on(rhythm.starts_on, rhythm.at, timezone) <= now:
            raise InvalidError("Ce moment est passé : donnez un jour et une heure à venir.", field="leaves_on")
        return
    if not rhythm.weekdays <= frozenset(range(7)):
        raise InvalidError("Ce jour de la semaine n’existe pas.", field="weekdays")
    if not 1 <= rhythm.every <= MOST_WEEKS:
        raise InvalidError(f"Un avis se répète toutes les 1 à {MOST_WEEKS} semaines.", field="every")
    if rhythm.until is None or rhythm.until > year_ends:
        raise InvalidError(
            f"Une répétition s’arrête avec l’année scolaire : le {year_ends:%d/%m/%Y} au plus tard.", field="until"
        )
    if rhythm.until < max(rhythm.starts_on, now.astimezone(ZoneInfo(timezone)).date()):
        raise InvalidError("Cette répétition serait déjà finie : donnez un dernier jour à venir.", field="until")


def check_plannable(kind: NoticeKind, slots: Slots, rhythm: Rhythm, timezone: str) -> None:
    """Refuse what cannot wait, and what is said but once. Raises InvalidError."""
    if kind not in PLANNABLE:
        raise InvalidError("Ce qui presse part tout de suite : seule une annonce ou une réunion attend.", field="when")
    if rhythm.repeats and kind is NoticeKind.MEETING:
        raise InvalidError("Une réunion n’a lieu qu’une fois : choisissez un seul moment.", field="when")
    if slots.starts_at is not None and moment_on(rhythm.starts_on, rhythm.at, timezone) >= slots.starts_at:
        raise InvalidError("La réunion aurait déjà commencé : l’avis doit partir avant elle.", field="leaves_on")


def why_too_late(slots: Slots, due: datetime, now: datetime) -> str:
    """Say why what was due no longer leaves; empty while it still makes sense."""
    if slots.starts_at is not None and slots.starts_at <= now:
        return "Le relais était arrêté à l’heure dite, et la réunion avait commencé quand il a repris."
    if now - due > AT_LATEST:
        hours = int(AT_LATEST.total_seconds()) // 3600
        return f"Le relais était arrêté à l’heure dite, et n’a repris que plus de {hours} heures après."
    return ""
