"""Appointments: hours that a teacher offers, and who has them when many ask at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from appointments import FIVE, OFFER, THURSDAY, Offered
from desks import on_one_database
from factories import NOW, TODAY, SmallSchool, a_school, by_sms

from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.holidays import open_days
from hub.meetings.choosing import TakenError, give_back
from hub.meetings.telling import remind
from hub.meetings.times import closing, is_to_remind, times_of
from hub.models.people import LinkKind
from hub.sealing import Keyring
from scheduler.reminders import Reminders

LATER = timedelta(minutes=15)


@pytest.fixture
async def small(database: Database, keyring: Keyring) -> SmallSchool:
    return await a_school(database, keyring)


async def offered(small: SmallSchool, **more: object) -> Offered:
    made = Offered(small)
    await made.open(tell=False, **more)
    return made


def minutes(offer_times: tuple[tuple[datetime, datetime], ...]) -> list[str]:
    return [f"{begins:%H:%M}" for begins, _ in offer_times]


def test_hours_follow_each_other_with_their_breaks() -> None:
    plain = replace(OFFER, minutes=20)
    spaced = replace(OFFER, minutes=10, gap=5, pause_from=time(17, 25), pause_to=time(17, 40))

    assert minutes(times_of(plain, "Europe/Paris")) == ["16:00", "16:20", "16:40"]
    assert minutes(times_of(spaced, "Europe/Paris")) == ["16:00", "16:15", "16:40"]
    assert times_of(replace(OFFER, minutes=61), "Europe/Paris") == ()


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 10, 24), datetime(2026, 10, 24, 15, tzinfo=UTC)),
        (date(2026, 10, 26), datetime(2026, 10, 26, 16, tzinfo=UTC)),
        (date(2027, 3, 27), datetime(2027, 3, 27, 16, tzinfo=UTC)),
        (date(2027, 3, 29), datetime(2027, 3, 29, 15, tzinfo=UTC)),
        (date(2026, 12, 31), datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_five_o_clock_is_that_of_the_schools_clock(day: date, first: datetime) -> None:
    assert times_of(replace(OFFER, day=day), "Europe/Paris")[0] == (first, first + LATER)


def test_in_the_night_that_has_an_hour_less_or_more_each_is_as_long_as_it_says() -> None:
    spring = replace(OFFER, day=date(2027, 3, 28), starts=time(1, 30), ends=time(3, 30), minutes=30)
    autumn = replace(OFFER, day=date(2026, 10, 25), starts=time(1, 30), ends=time(3, 30), minutes=30)

    assert len(times_of(spring, "Europe/Paris")) == 2
    assert len(times_of(autumn, "Europe/Paris")) == 6


def test_one_chooses_until_the_eve_or_the_day_that_was_said_and_never_beyond_the_first_hour() -> None:
    assert closing(FIVE, None, "Europe/Paris") == datetime(2026, 12, 2, 22, 59, tzinfo=UTC)
    assert closing(FIVE, date(2026, 11, 30), "Europe/Paris") == datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    assert closing(FIVE, date(2026, 12, 5), "Europe/Paris") == FIVE


@pytest.mark.parametrize(
    ("starts", "begins"),
    [
        (FIVE, datetime(2026, 12, 2, 9, tzinfo=UTC)),
        (datetime(2026, 12, 7, 16, tzinfo=UTC), datetime(2026, 12, 4, 9, tzinfo=UTC)),
        (datetime(2026, 10, 26, 16, tzinfo=UTC), datetime(2026, 10, 16, 8, tzinfo=UTC)),  # in the autumn holidays
        (datetime(2027, 3, 29, 15, tzinfo=UTC), datetime(2027, 3, 26, 9, tzinfo=UTC)),
        (datetime(2026, 11, 12, 16, tzinfo=UTC), datetime(2026, 11, 10, 9, tzinfo=UTC)),  # the 11th is a feast
    ],
)
def test_one_is_reminded_on_the_eve_as_of_any_meeting(starts: datetime, begins: datetime) -> None:
    until, before = begins + timedelta(hours=10), begins - timedelta(days=1)
    days = open_days("B", date(2026, 9, 1), date(2027, 7, 2), ())

    def reminded(chosen_at: datetime, at: datetime) -> bool:
        return is_to_remind(starts, chosen_at, at, days, "Europe/Paris")

    moments = (begins - LATER, begins, until - LATER, until)
    assert [reminded(before, at) for at in moments] == [False, True, True, False]
    assert not reminded(begins, begins + LATER)


async def test_of_a_hundred_who_want_one_hour_one_has_it_and_the_others_are_offered_the_next(
    small: SmallSchool,
) -> None:
    at = await offered(small)
    adults = []
    for number in range(100):
        adults += await small.family(by_sms(f"+336398{number:05}", name=f"A{number}"), children=(f"E{number}",))
    wanted = (await at.slots())[0]

    came = await asyncio.gather(
        *(at.choose(wanted, guardian, number + 1) for number, guardian in enumerate(adults)), return_exceptions=True
    )

    late = [one for one in came if isinstance(one, TakenError)]
    assert (sum(isinstance(one, int) for one in came), len(late)) == (1, 99)
    assert {one.free for one in late} == {(FIVE + LATER, FIVE + 2 * LATER, FIVE + 3 * LATER)}
    assert await small.rows("SELECT count(*) FROM booking WHERE cancelled_at IS NULL") == [(1,)]


async def test_two_who_move_to_one_hour_keep_each_an_appointment(small: SmallSchool) -> None:
    at = await offered(small)
    first, second = await small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    slots = await at.slots()
    await at.choose(slots[0], first)
    await at.choose(slots[1], second)

    came = await asyncio.gather(at.choose(slots[2], first), at.choose(slots[2], second), return_exceptions=True)

    assert sorted(type(one).__name__ for one in came) == ["TakenError", "int"]
    kept = await small.rows("SELECT slot_id, sequence FROM booking WHERE cancelled_at IS NULL ORDER BY sequence")
    assert len(kept) == 2
    assert [row[1] for row in kept] == [0, 1]
    assert kept[1][0] == slots[2]


async def test_two_who_change_places_at_once_are_both_answered(small: SmallSchool) -> None:
    at = await offered(small)
    first, second = await small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    slots = await at.slots()
    await at.choose(slots[0], first)
    await at.choose(slots[1], second)

    came = await asyncio.gather(at.choose(slots[1], first), at.choose(slots[0], second), return_exceptions=True)

    assert [type(one).__name__ for one in came] == ["TakenError", "TakenError"]


async def test_a_hour_that_is_cancelled_while_it_is_chosen_is_told_or_refused(small: SmallSchool) -> None:
    at = await offered(small)
    (adult,) = await small.family(by_sms())
    wanted = (await at.slots())[0]

    chosen, told = await asyncio.gather(at.choose(wanted, adult), at.cancel(wanted), return_exceptions=True)

    assert (isinstance(chosen, int), told) in {(True, 1), (False, 0)}
    assert await small.rows("SELECT count(*) FROM booking WHERE cancelled_at IS NULL") == [(0,)]


async def test_an_appointment_that_is_given_back_while_it_is_moved_is_never_said_to_stand(small: SmallSchool) -> None:
    at = await offered(small)
    (adult,) = await small.family(by_sms())
    slots = await at.slots()
    number = await at.choose(slots[0], adult)

    async with small.database.school(small.school.key) as session:
        await give_back(session, small.keyring, school=small.school, booking_id=number, now=NOW)
        moving = asyncio.create_task(at.choose(slots[1], adult))
        await asyncio.wait([moving], timeout=0.3)
    (moved,) = await asyncio.gather(moving, return_exceptions=True)

    stands = await small.rows("SELECT id, slot_id FROM booking WHERE cancelled_at IS NULL")
    assert stands == ([(moved, slots[1])] if isinstance(moved, int) else [])
    assert isinstance(moved, int | NotFoundError)
    assert await small.rows("SELECT slot_id FROM booking WHERE cancelled_at IS NOT NULL") == [(slots[0],)]


async def test_of_two_hours_that_one_adult_presses_at_once_none_is_said_to_be_anothers(small: SmallSchool) -> None:
    at = await offered(small)
    (adult,) = await small.family(by_sms())
    slots = await at.slots()

    came = await asyncio.gather(at.choose(slots[0], adult), at.choose(slots[1], adult))

    assert came[0] == came[1]
    assert await small.rows("SELECT id FROM booking WHERE cancelled_at IS NULL") == [(came[0],)]


@on_one_database
async def test_moved_an_appointment_keeps_its_name_and_counts_up(small: SmallSchool) -> None:
    at = await offered(small)
    (adult,) = await small.family(by_sms())
    slots = await at.slots()
    asked = "SELECT id, uid, sequence, slot_id FROM booking"

    number = await at.choose(slots[0], adult)
    ((_, uid, _, _),) = await small.rows(asked)
    assert await at.choose(slots[2], adult) == number
    assert await at.choose(slots[2], adult) == number

    assert await small.rows(asked) == [(number, uid, 1, slots[2])]
    await at.give_back(number, adult)
    assert await small.rows("SELECT uid, sequence, cancelled_at IS NULL FROM booking") == [(uid, 2, 0)]
    assert await at.choose(slots[2], adult) != number


@on_one_database
async def test_separated_parents_have_each_their_own_and_neither_sees_the_others(small: SmallSchool) -> None:
    at = await offered(small)
    odile, oscar = await small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    slots = await at.slots()

    mine = await at.choose(slots[0], odile)
    await at.choose(slots[1], oscar)

    (hers,), (his,) = await at.seen_by(odile), await at.seen_by(oscar)
    assert (hers.own and hers.own.slot_id, his.own and his.own.slot_id) == (slots[0], slots[1])
    assert [one.slot_id for one in hers.free] == [one.slot_id for one in his.free] == slots[2:]
    with pytest.raises(NotFoundError):
        await at.give_back(mine, oscar)


async def test_who_changed_class_keeps_the_appointment_in_sight_and_may_give_it_back(small: SmallSchool) -> None:
    made = Offered(small)
    [odile] = await small.family(by_sms())
    await made.open()
    booking = await made.choose((await made.slots())[0], odile)
    await small.write("UPDATE enrolment SET class_id = :other", other=small.classes["CE1 B"])

    [seen] = await made.seen_by(odile)
    assert (seen.booking_id, seen.open, seen.free) == (booking, False, ())
    await made.give_back(booking, odile)
    assert await made.seen_by(odile) == []


async def test_whoever_is_barred_or_whose_link_has_ended_has_nothing(small: SmallSchool) -> None:
    at = await offered(small)
    odile, oscar = await small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    slots = await at.slots()
    await at.choose(slots[0], odile)
    await at.wait(oscar)
    await small.write("UPDATE link SET kind = :kind", kind=LinkKind.BARRED.value)

    assert await at.seen_by(odile, oscar) == []
    for guardian in (odile, oscar):
        with pytest.raises(NotFoundError):
            await at.choose(slots[1], guardian)
        with pytest.raises(NotFoundError):
            await at.wait(guardian)
    assert await at.cancel(slots[0]) == 0
    assert await at.told() == []


@on_one_database
async def test_only_the_adults_of_the_class_choose_and_only_in_time(small: SmallSchool) -> None:
    at = await offered(small)
    (theirs,) = await small.family(by_sms("+33639981009", name="Ursule"), children=("Zoé",), class_label="CE1 B")
    (odile,) = await small.family(by_sms(), children=("Capucine",))
    slots = await at.slots()

    with pytest.raises(NotFoundError):
        await at.choose(slots[0], theirs, 1)
    with pytest.raises(NotFoundError):
        await at.choose(slots[0], odile, 1)
    with pytest.raises(InvalidError, match="Le choix des heures est fini"):
        await at.choose(slots[0], odile, 2, now=FIVE - timedelta(hours=2))
    assert await at.choose(slots[0], odile, 2, by=small.teacher, now=FIVE - timedelta(hours=2))
    with pytest.raises(InvalidError, match="n'est plus proposée"):
        await at.choose(slots[0], odile, 2, by=small.teacher, now=FIVE)


@on_one_database
async def test_who_waits_is_told_once_and_may_wait_again(small: SmallSchool) -> None:
    at = await offered(small, offer=replace(OFFER, ends=time(17, 15)))
    odile, oscar, ulla = await small.family(
        by_sms(), by_sms("+33639981001", name="Oscar"), by_sms("+33639981002", name="Ulla")
    )
    (only,) = await at.slots()
    held = await at.choose(only, odile)
    await at.wait(oscar)
    await at.wait(oscar)
    with pytest.raises(TakenError) as late:
        await at.choose(only, oscar)
    assert late.value.free == ()

    await at.give_back(held, odile)
    assert await at.told() == [("announcement", "Oscar")]
    await small.write("UPDATE delivery SET state = 'told'")
    held = await at.choose(only, ulla)
    await at.give_back(held, ulla)
    assert await at.told() == [("announcement", "Oscar")]

    await at.wait(oscar)
    held = await at.choose(only, ulla)
    await at.give_back(held, ulla)
    assert await at.told() == [("announcement", "Oscar")] * 2
    await at.wait(oscar)
    await at.choose(only, oscar)
    assert await small.rows("SELECT count(*) FROM booking_wait") == [(0,)]


@on_one_database
async def test_who_waits_is_told_of_an_hour_that_is_left_or_added(small: SmallSchool) -> None:
    at = await offered(small, offer=replace(OFFER, ends=time(17, 15)))
    odile, oscar = await small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    (only,) = await at.slots()
    await at.choose(only, odile)
    await at.wait(oscar)

    assert await at.add(replace(OFFER, starts=time(17, 15))) == 3
    assert await at.told() == [("announcement", "Oscar")]
    await at.wait(oscar)
    await at.choose((await at.slots())[2], odile)
    assert await at.told() == [("announcement", "Oscar")] * 2
    await at.wait(oscar, waits=False)
    assert await small.rows("SELECT count(*) FROM booking_wait") == [(0,)]


@on_one_database
async def test_a_press_opens_once_and_invites_the_families_of_the_class(small: SmallSchool) -> None:
    await small.family(by_sms(), by_sms("+33639981001", name="Oscar", kind=LinkKind.BARRED))
    await small.family(by_sms("+33639981009", name="Ursule"), children=("Zoé",), class_label="CE1 B")
    at = Offered(small)

    first, again = await at.open(), await at.open()

    assert (first.round_id, first.notice_id, first.times) == (again.round_id, again.notice_id, 4)
    assert await small.rows(
        "SELECT notice.kind, guardian.first_name FROM delivery JOIN notice ON notice.id = delivery.notice_id "
        "JOIN guardian ON guardian.id = delivery.guardian_id"
    ) == [("announcement", "Odile")]


@on_one_database
async def test_a_teacher_is_in_one_place_at_a_time(small: SmallSchool) -> None:
    at = await offered(small)

    for offer in (OFFER, replace(OFFER, starts=time(16, 50), ends=time(17, 10), minutes=20)):
        with pytest.raises(InvalidError, match="déjà des rendez-vous"):
            await at.open(key=f"r{offer.minutes}", offer=offer, tell=False)
    await at.cancel(*(await at.slots()))
    assert (await at.open(key="again", tell=False)).times == 4


async def test_of_hours_that_overlap_and_are_pressed_at_once_one_teacher_offers_one(small: SmallSchool) -> None:
    offers = [replace(OFFER, starts=time(17, late)) for late in (0, 5, 10, 20)]
    pressed = [Offered(small).open(key=f"r{one.starts}", offer=one, tell=False) for one in offers]

    made = await asyncio.gather(*pressed, return_exceptions=True)

    assert sorted(type(one).__name__ for one in made) == ["InvalidError"] * 3 + ["Opened"]


@on_one_database
async def test_nobody_offers_the_hours_of_somebody_else_or_for_another_class(small: SmallSchool) -> None:
    at = Offered(small)

    with pytest.raises(NotAllowedError):
        await at.open(teachers=(small.director,))
    with pytest.raises(NotAllowedError):
        await at.open(class_id=small.classes["CE1 B"])
    both = (small.director, small.teacher)
    assert (await at.open(small.office, teachers=both, tell=False)).times == 8


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"minutes": 4}, "minutes"),
        ({"gap": 121}, "gap"),
        ({"ends": time(17)}, "ends"),
        ({"ends": time(17, 10)}, "minutes"),
        ({"starts": time(8), "ends": time(20), "minutes": 5}, "minutes"),
        ({"day": TODAY - timedelta(days=1)}, "day"),
        ({"day": TODAY + timedelta(days=365)}, "day"),
        ({"pause_from": time(17, 20)}, "pause_from"),
        ({"pause_from": time(17, 20), "pause_to": time(17, 10)}, "pause_to"),
        ({"room": "s" * 61}, "room"),
        ({"link": "http://visio.test/a"}, "link"),
        ({"link": "javascript:alert(1)"}, "link"),
    ],
)
@on_one_database
async def test_what_could_not_stand_is_refused_beside_its_field(
    small: SmallSchool, change: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await Offered(small).open(offer=replace(OFFER, **change))  # type: ignore[arg-type]  # as typed
    assert refused.value.field == field
    assert await small.rows("SELECT id FROM meeting_round") == []


@on_one_database
async def test_an_hour_that_the_school_cancels_is_told_to_who_had_it(small: SmallSchool) -> None:
    at = await offered(small)
    odile, _ = await small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    slots = await at.slots()
    await at.choose(slots[0], odile)

    assert await at.cancel(slots[0], slots[1]) == 1

    assert await at.told() == [("announcement", "Odile")]
    (hers,) = await at.seen_by(odile)
    assert hers.own is None
    assert [one.slot_id for one in hers.free] == slots[2:]


@on_one_database
async def test_one_is_reminded_once_of_what_is_tomorrow(small: SmallSchool, keyring: Keyring) -> None:
    at = await offered(small)
    odile, oscar = await small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    slots = await at.slots()
    await at.choose(slots[0], odile)
    gone = await at.choose(slots[1], oscar)
    await at.give_back(gone, oscar)
    reminders = Reminders(small.database, keyring)

    assert await reminders.look() == 0
    small.database._clock = lambda: FIVE - timedelta(days=1)
    assert await reminders.look() == 1
    assert await reminders.look() == 0
    assert await at.told() == [("reminder", "Odile")]


async def test_two_clocks_remind_once(small: SmallSchool, keyring: Keyring) -> None:
    at = await offered(small)
    (odile,) = await small.family(by_sms())
    await at.choose((await at.slots())[0], odile)
    eve = FIVE - timedelta(days=1)

    async def once() -> int:
        async with small.database.school(small.school.key) as session:
            return await remind(session, keyring, school=small.school, now=eve)

    assert sorted(await asyncio.gather(once(), once())) == [0, 1]
    assert await at.told() == [("reminder", "Odile")]


@on_one_database
async def test_the_words_and_the_link_are_sealed(small: SmallSchool) -> None:
    await Offered(small, offer=replace(OFFER, link="https://visio.test/salle")).open()

    rows = await small.rows(
        "SELECT title_sealed, text_sealed, link_sealed FROM meeting_round "
        "JOIN meeting_slot ON meeting_slot.round_id = meeting_round.id"
    )

    assert rows
    assert not any(word in bytes(cell) for row in rows for cell in row for word in (b"Rendez", b"lecture", b"visio"))
    assert NOW < FIVE
    assert THURSDAY.isoweekday() == 4
