"""The room of the families: whom nothing reaches, who bears a name, and what the office mends for one adult."""

import html
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from desks import EMAIL, ORIGIN, PASSWORD, TEACHER, Desk, a_browser, a_staffed_school, on_one_database
from factories import SINCE, Adult, a_school, by_mail, by_sms
from test_invitations import DEEP, add_bot

from hub.database import Database
from hub.models.people import LinkKind
from hub.models.school import Role
from hub.people.sign_in import hash_password
from hub.people.staff import add_staff
from hub.ports import ChannelName
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

OFFICE, DEPUTY = "secretariat@ecole.test", "suppleante@ecole.test"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hashed() -> str:
    return await hash_password(PASSWORD)


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[Desk]:
    small = await a_staffed_school(database, keyring, hashed)
    async with database.school(small.school.key) as session:
        for email, role in ((OFFICE, Role.OFFICE), (DEPUTY, Role.DEPUTY)):
            await add_staff(session, keyring, small.school.key, email=email, role=role, from_on=SINCE)
    await small.write("UPDATE staff SET password_hash = :hashed", hashed=hashed)
    async with a_browser(House(Settings(public_url=ORIGIN), database, keyring)) as (app, web):
        yield Desk(small, app, web)


async def look_for(desk: Desk, words: str) -> httpx.Response:
    return await desk.web.get("/familles", params={"q": words})


def said(page: str) -> str:
    """The words of a page in one line, with plain spaces and marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("’", "'").split())


def named(answer: httpx.Response) -> list[str]:
    """The adults that a page leads to, in its order."""
    found = re.findall(r'<h3><a href="/familles/\d+">([^<]+)</a></h3>', answer.text)
    return [name.removesuffix(" Exemple") for name in found]


@pytest.mark.parametrize("words", ["capucine", "ÉLODIE", "elo exem", "exemple Élodie", " Élodie  "])
async def test_an_adult_is_found_by_the_own_name_or_a_childs_whatever_the_accents(desk: Desk, words: str) -> None:
    await desk.small.family(by_sms(name="Élodie"), children=("Capucine",))
    await desk.small.family(by_sms("+33639981001", name="Bao"), children=("Linh",), class_label="CE1 B")
    await desk.enter()

    answer = await look_for(desk, words)

    assert named(answer) == ["Élodie"]
    words_of_page = said(answer.text)
    assert "1 adulte pour" in words_of_page
    assert "Capucine, CP A · lit français SMS" in words_of_page


async def test_a_name_of_use_is_found_too(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    await desk.small.write("UPDATE guardian SET usage_name = 'Dupré-Modèle' WHERE id = :id", id=odile)
    await desk.enter()

    assert re.findall(r'<a href="/familles/\d+">(.+?)</a>', (await look_for(desk, "dupre")).text) == [
        "Odile Dupré-Modèle"
    ]
    assert named(await look_for(desk, "pré")) == []


@on_one_database
@pytest.mark.parametrize("words", ["%", "_", "x", "'", "\x00 .", "é"])
async def test_what_is_no_name_finds_nobody_and_is_said_in_a_sentence(desk: Desk, words: str) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    answer = await look_for(desk, words)

    assert answer.status_code == 422
    assert "Donnez au moins deux lettres d'un nom ou d'un prénom." in said(answer.text)
    assert "Odile" not in answer.text


@on_one_database
async def test_fifty_are_shown_of_all_who_bear_a_name(desk: Desk) -> None:
    await desk.small.family(*(by_sms(f"+33639981{n:03}", name=f"Adulte{n:02}") for n in range(60)))
    await desk.enter()

    answer = await look_for(desk, "exemple")

    assert named(answer) == [f"Adulte{n:02}" for n in range(50)]
    assert "60 adultes pour" in said(answer.text)
    assert "Les 50 premiers sur 60" in said(answer.text)


@on_one_database
async def test_a_long_question_is_cut_and_harms_nobody(desk: Desk) -> None:
    await desk.enter()

    answer = await look_for(desk, "exemple " * 400)

    assert answer.status_code == 200
    assert "Personne ne porte ce nom ici." in said(answer.text)


@on_one_database
async def test_a_barred_adult_and_another_schools_are_not_found(
    desk: Desk, database: Database, keyring: Keyring
) -> None:
    await desk.small.family(by_sms(name="Odile"), Adult(name="Barré", kind=LinkKind.BARRED))
    elsewhere = await a_school(database, keyring, slug="gue")
    [foreign] = await elsewhere.family(Adult(name="Ailleurs"), children=("Étrangère",))
    await desk.enter()

    everybody, room = await look_for(desk, "exemple"), await desk.web.get("/familles")
    asked = await desk.web.get(f"/familles/{foreign}")

    assert named(everybody) == ["Odile"]
    assert named(await look_for(desk, "Ailleurs")) == named(await look_for(desk, "Étrangère")) == []
    assert "Ailleurs" not in room.text
    assert asked.status_code == 404


async def test_the_room_opens_with_whom_nothing_reaches_and_why(desk: Desk) -> None:
    await desk.small.family(by_sms(name="Odile"), Adult(name="Rien"))
    await desk.small.family(Adult(name="Fixe", reached_by=((ChannelName.VOICE, "+33261910001"),)), children=("Léo",))
    await desk.enter()

    room = said((await desk.web.get("/familles")).text)

    assert "2 adultes sur 3 ne peuvent pas être joints." in room
    assert "Rien Exemple Capucine, CP A Ni numéro ni e-mail au dossier." in room
    assert "Fixe Exemple Léo, CP A Seulement un fixe au dossier" in room
    assert "Odile" not in room


@on_one_database
async def test_when_everybody_can_be_reached_the_room_says_so(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    assert "Tout le monde peut être joint." in said((await desk.web.get("/familles")).text)


@on_one_database
@pytest.mark.parametrize(
    ("email", "name", "status"), [(EMAIL, 1, 200), (OFFICE, 1, 200), (TEACHER, 0, 200), (DEPUTY, 0, 403)]
)
async def test_director_and_office_see_families_a_teacher_only_the_invitations_a_deputy_nothing(
    desk: Desk, email: str, name: int, status: int
) -> None:
    [rien] = await desk.small.family(Adult(name="Rien"))
    await desk.enter(email)

    room, found = await desk.web.get("/familles"), await look_for(desk, "Rien")
    one = await desk.web.get(f"/familles/{rien}")

    assert (room.status_code, found.status_code) == (status, status)
    assert ("Rien" in room.text, "Rien Exemple" in found.text) == (bool(name), bool(name))
    assert one.status_code == (200 if name else 403)
    assert ('href="/familles/invitations"' in room.text) == (status == 200)
    assert ('href="/familles"' in (await desk.web.get("/")).text) == (status == 200)


@on_one_database
async def test_a_teacher_without_a_class_has_no_room_of_families(desk: Desk) -> None:
    await desk.small.write("UPDATE staff_right SET to_on = '2026-09-02' WHERE class_id IS NOT NULL")
    await desk.enter(TEACHER)

    assert (await desk.web.get("/familles")).status_code == 403


async def test_a_dead_number_is_tried_again_after_a_call_and_who_did_is_noted(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    await desk.small.write("UPDATE address SET state = 'dead'")
    [(address,)] = await desk.small.rows("SELECT id FROM address")
    await desk.enter(OFFICE)
    before = said((await desk.web.get(f"/familles/{odile}")).text)

    answer = await desk.post(f"/familles/{odile}/essayer", address=address)

    assert "Marche, dit la famille : réessayer" in before
    assert (answer.status_code, answer.headers["location"]) == (303, f"/familles/{odile}")
    assert await desk.small.rows("SELECT state, last_sign_of_life FROM address") == [("unverified", None)]
    noted = "SELECT act, subject, subject_id FROM audit WHERE act = 'address_retried'"
    assert await desk.small.rows(noted) == [("address_retried", "guardian", odile)]
    assert "réessayer" not in said((await desk.web.get(f"/familles/{odile}")).text)


@on_one_database
async def test_the_office_reads_a_number_to_call_and_that_is_written_down(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms("+33639981002"))
    await desk.enter(OFFICE)

    before = await desk.web.get(f"/familles/{odile}")
    asked = await desk.post(f"/familles/{odile}/numeros")
    await desk.small.write("UPDATE address SET state = 'wrong'")
    wrong = await desk.post(f"/familles/{odile}/numeros")

    assert "Voir ses numéros, pour l'appeler" in said(before.text)
    assert "39981002" not in before.text + wrong.text
    assert 'href="tel:+33639981002"' in asked.text
    assert "06 39 98 10 02" in said(asked.text)
    read = "SELECT act, subject, subject_id FROM audit WHERE act = 'read_number' ORDER BY id"
    assert await desk.small.rows(read) == [("read_number", "guardian", odile)] * 2
    await desk.post("/sortir")
    await desk.enter(TEACHER)
    assert (await desk.post(f"/familles/{odile}/numeros")).status_code == 403


@on_one_database
@pytest.mark.parametrize("state", ["wrong", "stopped", "active", "unverified"])
async def test_only_a_dead_address_is_tried_again(desk: Desk, state: str) -> None:
    [odile] = await desk.small.family(by_mail())
    await desk.small.write("UPDATE address SET state = :state", state=state)
    [(address,)] = await desk.small.rows("SELECT id FROM address")
    await desk.enter()

    page = await desk.web.get(f"/familles/{odile}")
    answer = await desk.post(f"/familles/{odile}/essayer", address=address)

    assert "/essayer" not in page.text
    assert answer.status_code == 422
    assert "On ne réessaie qu'un numéro ou un e-mail hors service." in said(answer.text)
    assert await desk.small.rows("SELECT state FROM address") == [(state,)]
    assert await desk.small.rows("SELECT id FROM audit WHERE act = 'address_retried'") == []


@on_one_database
@pytest.mark.parametrize("medium", ["chat", "push"])
async def test_a_dead_chat_or_browser_comes_back_by_an_invitation_only(desk: Desk, medium: str) -> None:
    [odile] = await desk.small.family(by_sms())
    await desk.small.write("UPDATE address SET state = 'dead', medium = :medium", medium=medium)
    await desk.small.write("UPDATE contact_point SET channel = :medium", medium=medium)
    [(address,)] = await desk.small.rows("SELECT id FROM address")
    await desk.enter()

    page, answer = (
        await desk.web.get(f"/familles/{odile}"),
        await desk.post(f"/familles/{odile}/essayer", address=address),
    )

    assert "/essayer" not in page.text
    assert answer.status_code == 422
    assert await desk.small.rows("SELECT state FROM address") == [("dead",)]


@on_one_database
async def test_a_teacher_and_who_names_another_adults_address_try_nothing_again(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    [bao] = await desk.small.family(by_sms("+33639981001", name="Bao"))
    await desk.small.write("UPDATE address SET state = 'dead'")
    [(address,)] = await desk.small.rows("SELECT address_id FROM contact_point WHERE guardian_id = :id", id=odile)
    await desk.enter(TEACHER)
    teacher = await desk.post(f"/familles/{odile}/essayer", address=address)
    await desk.enter()

    other = await desk.post(f"/familles/{bao}/essayer", address=address)
    nothing = await desk.post(f"/familles/{bao}/essayer")

    assert (teacher.status_code, other.status_code, nothing.status_code) == (403, 404, 422)
    assert await desk.small.rows("SELECT DISTINCT state FROM address") == [("dead",)]


async def test_the_invitation_of_one_adult_is_printed_from_the_adults_page(desk: Desk) -> None:
    await add_bot(desk.small)
    [odile, _] = await desk.small.family(by_sms(), by_sms("+33639981002", name="Tiago"))
    await desk.enter()

    answer = await desk.post(f"/familles/{odile}/invitation")

    assert answer.status_code == 200
    assert len(DEEP.findall(answer.text)) == 1
    assert "Tiago" not in answer.text
    assert await desk.small.rows("SELECT guardian_id, medium FROM invitation") == [(odile, "chat")]
    noted = "SELECT subject, subject_id, count FROM audit WHERE act = 'invite'"
    assert await desk.small.rows(noted) == [("guardian", odile, 1)]


@on_one_database
async def test_who_has_telegram_or_no_bot_is_not_invited_and_a_teacher_invites_nobody_alone(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    await desk.enter()
    without = await desk.web.get(f"/familles/{odile}")
    no_bot = await desk.post(f"/familles/{odile}/invitation")
    await add_bot(desk.small)
    await desk.enter(TEACHER)
    teacher = await desk.post(f"/familles/{odile}/invitation")
    await desk.enter()
    await desk.small.write("UPDATE address SET medium = 'chat'")
    await desk.small.write("UPDATE contact_point SET channel = 'chat'")

    page = await desk.web.get(f"/familles/{odile}")
    again = await desk.post(f"/familles/{odile}/invitation")
    nobody = await desk.post("/familles/999999/invitation")

    assert "Imprimer une invitation" not in without.text + page.text
    assert [answer.status_code for answer in (no_bot, teacher, again, nobody)] == [422, 403, 422, 404]
    assert "Cet adulte a déjà Telegram" in said(again.text)
    assert await desk.small.rows("SELECT id FROM invitation") == []
