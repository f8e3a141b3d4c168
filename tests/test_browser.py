"""One real browser, from the door to the board: a press, and the planks that change while one looks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from factories import NOW, SINCE, FakeChannel, SmallSchool, a_school, by_sms
from playwright.async_api import Page, async_playwright, expect

from hub.database import Database
from hub.models.notices import AttemptState
from hub.models.school import Role
from hub.outbox.record import ReceiptIn, record_receipts
from hub.outbox.wordings import Wordings
from hub.people.staff import add_staff
from hub.ports import ChannelName, Lane
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain
from web.app import create_app, web_server
from web.house import House

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EMAIL, PASSWORD = "direction@ecole.test", "trois ponts sur la Loire"


@asynccontextmanager
async def a_browser() -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of a real Chromium, and what it complains about."""
    complaints: list[str] = []
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        page = await browser.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield page, complaints
        finally:
            await browser.close()


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """Serve a house on a port of its own; gives its address."""
    server = web_server(create_app(house), host="127.0.0.1", port=0)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.wait({serving}, timeout=0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 5)


async def leave(small: SmallSchool, settings: Settings) -> None:
    """Let everything that is due leave."""
    wordings, sms = Wordings(settings, small.keyring, render), FakeChannel()
    drain = Drain(small.database, small.keyring, wordings, settings, {ChannelName.SMS: sms})
    for lane in Lane:
        await drain.drain(lane)
    await drain.idle()
    await drain.stop()


async def arrived(small: SmallSchool, attempt_id: int) -> None:
    """The provider says that the handset has it."""
    async with small.database.engine() as connection:
        await record_receipts(connection, [ReceiptIn(attempt_id, AttemptState.DELIVERED, "delivered")], now=NOW)


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine (Debian: chromium)")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_press_is_followed_live_until_everybody_knows(database: Database, keyring: Keyring) -> None:
    settings = Settings(public_url=None)
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    async with database.school(small.school.key) as session:
        await add_staff(
            session, keyring, small.school.key, email=EMAIL, role=Role.DIRECTOR, from_on=SINCE, password=PASSWORD
        )

    async with served(House(settings, database, keyring)) as address, a_browser() as (page, complaints):
        await page.goto(f"{address}/ecrire")
        await page.get_by_label("Votre adresse professionnelle").fill(EMAIL)
        await page.get_by_label("Votre mot de passe").fill(PASSWORD)
        await page.get_by_role("button", name="Entrer").click()

        await page.get_by_role("radio", name="urgent").check()
        await page.get_by_role("checkbox", name="CP A").check()
        await page.get_by_label("Avec vos mots").fill("Ecole fermee ce matin.")
        await page.get_by_role("button", name="Relire avant d’envoyer").click()
        await page.get_by_role("button", name="Prévenir 2 adultes").click()

        sentence = page.get_by_role("heading", level=1)
        await expect(sentence).to_contain_text("0 adulte sur 2 sait")
        await leave(small, settings)
        await arrived(small, 1)
        await expect(sentence).to_contain_text("1 adulte sur 2 sait")
        await arrived(small, 2)
        await expect(sentence).to_contain_text("Les 2 adultes savent")
        await expect(page.get_by_text("Terminé à 7 h 12")).to_be_visible()

        assert complaints == []
