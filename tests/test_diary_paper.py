"""A week of the diary on paper: one sheet for each child, however much there is to do."""

import re
from datetime import timedelta

import pytest
from desks import on_one_database
from factories import TODAY, a_school, by_sms
from homes import at_home
from playwright.async_api import async_playwright
from test_browser import CHROMIUM, QUIET, with_chromium
from test_diary import noted

from hub.database import Database
from hub.models.classroom import EntryKind
from hub.sealing import Keyring

MONDAY = TODAY - timedelta(days=1)
SHEET = {"format": "A4", "margin": dict.fromkeys(("top", "bottom", "left", "right"), "10mm")}
WORK = "Exercices 1 à 4 de la page 32 sur le cahier du jour, puis relire la leçon et la réciter à un adulte."


@with_chromium
@on_one_database
@pytest.mark.parametrize("lang", ["fr", "ar"])
async def test_a_week_of_25_pieces_is_printed_on_one_sheet_a_child(
    database: Database, keyring: Keyring, lang: str
) -> None:
    small = await a_school(database, keyring)
    ids = await small.family(by_sms(name="Odalys"), children=("Théodulie", "Gontran"))
    for number in range(25):
        day, kind = MONDAY + timedelta(days=number % 5), EntryKind.DONE if number >= 20 else EntryKind.DUE
        await noted(small, f"{number}. {WORK}", day=max(day, TODAY), kind=kind, key=f"{number}")
    await small.write("UPDATE diary_entry SET day = '2026-11-23' WHERE kind = 'done' OR id % 5 = 1")
    async with at_home(small, *ids) as home:
        page = await home.look("/famille/devoirs", semaine=f"{MONDAY}", impression=1, lang=lang)
        css = (await home.web.get("/static/passerelle.css")).text
    html = re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: f"<style>{css}</style>", page.text)
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        sheet = await browser.new_page()
        await sheet.set_content(html)
        printed = await sheet.pdf(**SHEET)
        await browser.close()

    assert page.text.count("Exercices 1 à 4") == 50
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
