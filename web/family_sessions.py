"""Where a family's page stands open: each device, and an end to any of them."""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from hub.home.logins import close_login, close_others, end_login, logins_of
from web.family_door import printed
from web.family_visit import HOME, FamilyDep, family_cookie
from web.security import is_https

router = APIRouter()
DEVICES = f"{HOME}/appareils"


@router.get("/famille/appareils")
async def devices(visitor: FamilyDep) -> Response:
    """For a family at its page: the sessions of these adults."""
    async with visitor.house.database.engine_reading() as connection:
        sessions = await logins_of(connection, visitor.at_home)
    async with visitor.reading(visitor.at_home.schools[0]) as here:
        timezone = here.school.timezone
    return visitor.page("devices", sessions=sessions, timezone=timezone)


@router.post("/famille/appareils/fermer")
async def close_all_others(visitor: FamilyDep) -> Response:
    """For a family at its page: end every session of these adults but this one."""
    async with visitor.house.database.engine() as connection:
        await close_others(connection, visitor.at_home)
    return RedirectResponse(DEVICES, 303)


@router.post("/famille/appareils/{login_id:int}/fermer")
async def close(visitor: FamilyDep, login_id: int) -> Response:
    """For a family at its page: end another session of these adults; nobody else's."""
    async with visitor.house.database.engine() as connection:
        await close_login(connection, visitor.at_home, login_id)
    return RedirectResponse(DEVICES, 303)


@router.post("/famille/sortir")
async def leave(visitor: FamilyDep) -> Response:
    """For a family at its page: end this session."""
    async with visitor.house.database.engine() as connection:
        await end_login(connection, visitor.at_home.login_id)
    page, secure = printed("closed", visitor.speaks, tongues_at=HOME), is_https(visitor.house.settings)
    page.delete_cookie(family_cookie(visitor.house), path="/", secure=secure, httponly=True)
    return page
