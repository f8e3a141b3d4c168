"""Who has not chosen an hour, nor said when one can come, is reminded once, before the day by which to answer."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from appointments import Offered
from desks import on_one_database
from factories import NOW, SmallSchool, a_school, by_mail, by_sms
from whole_evening import EVENING, WholeEvening

from hub.database import Database
from hub.evenings.cancelling import cancel_evening
from hub.meetings.asking_again import remind_to_answer
from hub.ports import LINK_CODE, ChannelName, Follows, NoticeKind, SchoolCard, Slots, Wording
from hub.sealing import Keyring
from i18n.languages import SPOKEN
from i18n.rendering import render
from i18n.segments import count

EVE = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
"""Half past ten on the day before the last one to choose, which is the eve of the appointments."""
ASKED_AGAIN = "Rappel. Quelle heure pour votre rendez-vous à l'école ?"


@pytest.fixture
async def small(database: Database, keyring: Keyring) -> SmallSchool:
    return await a_school(database, keyring)


async def have_it(small: SmallSchool) -> None:
    await small.write("UPDATE delivery SET state = 'told' WHERE state = 'on_the_way'")


async def reminded(small: SmallSchool, now: datetime) -> list[str]:
    """Let reminders go; gives to whom all of them went so far, by first name."""
    async with small.database.school(small.school.key) as session:
        await remind_to_answer(session, small.keyring, school=small.school, now=now)
    return [name for (name,) in await small.rows(
        "SELECT guardian.first_name FROM delivery JOIN guardian ON guardian.id = guardian_id "
        "JOIN notice_follow ON notice_follow.notice_id = delivery.notice_id WHERE how = 'reminder' ORDER BY delivery.id"
    )]  # fmt: skip


async def three_families(small: SmallSchool) -> list[int]:
    """Ada and Bob are parents of one child; Eve and Oscar of one each."""
    ada, _ = await small.family(by_sms("+33639981000", name="Ada"), by_mail(name="Bob"), children=("Lina",))
    [eve] = await small.family(by_sms("+33639981002", name="Eve"), children=("Elif",))
    [oscar] = await small.family(by_sms("+33639981003", name="Oscar"), children=("Sami",))
    return [ada, eve, oscar]


async def test_who_has_chosen_no_hour_is_reminded_once_before_the_day(small: SmallSchool) -> None:
    offered = Offered(small)
    ada, eve, _ = await three_families(small)
    await offered.open()
    await have_it(small)
    await offered.choose((await offered.slots())[0], ada)
    await offered.wait(eve, 2)

    assert await reminded(small, EVE - timedelta(hours=1)) == []
    assert await reminded(small, EVE) == ["Oscar"]
    assert await reminded(small, EVE + timedelta(hours=2)) == ["Oscar"]
    assert await reminded(small, EVE + timedelta(days=1)) == ["Oscar"]


async def test_who_chooses_while_the_reminder_waits_at_home_hears_it_no_more(small: SmallSchool) -> None:
    offered = Offered(small)
    ada, eve, _ = await three_families(small)
    await offered.open()
    await have_it(small)
    await reminded(small, EVE)

    await offered.choose((await offered.slots())[0], ada)
    await offered.wait(eve, 2)

    states = await small.rows(
        "SELECT first_name, delivery.state FROM delivery JOIN guardian ON guardian.id = guardian_id "
        "WHERE notice_id = 2 ORDER BY delivery.id"
    )
    assert states == [("Ada", "cancelled"), ("Bob", "cancelled"), ("Eve", "cancelled"), ("Oscar", "on_the_way")]


@pytest.mark.parametrize(
    "ended",
    [
        "UPDATE notice SET state = 'cancelled'",
        "UPDATE notice SET reminds = false",
        "UPDATE link SET kind = 'barred'",
        "UPDATE delivery SET state = 'to_call'",
        "UPDATE meeting_slot SET cancelled_at = '2026-11-25 08:00:00+00:00'",
        "UPDATE meeting_round SET closes_at = '2026-12-01 09:00:00+00:00'",
    ],
)
async def test_nobody_is_reminded_of_what_is_over(small: SmallSchool, ended: str) -> None:
    offered = Offered(small)
    await three_families(small)
    await offered.open()
    await have_it(small)

    await small.write(ended)

    assert await reminded(small, EVE) == []
    assert await small.rows("SELECT count(*) FROM notice") == [(1,)]


@on_one_database
async def test_where_no_hour_is_left_nobody_is_reminded_to_choose_one(small: SmallSchool) -> None:
    offered = Offered(small)
    ada, eve, _ = await three_families(small)
    await offered.open()
    await have_it(small)
    slots = await offered.slots()
    await offered.choose(slots[0], ada)
    await offered.choose(slots[1], eve, 2)
    await offered.cancel(*slots[2:])

    assert await reminded(small, EVE) == []


@on_one_database
async def test_who_was_invited_on_that_very_day_is_not_reminded_on_it(small: SmallSchool) -> None:
    offered = Offered(small)
    await three_families(small)
    await offered.open(now=EVE - timedelta(minutes=5))
    await have_it(small)

    assert await reminded(small, EVE) == []


async def test_many_clocks_remind_once(small: SmallSchool) -> None:
    await three_families(small)
    await Offered(small).open()
    await have_it(small)

    await asyncio.gather(*(reminded(small, EVE) for _ in range(4)))

    assert await reminded(small, EVE) == ["Ada", "Bob", "Eve", "Oscar"]


async def test_of_an_evening_who_has_not_said_when_is_reminded_and_never_after_its_end(small: SmallSchool) -> None:
    ada, eve, oscar = await three_families(small)
    at = WholeEvening(small)
    await at.another_teacher()
    await at.open()
    await have_it(small)
    await at.wish(ada, EVENING)
    await at.wish(eve, wanted=())
    ((closes,),) = await small.rows("SELECT closes_at FROM meeting_evening")
    day = datetime.fromisoformat(str(closes)).replace(hour=9, minute=30) - timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    day = day.replace(tzinfo=UTC)

    assert await reminded(small, day - timedelta(hours=1)) == []
    assert await reminded(small, day) == ["Oscar"]
    assert await reminded(small, day + timedelta(hours=3)) == ["Oscar"]
    await at.wish(oscar, EVENING)
    assert await small.rows("SELECT state FROM delivery WHERE notice_id = 2") == [("cancelled",)]


@on_one_database
async def test_an_evening_that_is_cancelled_takes_its_reminder_back(small: SmallSchool) -> None:
    await three_families(small)
    at = WholeEvening(small)
    await at.another_teacher()
    await at.open()
    await have_it(small)
    await small.write(
        "UPDATE meeting_evening SET closes_at = '2026-12-02 22:59:00+00:00'",
    )
    assert len(await reminded(small, EVE)) == 4

    async with small.database.school(small.school.key) as session:
        await cancel_evening(session, small.keyring, **await at.acting(), evening_id=at.evening_id, now=EVE)

    states = await small.rows("SELECT state FROM notice WHERE key_name LIKE 'encore-soir%'")
    assert states == [("cancelled",)]


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("phrase", ["appointments", "evening_wishes"])
def test_the_reminder_says_that_the_answer_is_missing_in_three_texts_at_most(language: str, phrase: str) -> None:
    slots = Slots(phrase=phrase, day=NOW.date(), follows=Follows.REMINDER)
    card = SchoolCard("École des Trois-Ponts", "École Trois-Ponts 20", "02 61 91 00 00")
    more: dict[str, Any] = {"link": f"https://hub.test/l/{LINK_CODE}", "two_way": True}
    wording = Wording(NoticeKind.ANNOUNCEMENT, slots, card, "", language, ("Théodulie",), **more)

    assert count(render(ChannelName.SMS, wording).text).segments <= 3


def test_the_reminder_is_of_the_answer_and_not_of_having_read() -> None:
    slots = Slots(phrase="appointments", day=NOW.date(), follows=Follows.REMINDER)
    card = SchoolCard("École des Trois-Ponts", "Trois-Ponts", "02 61 91 00 00")

    text = render(ChannelName.SMS, Wording(NoticeKind.ANNOUNCEMENT, slots, card, "", "fr", two_way=True)).text

    assert text.startswith(f"Trois-Ponts : {ASKED_AGAIN}")
    assert text.endswith("Répondez 1 pour choisir ici.")
