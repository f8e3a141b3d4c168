"""The office tray: each matter says what it is, and ends by one act of a person, which is written down."""

import html
import re
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio
from desks import TEACHER, Desk, a_browser, a_staffed_school, on_one_database
from factories import NOW, SINCE, Adult, by_mail, by_sms
from inboxes import Inbox

from hub.database import Database
from hub.inbox.tray import tray
from hub.models.people import LinkKind, Matter
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.people.schools import school_key
from hub.people.staff import add_staff
from hub.people.tray import put_in_tray
from hub.replies.keeping import DETAIL, Text
from hub.replies.texts import receive_text
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

OFFICE, DEPUTY = "secretariat@ecole.test", "suppleante@ecole.test"
STRANGER = "+33639988123"


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[Desk]:
    small = await a_staffed_school(database, keyring, hashed)
    async with database.school(small.school.key) as session:
        for email, role in ((OFFICE, Role.OFFICE), (DEPUTY, Role.DEPUTY)):
            await add_staff(session, keyring, small.school.key, email=email, role=role, from_on=SINCE)
    await small.write("UPDATE staff SET password_hash = :hashed", hashed=hashed)
    async with a_browser(House(Settings(public_url=None), database, keyring)) as (app, web):
        yield Desk(small, app, web)


def said(page: str) -> str:
    """The words of a page in one line, with plain spaces and marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("’", "'").split())


async def a_stranger_writes(desk: Desk, words: str = "C’est la grand-mère de Capucine", key: str = "SM1") -> None:
    """A number that nobody knows writes to the school."""
    small = desk.small
    sender = next(iter(small.senders.values()))
    text = Text(small.school.key, sender, key, STRANGER, words)
    async with small.database.school(small.school.key) as session:
        await receive_text(await session.connection(), small.keyring, text, now=NOW)


async def put(desk: Desk, matter: Matter, **about: object) -> None:
    async with desk.small.database.school(desk.small.school.key) as session:
        await put_in_tray(session, desk.small.school.key, matter, subject=f"{matter}", now=NOW, **about)  # type: ignore[arg-type]  # ids


async def items(desk: Desk) -> list[tuple]:
    return await desk.small.rows("SELECT matter, closed_by IS NOT NULL FROM tray_item ORDER BY id")


async def test_a_message_of_nobody_waits_with_its_words_and_a_hidden_number(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await a_stranger_writes(desk)
    await desk.enter(OFFICE)

    page = await desk.web.get("/bac")

    words = said(page.text)
    assert "1 affaire attend le secrétariat." in words
    assert "Un message n'a pas trouvé sa famille." in words
    assert "C'est la grand-mère de Capucine" in words
    assert "06 39 98 •• 23" in words
    assert "Voir le numéro entier" in words
    assert "81 23" not in words
    assert "988123" not in page.text


async def test_the_number_is_shown_to_who_asks_and_that_is_written_down(desk: Desk) -> None:
    await a_stranger_writes(desk)
    await desk.enter(OFFICE)

    page = await desk.post("/bac/1/numero")

    assert page.status_code == 200
    assert "06 39 98 81 23" in said(page.text)
    assert "Voir le numéro entier" not in said(page.text)
    assert await desk.small.rows("SELECT act, subject, subject_id FROM audit") == [("read_number", "tray_item", 1)]
    assert "81 23" not in said((await desk.web.get("/bac")).text)


async def test_it_is_tied_to_an_adult_whom_one_looks_for_and_its_words_join_the_conversation(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    await a_stranger_writes(desk)
    await desk.enter(OFFICE)

    found = await desk.web.get("/bac", params={"pour": 1, "q": "capucine"})
    answer = await desk.post("/bac/1/relier", guardian=odile)

    assert "Odile Exemple pour Capucine, CP A C'est cette personne" in said(found.text)
    assert (answer.status_code, answer.headers["location"]) == (303, "/bac")
    assert await items(desk) == [("unmatched_reply", True)]
    assert "Le bac est vide." in said((await desk.web.get("/bac")).text)
    assert "C’est la grand-mère de Capucine" in (await desk.web.get("/messages/1")).text
    assert await desk.small.rows("SELECT guardian_id, position FROM contact_point ORDER BY position") == [
        (odile, 1),
        (odile, 2),
    ]


async def test_it_is_never_tied_to_a_barred_adult(desk: Desk) -> None:
    _, barred = await desk.small.family(by_sms(), Adult(name="Barré", kind=LinkKind.BARRED))
    await a_stranger_writes(desk)
    await desk.enter(OFFICE)

    looked = await desk.web.get("/bac", params={"pour": 1, "q": "barré"})
    answer = await desk.post("/bac/1/relier", guardian=barred)

    assert "Personne ne porte ce nom ici." in said(looked.text)
    assert answer.status_code == 422
    assert await items(desk) == [("unmatched_reply", False)]


async def test_what_is_not_for_us_is_closed_once_and_the_words_are_kept(desk: Desk) -> None:
    await a_stranger_writes(desk, "Promo sur les pneus")
    await desk.enter(OFFICE)

    first, second = await desk.post("/bac/1/clore"), await desk.post("/bac/1/clore")

    assert (first.status_code, second.status_code) == (303, 404)
    assert "Ceci est déjà réglé." in said(second.text)
    assert await items(desk) == [("unmatched_reply", True)]
    assert await desk.count("reply") == 1
    assert await desk.small.rows("SELECT act FROM audit") == [("tray_unmatched_reply",)]


@on_one_database
@pytest.mark.parametrize(
    ("matter", "sentence", "act"),
    [
        (Matter.WRONG_NUMBER, "Quelqu'un d'autre répond à cette adresse", "C'est réglé"),
        (Matter.SENDER_STOPPED, "L'école ne peut plus écrire par une de ses voies", "C'est réparé"),
        (Matter.UNSURE_SENT, "Un message est peut-être arrivé, peut-être pas", "C'est vu"),
        (Matter.NO_RECEIPT, "Un message est parti, mais rien ne dit qu'il est arrivé", "C'est vu"),
        (Matter.LEFT, "Cet élève n'est plus dans le fichier complet", "C'est vu"),
        (Matter.AMBIGUOUS_ADULT, "Un adulte du fichier ressemble à une personne connue", "C'est réglé"),
        (Matter.ADULT_OF_BARRED_PUPIL, "Un nouvel adulte est apparu", "Ne pas le prévenir"),
    ],
)
async def test_every_matter_is_said_in_a_sentence_and_ended_by_its_act(
    desk: Desk, matter: Matter, sentence: str, act: str
) -> None:
    await desk.small.family(by_sms(name="Odile"))
    await put(desk, matter, address_id=1, pupil_id=1)
    await desk.enter()

    words = said((await desk.web.get("/bac")).text)
    await desk.post("/bac/1/clore")

    assert sentence in words
    assert f" {act} " in words
    assert "Capucine, CP A" in words
    assert "Odile Exemple pour Capucine, CP A" in words
    assert "06 39 98 •• 00" in words
    assert await items(desk) == [(matter.value, True)]
    assert "Le bac est vide." in said((await desk.web.get("/bac")).text)


async def detailed(desk: Desk, **detail: object) -> bytes:
    """What is noted beside a matter, sealed."""
    async with desk.small.database.school(desk.small.school.key) as session:
        seal = await school_key(session, desk.small.keyring, desk.small.school.key)
    return seal.close(orjson.dumps(detail), DETAIL)


async def test_of_several_who_share_a_phone_the_office_says_who_wrote_and_the_conversation_then_says_so(
    desk: Desk,
) -> None:
    isaure, barred, gone = await desk.small.family(
        by_sms("+33639981080", name="Isaure"),
        Adult(name="Fulgence", reached_by=by_sms("+33639981080").reached_by, kind=LinkKind.BARRED),
        by_sms("+33639981081", name="Rosalinde"),
    )
    thread, reply = await Inbox(desk.small).wrote("C’est pour qui ?", shared=1)
    await put(desk, Matter.UNMATCHED_REPLY, address_id=1, detail_sealed=await detailed(desk, reply=reply))
    await desk.enter(OFFICE)

    page = await desk.web.get("/bac")
    refused = [await desk.post("/bac/1/relier", guardian=adult) for adult in (barred, gone)]
    open_still = await items(desk)
    answer = await desk.post("/bac/1/relier", guardian=isaure)

    assert f'<a href="/messages/{thread}">Voir la conversation</a>' in page.text
    words = said(page.text)
    assert "Un message demande qu'une personne le lise." in words
    assert "Isaure Exemple pour Capucine, CP A C'est cette personne" in words
    assert "Fulgence Exemple prévenu de rien aujourd'hui" in words
    assert page.text.count("/relier") == 1
    assert ([one.status_code for one in refused], answer.status_code) == ([422, 422], 303)
    assert (open_still, await items(desk)) == ([("unmatched_reply", False)], [("unmatched_reply", True)])
    assert "Isaure Exemple , 7 h 12, par SMS" in said((await desk.web.get(f"/messages/{thread}")).text)
    assert await desk.small.rows("SELECT act FROM audit") == [("sender_named",)]


@on_one_database
async def test_a_phone_of_one_adult_is_tied_to_nobody(desk: Desk) -> None:
    await desk.small.family(by_sms())
    _, reply = await Inbox(desk.small).wrote("Bonjour", shared=1)
    await put(desk, Matter.UNMATCHED_REPLY, address_id=1, detail_sealed=await detailed(desk, reply=reply))
    await desk.enter(OFFICE)

    assert "/relier" not in (await desk.web.get("/bac")).text


async def test_a_mail_that_wishes_no_more_of_us_is_done_as_it_wishes_by_the_office_alone(desk: Desk) -> None:
    await desk.small.family(by_mail(), by_mail("tiago@familles.test", name="Tiago"))
    _, reply = await Inbox(desk.small).wrote("", shared=1, channel="email")
    await put(desk, Matter.UNMATCHED_REPLY, address_id=1, detail_sealed=await detailed(desk, reply=reply, leaves=1))
    await desk.enter(OFFICE)

    words = said((await desk.web.get("/bac")).text)
    before = await desk.count("stop")
    first, again = await desk.post("/bac/1/arreter"), await desk.post("/bac/1/arreter")

    assert "Un courriel demande de ne plus écrire ici : seul, il ne change rien." in words
    assert "Ne plus écrire à cette adresse : o•••@familles.test" in words
    assert "C'était autre chose" in words
    assert (before, first.status_code, again.status_code) == (0, 303, 404)
    assert await desk.small.rows("SELECT address_id, sender_id FROM stop") == [
        (1, next(iter(desk.small.senders.values())))
    ]
    assert await items(desk) == [("unmatched_reply", True)]
    assert await desk.small.rows("SELECT act FROM audit") == [("tray_stopped",)]


@on_one_database
async def test_what_asked_for_nothing_of_the_kind_stops_nothing(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await a_stranger_writes(desk)
    await put(desk, Matter.LEFT, pupil_id=1)
    await desk.enter(OFFICE)

    answers = [await desk.post(f"/bac/{item}/arreter") for item in (1, 2)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert await desk.count("stop") == 0
    assert await items(desk) == [("unmatched_reply", False), ("left", False)]


@on_one_database
async def test_a_new_adult_of_a_barred_childs_leads_to_the_family_and_is_let_in_by_nothing_here(desk: Desk) -> None:
    odile, new = await desk.small.family(by_sms(name="Odile"), by_sms("+33639981002", name="Nouveau"))
    await desk.small.write("UPDATE link SET waiting = :yes WHERE guardian_id = :new", yes=True, new=new)
    await put(desk, Matter.ADULT_OF_BARRED_PUPIL, guardian_id=new, pupil_id=1)
    await desk.enter(OFFICE)

    page = await desk.web.get("/bac")

    words = said(page.text)
    assert "Nouveau Exemple prévenu de rien aujourd'hui" in words
    assert "Qui est prévenu pour Capucine : Odile Exemple pour Capucine, CP A" in words
    assert f'href="/familles/{odile}"' in page.text
    assert f'href="/familles/{new}"' not in page.text
    assert re.findall(r'action="/bac/1/(\w+)"', page.text) == ["clore"]
    await desk.post("/bac/1/clore")
    assert await desk.small.rows("SELECT waiting FROM link ORDER BY guardian_id") == [(False,), (True,)]


async def test_an_adult_of_a_file_whom_it_does_not_tell_apart_is_named_with_the_candidates(desk: Desk) -> None:
    ada, bob = await desk.small.family(by_sms(name="Ada"), by_sms("+33639981002", name="Bob"))
    async with desk.small.database.school(desk.small.school.key) as session:
        seal = await school_key(session, desk.small.keyring, desk.small.school.key)
        detail = {"first_name": "Adah", "usage_name": "", "family_name": "Exemple", "candidates": [bob, ada]}
        closed = seal.close(orjson.dumps(detail), DETAIL)
    await put(desk, Matter.AMBIGUOUS_ADULT, detail_sealed=closed)
    async with desk.small.database.reading(desk.small.school.key) as session:
        here = {"school_id": desk.small.school.key, "staff_id": desk.small.office, "day": NOW.date()}
        reader = Reader(desk.small.office, await rights_on(session, **here), NOW.date())
        [item] = await tray(session, desk.small.keyring, school_id=desk.small.school.key, reader=reader)

    assert (item.name, [one.name for one in item.adults]) == ("Adah Exemple", ["Bob Exemple", "Ada Exemple"])


@on_one_database
@pytest.mark.parametrize("email", [TEACHER, DEPUTY])
async def test_the_tray_is_the_directors_and_the_offices(desk: Desk, email: str) -> None:
    [odile] = await desk.small.family(by_sms())
    await a_stranger_writes(desk)
    await desk.enter(email)

    answers = [
        await desk.web.get("/bac"),
        await desk.post("/bac/1/numero"),
        await desk.post("/bac/1/relier", guardian=odile),
        await desk.post("/bac/1/arreter"),
        await desk.post("/bac/1/clore"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert all("grand-mère" not in answer.text for answer in answers)
    assert await items(desk) == [("unmatched_reply", False)]
    assert await desk.count("audit") == 0
    assert 'href="/bac"' not in (await desk.web.get("/messages")).text
