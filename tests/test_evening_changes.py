"""What changes between a plan, its message and its hours: told as it is then, in time, every time."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from factories import NOW, SmallSchool, a_school, by_sms
from whole_evening import FIVE, QUARTER, THURSDAY, WholeEvening

from hub.database import Database
from hub.errors import InvalidError
from hub.evenings.cancelling import cancel_evening, tell_if_none_is_left
from hub.evenings.proposing import facts, keep_plan
from hub.evenings.seeking import proposed
from hub.meetings.choosing import Comes, choose, give_back
from hub.meetings.rounds import add_hours, cancel_hours
from hub.meetings.times import Offer, check_offer, closing
from hub.outbox.wordings import read_slots
from hub.people.erasure import erase_guardian
from hub.sealing import Keyring

SECOND = (FIVE + QUARTER, FIVE + 2 * QUARTER)
NIGHT = NOW.replace(hour=21)
LATER = NOW + timedelta(hours=1)
FRIDAY_NIGHT = datetime(2026, 11, 27, 19, 30, tzinfo=UTC)
SATURDAY, MONDAY, TUESDAY = date(2026, 11, 28), date(2026, 11, 30), date(2026, 12, 1)


@pytest.fixture
async def at(database: Database, keyring: Keyring) -> WholeEvening:
    made = WholeEvening(await a_school(database, keyring))
    await made.another_teacher()
    return made


async def cancelled(at: WholeEvening, now: datetime = NOW) -> int:
    async with at.small.database.school(1) as session:
        return await cancel_evening(session, at.small.keyring, **await at.acting(), evening_id=at.evening_id, now=now)


async def hours_told(small: SmallSchool) -> list[tuple[str, list[str]]]:
    """Give the state of each message that tells hours of a plan, and the hours of its newest words."""
    rows = await small.rows(
        "SELECT notice.state, slots_sealed, wrapped, master_version FROM notice "
        "JOIN notice_version ON notice_version.notice_id = notice.id JOIN data_key ON data_key.id = data_key_id "
        "WHERE audience LIKE 'guardian:%' AND n = (SELECT max(n) FROM notice_version WHERE notice_id = notice.id) "
        "ORDER BY notice.id"
    )
    found = []
    for state, sealed, wrapped, version in rows:
        slots = read_slots(small.keyring.seal(bytes(wrapped), version).open(bytes(sealed), b"notice_version.slots"))
        found.append((str(state), [f"{at:%H:%M}" for at, _ in slots.hours]))
    return found


@pytest.mark.parametrize("moves", [True, False], ids=["moved", "given back"])
async def test_an_hour_that_a_family_leaves_in_the_night_is_not_told_in_the_morning(
    at: WholeEvening, *, moves: bool
) -> None:
    adult, other = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.open()
    for each, window in ((adult, (FIVE, FIVE + QUARTER)), (other, SECOND)):
        await at.wish(each, window)
    await at.propose()
    await at.small.falls_silent()
    await at.adopt(now=NIGHT)
    before = await hours_told(at.small)
    ((booking_id,),) = await at.small.rows("SELECT id FROM booking WHERE guardian_id = :id", id=adult)
    ((last,),) = await at.small.rows("SELECT max(id) FROM meeting_slot WHERE round_id = 1")

    here: dict[str, Any] = {"school": at.small.school, "now": NIGHT}
    async with at.small.database.school(1) as session:
        if moves:
            await choose(session, at.small.keyring, **here, slot_id=last, comes=Comes(adult, 1))
        else:
            await give_back(session, at.small.keyring, **here, booking_id=booking_id, guardians=[adult])

    assert before == [("published", ["16:00"]), ("published", ["16:15"])]
    assert await hours_told(at.small) == [("cancelled", ["16:00"]), ("published", ["16:15"])]


async def test_of_two_hours_the_one_that_is_moved_leaves_the_message_that_waits(at: WholeEvening) -> None:
    (adult,) = await at.small.family(by_sms(), children=("Lina", "Sami"))
    await at.open()
    await at.wish(adult, (FIVE, FIVE + 2 * QUARTER))
    await at.propose()
    await at.small.falls_silent()
    await at.adopt(now=NIGHT)
    ((last,),) = await at.small.rows("SELECT max(id) FROM meeting_slot WHERE round_id = 1")
    pupil = next(pupil for _, pupil, hour in await at.booked() if hour == "16:00")

    comes = Comes(adult, pupil, by=at.small.office)
    async with at.small.database.school(1) as session:
        await choose(session, at.small.keyring, school=at.small.school, slot_id=last, comes=comes, now=NIGHT)

    assert await hours_told(at.small) == [("published", ["16:15"])]


async def test_what_was_said_before_a_plan_was_asked_for_and_kept_after_is_not_planned_as_it_was(
    at: WholeEvening,
) -> None:
    (adult,) = await at.small.family(by_sms())
    await at.open()
    await at.wish(adult, (FIVE, FIVE + QUARTER))
    acting, later = await at.acting(), NOW + timedelta(minutes=5)
    here = {**acting, "evening_id": at.evening_id, "now": later}
    async with at.small.database.reading(1) as session:
        found = await facts(session, **here)
    await at.wish(adult, SECOND, now=later - timedelta(seconds=1))
    plan = await proposed(found)
    async with at.small.database.school(1) as session:
        await keep_plan(session, plan, found=found, **here)

    assert (await at.sheet()).unmade == 1
    with pytest.raises(InvalidError, match="proposez-le de nouveau"):
        await at.adopt(now=later)


async def test_hours_that_are_offered_anew_after_an_evening_was_cancelled_are_cancelled_aloud(at: WholeEvening) -> None:
    (adult,) = await at.small.family(by_sms())
    await at.open()
    await at.wish(adult)
    await at.propose()
    await at.adopt()
    await cancelled(at)
    before = await at.told()
    offer = Offer(THURSDAY, time(17), time(18), 15)
    async with at.small.database.school(1) as session:
        which = {"round_id": 1, "offer": offer, "teachers": (at.small.teacher,), "now": NOW}
        await add_hours(session, at.small.keyring, **await at.acting(), **which)

    gone = [await cancelled(at), await cancelled(at)]

    assert gone == [4, 0]
    assert before[-1] == ("sans-soir:all", "Odile")
    assert (await at.told())[len(before) :] == [("sans-soir:all", "Odile")]


async def test_an_evening_that_was_cancelled_is_neither_planned_nor_adopted(at: WholeEvening) -> None:
    (adult,) = await at.small.family(by_sms())
    await at.open()
    await at.wish(adult)
    # where nobody has an hour the plan holds none that could be missed
    await at.small.write("UPDATE evening_wish SET windows = '[]', why = 'full'")
    await at.small.write("UPDATE meeting_evening SET sought_at = made_at")
    await cancelled(at)
    told = await at.told()

    for act in (at.propose, at.adopt):
        with pytest.raises(InvalidError, match="plus aucune heure"):
            await act()
    assert await at.told() == told


async def test_a_class_whose_last_hour_goes_before_the_plan_hears_it_once(at: WholeEvening) -> None:
    small = at.small
    await small.family(by_sms())
    await small.family(by_sms("+33639981001", name="Oscar"), children=("Noé",), class_label="CE1 B")
    await at.open()
    await small.write("UPDATE delivery SET state = 'told'")
    told = "SELECT first_name FROM delivery JOIN notice ON notice.id = notice_id JOIN guardian g ON g.id = guardian_id "
    of_cancelled = f"{told} WHERE key_name LIKE 'sans-soir%' ORDER BY notice.id"

    async def off(round_id: int, *, most: int, now: datetime = NOW) -> bool:
        acting = {**await at.acting(), "round_id": round_id, "now": now}
        asked = "SELECT id FROM meeting_slot WHERE round_id = :id AND cancelled_at IS NULL ORDER BY id"
        slots = [row[0] for row in await small.rows(asked, id=round_id)][:most]
        async with small.database.school(1) as session:
            await cancel_hours(session, small.keyring, **acting, slots=slots)
            return await tell_if_none_is_left(session, small.keyring, **acting)

    assert await off(1, most=3) is False
    assert await small.rows(of_cancelled) == []
    assert await off(1, most=3) is True
    assert await small.rows(of_cancelled) == [("Odile",)]
    assert await cancelled(at) == 4
    assert await small.rows(of_cancelled) == [("Odile",), ("Oscar",)]

    assert [await off(1, most=3, now=LATER), await off(2, most=4, now=LATER)] == [False, False]
    assert await small.rows(of_cancelled) == [("Odile",), ("Oscar",)]

    async with small.database.school(1) as session:
        offer = Offer(THURSDAY, time(18), time(19), 15)
        acting = {**await at.acting(), "round_id": 1, "offer": offer, "teachers": (small.teacher,), "now": LATER}
        await add_hours(session, small.keyring, **acting)
    assert await off(1, most=4, now=LATER) is True
    assert await small.rows(of_cancelled) == [("Odile",), ("Oscar",), ("Odile",)]


async def test_a_plan_that_the_silence_would_hold_beyond_its_hours_is_told_at_once(at: WholeEvening) -> None:
    adult, _ = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.small.falls_silent()
    await at.open(days=(SATURDAY,), offer=Offer(SATURDAY, time(9), time(10), 15), until=FRIDAY_NIGHT.date())
    await at.wish(adult)
    await at.propose(now=FRIDAY_NIGHT)
    await at.adopt(now=FRIDAY_NIGHT)

    rows = await at.small.rows("SELECT key_name, lane, due_at FROM notice WHERE key_name NOT LIKE 'soir:e%'")
    assert [(key, lane, str(due)[:16]) for key, lane, due in rows] == [("heures:1:1", "urgent", "2026-11-27 19:30")]


async def test_who_said_nothing_is_not_asked_to_choose_when_the_silence_ends_too_late(at: WholeEvening) -> None:
    adult, _ = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.small.falls_silent()
    await at.open(days=(MONDAY,), offer=Offer(MONDAY, time(17), time(18), 15), until=FRIDAY_NIGHT.date())
    await at.wish(adult)
    await at.propose(now=FRIDAY_NIGHT)
    await at.adopt(now=FRIDAY_NIGHT)

    assert [row[0] for row in await at.small.rows("SELECT key_name FROM notice ORDER BY id")] == [
        "soir:e1",
        "heures:1:1",
    ]


async def test_wishes_end_after_they_were_asked_for_where_the_silence_holds_the_question(at: WholeEvening) -> None:
    await at.small.family(by_sms())
    await at.small.falls_silent()
    more: dict[str, Any] = {"days": (TUESDAY,), "offer": Offer(TUESDAY, time(17), time(18), 15), "now": FRIDAY_NIGHT}
    with pytest.raises(InvalidError, match="le temps de répondre"):
        await at.open(**more, until=MONDAY - timedelta(days=1))
    await at.open(**more)

    rows = await at.small.rows("SELECT due_at, closes_at FROM notice JOIN meeting_evening ON notice_id = notice.id")
    assert [(str(due)[:16], str(ends)[:16]) for due, ends in rows] == [("2026-11-30 06:00", "2026-11-30 22:59")]


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Martinique"])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"day": date.min, "starts": time(0), "ends": time(1)}, "day"),
        ({"day": date.max, "starts": time(22), "ends": time(23)}, "day"),
        ({"link": "https://["}, "link"),
    ],
)
def test_no_day_or_link_is_so_odd_that_it_breaks_the_sheet(zone: str, change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_offer(replace(Offer(THURSDAY, time(17), time(18), 15), **change), zone, NOW)
    assert refused.value.field == field
    assert closing(FIVE, date.max, zone) == FIVE


@pytest.mark.parametrize("how", ["barred", "left", "erased", "declined"])
async def test_an_hour_whose_family_goes_before_the_plan_is_kept_is_planned_anew(at: WholeEvening, how: str) -> None:
    small, only = at.small, (FIVE, FIVE + QUARTER)
    adults = [
        *await small.family(by_sms(), children=("Lina",)),
        *await small.family(by_sms("+33639981001", name="Oscar"), children=("Noé",)),
    ]
    await at.open()
    for adult in adults:
        await at.wish(adult, only)
    await at.propose()
    ((first, pupil),) = await small.rows("SELECT guardian_id, pupil_id FROM evening_wish WHERE slot_id IS NOT NULL")
    (other,) = set(adults) - {first}

    if how == "barred":
        await small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = :id", id=first)
    elif how == "left":
        await small.write("UPDATE enrolment SET to_on = '2026-11-20' WHERE pupil_id = :id", id=pupil)
    elif how == "erased":
        who: dict[str, Any] = {"school_id": 1, "guardian_id": first, "register": None, "by": None, "now": NOW}
        async with small.database.school(1) as session:
            await erase_guardian(session, small.keyring, **who)
    else:
        await at.wish(first, only, wanted=())

    with pytest.raises(InvalidError, match="proposez-le de nouveau"):
        await at.adopt()
    await at.propose()
    assert await at.adopt() == 1
    assert [(adult, hour) for adult, _, hour in await at.booked()] == [(other, "16:00")]
