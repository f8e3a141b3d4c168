"""Results as a family reads them: its own children's, in words, and nothing of any other child."""

import re
from datetime import date, timedelta

import pytest_asyncio
from desks import on_one_database
from factories import NOW, Adult, a_school, by_sms
from family_door import plain
from gradebook import Gradebook
from homes import at_home

from hub.classroom.results_sheets import Column
from hub.database import Database
from hub.models.people import LinkKind
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

pytestmark = on_one_database


@pytest_asyncio.fixture
async def book(database: Database, keyring: Keyring) -> Gradebook:
    """Lina (1), of Ada (1) and of Bo (2), who may not be told; Sami (2), of Cleo (3)."""
    small = await a_school(database, keyring)
    await small.family(by_sms(name="Ada"), by_sms("+33639981002", name="Bo", kind=LinkKind.BARRED), children=["Lina"])
    await small.family(by_sms("+33639981003", name="Cleo"), children=["Sami"])
    return Gradebook(small)


async def test_a_result_is_said_in_words_with_what_it_means_and_never_with_another_childs(book: Gradebook) -> None:
    words = {1: "3 14,5 Une belle lecture.", 2: "1 7 Sami doit relire."}
    await book.judged(words, "Lire à voix haute", Column("Compréhension", 20), title="Lecture")

    async with at_home(book.small, 1) as home:
        page = (await home.look("/famille/resultats")).text

    said = plain(page)
    assert "1 nouveau résultat cette semaine." in said
    assert "Lina Lecture Français · mardi 24 novembre" in said
    assert "Lire à voix haute Objectif atteint Votre enfant sait le faire." in said
    assert "Compréhension 14,5 sur 20" in said
    assert "Une belle lecture. Qui écrit : M. Modèle" in said
    assert [word for word in ("Sami", "relire", "7 sur 20", "non atteint", "moyenne") if word in said] == []


async def test_a_barred_parent_and_a_draft_show_nothing(book: Gradebook) -> None:
    await book.judged({1: "3"}, title="Lecture")
    await book.judged({2: "3"}, title="Brouillon", publish=False)

    async with at_home(book.small, 2) as barred, at_home(book.small, 3) as other:
        seen = plain((await barred.look("/famille/resultats")).text)
        theirs = plain((await other.look("/famille/resultats")).text)

    assert "Lecture" not in seen
    assert "Lina" not in seen
    assert "Sami Pas encore de résultat." in theirs
    assert "Brouillon" not in theirs


async def test_over_time_each_subject_has_its_chart_in_one_sentence_and_a_table(book: Gradebook) -> None:
    for month, level in ((9, "1"), (10, "2"), (11, "4")):
        await book.judged({1: level}, "Accorder", title=f"Dictée {month}", day=date(2026, month, 7))
    await book.judged({1: "12"}, Column("Tables", 20), subject="Calcul", day=date(2026, 10, 1))

    async with at_home(book.small, 1) as home:
        page = (await home.look("/famille/resultats", lang="en")).text

    charts = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert charts == ["Français, from Monday 7 September to Saturday 7 November. The latest: Goal exceeded."]
    assert re.findall(r'<rect class="(f-l\d)".*?height="([\d.]+)"', page) == [
        ("f-l1", "20.0"),
        ("f-l2", "40.0"),
        ("f-l4", "80.0"),
    ]
    table = plain("<main" + page.partition("<table>")[2].partition("</table>")[0])
    assert table.strip().startswith("Day What Result Saturday 7 November Dictée 11 · Accorder Goal exceeded")
    assert 'style="' not in page
    assert re.findall(r'<p class="axis">(.*?)</p>', page) == ["<span>7 Sept – 7 Nov</span>"]


async def test_the_last_day_stands_at_the_end_of_a_chart_only_where_the_columns_reach_it(book: Gradebook) -> None:
    for day in range(1, 16):
        await book.judged({1: "3"}, title=f"Dictée {day}", day=date(2026, 10, day))

    async with at_home(book.small, 1) as home:
        page = (await home.look("/famille/resultats")).text

    assert re.findall(r'<p class="axis">(.*?)</p>', page) == ["<span>01/10</span> <span>15/10</span>"]


async def test_the_first_page_says_what_is_new_for_a_week(book: Gradebook) -> None:
    await book.judged({1: "3"}, title="Dictée du renard")

    async with at_home(book.small, 1) as home:
        first = plain((await home.look("/famille")).text)
        await book.small.write(
            "UPDATE assessment SET published_at = :then", then=(NOW - timedelta(days=8)).isoformat(sep=" ")
        )
        later = plain((await home.look("/famille")).text)

    assert "Nouveau résultat : Dictée du renard" in first
    assert "renard" not in later


async def test_the_link_of_the_notice_opens_that_assessment_of_these_children_alone(book: Gradebook) -> None:
    small = book.small
    await small.write(
        "INSERT INTO wish (school_id, guardian_id, kind, how) SELECT school_id, id, 'result', 'at_once' FROM guardian"
    )
    await book.judged({1: "3", 2: "4"}, title="Additions")
    await book.judged({1: "2 Encore un effort.", 2: "1"}, title="Lecture", tell=True)
    house = House(Settings(public_url="http://hub.test"), small.database, small.keyring)
    from test_browser import leave  # noqa: PLC0415 (a browser's helpers, wanted here alone)

    sms = await leave(small, house.settings)
    to_ada = next(one for one in sms.sent if one.to == "+33639981000")

    async with at_home(small, 1, house=house) as home:
        page = plain((await home.look(f"/l/{to_ada.link_code}")).text)
        await small.write("UPDATE address SET last_sign_of_life = NULL")
        silent = plain((await home.look(f"/l/{to_ada.link_code}")).text)

    assert [one.to for one in sms.sent] == ["+33639981000", "+33639981003"]
    assert "Objectif partiellement atteint" in page
    assert "Encore un effort." in page
    assert [word for word in ("Additions", "Sami", "non atteint") if word in page] == []
    assert "partiellement" not in to_ada.text
    assert "Lina" not in silent


async def test_a_family_of_two_schools_sees_each_childs_under_its_school(
    book: Gradebook, database: Database, keyring: Keyring
) -> None:
    from hub.home.logins import Adult as AtHome  # noqa: PLC0415 (another Adult than the factories')

    gue = Gradebook(await a_school(database, keyring, slug="gue"))
    (there,) = await gue.small.family(Adult(name="Ada"), children=["Nino"])
    pupil = int((await gue.small.rows("SELECT id FROM pupil WHERE first_name = 'Nino'"))[0][0])
    await book.judged({1: "3"}, title="Lecture")
    await gue.judged({pupil: "4"}, title="Natation", subject="EPS")

    async with at_home(book.small, 1, AtHome(gue.school_id, there)) as home:
        page = plain((await home.look("/famille/resultats")).text)

    assert "2 nouveaux résultats cette semaine." in page
    assert page.index("Lecture") < page.index("Nino") < page.index("Natation")
