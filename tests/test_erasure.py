"""Forgetting one person: nothing of him or her can be read any more, everybody else is untouched."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from factories import NOW, TODAY, FakeChannel, SmallSchool, a_school, by_mail, by_sms
from schoolwork import OF_A_YEAR, PDF, filled
from sqlalchemy import Table, select, update
from sqlalchemy.engine import make_url

from hub.database import Database
from hub.errors import NotFoundError
from hub.home.logins import Adult, open_login
from hub.models import WINGS, metadata
from hub.models.base import Kept
from hub.models.people import Matter
from hub.notices.publish import Draft, publish
from hub.outbox.wordings import Wordings
from hub.papers.files import Given, keep_files, put_away
from hub.people.erasure import erase_guardian, erase_pupil, wipe_traces
from hub.people.purge import PURGED, Purged, purge, purge_above_schools
from hub.people.schools import school_key
from hub.people.tray import put_in_tray
from hub.ports import ChannelName, Lane, NoticeKind, Proof, Slots
from hub.sealing import Keyring, UnreadableError
from hub.settings import Settings
from hub.tables import (
    absence,
    assessment,
    assessment_item,
    booking,
    booking_wait,
    calendar_feed,
    class_group,
    competence,
    data_key,
    diary_entry,
    diary_file,
    diary_tick,
    digest_item,
    document,
    document_file,
    document_for,
    evening_round,
    evening_wish,
    event,
    family_code,
    family_login_guardian,
    meeting_evening,
    meeting_round,
    meeting_slot,
    paper_code,
    recovery_code,
    result,
    school_year,
    signature,
    staff_factor,
    staff_right,
    stored_file,
    wish,
)
from i18n.rendering import render
from scheduler.drain import Drain

SEALED = (
    b"address.value", b"attempt.text", b"notice_version.slots", b"sender.secret", b"sender.dkim", b"staff.email",
    b"tray_item.detail", b"reply.words", b"answer.words",
)  # fmt: skip


@dataclass
class Town:
    """A school whose notices really leave, and the means of a burglar who has the database and the master key."""

    small: SmallSchool
    register: Path
    settings: Settings

    async def tell(self, text: str, audience: str = "school") -> int:
        async with self.small.database.school(self.small.school.key) as session:
            published = await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self.small.director,
                draft=Draft(
                    kind=NoticeKind.URGENT, audience=audience, slots=Slots(text=text), seconded_by=self.small.office
                ),
                now=NOW,
            )
        channels = {
            ChannelName.SMS: FakeChannel(),
            ChannelName.EMAIL: FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED),
        }
        wordings = Wordings(self.settings, self.small.keyring, render)
        drain = Drain(self.small.database, self.small.keyring, wordings, self.settings, channels)
        await drain.drain(Lane.URGENT)
        await drain.idle()
        await drain.stop()
        return published.notice_id

    async def erase(self, guardian_id: int, *, hours: int = 1) -> None:
        async with self.small.database.school(self.small.school.key) as session:
            await erase_guardian(
                session, self.small.keyring, school_id=self.small.school.key, guardian_id=guardian_id,
                register=self.register, by=self.small.director, now=NOW + timedelta(hours=hours),
            )  # fmt: skip

    async def erase_child(self, pupil_id: int) -> None:
        async with self.small.database.school(self.small.school.key) as session:
            await erase_pupil(
                session, self.small.keyring, school_id=self.small.school.key, pupil_id=pupil_id,
                register=self.register, by=None, now=NOW,
            )  # fmt: skip

    async def reply(self, guardian_id: int, words: str) -> None:
        """A family's words, as the inbox keeps them."""
        ((address_id, wrapped, version),) = await self.small.rows(
            "SELECT a.id, k.wrapped, k.master_version FROM contact_point c JOIN address a ON a.id = c.address_id "
            "JOIN data_key k ON k.id = a.data_key_id WHERE c.guardian_id = :guardian",
            guardian=guardian_id,
        )
        row = {
            "school_id": self.small.school.key,
            "sender_id": self.small.senders[ChannelName.SMS],
            "provider_key": f"SM{guardian_id}",
            "channel": ChannelName.SMS,
            "address_id": address_id,
            "guardian_id": guardian_id,
            "words_sealed": self.small.keyring.seal(wrapped, version).close(words.encode(), b"reply.words"),
            "received_at": NOW,
        }
        async with self.small.database.engine() as connection:
            await connection.execute(metadata.tables["reply"].insert().values(row))

    async def all_that_can_be_read(self) -> bytes:
        """Every value of every table, and whatever any data key opens, under any purpose."""
        async with self.small.database.engine_reading() as connection:
            tables = [(await connection.execute(select(table))).all() for table in metadata.sorted_tables]
            keys = (await connection.execute(select(metadata.tables["data_key"]))).all()
        values = [value for rows in tables for row in rows for value in row]
        seals = []
        for key in keys:
            try:
                seals.append(self.small.keyring.seal(key.wrapped, key.master_version))
            except UnreadableError:
                continue
        clear = [value if isinstance(value, bytes) else str(value).encode() for value in values]
        for value, seal, purpose in product([v for v in values if isinstance(v, bytes) and len(v) > 28], seals, SEALED):
            try:
                clear.append(seal.open(value, purpose))
            except UnreadableError:
                continue
        return b"\n".join(clear)


@pytest_asyncio.fixture
async def town(database: Database, keyring: Keyring, tmp_path: Path) -> Town:
    settings = Settings(public_url="https://hub.test", master_keys=None, data_dir=tmp_path / "data")
    return Town(await a_school(database, keyring), tmp_path / "data" / "erasures.jsonl", settings)


async def test_nothing_of_an_erased_adult_can_be_read_by_anybody(town: Town, database_url: str) -> None:
    gone, _ = await town.small.family(
        by_sms("+33639981234", name="Philomène"), by_mail("basile@familles.test", name="Basile")
    )
    await town.small.family(by_sms("+33639985678", name="Gaspard"), children=("Anatole",))
    await town.tell("Pour Philomene seulement.", "pupil:1")
    async with town.small.database.school(1) as session:
        link = metadata.tables["link"]
        await session.execute(link.update().where(link.c.guardian_id == 2).values(to_on=date(2026, 11, 1)))
    await town.tell("Rendez-vous discret.", "pupil:1")
    await town.tell("Pour tout le monde.")
    await town.reply(gone, "Il a de la fievre.")
    async with town.small.database.school(1) as session:
        seal = await school_key(session, town.small.keyring, 1)
        for subject, words in (("one", "EXEMPLE Philomene, 06.39.98.12.34"), ("two", "Gaspard Modele")):
            await put_in_tray(
                session, 1, Matter.AMBIGUOUS_ADULT, subject=subject, now=NOW,
                detail_sealed=seal.close(words.encode(), b"tray_item.detail"),
            )  # fmt: skip
    before = await town.all_that_can_be_read()
    for ours in ("Philomène", "+33639981234", "Rendez-vous discret", "fievre", "06.39.98.12.34"):
        assert ours.encode() in before

    await town.erase(gone)
    await wipe_traces(town.small.database)

    after = await town.all_that_can_be_read()
    file = Path(make_url(database_url).database or "")
    raw = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    assert b"SQLite format 3" in raw or town.small.database.dialect == "postgresql"
    for ours in ("Philomène", "philomene", "+33639981234", "Rendez-vous discret", "fievre", "06.39.98.12.34"):
        assert ours.encode() not in after
        assert ours.encode() not in raw
    for theirs in ("Basile", "basile@familles.test", "Gaspard", "+33639985678", "Gaspard Modele", "Capucine"):
        assert theirs.encode() in after
    assert after.count(b"Pour tout le monde.") == 2  # the notice itself, and what Gaspard got
    assert b"Pour Philomene seulement." in after  # Basile got it too


async def test_the_history_of_an_erased_adult_keeps_numbers(town: Town) -> None:
    (gone,) = await town.small.family(by_sms())
    await town.tell("Ecole fermee.")

    await town.erase(gone)

    assert await town.small.rows("SELECT guardian_id, state FROM delivery") == [(gone, "cancelled")]
    assert await town.small.rows("SELECT state, look_at, text_sealed FROM attempt") == [("accepted", None, None)]
    assert await town.small.rows("SELECT count(*) FROM page_link WHERE revoked_at IS NULL") == [(0,)]
    assert await town.small.rows("SELECT count(*) FROM link") == [(0,)]
    assert await town.small.rows("SELECT act, subject, subject_id, staff_id FROM audit") == [
        ("erase", "guardian", gone, town.small.director)
    ]


async def test_erasing_twice_notes_it_once(town: Town) -> None:
    (gone,) = await town.small.family(by_sms())

    await town.erase(gone)
    await town.erase(gone, hours=2)

    noted = [orjson.loads(line) for line in town.register.read_bytes().split()]
    assert noted == [{"school": 1, "subject": "guardian", "id": gone, "at": "2026-11-24T07:12:00Z"}]
    assert await town.small.rows("SELECT subject, subject_id FROM erasure") == [("guardian", gone)]
    assert town.register.stat().st_mode & 0o777 == 0o600


async def test_somebody_who_does_not_exist_is_not_noted(town: Town) -> None:
    with pytest.raises(NotFoundError):
        await town.erase(404)

    assert not town.register.exists()


async def test_what_cannot_be_noted_is_not_done(town: Town) -> None:
    (odile,) = await town.small.family(by_sms())
    town.register.mkdir(parents=True)

    with pytest.raises(OSError, match=r"erasures\.jsonl"):
        await town.erase(odile)

    assert await town.small.rows("SELECT first_name FROM guardian") == [("Odile",)]


async def test_of_two_on_one_phone_the_other_keeps_number_and_texts(town: Town) -> None:
    gone, stays = await town.small.family(by_sms(name="Philomène"), by_sms(name="Basile"))
    await town.tell("Ecole fermee ce matin.")

    await town.erase(gone)

    after = await town.all_that_can_be_read()
    assert b"+33639981000" in after
    assert after.count(b"Ecole fermee ce matin.") == 2
    assert await town.small.rows("SELECT guardian_id FROM contact_point") == [(stays,)]

    await town.erase(stays)
    after = await town.all_that_can_be_read()
    assert b"+33639981000" not in after
    assert b"Ecole fermee" not in after


async def test_a_message_that_waits_for_an_erased_adult_never_leaves(town: Town) -> None:
    (gone,) = await town.small.family(by_sms())
    async with town.small.database.school(1) as session:
        await publish(
            session, town.small.keyring, school=town.small.school, author_id=town.small.director,
            draft=Draft(NoticeKind.URGENT, "school", Slots(text="Ecole fermee."), seconded_by=town.small.office),
            now=NOW,
        )  # fmt: skip

    await town.erase(gone)

    assert await town.small.rows("SELECT state FROM attempt") == [("withdrawn",)]
    assert await town.small.rows("SELECT state FROM delivery") == [("cancelled",)]


async def test_a_barred_link_outlives_the_one_who_is_barred(town: Town) -> None:
    (barred,) = await town.small.family(by_sms())
    await town.small.write("UPDATE link SET kind = 'barred'")

    await town.erase(barred)

    assert await town.small.rows("SELECT kind, guardian_id FROM link") == [("barred", barred)]


async def test_nothing_of_an_erased_pupil_can_be_read(town: Town) -> None:
    await town.small.family(by_sms(), children=("Capucine", "Anatole"))
    await town.tell("Pour Capucine seulement.", "pupil:1")
    await town.tell("Pour tous.")

    await town.erase_child(1)

    after = await town.all_that_can_be_read()
    assert b"Capucine" not in after
    assert b"capucine" not in after
    assert b"Anatole" in after
    assert b"Pour tous." in after
    assert await town.small.rows("SELECT pupil_id FROM link") == [(2,)]
    assert await town.small.rows("SELECT pupil_id FROM enrolment") == [(2,)]


async def rows_of(town: Town, *tables: Table, of: str = "") -> dict[str, int]:
    where = f" WHERE {of}" if of else ""
    return {
        table.name: int((await town.small.rows(f"SELECT count(*) FROM {table.name}{where}"))[0][0])  # noqa: S608 (ours)
        for table in tables
    }


async def test_what_a_pupil_learnt_ticked_and_had_signed_goes_with_the_pupil(town: Town) -> None:
    adults = await town.small.family(by_sms(), by_mail(name="Basile"), children=("Capucine",))
    others = await town.small.family(by_sms("+33639985678", name="Gaspard"), children=("Anatole",))
    await filled(town.small, town.settings, pupil=2, adults=others)
    paper, _ = await filled(town.small, town.settings, pupil=1, adults=adults, alone=True)

    async with town.small.database.school(1) as session:
        here = {"school_id": 1, "register": town.register, "by": None, "now": NOW}
        places = await erase_pupil(session, town.small.keyring, pupil_id=1, **here)

    theirs = (result, diary_tick, signature, digest_item, absence, booking, booking_wait, evening_wish)
    assert await rows_of(town, *theirs, of="pupil_id = 1") == {table.name: 0 for table in theirs}
    assert await rows_of(town, *theirs, of="pupil_id = 2") == {table.name: 1 for table in theirs}
    assert places == [paper]
    assert await rows_of(town, document, document_for, document_file, stored_file) == {
        "document": 1, "document_for": 1, "document_file": 1, "stored_file": 3,
    }  # fmt: skip
    assert await rows_of(town, data_key, of="subject = 'file'") == {"data_key": 3}


async def test_of_an_erased_adult_a_signature_keeps_that_it_was_given(town: Town) -> None:
    gone, stays = await town.small.family(by_sms(), by_mail(name="Basile"), children=("Capucine",))
    await filled(town.small, town.settings, pupil=1, adults=[gone, stays])
    async with town.small.database.engine() as connection:
        await open_login(connection, town.small.keyring, [Adult(1, gone)], device="", now=NOW)
    await town.small.write("UPDATE guardian SET quiet_from = '20:00:00' WHERE id = :id", id=gone)

    await town.erase(gone)

    theirs = (wish, calendar_feed, digest_item, family_login_guardian, booking, booking_wait, evening_wish)
    assert await rows_of(town, *theirs, of=f"guardian_id = {gone}") == {table.name: 0 for table in theirs}
    assert await rows_of(town, wish, calendar_feed, digest_item, booking, of=f"guardian_id = {stays}") == {
        "wish": 1, "calendar_feed": 1, "digest_item": 1, "booking": 1,
    }  # fmt: skip
    assert await town.small.rows("SELECT guardian_id FROM signature ORDER BY id") == [(gone,), (stays,)]
    assert await town.small.rows("SELECT quiet_from, first_name FROM guardian WHERE id = :id", id=gone) == [(None, "")]


# ---- the purge


async def _purge(town: Town, day: date) -> Purged:
    async with town.small.database.school(1) as session:
        return await purge(session, town.small.keyring, school_id=1, register=town.register, today=day, now=NOW)


async def test_a_pupil_who_left_and_the_adults_around_go_within_three_months(town: Town) -> None:
    both, one = await town.small.family(
        by_sms(name="Philomène"), by_mail(name="Basile"), children=("Capucine", "Anatole")
    )
    await town.small.write("DELETE FROM link WHERE guardian_id = 2 AND pupil_id = 2")
    async with town.small.database.school(1) as session:
        await session.execute(
            metadata.tables["pupil"].update().where(metadata.tables["pupil"].c.id == 1).values(left_on=TODAY)
        )

    early = await _purge(town, date(2027, 2, 1))
    due = await _purge(town, date(2027, 2, 23))
    again = await _purge(town, date(2027, 2, 24))

    assert [(of.pupils, of.guardians) for of in (early, due, again)] == [(0, 0), (1, 1), (0, 0)]
    assert await town.small.rows("SELECT first_name FROM pupil ORDER BY id") == [("",), ("Anatole",)]
    assert await town.small.rows("SELECT id, first_name FROM guardian ORDER BY id") == [(both, "Philomène"), (one, "")]


async def test_a_notice_goes_with_everything_after_its_time(town: Town) -> None:
    await town.small.family(by_sms(), by_mail(name="Basile"))
    await town.tell("Ecole fermee.")

    kept = await _purge(town, date(2027, 11, 24))
    gone = await _purge(town, date(2027, 11, 25))

    assert (kept.notices, gone.notices) == (0, 1)
    for table in (
        "notice",
        "notice_version",
        "delivery",
        "delivery_pupil",
        "copy",
        "copy_delivery",
        "attempt",
        "page_link",
    ):
        assert await town.small.rows(f"SELECT id FROM {table}") == []  # noqa: S608 (names from above)
    assert await town.small.rows("SELECT count(*) FROM data_key WHERE subject = 'notice'") == [(0,)]


async def test_everything_with_a_last_day_goes_after_it(town: Town) -> None:
    (odile,) = await town.small.family(by_sms())
    await town.reply(odile, "Merci.")
    half_day = {"day": TODAY, "half_day": "morning"}
    rows: dict[str, dict[str, object]] = {
        "thread": {"topic": f"guardian:{odile}", "guardian_id": odile, "opened_at": NOW, "last_at": NOW},
        "thread_read": {"thread_id": 1, "staff_id": 1, "read_at": NOW},
        "reply_attachment": {
            "reply_id": 1,
            "content_type": "text/plain",
            "size": 1,
            "name_sealed": b"",
            "body_sealed": b"",
        },
        "absence": {**half_day, "pupil_id": 1, "opened_at": NOW},
        "roll": {**half_day, "class_id": 1, "taken_by": 1, "taken_at": NOW, "received_at": NOW},
        "roll_mark": {"roll_id": 1, "pupil_id": 1, "mark": "absent", "at": NOW},
    }
    dated = ("tray_item", "thread", "reply", "absence", "roll", "address", "staff")
    async with town.small.database.school(1) as session:
        await put_in_tray(session, 1, Matter.LEFT, subject="left:1", now=NOW, pupil_id=1)
        for name, row in rows.items():
            await session.execute(metadata.tables[name].insert().values({"school_id": 1, **row}))
        await session.execute(metadata.tables["reply"].update().values(thread_id=1))
        for name in dated:
            await session.execute(metadata.tables[name].update().values(keep_until=TODAY))

    assert (await _purge(town, TODAY)).others == 0
    purged = await _purge(town, TODAY + timedelta(days=1))

    assert (purged.others, purged.addresses, purged.staff) == (5, 1, 3)
    for name in ("thread", "thread_read", "reply", "reply_attachment", "absence", "roll", "roll_mark"):
        assert await town.small.rows(f"SELECT id FROM {name}") == [], name  # noqa: S608 (names from above)
    assert await town.small.rows("SELECT DISTINCT name, password_hash FROM staff") == [("", None)]
    assert b"+33639981000" not in await town.all_that_can_be_read()
    assert await town.small.rows("SELECT first_name FROM guardian WHERE id = :id", id=odile) == [("Odile",)]


async def test_what_a_class_wrote_goes_after_its_last_day_with_its_files_and_their_keys(town: Town) -> None:
    adults = await town.small.family(by_sms(), children=("Capucine",))
    places = await filled(town.small, town.settings, pupil=1, adults=adults)
    async with town.small.database.school(1) as session:
        for table in OF_A_YEAR:
            await session.execute(update(table).values(keep_until=TODAY))
    await town.small.write("INSERT INTO competence (school_id, domain, label, position) VALUES (1, 'Lire', 'Lire', 1)")

    kept = await _purge(town, TODAY)
    gone = await _purge(town, TODAY + timedelta(days=1))

    assert (kept.others, kept.places) == (0, ())
    assert sorted(gone.places) == sorted(places)
    leaves = (
        diary_tick, diary_file, assessment_item, result, signature, document_file, document_for,
        meeting_slot, booking, booking_wait, evening_round, evening_wish,
    )  # fmt: skip
    assert await rows_of(town, *OF_A_YEAR, *leaves) == {table.name: 0 for table in (*OF_A_YEAR, *leaves)}
    assert await rows_of(town, data_key, of="subject = 'file'") == {"data_key": 0}
    assert await rows_of(town, competence) == {"competence": 1}


async def test_a_notice_that_goes_leaves_what_it_told_of(town: Town) -> None:
    adults = await town.small.family(by_sms(), children=("Capucine",))
    await filled(town.small, town.settings, pupil=1, adults=adults)
    notice_id = await town.tell("Regardez le cahier.")
    told = (diary_entry, document, assessment, event, digest_item, meeting_evening, meeting_round, evening_wish)
    async with town.small.database.school(1) as session:
        for table in told:
            await session.execute(update(table).values(notice_id=notice_id))

    assert (await _purge(town, date(2027, 11, 25))).notices == 1

    assert await rows_of(town, *told, of="notice_id IS NULL") == {table.name: 1 for table in told}


async def test_who_ticked_what_goes_with_the_year_and_the_diary_stays(town: Town) -> None:
    adults = await town.small.family(by_sms(), children=("Capucine",))
    await filled(town.small, town.settings, pupil=1, adults=adults)
    await town.small.write("UPDATE stored_file SET keep_until = NULL")

    await _purge(town, date(2027, 8, 19))
    assert await rows_of(town, diary_tick) == {"diary_tick": 1}
    await _purge(town, date(2027, 8, 20))

    assert await rows_of(town, diary_tick, diary_entry, stored_file) == {
        "diary_tick": 0, "diary_entry": 1, "stored_file": 2,
    }  # fmt: skip


async def test_a_file_that_hangs_on_nothing_goes_after_a_day(town: Town) -> None:
    files = await put_away(town.small.keyring, town.settings, [Given("carte.pdf", PDF)])
    async with town.small.database.school(1) as session:
        await keep_files(session, files, school_id=1, made_by=1, now=NOW - timedelta(hours=23))

    assert (await _purge(town, TODAY)).places == ()
    await town.small.write("UPDATE stored_file SET made_at = :at", at=_written(town, NOW - timedelta(hours=25)))
    assert (await _purge(town, TODAY)).places == (files[0].place,)


def _written(town: Town, moment: datetime) -> object:
    return moment if town.small.database.dialect == "postgresql" else moment.isoformat(sep=" ")


async def test_who_worked_here_is_forgotten_a_year_after_the_last_right(town: Town) -> None:
    teacher = town.small.teacher
    async with town.small.database.school(1) as session:
        for table, values in (
            (staff_factor, {"secret_sealed": b"", "made_at": NOW}),
            (recovery_code, {"code_hash": b"r"}),
            (paper_code, {"code_hash": b"p", "made_by": 1, "made_at": NOW, "ends_on": date(2030, 1, 1)}),
        ):
            await session.execute(table.insert().values(school_id=1, staff_id=teacher, **values))
        mine = staff_right.c.staff_id == teacher
        await session.execute(update(staff_right).where(mine).values(to_on=date(2026, 8, 31)))

    assert (await _purge(town, date(2027, 8, 31))).staff == 0
    assert (await _purge(town, date(2027, 9, 1))).staff == 1

    theirs = (staff_factor, recovery_code, paper_code)
    assert await rows_of(town, *theirs) == {table.name: 0 for table in theirs}
    assert await town.small.rows("SELECT name FROM staff WHERE id = :id", id=teacher) == [("",)]
    assert (await _purge(town, date(2027, 9, 2))).staff == 0


async def test_a_class_and_a_year_go_a_year_later_once_nothing_points_to_them(town: Town) -> None:
    await town.small.family(by_sms(), children=("Capucine",))
    later = date(2028, 8, 19)

    await _purge(town, later - timedelta(days=1))
    assert await town.small.rows("SELECT label FROM class_group ORDER BY label") == [("CE1 B",), ("CP A",)]
    await _purge(town, later)
    assert await town.small.rows("SELECT label FROM class_group") == [("CP A",)]  # a pupil was in it, one taught it

    await town.erase_child(1)
    await town.small.write("DELETE FROM staff_right WHERE class_id IS NOT NULL")
    await _purge(town, later)
    assert await rows_of(town, class_group, school_year) == {"class_group": 0, "school_year": 0}


async def test_what_belongs_to_no_school_is_tidied_too(town: Town) -> None:
    login, failure = metadata.tables["family_login"], metadata.tables["sign_in_failure"]
    async with town.small.database.engine() as connection:
        await connection.execute(
            login.insert(),
            [
                {"token_hash": token, "created_at": NOW, "expires_at": NOW + timedelta(hours=hours)}
                for token, hours in ((b"old", -1), (b"new", 1))
            ],
        )
        await connection.execute(failure.insert().values(what_hash=b"x", at=NOW - timedelta(days=2)))
        asked = {"opens": "login", "medium": "phone", "lookup_hash": b"", "where_hash": b"", "code_hash": b""}
        for name, hours in ((b"yesterday", 25), (b"today", 23)):
            at = NOW - timedelta(hours=hours)
            row = {**asked, "browser_hash": name, "made_at": at, "expires_at": at}
            await connection.execute(family_code.insert().values(row))
        await purge_above_schools(connection, now=NOW)

    assert await town.small.rows("SELECT token_hash FROM family_login") == [(b"new",)]
    assert await town.small.rows("SELECT browser_hash FROM family_code") == [(b"today",)]
    assert await town.small.rows("SELECT count(*) FROM sign_in_failure") == [(0,)]


def test_every_table_says_why_it_is_kept_and_until_when() -> None:
    tables = {
        of.__tablename__: of.__kept__
        for wing in WINGS
        for of in vars(wing).values()
        if isinstance(of, type) and getattr(of, "__tablename__", None) in metadata.tables and hasattr(of, "__kept__")
    }

    assert tables.keys() == metadata.tables.keys()
    assert all(isinstance(kept, Kept) for kept in tables.values())


def test_the_purge_knows_every_table_that_has_a_last_day() -> None:
    dated = {table for table in metadata.tables.values() if "keep_until" in table.c}

    assert dated == PURGED
