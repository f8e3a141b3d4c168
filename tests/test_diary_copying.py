"""Taking up an earlier year's diary: what was taught goes over, what names a child does not."""

from datetime import date

import pytest
from desks import PASSWORD, TEACHER, Desk, on_one_database
from factories import NOW
from test_diary import PAGE_3, diary_of

from hub.classroom.diary import TEXT
from hub.classroom.diary_copying import marked
from hub.people.schools import school_key
from hub.tables import class_group, diary_entry, enrolment, pupil, school_year

THEN = date(2025, 11, 24)
"""A Monday, fifty-two weeks before that of the tests."""


@pytest.fixture
async def teacher(desk: Desk) -> Desk:
    """The teacher of CP A; last year's CP had Capucine Roche, and a week in its diary. CE2's diary stands too."""
    small, school_id = desk.small, desk.small.school.key
    async with small.database.school(school_id) as session:
        seal = await school_key(session, small.keyring, school_id)
        year = school_year.insert().values(
            school_id=school_id, label="2025-2026", starts_on=date(2025, 9, 1), ends_on=date(2026, 8, 19)
        )
        year_id = (await session.execute(year.returning(school_year.c.id))).scalar_one()
        for number, label in ((11, "CE2 C"), (12, "CP D")):
            row = {"id": number, "school_id": school_id, "year_id": year_id, "label": label, "level": label[:3].strip()}
            await session.execute(class_group.insert().values(row))
        child = {"id": 21, "school_id": school_id, "first_name": "Capucine", "family_name": "Roche", "name_key": "x"}
        await session.execute(pupil.insert().values(usage_name="", **child))
        there = {"school_id": school_id, "pupil_id": 21, "class_id": 12, "from_on": THEN, "to_on": THEN}
        await session.execute(enrolment.insert().values(there))
        for number, (class_id, day, kind, text) in enumerate(
            (
                (12, 24, "done", "Les nombres jusqu’à 10."),
                (12, 27, "due", PAGE_3),
                (12, 28, "due", "Relire le mot de capucine sur les ROCHES."),
                (11, 24, "due", "La division."),
            ),
            start=31,
        ):
            await session.execute(
                diary_entry.insert().values(
                    id=number, school_id=school_id, class_id=class_id, author_id=small.director, kind=kind,
                    subject="Sciences", day=date(2025, 11, day), text_sealed=seal.close(text.encode(), TEXT),
                    made_at=NOW, changed_at=NOW,
                )
            )  # fmt: skip
    await small.write("UPDATE class_group SET level = 'CP' WHERE id = :id", id=small.classes["CP A"])
    await desk.enter(TEACHER, PASSWORD)
    return desk


def chosen(*pieces: int, **more: object) -> dict[str, object]:
    return {"key": "c1", "semaine": "2026-11-23", "classe": 12, "alors": "2025-11-24", "pieces": pieces, **more}


async def copies(desk: Desk) -> list[tuple]:
    rows = await desk.small.rows(
        "SELECT day, kind, subject, text_sealed FROM diary_entry WHERE class_id = :own ORDER BY day",
        own=desk.small.classes["CP A"],
    )
    async with desk.small.database.reading(desk.small.school.key) as session:
        seal = await school_key(session, desk.small.keyring, desk.small.school.key)
    return [(str(row[0]), row[1], row[2], seal.open(bytes(row[3]), TEXT).decode()) for row in rows]


@on_one_database
async def test_the_same_level_comes_first_and_a_name_is_marked_and_not_ticked(teacher: Desk) -> None:
    page = (await teacher.web.get(diary_of(teacher.small, "/reprendre"))).text

    assert page.index("CP D, 2025-2026") < page.index("CE2 C, 2025-2026")
    assert "3 à reprendre de CP D" in page
    assert '<input type="checkbox" name="pieces" value="31" checked>' in page
    assert '<input type="checkbox" name="pieces" value="33">' in page
    assert "<mark>capucine</mark>" in page
    assert "<mark>ROCHES</mark>" not in page
    assert "La division." not in page


async def test_what_is_ticked_goes_onto_the_same_weekdays_once_and_without_ticks(teacher: Desk) -> None:
    small = teacher.small
    for _ in range(2):
        answer = await teacher.post(diary_of(small, "/reprendre"), **chosen(31, 32))
        assert answer.status_code == 303

    assert await copies(teacher) == [
        ("2026-11-23", "done", "Sciences", "Les nombres jusqu’à 10."),
        ("2026-11-26", "due", "Sciences", PAGE_3),
    ]
    assert await teacher.count("diary_tick") + await teacher.count("digest_item") + await teacher.count("notice") == 0
    assert answer.headers["location"].endswith("&repris=0")


@on_one_database
async def test_what_is_of_another_class_or_of_this_year_is_not_taken(teacher: Desk) -> None:
    small = teacher.small
    mixed = await teacher.post(diary_of(small, "/reprendre"), **chosen(34))
    this_year = await teacher.post(diary_of(small, "/reprendre"), **chosen(31, classe=small.classes["CE1 B"]))
    look = await teacher.web.get(diary_of(small, "/reprendre"), params={"classe": small.classes["CE1 B"]})
    nothing = await teacher.post(diary_of(small, "/reprendre"), **chosen())

    assert (mixed.status_code, this_year.status_code, nothing.status_code) == (422, 404, 422)
    assert "Cochez ce qui est à reprendre." in nothing.text
    assert 'name="pieces" value="31" checked' not in nothing.text
    assert look.status_code == 200
    assert await copies(teacher) == []


@on_one_database
async def test_a_file_goes_over_only_when_it_is_ticked_by_hand(teacher: Desk) -> None:
    small = teacher.small
    await small.write(
        "INSERT INTO data_key (id, school_id, subject, wrapped, master_version) "
        "SELECT 90, school_id, 'file', wrapped, master_version FROM data_key LIMIT 1"
    )
    async with small.database.reading(small.school.key) as session:
        seal = await school_key(session, small.keyring, small.school.key)
    for number in (41, 42):
        await small.write(
            "INSERT INTO stored_file (id, school_id, data_key_id, made_by, place, name_sealed, media_type, size, "
            "picture, made_at, keep_until) VALUES (:id, :school, 90, :by, :place, :name, 'application/pdf', 9, :no, "
            "'2025-11-24 06:00:00+00:00', '2026-12-01')",
            id=number, school=small.school.key, by=small.director, place=f"p{number}", no=False,
            name=seal.close(f"plan{number}.pdf".encode(), b"stored_file.name"),
        )  # fmt: skip
        await small.write(
            "INSERT INTO diary_file (school_id, entry_id, file_id, position) VALUES (:school, 32, :id, :id)",
            school=small.school.key, id=number,
        )  # fmt: skip
    page = (await teacher.web.get(diary_of(small, "/reprendre"))).text
    await teacher.post(diary_of(small, "/reprendre"), **chosen(32, fichiers=[42]))

    assert '<input type="checkbox" name="fichiers" value="42">' in page
    assert await small.rows("SELECT file_id FROM diary_file WHERE entry_id NOT IN (32)") == [(42,)]
    assert await small.rows("SELECT id FROM stored_file WHERE keep_until > '2028-01-01'") == [(42,)]


def test_names_are_found_whatever_their_capitals_and_accents() -> None:
    assert marked("L’exposé d’Éloïse, page 3", {"eloise"}) == (
        ("L’exposé ", False),
        ("d’Éloïse", True),
        (", page 3", False),
    )
    assert marked("Rien ici.", {"eloise"}) == (("Rien ici.", False),)
