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


@pytest.mark.parametrize("moves", [False, True], ids=["chosen", "moved to"])
async def test_an_hour_that_is_taken_in_the_night_is_not_told_to_be_free_in_the_morning(
    small: SmallSchool, *, moves: bool
) -> None:
    at, (odile, oscar, ulla) = await one_hour(small, time(17, 30))
    first, second = await at.slots()
    held = await at.choose(first, odile)
    if moves:
        await at.choose(second, ulla)
    await at.wait(oscar)
    await small.falls_silent()

    await at.give_back(held, odile, now=NIGHT)
    before = await small.rows("SELECT state FROM delivery")
    await at.choose(first, ulla, now=NIGHT + MINUTE)

    states = await small.rows("SELECT state FROM delivery ORDER BY id")
    assert (before, states[0]) == ([("held",)], ("cancelled",))
    told_of_the_second = [("held",)] if moves else []
    assert states[1:] == told_of_the_second
    assert [bool(waits) for _, waits in await small.rows(WAITS)] == [not moves]


async def test_while_another_teacher_is_free_at_that_hour_who_waits_still_hears_of_it(small: SmallSchool) -> None:
    at, (odile, oscar, ulla) = await one_hour(small)
    (first,) = await at.slots()
    await small.write(
        "INSERT INTO meeting_slot (school_id, round_id, staff_id, starts_at, ends_at, room) "
        "SELECT school_id, round_id, :director, starts_at, ends_at, room FROM meeting_slot",
        director=small.director,
    )
    held = await at.choose(first, odile)
    await at.wait(oscar)
    await small.falls_silent()
    await at.give_back(held, odile, now=NIGHT)

    await at.choose(first, ulla, now=NIGHT + MINUTE)

    assert await small.rows("SELECT state FROM delivery") == [("held",)]


async def test_what_has_left_stands_though_the_hour_is_taken(small: SmallSchool) -> None:
    at, (odile, oscar, ulla) = await one_hour(small)
    (only,) = await at.slots()
    held = await at.choose(only, odile)
    await at.wait(oscar)
    await at.give_back(held, odile)
    await small.write("UPDATE delivery SET state = 'told'")

    await at.choose(only, ulla)

    assert await small.rows("SELECT delivery.state, notice.state FROM delivery, notice") == [("told", "published")]
    assert [bool(waits) for _, waits in await small.rows(WAITS)] == [False]


async def test_who_waits_in_vain_is_told_when_the_school_cancels_all_and_hears_of_an_hour_that_is_added(
    small: SmallSchool,
) -> None:
    at, (odile, oscar, ulla) = await one_hour(small, time(17, 30))
    first, second = await at.slots()
    await at.choose(first, odile)
    await at.choose(second, ulla)
    await at.wait(oscar)

    await at.cancel(second)
    assert await at.told() == [("announcement", "Ulla")]
    await at.cancel(first)
    assert await at.told() == [("announcement", "Ulla"), ("announcement", "Oscar"), ("announcement", "Odile")]
    await at.cancel(first)
    await at.add(OFFER)

    assert (await at.told())[3:] == [("announcement", "Oscar")]
    assert await small.rows("SELECT key_name FROM notice WHERE key_name LIKE 'libre:%'") != []
