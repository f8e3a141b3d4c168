"""The demo as its user sees it: figures that add up, and two records of the same morning that agree word for word."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from cli.demo import Demo, arrived, how_far, open_demo, press, watch, welcome
from cli.demo_school import DIRECTOR, PASSWORD
from hub.outbox.prepare import TEXT
from hub.ports import ChannelName
from hub.tables import address, attempt, copy, data_key
from sandbox.families import make_school
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
            .where(attempt.c.provider_id.is_not(None))
        )
        found = []
        for provider_id, sealed, value, wrapped, version, language in rows:
            seal = show.hub.keyring.seal(wrapped, version)
            to, words = seal.open(value, b"address.value").decode(), seal.open(sealed, TEXT).decode()
            found.append((provider_id, to, words.strip(), language))
    return found


def _seen(message: Arrived) -> tuple[str, str, str]:
    return _name(message), message.address, message.text.replace("\r\n", "\n").strip()


def _name(message: Arrived) -> str:
    """By what the hub knows it: Twilio's id, or the mail's own Message-ID."""
    return (message.headers.message_id if message.channel is ChannelName.EMAIL else message.provider_id).strip("<>")


@pytest.mark.parametrize("pupils", [60])
async def test_the_two_records_agree_one_by_one(tmp_path: Path, pupils: int) -> None:
    async with open_demo(tmp_path, pupils=pupils) as show:
        published = await press(show)
        reached = await watch(show, published, Console(quiet=True))
        await show.box.settled()
        reached = await how_far(show, published.notice_id)
        sent, seen = await _sent(show), [_seen(message) for message in show.box.record.messages]
        languages = {_name(message): message.language for message in show.box.record.messages}
        at_least_once = await arrived(show, published.notice_id)

    assert reached.tally.moving == 0
    assert reached.tally.adults == published.adults
    assert at_least_once == reached.tally.know
    assert sorted(row[:3] for row in sent) == sorted(seen)
    assert {language for _, _, _, language in sent} >= {"fr", "ar", "tr"}
    for provider_id, _, _, language in sent:
        assert languages[provider_id] in (
            language,
            "fr",
            None,
        )  # an SMS says none; without a catalogue: French


async def test_how_to_sign_in_is_not_cut_at_eighty_columns(tmp_path: Path) -> None:
    said = StringIO()
    async with open_demo(tmp_path, pupils=10) as show:
        Console(file=said, width=80).print(*welcome(show), sep="\n", soft_wrap=True)
        page = str(show.hub.settings.public_url)

    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) < 80
    assert [line.split()[-1] for line in lines[1:4]] == [page, DIRECTOR, PASSWORD]


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
    said = ran.stderr + ran.stdout
    for adult in make_school().adults:
        for word in (adult.name, adult.mobile, adult.mailbox, adult.landline):
            assert word is None or word not in said
