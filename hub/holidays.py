"""When there is no class in France: the holidays of the zone, the public holidays, and what a school sets against them.

Pure: no session, no clock.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import vacances_scolaires_france

from i18n.slots import N_

DAY = timedelta(days=1)
SATURDAY = 5
KNOWN_UNTIL = date(2028, 8, 31)
"""The last day of the calendars that the ministry has published; what comes after it is not guessed.

Source: vacances-scolaires-france 0.12, from data.education.gouv.fr.
"""
_NAMES = {
    "Vacances d'été": N_("Vacances d'été"),
    "Vacances de la Toussaint": N_("Vacances de la Toussaint"),
    "Vacances de Noël": N_("Vacances de Noël"),
    "Vacances d'hiver": N_("Vacances d'hiver"),
    "Vacances de printemps": N_("Vacances de printemps"),
    "Pont de l'Ascension": N_("Pont de l'Ascension"),
}
"""As the catalogues have them."""
_FIXED = (
    (1, 1, N_("Jour de l'an")),
    (5, 1, N_("Fête du Travail")),
    (5, 8, N_("Victoire de 1945")),
    (7, 14, N_("Fête nationale")),
    (8, 15, N_("Assomption")),
    (11, 1, N_("Toussaint")),
    (11, 11, N_("Armistice de 1918")),
    (12, 25, N_("Noël")),
)
_AFTER_EASTER = ((1, N_("Lundi de Pâques")), (39, N_("Ascension")), (50, N_("Lundi de Pentecôte")))
"""Days after Easter Sunday."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days without class; `name` in French, as the catalogues know it; `last` is one of them."""

    name: str
    first: date
    last: date

    def covers(self, day: date) -> bool:
        """Whether this day is one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Override:
    """What a school sets against the holidays: days that are `open` after all, or closed. `class_id` None: for all."""

    first: date
    last: date
    open: bool
    class_id: int | None = None


def holidays(zone: str, first: date, last: date) -> list[Holiday]:
    """List the holidays that touch these days, in their order; a public holiday within a vacation is not told apart.

    Nothing is known of vacations after KNOWN_UNTIL: there are only public holidays then.
    """
    off = [one for one in _vacations(zone) if one.first <= last and one.last >= first]
    feasts = (feast for year in range(first.year, last.year + 1) for feast in public_holidays(year))
    alone = (one for one in feasts if first <= one.first <= last and not any(each.covers(one.first) for each in off))
    return sorted((*off, *alone), key=lambda one: one.first)


@cache
def public_holidays(year: int) -> tuple[Holiday, ...]:
    """List the public holidays of a year. Source: code du travail, art. L3133-1."""
    fixed = [(date(year, month, day), name) for month, day, name in _FIXED]
    moving = [(easter(year) + timedelta(days=after), name) for after, name in _AFTER_EASTER]
    return tuple(Holiday(name, day, day) for day, name in sorted((*fixed, *moving)))


def is_public_holiday(day: date) -> bool:
    """Say whether a day is a public holiday: schools are silent then, as at the weekend."""
    return any(each.covers(day) for each in public_holidays(day.year))


def easter(year: int) -> date:
    """Find Easter Sunday of the Gregorian calendar. Source: Meeus, Jones and Butcher's algorithm (Nature, 1876)."""
    century, of_century = divmod(year, 100)
    leaps, of_leaps = divmod(century, 4)
    golden = year % 19
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * of_leaps + 2 * (of_century // 4) - moon - of_century % 4) % 7
    shift = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def is_open(day: date, zone: str, overrides: Iterable[Override]) -> bool:
    """Say whether there is class: on weekdays without a holiday, unless the school says otherwise.

    What is said of one class counts more than what is said of all, and what was said later more than before.
    """
    said = [one for one in overrides if one.first <= day <= one.last]
    if said:
        return next((one for one in reversed(said) if one.class_id is not None), said[-1]).open
    return day.weekday() < SATURDAY and not holidays(zone, day, day)


def days_between(first: date, last: date) -> Iterator[date]:
    """Walk the days, both ends included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def open_days(zone: str, first: date, last: date, overrides: Sequence[Override]) -> tuple[date, ...]:
    """List the days of class."""
    return tuple(day for day in days_between(first, last) if is_open(day, zone, overrides))


@cache
def _vacations(zone: str) -> tuple[Holiday, ...]:
    """Join the published days of one zone into vacations; none for a zone that nobody publishes."""
    column, found = _COLUMNS.get(zone, ""), list[Holiday]()
    for row in _published():
        if row.get(column) != _OFF:
            continue
        day, name = date.fromisoformat(row["date"]), _NAMES.get(row["nom_vacances"], row["nom_vacances"])
        if found and found[-1].name == name and found[-1].last == day - DAY:
            found[-1] = Holiday(name, found[-1].first, day)
        else:
            found.append(Holiday(name, day, day))
    return tuple(found)


@cache
def _published() -> tuple[dict[str, str], ...]:
    """Read the calendars of the ministry, once: the days off in some zone, in their order.

    From the package's file, and not by its own reader: that one takes a fifth of a second to parse its
    fourteen thousand dates by a pattern, and the page that happens to ask first would wait for it.
    """
    head, *days = files(vacances_scolaires_france).joinpath("data/data.csv").read_text("utf-8").splitlines()
    return tuple(csv.DictReader([head, *sorted(day for day in days if _OFF in day)]))


_OFF = "True"
_COLUMNS = {"A": "vacances_zone_a", "B": "vacances_zone_b", "C": "vacances_zone_c"}
"""As the file has a day without class, and the zones."""
