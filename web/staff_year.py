"""The turn of the year, step by step: the year to come, its classes, who leaves, and what is then forgotten."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.routing import LEVELS
from hub.years.dossier import for_next_school
from hub.years.leaving import come_back, gone, leave, seats, stay, undecided
from hub.years.moving import close_classes, give_class, move_up, movers, open_year
from hub.years.turning import Turn, colleagues, turn
from web.pages import date_words, page
from web.parcel import parcel
from web.security import RowId
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()
YEAR = "/ecole/annee"
Id = Annotated[int, Form(ge=1, lt=2**63)]
Ids = Annotated[list[RowId], Form(max_length=2000)]
Day = Annotated[str, Form(max_length=20)]
Number = Annotated[int, Query(ge=0, lt=10**6)]


@router.get(YEAR)
async def year(
    visit: WriterDep,
    session: ReadingDep,
    fait: Annotated[str, Query(max_length=12)] = "",
    n: Number = 0,
    autour: Number = 0,
) -> Response:
    """For the director and the office: how far the turn of the year has got, and its next step."""
    return await _page(visit, session, done=(fait, n, autour))


@router.post(f"{YEAR}/ouvrir")
async def opened(visit: WriterDep, debut: Day = "", fin: Day = "") -> Response:
    """For the director and the office: open the year to come, or move its first and last day."""
    try:
        starts_on, ends_on = _day(debut, "debut"), _day(fin, "fin")
        async with visit.house.database.school(visit.school_id) as session:
            await open_year(session, **visit.acting, starts_on=starts_on, ends_on=ends_on)
    except InvalidError as error:
        return await _again(visit, error, debut=debut, fin=fin)
    return _back("ouvert", at="annee")


@router.get(f"{YEAR}/classes/{{class_id:int}}")
async def class_page(visit: WriterDep, session: ReadingDep, class_id: int) -> Response:
    """For the director and the office: the pupils of a class that ends, and where each of them goes."""
    return await _class_page(visit, session, class_id)


@router.post(f"{YEAR}/classes/{{class_id:int}}")
async def moved(
    visit: WriterDep,
    class_id: int,
    vers: Annotated[str, Form(max_length=200)] = "",
    eleves: Ids = [],  # noqa: B006 (FastAPI copies it)
) -> Response:
    """For the director and the office: place these pupils in a class of the year to come."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            count = await move_up(session, **visit.acting, class_id=class_id, pupils=eleves, into=vers)
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _class_page(visit, session, class_id, wrong=error, typed=vers, chosen=frozenset(eleves))
    return _back("monte", count, at="classes")


@router.post(f"{YEAR}/classes/{{class_id:int}}/enseignant")
async def taught(visit: WriterDep, session: WritingDep, class_id: int, qui: Id) -> Response:
    """For the director and the office: say who teaches a class of the year to come, from its first day."""
    await give_class(session, **visit.acting, class_id=class_id, staff_id=qui)
    return _back("confie", at="nouvelles")


@router.post(f"{YEAR}/fermer")
async def closed(visit: WriterDep) -> Response:
    """For the director and the office: close the classes of the year that ends, on its last day."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            done = await close_classes(session, **visit.acting)
    except InvalidError as error:
        return await _again(visit, error)
    return _back("ferme", done.classes, done.pupils, at="fermer")


@router.post(f"{YEAR}/partis")
async def decided(
    visit: WriterDep,
    geste: Annotated[str, Form(max_length=10)] = "",
    le: Day = "",
    classe: Annotated[int, Form(ge=0, lt=2**63)] = 0,
    eleves: Ids = [],  # noqa: B006 (FastAPI copies it)
) -> Response:
    """For the director and the office: these pupils leave on a day, or stay in a class."""
    try:
        left_on = _day(le, "le") if geste == "parti" else visit.reader.day
        async with visit.house.database.school(visit.school_id) as session:
            if geste == "parti":
                count, around = await leave(session, **visit.acting, pupils=eleves, left_on=left_on)
                return _back("parti", count, around, at="partis")
            count = await stay(session, **visit.acting, pupils=eleves, class_id=classe)
    except InvalidError as error:
        return await _again(visit, error, le=le, classe=classe, eleves=frozenset(eleves))
    return _back("reste", count, at="partis")


@router.post(f"{YEAR}/eleves/{{pupil_id:int}}/retour")
async def returned(visit: WriterDep, session: WritingDep, pupil_id: int) -> Response:
    """For the director and the office: a departure was noted by mistake."""
    await come_back(session, **visit.acting, pupil_id=pupil_id)
    return _back("retour", at="partis")


@router.post(f"{YEAR}/eleves/{{pupil_id:int}}/dossier")
async def taken_along(visit: WriterDep, pupil_id: int) -> Response:
    """For the director and the office: what a pupil takes to the next school; nothing that an adult said is in it."""
    keyring = visit.house.keyring
    async with visit.house.database.school(visit.school_id) as session:
        dossier = await for_next_school(session, keyring, **visit.acting, pupil_id=pupil_id)
    return parcel(visit.house, dossier, school_id=visit.school_id, language="fr")


async def _page(visit: Visit, session: AsyncSession, *, status: int = 200, **more: Any) -> Response:  # noqa: ANN401 (for the template)
    school_id, reader = visit.school_id, visit.reader
    how_far = await turn(session, school_id=school_id, reader=reader)
    asked: dict[str, Any] = {"done": ("", 0, 0), "wrong": None, "typed": _usual(how_far), "chosen": frozenset(), **more}
    return page(
        "staff/year.html",
        status=status,
        visit=visit,
        turn=how_far,
        undecided=await undecided(session, school_id=school_id, reader=reader),
        seats=await seats(session, school_id=school_id, day=reader.day),
        gone=await gone(session, school_id=school_id, reader=reader),
        colleagues=await colleagues(session, school_id=school_id, day=reader.day),
        date_words=date_words,
        room="ecole",
        **asked,
    )


async def _again(visit: Visit, error: InvalidError, **typed: Any) -> Response:  # noqa: ANN401 (what was typed)
    """Show the page again with one sentence and all that was typed."""
    async with visit.house.database.reading(visit.school_id) as session:
        usual = _usual(await turn(session, school_id=visit.school_id, reader=visit.reader))
        chosen = typed.pop("eleves", frozenset())
        return await _page(visit, session, status=422, wrong=error, typed={**usual, **typed}, chosen=chosen)


async def _class_page(
    visit: Visit,
    session: AsyncSession,
    class_id: int,
    *,
    wrong: InvalidError | None = None,
    typed: str | None = None,
    chosen: frozenset[int] | None = None,
) -> Response:
    here: dict[str, Any] = {"school_id": visit.school_id, "reader": visit.reader}
    label, pupils = await movers(session, class_id=class_id, **here)
    return page(
        "staff/year_class.html",
        status=422 if wrong else 200,
        visit=visit,
        turn=await turn(session, **here),
        class_id=class_id,
        label=label,
        pupils=pupils,
        wrong=wrong,
        into=next_label(label) if typed is None else typed,
        chosen=chosen,
        room="ecole",
    )


def next_label(label: str) -> str:
    """Guess the class after a class: CP A goes up to CE1 A; after CM2 nothing, for they leave."""
    level, _, rest = label.strip().partition(" ")
    if level.upper() not in LEVELS[:-1]:
        return ""
    return f"{LEVELS[LEVELS.index(level.upper()) + 1]} {rest}".strip()


def _usual(how_far: Turn) -> Mapping[str, Any]:
    """Propose days: those that stand, or the first of September after the year that ends."""
    new, old = how_far.new, how_far.old
    first = new.starts_on if new else old.ends_on + timedelta(days=1)
    last = new.ends_on if new else first.replace(year=first.year + 1) - timedelta(days=1)
    return {"debut": first.isoformat(), "fin": last.isoformat(), "le": first.isoformat(), "classe": 0}


def _day(words: str, field: str) -> date:
    try:
        return date.fromisoformat(words.strip())
    except ValueError as error:
        raise InvalidError("Cette date ne se lit pas : donnez jour, mois et année.", field=field) from error


def _back(done: str, count: int = 1, around: int = 0, *, at: str) -> Response:
    return RedirectResponse(f"{YEAR}?fait={done}&n={count}&autour={around}#{at}", 303)
