"""How far a notice got, and the telephone: figures that add up, and calls that nobody takes twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from factories import NOW, TODAY, Adult, SmallSchool, a_school, by_mail, by_sms
from sqlalchemy import event

from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.answers import CallOutcome
from hub.models.people import LastRung, LinkKind, Means
from hub.notices.calls import LEFT_LYING, TakenError, finish, give_back, number_was_wrong, take
from hub.notices.headlines import Reader, headline, recent
from hub.notices.left import Left, how_many_left, left_to_call
from hub.notices.preview import Preview, choices, preview
from hub.notices.publish import Draft, publish
from hub.notices.reach import Reach, Tally, pulse, reach
from hub.notices.reasons import Reason, Why, wish
from hub.outbox.ladder import climb
from hub.people.rights import rights_on
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Slots
from hub.routing import last_school_day
from hub.sealing import Keyring
from hub.tables import delivery

YESTERDAY = date(2026, 11, 23)
PHONE_AND_MAIL = ((ChannelName.SMS, "+33639981009"), (ChannelName.EMAIL, "nadia@familles.test"))


class Watch:
    """A school of which somebody looks at the notices."""

    def __init__(self, small: SmallSchool) -> None:
        self.small, self.school_id = small, small.school.key

    async def press(self, audience: str = "school", text: str = "Ecole fermee.", **more: Any) -> int:
        async with self.small.database.school(self.school_id) as session:
            slots, due_at = more.pop("slots", Slots(text=text)), more.pop("due_at", None)
            draft = Draft(kind=more.pop("kind", NoticeKind.URGENT), audience=audience, slots=slots, due_at=due_at)
            author = more.pop("author", self.small.director)
            published = await publish(
                session, self.small.keyring, school=self.small.school, author_id=author, draft=draft, now=NOW
            )
        return published.notice_id

    async def reader(self, staff_id: int) -> Reader:
        async with self.small.database.reading(self.school_id) as session:
            return Reader(
                staff_id, await rights_on(session, school_id=self.school_id, staff_id=staff_id, day=TODAY), TODAY
            )

    async def reach(self, notice_id: int, **more: Any) -> Reach:
        async with self.small.database.reading(self.school_id) as session:
            more = {"day": TODAY, "now": NOW, **more}
            return await reach(session, school_id=self.school_id, notice_id=notice_id, **more)

    async def left(self, **more: Any) -> tuple[Left, ...]:
        async with self.small.database.reading(self.school_id) as session:
            more = {"day": TODAY, "now": NOW, **more}
            return await left_to_call(session, school_id=self.school_id, **more)

    async def how_many(self, **more: Any) -> int:
        async with self.small.database.reading(self.school_id) as session:
            return await how_many_left(session, school_id=self.school_id, day=TODAY, now=NOW, **more)

    async def pulse(self, notice_id: int, now: datetime = NOW) -> tuple[object, ...]:
        async with self.small.database.reading(self.school_id) as session:
            return await pulse(session, school_id=self.school_id, notice_id=notice_id, day=TODAY, now=now)

    async def recent(self, keyring: Keyring) -> list[tuple[int, int, int, int]]:
        """The figures of the first page: adults, those who know, on the way, to call."""
        reader = await self.reader(self.small.director)
        async with self.small.database.reading(self.school_id) as session:
            found = await recent(session, keyring, school_id=self.school_id, reader=reader, now=NOW)
        return [(one.adults, one.know, one.moving, one.to_call) for one in found]

    async def act(
        self, what: Any, task_id: int, staff_id: int, *, later: timedelta = timedelta(0), **more: Any
    ) -> None:
        reader = await self.reader(staff_id)
        async with self.small.database.school(self.school_id) as session:
            await what(session, school_id=self.school_id, task_id=task_id, reader=reader, now=NOW + later, **more)

    async def set_states(self, **by_name: str) -> None:
        for name, state in by_name.items():
            await self.small.write(
                "UPDATE delivery SET state = :state WHERE guardian_id IN "
                "(SELECT id FROM guardian WHERE first_name = :name)",
                state=state,
                name=name,
            )


@pytest_asyncio.fixture
async def watch(database: Database, keyring: Keyring) -> Watch:
    return Watch(await a_school(database, keyring))


@contextmanager
def questions(database: Database) -> Iterator[list[str]]:
    """Count the statements that reach the database."""
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    engine = database._reading.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", hear)


async def test_every_adult_is_counted_once_by_state_channel_and_language(watch: Watch) -> None:
    await watch.small.family(
        by_sms("+33639981001", name="Ada"),
        by_mail("bob@familles.test", name="Bob", language="ar"),
        by_sms("+33639981003", name="Cyd", language="ar"),
        Adult(name="Dan"),
    )
    notice = await watch.press()
    await watch.set_states(Ada="told", Bob="acknowledged")
    await watch.small.write("UPDATE attempt SET segments = 2, cost = 1400")

    found = await watch.reach(notice)

    assert found.tally == Tally(acknowledged=1, told=1, moving=1, to_call=1)
    assert (found.tally.adults, found.tally.know) == (4, 2)
    assert dict(found.channels) == {
        ChannelName.SMS: Tally(told=1, moving=1),
        ChannelName.EMAIL: Tally(acknowledged=1),
        None: Tally(to_call=1),
    }
    assert dict(found.languages) == {"fr": Tally(told=1, to_call=1), "ar": Tally(acknowledged=1, moving=1)}
    assert (found.segments, found.cost) == (6, 4200)
    assert found.unknown_children == 0


async def test_what_the_telephone_proves_is_told_apart_from_what_was_only_accepted(watch: Watch) -> None:
    await watch.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    notice = await watch.press()
    await watch.set_states(Ada="told", Bob="told")
    await watch.small.write("UPDATE attempt SET state = 'delivered', look_at = NULL WHERE id = 1")

    found = await watch.reach(notice)

    assert (found.tally.told, found.proved) == (2, 1)


async def test_children_whom_no_adult_knows_about_come_first(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"), by_sms("+33639981001", name="Bob"), children=["Elif"])
    await watch.small.family(Adult(name="Cyd"), children=["Sami", "Rim"])
    notice = await watch.press()
    await watch.set_states(Bob="told")

    found = await watch.reach(notice)

    assert [(one.name, one.nobody_knows) for one in found.left] == [("Cyd Exemple", True), ("Ada Exemple", False)]
    assert [[child.first_name for child in one.children] for one in found.left] == [["Rim", "Sami"], ["Elif"]]
    assert found.unknown_children == 2


async def test_numbers_are_masked_on_the_command_line(watch: Watch, keyring: Keyring) -> None:
    await watch.small.family(by_sms("+33639981002", name="Ada"))
    notice = await watch.press()
    await watch.set_states(Ada="to_call")

    found = await watch.reach(notice, keyring=keyring)

    assert found.as_dict()["left"] == [
        {
            "adult": "Ada Exemple",
            "children": ["Capucine"],
            "language": "fr",
            "nobody_knows": True,
            "why": "not_sent",
            "tried_last": None,
            "numbers": ["06 39 98 •• 02"],
            "called_by": None,
        }
    ]
    assert "+33639981002" not in repr(found.left)


async def test_the_figures_take_the_same_questions_for_two_adults_and_for_sixty(watch: Watch, keyring: Keyring) -> None:
    await watch.small.family(Adult(name="Ada"), by_sms("+33639981001"))
    few = await watch.press()
    with questions(watch.small.database) as for_few:
        await watch.reach(few, keyring=keyring)
    for number in range(20):
        await watch.small.family(
            Adult(name="Ada"), by_sms(f"+336399820{number:02}"), by_mail(f"a{number}@familles.test"), children=["Élu"]
        )
    many = await watch.press()

    with questions(watch.small.database) as for_many:
        await watch.reach(many, keyring=keyring)

    assert len(for_many) == len(for_few)
    assert len([asked for asked in for_many if asked.startswith("SELECT") and "set_config" not in asked]) == 8


async def test_the_pulse_changes_when_somebody_confirms_or_takes_a_call(watch: Watch) -> None:
    await watch.small.family(by_sms(name="Ada"), Adult(name="Bob"))
    notice = await watch.press()

    first, again = await watch.pulse(notice), await watch.pulse(notice)
    await watch.act(take, (await watch.left())[0].task_id, watch.small.director)
    taken = await watch.pulse(notice)
    await watch.set_states(Ada="acknowledged")

    assert first == again
    assert len({first, taken, await watch.pulse(notice)}) == 3


async def test_an_unknown_notice_is_said_so(watch: Watch) -> None:
    with pytest.raises(NotFoundError):
        await watch.reach(4711)


async def test_a_teacher_sees_own_notices_and_those_of_own_classes_only(watch: Watch, keyring: Keyring) -> None:
    await watch.small.family(by_sms())
    await watch.small.family(by_sms("+33639981005"), class_label="CE1 B", children=["Sami"])
    everybody, own, other = await watch.press(), await watch.press("class:CP A"), await watch.press("class:CE1 B")
    mine = await watch.press("class:CP A", author=watch.small.teacher)
    teacher, director = await watch.reader(watch.small.teacher), await watch.reader(watch.small.director)

    async with watch.small.database.reading(watch.school_id) as session:
        theirs = await recent(session, keyring, school_id=watch.school_id, reader=teacher, now=NOW)
        all_of_them = await recent(session, keyring, school_id=watch.school_id, reader=director, now=NOW)
        with pytest.raises(NotAllowedError):
            await headline(session, keyring, school_id=watch.school_id, notice_id=other, reader=teacher)

    assert [one.headline.notice_id for one in theirs] == [mine, own]
    assert [one.headline.notice_id for one in all_of_them] == [mine, other, own, everybody]


async def test_names_are_limited_to_pupils_of_the_readers_classes(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada"), children=["Elif"])
    await watch.small.family(Adult(name="Bob"), children=["Sami"], class_label="CE1 B")
    await watch.press()

    theirs = await watch.left(classes=frozenset({watch.small.classes["CP A"]}))

    assert [one.name for one in theirs] == ["Ada Exemple"]


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


async def test_a_preview_counts_what_a_press_does(watch: Watch) -> None:
    await watch.small.family(
        by_sms("+33639981001", name="Ada"),
        by_mail(name="Bob", language="ar"),
        Adult(name="Cyd"),
        by_sms("+33639981004"),
    )
    await watch.small.family(by_sms("+33639981005", kind=LinkKind.BARRED), children=["Sami"])
    director = await watch.reader(watch.small.director)

    async with watch.small.database.reading(watch.school_id) as session:
        seen = await preview(
            session,
            school=watch.small.school,
            author="Mme Exemple",
            rights=director.rights,
            kind=NoticeKind.URGENT,
            audience="school",
            slots=Slots(text="Ecole fermee ce matin."),
            day=TODAY,
            public_url=None,
        )
        offered = await choices(session, school_id=watch.school_id, rights=director.rights, day=TODAY)
    notice = await watch.press(text="Ecole fermee ce matin.")

    assert (seen.adults, seen.to_call) == (4, 1)
    assert seen.channels == ((ChannelName.SMS, 2), (ChannelName.EMAIL, 1))
    assert seen.languages == (("fr", 3), ("ar", 1))
    assert (seen.segments, seen.cost) == (1, 1400)
    assert (await watch.reach(notice)).tally == Tally(moving=3, to_call=1)
    assert offered.adults == 4
    assert [(each.label, each.adults) for each in offered.classes] == [("CP A", 4)]


async def test_a_teacher_is_offered_own_classes_and_pupils_only(watch: Watch) -> None:
    await watch.small.family(by_sms(), children=["Elif"])
    await watch.small.family(by_sms("+33639981005"), class_label="CE1 B", children=["Sami"])
    teacher = await watch.reader(watch.small.teacher)

    async with watch.small.database.reading(watch.school_id) as session:
        offered = await choices(session, school_id=watch.school_id, rights=teacher.rights, day=TODAY)

    assert offered.adults is None
    assert [each.label for each in offered.classes] == ["CP A"]
    assert [each.name for each in offered.pupils] == ["Exemple Elif"]


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


async def test_the_board_the_list_and_the_first_page_count_alike(watch: Watch, keyring: Keyring) -> None:
    await watch.small.family(by_sms("+33639981001", name="Ada"), Adult(name="Bob"), Adult(name="Cyd"))
    await watch.small.family(Adult(name="Dan"), by_mail("eva@familles.test", name="Eva"), children=["Sami"])
    notice_id = await watch.press()
    await watch.set_states(Ada="acknowledged", Eva="expired")
    await watch.small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = 3")
    await watch.small.write(
        "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
        "SELECT school_id, id, state_at, state_at FROM delivery WHERE state = 'acknowledged'"
    )

    found = await watch.reach(notice_id)

    assert found.tally == Tally(acknowledged=1, to_call=2, gone=2)
    assert [one.name for one in found.left] == ["Ada Exemple", "Dan Exemple", "Bob Exemple"]
    assert (found.calls, found.alarms, await watch.how_many()) == (3, 1, 3)
    assert await watch.recent(keyring) == [(3, 1, 0, 3)]
    assert await watch.how_many(classes=frozenset({watch.small.classes["CE1 B"]})) == 0


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


STOP = (
    "INSERT INTO stop (school_id, sender_id, address_id, at) "
    "SELECT school_id, id, 1, '2026-11-20 06:00:00+00:00' FROM sender"
)
WHY = {
    "nothing": (Adult(), (), Why(Reason.NOTHING_ON_FILE)),
    "landline": (
        Adult(reached_by=((ChannelName.VOICE, "+33261990001"),)),
        (),
        Why(Reason.LANDLINE_ONLY),
    ),
    "no receipt": (
        by_sms(),
        ("UPDATE attempt SET state = 'accepted', look_at = NULL, sending_at = due_at",),
        Why(Reason.NO_RECEIPT, ChannelName.SMS, NOW),
    ),
    "dead": (
        by_sms(),
        (
            "UPDATE attempt SET state = 'failed', error_kind = 'dead_address', look_at = NULL, sending_at = due_at",
            "UPDATE address SET state = 'dead'",
        ),
        Why(Reason.DEAD, ChannelName.SMS, NOW),
    ),
    "switched off": (
        by_sms(),
        ("UPDATE attempt SET state = 'failed', error_kind = 'temporary', look_at = NULL, sending_at = due_at",),
        Why(Reason.UNREACHABLE, ChannelName.SMS, NOW),
    ),
    "stopped": (
        by_mail(),
        (
            "UPDATE attempt SET state = 'withdrawn', look_at = NULL",
            STOP,
        ),
        Why(Reason.STOPPED, ChannelName.EMAIL),
    ),
    "wrong": (
        by_sms(),
        (
            "UPDATE attempt SET state = 'withdrawn', error_code = 'wrong_number', look_at = NULL, sending_at = due_at",
            "UPDATE address SET state = 'wrong'",
        ),
        Why(Reason.WRONG, ChannelName.SMS, NOW),
    ),
    "lost": (
        by_sms(),
        ("UPDATE attempt SET state = 'unknown', look_at = NULL, sending_at = due_at",),
        Why(Reason.UNSURE, ChannelName.SMS, NOW),
    ),
    "refused": (
        by_mail(),
        ("UPDATE attempt SET state = 'failed', error_kind = 'rejected', look_at = NULL, sending_at = due_at",),
        Why(Reason.REFUSED, ChannelName.EMAIL, NOW),
    ),
    "late": (
        by_sms(),
        ("UPDATE attempt SET state = 'withdrawn', look_at = NULL",),
        Why(Reason.NOT_SENT, ChannelName.SMS),
    ),
}


@pytest.mark.parametrize("case", WHY)
async def test_the_list_says_why_each_adult_must_be_called(watch: Watch, case: str) -> None:
    adult, happened, wanted = WHY[case]
    await watch.small.family(adult)
    await watch.press()
    await watch.set_states(Odile="to_call")
    for sql in happened:
        await watch.small.write(sql)

    (left,) = await watch.left()

    assert left.why == wanted


@pytest.mark.parametrize(
    ("happened", "wanted"),
    [
        ("UPDATE address SET state = 'wrong'", Why(Reason.WRONG, ChannelName.SMS)),
        ("UPDATE address SET state = 'dead'", Why(Reason.DEAD, ChannelName.SMS)),
        ("UPDATE sender SET stopped_at = '2026-11-24 06:00:00+00:00'", Why(Reason.NO_SENDER, ChannelName.SMS)),
        (STOP, Why(Reason.STOPPED, ChannelName.SMS)),
    ],
)
async def test_the_list_says_why_nothing_was_even_tried(watch: Watch, happened: str, wanted: Why) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL[:1]))
    await watch.small.write(happened)
    await watch.press()

    (left,) = await watch.left()

    assert left.why == wanted


async def test_the_last_way_that_was_tried_is_the_one_that_counts(watch: Watch) -> None:
    await watch.small.family(Adult(name="Ada", reached_by=PHONE_AND_MAIL))
    await watch.press()
    failed = "UPDATE attempt SET state = 'failed', error_kind = 'dead_address', sending_at = :at WHERE copy_id = :copy"
    at = "2026-11-24 06:12:00.000000" if watch.small.database.dialect == "sqlite" else NOW
    await watch.small.write(failed, at=at, copy=1)
    async with watch.small.database.engine() as connection:
        await climb(connection, delivery.c.id == 1, lane=Lane.URGENT, now=NOW)
    await watch.small.write("UPDATE attempt SET state = 'accepted', sending_at = due_at WHERE copy_id = 2")
    await watch.set_states(Ada="to_call")

    (left,) = await watch.left()

    assert left.why == Why(Reason.NO_RECEIPT, ChannelName.EMAIL, NOW)


def test_every_reason_is_a_sentence_for_every_way() -> None:
    for reason in Reason:
        for way in (None, *ChannelName):
            assert Why(reason, way).sentence.endswith(".")


def test_a_caller_reads_how_an_adult_wishes_to_be_reached() -> None:
    assert wish(Means.ANY, LastRung.CALL) is None
    assert wish(Means.WRITE_ONLY, LastRung.CALL) == "Ne veut pas d'appel : un mot écrit."
    assert wish(Means.CALL_FIRST, LastRung.CALL) == "Souhaite d'abord un appel."
    assert wish(Means.ANY, LastRung.RELAY) == "À prévenir par une personne relais."


async def read_over(watch: Watch, kind: NoticeKind, slots: Slots) -> Preview:
    director = await watch.reader(watch.small.director)
    async with watch.small.database.reading(watch.school_id) as session:
        return await preview(
            session,
            school=watch.small.school,
            author="Mme Exemple",
            rights=director.rights,
            kind=kind,
            audience="school",
            slots=slots,
            day=TODAY,
            public_url=None,
        )


async def test_one_reads_over_the_french_and_the_other_language_that_most_adults_read(watch: Watch) -> None:
    await watch.small.family(
        by_sms("+33639981001", name="Ada", language="ps"),
        by_sms("+33639981002", name="Bob", language="ps"),
        by_sms("+33639981003", name="Cyd", language="tr"),
        by_mail(name="Dan", language="ar"),
        by_mail("eva@familles.test", name="Eva", language="ar"),
    )

    seen = await read_over(watch, NoticeKind.URGENT, Slots(text="Pas de classe."))

    assert [code for code, _ in seen.readings] == ["fr", "ar"]
    assert seen.sms_text.startswith("Trois-Ponts, URGENT : Pas de classe.")
    assert "عاجل" in seen.readings[1][1]


async def test_where_all_read_french_one_reading_is_enough(watch: Watch) -> None:
    await watch.small.family(by_sms())

    seen = await read_over(watch, NoticeKind.URGENT, Slots(text="Pas de classe."))

    assert [code for code, _ in seen.readings] == ["fr"]


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (date(2026, 11, 22), "Il n'y a pas classe le dimanche : donnez le jour de l'absence."),
        (date(2026, 11, 29), "Il n'y a pas classe le dimanche : donnez le jour de l'absence."),
        (date(2026, 12, 2), "Ce jour est à plus d'une semaine : donnez le jour de l'absence."),
        (date(2062, 11, 24), "Ce jour est à plus d'une semaine : donnez le jour de l'absence."),
    ],
)
async def test_an_absence_on_a_day_without_school_is_refused_at_both_doors(
    watch: Watch, day: date, sentence: str
) -> None:
    await watch.small.family(by_sms())
    slots = Slots(day=day, half_day=HalfDay.MORNING)

    with pytest.raises(InvalidError) as at_the_reading:
        await read_over(watch, NoticeKind.ABSENCE, slots)
    with pytest.raises(InvalidError) as at_the_press:
        await watch.press(kind=NoticeKind.ABSENCE, slots=slots)

    assert [(str(each.value), each.value.field) for each in (at_the_reading, at_the_press)] == [(sentence, "day")] * 2
    assert await watch.small.rows("SELECT count(*) FROM notice") == [(0,)]


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 11, 21), date(2026, 11, 6), date(2026, 12, 1)])
async def test_an_absence_may_be_of_a_saturday_of_the_past_and_of_the_coming_week(watch: Watch, day: date) -> None:
    await watch.small.family(by_sms())

    await watch.press(kind=NoticeKind.ABSENCE, slots=Slots(day=day, half_day=HalfDay.MORNING))


def test_an_absence_without_a_day_is_never_of_a_sunday() -> None:
    assert last_school_day(date(2026, 11, 22)) == date(2026, 11, 20)
    assert last_school_day(TODAY) == TODAY
