"""From the press to the chat and back: real registers, drain and rounds, aiogram, a Bot API on loopback."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from chat_door import PUBLIC, Talk, a_talk
from factories import NOW, Adult

from channels.chat import TelegramChat
from cli import checkup
from cli.assembly import assembled
from cli.bots import bot_name
from cli.serve import doors
from hub.database import Database
from hub.people.chat_lines import ChatLine
from hub.ports import ChannelName, NoticeKind
from hub.sealing import Keyring
from hub.settings import Settings
from sandbox.behaviour import Behaviour
from sandbox.config import BOT
from sandbox.habits import Habit

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest_asyncio.fixture
async def talk(database: Database, keyring: Keyring) -> AsyncIterator[Talk]:
    async with a_talk(database, keyring) as opened:
        await opened.door.look()
        yield opened


async def states(talk: Talk) -> list[tuple]:
    """How the last notice stands with each adult, and on which rung."""
    return await talk.rows(
        "SELECT state, rung FROM delivery WHERE notice_id = (SELECT max(id) FROM notice) ORDER BY id"
    )


async def tries(talk: Talk) -> list[tuple]:
    """The tries of the last notice: by which way, how they stand, and whether they repeat."""
    return await talk.rows(
        "SELECT c.channel, a.state, a.repeats FROM attempt a JOIN copy c ON c.id = a.copy_id"
        " WHERE c.notice_id = (SELECT max(id) FROM notice) ORDER BY a.id"
    )


async def test_a_press_arrives_in_the_chat_and_the_familys_tap_comes_back(talk: Talk) -> None:
    talk.box.set_habit("7001", Habit.ACKNOWLEDGE)
    odile = await talk.join()

    await talk.press(NoticeKind.URGENT)
    await talk.box.settled()
    await talk.taken()

    assert await states(talk) == [("acknowledged", 1)]
    assert await tries(talk) == [("chat", "delivered", False)]
    assert await talk.answers() == [(odile, "acknowledged", "chat")]
    assert talk.sms.sent[1:] == []


async def test_who_wrote_stop_gets_the_next_notice_by_the_next_rung(talk: Talk) -> None:
    await talk.join()
    await talk.write("7001", "/stop")

    await talk.press(NoticeKind.URGENT)

    assert await tries(talk) == [("sms", "accepted", False)]


async def test_who_blocked_the_bot_is_reached_by_the_next_rung_at_once_and_from_then_on(talk: Talk) -> None:
    await talk.join()
    await talk.drain()
    talk.box.behave(Behaviour(answer=403), "7001")

    await talk.press(NoticeKind.URGENT)
    await talk.drain()
    refused = await tries(talk)
    await talk.press(NoticeKind.URGENT)

    assert refused == [("chat", "failed", False), ("sms", "accepted", False)]
    assert await tries(talk) == [("sms", "accepted", False)]
    assert await talk.count("stop") == 1


async def test_a_bot_that_telegram_refuses_stops_its_sender_and_the_urgent_goes_on(talk: Talk) -> None:
    await talk.join()
    await talk.door.close()
    await talk.drain()
    talk.box.behave(Behaviour(answer=401), "7001")

    await talk.press(NoticeKind.URGENT)
    await talk.rounds.walk()
    await talk.drain()

    assert await talk.count("tray_item", "matter = 'sender_stopped'") == 1
    assert await tries(talk) == [("chat", "failed", False), ("sms", "accepted", False)]


async def test_an_urgent_message_whose_answer_was_lost_is_said_again_and_counted(talk: Talk) -> None:
    await talk.join()
    talk.box.behave(Behaviour(hang_up=True, times=1), "7001")

    await talk.press(NoticeKind.URGENT)
    await talk.rounds.walk()
    await talk.drain()

    assert await tries(talk) == [("chat", "failed", False), ("chat", "accepted", True)]
    assert len([one for one in talk.box.record.arrived("7001") if one.buttons]) == 2
    assert await talk.count("tray_item") == 0


async def test_a_routine_message_whose_answer_was_lost_is_not_said_twice_and_the_office_knows(talk: Talk) -> None:
    await talk.join()
    talk.box.behave(Behaviour(hang_up=True, times=1), "7001")

    await talk.press()
    await talk.rounds.walk()
    await talk.drain()
    waiting = (await tries(talk), await states(talk))
    talk.small.database._clock = lambda: NOW + timedelta(minutes=5)
    await talk.rounds.walk()
    await talk.drain()

    assert waiting == ([("chat", "unknown", False)], [("on_the_way", 1)])
    assert await talk.count("tray_item", "matter = 'unsure_sent'") == 1
    assert await tries(talk) == [("chat", "failed", False), ("sms", "accepted", False)]
    assert len([one for one in talk.box.record.arrived("7001") if one.buttons]) == 1


async def test_a_tap_under_a_message_whose_answer_was_lost_says_that_it_came(talk: Talk) -> None:
    await talk.join()
    talk.box.behave(Behaviour(hang_up=True, times=1), "7001")
    await talk.press()
    await talk.rounds.walk()

    await talk.tap(talk.last(), "acknowledge")
    talk.small.database._clock = lambda: NOW + timedelta(minutes=5)
    await talk.rounds.walk()
    await talk.drain()

    assert await states(talk) == [("acknowledged", 1)]
    assert await tries(talk) == [("chat", "delivered", False)]


async def test_notices_to_one_chat_come_in_order_a_second_apart_and_others_do_not_wait(talk: Talk) -> None:
    await talk.join("7001")
    await talk.join("7002", name="Tiago")
    talk.chat = TelegramChat(talk.settings, gap=1.0)
    for number in range(3):
        await talk.press_only(f"Avis {number}")

    await talk.drain()
    await talk.chat.close()

    for chat in ("7001", "7002"):
        arrived = [one for one in talk.box.record.arrived(chat) if one.buttons]
        assert [number for one in arrived for number in "012" if f"Avis {number}" in one.text] == ["0", "1", "2"]
        assert all((after.at - before.at).total_seconds() >= 0.99 for before, after in pairwise(arrived))
    firsts = [next(one for one in talk.box.record.arrived(chat) if one.buttons).at for chat in ("7001", "7002")]
    assert abs((firsts[0] - firsts[1]).total_seconds()) < 0.9


async def test_a_chat_that_must_wait_keeps_its_order_and_counts_no_try_for_those_behind(talk: Talk) -> None:
    await talk.join("7001")
    await talk.join("7002", name="Tiago")
    talk.box.behave(Behaviour(answer=429, retry_after=30, times=1), "7001")
    talk.chat = TelegramChat(talk.settings)
    for number in range(3):
        await talk.press_only(f"Avis {number}")

    await talk.drain()
    await talk.chat.close()
    waits = await talk.rows(
        "SELECT a.tries, c.notice_id FROM attempt a JOIN copy c ON c.id = a.copy_id"
        " WHERE c.channel = 'chat' AND a.state = 'ready' ORDER BY a.look_at"
    )

    assert len([one for one in talk.box.record.arrived("7002") if one.buttons]) == 3
    assert [one for one in talk.box.record.arrived("7001") if one.buttons] == []
    assert [tried for tried, _ in waits] == [1, 0, 0]
    assert waits == sorted(waits, key=lambda row: row[1])


@on_one_database
async def test_the_doctor_says_whether_the_bot_answers_and_how_it_hears(talk: Talk) -> None:
    line = ChatLine(3, 1, "k", "trois_ponts_bot", "École", "02", BOT)
    told = talk.settings.model_copy(update={"telegram_webhook": True})
    away = talk.settings.model_copy(update={"telegram_url": "http://127.0.0.1:1"})

    found = [
        await checkup._bot(talk.settings, line),
        await checkup._bot(told, line),
        await checkup._bot(away, line),
        await checkup._bot(talk.settings, replace(line, token="4243:another-token")),
    ]

    assert [one.state.value for one in found] == ["ok", "warning", "warning", "error"]
    assert found[0].sentence.startswith("trois_ponts_bot répond ; il va chercher les réponses")
    assert all(BOT not in one.sentence for one in found)
    assert {one.called for one in found} == {"bot Telegram"}
    assert await bot_name(talk.settings, BOT) == "trois_ponts_bot"


@on_one_database
async def test_a_deployment_listens_to_its_bot_and_answers_over_both_its_doors(
    database_url: str, tmp_path: Any, unused_tcp_port: int
) -> None:
    """The house as `serve` puts it together: engine, doors and bot in one process."""
    asked = Settings(
        database_url=database_url, data_dir=tmp_path, public_url=PUBLIC, listen=f"127.0.0.1:{unused_tcp_port}"
    )
    async with assembled(asked) as hub, a_talk(hub.database, hub.keyring) as talk:
        settings = asked.model_copy(update={"telegram_url": talk.box.telegram_url})
        told = type(hub)(settings, hub.database, hub.keyring)
        async with doors(told):
            [odile] = await talk.small.family(Adult(reached_by=((ChannelName.SMS, "+33639981000"),)))
            answer = await talk.start("7001", await talk.code(odile, now=datetime.now(UTC)))

    assert "Bienvenue" in answer.text
