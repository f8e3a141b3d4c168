"""The telephone: no call is taken twice, none is forgotten, and nobody is called who may not be told."""

from datetime import date, timedelta

import pytest
from factories import NOW, Adult, by_sms
from watching import PHONE_AND_MAIL, Watch

from hub.errors import NotAllowedError, NotFoundError
from hub.models.answers import CallOutcome
from hub.notices.calls import LEFT_LYING, TakenError, finish, give_back, number_was_wrong, take
from hub.notices.reach import Tally
from hub.sealing import Keyring

YESTERDAY = date(2026, 11, 23)


async def test_two_colleagues_cannot_take_the_same_call(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"))
    await watch.press()
    task = (await watch.left())[0].task_id

    await watch.act(take, task, watch.small.director)
    await watch.act(take, task, watch.small.director)
    with pytest.raises(TakenError, match=r"Mme Exemple appelle déjà\."):
        await watch.act(take, task, watch.small.teacher)
    await watch.act(give_back, task, watch.small.director)
    await watch.act(take, task, watch.small.teacher)

    assert (await watch.left())[0].owner == "M. Modèle"
    assert await watch.small.rows("SELECT act, staff_id FROM audit ORDER BY id") == [
        ("read_number", watch.small.director),
        ("call_given_back", watch.small.director),
        ("read_number", watch.small.teacher),
    ]


async def test_a_call_that_lies_for_half_an_hour_may_be_taken_by_a_colleague(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"))
    await watch.press()
    task = (await watch.left())[0].task_id
    await watch.act(take, task, watch.small.teacher)

    await watch.act(take, task, watch.small.director, later=LEFT_LYING)

    assert (await watch.left())[0].owner == "Mme Exemple"


async def test_a_call_about_another_class_is_not_a_teachers(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"), class_label="CE1 B")
    await watch.press()

    with pytest.raises(NotAllowedError):
        await watch.act(take, (await watch.left())[0].task_id, watch.small.teacher)


async def test_reached_by_telephone_confirms_the_notice_as_typed_by_the_caller(watch: Watch) -> None:
    (ada,) = await watch.small.family(Adult(name="Ada"))
    notice = await watch.press()
    task = (await watch.left())[0].task_id
    with pytest.raises(TakenError):
        await watch.act(finish, task, watch.small.director, outcome=CallOutcome.REACHED)
    await watch.act(take, task, watch.small.director)

    await watch.act(finish, task, watch.small.director, outcome=CallOutcome.REACHED)

    assert (await watch.reach(notice)).tally == Tally(acknowledged=1)
    assert await watch.left() == ()
    assert await watch.small.rows("SELECT guardian_id, kind, through, typed_by FROM answer") == [
        (ada, "acknowledged", "call", watch.small.director)
    ]


async def test_no_answer_puts_the_call_back_on_the_list(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"))
    await watch.press()
    task = (await watch.left())[0].task_id
    await watch.act(take, task, watch.small.director)

    await watch.act(finish, task, watch.small.director, outcome=CallOutcome.NO_ANSWER)

    (left,) = await watch.left()
    assert (left.owner, left.outcome) == (None, CallOutcome.NO_ANSWER)


async def test_told_by_another_way_counts_as_told(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"))
    notice = await watch.press()
    task = (await watch.left())[0].task_id
    await watch.act(take, task, watch.small.director)

    await watch.act(finish, task, watch.small.director, outcome=CallOutcome.OTHERWISE)

    assert (await watch.reach(notice)).tally == Tally(told=1)


async def test_only_a_number_of_this_adult_can_be_called_wrong(watch: Watch, keyring: Keyring) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL))
    await watch.small.family(by_sms("+33639981777", name="Bob"), children=["Sami"])
    await watch.press()
    await watch.set_states(Ada="to_call")
    await watch.small.write(
        "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
        "SELECT school_id, id, state_at, state_at FROM delivery WHERE state = 'to_call'"
    )
    (left,) = await watch.left(keyring=keyring)
    await watch.act(take, left.task_id, watch.small.director)

    await watch.act(number_was_wrong, left.task_id, watch.small.director, address_id=left.numbers[0].address_id)
    with pytest.raises(NotFoundError):
        await watch.act(number_was_wrong, left.task_id, watch.small.director, address_id=3)

    assert [number.e164 for number in left.numbers] == ["+33639981009"]
    assert (await watch.left())[0].outcome is CallOutcome.WRONG_NUMBER


async def test_an_alarm_is_called_although_the_family_has_the_notice(watch: Watch) -> None:
    await watch.small.family(by_sms(name="Ada"), Adult(name="Bob"))
    await watch.press()
    await watch.set_states(Ada="acknowledged")
    await watch.small.write(
        "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
        "SELECT school_id, id, state_at, state_at FROM delivery WHERE state = 'acknowledged'"
    )

    left = await watch.left()

    assert [(one.name, one.alarm) for one in left] == [("Ada Exemple", True), ("Bob Exemple", False)]


async def test_who_was_barred_since_the_press_is_not_called_either(watch: Watch, keyring: Keyring) -> None:
    await watch.small.family(Adult(name="Ada"))
    notice_id = await watch.press()
    (before,) = await watch.left(notice_id=notice_id)
    assert before.task_id is not None
    beat = await watch.pulse(notice_id)

    await watch.small.write("UPDATE link SET kind = 'barred'")

    assert await watch.left(notice_id=notice_id) == ()
    assert await watch.pulse(notice_id) != beat
    reader = await watch.reader(watch.small.director)
    async with watch.small.database.school(watch.school_id) as session:
        with pytest.raises(NotFoundError):
            await take(session, school_id=watch.school_id, task_id=before.task_id, reader=reader, now=NOW)
    found = await watch.reach(notice_id)
    assert found.tally == Tally(gone=1)
    assert (found.tally.adults, found.calls, found.unknown_children) == (0, 0, 0)
    assert await watch.how_many() == 0
    assert await watch.recent(keyring) == [(0, 0, 0, 0)]


@pytest.mark.parametrize(
    "ended",
    [
        "UPDATE enrolment SET to_on = :day",
        "UPDATE pupil SET left_on = :day",
        "UPDATE link SET to_on = :day",
        "UPDATE link SET may_be_told = false",
        "UPDATE link SET waiting = true",
    ],
)
async def test_whose_right_has_ended_is_not_called_whatever_ended_it(watch: Watch, ended: str) -> None:
    await watch.small.family(Adult(name="Ada"))
    notice_id = await watch.press()
    day = "2026-11-23" if watch.small.database.dialect == "sqlite" else YESTERDAY

    await watch.small.write(ended, **({"day": day} if ":day" in ended else {}))

    assert await watch.left(notice_id=notice_id) == ()
    assert (await watch.reach(notice_id)).tally == Tally(gone=1)


async def test_a_caller_is_told_only_of_children_whom_this_adult_may_be_told_about(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"), children=["Elif", "Sami"])
    notice_id = await watch.press()

    await watch.small.write("UPDATE link SET kind = 'barred' WHERE pupil_id = 1")

    (left,) = await watch.left(notice_id=notice_id)
    assert [child.first_name for child in left.children] == ["Sami"]
    assert (await watch.reach(notice_id)).unknown_children == 1


async def test_nobody_is_called_while_the_notice_can_still_be_stopped(watch: Watch, keyring: Keyring) -> None:
    await watch.small.family(Adult(name="Ada"))
    notice_id = await watch.press(due_at=NOW + timedelta(seconds=60))
    soon, then = NOW + timedelta(seconds=59), NOW + timedelta(seconds=60)
    (task,) = (await watch.small.rows("SELECT id FROM call_task"))[0]

    assert await watch.left(now=soon) == ()
    assert (await watch.reach(notice_id, now=soon)).tally == Tally(moving=1)
    assert (await watch.how_many(), await watch.recent(keyring)) == (0, [(1, 0, 1, 0)])
    with pytest.raises(NotFoundError):
        await watch.act(take, task, watch.small.director, later=timedelta(seconds=59))

    assert [one.name for one in await watch.left(now=then)] == ["Ada Exemple"]
    assert (await watch.reach(notice_id, now=then)).tally == Tally(to_call=1)
    assert await watch.pulse(notice_id, now=soon) != await watch.pulse(notice_id, now=then)
    await watch.act(take, task, watch.small.director, later=timedelta(seconds=60))


async def test_a_call_is_due_from_when_the_notice_left(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"))
    await watch.press(due_at=NOW + timedelta(hours=3))

    (left,) = await watch.left(now=NOW + timedelta(hours=4))

    assert left.due_at == NOW + timedelta(hours=3, minutes=15)
