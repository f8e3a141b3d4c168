"""The school's list of what pupils learn: begun with that of the livret, added to by all, worded by the office."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.classroom.competences import (
    Learnt,
    add_competence,
    begin_with_the_livret,
    close_competence,
    competences,
    rename_competence,
)
from hub.classroom.competences_start import CYCLES_2_AND_3
from hub.errors import InvalidError
from web.pages import page
from web.staff_visit import Visit, WriterDep, WritingDep

router = APIRouter()

Words = Annotated[str, Form(max_length=1000)]
_HERE = "/classe/competences"


@router.get("/classe/competences")
async def the_list(visit: WriterDep) -> Response:
    """For all staff but a deputy: what pupils learn here, by domain."""
    return await _page(visit)


@router.post("/classe/competences")
async def add(visit: WriterDep, domaine: Words = "", libelle: Words = "") -> Response:
    """For all staff but a deputy: add to the list."""
    which: dict[str, Any] = {"school_id": visit.school_id, "reader": visit.reader}
    try:
        async with visit.house.database.school(visit.school_id) as session:
            await add_competence(session, **which, domain=domaine, label=libelle)
    except InvalidError as error:
        return await _page(visit, typed=(domaine, libelle), wrong={error.field or "label": str(error)})
    return RedirectResponse(f"{_HERE}#ajouter", 303)


@router.post("/classe/competences/livret")
async def begin(visit: WriterDep, session: WritingDep) -> Response:
    """For all staff but a deputy: begin with the list of the livret."""
    await begin_with_the_livret(session, school_id=visit.school_id, reader=visit.reader)
    return RedirectResponse(_HERE, 303)


@router.post("/classe/competences/{competence_id:int}/renommer")
async def rename(visit: WriterDep, competence_id: int, libelle: Words = "") -> Response:
    """For the director and the office: word a competence anew."""
    which: dict[str, Any] = {"school_id": visit.school_id, "competence_id": competence_id, "reader": visit.reader}
    try:
        async with visit.house.database.school(visit.school_id) as session:
            await rename_competence(session, **which, label=libelle)
    except InvalidError as error:
        return await _page(visit, renamed=(competence_id, libelle), wrong={f"c{competence_id}": str(error)})
    return RedirectResponse(f"{_HERE}#c{competence_id}", 303)


@router.post("/classe/competences/{competence_id:int}/fermer")
async def close(visit: WriterDep, session: WritingDep, competence_id: int) -> Response:
    """For the director and the office: offer a competence for no new assessment."""
    await _close(visit, session, competence_id, closed=True)
    return RedirectResponse(f"{_HERE}#c{competence_id}", 303)


@router.post("/classe/competences/{competence_id:int}/rouvrir")
async def reopen(visit: WriterDep, session: WritingDep, competence_id: int) -> Response:
    """For the director and the office: offer it again."""
    await _close(visit, session, competence_id, closed=False)
    return RedirectResponse(f"{_HERE}#c{competence_id}", 303)


async def _close(visit: Visit, session: WritingDep, competence_id: int, *, closed: bool) -> None:
    which: dict[str, Any] = {"school_id": visit.school_id, "competence_id": competence_id, "reader": visit.reader}
    await close_competence(session, **which, closed=closed)


async def _page(
    visit: Visit,
    *,
    typed: tuple[str, str] = ("", ""),
    renamed: tuple[int, str] = (0, ""),
    wrong: dict[str, str] | None = None,
) -> Response:
    async with visit.house.database.reading(visit.school_id) as session:
        found = await competences(session, school_id=visit.school_id, reader=visit.reader)
    domains: dict[str, list[Learnt]] = {}
    for one in found:
        domains.setdefault(one.domain, []).append(one)
    return page(
        "staff/competences.html",
        status=422 if wrong else 200,
        visit=visit,
        domains=domains,
        offered=sum(not one.closed for one in found),
        known=list(dict.fromkeys([*domains, *CYCLES_2_AND_3])),
        typed=typed,
        renamed=renamed,
        wrong=defaultdict(str, wrong or {}),
        room="classe",
    )
