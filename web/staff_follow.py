"""After the press: let a held notice go, take one back, ask again those who have not answered."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.notices.follow_up import may_change, release, remind, says_to_many, withdraw
from hub.notices.headlines import Headline, headline
from hub.people.schools import read_school
from web.notice_form import PRESS
from web.staff_visit import Visit, WriterDep, WritingDep

router = APIRouter()
Key = Annotated[str, Form(max_length=64, pattern=PRESS)]


@router.post("/suivi/{notice_id:int}/laisser-partir")
async def let_go(visit: WriterDep, session: WritingDep, notice_id: int) -> Response:
    """For a second person of the director's or the office's: a held notice leaves at once."""
    seen = await _seen(visit, session, notice_id)
    await release(session, school_id=visit.school_id, seen=seen, reader=visit.reader, now=visit.now)
    return RedirectResponse(f"/suivi/{notice_id}", 303)


@router.post("/suivi/{notice_id:int}/retirer")
async def take_back(
    visit: WriterDep, session: WritingDep, notice_id: int, key: Key = "", dire: Annotated[str, Form(max_length=4)] = ""
) -> Response:
    """For the author, the director and the office: stop a notice; with `dire`, tell those who have it."""
    told = await withdraw(
        session,
        visit.house.keyring,
        school=await read_school(session, visit.school_id),
        seen=await _seen(visit, session, notice_id),
        reader=visit.reader,
        tell_them=bool(dire),
        key=key or secrets.token_hex(16),
        now=visit.now,
    )
    return RedirectResponse(f"/suivi/{told.notice_id if told is not None else notice_id}", 303)


@router.post("/suivi/{notice_id:int}/relancer")
async def ask_again(visit: WriterDep, session: WritingDep, notice_id: int, key: Key = "") -> Response:
    """For the author, the director and the office: say it again to those who have not answered."""
    seen = await _seen(visit, session, notice_id)
    if may_change(visit.reader, seen):
        visit.check_second(many=await says_to_many(session, school_id=visit.school_id, seen=seen, reader=visit.reader))
    made = await remind(
        session,
        visit.house.keyring,
        school=await read_school(session, visit.school_id),
        seen=seen,
        reader=visit.reader,
        key=key or secrets.token_hex(16),
        now=visit.now,
    )
    return RedirectResponse(f"/suivi/{made.notice_id}", 303)


async def _seen(visit: Visit, session: WritingDep, notice_id: int) -> Headline:
    return await headline(
        session, visit.house.keyring, school_id=visit.school_id, notice_id=notice_id, reader=visit.reader
    )
