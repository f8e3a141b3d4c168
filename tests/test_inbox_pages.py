"""The inbox on the web: who is let in, what a page says, what a form does, and that a file harms nobody."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from desks import TEACHER, Desk, a_browser, a_staffed_school, on_one_database
from factories import NOW, SINCE, Adult, by_mail, by_sms
from inboxes import Inbox

from hub.database import Database
from hub.models.answers import AnswerKind
from hub.models.notices import DeliveryState
from hub.models.people import Matter
from hub.models.school import Role
from hub.people.staff import add_staff
from hub.replies.meaning import Sense
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House
from web.inbox_words import ANSWERS, MATTERS, REACHED, SENSES, doubt_of

OFFICE, DEPUTY, OTHER = "secretariat@ecole.test", "suppleante@ecole.test", "maitresse@ecole.test"


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[Desk]:
    small = await a_staffed_school(database, keyring, hashed)
    async with database.school(small.school.key) as session:
        for email, role, classes in (
            (OFFICE, Role.OFFICE, ()),
            (DEPUTY, Role.DEPUTY, ()),
            (OTHER, Role.TEACHER, ("CE1 B",)),
        ):
            await add_staff(session, keyring, small.school.key, email=email, role=role, from_on=SINCE, classes=classes)
    await small.write("UPDATE staff SET password_hash = :hashed", hashed=hashed)
    async with a_browser(House(Settings(public_url=None), database, keyring)) as (app, web):
        yield Desk(small, app, web)


@pytest_asyncio.fixture
async def inbox(desk: Desk) -> Inbox:
    return Inbox(desk.small)


def said(page: str) -> str:
    """The words of a page in one line, with plain spaces and marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("’", "'").split())


async def state(desk: Desk) -> list[tuple]:
    return await desk.small.rows("SELECT state, owner_id, private_to FROM thread ORDER BY id")


@on_one_database
async def test_the_list_says_who_wrote_about_whom_by_which_way(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    await inbox.wrote("La piscine est-elle annulée ?", guardian=odile, pupils=(1,))
    await desk.enter(TEACHER)

    words = said((await desk.web.get("/messages")).text)

    assert "1 message à lire." in words
    assert "SMS Odile Exemple 7 h 12 pour Capucine, CP A La piscine est-elle annulée ? nouveau à qui la prend" in words
    assert "Messages 1 non lus" in said((await desk.web.get("/")).text)


@on_one_database
@pytest.mark.parametrize(
    ("voir", "found"),
    [
        ("", {"Nouveau", "Mien", "Tard", "Attente"}),
        ("nouveaux", {"Nouveau", "Tard"}),
        ("a-moi", {"Mien"}),
        ("sans-reponse", {"Tard"}),
        ("en-attente", {"Attente"}),
        ("clos", {"Clos"}),
        ("n-importe", {"Nouveau", "Mien", "Tard", "Attente"}),
    ],
)
async def test_one_looks_at_what_one_wants(desk: Desk, inbox: Inbox, voir: str, found: set[str]) -> None:
    names = ("Nouveau", "Mien", "Tard", "Attente", "Clos")
    ids = await desk.small.family(*(by_sms(f"+3363998100{n}", name=f"Adulte{n}") for n, _ in enumerate(names)))
    await desk.enter()
    for name, guardian in zip(names, ids, strict=True):
        early = NOW - timedelta(days=2) if name == "Tard" else NOW
        number, reply = await inbox.wrote(name, guardian=guardian, pupils=(1,), at=early)
        if name in ("Mien", "Attente", "Clos"):
            await desk.post(f"/messages/{number}/lu", jusqua=reply)
        act = {"Mien": "prendre", "Attente": "etat", "Clos": "etat"}.get(name)
        if act:
            await desk.post(f"/messages/{number}/{act}", etat="closed" if name == "Clos" else "waiting")

    page = await desk.web.get("/messages", params={"voir": voir})

    assert set(re.findall(r'<bdi class="snip" dir="auto">(\w+)</bdi>', page.text)) == found


@on_one_database
async def test_beside_an_open_conversation_stands_the_list_that_one_came_from(desk: Desk, inbox: Inbox) -> None:
    odile, isaure = await desk.small.family(by_sms(), by_sms("+33639981002", name="Isaure"))
    await inbox.wrote("Bonjour", guardian=odile, pupils=(1,))
    await desk.enter()
    thread, _ = await inbox.wrote("Pour vous", guardian=isaure, pupils=(1,))
    await desk.post(f"/messages/{thread}/prendre")

    listed = (await desk.web.get("/messages?voir=a-moi")).text
    page = (await desk.web.get(f"/messages/{thread}?voir=a-moi")).text

    assert f'href="/messages/{thread}?voir=a-moi"' in listed
    beside = page.partition('id="liste"')[2].partition("</section>")[0]
    assert f'href="/messages/{thread}?voir=a-moi" aria-current="page"' in beside
    assert "Bonjour" not in beside
    assert 'href="/messages?voir=a-moi"' in page.partition('id="liste"')[0]


@on_one_database
@pytest.mark.parametrize(
    ("email", "at_hand", "behind"),
    [
        (
            "directrice",
            ["Suivi", "Écrire", "Messages", "Alerte"],
            ["Présences", "Classe", "Absences", "À appeler", "Courrier", "Familles", "École"],
        ),
        (
            TEACHER,
            ["Suivi", "Écrire", "Messages", "Présences"],
            ["Classe", "Absences", "À appeler", "Courrier", "Familles"],
        ),
        (DEPUTY, ["Suivi", "Alerte"], []),
    ],
)
async def test_four_rooms_are_at_hand_and_the_others_behind_plus(
    desk: Desk, email: str, at_hand: list[str], behind: list[str]
) -> None:
    await desk.enter(*([] if email == "directrice" else [email]))

    page = (await desk.web.get("/")).text
    bar, _, more = page.partition('<nav class="rooms"')[2].partition("</nav>")[0].partition("<details")

    doors = re.findall(r"<a( class=\"spread\")? href=.*?</svg> ([^<]+?)(?: <b>.*)?</a>", bar)
    assert [name for spread, name in doors if not spread] == at_hand
    assert [name for spread, name in doors if spread] == behind
    assert re.findall(r"</svg> (.+?)</a>", more) == behind


@on_one_database
async def test_the_words_of_who_writes_from_the_right_are_set_as_such(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("Bonjour\nصباح الخير", guardian=odile, pupils=(1,))
    await desk.enter()

    as_arabic = (await desk.web.get(f"/messages/{thread}")).text
    await desk.small.write("UPDATE guardian SET language = 'fa'")
    as_persian = (await desk.web.get(f"/messages/{thread}")).text

    assert '<p dir="auto">Bonjour</p>' in as_arabic
    assert '<p dir="auto" lang="ar">صباح الخير</p>' in as_arabic
    assert '<p dir="auto" lang="fa">صباح الخير</p>' in as_persian


@on_one_database
async def test_a_look_changes_nothing_and_the_form_marks_it_read(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, reply = await inbox.wrote("Bonjour", guardian=odile, pupils=(1,))
    await desk.enter(TEACHER)

    page = await desk.web.get(f"/messages/{thread}")
    before = await desk.count("thread_read")
    answer = await desk.post(f"/messages/{thread}/lu", jusqua=reply)

    assert "Marquer comme lu" in page.text
    assert (before, await desk.count("thread_read")) == (0, 1)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/messages/{thread}#fil")
    assert 'id="lu" hidden' in (await desk.web.get(f"/messages/{thread}")).text
    assert "Rien de nouveau des familles." in said((await desk.web.get("/messages")).text)


@on_one_database
@pytest.mark.parametrize("email", [DEPUTY, OTHER])
async def test_who_has_no_right_to_the_child_is_refused_everywhere(desk: Desk, inbox: Inbox, email: str) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, reply = await inbox.wrote("Mot à nous", guardian=odile, pupils=(1,), files=(("a.txt", b"a"),))
    await desk.enter(email)
    before = await state(desk)

    looks = [
        await desk.web.get(f"/messages/{thread}"),
        await desk.web.get(f"/messages/{thread}/direct"),
        await desk.web.get(f"/messages/{thread}/pieces/1"),
        await desk.web.get(f"/messages/{thread}/mots/{reply}"),
    ]
    forms = {
        "motif": {"absence": 1, "raison": "ill"},
        "lu": {"jusqua": reply},
        "repondre": {"words": "Bonjour", "key": "a"},
        "etat": {"etat": "closed"},
        "prendre": {},
        "confier": {},
        "garder": {"to": desk.small.office},
    }
    posts = [await desk.post(f"/messages/{thread}/{act}", **fields) for act, fields in forms.items()]

    assert {answer.status_code for answer in (*looks, *posts)} == {403}
    assert all("Mot à nous" not in answer.text for answer in (*looks, *posts))
    assert await state(desk) == before
    assert await desk.count("notice") == await desk.count("thread_read") == 0
    listed = await desk.web.get("/messages")
    assert listed.status_code == (403 if email == DEPUTY else 200)
    assert "Mot à nous" not in listed.text


@on_one_database
async def test_a_conversation_that_is_not_there_is_said_in_a_sentence(desk: Desk) -> None:
    await desk.enter()

    page = await desk.web.get("/messages/77")

    assert page.status_code == 404
    assert "Cette conversation n'existe pas." in said(page.text)


@on_one_database
async def test_a_file_leaves_as_a_file_and_never_runs_here(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_mail())
    name, body = 'certificat "à\r\nmoi".html', b"<script>alert(1)</script>"
    thread, _ = await inbox.wrote("Voici", guardian=odile, pupils=(1,), files=((name, body),), channel="email")
    await desk.enter(TEACHER)

    page, file = await desk.web.get(f"/messages/{thread}"), await desk.web.get(f"/messages/{thread}/pieces/1")

    assert f'href="/messages/{thread}/pieces/1"' in page.text
    assert file.content == body
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert file.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''certificat%20%22%C3%A0%0D%0Amoi%22.html"
    )
    assert (await desk.web.get(f"/messages/{thread}/pieces/2")).status_code == 404


@on_one_database
async def test_what_nobody_vouches_for_is_said_beside_it_and_a_machine_is_folded(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_mail())
    thread, _ = await inbox.wrote("Elle part", guardian=odile, pupils=(1,), channel="email", doubt="other_from")
    await inbox.wrote("Je suis absente", guardian=odile, machine=True, thread_id=thread, channel="email")
    await desk.enter()

    page = (await desk.web.get(f"/messages/{thread}")).text

    assert "Ce courriel ne vient pas de l’adresse connue. Avant d’agir, appelez la famille." in page
    assert re.search(r"<details><summary>Réponse automatique.*?Je suis absente.*?</details>", page, re.DOTALL)
    assert "auteur incertain" in (await desk.web.get("/messages")).text


@on_one_database
async def test_words_of_a_family_are_words_and_no_markup(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("<script>alert(1)</script>", guardian=odile, pupils=(1,))
    await desk.enter()

    for path in ("/messages", f"/messages/{thread}", "/messages?q=alert"):
        page = (await desk.web.get(path)).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page


@on_one_database
async def test_the_answer_is_one_however_often_it_is_pressed_and_shows_how_far_it_got(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("À quelle heure ?", guardian=odile, pupils=(1,))
    await desk.enter(TEACHER)

    for _ in range(2):
        answer = await desk.post(f"/messages/{thread}/repondre", words="À neuf heures.", key="k1")
    page = (await desk.web.get(f"/messages/{thread}")).text

    assert (answer.status_code, answer.headers["location"]) == (303, f"/messages/{thread}#dernier")
    assert await desk.count("thread_notice") == await desk.count("notice") == 1
    assert "À neuf heures." in page
    assert "On attend la famille." in page
    assert re.search(r"M\. Modèle</strong>.*?par SMS, en route", page, re.DOTALL)
    await desk.small.write("UPDATE delivery SET state = 'told'")
    assert "par SMS, reçu" in (await desk.web.get(f"/messages/{thread}")).text


@on_one_database
async def test_an_answer_that_cannot_leave_says_why_and_keeps_what_was_typed(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("Allô ?", guardian=odile, pupils=(1,))
    await desk.enter()

    empty = await desk.post(f"/messages/{thread}/repondre", words="  ", key="k1")
    await desk.small.write("UPDATE link SET kind = 'barred'")
    barred = await desk.post(f"/messages/{thread}/repondre", words="Bonjour à vous", key="k2")

    assert (empty.status_code, barred.status_code) == (422, 422)
    assert 'aria-invalid="true"' in empty.text
    assert "Plus personne ne peut être prévenu ici" in barred.text
    assert "Bonjour à vous</textarea>" in barred.text
    assert 'name="key" value="k2"' in barred.text
    assert await desk.count("notice") == 0


@on_one_database
async def test_a_ready_answer_is_laid_on_the_sheet_without_javascript_too(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("Merci", guardian=odile, pupils=(1,))
    await desk.enter(OFFICE)
    kept = await desk.post("/messages/modeles", label="À bientôt", text="À tout à l’heure au portail.")
    refused = await desk.post("/messages/modeles", label="", text="Rien")
    page = await desk.web.get(f"/messages/{thread}")
    link = re.search(r'href="(/messages/\d+\?pret=\d+)#repondre"', page.text)

    assert (kept.status_code, refused.status_code) == (303, 422)
    assert "Donnez-lui un nom" in refused.text
    assert link
    assert "À tout à l’heure au portail.</textarea>" in (await desk.web.get(link[1])).text
    await desk.enter(TEACHER)
    assert (await desk.post("/messages/modeles", label="Non", text="Non")).status_code == 403
    assert (await desk.post("/messages/modeles/1/enlever")).status_code == 403
    assert "En préparer une" not in (await desk.web.get("/messages/modeles")).text
    await desk.enter(OFFICE)
    await desk.post("/messages/modeles/1/enlever")
    assert await desk.count("canned_answer") == 0


@on_one_database
async def test_it_is_taken_handed_over_closed_and_opened_again(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("Bonjour", guardian=odile, pupils=(1,))
    await desk.enter(TEACHER)
    [(teacher,)] = await desk.small.rows("SELECT staff_id FROM staff_session")

    await desk.post(f"/messages/{thread}/prendre")
    taken = await state(desk)
    await desk.post(f"/messages/{thread}/confier", to=desk.small.office)
    handed = await state(desk)
    closed = await desk.post(f"/messages/{thread}/etat", etat="closed")
    gone = await state(desk)
    await desk.post(f"/messages/{thread}/etat", etat="open")
    nonsense = await desk.post(f"/messages/{thread}/etat", etat="burnt")

    assert (taken, handed) == ([("open", teacher, None)], [("open", desk.small.office, None)])
    assert (closed.headers["location"], gone) == ("/messages", [("closed", desk.small.office, None)])
    assert await state(desk) == [("open", desk.small.office, None)]
    assert nonsense.status_code == 422


@on_one_database
async def test_what_is_kept_for_a_colleague_is_no_longer_ones_own_to_read(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("Entre nous", guardian=odile, pupils=(1,))
    await desk.enter(TEACHER)

    answer = await desk.post(f"/messages/{thread}/garder", to=desk.small.office)

    assert answer.headers["location"] == "/messages"
    assert (await desk.web.get(f"/messages/{thread}")).status_code == 403
    await desk.enter(OFFICE)
    assert (await desk.web.get(f"/messages/{thread}")).status_code == 403  # another of the office


@on_one_database
async def test_a_search_finds_or_says_that_there_is_nothing(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    await inbox.wrote("La piscine est annulée", guardian=odile, pupils=(1,))
    await desk.enter()

    found, nothing, wrong = [
        await desk.web.get("/messages", params={"q": words}) for words in ("PISCINE", "patinoire", "%")
    ]

    assert "1 conversation pour « PISCINE »." in said(found.text)
    assert "La piscine est annulée" in found.text
    assert "hx-sse" not in found.text.split("<main")[1].split(">", 3)[2]
    assert "Rien pour « patinoire »." in said(nothing.text)
    assert (wrong.status_code, "Donnez au moins deux lettres." in wrong.text) == (422, True)


@on_one_database
async def test_a_shared_phone_is_named_as_one(desk: Desk, inbox: Inbox) -> None:
    await desk.small.family(
        by_sms("+33639981080", name="Isaure"), Adult(name="Fulgence", reached_by=by_sms("+33639981080").reached_by)
    )
    thread, _ = await inbox.wrote("Bien reçu", shared=1)
    await desk.enter()

    page = said((await desk.web.get(f"/messages/{thread}")).text)

    assert "Téléphone partagé, Fulgence Exemple ou Isaure Exemple, pour Capucine, CP A" in page
    assert "À ce téléphone partagé, sans nommer d'enfant" in page


def test_whatever_a_reply_was_understood_as_has_its_words() -> None:
    assert set(Sense) - set(SENSES) == {Sense.WORDS, Sense.DIGIT}
    assert set(ANSWERS) == set(AnswerKind)
    assert set(MATTERS) == set(Matter)
    assert set(REACHED) == set(DeliveryState)
    assert doubt_of("new") == "Rien ne prouve qui a écrit ceci."


@on_one_database
async def test_a_digit_is_shown_as_what_it_stands_for_in_the_register(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    notice = await desk.press()
    thread, _ = await inbox.wrote("1", guardian=odile, pupils=(1,), notice_id=notice, sense="reason")
    await desk.small.write(
        "INSERT INTO answer (school_id, notice_id, guardian_id, pupil_id, kind, through, at) "
        "SELECT school_id, id, :guardian, 1, 'ill', 'sms', created_at FROM notice",
        guardian=odile,
    )
    await desk.enter(TEACHER)

    page = said((await desk.web.get(f"/messages/{thread}")).text)

    assert "par SMS malade 1" in page
    assert "L'école, 7 h 12 : École fermée" in page
