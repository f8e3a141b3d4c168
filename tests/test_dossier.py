"""What a family takes along, and what goes to the next school: whole, readable, and nothing of anybody else."""

import io
import zipfile
from typing import Any

import orjson
import pytest
from desks import Desk, on_one_database
from factories import a_school, by_mail, by_sms
from homes import Home, at_home
from schoolwork import PDF, filled

from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House


def opened(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings(public_url=None, data_dir=tmp_path)


async def taken(home: Home, pupil: int = 1, *, lang: str = "fr") -> dict[str, bytes]:
    answer = await home.post(f"/famille/export/1/{pupil}?lang={lang}", seen_on="/famille/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-encoding"] == "identity"
    return opened(answer.content)


@on_one_database
async def test_a_family_takes_along_all_that_it_may_see_and_nothing_that_the_other_adult_said(
    database: Database, keyring: Keyring, settings: Settings
) -> None:
    small = await a_school(database, keyring)
    odile, basile = await small.family(by_sms(), by_mail(name="Basile"), children=("Capucine",))
    await filled(small, settings, pupil=1, adults=[odile, basile])

    async with at_home(small, odile, house=House(settings, database, keyring)) as home:
        found = await taken(home)

    assert set(found) == {"dossier.html", "dossier.json", "fichiers/001-sortie.pdf", "fichiers/002-carte.pdf"}
    assert found["fichiers/001-sortie.pdf"] == PDF
    whole = orjson.loads(found["dossier.json"])
    assert whole["pupil"] == {"first_name": "Capucine", "family_name": "Exemple", "born_on": None}
    assert whole["classes"] == [{"label": "CP A", "year": "2026-2027", "from_on": "2026-09-01", "to_on": None}]
    assert [one["judged"][0]["level"] for one in whole["results"]] == ["reached"]
    assert [one["reason"] for one in whole["absences"]] == [None, "ill"]  # the other adult said the first
    assert [one["signed_at"] for one in whole["documents"]] == [["2026-11-24T06:12:00+00:00"]]
    assert [one["text"] for one in whole["homework"]] == ["Exercice 3"]
    page = found["dossier.html"].decode()
    for words in (
        "Lecture à voix haute",
        "Objectif atteint",
        "Malade",
        "Sortie au musée",
        "Exercice 3",
        "fichiers/001-",
    ):
        assert words in page
    for theirs in ("Basile", "obsèques", "25 novembre", "family_gathering"):
        assert theirs not in page + found["dossier.json"].decode()
    assert await small.rows("SELECT act, subject, subject_id, staff_id FROM audit") == [("export", "pupil", 1, None)]


@on_one_database
@pytest.mark.parametrize(("left_on", "documents"), [("2026-11-23", 1), ("2026-11-20", 0)])
async def test_a_child_takes_along_what_its_class_got_while_it_was_in_it(
    database: Database, keyring: Keyring, settings: Settings, left_on: str, documents: int
) -> None:
    small = await a_school(database, keyring)
    odile, basile = await small.family(by_sms(), by_mail(name="Basile"), children=("Capucine",))
    await filled(small, settings, pupil=1, adults=[odile, basile])
    await small.write("UPDATE enrolment SET to_on = :left_on", left_on=left_on)
    await small.write(
        "INSERT INTO enrolment (school_id, pupil_id, class_id, from_on) VALUES (1, 1, :other, '2026-11-21')",
        other=small.classes["CE1 B"],
    )

    async with at_home(small, odile, house=House(settings, database, keyring)) as home:
        await small.write("UPDATE document SET published_at = :at", at="2026-11-23 08:00:00.000000")
        found = await taken(home)

    assert len(orjson.loads(found["dossier.json"])["documents"]) == documents


@on_one_database
async def test_the_copy_is_in_the_language_of_the_page(
    database: Database, keyring: Keyring, settings: Settings
) -> None:
    small = await a_school(database, keyring)
    (odile,) = await small.family(by_sms(language="ar"))

    async with at_home(small, odile, house=House(settings, database, keyring)) as home:
        page = (await taken(home, lang="ar"))["dossier.html"].decode()

    assert '<html lang="ar" dir="rtl">' in page
    assert "Rien n" not in page


@on_one_database
async def test_nobody_takes_along_what_is_kept_of_another_familys_child(
    database: Database, keyring: Keyring, settings: Settings
) -> None:
    small = await a_school(database, keyring)
    (odile,) = await small.family(by_sms())
    await small.family(by_mail(name="Hildegarde"), children=("Anatole",))

    async with at_home(small, odile, house=House(settings, database, keyring)) as home:
        strange = await home.post("/famille/export/1/2", seen_on="/famille/export")
        await small.write("UPDATE link SET kind = 'barred' WHERE guardian_id = :one", one=odile)
        barred = await home.post("/famille/export/1/1", seen_on="/famille/appareils")
        forged = await home.web.post("/famille/export/1/1", data={"csrf": "00"})

    assert [strange.status_code, barred.status_code, forged.status_code] == [404, 404, 403]
    assert await small.rows("SELECT count(*) FROM audit") == [(0,)]


@on_one_database
async def test_the_next_school_gets_results_and_absences_and_nothing_of_any_adult(
    desk: Desk, settings: Settings
) -> None:
    small = desk.small
    odile, basile = await small.family(by_sms(), by_mail(name="Basile"), children=("Capucine",))
    await filled(small, settings, pupil=1, adults=[odile, basile])
    await desk.enter()

    answer = await desk.post("/ecole/annee/eleves/1/dossier")

    found = opened(answer.content)
    whole = orjson.loads(found["dossier.json"])
    assert set(found) == {"dossier.html", "dossier.json"}
    assert set(whole) == {"school", "made_at", "pupil", "classes", "results", "absences"}
    assert [(one["verdict"], one["reason"]) for one in whole["absences"]] == [("justified", None)] * 2
    assert "Malade" not in found["dossier.html"].decode()
    assert await small.rows("SELECT act, subject_id FROM audit WHERE act = 'export'") == [("export", 1)]
