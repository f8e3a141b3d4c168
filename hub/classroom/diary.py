"""The homework diary as the staff read it: what a class did and what is due, a week at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import enter
from hub.classroom.diary_asked import entries_of_class, pupils_in_class, some_entries, subjects_of_class
from hub.errors import NotFoundError
from hub.models.classroom import EntryKind
from hub.notices.headlines import Reader
from hub.people.schools import school_key
from hub.sealing import Keyring, Seal

TEXT = b"diary_entry.text"
"""What the words of an entry are sealed as."""
WEEK = timedelta(days=6)
"""From a Monday to its Sunday."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the diary. `ticks`: pupils of today's for whom a family ticked it; `told`: families know of it."""

    entry_id: int
    class_id: int
    kind: EntryKind
    subject: str
    day: date
    given_on: date | None
    text: str
    author: str
    ticks: int
    told: bool


@dataclass(frozen=True, slots=True)
class Week:
    """A class's week: `entries` by day, what is due before what was done; `pupils`: how many may tick."""

    monday: date
    entries: tuple[Entry, ...]
    pupils: int

    def on(self, day: date) -> tuple[Entry, ...]:
        """Give what stands under a day."""
        return tuple(entry for entry in self.entries if entry.day == day)


def monday_of(day: date) -> date:
    """Give the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


async def week_of(
    session: AsyncSession, keyring: Keyring, *, school_id: int, class_id: int, day: date, today: date
) -> Week:
    """Read the week that a day is in. Asks for no right: the caller has entered the class."""
    monday = monday_of(day)
    which = {"school": school_id, "class": class_id, "day": today}
    rows = (await session.execute(entries_of_class(), which | {"first": monday, "last": monday + WEEK})).all()
    pupils = (await session.execute(pupils_in_class(), which)).scalar_one()
    return Week(monday, await opened(session, keyring, school_id, rows), pupils)


async def read_entries(
    session: AsyncSession, keyring: Keyring, *, school_id: int, entries: Collection[int], today: date
) -> tuple[Entry, ...]:
    """Read some entries, in the order of their days. Asks for no right."""
    which = {"school": school_id, "entries": list(entries), "day": today}
    rows = (await session.execute(some_entries(), which)).all()
    return await opened(session, keyring, school_id, rows)


async def read_entry(
    session: AsyncSession, keyring: Keyring, *, school_id: int, entry_id: int, reader: Reader
) -> Entry:
    """Read one entry of a class of this reader's today. Raises NotFoundError, NotAllowedError."""
    found = await read_entries(session, keyring, school_id=school_id, entries=[entry_id], today=reader.day)
    if not found:
        raise NotFoundError("Ce n’est plus au cahier.")
    await enter(session, school_id=school_id, class_id=found[0].class_id, reader=reader)
    return found[0]


async def subjects_used(session: AsyncSession, *, school_id: int, class_id: int) -> tuple[str, ...]:
    """List the subjects of a class's diary, the most frequent first."""
    return tuple(await session.scalars(subjects_of_class(), {"school": school_id, "class": class_id}))


async def opened(
    session: AsyncSession, keyring: Keyring, school_id: int, rows: Sequence[Row[Any]]
) -> tuple[Entry, ...]:
    """Give rows of `entries_of_class` or `some_entries` with their words in clear."""
    if not rows:
        return ()
    seal = await school_key(session, keyring, school_id)
    return tuple(_entry(row, text) for row, text in zip(rows, words_of(seal, rows), strict=True))


def words_of(seal: Seal, rows: Sequence[Row[Any]]) -> list[str]:
    """Open the words of some rows; an entry that stands in several of them is opened once."""
    clear: dict[int, str] = {}
    for row in rows:
        if row.id not in clear:
            clear[row.id] = seal.open(row.text_sealed, TEXT).decode()
    return [clear[row.id] for row in rows]


def _entry(row: Row[Any], text: str) -> Entry:
    return Entry(
        row.id,
        row.class_id,
        EntryKind(row.kind),
        row.subject,
        row.day,
        row.given_on,
        text,
        row.author,
        row.ticks,
        bool(row.told),
    )
