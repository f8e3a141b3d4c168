"""The telephone: no call is taken twice, none is forgotten, and nobody is called who may not be told."""

from datetime import date, timedelta

import pytest
from factories import NOW, Adult, by_mail, by_sms
from watching import PHONE_AND_MAIL, Watch

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.answers import CallOutcome
from hub.models.notices import ErrorKind
from hub.notices.calls import LEFT_LYING, TakenError, another_way, finish, give_back, number_was_wrong, take
from hub.notices.reach import Tally
from hub.notices.reasons import Reason
from hub.outbox.follow import fail
from hub.ports import ChannelName
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


async def _wait_for_a_call(watch: Watch, *names: str) -> None:
    """Let every way have failed for these adults."""
    await watch.set_states(**dict.fromkeys(names, "to_call"))
    await watch.small.write("UPDATE delivery SET rung = 0 WHERE state = 'to_call'")
    await watch.small.write(
        "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
        "SELECT school_id, id, state_at, state_at FROM delivery WHERE state = 'to_call'"
    )


async def _failed(watch: Watch, kind: str, *attempts: int) -> None:
    for number in attempts:
        await watch.small.write(
            "UPDATE attempt SET state = 'failed', look_at = NULL, error_kind = :kind WHERE id = :id",
            kind=kind,
            id=number,
        )


TRIES = "SELECT copy.channel, attempt.n, attempt.state, attempt.repeats FROM attempt JOIN copy ON copy.id = copy_id "


async def test_another_way_sends_once_more_by_what_was_not_tried_yet(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL))
    notice = await watch.press()
    await _failed(watch, "dead_address", 1)
    await watch.small.write("UPDATE address SET state = 'dead' WHERE id = 1")
    await _wait_for_a_call(watch, "Ada")
    (left,) = await watch.left()
    assert left.other_way

    await watch.act(another_way, left.task_id, watch.small.director)
    with pytest.raises(NotFoundError, match=r"Cet appel est déjà terminé\."):
        await watch.act(another_way, left.task_id, watch.small.director)

    assert await watch.left() == ()
    assert (await watch.reach(notice)).tally == Tally(moving=1)
    assert await watch.small.rows(TRIES + "ORDER BY attempt.id") == [
        ("sms", 1, "failed", False),
        ("email", 1, "ready", False),
    ]
    assert await watch.small.rows("SELECT outcome, done_by FROM call_task") == [(None, watch.small.director)]
    assert await watch.small.rows("SELECT act FROM audit") == [("another_way",)]


async def test_when_the_other_way_fails_too_the_call_comes_back_by_itself(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL))
    await watch.press()
    await _failed(watch, "temporary", 1)
    await _wait_for_a_call(watch, "Ada")
    await watch.act(another_way, (await watch.left())[0].task_id, watch.small.director)
    await watch.small.write("UPDATE attempt SET state = 'sending' WHERE id = 2")

    async with watch.small.database.engine() as connection:
        await fail(connection, {2: (ErrorKind.REJECTED, "550")}, NOW)

    (left,) = await watch.left()
    assert (left.owner, left.outcome, left.why.reason) == (None, None, Reason.REFUSED)
    assert await watch.small.rows("SELECT count(*) FROM call_task") == [(2,)]
    assert left.other_way  # the phone that was off, once more


async def test_where_all_was_tried_a_phone_that_was_off_is_tried_again_as_a_repeat(watch: Watch) -> None:
    await watch.small.family(by_sms(name="Ada"))
    await watch.press()
    await _failed(watch, "temporary", 1)
    await _wait_for_a_call(watch, "Ada")

    await watch.act(another_way, (await watch.left())[0].task_id, watch.small.director)

    assert await watch.small.rows(TRIES + "ORDER BY attempt.id") == [
        ("sms", 1, "failed", False),
        ("sms", 2, "ready", True),
    ]
    assert await watch.small.rows("SELECT state, rung FROM delivery") == [("on_the_way", 1)]


@pytest.mark.parametrize(
    "world",
    [
        "UPDATE attempt SET state = 'failed', error_kind = 'rejected', look_at = NULL",
        "UPDATE attempt SET state = 'accepted', look_at = NULL",
        "UPDATE sender SET stopped_at = created_at FROM notice WHERE notice.id = 1",
        "UPDATE address SET state = 'wrong'",
        "INSERT INTO stop (school_id, sender_id, address_id, at) SELECT school_id, sender_id, 1, due_at FROM attempt",
    ],
)
async def test_without_another_way_one_sentence_says_so_and_nothing_changes(watch: Watch, world: str) -> None:
    await watch.small.family(by_sms(name="Ada"))
    await watch.press()
    await _failed(watch, "temporary", 1)
    await watch.small.write(world)
    await _wait_for_a_call(watch, "Ada")
    (left,) = await watch.left()

    with pytest.raises(InvalidError, match="Il n’y a pas d’autre voie pour cet adulte"):
        await watch.act(another_way, left.task_id, watch.small.director)

    assert not left.other_way
    assert [one.task_id for one in await watch.left()] == [left.task_id]
    assert await watch.small.rows("SELECT count(*) FROM attempt") == [(1,)]


async def test_what_is_stale_or_known_already_goes_by_no_other_way(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL))
    await watch.press()
    await _failed(watch, "dead_address", 1)
    await _wait_for_a_call(watch, "Ada")
    (left,) = await watch.left()
    tomorrow = timedelta(days=1)
    (later,) = await watch.left(now=NOW + tomorrow)

    with pytest.raises(InvalidError, match="Cet avis ne part plus"):
        await watch.act(another_way, left.task_id, watch.small.director, later=tomorrow)
    await watch.set_states(Ada="acknowledged")
    (alarm,) = await watch.left()
    with pytest.raises(InvalidError, match="Cet avis ne part plus"):
        await watch.act(another_way, left.task_id, watch.small.director)

    assert (left.other_way, later.other_way, alarm.other_way) == (True, False, False)


async def test_an_address_that_has_it_already_is_not_told_twice(watch: Watch) -> None:
    await watch.small.family(
        by_mail(name="Bob"),
        Adult(name="Ada", reached_by=((ChannelName.SMS, "+33639981009"), (ChannelName.EMAIL, "odile@familles.test"))),
    )
    await watch.press()
    await _failed(watch, "dead_address", 2)
    await watch.small.write("UPDATE attempt SET state = 'delivered', look_at = NULL WHERE id = 1")
    await _wait_for_a_call(watch, "Ada")

    await watch.act(another_way, (await watch.left())[0].task_id, watch.small.director)

    assert await watch.small.rows("SELECT state FROM delivery ORDER BY id") == [("on_the_way",), ("told",)]
    assert await watch.small.rows("SELECT count(*) FROM attempt") == [(2,)]


@pytest.mark.parametrize(("ended", "again"), [("temporary", True), ("rejected", False)])
async def test_a_shared_mailbox_that_failed_for_the_other_adult_is_repeated_only_if_it_was_only_full(
    watch: Watch, ended: str, *, again: bool
) -> None:
    await watch.small.family(
        by_mail(name="Bob"),
        Adult(name="Ada", reached_by=((ChannelName.SMS, "+33639981009"), (ChannelName.EMAIL, "odile@familles.test"))),
    )
    await watch.press()
    await _failed(watch, "dead_address", 2)
    await _failed(watch, ended, 1)
    await _wait_for_a_call(watch, "Ada", "Bob")
    task = next(one.task_id for one in await watch.left() if one.name == "Ada Exemple")

    if again:
        await watch.act(another_way, task, watch.small.director)
    else:
        with pytest.raises(InvalidError):
            await watch.act(another_way, task, watch.small.director)

    assert await watch.small.rows("SELECT count(*) FROM attempt WHERE repeats") == [(int(again),)]


async def test_another_way_is_for_the_caller_or_for_anybody_when_nobody_calls(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL), class_label="CE1 B")
    await watch.press()
    await _failed(watch, "dead_address", 1)
    await _wait_for_a_call(watch, "Ada")
    task = (await watch.left())[0].task_id
    with pytest.raises(NotAllowedError):
        await watch.act(another_way, task, watch.small.teacher)
    await watch.small.write(
        "UPDATE call_task SET owner_id = :teacher, taken_at = opened_at", teacher=watch.small.teacher
    )

    with pytest.raises(TakenError, match=r"M\. Modèle appelle déjà\."):
        await watch.act(another_way, task, watch.small.director)
    await watch.small.write("UPDATE call_task SET owner_id = :director", director=watch.small.director)
    await watch.act(another_way, task, watch.small.director)

    assert await watch.small.rows("SELECT state FROM delivery") == [("on_the_way",)]
