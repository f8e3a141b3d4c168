"""Saving the grid of an assessment: the whole class in one press, and nobody's work written over unasked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.results_cells import NOTHING, Cell, read_cell
from hub.classroom.results_grid import (
    COMMENT,
    COMMENT_MOST,
    WORDS,
    Grid,
    Place,
    Standing,
    Typed,
    cell_of,
    laid_out,
    marked,
    read_standing,
    state_of,
    typed_over,
)
from hub.classroom.results_sheets import Sheet, sheet_to_write
from hub.errors import InvalidError
from hub.notices.headlines import Reader
from hub.people.noting import note
from hub.people.schools import school_key
from hub.sealing import Keyring
from hub.tables import assessment, insert_into, result


async def save_grid(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    assessment_id: int,
    reader: Reader,
    typed: Typed,
    now: datetime,
) -> Grid:
    """Save what was typed for the whole class, or nothing: a grid with faults shows it all again, with reasons.

    Only what was changed on this page is written. What a colleague changed in the same box since is not written over
    unasked: the grid says so, and pressing again does it. Raises InvalidError, NotFoundError, NotAllowedError.
    """
    which = {"school_id": school_id, "assessment_id": assessment_id}
    sheet = await sheet_to_write(session, keyring, **which, reader=reader)
    seal = await school_key(session, keyring, school_id)
    pupils, standing = await read_standing(session, seal, school_id, sheet, reader)
    given = typed_over(sheet, pupils, standing, typed)
    cells, faults = _understood(sheet, given)
    faults |= _overtaken(standing, given, state_of(typed.state), faults)
    if faults:
        return laid_out(sheet, pupils, standing, given, faults)
    if given:
        words = {
            pupil_id: seal.close(text.encode(), COMMENT) if text else None
            for (number, pupil_id), text in given.items()
            if number == WORDS
        }
        who = {"school_id": school_id, "typed_by": reader.staff_id, "at": now}
        await _write(session, sheet, standing, cells, words, who)
        await session.execute(
            update(assessment)
            .where(assessment.c.school_id == school_id, assessment.c.id == assessment_id)
            .values(changed_at=now)
        )
        await note(session, school_id, reader.staff_id, "results_typed", ("assessment", assessment_id), now)
    return laid_out(sheet, pupils, Standing(texts={**standing.texts, **given}), {}, {}, changed=len(given))


def _understood(sheet: Sheet, given: Mapping[Place, str]) -> tuple[dict[Place, Cell], dict[Place, str]]:
    items = {item.item_id: item for item in sheet.items}
    cells: dict[Place, Cell] = {}
    faults: dict[Place, str] = {}
    for place, text in given.items():
        if place[0] == WORDS:
            if len(text) > COMMENT_MOST:
                faults[place] = f"{COMMENT_MOST} signes au plus, il y en a {len(text)}."
            continue
        try:
            cells[place] = read_cell(text, items[place[0]])
        except InvalidError as error:
            faults[place] = str(error)
    return cells, faults


def _overtaken(
    standing: Standing, given: Mapping[Place, str], before: Mapping[Place, str], faults: Mapping[Place, str]
) -> dict[Place, str]:
    """Say which boxes a colleague changed since the page was shown."""
    said = {}
    for place in given.keys() - faults.keys():
        now = standing.texts.get(place, "")
        if marked(place, now) != before.get(place, ""):
            who, what = standing.typists.get(place, "Un collègue"), f"« {now} »" if now else "rien"
            said[place] = f"{who} y a mis {what} entre-temps : enregistrez de nouveau pour garder le vôtre."
    return said


async def _write(
    session: AsyncSession,
    sheet: Sheet,
    standing: Standing,
    cells: Mapping[Place, Cell],
    words: Mapping[int, bytes | None],
    who: Mapping[str, Any],
) -> None:
    """Write all boxes in one statement, and let the empty ones go in another; words hang on the first column."""
    first = sheet.items[0].item_id
    rows: list[dict[str, Any]] = []
    gone = []
    for place in sorted(cells.keys() | {(first, pupil_id) for pupil_id in words}):
        was = standing.rows.get(place)
        cell = cells.get(place, NOTHING if was is None else cell_of(was))
        sealed = None if was is None else was.comment_sealed
        if place[0] == first:
            sealed = words.get(place[1], sealed)
        if cell == NOTHING and not sealed:
            gone += [] if was is None else [was.id]
            continue
        row = {"item_id": place[0], "pupil_id": place[1], "level": cell.level, "mark": cell.mark}
        rows.append({**who, **row, "absent": cell.absent, "comment_sealed": sealed})
    if rows:
        statement = insert_into(result, session).values(rows)
        changed = ("level", "mark", "absent", "comment_sealed", "typed_by", "at")
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["item_id", "pupil_id", "school_id"],
                set_={name: statement.excluded[name] for name in changed},
            )
        )
    if gone:
        await session.execute(delete(result).where(result.c.school_id == who["school_id"], result.c.id.in_(gone)))
