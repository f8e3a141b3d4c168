"""Substitutes: a sheet with a code for whoever stands in for a teacher, and the door that the code opens."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.notices.choices import choices
from hub.people.sign_in import RefusedError, sign_out
from hub.people.substitutes import end_now, enter_by_paper, let_in, substitutes
from hub.people.tries import TooManyTriesError
from web.house import House, house_of
from web.invitations import square
from web.pages import date_words, page
from web.security import RowId, same_origin
from web.staff_door import SAY_WHERE
from web.staff_school import OfficeDep
from web.staff_visit import Visit, carry, session_token, theme_of

router = APIRouter()


@router.get("/ecole/remplacants")
async def listed(visit: OfficeDep) -> Response:
    """For the director and the office: who stands in for whom, and a form for another."""
    return await _list(visit)


@router.post("/ecole/remplacants")
async def print_sheet(
    request: Request,
    visit: OfficeDep,
    name: Annotated[str, Form(max_length=300)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
    classes: Annotated[list[RowId] | None, Form()] = None,
) -> Response:
    """For the director and the office: make a code, and show its sheet this once."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            made, code = await let_in(
                session,
                visit.house.keyring,
                school_id=visit.school_id,
                by=visit.reader.staff_id,
                name=name,
                classes=classes or (),
                until=_day(until),
                today=visit.reader.day,
                now=visit.now,
            )
    except InvalidError as error:
        typed = {"name": name, "until": until, "classes": classes or []}
        return await _list(visit, typed=typed, wrong={error.field or "name": str(error)})
    link = _door_of(request, visit.house)
    return page(
        "staff/substitutes_sheet.html",
        visit=visit,
        made=made,
        until=date_words(made.until),
        code=code,
        link=link,
        square=square(link),
        room="ecole",
    )


@router.post("/ecole/remplacants/{code_id:int}/finir")
async def finish(visit: OfficeDep, code_id: int) -> Response:
    """For the director and the office: end a replacement at once."""
    async with visit.house.database.school(visit.school_id) as session:
        await end_now(
            session,
            school_id=visit.school_id,
            code_id=code_id,
            by=visit.reader.staff_id,
            today=visit.reader.day,
            now=visit.now,
        )
    return RedirectResponse("/ecole/remplacants", 303)


@router.get("/entrer/remplacant")
async def door(request: Request) -> Response:
    """Open to everybody: the field for a code on paper."""
    return _door(request)


@router.post("/entrer/remplacant")
async def enter(request: Request, code: Annotated[str, Form(max_length=80)] = "") -> Response:
    """For whoever holds a code on paper that still opens. Open to nobody else."""
    house = house_of(request)
    same_origin(request, house.settings, must_say=True)
    where = request.client.host if request.client else ""
    try:
        token = await enter_by_paper(house.database, house.keyring, code=code, where=where)
    except RefusedError as error:
        return _door(request, typed=code, error=str(error), status=401)
    except TooManyTriesError as error:
        refusal = _door(request, typed=code, error=str(error), status=429)
        refusal.headers["Retry-After"] = str(int(error.wait.total_seconds()))
        return refusal
    if old := session_token(request):
        await sign_out(house.database, house.keyring, old)
    return carry(RedirectResponse("/", 303), house, token)


async def _list(
    visit: Visit, *, typed: Mapping[str, object] | None = None, wrong: Mapping[str, str] | None = None
) -> Response:
    async with visit.house.database.reading(visit.school_id) as session:
        found = await substitutes(session, school_id=visit.school_id, today=visit.reader.day)
        offered = await _classes(session, visit)
    return page(
        "staff/substitutes.html",
        status=422 if wrong else 200,
        visit=visit,
        found=[(one, date_words(one.until)) for one in found],
        classes=offered,
        typed=typed or {"name": "", "until": "", "classes": []},
        wrong=wrong or {},
        room="ecole",
    )


async def _classes(session: AsyncSession, visit: Visit) -> object:
    mine = await choices(session, school_id=visit.school_id, rights=visit.reader.rights, day=visit.reader.day)
    return mine.classes


def _door(request: Request, *, typed: str = "", error: str = "", status: int = 200) -> Response:
    made = page("staff/door_paper.html", status=status, theme=theme_of(request), typed=typed, error=error)
    made.headers.update(SAY_WHERE)
    return made


def _door_of(request: Request, house: House) -> str:
    base = house.settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}/entrer/remplacant"


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise InvalidError("Ce jour n’existe pas au calendrier.", field="until") from error
