"""The demo as its user sees it: figures that add up, and two records of the same morning that agree word for word."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from sqlalchemy import select

from cli.demo import Demo, arrived, how_far, open_demo, press, watch, welcome
from cli.demo_school import DEPUTY, DIRECTOR, OFFICE, PASSWORD
from hub.outbox.prepare import TEXT
from hub.ports import ChannelName
from hub.tables import address, answer, attempt, copy, copy_delivery, data_key, delivery
from sandbox.config import BOT
from sandbox.families import Trouble, make_school
from sandbox.habits import Habit
from sandbox.record import Arrived

HOUSE = Path(__file__).resolve().parent.parent


async def _sent(show: Demo) -> list[tuple[str, str, str, str]]:
    """What the hub says it sent: (provider id, address, text, language)."""
    async with show.hub.database.engine_reading() as connection:
        rows = await connection.execute(
            select(
                attempt.c.provider_id,
                attempt.c.text_sealed,
                address.c.value_sealed,
                data_key.c.wrapped,
                data_key.c.master_version,
                copy.c.language,
            )
            .join(copy, copy.c.id == attempt.c.copy_id)
            .join(address, address.c.id == copy.c.address_id)
            .join(data_key, data_key.c.id == address.c.data_key_id)
            .where(attempt.c.provider_id.is_not(None), copy.c.channel != ChannelName.VOICE)
        )
        found = []
        for provider_id, sealed, value, wrapped, version, language in rows:
            seal = show.hub.keyring.seal(wrapped, version)
            to, words = seal.open(value, b"address.value").decode(), seal.open(sealed, TEXT).decode()
            found.append((provider_id, to, words.strip(), language))
    return found


def _seen(message: Arrived) -> tuple[str, str, str]:
    text = message.text.replace("\r\n", "\n")
    if message.channel is ChannelName.CHAT:
        text = text.partition("\n")[2]  # behind the school's name
    return _name(message), message.address, text.strip()


def _name(message: Arrived) -> str:
    """By what the hub knows it: the provider's id, the mail's own Message-ID, or the number within a chat."""
    if message.channel is ChannelName.CHAT:
        return message.provider_id.rpartition(".")[2]
    return (message.headers.message_id if message.channel is ChannelName.EMAIL else message.provider_id).strip("<>")


async def _answered_through(show: Demo, channel: ChannelName) -> set[str]:
    """How the adults answered to whom a copy left by this channel."""
    async with show.hub.database.engine_reading() as connection:
        rows = await connection.execute(
            select(answer.c.through)
            .join(delivery, delivery.c.guardian_id == answer.c.guardian_id)
            .join(copy_delivery, copy_delivery.c.delivery_id == delivery.c.id)
            .join(copy, copy.c.id == copy_delivery.c.copy_id)
            .where(copy.c.channel == channel)
        )
        return set(rows.scalars())


@pytest.mark.parametrize("pupils", [60])
async def test_the_two_records_agree_one_by_one(tmp_path: Path, pupils: int) -> None:
    async with open_demo(tmp_path, pupils=pupils) as show:
        published = await press(show)
        reached = await watch(show, published, Console(quiet=True))
        await show.box.settled()
        reached = await how_far(show, published.notice_id)
        written = [one for one in show.box.record.messages if one.channel is not ChannelName.VOICE]
        sent, seen = await _sent(show), [_seen(message) for message in written]
        languages = {_seen(message)[:2]: message.language for message in written}
        by_chat = await _answered_through(show, ChannelName.CHAT)
        left = [adult for adult in show.invented.adults if adult.trouble is Trouble.LEFT]
        after = [show.box.record.arrived(str(adult.mobile)) for adult in left]
        at_least_once = await arrived(show, published.notice_id)

    assert reached.tally.moving == 0
    assert reached.tally.adults == published.adults
    assert at_least_once == reached.tally.know
    assert sorted(row[:3] for row in sent) == sorted(seen)
    assert {language for _, _, _, language in sent} >= {"fr", "ar", "tr"}
    assert {message.channel for message in written} == {
        ChannelName.SMS,
        ChannelName.EMAIL,
        ChannelName.CHAT,
        ChannelName.PUSH,
    }
    assert "chat" in by_chat
    assert {(adult.chat is not None, adult.notified) for adult in left} == {(True, False), (False, True)}
    assert [len(messages) for messages in after] == [1] * len(left)
    for provider_id, to, _, language in sent:
        assert languages[provider_id, to] in (
            language,
            "fr",
            None,
        )  # an SMS says none; without a catalogue: French


async def test_chats_and_notifications_are_answered_by_hand_on_the_wall(tmp_path: Path) -> None:
    async with (
        open_demo(tmp_path, pupils=60) as show,
        httpx.AsyncClient(base_url=show.box.wall_url, follow_redirects=True) as family,
    ):
        for address in show.box.directory:
            show.box.set_habit(address, Habit.SILENT)
        await press(show)
        await show.box.record.until(
            lambda record: {one.channel for one in record.messages} >= {ChannelName.CHAT, ChannelName.PUSH}, seconds=30
        )
        by_channel = {one.channel: one for one in show.box.record.messages}
        chat, notification = by_channel[ChannelName.CHAT], by_channel[ChannelName.PUSH]
        for message in (chat, notification):
            act = {"address": message.address, "do": "button", "words": message.buttons[0][0]}
            assert "C’est fait : l’école l’a pris." in (await family.post("/act", data=act)).text
        asked = show.box.chats.mail[BOT].asked
        await show.box.chats.until(lambda: any(method == "answerCallbackQuery" for method, _ in asked))
        by_chat = await _answered_through(show, ChannelName.CHAT)
        by_push = await _answered_through(show, ChannelName.PUSH)
        shown = (await family.get("/", params={"q": chat.address})).text

    assert (by_chat, by_push) == ({"chat"}, {"page"})
    assert "Telegram" in shown
    assert "École des Trois-Ponts" in shown


async def test_an_invitation_opens_a_chat_on_the_wall_and_nowhere_else(tmp_path: Path) -> None:
    async with (
        open_demo(tmp_path, pupils=10) as show,
        httpx.AsyncClient(base_url=show.box.wall_url) as family,
    ):
        link = f"{show.hub.settings.telegram_link}/{show.box.config.bots[BOT]}"
        page = await family.get(link, params={"start": "abcdefghijkl"})
        nobody = await family.get(f"{link}x")
        foreign = await family.post(link, data={"start": ""}, headers={"Sec-Fetch-Site": "cross-site"})
        started = await family.post(link, data={"start": "abcdefghijkl"})
        chat = started.headers["location"].removeprefix("/?q=")
        await show.box.record.until(lambda record: bool(record.arrived(chat)), seconds=30)
        said = show.box.record.arrived(chat)[0].text

    assert link.startswith(show.box.wall_url)
    assert 'value="abcdefghijkl"' in page.text
    assert "Démarrer" in page.text
    assert [answer.status_code for answer in (nobody, foreign, started)] == [404, 403, 303]
    assert "Cette invitation a déjà servi" in said


async def test_how_to_sign_in_is_not_cut_at_eighty_columns(tmp_path: Path) -> None:
    said = StringIO()
    async with open_demo(tmp_path, pupils=10) as show:
        Console(file=said, width=80).print(*welcome(show), sep="\n", soft_wrap=True)
        page = str(show.hub.settings.public_url)

    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) < 80
    assert [line.split()[-1] for line in lines[1:6]] == [page, DIRECTOR, PASSWORD, OFFICE, DEPUTY]


def test_the_demo_command_ends_with_figures_that_add_up(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-P", "-c", "from cli.main import run; run()", "demo", "--once", "--json"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(HOUSE)},
    )

    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout.splitlines()[-1])
    assert figures["adults"] == figures["acknowledged"] + figures["delivered"] + figures["to_call"]
    assert figures["arrived"] == figures["acknowledged"] + figures["delivered"]
    assert figures["to_call"] > 0
    assert figures["adults"] > 300
    with closing(sqlite3.connect(tmp_path / "var" / "demo" / "hub.db")) as registers:
        written = registers.execute(
            "SELECT channel, sense, thread_id IS NULL FROM reply WHERE sense != 'acknowledged'"
        ).fetchall()
    assert {channel for channel, *_ in written} == {"sms", "email", "chat"}
    assert [in_tray for *_, in_tray in written].count(1) == 1
    assert ("sms", "stop", 0) in written
    assert len(written) == 7
    said = ran.stderr + ran.stdout
    for adult in make_school().adults:
        for word in (adult.name, adult.mobile, adult.mailbox, adult.landline):
            assert word is None or word not in said
