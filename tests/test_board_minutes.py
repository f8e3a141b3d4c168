"""Minute by minute: how many adults knew when, counted from the registers and drawn in steps."""

from datetime import timedelta

import pytest
from factories import NOW, Adult, by_mail, by_sms
from sqlalchemy import select, update
from test_reach import questions
from watching import Watch

from hub.models.notices import NoticeState
from hub.notices.cancelling import cancel
from hub.notices.headlines import Headline
from hub.notices.minutes import Column, Course, Knowing, course
from hub.notices.reach import Tally
from hub.ports import Follows, Lane, NoticeKind, Slots
from hub.tables import attempt, delivery, guardian
from web.minutes import Row, minutes

PARIS = "Europe/Paris"


def after(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def a_notice(*, state: NoticeState = NoticeState.PUBLISHED, held: float = 0) -> Headline:
    return Headline(
        notice_id=1,
        kind=NoticeKind.URGENT,
        lane=Lane.URGENT,
        state=state,
        author_id=1,
        author="Mme Exemple",
        audience="school",
        created_at=NOW,
        due_at=NOW + after(held),
        slots=Slots(text="École fermée."),
    )


MORNING = Course({NOW: Knowing(100, 10), NOW + after(2): Knowing(150, 40), NOW + after(9): Knowing(40, 100)})


async def _course(watch: Watch, notice_id: int) -> Course:
    async with watch.small.database.reading(watch.school_id) as session:
        return await course(session, school_id=watch.school_id, notice_id=notice_id)


async def _happens(watch: Watch, name: str, state: str, minutes_later: float) -> None:
    async with watch.small.database.school(watch.school_id) as session:
        of_one = delivery.c.guardian_id.in_(select(guardian.c.id).where(guardian.c.first_name == name))
        await session.execute(update(delivery).where(of_one).values(state=state, state_at=NOW + after(minutes_later)))


async def test_each_adult_counts_in_the_minute_in_which_a_telephone_had_it_or_the_state_changed(watch: Watch) -> None:
    await watch.small.family(
        by_sms("+33639981001", name="Ada"),
        by_sms("+33639981002", name="Bob"),
        by_mail(name="Cyd"),
        Adult(name="Dan"),
    )
    notice_id = await watch.press()
    async with watch.small.database.engine() as connection:
        await connection.execute(
            update(attempt).where(attempt.c.id == 1).values(state="delivered", look_at=None, ended_at=NOW + after(1.2))
        )
    await _happens(watch, "Ada", "acknowledged", 4.9)
    await _happens(watch, "Bob", "told", 1.9)
    await _happens(watch, "Cyd", "acknowledged", 4)

    found = await _course(watch, notice_id)

    assert dict(found.minutes) == {NOW + after(1): Knowing(2, 0), NOW + after(4): Knowing(1, 2)}
    assert (found.last_at, found.reached(2), found.reached(4)) == (NOW + after(4), NOW + after(1), None)


async def test_when_it_was_stopped_and_what_followed_is_known(watch: Watch) -> None:
    await watch.small.family(by_sms(name="Ada"))
    first = await watch.press(key="one")
    second = await watch.press(key="two")
    await watch.small.write(
        "INSERT INTO notice_follow (school_id, notice_id, before_id, how) VALUES (:school, :after, :before, :how)",
        school=watch.school_id,
        after=second,
        before=first,
        how="correction",
    )
    async with watch.small.database.school(watch.school_id) as session:
        await cancel(session, school_id=watch.school_id, notice_id=first, now=NOW + after(3.5))

    found = await _course(watch, first)

    assert found == Course({}, stopped_at=NOW + after(3), followed=((NOW, Follows.CORRECTION),))


async def test_minutes_take_the_same_questions_for_two_adults_and_for_sixty(watch: Watch) -> None:
    await watch.small.family(by_sms(name="Ada"))
    few = await watch.press()
    with questions(watch.small.database) as for_few:
        await _course(watch, few)
    for number in range(20):
        await watch.small.family(by_sms(f"+336399820{number:02}"), Adult(), Adult(), children=["Élu"])
    many = await watch.press()

    with questions(watch.small.database) as for_many:
        await _course(watch, many)

    assert len(for_few) == len(for_many)
    assert len([asked for asked in for_many if asked.startswith("SELECT") and "set_config" not in asked]) == 2


def test_a_column_says_how_many_knew_when_its_minute_ended() -> None:
    step, columns = MORNING.columns(NOW + timedelta(seconds=20), NOW + after(3.5))

    assert step == after(1)
    assert columns[:4] == (
        Column(NOW + after(1), 100, 10),
        Column(NOW + after(2), 100, 10),
        Column(NOW + after(3), 250, 50),
        Column(NOW + after(4), 250, 50),
    )
    assert columns[-1] == Column(NOW + after(9), 290, 150)


@pytest.mark.parametrize(
    ("age", "step", "columns"),
    [
        (after(0), after(1), 1),
        (after(59), after(1), 60),
        (after(60), after(10), 7),
        (after(599), after(10), 60),
        (after(600), after(60), 11),
        (timedelta(hours=60), timedelta(days=1), 3),
        (timedelta(days=60), timedelta(days=7), 9),
        (timedelta(days=2000), timedelta(days=7), 60),
    ],
)
def test_an_old_notice_has_coarser_steps_and_never_more_than_sixty(
    age: timedelta, step: timedelta, columns: int
) -> None:
    found_step, found = Course({NOW: Knowing(3, 1)}).columns(NOW, NOW + age)

    assert (found_step, len(found)) == (step, columns)
    assert {(one.know, one.confirmed) for one in found} == {(3, 1)}
    assert found[-1].until <= NOW + max(age, after(0))


def test_the_chart_stacks_who_was_told_on_who_confirmed() -> None:
    drawn = minutes(
        Course({NOW: Knowing(2, 0), NOW + after(1): Knowing(1, 1)}),
        a_notice(),
        Tally(acknowledged=1, told=2, moving=1),
        timezone=PARIS,
        now=NOW + after(1.5),
    )

    assert drawn is not None
    assert drawn.told == "M2 60h16v60h-16zM22 30h16v60h-16z"
    assert drawn.confirmed == "M22 90h16v30h-16z"
    assert drawn.lines == (90.0, 60.0, 30.0, 0.0)
    assert drawn.said == (
        "Qui sait, depuis 7\u00a0h\u00a012\u00a0: la moitié à 7\u00a0h\u00a012, "
        "3 adultes sur 4 à 7\u00a0h\u00a013, dont 1 a confirmé."
    )
    assert drawn.axis == ("7\u00a0h\u00a012", "7\u00a0h\u00a017", "7\u00a0h\u00a022", "7\u00a0h\u00a027")


def test_the_table_has_a_line_where_something_changed() -> None:
    drawn = minutes(
        MORNING, a_notice(), Tally(acknowledged=150, told=140, to_call=10), timezone=PARIS, now=NOW + after(29)
    )

    assert drawn is not None
    assert drawn.rows == (
        Row("7\u00a0h\u00a013", 100, 10),
        Row("7\u00a0h\u00a015", 250, 50),
        Row("7\u00a0h\u00a022", 290, 150),
        Row("7\u00a0h\u00a041", 290, 150),
    )


def test_what_happened_when_is_a_list() -> None:
    stopped = Course(
        MORNING.minutes, stopped_at=NOW + after(20), followed=((NOW + timedelta(hours=20), Follows.CORRECTION),)
    )
    drawn = minutes(
        stopped,
        a_notice(state=NoticeState.CANCELLED, held=1),
        Tally(acknowledged=150, told=140, to_call=10),
        timezone=PARIS,
        now=NOW + timedelta(hours=21),
    )

    assert drawn is not None
    assert drawn.steps == (
        ("7\u00a0h\u00a012", "Pressé"),
        ("7\u00a0h\u00a012", "100 adultes savent"),
        ("7\u00a0h\u00a013", "Parti"),
        ("7\u00a0h\u00a014", "La moitié sait"),
        ("7\u00a0h\u00a021", "Tous savent, sauf 10"),
        ("7\u00a0h\u00a032", "Arrêté\u00a0: ce qui n’était pas parti ne part plus"),
        ("mer. 25, 3\u00a0h\u00a012", "Corrigé par un nouvel avis"),
        ("mer. 25, 4\u00a0h\u00a012", "290 savent, dont 150 ont confirmé (foncé)"),
    )


def test_nothing_is_drawn_before_it_leaves_or_when_it_concerns_nobody() -> None:
    nobody = minutes(Course({}), a_notice(), Tally(gone=3), timezone=PARIS, now=NOW)
    early = minutes(Course({}), a_notice(held=1), Tally(moving=3), timezone=PARIS, now=NOW)

    assert (nobody, early) == (None, None)


def test_what_is_over_ends_with_its_last_news() -> None:
    drawn = minutes(
        Course({NOW: Knowing(3, 3)}), a_notice(), Tally(acknowledged=3), timezone=PARIS, now=NOW + timedelta(days=30)
    )

    assert drawn is not None
    assert drawn.rows == (Row("7\u00a0h\u00a012", 3, 3),)
    assert [words for _, words in drawn.steps] == ["Pressé", "Tous savent", "3 savent, dont 3 ont confirmé (foncé)"]
