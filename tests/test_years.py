"""The turn of the year: classes close, pupils move up or leave, and what belongs to no year goes on."""

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio
from desks import TEACHER, Desk, on_one_database
from factories import NOW, TODAY, SmallSchool, a_school, by_mail, by_sms

from hub.database import Database
from hub.models.people import Matter
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, publish
from hub.people.kin import children_of
from hub.people.rights import rights_on
from hub.people.tray import put_in_tray
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from hub.years.leaving import gone, leave, stay, undecided
from hub.years.moving import close_classes, move_up, open_year
from hub.years.turning import turn

LAST, FIRST = date(2027, 8, 31), date(2027, 9, 1)


@pytest_asyncio.fixture
async def small(database: Database, keyring: Keyring) -> SmallSchool:
    return await a_school(database, keyring)


def said(page: str) -> str:
    """The words of a page in one line, with plain spaces and marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("’", "'").split())


async def director(small: SmallSchool, session: Any, day: date = TODAY) -> dict[str, Any]:
    rights = await rights_on(session, school_id=small.school.key, staff_id=small.director, day=day)
    return {"school_id": small.school.key, "reader": Reader(small.director, rights, day)}


async def turned(small: SmallSchool, *, day: date = TODAY, up: dict[str, list[int]] | None = None) -> None:
    """Open the next year, move the children of CP A up, and close the classes."""
    async with small.database.school(small.school.key) as session:
        who = await director(small, session, day)
        await open_year(session, **who, starts_on=FIRST, ends_on=date(2028, 8, 31), now=NOW)
        for label, pupils in (up or {}).items():
            await move_up(session, **who, class_id=small.classes["CP A"], pupils=pupils, into=label, now=NOW)
        await close_classes(session, **who, now=NOW)


async def sees(small: SmallSchool, guardian: int, day: date) -> list[tuple[str, str]]:
    async with small.database.reading(small.school.key) as session:
        children = await children_of(session, school_id=small.school.key, guardians=[guardian], day=day)
    return [(child.first_name, child.class_label) for child in children]


async def test_a_child_that_moves_up_is_in_the_old_class_to_its_last_day_and_in_the_new_one_from_its_first(
    small: SmallSchool,
) -> None:
    (odile,) = await small.family(by_sms(language="ar"), children=("Capucine", "Anatole"))

    await turned(small, up={"CE1 A": [1, 2]})

    assert await sees(small, odile, LAST) == [("Capucine", "CP A"), ("Anatole", "CP A")]
    assert await sees(small, odile, FIRST) == [("Capucine", "CE1 A"), ("Anatole", "CE1 A")]
    assert await small.rows("SELECT language FROM guardian") == [("ar",)]
    assert await small.rows("SELECT count(*) FROM link WHERE to_on IS NULL") == [(2,)]


async def test_the_rights_to_a_closed_class_end_with_its_last_day(small: SmallSchool) -> None:
    await small.family(by_sms())

    await turned(small)

    async with small.database.reading(small.school.key) as session:
        here = {"school_id": small.school.key, "staff_id": small.teacher}
        assert (await rights_on(session, **here, day=LAST)).classes == {small.classes["CP A"]}
        assert (await rights_on(session, **here, day=FIRST)).roles == frozenset()
    assert [str(row[0]) for row in await small.rows("SELECT DISTINCT closed_on FROM class_group")] == [str(FIRST)]


async def test_every_step_pressed_twice_changes_nothing_more(small: SmallSchool) -> None:
    await small.family(by_sms(), children=("Capucine", "Anatole"))
    await turned(small, up={"CE1 A": [1]})
    before = await small.rows("SELECT pupil_id, class_id, from_on, to_on FROM enrolment ORDER BY id")

    await turned(small, up={"CE1 A": [1]})

    assert await small.rows("SELECT pupil_id, class_id, from_on, to_on FROM enrolment ORDER BY id") == before
    assert len(before) == 3
    assert await small.rows("SELECT count(*) FROM school_year") == [(2,)]
    assert await small.rows("SELECT count(*) FROM class_group") == [(3,)]


async def test_a_child_placed_elsewhere_sits_only_in_the_last_class(small: SmallSchool) -> None:
    (odile,) = await small.family(by_sms())

    await turned(small, up={"CE1 A": [1], "CP B": [1]})

    assert await sees(small, odile, FIRST) == [("Capucine", "CP B")]


async def test_a_child_of_another_class_is_not_moved_with_this_one(small: SmallSchool) -> None:
    await small.family(by_sms())
    (hildegarde,) = await small.family(by_mail(name="Hildegarde"), children=("Basile",), class_label="CE1 B")

    await turned(small, up={"CE1 A": [1, 2]})

    assert await sees(small, hildegarde, FIRST) == []


async def test_what_waited_for_a_closed_class_does_not_leave_but_what_is_for_all_does(small: SmallSchool) -> None:
    await small.family(by_sms())
    for audience in ("class:CP A", "school"):
        async with small.database.school(small.school.key) as session:
            draft = Draft(
                NoticeKind.ANNOUNCEMENT, audience, Slots(text="À la rentrée."), seconded_by=small.office,
                due_at=NOW + timedelta(days=300),
            )  # fmt: skip
            await publish(session, small.keyring, school=small.school, author_id=small.director, draft=draft, now=NOW)

    await turned(small)

    ends = [str(row[0])[:16].replace("T", " ") for row in await small.rows("SELECT expires_at FROM notice ORDER BY id")]
    assert ends == ["2027-08-31 22:00", "2027-09-24 06:12"]  # midnight in Paris; and as it was


async def test_who_has_no_place_is_asked_about_and_a_departure_ends_places_and_sight(small: SmallSchool) -> None:
    odile, basile = await small.family(by_sms(), by_mail(name="Basile"), children=("Capucine", "Anatole"))
    await turned(small, up={"CE1 A": [1]})
    async with small.database.school(small.school.key) as session:
        await put_in_tray(session, small.school.key, Matter.LEFT, subject="left:2", now=NOW, pupil_id=2)

    async with small.database.school(small.school.key) as session:
        who = await director(small, session)
        assert [(one.name, one.was_in, one.asked) for one in await undecided(session, **who)] == [
            ("Anatole Exemple", "CP A", True)
        ]
        assert await leave(session, **who, pupils=[2], left_on=date(2027, 7, 5), now=NOW) == (1, 0)

    async with small.database.reading(small.school.key) as session:
        assert await undecided(session, **who) == ()
        left = await gone(session, **who)
    assert [(one.name, one.forgotten_on, one.adults) for one in left] == [("Anatole Exemple", date(2027, 9, 28), 0)]
    assert await sees(small, odile, date(2027, 7, 4)) == [("Capucine", "CP A"), ("Anatole", "CP A")]
    assert await sees(small, basile, date(2027, 7, 5)) == [("Capucine", "CP A")]
    assert await small.rows("SELECT count(*) FROM tray_item WHERE closed_at IS NULL") == [(0,)]


async def test_the_adults_whose_last_child_leaves_are_counted(small: SmallSchool) -> None:
    await small.family(by_sms(), by_mail(name="Basile"), children=("Capucine", "Anatole"))
    await turned(small)

    async with small.database.school(small.school.key) as session:
        who = await director(small, session)
        assert await leave(session, **who, pupils=[1], left_on=LAST, now=NOW) == (1, 0)
        assert await leave(session, **who, pupils=[2], left_on=LAST, now=NOW) == (1, 2)


async def test_who_stays_down_gets_a_place_in_a_class_that_is_open(small: SmallSchool) -> None:
    (odile,) = await small.family(by_sms(), children=("Capucine", "Anatole"))
    await turned(small, up={"CP A": [1]})
    ((class_id,),) = await small.rows("SELECT max(id) FROM class_group")

    async with small.database.school(small.school.key) as session:
        who = await director(small, session)
        assert await stay(session, **who, pupils=[2], class_id=class_id, now=NOW) == 1

    assert await sees(small, odile, FIRST) == [("Capucine", "CP A"), ("Anatole", "CP A")]
    async with small.database.reading(small.school.key) as session:
        found = await turn(session, **who)
    assert [(one.label, one.pupils) for one in found.new_classes] == [("CP A", 2)]
    assert [(one.label, one.pupils, one.placed) for one in found.classes] == [("CP A", 2, 2), ("CE1 B", 0, 0)]


# ---- at the desk


@on_one_database
async def test_the_office_turns_the_year_with_plain_presses(desk: Desk) -> None:
    await desk.small.family(by_sms(), children=("Capucine", "Anatole"))
    await desk.enter()
    class_id = desk.small.classes["CP A"]

    assert "L'année 2026-2027 va jusqu'au jeudi 19 août." in said((await desk.web.get("/ecole/annee")).text)
    await desk.post("/ecole/annee/ouvrir", debut="2027-09-01", fin="2028-08-31")
    page = said((await desk.web.get("/ecole/annee")).text)
    assert "2 classes à faire passer en 2027-2028." in page
    assert "2 élèves, dont 0 avec une place en 2027-2028" in page
    assert 'value="CE1 A"' in (await desk.web.get(f"/ecole/annee/classes/{class_id}")).text
    after = await desk.post(f"/ecole/annee/classes/{class_id}", vers="CE1 A", eleves=["1"])
    assert "1 élève a une place" in said((await desk.web.get(after.headers["location"])).text)
    after = await desk.post("/ecole/annee/fermer")
    page = said((await desk.web.get(after.headers["location"])).text)
    assert "2 classes fermées, 1 place termine avec elles." in page  # the other ended when its pupil moved up
    assert "1 élève n'a pas encore de place à la rentrée." in page
    after = await desk.post("/ecole/annee/partis", geste="parti", le="2027-07-05", eleves=["2"])
    page = said((await desk.web.get(after.headers["location"])).text)
    assert "1 départ noté." in page
    assert "Parti le lundi 5 juillet. S'efface après le mardi 28 septembre." in page
    assert "L'année 2027-2028 est prête." in page
    await desk.post("/ecole/annee/eleves/2/retour")
    assert "1 élève n'a pas encore de place à la rentrée." in said((await desk.web.get("/ecole/annee")).text)


@on_one_database
@pytest.mark.parametrize(
    ("where", "fields", "sentence"),
    [
        ("ouvrir", {"debut": "demain", "fin": "2028-08-31"}, "Cette date ne se lit pas"),
        ("ouvrir", {"debut": "2027-09-01", "fin": "2027-10-31"}, "Une année scolaire dure de 9 à 13 mois"),
        ("fermer", {}, "Ouvrez d'abord l'année qui vient."),
        ("partis", {"geste": "parti", "le": "2027-07-05"}, "Cochez au moins un élève."),
        ("partis", {"geste": "parti", "le": "2007-07-05", "eleves": ["1"]}, "Cette date de départ est trop loin"),
        ("partis", {"geste": "reste", "eleves": ["1"]}, "Choisissez la classe de ceux qui restent."),
    ],
)
async def test_what_cannot_be_is_said_in_a_sentence_and_changes_nothing(
    desk: Desk, where: str, fields: dict[str, Any], sentence: str
) -> None:
    await desk.small.family(by_sms())
    await desk.small.write("UPDATE enrolment SET to_on = '2026-11-20'")
    await desk.enter()

    answer = await desk.post(f"/ecole/annee/{where}", **fields)

    assert answer.status_code == 422
    assert sentence in said(answer.text)
    assert all(f'value="{value}"' in answer.text for value in (fields.get("debut"), fields.get("le")) if value)
    assert await desk.count("school_year") == 1
    assert await desk.small.rows("SELECT left_on, keep_until FROM pupil") == [(None, None)]


@on_one_database
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"vers": "", "eleves": ["1"]}, "Donnez un nom à la classe"),
        ({"vers": "CE1 A, CE1 B", "eleves": ["1"]}, "ni virgule, ni point-virgule, ni arobase"),
        ({"vers": "CE1 A"}, "Cochez au moins un élève."),
        ({"vers": "CE1 A", "eleves": ["2"]}, "Cochez au moins un élève."),  # of another class
    ],
)
async def test_a_class_that_cannot_be_is_refused_and_what_was_typed_stays(
    desk: Desk, fields: dict[str, Any], sentence: str
) -> None:
    await desk.small.family(by_sms())
    await desk.small.family(by_mail(name="Hildegarde"), children=("Basile",), class_label="CE1 B")
    await desk.enter()
    await desk.post("/ecole/annee/ouvrir", debut="2027-09-01", fin="2028-08-31")

    answer = await desk.post(f"/ecole/annee/classes/{desk.small.classes['CP A']}", **fields)

    assert answer.status_code == 422
    assert sentence in said(answer.text)
    assert f'name="vers" value="{fields["vers"]}"' in answer.text
    assert await desk.count("enrolment") == 2


@on_one_database
async def test_who_teaches_a_class_of_next_year_enters_it_from_its_first_day(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms())
    await desk.enter()
    await turned(small, up={"CE1 A": [1]})
    ((class_id,),) = await small.rows("SELECT max(id) FROM class_group")

    for _ in range(2):
        answer = await desk.post(f"/ecole/annee/classes/{class_id}/enseignant", qui=str(small.teacher))
        assert answer.status_code == 303
    old = await desk.post(f"/ecole/annee/classes/{small.classes['CP A']}/enseignant", qui=str(small.teacher))

    assert old.status_code == 404
    async with small.database.reading(small.school.key) as session:
        here = {"school_id": small.school.key, "staff_id": small.teacher}
        assert (await rights_on(session, **here, day=LAST)).classes == {small.classes["CP A"]}
        assert (await rights_on(session, **here, day=FIRST)).classes == {class_id}
    assert await small.rows("SELECT count(*) FROM staff_right WHERE class_id = :id", id=class_id) == [(1,)]
    assert "1 élève, M. Modèle" in said((await desk.web.get("/ecole/annee")).text)


@on_one_database
async def test_a_teacher_does_not_turn_the_year(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter(TEACHER)
    class_id = desk.small.classes["CP A"]

    for path in ("/ecole/annee", f"/ecole/annee/classes/{class_id}"):
        assert (await desk.web.get(path)).status_code == 403
    for path, fields in (
        ("ouvrir", {"debut": "2027-09-01", "fin": "2028-08-31"}),
        ("fermer", {}),
        (f"classes/{class_id}", {"vers": "CE1 A", "eleves": ["1"]}),
        (f"classes/{class_id}/enseignant", {"qui": "1"}),
        ("partis", {"geste": "parti", "le": "2026-11-24", "eleves": ["1"]}),
        ("eleves/1/retour", {}),
        ("eleves/1/dossier", {}),
    ):
        assert (await desk.post(f"/ecole/annee/{path}", **fields)).status_code == 403
    assert await desk.count("school_year") == 1
