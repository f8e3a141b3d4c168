"""My account: where I am signed in, my password, and whether there is a second factor."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub.errors import HubError, InvalidError
from hub.people.account import account_of, change_password, end_session
from hub.people.sign_in import RefusedError
from web.pages import page
from web.staff_visit import StaffDep, Visit, WritingDep

router = APIRouter()


@router.get("/compte")
async def account(visit: StaffDep, fait: str = "") -> Response:
    """For all staff: their own account."""
    return await account_page(visit, done=fait == "1")


@router.post("/compte/mot-de-passe")
async def password(
    request: Request,
    visit: StaffDep,
    present: Annotated[str, Form(max_length=1024)] = "",
    new: Annotated[str, Form(max_length=1024)] = "",
    again: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """For all staff: change their own password, by giving the present one; other sessions end."""
    try:
        if new != again:
            raise InvalidError("Les deux nouveaux mots de passe ne sont pas les mêmes.", field="new")
        await change_password(
            visit.house.database,
            visit.house.keyring,
            school_id=visit.school_id,
            staff_id=visit.reader.staff_id,
            session_id=visit.who.session_id,
            present=present,
            new=new,
            where=request.client.host if request.client else "",
        )
    except RefusedError as error:
        return await account_page(visit, wrong={"present": str(error)})
    except HubError as error:
        return await account_page(visit, wrong={"new": str(error)})
    return RedirectResponse("/compte?fait=1", 303)


@router.post("/compte/sessions")
async def leave_elsewhere(
    visit: StaffDep, session: WritingDep, number: Annotated[int, Form(ge=1, lt=2**63)]
) -> Response:
    """For all staff: end a session of their own, on a device that was left somewhere."""
    await end_session(session, school_id=visit.school_id, staff_id=visit.reader.staff_id, session_id=number)
    return RedirectResponse("/compte", 303)


async def account_page(visit: Visit, *, wrong: Mapping[str, str] | None = None, done: bool = False) -> Response:
    """Show the account; `wrong`: what is wrong, by field."""
    async with visit.house.database.reading(visit.school_id) as session:
        found = await account_of(session, school_id=visit.school_id, staff_id=visit.reader.staff_id, now=visit.now)
    return page(
        "staff/account.html",
        status=422 if wrong else 200,
        visit=visit,
        account=found,
        wrong=wrong or {},
        done=done,
        room="compte",
    )
