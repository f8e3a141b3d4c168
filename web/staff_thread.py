"""One conversation: read, answered, handed over, kept for one person, closed."""

import secrets
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import HubError, InvalidError
from hub.inbox import acts
from hub.inbox.answering import write_back
from hub.inbox.canned import canned_answers
from hub.inbox.excuses import unexplained
from hub.inbox.listing import pulse
from hub.inbox.reading import conversation
from hub.inbox.rights import colleagues, own_thread
from hub.models.threads import ThreadState
from hub.people.schools import read_school
from i18n.tongues import tongue
from web.absence_words import REASONS
from web.board import Boards, Look, Picture
from web.inbox_words import doubt_of, reached, sense_of
from web.notice_form import PRESS
from web.pages import date_words, page, printed
from web.staff_inbox import Looking, Page, listed, looking
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep, as_of_now
from web.staff_words import HALVES, WAYS, title

router = APIRouter()

LONGEST = 4000
"""Characters of an answer that the form takes; what a way can carry is said by the hub."""
To = Annotated[int | None, Form(ge=1, lt=2**63)]


@router.get("/messages/{thread_id:int}")
async def thread(
    visit: WriterDep,
    session: ReadingDep,
    thread_id: int,
    pret: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    voir: Looking = "",
    page_: Page = 1,
) -> Response:
    """For who may read this conversation today: its turns, and a sheet for the answer; looking changes nothing.

    `pret`: the ready answer to begin with; `voir`, `page`: the list that stands beside it where there is room.
    """
    ready = await canned_answers(session, school_id=visit.school_id)
    begun = next((one.text for one in ready if one.answer_id == pret), "")
    return await _page(visit, session, thread_id, typed=begun, voir=voir, number=page_)


async def _seen(visit: WriterDep, session: ReadingDep, thread_id: int) -> int:
    """Refuse before a stream begins, while the answer can still say so."""
    await own_thread(session, school_id=visit.school_id, thread_id=thread_id, reader=visit.reader)
    return thread_id


@router.get("/messages/{thread_id:int}/direct", response_class=EventSourceResponse)
async def live(
    request: Request,
    visit: WriterDep,
    thread_id: Annotated[int, Depends(_seen)],
    *,
    voir: Looking = "",
    page_: Page = 1,
    large: bool = False,
) -> AsyncIterator[ServerSentEvent]:
    """For who may read this conversation: its turns again after each change, as long as that right lasts.

    `large`: and the list, for a page that has room for it beside them.
    """
    boards: Boards = request.app.state.boards
    visit.house.database.tell(boards.stir)
    shown = ""
    async for picture in boards.follow(("thread", visit.school_id, thread_id), _look(visit, thread_id), brisk=True):
        if picture is None:
            yield ServerSentEvent(event="encore", raw_data="1")
            continue
        async with visit.house.database.reading(visit.school_id) as session:
            now = await as_of_now(visit, session)
            try:
                turns = await _turns(now, session, thread_id)
                beside = await listed(now, session, voir, page_, opened=thread_id) if large else {}
                beside["looking"] = looking(voir, page_)
                text = printed("staff/thread_live.html", live=True, large=large, **{**beside, **turns})
            except HubError as error:  # it became a colleague's alone, or moved: its words leave the page too
                yield ServerSentEvent(raw_data=printed("staff/thread_gone.html", sentence=str(error)))
                yield ServerSentEvent(event="fini", raw_data="1")
                return
        if text != shown:
            shown = text
            yield ServerSentEvent(raw_data=text, id=picture.mark)


@router.post("/messages/{thread_id:int}/lu")
async def read(
    visit: WriterDep, session: WritingDep, thread_id: int, jusqua: Annotated[int, Form(ge=1, lt=2**63)]
) -> Response:
    """For who may read this conversation: it was read up to this reply."""
    await acts.mark_read(session, school_id=visit.school_id, thread_id=thread_id, reader=visit.reader, up_to=jusqua)
    return _back(thread_id)


@router.post("/messages/{thread_id:int}/repondre")
async def answer(
    visit: WriterDep,
    thread_id: int,
    key: Annotated[str, Form(min_length=1, max_length=64, pattern=PRESS)],
    words: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """For who may read this conversation: answer the family; pressed twice it is one answer."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            await write_back(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                thread_id=thread_id,
                reader=visit.reader,
                words=words,
                key=key,
                now=visit.now,
            )
    except InvalidError as error:
        wrong = tongue("fr", typeset=True).gettext(str(error))
        async with visit.house.database.reading(visit.school_id) as session:
            return await _page(visit, session, thread_id, typed=words, wrong=wrong, key=key)
    return _back(thread_id, "dernier")


@router.post("/messages/{thread_id:int}/etat")
async def state(
    visit: WriterDep, session: WritingDep, thread_id: int, etat: Annotated[ThreadState, Form()]
) -> Response:
    """For who may read this conversation: close it, let it wait for the family, or open it again."""
    await acts.set_state(session, **visit.acting, thread_id=thread_id, state=etat)
    return RedirectResponse("/messages", 303) if etat is ThreadState.CLOSED else _back(thread_id)


@router.post("/messages/{thread_id:int}/prendre")
async def take(visit: WriterDep, session: WritingDep, thread_id: int) -> Response:
    """For who may read this conversation: answer it oneself."""
    await acts.take(session, **visit.acting, thread_id=thread_id)
    return _back(thread_id)


@router.post("/messages/{thread_id:int}/confier")
async def hand_over(visit: WriterDep, session: WritingDep, thread_id: int, to: To = None) -> Response:
    """For who may read this conversation: let a colleague answer who may read it too; nobody named: the office."""
    await acts.hand_over(session, **visit.acting, thread_id=thread_id, to=to)
    return _back(thread_id)


@router.post("/messages/{thread_id:int}/garder")
async def keep(visit: WriterDep, session: WritingDep, thread_id: int, to: To = None) -> Response:
    """For who may read this conversation: keep it for one person; nobody named: open it to the team again."""
    kept = await acts.confide(session, **visit.acting, thread_id=thread_id, to=to)
    return _back(kept) if to in (None, visit.reader.staff_id) else RedirectResponse("/messages", 303)


def _back(thread_id: int, where: str = "fil") -> Response:
    return RedirectResponse(f"/messages/{thread_id}#{where}", 303)


def _look(visit: Visit, thread_id: int) -> Look:
    async def look(mark: str) -> Picture | None:
        async with visit.house.database.reading(visit.school_id) as session:
            beat = repr(await pulse(session, school_id=visit.school_id, thread_id=thread_id))
        return None if beat == mark else Picture(beat, "", over=False)

    return look


async def _turns(visit: Visit, session: AsyncSession, thread_id: int) -> dict[str, object]:
    seen = await conversation(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        thread_id=thread_id,
        reader=visit.reader,
        now=visit.now,
    )
    return {
        "seen": seen,
        "visit": visit,
        "mine": seen.owner_id == visit.reader.staff_id,
        "timezone": visit.who.timezone,
        "ways": WAYS,
        "title": title,
        "sense_of": sense_of,
        "doubt_of": doubt_of,
        "reached": reached,
    }


async def _page(
    visit: Visit,
    session: AsyncSession,
    thread_id: int,
    *,
    typed: str,
    wrong: str = "",
    key: str = "",
    voir: str = "",
    number: int = 1,
) -> Response:
    turns = await _turns(visit, session, thread_id)
    beside = await listed(visit, session, voir, number, opened=thread_id)
    return page(
        "staff/thread.html",
        status=422 if wrong else 200,
        live=False,
        large=True,
        **{**beside, **turns},
        typed=typed,
        wrong=wrong,
        key=key or secrets.token_hex(16),
        canned=await canned_answers(session, school_id=visit.school_id),
        colleagues=await colleagues(session, school_id=visit.school_id, thread_id=thread_id, reader=visit.reader),
        unexplained=await unexplained(session, school_id=visit.school_id, thread_id=thread_id, reader=visit.reader),
        reasons=REASONS,
        date_words=date_words,
        halves=HALVES,
    )
