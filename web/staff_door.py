"""The door for staff: come in with mailbox and password, go out again."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub.people.second_factor import waits_for_second
from hub.people.sign_in import RefusedError, WhichSchoolError, sign_in, sign_out
from hub.people.tries import TooManyTriesError
from web.house import house_of
from web.pages import page
from web.security import is_https, same_origin
from web.staff_visit import InsideDep, carry, cookie_name, inside, session_token, theme_of

router = APIRouter()
SAY_WHERE = {"Referrer-Policy": "same-origin"}
"""Under no-referrer a browser hides where a form comes from (Fetch §3.2), and this one has no word of its own."""


@router.get("/entrer")
async def door(request: Request, vers: str = "/") -> Response:
    """Open to everybody: the sign-in page."""
    return _door(request, back=inside(vers))


@router.post("/entrer")
async def enter(
    request: Request,
    email: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    vers: Annotated[str, Form(max_length=300)] = "/",
    school: Annotated[int | None, Form()] = None,
) -> Response:
    """Open to everybody: sign in; a session is always new, and asks on for the second factor where there is one."""
    house = house_of(request)
    same_origin(request, house.settings, must_say=True)
    where = request.client.host if request.client else ""
    try:
        token = await sign_in(
            house.database, house.keyring, email=email, password=password, where=where, school_id=school
        )
    except RefusedError as error:
        return _door(request, back=inside(vers), email=email, error=str(error), status=401)
    except TooManyTriesError as error:
        refusal = _door(request, back=inside(vers), email=email, error=str(error), status=429)
        refusal.headers["Retry-After"] = str(int(error.wait.total_seconds()))
        return refusal
    except WhichSchoolError as choice:
        return _door(request, back=inside(vers), email=email, error=str(choice), schools=choice.schools)
    if old := session_token(request):
        await sign_out(house.database, house.keyring, old)
    half = await waits_for_second(house.database, house.keyring, token)
    onward = f"/entrer/code?vers={quote(inside(vers))}" if half else inside(vers)
    return carry(RedirectResponse(onward, 303), house, token)


@router.post("/sortir")
async def leave(request: Request, _who: InsideDep) -> Response:
    """For whoever is signed in: end this session."""
    house = house_of(request)
    await sign_out(house.database, house.keyring, session_token(request))
    answer = RedirectResponse("/entrer", 303)
    answer.delete_cookie(cookie_name(house), path="/", secure=is_https(house.settings), httponly=True)
    return answer


def _door(
    request: Request,
    *,
    back: str,
    email: str = "",
    error: str = "",
    schools: tuple[tuple[int, str], ...] = (),
    status: int = 200,
) -> Response:
    made = page(
        "staff/door.html",
        status=status,
        theme=theme_of(request),
        back=back,
        email=email,
        error=error,
        schools=schools,
    )
    made.headers.update(SAY_WHERE)
    return made
