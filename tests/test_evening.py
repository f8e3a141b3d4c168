"""A whole-school evening from end to end: opened, wished for, planned, adopted, told; on both databases."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from appointments import reader_of
from factories import NOW, SINCE, SmallSchool, a_school, by_sms
from whole_evening import EVENING, FIVE, QUARTER, THURSDAY, WholeEvening

from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.evenings.cancelling import cancel_evening
from hub.evenings.opening import Receives
from hub.evenings.rules import Why
from hub.evenings.wishes import wish
from hub.inbox.to_do import to_do
from hub.meetings.choosing import Comes, choose, wait
from hub.meetings.reading import for_family
from hub.people.kin import children_of
from hub.sealing import Keyring

SECOND = (FIVE + QUARTER, FIVE + 2 * QUARTER)


@pytest.fixture
async def small(database: Database, keyring: Keyring) -> SmallSchool:
    return await a_school(database, keyring)


@pytest.fixture
async def at(small: SmallSchool) -> WholeEvening:
    made = WholeEvening(small)
    await made.another_teacher()
    return made


async def siblings(small: SmallSchool, number: str, name: str) -> int:
    """Add a family with a child in each class; gives its one adult."""
    (adult,) = await small.family(by_sms(number, name=name), children=(f"{name}-un",))
    (again,) = await small.family(by_sms(number, name=name), children=(f"{name}-deux",), class_label="CE1 B")
    await small.write("UPDATE link SET guardian_id = :adult WHERE guardian_id = :again", adult=adult, again=again)
    return adult


async def chosen(at: WholeEvening, guardian: int, slot_id: int, pupil: int = 1) -> int:
    async with at.small.database.school(at.small.school.key) as session:
        return await choose(
            session, at.small.keyring, school=at.small.school, slot_id=slot_id, comes=Comes(guardian, pupil), now=NOW
        )


async def test_a_family_with_two_children_comes_on_one_way_and_hears_it_in_one_message(at: WholeEvening) -> None:
    adult = await siblings(at.small, "+33639981001", "Odile")
    (alone,) = await at.small.family(by_sms("+33639981002", name="Basile"), children=("Anatole",))
    await at.open()

    await at.wish(adult)
    await at.wish(alone, SECOND)
    await at.propose()
    before = await at.booked()
    made = await at.adopt()

    assert (before, made) == ([], 3)
    booked = await at.booked()
    hours = [hour for guardian, _, hour in booked if guardian == adult]
    assert len(hours) == len(set(hours)) == 2
    assert (alone, 3, "16:15") in booked
    sheet = await at.sheet()
    assert (sheet.whole, sheet.given, sheet.wanted, sheet.longest, sheet.best) == (2, 3, 3, 0, True)
    assert sorted(await at.told()) == [
        ("heures:adult", "Basile"), ("heures:adult", "Odile"), ("soir:all", "Basile"), ("soir:all", "Odile"),
    ]  # fmt: skip


async def test_until_there_is_a_plan_nobody_chooses_an_hour_and_then_what_is_left_is_free(at: WholeEvening) -> None:
    adult, silent = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.open()
    slots = [row[0] for row in await at.small.rows("SELECT id FROM meeting_slot ORDER BY id")]

    async def offered(guardian: int) -> list[int]:
        async with at.small.database.reading(1) as session:
            children = await children_of(session, school_id=1, guardians=[guardian], day=NOW.date())
            seen = await for_family(session, at.small.keyring, school_id=1, children=children, now=NOW)
            return [len(one.free) for one in seen]

    assert await offered(silent) == []
    with pytest.raises(InvalidError, match="Dites d'abord"):
        await chosen(at, silent, slots[0])
    comes = Comes(silent, 1)
    async with at.small.database.school(1) as session:
        with pytest.raises(NotFoundError):
            await wait(session, school=at.small.school, round_id=1, comes=comes, waits=True, now=NOW)
    await at.wish(adult)
    await at.propose()
    await at.adopt()

    assert await offered(silent) == [3]
    assert (await at.told())[2:] == [("heures:adult", "Odile"), ("libre:all", "Oscar")]
    assert await at.asked(silent) == []


async def test_where_hours_are_short_who_goes_without_waits_for_one_and_is_told_so(at: WholeEvening) -> None:
    adults = [
        guardian
        for number in range(3)
        for guardian in await at.small.family(
            by_sms(f"+3363998100{number}", name=f"A{number}"), children=(f"E{number}",)
        )
    ]
    await at.open()
    for adult in adults:
        await at.wish(adult, SECOND)
    await at.propose()

    assert {one.why for family in (await at.sheet()).families for one in family.asks} == {None, Why.FULL}
    assert await at.adopt() == 1
    assert await at.small.rows("SELECT count(*) FROM booking_wait WHERE told_at IS NULL") == [(2,)]
    assert len(await at.told()) == 3 + 3
    assert (await at.sheet()).whole == 1


async def test_whoever_says_something_else_after_the_plan_is_planned_anew(at: WholeEvening) -> None:
    (adult,) = await at.small.family(by_sms())
    await at.open()
    await at.wish(adult)
    await at.propose()
    await at.wish(adult, SECOND, now=NOW + timedelta(minutes=1))

    with pytest.raises(InvalidError, match="proposez-le de nouveau"):
        await at.adopt()
    assert (await at.sheet()).unmade == 1
    await at.propose(now=NOW + timedelta(minutes=2))
    assert await at.adopt(now=NOW + timedelta(minutes=3)) == 1
    assert [hour for *_, hour in await at.booked()] == ["16:15"]


async def test_an_hour_that_the_school_gave_by_hand_since_keeps_the_whole_plan_from_being_kept(
    at: WholeEvening,
) -> None:
    adult, other = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.open()
    await at.wish(adult, (FIVE, FIVE + QUARTER))
    await at.propose()
    ((first,),) = await at.small.rows("SELECT slot_id FROM evening_wish WHERE slot_id IS NOT NULL")
    async with at.small.database.school(1) as session:
        comes = Comes(other, 1, by=at.small.office)
        await choose(session, at.small.keyring, school=at.small.school, slot_id=first, comes=comes, now=NOW)

    with pytest.raises(InvalidError, match="proposez-le de nouveau"):
        await at.adopt()

    assert [guardian for guardian, *_ in await at.booked()] == [other]
    await at.propose()
    assert [one.why for family in (await at.sheet()).families for one in family.asks] == [Why.FULL, None]
    assert await at.adopt() == 0
    assert [guardian for guardian, *_ in await at.booked()] == [other]


async def test_two_who_adopt_at_once_make_each_appointment_once_and_tell_each_family_once(at: WholeEvening) -> None:
    adult = await siblings(at.small, "+33639981001", "Odile")
    await at.open()
    await at.wish(adult)
    await at.propose()

    made = await asyncio.gather(at.adopt(), at.adopt(by=at.small.office), at.adopt())

    assert sorted(made) == [0, 0, 2]
    assert len(await at.booked()) == 2
    assert await at.told() == [("soir:all", "Odile"), ("heures:adult", "Odile")]


async def test_whoever_is_told_of_the_child_no_more_has_no_appointment_and_hears_nothing(at: WholeEvening) -> None:
    adult, barred = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.open()
    await at.wish(adult)
    await at.wish(barred)
    await at.propose()
    await at.small.write("UPDATE link SET kind = 'barred', may_be_told = false WHERE guardian_id = :id", id=barred)

    assert await at.adopt() == 1
    assert [guardian for guardian, *_ in await at.booked()] == [adult]
    assert (await at.told())[2:] == [("heures:adult", "Odile")]
    assert "Oscar" not in str((await at.sheet()).families) + str((await at.sheet()).pairs)


async def test_separated_parents_have_each_their_own_hour_of_one_teacher(at: WholeEvening) -> None:
    one, two = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.open()
    await at.wish(one)
    await at.wish(two)
    await at.propose()
    await at.adopt()

    assert sorted(guardian for guardian, *_ in await at.booked()) == [one, two]
    assert len({hour for *_, hour in await at.booked()}) == 2


async def test_who_does_not_come_has_no_hour_and_is_asked_no_more(at: WholeEvening) -> None:
    (adult,) = await at.small.family(by_sms())
    await at.open()
    await at.wish(adult, wanted=())
    await at.propose()

    sheet = await at.sheet()
    assert (sheet.families, sheet.declined, sheet.silent) == ((), 1, 0)
    assert await at.adopt() == 0
    assert await at.told() == [("soir:all", "Odile")]


async def test_a_family_wishes_for_its_own_children_alone_until_the_last_day(at: WholeEvening) -> None:
    (adult,) = await at.small.family(by_sms())
    (stranger,) = await at.small.family(by_sms("+33639981001", name="Oscar"), children=("Anatole",))
    await at.open()
    (seen,) = await at.asked(adult)
    late = seen.closes_at

    assert [(one.child.first_name, one.teacher, one.comes) for one in seen.children] == [
        ("Capucine", "M. Modèle", None)
    ]
    assert [(day.starts_at, day.ends_at, day.window) for day in seen.days] == [(*EVENING, None)]
    with pytest.raises(InvalidError, match="trop tard"):
        await at.wish(adult, now=late)
    await at.wish(adult, SECOND, by=at.small.office, now=late)
    (seen,) = await at.asked(adult)
    assert (seen.said, seen.days[0].window) == (True, SECOND)
    (theirs,) = await at.asked(stranger)
    mine, other = seen.children[0], theirs.children[0]
    forged = replace(other, child=replace(other.child, guardian_id=adult))
    for one, windows, error, said in (
        (mine, (), InvalidError, "quel soir"),
        (mine, ((FIVE, FIVE),), InvalidError, "fin vient"),
        (forged, (EVENING,), NotFoundError, "n’existe pas"),
    ):
        with pytest.raises(error, match=said):
            async with at.small.database.school(1) as session:
                await wish(
                    session, school=at.small.school, evening_id=at.evening_id, about=[one],
                    wanted=[(one.child.pupil_id, one.round_id)], windows=windows, now=NOW,
                )  # fmt: skip


async def test_one_teacher_of_two_classes_offers_the_hours_in_turn(at: WholeEvening) -> None:
    classes = at.small.classes
    await at.small.write(
        "INSERT INTO staff_right (school_id, staff_id, role, class_id, from_on) "
        "VALUES (1, :id, 'teacher', :class, :on)",
        id=at.other, on=NOW.date(), **{"class": classes["CP A"]},
    )  # fmt: skip
    await at.open(receive=tuple(Receives(class_id, at.other) for class_id in classes.values()))

    rows = await at.small.rows(
        "SELECT meeting_round.class_id, meeting_slot.starts_at FROM meeting_slot "
        "JOIN meeting_round ON meeting_round.id = meeting_slot.round_id ORDER BY meeting_slot.starts_at"
    )
    assert [row[0] for row in rows] == [*classes.values()] * 2
    assert len({row[1] for row in rows}) == 4


async def test_the_same_press_opens_one_evening_and_an_hour_that_is_taken_none(at: WholeEvening) -> None:
    first = await at.open()

    assert await at.open() == first
    assert await at.small.rows("SELECT count(*) FROM meeting_slot") == [(8,)]
    with pytest.raises(InvalidError, match="déjà des rendez-vous"):
        await at.open(key="e2")
    assert await at.small.rows("SELECT count(*) FROM meeting_evening") == [(1,)]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"receive": ()}, "au moins une classe"),
        ({"days": ()}, "un à cinq jours"),
        ({"title": " "}, "titre"),
        ({"until": NOW.date() - timedelta(days=1)}, "le temps de répondre"),
        ({"days": (THURSDAY, THURSDAY - timedelta(days=30))}, "déjà passées"),
    ],
)
async def test_what_cannot_stand_opens_nothing(at: WholeEvening, fault: dict, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        await at.open(**fault)
    assert await at.small.rows("SELECT count(*) FROM meeting_evening") == [(0,)]


async def test_a_teacher_plans_no_evening_of_the_school(at: WholeEvening) -> None:
    with pytest.raises(NotAllowedError):
        await at.open(by=at.small.teacher)
    await at.open()
    for act in (at.propose, at.adopt, at.sheet):
        with pytest.raises(NotAllowedError):
            await act(by=at.small.teacher)


async def test_an_evening_without_a_plan_stands_among_what_is_to_do_once_wishes_have_ended(at: WholeEvening) -> None:
    await at.open(until=NOW.date())
    night = NOW.replace(hour=23)

    async def waiting(by: int, now: datetime) -> int:
        reader = await reader_of(at.small, by)
        async with at.small.database.reading(1) as session:
            return (await to_do(session, school_id=1, timezone="Europe/Paris", reader=reader, now=now)).evenings

    assert await waiting(at.small.director, NOW) == 0
    assert await waiting(at.small.director, night) == 1
    assert await waiting(at.small.teacher, night) == 0
    assert await waiting(at.small.office, FIVE + timedelta(hours=2)) == 0
    await at.propose(now=night)
    await at.adopt(now=night)
    assert await waiting(at.small.director, night) == 0


async def test_wishes_end_three_days_before_so_that_there_is_time_to_plan(at: WholeEvening) -> None:
    (adult,) = await at.small.family(by_sms())
    await at.open()
    await at.open(key="e2", days=(NOW.date() + timedelta(days=2),))

    ends = sorted(str(row[0])[:10] for row in await at.small.rows("SELECT closes_at FROM meeting_evening"))
    assert ends == ["2026-11-25", "2026-11-30"]
    assert len(await at.asked(adult)) == 2


async def test_a_child_in_two_classes_is_spoken_of_with_both_teachers_and_twins_one_after_the_other(
    at: WholeEvening,
) -> None:
    (adult,) = await at.small.family(by_sms(), children=("Lina", "Sami"))
    await at.small.write(
        "INSERT INTO enrolment (school_id, pupil_id, class_id, from_on) VALUES (1, 1, :class, :since)",
        since=SINCE, **{"class": at.small.classes["CE1 B"]},
    )  # fmt: skip
    await at.open()
    (seen,) = await at.asked(adult)
    await at.wish(adult)
    await at.propose()

    assert [(one.child.first_name, one.teacher) for one in seen.children] == [
        ("Lina", "M. Modèle"), ("Lina", "M. Second"), ("Sami", "M. Modèle"),
    ]  # fmt: skip
    assert await at.adopt() == 3
    assert sorted(pupil for _, pupil, _ in await at.booked()) == [1, 1, 2]
    assert len({hour for *_, hour in await at.booked()}) == 3
    assert (await at.told())[1:] == [("heures:adult", "Odile")]


async def test_a_plan_that_is_adopted_at_night_is_told_in_the_morning_over_some_minutes(at: WholeEvening) -> None:
    adults = await at.small.family(*(by_sms(f"+3363998100{number}", name=f"A{number}") for number in range(4)))
    await at.open()
    for adult in adults:
        await at.wish(adult)
    await at.propose()
    await at.small.falls_silent()
    await at.adopt(now=NOW.replace(hour=21))

    rows = await at.small.rows(
        "SELECT attempt.look_at FROM attempt JOIN copy ON copy.id = attempt.copy_id "
        "JOIN notice ON notice.id = copy.notice_id WHERE notice.audience LIKE 'guardian:%' ORDER BY attempt.look_at"
    )
    leaves = [str(row[0])[:16] for row in rows]
    assert len(set(leaves)) == 4
    assert all("2026-11-25 06:00" <= one < "2026-11-25 06:10" for one in leaves)


@pytest.mark.parametrize("planned", [False, True])
async def test_an_evening_that_does_not_take_place_is_told_to_everybody_once(
    at: WholeEvening, *, planned: bool
) -> None:
    adult, silent = await at.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await at.open()
    await at.wish(adult)
    if planned:
        await at.propose()
        await at.adopt()
    before = len(await at.told())

    gone = [await cancelled(at), await cancelled(at)]

    assert gone == [8, 0]
    assert (await at.told())[before:] == [("sans-soir:all", "Odile"), ("sans-soir:all", "Oscar")]
    assert (await at.booked(), await at.asked(silent), (await at.sheet()).days) == ([], [], ())
    with pytest.raises(NotAllowedError):
        await cancelled(at, by=at.small.teacher)


async def cancelled(at: WholeEvening, by: int | None = None) -> int:
    acting = await at.acting(by)
    async with at.small.database.school(1) as session:
        return await cancel_evening(session, at.small.keyring, **acting, evening_id=at.evening_id, now=NOW)
