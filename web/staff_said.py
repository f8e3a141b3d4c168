"""What one does with what a family said: read it to its end, take a file, note in the register why a child is away."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse

from hub.inbox.excuses import excuse
from hub.inbox.whole import attachment, part_of_reply
from hub.models.answers import AnswerKind
from web.pages import page
from web.staff_visit import ReadingDep, WriterDep, WritingDep
from web.staff_words import WAYS

router = APIRouter()


@router.get("/messages/{thread_id:int}/mots/{reply_id:int}")
async def words(
    visit: WriterDep,
    session: ReadingDep,
    thread_id: int,
    reply_id: int,
    partie: Annotated[int, Query(ge=1, lt=2**31)] = 1,
) -> Response:
    """For who may read this conversation: a long reply to its end, a part at a time."""
    read = await part_of_reply(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        thread_id=thread_id,
        reply_id=reply_id,
        part=partie,
        reader=visit.reader,
    )
    return page(
        "staff/thread_words.html",
        visit=visit,
        read=read,
        thread_id=thread_id,
        reply_id=reply_id,
        ways=WAYS,
        timezone=visit.who.timezone,
        room="messages",
    )


@router.get("/messages/{thread_id:int}/pieces/{attachment_id:int}")
async def piece(visit: WriterDep, session: ReadingDep, thread_id: int, attachment_id: int) -> Response:
    """For who may read this conversation: a file that came with a reply, to be kept, never shown by the browser."""
    name, body = await attachment(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        thread_id=thread_id,
        attachment_id=attachment_id,
        reader=visit.reader,
    )
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",  # RFC 6266 §4.3
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(body, media_type="application/octet-stream", headers=headers)


@router.post("/messages/{thread_id:int}/motif")
async def reason(
    visit: WriterDep,
    session: WritingDep,
    thread_id: int,
    absence: Annotated[int, Form(ge=1, lt=2**63)],
    raison: Annotated[AnswerKind, Form()],
) -> Response:
    """For who may read this conversation and the register of this child: note why it is absent, as the family said."""
    await excuse(session, **visit.acting, thread_id=thread_id, absence_id=absence, reason=raison)
    return RedirectResponse(f"/messages/{thread_id}#fil", 303)
