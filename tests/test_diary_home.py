"""The diary at home: each child's own, ticked by any of its adults, and seen by nobody whom a link does not let."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import httpx
import pytest
from desks import on_one_database
from factories import NOW, TODAY, Adult, SmallSchool, a_school, by_sms
from family_door import Door, a_door
from homes import Home, at_home
from test_diary import PAGE_3, TOMORROW, noted
from test_reach import questions

from hub.classroom.diary_telling import Telling, tell_families
from hub.database import Database
from hub.models.classroom import EntryKind
from hub.models.people import LinkKind
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.sealing import Keyring

FRIDAY = date(2026, 11, 27)


@pytest.fixture
async def small(database: Database, keyring: Keyring) -> SmallSchool:
    return await a_school(database, keyring)


@pytest.fixture
async def home(small: SmallSchool) -> AsyncIterator[Home]:
    """Odalys at her page: Théodulie and Gontran are in CP A."""
    ids = await small.family(by_sms(name="Odalys"), children=("Théodulie", "Gontran"))
    async with at_home(small, *ids) as home:
        yield home


async def ticked(home: Home, entry: int, pupil: int, *, done: bool = True) -> httpx.Response:
    fields = {"ecole": home.small.school.key, "devoir": entry, "eleve": pupil, "fait": "1" if done else "0"}
    return await home.post("/famille/devoirs", seen_on="/famille/devoirs", **fields)


async def ticks(small: SmallSchool) -> list[tuple]:
    return await small.rows("SELECT entry_id, pupil_id FROM diary_tick ORDER BY entry_id, pupil_id")


@on_one_database
async def test_a_family_reads_from_today_on_what_each_child_has_to_do(home: Home) -> None:
    await noted(home.small)
    await noted(home.small, "La pluie.", kind=EntryKind.DONE, day=TODAY, subject="Sciences")
    await noted(home.small, "Demain nous verrons la neige.", kind=EntryKind.DONE, day=TOMORROW, subject="Sciences")
    await noted(home.small, "Chut.", label="CE1 B")
    page = await home.look("/famille/devoirs")

    assert "2 devoirs à faire" in page.text
    assert page.text.count(PAGE_3) == 2
    assert "Pour mercredi 25 novembre" in page.text
    assert "La pluie." in page.text
    assert "la neige" not in page.text
    assert "Chut." not in page.text


async def test_ticks_are_each_childs_own_and_twice_is_once(home: Home) -> None:
    entry = await noted(home.small)
    for _ in range(2):
        assert (await ticked(home, entry, 1)).status_code == 303
    both = await ticks(home.small)
    for _ in range(2):
        await ticked(home, entry, 1, done=False)

    assert both == [(entry, 1)]
    assert await ticks(home.small) == []


@on_one_database
async def test_a_tick_of_one_adult_shows_for_the_other_without_a_name(small: SmallSchool) -> None:
    odalys, noureddine = await small.family(
        by_sms(name="Odalys"), by_sms("+33639981001", name="Noureddine"), children=("Théodulie",)
    )
    entry = await noted(small)
    async with at_home(small, odalys) as home:
        await ticked(home, entry, 1)
    async with at_home(small, noureddine) as home:
        page = await home.look("/famille/devoirs")
        await ticked(home, entry, 1, done=False)

    assert 'aria-pressed="true"' in page.text
    assert "Tous les devoirs sont faits." in page.text
    assert "Odalys" not in page.text
    assert await ticks(small) == []


@on_one_database
async def test_a_week_that_is_over_neither_praises_nor_presses(home: Home) -> None:
    late = await noted(home.small, day=TODAY)
    await home.small.write("UPDATE diary_entry SET day = '2026-11-23' WHERE id = :id", id=late)
    page = await home.look("/famille/devoirs", semaine="2026-11-23")
    far = await home.look("/famille/devoirs", semaine="9999-12-31")

    assert "<h1>Devoirs</h1>" in page.text
    assert PAGE_3 in page.text
    assert far.status_code == 200


@on_one_database
@pytest.mark.parametrize("kind", [LinkKind.BARRED, LinkKind.EMERGENCY])
async def test_who_may_not_be_told_sees_nothing_and_ticks_nothing(small: SmallSchool, kind: LinkKind) -> None:
    entry = await noted(small)
    barred, _ = await small.family(Adult(name="Barnabé", kind=kind), by_sms(name="Odalys"), children=("Théodulie",))
    async with at_home(small, barred) as home:
        page = await home.look("/famille/devoirs")
        answer = await ticked(home, entry, 1)

    assert PAGE_3 not in page.text
    assert "Théodulie" not in page.text
    assert answer.status_code in {403, 404}
    assert await ticks(small) == []


@on_one_database
async def test_nobody_ticks_for_another_family_or_another_class_or_another_school(home: Home) -> None:
    small = home.small
    await small.family(by_sms("+33639981007", name="Hildegarde"), children=("Apolline",), class_label="CE1 B")
    mine, other = await noted(small), await noted(small, label="CE1 B")
    done = await noted(small, kind=EntryKind.DONE, key="done")
    gue = await a_school(small.database, small.keyring, slug="gue")
    refused = [
        await ticked(home, other, 1),
        await ticked(home, other, 3),
        await ticked(home, mine, 3),
        await ticked(home, done, 1),
        await ticked(home, 10**12, 1),
        await home.post("/famille/devoirs", ecole=gue.school.key, devoir=mine, eleve=1, fait="1"),
        await home.web.post("/famille/devoirs", data={"ecole": 1, "devoir": mine, "eleve": 1, "fait": "1"}),
    ]

    assert {answer.status_code for answer in refused} <= {403, 404}
    assert await ticks(small) == []


@on_one_database
async def test_a_pupil_who_changed_class_reads_the_new_diary_from_that_day(home: Home) -> None:
    small = home.small
    await noted(small, "L’ancienne classe, plus tard.", day=FRIDAY)
    await noted(small, "La nouvelle, avant.", label="CE1 B", day=TODAY)
    await noted(small, "La nouvelle, après.", label="CE1 B", day=FRIDAY)
    await small.write("UPDATE enrolment SET to_on = '2026-11-24' WHERE pupil_id = 1")
    await small.write(
        "INSERT INTO enrolment (school_id, pupil_id, class_id, from_on) VALUES (:school, 1, :class, '2026-11-25')",
        school=small.school.key, **{"class": small.classes["CE1 B"]},
    )  # fmt: skip
    await small.write("UPDATE enrolment SET to_on = '2026-11-20' WHERE pupil_id = 2")
    before = await home.look("/famille/devoirs")
    await small.write("UPDATE enrolment SET to_on = '2026-11-23', from_on = '2026-09-01' WHERE class_id = 1")
    await small.write("UPDATE enrolment SET from_on = '2026-11-24' WHERE class_id = 2")
    await small.write("UPDATE diary_entry SET day = '2026-11-23' WHERE day = '2026-11-24'")
    after = await home.look("/famille/devoirs", semaine="2026-11-23")

    assert "L’ancienne classe, plus tard." not in before.text
    assert "La nouvelle" not in before.text
    assert "La nouvelle, après." in after.text
    assert "La nouvelle, avant." not in after.text
    assert "ancienne" not in after.text


@on_one_database
async def test_a_week_of_four_children_is_read_in_few_questions_and_changes_nothing(small: SmallSchool) -> None:
    ids = await small.family(by_sms(name="Odalys"), children=("Théodulie", "Gontran", "Sidonie", "Côme"))
    for number in range(6):
        await noted(small, f"Devoir {number}.", day=TODAY + timedelta(days=number % 4), key=f"{number}")
    async with at_home(small, *ids) as home:
        with questions(small.database) as asked:
            page = await home.look("/famille/devoirs", semaine="2026-11-23")

    assert page.text.count("Devoir ") == 24
    assert len([one for one in asked if "diary" in one or "enrolment" in one or "data_key" in one]) <= 6
    assert await ticks(small) == []


@on_one_database
async def test_the_first_page_says_what_is_to_do_next_and_never_what_is_late(home: Home) -> None:
    late = await noted(home.small, "Pour hier.", day=TODAY)
    await home.small.write("UPDATE diary_entry SET day = '2026-11-23' WHERE id = :id", id=late)
    nothing = await home.look()
    entry = await noted(home.small, day=FRIDAY)
    friday = await home.look()
    await noted(home.small, "Lire.", day=TOMORROW)
    tomorrow = await home.look()
    await ticked(home, entry, 1)
    await ticked(home, entry + 1, 1)
    one_done = await home.look()

    assert "devoir" not in nothing.text.split("</main>")[0].split("<nav")[0]
    assert friday.text.count("Pour vendredi 27 novembre : 1 devoir".replace(" : ", "\u00a0: ")) == 2
    assert tomorrow.text.count("Pour demain\u00a0: 1 devoir") == 2
    assert one_done.text.count("Pour demain\u00a0: 1 devoir") == 1


async def told_of(door: Door, *entries: int) -> None:
    """Tell the families of CP A at once."""
    small = door.small
    await small.write(
        "INSERT INTO wish (school_id, guardian_id, kind, how) SELECT school_id, id, 'homework', 'at_once' FROM guardian"
    )
    async with small.database.school(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=small.director, day=TODAY)
        telling = Telling(small.classes["CP A"], entries, "k1")
        reader = Reader(small.director, rights, TODAY)
        await tell_families(session, small.keyring, telling, school=small.school, reader=reader, now=NOW)
    await door.drain()


@pytest.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as door:
        yield door


async def test_a_link_shows_what_its_notice_told_of_and_nothing_else_and_is_ticked_there(door: Door) -> None:
    await door.small.family(by_sms(name="Odalys"), children=("Théodulie",))
    told = await noted(door.small)
    await noted(door.small, "Autre chose.", subject="Chant")
    await told_of(door, told)
    shown = await door.web.get(door.link)
    pressed = await door.tap("tick", devoir=f"{told}", eleve="1", fait="1")
    again = await door.web.get(door.link)
    refused = await door.tap("tick", devoir=f"{told + 1}", eleve="1", fait="1")

    assert shown.text.count(PAGE_3) == 1
    assert "Mathématiques" in shown.text
    assert "Chant" not in shown.text
    assert 'aria-pressed="false"' in shown.text
    assert pressed.status_code == 303
    assert 'aria-pressed="true"' in again.text
    assert refused.status_code == 400
    assert await ticks(door.small) == [(told, 1)]


@on_one_database
async def test_on_a_shared_phone_nobody_ticks_for_the_other(door: Door) -> None:
    await door.small.family(by_sms(name="Isaure"), by_sms(name="Fulgence"), children=("Théodulie",))
    told = await noted(door.small)
    await told_of(door, told)
    shown = await door.web.get(door.link)

    assert PAGE_3 in shown.text
    assert "aria-pressed" not in shown.text


@on_one_database
async def test_an_adult_who_is_barred_since_opens_nothing(door: Door) -> None:
    await door.small.family(by_sms(name="Odalys"), children=("Théodulie",))
    told = await noted(door.small)
    await told_of(door, told)
    await door.small.write("UPDATE link SET kind = 'barred'")
    shown = await door.web.get(door.link)
    refused = await door.tap("tick", devoir=f"{told}", eleve="1", fait="1")

    assert PAGE_3 not in shown.text
    assert refused.status_code == 410
    assert await ticks(door.small) == []


@on_one_database
async def test_several_pieces_make_one_notice_that_names_the_first_day(door: Door) -> None:
    await door.small.family(by_sms(name="Odalys"), children=("Théodulie",))
    first = await noted(door.small)
    second = await noted(door.small, "Lire la page 8.", subject="Lecture", day=FRIDAY)
    await told_of(door, first, second)

    assert len(door.sms.sent) == 1
    assert "Mathématiques, Lecture" in door.last.text
    shown = await door.web.get(door.link)
    assert "Lecture (pour vendredi 27 novembre) : Lire la page 8." in shown.text
    assert shown.text.count("Pour vendredi 27 novembre") == 1
