"""The family's first page, the devices on which it stands open, and what is refused there, in the family's language."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from desks import on_one_database
from factories import NOW, SmallSchool, a_school, by_mail, by_sms
from homes import Home, at_home

from hub.database import Database
from hub.home.logins import Adult
from hub.sealing import Keyring

pytestmark = on_one_database


@pytest_asyncio.fixture
async def small(database: Database, keyring: Keyring) -> AsyncIterator[SmallSchool]:
    yield await a_school(database, keyring)


async def sessions(home: Home) -> list[int]:
    return [int(row[0]) for row in await home.small.rows("SELECT id FROM family_login ORDER BY id")]


async def test_the_children_of_all_schools_stand_on_one_page(
    small: SmallSchool, database: Database, keyring: Keyring
) -> None:
    gue = await a_school(database, keyring, slug="gue")
    await gue.write("UPDATE school SET name = 'École du Gué' WHERE slug = 'gue'")
    [odile] = await small.family(by_sms(), children=("Capucine", "Basile"))
    [also_odile] = await gue.family(by_sms(), children=("Zélie",), class_label="CE1 B")
    await gue.family(by_mail(), children=("Ondine",))

    async with at_home(small, odile, Adult(gue.school.key, also_odile)) as home:
        page = await home.look()

    assert re.findall(r"<bdi>(\w+)</bdi></span>", page.text) == ["Capucine", "Basile", "Zélie"]
    assert "CE1 B · École du Gué" in page.text
    assert "Ondine" not in page.text


async def test_whose_links_have_all_ended_reads_one_kind_sentence_and_whom_to_call(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms())
    await small.write("UPDATE link SET kind = 'barred'")

    async with at_home(small, odile) as home:
        page = await home.look()

    assert page.status_code == 200
    assert "Aucun enfant n’est relié à vous" in page.text
    assert 'href="tel:0261910000"' in page.text
    assert "Capucine" not in page.text
    assert "/famille/devoirs" not in page.text


async def test_the_page_speaks_the_adults_language_until_another_is_chosen(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms(language="ar"))

    async with at_home(small, odile) as home:
        own, chosen, after = await home.look(), await home.look(lang="tr"), await home.look()
        devices = await home.look("/famille/appareils")

    found = [re.search(r'<html lang="(\w+)" dir="(\w+)"', page.text) for page in (own, chosen, after, devices)]
    assert [one.groups() for one in found if one] == [("ar", "rtl"), ("tr", "ltr"), ("tr", "ltr"), ("tr", "ltr")]


async def test_what_is_not_there_is_said_in_the_familys_language_without_the_schools_look(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms())

    async with at_home(small, odile) as home:
        nothing = await home.look("/famille/nulle-part", lang="es")
        number = await home.post(f"/famille/appareils/{2**63}/fermer")
        foreign = await home.post("/famille/appareils/99/fermer")
        method = await home.look("/famille/sortir")

    assert [page.status_code for page in (nothing, number, foreign, method)] == [404, 404, 404, 405]
    assert '<html lang="es"' in nothing.text
    for page in (nothing, number, foreign, method):
        assert 'class="family"' in page.text


async def test_a_form_of_a_page_that_has_closed_says_so_and_does_nothing(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms())

    async with at_home(small, odile) as home:
        await small.write("UPDATE family_login SET expires_at = :at", at=NOW.isoformat(sep=" "))
        answer = await home.web.post("/famille/sortir")
        page = await home.look()

    assert answer.status_code == 401
    assert "Votre page s’est fermée" in answer.text
    assert page.headers["location"] == "/famille/entrer"


async def test_each_device_is_listed_and_closed_by_its_owner_alone(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms())
    [mahaut] = await small.family(by_sms("+33639981001", name="Mahaut"))

    async with at_home(small, odile) as lost, at_home(small, odile) as mine, at_home(small, mahaut) as hers:
        listed = await mine.look("/famille/appareils")
        theirs = await hers.post("/famille/appareils/1/fermer")
        closed = await mine.post("/famille/appareils/1/fermer")
        again = await mine.post("/famille/appareils/2/fermer")
        gone, here = await lost.look(), await mine.look()

        assert "ouverte sur 2 appareils" in listed.text
        assert listed.text.count("Firefox, Linux") == 2
        assert (theirs.status_code, closed.headers["location"]) == (404, "/famille/appareils")
        assert again.status_code == 404
        assert gone.headers["location"] == "/famille/entrer"
        assert here.status_code == 200
        assert await sessions(mine) == [2, 3]


async def test_all_other_devices_are_closed_at_once(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms())
    [mahaut] = await small.family(by_sms("+33639981001", name="Mahaut"))

    async with at_home(small, odile), at_home(small, odile), at_home(small, odile) as mine, at_home(small, mahaut):
        listed = await mine.look("/famille/appareils")
        await mine.post("/famille/appareils/fermer")

        assert "Fermer tous les autres" in listed.text
        assert await sessions(mine) == [3, 4]


async def test_who_closes_the_page_is_out_and_the_browser_forgets(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms())

    async with at_home(small, odile) as home:
        closed = await home.post("/famille/sortir")

        assert "Votre page est fermée ici." in closed.text
        assert re.search("passerelle-famille=.*Max-Age=0", closed.headers["set-cookie"])
        assert await sessions(home) == []


async def test_a_form_without_the_word_of_this_session_changes_nothing(small: SmallSchool) -> None:
    [odile] = await small.family(by_sms())

    async with at_home(small, odile) as home:
        bare = await home.web.post("/famille/sortir")

        assert bare.status_code == 403
        assert await sessions(home) == [1]


async def test_a_session_lives_as_long_as_it_is_used(small: SmallSchool, database: Database) -> None:
    [odile] = await small.family(by_sms())

    async with at_home(small, odile) as home:
        for days in (20, 40):
            database._clock = lambda n=days: NOW + timedelta(days=n)
            assert (await home.look()).status_code == 200
        database._clock = lambda: NOW + timedelta(days=70)

        assert (await home.look()).headers["location"] == "/famille/entrer"
