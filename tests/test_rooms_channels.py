"""The bounds of an invitation on each channel: a sentence in the family's language, buttons, the list at the door."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from chat_door import Talk, a_talk
from desks import Desk, on_one_database
from factories import Adult, by_mail, by_sms
from family_door import Door, a_letter_door
from test_replies import MEETING, said_by, senses
from test_roll_pages import plain
from test_rooms import families, invited, says
from test_webhooks import texted
from watching import Watch

from hub.database import Database
from hub.models.people import LinkKind
from hub.ports import NoticeKind
from hub.sealing import Keyring

FOUR = "Le plus grand nombre possible est 4. Votre message est gardé : répondez de nouveau."
FULL = "Plus assez de places : votre réponse est en attente."


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_letter_door(database, keyring) as opened:
        yield opened


@pytest_asyncio.fixture
async def talk(database: Database, keyring: Keyring) -> AsyncIterator[Talk]:
    async with a_talk(database, keyring) as opened:
        await opened.door.look()
        yield opened


async def told_by_mail(door: Door) -> str:
    await door.drain()
    return door.mail.sent[-1].text


@pytest.mark.parametrize("way", ["sms", "mail", "page"])
async def test_more_than_may_come_is_said_in_a_sentence_kept_for_a_person_and_answered_again(
    door: Door, way: str
) -> None:
    await door.small.family(by_mail() if way == "mail" else by_sms())
    await door.press(NoticeKind.MEETING, slots=replace(MEETING, most=4))

    if way == "sms":
        assert FOUR in (await texted(door, "6 personnes")).text.replace("&apos;", "'")
    elif way == "mail":
        await said_by(door, way, "6 personnes")
        assert "est 4. Votre message est gardé" in await told_by_mail(door)
    else:
        answer = await door.tap("count", number="6")
        assert answer.status_code == 422
        assert "Le plus grand nombre possible est 4." in plain(answer.text)

    assert await door.small.rows("SELECT count(*) FROM answer") == [(0,)]
    assert await senses(door) == ["words"]
    assert await door.count("thread", "due_at IS NOT NULL") == 1

    if way == "sms":
        await texted(door, "4 personnes", sid="SM2")
    elif way == "page":
        assert (await door.tap("count", number="4")).status_code == 200
    if way != "mail":
        assert await door.small.rows("SELECT kind, number FROM answer") == [("count", 4)]


@pytest.mark.parametrize("way", ["sms", "mail", "page"])
async def test_who_waits_for_a_place_is_told_so_plainly(door: Door, way: str) -> None:
    await door.small.family(by_mail() if way == "mail" else by_sms())
    await door.press(NoticeKind.MEETING, slots=replace(MEETING, places=2))

    if way == "sms":
        said = (await texted(door, "3 personnes")).text
    elif way == "mail":
        await said_by(door, way, "3 personnes")
        said = await told_by_mail(door)
    else:
        said = plain((await door.tap("count", number="3")).text)

    assert FULL in said.replace("\u202f", " ").replace("\u00a0", " ")
    assert await door.small.rows("SELECT number, held FROM answer") == [(3, 0)]


@on_one_database
async def test_below_an_invitation_that_asks_for_a_number_there_is_a_button_for_each(talk: Talk) -> None:
    await talk.join()
    await talk.press(NoticeKind.MEETING, slots=replace(MEETING, most=3))
    shown = talk.last()
    assert [label for _, label in shown.buttons] == ["1", "2", "3", "Non"]

    assert await talk.tap(shown, "n2") == "Merci, c’est noté."

    assert await talk.rows("SELECT kind, number FROM answer") == [("count", 2)]


@on_one_database
async def test_a_number_button_of_another_chat_or_made_up_changes_nothing(talk: Talk) -> None:
    await talk.join("7001")
    await talk.join("7002")
    await talk.press(NoticeKind.MEETING, slots=replace(MEETING, most=3))
    mine, theirs = talk.last("7001"), talk.last("7002")
    token = mine.buttons[0][0].partition("|")[2]

    notes = [await talk.bring(mine, theirs.buttons[0][0])]
    notes += [await talk.bring(mine, f"{act}|{token}") for act in ("n0", "n9", "n", "n12", "n²")]
    assert set(notes) == {"Ce bouton n’est pas pour ce chat."}

    assert "possible est 3" in await talk.bring(mine, f"n8|{token}")
    assert await talk.rows("SELECT count(*) FROM answer") == [(0,)]


@on_one_database
async def test_the_list_for_the_door_is_sorted_and_names_no_family_that_is_protected(desk: Desk) -> None:
    watch = Watch(desk.small)
    await families(watch, "Zoé", "Ada")
    hidden = by_sms("+33639981050", name="Cachée")
    barred = Adult(name="Banni", kind=LinkKind.BARRED)
    await desk.small.family(hidden, barred, children=["Enfant"])
    notice_id = await invited(watch, places=10)
    for name, number in (("Zoé", 2), ("Ada", 3), ("Cachée", 4)):
        await says(watch, notice_id, name, number)
    await desk.enter()

    page = plain((await desk.web.get(f"/suivi/{notice_id}/porte")).text)

    assert "9 places prises sur 10" in page
    assert page.index("Ada Exemple 3") < page.index("Zoé Exemple 2")
    assert "Cachée" not in page
    assert "Sans nom sur cette liste : 4 places ." in page.replace("\u00a0", " ").replace("places.", "places .")
    board = plain((await desk.web.get(f"/suivi/{notice_id}")).text)
    assert "Places prises" in board
    assert "9 sur 10" in board
    assert (await desk.web.get("/suivi/999/porte")).status_code == 404


@on_one_database
async def test_what_a_number_must_be_is_said_beside_its_field(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    sheet: dict[str, Any] = {"kind": "meeting", "to": "CP A", "meeting_day": "2026-12-03", "meeting_time": "18:00"}

    for field, typed, said in (
        ("most", "beaucoup", "Écrivez un nombre en chiffres, ou rien."),
        ("most", "100", "Une famille annonce de 1 à 99 personnes."),
        ("places", "0", "Une salle compte de 1 à 9 999 places."),
    ):
        answer = await desk.post("/ecrire", **sheet, **{field: typed})
        assert answer.status_code == 422
        assert said in plain(answer.text)
        assert f'value="{typed}"' in answer.text

    whole = plain((await desk.post("/ecrire", **sheet, per="family", most="4", places="30")).text)
    assert "Qui répond, combien de places" in whole
