"""The family's page of messages: everything to this adult, nothing to another, and answers that count."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from desks import on_one_database
from factories import NOW, TODAY, SmallSchool, a_school, by_mail, by_sms
from homes import Home, at_home

from hub.database import Database
from hub.notices.cancelling import cancel
from hub.notices.publish import Draft, publish
from hub.ports import HalfDay, NoticeKind, Slots
from hub.sealing import Keyring

pytestmark = on_one_database


@pytest_asyncio.fixture
async def family(database: Database, keyring: Keyring) -> AsyncIterator["Family"]:
    small = await a_school(database, keyring)
    odalys, noureddine = await small.family(
        by_sms("+33639987001", name="Odalys"), by_mail("n@familles.test", name="Noureddine"), children=("Théodulie",)
    )
    async with at_home(small, odalys) as home:
        yield Family(small, home, odalys, noureddine)


class Family:
    def __init__(self, small: SmallSchool, home: Home, odalys: int, noureddine: int) -> None:
        self.small, self.home, self.odalys, self.noureddine = small, home, odalys, noureddine

    async def press(self, text: str | None = None, kind: NoticeKind = NoticeKind.ANNOUNCEMENT, **more: object) -> int:
        slots = Slots(text=text, **{key: more.pop(key) for key in ("day", "half_day") if key in more})  # type: ignore[arg-type]
        draft = Draft(kind=kind, audience=str(more.pop("audience", "class:CP A")), slots=slots, **more)  # type: ignore[arg-type]
        async with self.small.database.school(self.small.school.key) as session:
            done = await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self.small.director,
                draft=draft,
                now=NOW,
            )
        return done.notice_id

    async def page(self, **query: str) -> str:
        return (await self.home.look("/famille/messages", **query)).text.replace("\N{NO-BREAK SPACE}", " ")

    async def absent(self) -> str:
        """Press an absence alert; gives the address of its message on the page."""
        await self.press(kind=NoticeKind.ABSENCE, audience="pupil:1", day=TODAY, half_day=HalfDay.MORNING)
        rows = await self.small.rows("SELECT max(id) FROM delivery WHERE guardian_id = :id", id=self.odalys)
        return f"/famille/messages/{self.small.school.key}/{rows[0][0]}"


async def test_all_that_was_sent_to_this_adult_is_there_the_newest_first(family: Family) -> None:
    await family.press("Le carnet rose revient jeudi.")
    await family.press("Sortie au musée vendredi.")

    page = await family.page()

    assert page.index("Sortie au musée") < page.index("Le carnet rose")


async def test_nothing_that_was_for_the_other_parent_shows(family: Family) -> None:
    notice = await family.press("Un mot pour vous seul.")
    await family.small.write(
        "DELETE FROM delivery_pupil WHERE delivery_id IN (SELECT id FROM delivery WHERE guardian_id = :id)",
        id=family.odalys,
    )

    assert notice
    assert "Un mot pour vous seul." not in await family.page()


async def test_an_adult_barred_since_reads_nothing_any_more(family: Family) -> None:
    path = await family.absent()
    await family.press("Le carnet rose revient jeudi.")
    await family.small.write(
        "UPDATE link SET kind = 'barred', may_be_told = false WHERE guardian_id = :id", id=family.odalys
    )

    assert "carnet" not in await family.page()
    assert (await family.home.look(path)).status_code in {404, 410}


async def test_what_waits_or_was_stopped_before_it_left_does_not_show(family: Family) -> None:
    await family.press("Photos de classe lundi.", due_at=NOW + timedelta(hours=1))
    stopped = await family.press("Kermesse avancée.")
    async with family.small.database.school(family.small.school.key) as session:
        await cancel(session, school_id=family.small.school.key, notice_id=stopped, now=NOW)

    page = await family.page()
    assert "Photos de classe" not in page
    assert "Kermesse" not in page


async def test_an_absence_is_answered_on_the_page_and_the_answer_stands_there(family: Family) -> None:
    path = await family.absent()

    answered = await family.home.post(path, seen_on=path, act="ill")

    assert answered.status_code == 200
    assert "Vous avez répondu (Théodulie) : Malade" in await family.page()
    stands = await family.small.rows("SELECT kind, through FROM answer WHERE guardian_id = :id", id=family.odalys)
    assert stands == [("ill", "home")]


async def test_an_answer_on_the_page_proves_nothing_of_the_telephone(family: Family) -> None:
    before = "SELECT state, last_sign_of_life FROM address ORDER BY id"
    silent = await family.small.rows(before)
    path = await family.absent()

    await family.home.post(path, seen_on=path, act="ill")

    assert await family.small.rows(before) == silent


async def test_nobody_answers_for_the_other_parent_nor_says_that_a_number_is_wrong(family: Family) -> None:
    path = await family.absent()

    for form in ({"act": "ill", "guardian": str(family.noureddine)}, {"act": "wrong_number"}):
        refused = await family.home.post(path, seen_on=path, **form)
        assert refused.status_code == 400

    assert await family.small.rows("SELECT id FROM answer") == []


async def test_the_message_of_the_other_parent_is_no_message_here(family: Family) -> None:
    await family.absent()
    theirs = await family.small.rows("SELECT max(id) FROM delivery WHERE guardian_id = :id", id=family.noureddine)

    refused = await family.home.look(f"/famille/messages/{family.small.school.key}/{theirs[0][0]}")

    assert refused.status_code == 404


async def test_words_typed_on_the_page_go_into_the_conversation_and_stand_below_the_message(family: Family) -> None:
    path = await family.absent()

    await family.home.post(path, seen_on=path, act="words", words="Elle arrive à dix heures.", key="k1")

    assert "Elle arrive à dix heures." in await family.page()
    assert await family.small.rows("SELECT count(*) FROM thread") == [(1,)]


async def test_a_page_holds_thirty_and_the_next_one_the_rest(family: Family) -> None:
    for number in range(31):
        await family.press(f"Mot numéro {number}.")

    newest, older = await family.page(), await family.page(page="2")

    assert newest.count('<li class="said">') == 30
    assert "page=2" in newest
    assert re.findall(r"Mot numéro (\d+)", older) == ["0"]
    assert "page=3" not in older
