"""The calendar on a family's page: what comes for its children, its own answers, and the address for its calendar."""

import re
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from html import unescape

import pytest_asyncio
from desks import ORIGIN, Desk, on_one_database
from factories import TODAY, SmallSchool, a_school, by_sms
from homes import Home, at_home
from test_agenda import AT_SIX, FRIDAY, followed, invited, words_of
from test_agenda_days import an_event, noted

from hub.home.logins import Adult
from hub.models.agenda import EventKind
from hub.models.people import LinkKind

pytestmark = on_one_database


@pytest_asyncio.fixture
async def odile(desk: Desk) -> AsyncIterator[Home]:
    """At her page: Odile, whose children are in CP A and in CE1 B."""
    (guardian,) = await desk.small.family(by_sms(), children=("Capucine", "Côme"))
    await desk.small.write(
        "UPDATE enrolment SET class_id = :other WHERE pupil_id = 2", other=desk.small.classes["CE1 B"]
    )
    async with at_home(desk.small, guardian) as home:
        yield home


async def noted_in_each(small: SmallSchool) -> None:
    """An event of each class, one of the school, and one of months ahead."""
    mine, theirs = small.classes["CP A"], small.classes["CE1 B"]
    await noted(small, an_event("Sortie au musée", FRIDAY, starts=time(9), ends=time(11, 30), class_id=mine))
    await noted(small, an_event("Piscine", FRIDAY, class_id=theirs, kind=EventKind.TRIP))
    await noted(small, an_event("Marché d’hiver", FRIDAY + timedelta(days=1), place="Préau", text="Des gâteaux."))
    await noted(small, an_event("Kermesse", date(2027, 6, 19)))


async def test_what_comes_is_read_by_child_and_all_together(odile: Home) -> None:
    await noted_in_each(odile.small)

    every = words_of((await odile.look("/famille/agenda")).text)
    capucine = words_of((await odile.look("/famille/agenda", enfant=1)).text)

    assert "Piscine Sortie vendredi 27 novembre Côme" in every
    assert "Sortie au musée vendredi 27 novembre, de 9 h 00 à 11 h 30 Capucine" in every
    assert "Marché d’hiver samedi 28 novembre Préau Des gâteaux. Vacances de Noël du samedi 19 décembre" in every
    assert "Juin 2027 Kermesse samedi 19 juin" in every
    assert ("Piscine" in capucine, "Sortie au musée" in capucine, "Kermesse" in capucine) == (False, True, True)


async def test_without_a_valid_link_there_is_nothing(desk: Desk, odile: Home) -> None:
    await noted_in_each(odile.small)
    await invited(desk)
    assert "Rentrée des parents" in (await odile.look("/famille/agenda")).text
    await odile.small.write("UPDATE link SET to_on = :day WHERE pupil_id = 1", day="2026-11-23")

    left = words_of((await odile.look("/famille/agenda")).text)
    await odile.small.write("UPDATE link SET kind = :kind", kind=LinkKind.BARRED.value)
    barred = words_of((await odile.look("/famille/agenda")).text)

    assert ("Sortie au musée" in left, "Piscine" in left, "Capucine" in left) == (False, True, False)
    assert "Rentrée des parents" not in left
    assert not any(word in barred for word in ("Piscine", "Marché d’hiver", "Côme", "Suivre"))
    assert "Rien n’est prévu dans les quatre semaines qui viennent." in barred


async def test_only_who_is_at_home_reads_it(desk: Desk) -> None:
    for path in ("/famille/agenda", "/famille/agenda?lang=ar"):
        answer = await desk.web.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/famille/entrer")


async def test_an_invitation_shows_ones_own_answer_and_nobody_elses(desk: Desk) -> None:
    odile, oscar = await desk.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    notice = await invited(desk)
    said = (
        "INSERT INTO answer (school_id, notice_id, guardian_id, kind, number, through, at) "
        "VALUES (:school, :notice, :guardian, :kind, :number, 'page', '2026-11-24 06:00:00')"
    )
    school = desk.small.school.key
    await desk.small.write(said, school=school, notice=notice, guardian=odile, kind="count", number=2)
    async with at_home(desk.small, odile) as home:
        hers = words_of((await home.look("/famille/agenda")).text)
    async with at_home(desk.small, oscar) as home:
        page = (await home.look("/famille/agenda")).text
        his, there = words_of(page), re.search(r'href="(/famille/messages/[^"]+)"', page)
        assert there is not None
        asked = await home.web.get(unescape(there[1]))

    assert "Rentrée des parents Réunion vendredi 27 novembre, 18 h 00 Salle 3 Votre réponse : vous serez 2." in hers
    assert "Salle 3 Répondre Rentrée des parents" in his
    assert "vous serez" not in his
    assert (asked.status_code, 'name="act" value="yes"' in asked.text) == (200, True)


async def test_a_meeting_put_right_is_where_it_is_now_and_one_taken_back_is_gone(desk: Desk) -> None:
    (odile,) = await desk.small.family(by_sms())
    moved, gone = await invited(desk), await invited(desk, subject="Annulée")
    await followed(desk, moved, subject="Rentrée des parents", starts_at=AT_SIX.replace(hour=18), place="Préau")
    await followed(desk, gone)

    async with at_home(desk.small, odile) as home:
        page = words_of((await home.look("/famille/agenda")).text)

    assert re.findall(r"Rentrée des parents Réunion vendredi 27 novembre, (\d+) h 00 (\w+)", page) == [("19", "Préau")]
    assert "Annulée" not in page


async def test_two_schools_are_read_together_and_each_is_named(odile: Home) -> None:
    gue = await a_school(odile.small.database, odile.small.keyring, slug="gue")
    await gue.write("UPDATE school SET name = 'École du Gué' WHERE slug = 'gue'")
    (there,) = await gue.family(by_sms(), children=("Anselme",))
    await noted(gue, an_event("Carnaval", FRIDAY))
    await noted_in_each(odile.small)

    async with at_home(odile.small, 1, Adult(gue.school.key, there)) as home:
        page = words_of((await home.look("/famille/agenda")).text)

    assert page.index("Piscine") < page.index("Carnaval") < page.index("Marché d’hiver")
    assert "Carnaval vendredi 27 novembre École du Gué" in page


async def test_the_first_page_says_what_comes_within_a_week(odile: Home) -> None:
    await noted(odile.small, an_event("Piscine", TODAY + timedelta(days=8), class_id=odile.small.classes["CE1 B"]))
    await noted(odile.small, an_event("Fête", FRIDAY))
    await noted(odile.small, an_event("Sortie au musée", FRIDAY, class_id=odile.small.classes["CP A"]))

    page = words_of((await odile.look("/famille")).text)

    assert "Vendredi 27 novembre : Fête · Sortie au musée" in page
    assert "Piscine" not in page


async def test_the_address_is_shown_once_and_ends_where_it_was_made(odile: Home) -> None:
    asked = {"ecole": odile.small.school.key, "adulte": 1}

    shown = (await odile.post("/famille/agenda/abonnement", **asked)).text
    address = re.findall(rf'value="({ORIGIN}/agenda/[\w-]{{22}}\.ics)"', unescape(shown))
    elsewhere = await odile.look("/famille/agenda/abonnement", lang="en")
    after = (await odile.look("/famille/agenda")).text
    again = (await odile.post("/famille/agenda/abonnement", **asked)).text
    await odile.post("/famille/agenda/abonnement", **asked, act="fermer")

    assert len(address) == 1
    assert f'href="webcal://{address[0].partition("://")[2]}"' in shown
    assert address[0] not in after + again
    assert (elsewhere.status_code, elsewhere.headers["location"]) == (303, "/famille/agenda?lang=en")
    assert "Une adresse est ouverte" in after
    assert "Une adresse est ouverte" not in (await odile.look("/famille/agenda")).text
    assert await odile.small.rows("SELECT ended_at IS NULL, length(code_hash) FROM calendar_feed") == [(0, 16), (0, 16)]


async def test_nobody_makes_an_address_for_somebody_else(odile: Home) -> None:
    (other,) = await odile.small.family(by_sms("+33639981009", name="Ursule"), children=("Zoé",))
    mine = odile.small.school.key

    for asked in ({"ecole": mine, "adulte": other}, {"ecole": mine + 1, "adulte": 1}, {"ecole": mine}):
        answer = await odile.post("/famille/agenda/abonnement", **asked)
        assert answer.status_code in {404, 422}

    assert await odile.small.rows("SELECT id FROM calendar_feed") == []
