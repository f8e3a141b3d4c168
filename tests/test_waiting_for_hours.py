"""Who waits for an hour hears of one that is free when it is heard, in time; or goes on waiting."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from appointments import FIVE, OFFER, Offered
from factories import NOW, SmallSchool, a_school, by_sms

from hub.database import Database
from hub.sealing import Keyring

NIGHT = NOW.replace(hour=21)
MINUTE = timedelta(minutes=1)
WAITS = "SELECT first_name, told_at IS NULL FROM booking_wait JOIN guardian ON guardian.id = guardian_id ORDER BY 1"


@pytest.fixture
async def small(database: Database, keyring: Keyring) -> SmallSchool:
    return await a_school(database, keyring)


async def one_hour(small: SmallSchool, ends: time = time(17, 15)) -> tuple[Offered, list[int]]:
    """Offer one hour, or a few, to a class of three adults."""
    at = Offered(small, offer=replace(OFFER, ends=ends))
    await at.open(tell=False, until=FIVE.date())
    phones = {"Odile": "+33639981000", "Oscar": "+33639981001", "Ulla": "+33639981002"}
    return at, await small.family(*(by_sms(phone, name=name) for name, phone in phones.items()))


async def test_whose_own_quiet_hours_end_too_late_goes_on_waiting_and_the_others_hear(small: SmallSchool) -> None:
    at, (odile, oscar, ulla) = await one_hour(small)
    held = await at.choose((await at.slots())[0], odile)
    await at.wait(oscar)
    await at.wait(ulla)
    await small.write("UPDATE guardian SET quiet_from = '12:00', quiet_to = '16:30' WHERE first_name = 'Oscar'")

    await at.give_back(held, odile, now=FIVE - timedelta(hours=4))

    assert await at.told() == [("announcement", "Ulla")]
    assert [(name, bool(waits)) for name, waits in await small.rows(WAITS)] == [("Oscar", True), ("Ulla", False)]
