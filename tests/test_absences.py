"""Absence cases: one answer ends the chasing for all, a child who should be at school alarms, each case has an end."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from factories import NOW, TODAY, Adult, a_school, by_mail, by_sms
from roll_call import RollCall

from hub.absences.cases import alert_now, found, give_back, hand_on, take, told_before, type_in
from hub.absences.keeping import let_replies_go
from hub.absences.register import PupilMonth, alarms_open, month_of, verdict
from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.answers import AnswerKind, CallOutcome
from hub.models.people import LinkKind
from hub.models.rolls import AbsenceState
from hub.models.threads import Reply
from hub.notices.calls import finish
from hub.notices.calls import take as take_call
from hub.ports import ChannelName, HalfDay, NoticeKind, Slots
from hub.replies.answers import Taken as Answered
from hub.sealing import Keyring
from hub.settings import Settings
from scheduler.nightly import Nightly
from scheduler.tidings import Tidings

ADA, BO = "+33639981000", "+33639981002"
ILL, OTHER, HERE = AnswerKind.ILL, AnswerKind.OTHER_REASON, AnswerKind.SHOULD_BE_HERE


@pytest_asyncio.fixture
async def call(database: Database, keyring: Keyring) -> RollCall:
    return RollCall(await a_school(database, keyring))


@pytest_asyncio.fixture
async def parents(call: RollCall) -> list[int]:
    """Ada and Bo, who live apart, and Lina, of whom both were alerted."""
    ids = await call.small.family(by_sms(ADA, name="Ada"), by_sms(BO, name="Bo"), children=["Lina"])
    await call.take("Lina")
    assert len(await call.drain()) == 2
    return ids


async def test_one_answer_explains_the_case_and_the_other_parent_is_told_once_and_not_chased(
    call: RollCall, parents: list[int]
) -> None:
    assert await call.say(parents[0], ILL) is Answered.NOTED

    (case,) = await call.cases()
    assert (case.state, case.reason, case.told_by, case.through) == (AbsenceState.EXPLAINED, ILL, "Ada Exemple", "sms")
    assert (case.verdict, case.closed_at, case.typed_by) == ("justified", NOW, None)
    assert await call.states() == {"Ada": "acknowledged", "Bo": "told"}
    assert await call.tell_others() == 1
    assert [one.split("\n")[0] for one in await call.drain()] == [
        f"{BO}: Trois-Ponts : Lina : l'absence mardi 24 novembre matin est expliquée. Vous n'avez plus rien à faire."
    ]
    assert await call.tell_others() == 0
    assert await call.drain() == []


async def test_what_has_not_left_for_the_other_parent_does_not_leave_any_more(call: RollCall) -> None:
    ids = await call.small.family(by_sms(ADA, name="Ada"), by_sms(BO, name="Bo"), children=["Lina"])
    await call.take("Lina", now=NOW)
    await call.typed(half_day=HalfDay.DAY, guardian_id=ids[0])

    assert await call.states() == {"Ada": "cancelled", "Bo": "cancelled"}
    await call.small.write("UPDATE attempt SET look_at = due_at")
    assert await call.tell_others() == 0
    await _rewind(call)
    assert await call.drain() == []


async def test_a_call_to_make_ends_with_the_answer_of_the_other_parent(call: RollCall) -> None:
    ids = await call.small.family(by_sms(ADA, name="Ada"), Adult(name="Bo"), children=["Lina"])
    await call.take("Lina")
    await call.drain()
    assert [left.name for left in await call.left()] == ["Bo Exemple"]

    await call.say(ids[0], ILL)

    assert await call.left() == ()
    assert await call.states() == {"Ada": "acknowledged", "Bo": "cancelled"}
    assert await call.tell_others() == 0


async def test_a_silent_phone_is_not_climbed_from_once_the_absence_is_explained(call: RollCall) -> None:
    ids = await call.small.family(by_sms(ADA, name="Ada"), by_mail("bo@familles.test", name="Bo"), children=["Lina"])
    await call.take("Lina")
    await call.drain()

    await call.say(ids[0], ILL)
    await _rewind(call)
    await call.walk()

    assert await call.states() == {"Ada": "acknowledged", "Bo": "told"}
    assert await call.left() == ()


async def test_a_barred_adult_hears_neither_of_the_absence_nor_of_its_end(call: RollCall) -> None:
    ids = await call.small.family(
        by_sms(ADA, name="Ada"), by_sms(BO, name="Bo", kind=LinkKind.BARRED), children=["Lina"]
    )
    await call.take("Lina")
    await call.drain()

    await call.say(ids[0], ILL)

    assert await call.tell_others() == 0
    assert await call.states() == {"Ada": "acknowledged"}


async def test_who_was_barred_since_the_alert_is_not_told_of_its_end(call: RollCall, parents: list[int]) -> None:
    await call.say(parents[0], ILL)
    await call.small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = :bo", bo=parents[1])

    assert await call.tell_others() == 0


async def test_two_on_one_telephone_do_not_read_there_what_they_said_there(call: RollCall) -> None:
    ids = await call.small.family(by_sms(ADA, name="Ada"), by_sms(ADA, name="Bo"), children=["Lina"])
    await call.take("Lina")
    assert len(await call.drain()) == 1

    await call.say(ids[0], ILL)

    assert await call.tell_others() == 0


async def test_the_news_waits_for_the_morning_where_the_answer_came_at_night(
    call: RollCall, parents: list[int]
) -> None:
    await call.small.falls_silent()
    night = NOW.replace(hour=20)  # 21:00 in Paris
    await call.say(parents[0], ILL, now=night - timedelta(minutes=1))

    assert await call.tell_others(now=night) == 1

    due = (await call.small.rows("SELECT due_at FROM notice WHERE kind = 'reminder'"))[0][0]
    assert str(due).startswith("2026-11-25 06:00:00")


async def test_both_parents_may_explain_and_neither_is_told_what_both_know(call: RollCall, parents: list[int]) -> None:
    await call.say(parents[0], ILL)
    await call.say(parents[1], OTHER)

    (case,) = await call.cases()
    assert (case.reason, case.told_by) == (ILL, "Ada Exemple")
    assert await call.tell_others() == 0


async def test_who_gave_the_reason_may_change_it(call: RollCall, parents: list[int]) -> None:
    await call.say(parents[0], OTHER)
    await call.say(parents[0], ILL)

    (case,) = await call.cases()
    assert (case.state, case.reason, case.verdict) == (AbsenceState.EXPLAINED, ILL, "justified")


async def test_a_child_who_should_be_at_school_alarms_the_watch_at_once(call: RollCall, parents: list[int]) -> None:
    await call.duty(call.small.office)

    await call.say(parents[0], HERE)
    await call.say(parents[0], HERE, now=NOW + timedelta(minutes=5))

    (case,) = await call.cases()
    assert (case.state, case.alarmed_at, case.owner, case.reason) == (AbsenceState.OPEN, NOW, "Mme Bureau", None)
    assert [left.name for left in await call.left()] == ["Ada Exemple"]
    assert await _alarms(call, call.small.director) == await _alarms(call, call.small.teacher) == 1


async def test_the_substitute_has_the_watch_of_who_does_not_work_here_any_more(
    call: RollCall, parents: list[int]
) -> None:
    await call.duty(call.small.teacher, call.small.office)
    await call.small.write("DELETE FROM staff_right WHERE staff_id = :gone", gone=call.small.teacher)

    await call.say(parents[0], HERE)

    assert (await call.cases())[0].owner == "Mme Bureau"


async def test_out_of_its_hours_the_watch_is_nobodys(call: RollCall, parents: list[int]) -> None:
    await call.duty(call.small.office, since=8, until=9)  # it is 7:12 in Paris

    await call.say(parents[0], HERE)

    assert (await call.cases())[0].owner is None


async def test_a_new_case_belongs_to_the_watch(call: RollCall) -> None:
    await call.duty(call.small.director)
    await call.small.family(by_sms(ADA, name="Ada"), children=["Lina"])
    await call.take("Lina", now=NOW)

    assert (await call.cases())[0].owner == "Mme Exemple"


async def test_a_shared_telephone_alarms_although_nobody_says_who_speaks(call: RollCall) -> None:
    await call.small.family(by_sms(ADA, name="Ada"), by_sms(ADA, name="Bo"), children=["Lina"])
    await call.take("Lina")
    await call.drain()

    assert await call.say(None, HERE) is Answered.WHO

    assert (await call.cases())[0].alarmed_at == NOW


async def test_after_one_parent_explained_the_other_may_still_alarm(call: RollCall, parents: list[int]) -> None:
    await call.say(parents[0], ILL)

    assert await call.say(parents[1], HERE) is Answered.NOTED

    (case,) = await call.cases()
    assert (case.state, case.reason, case.alarmed_at, case.closed_at) == (AbsenceState.OPEN, ILL, NOW, None)
    assert [left.name for left in await call.left()] == ["Bo Exemple"]
    assert await call.tell_others() == 0


async def test_an_alarm_is_not_ended_by_another_adults_word_but_both_are_shown(
    call: RollCall, parents: list[int]
) -> None:
    await call.say(parents[0], HERE)
    await call.say(parents[1], ILL)

    (case,) = await call.cases()
    assert (case.state, case.reason, case.told_by, case.alarmed_at) == (AbsenceState.OPEN, ILL, "Bo Exemple", NOW)
    assert await _alarms(call, call.small.director) == 1


async def test_a_person_of_the_school_ends_the_alarm_by_typing_in_the_reason(
    call: RollCall, parents: list[int]
) -> None:
    await call.say(parents[0], HERE)

    await call.typed(guardian_id=parents[1])

    (case,) = await call.cases()
    assert (case.state, case.reason, case.typed_by) == (AbsenceState.EXPLAINED, ILL, "Mme Exemple")
    assert (case.told_by, case.through) == ("Bo Exemple", "phone")
    assert await call.left() == ()
    assert await _alarms(call, call.small.director) == 0
    assert await call.tell_others() == 1
    assert [one.split(":")[0] for one in await call.drain()] == [ADA]


@pytest.mark.usefixtures("parents")
async def test_what_the_office_heard_from_a_grandmother_is_told_to_both_parents(call: RollCall) -> None:
    await call.typed()

    assert (await call.cases())[0].told_by is None
    assert await Tidings(call.small.database, call.small.keyring).look() == 1
    assert sorted(one.split(":")[0] for one in await call.drain()) == [ADA, BO]
    assert await Tidings(call.small.database, call.small.keyring).look() == 0


async def test_found_ends_alarm_and_calls_and_everybody_who_was_alerted_is_told(
    call: RollCall, parents: list[int]
) -> None:
    await call.say(parents[0], HERE)
    (case,) = await call.cases()

    await call.do_sealed(found, absence_id=case.absence_id, by=call.small.teacher)
    await call.do_sealed(found, absence_id=case.absence_id)

    assert [(one.state, one.closed_at) for one in await call.cases()] == [(AbsenceState.FOUND, NOW)]
    left = await call.drain()
    assert sorted(one.split(":")[0] for one in left) == [ADA, BO]
    assert all("nous savons où est Lina" in one for one in left)
    assert await call.left() == ()
    assert await _alarms(call, call.small.director) == 0
    assert await call.say(parents[1], HERE) is Answered.WITHDRAWN
    assert await call.small.rows("SELECT act, staff_id FROM audit WHERE subject = 'absence'") == [
        ("absence_found", call.small.teacher)
    ]


async def test_found_is_told_to_who_heard_of_it_by_telephone_too(call: RollCall) -> None:
    await call.small.family(by_sms(ADA, name="Ada"), Adult(name="Bo", reached_by=()), children=["Lina"])
    await call.take("Lina")
    await call.drain()
    task = (await call.left())[0].task_id
    await call.act(take_call, task, call.small.teacher)
    await call.act(finish, task, call.small.teacher, outcome=CallOutcome.REACHED)

    await call.do_sealed(found, absence_id=(await call.cases())[0].absence_id)

    assert await call.small.rows(
        "SELECT guardian.first_name, delivery.state FROM delivery JOIN guardian ON guardian.id = guardian_id "
        "JOIN notice ON notice.id = notice_id WHERE notice.kind = 'urgent' ORDER BY guardian.first_name"
    ) == [("Ada", "on_the_way"), ("Bo", "to_call")]


async def test_a_child_found_before_the_alert_left_is_news_for_nobody(call: RollCall) -> None:
    await call.small.family(by_sms(ADA, name="Ada"), children=["Lina"])
    await call.take("Lina", now=NOW)

    await call.do_sealed(found, absence_id=(await call.cases())[0].absence_id)

    await _rewind(call)
    assert await call.drain() == []
    assert await call.states() == {"Ada": "cancelled"}


async def test_a_family_that_explained_itself_reads_no_more_when_the_roll_says_otherwise(
    call: RollCall, parents: list[int]
) -> None:
    await call.say(parents[0], ILL)
    await call.take(late=["Lina"], now=NOW)

    assert [case.state for case in await call.cases()] == [AbsenceState.FOUND]
    assert await call.tell_others() == 0
    assert await call.drain() == []


@pytest.mark.usefixtures("parents")
async def test_a_case_is_taken_given_back_and_handed_on(call: RollCall) -> None:
    number = (await call.cases())[0].absence_id

    await call.do(take, absence_id=number, by=call.small.teacher)
    assert (await call.cases())[0].owner == "M. Modèle"
    await call.do(take, absence_id=number)
    with pytest.raises(InvalidError, match="pas entre vos mains"):
        await call.do(give_back, absence_id=number, by=call.small.teacher)
    await call.do(give_back, absence_id=number)
    assert (await call.cases())[0].owner is None
    await call.do(hand_on, absence_id=number)

    assert [(case.state, case.closed_at) for case in await call.cases()] == [(AbsenceState.HANDED_ON, NOW)]
    assert sorted((await call.states()).values()) == ["on_the_way", "on_the_way"]
    with pytest.raises(InvalidError, match="déjà close"):
        await call.do(take, absence_id=number)


async def test_a_case_handed_on_is_open_again_when_the_family_alarms(call: RollCall, parents: list[int]) -> None:
    await call.do(hand_on, absence_id=(await call.cases())[0].absence_id)

    await call.say(parents[0], HERE)

    assert [(case.state, case.alarmed_at) for case in await call.cases()] == [(AbsenceState.OPEN, NOW)]


@pytest.mark.usefixtures("parents")
@pytest.mark.parametrize("on_the_roll", [True, False])
async def test_who_looks_for_a_child_handed_on_is_told_that_it_is_found(call: RollCall, *, on_the_roll: bool) -> None:
    await call.do(hand_on, absence_id=(await call.cases())[0].absence_id)

    if on_the_roll:
        await call.take(now=NOW)
    else:
        await call.do_sealed(found, absence_id=(await call.cases())[0].absence_id)

    assert [case.state for case in await call.cases()] == [AbsenceState.FOUND]
    told = [one for one in await call.drain() if "nous savons où est Lina" in one]
    assert sorted(one.split(":")[0] for one in told) == [ADA, BO]


async def test_a_case_of_another_class_is_nobody_elses_business(call: RollCall) -> None:
    await call.small.family(by_sms(ADA, name="Ada"), children=["Tom"], class_label="CE1 B")
    await call.take("Tom", class_label="CE1 B", by=call.small.director)
    number = (await call.cases())[0].absence_id
    mine = {"absence_id": number, "by": call.small.teacher}

    for act in (take, give_back, hand_on):
        with pytest.raises(NotAllowedError, match="d’une autre classe"):
            await call.do(act, **mine)
    for act in (found, alert_now):
        with pytest.raises(NotAllowedError):
            await call.do_sealed(act, **mine)
    with pytest.raises(NotAllowedError):
        await call.typed("Tom", by=call.small.teacher)
    assert await call.cases(call.small.teacher) == ()
    assert await _alarms(call, call.small.teacher) == 0
    assert await _month(call, call.small.teacher) == ()
    with pytest.raises(NotFoundError):
        await call.do(take, absence_id=99)


async def test_what_is_typed_in_wrongly_is_refused_and_changes_nothing(call: RollCall) -> None:
    await call.small.family(children=["Lina"])

    for more, sentence in (
        ({"reason": HERE}, "motif"),
        ({"through": "pigeon"}, "par où"),
        ({"day": date(2026, 11, 22)}, "dimanche"),
        ({"day": TODAY + timedelta(days=8)}, "plus d'une semaine"),
    ):
        with pytest.raises(InvalidError, match=sentence):
            await call.typed(**more)
    with pytest.raises(NotFoundError, match="pas inscrit"):
        await call.do(type_in, pupils=[99], day=TODAY, half_day=HalfDay.DAY, reason=ILL, through="phone")
    assert await call.cases() == ()


async def test_an_absence_of_tomorrow_may_be_told_today(call: RollCall) -> None:
    await call.small.family(children=["Lina"])

    await call.typed(day=TODAY + timedelta(days=1), half_day=HalfDay.DAY)

    assert await call.small.rows("SELECT state, half_day, keep_until FROM absence") == [
        ("explained", "day", "2027-08-19" if call.small.database.dialect == "sqlite" else date(2027, 8, 19))
    ]


async def test_an_adult_speaks_only_for_children_of_whom_he_or_she_is_told(call: RollCall) -> None:
    (ada,) = await call.small.family(by_sms(ADA, name="Ada"), children=["Lina"])
    await call.small.family(by_sms(BO, name="Bo"), children=["Zoe"])

    await _told(call, ["Lina", "Zoe"], ada)

    assert [(case.first_name, case.told_by, case.through) for case in await call.cases()] == [
        ("Lina", "Ada Exemple", "sms")
    ]


async def test_on_a_sunday_nothing_is_written_into_the_register(call: RollCall) -> None:
    (ada,) = await call.small.family(by_sms(ADA, name="Ada"), children=["Lina"])

    await _told(call, ["Lina"], ada, day=date(2026, 11, 22))

    assert await call.small.rows("SELECT count(*) FROM absence") == [(0,)]


async def test_said_for_the_day_after_the_morning_was_alerted_it_covers_both(
    call: RollCall, parents: list[int]
) -> None:
    await _told(call, ["Lina"], parents[0])
    await _told(call, ["Lina"], parents[0])

    assert [(case.half_day, case.state, case.notice_id is None) for case in await call.cases()] == [
        (HalfDay.MORNING, AbsenceState.EXPLAINED, False),
        (HalfDay.AFTERNOON, AbsenceState.EXPLAINED, True),
    ]
    assert (await call.take("Lina", half_day=HalfDay.AFTERNOON)).told_before == 1


async def test_an_alert_pressed_by_hand_stands_in_the_register_too(call: RollCall) -> None:
    (ada,) = await call.small.family(by_sms(ADA, name="Ada"), children=["Lina", "Tom"])
    both = f"{await call.pupil('Lina')},{await call.pupil('Tom')}"
    notice = await call.press(f"pupil:{both}", kind=NoticeKind.ABSENCE, slots=Slots(day=TODAY, half_day=HalfDay.DAY))
    await call.drain()

    assert [(one.first_name, one.half_day, one.notice_id) for one in await call.cases()] == [
        ("Lina", HalfDay.DAY, notice),
        ("Tom", HalfDay.DAY, notice),
    ]
    assert (await call.take("Lina", "Tom", now=NOW)).alerts == 0
    await call.say(ada, HERE)
    assert await _alarms(call, call.small.director) == 2


async def test_of_two_children_in_one_alert_the_family_is_asked_until_both_are_explained(call: RollCall) -> None:
    ids = await call.small.family(by_sms(ADA, name="Ada"), by_sms(BO, name="Bo"), children=["Lina", "Tom"])
    both = f"{await call.pupil('Lina')},{await call.pupil('Tom')}"
    notice = await call.press(
        f"pupil:{both}", kind=NoticeKind.ABSENCE, slots=Slots(day=TODAY, half_day=HalfDay.MORNING)
    )

    await call.feel(notice, "Lina", ILL, ids[0])
    assert await call.states() == {"Ada": "on_the_way", "Bo": "on_the_way"}
    await call.do_sealed(found, absence_id=(await call.cases())[0].absence_id)

    assert await call.states() == {"Ada": "cancelled", "Bo": "cancelled"}


async def test_a_hand_pressed_alert_takes_up_the_open_case_of_a_late_roll(call: RollCall) -> None:
    await call.small.family(by_sms(ADA, name="Ada"), children=["Lina"])
    await call.take("Lina", now=NOW, taken_at=NOW - timedelta(hours=1))

    slots = Slots(day=TODAY, half_day=HalfDay.MORNING)
    notice = await call.press(f"pupil:{await call.pupil('Lina')}", kind=NoticeKind.ABSENCE, slots=slots)

    assert [case.notice_id for case in await call.cases()] == [notice]


@pytest.mark.parametrize(("phrase", "kind"), [("found", NoticeKind.URGENT), ("explained", NoticeKind.REMINDER)])
async def test_nobody_presses_by_hand_what_the_house_says_of_one_child(
    call: RollCall, phrase: str, kind: NoticeKind
) -> None:
    with pytest.raises(InvalidError):
        await call.press("class:CP A", kind=kind, slots=Slots(phrase=phrase, day=TODAY))


def test_a_family_has_two_days_to_say_why() -> None:
    monday = date(2026, 11, 23)

    assert verdict(ILL, monday, monday) == "justified"
    assert verdict(AnswerKind.WITH_GUARDIANS, monday, monday + timedelta(days=9)) == "justified"
    assert verdict(OTHER, monday, monday) == "to_judge"
    assert verdict(None, monday, monday + timedelta(days=1)) == "pending"
    assert verdict(None, monday, monday + timedelta(days=2)) == "to_judge"


async def test_alarms_come_first_then_what_is_open_then_the_rest(call: RollCall, parents: list[int]) -> None:
    await call.small.family(by_sms("+33639981005", name="Cy"), children=["Ana"])
    (dom,) = await call.small.family(by_sms("+33639981006", name="Dom"), children=["Zoe"])
    await call.take("Lina", "Ana", "Zoe")
    await call.drain()
    await call.say(parents[0], ILL)
    await call.say(dom, HERE)

    assert [case.first_name for case in await call.cases()] == ["Zoe", "Ana", "Lina"]


async def test_four_half_days_of_a_month_without_a_valid_reason_are_marked(call: RollCall) -> None:
    for name in ("Lina", "Tom", "Zoe"):
        await call.small.family(children=[name])
    for day, half_day in ((16, "day"), (17, "morning"), (18, "afternoon")):
        for name, reason in (("Lina", OTHER), ("Tom", ILL)):
            await call.typed(name, day=date(2026, 11, day), half_day=HalfDay(half_day), reason=reason)
    await call.typed("Zoe", day=date(2026, 11, 19), reason=OTHER, half_day=HalfDay.DAY)
    await call.typed("Zoe", day=date(2026, 10, 19), reason=OTHER, half_day=HalfDay.DAY)
    await call.take("Zoe", now=NOW)

    assert [(one.name, one.half_days, one.of("to_judge"), one.marked) for one in await _month(call)] == [
        ("Lina Exemple", 4, 4, True),
        ("Tom Exemple", 4, 0, False),
        ("Zoe Exemple", 3, 2, False),
    ]
    assert {one.class_label for one in await _month(call, call.small.teacher)} == {"CP A"}
    assert (await call.cases())[0].month_half_days == 3


async def test_a_child_who_was_found_missed_nothing(call: RollCall) -> None:
    await call.small.family(children=["Lina"])
    await call.take("Lina", now=NOW - timedelta(minutes=2))
    await call.take(now=NOW)

    assert await _month(call) == ()
    assert (await call.cases())[0].month_half_days == 0


async def test_words_about_an_absence_go_thirty_days_after_its_end_and_others_stay(
    call: RollCall, parents: list[int]
) -> None:
    await call.say(parents[0], ILL)
    notice = (await call.cases())[0].notice_id
    async with call.small.database.school(call.school_id) as session:
        for key, about, sense in (("a", notice, "digit"), ("b", None, "told_before"), ("c", None, "words")):
            session.add(
                Reply(
                    school_id=call.school_id,
                    sender_id=call.small.senders[ChannelName.SMS],
                    provider_key=key,
                    channel=ChannelName.SMS,
                    notice_id=about,
                    sense=sense,
                    words_sealed=b"",
                    received_at=NOW,
                )
            )

    assert await _let_go(call, days=29) == 0
    assert await _let_go(call, days=31) == 2
    assert await _let_go(call, days=31) == 0
    assert await call.small.rows("SELECT provider_key FROM reply WHERE keep_until IS NULL") == [("c",)]


async def test_the_night_takes_what_was_written_of_an_absence_a_month_ago(call: RollCall, tmp_path: Path) -> None:
    async with call.small.database.school(call.school_id) as session:
        for key, since in (("old", 31), ("new", 29)):
            session.add(
                Reply(
                    school_id=call.school_id,
                    sender_id=call.small.senders[ChannelName.SMS],
                    provider_key=key,
                    channel=ChannelName.SMS,
                    sense="told_before",
                    words_sealed=b"",
                    received_at=NOW - timedelta(days=since),
                )
            )

    await Nightly(call.small.database, call.small.keyring, Settings(data_dir=tmp_path)).tidy()

    assert await call.small.rows("SELECT provider_key FROM reply") == [("new",)]


async def _let_go(call: RollCall, *, days: int) -> int:
    async with call.small.database.school(call.school_id) as session:
        later = NOW + timedelta(days=days)
        return await let_replies_go(session, school_id=call.school_id, today=later.date(), now=later)


async def _told(call: RollCall, names: list[str], guardian_id: int, day: date = TODAY) -> None:
    async with call.small.database.engine() as connection:
        await told_before(
            connection,
            school_id=call.school_id,
            pupils=[await call.pupil(name) for name in names],
            day=day,
            half_day=HalfDay.DAY,
            reason=ILL,
            guardian_id=guardian_id,
            typed_by=None,
            through="sms",
            now=NOW,
        )


async def _alarms(call: RollCall, by: int) -> int:
    reader = await call.reader(by)
    async with call.small.database.reading(call.school_id) as session:
        return await alarms_open(session, school_id=call.school_id, day=TODAY, reader=reader)


async def _month(call: RollCall, by: int | None = None) -> tuple[PupilMonth, ...]:
    reader = await call.reader(by or call.small.director)
    async with call.small.database.reading(call.school_id) as session:
        return await month_of(session, school_id=call.school_id, year=2026, month=11, reader=reader)


async def _rewind(call: RollCall) -> None:
    """Let all waiting times pass."""
    then = NOW - timedelta(days=1)
    moment = then.strftime("%Y-%m-%d %H:%M:%S.%f") if call.small.database.dialect == "sqlite" else then
    await call.small.write("UPDATE attempt SET look_at = :then WHERE look_at IS NOT NULL", then=moment)
