"""How far a notice got: figures that add up, for those who may see them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from factories import NOW, Adult, by_mail, by_sms
from sqlalchemy import event
from watching import Watch

from hub.database import Database
from hub.errors import NotAllowedError, NotFoundError
from hub.notices.calls import take
from hub.notices.headlines import headline, recent
from hub.notices.reach import Tally
from hub.ports import ChannelName
from hub.sealing import Keyring


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
