"""An absence that the office noted by mistake is taken back by one press: the roll counts again, nothing is lost."""

from datetime import timedelta

import pytest
import pytest_asyncio
from factories import NOW, TODAY, a_school, by_sms
from roll_call import EARLIER, RollCall

from hub.absences.cases import alert_now
from hub.absences.missing import Missed
from hub.absences.unsaying import unsay
from hub.database import Database
from hub.errors import InvalidError, NotAllowedError
from hub.models.answers import AnswerKind
from hub.models.rolls import AbsenceState
from hub.ports import HalfDay, NoticeKind, Slots
from hub.sealing import Keyring

ADA = "+33639981000"


@pytest_asyncio.fixture
async def call(database: Database, keyring: Keyring) -> RollCall:
    call = RollCall(await a_school(database, keyring))
    await call.small.family(by_sms(ADA, name="Ada"), children=["Lina"])
    return call


async def unsaid(call: RollCall, **more: object) -> Missed:
    """Take back what was noted of the only case."""
    (case,) = await call.cases()
    missed: Missed = await call.do_sealed(unsay, absence_id=case.absence_id, **more)
    return missed


async def test_what_was_noted_by_mistake_is_gone_as_if_nobody_had_said_it(call: RollCall) -> None:
    await call.typed()
    number = (await call.cases())[0].absence_id

    assert await unsaid(call, by=call.small.office) == Missed(alerts=0, told_before=0, unasked=0)

    assert await call.cases() == ()
    assert (await call.take("Lina")).alerts == 1
    assert await call.small.rows("SELECT act, staff_id, subject_id FROM audit WHERE subject = 'absence'") == [
        ("absence_unsaid", call.small.office, number)
    ]


async def test_the_alert_that_the_note_held_back_leaves_after_the_rolls_own_hold(call: RollCall) -> None:
    await call.typed(half_day=HalfDay.DAY, now=EARLIER)
    assert (await call.take("Lina", now=NOW)).told_before == 1

    assert (await unsaid(call, now=NOW + timedelta(minutes=2))).alerts == 1

    (case,) = await call.cases()
    assert (case.half_day, case.state, case.reason) == (HalfDay.MORNING, AbsenceState.OPEN, None)
    due = (await call.small.rows("SELECT due_at FROM notice"))[0][0]
    assert str(due).startswith("2026-11-24 06:22:00")


async def test_half_an_hour_after_the_roll_nobody_is_alerted_unasked(call: RollCall) -> None:
    await call.typed(now=EARLIER)
    await call.take("Lina", now=NOW)

    assert (await unsaid(call, now=NOW + timedelta(minutes=31))).unasked == 1

    (case,) = await call.cases()
    assert (case.state, case.notice_id) == (AbsenceState.OPEN, None)
    assert await call.do_sealed(alert_now, absence_id=case.absence_id) is True
    assert len(await call.drain()) == 1


async def test_an_alert_that_the_note_stopped_in_its_hold_leaves_after_all_and_once(call: RollCall) -> None:
    await call.take("Lina", now=EARLIER)
    await call.typed(now=EARLIER)
    assert await call.drain() == []

    assert (await unsaid(call, now=EARLIER)).alerts == 1

    assert len(await call.drain()) == 1
    assert [(case.state, case.through) for case in await call.cases()] == [(AbsenceState.OPEN, "")]


async def test_once_the_family_has_the_alert_there_is_nothing_to_take_back(call: RollCall) -> None:
    await call.take("Lina")
    await call.drain()
    await call.typed()

    with pytest.raises(InvalidError, match="a déjà reçu l’alerte"):
        await unsaid(call)

    assert [case.state for case in await call.cases()] == [AbsenceState.EXPLAINED]
    assert await call.small.rows("SELECT count(*) FROM audit WHERE act = 'absence_unsaid'") == [(0,)]


async def test_what_an_adult_said_is_not_the_schools_to_take_back(call: RollCall) -> None:
    await call.take("Lina")
    (ada,) = (await call.small.rows("SELECT id FROM guardian"))[0]
    await call.feel((await call.cases())[0].notice_id or 0, "Lina", AnswerKind.OTHER_REASON, ada)
    await call.typed()

    (case,) = await call.cases()
    assert (case.reason, case.told_by, case.through, case.typed_by) == (
        AnswerKind.ILL, "Ada Exemple", "sms", "Mme Exemple",
    )  # fmt: skip
    with pytest.raises(InvalidError, match="que l’école a noté elle-même"):
        await unsaid(call)


async def test_what_is_open_or_of_another_class_is_not_taken_back(call: RollCall) -> None:
    await call.take("Lina")
    with pytest.raises(InvalidError, match="que l’école a noté elle-même"):
        await unsaid(call)

    await call.small.family(by_sms("+33639981002", name="Bo"), children=["Tom"], class_label="CE1 B")
    await call.typed("Tom")
    tom = next(case.absence_id for case in await call.cases() if case.first_name == "Tom")
    with pytest.raises(NotAllowedError):
        await call.do_sealed(unsay, absence_id=tom, by=call.small.teacher)
    assert len(await call.cases()) == 2


async def test_a_hand_pressed_alert_that_still_goes_on_for_a_brother_goes_on_for_both(call: RollCall) -> None:
    await call.small.write("UPDATE pupil SET first_name = 'Zoe' WHERE first_name = 'Lina'")
    await call.small.family(by_sms("+33639981002", name="Bo"), children=["Lina", "Tom"])
    both = f"{await call.pupil('Lina')},{await call.pupil('Tom')}"
    slots = Slots(day=TODAY, half_day=HalfDay.MORNING)
    notice = await call.press(f"pupil:{both}", kind=NoticeKind.ABSENCE, slots=slots)
    await call.typed()
    lina = next(case.absence_id for case in await call.cases() if case.first_name == "Lina")

    await call.do_sealed(unsay, absence_id=lina)

    assert {(case.state, case.notice_id) for case in await call.cases()} == {(AbsenceState.OPEN, notice)}


async def test_who_was_found_and_is_missing_again_on_a_late_roll_can_be_alerted(call: RollCall) -> None:
    await call.take("Lina", now=EARLIER)
    await call.take(now=EARLIER + timedelta(minutes=1))
    late = EARLIER + timedelta(minutes=2)

    assert (await call.take("Lina", taken_at=late, now=late + timedelta(minutes=31))).unasked == 1
    (case,) = await call.cases()
    assert case.notice_id is None
    assert await call.do_sealed(alert_now, absence_id=case.absence_id, now=late + timedelta(minutes=32)) is True

    assert await call.small.rows("SELECT state FROM delivery ORDER BY id") == [("cancelled",), ("on_the_way",)]
