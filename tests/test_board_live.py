"""The board in a real browser: it stays whole under a finger, says when the line is lost, and comes back by itself."""

import asyncio
import os
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket

from factories import NOW, SINCE, Adult, SmallSchool, a_school, by_sms
from playwright.async_api import Page, expect
from test_browser import EMAIL, PASSWORD, a_browser, a_director, fits, on_one_database, with_chromium

from hub.database import Database
from hub.models.school import Role
from hub.notices.publish import Draft, publish
from hub.people.staff import add_staff
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

HOUSE = Path(__file__).resolve().parent.parent
COLLEAGUE = "secretariat@ecole.test"


async def _pressed(small: SmallSchool) -> None:
    async with small.database.school(small.school.key) as session:
        draft = Draft(kind=NoticeKind.URGENT, audience="class:CP A", slots=Slots(text="École fermée."))
        await publish(session, small.keyring, school=small.school, author_id=small.director, draft=draft, now=NOW)


async def _called(small: SmallSchool, *ids: int) -> None:
    """Let every way have failed for these adults."""
    for number in ids:
        await small.write("UPDATE delivery SET state = 'to_call', rung = 0 WHERE guardian_id = :id", id=number)
        await small.write(
            "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
            "SELECT school_id, id, state_at, state_at FROM delivery WHERE guardian_id = :id",
            id=number,
        )


async def _knows(small: SmallSchool, *ids: int) -> None:
    for number in ids:
        await small.write(
            "UPDATE delivery SET state = 'acknowledged' WHERE guardian_id = :id",
            id=number,
        )
        await small.write(
            "UPDATE call_task SET done_at = opened_at WHERE delivery_id IN "
            "(SELECT id FROM delivery WHERE guardian_id = :id)",
            id=number,
        )


async def _open(page: Page, address: str) -> None:
    """Look at the board of the first notice, until it is live."""
    await page.wait_for_url("**/ecrire*")
    await page.goto(f"{address}/suivi/1")
    await expect(page.locator("#etat")).to_contain_text("En direct")


@with_chromium
@on_one_database
async def test_what_one_has_in_hand_stays_there_while_the_board_changes(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"), children=["Elif"])
    await small.family(by_sms("+33639981003", name="Cyd"), Adult(name="Dan"), Adult(name="Eve"), children=["Sami"])
    await _pressed(small)
    await _called(small, 1)

    async with a_director(House(Settings(public_url=None), database, keyring), small) as (address, page, complaints):
        await _open(page, address)
        held = page.get_by_role("button", name="Appeler Ada Exemple")
        await held.focus()
        await page.evaluate("window.held = document.activeElement")
        await page.get_by_text("Les chiffres en tableau").evaluate("summary => { summary.parentElement.open = true }")

        await _called(small, 3)  # comes before her
        await _knows(small, 2)
        await expect(page.get_by_role("button", name="Appeler Cyd Exemple")).to_be_visible()
        await _knows(small, 4)  # goes
        await expect(page.get_by_text("2 adultes sur 5 savent")).to_be_visible()

        assert await page.evaluate("window.held === document.activeElement && window.held.isConnected")
        assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "Appeler Ada Exemple"
        assert await page.locator("main details").evaluate("details => details.open")
        assert complaints == []


@with_chromium
@on_one_database
async def test_nothing_moves_under_a_finger(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    await _pressed(small)

    async with a_director(House(Settings(public_url=None), database, keyring), small) as (address, page, _):
        await _open(page, address)
        await page.evaluate("""() => {
          const board = document.getElementById("vif");
          window.waited = new Promise(done => {
            let came;
            board.addEventListener("htmx:sse:before:message", () => { came = performance.now(); });
            board.addEventListener("htmx:sse:after:message", () => done(performance.now() - came));
          });
          const moving = setInterval(() => dispatchEvent(new PointerEvent("pointermove")), 50);
          setTimeout(() => clearInterval(moving), 1500 + 1000);
        }""")
        await _knows(small, 1)

        assert 600 <= await page.evaluate("window.waited") <= 4000
        await expect(page.get_by_role("heading", level=1)).to_contain_text("1 adulte sur 2 sait")


@with_chromium
@on_one_database
async def test_a_call_taken_on_one_board_shows_on_the_other_and_is_not_taken_twice(
    database: Database, keyring: Keyring
) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981002", name="Ada"), by_sms("+33639981003", name="Bob"))
    await _pressed(small)
    await _called(small, 1)
    async with database.school(small.school.key) as session:
        await add_staff(
            session,
            keyring,
            small.school.key,
            email=COLLEAGUE,
            role=Role.OFFICE,
            from_on=SINCE,
            password=PASSWORD,
            name="M. Secrétaire",
        )

    async with (
        a_director(House(Settings(public_url=None), database, keyring), small) as (address, director, complaints),
        a_browser() as (office, others),
    ):
        await _open(director, address)
        await office.goto(f"{address}/ecrire")
        await office.get_by_label("Votre adresse professionnelle").fill(COLLEAGUE)
        await office.get_by_label("Votre mot de passe").fill(PASSWORD)
        await office.get_by_role("button", name="Entrer").click()
        await _open(office, address)

        await office.get_by_role("button", name="Appeler Ada Exemple").click()
        await expect(office).to_have_url(f"{address}/suivi/1#reste-1")
        number = office.get_by_role("link", name="Appeler Ada Exemple au 06 39 98 10 02")
        await expect(number).to_have_attribute("href", "tel:+33639981002")
        await expect(office.get_by_text("En direct")).to_be_visible()
        await expect(number).to_be_in_viewport()

        await expect(director.get_by_text("M. Secrétaire appelle depuis 7 h 12")).to_be_visible()
        await expect(director.get_by_text("06 39 98 •• 02")).to_be_visible()
        assert await director.get_by_role("button", name="Appeler Ada Exemple").count() == 0
        assert "981002" not in await director.content()

        await office.get_by_role("button", name="Joint : Ada Exemple").click()
        await expect(office).to_have_url(f"{address}/suivi/1#appeler")
        await expect(director.get_by_role("heading", level=1)).to_contain_text("1 adulte sur 2 sait")
        assert complaints + others == []


@with_chromium
@on_one_database
async def test_the_printed_board_is_the_call_sheet(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981002", name="Ada"), by_sms("+33639981003", name="Bob"))
    await _pressed(small)
    await _called(small, 1, 2)

    async with a_director(House(Settings(public_url=None), database, keyring), small) as (address, page, complaints):
        await _open(page, address)
        await page.get_by_role("button", name="Appeler Bob Exemple").click()
        await expect(page.get_by_role("link", name="Appeler Bob")).to_be_visible()
        await expect(page.get_by_role("button", name="Imprimer la liste d’appel")).to_be_visible()
        await page.emulate_media(media="print")

        lines = page.locator("li.person")
        await expect(lines).to_have_count(2)
        assert [" ".join((await line.locator(".acts").inner_text()).split()) for line in await lines.all()] == [
            "06 39 98 •• 02 ☐ Joint ☐ Sans réponse",
            "06 39 98 10 03 ☐ Joint ☐ Sans réponse",
        ]
        await expect(page.get_by_text("Les numéros sont masqués")).to_be_visible()
        for button in await page.get_by_role("button").all():
            await expect(button).to_be_hidden()
        ground = "element => getComputedStyle(element).backgroundColor"
        assert await page.locator("header.top").evaluate(ground) == "rgb(255, 255, 255)"
        assert complaints == []


@with_chromium
@on_one_database
async def test_the_board_fits_every_screen_in_both_themes_and_with_text_twice_as_large(
    database: Database, keyring: Keyring
) -> None:
    small = await a_school(database, keyring)
    await small.family(
        by_sms("+33639981002", name="Marie-Apolline-Éléonore-Philomène"),
        by_sms("+33639981003", name="Bob", language="uk"),
        children=["Maximilien-Alexandre"],
    )
    await _pressed(small)
    await _called(small, 1, 2)

    async with a_director(House(Settings(public_url=None), database, keyring), small) as (address, page, complaints):
        await _open(page, address)
        await page.get_by_role("button", name="Appeler Bob Exemple").click()
        await expect(page.get_by_role("link", name="Appeler Bob")).to_be_visible()
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            for width in (320, 390, 768, 1280):
                await page.set_viewport_size({"width": width, "height": 800})
                assert await fits(page), (theme, width)
        for width in (320, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
            assert await fits(page), f"200 % at {width}"
        for act in await page.locator(".acts .btn").all():
            box = await act.bounding_box()
            assert box
            assert box["height"] >= 44
        assert complaints == []


@asynccontextmanager
async def _a_process(url: str, port: int, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Serve from a process of its own, which dies without a word at the end."""
    settings = {
        "PASSERELLE_DATABASE_URL": url,
        "PASSERELLE_DATA_DIR": str(folder),
        "PASSERELLE_TWILIO_URL": "http://127.0.0.1:1",
        "PASSERELLE_MASTER_KEYS": f"1:{b64encode(b'k' * 32).decode()}",
        "PASSERELLE_LISTEN": f"127.0.0.1:{port}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from cli.main import run; run()",
        "serve",
        cwd=HOUSE,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while not await _answers(port):
                assert process.returncode is None
                await asyncio.wait({asyncio.create_task(process.wait())}, timeout=0.1)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _a_free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@with_chromium
@on_one_database
async def test_a_board_open_through_a_restart_says_so_and_reaches_its_end(
    database: Database, database_url: str, keyring: Keyring, tmp_path: Path
) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    await _pressed(small)
    await small.write("UPDATE attempt SET look_at = NULL")  # nothing leaves by itself: there is no provider here
    async with database.school(small.school.key) as session:
        await add_staff(
            session, keyring, small.school.key, email=EMAIL, role=Role.DIRECTOR, from_on=SINCE, password=PASSWORD
        )
    port = _a_free_port()
    address = f"http://127.0.0.1:{port}"

    async with a_browser() as (page, _):
        async with _a_process(database_url, port, tmp_path):
            await page.goto(f"{address}/ecrire")
            await page.get_by_label("Votre adresse professionnelle").fill(EMAIL)
            await page.get_by_label("Votre mot de passe").fill(PASSWORD)
            await page.get_by_role("button", name="Entrer").click()
            await _open(page, address)
        state, sentence = page.locator("#etat"), page.get_by_role("heading", level=1)
        await expect(state).to_contain_text("Hors ligne depuis", timeout=10_000)
        await expect(state).to_contain_text("dernier état connu")
        await expect(page.locator("#ligne")).to_contain_text("Hors ligne depuis")
        await expect(sentence).to_contain_text("0 adulte sur 2 sait")
        await _knows(small, 1)

        async with _a_process(database_url, port, tmp_path):
            await expect(sentence).to_contain_text("1 adulte sur 2 sait", timeout=15_000)
            await expect(state).to_contain_text("En direct")
            await expect(page.locator("#ligne")).to_have_text("De nouveau en direct")
            await _knows(small, 2)
            await expect(sentence).to_contain_text("Les 2 adultes savent")
            await expect(state).to_contain_text("Terminé à")
        await expect(state).to_contain_text("Terminé à")
