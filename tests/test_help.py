"""Help that everybody may read: in each language, with the very words that a family gets; the sheets fit one page."""

import re

import pytest
from desks import Desk, on_one_database
from test_browser import a_browser, served, with_chromium

from i18n.languages import SPOKEN
from web.help_pages import TOPICS

pytestmark = on_one_database


@pytest.mark.parametrize("lang", SPOKEN)
async def test_every_page_of_help_is_in_every_language(desk: Desk, lang: str) -> None:
    for topic in ("", *TOPICS):
        page = await desk.web.get(f"/aide/{topic}".rstrip("/"), params={"lang": lang})

        assert page.status_code == 200
        assert f'<html lang="{lang}"' in page.text


async def test_the_picture_is_what_a_family_really_gets(desk: Desk) -> None:
    answering = (await desk.web.get("/aide/repondre?lang=en")).text
    choosing = (await desk.web.get("/aide/canal?lang=fr")).text

    assert "Exemple : Lina " in answering or "Exemple: Lina " in answering
    assert "123 456" in choosing


async def test_what_is_no_page_of_help_says_so_in_one_sentence_of_its_readers_language(desk: Desk) -> None:
    for path in ("/aide/rien", "/aide/repondre/rien"):
        missing = await desk.web.get(path, params={"lang": "en"})
        assert (missing.status_code, "There is nothing at this address." in missing.text) == (404, True)
    posted = await desk.web.post("/aide", headers={"Accept-Language": "tr"})
    assert (posted.status_code, '<html lang="tr"' in posted.text) == (405, True)
    sheet = await desk.web.post("/aide/direction", headers={"Accept-Language": "tr"})
    assert (sheet.status_code, '<html lang="fr"' in sheet.text) == (405, True)


@with_chromium
async def test_each_sheet_for_staff_fits_one_page_of_paper(desk: Desk) -> None:
    async with served(desk.app.state.house) as address, a_browser() as (page, _):
        for sheet in ("enseignants", "direction"):
            await page.goto(f"{address}/aide/{sheet}")
            printed = await page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm"))

            assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, sheet
