"""What the school says of how pupils did: what was published of each, as their family and their file read it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.results_asked import results_of_pupils
from hub.classroom.results_cells import Cell
from hub.classroom.results_grid import COMMENT
from hub.classroom.results_sheets import TITLE
from hub.models.classroom import Level, Scale
from hub.people.schools import school_key
from hub.sealing import Keyring, Seal

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any school wrote here."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One thing that was judged: a level, or a mark in hundredths out of `out_of`; or the pupil was absent."""

    label: str
    scale: Scale
    out_of: int | None
    cell: Cell


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one pupil did in one assessment; `words`: the teacher's, about this pupil."""

    assessment_id: int
    pupil_id: int
    subject: str
    title: str
    day: date
    published_at: datetime
    author: str
    words: str
    judged: tuple[Judged, ...]


async def results_of(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    pupils: Collection[int],
    since: datetime = ALWAYS,
    notice_id: int | None = None,
    assessments: Sequence[int] | None = None,
) -> tuple[Outcome, ...]:
    """Read what was published of these pupils since a moment, the newest day first, in two questions.

    Asks for no right: the caller has. `notice_id`: only what this notice told of; `assessments`: only these. A pupil
    of whom nothing is noted in an assessment is not in it.
    """
    if not pupils:
        return ()
    which = {"school": school_id, "pupils": list(pupils), "since": since, "notice": notice_id}
    which["assessments"] = list(assessments or ())
    asked = results_of_pupils(of_notice=notice_id is not None, of_assessments=assessments is not None)
    rows = (await session.execute(asked, which)).all()
    return tuple(_outcomes(rows, await school_key(session, keyring, school_id))) if rows else ()


def _outcomes(rows: Sequence[Row[Any]], seal: Seal) -> Iterator[Outcome]:
    for (assessment_id, pupil_id), theirs in groupby(rows, key=lambda row: (row.assessment_id, row.pupil_id)):
        lines = list(theirs)
        first, said = lines[0], [row.comment_sealed for row in lines if row.comment_sealed is not None]
        yield Outcome(
            assessment_id,
            pupil_id,
            first.subject,
            seal.open(first.title_sealed, TITLE).decode(),
            first.day,
            first.published_at,
            first.author,
            seal.open(said[0], COMMENT).decode() if said else "",
            tuple(
                Judged(row.label, Scale(row.scale), row.out_of, cell)
                for row, cell in ((row, Cell(row.level and Level(row.level), row.mark, row.absent)) for row in lines)
                if cell != Cell()
            ),
        )
