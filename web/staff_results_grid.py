"""The grid of an assessment: typed with the keyboard or a thumb, saved at once, and as a table for a spreadsheet."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, File, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from hub.classroom.results_cells import ABSENT
from hub.classroom.results_csv import LARGEST, Brought, read_table, written_table
from hub.classroom.results_grid import Grid, Place, Typed, read_grid, read_place
from hub.classroom.results_saving import save_grid
from hub.errors import InvalidError
from web.pages import date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep

router = APIRouter()

LEVELS = (
    ("1", "NA", "non atteints"),
    ("2", "PA", "partiellement atteints"),
    ("3", "A", "atteints"),
    ("4", "D", "dépassés"),
)
"""The four levels of the livret: the key, what stands in a box, and in words."""
_FEW = 4
"""Columns that fit beside each other on a tablet."""


@router.get("/classe/resultats/{assessment_id:int}")
async def show(visit: WriterDep, session: ReadingDep, assessment_id: int, note: str = "", vu: str = "") -> Response:
    """For the teachers of its class, the director and the office: the grid of this assessment."""
    grid = await read_grid(
        session, visit.house.keyring, school_id=visit.school_id, assessment_id=assessment_id, reader=visit.reader
    )
    return _page(visit, grid, saved=note, after=vu)


@router.post("/classe/resultats/{assessment_id:int}")
async def save(request: Request, visit: WriterDep, assessment_id: int) -> Response:
    """For the teachers of its class, the director and the office: save the whole grid; twice is once."""
    form = await request.form()
    typed = Typed(dict(_boxes(form.multi_items())), str(form.get("avant", "")))
    async with visit.house.database.school(visit.school_id) as session:
        grid = await save_grid(session, visit.house.keyring, assessment_id=assessment_id, typed=typed, **visit.acting)
    if grid.faults:
        return _page(visit, grid, status=422)
    return RedirectResponse(f"/classe/resultats/{assessment_id}?note={grid.changed}", 303)


@router.get("/classe/resultats/{assessment_id:int}/tableau")
async def table(visit: WriterDep, session: ReadingDep, assessment_id: int) -> Response:
    """For the teachers of its class, the director and the office: the grid as a table for a spreadsheet."""
    grid = await read_grid(
        session, visit.house.keyring, school_id=visit.school_id, assessment_id=assessment_id, reader=visit.reader
    )
    headers = {
        "Content-Disposition": f'attachment; filename="resultats-{assessment_id}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(written_table(grid), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/classe/resultats/{assessment_id:int}/tableau")
async def bring(visit: WriterDep, assessment_id: int, tableau: Annotated[UploadFile | None, File()] = None) -> Response:
    """For the teachers of its class, the director and the office: look a table over in the grid; it saves nothing."""
    data = await tableau.read(LARGEST + 1) if tableau else b""
    which: dict[str, Any] = {"school_id": visit.school_id, "assessment_id": assessment_id, "reader": visit.reader}
    async with visit.house.database.reading(visit.school_id) as session:
        grid = await read_grid(session, visit.house.keyring, **which)
        try:
            brought = read_table(data, grid)
        except InvalidError as error:
            return _page(visit, grid, status=422, wrong=str(error))
        if brought.bad:
            return _page(visit, grid, status=422, brought=brought)
        grid = await read_grid(session, visit.house.keyring, **which, typed=Typed(brought.texts))
    return _page(visit, grid, brought=brought)


def _boxes(fields: Iterable[tuple[str, object]]) -> Iterable[tuple[Place, str]]:
    """Read the boxes: a field `r12-3` for the column 12 of the pupil 3, `r0-3` for the words about the pupil."""
    for name, value in fields:
        item, dash, pupil = name.removeprefix("r").partition("-")
        place = read_place(item, pupil) if dash and name.startswith("r") else None
        if place is not None:
            yield place, str(value)


@lru_cache(maxsize=64)
def _options(chosen: str) -> Markup:
    """Write what a box of levels offers; what it holds and cannot stays in it, to be seen."""
    offered = {"": "", **{key: f"{key} {sign}" for key, sign, _ in LEVELS}, ABSENT: "Abs"}
    offered.setdefault(chosen, chosen)
    one = Markup('<option value="{}"{}>{}</option>')
    return Markup("").join(
        one.format(key, Markup(" selected") if key == chosen else "", words) for key, words in offered.items()
    )


def _page(
    visit: Visit,
    grid: Grid,
    *,
    status: int = 200,
    saved: str = "",
    after: str = "",
    wrong: str = "",
    brought: Brought | None = None,
) -> Response:
    return page(
        "staff/results_grid.html",
        status=status,
        visit=visit,
        grid=grid,
        sheet=grid.sheet,
        open=grid.sheet.classroom.is_open(visit.reader.day),
        day_words=date_words(grid.sheet.day),
        levels=LEVELS,
        options=_options,
        wide="few" if len(grid.sheet.items) <= _FEW else "many",
        saved=saved if saved.isascii() and saved.isdecimal() and len(saved) < 5 else "",
        after=after if after in ("publie", "retire") else "",
        wrong=wrong,
        brought=brought,
        room="classe",
    )
