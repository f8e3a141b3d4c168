"""The calendar of the school for its staff: a month of it, what is noted, changed and cancelled, and the holidays."""

import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.entries import Entry
from hub.agenda.events import Kept, cancel, change, note
from hub.agenda.reading import for_staff, one_event, own_classes, year_ends
from hub.agenda.telling import take_back, tell_families
from hub.errors import InvalidError, NotAllowedError
from hub.holidays import KNOWN_UNTIL, holidays
from hub.models.agenda import EventKind
from hub.people.schools import read_school
from hub.people.second_factor import SecondNeededError
from hub.routing import next_school_day
from i18n.tongues import tongue
from web.agenda_form import FIELDS, KINDS, SCHOOL, EventForm, filled_in
from web.agenda_month import month_of
from web.notice_form import PRESS
from web.pages import date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()

ROOM, AT = "classe", "/classe/agenda"
Month = Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
Key = Annotated[str, Form(max_length=64, pattern=PRESS)]


@router.get(AT)
async def the_month(
    visit: WriterDep,
    session: ReadingDep,
    mois: Month = "",
    fait: Literal["", "note", "efface"] = "",
    avis: int = 0,
) -> Response:
    """For the director and the office, the whole calendar; for teachers, the school's and that of their classes."""
    today = visit.reader.day
    first = date.fromisoformat(f"{mois}-01") if mois else today.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    school = await read_school(session, visit.school_id)
    classes = await own_classes(session, school_id=visit.school_id, reader=visit.reader)
    entries = await for_staff(
        session,
        visit.house.keyring,
        school=school,
        reader=visit.reader,
        classes=classes,
        first=first,
        last=last,
    )
    off = holidays(school.zone, first, last)
    return page(
        "staff/agenda.html",
        visit=visit,
        month=month_of(entries, off, school, visit.reader.rights, first=first, last=last, today=today),
        done=fait,
        told=avis,
        kinds=KINDS,
        day_of=date_words,
        room=ROOM,
    )


@router.get(f"{AT}/vacances")
async def the_holidays(visit: WriterDep, session: ReadingDep) -> Response:
    """For all staff but a deputy: when there is no class; what stands against it is the director's and the office's."""
    return await _holidays(visit, session, _empty(visit, kind=EventKind.CLOSED))


@router.get(f"{AT}/ajouter")
async def begin(visit: WriterDep, session: ReadingDep, jour: date | None = None) -> Response:
    """For all staff but a deputy: an empty sheet, whose key makes the press idempotent."""
    return await _sheet(visit, session, _empty(visit, jour))


@router.post(AT)
async def add(visit: WriterDep, form: Annotated[EventForm, Form()]) -> Response:
    """For the director and the office, and for teachers of this class: note something; with `prevenir`, tell of it."""
    try:
        draft = form.draft()
        async with visit.house.database.school(visit.school_id) as session:
            school = await read_school(session, visit.school_id)
            which: dict[str, Any] = {"school": school, "reader": visit.reader, "now": visit.now}
            key = form.cle or secrets.token_hex(16)
            kept = await note(session, visit.house.keyring, draft=draft, key=key, **which)
            told = await _told(visit, session, form, kept, key)
    except (InvalidError, SecondNeededError) as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _sheet(visit, session, form, wrong=_beside(error))
    return _back(draft.first, "note", told)


@router.get(f"{AT}/{{event_id:int}}")
async def look(visit: WriterDep, session: ReadingDep, event_id: int) -> Response:
    """For the director and the office, and for teachers of this class: the sheet of an event."""
    entry, _ = await one_event(
        session, visit.house.keyring, school_id=visit.school_id, reader=visit.reader, event_id=event_id
    )
    form = filled_in(entry, visit.who.timezone).model_copy(update={"cle": secrets.token_hex(16)})
    return await _sheet(visit, session, form, entry=entry)


@router.post(f"{AT}/{{event_id:int}}")
async def put_right(visit: WriterDep, event_id: int, form: Annotated[EventForm, Form()]) -> Response:
    """For the director and the office, and for teachers of this class: change an event; its class stays."""
    try:
        draft = form.draft()
        async with visit.house.database.school(visit.school_id) as session:
            school = await read_school(session, visit.school_id)
            which: dict[str, Any] = {"school": school, "reader": visit.reader, "now": visit.now}
            kept = await change(session, visit.house.keyring, event_id=event_id, draft=draft, **which)
            told = await _told(visit, session, form, kept, form.cle or secrets.token_hex(16))
    except (InvalidError, SecondNeededError) as error:
        async with visit.house.database.reading(visit.school_id) as session:
            entry, _ = await one_event(
                session, visit.house.keyring, school_id=visit.school_id, reader=visit.reader, event_id=event_id
            )
            return await _sheet(visit, session, form, entry=entry, wrong=_beside(error))
    return _back(draft.first, "note", told)


@router.post(f"{AT}/{{event_id:int}}/annuler")
async def take_off(
    visit: WriterDep,
    session: WritingDep,
    event_id: int,
    cle: Key = "",
    dire: Annotated[str, Form(max_length=4)] = "",
    du: Annotated[date | None, Form()] = None,
) -> Response:
    """For the director and the office, and for teachers of this class: cancel; with `dire`, tell who was told of it."""
    kept = await cancel(session, school_id=visit.school_id, reader=visit.reader, event_id=event_id, now=visit.now)
    told = None
    if dire and kept.changed and kept.notice_id is not None:
        told = await take_back(
            session,
            visit.house.keyring,
            school=await read_school(session, visit.school_id),
            reader=visit.reader,
            notice_id=kept.notice_id,
            key=cle or secrets.token_hex(16),
            now=visit.now,
        )
    return _back(du or visit.reader.day, "efface", told)


async def _told(visit: Visit, session: AsyncSession, form: EventForm, kept: Kept, key: str) -> int | None:
    """Tell the families, if that was asked for."""
    if not form.prevenir:
        return None
    visit.check_second(many=kept.for_all)
    school = await read_school(session, visit.school_id)
    return await tell_families(
        session,
        visit.house.keyring,
        school=school,
        reader=visit.reader,
        event_id=kept.event_id,
        key=key,
        now=visit.now,
    )


def _beside(error: InvalidError | SecondNeededError) -> Mapping[str, str]:
    """Say what is at fault beside its field: an event for all that nobody may be told of yet, beside that wish."""
    field = FIELDS.get(error.field or "", "titre") if isinstance(error, InvalidError) else "prevenir"
    return {field: tongue("fr", typeset=True).gettext(str(error))}


def _back(day: date, done: str, told: int | None) -> Response:
    seen = f"&avis={told}" if told else ""
    return RedirectResponse(f"{AT}?mois={day:%Y-%m}&fait={done}{seen}", 303)


def _empty(visit: Visit, day: date | None = None, kind: EventKind = EventKind.EVENT) -> EventForm:
    one = sorted(visit.reader.rights.classes)
    return EventForm(
        cle=secrets.token_hex(16),
        genre=kind.value,
        pour=SCHOOL if visit.reader.rights.whole_school or not one else str(one[0]),
        du=(day or next_school_day(visit.reader.day)).isoformat(),
    )


async def _sheet(
    visit: Visit,
    session: AsyncSession,
    form: EventForm,
    *,
    entry: Entry | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """Show the sheet as it was filled in: nothing that was typed is lost."""
    rights = visit.reader.rights
    closing = (EventKind.CLOSED, EventKind.OPEN)
    classes = await own_classes(session, school_id=visit.school_id, reader=visit.reader)
    if not classes and not rights.whole_school:
        raise NotAllowedError("Aucune classe n’est à vous aujourd’hui : l’agenda se lit, il ne s’écrit pas.")
    return page(
        "staff/agenda_event.html",
        status=422 if wrong else 200,
        visit=visit,
        form=form,
        entry=entry,
        wrong=wrong or {},
        kinds={kind: name for kind, name in KINDS.items() if rights.whole_school or kind not in closing},
        classes=classes,
        whole=rights.whole_school,
        for_all=SCHOOL,
        room=ROOM,
    )


async def _holidays(visit: Visit, session: AsyncSession, form: EventForm) -> Response:
    today = visit.reader.day
    school = await read_school(session, visit.school_id)
    ends = await year_ends(session, school_id=visit.school_id, day=today)
    last = date(ends.year + 1, 8, 31)
    entries = await for_staff(
        session,
        visit.house.keyring,
        school=school,
        reader=visit.reader,
        classes=await own_classes(session, school_id=visit.school_id, reader=visit.reader),
        first=today,
        last=last,
    )
    return page(
        "staff/agenda_holidays.html",
        visit=visit,
        form=form,
        zone=school.zone,
        off=holidays(school.zone, today, last),
        overrides=[one for one in entries if one.overrides],
        known_until=KNOWN_UNTIL if last > KNOWN_UNTIL else None,
        date_words=date_words,
        closed=EventKind.CLOSED,
        opened=EventKind.OPEN,
        for_all=SCHOOL,
        room=ROOM,
    )
