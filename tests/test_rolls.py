"""The roll: who is missing or late, when an alert leaves, what a correction stops, and what a late roll does not do."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio
from factories import NOW, TODAY, Adult, a_school, by_mail, by_sms
from roll_call import EARLIER, RollCall, Statements
from sqlalchemy import select

from cli.demo_rolls import take_rolls
from hub.absences.cases import alert_class, alert_now
from hub.absences.rolls import Taken
from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.people import Enrolment, Pupil
from hub.models.rolls import AbsenceState, Mark
from hub.models.school import ClassGroup
from hub.ports import HalfDay
from hub.routing import half_day_at, is_over
from hub.sealing import Keyring

ALERT = "Trois-Ponts : Lina n'était pas en classe mardi 24 novembre matin."

NO_LONGER = "Notre message sur l'absence ne compte plus."


@pytest_asyncio.fixture
async def roll_call(database: Database, keyring: Keyring) -> RollCall:
    call = RollCall(await a_school(database, keyring))
    await call.small.family(by_sms(name="Ada"), children=["Lina"])
    await call.small.family(by_sms("+33639981002", name="Bo"), children=["Zoe"])
    return call


async def test_everybody_is_there_until_somebody_is_marked(roll_call: RollCall) -> None:
    view = await roll_call.roll()

    assert (view.label, view.state, view.taken_by, view.taken_at) == ("CP A", "none", None, None)
    assert [(one.first_name, one.family_name, one.mark, one.told_before) for one in view.pupils] == [
        ("Lina", "Exemple", None, False),
        ("Zoe", "Exemple", None, False),
    ]


async def test_a_roll_is_kept_with_who_took_it_and_shows_in_the_office(roll_call: RollCall) -> None:
    await roll_call.take("Lina", late=["Zoe"], complete=False)

    view = await roll_call.roll()
    assert (view.state, view.taken_by, view.taken_at) == ("partial", "M. Modèle", EARLIER)
    assert [one.mark for one in view.pupils] == [Mark.ABSENT, Mark.LATE]
    await roll_call.small.family(by_sms("+33639981009"), children=["Ugo"], class_label="CE1 B")
    assert [(one.label, one.state, one.missing, one.late, one.taken_by) for one in await roll_call.rolls(1)] == [
        ("CP A", "partial", 1, 1, "M. Modèle"),
        ("CE1 B", "none", 0, 0, None),
    ]
    assert [one.label for one in await roll_call.rolls(roll_call.small.teacher)] == ["CP A"]
    assert {one.state for one in await roll_call.rolls(roll_call.small.director, HalfDay.AFTERNOON)} == {"none"}


async def test_a_class_without_pupils_has_no_roll_to_take(roll_call: RollCall) -> None:
    assert [one.label for one in await roll_call.rolls(roll_call.small.director)] == ["CP A"]


async def test_an_alert_leaves_after_the_hold_and_not_before(roll_call: RollCall) -> None:
    taken = await roll_call.take("Lina", now=NOW)

    assert taken == Taken(alerts=1, held_until=NOW + timedelta(minutes=10), told_before=0, unasked=0)
    assert await roll_call.drain() == []
    assert await roll_call.states() == {"Ada": "held"}


async def test_after_the_hold_the_family_of_the_missing_child_is_alerted_and_no_other(roll_call: RollCall) -> None:
    await roll_call.take("Lina")

    left = await roll_call.drain()

    assert [one.split("\n")[0] for one in left] == [f"+33639981000: {ALERT}"]


@pytest.mark.parametrize(("set_to", "minutes"), [(0, 0), (20, 20), (90, 20), (-5, 0)])
async def test_the_hold_is_the_schools_between_nothing_and_twenty_minutes(
    roll_call: RollCall, set_to: int, minutes: int
) -> None:
    roll_call.small.school.alert_hold = set_to

    assert (await roll_call.take("Lina", now=NOW)).held_until == NOW + timedelta(minutes=minutes)


async def test_the_same_roll_twice_tells_nobody_twice(roll_call: RollCall) -> None:
    await roll_call.take("Lina")
    again = await roll_call.take("Lina")

    assert again == Taken(alerts=0, held_until=None, told_before=0, unasked=0)
    assert len(await roll_call.drain()) == 1
    assert await roll_call.small.rows("SELECT count(*) FROM notice") == [(1,)]
    assert len(await roll_call.cases()) == 1


async def test_two_tablets_that_send_the_same_roll_at_once_alert_once(roll_call: RollCall) -> None:
    await asyncio.gather(*(roll_call.take("Lina") for _ in range(4)))

    assert await roll_call.small.rows("SELECT count(*) FROM notice") == [(1,)]
    assert len(await roll_call.drain()) == 1


async def test_a_roll_and_a_call_to_the_office_at_the_same_moment_make_one_case(roll_call: RollCall) -> None:
    await asyncio.gather(roll_call.take("Lina"), roll_call.typed(half_day=HalfDay.DAY, now=EARLIER))

    cases = await roll_call.cases()
    assert {case.state for case in cases} == {AbsenceState.EXPLAINED}
    assert sum(2 if case.half_day is HalfDay.DAY else 1 for case in cases) == 2
    assert await roll_call.drain() == []


async def test_a_latecomer_stops_the_alert_that_has_not_left(roll_call: RollCall) -> None:
    await roll_call.take("Lina")
    await roll_call.take(late=["Lina"], now=EARLIER + timedelta(minutes=4))

    assert await roll_call.drain() == []
    assert [case.state for case in await roll_call.cases()] == [AbsenceState.FOUND]
    assert (await roll_call.roll()).pupils[0].mark is Mark.LATE


async def test_a_mark_taken_away_stops_the_alert_too_even_before_the_roll_is_whole(roll_call: RollCall) -> None:
    await roll_call.take("Lina", complete=False)
    await roll_call.take(complete=False, now=EARLIER + timedelta(minutes=1))

    assert await roll_call.drain() == []
    assert [case.state for case in await roll_call.cases()] == [AbsenceState.FOUND]


async def test_who_is_marked_again_after_a_slip_is_alerted_after_all(roll_call: RollCall) -> None:
    await roll_call.take("Lina", now=EARLIER - timedelta(minutes=2))
    await roll_call.take(now=EARLIER - timedelta(minutes=1))
    taken = await roll_call.take("Lina")

    assert taken.alerts == 1
    assert len(await roll_call.drain()) == 1
    assert [case.state for case in await roll_call.cases()] == [AbsenceState.OPEN]


async def test_an_alert_that_has_left_is_followed_by_the_news_that_the_child_is_found(roll_call: RollCall) -> None:
    await roll_call.take("Lina")
    await roll_call.drain()

    await roll_call.take(late=["Lina"], now=NOW)

    assert [one.split("\n")[0] for one in await roll_call.drain()] == [
        "+33639981000: Trois-Ponts, URGENT : Tout va bien : nous savons où est Lina. " + NO_LONGER
    ]
    assert await roll_call.small.rows("SELECT how FROM notice_follow") == [("withdrawal",)]
    assert await roll_call.drain() == []


async def test_no_child_is_named_to_an_address_that_nobody_has_answered_from(roll_call: RollCall) -> None:
    await roll_call.small.family(by_mail("cy@familles.test", name="Cy", confirmed=False), children=["Tom"])
    await roll_call.take("Tom")
    await roll_call.drain()

    await roll_call.take(now=NOW)

    (found,) = await roll_call.drain()
    assert "nous savons où est votre enfant." in found
    assert "Tom" not in found


async def test_of_a_partial_roll_silence_says_nothing(roll_call: RollCall) -> None:
    await roll_call.typed()
    await roll_call.take("Zoe", complete=False)

    assert [(case.first_name, case.state) for case in await roll_call.cases()] == [
        ("Zoe", AbsenceState.OPEN),
        ("Lina", AbsenceState.EXPLAINED),
    ]


async def test_an_absence_told_before_raises_no_alert_and_stands_in_the_roll_beforehand(roll_call: RollCall) -> None:
    await roll_call.typed(half_day=HalfDay.DAY, through="voicemail")
    assert [(one.first_name, one.mark, one.told_before) for one in (await roll_call.roll()).pupils] == [
        ("Lina", Mark.ABSENT, True),
        ("Zoe", None, False),
    ]

    morning = await roll_call.take("Lina")
    afternoon = await roll_call.take("Lina", half_day=HalfDay.AFTERNOON)

    assert morning == afternoon == Taken(alerts=0, held_until=None, told_before=1, unasked=0)
    assert await roll_call.drain() == []
    assert [(case.half_day, case.month_half_days) for case in await roll_call.cases()] == [(HalfDay.DAY, 2)]


async def test_who_comes_in_the_afternoon_after_all_was_absent_for_the_morning_alone(roll_call: RollCall) -> None:
    await roll_call.typed(half_day=HalfDay.DAY, through="note")
    await roll_call.take("Lina")
    await roll_call.take(half_day=HalfDay.AFTERNOON)

    (case,) = await roll_call.cases()
    assert (case.half_day, case.state, case.month_half_days) == (HalfDay.MORNING, AbsenceState.EXPLAINED, 1)


async def test_what_explains_the_morning_does_not_explain_the_afternoon(roll_call: RollCall) -> None:
    await roll_call.typed(through="gate")

    assert (await roll_call.take("Lina")).told_before == 1
    assert (await roll_call.take("Lina", half_day=HalfDay.AFTERNOON)).alerts == 1
    assert len(await roll_call.cases()) == 2


async def test_a_roll_that_comes_half_an_hour_late_alerts_nobody_unasked(roll_call: RollCall) -> None:
    taken = await roll_call.take("Lina", "Zoe", now=NOW, taken_at=NOW - timedelta(minutes=31))

    assert taken == Taken(alerts=0, held_until=None, told_before=0, unasked=2)
    assert await roll_call.drain() == []
    assert [(case.state, case.notice_id) for case in await roll_call.cases()] == [(AbsenceState.OPEN, None)] * 2


async def test_a_roll_of_a_morning_that_is_over_alerts_nobody_unasked(roll_call: RollCall) -> None:
    afternoon = NOW + timedelta(hours=6)

    assert (await roll_call.take("Lina", now=afternoon)).unasked == 1


async def test_of_a_late_roll_a_person_asks_for_the_alerts_and_they_leave_at_once(roll_call: RollCall) -> None:
    await roll_call.take("Lina", "Zoe", now=NOW, taken_at=NOW - timedelta(minutes=40))
    first = (await roll_call.cases())[0].absence_id

    assert await roll_call.do_sealed(alert_now, absence_id=first, by=roll_call.small.teacher) is True
    assert await roll_call.do_sealed(alert_now, absence_id=first) is True
    which = {"class_id": roll_call.small.classes["CP A"], "day": TODAY, "half_day": HalfDay.MORNING}
    assert await roll_call.do_sealed(alert_class, **which) == 1

    assert len(await roll_call.drain()) == 2


async def test_a_roll_sent_within_the_half_hour_leaves_when_its_own_hold_ends(roll_call: RollCall) -> None:
    taken = await roll_call.take("Lina", now=NOW, taken_at=NOW - timedelta(minutes=29))

    assert (taken.alerts, taken.held_until) == (1, NOW)


async def test_an_older_roll_that_arrives_after_a_newer_one_changes_nothing(roll_call: RollCall) -> None:
    await roll_call.take(now=NOW)
    taken = await roll_call.take("Lina", now=NOW, taken_at=NOW - timedelta(minutes=5))

    assert taken == Taken(alerts=0, held_until=None, told_before=0, unasked=0)
    assert [one.mark for one in (await roll_call.roll()).pupils] == [None, None]
    assert await roll_call.cases() == ()


async def test_a_tablet_whose_clock_runs_ahead_takes_its_roll_now(roll_call: RollCall) -> None:
    await roll_call.take("Lina", now=NOW, taken_at=NOW + timedelta(hours=3))

    assert (await roll_call.roll()).taken_at == NOW


async def test_a_child_with_nobody_to_tell_stands_open_to_be_called(roll_call: RollCall) -> None:
    await roll_call.small.family(children=["Ivo"])

    taken = await roll_call.take("Ivo")

    assert taken == Taken(alerts=0, held_until=None, told_before=0, unasked=0)
    assert [(case.first_name, case.state, case.notice_id) for case in await roll_call.cases()] == [
        ("Ivo", AbsenceState.OPEN, None)
    ]


async def test_an_adult_without_any_address_is_on_the_call_list_at_once(roll_call: RollCall) -> None:
    await roll_call.small.family(Adult(name="Dom"), children=["Eva"])

    await roll_call.take("Eva")

    assert [left.name for left in await roll_call.left()] == ["Dom Exemple"]


async def test_only_who_has_the_class_today_reads_and_takes_its_roll(roll_call: RollCall) -> None:
    other = {"class_id": roll_call.small.classes["CE1 B"]}

    with pytest.raises(NotAllowedError, match="Cette classe n’est pas la vôtre"):
        await roll_call.roll(**other)
    with pytest.raises(NotAllowedError):
        await roll_call.take(class_label="CE1 B")
    with pytest.raises(NotFoundError):
        await roll_call.roll(class_id=99, by=roll_call.small.director)
    with pytest.raises(NotAllowedError):
        await roll_call.do_sealed(alert_class, by=roll_call.small.teacher, day=TODAY, half_day=HalfDay.MORNING, **other)
    assert (await roll_call.roll(by=roll_call.small.office, **other)).pupils == ()
    assert await roll_call.small.rows("SELECT count(*) FROM roll") == [(0,)]


async def test_a_roll_that_cannot_be_is_refused_and_changes_nothing(roll_call: RollCall) -> None:
    for more, sentence in (
        ({"marks": {999: Mark.ABSENT}}, "n’est pas de cette classe"),
        ({"half_day": HalfDay.DAY}, "le matin et l’après-midi"),
        ({"day": TODAY + timedelta(days=1)}, "le jour même"),
        ({"day": TODAY - timedelta(days=2)}, "le dimanche"),
    ):
        with pytest.raises(InvalidError, match=sentence):
            await roll_call.take(**more)
    assert await roll_call.small.rows("SELECT count(*) FROM roll") == [(0,)]


async def test_a_pupil_who_left_is_on_no_roll(roll_call: RollCall) -> None:
    await roll_call.small.write("UPDATE pupil SET left_on = :day WHERE first_name = 'Zoe'", day=_day(roll_call))

    assert [one.first_name for one in (await roll_call.roll()).pupils] == ["Lina"]


def _day(roll_call: RollCall) -> object:
    return TODAY.isoformat() if roll_call.small.database.dialect == "sqlite" else TODAY


def test_until_one_oclock_it_is_morning_and_at_five_the_afternoon_is_over() -> None:
    noon = NOW.replace(hour=11, minute=59)  # 12:59 in Paris
    evening = NOW.replace(hour=16, minute=0)  # 17:00 in Paris

    assert half_day_at(noon, "Europe/Paris") is HalfDay.MORNING
    assert half_day_at(noon + timedelta(minutes=1), "Europe/Paris") is HalfDay.AFTERNOON
    assert not is_over(TODAY, HalfDay.MORNING, noon, "Europe/Paris")
    assert is_over(TODAY, HalfDay.MORNING, noon + timedelta(minutes=1), "Europe/Paris")
    assert not is_over(TODAY, HalfDay.AFTERNOON, evening - timedelta(minutes=1), "Europe/Paris")
    assert is_over(TODAY, HalfDay.AFTERNOON, evening, "Europe/Paris")
    assert is_over(TODAY - timedelta(days=1), HalfDay.AFTERNOON, noon, "Europe/Paris")


async def test_five_hundred_pupils_take_no_more_questions_than_one(roll_call: RollCall) -> None:
    small = roll_call.small
    async with small.database.school(roll_call.school_id) as session:
        pupils = [
            Pupil(school_id=roll_call.school_id, first_name=f"N{n}", family_name="Exemple", name_key=f"exemple n{n:03}")
            for n in range(500)
        ]
        session.add_all(pupils)
        await session.flush()
        place = {"school_id": roll_call.school_id, "class_id": small.classes["CP A"], "from_on": TODAY}
        session.add_all([Enrolment(pupil_id=one.key, **place) for one in pupils])

    with Statements(small) as reading:
        view = await roll_call.roll()
    absent = [one.pupil_id for one in view.pupils if one.first_name.startswith("N")]
    with Statements(small) as taking:
        taken = await roll_call.take(marks=dict.fromkeys(absent, Mark.ABSENT))
    with Statements(small) as looking:
        found = await roll_call.cases()

    assert (len(view.pupils), len(absent), len(found), taken.alerts) == (502, 500, 500, 0)
    rights = 1
    assert len(reading.asked) - rights <= 2
    assert len(taking.asked) - rights <= 14
    assert len(looking.asked) - rights <= 1


async def test_the_alerts_of_a_roll_are_pressed_in_as_many_statements_as_one(roll_call: RollCall) -> None:
    lina, zoe = await roll_call.pupil("Lina"), await roll_call.pupil("Zoe")
    with Statements(roll_call.small) as one:
        await roll_call.take(marks={lina: Mark.ABSENT})
    with Statements(roll_call.small) as two:
        await roll_call.take(marks={lina: Mark.ABSENT, zoe: Mark.ABSENT}, half_day=HalfDay.AFTERNOON)

    assert len(two.asked) == len(one.asked)
    assert len(await roll_call.small.rows("SELECT id FROM notice")) == 3


async def test_the_rolls_of_the_demo_show_a_living_register_and_alert_nobody(roll_call: RollCall) -> None:
    small, more = roll_call.small, ("CE1 C", "CE2 A", "CM1 A", "CM2 A")
    async with small.database.school(roll_call.school_id) as session:
        year = await session.scalar(select(ClassGroup.year_id).where(ClassGroup.label == "CP A"))
        classes = [ClassGroup(school_id=roll_call.school_id, year_id=year, label=label) for label in more]
        session.add_all(classes)
        await session.flush()
        small.classes.update({one.label: one.key for one in classes})
    await small.family(by_sms(name="Ada"), children=["Tom"])
    for label in ("CE1 B", *more):
        await small.family(by_sms(name="Ada"), children=[f"Un {label}"], class_label=label)

    await take_rolls(small.database, small.keyring, small.school, staff_id=small.director, now=NOW)

    assert [(one.label, one.state, one.missing, one.late) for one in await roll_call.rolls(small.director)] == [
        ("CP A", "complete", 2, 1),
        ("CE1 B", "complete", 1, 0),
        ("CE1 C", "partial", 0, 1),
        ("CE2 A", "none", 0, 0),
        ("CM1 A", "none", 0, 0),
        ("CM2 A", "complete", 0, 0),
    ]
    assert [(one.first_name, one.state, one.through, one.told_by) for one in await roll_call.cases()] == [
        ("Un CE1 B", AbsenceState.OPEN, "", None),
        ("Lina", AbsenceState.EXPLAINED, "phone", None),
        ("Tom", AbsenceState.EXPLAINED, "sms", "Ada Exemple"),
    ]
    assert await small.rows("SELECT count(*) FROM notice") == [(0,)]


async def test_on_a_sunday_the_demo_takes_no_roll(roll_call: RollCall) -> None:
    small, sunday = roll_call.small, NOW - timedelta(days=2)

    await take_rolls(small.database, small.keyring, small.school, staff_id=small.director, now=sunday)

    assert await small.rows("SELECT count(*) FROM roll") == [(0,)]
