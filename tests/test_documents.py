"""A document goes to families with its files, and comes back signed."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from desks import TEACHER, Desk, a_browser, on_one_database
from factories import by_sms
from homes import Home, at_home
from PIL import Image

from hub.models.people import LinkKind
from hub.settings import Settings
from web.house import House

pytestmark = on_one_database
PDF = b"%PDF-1.7\n1 0 obj\nsortie au musee\n%%EOF"
WORDS = "Départ à huit heures devant le portail."
Files = list[tuple[str, bytes]]


def a_photo(size: tuple[int, int] = (640, 480)) -> bytes:
    """A small photograph."""
    body = BytesIO()
    Image.new("RGB", size, "red").save(body, "JPEG")
    return body.getvalue()


class Papers:
    """A director's browser before the room of the documents."""

    def __init__(self, desk: Desk, house: House) -> None:
        self.desk, self.house, self.small = desk, house, desk.small

    async def sheet(self, *, files: Files = [], kept: list[str] = [], **fields: object) -> httpx.Response:  # noqa: B006 (read only)
        """Fill in the sheet and post it."""
        form: dict[str, object] = {
            "csrf": await self.desk.token(), "key": "a" * 32, "title": "Sortie au musée", "text": WORDS,
            "to": ["CP A"], "needs": "one", "tells": "1", "step": "read", "kept": kept, **fields,
        }  # fmt: skip
        sent = [("files", (name, body, "application/octet-stream")) for name, body in files]
        return await self.desk.web.post("/classe/documents/nouveau", data=form, files=sent or None)

    async def give(self, *, files: Files = [], **fields: object) -> int:  # noqa: B006 (read only)
        """Lay files ready, read over and press; gives the document's number."""
        read = await self.sheet(files=files, **fields)
        assert read.status_code == 200, read.text
        kept = re.findall(r'name="kept" value="(\d+)"', read.text)
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', read.text)
        assert seen is not None
        done = await self.sheet(kept=kept, seen=seen[1], **{**fields, "step": "press"})
        assert done.status_code == 303, done.text
        return int(done.headers["location"].rpartition("/")[2])


@pytest_asyncio.fixture
async def papers(desk: Desk, tmp_path: Path) -> AsyncIterator[Papers]:
    house = House(Settings(public_url=None, data_dir=tmp_path), desk.small.database, desk.small.keyring)
    async with a_browser(house) as (app, web):
        own = replace(desk, app=app, web=web)
        await own.enter()
        yield Papers(own, house)


@asynccontextmanager
async def a_family(papers: Papers, *guardians: int) -> AsyncIterator[Home]:
    async with at_home(papers.small, *guardians, house=papers.house) as home:
        yield home


async def test_a_photo_and_a_pdf_reach_a_family_and_come_back_signed(papers: Papers) -> None:
    (odile,) = await papers.small.family(by_sms(name="Odile"))

    number = await papers.give(files=[("IMG_1.jpg", a_photo()), ("Autorisation.pdf", PDF)])

    async with a_family(papers, odile) as home:
        listed = (await home.look("/famille/documents")).text
        assert "1 document à signer" in listed
        path = f"/famille/documents/1/{number}"
        shown = (await home.look(path)).text
        assert WORDS in shown
        assert "Autorisation.pdf" in shown
        assert "<bdi>PDF</bdi>، 1 كيلوبايت" in (await home.look(path, lang="ar")).text
        await home.look(path, lang="fr")
        picture = await home.look("/famille/fichiers/1/1")
        kept = await home.look("/famille/fichiers/1/2")
        signed = await home.post(path, seen_on=path, guardian=odile, pupil=[1])
        assert signed.status_code == 303
        again = (await home.look(path)).text
    assert (picture.headers["content-type"], picture.headers["content-disposition"][:6]) == ("image/jpeg", "inline")
    assert kept.content == PDF
    assert kept.headers["content-disposition"].startswith('attachment; filename="Autorisation.pdf"')
    assert "Votre signature est notée" in again
    assert "J’ai lu et je signe" not in again
    seen = (await papers.desk.web.get(f"/classe/documents/{number}")).text
    assert "1 signature sur 1." in seen
    assert "sur sa page" in seen
    assert await papers.small.rows("SELECT state FROM delivery") == [("acknowledged",)]


async def test_the_message_on_the_own_page_shows_the_paper_and_takes_the_signature(papers: Papers) -> None:
    (odile,) = await papers.small.family(by_sms(name="Odile"))
    number = await papers.give(files=[("a.jpg", a_photo())])
    path = "/famille/messages/1/1"

    async with a_family(papers, odile) as home:
        shown = (await home.look(path)).text
        endless = await home.post(path, seen_on=path, act="sign", guardian=odile, document="9" * 5000, pupil=[1])
        signed = await home.post(path, seen_on=path, act="sign", guardian=odile, document=number, pupil=[1])
        after = (await home.look(path)).text

    assert 'src="/famille/fichiers/1/1?petit=1"' in shown
    assert (endless.status_code, signed.status_code) == (400, 303)
    assert "Votre signature est notée" in after
    assert await papers.small.rows("SELECT through FROM signature") == [("page",)]


async def test_a_press_without_signature_asks_for_none(papers: Papers) -> None:
    (odile,) = await papers.small.family(by_sms(name="Odile"))

    number = await papers.give(needs="none", due_on="2026-12-03")

    async with a_family(papers, odile) as home:
        listed, shown = await home.look("/famille/documents"), await home.look(f"/famille/documents/1/{number}")
    assert "à signer" not in listed.text + shown.text
    assert WORDS in shown.text
    assert await papers.small.rows("SELECT due_on FROM document") == [(None,)]


async def test_the_same_sheet_pressed_twice_is_one_document(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))

    first, second = await papers.give(files=[("a.pdf", PDF)]), await papers.give(files=[])

    assert first == second
    assert [await papers.desk.count(table) for table in ("document", "notice", "document_file")] == [1, 1, 1]


async def test_a_file_that_is_refused_loses_neither_words_nor_the_good_ones(papers: Papers) -> None:
    answer = await papers.sheet(files=[("bon.pdf", PDF), ("../jeu\u202e.exe", b"MZ"), ("photo.jpg", a_photo())])

    assert answer.status_code == 422
    assert "1 fichier n’a pas été pris, le reste est gardé." in answer.text
    assert "<bdi>jeu.exe</bdi>" in answer.text
    assert 'value="Sortie au musée"' in answer.text
    assert WORDS in answer.text
    assert re.findall(r'name="kept" value="(\d+)" checked', answer.text) == ["1", "2"]
    assert await papers.desk.count("document") == 0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", " ", "Il manque le titre."),
        ("text", "", "Ajoutez au moins un fichier, ou quelques mots."),
        ("to", [], "Dites à qui"),
        ("due_on", "2026-11-01", "Ce jour est passé"),
        ("due_on", "demain", "Ce jour n’existe pas"),
        ("kept", ["99"], "Un des fichiers n’est plus là"),
        ("kept", [str(2**63)], "Cette demande n’a pas pu être lue"),
        ("needs", "all", "Cette demande n’a pas pu être lue"),
    ],
)
async def test_a_sheet_that_cannot_be_given_says_why_and_gives_nothing(
    papers: Papers, field: str, value: object, said: str
) -> None:
    await papers.small.family(by_sms(name="Odile"))

    answer = await papers.sheet(**{"step": "press", field: value})

    assert (answer.status_code, said in answer.text.replace("'", "’")) == (422, True), answer.text
    assert [await papers.desk.count(table) for table in ("document", "notice")] == [0, 0]


async def test_nobody_presses_unread(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    read = await papers.sheet()
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', read.text)
    assert seen is not None

    answer = await papers.sheet(step="press", seen=seen[1], text="Autre chose.")

    assert answer.status_code == 200
    assert await papers.desk.count("document") == 0


async def test_the_whole_school_asks_for_a_second_factor_and_loses_nothing(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    await papers.small.write("UPDATE staff_session SET second_at = NULL")

    read = await papers.sheet(to=["school"], files=[("a.pdf", PDF)])
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', read.text)
    assert seen is not None
    pressed = await papers.sheet(to=["school"], kept=["1"], seen=seen[1], step="press")
    quietly = await papers.give(to=["school"], tells="", key="q" * 32)

    for answer in (read, pressed):
        assert "demande un second facteur" in answer.text
        assert "Donner ce document</button>" not in answer.text
        assert 'name="kept" value="1" checked' in answer.text
    assert (quietly, await papers.desk.count("notice")) == (1, 0)


async def test_what_was_given_quietly_to_the_whole_school_is_not_told_by_asking_again(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    number = await papers.give(to=["school"], tells="")
    await papers.small.write("UPDATE staff_session SET second_at = NULL")

    refused = await papers.desk.post(f"/classe/documents/{number}/relancer")
    before = await papers.desk.count("notice")
    await papers.small.write("UPDATE staff_session SET second_at = created_at")
    told = await papers.desk.post(f"/classe/documents/{number}/relancer")
    [(waits,)] = await papers.small.rows("SELECT due_at > created_at FROM notice")

    assert (refused.status_code, "demande un second facteur" in refused.text, before) == (422, True, 0)
    assert (told.status_code, bool(waits)) == (303, True)


async def test_a_teacher_asks_nobody_again_who_is_not_his_any_more(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    await papers.desk.enter(TEACHER)
    number = await papers.give()
    await papers.small.write("UPDATE document_for SET class_id = :other", other=papers.small.classes["CE1 B"])

    answer = await papers.desk.post(f"/classe/documents/{number}/relancer")

    assert (answer.status_code, await papers.desk.count("notice")) == (403, 1)


async def test_families_hear_of_it_only_if_asked(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))

    await papers.give(tells="")

    assert [await papers.desk.count(table) for table in ("document", "notice")] == [1, 0]


async def test_the_documents_of_years_ago_are_found_page_by_page(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    oldest = await papers.give()
    again = (
        "INSERT INTO document (school_id, author_id, title_sealed, needs, published_at) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) "
        "SELECT school_id, author_id, title_sealed, needs, published_at FROM document, n"
    )
    await papers.small.write(again)

    newest = (await papers.desk.web.get("/classe/documents")).text
    older = (await papers.desk.web.get("/classe/documents?page=2")).text
    none = (await papers.desk.web.get("/classe/documents?page=3")).text

    assert f'href="/classe/documents/{oldest}"' not in newest
    assert '<a href="/classe/documents?page=2">Plus anciens</a>' in newest
    assert "Plus récents" not in newest
    assert "Plus anciens&nbsp;: 1 signature manque pour 1 document." in older
    assert f'href="/classe/documents/{oldest}"' in older
    assert "page=3" not in older
    assert "Il n’y a rien de plus ancien." in none
    assert '<a href="/classe/documents?page=2">Plus récents</a>' in none


async def test_a_teacher_gives_to_his_own_classes_alone(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    await papers.small.family(by_sms("+33639981001", name="Iris"), class_label="CE1 B", children=("Lou",))
    theirs = await papers.give(to=["CE1 B"])
    await papers.desk.enter(TEACHER)

    for to in (["CE1 B"], ["school"], ["pupil:2"]):
        answer = await papers.sheet(to=to, key="b" * 32)
        assert (answer.status_code, "qui sont les vôtres" in answer.text) == (422, True)
    assert (await papers.desk.web.get(f"/classe/documents/{theirs}")).status_code == 404
    for path in ("signer", "relancer", "retirer"):
        answer = await papers.desk.post(f"/classe/documents/{theirs}/{path}", pour="2:2")
        assert answer.status_code in (403, 404)
    assert "Sortie au musée" not in (await papers.desk.web.get("/classe/documents")).text
    assert await papers.desk.count("signature") == 0


async def test_a_teacher_counts_the_signatures_of_his_own_pupils(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    await papers.small.family(by_sms("+33639981001", name="Iris"), class_label="CE1 B", children=("Lou",))
    number = await papers.give(to=["school"])
    all_of_them = (await papers.desk.web.get(f"/classe/documents/{number}")).text
    await papers.desk.enter(TEACHER)

    his = (await papers.desk.web.get(f"/classe/documents/{number}")).text

    assert "0 signature sur 2, 2 manquent." in all_of_them
    assert "0 signature sur 1, 1 manque." in his
    assert ("Iris" in all_of_them, "Iris" in his) == (True, False)


async def test_where_both_sign_each_is_counted_and_neither_sees_the_other(papers: Papers) -> None:
    odile, noe = await papers.small.family(by_sms(name="Odile"), by_sms("+33639981001", name="Noé"))
    number = await papers.give(needs="both")
    path = f"/famille/documents/1/{number}"

    async with a_family(papers, odile) as home:
        await home.post(path, seen_on=path, guardian=odile, pupil=[1])
    async with a_family(papers, noe) as home:
        his = (await home.look(path)).text

    staff = (await papers.desk.web.get(f"/classe/documents/{number}")).text
    assert "1 signature sur 2, 1 manque." in staff
    assert "J’ai lu et je signe" in his
    assert ("Odile" in his, "est notée" in his) == (False, False)


async def test_where_one_is_enough_a_child_is_done_with_the_first(papers: Papers) -> None:
    odile, noe = await papers.small.family(by_sms(name="Odile"), by_sms("+33639981001", name="Noé"))
    number = await papers.give(needs="one")
    path = f"/famille/documents/1/{number}"

    async with a_family(papers, odile) as home:
        await home.post(path, seen_on=path, guardian=odile, pupil=[1])
        await home.post(path, seen_on=path, guardian=odile, pupil=[1])
    async with a_family(papers, noe) as home:
        his = (await home.look(path)).text

    assert "1 signature sur 1." in (await papers.desk.web.get(f"/classe/documents/{number}")).text
    assert await papers.desk.count("signature") == 1
    assert "J’ai lu et je signe" in his  # that nothing is missing would tell him what she did


@pytest.mark.parametrize("who", [LinkKind.INFORMED, LinkKind.JOINT], ids=["informed", "may not decide"])
async def test_an_adult_who_does_not_decide_reads_and_does_not_sign(papers: Papers, who: LinkKind) -> None:
    odile, noe = await papers.small.family(by_sms(name="Odile"), by_sms("+33639981001", name="Noé", kind=who))
    if who is LinkKind.JOINT:
        await papers.small.write("UPDATE link SET may_decide = false WHERE guardian_id = :id", id=noe)
    number = await papers.give(needs="both")
    path = f"/famille/documents/1/{number}"

    async with a_family(papers, noe) as home:
        shown = (await home.look(path)).text
        pressed = await home.post(path, guardian=noe, pupil=[1], seen_on="/famille")
        as_her = await home.post(path, guardian=odile, pupil=[1], seen_on="/famille")

    assert WORDS in shown
    assert "je signe" not in shown
    assert (pressed.status_code, as_her.status_code) == (403, 404)
    assert await papers.desk.count("signature") == 0
    assert "0 signature sur 1, 1 manque." in (await papers.desk.web.get(f"/classe/documents/{number}")).text


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE link SET kind = 'barred'",
        "UPDATE link SET to_on = '2026-11-23'",
        "UPDATE link SET waiting = true",
        "UPDATE enrolment SET to_on = '2026-11-23'",
        "UPDATE document SET withdrawn_at = published_at",
    ],
)
async def test_what_is_not_theirs_any_more_is_gone_from_their_page(papers: Papers, change: str) -> None:
    (odile,) = await papers.small.family(by_sms(name="Odile"))
    number = await papers.give(files=[("a.pdf", PDF)])
    path = f"/famille/documents/1/{number}"

    async with a_family(papers, odile) as home:
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', (await home.look(path)).text)
        await papers.small.write(change)
        answers = [await home.look(one) for one in (path, "/famille/fichiers/1/1")]
        assert csrf is not None
        answers.append(await home.web.post(path, data={"csrf": csrf[1], "guardian": odile, "pupil": [1]}))
        listed = await home.look("/famille/documents")

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert "Sortie au musée" not in listed.text
    assert await papers.desk.count("signature") == 0


async def test_a_paper_of_another_class_is_not_there(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    (iris,) = await papers.small.family(by_sms("+33639981001", name="Iris"), class_label="CE1 B", children=("Lou",))
    number = await papers.give(files=[("a.pdf", PDF)])

    async with a_family(papers, iris) as home:
        for path in (f"/famille/documents/1/{number}", "/famille/fichiers/1/1", "/famille/fichiers/2/1"):
            assert (await home.look(path)).status_code == 404
        assert "Sortie" not in (await home.look("/famille/documents")).text


async def test_brothers_and_sisters_are_signed_for_with_one_press_or_one_by_one(papers: Papers) -> None:
    (odile,) = await papers.small.family(by_sms(name="Odile"), children=("Lina", "Sami"))
    number = await papers.give()
    path = f"/famille/documents/1/{number}"

    async with a_family(papers, odile) as home:
        nobody = await home.post(path, seen_on=path, guardian=odile)
        huge = await home.post(path, seen_on=path, guardian=odile, pupil=[2**63])
        await home.post(path, seen_on=path, guardian=odile, pupil=[2])
        after = (await home.look(path)).text

    assert huge.status_code == 422
    assert (nobody.status_code, "Dites pour quel enfant vous signez." in nobody.text) == (422, True)
    assert await papers.small.rows("SELECT pupil_id, through, typed_by FROM signature") == [(2, "page", None)]
    assert "Pour Lina." in after
    assert "Votre signature pour Sami est notée" in after


async def test_the_office_notes_what_was_signed_on_paper(papers: Papers) -> None:
    (odile,) = await papers.small.family(by_sms(name="Odile"))
    number = await papers.give()

    done = await papers.desk.post(f"/classe/documents/{number}/signer", pour=f"1:{odile}")
    wrong = [await papers.desk.post(f"/classe/documents/{number}/signer", pour=pour) for pour in ("9:1", "1:9", "x")]

    assert done.status_code == 303
    assert [answer.status_code for answer in wrong] == [403, 403, 422]
    seen = (await papers.desk.web.get(f"/classe/documents/{number}")).text
    assert "sur papier" in seen
    assert "noté par Mme Exemple" in seen
    acts = await papers.small.rows("SELECT act FROM audit WHERE subject = 'document'")
    assert acts == [("signature_typed",)]
    async with a_family(papers, odile) as home:
        assert "Votre signature est notée" in (await home.look(f"/famille/documents/1/{number}")).text


async def test_only_those_who_have_not_signed_are_asked_again_and_once_a_day(papers: Papers) -> None:
    odile, noe = await papers.small.family(by_sms(name="Odile"), by_sms("+33639981001", name="Noé"))
    number = await papers.give(needs="both")
    await papers.desk.post(f"/classe/documents/{number}/signer", pour=f"1:{odile}")

    for _ in range(2):
        assert (await papers.desk.post(f"/classe/documents/{number}/relancer")).status_code == 303

    told = await papers.small.rows("SELECT notice_id, guardian_id FROM delivery ORDER BY notice_id, guardian_id")
    assert told == [(1, odile), (1, noe), (2, noe)]
    await papers.desk.post(f"/classe/documents/{number}/signer", pour=f"1:{noe}")
    await papers.small.write("UPDATE notice SET key_name = 'yesterday' WHERE id = 2")
    nobody = await papers.desk.post(f"/classe/documents/{number}/relancer")
    assert (nobody.status_code, "Tous ont signé" in nobody.text) == (422, True)
    assert await papers.desk.count("notice") == 2


async def test_a_document_taken_back_stops_what_has_not_left(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))
    number = await papers.give()
    await papers.desk.post(f"/classe/documents/{number}/relancer")

    for _ in range(2):
        assert (await papers.desk.post(f"/classe/documents/{number}/retirer")).status_code == 303

    assert await papers.small.rows("SELECT DISTINCT state FROM notice") == [("cancelled",)]
    assert await papers.small.rows("SELECT act FROM audit WHERE act = 'document_withdrawn'") == [
        ("document_withdrawn",)
    ]
    shown = (await papers.desk.web.get(f"/classe/documents/{number}")).text
    assert "est retiré." in shown
    assert "Signé sur papier" not in shown
    late = await papers.desk.post(f"/classe/documents/{number}/signer", pour="1:1")
    assert (late.status_code, "retiré" in late.text) == (422, True)


async def test_the_words_are_sealed_in_the_registers(papers: Papers) -> None:
    await papers.small.family(by_sms(name="Odile"))

    await papers.give(files=[("Autorisation.pdf", PDF)])

    kept = await papers.small.rows("SELECT title_sealed, text_sealed FROM document")
    kept += await papers.small.rows("SELECT name_sealed, place FROM stored_file")
    assert not any(word in repr(kept) for word in ("Sortie", "portail", "Autorisation"))


async def test_the_first_page_says_what_is_to_be_signed_until_when(papers: Papers) -> None:
    (odile,) = await papers.small.family(by_sms(name="Odile"))
    number = await papers.give(due_on="2026-12-03")

    async with a_family(papers, odile) as home:
        first = (await home.look()).text
        await home.post(f"/famille/documents/1/{number}", seen_on="/famille/documents/1/1", guardian=odile, pupil=[1])
        after = (await home.look()).text

    assert re.search(r"À signer jusqu’au jeudi 3 décembre\s: Sortie au musée", first)
    assert f"/famille/documents/1/{number}" in first
    assert "À signer" not in after
