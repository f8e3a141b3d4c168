"""The first word to one adult: the office begins a conversation, under a subject of its own."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import InvalidError, NotAllowedError
from hub.inbox.answering import begin
from hub.people.mending import adult_card
from hub.people.schools import read_school
from i18n.tongues import tongue
from web.notice_form import PRESS
from web.pages import page
from web.staff_thread import LONGEST
from web.staff_visit import Visit, WriterDep

router = APIRouter()


@router.get("/familles/{guardian_id:int}/ecrire")
async def sheet(visit: WriterDep, guardian_id: int) -> Response:
    """For the director and the office: a sheet to write to one adult on."""
    return await _page(visit, guardian_id)


@router.post("/familles/{guardian_id:int}/ecrire")
async def write(
    visit: WriterDep,
    guardian_id: int,
    key: Annotated[str, Form(min_length=1, max_length=64, pattern=PRESS)],
    objet: Annotated[str, Form(max_length=300)] = "",
    mots: Annotated[str, Form(max_length=LONGEST)] = "",
    *,
    seul: Annotated[bool, Form()] = False,
) -> Response:
    """For the director and the office: write first; pressed twice it is one word. `seul`: nobody else reads it."""
    _require(visit)
    try:
        async with visit.house.database.school(visit.school_id) as session:
            thread_id = await begin(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                guardian_id=guardian_id,
                private=seul,
                subject=objet,
                words=mots,
                reader=visit.reader,
                key=key,
                now=visit.now,
            )
    except InvalidError as error:
        wrong = tongue("fr", typeset=True).gettext(str(error))
        return await _page(visit, guardian_id, subject=objet, words=mots, alone=seul, wrong=wrong, key=key)
    return RedirectResponse(f"/messages/{thread_id}#dernier", 303)


def _require(visit: Visit) -> None:
    if not visit.reader.rights.whole_school:
        raise NotAllowedError("On répond à une famille ; la direction et le secrétariat lui écrivent les premiers.")


async def _page(
    visit: Visit,
    guardian_id: int,
    *,
    subject: str = "",
    words: str = "",
    alone: bool = False,
    wrong: str = "",
    key: str = "",
) -> Response:
    _require(visit)
    async with visit.house.database.reading(visit.school_id) as session:
        card = await adult_card(
            session, visit.house.keyring, school_id=visit.school_id, guardian_id=guardian_id, day=visit.reader.day
        )
    return page(
        "staff/begin.html",
        status=422 if wrong else 200,
        visit=visit,
        adult=card,
        subject=subject,
        words=words,
        alone=alone,
        wrong=wrong,
        key=key or secrets.token_hex(16),
        longest=LONGEST,
        room="familles",
    )
