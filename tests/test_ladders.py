"""Nobody answers: the next way after the patience of the ladder, and at last a person; an answer ends it at once."""

import asyncio
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from days import BOTH_WAYS, MAIL, SMS, TIAGO, Day, a_day, asking
from factories import NOW, TODAY, Adult

from hub.database import Database
from hub.errors import DeadAddressError, InvalidError
from hub.models.answers import AnswerKind
from hub.models.ladders import Occasion
from hub.models.notices import Needs
from hub.notices.cancelling import cancel
from hub.notices.ladders import ladders_of
from hub.notices.reach import reach
from hub.notices.ways import send_otherwise
from hub.outbox.unanswered import climb_unanswered
from hub.patience import BOUNDS, USUAL, Ladder, ladder_for, occasion_of, said
from hub.ports import NoticeKind
from hub.sealing import Keyring


@pytest_asyncio.fixture
async def day(database: Database, keyring: Keyring) -> Day:
    return await a_day(database, keyring)


async def test_an_absence_that_nobody_answers_goes_on_after_ten_minutes_and_ends_with_a_call(day: Day) -> None:
    await day.small.family(BOTH_WAYS)

    await day.press()
    await day.arrives(day.sms)
    await day.after(minutes=9)
    assert (day.left, await day.states()) == ((1, 0), ["told"])

    await day.after(minutes=2)
    assert (day.left, await day.states()) == ((1, 1), ["told"])

    await day.after(minutes=9)
    assert await day.calls() == 0
    await day.after(minutes=2)
    assert (day.left, await day.states(), await day.calls()) == ((1, 1), ["to_call"], 1)


async def test_a_board_is_not_over_while_the_next_way_is_to_come(day: Day) -> None:
    (adult,) = await day.small.family(BOTH_WAYS)
    notice_id = await day.press()
    await day.arrives(day.sms)

    async def asks_at() -> datetime | None:
        async with day.database.reading(day.small.school.key) as session:
            which = {"school_id": day.small.school.key, "notice_id": notice_id, "day": TODAY, "now": day.now}
            seen = await reach(session, **which)
        assert seen.tally.settled
        return seen.asks_at

    assert await asks_at() == NOW + timedelta(minutes=10)
    await day.says(adult, AnswerKind.ILL)
    assert await asks_at() is None


async def test_an_answer_stops_the_ladder_at_once(day: Day) -> None:
    (adult,) = await day.small.family(BOTH_WAYS)

    await day.press()
    await day.arrives(day.sms)
    await day.after(minutes=5)
    await day.says(adult, AnswerKind.ILL)
    await day.after(hours=2)

    assert (day.left, await day.states(), await day.calls()) == ((1, 0), ["acknowledged"], 0)
    assert await day.small.rows("SELECT count(*) FROM delivery WHERE look_at IS NOT NULL") == [(0,)]


async def test_one_parents_answer_ends_the_chasing_of_the_other(day: Day) -> None:
    adults = await day.small.family(BOTH_WAYS, TIAGO)

    await day.press()
    await day.arrives(day.sms)
    await day.says(adults[0], AnswerKind.ILL)
    await day.after(minutes=30)

    assert day.mail.sent == []
    assert (await day.states(), await day.calls()) == (["acknowledged", "told"], 0)


async def test_who_answers_a_second_alert_about_a_child_ends_the_chasing_of_both(day: Day) -> None:
    adults = await day.small.family(BOTH_WAYS, TIAGO)

    await day.press()
    await day.press(key="by hand")
    await day.all_arrive()
    await day.says(adults[0], AnswerKind.ILL)
    await day.after(minutes=30)

    assert (day.left, await day.calls()) == ((4, 0), 0)
    assert await day.small.rows("SELECT state FROM absence") == [("explained",)]


async def test_a_meeting_waits_a_day_for_the_next_way_and_calls_nobody(day: Day) -> None:
    await day.small.family(BOTH_WAYS)

    await day.press(NoticeKind.MEETING)
    await day.arrives(day.sms)
    await day.after(hours=23)
    assert day.left == (1, 0)

    await day.after(hours=2)
    assert day.left == (1, 1)

    await day.after(days=3)
    assert (day.left, await day.states(), await day.calls()) == ((1, 1), ["told"], 0)
    assert await day.small.rows("SELECT look_at FROM delivery") == [(None,)]


async def test_what_asks_for_nothing_is_told_once(day: Day) -> None:
    await day.small.family(BOTH_WAYS)

    await day.press(NoticeKind.ANNOUNCEMENT)
    await day.press(NoticeKind.URGENT)
    await day.all_arrive()
    await day.after(hours=1)

    assert (day.left, await day.states()) == ((2, 0), ["told", "told"])


async def test_where_one_answer_is_enough_it_ends_the_asking_of_all_who_know(day: Day) -> None:
    adults = await day.small.family(BOTH_WAYS, TIAGO)

    await day.press(NoticeKind.ANNOUNCEMENT, slots=asking(by_family=True))
    await day.all_arrive()
    await day.says(adults[0], AnswerKind.YES)
    await day.after(hours=49)

    assert day.left == (2, 0)
    assert await day.states() == ["acknowledged", "told"]


async def test_where_both_must_answer_the_other_is_asked_on(day: Day) -> None:
    adults = await day.small.family(BOTH_WAYS, TIAGO)

    await day.press(NoticeKind.ANNOUNCEMENT, slots=asking())
    await day.all_arrive()
    await day.says(adults[0], AnswerKind.YES)
    await day.after(hours=49)

    assert [one.to for one in day.mail.sent] == ["tiago@familles.test"]


async def test_what_has_not_left_yet_is_not_followed_by_a_second_message(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    notice_id = await day.press(NoticeKind.MEETING, due_at=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=30)
    stored = later.strftime("%Y-%m-%d %H:%M:%S.%f") if day.database.dialect == "sqlite" else later
    await day.small.write("UPDATE attempt SET look_at = :later", later=stored)

    await day.after(hours=26)
    assert day.left == (0, 0)

    await day.after(hours=5)
    assert day.left == (1, 0)
    await day.arrives(day.sms)
    await day.after(hours=23)
    assert (day.left, notice_id) == ((1, 0), notice_id)
    await day.after(hours=30)
    assert day.left == (1, 1)


async def test_a_timer_looks_at_its_own_messages_and_not_at_those_of_another_family(day: Day) -> None:
    await day.small.family(BOTH_WAYS, Adult(name="Tiago", reached_by=((SMS, "+33639981001"),)))
    await day.press(NoticeKind.ANNOUNCEMENT)  # a telephone for two: from here on copies and their adults count apart
    await day.press()
    await day.arrives(day.sms)
    await day.press(NoticeKind.MEETING, due_at=NOW + timedelta(hours=30))

    await day.after(minutes=11)

    assert day.left[1] == 1


async def test_ways_put_in_another_order_meanwhile_stop_neither_this_ladder_nor_any_other(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    await day.small.family(TIAGO, children=["Adam"])
    await day.press()
    await day.all_arrive()
    await day.small.write("UPDATE contact_point SET position = position + 1 WHERE guardian_id = 1")

    for _ in range(4):
        await day.after(minutes=11)

    assert [one.to for one in day.mail.sent] == ["tiago@familles.test", "odile@familles.test"]
    assert (await day.states(), await day.calls()) == (["to_call", "to_call"], 2)


async def test_whoever_knows_does_not_fall_back_when_the_next_way_is_dead(day: Day) -> None:
    await day.small.family(Adult(reached_by=((MAIL, "odile@familles.test"), (SMS, "+33639981001"))))
    day.sms.answers["+33639981001"] = DeadAddressError("dead", code="21211")
    await day.press(NoticeKind.MEETING)
    await day.after(hours=3)
    assert await day.states() == ["told"]

    await day.after(hours=25)
    await day.after(minutes=1)

    assert (day.left, await day.states(), await day.calls()) == ((1, 1), ["told"], 0)


async def test_who_knows_and_must_be_called_is_not_sent_the_same_once_more_instead(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    await day.press()
    await day.arrives(day.sms)
    await day.after(minutes=11)
    await day.after(minutes=11)

    async with day.database.engine() as connection:
        with pytest.raises(InvalidError, match="Appelez"):
            await send_otherwise(connection, school_id=day.small.school.key, delivery_id=1, now=day.now)
    assert await day.calls() == 1


async def test_a_cancelled_notice_is_asked_about_no_more(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    notice_id = await day.press(NoticeKind.MEETING)
    await day.arrives(day.sms)

    async with day.database.school(day.small.school.key) as session:
        await cancel(session, school_id=day.small.school.key, notice_id=notice_id, now=day.now)
    await day.after(hours=30)

    assert (day.left, await day.states()) == ((1, 0), ["told"])


async def test_nothing_follows_once_the_meeting_has_begun(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    await day.set({Occasion.MEETING: Ladder(timedelta(days=7), rings=False, calls=True)})
    await day.press(NoticeKind.MEETING)
    await day.arrives(day.sms)

    await day.after(days=6)
    day.now = NOW + timedelta(days=11)
    await day.drain()

    assert (day.left, await day.states(), await day.calls()) == ((1, 0), ["told"], 0)


async def test_who_knows_and_does_not_answer_is_called_even_if_another_message_arrives_late(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    await day.press()
    await day.arrives(day.sms)
    await day.after(minutes=11)
    await day.after(minutes=11)
    assert (await day.states(), await day.calls()) == (["to_call"], 1)

    await day.arrives(day.mail)

    assert (await day.states(), await day.calls()) == (["to_call"], 1)


async def test_when_the_second_way_fails_the_third_is_not_waited_for(day: Day) -> None:
    third = (SMS, "+33639981003")
    await day.small.family(Adult(reached_by=(*BOTH_WAYS.reached_by, third)))
    day.mail.answers["odile@familles.test"] = DeadAddressError("dead", code="550")

    await day.press()
    await day.arrives(day.sms)
    await day.after(minutes=11)
    await day.after(seconds=1)

    assert [one.to for one in day.sms.sent] == ["+33639981001", "+33639981003"]


async def test_an_adult_who_lost_the_right_is_asked_no_more(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    await day.press(NoticeKind.MEETING)
    await day.arrives(day.sms)

    ended = NOW.date() if day.database.dialect == "postgresql" else "2026-11-24"
    await day.small.write("UPDATE link SET to_on = :ended", ended=ended)
    await day.after(hours=30)

    assert day.left == (1, 0)
    assert await day.small.rows("SELECT look_at FROM delivery") == [(None,)]


async def test_a_school_sets_its_own_ladders_and_what_was_pressed_keeps_its_own(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    await day.press()
    await day.arrives(day.sms)

    await day.set({Occasion.ABSENCE: Ladder(timedelta(minutes=30), rings=False, calls=False)})
    await day.after(minutes=11)
    assert day.left == (1, 1)
    async with day.database.school(day.small.school.key) as session:
        found = await ladders_of(session, day.small.school.key)
    assert found[Occasion.ABSENCE] == Ladder(timedelta(minutes=30), rings=False, calls=False)
    assert found[Occasion.MEETING] == USUAL[Occasion.MEETING]

    await day.press(key="again")
    await day.arrives(day.sms)
    await day.after(minutes=29)
    assert day.left == (2, 1)
    await day.after(minutes=2)
    assert day.left == (2, 2)


async def test_the_longest_ladder_reaches_its_last_rung_and_the_call_before_the_question_is_over(day: Day) -> None:
    mails = tuple((MAIL, f"odile{number}@familles.test") for number in range(4))
    await day.small.family(Adult("Odile", reached_by=((SMS, "+33639981000"), *mails)))
    await day.set({Occasion.QUESTION: Ladder(BOUNDS[Occasion.QUESTION][1], rings=False, calls=True)})

    await day.press(NoticeKind.ANNOUNCEMENT, slots=asking(by_family=True))
    await day.arrives(day.sms)
    ways = []
    for _ in range(5):
        ways.append(len(day.sms.sent) + len(day.mail.sent))
        await day.after(days=3, minutes=5)

    assert ways == [1, 2, 3, 4, 5]
    assert (await day.states(), await day.calls()) == (["to_call"], 1)


async def test_a_patience_that_was_allowed_once_counts_as_the_longest_of_today(day: Day) -> None:
    await day.set({Occasion.QUESTION: Ladder(timedelta(days=3), rings=False, calls=False)})
    await day.small.write("UPDATE ladder_rule SET patience = 14 * 86400")

    async with day.database.reading(day.small.school.key) as session:
        ladders = await ladders_of(session, day.small.school.key)

    assert ladders[Occasion.QUESTION] == Ladder(timedelta(days=3), rings=False, calls=False)
    with pytest.raises(InvalidError, match="entre 1 heure et 3 jours"):
        await day.set({Occasion.QUESTION: Ladder(timedelta(days=4), rings=False, calls=False)})


async def test_a_patience_of_seconds_is_refused_and_nothing_is_set(day: Day) -> None:
    with pytest.raises(InvalidError, match="entre 2 minutes et 2 heures"):
        await day.set({Occasion.ABSENCE: Ladder(timedelta(seconds=30), rings=True, calls=True)})

    assert await day.small.rows("SELECT count(*) FROM ladder_rule") == [(0,)]


async def test_however_many_look_each_adult_climbs_once(day: Day) -> None:
    for number in range(30):
        ways = ((SMS, f"+336399810{number:02}"), (MAIL, f"famille{number}@familles.test"))
        await day.small.family(Adult(name=f"Adulte{number}", reached_by=ways), children=[f"Enfant{number}"])
    await day.press(NoticeKind.MEETING)
    day.now += timedelta(hours=25)

    async def look() -> None:
        async with day.database.engine() as connection:
            await climb_unanswered(connection, now=day.now)

    await asyncio.gather(*(look() for _ in range(6)))
    await day.drain()

    assert sorted(one.to for one in day.mail.sent) == sorted(f"famille{number}@familles.test" for number in range(30))


@pytest.mark.parametrize(
    ("kind", "needs", "occasion"),
    [
        (NoticeKind.ABSENCE, Needs.NONE, Occasion.ABSENCE),
        (NoticeKind.URGENT, Needs.NONE, Occasion.URGENT),
        (NoticeKind.MEETING, Needs.NONE, Occasion.MEETING),
        (NoticeKind.ANNOUNCEMENT, Needs.BOTH, Occasion.QUESTION),
        (NoticeKind.ANNOUNCEMENT, Needs.NONE, None),
        (NoticeKind.CRISIS, Needs.ONE, None),
        (NoticeKind.CODE, Needs.NONE, None),
        (NoticeKind.DIGEST, Needs.NONE, None),
    ],
)
def test_each_notice_has_its_ladder(kind: NoticeKind, needs: Needs, occasion: Occasion | None) -> None:
    assert occasion_of(kind, needs) is occasion


def test_an_urgent_notice_that_asks_nothing_only_has_to_arrive() -> None:
    assert ladder_for(NoticeKind.URGENT, Needs.NONE, USUAL) == Ladder(None, rings=True, calls=True)
    assert ladder_for(NoticeKind.URGENT, Needs.ONE, USUAL).patience == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(minutes=60), "1 heure"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=24), "24 heures"),
        (timedelta(hours=48), "2 jours"),
        (timedelta(days=14), "14 jours"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_whole_unit(wait: timedelta, words: str) -> None:
    assert said(wait) == words
