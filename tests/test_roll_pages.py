"""The pages of the roll and of the absences: one touch a child, one place where one sees who is missing."""

import re
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from desks import TEACHER, Desk, on_one_database
from factories import NOW, SINCE, TODAY, by_sms

from hub.models.school import Role
from hub.people.staff import add_staff

NINE = NOW + timedelta(hours=1, minutes=58)
DEPUTY, OFFICE = "adjoint@ecole.test", "secretariat@ecole.test"
pytestmark = on_one_database


class Paged(Desk):
    """A desk that reads pages."""

    async def page(self, path: str) -> str:
        """Read a page as one sees it: no marks, plain spaces."""
        answer = await self.web.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code)
        return plain(answer.text)


@dataclass
class Roll:
    """A desk before a class of three, and who is who."""

    desk: Paged
    path: str

    async def take(self, fin: str = "oui", *, json: bool = False, **marks: str) -> httpx.Response:
        """Take the roll of this morning: `e1="absent"`."""
        token = await self.desk.token()
        form = {"csrf": token, "demi": "matin", "jour": TODAY.isoformat(), "fin": fin, **marks}
        headers = {"Accept": "application/json"} if json else {}
        return await self.desk.web.post(self.path, data=form, headers=headers)

    async def taken(self, **marks: str) -> str:
        """Take the roll, and read what comes of it."""
        return await self.desk.page((await self.take(**marks)).headers["location"])


def plain(html: str) -> str:
    html = re.sub(r"<template.*?</template>|<datalist.*?</datalist>", " ", html, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", html.partition("<main")[2])
    return re.sub(r"\s+", " ", words.replace("&nbsp;", " ").replace("&#8239;", " "))


@pytest_asyncio.fixture
async def roll(desk: Desk) -> Roll:
    paged = Paged(desk.small, desk.app, desk.web)
    await paged.small.family(by_sms("+33639987001"), children=("Capucine", "Sami"))
    await paged.small.family(by_sms("+33639987002", name="Nour"), children=("Oona",))
    await paged.small.family(by_sms("+33639987003", name="Zoé"), children=("Zélie",), class_label="CE1 B")
    async with paged.small.database.school(paged.small.school.key) as session:
        for email, role in ((DEPUTY, Role.DEPUTY), (OFFICE, Role.OFFICE)):
            await add_staff(session, paged.small.keyring, paged.small.school.key, email=email, role=role, from_on=SINCE)
    await paged.small.write(
        "UPDATE staff SET password_hash = (SELECT max(password_hash) FROM staff) WHERE password_hash IS NULL"
    )
    await paged.enter(TEACHER)
    return Roll(paged, f"/presences/{paged.small.classes['CP A']}")


async def test_a_teacher_of_one_class_stands_before_its_roll_at_once(roll: Roll) -> None:
    first = await roll.desk.web.get("/presences")

    assert first.headers["location"] == f"{roll.path}?demi=matin"
    seen = await roll.desk.page("/presences")
    assert "3 élèves , l’appel du matin reste à faire." in seen.replace("élèves,", "élèves ,")
    assert "Capucine Exemple présent absent retard" in seen


async def test_everybody_is_there_until_somebody_is_touched(roll: Roll) -> None:
    page = (await roll.desk.web.get(f"{roll.path}?demi=matin")).text

    assert re.findall(r'name="e\d+" value="(\w*)" checked', page) == ["", "", ""]
    assert "Personne ne manque : aucune alerte ne part." in await roll.taken()
    assert await roll.desk.small.rows("SELECT complete FROM roll") == [(1,)]


async def test_the_missing_are_alerted_after_the_hold_and_the_page_says_when(roll: Roll) -> None:
    said = await roll.taken(e1="absent", e3="late")

    assert "1 alerte partira à 7 h 22." in said
    assert "1 absent, 1 en retard." in said
    assert await roll.desk.small.rows("SELECT pupil_id, mark FROM roll_mark ORDER BY 1") == [(1, "absent"), (3, "late")]


async def test_where_nothing_is_held_the_page_does_not_promise_to_wait(roll: Roll) -> None:
    await roll.desk.small.write("UPDATE school SET alert_hold = 0")

    said = await roll.taken(e1="absent")

    assert "1 alerte part." in said
    assert "Annuler" not in said


async def test_a_latecomer_is_touched_again_and_the_alert_does_not_leave(roll: Roll) -> None:
    await roll.take(e1="absent", e2="absent")

    await roll.take(e1="late", e2="absent")

    assert await roll.desk.small.rows("SELECT pupil_id, state FROM absence ORDER BY 1") == [(1, "found"), (2, "open")]


async def test_one_press_takes_the_alerts_back(roll: Roll) -> None:
    said = (await roll.take(e1="absent")).headers["location"]
    undo = (await roll.desk.web.get(said)).text
    assert 'form="annuler"' in undo
    assert 'name="fin" value="non"' in undo

    await roll.take(fin="non")

    assert await roll.desk.small.rows("SELECT state FROM absence") == [("found",)]
    assert await roll.desk.small.rows("SELECT complete FROM roll") == [(0,)]


async def test_a_roll_that_is_not_over_says_so(roll: Roll) -> None:
    await roll.take(fin="non", e1="absent")

    assert "l’appel du matin est en cours." in await roll.desk.page(f"{roll.path}?demi=matin")


async def test_the_office_sees_which_roll_is_missing_and_since_when(roll: Roll) -> None:
    await roll.take(e1="absent")
    await roll.desk.enter(OFFICE)
    roll.desk.small.database._clock = lambda: NINE

    seen = await roll.desk.page("/presences")

    assert "1 appel manque ce matin." in seen
    assert "En retard de 25 min" in seen
    assert seen.index("CE1 B") < seen.index("CP A")
    assert "fait 1 absent M. Modèle, 7 h 12" in seen


async def test_a_roll_that_waited_in_a_tablet_alerts_nobody_until_somebody_asks(roll: Roll) -> None:
    answer = await roll.take(json=True, e1="absent", age="2400")

    to = answer.json()["to"]
    assert "Il est arrivé trop tard pour alerter sans vous demander : 1 famille ne sait rien." in await roll.desk.page(
        to
    )
    assert await roll.desk.count("notice") == 0

    token = await roll.desk.token()
    form = {"csrf": token, "demi": "matin", "jour": TODAY.isoformat()}
    await roll.desk.web.post(f"{roll.path}/alerter", data=form)

    assert await roll.desk.small.rows("SELECT kind, audience FROM notice") == [("absence", "pupil:1")]


async def test_a_roll_sent_twice_tells_nobody_twice(roll: Roll) -> None:
    for _ in range(2):
        assert (await roll.take(json=True, e1="absent")).status_code == 200

    assert [await roll.desk.count(table) for table in ("roll", "absence", "notice")] == [1, 1, 1]


@pytest.mark.parametrize(
    "wrong",
    [{"e1": "gone"}, {"e4": "absent"}, {"jour": "2026-11-25"}, {"demi": "soir"}, {"age": "-3"}, {"fin": "peut-être"}],
    ids=str,
)
async def test_a_roll_that_cannot_be_read_changes_nothing(roll: Roll, wrong: dict[str, str]) -> None:
    answer = await roll.take(**wrong)

    assert answer.status_code == 422
    assert "<h2" in answer.text
    assert await roll.desk.count("roll") == 0


async def test_the_roll_of_another_class_is_not_a_teachers(roll: Roll) -> None:
    other = f"/presences/{roll.desk.small.classes['CE1 B']}"

    assert (await roll.desk.web.get(f"{other}?demi=matin")).status_code == 403
    assert (await Roll(roll.desk, other).take()).status_code == 403
    assert "Zélie" not in await roll.desk.page("/absences")


@pytest.mark.parametrize("path", ["/presences", "/presences/1", "/absences", "/absences/mois"])
async def test_a_deputy_sees_no_roll_and_no_absence(roll: Roll, path: str) -> None:
    await roll.desk.enter(DEPUTY)

    assert (await roll.desk.web.get(path)).status_code == 403


async def test_the_office_notes_what_was_said_on_the_telephone_in_two_taps(roll: Roll) -> None:
    await roll.desk.enter(OFFICE)

    done = await roll.desk.post("/absences", eleve="sami", demi="morning", raison="ill", par="phone")

    assert done.status_code == 303
    seen = await roll.desk.page(done.headers["location"])
    assert "C’est noté" in seen
    assert "Sami Exemple" in seen
    assert "par téléphone, noté par" in seen
    await roll.desk.enter(TEACHER)
    sheet = (await roll.desk.web.get(f"{roll.path}?demi=matin")).text
    assert "prévenu" in sheet
    assert re.findall(r'name="e(\d+)" value="absent" checked', sheet) == ["2"]
    assert "1 absence était annoncée : aucune alerte pour elle." in await roll.taken(e2="absent")


async def test_who_is_meant_is_asked_and_nothing_is_noted_in_between(roll: Roll) -> None:
    several = await roll.desk.post("/absences", eleve="exemple", demi="day", par="gate")
    nobody = await roll.desk.post("/absences", eleve="Zélie", demi="day", par="gate")
    short = await roll.desk.post("/absences", eleve="s", demi="day", par="gate")

    assert [one.status_code for one in (several, nobody, short)] == [422, 422, 422]
    assert "Plusieurs élèves ont ce nom" in several.text
    assert re.findall(r'<option value="(\d)">Exemple (\w+), CP A', several.text) == [
        ("1", "Capucine"), ("3", "Oona"), ("2", "Sami"),
    ]  # fmt: skip
    assert "Aucun élève d’ici ne porte ce nom." in nobody.text
    assert await roll.desk.count("absence") == 0


async def test_what_was_noted_by_mistake_is_taken_back_by_one_press(roll: Roll) -> None:
    noted = await roll.desk.post("/absences", eleve="2", demi="morning", par="note")
    number = (await roll.desk.small.rows("SELECT id FROM absence"))[0][0]
    assert f'formaction="/absences/{number}/reprendre"' in (await roll.desk.web.get(noted.headers["location"])).text

    done = await roll.desk.post(f"/absences/{number}/reprendre", jour=TODAY.isoformat())

    seen = await roll.desk.page(done.headers["location"])
    assert "C’est effacé. Cette absence n’est plus notée." in seen
    assert "Sami" not in seen
    assert await roll.desk.count("absence") == 0


async def test_a_note_taken_back_says_what_the_roll_makes_of_it(roll: Roll) -> None:
    await roll.desk.post("/absences", eleve="2", demi="day", par="phone")
    await roll.take(e2="absent")

    done = await roll.desk.post("/absences/1/reprendre", jour=TODAY.isoformat())
    again = await roll.desk.post("/absences/1/reprendre", jour=TODAY.isoformat())

    assert "l’alerte que la note retenait part à la fin du délai" in await roll.desk.page(done.headers["location"])
    assert await roll.desk.small.rows("SELECT audience FROM notice") == [("pupil:2",)]
    assert again.status_code == 422
    assert "que l’école a noté elle-même" in again.text


async def test_the_office_comes_from_a_missing_child_to_its_family_and_a_teacher_is_not_shown_the_way(
    roll: Roll,
) -> None:
    await roll.take(e1="absent")
    assert "/familles?q=" not in (await roll.desk.web.get("/absences")).text

    await roll.desk.enter(OFFICE)
    [path] = re.findall(r'href="(/familles[?]q=[^"]+)"', (await roll.desk.web.get("/absences")).text)

    assert "Odile Exemple Capucine, CP A" in await roll.desk.page(path)


async def test_a_child_who_should_be_at_school_stands_on_top_of_every_page(roll: Roll) -> None:
    await roll.take(e1="absent", e2="absent")
    await roll.desk.small.write("UPDATE absence SET alarmed_at = opened_at WHERE pupil_id = 1")

    seen = await roll.desk.page("/absences")
    assert "1 enfant devrait être à l’école." in seen
    assert seen.index("Capucine Exemple") < seen.index("Sami Exemple")
    for path in ("/", "/ecrire", "/appeler"):
        assert "1 enfant devrait être à l’école" in plain((await roll.desk.web.get(path)).text)

    await roll.desk.post("/absences/1/prendre", jour=TODAY.isoformat())
    assert "Vous cherchez" in await roll.desk.page("/absences")
    await roll.desk.post("/absences/1/rendre", jour=TODAY.isoformat())
    assert "Vous cherchez" not in await roll.desk.page("/absences")
    await roll.desk.post("/absences/1/trouve", jour=TODAY.isoformat())
    assert "devrait être à l’école" not in await roll.desk.page("/")


async def test_others_may_go_on_with_the_search(roll: Roll) -> None:
    await roll.take(e1="absent")

    done = await roll.desk.post("/absences/1/confie", jour=TODAY.isoformat())

    assert "confié à d’autres" in await roll.desk.page(done.headers["location"])


async def test_an_absence_of_another_class_is_not_a_teachers(roll: Roll) -> None:
    await roll.desk.enter(OFFICE)
    await roll.desk.post("/absences", eleve="Zélie", demi="day", par="phone")
    await roll.desk.enter(TEACHER)

    for act in ("prendre", "rendre", "trouve", "confie", "alerter", "reprendre"):
        assert (await roll.desk.post(f"/absences/1/{act}", jour=TODAY.isoformat())).status_code == 403
    assert await roll.desk.small.rows("SELECT DISTINCT state FROM absence") == [("explained",)]


async def test_the_month_says_of_each_pupil_how_long_why_and_whether_it_counts(roll: Roll) -> None:
    await roll.desk.enter(OFFICE)
    for when, reason in (({"demi": "day", "jour": "2026-11-20"}, "ill"), ({"demi": "morning"}, "other_reason")):
        await roll.desk.post("/absences", eleve="sami", raison=reason, par="phone", **when)

    page = (await roll.desk.web.get("/absences/mois?mois=2026-11")).text

    figures = re.search(r"Sami.*?</tr>", page)
    assert figures
    assert re.findall(r'"num">(\d)<', figures[0]) == ["3", "2", "0", "1"]
    said = plain(page)
    assert "Demi-journées par raison : malade 2 ; autre raison, ou pas dite 1." in said
    assert (
        "vendredi 20 novembre, toute la journée : malade, justifiée "
        "mardi 24 novembre, le matin : autre raison, ou pas dite, à apprécier"
    ) in said
    assert "Bureau" not in said
    assert (await roll.desk.web.get("/absences/mois?mois=2026-13")).status_code == 422


async def test_a_month_marks_who_missed_four_half_days_without_a_valid_reason(roll: Roll) -> None:
    await roll.desk.enter(OFFICE)
    for day in ("2026-11-19", "2026-11-20"):
        await roll.desk.post("/absences", eleve="sami", demi="day", par="phone", jour=day)
        await roll.desk.post("/absences", eleve="oona", demi="day", par="phone", jour=day, raison="ill")

    said = await roll.desk.page("/absences/mois")

    assert "1 élève avec quatre demi-journées ou plus sans raison valable." in said
    assert re.findall(r"(\w+) Exemple 4 \d 0 \d (quatre ou plus)?", said) == [("Oona", ""), ("Sami", "quatre ou plus")]


async def test_a_pupil_without_an_adult_is_missing_all_the_same(roll: Roll) -> None:
    await roll.desk.small.family(children=("Seule",))
    await roll.take(e5="absent")

    assert "Seule Exemple" in await roll.desk.page("/absences")
    alerted = await roll.desk.post("/absences/1/alerter", jour=TODAY.isoformat())
    assert "Aucune alerte n’est partie" in await roll.desk.page(alerted.headers["location"])
