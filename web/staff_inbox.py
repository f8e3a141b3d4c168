"""The inbox: what families wrote to whom, live, to be looked through and searched."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.inbox.listing import conversations, pulse, waiting
from hub.inbox.searching import search
from web.board import Boards, Look, Picture
from web.inbox_words import PICKS, doubt_of
from web.pages import page, printed
from web.staff_visit import ReadingDep, Visit, WriterDep, as_of_now
from web.staff_words import WAYS

router = APIRouter()

MOST_PAGES = 1000
Looking = Annotated[str, Query(alias="voir", max_length=20)]
Page = Annotated[int, Query(alias="page", ge=1, le=MOST_PAGES)]
"""How one looks at the list: which conversations, and which page of them."""


@router.get("/messages")
async def inbox(
    visit: WriterDep,
    session: ReadingDep,
    voir: Looking = "",
    page_: Page = 1,
    q: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """For all staff but a deputy: the conversations that are theirs to read, the newest first, or those of a search."""
    if not q.strip():
        return page("staff/inbox.html", visit=visit, live=False, **await listed(visit, session, voir, page_))
    nothing: dict[str, Any] = {
        "q_wrong": "",
        "counts": None,
        "live": False,
        "voir": "",
        "picks": PICKS,
        "page": 1,
        "more": False,
        "lines": (),
        "back_to": None,
        "opened": 0,
        "looking": "",
    }
    try:
        found = await search(
            session,
            visit.house.keyring,
            **visit.acting,
            words=q,
            clock=time.monotonic,
        )
    except InvalidError as error:
        return page(
            "staff/inbox.html", status=422, visit=visit, q=q, **{**nothing, "q_wrong": str(error)}, **_words(visit)
        )
    return page(
        "staff/inbox.html",
        visit=visit,
        q=q,
        **{**nothing, "lines": found.lines, "back_to": found.back_to},
        **_words(visit),
    )


@router.get("/messages/direct", response_class=EventSourceResponse)
async def live(
    request: Request, visit: WriterDep, voir: Looking = "", page_: Page = 1
) -> AsyncIterator[ServerSentEvent]:
    """For all staff but a deputy: the same list again after each change, with the rights of that moment."""
    boards: Boards = request.app.state.boards
    visit.house.database.tell(boards.stir)
    shown = ""
    async for picture in boards.follow(("messages", visit.school_id), _look(visit), brisk=True):
        if picture is None:
            yield ServerSentEvent(event="encore", raw_data="1")
            continue
        async with visit.house.database.reading(visit.school_id) as session:
            now = await as_of_now(visit, session)
            text = printed("staff/inbox_live.html", visit=now, live=True, **await listed(now, session, voir, page_))
        if text != shown:
            shown = text
            yield ServerSentEvent(raw_data=text, id=picture.mark)


def _look(visit: Visit) -> Look:
    """Look whether anybody wrote or acted: one question for all who watch the inbox of a school."""

    async def look(mark: str) -> Picture | None:
        async with visit.house.database.reading(visit.school_id) as session:
            beat = repr(await pulse(session, school_id=visit.school_id))
        return None if beat == mark else Picture(beat, "", over=False)

    return look


async def listed(visit: Visit, session: AsyncSession, voir: str, number: int, *, opened: int = 0) -> dict[str, Any]:
    """Give what the list is printed from; `opened`: the conversation that it stands beside."""
    pick = PICKS.get(voir, PICKS[""])[0]
    lines, more = await conversations(session, visit.house.keyring, **visit.acting, pick=pick, page=number)
    return {
        "q": "",
        "q_wrong": "",
        "opened": opened,
        "looking": looking(voir, number),
        "voir": voir if voir in PICKS else "",
        "picks": PICKS,
        "page": number,
        "lines": lines,
        "more": more,
        "back_to": None,
        "counts": await waiting(session, **visit.acting),
        **_words(visit),
    }


def looking(voir: str, number: int) -> str:
    """Write how one looks as the end of an address, so that one comes back to the same list; nothing for the first."""
    asked = {"voir": voir if voir in PICKS else "", "page": number if number > 1 else ""}
    return f"?{kept}" if (kept := urlencode({name: value for name, value in asked.items() if value})) else ""


def _words(visit: Visit) -> dict[str, Any]:
    return {"ways": WAYS, "doubt_of": doubt_of, "timezone": visit.who.timezone, "room": "messages"}
