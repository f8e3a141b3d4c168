"""The square on a letter: who photographs it reads the notice on a telephone, and answers with one tap."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from hub.replies.answers import Taken, answer_to
from hub.replies.links import LinkView
from hub.replies.on_paper import LETTER, open_letter, served_on_paper
from i18n.tongues import Tongue
from web.family import context_of, read_act, said_back_of
from web.family_door import Find, printed, through
from web.house import House, house_of

router = APIRouter()


@router.get("/lettre/{code}")
async def show(request: Request, code: str) -> Response:
    """For whoever holds the letter: what it is about; nothing is changed."""
    return await through(request, _by_letter(code), _page)


@router.post("/lettre/{code}")
async def act(request: Request, code: str) -> Response:
    """For whoever holds the letter: take an answer."""
    return await through(request, _by_letter(code), _acted, posted=True)


def _by_letter(code: str) -> Find:
    async def find(house: House, now: datetime) -> LinkView | None:
        return await open_letter(house.database, house.keyring, code, now=now)

    return find


async def _page(request: Request, view: LinkView, speaks: Tongue) -> Response:
    if not view.served.is_open:
        return printed("withdrawn", speaks, status=410, view=view)
    alone: dict[str, Any] = {"push": False, "chat": False, "part": None, "part_page": None, "here": request.url.path}
    return printed("link", speaks, view=view, **alone, **context_of(view, speaks))


async def _acted(request: Request, view: LinkView, speaks: Tongue) -> Response:
    form = await request.form(max_files=0, max_fields=20)
    act = str(form.get("act", ""))
    read = read_act(act, str(form.get("number", "")))
    if read is None:
        return printed("again", speaks, status=400)
    if not view.served.is_open:
        return printed("withdrawn", speaks, status=410, view=view)
    (kind, number), adult, house = read, view.served.adults[0], house_of(request)
    async with house.database.school(view.served.school_id) as session:
        connection = await session.connection()
        now = await house.database.now(connection)
        served = await served_on_paper(
            connection, school_id=view.served.school_id, delivery_id=adult.delivery_id, now=now
        )
        taken = Taken.WITHDRAWN
        if served is not None:
            taken = await answer_to(
                connection, served, kind=kind, number=number, guardian_id=adult.guardian_id, through=LETTER, now=now
            )
    return said_back_of(taken, speaks, view, kind, act, number)
