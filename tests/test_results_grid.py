"""The grid of an assessment in a real browser: a class is judged without leaving the keyboard."""

from desks import EMAIL, PASSWORD, a_staffed_school, on_one_database
from factories import by_sms
from gradebook import Gradebook
from playwright.async_api import expect
from test_browser import a_browser, served, with_chromium

from hub.classroom.results_sheets import Column
from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House


@with_chromium
@on_one_database
async def test_a_class_is_judged_with_the_keyboard_alone(database: Database, keyring: Keyring, hashed: str) -> None:
    small = await a_staffed_school(database, keyring, hashed)
    await small.family(by_sms(name="Ada"), children=["Lina", "Sami", "Zoe"])
    book = Gradebook(small)
    assessment_id = await book.begin("Accorder", Column("Dictée", 20))
    level, mark = [item.item_id for item in (await book.grid(assessment_id)).sheet.items]
    house = House(Settings(public_url=None), database, keyring)
    async with served(house) as address, a_browser() as (page, complaints):
        await page.goto(f"{address}/classe/resultats/{assessment_id}")
        await page.get_by_label("Votre adresse professionnelle").fill(EMAIL)
        await page.get_by_label("Votre mot de passe").fill(PASSWORD)
        await page.get_by_role("button", name="Entrer").click()
        press = page.keyboard.press
        await page.get_by_role("combobox", name="Exemple Lina Accorder").focus()

        for key in ("3", "Enter", "1", "ArrowDown", "a", "ArrowUp", "Backspace", "4"):
            await press(key)
        await press("ArrowRight")  # the mark of Sami
        await page.keyboard.type("14,5")
        await press("ArrowUp")
        await press("a")
        await press("Shift+Enter")  # there is nothing above
        await press("ArrowRight")
        await page.keyboard.type("Bravo 3 a")
        for key in ("ArrowLeft", "ArrowLeft", "Delete"):
            await press(key)
        await expect(page.get_by_role("textbox", name="Exemple Lina Commentaire")).to_be_focused()
        await page.get_by_role("button", name="Enregistrer la grille").focus()
        await press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("C’est enregistré : 6 cases.")
        kept = await small.rows("SELECT item_id, pupil_id, level, mark, absent FROM result ORDER BY 2, 1")

        assert complaints == []
    assert kept == [
        (level, 1, "reached", None, 0),
        (mark, 1, None, None, 1),
        (level, 2, "exceeded", None, 0),
        (mark, 2, None, 1450, 0),
        (level, 3, None, None, 1),
    ]
    assert (await book.grid(assessment_id)).lines[0].words == "Bravo 3a"
