"""How a fictional town fills its school: household by household, the hard cases first, then ordinary life."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from hub.people.names import name_key
from sandbox.habits import Habit
from sandbox.invented_names import LANGUAGES, family_name, first_name
from sandbox.townsfolk import FictionalAdult, FictionalPupil, Trouble

MOBILES = 10_000
"""Mobile numbers kept for fiction in France (ARCEP, decision 2018-0881): 06 39 98 0000 to 9999."""

LEVELS = ("CP", "CE1", "CE2", "CM1", "CM2")
_CLASS_SIZE = 25
_JOIN = (3, 9)
"""Of twelve whose mobile works: who joined by Telegram, and who by notifications."""
_LEAVE = (3, 6)
"""Of twelve who joined: who left."""
_OLDEST_IN_CP = 2020
"""Birth year of those who enter CP in autumn 2026; one year less for each level."""


def settle(seed: int, pupils: int) -> tuple[tuple[FictionalPupil, ...], tuple[FictionalAdult, ...]]:
    """Fill a school of `pupils`; equal seeds give equal people, to the last digit."""
    town = _Town(seed, pupils)
    adults: list[FictionalAdult] = []
    nth, hard = 0, 0
    while town.seats:
        size, household = _HARD_CASES[nth] if nth < len(_HARD_CASES) else (town.family_size(), _ordinary)
        language = town.language(nth - len(_HARD_CASES))
        adults += household(_Family(town, language, size, own_names=household is _foster_home))
        nth += 1
        hard = len(adults) if nth <= len(_HARD_CASES) else hard
    return tuple(town.pupils), (*adults[:hard], *_joined(adults[hard:]))


class _Town:
    """What is given out once only: seats, numbers, names."""

    pupils: list[FictionalPupil]
    seats: list[tuple[str, str, str]]

    def __init__(self, seed: int, pupils: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - fiction must be the same each time, and guards no secret
        self.pupils = []
        self.seats = _seats(pupils)
        self.random.shuffle(self.seats)
        self._mobiles = self.random.sample(range(MOBILES), MOBILES)
        self._landlines = self.random.sample(range(10_000), 10_000)
        self._names: Counter[str] = Counter()
        self._mailboxes = 0

    def family_size(self) -> int:
        return self.random.choices((1, 2, 3), (72, 23, 5))[0]

    def language(self, nth: int) -> str:
        """French for the hard cases, each language once for the next families, then as chance has it."""
        if nth < 0:
            return LANGUAGES[0]
        return LANGUAGES[nth] if nth < len(LANGUAGES) else self.random.choices(LANGUAGES, (55, *[5] * 9))[0]

    def name(self, language: str) -> str:
        self._names[language] += 1
        return family_name(language, self._names[language] - 1)

    def mobile(self) -> str | None:
        return f"+3363998{self._mobiles.pop():04}" if self._mobiles else None

    def landline(self) -> str | None:
        return f"+3326191{self._landlines.pop():04}" if self._landlines else None

    def mailbox(self, first: str, name: str) -> str:
        self._mailboxes += 1
        domain = self.random.choice(("familles.test", "parents.example"))
        words = f"{name_key(first)} {name_key(name)}".split()
        return f"{'.'.join(words)}{self._mailboxes}@{domain}"


def _seats(pupils: int) -> list[tuple[str, str, str]]:
    """Lay out the seats (level, label, code of the class), so that classes differ by one pupil at most."""
    classes = max(1, round(pupils / _CLASS_SIZE))
    rooms: list[tuple[str, str, str]] = []
    for nth in range(classes):
        level = LEVELS[nth * len(LEVELS) // classes]
        row = sum(room[0] == level for room in rooms)
        rooms.append((level, f"{level} {chr(ord('A') + row) if row < 26 else row + 1}", str(90_001 + nth)))
    return [rooms[nth % classes] for nth in range(pupils)]


class _Family:
    """One family while it settles: its name, its language, its children (with `own_names`, of several families)."""

    def __init__(self, town: _Town, language: str, size: int, *, own_names: bool) -> None:
        self.town = town
        self.language = language
        self.name = town.name(language)
        self._own_names = own_names
        self._birthdays: dict[str, date] = {}
        self._place = town.random.randrange(6)
        self.children = tuple(self._child(nth) for nth in range(min(size, len(town.seats))))

    def _child(self, nth: int) -> FictionalPupil:
        """Seat a child; two of one level are twins."""
        level, label, code = self.town.seats.pop()
        first_day = date(_OLDEST_IN_CP - LEVELS.index(level), 1, 1)
        born_on = self._birthdays.setdefault(level, first_day + timedelta(days=self.town.random.randrange(365)))
        girl = self.town.random.random() < 0.5
        pupil = FictionalPupil(
            family_name=self.town.name(self.language) if self._own_names else self.name,
            usage_name=f"{self.name}-BIS" if self.town.random.random() < 0.03 else "",
            first_name=first_name(self.language, self._place + nth, woman=girl),
            born_on=born_on,
            girl=girl,
            ine=f"{len(self.town.pupils):09}ZZ",
            level=level,
            class_label=label,
            class_code=code,
        )
        self.town.pupils.append(pupil)
        return pupil

    def adult(self, *, woman: bool, own_name: bool = False, street: str = "") -> FictionalAdult:
        """Let an adult move in, without any address yet; with `own_name` the children bear another's."""
        chance = self.town.random
        return FictionalAdult(
            civility="MME" if woman else "M.",
            name=self.town.name(self.language) if own_name else self.name,
            usage_name=self.name if own_name and chance.random() < 0.5 else "",
            first_name=first_name(self.language, chance.randrange(9), woman=woman),
            language=self.language,
            street=street or f"{chance.randrange(1, 200)} rue des Exemples",
            children=self.children,
            habit=chance.choices((Habit.ACKNOWLEDGE, Habit.DIGIT, Habit.SILENT), (62, 14, 24))[0],
        )


def _ordinary(family: _Family) -> list[FictionalAdult]:
    """Settle two parents under one roof, two apart, or one alone."""
    chance = family.town.random
    roof = chance.choices(("one", "two", "alone"), (62, 27, 11))[0]
    mother_first = chance.random() < 0.5
    first = family.adult(woman=mother_first, own_name=mother_first and chance.random() < 0.7)
    if roof == "alone":
        return [_reached(family, first)]
    alike = chance.random() < 0.04
    street = first.street if roof == "one" else ""
    second = family.adult(woman=mother_first if alike else not mother_first, own_name=alike, street=street)
    if chance.random() < 0.12:
        second = replace(second, language=LANGUAGES[0])
    return [_reached(family, first), _reached(family, second)]


def _reached(family: _Family, adult: FictionalAdult) -> FictionalAdult:
    """Give an adult the addresses that most have, and now and then the trouble that some have."""
    chance = family.town.random
    has = chance.choices(("both", "mobile", "mailbox", "everything"), (58, 27, 10, 5))[0]
    mobile = family.town.mobile() if has != "mailbox" else None
    mailbox = family.town.mailbox(adult.first_name, adult.name) if has != "mobile" or mobile is None else None
    landline = family.town.landline() if has == "everything" else None
    troubles = (Trouble.NONE, Trouble.DEAD, Trouble.OFF, Trouble.REFUSES)
    trouble = chance.choices(troubles, (950, 18, 22, 10))[0] if mobile else Trouble.NONE
    if mobile is None and chance.random() < 0.08:
        trouble = Trouble.BOUNCES
    return replace(adult, mobile=mobile, mailbox=mailbox, landline=landline, trouble=trouble)


def _joined(adults: list[FictionalAdult]) -> Iterator[FictionalAdult]:
    """Let one in twelve of those whose mobile works have joined by Telegram, and one by notifications.

    One in six of them has left it since.
    """
    joined = 0
    for nth, adult in _counted(adults):
        if nth % 12 not in _JOIN:
            yield adult
            continue
        joined += 1
        trouble = Trouble.LEFT if joined % 12 in _LEAVE else Trouble.NONE
        chat = f"7{adult.mobile[-4:]}" if adult.mobile and nth % 12 == _JOIN[0] else None
        yield replace(adult, chat=chat, notified=chat is None, trouble=trouble)


def _counted(adults: list[FictionalAdult]) -> Iterator[tuple[int, FictionalAdult]]:
    """Number those whose mobile works, from 0; all others are -1."""
    nth = -1
    for adult in adults:
        works = adult.mobile is not None and adult.trouble is Trouble.NONE
        nth += works
        yield (nth if works else -1), adult


def _barred_from_one_pupil(family: _Family) -> list[FictionalAdult]:
    """Two apart; a judge barred one of them from the elder pupil, and ONDE's file does not say so."""
    home = replace(family.adult(woman=True, own_name=True), mobile=family.town.mobile())
    away = replace(family.adult(woman=False), mobile=family.town.mobile(), barred_from=family.children[:1])
    return [home, away]


def _two_on_one_phone(family: _Family) -> list[FictionalAdult]:
    mobile = family.town.mobile()
    one = replace(family.adult(woman=True), mobile=mobile)
    return [one, replace(family.adult(woman=False, street=one.street), mobile=mobile)]


def _foster_home(family: _Family) -> list[FictionalAdult]:
    """A service answers for children of no common name, over several phones, whoever is on duty."""
    town = family.town
    house = replace(
        family.adult(woman=True),
        civility="",
        name="FOYER DES EXEMPLES",
        usage_name="",
        first_name="",
        habit=Habit.ACKNOWLEDGE,
    )
    mailbox = town.mailbox("accueil", "foyer")
    return [replace(house, mobile=town.mobile(), landline=town.landline(), work=town.mobile(), mailbox=mailbox)]


def _beyond_reach(family: _Family) -> list[FictionalAdult]:
    return [family.adult(woman=True)]


def _only_a_landline(family: _Family) -> list[FictionalAdult]:
    """One whom no text reaches, and beside, one whose number is nobody's any more."""
    landline = replace(family.adult(woman=True), landline=family.town.landline())
    return [landline, replace(family.adult(woman=False), mobile=family.town.mobile(), trouble=Trouble.DEAD)]


def _odd_numbers(family: _Family) -> list[FictionalAdult]:
    premium = replace(family.adult(woman=True), odd_number="08 92 00 00 00")
    return [premium, replace(family.adult(woman=False), odd_number="à demander")]


def _off_and_refusing(family: _Family) -> list[FictionalAdult]:
    off = replace(family.adult(woman=True), mobile=family.town.mobile(), trouble=Trouble.OFF)
    return [off, replace(family.adult(woman=False), mobile=family.town.mobile(), trouble=Trouble.REFUSES)]


_HARD_CASES: tuple[tuple[int, Callable[[_Family], list[FictionalAdult]]], ...] = (
    (2, _barred_from_one_pupil),
    (1, _two_on_one_phone),
    (2, _foster_home),
    (1, _beyond_reach),
    (1, _only_a_landline),
    (1, _odd_numbers),
    (1, _off_and_refusing),
)
"""How many pupils, and who answers for them; ten pupils hold them all."""
