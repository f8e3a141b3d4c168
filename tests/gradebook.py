"""A school in which a class is judged: an assessment, its grid, and what its families are shown."""

from datetime import date
from typing import Any

from factories import NOW, TODAY, SmallSchool

from hub.classroom.competences import begin_with_the_livret
from hub.classroom.results import Outcome, results_of
from hub.classroom.results_grid import Grid, Typed, read_grid
from hub.classroom.results_saving import save_grid
from hub.classroom.results_sheets import Asked, Column, make_sheet
from hub.classroom.results_telling import publish_sheet
from hub.notices.headlines import Reader
from hub.people.rights import rights_on


class Gradebook:
    """Somebody who judges: the teacher, unless another is named."""

    def __init__(self, small: SmallSchool, teacher: int = 0) -> None:
        self.small, self.school_id, self.teacher = small, small.school.key, teacher or small.teacher

    async def reader(self, staff_id: int | None = None) -> Reader:
        async with self.small.database.reading(self.school_id) as session:
            staff_id = staff_id or self.teacher
            rights = await rights_on(session, school_id=self.school_id, staff_id=staff_id, day=TODAY)
            return Reader(staff_id, rights, TODAY)

    async def acting(self, by: int | None = None) -> dict[str, Any]:
        return {"school_id": self.school_id, "reader": await self.reader(by), "now": NOW}

    async def begin(self, *columns: str | Column, by: int | None = None, **more: Any) -> int:
        """Begin an assessment of CP A; a column that is a word is judged on the four levels."""
        wanted = Asked(
            subject=more.pop("subject", "Français"),
            title=more.pop("title", "Dictée"),
            day=more.pop("day", TODAY),
            columns=tuple(Column(one) if isinstance(one, str) else one for one in columns or ("Accorder",)),
        )
        class_id = more.pop("class_id", self.small.classes["CP A"])
        async with self.small.database.school(self.school_id) as session:
            return await make_sheet(
                session, self.small.keyring, class_id=class_id, wanted=wanted, **await self.acting(by)
            )

    async def grid(self, assessment_id: int, by: int | None = None) -> Grid:
        async with self.small.database.reading(self.school_id) as session:
            return await read_grid(
                session,
                self.small.keyring,
                school_id=self.school_id,
                assessment_id=assessment_id,
                reader=await self.reader(by),
            )

    async def save(
        self, assessment_id: int, texts: dict[tuple[int, int], str], *, state: str = "", by: int | None = None
    ) -> Grid:
        async with self.small.database.school(self.school_id) as session:
            return await save_grid(
                session,
                self.small.keyring,
                assessment_id=assessment_id,
                typed=Typed(texts, state),
                **await self.acting(by),
            )

    async def publish(self, assessment_id: int, *, tell: bool = False, by: int | None = None) -> None:
        async with self.small.database.school(self.school_id) as session:
            await publish_sheet(
                session,
                self.small.keyring,
                school=self.small.school,
                assessment_id=assessment_id,
                reader=await self.reader(by),
                tell=tell,
                now=NOW,
            )

    async def seen(self, *pupils: int) -> tuple[Outcome, ...]:
        """Read what the families of these pupils are shown."""
        async with self.small.database.reading(self.school_id) as session:
            return await results_of(session, self.small.keyring, school_id=self.school_id, pupils=pupils)

    async def judged(
        self,
        texts: dict[int, str],
        *columns: str | Column,
        publish: bool = True,
        tell: bool = False,
        **more: Any,
    ) -> int:
        """Judge pupils: of each a text for each column, then some words (`3 14,5 Très bien.`); and publish it."""
        assessment_id = await self.begin(*columns, **more)
        items = (await self.grid(assessment_id)).sheet.items
        given = {pupil: text.split(" ", len(items)) for pupil, text in texts.items()}
        boxes = {(item.item_id, pupil): typed[n] for pupil, typed in given.items() for n, item in enumerate(items)}
        words = {(0, pupil): typed[len(items)] for pupil, typed in given.items() if len(typed) > len(items)}
        await self.save(assessment_id, boxes | words)
        if publish:
            await self.publish(assessment_id, tell=tell)
        return assessment_id


async def judge_a_class(small: SmallSchool, teacher: int, director: int) -> dict[str, int]:
    """Judge CP A over an autumn, the pupil 1 and others, and begin with CE1 B. Gives the assessments by name."""
    book = Gradebook(small, teacher)
    fields = {
        "first": ({1: "2", 2: "1"}, ("Accorder",), {"title": "Dictée des animaux", "day": date(2026, 10, 1)}),
        "second": ({1: "3", 2: "2"}, ("Accorder",), {"title": "Dictée des saisons", "day": date(2026, 11, 3)}),
        "sums": ({1: "1", 2: "3"}, ("Poser une addition",), {"title": "Additions", "subject": "Mathématiques"}),
        "draft": ({1: "3 2", 2: "abs 4"}, ("Nager", "Plonger"), {"title": "Piscine", "subject": "EPS"}),
    }
    made = {
        name: await book.judged(texts, *columns, publish=name != "draft", **more)
        for name, (texts, columns, more) in fields.items()
    }
    ce1: dict[str, Any] = {"class_id": small.classes["CE1 B"], "by": director}
    made["wide"] = await book.begin(*(f"Compétence {n}" for n in range(12)), title="Bilan du trimestre", **ce1)
    made["small"] = await book.begin("Nager", Column("Plonger", 20), title="Piscine", **ce1)
    made["told"] = await book.judged(
        {1: "4 14,5 Une belle lecture, à voix haute aussi.", 2: "abs abs"},
        "Lire à voix haute",
        Column("Compréhension", 20),
        title="Lecture de novembre",
        tell=True,
    )
    async with small.database.school(small.school.key) as session:
        await begin_with_the_livret(session, school_id=small.school.key, reader=await book.reader())
    return made


def marks(*labels: str, out_of: int = 20) -> list[Column]:
    """Columns with a mark."""
    return [Column(label, out_of) for label in labels]


FIRST_OF_SEPTEMBER = date(2026, 9, 1)
