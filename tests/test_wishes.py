"""What is new on the page is told as each adult wishes: at once, in the evening, or only there."""

from datetime import timedelta

import pytest
import pytest_asyncio
from desks import on_one_database
from evenings import TOMORROW, Evenings
from factories import NOW, Adult, a_school, by_mail, by_sms

from hub.database import Database
from hub.models.home import How
from hub.models.people import LinkKind
from hub.notices.wishes import Wished
from hub.ports import NoticeKind
from hub.sealing import Keyring

HOMEWORK, DOCUMENT, RESULT = NoticeKind.HOMEWORK, NoticeKind.DOCUMENT, NoticeKind.RESULT


@pytest_asyncio.fixture
async def day(database: Database, keyring: Keyring) -> Evenings:
    return Evenings(await a_school(database, keyring))


async def test_each_adult_hears_of_homework_when_he_or_she_wishes(day: Evenings) -> None:
    ada, bob, cyd, dan = await day.small.family(
        by_sms("+33639981001", name="Ada"),
        by_sms("+33639981002", name="Bob"),
        by_sms("+33639981003", name="Cyd"),
        Adult(name="Dan"),
    )
    await day.wish(ada, HOMEWORK, How.AT_ONCE)
    await day.wish(cyd, HOMEWORK, How.PAGE)
    entry = await day.homework()

    preview = await day.preview(HOMEWORK)
    told = await day.tell(HOMEWORK, entry)

    assert preview == Wished(at_once=1, evening=1, page=1, unreached=1)
    assert (told.at_once, told.evening, told.page, told.unreached) == (1, 1, 1, 1)
    assert told.notice_id is not None
    assert await day.said(HOMEWORK) == [("Ada", "on_the_way")]
    assert await day.waiting() == [("Bob", "homework")]
    assert {bob, dan}.isdisjoint({row[0] for row in await day.small.rows("SELECT guardian_id FROM delivery")})


@on_one_database
async def test_who_said_nothing_hears_of_a_document_at_once_and_of_a_result_in_the_evening(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"))

    await day.tell(DOCUMENT, await day.document())
    await day.tell(RESULT, await day.result())

    assert await day.said(DOCUMENT) == [("Ada", "on_the_way")]
    assert await day.said(RESULT) == []
    assert await day.waiting() == [("Ada", "result")]


async def test_a_document_to_sign_is_kept_from_nobody(day: Evenings) -> None:
    ada, _, cyd = await day.small.family(
        by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"), Adult(name="Cyd")
    )
    await day.wish(ada, DOCUMENT, How.PAGE)
    await day.wish(cyd, DOCUMENT, How.PAGE)

    told = await day.tell(DOCUMENT, await day.document(), signs=True)

    assert (told.at_once, told.evening, told.page, told.unreached) == (1, 1, 0, 1)
    assert await day.said(DOCUMENT) == [("Bob", "on_the_way"), ("Cyd", "to_call")]
    assert await day.waiting() == [("Ada", "document")]
    assert await day.small.rows("SELECT signs FROM digest_item") == [(True,)]


@on_one_database
@pytest.mark.parametrize("kind", [HOMEWORK, RESULT])
async def test_nobody_calls_about_homework_or_a_result(day: Evenings, kind: NoticeKind) -> None:
    [dan] = await day.small.family(Adult(name="Dan"))
    await day.wish(dan, kind, How.AT_ONCE)

    told = await day.tell(kind, await day.homework())

    assert (told.unreached, told.notice_id) == (1, None)
    assert await day.small.rows("SELECT id FROM call_task") == []


async def test_pressing_twice_tells_nobody_twice(day: Evenings) -> None:
    ada, bob = await day.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    await day.wish(ada, HOMEWORK, How.AT_ONCE)
    entry = await day.homework()

    first = await day.tell(HOMEWORK, entry, key="one")
    await day.small.write("UPDATE wish SET how = 'evening'")
    await day.wish(bob, HOMEWORK, How.EVENING)
    again = await day.tell(HOMEWORK, entry, key="one", now=NOW + timedelta(seconds=3))

    assert (first.at_once, again.at_once) == (1, 0)
    assert await day.said(HOMEWORK) == [("Ada", "on_the_way")]
    assert await day.waiting() == [("Bob", "homework")]


async def test_who_hears_of_it_at_once_is_not_told_again_in_the_evening(day: Evenings) -> None:
    [ada] = await day.small.family(by_sms(name="Ada"))
    entry = await day.homework()
    await day.tell(HOMEWORK, entry)
    await day.wish(ada, HOMEWORK, How.AT_ONCE)

    await day.tell(HOMEWORK, entry)

    assert await day.said(HOMEWORK) == [("Ada", "on_the_way")]
    assert await day.waiting() == []


async def test_homework_that_the_next_digest_would_tell_too_late_is_told_at_once(day: Evenings) -> None:
    _, cyd = await day.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981003", name="Cyd"))
    await day.wish(cyd, HOMEWORK, How.PAGE)

    before = await day.tell(HOMEWORK, await day.homework(), now=NOW.replace(hour=16, minute=59))
    after = await day.tell(HOMEWORK, await day.homework(), now=NOW.replace(hour=17, minute=1))

    assert (before.at_once, before.evening, before.page) == (0, 1, 1)
    assert (after.at_once, after.evening, after.page) == (1, 0, 1)
    assert await day.said(HOMEWORK) == [("Ada", "on_the_way")]
    assert await day.waiting() == [("Ada", "homework")]


@on_one_database
async def test_several_pieces_wait_for_the_evening_each_for_itself(day: Evenings) -> None:
    await day.small.family(by_sms(name="Ada"))

    await day.tell(HOMEWORK, await day.homework(), await day.homework(day=TOMORROW + timedelta(days=1)))

    assert await day.waiting() == [("Ada", "homework"), ("Ada", "homework")]


@on_one_database
async def test_an_adult_of_two_children_of_the_class_gets_one_notice_that_names_both(day: Evenings) -> None:
    [ada] = await day.small.family(by_sms(name="Ada"), children=["Lina", "Sami"])
    await day.wish(ada, HOMEWORK, How.AT_ONCE)

    await day.tell(HOMEWORK, await day.homework())
    await day.drain(NOW)

    [message] = day.sms.sent
    assert "Lina et Sami, devoirs pour mercredi 25 novembre." in message.text


@on_one_database
async def test_a_barred_adult_hears_of_nothing(day: Evenings) -> None:
    bea, *_ = await day.small.family(by_sms(name="Bea", kind=LinkKind.BARRED), by_mail(name="Ada"))
    await day.wish(bea, HOMEWORK, How.AT_ONCE)
    await day.tell(HOMEWORK, await day.homework())
    await day.tell(DOCUMENT, await day.document(), signs=True)

    assert await day.said(DOCUMENT) == [("Ada", "on_the_way")]
    assert await day.said(HOMEWORK) == []
    assert await day.waiting() == [("Ada", "homework")]
