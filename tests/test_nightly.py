"""What has been kept as long as it may be goes by itself, at night."""

from datetime import timedelta
from pathlib import Path

from factories import NOW, a_school, by_sms

from hub.database import Database
from hub.sealing import Keyring
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
    nightly = Nightly(database, keyring, tmp_path)

    assert await nightly.tidy() == 0
    times["now"] = NOW
    assert await nightly.tidy() == 1
    assert await nightly.tidy() == 0

    names = {row[0] for row in await small.rows("SELECT first_name FROM pupil")}
    assert "Basile" not in names
    assert "Capucine" in names
    await database.close()
