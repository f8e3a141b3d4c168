"""Whole ways over the school's page in a real browser: what a teacher does in a minute, what a parent does on a bus."""

import asyncio
import re
from io import BytesIO
from pathlib import Path

import pytest
from factories import by_sms
from PIL import Image
from playwright.async_api import Page, expect
from test_browser import CHROMIUM, leave
from test_journeys import PHONE, TEACHER, Town, a_town

from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings

ODALYS = "+33639981001"
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def a_photo() -> bytes:
    """A photograph as a telephone takes it: lying on its side, with the place in it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (47.0, 54.0, 9.0)
    out = BytesIO()
    Image.new("RGB", (64, 32), "#8fb8c9").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def opens_the_page(town: Town, *, script: bool) -> Page:
    """A parent asks for a code, and opens the page with what arrived on the telephone."""
    context = await town._open(viewport=PHONE, java_script_enabled=script, locale="fr-FR")  # type: ignore[operator]  # Playwright's
    page = await context.new_page()
    await page.goto(f"{town.address}/famille")
    await page.get_by_label("Votre numéro de portable ou votre e-mail").fill("06 39 98 10 01")
    await page.get_by_role("button", name="Recevoir un code").click()
    await expect(page.get_by_label("Le code reçu")).to_be_visible()
    while not await town.small.rows("SELECT id FROM notice WHERE kind = 'code'"):  # noqa: ASYNC110 (it leaves after the answer)
        await asyncio.sleep(0)
    texts = [one.text for one in (await leave(town.small, Settings())).sent if one.to == ODALYS]
    digits = re.search(r"\d{3} ?\d{3}", next(text for text in texts if "code" in text))
    assert digits
    await page.get_by_label("Le code reçu").fill(digits[0])
    await page.get_by_role("button", name="Ouvrir ma page").click()
    return page


async def test_a_teacher_notes_a_day_and_gives_a_photo_to_sign_and_a_parent_ticks_and_signs(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    async with a_town(database, keyring, data_dir=tmp_path) as town:
        await town.small.family(by_sms(ODALYS, name="Odalys"), children=("Théodulie",))
        teacher = await town.enters(TEACHER)

        await teacher.goto(f"{town.address}/classe")
        await teacher.get_by_role("link", name=re.compile("Cahier")).first.click()
        await teacher.get_by_label("La matière").fill("Français")
        await teacher.locator('textarea[name="texte"]').fill("Relire l’album à voix haute.")
        await teacher.get_by_role("button", name="Noter", exact=True).click()
        await expect(teacher.get_by_text("0 sur 1")).to_be_visible()

        await teacher.goto(f"{town.address}/classe/documents/nouveau")
        await teacher.get_by_label("Titre").fill("Sortie au musée")
        await teacher.locator("#files").set_input_files(
            {"name": "IMG 2041.jpg", "mimeType": "image/jpeg", "buffer": a_photo()}
        )
        await teacher.get_by_role("checkbox", name="CP A").check()
        await teacher.locator('input[name="needs"][value="one"]').check()
        await teacher.get_by_role("button", name="Relire avant de donner").click()
        await expect(teacher.get_by_role("heading", level=1)).to_contain_text("1 adulte")
        await teacher.get_by_role("button", name="Donner ce document").click()
        await expect(teacher.get_by_role("heading", level=1)).to_contain_text("Sortie au musée")

        parent = await opens_the_page(town, script=False)
        await expect(parent.get_by_role("heading", level=1)).to_contain_text("vous attend")
        await parent.get_by_role("link", name=re.compile("Sortie au musée")).first.click()
        shown = await parent.locator("main img").first.get_attribute("src")
        photo = Image.open(BytesIO(await (await parent.context.request.get(f"{town.address}{shown}")).body()))
        assert photo.width < photo.height
        assert dict(photo.getexif()) == {}
        await parent.get_by_role("button", name="J’ai lu et je signe").click()
        await expect(parent.get_by_text("Votre signature est notée")).to_be_visible()
        await parent.goto(f"{town.address}/famille/devoirs")
        await parent.get_by_role("button", name=re.compile("Fait")).click()
        await expect(parent.get_by_role("heading", level=1)).to_contain_text("Tous les devoirs sont faits")

        await teacher.reload()
        await expect(teacher.locator("main")).to_contain_text("Odalys")
        await teacher.goto(f"{town.address}/classe")
        await teacher.get_by_role("link", name=re.compile("Cahier")).first.click()
        await expect(teacher.get_by_text("1 sur 1")).to_be_visible()


async def test_a_result_is_typed_by_the_keyboard_and_read_by_the_family_alone(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    async with a_town(database, keyring, data_dir=tmp_path) as town:
        await town.small.family(by_sms(ODALYS, name="Odalys"), children=("Théodulie",))
        await town.small.family(by_sms("+33639981002", name="Isaure"), children=("Ondine",))
        teacher = await town.enters(TEACHER)

        await teacher.goto(f"{town.address}/classe")
        await teacher.get_by_role("link", name=re.compile("Résultats")).first.click()
        await teacher.get_by_role("link", name="Évaluer la classe").click()
        await teacher.get_by_label("La matière").fill("Français")
        await teacher.get_by_label("Le titre").fill("Dictée de mots")
        await teacher.get_by_label("Quoi").first.fill("Écrire des mots")
        await teacher.get_by_role("button", name="Ouvrir la grille").click()
        await expect(teacher.locator("#grille")).to_be_visible()
        first = teacher.locator("#grille select").first
        await first.focus()
        await teacher.keyboard.press("3")
        await teacher.keyboard.press("Enter")
        await teacher.keyboard.press("1")
        await teacher.get_by_role("button", name=re.compile("Enregistrer")).click()
        await expect(teacher.get_by_role("heading", level=1)).to_contain_text("2 élèves notés sur 2")
        await teacher.get_by_role("link", name="Publier aux familles").click()
        await teacher.get_by_role("button", name="Montrer sans prévenir").click()

        parent = await opens_the_page(town, script=False)
        await parent.goto(f"{town.address}/famille/resultats")
        await expect(parent.locator("main")).to_contain_text("Dictée de mots")
        await expect(parent.locator("main")).not_to_contain_text("Ondine")
