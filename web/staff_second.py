"""The second factor: the page that asks for its digits at the door, and the one on which it is begun and ended."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub.errors import HubError, NotAllowedError
from hub.people.account import account_of
from hub.people.second_factor import (
    begin,
    begun,
    check_code,
    confirm,
    give_second,
    new_recovery_codes,
    take_off,
    waits_for_second,
)
from hub.people.sign_in import RefusedError, check_own_password
from hub.people.tries import TooManyTriesError
from web.house import house_of
from web.invitations import square
from web.pages import page
from web.security import same_origin
from web.staff_account import account_page
from web.staff_door import SAY_WHERE
from web.staff_visit import StaffDep, Visit, carry, inside, session_token, theme_of

router = APIRouter()
Code = Annotated[str, Form(max_length=40)]


@router.get("/entrer/code")
async def ask(request: Request, vers: str = "/") -> Response:
    """Open to everybody: the page for the six digits, where a session of this browser waits for them."""
    house = house_of(request)
    if not await waits_for_second(house.database, house.keyring, session_token(request)):
        return RedirectResponse("/entrer", 303)
    return _asked(request, back=inside(vers))


@router.post("/entrer/code")
async def give(request: Request, code: Code = "", vers: Annotated[str, Form(max_length=300)] = "/") -> Response:
    """For whoever has just given the password: the six digits, or a code from paper. Open to nobody else."""
    house = house_of(request)
    same_origin(request, house.settings, must_say=True)
    try:
        token = await give_second(
            house.database, house.keyring, token=session_token(request), code=code, where=_where(request)
        )
    except RefusedError as error:
        return _asked(request, back=inside(vers), error=str(error), status=401)
    except TooManyTriesError as error:
        refusal = _asked(request, back=inside(vers), error=str(error), status=429)
        refusal.headers["Retry-After"] = str(int(error.wait.total_seconds()))
        return refusal
    return carry(RedirectResponse(inside(vers), 303), house, token)


@router.post("/compte/second")
async def start(request: Request, visit: StaffDep, password: Annotated[str, Form(max_length=1024)] = "") -> Response:
    """For all staff with a password of their own, which is asked for again: begin a second factor."""
    house = visit.house
    try:
        await check_own_password(
            house.database,
            house.keyring,
            school_id=visit.school_id,
            staff_id=visit.reader.staff_id,
            password=password,
            where=_where(request),
        )
        async with house.database.school(visit.school_id) as session:
            await begin(
                session, house.keyring, school_id=visit.school_id, staff_id=visit.reader.staff_id, now=visit.now
            )
    except HubError as error:
        return await account_page(visit, wrong={"second": str(error)})
    return RedirectResponse("/compte/second", 303)


@router.get("/compte/second")
async def look(visit: StaffDep) -> Response:
    """For all staff, their own alone: the square to photograph, as long as the second factor is not confirmed."""
    return await _square(visit)


@router.post("/compte/second/confirmer")
async def prove(visit: StaffDep, code: Code = "") -> Response:
    """For all staff, their own alone: show by six digits that the telephone has it; the codes for paper, this once."""
    here = {"school_id": visit.school_id, "staff_id": visit.reader.staff_id}
    try:
        async with visit.house.database.school(visit.school_id) as session:
            codes = await confirm(
                session, visit.house.keyring, **here, session_id=visit.who.session_id, code=code, now=visit.now
            )
    except HubError as error:
        return await _square(visit, wrong=str(error))
    return page("staff/account_codes.html", visit=visit, codes=codes, fresh=True, room="compte")


@router.post("/compte/second/codes")
async def others(request: Request, visit: StaffDep, code: Code = "") -> Response:
    """For all staff with a second factor, which is asked for: ten other codes for paper, shown this once."""
    if (refusal := await _given_again(request, visit, code, "codes")) is not None:
        return refusal
    here = {"school_id": visit.school_id, "staff_id": visit.reader.staff_id}
    async with visit.house.database.school(visit.school_id) as session:
        codes = await new_recovery_codes(session, visit.house.keyring, **here)
    return page("staff/account_codes.html", visit=visit, codes=codes, fresh=False, room="compte")


@router.post("/compte/second/enlever")
async def end(request: Request, visit: StaffDep, code: Code = "") -> Response:
    """For all staff with a second factor, which is asked for: let there be none any more."""
    if (refusal := await _given_again(request, visit, code, "off")) is not None:
        return refusal
    here = {"school_id": visit.school_id, "staff_id": visit.reader.staff_id}
    async with visit.house.database.school(visit.school_id) as session:
        await take_off(session, **here, session_id=visit.who.session_id, now=visit.now)
    return RedirectResponse("/compte", 303)


async def _given_again(request: Request, visit: Visit, code: str, field: str) -> Response | None:
    """Ask for the second factor once more; gives the page that says what is wrong, None where nothing is."""
    house = visit.house
    try:
        await check_code(
            house.database,
            house.keyring,
            school_id=visit.school_id,
            staff_id=visit.reader.staff_id,
            code=code,
            where=_where(request),
        )
    except HubError as error:
        return await account_page(visit, wrong={field: str(error)})
    return None


async def _square(visit: Visit, wrong: str = "") -> Response:
    here = {"school_id": visit.school_id, "staff_id": visit.reader.staff_id}
    async with visit.house.database.reading(visit.school_id) as session:
        account = await account_of(session, **here, now=visit.now)
        secret = await begun(session, visit.house.keyring, **here, name=visit.who.name)
    if not account.has_password:
        raise NotAllowedError("Un code de papier n’a pas de second facteur.")
    if secret is None:
        return RedirectResponse("/compte", 303)
    return page(
        "staff/account_second.html",
        status=422 if wrong else 200,
        visit=visit,
        secret=secret,
        square=square(secret.link),
        wrong=wrong,
        room="compte",
    )


def _asked(request: Request, *, back: str, error: str = "", status: int = 200) -> Response:
    made = page("staff/door_code.html", status=status, theme=theme_of(request), back=back, error=error)
    made.headers.update(SAY_WHERE)
    return made


def _where(request: Request) -> str:
    return request.client.host if request.client else ""
