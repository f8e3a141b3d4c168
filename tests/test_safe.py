"""The master keys of an installation against what its registers hold: a wrong one is found before anything leaves."""

from base64 import b64encode
from pathlib import Path

import pytest
from factories import a_school
from sqlalchemy import text

from hub.database import Database
from hub.errors import SettingsError
from hub.people.safe import prove_keys
from hub.sealing import Keyring
from hub.settings import Settings


def settings(folder: Path, **keys: bytes) -> Settings:
    written = ",".join(f"{version[1:]}:{b64encode(key).decode()}" for version, key in keys.items())
    return Settings(data_dir=folder, master_keys=written or None)


async def test_the_keys_that_sealed_it_open_it(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    await a_school(database, keyring)

    await prove_keys(database, settings(tmp_path, v1=b"k" * 32))
    await prove_keys(database, settings(tmp_path, v2=b"n" * 32, v1=b"k" * 32))


async def test_another_key_or_a_version_that_is_missing_is_one_sentence(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    await a_school(database, keyring)

    for wrong in (settings(tmp_path, v1=b"x" * 32), settings(tmp_path, v2=b"k" * 32)):
        with pytest.raises(SettingsError, match=r"scellés sous une autre clé maîtresse \(version 1\)"):
            await prove_keys(database, wrong)


async def test_keys_that_open_only_what_came_last_are_not_enough(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    small = await a_school(database, keyring)
    wrapped, _, _ = Keyring({1: b"x" * 32}).new_key()
    await small.write(
        "INSERT INTO data_key (school_id, subject, wrapped, master_version) VALUES (:s, 'guardian', :w, 1)",
        s=small.school.key,
        w=wrapped,
    )

    for half in (b"k" * 32, b"x" * 32):
        with pytest.raises(SettingsError, match="une autre clé"):
            await prove_keys(database, settings(tmp_path, v1=half))


async def test_a_lost_key_file_is_not_made_anew(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    await a_school(database, keyring)

    with pytest.raises(SettingsError, match="La clé maîtresse de ces registres manque"):
        await prove_keys(database, settings(tmp_path))

    assert not (tmp_path / "master.keys").exists()


async def test_empty_registers_ask_for_no_key(database: Database, tmp_path: Path) -> None:
    async with database.engine_reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM data_key"))).scalar_one() == 0

    await prove_keys(database, settings(tmp_path))

    assert not (tmp_path / "master.keys").exists()
