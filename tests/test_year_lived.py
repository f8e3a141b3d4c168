"""A school year of sixty families, lived on a fast clock: what it leaves behind, counted until nothing is left."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from factories import SmallSchool, a_school, by_mail, by_sms
from homes import at_home
from sqlalchemy import func, insert, select, update

from hub.absences.cases import type_in
from hub.agenda.checking import EventDraft
from hub.agenda.events import note as note_event
from hub.classroom.diary_files import hang_on
from hub.classroom.diary_home import tick
from hub.classroom.diary_writing import Piece, write_down
from hub.classroom.results_sheets import Asked, Column, make_sheet
from hub.database import Database
from hub.home.logins import Adult, open_login
from hub.models import metadata
from hub.models.agenda import EventKind
from hub.models.answers import AnswerKind
from hub.models.classroom import EntryKind, Level
from hub.models.notices import Needs
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, publish
from hub.papers.files import Given, keep_files, put_away
from hub.papers.publishing import NewDocument, publish_document
from hub.papers.signing import sign
from hub.papers.store import cabinet_of
from hub.people.erasure import FILE, erase_guardian, erase_pupil
from hub.people.rights import rights_on
from hub.ports import HalfDay, NoticeKind, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from hub.tables import assessment, assessment_item, result
from hub.years.leaving import leave
from hub.years.moving import close_classes, move_up, open_year
from scheduler.nightly import Nightly
from web.house import House

MONTHS = tuple(
    datetime(2026 + (month < 9), month, day, 9, tzinfo=UTC)
    for month, day in ((9, 8), (11, 10), (1, 12), (3, 9), (5, 11))
)
"""Five Tuesdays stand for the year."""
FAMILIES, PAIRS, SIGNING = 60, 20, 15
"""Families of one child each; the first of them have two adults and look in, and the first of these sign."""
COUNTED = (
    "pupil", "guardian", "notice", "delivery", "digest_item", "diary_entry", "diary_tick", "assessment", "result",
    "document", "signature", "stored_file", "event", "absence", "family_login", "enrolment",
)  # fmt: skip


@dataclass
class Lived:
    """A school on a fast clock."""

    small: SmallSchool
    settings: Settings
    clock: dict[str, datetime]
    adults: list[list[int]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock["now"]

    @property
    def reader(self) -> Reader:
        """The director, as of the day of the clock."""
        return Reader(self.small.director, self._rights, self.now.date())

    async def come_to(self, moment: datetime) -> None:
        self.clock["now"] = moment
        async with self.small.database.reading(self.small.school.key) as session:
            self._rights = await rights_on(
                session, school_id=self.small.school.key, staff_id=self.small.director, day=moment.date()
            )

    async def night(self, day: date) -> dict[str, int]:
        """Let the night of this day come, and count what is left of people and their papers."""
        await self.come_to(datetime(day.year, day.month, day.day, 4, tzinfo=UTC))
        await Nightly(self.small.database, self.small.keyring, self.settings).tidy()
        counts = await self.counted()
        lying = await cabinet_of(self.settings).lying()
        assert len(lying) == counts["stored_file"], "an object in the store without a row, or a row without an object"
        assert await self.keys_adrift() == 0
        return counts

    async def counted(self) -> dict[str, int]:
        """Count rows by table; of pupils and adults those who have a name."""
        counts = {}
        async with self.small.database.engine_reading() as connection:
            for name in COUNTED:
                table = metadata.tables[name]
                asked = select(func.count()).select_from(table)
                if name in ("pupil", "guardian"):
                    asked = asked.where(table.c.name_key != "")
                counts[name] = int((await connection.execute(asked)).scalar_one())
        return counts

    async def keys_adrift(self) -> int:
        """Count the data keys that belong to nothing; the school's own is at its senders and texts."""
        holders = [table for table in metadata.sorted_tables if "data_key_id" in table.c]
        used = " UNION ".join(f"SELECT data_key_id FROM {table.name}" for table in holders)  # noqa: S608 (our own names)
        adrift = f"SELECT count(*) FROM data_key WHERE subject != 'school' AND id NOT IN ({used})"  # noqa: S608 (likewise)
        return int((await self.small.rows(adrift))[0][0])


async def a_school_of_sixty(lived: Lived) -> None:
    for number in range(FAMILIES):
        pair = (by_mail(f"basile{number}@familles.test", name=f"Basile{number}"),) if number < PAIRS else ()
        adults = (by_sms(f"+336399810{number:02}", name=f"Odile{number}"), *pair)
        label = "CP A" if number % 2 == 0 else "CE1 B"
        lived.adults.append(await lived.small.family(*adults, children=(f"Enfant{number}",), class_label=label))


async def a_month(lived: Lived, number: int) -> None:
    """A word to all, a paper to sign, and in each class homework and a test; somebody is ill, some look in."""
    small, school, now = lived.small, lived.small.school, lived.now
    here: dict[str, Any] = {"reader": lived.reader, "now": now}
    files = await put_away(small.keyring, lived.settings, [Given(f"papier{of}.txt", b"Bonjour") for of in range(2)])
    async with small.database.school(school.key) as session:
        draft = Draft(NoticeKind.ANNOUNCEMENT, "school", Slots(text="Bonjour."), seconded_by=small.office)
        await publish(session, small.keyring, school=school, author_id=small.director, draft=draft, now=now)
        kept = await keep_files(session, files, school_id=school.key, made_by=small.director, now=now)
        paper = NewDocument(f"paper{number}", "Sortie", "", "school", Needs.ONE, files=(kept[0],))
        document_id = await publish_document(session, small.keyring, school=school, new=paper, **here)
        for pupil, adults in enumerate(lived.adults[:SIGNING], start=1):
            await sign(
                session, school_id=school.key, document_id=document_id, guardian_id=adults[0], pupils=[pupil],
                through="page", day=now.date(), now=now,
            )  # fmt: skip
        day = now.date() + timedelta(days=1)
        for at, (label, class_id) in enumerate(small.classes.items()):
            in_class = {"school_id": school.key, "class_id": class_id, **here}
            piece = Piece(EntryKind.DUE, "Maths", day, "Exercice 3")
            entry, _ = await write_down(session, small.keyring, piece=piece, key=f"{label}{number}", **in_class)
            if at == 0:
                await hang_on(session, school_id=school.key, entry_id=entry, files=kept[1:])
            pupils = range(1 + at, FAMILIES + 1, 2)
            for pupil in (one for one in pupils if one <= PAIRS):
                await tick(
                    session, school_id=school.key, entry_id=entry, pupil_id=pupil,
                    guardian_id=lived.adults[pupil - 1][0], done=True, today=now.date(), now=now,
                )  # fmt: skip
            wanted = Asked("Français", f"Lecture {number}", now.date(), (Column("Lire"),))
            sheet = await make_sheet(session, small.keyring, wanted=wanted, **in_class)
            items = list(
                await session.scalars(select(assessment_item.c.id).where(assessment_item.c.assessment_id == sheet))
            )
            typed = {"school_id": school.key, "level": Level.REACHED, "typed_by": small.director, "at": now}
            await session.execute(
                insert(result), [{**typed, "item_id": item, "pupil_id": pupil} for item in items for pupil in pupils]
            )
            await session.execute(update(assessment).where(assessment.c.id == sheet).values(published_at=now))
        event = EventDraft(EventKind.EVENT, "Kermesse", first=day, last=day)
        await note_event(session, small.keyring, school=school, draft=event, key=f"event{number}", **here)
        await type_in(
            session, school=school, pupils=[1, 2, 3], day=now.date(), half_day=HalfDay.MORNING,
            reason=AnswerKind.ILL, through="phone", **here,
        )  # fmt: skip
    async with small.database.engine() as connection:
        for adults in lived.adults[:PAIRS]:
            await open_login(connection, small.keyring, [Adult(school.key, adults[0])], device="", now=now)


async def the_turn(lived: Lived) -> None:
    """In July: everybody moves up but ten, who leave in the summer."""
    small = lived.small
    await lived.come_to(datetime(2027, 7, 2, 9, tzinfo=UTC))
    async with small.database.school(small.school.key) as session:
        who: dict[str, Any] = {"school_id": small.school.key, "reader": lived.reader, "now": lived.now}
        await open_year(session, **who, starts_on=date(2027, 9, 1), ends_on=date(2028, 8, 31))
        up = [pupil for pupil in range(1, FAMILIES + 1) if pupil > 10]
        for label, into in (("CP A", "CE1 A"), ("CE1 B", "CE2 B")):
            await move_up(session, **who, class_id=small.classes[label], pupils=up, into=into)
        closed = await close_classes(session, **who)
        assert (closed.classes, closed.pupils, closed.rights) == (2, 10, 1)
        assert await leave(session, **who, pupils=range(1, 11), left_on=date(2027, 7, 3)) == (10, 20)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_year_of_sixty_families_goes_as_it_was_promised(
    database_url: str, keyring: Keyring, tmp_path: Path
) -> None:
    clock = {"now": MONTHS[0]}
    database = Database(database_url, clock=lambda: clock["now"])
    lived = Lived(await a_school(database, keyring), Settings(public_url=None, data_dir=tmp_path), clock)
    await a_school_of_sixty(lived)
    for number, moment in enumerate(MONTHS):
        await lived.come_to(moment)
        await a_month(lived, number)

    summer = await lived.night(date(2027, 6, 30))
    of_year = {
        "pupil": 60, "guardian": 80, "enrolment": 60, "diary_entry": 10, "diary_tick": 100, "assessment": 10,
        "result": 300, "document": 5, "signature": 75, "stored_file": 10, "event": 5, "absence": 15,
        "family_login": 0,
    }  # fmt: skip
    assert summer == {**summer, **of_year}
    assert summer["notice"] == 10  # five words to all, and five that told of a paper
    assert summer["delivery"] == 800

    await the_turn(lived)
    await one_family_takes_its_copy(lived)
    await one_family_is_erased(lived)
    autumn = await lived.night(date(2027, 9, 27))

    # ten left, one was erased: their results, signatures and classes went with them; ticks and absences with the year,
    # and after twelve months what was said and shown in the first of the five days
    left_over = {
        "pupil": 49, "guardian": 58, "enrolment": 98, "diary_entry": 10, "diary_tick": 0, "assessment": 10,
        "result": 245, "notice": 8, "document": 4, "signature": 20, "stored_file": 9, "event": 4, "absence": 0,
    }  # fmt: skip
    assert autumn == {**autumn, **left_over}
    years = [await lived.night(day) for day in (date(2027, 12, 1), date(2028, 6, 1), date(2028, 9, 10))]

    assert [one["notice"] for one in years] == [6, 0, 0]
    assert [one["document"] for one in years] == [3, 0, 0]
    assert [one["signature"] for one in years] == [15, 0, 0]
    assert [one["stored_file"] for one in years] == [8, 5, 0]  # what hangs on the diary stays as long as the diary
    assert [one["diary_entry"] for one in years] == [10, 10, 0]
    assert [one["result"] for one in years] == [245, 245, 0]
    assert [one["pupil"] for one in years] == [49, 49, 49]
    assert await lived.small.rows("SELECT count(*) FROM erasure WHERE subject = 'pupil'") == [(11,)]
    await database.close()


async def one_family_takes_its_copy(lived: Lived) -> None:
    house = House(lived.settings, lived.small.database, lived.small.keyring)
    async with at_home(lived.small, lived.adults[11][0], house=house, now=lived.now) as home:
        answer = await home.post("/famille/export/1/12", seen_on="/famille/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        whole = orjson.loads(packed.read("dossier.json"))
        files = [name for name in packed.namelist() if name.startswith("fichiers/")]
    counts = {name: len(whole[name]) for name in ("results", "documents", "homework", "messages", "absences")}
    assert counts == {"results": 5, "documents": 5, "homework": 5, "messages": 10, "absences": 0}
    assert [len(one["signed_at"]) for one in whole["documents"]] == [1] * 5
    assert len(files) == 5  # one of each document; the diary's hang on the other class


async def one_family_is_erased(lived: Lived) -> None:
    small, register = lived.small, lived.settings.data_dir / FILE
    async with small.database.school(small.school.key) as session:
        here: dict[str, Any] = {"school_id": small.school.key, "register": register, "by": small.director}
        places = await erase_pupil(session, small.keyring, pupil_id=20, now=lived.now, **here)
        for adult in lived.adults[19]:
            await erase_guardian(session, small.keyring, guardian_id=adult, now=lived.now, **here)
    assert places == []  # nothing was for this child alone
