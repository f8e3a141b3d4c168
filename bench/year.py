"""A school year of a school of 500 families, written in bulk: what the pages are measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.school import KEYS
from hub import tables
from hub.database import Database
from hub.home.logins import Adult, open_login
from hub.models.school import School
from hub.notices.publish import Draft, publish
from hub.people.schools import school_key
from hub.ports import NoticeKind, Slots
from hub.sealing import Seal

PUPILS = 665
"""In about 500 families, with some 925 adults."""
DAYS, LESSONS = 150, 4
"""Days of school, and entries of a class's diary on each: two of what was done, two of what is due."""
NOTICES, DOCUMENTS, ASSESSMENTS, EVENTS = 40, 60, 40, 150
"""Notices and documents of the school, assessments of each class, events of the calendar."""
AT_ONCE = 5_000
"""Rows a statement."""
FIRST = 100_000
"""The first number given here; those before are the demo's."""


@dataclass(frozen=True, slots=True)
class People:
    """Who is at the school. `seats`: the pupils of each class; `links`: (guardian, pupil, whether that one decides)."""

    school: School
    author: int
    seats: Mapping[int, Sequence[int]]
    links: Sequence[tuple[int, int, bool]]


async def live_a_year(database: Database, school: School, author: int, *, now: datetime) -> People:
    """Write the year that ends now; gives who lived it."""
    async with database.engine() as connection:
        for table in ("staff_right", "link", "enrolment"):
            await connection.execute(text(f"UPDATE {table} SET from_on = '2020-09-01'"))  # noqa: S608 (ours)
        people = await _people(connection, school, author)
        seal = await school_key(connection, KEYS, school.key)
        year = _Year(connection, people, seal, now)
        await year.diary()
        await year.documents()
        await year.results()
        await year.events()
    for number in range(NOTICES):
        then = now - timedelta(days=5 * number + 1)
        async with database.school(school.key) as session:
            draft = Draft(kind=NoticeKind.URGENT, audience="school", slots=Slots(phrase="call_us"))
            await publish(session, KEYS, school=school, author_id=author, draft=draft, now=then)
    return people


async def open_homes(database: Database, people: People, *, now: datetime) -> str:
    """Open the page of the adult with the most children; gives the session."""
    children: dict[int, set[int]] = {}
    for guardian, pupil, _ in people.links:
        children.setdefault(guardian, set()).add(pupil)
    most = max(children, key=lambda guardian: (len(children[guardian]), -guardian))
    async with database.engine() as connection:
        return await open_login(connection, KEYS, [Adult(people.school.key, most)], device="Firefox, Linux", now=now)


async def _people(connection: AsyncConnection, school: School, author: int) -> People:
    enrolled = select(tables.enrolment.c.class_id, tables.enrolment.c.pupil_id).order_by(tables.enrolment.c.id)
    seats: dict[int, list[int]] = {}
    for class_id, pupil_id in await connection.execute(enrolled):
        seats.setdefault(class_id, []).append(pupil_id)
    told = select(tables.link.c.guardian_id, tables.link.c.pupil_id, tables.link.c.may_decide)
    links = [(row[0], row[1], bool(row[2])) for row in await connection.execute(told.where(tables.link.c.may_be_told))]
    return People(school, author, seats, links)


class _Year:
    """The year's registers, each written as it is counted."""

    def __init__(self, connection: AsyncConnection, people: People, seal: Seal, now: datetime) -> None:
        self._connection, self._people, self._seal, self._now = connection, people, seal, now
        self._here = {"school_id": people.school.key}
        self._ids: dict[str, count[int]] = {}
        self._today = now.date()

    async def diary(self) -> None:
        """Write the diary of each class, and the ticks of a third of the families."""
        entries, ticks = [], []
        for class_id, pupils in self._people.seats.items():
            for day in self._days():
                for lesson in range(LESSONS):
                    number = self._number("diary_entry")
                    due = lesson % 2 == 1
                    entries.append(
                        {
                            **self._here, "id": number, "class_id": class_id, "author_id": self._people.author,
                            "kind": "due" if due else "done", "subject": ("Français", "Mathématiques")[lesson // 2],
                            "day": day, "given_on": day - timedelta(days=1) if due else None,
                            "text_sealed": self._sealed("Lire la page douze à voix haute.", b"diary_entry.text"),
                            "made_at": self._now, "changed_at": self._now,
                        }
                    )  # fmt: skip
                    ticks += [
                        {**self._here, "entry_id": number, "pupil_id": pupil, "guardian_id": guardian, "at": self._now}
                        for guardian, pupil in self._first_adults(pupils[::3])
                        if due
                    ]
        await self._write(tables.diary_entry, entries)
        await self._write(tables.diary_tick, ticks)

    async def documents(self) -> None:
        """Write documents for the school and for classes; most adults who decide have signed."""
        rows, audience, signed = [], [], []
        classes = list(self._people.seats)
        for number in range(FIRST, FIRST + DOCUMENTS):
            of = None if number % 3 == 0 else classes[number % len(classes)]
            pupils = {pupil for seats in self._people.seats.values() for pupil in seats}
            pupils = pupils if of is None else set(self._people.seats[of])
            rows.append(
                {
                    **self._here, "id": number, "author_id": self._people.author,
                    "needs": ("none", "one", "both")[number % 3],
                    "title_sealed": self._sealed(f"Sortie numéro {number}", b"document.title"),
                    "text_sealed": self._sealed("Merci de signer avant vendredi.", b"document.text"),
                    "due_on": self._today + timedelta(days=10),
                    "published_at": self._now - timedelta(days=2 * (number - FIRST)),
                }
            )  # fmt: skip
            audience.append({**self._here, "document_id": number, "class_id": of, "pupil_id": None})
            signed += [
                {
                    **self._here, "document_id": number, "pupil_id": pupil, "guardian_id": guardian,
                    "at": self._now, "through": "page",
                }
                for guardian, pupil, decides in self._people.links
                if decides and pupil in pupils and (guardian + number) % 5
            ]  # fmt: skip
        await self._write(tables.document, rows)
        await self._write(tables.document_for, audience)
        await self._write(tables.signature, signed)

    async def results(self) -> None:
        """Write assessments of two items each, with a level for every pupil."""
        rows, items, results = [], [], []
        levels = ("not_reached", "partly_reached", "reached", "exceeded")
        for class_id, pupils in self._people.seats.items():
            for number in range(ASSESSMENTS):
                assessment = self._number("assessment")
                day = self._today - timedelta(days=4 * number)
                rows.append(
                    {
                        **self._here, "id": assessment, "class_id": class_id, "author_id": self._people.author,
                        "subject": ("Français", "Mathématiques", "Anglais")[number % 3], "day": day,
                        "title_sealed": self._sealed(f"Évaluation {number}", b"assessment.title"),
                        "made_at": self._now, "changed_at": self._now, "published_at": self._now - timedelta(days=1),
                    }
                )  # fmt: skip
                for position in (1, 2):
                    item = self._number("assessment_item")
                    items.append(
                        {
                            **self._here, "id": item, "assessment_id": assessment, "label": f"Lire {position}",
                            "scale": "levels", "position": position,
                        }
                    )  # fmt: skip
                    results += [
                        {
                            **self._here, "item_id": item, "pupil_id": pupil, "level": levels[(pupil + number) % 4],
                            "absent": False, "typed_by": self._people.author, "at": self._now,
                        }
                        for pupil in pupils
                    ]  # fmt: skip
        await self._write(tables.assessment, rows)
        await self._write(tables.assessment_item, items)
        await self._write(tables.result, results)

    async def events(self) -> None:
        """Write events of the school and of classes, before and after today."""
        classes: list[int | None] = [None, *self._people.seats]
        rows = []
        for number in range(EVENTS):
            day = self._today + timedelta(days=2 * number - EVENTS)
            rows.append(
                {
                    **self._here, "class_id": classes[number % len(classes)], "author_id": self._people.author,
                    "kind": "event", "title_sealed": self._sealed(f"Sortie {number}", b"event.title"),
                    "starts_on": day, "ends_on": day, "uid": f"mesure-{number}", "sequence": 0,
                    "made_at": self._now, "changed_at": self._now,
                }
            )  # fmt: skip
        await self._write(tables.event, rows)

    def _days(self) -> list[date]:
        """Give the weekdays of the year, the last a week from today."""
        days = (self._today + timedelta(days=7 - back) for back in range(2 * DAYS))
        return [day for day in days if day.weekday() < 5][:DAYS]

    def _first_adults(self, pupils: Sequence[int]) -> list[tuple[int, int]]:
        if "adults" not in self.__dict__:
            self.adults = {pupil: guardian for guardian, pupil, _ in reversed(self._people.links)}
        return [(self.adults[pupil], pupil) for pupil in pupils if pupil in self.adults]

    def _sealed(self, words: str, what: bytes) -> bytes:
        return self._seal.close(words.encode(), what)

    def _number(self, table: str) -> int:
        return next(self._ids.setdefault(table, count(FIRST)))

    async def _write(self, table: Table, rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), AT_ONCE):
            await self._connection.execute(insert(table), rows[start : start + AT_ONCE])


async def settle_states(database: Database) -> None:
    """Let the year's notices have ended as notices end: most adults know, some had to be called."""
    async with database.engine() as connection:
        for statement in (
            "UPDATE attempt SET state = 'delivered', look_at = NULL",
            "UPDATE delivery SET state = CASE WHEN id % 3 = 0 THEN 'acknowledged' ELSE 'told' END",
            "UPDATE call_task SET done_at = opened_at, outcome = 'reached'",
        ):
            await connection.execute(text(statement))
        await connection.execute(text("ANALYZE"))
