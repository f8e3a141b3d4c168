"""One real browser, from the door to the board: a press, and the planks that change while one looks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from factories import NOW, SINCE, FakeChannel, SmallSchool, a_school, by_sms
from playwright.async_api import Error, Page, Route, async_playwright, expect

from hub.database import Database
from hub.models.notices import AttemptState
from hub.models.school import Role
from hub.notices.publish import Draft, publish
from hub.outbox.record import ReceiptIn, record_receipts
from hub.outbox.wordings import Wordings
from hub.people.staff import add_staff
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Slots
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


async def leave(small: SmallSchool, settings: Settings) -> FakeChannel:
    """Let everything that is due leave; gives the SMS."""
    wordings, sms = Wordings(settings, small.keyring, render), FakeChannel()
    drain = Drain(small.database, small.keyring, wordings, settings, {ChannelName.SMS: sms})
    for lane in Lane:
        await drain.drain(lane)
    await drain.idle()
    await drain.stop()
    return sms


async def arrived(small: SmallSchool, attempt_id: int) -> None:
    """The provider says that the handset has it."""
    async with small.database.engine() as connection:
        await record_receipts(connection, [ReceiptIn(attempt_id, AttemptState.DELIVERED, "delivered")], now=NOW)


@asynccontextmanager
async def a_director(house: House, small: SmallSchool) -> AsyncIterator[tuple[str, Page, list[str]]]:
    """A director who has just come in, before an empty sheet: the hub's address, the page, its complaints."""
    async with house.database.school(small.school.key) as session:
        await add_staff(
            session, house.keyring, small.school.key, email=EMAIL, role=Role.DIRECTOR, from_on=SINCE, password=PASSWORD
        )
    async with served(house) as address, a_browser() as (page, complaints):
        await page.goto(f"{address}/ecrire")
        await page.get_by_label("Votre adresse professionnelle").fill(EMAIL)
        await page.get_by_label("Votre mot de passe").fill(PASSWORD)
        await page.get_by_role("button", name="Entrer").click()
        yield address, page, complaints


async def read_over(page: Page, text: str) -> None:
    """Write an urgent notice to one class, and read it over."""
    await page.get_by_role("radio", name="urgent").check()
    await page.get_by_role("checkbox", name="CP A").check()
    await page.get_by_label("Avec vos mots").fill(text)
    await page.get_by_role("button", name="Relire avant d’envoyer").click()


HTMX_HAS_BEGUN = """new Promise(done => {
  const look = () => window.htmx && document.readyState !== "loading" ? setTimeout(done, 50) : setTimeout(look, 5);
  look();
})"""


async def held_back(route: Route) -> None:
    """Let the second script of the board come after the first has begun, as on a slow line."""
    await route.request.frame.evaluate(HTMX_HAS_BEGUN)
    await route.continue_()


async def fits(page: Page) -> bool:
    """Whether nothing stands beside the screen."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


with_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine (Debian: chromium)")
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@with_chromium
@on_one_database
async def test_a_press_is_followed_live_until_everybody_knows(database: Database, keyring: Keyring) -> None:
    settings = Settings(public_url=None)
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))

    async with a_director(House(settings, database, keyring), small) as (_, page, complaints):
        await page.route("**/hx-sse*", held_back)
        await read_over(page, "Ecole fermee ce matin.")
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


@with_chromium
@on_one_database
async def test_going_back_and_pressing_again_sends_nothing_twice(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada"))

    posted: list[str | None] = []

    async with a_director(House(Settings(public_url=None), database, keyring), small) as (address, page, _):
        page.on("request", lambda asked: posted.append(asked.post_data) if asked.method == "POST" else None)
        await read_over(page, "Ecole fermee ce matin.")
        await page.get_by_role("button", name="Prévenir 1 adulte").click()
        await page.wait_for_url("**/suivi/1")
        with pytest.raises(Error, match="ERR_CACHE_MISS"):  # nothing was kept: the browser asks whether to send again
            await page.go_back()
        await expect(page.get_by_text("ERR_CACHE_MISS")).to_be_attached()
        await page.reload()

        await expect(page).to_have_url(f"{address}/suivi/1")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("0 adulte sur 1 sait")
        assert [("step=press" in (words or "")) for words in posted].count(True) == 1
        assert posted[-1] == posted[0]  # what was read over was sent again, as the browser asked
        assert await small.rows("SELECT count(*) FROM notice") == [(1,)]


@with_chromium
@on_one_database
async def test_on_a_phone_the_reading_over_stands_before_the_sheet(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob", language="ar"))

    async with a_director(House(Settings(public_url=None), database, keyring), small) as (_, page, complaints):
        await page.set_viewport_size({"width": 390, "height": 844})
        await read_over(page, "Ecole fermee ce matin.")

        french, arabic = page.locator('.words[lang="fr"]'), page.locator('.words[lang="ar"][dir="rtl"]')
        await expect(french).to_contain_text("Ecole fermee ce matin.")
        await expect(french).to_be_in_viewport(ratio=1)
        await expect(arabic).to_contain_text("عاجل")
        await expect(arabic).to_be_in_viewport(ratio=1)
        press = await page.get_by_role("button", name="Prévenir 2 adultes").bounding_box()
        last = await arabic.bounding_box()
        assert press
        assert last
        assert last["y"] + last["height"] < press["y"]
        assert await fits(page)

        await page.set_viewport_size({"width": 1280, "height": 900})
        await expect(french).to_be_in_viewport(ratio=1)
        await expect(page.get_by_role("heading", name="L’avis")).to_be_in_viewport(ratio=1)
        assert complaints == []


@with_chromium
@on_one_database
@pytest.mark.parametrize(
    ("language", "direction", "names"),
    [
        ("fr", "ltr", ["Malade", "Une autre raison", "Devrait être à l’école"]),
        ("ar", "rtl", ["بسبب المرض", "سبب آخر", "من المفروض أن يكون في المدرسة"]),
    ],
)
async def test_an_absence_asks_one_question_with_three_answers_for_a_thumb(
    database: Database, keyring: Keyring, language: str, direction: str, names: list[str]
) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms("+33639981001", name="Ada", language=language), children=["Elif"])
    await small.write("UPDATE sender SET two_way = false")
    absent = Draft(
        kind=NoticeKind.ABSENCE, audience="school", slots=Slots(day=NOW.date(), half_day=HalfDay.MORNING), key="a"
    )
    async with database.school(small.school.key) as session:
        await publish(session, keyring, school=small.school, author_id=small.director, draft=absent, now=NOW)
    (sms,) = (await leave(small, Settings(public_url="https://hub.test"))).sent

    async with (
        served(House(Settings(public_url=None), database, keyring)) as address,
        a_browser() as (page, complaints),
    ):
        for width in (390, 320):
            await page.set_viewport_size({"width": width, "height": 844})
            await page.goto(f"{address}/l/{sms.link_code}")

            answers = page.locator("form.big > button")
            assert [(await each.inner_text()).strip() for each in await answers.all()] == names
            for each in await answers.all():
                await expect(each).to_be_in_viewport(ratio=1)
                box = await each.bounding_box()
                assert box
                assert box["height"] >= 72
            assert await page.locator("html").get_attribute("dir") == direction
            assert await page.get_by_role("textbox").count() == 0
            assert await fits(page)
        await answers.last.click()
        await expect(page.locator(".note.alert")).to_be_visible()

    assert await small.rows("SELECT kind, through FROM answer") == [("should_be_here", "page")]
    assert complaints == []
