"""What was said in full: a long reply, an adult without a right, what we began it about, why a child is away."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from desks import TEACHER, Desk, on_one_database
from factories import NOW, TODAY, Adult, by_mail, by_sms
from inboxes import Inbox
from sqlalchemy import insert

from hub.errors import InvalidError
from hub.inbox.answering import open_thread, write_back
from hub.inbox.excuses import excuse
from hub.inbox.searching import search
from hub.inbox.whole import PART
from hub.models.answers import AnswerKind
from hub.models.people import LinkKind
from hub.models.school import Role
from hub.ports import HalfDay
from hub.tables import absence

LONG = "Bonjour. " + "a" * 45_000 + " Au revoir."


@pytest_asyncio.fixture
async def inbox(desk: Desk) -> Inbox:
    return Inbox(desk.small)


def said(page: str) -> str:
    """The words of a page in one line, with plain spaces and marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("’", "'").split())


async def missing(desk: Desk, pupil: int = 1, **more: Any) -> int:
    """A child is missing, and nobody knows why; gives the absence."""
    case = {"pupil_id": pupil, "day": TODAY, "half_day": HalfDay.MORNING, "state": "open", "opened_at": NOW, **more}
    async with desk.small.database.school(desk.small.school.key) as session:
        made = insert(absence).values(school_id=desk.small.school.key, **case).returning(absence.c.id)
        return int((await session.execute(made)).scalar_one())


async def cases(desk: Desk) -> list[tuple]:
    return await desk.small.rows("SELECT state, reason, told_by, typed_by, through FROM absence ORDER BY id")


@on_one_database
async def test_a_long_reply_begins_on_the_page_and_is_read_to_its_end_on_its_own(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_mail())
    thread, reply = await inbox.wrote(LONG, guardian=odile, pupils=(1,), channel="email")
    _, short = await inbox.wrote("b" * 4000, guardian=odile, pupils=(1,), channel="email")
    await desk.enter(TEACHER)

    page = (await desk.web.get(f"/messages/{thread}")).text
    parts = [await desk.web.get(f"/messages/{thread}/mots/{reply}", params={"partie": n}) for n in (1, 2, 3, 4)]

    assert f'href="/messages/{thread}/mots/{reply}">Lire la suite' in page
    assert f"/mots/{short}" not in page
    assert "a" * 3991 in page
    assert "a" * 3992 not in page
    assert [part.status_code for part in parts] == [200, 200, 200, 404]
    assert "Partie 1 sur 3. Revenir à la conversation" in said(parts[0].text)
    assert "Bonjour." in parts[0].text
    assert "Au revoir." in parts[2].text
    assert sum(len(re.findall("a{50,}", part.text)[0]) for part in parts[:3]) == 45_000
    assert len(parts[1].text) > PART


@on_one_database
async def test_a_reply_is_read_to_its_end_by_who_may_read_its_conversation_alone(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_mail(), class_label="CE1 B")
    [bao] = await desk.small.family(by_sms("+33639981001", name="Bao"), children=["Linh"])
    theirs, reply = await inbox.wrote(LONG, guardian=odile, pupils=(1,))
    mine, _ = await inbox.wrote("Bonjour", guardian=bao, pupils=(2,))
    await desk.enter(TEACHER)

    answers = [await desk.web.get(f"/messages/{thread}/mots/{reply}") for thread in (theirs, mine)]

    assert [answer.status_code for answer in answers] == [403, 404]
    assert all("Au revoir" not in answer.text for answer in answers)


@on_one_database
async def test_an_adult_without_any_right_stands_under_his_own_name_and_is_told_nothing(
    desk: Desk, inbox: Inbox
) -> None:
    await desk.small.family(Adult(name="Anselme", reached_by=by_sms().reached_by, kind=LinkKind.BARRED))
    thread, _ = await inbox.wrote("Où est ma fille ?", shared=1)
    await desk.enter()

    words = said((await desk.web.get(f"/messages/{thread}")).text)
    listed = said((await desk.web.get("/messages")).text)
    refused = await desk.post(f"/messages/{thread}/repondre", words="Elle est ici.", key="k")
    await desk.post("/sortir")
    await desk.enter(TEACHER)

    assert "Anselme Exemple, prévenu de rien aujourd'hui" in words
    assert "Ne lui dites rien d'un enfant." in words
    assert "Téléphone partagé" not in words + listed
    assert "Répondre" not in words
    assert refused.status_code == 422
    assert await desk.count("notice") == 0
    assert (await desk.web.get(f"/messages/{thread}")).status_code == 403
    assert "Anselme" not in (await desk.web.get("/messages")).text


async def test_a_conversation_that_we_began_bears_its_subject_and_is_found_by_it(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_mail())
    small, office = desk.small, await inbox.reader(desk.small.office)
    async with small.database.school(small.school.key) as session:
        thread = await open_thread(
            session, school=small.school, guardian_id=odile, pupil_id=1, private=False, reader=office, now=NOW
        )
    for key, subject in (("one", "Son cahier oublié"), ("two", "Autre chose")):
        async with small.database.school(small.school.key) as session:
            await write_back(
                session, small.keyring, school=small.school, thread_id=thread, reader=office,
                words="Bonjour, il est resté en classe.", key=key, now=NOW, subject=subject,
            )  # fmt: skip

    [line] = await inbox.lines(small.office)
    found = []
    async with small.database.reading(small.school.key) as session:
        for staff in (small.teacher, await inbox.colleague(Role.TEACHER, "CE1 B")):
            here = {"school_id": small.school.key, "reader": await inbox.reader(staff), "now": NOW}
            seen = await search(session, small.keyring, **here, words="OUBLIE cahier", clock=lambda: 0.0)
            found.append([one.thread_id for one in seen.lines])

    assert line.subject == "Son cahier oublié"
    assert (await inbox.read(small.office, thread)).subject == "Son cahier oublié"
    assert found == [[thread], []]
    await desk.enter()
    assert "Objet : Son cahier oublié" in said((await desk.web.get(f"/messages/{thread}")).text)
    assert "Son cahier oublié" in (await desk.web.get("/messages")).text


async def test_why_a_child_is_away_is_noted_from_the_conversation_in_two_taps(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_mail())
    thread, _ = await inbox.wrote("Il a de la fièvre", guardian=odile, pupils=(1,), channel="email")
    await missing(desk, alarmed_at=NOW)
    await desk.enter(TEACHER)

    page = (await desk.web.get(f"/messages/{thread}")).text
    answer = await desk.post(f"/messages/{thread}/motif", absence=1, raison="ill")
    again = await desk.post(f"/messages/{thread}/motif", absence=1, raison="transport")

    assert "Noter pourquoi Capucine manque, mardi 24 novembre, le matin" in said(page)
    assert '<button class="chip" name="raison" value="ill">malade</button>' in page
    assert (answer.status_code, again.status_code) == (303, 422)
    [(state, reason, told_by, typed_by, through)] = await cases(desk)
    assert (state, reason, told_by, through) == ("explained", "ill", odile, "email")
    assert typed_by is not None
    assert "Noter pourquoi" not in said((await desk.web.get(f"/messages/{thread}")).text)


@on_one_database
@pytest.mark.parametrize("reason", [AnswerKind.ILL, AnswerKind.YES])
async def test_a_reason_is_noted_for_the_children_of_this_conversation_alone(
    desk: Desk, inbox: Inbox, reason: AnswerKind
) -> None:
    [odile] = await desk.small.family(by_sms())
    await desk.small.family(by_sms("+33639981001", name="Bao"), children=["Linh"])
    thread, _ = await inbox.wrote("Malade", guardian=odile, pupils=(1,))
    mine, other = await missing(desk), await missing(desk, pupil=2)
    number = other if reason is AnswerKind.ILL else mine

    with pytest.raises(InvalidError):
        await inbox.act(excuse, thread, desk.small.office, absence_id=number, reason=reason, now=NOW)

    assert {row[0] for row in await cases(desk)} == {"open"}


@on_one_database
async def test_a_call_about_a_word_of_a_conversation_leads_back_to_it(desk: Desk, inbox: Inbox) -> None:
    [odile] = await desk.small.family(by_sms())
    thread, _ = await inbox.wrote("À quelle heure ?", guardian=odile, pupils=(1,), at=NOW - timedelta(hours=1))
    await desk.enter()
    await desk.post(f"/messages/{thread}/repondre", words="À dix heures.", key="k1")
    await desk.small.write("UPDATE notice SET due_at = :now", now=(NOW - timedelta(hours=1)).isoformat(sep=" "))
    await desk.nobody_answers()

    page = (await desk.web.get("/appeler")).text

    assert f'<a href="/messages/{thread}">Voir la conversation</a>' in page
    assert "Voir l’avis" not in page
    assert (await desk.web.get(f"/messages/{thread}")).status_code == 200


@on_one_database
async def test_the_office_writes_first_under_a_subject_and_pressed_twice_it_is_one_word(desk: Desk) -> None:
    [odile] = await desk.small.family(by_mail())
    await desk.enter()
    form = {"key": "a" * 32, "objet": "Son cahier oublié", "mots": "Il est resté en classe."}

    sheet = await desk.web.get(f"/familles/{odile}/ecrire")
    empty = await desk.post(f"/familles/{odile}/ecrire", **{**form, "mots": " "})
    before = await desk.count("thread")
    answers = [await desk.post(f"/familles/{odile}/ecrire", **form) for _ in range(2)]
    hushed = await desk.post(f"/familles/{odile}/ecrire", **{**form, "key": "b" * 32, "seul": "true"})

    assert "Écrire à Odile Exemple" in said(sheet.text)
    assert "Personne d'autre à l'école ne lira cette conversation" in said(sheet.text)
    assert (empty.status_code, before) == (422, 0)
    assert 'value="Son cahier oublié"' in empty.text
    assert [answer.headers["location"] for answer in (*answers, hushed)] == [
        "/messages/1#dernier",
        "/messages/1#dernier",
        "/messages/2#dernier",
    ]
    topics = await desk.small.rows("SELECT topic, private_to IS NULL FROM thread ORDER BY id")
    assert topics[0] == ("guardian:1 pupil:1", True)
    assert topics[1][0].startswith("guardian:1 pupil:1 staff:")
    assert "Objet : Son cahier oublié" in said((await desk.web.get("/messages/1")).text)


@on_one_database
async def test_nobody_writes_first_to_an_adult_without_a_right_nor_a_teacher_to_anybody(desk: Desk) -> None:
    [barred] = await desk.small.family(Adult(reached_by=by_sms().reached_by, kind=LinkKind.BARRED))
    form = {"key": "a" * 32, "mots": "Bonjour."}
    await desk.enter()
    refused = [await desk.web.get(f"/familles/{barred}/ecrire"), await desk.post(f"/familles/{barred}/ecrire", **form)]
    await desk.small.write("UPDATE link SET kind = 'joint'")
    await desk.post("/sortir")
    await desk.enter(TEACHER)

    closed = [await desk.web.get(f"/familles/{barred}/ecrire"), await desk.post(f"/familles/{barred}/ecrire", **form)]

    assert [answer.status_code for answer in refused] == [404, 404]
    assert [answer.status_code for answer in closed] == [403, 403]
    assert await desk.count("thread") == await desk.count("notice") == 0
