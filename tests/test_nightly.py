"""What has been kept as long as it may be goes by itself, at night."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from factories import NOW, a_school, by_sms
from schoolwork import PDF, filled

from hub.database import Database, Turn, takes_turn
from hub.papers.files import Given, put_away
from hub.papers.store import cabinet_of
from hub.sealing import Keyring
from hub.settings import Settings
from scheduler.nightly import Nightly


async def test_a_pupil_who_left_long_ago_is_forgotten_at_night_once(
    database_url: str, keyring: Keyring, tmp_path: Path
) -> None:
    times = {"now": NOW.replace(hour=0)}  # one in the morning in Paris
    database = Database(database_url, clock=lambda: times["now"])
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001"), children=["Capucine"])
    await small.family(by_sms("+33639981002"), children=["Basile"])
    await small.write(
        "UPDATE pupil SET left_on = :day WHERE first_name = 'Basile'", day=(NOW - timedelta(days=120)).date()
    )
    nightly = Nightly(database, keyring, Settings(data_dir=tmp_path))

    assert await nightly.tidy() == 0
    times["now"] = NOW
    assert await nightly.tidy() == 1
    assert await nightly.tidy() == 0

    names = {row[0] for row in await small.rows("SELECT first_name FROM pupil")}
    assert "Basile" not in names
    assert "Capucine" in names
    await database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_while_one_process_tidies_no_other_does(database_url: str, keyring: Keyring, tmp_path: Path) -> None:
    database = Database(database_url, clock=lambda: NOW)
    small = await a_school(database, keyring)
    nightly = Nightly(database, keyring, Settings(data_dir=tmp_path))

    async with database.school(small.school.key) as session:
        assert await takes_turn(session, Turn.NIGHT)
        assert await nightly.tidy() == 0

    assert await nightly.tidy() == 1
    await database.close()


async def test_what_lies_in_the_cabinet_goes_with_its_row_and_what_nobody_knows_goes_too(
    database_url: str, keyring: Keyring, tmp_path: Path
) -> None:
    times = {"now": NOW}
    database = Database(database_url, clock=lambda: times["now"])
    small, settings = await a_school(database, keyring), Settings(data_dir=tmp_path)
    adults = await small.family(by_sms(), children=("Capucine",))
    paper, homework = await filled(small, settings, pupil=1, adults=adults, alone=True)
    lost = (await put_away(keyring, settings, [Given("perdu.pdf", PDF)]))[0].place
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    nightly, cabinet = Nightly(database, keyring, settings), cabinet_of(settings)

    await nightly.tidy()
    assert {one.place for one in await cabinet.lying()} == {paper, homework, lost}
    times["now"] += timedelta(days=1)
    await nightly.tidy()
    assert {one.place for one in await cabinet.lying()} == {paper, homework}
    await small.write("UPDATE pupil SET left_on = :day", day=(NOW - timedelta(days=120)).date())
    times["now"] += timedelta(days=1)
    await nightly.tidy()

    assert {one.place for one in await cabinet.lying()} == {homework}
    await database.close()
