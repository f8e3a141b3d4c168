"""The lamp in the staff room: light, dark, or as the device says; kept in a cookie that tells nothing else."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from web.security import is_https
from web.staff_visit import THEME, StaffDep, inside

router = APIRouter()
A_YEAR = 365 * 24 * 3600


@router.post("/apparence")
async def choose(
    visit: StaffDep,
    theme: Annotated[Literal["light", "dark", "device"], Form()],
    vers: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """For whoever is signed in: how the pages look in this browser from now on."""
    answer = RedirectResponse(inside(vers), 303)
    secure = is_https(visit.house.settings)
    if theme == "device":
        answer.delete_cookie(THEME, path="/", secure=secure, httponly=True, samesite="lax")
    else:
        answer.set_cookie(THEME, theme, max_age=A_YEAR, path="/", secure=secure, httponly=True, samesite="lax")
    return answer
