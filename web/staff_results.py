"""The assessments of a class: the list, and the sheet on which a teacher says what was judged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import enter_to_write
from hub.classroom.competences import Learnt, competences
from hub.classroom.results_cells import Item
from hub.classroom.results_sheets import (
    COLUMNS_MOST,
    Asked,
    Column,
    Listed,
    change_sheet,
    drop_sheet,
    make_sheet,
    read_sheet,
    sheets_of,
)
from hub.errors import InvalidError
from i18n.slots import whole_number
from web.pages import date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()

OWN_WORDS = 4
"""Lines for what stands in no list, or is marked."""


class SheetForm(BaseModel):
    """The sheet as typed. `c`: competences of the list; `libelle` and `sur`: own words, and what a mark counts to."""

    matiere: str = Field(default="", max_length=400)
    titre: str = Field(default="", max_length=400)
    jour: str = Field(default="", max_length=20)
    c: list[str] = Field(default_factory=list, max_length=400)
    libelle: list[str] = Field(default_factory=list, max_length=20)
    sur: list[str] = Field(default_factory=list, max_length=20)
    ote: list[str] = Field(default_factory=list, max_length=40)

    @property
    def own(self) -> list[tuple[str, str]]:
        """The lines in own words, and empty ones up to their number."""
        typed = [pair for pair in zip(self.libelle, self.sur, strict=False) if any(map(str.strip, pair))]
        return [*typed, *[("", "")] * (OWN_WORDS - len(typed))]

    def asked(self, listed: Iterable[Learnt]) -> Asked:
        """Say what is wanted. Raises InvalidError."""
        known = {str(one.competence_id): one for one in listed if not one.closed}
        chosen = [Column(one.label, None, one.competence_id) for key, one in known.items() if key in self.c]
        own = [Column(label, _out_of(out_of)) for label, out_of in self.own if label.strip() or out_of.strip()]
        if any(not one.label.strip() for one in own):
            raise InvalidError("Dites aussi ce que cette note évalue.", field="columns")
        dropped = frozenset(number for one in self.ote if (number := whole_number(one)) is not None)
        return Asked(self.matiere, self.titre, _day(self.jour), (*chosen, *own), dropped)


Typed = Annotated[SheetForm, Form()]


@router.get("/classe/{class_id:int}/resultats")
async def listed(visit: WriterDep, session: ReadingDep, class_id: int, ote: str = "") -> Response:
    """For the teachers of this class, the director and the office: its assessments, drafts first said."""
    classroom, sheets = await sheets_of(
        session, visit.house.keyring, school_id=visit.school_id, class_id=class_id, reader=visit.reader
    )
    drafts = [one for one in sheets if one.published_at is None]
    return page(
        "staff/results.html",
        visit=visit,
        classroom=classroom,
        open=classroom.is_open(visit.reader.day),
        drafts=drafts,
        shown=_by_subject(one for one in sheets if one.published_at is not None),
        count=len(sheets) - len(drafts),
        days={one.day: date_words(one.day) for one in sheets},
        dropped=bool(ote),
        room="classe",
    )


@router.get("/classe/{class_id:int}/resultats/nouveau")
async def begin(visit: WriterDep, session: ReadingDep, class_id: int) -> Response:
    """For the teachers of this class, the director and the office: an empty sheet."""
    return await _new(visit, session, class_id, SheetForm(jour=visit.reader.day.isoformat()))


@router.post("/classe/{class_id:int}/resultats/nouveau")
async def make(visit: WriterDep, class_id: int, form: Typed) -> Response:
    """For the teachers of this class, the director and the office: begin an assessment; twice is the same one."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            wanted = form.asked(await competences(session, school_id=visit.school_id, reader=visit.reader))
            assessment_id = await make_sheet(
                session, visit.house.keyring, class_id=class_id, wanted=wanted, **visit.acting
            )
        return RedirectResponse(f"/classe/resultats/{assessment_id}", 303)
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _new(visit, session, class_id, form, error)


@router.get("/classe/resultats/{assessment_id:int}/modifier")
async def open_sheet(visit: WriterDep, session: ReadingDep, assessment_id: int) -> Response:
    """For the teachers of its class, the director and the office: what this assessment is about, to change it."""
    return await _standing(visit, session, assessment_id)


@router.post("/classe/resultats/{assessment_id:int}/modifier")
async def change(visit: WriterDep, assessment_id: int, form: Typed) -> Response:
    """For the teachers of its class, the director and the office: change what this assessment is about."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            wanted = form.asked(await competences(session, school_id=visit.school_id, reader=visit.reader))
            await change_sheet(session, visit.house.keyring, assessment_id=assessment_id, wanted=wanted, **visit.acting)
        return RedirectResponse(f"/classe/resultats/{assessment_id}", 303)
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _standing(visit, session, assessment_id, form, error)


@router.post("/classe/resultats/{assessment_id:int}/supprimer")
async def drop(visit: WriterDep, session: WritingDep, assessment_id: int) -> Response:
    """For the teachers of its class, the director and the office: throw a draft away."""
    sheet = await drop_sheet(session, visit.house.keyring, assessment_id=assessment_id, **visit.acting)
    return RedirectResponse(f"/classe/{sheet.classroom.class_id}/resultats?ote=1", 303)


async def _new(
    visit: Visit, session: AsyncSession, class_id: int, form: SheetForm, error: InvalidError | None = None
) -> Response:
    classroom = await enter_to_write(session, school_id=visit.school_id, class_id=class_id, reader=visit.reader)
    return await _sheet(
        visit, session, form, error, label=classroom.label, back=f"/classe/{class_id}/resultats", items=()
    )


async def _standing(
    visit: Visit,
    session: AsyncSession,
    assessment_id: int,
    form: SheetForm | None = None,
    error: InvalidError | None = None,
) -> Response:
    sheet = await read_sheet(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        assessment_id=assessment_id,
        reader=visit.reader,
    )
    form = form or SheetForm(matiere=sheet.subject, titre=sheet.title, jour=sheet.day.isoformat())
    back = f"/classe/resultats/{assessment_id}"
    return await _sheet(
        visit,
        session,
        form,
        error,
        label=sheet.classroom.label,
        back=back,
        items=sheet.items,
        published=sheet.published_at is not None,
    )


async def _sheet(
    visit: Visit,
    session: AsyncSession,
    form: SheetForm,
    error: InvalidError | None,
    *,
    label: str,
    back: str,
    items: tuple[Item, ...],
    published: bool = False,
) -> Response:
    """Show the sheet as it was filled in: nothing that was typed is lost."""
    offered: dict[str, list[Learnt]] = {}
    for one in await competences(session, school_id=visit.school_id, reader=visit.reader):
        if not one.closed and one.competence_id not in {item.competence_id for item in items}:
            offered.setdefault(one.domain, []).append(one)
    return page(
        "staff/assessment.html",
        status=422 if error else 200,
        visit=visit,
        form=form,
        label=label,
        back=back,
        published=published,
        items=items,
        offered=offered,
        most=COLUMNS_MOST,
        wrong=defaultdict(str, {error.field or "title": str(error)} if error else {}),
        room="classe",
    )


def _by_subject(sheets: Iterable[Listed]) -> Mapping[str, list[Listed]]:
    """Group by subject, the one that was judged last first."""
    groups: dict[str, list[Listed]] = {}
    for one in sheets:
        groups.setdefault(one.subject, []).append(one)
    return groups


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field="day") from error


def _out_of(typed: str) -> int | None:
    word = typed.strip()
    if not word:
        return None
    most = whole_number(word, digits=4)
    if most is None:
        raise InvalidError(
            "« Noté sur » est un nombre entier, comme 20 ; vide, ce sont les quatre niveaux.", field="columns"
        )
    return most
