"""Substitutes: a code on paper opens some classes until a day, and ends by itself, or at once."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest_asyncio
from desks import TEACHER, Desk, a_browser, a_staffed_school, on_one_database
from factories import NOW, TODAY, by_sms
from inboxes import Inbox

from hub.database import Database
from hub.inbox.going_up import go_up
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Clock:
    """The database's clock, moved by hand."""

    now: datetime = NOW


@dataclass
class School:
    """A school whose director prints sheets, and a browser for whoever holds one."""

    desk: Desk
    clock: Clock

    async def sheet(self, **fields: Any) -> Any:
        """The director prints a sheet."""
        await self.desk.enter()
        until = (TODAY + timedelta(days=3)).isoformat()
        form = {"name": "Mme Relais", "classes": [self.desk.small.classes["CP A"]], "until": until, **fields}
        return await self.desk.post("/ecole/remplacants", **form)

    async def code(self, **fields: Any) -> str:
        """Give what stands on it."""
        found = re.search(r'paper-code"><strong>([A-Z0-9-]+)<', (await self.sheet(**fields)).text)
        assert found is not None
        return found[1]

    async def come_in(self, code: str) -> Any:
        """Somebody types a code in a browser of his or her own."""
        self.desk.web.cookies.clear()
        return await self.desk.web.post("/entrer/remplacant", data={"code": code}, headers=SAME)

    async def status(self, path: str) -> int:
        return (await self.desk.web.get(path)).status_code


@pytest_asyncio.fixture
async def school(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[School]:
    small, clock = await a_staffed_school(database, keyring, hashed), Clock()
    database._clock = lambda: clock.now
    async with a_browser(House(Settings(public_url=None), database, keyring)) as (app, web):
        yield School(Desk(small, app, web), clock)


async def test_a_code_opens_these_classes_and_nothing_else(school: School) -> None:
    small = school.desk.small
    await small.family(by_sms(), children=["Elif"])
    await small.family(by_sms("+33639981009"), children=["Sami"], class_label="CE1 B")
    code = await school.code()
    assert len(code.replace("-", "")) == 16
    kept = await small.rows("SELECT code_hash FROM paper_code")
    assert code.replace("-", "").encode() not in bytes(kept[0][0])

    entered = await school.come_in(code.lower().replace("-", " "))

    assert entered.headers["location"] == "/"
    assert await school.status(f"/presences/{small.classes['CP A']}?demi=matin") == 200
    assert await school.status(f"/presences/{small.classes['CE1 B']}?demi=matin") == 403
    assert await school.status("/messages") == 200
    for path in ("/ecole", "/ecole/equipe", "/ecole/remplacants", "/familles/1", "/bac", "/alerte"):
        assert await school.status(path) == 403
    account = (await school.desk.web.get("/compte")).text
    assert "code de papier" in account
    assert await school.status("/compte/second") == 403
    refused, _ = await school.desk.read_over(kind="announcement", to="school", text="Bonjour.")
    assert refused.status_code == 422
    assert (await school.desk.post("/compte/second", password="")).status_code == 422


@on_one_database
async def test_it_ends_by_itself_on_the_evening_of_its_day(school: School) -> None:
    code = await school.code(until=TODAY.isoformat())
    school.clock.now = NOW + timedelta(hours=10)
    await school.come_in(code)
    school.clock.now = NOW + timedelta(hours=16)
    assert await school.status("/messages") == 200

    school.clock.now = NOW + timedelta(hours=17)

    assert await school.status("/messages") == 403
    assert (await school.come_in(code)).status_code == 401


@on_one_database
async def test_it_can_be_ended_at_once_with_the_sessions_that_it_opened(school: School) -> None:
    code = await school.code()
    await school.come_in(code)
    theirs = dict(school.desk.web.cookies)
    school.desk.web.cookies.clear()
    await school.desk.enter()

    assert "1 remplacement en cours" in (await school.desk.web.get("/ecole/remplacants")).text
    assert (await school.desk.post("/ecole/remplacants/1/finir")).status_code == 303
    assert "Personne ne remplace en ce moment" in (await school.desk.web.get("/ecole/remplacants")).text
    assert (await school.desk.post("/ecole/remplacants/1/finir")).status_code == 404
    school.desk.web.cookies.clear()
    school.desk.web.cookies.update(theirs)
    assert (await school.desk.web.get("/presences")).headers["location"].startswith("/entrer")
    assert (await school.come_in(code)).status_code == 401
    acts = await school.desk.small.rows("SELECT act FROM audit WHERE subject = 'staff' ORDER BY id")
    assert acts == [("substitute_in",), ("substitute_out",)]


@on_one_database
async def test_guesses_are_counted_like_passwords(school: School) -> None:
    code = await school.code()

    tried = [await school.come_in(f"AAAA-AAAA-AAAA-{number:04}") for number in range(21)]

    assert [answer.status_code for answer in tried] == [401] * 20 + [429]
    assert (await school.come_in(code)).status_code == 429


@on_one_database
async def test_a_sheet_says_what_is_missing_and_loses_nothing(school: School) -> None:
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    for fields, sentence in (
        ({"name": ""}, "Donnez le nom"),
        ({"classes": []}, "Choisissez au moins une classe"),
        ({"classes": [99]}, "Choisissez au moins une classe"),
        ({"until": ""}, "Donnez le dernier jour"),
        ({"until": yesterday}, "Donnez le dernier jour"),
        ({"until": "2027-11-24"}, "cent jours au plus"),
        ({"until": "demain"}, "Ce jour n’existe pas"),
    ):
        answer = await school.sheet(**fields)
        assert answer.status_code == 422, fields
        assert sentence in answer.text
        assert ('value="Mme Relais"' in answer.text) == ("name" not in fields)
    assert await school.desk.count("paper_code") == await school.desk.count("audit") == 0


@on_one_database
async def test_a_teacher_prints_no_sheet(school: School) -> None:
    await school.desk.enter(TEACHER)
    form = {"name": "Mme Relais", "classes": [1], "until": TODAY.isoformat()}

    assert (await school.desk.post("/ecole/remplacants", **form)).status_code == 403
    assert await school.status("/ecole/remplacants") == 403
    assert await school.desk.count("paper_code") == 0


@on_one_database
async def test_what_a_substitute_does_is_done_by_somebody_without_a_mailbox(school: School) -> None:
    """The roll, a notice to the class, an answer, and what goes up when nobody answers."""
    desk, small = school.desk, school.desk.small
    await small.family(by_sms(), children=["Elif"])
    thread, _ = await Inbox(small).wrote("Bonjour.", guardian=1, pupils=(1,))
    await school.come_in(await school.code())
    mine = int((await small.rows("SELECT max(id) FROM staff"))[0][0])

    _, form = await desk.read_over(kind="announcement", to="CP A", text="Piscine jeudi.")
    pressed = await desk.web.post("/ecrire", data=form)
    roll = await desk.post(f"/presences/{small.classes['CP A']}", demi="matin", jour=TODAY.isoformat())
    taken = await desk.post(f"/messages/{thread}/prendre")
    answered = await desk.post(f"/messages/{thread}/repondre", words="Bien sûr.", key="k1")

    assert [one.status_code for one in (pressed, roll, taken, answered)] == [303, 303, 303, 303]
    assert await small.rows("SELECT DISTINCT author_id FROM notice") == [(mine,)]
    await small.write("UPDATE thread SET state = 'open', due_at = last_at, owner_id = :mine", mine=mine)
    async with small.database.school(small.school.key) as session:
        assert await go_up(session, school_id=small.school.key, now=NOW + timedelta(days=9)) > 0
    assert await small.rows("SELECT id FROM thread WHERE owner_id = :mine", mine=mine) == []
    await desk.enter()
    assert "Mme Relais" in (await desk.web.get("/")).text
    assert "Mme Relais" in (await desk.web.get("/ecole/equipe")).text
