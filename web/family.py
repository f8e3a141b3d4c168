"""The family's door: one link opens one notice, one tap answers it. No account, no cookie, no script."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from hub.models.answers import AnswerKind
from hub.ports import Lane, NoticeKind
from hub.replies.answers import ACTS, Taken, answer
from hub.replies.consent import stop_copy
from hub.replies.letters import receive_note
from hub.replies.links import LinkView
from hub.replies.meaning import Sense
from hub.replies.on_paper import LETTER
from hub.replies.saying_back import What, room_full, too_many
from hub.replies.wrong_numbers import ask_other_schools, wrong_number
from i18n.appointment_phrases import SAYS_WHERE
from i18n.from_the_page import NOBODYS
from i18n.languages import best
from i18n.said import said
from i18n.slots import clean, clean_line, whole_number
from i18n.tongues import Tongue, tongue
from web.family_door import by_code, by_token, printed, through
from web.family_parts import below, button, pressed
from web.house import House, house_of
from web.invitations import chat_offered
from web.push import push_offered

router = APIRouter()

WRONG, STOP, COUNT, NOTE = "wrong_number", "stop", "count", "words"
NOTE_MOST: Final = 1000
"""Characters that one may write on the page."""
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
"""What a mail program posts for its reader. Source: RFC 8058 section 3.1."""
TAKEN: Final = "Passerelle-Taken"
"""The header that says what became of an answer, for a notification's button: it shows no page."""


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as the page says it: our own sentences, and the author's in theirs, by paragraph and line."""

    heading: str
    sentences: tuple[str, ...]
    written: tuple[tuple[str, ...], ...]
    subject: str


@router.get("/l/{code}")
async def show(request: Request, code: str) -> Response:
    """For whoever holds the link: what it is about; nothing is changed."""
    return await through(request, by_code(code), _page)


@router.post("/l/{code}")
async def act(request: Request, code: str) -> Response:
    """For whoever holds the link: take an answer, some words, or that the number is a stranger's."""
    return await through(request, by_code(code), _acted, posted=True)


@router.get("/l/{code}/stop")
async def show_stop_by_link(request: Request, code: str) -> Response:
    """For whoever holds the link: ask whether no more should be sent here."""
    return await through(request, by_code(code), _stop_page)


@router.post("/l/{code}/stop")
async def stop_by_link(request: Request, code: str) -> Response:
    """For whoever holds the link: send no more here."""
    return await through(request, by_code(code), _stopped, posted=True)


@router.get("/u/{token}")
async def show_stop(request: Request, token: str) -> Response:
    """For whoever has the mail: ask whether no more should be sent; a GET never unsubscribes (RFC 8058 section 3.2)."""
    return await through(request, by_token(token), _stop_page)


@router.post("/u/{token}")
async def stop(request: Request, token: str) -> Response:
    """For whoever has the mail: send no more; a mail program presses from its own servers, or one does on our page."""
    return await through(request, by_token(token), _stopped)


async def _page(request: Request, view: LinkView, speaks: Tongue) -> Response:
    if not view.served.is_open:
        return printed("withdrawn", speaks, status=410, view=view)
    house, here = house_of(request), request.url.path
    push = await push_offered(house, view.served) is not None
    chat = await chat_offered(house, view.served) is not None
    part = await below(request, view, speaks)
    words = context_of(view, speaks, part["part"])
    return printed("link", speaks, view=view, push=push, chat=chat, here=here, **part, **words)


async def shown_here(request: Request, view: LinkView, speaks: Tongue, **more: Any) -> Response:  # noqa: ANN401 (Jinja's)
    """Show a message on the family's own page, as its link would, but for what is about the link itself."""
    if not view.served.is_open:
        return printed("withdrawn", speaks, status=410, view=view, **more)
    part, here = await below(request, view, speaks), request.url.path
    words = context_of(view, speaks, part["part"])
    return printed("link", speaks, view=view, push=False, chat=False, here=here, **part, **words, **more)


async def answered_here(request: Request, view: LinkView, speaks: Tongue) -> Response:
    """Take an answer to a message on the family's own page; only for this adult, and never that a number is wrong."""
    form = await request.form(max_files=0, max_fields=20)
    who = str(form.get("guardian", "")) or "0"
    others = who != "0" and not any(str(adult.guardian_id) == who for adult in view.served.adults)
    if others or form.get("act") == WRONG:
        return printed("again", speaks, status=400)
    return await _acted(request, view, speaks)


async def _acted(request: Request, view: LinkView, speaks: Tongue) -> Response:
    form = await request.form(max_files=0, max_fields=20)
    act, who = str(form.get("act", "")), str(form.get("guardian", "")) or _alone(view)
    if act == WRONG:
        return await _wrong(house_of(request), view, speaks)
    own = button(view, act)
    if own is not None:
        return await pressed(request, view, speaks, own, form)
    said = read_act(act, str(form.get("number", "")))
    guardian_id = whole_number(who)
    if (who and guardian_id is None) or (said is None and act != NOTE):
        return printed("again", speaks, status=400)
    if said is None:
        return await _written(house_of(request), view, speaks, form, guardian_id)
    kind, number = said
    house, served = house_of(request), view.served
    if number is not None and served.most is not None and number > served.most and view.through != LETTER:
        words = FormData({"words": str(number), "key": secrets.token_hex(8)})
        return await _written(house, view, speaks, words, guardian_id)
    async with house.database.school(served.school_id) as session:
        connection = await session.connection()
        taken = await answer(
            connection,
            school_id=served.school_id,
            copy_id=served.copy_id,
            kind=kind,
            number=number,
            guardian_id=guardian_id,
            through=view.through,
            now=await house.database.now(connection),
        )
    said_back = said_back_of(taken, speaks, view, kind, act, number)
    said_back.headers[TAKEN] = taken.value
    return said_back


def _alone(view: LinkView) -> str:
    """Give who answers when nobody says so: the only one there is."""
    adults = view.served.adults
    return str(adults[0].guardian_id) if len(adults) == 1 else ""


def read_act(act: str, number: str) -> tuple[AnswerKind, int | None] | None:
    """Read a button, or the number of those who come: nobody is no."""
    coming = whole_number(number, digits=2)
    if act == COUNT and coming is not None:
        return (AnswerKind.COUNT, coming) if coming else (AnswerKind.NO, None)
    kind = ACTS.get(act)
    return None if kind is None else (kind, None)


async def _written(house: House, view: LinkView, speaks: Tongue, form: FormData, guardian_id: int | None) -> Response:
    """Take what was typed: it goes into the family's conversation, and answers what it clearly answers."""
    words, key = clean(str(form.get("words", "")))[:NOTE_MOST].strip(), str(form.get("key", ""))
    if not words or not 0 < len(key) <= 32:
        return printed("again", speaks, status=400)
    if not view.served.is_open:
        return printed("withdrawn", speaks, status=410, view=view)
    async with house.database.school(view.served.school_id) as session:
        connection = await session.connection()
        received = await receive_note(
            connection,
            house.keyring,
            view.served,
            words,
            key=key,
            guardian_id=guardian_id,
            through=view.through,
            now=await house.database.now(connection),
        )
    if received.back is not None:
        taken = Taken.WAITS if received.back.what is What.WAITS else Taken.TOO_MANY
        return said_back_of(taken, speaks, view, AnswerKind.COUNT, NOTE, None)
    return printed("thanks", speaks, view=view, alarmed=received.sense is Sense.SHOULD_BE_HERE)


def said_back_of(
    taken: Taken, speaks: Tongue, view: LinkView, kind: AnswerKind, act: str, number: int | None
) -> Response:
    """Say in a sentence what became of an answer."""
    alarmed = kind is AnswerKind.SHOULD_BE_HERE
    match taken:
        case Taken.WITHDRAWN:
            return printed("withdrawn", speaks, status=410, view=view)
        case Taken.TOO_MANY:
            return printed("too_many", speaks, status=422, view=view, said=too_many(speaks, view.served.most or 0))
        case Taken.WAITS:
            return printed("waits", speaks, view=view, said=room_full(speaks))
        case Taken.WHO:
            return printed("who", speaks, view=view, act=act, number=number, alarmed=alarmed)
        case _:
            return printed("thanks", speaks, view=view, alarmed=alarmed)


async def _wrong(house: House, view: LinkView, speaks: Tongue) -> Response:
    served = view.served
    async with house.database.school(served.school_id) as session:
        connection = await session.connection()
        now = await house.database.now(connection)
        await wrong_number(connection, school_id=served.school_id, address_id=served.address_id, now=now)
    await spread_wrong_number(house, served.school_id, served.address_id)
    return printed("wrong", speaks, view=view)


async def spread_wrong_number(house: House, school_id: int, address_id: int) -> None:
    """Once it is committed here: ask the other schools that hold this number, and wake the engine."""
    async with house.database.engine() as connection:
        now = await house.database.now(connection)
        await ask_other_schools(connection, school_id=school_id, address_id=address_id, now=now)
    for lane in Lane:
        house.database.ring(lane)


async def _stop_page(_request: Request, view: LinkView, speaks: Tongue) -> Response:
    return printed("stop", speaks, view=view)


async def _stopped(request: Request, view: LinkView, speaks: Tongue) -> Response:
    form = await request.form(max_files=0, max_fields=20)
    if form.get(ONE_CLICK[0]) != ONE_CLICK[1] and form.get("act") != STOP:
        return printed("again", speaks, status=400)
    house, served = house_of(request), view.served
    async with house.database.school(served.school_id) as session:
        connection = await session.connection()
        now = await house.database.now(connection)
        await stop_copy(connection, school_id=served.school_id, copy_id=served.copy_id, now=now)
    return printed("stopped", speaks, view=view)


def context_of(view: LinkView, speaks: Tongue, part: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Give what the page of a notice shows of it, in one language; `part`: what it shows below."""
    words = _words(view, speaks)
    if part and view.slots.phrase in SAYS_WHERE and (part.get("found") or part.get("wishes")):
        words = replace(words, sentences=words.sentences[:-1])  # « sur votre page, ou par téléphone »: it is there
    french = None if speaks.language.reviewed else _words(view, tongue("fr", typeset=True)).sentences
    return {
        "words": words,
        "author": "" if view.served.kind in NOBODYS else view.author,
        "in_french": french,
        "absence": view.served.kind is NoticeKind.ABSENCE,
        "asks": view.served.kind not in (NoticeKind.CRISIS, NoticeKind.REMINDER) and not view.slots.signs,
        "question": view.served.asks,
        "key": secrets.token_hex(8),
        "most": NOTE_MOST,
        "alarm": view.served.kind is NoticeKind.CRISIS,
        "written_in": best(view.slots.language),
    }


def _words(view: LinkView, speaks: Tongue) -> Words:
    """Say the notice in one language, with the author's words below."""
    served, slots = view.served, view.slots
    ours = said(speaks, served.kind, slots, served.school, view.pupils, author=view.author)
    if served.kind is NoticeKind.ABSENCE:
        return Words(ours.heading, ours.sentences, (), "")
    paragraphs = clean(slots.text or "").split("\n\n")
    written = tuple(tuple(line for line in part.split("\n")) for part in paragraphs if part.strip())
    return Words(ours.heading, ours.sentences, written, clean_line(slots.subject or ""))
