"""Whole ways through the house in a real browser: from signing in to a board that has reached its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from factories import SINCE, SmallSchool, a_school, by_mail, by_sms
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from test_browser import CHROMIUM, QUIET, arrived, leave, served

from hub.database import Database
from hub.models.school import Role
from hub.people.staff import add_staff
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

PASSWORD = "trois ponts sur la Loire"
DIRECTOR, SECOND, TEACHER = "direction@ecole.test", "adjointe@ecole.test", "maitre@ecole.test"
PHONE = {"width": 390, "height": 844}
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


class Town:
    """A served school with a director, a second one and a teacher, each with a browser of their own."""

    def __init__(self, small: SmallSchool, address: str, open_browser: object) -> None:
        self.small, self.address, self._open = small, address, open_browser

    async def enters(self, email: str) -> Page:
        """Sign in by the keyboard alone."""
        context: BrowserContext = await self._open(viewport=PHONE)  # type: ignore[operator]  # Playwright's new_context
        page = await context.new_page()
        await page.goto(f"{self.address}/entrer")
        await page.get_by_label("Votre adresse professionnelle").focus()
        await page.keyboard.type(email)
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Sortir")).to_be_visible()
        await self.small.write("UPDATE staff_session SET second_at = created_at")  # as if with a second factor
        return page

    async def everything_arrives(self) -> None:
        sms = await leave(self.small, Settings())
        for message in sms.sent:
            await arrived(self.small, message.attempt_id)


@asynccontextmanager
async def a_town(database: Database, keyring: Keyring, **settings: object) -> AsyncIterator[Town]:
    small = await a_school(database, keyring)
    async with database.school(small.school.key) as session:
        for email, role, classes in (
            (DIRECTOR, Role.DIRECTOR, ()),
            (SECOND, Role.DIRECTOR, ()),
            (TEACHER, Role.TEACHER, ("CP A",)),
        ):
            await add_staff(
                session,
                keyring,
                small.school.key,
                email=email,
                role=role,
                name=email.partition("@")[0],
                classes=classes,
                password=PASSWORD,
                from_on=SINCE,
            )
    house = House(Settings(**{"public_url": None, **settings}), database, keyring)
    async with served(house) as address, async_playwright() as player:
        browser = await player.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        try:
            yield Town(small, address, browser.new_context)
        finally:
            await browser.close()


async def test_a_director_closes_the_school_and_sees_that_everyone_knows(database: Database, keyring: Keyring) -> None:
    async with a_town(database, keyring) as town:
        await town.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Nour", language="ar"))
        page = await town.enters(DIRECTOR)

        await page.get_by_role("link", name="Écrire", exact=True).click()
        await page.get_by_role("radio", name="urgent").check()
        await page.get_by_role("checkbox", name="toute l’école").check()
        await page.get_by_role("radio", name="école fermée").check()
        await page.get_by_label("À quel moment").select_option("morning")
        await page.get_by_role("button", name="Relire avant d’envoyer").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Cet avis part à 2 adultes sur 2")
        await page.get_by_label("Par les yeux de").select_option(label="Capucine, CP A : Nour Exemple, en arabe")
        await page.get_by_role("button", name="Montrer").click()
        await expect(page.locator(".bubble [lang=ar]")).to_contain_text("Trois-Ponts")
        await page.get_by_role("button", name="Prévenir 2 adultes").click()
        await expect(page.get_by_text("En direct")).to_be_visible()
        await town.everything_arrives()

        await expect(page.get_by_role("heading", level=1)).to_contain_text("Les 2 adultes savent")
        await expect(page.get_by_text("Terminé à")).to_be_visible()


async def test_a_teacher_writes_to_the_class_and_calls_who_could_not_be_reached(
    database: Database, keyring: Keyring
) -> None:
    async with a_town(database, keyring) as town:
        await town.small.family(by_sms("+33639981001", name="Ada"))
        await town.small.family(by_mail("bob@familles.test", name="Bob"), children=["Sami"])
        await town.small.write("UPDATE address SET state = 'dead' WHERE medium = 'mailbox'")
        page = await town.enters(TEACHER)

        await page.get_by_role("link", name="Écrire", exact=True).click()
        await page.get_by_role("checkbox", name="CP A").check()
        await page.get_by_label("Avec vos mots").fill("Piscine jeudi : maillot et bonnet.")
        await page.get_by_role("button", name="Relire avant d’envoyer").click()
        await expect(page.get_by_text("Cette boîte n’existe pas.")).to_be_visible()
        await page.get_by_role("button", name="Prévenir 2 adultes").click()
        await town.everything_arrives()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("1 adulte sur 2 sait")
        await town.small.write(
            "INSERT INTO contact_point (school_id, guardian_id, address_id, channel, position) "
            "SELECT school_id, 2, 1, 'voice', 9 FROM guardian WHERE id = 2"
        )
        await page.reload()
        await page.get_by_role("button", name="Appeler Bob Exemple").click()
        await page.get_by_role("button", name="Joint : Bob Exemple").click()

        await expect(page.get_by_role("heading", level=1)).to_contain_text("Les 2 adultes savent")


async def test_two_directors_press_at_once_and_each_family_is_told_once(database: Database, keyring: Keyring) -> None:
    async with a_town(database, keyring) as town:
        await town.small.family(by_sms("+33639981001"), by_mail())
        pages = [await town.enters(DIRECTOR), await town.enters(SECOND)]
        for page in pages:
            await page.get_by_role("link", name="Alerte", exact=True).click()
            await page.get_by_role("button", name="Enfants à l’abri", exact=True).click()

        await asyncio.gather(*(page.get_by_role("button", name="Prévenir 2 adultes").click() for page in pages))
        for page in pages:
            await expect(page.get_by_text("En direct")).to_be_visible()
        sms = await leave(town.small, Settings())

        assert {page.url.rpartition("/")[2] for page in pages} == {"1"}
        assert await town.small.rows("SELECT count(*), min(state) FROM notice") == [(1, "published")]
        assert len(sms.sent) == 1


async def test_a_press_with_the_network_gone_loses_nothing_and_sends_nothing_twice(
    database: Database, keyring: Keyring
) -> None:
    async with a_town(database, keyring) as town:
        await town.small.family(by_sms("+33639981001"))
        page = await town.enters(DIRECTOR)
        await page.get_by_role("link", name="Écrire", exact=True).click()
        await page.get_by_role("checkbox", name="CP A").check()
        await page.get_by_label("Avec vos mots").fill("Piscine jeudi.")
        await page.get_by_role("button", name="Relire avant d’envoyer").click()
        press = page.get_by_role("button", name="Prévenir 1 adulte")
        await expect(press).to_be_visible()

        await page.context.set_offline(True)
        await press.click()
        await expect(page.get_by_text("Pas de réseau : rien n’est parti.")).to_be_visible()
        await expect(page.get_by_label("Avec vos mots")).to_have_value("Piscine jeudi.")
        assert await town.small.rows("SELECT count(*) FROM notice") == [(0,)]
        await page.context.set_offline(False)
        await expect(page.get_by_text("Pas de réseau")).to_be_hidden()
        await press.click()
        await expect(page).to_have_url(f"{town.address}/suivi/1")

        assert await town.small.rows("SELECT count(*) FROM notice") == [(1,)]


async def test_the_answer_to_a_press_that_is_lost_on_the_way_is_found_again(
    database: Database, keyring: Keyring
) -> None:
    async with a_town(database, keyring) as town:
        await town.small.family(by_sms("+33639981001"))
        page = await town.enters(DIRECTOR)
        await page.get_by_role("link", name="Écrire", exact=True).click()
        await page.get_by_role("checkbox", name="CP A").check()
        await page.get_by_label("Avec vos mots").fill("Piscine jeudi.")
        await page.get_by_role("button", name="Relire avant d’envoyer").click()
        await expect(page.get_by_role("button", name="Prévenir 1 adulte")).to_be_visible()

        async def lost(route: object) -> None:
            await route.fetch(max_redirects=0)  # type: ignore[attr-defined]  # Playwright's Route
            await route.abort("connectionreset")  # type: ignore[attr-defined]  # Playwright's Route

        await page.route("**/ecrire", lost, times=1)
        await page.get_by_role("button", name="Prévenir 1 adulte").click()
        await page.wait_for_url("chrome-error://**")
        assert await town.small.rows("SELECT count(*) FROM notice") == [(1,)]
        await page.reload()
        await expect(page).to_have_url(f"{town.address}/suivi/1")

        assert await town.small.rows("SELECT count(*) FROM notice") == [(1,)]


async def test_own_words_to_everybody_are_stopped_in_time(database: Database, keyring: Keyring) -> None:
    async with a_town(database, keyring) as town:
        await town.small.family(by_sms("+33639981001"))
        page = await town.enters(DIRECTOR)
        await page.get_by_role("link", name="Écrire", exact=True).click()
        await page.get_by_role("checkbox", name="toute l’école").check()
        await page.get_by_label("Avec vos mots").fill("Ecole fermee, ou non.")
        await page.get_by_role("button", name="Relire avant d’envoyer").click()
        await page.get_by_role("button", name="Prévenir 1 adulte").click()
        await expect(page.get_by_text("Une seconde personne peut le laisser partir.")).to_be_visible()

        await page.get_by_role("button", name="Arrêter", exact=True).click()

        await expect(page.get_by_role("heading", level=1)).to_contain_text("Avis arrêté : personne ne l’avait reçu")
        sms = await leave(town.small, Settings())
        assert sms.sent == []
