"""A whole-school evening on the web: the director opens and plans it, families answer from the message."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

import pytest_asyncio
from desks import TEACHER, Desk, on_one_database
from factories import NOW, by_sms
from family_door import Door, a_door, plain
from homes import at_home
from test_agenda import words_of
from whole_evening import THURSDAY, WholeEvening

from hub.database import Database
from hub.sealing import Keyring
from hub.silence import Silence
from web.staff_evenings import AT

pytestmark = on_one_database

MINE = "/famille/rendez-vous"


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as opened:
        yield opened


async def asked(door: Door, *others: str, children: tuple[str, ...] = ("Lina",)) -> WholeEvening:
    """Ask Odile, and with her whoever shares her telephone, when they can come."""
    await door.small.family(by_sms(), *(by_sms(name=name) for name in others), children=children)
    at = WholeEvening(door.small)
    await at.another_teacher()
    await at.open()
    await door.drain()
    return at


async def wishes(at: WholeEvening) -> list[tuple[Any, ...]]:
    return await at.small.rows("SELECT guardian_id, pupil_id, comes FROM evening_wish ORDER BY id")


async def test_a_family_says_behind_the_message_when_it_can_come_and_changes_it(door: Door) -> None:
    at = await asked(door)
    page = plain((await door.web.get(door.link)).text)
    day = THURSDAY.isoformat()
    hours = {"soiree": str(at.evening_id), "jour": day, f"de-{day}": "17:30", f"a-{day}": "18:00"}

    said = await door.tap("souhaiter", enfant="1-1", **hours)
    noted = (await door.web.get(door.link)).text
    turned = await door.tap("souhaiter", enfant="1-1", **{**hours, f"de-{day}": "18:00", f"a-{day}": "17:00"})
    ((first,),) = await at.small.rows("SELECT windows FROM evening_wish")
    await door.tap("souhaiter", soiree=str(at.evening_id))

    assert "Lina : rencontre à l’école. Quand pouvez-vous venir ? Réponse jusqu’au lundi 30 novembre." in page
    assert "Nous parlerons de la lecture." in page
    assert "M. Modèle" in page
    assert said.status_code == 303
    assert await door.answers() == [(1, None, "acknowledged", "page")]
    assert "Votre réponse est notée. Vous pouvez la changer jusqu’au lundi 30 novembre." in plain(noted)
    assert re.search(r'<option value="17:30" selected>', noted)
    assert "2026-12-03T16:30:00+00:00" in str(first)
    assert turned.status_code == 400
    assert "La fin vient après le début" in plain(turned.text)
    assert await wishes(at) == [(1, 1, 0)]


async def test_what_is_not_of_this_family_is_not_wished_for(door: Door) -> None:
    at = await asked(door)
    await door.small.family(by_sms("+33639981009", name="Ulla"), children=["Côme"])
    day = THURSDAY.isoformat()
    hours = {"jour": day, f"de-{day}": "17:00", f"a-{day}": "18:00"}

    foreign = await door.tap("souhaiter", soiree=str(at.evening_id), enfant="2-1", **hours)
    other = await door.tap("souhaiter", soiree="77", enfant="1-1", **hours)
    wild = await door.tap("souhaiter", soiree="x", enfant="y", jour="z")
    torn = await door.tap("souhaiter", soiree=str(at.evening_id), enfant="1-1", jour=day)

    assert (foreign.status_code, other.status_code, wild.status_code, torn.status_code) == (303, 400, 400, 400)
    assert await wishes(at) == [(1, 1, 0)]


async def test_on_a_shared_telephone_each_says_it_on_a_page_of_their_own(door: Door) -> None:
    at = await asked(door, "Oscar")
    day = THURSDAY.isoformat()

    page = (await door.web.get(door.link)).text
    async with at_home(at.small, 2) as home:
        shown = words_of((await home.look(MINE)).text)
        fields = {"ecole": at.small.school.key, "soiree": at.evening_id, "enfant": "1-1", "jour": day}
        said = await home.post(f"{MINE}/souhait", **fields, **{f"de-{day}": "17:00", f"a-{day}": "18:00"})
        after = words_of((await home.look(MINE)).text)
        none = await home.post(f"{MINE}/souhait", **{**fields, "jour": "2026-12-04"})
        glance = words_of((await home.look("/famille")).text)

    assert 'name="soiree"' not in page
    assert "Dites quand vous pouvez venir" in shown
    assert said.status_code == 303
    assert "Votre réponse est notée" in after
    assert (none.status_code, "Dites quel soir vous pouvez venir." in words_of(none.text)) == (409, True)
    assert await wishes(at) == [(2, 1, 1)]
    assert "dites quand venir" not in glance


@dataclass
class Office:
    """The director at the desk, and an evening."""

    desk: Desk
    at: WholeEvening

    async def sheet(self) -> str:
        return words_of((await self.desk.web.get(f"{AT}/{self.at.evening_id}")).text)

    async def called(self, adult: int) -> str:
        """Give the page on which the answer of an adult who has called is written down."""
        return str((await self.desk.web.get(f"{AT}/{self.at.evening_id}?qui={adult}")).text)

    async def press(self, act: str, **fields: Any) -> Any:
        return await self.desk.post(f"{AT}/{self.at.evening_id}/{act}", **fields)


@pytest_asyncio.fixture
async def office(desk: Desk) -> Office:
    await desk.enter()
    await desk.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    at = WholeEvening(desk.small)
    await at.another_teacher()
    return Office(desk, at)


async def test_the_director_opens_an_evening_notes_a_call_plans_and_adopts(office: Office) -> None:
    classes, small = office.at.small.classes, office.at.small
    fields = {
        "cle": "a" * 32, "titre": "Rencontre", "jour": THURSDAY.isoformat(), "de": "17:00", "a": "18:00",
        "duree": "15", "entre": "0", "salles": ["Salle 2", ""],
        "recoit": [f"{classes['CP A']}-{small.teacher}", ""],
    }  # fmt: skip
    empty = words_of((await office.desk.web.get(f"{AT}/ouvrir")).text)
    nobody = await office.desk.post(f"{AT}/ouvrir", **{**fields, "recoit": ["", ""]})
    opened = await office.desk.post(f"{AT}/ouvrir", **fields)
    office.at.evening_id = int(re.findall(r"soirees/(\d+)", opened.headers["location"])[0])
    before = await office.sheet()
    day = THURSDAY.isoformat()
    keys = re.findall(r'name="enfant" value="([^"]+)"', (await office.called(1)))
    noted = await office.press("noter", qui=1, jour=day, enfant=keys, **{f"de-{day}": "17:15", f"a-{day}": "17:30"})
    await office.press("noter", qui=2, jour=day, **{f"de-{day}": "17:00", f"a-{day}": "18:00"})
    said = await office.sheet()
    proposed = await office.press("proposer")
    plan = (await office.desk.web.get(f"{AT}/{office.at.evening_id}")).text
    read = re.findall(r'name="plan" value="([^"]+)"', plan)[0]
    other = await office.press("retenir", plan="2026-11-01T00:00:00+00:00")
    adopted = await office.press("retenir", plan=read)

    assert "Cette classe ne reçoit pas" in empty
    assert (nobody.status_code, "Choisissez au moins une classe" in words_of(nobody.text)) == (422, True)
    assert opened.status_code == noted.status_code == proposed.status_code == adopted.status_code == 303
    assert "0 adulte a répondu, 2 pas encore." in before
    assert "2 adultes ont répondu, 0 pas encore." in said
    assert "Un plan est prêt : 1 rendez-vous sur 1 demandé." in words_of(plan)
    assert (other.status_code, "proposez-le de nouveau" in words_of(other.text)) == (409, True)
    assert "1 rendez-vous donné sur 1 demandé." in await office.sheet()
    assert await office.at.booked() == [(1, 1, "16:15")]
    listed = words_of((await office.desk.web.get("/classe/rendez-vous")).text)
    assert "plan retenu" in listed

    cancelled = await office.press("annuler")
    assert (cancelled.status_code, await office.at.booked()) == (303, [])
    over = await office.sheet()
    assert "Cette soirée n’a pas lieu." in over
    assert "Qui voulait venir" in over
    assert "en attente" not in over


async def test_a_call_is_noted_by_child_and_what_was_said_before_stands_in_the_form(office: Office) -> None:
    small = office.at.small
    await small.family(by_sms("+33639981001", name="Odette"), children=("Zoé",), class_label="CE1 B")
    await small.write("UPDATE link SET guardian_id = 1 WHERE guardian_id = 3")
    await office.at.open(days=(THURSDAY, THURSDAY + timedelta(days=1)))
    day = THURSDAY.isoformat()
    first, second = re.findall(r'name="enfant" value="([^"]+)" checked', await office.called(1))

    said = {"enfant": [second], "jour": day, f"de-{day}": "17:30", f"a-{day}": "18:00"}
    noted = await office.press("noter", qui=1, **said)

    assert noted.status_code == 303
    again = await office.called(1)
    assert re.findall(r'name="enfant" value="([^"]+)"( checked)?', again) == [(first, ""), (second, " checked")]
    assert re.findall(r'name="jour" value="([^"]+)"( checked)?', again)[0] == (day, " checked")
    assert re.findall(r'name="jour" value="([^"]+)"( checked)?', again)[1][1] == ""
    assert '<option value="17:30" selected>' in again
    assert "Une réponse est déjà notée" in words_of(again)
    assert "Une réponse est déjà notée" not in words_of(await office.called(2))
    assert 'name="enfant"' not in await office.called(99)
    await office.press("noter", qui=1, **{**said, f"de-{day}": "05:00", f"a-{day}": "23:59"})
    wide = await office.called(1)
    assert '<option value="17:00" selected>' in wide
    assert '<option value="18:00" selected>' in wide


async def test_a_plan_adopted_in_the_schools_silence_says_when_families_hear_it(office: Office) -> None:
    small = office.at.small
    await office.at.open()
    await office.at.wish(1)
    await office.at.propose()
    await small.falls_silent(Silence(time(18, 30), time(7)))
    small.database._clock = lambda: NOW.replace(hour=20)
    await office.desk.enter()
    read = (await office.at.sheet()).sought_at
    await office.press("retenir", plan=read.isoformat() if read else "")

    page = (await office.desk.web.get(f"{AT}/{office.at.evening_id}?fait=retenu")).text
    assert "mercredi 25 novembre à partir de 7 h 00 : l’école est en silence jusque-là" in words_of(page)
    assert page.count('/porte"') == 2


async def test_asking_many_wants_a_second_factor_and_leaves_a_minute_to_stop_it(office: Office) -> None:
    small = office.at.small
    await small.family(by_sms("+33639981002", name="Ulla"), children=("Côme",), class_label="CE1 B")
    fields = {
        "cle": "b" * 32, "jour": THURSDAY.isoformat(), "de": "17:00", "a": "18:00", "duree": "15", "salles": ["", ""],
        "recoit": [f"{small.classes['CP A']}-{small.teacher}", f"{small.classes['CE1 B']}-{office.at.other}"],
    }  # fmt: skip
    await small.write("UPDATE staff_session SET second_at = NULL")
    refused = await office.desk.post(f"{AT}/ouvrir", **fields)
    await office.at.open(key="z")
    await office.at.propose()
    ((waits,),) = await small.rows("SELECT (julianday(due_at) - julianday(created_at)) * 86400 FROM notice")
    read = (await office.at.sheet()).sought_at
    kept = await office.press("retenir", plan=read.isoformat() if read else "")

    assert (refused.status_code, "second facteur" in words_of(refused.text)) == (422, True)
    assert round(waits) == 60
    assert (kept.status_code, "second facteur" in words_of(kept.text)) == (409, True)
    assert await small.rows("SELECT count(*) FROM meeting_evening WHERE adopted_at IS NOT NULL") == [(0,)]
    round_page = words_of((await office.desk.web.get("/classe/rendez-vous/1")).text)
    assert "Les familles disent quand elles peuvent venir" in round_page


async def test_a_teacher_is_shown_no_evening_of_the_school(office: Office) -> None:
    await office.at.open()
    await office.desk.enter(TEACHER)

    answers = [
        await office.desk.web.get(f"{AT}/ouvrir"),
        await office.desk.web.get(f"{AT}/{office.at.evening_id}"),
        await office.press("proposer"),
        await office.press("retenir"),
        await office.press("annuler"),
        await office.press("noter", qui=1),
    ]

    assert {one.status_code for one in answers} == {403}
    assert "Soirées de toute l’école" not in (await office.desk.web.get("/classe/rendez-vous")).text


async def test_whoever_does_not_come_is_asked_no_more_once_the_plan_stands(door: Door) -> None:
    at = await asked(door)
    await at.wish(1, wanted=())
    await at.propose()
    await at.adopt()
    async with at_home(at.small, 1) as home:
        page, glance = words_of((await home.look(MINE)).text), words_of((await home.look("/famille")).text)

    assert "à choisir" not in glance
    assert "à choisir" not in page
    assert "Choisissez votre heure" in page
