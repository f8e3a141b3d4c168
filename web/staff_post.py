"""The post: letters to print, a batch in one PDF, what was handed over, and the coupons that come back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from hub.errors import InvalidError, NotFoundError
from hub.post import coming_back, handing
from hub.post.asked import Whom
from hub.post.letters import chosen, letters_of, notice_to_print, waiting
from hub.post.press import NoPressError, pressed
from hub.post.printing import MOST_AT_ONCE, not_printed, prepare
from hub.replies.answers import Taken
from i18n.letters import choices_of, letters_html
from i18n.tongues import tongue
from web.absence_words import THROUGH
from web.pages import page
from web.refusals import one_sentence
from web.staff_child import SAID
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep
from web.staff_words import title

router = APIRouter()

Delivery = Annotated[int | None, Form(alias="lettre", ge=1, lt=2**63)]
"""The letter of one adult; none: all of the notice."""
Code = Annotated[str, Form(max_length=60)]
WHOM: Mapping[Whom, str] = {
    Whom.WAITING: "qui attendent une lettre",
    Whom.UNWRITTEN: "que rien d’écrit n’atteint",
    Whom.ALL: "qui n’ont pas encore répondu",
}
DONE: Mapping[str, str] = {
    Taken.NOTED: "La réponse du coupon est notée.",
    Taken.WAITS: "La réponse du coupon est notée, en attente : il n’y a plus assez de places.",
    Taken.ALREADY: "Cette réponse était déjà notée : rien n’a changé.",
}


@router.get("/courrier")
async def the_post(
    visit: WriterDep,
    session: ReadingDep,
    fait: Annotated[Literal["noted", "already"] | None, Query()] = None,
) -> Response:
    """For all staff but a deputy: the notices with letters to print or to hand over, and the box for coupons."""
    return await _post(visit, session, done=DONE[fait] if fait else "")


@router.post("/courrier/coupon")
async def coupon(visit: WriterDep, session: ReadingDep, code: Code = "") -> Response:
    """For who may see its pupils: whose coupon a code is, and which boxes it has; nothing is changed."""
    try:
        found = await coming_back.open_coupon(session, visit.house.keyring, **visit.acting, words=code)
    except (InvalidError, NotFoundError) as error:
        status = 404 if isinstance(error, NotFoundError) else 422
        return await _post(visit, session, status=status, typed=code, wrong=str(error))
    return _coupon(visit, found)


@router.post("/courrier/coupon/reponse")
async def answered(
    visit: WriterDep,
    session: WritingDep,
    code: Code = "",
    case: Annotated[int, Form(ge=0, le=9)] = 0,
    nombre: Annotated[str, Form(max_length=2)] = "",
) -> Response:
    """For who may see its pupils: the box that is ticked on a coupon becomes the family's answer."""
    number = int(nombre) if nombre.isascii() and nombre.isdigit() else None
    try:
        taken = await coming_back.answer_by_coupon(
            session, visit.house.keyring, **visit.acting, words=code, box=case, number=number
        )
    except InvalidError as error:
        if error.field not in ("box", "number"):
            raise
        found = await coming_back.open_coupon(session, visit.house.keyring, **visit.acting, words=code)
        return _coupon(visit, found, wrong=str(error))
    return RedirectResponse(f"/courrier?fait={taken}", 303)


@router.get("/courrier/{notice_id:int}")
async def of_one(visit: WriterDep, session: ReadingDep, notice_id: int) -> Response:
    """For who may read the notice: its letters, for whom to print, and which were handed over."""
    here: dict[str, Any] = {"school_id": visit.school_id, "notice_id": notice_id, "reader": visit.reader}
    seen = await notice_to_print(session, visit.house.keyring, **here)
    letters = await letters_of(session, **here, now=visit.now)
    new = {whom: sum(one.printed_at is None for one in chosen(letters, whom)) for whom in Whom}
    return page(
        "staff/post_notice.html",
        visit=visit,
        notice=seen,
        title=title(seen, visit.who.timezone),
        letters=[one for one in letters if one.listed],
        new=new,
        lying=sum(one.printed_at is not None and one.handed_at is None and not one.knows for one in letters),
        most=MOST_AT_ONCE,
        whom=WHOM,
        public=visit.house.settings.public_url is not None,
        room="courrier",
    )


@router.post("/courrier/{notice_id:int}/imprimer")
async def printed(
    request: Request,
    visit: WriterDep,
    notice_id: int,
    pour: Annotated[Whom, Form()] = Whom.WAITING,
    lettre: Delivery = None,
) -> Response:
    """For who may read the notice: a batch of letters in one PDF; one letter alone may be printed again."""
    async with visit.house.database.school(visit.school_id) as session:
        batch = await prepare(
            session,
            visit.house.keyring,
            **visit.acting,
            notice_id=notice_id,
            whom=Whom.ALL if lettre is not None else pour,
            again=lettre is not None,
            only=lettre,
            public_url=visit.house.settings.public_url,
        )
    pieces = pressed(await asyncio.to_thread(letters_html, batch.notice, batch.letters))
    try:
        first = await anext(pieces)
    except NoPressError as error:
        async with visit.house.database.school(visit.school_id) as session:
            await not_printed(session, school_id=visit.school_id, batch=batch)
        return one_sentence(request, 503, str(error))
    headers = {"Content-Disposition": f'attachment; filename="lettres-{notice_id}.pdf"', "Cache-Control": "no-store"}
    return StreamingResponse(_whole(first, pieces), media_type="application/pdf", headers=headers)


@router.post("/courrier/{notice_id:int}/remettre")
async def handed(visit: WriterDep, session: WritingDep, notice_id: int, lettre: Delivery = None) -> Response:
    """For who may read the notice: its printed letters were handed over, one or all."""
    await handing.hand_over(session, visit.house.keyring, **visit.acting, notice_id=notice_id, only=lettre)
    return RedirectResponse(f"/courrier/{notice_id}#lettres", 303)


@router.post("/courrier/{notice_id:int}/reprendre")
async def taken_back(
    visit: WriterDep,
    session: WritingDep,
    notice_id: int,
    lettre: Annotated[int, Form(ge=1, lt=2**63)],
) -> Response:
    """For who may read the notice: a letter was not handed over after all."""
    await handing.take_back(session, visit.house.keyring, **visit.acting, notice_id=notice_id, delivery_id=lettre)
    return RedirectResponse(f"/courrier/{notice_id}#lettres", 303)


async def _post(
    visit: Visit, session: ReadingDep, *, status: int = 200, typed: str = "", wrong: str = "", done: str = ""
) -> Response:
    found = await waiting(session, visit.house.keyring, **visit.acting)
    listed = [(one, title(one.headline, visit.who.timezone)) for one in found]
    return page(
        "staff/post.html",
        status=status,
        visit=visit,
        notices=listed,
        typed=typed,
        wrong=wrong,
        done=done,
        room="courrier",
    )


def _coupon(visit: Visit, found: coming_back.Coupon, *, wrong: str = "") -> Response:
    french = tongue("fr", typeset=True)
    return page(
        "staff/post_coupon.html",
        status=422 if wrong else 200,
        visit=visit,
        coupon=found,
        title=title(found.notice, visit.who.timezone),
        boxes=choices_of(french, found.notice.kind, asks=found.asks, signs=found.signs),
        said=[(SAID[kind], number, THROUGH.get(way, way)) for kind, number, way in found.said],
        wrong=wrong,
        room="courrier",
    )


async def _whole(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
