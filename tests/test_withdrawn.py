"""What is cancelled is not told any more, and that it is cancelled is told in time: appointments, and evenings."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from appointments import OFFER, Offered
from days import SMS, Day
from desks import on_one_database
from factories import NOW, Adult, SmallSchool, a_school
from whole_evening import FIVE, THURSDAY, WholeEvening

from hub.database import Database
from hub.evenings.cancelling import cancel_evening
from hub.meetings.telling import remind
from hub.meetings.times import Offer
from hub.sealing import Keyring
from hub.silence import Silence

LATE_IN_THE_EVENING = NOW.replace(hour=21)
"""Ten at night at the school, on Tuesday 24 November."""
MORNING = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
SATURDAY = Offer(date(2026, 11, 28), time(10), time(11), 15)
FRIDAY_NIGHT = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


@pytest.fixture
async def small(database: Database, keyring: Keyring) -> SmallSchool:
    return await a_school(database, keyring)


def by_sms(number: int, name: str) -> Adult:
    return Adult(name, ((SMS, f"+3363998100{number}"),))


async def cancelled(at: WholeEvening, now: datetime) -> int:
    async with at.small.database.school(at.small.school.key) as session:
        return await cancel_evening(session, at.small.keyring, **await at.acting(), evening_id=at.evening_id, now=now)


async def an_evening(small: SmallSchool, **more: Any) -> WholeEvening:
    at = WholeEvening(small)
    await at.another_teacher()
    await at.open(**more)
    return at


def said(day: Day) -> list[tuple[str, str]]:
    """Give what has left: the last figure of whom it went to, and its words to the first full stop, without a name."""
    words = (one.body.text.split(": ", 1)[1].split(".")[0] for one in day.sms.sent)
    return [(one.to[-1], words.split(" : ")[-1]) for one, words in zip(day.sms.sent, words, strict=True)]


async def test_the_hours_of_an_evening_cancelled_in_the_night_are_told_to_nobody_in_the_morning(
    small: SmallSchool,
) -> None:
    await small.falls_silent()
    adult, _ = await small.family(by_sms(1, "Odile"), by_sms(2, "Oscar"))
    day = Day(small)
    at = await an_evening(small)
    await day.drain()
    await at.wish(adult)
    await at.propose()
    await at.adopt(now=LATE_IN_THE_EVENING)
    day.sms.sent.clear()

    assert await cancelled(at, LATE_IN_THE_EVENING + timedelta(hours=1)) == 8
    for minutes in range(0, 60, 5):
        day.now = MORNING - timedelta(minutes=30 - minutes)
        await day.drain()

    gone = "la rencontre à l'école du jeudi 3 décembre n'a pas lieu"
    assert sorted(said(day)) == [("1", gone), ("2", gone)]


async def test_an_evening_that_nobody_has_heard_of_is_cancelled_without_a_word(small: SmallSchool) -> None:
    await small.falls_silent()
    await small.family(by_sms(1, "Odile"))
    day = Day(small)
    at = await an_evening(small, now=LATE_IN_THE_EVENING)

    await cancelled(at, LATE_IN_THE_EVENING + timedelta(minutes=5))
    day.now = MORNING
    await day.drain()

    assert day.sms.sent == []


async def test_an_evening_of_two_days_names_both_when_it_is_cancelled(small: SmallSchool) -> None:
    await small.family(by_sms(1, "Odile"))
    day = Day(small)
    at = await an_evening(small, days=(THURSDAY, THURSDAY + timedelta(days=1)))
    await day.drain()

    await cancelled(at, NOW)
    await day.drain()

    assert said(day)[-1] == ("1", "la rencontre à l'école du jeudi 3 décembre et vendredi 4 décembre n'a pas lieu")


async def test_an_evening_cancelled_on_its_day_is_heard_before_it_also_by_who_sleeps_until_then(
    small: SmallSchool,
) -> None:
    await small.falls_silent()
    awake, asleep = await small.family(by_sms(1, "Odile"), by_sms(2, "Oscar"))
    await small.write("UPDATE guardian SET quiet_from = '08:00', quiet_to = '18:00' WHERE id = :id", id=asleep)
    day = Day(small)
    at = await an_evening(small)
    day.now = MORNING
    await day.drain()
    day.sms.sent.clear()

    day.now = FIVE - timedelta(hours=6)
    await cancelled(at, day.now)
    await day.drain()

    assert sorted(to for to, _ in said(day)) == ["1", "2"]
    assert await small.rows(
        "SELECT notice.lane, guardian_id FROM notice JOIN delivery ON notice_id = notice.id "
        "WHERE key_name LIKE 'sans-soir%' ORDER BY guardian_id"
    ) == [("routine", awake), ("urgent", asleep)]


@pytest.mark.parametrize(("hours", "lane"), [(0, "urgent"), (-5, "routine")], ids=["in silence", "by day"])
async def test_an_appointment_of_a_silent_day_that_is_cancelled_is_heard_before_its_hour(
    small: SmallSchool, hours: int, lane: str
) -> None:
    await small.falls_silent()
    (odile,) = await small.family(by_sms(1, "Odile"))
    day = Day(small)
    at = Offered(small)
    await at.open(offer=SATURDAY, tell=False)
    slots = await at.slots()
    await at.choose(slots[0], odile)

    day.now = FRIDAY_NIGHT + timedelta(hours=hours)
    assert await at.cancel(slots[0], now=day.now) == 1
    await day.drain()

    assert said(day) == [("1", "l'école doit annuler votre rendez-vous, samedi 28 novembre à 10 h 00")]
    assert await small.rows("SELECT lane FROM notice") == [(lane,)]


async def test_an_appointment_cancelled_long_before_waits_for_the_morning(small: SmallSchool) -> None:
    await small.falls_silent()
    (odile,) = await small.family(by_sms(1, "Odile"))
    day = Day(small, LATE_IN_THE_EVENING)
    at = Offered(small)
    await at.open(tell=False)
    slots = await at.slots()
    await at.choose(slots[0], odile)

    await at.cancel(slots[0], now=day.now)
    await day.drain()
    assert day.sms.sent == []

    day.now = MORNING
    await day.drain()
    assert len(day.sms.sent) == 1


@pytest.mark.parametrize("how", ["the school cancels", "the family gives back", "the family moves"])
async def test_a_reminder_that_waits_is_not_sent_of_what_was_cancelled_or_moved(small: SmallSchool, how: str) -> None:
    (odile,) = await small.family(by_sms(1, "Odile"))
    await small.write("UPDATE guardian SET quiet_from = '08:00', quiet_to = '20:00' WHERE id = :id", id=odile)
    at = Offered(small)
    await at.open(tell=False)
    slots = await at.slots()
    booked = await at.choose(slots[0], odile)
    day = Day(small, FIVE - timedelta(days=1, hours=2))
    async with small.database.school(small.school.key) as session:
        assert await remind(session, small.keyring, school=small.school, now=day.now) == 1
    await day.drain()

    match how:
        case "the school cancels":
            await at.cancel(slots[0], now=day.now)
        case "the family gives back":
            await at.give_back(booked, odile, now=day.now)
        case _:
            await at.choose(slots[1], odile, now=day.now)
    day.now = FIVE - timedelta(hours=20)
    await day.drain()

    assert [words for _, words in said(day) if "Rappel" in words] == []
    assert len(day.sms.sent) == (how == "the school cancels")


async def test_an_hour_that_fell_free_and_is_cancelled_is_offered_to_nobody_and_who_waits_waits_on(
    small: SmallSchool,
) -> None:
    await small.falls_silent()
    odile, oscar = await small.family(by_sms(1, "Odile"), by_sms(2, "Oscar"))
    at = Offered(small)
    await at.open(tell=False)
    slots = await at.slots()
    booked = await at.choose(slots[0], odile)
    await at.wait(oscar)
    day = Day(small, LATE_IN_THE_EVENING)
    await at.give_back(booked, odile, now=day.now)

    await at.cancel(slots[0], now=day.now)
    day.now = MORNING
    await day.drain()

    assert day.sms.sent == []
    assert await small.rows("SELECT told_at FROM booking_wait") == [(None,)]


async def test_an_invitation_to_hours_that_are_all_cancelled_is_not_sent(small: SmallSchool) -> None:
    await small.falls_silent()
    await small.family(by_sms(1, "Odile"))
    at = Offered(small)
    await at.open(now=LATE_IN_THE_EVENING)
    slots = await at.slots()
    await at.cancel(*slots[1:], now=LATE_IN_THE_EVENING)
    day = Day(small, LATE_IN_THE_EVENING)
    assert await small.rows("SELECT state FROM notice") == [("published",)]

    await at.cancel(slots[0], now=LATE_IN_THE_EVENING)
    day.now = MORNING
    await day.drain()

    assert day.sms.sent == []


async def test_who_waits_is_not_told_of_an_hour_that_the_silence_would_tell_too_late(small: SmallSchool) -> None:
    await small.falls_silent(Silence(time(20), time(7)))
    odile, oscar = await small.family(by_sms(1, "Odile"), by_sms(2, "Oscar"))
    at = Offered(small)
    await at.open(offer=SATURDAY, tell=False, until=SATURDAY.day)
    booked = await at.choose((await at.slots())[0], odile)
    await at.wait(oscar)

    await at.give_back(booked, odile, now=FRIDAY_NIGHT)

    assert await at.told() == []
    assert await small.rows("SELECT told_at FROM booking_wait") == [(None,)]


async def test_an_hour_cancelled_before_its_plan_is_told_is_not_in_it(small: SmallSchool) -> None:
    await small.falls_silent()
    (one,) = await small.family(by_sms(1, "Odile"), children=("Lina",))
    (again,) = await small.family(by_sms(1, "Odile"), children=("Adam",), class_label="CE1 B")
    await small.write("UPDATE link SET guardian_id = :one WHERE guardian_id = :again", one=one, again=again)
    at = await an_evening(small)
    await at.wish(one)
    await at.propose()
    await at.adopt(now=LATE_IN_THE_EVENING)
    ((slot, round_id),) = await small.rows(
        "SELECT slot_id, booking.round_id FROM booking JOIN meeting_slot ON meeting_slot.id = slot_id "
        "ORDER BY starts_at LIMIT 1"
    )
    day = Day(small, LATE_IN_THE_EVENING)

    await Offered(small, round_id).cancel(slot, by=small.director, now=day.now)
    day.now = MORNING
    await day.drain()

    (plan,) = [one.body.text for one in day.sms.sent if "on vous attend" in one.body.text]
    (gone,) = [one.body.text for one in day.sms.sent if "annuler votre rendez-vous" in one.body.text]
    told, cancelled_hours = (re.findall(r"1\d h \d\d", text) for text in (plan, gone))
    assert len(told) == 1
    assert set(told).isdisjoint(cancelled_hours)


@on_one_database
async def test_the_reminder_of_an_online_appointment_says_so(small: SmallSchool) -> None:
    (odile,) = await small.family(by_sms(1, "Odile"))
    at = Offered(small, offer=replace(OFFER, room="", link="https://visio.test/abc"))
    await at.open(tell=False)
    await at.choose((await at.slots())[0], odile)
    day = Day(small, FIVE - timedelta(days=1))
    async with small.database.school(small.school.key) as session:
        await remind(session, small.keyring, school=small.school, now=day.now)
    await day.drain()

    assert "En ligne : lien sur votre page." in day.sms.sent[0].body.text
    assert "visio" not in day.sms.sent[0].body.text
