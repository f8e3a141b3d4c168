"""The roll in a real Chromium: one thumb, no network, a session that ends meanwhile; the school has each roll once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from desks import TEACHER, a_staffed_school
from factories import NOW, SmallSchool, by_sms
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from test_browser import CHROMIUM, PASSWORD, QUIET, fits, on_one_database, served, with_chromium

from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

pytestmark = [with_chromium, on_one_database]


@dataclass
class Tablet:
    """A teacher's tablet in class, the school behind it, and what the browser complains about."""

    small: SmallSchool
    address: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def roll(self) -> str:
        """Where the roll of this morning is."""
        return f"{self.address}/presences/{self.small.classes['CP A']}?demi=matin"

    async def enter(self, page: Page | None = None) -> None:
        """Come in at the door where one stands."""
        at = page or self.page
        await at.get_by_label("Votre adresse professionnelle").fill(TEACHER)
        await at.get_by_label("Votre mot de passe").fill(PASSWORD)
        await at.get_by_role("button", name="Entrer").click()

    async def open(self) -> None:
        """Open the roll, and wait until this browser has kept it."""
        await self.page.goto(self.roll)
        await self.enter()
        await self.page.wait_for_url(self.roll)
        await self.page.locator("body[data-kept]").wait_for()

    async def touch(self, *names: str) -> None:
        """Touch a child's name."""
        for name in names:
            await self.page.locator(".pupil .name", has_text=name).click()

    async def finish(self) -> None:
        """Press that the roll is whole."""
        await self.page.get_by_role("button", name="Valider l’appel du matin").click()

    async def take_away(self, *names: str) -> None:
        """Take a roll without a network."""
        await self.context.set_offline(True)
        await self.touch(*names)
        await self.finish()
        await expect(self.page.get_by_text("pas encore envoyé")).to_be_visible()

    async def clock(self, minutes: int) -> None:
        """Put the tablet's clock forward, or back."""
        await self.page.evaluate(
            "minutes => { const now = Date.now; Date.now = () => now() + minutes * 60000; }", minutes
        )

    async def sync(self) -> None:
        """Let the browser wake the roll's worker, as it does when the network is back, and wait until it has sent."""
        heard = "sent = new Promise(done => navigator.serviceWorker.addEventListener('message', done))"
        await self.page.evaluate(f"() => {{ window.{heard} }}")
        devtools = await self.context.new_cdp_session(self.page)
        known = asyncio.get_running_loop().create_future()
        devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: known.done() or known.set_result(told))
        await devtools.send("ServiceWorker.enable")
        (worker,) = (await known)["registrations"]
        woken = {
            "origin": self.address,
            "registrationId": worker["registrationId"],
            "tag": "appel",
            "lastChance": False,
        }
        await devtools.send("ServiceWorker.dispatchSyncEvent", woken)
        async with asyncio.timeout(10):
            assert await self.page.evaluate("sent.then(({ data }) => data)") == "sent"

    async def marks(self) -> list[tuple[int, str]]:
        """Read what the school has written down."""
        return await self.small.rows("SELECT pupil_id, mark FROM roll_mark ORDER BY pupil_id")

    async def kept(self) -> list[str]:
        """Name what this browser keeps of ours."""
        asked = (
            "caches.open('appel').then(store => store.keys()).then(all => all.map(one => new URL(one.url).pathname))"
        )
        return sorted(await self.page.evaluate(asked))


@asynccontextmanager
async def a_tablet(database: Database, keyring: Keyring, hashed: str, **more: object) -> AsyncIterator[Tablet]:
    """A tablet that nobody has signed in on yet, before a class of three."""
    small = await a_staffed_school(database, keyring, hashed)
    await small.family(by_sms("+33639987001"), children=("Capucine", "Oona", "Sami"))
    async with (
        served(House(Settings(public_url=None), database, keyring)) as address,
        async_playwright() as player,
    ):
        browser = await player.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        context = await browser.new_context(viewport={"width": 390, "height": 844}, **more)  # type: ignore[arg-type]  # of a context
        context.set_default_timeout(10_000)
        page = await context.new_page()
        tablet = Tablet(small, address, context, page)
        page.on("console", lambda said: tablet.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: tablet.complaints.append(str(error)))
        try:
            yield tablet
        finally:
            await browser.close()


async def test_one_touch_is_absent_two_are_late_three_are_there(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        page, bar = tablet.page, tablet.page.locator("#compte")
        await expect(page.get_by_role("button", name="Tous présents")).to_be_visible()

        await tablet.touch("Capucine", "Sami", "Sami", "Oona", "Oona", "Oona")

        await expect(bar).to_have_text("1 présent1 absent1 en retard")
        assert await fits(page)
        rows = [await row.bounding_box() for row in await page.locator(".pupil").all()]
        assert min(row["height"] for row in rows if row) >= 56
        await tablet.finish()
        await expect(page.get_by_text("1 alerte partira à 7 h 22.")).to_be_visible()
        assert await tablet.marks() == [(1, "absent"), (3, "late")]
        assert tablet.complaints == []


async def test_a_roll_taken_without_a_network_reaches_the_school_once(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        page = tablet.page
        await tablet.context.set_offline(True)

        await page.goto(tablet.roll)  # the tablet was asleep: the page comes from what is kept
        await tablet.take_away("Capucine")
        await page.goto(tablet.roll)
        await expect(page.locator(".pupil", has_text="Capucine").get_by_label("absent")).to_be_checked()
        assert await tablet.marks() == []

        await tablet.context.set_offline(False)
        await expect(page.get_by_text("pas encore envoyé")).to_be_hidden()
        await expect(page.get_by_text("envoyé. Voir ce qui en est sorti")).to_be_visible()
        await page.reload()

        assert await tablet.marks() == [(1, "absent")]
        counts = [await tablet.small.rows(f"SELECT count(*) FROM {table}") for table in ("roll", "absence", "notice")]  # noqa: S608 (tables of ours)
        assert counts == [[(1,)], [(1,)], [(1,)]]
        await expect(page.locator("#attente")).to_be_hidden()


async def test_a_roll_is_sent_when_the_network_is_back_although_no_roll_is_open(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        await tablet.take_away("Capucine")
        await tablet.page.goto("about:blank")
        await tablet.context.set_offline(False)
        await tablet.page.goto(f"{tablet.address}/absences")

        await tablet.sync()  # the browser may have thought of it by itself before

        assert await tablet.marks() == [(1, "absent")]
        await tablet.page.goto(tablet.roll)
        await expect(tablet.page.get_by_text("envoyé. Voir ce qui en est sorti")).to_be_visible()


async def test_a_tablet_whose_clock_is_put_right_meanwhile_says_how_old_its_roll_is(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        await tablet.take_away("Capucine")
        await tablet.clock(minutes=30 * 24 * 60)
        await tablet.context.set_offline(False)
        await expect(tablet.page.get_by_text("envoyé. Voir ce qui en est sorti")).to_be_visible()
        assert await tablet.small.rows("SELECT audience FROM notice") == [("pupil:1",)]

        await tablet.page.reload()
        await tablet.take_away("Sami")
        await tablet.clock(minutes=-180)
        tablet.small.database._clock = lambda: NOW + timedelta(minutes=40)
        await tablet.context.set_offline(False)
        await tablet.page.get_by_role("link", name="Voir ce qui en est sorti").click()

        await expect(tablet.page.get_by_text("Il est arrivé trop tard pour alerter sans vous demander")).to_be_visible()
        assert await tablet.small.rows("SELECT audience FROM notice") == [("pupil:1",)]


async def test_a_session_that_ended_meanwhile_loses_no_roll(database: Database, keyring: Keyring, hashed: str) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        page = tablet.page
        await tablet.small.write("DELETE FROM staff_session")
        await tablet.touch("Capucine")
        await tablet.finish()
        await expect(page.get_by_text("la session de qui l’a pris est finie")).to_be_visible()
        assert await tablet.marks() == []

        await page.get_by_role("link", name="entrez").click()
        await expect(page.get_by_text("Un appel pris sur cet appareil attend")).to_be_visible()
        await tablet.enter()

        await expect(page.get_by_text("envoyé. Voir ce qui en est sorti")).to_be_visible()
        assert await tablet.marks() == [(1, "absent")]


async def test_the_roll_of_one_is_not_sent_in_the_name_of_another(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        page = tablet.page
        await tablet.touch("Capucine")
        await tablet.small.write("DELETE FROM staff_session")
        await tablet.finish()
        await page.get_by_role("link", name="entrez").click()
        await page.get_by_label("Votre adresse professionnelle").fill("direction@ecole.test")
        await page.get_by_label("Votre mot de passe").fill(PASSWORD)
        await page.get_by_role("button", name="Entrer").click()

        await page.wait_for_url("**/presences")
        await expect(page.get_by_text("pas encore envoyé")).to_be_visible()
        assert await tablet.marks() == []


async def test_a_roll_of_a_class_that_is_no_longer_ones_own_is_shown_as_refused(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        page = tablet.page
        await tablet.small.write(
            "UPDATE staff_right SET class_id = :other WHERE class_id = :mine",
            other=tablet.small.classes["CE1 B"],
            mine=tablet.small.classes["CP A"],
        )
        await tablet.touch("Capucine")
        await tablet.finish()

        await expect(page.get_by_text("l’école ne l’a pas pris")).to_be_visible()
        assert await tablet.marks() == []
        await page.get_by_role("button", name="Ne plus garder").click()
        await expect(page.locator("#attente")).to_be_hidden()


async def test_only_the_rolls_and_their_look_are_kept_and_nothing_after_signing_out(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        page = tablet.page
        await page.goto(f"{tablet.address}/absences")
        await page.goto(f"{tablet.address}/familles")
        kept = [path for path in await tablet.kept() if not path.startswith("/static/")]
        assert set(kept) == {f"/presences/{tablet.small.classes['CP A']}"}

        await page.get_by_role("button", name="Sortir").click()
        await page.wait_for_url("**/entrer")
        await expect(page.get_by_role("button", name="Entrer")).to_be_visible()
        await page.wait_for_function("caches.has('appel').then(there => !there)")
        await tablet.context.set_offline(True)
        away = await page.goto(tablet.roll)

        assert away
        assert away.status == 503
        assert "Capucine" not in await page.content()


async def test_a_roll_is_taken_with_plain_buttons_where_scripts_do_not_run(
    database: Database, keyring: Keyring, hashed: str
) -> None:
    async with a_tablet(database, keyring, hashed, java_script_enabled=False) as tablet:
        page = tablet.page
        await page.goto(tablet.roll)
        await tablet.enter()
        await page.locator(".pupil", has_text="Oona").get_by_label("absent").check()
        await tablet.finish()

        await expect(page.get_by_text("1 alerte partira à 7 h 22.")).to_be_visible()
        assert await tablet.marks() == [(2, "absent")]


async def test_the_roll_fits_a_phone_a_tablet_and_a_desk(database: Database, keyring: Keyring, hashed: str) -> None:
    async with a_tablet(database, keyring, hashed) as tablet:
        await tablet.open()
        for width in (320, 768, 1280):
            await tablet.page.set_viewport_size({"width": width, "height": 800})

            assert await fits(tablet.page)
            press = tablet.page.get_by_role("button", name="Tous présents")
            await expect(press).to_be_in_viewport(ratio=1)
