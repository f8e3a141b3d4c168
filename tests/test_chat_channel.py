"""Chat by Telegram: the hub's own channel and aiogram's client against a Bot API on loopback."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.methods import GetMe
from factories import NOW

from channels.chat import TelegramChat, button_data, read_button_data
from channels.chat_lines import MOST, ChatLines
from channels.telegram import ours
from hub.errors import (
    BusyAddressError,
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    StoppedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.ports import LINK_CODE, Account, Body, Button, ChannelName, Outgoing, Proof
from hub.settings import Settings
from sandbox.behaviour import Behaviour
from sandbox.box import Sandbox
from sandbox.config import BOT, SandboxConfig

SCHOOL = Account(
    key="k1", channel=ChannelName.CHAT, provider="telegram", address="trois_ponts_bot", name="École", secret=BOT
)
CHATS = ("7001", "7002", "7003")
TOKEN = "c.12.0123456789abcdef"


@pytest_asyncio.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxConfig(allow=True)) as opened:
        for chat in CHATS:
            await opened.chats.start(chat)
        yield opened


@pytest_asyncio.fixture
async def chat(box: Sandbox) -> AsyncIterator[TelegramChat]:
    channel = TelegramChat(Settings(telegram_url=box.telegram_url, send_deadline=5), gap=0.05)
    yield channel
    await channel.close()


def a_message(to: str = "7001", number: int = 7, *, text: str = "Bonjour", **more: Any) -> Outgoing:
    body = Body(
        text=text,
        language="fr",
        subject="École des Trois-Ponts 🏫",
        buttons=(Button("acknowledge", "J’ai lu"),),
        link=f"https://hub.example/l/{LINK_CODE}",
    )
    return Outgoing(number, "a.7.x", to, body, "abcdef123456", SCHOOL, reply_token=TOKEN)._replace(**more)


async def test_a_family_reads_the_school_the_words_its_answers_and_the_way_to_the_page(
    box: Sandbox, chat: TelegramChat
) -> None:
    sent = await chat.send(a_message(text="<b>Sortie</b> de Lina & Sami *jeudi*"))

    [shown] = box.record.arrived("7001")
    assert shown.text == "École des Trois-Ponts 🏫\n<b>Sortie</b> de Lina & Sami *jeudi*"
    assert shown.buttons == ((f"acknowledge|{TOKEN}", "J’ai lu"),)
    assert shown.link == "https://hub.example/l/abcdef123456"
    assert (sent.provider_id, sent.cost) == (shown.provider_id.rpartition(".")[2], None)
    assert chat.proof is Proof.ACCEPTED


async def test_the_schools_name_is_bold_by_its_place_and_nothing_is_fetched_for_a_preview(
    box: Sandbox, chat: TelegramChat
) -> None:
    await chat.send(a_message())

    [(_, asked)] = box.chats.mail[BOT].asked
    assert asked["entities"] == '[{"type": "bold", "offset": 0, "length": 24}]'
    assert asked["link_preview_options"] == '{"is_disabled": true}'
    assert "parse_mode" not in asked


async def test_an_answer_quotes_what_the_family_wrote_or_comes_without_when_that_is_gone(
    box: Sandbox, chat: TelegramChat
) -> None:
    await chat.send(a_message(answers="41"))
    await chat.send(a_message(number=8))

    [(_, quoting), (_, plain)] = box.chats.mail[BOT].asked
    assert quoting["reply_parameters"] == '{"message_id": 41, "allow_sending_without_reply": true}'
    assert "reply_parameters" not in plain


async def test_without_a_public_address_and_answers_there_is_no_keyboard(box: Sandbox, chat: TelegramChat) -> None:
    message = a_message()

    await chat.send(message._replace(body=replace(message.body, buttons=(), link=None)))

    [shown] = box.record.arrived("7001")
    assert (shown.buttons, shown.link) == ((), None)


def test_what_a_button_brings_back_is_read_as_it_was_written() -> None:
    assert read_button_data(button_data("ill", TOKEN)) == ("ill", TOKEN, None)
    assert read_button_data(button_data("ill", TOKEN, 12)) == ("ill", TOKEN, 12)
    assert read_button_data("") == ("", "", None)
    assert read_button_data("ill|x|12x") == ("ill", "x", None)
    assert len(button_data("should_be_here", f"c.{10**17}.0123456789abcdef")) <= 64


async def test_a_button_that_holds_too_much_is_refused_before_anything_leaves(box: Sandbox, chat: TelegramChat) -> None:
    with pytest.raises(RejectedError) as refused:
        await chat.send(a_message(reply_token="c." + "1" * 60))

    assert refused.value.code == "refused.button-too-long"
    assert box.record.taken("7001") == []


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(answer=403), StoppedError),
        (Behaviour(answer=400), RejectedError),
        (Behaviour(answer=401), MisconfiguredError),
        (Behaviour(answer=404), MisconfiguredError),
        (Behaviour(answer=302), MisconfiguredError),
        (Behaviour(answer=500), UnknownOutcomeError),
        (Behaviour(answer=502), UnknownOutcomeError),
        (Behaviour(answer=502, takes_first=True), UnknownOutcomeError),
        (Behaviour(hang_up=True), UnknownOutcomeError),
    ],
    ids=str,
)
async def test_every_refusal_means_what_follows_for_the_family(
    box: Sandbox, chat: TelegramChat, behaviour: Behaviour, error: type[ChannelError]
) -> None:
    box.behave(behaviour, "7001")

    with pytest.raises(error) as refused:
        await chat.send(a_message())

    assert type(refused.value) is error
    assert "7001" not in str(refused.value)
    assert BOT not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_an_account_that_is_no_more_is_dead_and_not_merely_silent() -> None:
    for said in ("Forbidden: user is deactivated", "Bad Request: chat not found", "Bad Request: PEER_ID_INVALID"):
        kind = TelegramForbiddenError if said.startswith("Forbidden") else TelegramBadRequest
        assert type(ours(kind(method=GetMe(), message=said))) is DeadAddressError


async def test_a_chat_that_nobody_opened_does_not_exist(chat: TelegramChat) -> None:
    with pytest.raises(DeadAddressError):
        await chat.send(a_message("7999"))


async def test_a_bot_that_telegram_does_not_know_stops_the_sender(chat: TelegramChat) -> None:
    for token in ("4243:another", "no token", ""):
        with pytest.raises(MisconfiguredError):
            await chat.send(a_message(account=replace(SCHOOL, secret=token)))


async def test_what_never_left_may_be_tried_again(unused_tcp_port: int) -> None:
    nobody = TelegramChat(Settings(telegram_url=f"http://127.0.0.1:{unused_tcp_port}"))

    with pytest.raises(TemporaryError) as refused:
        await nobody.send(a_message())

    assert refused.value.retry_after is None
    await nobody.close()


async def test_an_answer_that_comes_too_late_is_no_answer(box: Sandbox) -> None:
    box.behave(Behaviour(latency=30), "7001")
    chat = TelegramChat(Settings(telegram_url=box.telegram_url, send_deadline=0.5))
    await chat.send(a_message("7002"))
    began = time.monotonic()

    with pytest.raises(UnknownOutcomeError):
        await chat.send(a_message())

    assert time.monotonic() - began < 2
    await chat.close()


async def test_a_chat_gets_its_messages_one_by_one_in_the_order_they_became_due(
    box: Sandbox, chat: TelegramChat
) -> None:
    texts = [f"Message {number}" for number in range(8)]

    await asyncio.gather(*(chat.send(a_message(number=n, text=text)) for n, text in enumerate(texts)))

    arrived = box.record.arrived("7001")
    assert [message.text.partition("\n")[2] for message in arrived] == texts
    gaps = [(after.at - before.at).total_seconds() for before, after in pairwise(arrived)]
    assert min(gaps) >= 0.045


async def test_chats_do_not_wait_for_each_other(box: Sandbox) -> None:
    chat = TelegramChat(Settings(telegram_url=box.telegram_url), gap=30.0)
    box.behave(Behaviour(answer=429, retry_after=60, times=1), "7001")

    with pytest.raises(BusyAddressError) as told_to_wait:
        await chat.send(a_message("7001"))
    with pytest.raises(BusyAddressError) as behind:
        await chat.send(a_message("7001", number=8))
    await chat.send(a_message("7002", number=9))
    await chat.send(a_message("7003", number=10))

    assert (told_to_wait.value.retry_after, told_to_wait.value.code) == (60.0, "429")
    assert behind.value.retry_after is not None
    assert behind.value.retry_after > 89
    assert behind.value.code is None
    await chat.close()


async def test_when_two_chats_must_wait_it_is_the_bot_that_is_too_quick(box: Sandbox, chat: TelegramChat) -> None:
    box.behave(Behaviour(answer=429, retry_after=7))

    with pytest.raises(BusyAddressError):
        await chat.send(a_message("7001"))
    with pytest.raises(TemporaryError) as second:
        await chat.send(a_message("7002"))

    assert type(second.value) is TemporaryError
    assert second.value.retry_after == 7.0


class Clock:
    """A clock that stands until a test lets time pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def refused_for(lines: ChatLines, number: int, *, urgent: bool = False) -> float:
    with pytest.raises(BusyAddressError) as busy:
        await lines.turn("chat", number, urgent=urgent)
    assert busy.value.retry_after is not None
    return busy.value.retry_after


async def fail_for_now(lines: ChatLines, number: int, seconds: float) -> None:
    await lines.turn("chat", number, urgent=False)
    with pytest.raises(TemporaryError), lines.posted("chat", number, urgent=False):
        raise TemporaryError("later", retry_after=seconds)


async def test_who_was_told_to_come_back_is_not_overtaken_by_who_came_after() -> None:
    clock = Clock()
    lines = ChatLines(clock=clock)
    await fail_for_now(lines, 1, 10)

    assert [await refused_for(lines, 2), await refused_for(lines, 3)] == [11.0, 12.0]
    clock.now += 11.5
    assert await refused_for(lines, 3) == 1.0
    await lines.turn("chat", 1, urgent=False)
    with lines.posted("chat", 1, urgent=False):
        pass
    clock.now += 1.0
    await lines.turn("chat", 2, urgent=False)


async def test_who_does_not_come_back_is_not_waited_for_forever() -> None:
    clock = Clock()
    lines = ChatLines(clock=clock)
    await fail_for_now(lines, 1, 10)

    clock.now += 16.0
    await lines.turn("chat", 2, urgent=False)


async def test_what_is_urgent_passes_what_was_told_to_come_back() -> None:
    clock = Clock()
    lines = ChatLines(clock=clock)
    await fail_for_now(lines, 1, 10)

    assert await refused_for(lines, 2, urgent=True) == 10.0
    clock.now += 10.0
    await lines.turn("chat", 2, urgent=True)


async def test_idle_chats_are_forgotten() -> None:
    clock = Clock()
    lines = ChatLines(clock=clock)
    for number in range(3 * MOST):
        await lines.turn(number, number, urgent=False)
        with lines.posted(number, number, urgent=False):
            pass
        clock.now += 2.0

    assert len(lines) <= MOST


async def test_a_message_given_up_while_it_waited_leaves_the_turn_to_the_next(box: Sandbox, chat: TelegramChat) -> None:
    await chat.send(a_message(number=1))
    given_up = asyncio.create_task(chat.send(a_message(number=2, text="Jamais")))
    after = asyncio.create_task(chat.send(a_message(number=3, text="Après")))
    await asyncio.sleep(0)
    given_up.cancel()

    await after

    assert [message.text.partition("\n")[2] for message in box.record.arrived("7001")] == ["Bonjour", "Après"]


async def test_nobody_can_look_into_a_chat(chat: TelegramChat) -> None:
    assert await chat.find(a_message(), since=NOW, known=frozenset()) is None


def test_who_has_no_bot_does_not_load_the_library() -> None:
    seen = "import sys, cli.serve, cli.assembly; print('aiogram' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True, timeout=60)

    assert answer.stdout.strip() == "False"


async def test_what_would_be_cut_off_on_its_way_is_not_begun(box: Sandbox) -> None:
    channel = TelegramChat(Settings(telegram_url=box.telegram_url, send_deadline=1.0), gap=0.0)
    await channel.send(a_message(number=1))
    box.behave(Behaviour(latency=0.7), "7001")
    before = len(box.record.arrived("7001"))

    first, second = await asyncio.gather(
        channel.send(a_message(number=2)), channel.send(a_message(number=3)), return_exceptions=True
    )

    await channel.close()
    assert not isinstance(first, BaseException)
    assert isinstance(second, TemporaryError)
    assert len(box.record.arrived("7001")) == before + 1
