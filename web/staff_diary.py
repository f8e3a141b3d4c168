"""The homework diary of a class, a week at a time: what was done, what is due, and telling the families of it."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.school_days import is_school_day, next_school_days, overrides
from hub.classroom.classes import Classroom, enter
from hub.classroom.diary import WEEK, Entry, monday_of, read_entry, subjects_used, week_of
from hub.classroom.diary_files import files_of, hang_on, take_off
from hub.classroom.diary_telling import Telling, not_told, tell_families, would_hear
from hub.classroom.diary_writing import change, take_away, write_down
from hub.errors import InvalidError, NotFoundError
from hub.holidays import open_days
from hub.notices.wishes import Wished
from hub.papers.files import cards
from hub.papers.publishing import loose_files
from hub.people.schools import read_school
from web.diary_form import OTHER, Sheet, day_chips, in_words
from web.pages import date_words, page
from web.ready_files import NOT_THERE, check_all_taken, lay_ready, still_ready
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()

CHIPS = 4
"""Days of class to choose from with one touch."""
USUAL_SUBJECTS = (
    "Français",
    "Lecture",
    "Mathématiques",
    "Questionner le monde",
    "Histoire-géographie",
    "Sciences",
    "Langue vivante",
    "Enseignement moral et civique",
    "Éducation physique",
    "Arts",
)
"""Offered until a class has used its own. Source: programmes of cycles 2 and 3."""


class Asked(BaseModel):
    """Which week, and what a press brought about: a piece, and how many hear of it at once, this evening, or not."""

    semaine: date | None = None
    note: int = 0
    encore: date | None = None
    dit: bool = False
    vite: int = Field(default=0, ge=0, le=9999)
    soir: int = Field(default=0, ge=0, le=9999)
    sans: int = Field(default=0, ge=0, le=9999)
    page: int = Field(default=0, ge=0, le=9999)
    efface: bool = False
    repris: int = Field(default=0, ge=0, le=999)


async def entered(visit: WriterDep, class_id: int) -> Classroom:
    """Enter a class that is this visitor's today, before anything of a form is looked at."""
    async with visit.house.database.reading(visit.school_id) as session:
        return await enter(session, school_id=visit.school_id, class_id=class_id, reader=visit.reader)


EnteredDep = Annotated[Classroom, Depends(entered)]


@router.get("/classe/{class_id:int}/cahier")
async def show(
    visit: WriterDep, session: ReadingDep, classroom: EnteredDep, asked: Annotated[Asked, Query()]
) -> Response:
    """For the teachers of this class today, the director and the office: a week of its diary."""
    return await _week(visit, session, classroom, asked, Sheet.fresh(asked.encore))


@router.post("/classe/{class_id:int}/cahier")
async def add(request: Request, visit: WriterDep, classroom: EnteredDep, sheet: Annotated[Sheet, Form()]) -> Response:
    """For the teachers of this class today, the director and the office: note a piece, and tell the families of it."""
    sheet.kept, refused = await lay_ready(request, visit, sheet.kept)
    try:
        check_all_taken(refused)
        async with visit.house.database.school(visit.school_id) as session:
            entry_id, wished = await _noted(visit, session, classroom, sheet)
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            asked = Asked(semaine=_day_of(sheet))
            return await _week(visit, session, classroom, asked, sheet, wrong=in_words(error))
    said = f"&note={entry_id}" + (f"&encore={sheet.day}" if sheet.step == "encore" else "") + _said(wished)
    return _back(classroom.class_id, sheet.day, said, "#noter" if sheet.step == "encore" else f"#note-{entry_id}")


@router.get("/classe/{class_id:int}/cahier/{entry_id:int}")
async def look_at(visit: WriterDep, session: ReadingDep, classroom: EnteredDep, entry_id: int) -> Response:
    """For the teachers of this class today, the director and the office: a piece, to change it or take it away."""
    entry = await _entry(visit, session, classroom, entry_id)
    return await _piece(visit, session, classroom, entry, Sheet.of(entry))


@router.post("/classe/{class_id:int}/cahier/{entry_id:int}")
async def put_right(
    request: Request, visit: WriterDep, classroom: EnteredDep, entry_id: int, sheet: Annotated[Sheet, Form()]
) -> Response:
    """For the teachers of this class today, the director and the office: change a piece; tell the families again."""
    async with visit.house.database.reading(visit.school_id) as session:
        entry = await _entry(visit, session, classroom, entry_id)
    sheet.kept, refused = await lay_ready(request, visit, sheet.kept)
    try:
        check_all_taken(refused)
        async with visit.house.database.school(visit.school_id) as session:
            wished = await _changed(visit, session, entry, sheet)
    except InvalidError as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _piece(visit, session, classroom, entry, sheet, wrong=in_words(error))
    return _back(classroom.class_id, sheet.day, f"&note={entry_id}{_said(wished)}", f"#note-{entry_id}")


@router.post("/classe/{class_id:int}/cahier/{entry_id:int}/effacer")
async def erase(visit: WriterDep, session: WritingDep, classroom: EnteredDep, entry_id: int) -> Response:
    """For the teachers of this class today, the director and the office: take a piece out of the diary."""
    entry = await _entry(visit, session, classroom, entry_id)
    await take_away(session, school_id=visit.school_id, entry_id=entry_id, reader=visit.reader)
    return _back(classroom.class_id, entry.day, "&efface=1")


async def _noted(visit: Visit, session: AsyncSession, classroom: Classroom, sheet: Sheet) -> tuple[int, Wished | None]:
    """Note a piece and tell of it; what was pressed before is left as it is."""
    school, keyring = await read_school(session, visit.school_id), visit.house.keyring
    class_id, piece = classroom.class_id, sheet.piece
    sheet.mind(closed=not await is_school_day(session, school, piece.day, class_id=class_id))
    others = await not_told(session, school_id=visit.school_id, class_id=class_id, reader=visit.reader)
    entry_id, new = await write_down(session, keyring, class_id=class_id, piece=piece, key=sheet.key, **visit.acting)
    if not new:
        return entry_id, None
    await _hung(visit, session, entry_id, sheet)
    if not sheet.tells:
        return entry_id, None
    telling = Telling(class_id, (entry_id, *(others if sheet.avec else ())), sheet.key)
    return entry_id, await tell_families(session, keyring, telling, school=school, reader=visit.reader, now=visit.now)


async def _changed(visit: Visit, session: AsyncSession, entry: Entry, sheet: Sheet) -> Wished | None:
    school, keyring, entry_id = await read_school(session, visit.school_id), visit.house.keyring, entry.entry_id
    piece = sheet.piece
    sheet.mind(closed=not await is_school_day(session, school, piece.day, class_id=entry.class_id))
    await change(session, keyring, entry_id=entry_id, piece=piece, **visit.acting)
    if sheet.enlever:
        await take_off(session, school_id=visit.school_id, entry_id=entry_id, day=visit.reader.day, files=sheet.enlever)
    await _hung(visit, session, entry_id, sheet)
    if not sheet.tells:
        return None
    telling = Telling(entry.class_id, (entry_id,), sheet.key)
    return await tell_families(session, keyring, telling, school=school, reader=visit.reader, now=visit.now)


async def _hung(visit: Visit, session: AsyncSession, entry_id: int, sheet: Sheet) -> None:
    """Hang what lies ready on a piece; what a first press has hung there already is left. Raises InvalidError."""
    here = {"school_id": visit.school_id}
    hanging = (await files_of(session, visit.house.keyring, **here, entries=[entry_id])).get(entry_id, ())
    files = [file_id for file_id in sheet.kept if file_id not in {file.file_id for file in hanging}]
    if set(files) - await loose_files(session, **here, staff_id=visit.reader.staff_id, files=files):
        raise InvalidError(NOT_THERE, field="files")
    await hang_on(session, **here, entry_id=entry_id, files=files)


async def _entry(visit: Visit, session: AsyncSession, classroom: Classroom, entry_id: int) -> Entry:
    entry = await read_entry(
        session, visit.house.keyring, school_id=visit.school_id, entry_id=entry_id, reader=visit.reader
    )
    if entry.class_id != classroom.class_id:
        raise NotFoundError("Ce n’est plus au cahier.")
    return entry


async def _week(
    visit: Visit,
    session: AsyncSession,
    classroom: Classroom,
    asked: Asked,
    sheet: Sheet,
    *,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """Print a week; days without class are left out unless something stands under them."""
    here, today = {"school_id": visit.school_id, "class_id": classroom.class_id}, visit.reader.day
    school, monday = await read_school(session, visit.school_id), week_asked(asked.semaine, classroom, today)
    week = await week_of(session, visit.house.keyring, **here, day=monday, today=today)
    said = await overrides(session, **here, first=monday, last=monday + WEEK)
    with_class = open_days(school.zone, monday, monday + WEEK, said)
    days = [day for day in (monday + timedelta(days=n) for n in range(7)) if day in with_class or week.on(day)]
    files = await files_of(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        entries=[entry.entry_id for entry in week.entries],
    )
    return page(
        "staff/diary.html",
        status=422 if wrong else 200,
        week=week,
        days=[(day, date_words(day), week.on(day)) for day in days],
        monday_words=date_words(monday),
        before=(monday - timedelta(days=7)).isoformat(),
        after=(monday + timedelta(days=7)).isoformat(),
        this_week=week_asked(None, classroom, today),
        files=files,
        asked=asked,
        others=len(await not_told(session, **here, reader=visit.reader)),
        **await _sheet(visit, session, classroom, sheet, wrong),
    )


async def _piece(
    visit: Visit,
    session: AsyncSession,
    classroom: Classroom,
    entry: Entry,
    sheet: Sheet,
    *,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    hanging = await files_of(session, visit.house.keyring, school_id=visit.school_id, entries=[entry.entry_id])
    return page(
        "staff/diary_piece.html",
        status=422 if wrong else 200,
        entry=entry,
        day_words=date_words(entry.day),
        hanging=hanging.get(entry.entry_id, ()),
        **await _sheet(visit, session, classroom, sheet, wrong),
    )


async def _sheet(
    visit: Visit, session: AsyncSession, classroom: Classroom, sheet: Sheet, wrong: Mapping[str, str] | None
) -> dict[str, object]:
    """Give what the sheet itself needs."""
    here, today = {"school_id": visit.school_id, "class_id": classroom.class_id}, visit.reader.day
    school = await read_school(session, visit.school_id)
    coming = tuple(await next_school_days(session, school, today, CHIPS, class_id=classroom.class_id))
    chips = day_chips(coming, today)
    typed = sheet.autre_jour if sheet.jour == OTHER else sheet.jour
    if typed and typed not in (iso for iso, _ in chips):
        sheet.jour, sheet.autre_jour = OTHER, typed
    else:
        sheet.jour = typed or (sheet.jour if sheet.jour or not chips else chips[0][0]) or OTHER
    subjects: Collection[str] = await subjects_used(session, **here)
    sheet.kept = await still_ready(visit, sheet.kept)
    ready = await cards(session, visit.house.keyring, school_id=visit.school_id, files=sheet.kept)
    return {
        "visit": visit,
        "classroom": classroom,
        "writes": classroom.is_open(today),
        "sheet": sheet,
        "chips": chips,
        "subjects": subjects or USUAL_SUBJECTS,
        "hear": await would_hear(session, **here, day=today),
        "ready": [ready[file_id] for file_id in sheet.kept],
        "wrong": wrong or {},
        "room": "classe",
    }


def week_asked(day: date | None, classroom: Classroom, today: date) -> date:
    """Give the Monday of the week that is asked for, within the class's year; at the weekend, the next one."""
    wanted = day or (today + timedelta(days=2) if today.weekday() >= 5 else today)
    return monday_of(min(max(wanted, classroom.starts_on), classroom.ends_on))


def _day_of(sheet: Sheet) -> date | None:
    try:
        return sheet.day
    except InvalidError:
        return None


def _said(wished: Wished | None) -> str:
    """Put into the address how many hear of it; it holds no name."""
    if wished is None:
        return ""
    return f"&dit=1&vite={wished.at_once}&soir={wished.evening}&page={wished.page}&sans={wished.unreached}"


def _back(class_id: int, day: date, said: str = "", anchor: str = "") -> Response:
    return RedirectResponse(f"/classe/{class_id}/cahier?semaine={monday_of(day)}{said}{anchor}", 303)
