"""The homework diary: a teacher notes a piece, families read and tick it, and nobody else does."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from desks import PASSWORD, TEACHER, Desk, on_one_database
from factories import NOW, TODAY, SmallSchool, by_sms

from hub.classroom.diary_writing import Piece, write_down
from hub.errors import InvalidError, NotAllowedError
from hub.models.classroom import EntryKind
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.settings import Settings

TOMORROW = TODAY + timedelta(days=1)
PDF = b"%PDF-1.7\n1 0 obj\nplan\n%%EOF"
PAGE_3 = "Exercices 1 à 4, page 3."


@pytest.fixture
async def teacher(desk: Desk) -> Desk:
    """The teacher of CP A at the desk, and a family of the class."""
    await desk.small.family(by_sms(name="Odalys"), children=("Théodulie",))
    await desk.enter(TEACHER, PASSWORD)
    return desk


def diary_of(small: SmallSchool, end: str = "", label: str = "CP A") -> str:
    return f"/classe/{small.classes[label]}/cahier{end}"


def a_sheet(**more: Any) -> dict[str, Any]:
    return {"key": "k1", "matiere": "Mathématiques", "jour": TOMORROW.isoformat(), "texte": PAGE_3, **more}


async def noted(
    small: SmallSchool, text: str = PAGE_3, *, label: str = "CP A", day: date = TOMORROW, key: str = "", **more: Any
) -> int:
    """Note a piece through the hub, as the director."""
    async with small.database.school(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=small.director, day=TODAY)
        piece = Piece(more.pop("kind", EntryKind.DUE), more.pop("subject", "Mathématiques"), day, text)
        entry_id, _ = await write_down(
            session, small.keyring, school_id=small.school.key, class_id=small.classes[label], piece=piece,
            key=key or f"{label}{text[:30]}{day}", reader=Reader(small.director, rights, TODAY), now=NOW,
        )  # fmt: skip
    return entry_id


async def test_a_teacher_notes_a_piece_and_its_words_are_sealed(teacher: Desk) -> None:
    small = teacher.small
    answer = await teacher.post(diary_of(small), **a_sheet())
    page = await teacher.web.get(answer.headers["location"])

    assert answer.status_code == 303
    assert "CP A&nbsp;: 1 à faire" in page.text
    assert PAGE_3 in page.text
    assert "0 sur 1 l’a coché" in page.text
    row = (await small.rows("SELECT subject, kind, day, text_sealed, keep_until FROM diary_entry"))[0]
    assert row[:2] == ("Mathématiques", "due")
    assert str(row[2]) == "2026-11-25"
    assert b"Exercices" not in bytes(row[3])
    assert str(row[4]) == "2028-08-19"


async def test_pressing_twice_notes_once_and_tells_once(teacher: Desk) -> None:
    for _ in range(2):
        answer = await teacher.post(diary_of(teacher.small), **a_sheet(prevenir="1"))
        assert answer.status_code == 303

    assert await teacher.count("diary_entry") == 1
    assert await teacher.count("digest_item") == 1


@on_one_database
@pytest.mark.parametrize("key", ["document:1", "digest:2026-11-24:1", "result:1:20261124061200"])
async def test_a_press_never_takes_the_name_of_what_the_school_sends_by_itself(teacher: Desk, key: str) -> None:
    answer = await teacher.post(diary_of(teacher.small), **a_sheet(key=key, prevenir="1"))

    assert answer.status_code == 422
    assert await teacher.count("notice") + await teacher.count("diary_entry") == 0


@on_one_database
async def test_families_are_told_only_when_that_is_ticked(teacher: Desk) -> None:
    sheet = await teacher.web.get(diary_of(teacher.small))
    await teacher.post(diary_of(teacher.small), **a_sheet())

    assert "0 à l’instant, 1 ce soir, 0 seulement sur la page." in sheet.text
    assert 'name="prevenir" value="1" ' in sheet.text
    assert 'name="prevenir" value="1" checked' not in sheet.text
    assert await teacher.count("digest_item") + await teacher.count("notice") == 0


@on_one_database
async def test_whom_nothing_reaches_is_said_before_the_press_and_after(
    teacher: Desk,
) -> None:
    await teacher.small.write("UPDATE address SET state = 'dead'")
    before = await teacher.web.get(diary_of(teacher.small))
    done = await teacher.post(diary_of(teacher.small), **a_sheet(prevenir="1"))
    after = await teacher.web.get(done.headers["location"])

    assert "0 à l’instant, 0 ce soir, 0 seulement sur la page, 1 que rien ne joint." in before.text
    assert "prévenues&nbsp;: 0 à l’instant, 0 ce soir, 0 seulement sur la page, 1 que rien ne joint." in after.text


@on_one_database
async def test_one_notice_tells_of_all_that_was_noted_today(teacher: Desk) -> None:
    small = teacher.small
    await small.write(
        "INSERT INTO wish (school_id, guardian_id, kind, how) SELECT school_id, id, 'homework', 'at_once' FROM guardian"
    )
    await teacher.post(diary_of(small), **a_sheet())
    answer = await teacher.post(
        diary_of(small), **a_sheet(key="k2", matiere="Lecture", texte="Lire la page 8.", prevenir="1", avec="1")
    )

    assert "vite=1" in answer.headers["location"]
    assert await teacher.count("notice") == 1
    assert await small.rows("SELECT count(*) FROM diary_entry WHERE notice_id IS NOT NULL") == [(2,)]


@on_one_database
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"matiere": " "}, "Donnez la matière"),
        ({"matiere": "M" * 61}, "Donnez la matière"),
        ({"texte": "\x00\u202e "}, "Écrivez ce qui est à faire"),
        ({"texte": "x" * 4001}, "4\u202f000 caractères au plus"),
        ({"jour": "autre", "autre_jour": ""}, "Donnez le jour"),
        ({"jour": "2026-11-23"}, "Ce jour est passé"),
        ({"jour": "2031-01-06"}, "Ce jour n’est pas de l’année"),
        ({"jour": "2026-11-28"}, "Il n’y a pas classe samedi 28 novembre"),
        ({"sorte": "hier"}, "Dites si c’est à faire"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence_and_nothing_typed_is_lost(
    teacher: Desk, typed: dict[str, str], sentence: str
) -> None:
    sheet = {"matiere": "Sciences", "texte": "Apporter une feuille d’érable.", **typed}
    answer = await teacher.post(diary_of(teacher.small), **a_sheet(**sheet))

    assert answer.status_code == 422
    assert sentence.replace("\u202f", " ") in answer.text.replace("\u202f", " ")
    assert "Sciences" in answer.text or "feuille d’érable" in answer.text
    assert await teacher.count("diary_entry") == 0


@on_one_database
async def test_a_day_without_class_is_kept_when_it_is_pressed_again(teacher: Desk) -> None:
    warned = await teacher.post(diary_of(teacher.small), **a_sheet(jour="2026-11-28"))
    sure = re.search(r'name="sur" value="([^"]*)"', warned.text)
    assert sure is not None
    kept = await teacher.post(diary_of(teacher.small), **a_sheet(jour="2026-11-28", sur=sure[1]))

    assert kept.status_code == 303


@on_one_database
async def test_four_thousand_characters_from_the_right_are_kept_as_typed(teacher: Desk) -> None:
    words = ("اقرأ الصفحة " * 400)[:4000].strip()
    answer = await teacher.post(diary_of(teacher.small), **a_sheet(texte=words + "\x07"))
    page = await teacher.web.get(answer.headers["location"])

    assert words in page.text
    assert '<p dir="auto">اقرأ' in page.text


@on_one_database
async def test_a_change_is_seen_and_families_are_told_again_only_when_asked(teacher: Desk) -> None:
    small = teacher.small
    await teacher.post(diary_of(small), **a_sheet(prevenir="1"))
    await small.write("UPDATE digest_item SET on_day = '2026-11-20'")
    look = await teacher.web.get(diary_of(small, "/1"))
    await teacher.post(diary_of(small, "/1"), **a_sheet(key="k9", texte="Plutôt la page 4."))
    quiet = await small.rows("SELECT count(*) FROM digest_item")
    await teacher.post(diary_of(small, "/1"), **a_sheet(key="k9", texte="Plutôt la page 4.", prevenir="1"))
    page = await teacher.web.get(diary_of(small))

    assert "Les familles ont été prévenues" in look.text
    assert 'value="2026-11-25" checked> demain' in look.text
    assert "Prévenir de nouveau les familles" in look.text
    assert quiet == [(1,)]
    assert "Plutôt la page 4." in page.text
    assert PAGE_3 not in page.text
    assert "familles prévenues" in page.text


async def test_a_change_that_is_told_again_stands_in_the_next_digest(teacher: Desk) -> None:
    small = teacher.small
    await teacher.post(diary_of(small), **a_sheet(prevenir="1"))
    told = await teacher.press()
    await small.write("UPDATE digest_item SET notice_id = :told", told=told)
    await teacher.post(diary_of(small, "/1"), **a_sheet(key="k9", texte="Plutôt la page 4.", prevenir="1"))

    assert await small.rows("SELECT notice_id FROM digest_item") == [(None,)]


async def test_what_is_taken_away_is_not_said_any_more(teacher: Desk) -> None:
    small = teacher.small
    await teacher.post(diary_of(small), **a_sheet(prevenir="1"))
    await small.write(
        "INSERT INTO diary_tick (school_id, entry_id, pupil_id, guardian_id, at) "
        "SELECT school_id, 1, id, 1, '2026-11-24 06:00:00+00:00' FROM pupil"
    )
    answer = await teacher.post(diary_of(small, "/1/effacer"))

    assert answer.status_code == 303
    assert [await teacher.count(table) for table in ("diary_entry", "diary_tick", "digest_item")] == [0, 0, 0]
    assert (await teacher.post(diary_of(small, "/1/effacer"))).status_code == 404


@pytest.fixture
def folder(desk: Desk, tmp_path: Path) -> None:
    """Let files lie where the test ends with them."""
    house = desk.app.state.house
    desk.app.state.house = replace(house, settings=Settings(public_url=None, data_dir=tmp_path))


@on_one_database
@pytest.mark.usefixtures("folder")
async def test_files_hang_on_a_piece_and_are_taken_off_again(teacher: Desk) -> None:
    small, csrf = teacher.small, await teacher.token()
    two = [("files", (name, PDF, "application/pdf")) for name in ("plan.pdf", "carte.pdf")]
    kept = await teacher.web.post(diary_of(small), data={"csrf": csrf, **a_sheet()}, files=two)
    page = await teacher.web.get(kept.headers["location"])
    beyond = await teacher.post(diary_of(small, "/1"), **a_sheet(enlever=[str(10**20)]))
    await teacher.post(diary_of(small, "/1"), **a_sheet(enlever=["1"]))
    after = await teacher.web.get(diary_of(small))

    assert beyond.status_code == 422
    assert "plan.pdf" in page.text
    assert "carte.pdf" in page.text
    assert "plan.pdf" not in after.text
    assert "carte.pdf" in after.text
    assert await small.rows("SELECT id FROM stored_file WHERE keep_until <= '2026-11-24'") == [(1,)]


@on_one_database
@pytest.mark.usefixtures("folder")
async def test_a_bad_file_is_named_and_the_good_one_lies_ready_for_the_next_press(teacher: Desk) -> None:
    bad = [("files", ("plan.pdf", PDF, "application/pdf")), ("files", ("dessin.svg", b"<svg onload='x()'/>", "x/y"))]
    sheet = a_sheet()
    answer = await teacher.web.post(diary_of(teacher.small), data={"csrf": await teacher.token(), **sheet}, files=bad)
    entries = await teacher.count("diary_entry")
    ready = re.findall(r'name="kept" value="(\d+)" checked', answer.text)
    for _ in range(2):
        done = await teacher.post(diary_of(teacher.small), **sheet, kept=ready)
    page = await teacher.web.get(done.headers["location"])

    assert (answer.status_code, entries, ready) == (422, 0, ["1"])
    assert "dessin.svg" in answer.text
    assert PAGE_3 in answer.text
    assert "plan.pdf" in page.text
    assert await teacher.small.rows("SELECT entry_id, file_id FROM diary_file") == [(1, 1)]


@on_one_database
@pytest.mark.usefixtures("folder")
async def test_a_file_that_somebody_else_laid_down_hangs_on_no_piece(teacher: Desk) -> None:
    bad = [("files", ("plan.pdf", PDF, "application/pdf")), ("files", ("dessin.svg", b"<svg/>", "x/y"))]
    await teacher.web.post(diary_of(teacher.small), data={"csrf": await teacher.token(), **a_sheet()}, files=bad)
    await teacher.small.write("UPDATE stored_file SET made_by = 1")

    answer = await teacher.post(diary_of(teacher.small), **a_sheet(), kept=["1"])

    assert answer.status_code == 422
    assert "Un des fichiers n’est plus là" in answer.text
    assert "plan.pdf" not in answer.text
    assert await teacher.count("diary_entry") + await teacher.count("diary_file") == 0


@on_one_database
async def test_a_teacher_opens_no_other_class_and_none_after_the_last_day(teacher: Desk) -> None:
    small = teacher.small
    other = await noted(small, "Chut.", label="CE1 B")
    there = diary_of(small, label="CE1 B")
    refused = [
        await teacher.web.get(there),
        await teacher.post(there, **a_sheet()),
        await teacher.web.get(f"{there}/{other}"),
        await teacher.web.get(diary_of(small, f"/{other}")),
        await teacher.post(diary_of(small, f"/{other}"), **a_sheet()),
        await teacher.post(diary_of(small, f"/{other}/effacer")),
        await teacher.web.get(f"{there}/reprendre"),
    ]
    mine = await teacher.web.get("/classe")
    await small.write("UPDATE staff_right SET to_on = '2026-11-23' WHERE class_id IS NOT NULL")
    gone = await teacher.web.get(diary_of(small))

    assert {answer.status_code for answer in refused} <= {403, 404}
    assert mine.headers["location"] == diary_of(small)
    assert gone.status_code == 403
    assert "Chut." not in "".join(answer.text for answer in (*refused, gone))
    assert await teacher.count("diary_entry") == 1


@on_one_database
async def test_the_director_sees_where_nothing_is_noted_today(desk: Desk) -> None:
    await desk.small.family(by_sms(), children=("Ondine",))
    await desk.small.family(by_sms("+33639981001"), children=("Côme",), class_label="CE1 B")
    await noted(desk.small, label="CE1 B")
    await desk.enter()
    page = await desk.web.get("/classe")

    assert "Rien au cahier aujourd’hui pour CP A." in page.text
    assert "1 à faire à partir de demain" in page.text


@on_one_database
async def test_nobody_writes_in_a_closed_class(teacher: Desk) -> None:
    await noted(teacher.small)
    await teacher.small.write("UPDATE class_group SET closed_on = '2026-11-24'")
    page = await teacher.web.get(diary_of(teacher.small))
    answer = await teacher.post(diary_of(teacher.small), **a_sheet())

    assert PAGE_3 in page.text
    assert 'name="texte"' not in page.text
    assert answer.status_code == 422
    assert await teacher.count("diary_entry") == 1


async def test_the_hub_itself_refuses_a_deputy(desk: Desk) -> None:
    small = desk.small
    await small.write("UPDATE staff_right SET role = 'deputy' WHERE staff_id = :id", id=small.director)

    with pytest.raises(NotAllowedError):
        await noted(small)


async def test_a_press_without_a_key_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidError):
        await noted(desk.small, key="k" * 65)
