"""The diary of a lively school: a week of CP A with a file, of which Odalys was told; and a class of a year before."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from factories import NOW, TODAY

from hub.classroom.diary import TEXT
from hub.classroom.diary_files import hang_on
from hub.classroom.diary_telling import Telling, tell_families
from hub.classroom.diary_writing import Piece, write_down
from hub.models.classroom import EntryKind
from hub.notices.headlines import Reader
from hub.papers.files import Given, keep_files, put_away
from hub.people.rights import rights_on
from hub.people.schools import school_key
from hub.tables import class_group, diary_entry, school_year

if TYPE_CHECKING:
    from lively import Lively

DUE, DONE = EntryKind.DUE, EntryKind.DONE
PIECES = (
    (DUE, "Mathématiques", 1, "Exercices 1 à 4 de la page 32, sur le cahier du jour.", "CP A"),
    (
        DUE,
        "Lecture",
        1,
        "Relire « Le loup vert » pages 8 et 9 à voix haute.\nApprendre les mots de la liste 7.",
        "CP A",
    ),
    (DUE, "Anglais", 3, "Learn the song « Five little monkeys ».", "CP A"),
    (DONE, "Sciences", 0, "L’eau gèle à zéro degré : nous avons fait de la glace.", "CP A"),
    (DONE, "Français", -1, "Dictée numéro 9.", "CP A"),
    (DUE, "Poésie", 1, "Recopier la première strophe.", "CE1 B"),
)


async def note_homework(lively: "Lively") -> None:
    """Note the week, hang a list on it, and tell Odalys at once of two pieces."""
    small, director = lively.small, lively.staff["director"]
    await small.write(
        "INSERT INTO wish (school_id, guardian_id, kind, how) VALUES (:school, 1, 'homework', 'at_once')",
        school=small.school.key,
    )
    given = [Given("Liste de mots 7.txt", b"la neige, le givre, la glace")]
    files = await put_away(small.keyring, lively.house.settings, given)
    async with small.database.school(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=director, day=TODAY)
        reader = Reader(director, rights, TODAY)
        here = {"school_id": small.school.key, "reader": reader, "now": NOW}
        noted = []
        for number, (kind, subject, days, text, label) in enumerate(PIECES):
            piece = Piece(kind, subject, TODAY + timedelta(days=days), text)
            noted.append(
                await write_down(
                    session, small.keyring, class_id=small.classes[label], piece=piece, key=f"p{number}", **here
                )
            )
        lively.entries = {subject: entry[0] for (_, subject, *_), entry in zip(PIECES, noted, strict=True)}
        kept = await keep_files(session, files, school_id=small.school.key, made_by=director, now=NOW)
        await hang_on(session, school_id=small.school.key, entry_id=lively.entries["Lecture"], files=kept)
        told = (lively.entries["Mathématiques"], lively.entries["Lecture"])
        telling = Telling(small.classes["CP A"], told, "homework")
        wished = await tell_families(session, small.keyring, telling, school=small.school, reader=reader, now=NOW)
        lively.notices["homework"] = wished.notice_id or 0
    await lively.leave("homework")


async def a_year_before(lively: "Lively") -> None:
    """A class of the year before, with a week to take up; Apolline was not in it, Ondine was."""
    small, school_id = lively.small, lively.small.school.key
    async with small.database.school(school_id) as session:
        seal = await school_key(session, small.keyring, school_id)
        year = school_year.insert().values(
            school_id=school_id, label="2025-2026", starts_on=date(2025, 9, 1), ends_on=date(2026, 8, 19)
        )
        year_id = (await session.execute(year.returning(school_year.c.id))).scalar_one()
        group = class_group.insert().values(school_id=school_id, year_id=year_id, label="CP D", level="CP")
        class_id = (await session.execute(group.returning(class_group.c.id))).scalar_one()
        for kind, subject, days, text, _ in PIECES[:5]:
            row = {"kind": kind, "subject": subject, "day": TODAY + timedelta(days=days - 364)}
            await session.execute(
                diary_entry.insert().values(
                    school_id=school_id, class_id=class_id, author_id=lively.staff["director"], made_at=NOW,
                    changed_at=NOW, text_sealed=seal.close(text.encode(), TEXT), **row,
                )
            )  # fmt: skip
