"""Putting the registers away and taking them out again: whole, and still forgetful of who was forgotten."""

import gzip
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from factories import NOW, SmallSchool, a_school, by_mail, by_sms
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from hub.backup import PutAway, Restored, backup, files_of, keys_of, restore
from hub.database import Database
from hub.errors import InvalidError
from hub.models import metadata
from hub.models.people import Pupil
from hub.papers.files import Given, keep_files, put_away
from hub.papers.store import Cabinet, cabinet_of
from hub.people.erasure import erase_guardian, erase_pupil
from hub.sealing import Keyring, UnreadableError
from hub.settings import Settings
from hub.tables import document, document_file, document_for


@dataclass
class Place:
    """Where backups are put, and empty databases to take them out into."""

    folder: Path
    template: Path
    opened: int = 0

    @property
    def file(self) -> Path:
        return self.folder / "hub.backup"

    @property
    def register(self) -> Path:
        return self.folder / "erasures.jsonl"

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[Database]:
        self.opened += 1
        path = self.folder / f"empty{self.opened}.db"
        shutil.copy(self.template, path)
        database = Database(f"sqlite+aiosqlite:///{path}", clock=lambda: NOW)
        yield database
        await database.close()

    @property
    def cabinet(self) -> Cabinet:
        """Where the documents of the school lie."""
        return cabinet_of(self.settings)

    @property
    def settings(self) -> Settings:
        """Those of the installation that is put away."""
        return Settings(data_dir=self.folder.parent)

    @property
    def other_cabinet(self) -> Cabinet:
        """Where they are laid down again."""
        return Cabinet(self.folder.parent / "other cabinet")

    async def put_away(self, database: Database) -> PutAway:
        return await backup(database, self.cabinet, self.file, now=NOW)

    async def take_out(self, database: Database, keyring: Keyring) -> Restored:
        later = NOW + timedelta(hours=2)
        return await restore(database, keyring, self.other_cabinet, self.file, register=self.register, now=later)


@pytest.fixture
def place(tmp_path: Path, sqlite_template: Path) -> Place:
    folder = tmp_path / "backups"
    folder.mkdir()
    return Place(folder, sqlite_template)


async def everything(database: Database) -> dict[str, list[tuple]]:
    async with database.engine_reading() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table).order_by(table.c.id))]
            for table in metadata.sorted_tables
        }


async def a_full_school(database: Database, keyring: Keyring) -> SmallSchool:
    small = await a_school(database, keyring)
    await small.family(by_sms(), by_mail(name="Basile"), children=("Capucine", "Anatole"))
    return small


async def a_paper(small: SmallSchool, place: Place, *, pupil: int | None = None, words: bytes = b"Bonjour") -> str:
    """Give the families a document with one file; gives where the file lies."""
    sealed = await put_away(small.keyring, place.settings, [Given("mot.txt", words)])
    school = small.school.key
    async with small.database.school(school) as session:
        (file_id,) = await keep_files(session, sealed, school_id=school, made_by=small.teacher, now=NOW)
        row = {"school_id": school, "author_id": small.teacher, "title_sealed": b"", "published_at": NOW}
        made = insert(document).values(**row).returning(document.c.id)
        document_id = (await session.execute(made)).scalar_one()
        await session.execute(insert(document_for).values(school_id=school, document_id=document_id, pupil_id=pupil))
        await session.execute(insert(document_file).values(school_id=school, document_id=document_id, file_id=file_id))
    return sealed[0].place


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_documents_come_back_as_they_lay_and_those_of_an_erased_child_stay_out(
    database: Database, keyring: Keyring, place: Place
) -> None:
    small = await a_full_school(database, keyring)
    kept, gone = await a_paper(small, place), await a_paper(small, place, pupil=1, words=b"Pour Capucine")
    lay = await place.cabinet.take(kept)

    assert (await place.put_away(database)).files == 2
    async with database.school(small.school.key) as session:
        left = await erase_pupil(
            session, keyring, school_id=small.school.key, pupil_id=1, register=place.register, by=None,
            now=NOW + timedelta(hours=1),
        )  # fmt: skip
    async with place.empty() as restored:
        done = await place.take_out(restored, keyring)

    assert left == [gone]
    assert (done.erased, done.files) == (1, 1)
    assert [one.place for one in await place.other_cabinet.lying()] == [kept]
    assert await place.other_cabinet.take(kept) == lay
    assert b"Bonjour" not in (lay or b"")


async def test_a_backup_of_either_database_restores_into_the_other_and_back(
    database: Database, keyring: Keyring, place: Place
) -> None:
    await a_full_school(database, keyring)
    before = await everything(database)

    async with place.empty() as sqlite:
        kept = await place.put_away(database)
        restored = await place.take_out(sqlite, keyring)
        assert await everything(sqlite) == before
        assert restored.rows == kept.rows == sum(len(of) for of in before.values())
        assert (restored.erased, restored.made_at) == (0, NOW)

        await backup(sqlite, place.other_cabinet, place.folder / "again", now=NOW)
    async with database.engine() as connection:  # a fresh database of the first kind: the same, emptied
        if database.dialect == "sqlite":
            for act in ("update", "delete"):
                await connection.execute(text(f"DROP TRIGGER audit_is_kept_{act}"))
        for table in reversed(metadata.sorted_tables):
            if table.name != "audit":
                await connection.execute(table.delete())
    await restore(database, keyring, place.cabinet, place.folder / "again", register=place.register, now=NOW)
    assert await everything(database) == before


async def test_what_is_written_after_a_restore_gets_new_numbers(
    database: Database, keyring: Keyring, place: Place
) -> None:
    async with place.empty() as first:
        small = await a_full_school(first, keyring)
        await place.put_away(first)
    await place.take_out(database, keyring)

    async with database.school(small.school.key) as session:
        new = Pupil(school_id=small.school.key, first_name="Zoé", family_name="Exemple", name_key="exemple zoe")
        session.add(new)
        await session.flush()

    assert new.id == 3


async def test_a_backup_shows_no_number_no_mailbox_and_no_key(
    database: Database, keyring: Keyring, place: Place
) -> None:
    await a_full_school(database, keyring)

    await place.put_away(database)

    rows, keys = gzip.decompress(place.file.read_bytes()), gzip.decompress(keys_of(place.file).read_bytes())
    wrapped = [row[3] for row in (await everything(database))["data_key"]]
    assert b"Capucine" in rows
    for clear in (b"33639981000", b"639981000", b"odile@familles.test", b"odile@familles.test".hex().encode()):
        assert clear not in rows + keys
    assert all(key.hex().encode() in keys and key.hex().encode() not in rows for key in wrapped)
    assert {path.stat().st_mode & 0o777 for path in place.folder.iterdir()} == {0o600}
    assert sorted(path.name for path in place.folder.iterdir()) == ["hub.backup", "hub.backup.files", "hub.backup.keys"]


async def test_who_was_erased_since_is_forgotten_again_by_a_restore(
    database: Database, keyring: Keyring, place: Place
) -> None:
    small = await a_school(database, keyring)
    gone, other = await small.family(by_sms(), by_mail(name="Basile"))
    await place.put_away(database)
    async with database.school(small.school.key) as session:
        await erase_guardian(
            session,
            keyring,
            school_id=small.school.key,
            guardian_id=gone,
            register=place.register,
            by=None,
            now=NOW + timedelta(hours=1),
        )

    async with place.empty() as restored:
        result = await place.take_out(restored, keyring)
        rows = await everything(restored)
        sealed = await addresses(restored, keyring)

    assert result.erased == 1
    names = {row[0]: row[4] for row in rows["guardian"]}
    assert names == {gone: "", other: "Basile"}
    assert sealed == ["odile@familles.test"]
    raw = b"".join(path.read_bytes() for path in place.folder.glob("empty*"))
    assert b"Odile" not in raw
    assert b"Basile" in raw


async def addresses(database: Database, keyring: Keyring) -> list[str]:
    """All addresses that any data key opens."""
    rows = await everything(database)
    found = []
    for address in rows["address"]:
        for key in rows["data_key"]:
            try:
                found.append(keyring.seal(key[3], key[4]).open(address[5], b"address.value").decode())
            except UnreadableError:
                continue
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_erasure_older_than_the_backup_is_not_done_to_whoever_has_the_number_now(
    database: Database, keyring: Keyring, place: Place
) -> None:
    small = await a_school(database, keyring)
    (odile,) = await small.family(by_sms())
    place.register.write_text(f'{{"school":1,"subject":"guardian","id":{odile},"at":"2026-01-05T08:00:00Z"}}\n')
    await place.put_away(database)

    async with place.empty() as restored:
        assert (await place.take_out(restored, keyring)).erased == 0
        assert [row[4] for row in (await everything(restored))["guardian"]] == ["Odile"]


def bent(file: Path) -> None:
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(b"Capucine", b"Clemence")))


def flipped(file: Path, at: int) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])


def cut(file: Path, at: int) -> None:
    file.write_bytes(file.read_bytes()[:at])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": lambda file: cut(file, file.stat().st_size // 2),
    "bent": bent,
    "flipped": lambda file: flipped(file, 400),
    "foreign": lambda file: file.write_bytes(b"PK\x03\x04 something else"),
    "missing keys": lambda file: keys_of(file).unlink(),
    "missing files": lambda file: files_of(file).unlink(),
    "cut files": lambda file: cut(files_of(file), 2000),  # before its end
    "flipped files": lambda file: flipped(files_of(file), files_of(file).read_bytes().rindex(b"end.json") - 512),
}
"""What may happen to a backup; the last flips the first byte of a document."""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("damage", [*DAMAGES, "keys of another", "files of another"])
async def test_a_damaged_backup_is_refused_and_changes_nothing(
    database: Database, keyring: Keyring, place: Place, damage: str
) -> None:
    small = await a_full_school(database, keyring)
    await a_paper(small, place)
    await place.put_away(database)
    if damage in ("files of another", "keys of another"):
        of = files_of if damage == "files of another" else keys_of
        await backup(database, place.cabinet, place.folder / "other", now=NOW)
        of(place.folder / "other").replace(of(place.file))
    else:
        DAMAGES[damage](place.file)

    async with place.empty() as empty:
        with pytest.raises(InvalidError):
            await place.take_out(empty, keyring)
        assert sum(len(rows) for rows in (await everything(empty)).values()) == 0


async def test_a_backup_goes_into_an_empty_database_only(database: Database, keyring: Keyring, place: Place) -> None:
    await a_full_school(database, keyring)
    await place.put_away(database)
    before = await everything(database)

    with pytest.raises(InvalidError, match="pas vide"):
        await place.take_out(database, keyring)

    assert await everything(database) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_backup_of_another_version_is_refused(database: Database, keyring: Keyring, place: Place) -> None:
    await a_full_school(database, keyring)
    await place.put_away(database)

    async with place.empty() as empty:
        async with empty.engine() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(InvalidError, match="autre version"):
            await place.take_out(empty, keyring)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_backup_that_fails_leaves_the_last_one_whole(
    database: Database, keyring: Keyring, place: Place
) -> None:
    await a_full_school(database, keyring)
    await place.put_away(database)
    whole = place.file.read_bytes()
    async with database.engine() as connection:
        await connection.execute(text("ALTER TABLE receipt RENAME TO elsewhere"))

    with pytest.raises(DBAPIError):
        await place.put_away(database)

    assert place.file.read_bytes() == whole
    assert not list(place.folder.glob("*.part"))
