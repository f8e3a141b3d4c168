"""The pages of the results: the sheet, the grid, tables out and in, and what families are shown."""

import html
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from desks import TEACHER, Desk, on_one_database
from factories import NOW, TODAY, by_sms
from gradebook import Gradebook

from hub.classroom.results_sheets import Column

pytestmark = on_one_database


def plain(page: str) -> str:
    """Read a page as one sees it."""
    words = re.sub(r"<[^>]+>", " ", page.partition("<main")[2])
    return re.sub(r"\s+", " ", html.unescape(words).replace("\u202f", " ").replace("\u00a0", " "))


@dataclass
class Class:
    """The teacher of CP A before the pages; Lina (1) and Sami (2) are in it, Zoe (3) is not."""

    desk: Desk
    book: Gradebook

    async def post(self, path: str, fields: dict[str, Any]) -> httpx.Response:
        return await self.desk.web.post(path, data={"csrf": await self.desk.token(), **fields})

    async def page(self, path: str) -> str:
        answer = await self.desk.web.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    async def bring(self, assessment_id: int, table: bytes) -> httpx.Response:
        path = f"/classe/resultats/{assessment_id}/tableau"
        files = {"tableau": ("classe.csv", table, "text/csv")}
        return await self.desk.web.post(path, data={"csrf": await self.desk.token()}, files=files)

    async def table(self, assessment_id: int) -> bytes:
        return (await self.desk.web.get(f"/classe/resultats/{assessment_id}/tableau")).content

    async def item(self, assessment_id: int, place: int = 0) -> int:
        return (await self.book.grid(assessment_id)).sheet.items[place].item_id


@pytest_asyncio.fixture
async def cp(desk: Desk) -> Class:
    small = desk.small
    await small.family(by_sms(name="Ada"), children=["Lina"])
    await small.family(by_sms("+33639981002", name="Bo"), children=["Sami"])
    await small.family(by_sms("+33639981003", name="Cleo"), children=["Zoe"], class_label="CE1 B")
    await desk.enter(TEACHER)
    return Class(desk, Gradebook(small))


def fields_of(page: str) -> dict[str, str]:
    """Read the form of a grid as a browser would post it."""
    form = page.partition('id="grille"')[2].partition("</form>")[0]
    inputs = re.findall(r'<input(?=[^>]*name="(r[\d-]+|avant)")(?=[^>]*value="([^"]*)")', form)
    selects = re.findall(r'<select id="\S+" name="(r[\d-]+)".*?</select>', form, re.DOTALL)
    chosen = {
        name: re.search(rf'name="{name}".*?</select>', form, re.DOTALL)[0]  # type: ignore[index]  # it was just found
        for name in selects
    }
    values = {name: re.search(r'value="(\w*)" selected', part) for name, part in chosen.items()}
    typed = {name: html.unescape(text) for name, text in inputs}
    return typed | {name: found[1] if found else "" for name, found in values.items()}


async def test_a_teacher_says_what_is_judged_and_stands_before_the_grid(cp: Class) -> None:
    here = f"/classe/{cp.book.small.classes['CP A']}/resultats"
    await cp.post("/classe/competences/livret", {})
    offered = await cp.page(f"{here}/nouveau")
    chosen = re.search(r'name="c" value="(\d+)"> <span>Calculer de tête', offered)
    fields = {"matiere": "Mathématiques", "titre": "Calcul", "jour": TODAY.isoformat(), "c": chosen and chosen[1]}

    made = await cp.post(f"{here}/nouveau", {**fields, "libelle": ["Table de 7", ""], "sur": ["10", ""]})
    again = await cp.post(f"{here}/nouveau", {**fields, "libelle": ["Table de 7", ""], "sur": ["10", ""]})

    assert made.status_code == 303
    assert again.headers["location"] == made.headers["location"]
    grid = plain(await cp.page(made.headers["location"]))
    assert "Calcul : 0 élève noté sur 2." in grid
    assert "Élève Calculer de tête Table de 7 sur 10 Commentaire" in grid
    assert "Brouillon : les familles ne voient rien encore." in grid


async def test_a_sheet_at_fault_keeps_what_was_typed(cp: Class) -> None:
    here = f"/classe/{cp.book.small.classes['CP A']}/resultats/nouveau"

    answer = await cp.post(
        here, {"matiere": "Arts", "titre": "Masques", "jour": "2026-11-24", "libelle": "Coller", "sur": "mille"}
    )

    assert answer.status_code == 422
    assert "est un nombre entier, comme 20" in plain(answer.text)
    assert 'value="Masques"' in answer.text
    assert 'value="mille"' in answer.text
    assert await cp.desk.count("assessment") == 0


async def test_the_whole_class_is_saved_with_one_press_of_a_plain_form(cp: Class) -> None:
    assessment_id = await cp.book.begin("Accorder", Column("Dictée", 20))
    path = f"/classe/resultats/{assessment_id}"
    level, mark = await cp.item(assessment_id), await cp.item(assessment_id, 1)
    fields = fields_of(await cp.page(path))
    assert fields == {"avant": "", **{f"r{item}-{n}": "" for item in (level, mark, 0) for n in (1, 2)}}

    saved = await cp.post(path, {**fields, f"r{level}-1": "3", f"r{mark}-2": "14.50", "r0-2": "Bien, <b>bravo</b>"})

    assert saved.headers["location"] == f"{path}?note=3"
    page = await cp.page(saved.headers["location"])
    assert "C’est enregistré : 3 cases." in plain(page)
    fields = {name: text for name, text in fields_of(page).items() if text and name != "avant"}
    assert fields == {f"r{level}-1": "3", f"r{mark}-2": "14,5", "r0-2": "Bien, <b>bravo</b>"}
    again = await cp.post(path, fields_of(page))
    assert again.headers["location"] == f"{path}?note=0"


async def test_a_wrong_box_is_named_linked_and_described(cp: Class) -> None:
    assessment_id = await cp.book.begin(Column("Dictée", 20))
    item = await cp.item(assessment_id)

    answer = await cp.post(f"/classe/resultats/{assessment_id}", {f"r{item}-1": "vingt", f"r{item}-2": "12"})

    assert answer.status_code == 422
    assert "Rien n’est enregistré : 1 case est à revoir." in plain(answer.text)
    assert f'<a href="#c{item}-1">Lina Exemple, Dictée</a>' in answer.text
    box = re.search(rf'<input id="c{item}-1"[^>]*>', answer.text)
    assert box
    assert 'value="vingt"' in box[0]
    assert f'aria-labelledby="p1 i{item}" aria-invalid="true" aria-describedby="e{item}-1"' in box[0]
    assert fields_of(answer.text)[f"r{item}-2"] == "12"


async def test_publishing_says_first_who_would_hear_of_it_and_how(cp: Class) -> None:
    assessment_id = await cp.book.begin()
    path = f"/classe/resultats/{assessment_id}"
    assert "rien n’est encore noté" in plain(await cp.page(f"{path}/publier"))
    assert (await cp.post(f"{path}/publier", {"prevenir": "oui"})).status_code == 422
    await cp.book.save(assessment_id, {(await cp.item(assessment_id), 1): "3"})

    before = plain(await cp.page(f"{path}/publier"))
    done = await cp.post(f"{path}/publier", {"prevenir": "oui"})

    assert "Si vous prévenez 1 adulte : 0 à l’instant, 1 ce soir, 0 seulement sur la page." in before
    assert "C’est publié" in plain(await cp.page(done.headers["location"]))
    assert await cp.desk.count("digest_item") == 1
    gone = await cp.post(f"{path}/retirer", {})
    assert "les familles ne le voient plus" in plain(await cp.page(gone.headers["location"]))
    assert (await cp.post(f"{path}/supprimer", {})).headers["location"].endswith("/resultats?ote=1")
    assert await cp.desk.count("assessment") == 0


async def test_a_table_goes_out_and_comes_back_whatever_the_spreadsheet_did_to_it(cp: Class) -> None:
    assessment_id = await cp.book.judged({1: "3 14,5 Très à l’aise.", 2: "abs abs"}, "Accorder", Column("Dictée", 20))
    table = await cp.table(assessment_id)
    assert table.decode("utf-8-sig").split("\r\n") == [
        "Nom;Prénom;Accorder;Dictée (sur 20);Commentaire",
        "Exemple;Lina;3;14,5;Très à l’aise.",
        "Exemple;Sami;abs;abs;",
        "",
    ]

    same = await cp.bring(assessment_id, table)
    changed = table.decode("utf-8-sig").replace("Sami;abs;abs;", "Sami;4;9;Élève sérieux").encode("cp1252")
    looked = await cp.bring(assessment_id, changed)

    assert "Le tableau ne change rien" in plain(same.text)
    assert "Le tableau change 3 cases" in plain(looked.text)
    assert await cp.desk.small.rows("SELECT count(*) FROM result WHERE level = 'exceeded'") == [(0,)]
    saved = await cp.post(f"/classe/resultats/{assessment_id}", fields_of(looked.text))
    assert saved.headers["location"].endswith("note=3")
    assert [(box.text, line.words) for line in (await cp.book.grid(assessment_id)).lines for box in line.boxes[1:]] == [
        ("14,5", "Très à l’aise."),
        ("9", "Élève sérieux"),
    ]


async def test_a_table_with_bad_lines_changes_nothing_and_says_which(cp: Class) -> None:
    assessment_id = await cp.book.begin("Accorder")
    table = "Prénom;Nom;Accorder\nLina;Exemple;A\nZoe;Exemple;3\nSami;Exemple;5\nsami;EXEMPLE;2\nSami;Exemple;3\n"

    answer = await cp.bring(assessment_id, table.encode())

    assert answer.status_code == 422
    said = plain(answer.text)
    assert "5 lignes du tableau sont à corriger. Rien n’a changé" in said
    assert "Ligne 2 : « A » dans « Accorder » : atteint, ou absent ? Écrivez 3, ou abs." in said
    assert "Ligne 3 : Aucun élève de cette classe ne porte ce nom." in said
    assert "Ligne 4 : Accorder : On y note 1, 2, 3, 4 ou abs." in said
    assert "Ligne 6 : Cet élève est déjà à la ligne 4." in said
    assert set(fields_of(answer.text).values()) == {""}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"%PDF-1.7", "n’est pas un tableau CSV"),
        (b"", "n’est pas un tableau CSV"),
        (b"Nom;Accorder\nExemple;3\n", "Il manque les colonnes « Nom » et « Prénom »."),
        ("Nom;Prénom;Nager\nExemple;Lina;3\n".encode(), "La colonne 3 n’est pas de cette évaluation"),
        ("Nom;Prénom;Accorder;accorder\n".encode(), "Deux colonnes s’appellent « Accorder »."),
        (b"Nom;" + b"x" * 1_000_001, "plus de 1 Mo"),
    ],
)
async def test_what_is_no_table_of_this_grid_is_said_in_one_sentence(cp: Class, table: bytes, said: str) -> None:
    assessment_id = await cp.book.begin("Accorder")

    answer = await cp.bring(assessment_id, table)

    assert answer.status_code in (413, 422)
    assert said in plain(answer.text) or answer.status_code == 413


async def test_no_cell_of_a_table_is_a_formula(cp: Class) -> None:
    await cp.desk.small.write("UPDATE pupil SET first_name = '=HYPERLINK(\"x\")', name_key = 'a' WHERE id = 1")
    assessment_id = await cp.book.begin("+Accorder")
    await cp.book.save(assessment_id, {(await cp.item(assessment_id), 1): "3", (0, 1): "@SUM(1+1)"})

    table = await cp.table(assessment_id)

    lines = table.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "Nom;Prénom;'+Accorder;Commentaire"
    assert lines[1] == 'Exemple;"\'=HYPERLINK(""x"")";3;\'@SUM(1+1)'
    assert "Le tableau ne change rien" in plain((await cp.bring(assessment_id, table)).text)


async def test_two_pupils_of_one_name_are_told_apart_on_the_page_and_in_the_table(cp: Class) -> None:
    await cp.desk.small.family(by_sms("+33639981009"), children=["Lina"])
    await cp.desk.small.write("UPDATE pupil SET born_on = '2020-03-02' WHERE id = 4")
    assessment_id = await cp.book.judged({1: "2", 4: "4"}, "Accorder")
    table = (await cp.table(assessment_id)).decode("utf-8-sig")

    bare = await cp.bring(assessment_id, b"Nom;Pr\xc3\xa9nom;Accorder\nExemple;Lina;3\n")
    own = await cp.bring(assessment_id, table.replace("02/03/2020);4", "02/03/2020);1").encode())

    assert "Exemple;Lina (n° 4, 02/03/2020);4;" in table
    assert "Deux élèves de la classe portent ce nom" in plain(bare.text)
    assert "Le tableau change 1 case" in plain(own.text)
    assert fields_of(own.text)[f"r{await cp.item(assessment_id)}-4"] == "1"


async def test_the_table_of_another_class_is_neither_given_nor_taken(cp: Class) -> None:
    ce1 = cp.book.small.classes["CE1 B"]
    other = await cp.book.begin(class_id=ce1, by=cp.book.small.director)

    given = await cp.desk.web.get(f"/classe/resultats/{other}/tableau")
    taken = await cp.bring(other, "Nom;Prénom;Accorder\nExemple;Zoe;3\n".encode())

    assert (given.status_code, taken.status_code) == (403, 403)
    assert "Zoe" not in given.text + taken.text


async def test_the_school_words_its_own_competences(cp: Class) -> None:
    await cp.post("/classe/competences/livret", {})
    await cp.post("/classe/competences", {"domaine": "Arts", "libelle": "Modeler la terre"})
    doubled = await cp.post("/classe/competences", {"domaine": "Arts", "libelle": "Modeler la terre"})
    assert doubled.status_code == 422
    assert "Cette compétence est déjà dans la liste." in plain(doubled.text)
    assert (await cp.post("/classe/competences/1/fermer", {})).status_code == 403

    await cp.desk.post("/sortir")
    await cp.desk.enter()
    await cp.post("/classe/competences/1/renommer", {"libelle": "Réciter"})
    await cp.post("/classe/competences/2/fermer", {})
    empty = await cp.post("/classe/competences/3/renommer", {"libelle": " "})

    assert 'id="e-c3"' in empty.text
    page = plain(await cp.page("/classe/competences"))
    assert "45 compétences à évaluer" in page
    assert "Réciter Changer" in page
    assert "Prendre part à un échange n’est plus proposée" in page


async def test_the_pages_of_a_pupil_without_a_class_today_show_nothing_old(cp: Class) -> None:
    assessment_id = await cp.book.judged({1: "3"})
    await cp.desk.small.write("UPDATE staff_right SET to_on = :day", day=(NOW - timedelta(days=1)).date().isoformat())

    assert (await cp.desk.web.get(f"/classe/resultats/{assessment_id}")).status_code == 403
