"""Results: a grid for a whole class in a few statements, nobody's work written over, and who is told of what."""

import asyncio

import pytest
import pytest_asyncio
from factories import Adult, a_school, by_mail, by_sms
from gradebook import FIRST_OF_SEPTEMBER, Gradebook
from roll_call import Statements

from hub.classroom.competences import (
    add_competence,
    begin_with_the_livret,
    close_competence,
    competences,
    rename_competence,
)
from hub.classroom.results_grid import WORDS
from hub.classroom.results_sheets import Asked, Column, change_sheet, drop_sheet
from hub.classroom.results_telling import reach_of, withdraw_sheet
from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.classroom import Level
from hub.models.people import LinkKind
from hub.sealing import Keyring
from web.charts import bars

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where the other database would answer the same."""


@pytest_asyncio.fixture
async def book(database: Database, keyring: Keyring) -> Gradebook:
    """Lina and Sami (1, 2) in CP A, Zoe (3) in CE1 B."""
    small = await a_school(database, keyring)
    await small.family(by_sms(name="Ada"), children=["Lina"])
    await small.family(by_sms("+33639981002", name="Bo"), children=["Sami"])
    await small.family(by_sms("+33639981003", name="Cleo"), children=["Zoe"], class_label="CE1 B")
    return Gradebook(small)


async def test_a_class_of_thirty_and_ten_columns_is_saved_in_a_few_statements(book: Gradebook) -> None:
    await book.small.family(by_sms("+33639981004"), children=[f"Enfant{n}" for n in range(28)])
    assessment_id = await book.begin(*(f"Compétence {n}" for n in range(10)))
    grid = await book.grid(assessment_id)
    texts = {(box.item.item_id, line.pupil_id): "3" for line in grid.lines for box in line.boxes}
    texts |= {(WORDS, line.pupil_id): "Bravo." for line in grid.lines}

    with Statements(book.small) as counted:
        saved = await book.save(assessment_id, texts, state=grid.state)

    written = [one.split()[:3] for one in counted.asked if not one.startswith("SELECT")]
    assert (len(texts), saved.changed, saved.faults) == (330, 330, 0)
    assert written == [["INSERT", "INTO", "result"], ["UPDATE", "assessment", "SET"], ["INSERT", "INTO", "audit"]]
    assert len(counted.asked) <= 15
    assert await book.small.rows("SELECT count(*), min(level), max(level) FROM result") == [(300, "reached", "reached")]


async def test_the_same_grid_twice_is_once_and_writes_nothing(book: Gradebook) -> None:
    assessment_id = await book.begin()
    grid = await book.grid(assessment_id)
    item = grid.sheet.items[0].item_id
    texts = {(item, 1): "4", (item, 2): "abs", (WORDS, 2): "Revenez me voir."}

    first = await book.save(assessment_id, texts, state=grid.state)
    before = await book.small.rows("SELECT * FROM result ORDER BY id")
    again = await book.save(assessment_id, texts, state=grid.state)

    assert (first.changed, again.changed, again.faults) == (3, 0, 0)
    assert await book.small.rows("SELECT * FROM result ORDER BY id") == before
    assert await book.small.rows("SELECT pupil_id, level, absent FROM result ORDER BY 1") == [
        (1, "exceeded", False),
        (2, None, True),
    ]


async def test_an_emptied_box_goes_and_the_words_beside_it_stay(book: Gradebook) -> None:
    assessment_id = await book.begin("Accorder", "Conjuguer")
    one, two = (item.item_id for item in (await book.grid(assessment_id)).sheet.items)
    saved = await book.save(assessment_id, {(one, 1): "2", (two, 1): "3", (WORDS, 1): "Courage."})

    saved = await book.save(assessment_id, {(one, 1): "", (two, 1): ""}, state=saved.state)

    assert (saved.lines[0].boxes[0].text, saved.lines[0].words) == ("", "Courage.")
    assert await book.small.rows("SELECT item_id, level FROM result") == [(one, None)]
    await book.save(assessment_id, {(WORDS, 1): " "}, state=saved.state)
    assert await book.small.rows("SELECT * FROM result") == []


async def test_what_a_colleague_changed_meanwhile_is_not_written_over_unasked(book: Gradebook) -> None:
    assessment_id = await book.begin()
    page = await book.grid(assessment_id)
    item = page.sheet.items[0].item_id
    await book.save(assessment_id, {(item, 1): "2", (item, 2): "3"}, state=page.state, by=book.small.director)

    refused = await book.save(assessment_id, {(item, 1): "4", (item, 2): ""}, state=page.state)

    box = refused.lines[0].boxes[0]
    assert box.text == "4"
    assert box.fault == "Mme Exemple y a mis « 2 » entre-temps : enregistrez de nouveau pour garder le vôtre."
    assert refused.lines[1].boxes[0].text == "3"  # not touched on this page
    assert await book.small.rows("SELECT level FROM result ORDER BY pupil_id") == [("partly_reached",), ("reached",)]
    saved = await book.save(assessment_id, {(item, 1): "4", (item, 2): "3"}, state=refused.state)
    assert saved.faults == 0
    assert await book.small.rows("SELECT level FROM result ORDER BY pupil_id") == [("exceeded",), ("reached",)]


async def test_of_two_colleagues_at_the_same_moment_the_second_is_asked(book: Gradebook) -> None:
    assessment_id = await book.begin()
    page = await book.grid(assessment_id)
    item = page.sheet.items[0].item_id

    saved = await asyncio.gather(
        book.save(assessment_id, {(item, 1): "1", (item, 2): "3"}, state=page.state),
        book.save(assessment_id, {(item, 1): "4", (item, 2): "3"}, state=page.state, by=book.small.director),
    )

    assert sorted((grid.faults, grid.changed) for grid in saved) == [(0, 2), (1, 1)]


@on_sqlite
async def test_one_bad_box_saves_nothing_and_loses_nothing(book: Gradebook) -> None:
    assessment_id = await book.begin(Column("Dictée", 20), "Accorder")
    mark, level = (item.item_id for item in (await book.grid(assessment_id)).sheet.items)

    grid = await book.save(assessment_id, {(mark, 1): "24", (level, 1): "3", (WORDS, 2): "x" * 301, (mark, 2): "9,5"})

    assert [(box.text, box.fault) for box in grid.lines[0].boxes] == [
        ("24", "Une note va de 0 à 20, avec deux décimales au plus, ou abs."),
        ("3", ""),
    ]
    assert grid.lines[1].words_fault == "300 signes au plus, il y en a 301."
    assert grid.lines[1].boxes[0].text == "9,5"
    assert await book.small.rows("SELECT * FROM result") == []


@on_sqlite
async def test_boxes_of_other_pupils_and_other_assessments_are_not_taken(book: Gradebook) -> None:
    assessment_id, other = await book.begin(), await book.begin(title="Autre")
    item, theirs = [(await book.grid(one)).sheet.items[0].item_id for one in (assessment_id, other)]

    await book.save(assessment_id, {(item, 3): "1", (theirs, 1): "1", (item, 99): "1"})

    assert await book.small.rows("SELECT * FROM result") == []


@on_sqlite
async def test_nothing_of_it_stands_in_clear(book: Gradebook) -> None:
    assessment_id = await book.begin(title="Dictée secrète")
    await book.save(assessment_id, {(WORDS, 1): "Un mot secret."})

    kept = await book.small.rows("SELECT title_sealed, comment_sealed FROM assessment, result")

    assert b"secr" not in bytes(kept[0][0]) + bytes(kept[0][1])
    assert (await book.grid(assessment_id)).lines[0].words == "Un mot secret."


@on_sqlite
async def test_families_see_nothing_of_a_draft_and_at_once_what_is_corrected(book: Gradebook) -> None:
    assessment_id = await book.begin("Accorder", Column("Dictée", 20))
    level, mark = (item.item_id for item in (await book.grid(assessment_id)).sheet.items)
    saved = await book.save(assessment_id, {(level, 1): "2", (mark, 1): "14,5", (WORDS, 1): "Bien."})
    assert await book.seen(1) == ()

    await book.publish(assessment_id)
    seen = (await book.seen(1))[0]
    assert (seen.title, seen.subject, seen.words) == ("Dictée", "Français", "Bien.")
    assert [(one.label, one.cell.level, one.cell.mark) for one in seen.judged] == [
        ("Accorder", Level.PARTLY_REACHED, None),
        ("Dictée", None, 1450),
    ]
    await book.save(assessment_id, {(level, 1): "3"}, state=saved.state)
    assert (await book.seen(1))[0].judged[0].cell.level is Level.REACHED


@on_sqlite
async def test_a_pupil_without_any_result_is_in_nothing_that_is_shown(book: Gradebook) -> None:
    await book.judged({1: "3"})

    assert [one.pupil_id for one in await book.seen(1, 2)] == [1]


async def test_who_has_a_result_is_told_as_each_wishes_and_nobody_else(book: Gradebook) -> None:
    await book.small.family(by_mail(name="Dora"), children=["Ugo"])
    await book.small.family(by_mail("eve@familles.test", name="Eve", kind=LinkKind.BARRED), children=["Ida"])
    await book.small.write(
        "INSERT INTO wish (school_id, guardian_id, kind, how) VALUES (:school, 1, 'result', 'at_once')",
        school=book.school_id,
    )
    assessment_id = await book.begin()
    item = (await book.grid(assessment_id)).sheet.items[0].item_id
    await book.save(assessment_id, {(item, 1): "3", (item, 2): "1", (item, 4): "abs", (item, 5): "4"})

    async with book.small.database.reading(book.school_id) as session:
        reach = await reach_of(
            session, school_id=book.school_id, assessment_id=assessment_id, reader=await book.reader()
        )
    await book.publish(assessment_id, tell=True)
    await book.publish(assessment_id, tell=True)

    assert (reach.pupils, reach.wished.at_once, reach.wished.evening, reach.wished.unreached) == (3, 1, 1, 0)
    assert await book.small.rows("SELECT guardian_id FROM delivery") == [(1,)]
    assert await book.small.rows("SELECT guardian_id, pupil_id, subject_id FROM digest_item") == [(2, 2, assessment_id)]
    assert await book.small.rows("SELECT kind, id FROM notice") == [("result", 1)]
    assert await book.small.rows("SELECT notice_id FROM assessment") == [(1,)]


async def test_what_is_taken_back_is_seen_no_more_and_what_has_not_left_stops(book: Gradebook) -> None:
    await book.small.write(
        "INSERT INTO wish (school_id, guardian_id, kind, how) VALUES (:school, 1, 'result', 'at_once')",
        school=book.school_id,
    )
    assessment_id = await book.judged({1: "3", 2: "4"}, tell=True)
    assert len(await book.small.rows("SELECT * FROM digest_item")) == 1

    async with book.small.database.school(book.school_id) as session:
        await withdraw_sheet(session, book.small.keyring, assessment_id=assessment_id, **await book.acting())

    assert await book.seen(1, 2) == ()
    assert await book.small.rows("SELECT * FROM digest_item") == []
    assert await book.small.rows("SELECT state FROM notice") == [("cancelled",)]
    await book.publish(assessment_id)
    assert [one.pupil_id for one in await book.seen(1, 2)] == [1, 2]


@on_sqlite
async def test_an_empty_assessment_is_not_published(book: Gradebook) -> None:
    assessment_id = await book.begin()

    with pytest.raises(InvalidError, match="Rien n’est encore noté"):
        await book.publish(assessment_id)


@on_sqlite
async def test_another_class_another_school_and_a_deputy_find_a_closed_door(
    book: Gradebook, database: Database, keyring: Keyring
) -> None:
    other = await book.begin(class_id=book.small.classes["CE1 B"], by=book.small.director)
    elsewhere = Gradebook(await a_school(database, keyring, slug="gue"))

    for act in (book.grid(other), book.save(other, {}), book.publish(other)):
        with pytest.raises(NotAllowedError):
            await act
    with pytest.raises(NotAllowedError):
        await book.begin(class_id=book.small.classes["CE1 B"])
    with pytest.raises(NotFoundError):
        await elsewhere.grid(other, elsewhere.small.director)
    await book.small.write(
        "UPDATE staff_right SET role = 'deputy', class_id = NULL WHERE staff_id = :id", id=book.small.teacher
    )
    with pytest.raises(NotAllowedError):
        await book.grid(await book.begin(title="Une autre", by=book.small.director))


@on_sqlite
async def test_a_closed_class_is_read_and_not_written(book: Gradebook) -> None:
    assessment_id = await book.begin()
    await book.small.write("UPDATE class_group SET closed_on = '2026-11-20'")

    assert (await book.grid(assessment_id)).sheet.title == "Dictée"
    for act in (book.save(assessment_id, {}), book.publish(assessment_id), book.begin(title="Autre")):
        with pytest.raises(InvalidError, match="fermée"):
            await act


@on_sqlite
async def test_a_pupil_who_changed_class_keeps_the_results_and_leaves_the_teachers_grid(book: Gradebook) -> None:
    assessment_id = await book.judged({1: "3", 2: "4"})
    await book.small.write(
        "UPDATE enrolment SET class_id = :other WHERE pupil_id = 1", other=book.small.classes["CE1 B"]
    )

    assert [line.pupil_id for line in (await book.grid(assessment_id)).lines] == [2]
    assert [(line.pupil_id, line.gone) for line in (await book.grid(assessment_id, book.small.director)).lines] == [
        (1, True),
        (2, False),
    ]
    assert [one.pupil_id for one in await book.seen(1)] == [1]


@on_sqlite
async def test_an_assessment_is_changed_but_not_the_columns_in_which_something_stands(book: Gradebook) -> None:
    assessment_id = await book.begin("Accorder", "Conjuguer")
    one, two = (item.item_id for item in (await book.grid(assessment_id)).sheet.items)
    await book.save(assessment_id, {(one, 1): "3"})

    async def change(wanted: Asked) -> None:
        async with book.small.database.school(book.school_id) as session:
            await change_sheet(
                session, book.small.keyring, assessment_id=assessment_id, wanted=wanted, **await book.acting()
            )

    with pytest.raises(InvalidError, match="effacez-les"):
        await change(Asked("Français", "Dictée", FIRST_OF_SEPTEMBER, (), frozenset({one})))
    with pytest.raises(InvalidError, match="même nom"):
        await change(Asked("Français", "Dictée", FIRST_OF_SEPTEMBER, (Column("accorder"),)))
    with pytest.raises(InvalidError, match="année"):
        await change(Asked("Français", "Dictée", FIRST_OF_SEPTEMBER.replace(year=2024), ()))
    await change(Asked("Français", "Dictée 2", FIRST_OF_SEPTEMBER, (Column("Copier", 10),), frozenset({two})))

    sheet = (await book.grid(assessment_id)).sheet
    assert (sheet.title, sheet.day) == ("Dictée 2", FIRST_OF_SEPTEMBER)
    assert [item.title for item in sheet.items] == ["Accorder", "Copier (sur 10)"]


@on_sqlite
async def test_the_same_assessment_twice_is_one_and_is_kept_for_the_next_year_too(book: Gradebook) -> None:
    assert await book.begin() == await book.begin()
    assert await book.small.rows("SELECT count(*), min(keep_until) FROM assessment") == [(1, "2028-08-18")]


@on_sqlite
async def test_a_draft_is_thrown_away_whole_and_what_families_see_is_not(book: Gradebook) -> None:
    shown, draft = await book.judged({1: "3"}), await book.begin(title="Brouillon")
    item = (await book.grid(draft)).sheet.items[0].item_id
    await book.save(draft, {(item, 1): "1"})

    async def drop(assessment_id: int) -> None:
        async with book.small.database.school(book.school_id) as session:
            await drop_sheet(session, book.small.keyring, assessment_id=assessment_id, **await book.acting())

    await drop(draft)
    with pytest.raises(InvalidError, match="retirez-la"):
        await drop(shown)
    assert await book.small.rows("SELECT id FROM assessment") == [(shown,)]
    assert len(await book.small.rows("SELECT id FROM result")) == 1


async def test_the_list_of_the_livret_is_taken_once_and_made_ones_own(book: Gradebook) -> None:
    teacher, director = await book.reader(), await book.reader(book.small.director)
    async with book.small.database.school(book.school_id) as session:
        which = {"school_id": book.school_id, "reader": teacher}
        first = await begin_with_the_livret(session, **which)
        assert await begin_with_the_livret(session, **which) == 0
        await add_competence(session, **which, domain="Français", label="Copier un texte")
        with pytest.raises(InvalidError, match="déjà"):
            await add_competence(session, **which, domain="Français", label=" Copier  un texte ")
        for act in (
            rename_competence(session, **which, competence_id=1, label="Autre"),
            close_competence(session, **which, competence_id=1, closed=True),
        ):
            with pytest.raises(NotAllowedError):
                await act
        which["reader"] = director
        await rename_competence(session, **which, competence_id=1, label="Réciter")
        await close_competence(session, **which, competence_id=2, closed=True)
        listed = await competences(session, **which)

    assert (first, len(listed)) == (45, 46)
    assert [(one.label, one.closed) for one in listed[:2]] == [("Réciter", False), ("Prendre part à un échange", True)]
    assert [one.label for one in listed if one.domain == "Français"][-1] == "Copier un texte"


@on_sqlite
async def test_an_adult_without_any_address_is_counted_before_the_press(book: Gradebook) -> None:
    await book.small.family(Adult(name="Fay"), children=["Ola"])
    assessment_id = await book.begin()
    item = (await book.grid(assessment_id)).sheet.items[0].item_id
    await book.save(assessment_id, {(item, 4): "3"})

    async with book.small.database.reading(book.school_id) as session:
        reach = await reach_of(
            session, school_id=book.school_id, assessment_id=assessment_id, reader=await book.reader()
        )

    assert (reach.pupils, reach.wished.unreached) == (1, 1)


def test_a_chart_holds_the_last_fifteen_and_a_nought_is_still_a_line() -> None:
    drawn = bars([("f-l1", 0.25), *[("f-mark", 0.0)] * 15])

    assert len(drawn) == 15
    assert {(one.shape, one.y, one.height) for one in drawn} == {("f-mark", 78.0, 2.0)}
    assert max(one.x + one.width for one in drawn) <= 300
