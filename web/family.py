"""The family's door: one link opens one notice, one tap answers it. No account, no cookie, no script."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from hub.errors import NotAllowedError
from hub.models.answers import AnswerKind
from hub.ports import Lane, NoticeKind
from hub.replies.answers import Taken, answer, ask_other_schools, stop_copy, wrong_number
from hub.replies.codes import find_attempt
from hub.replies.links import LinkView, open_copy, open_link
from i18n.languages import LANGUAGES, SPOKEN, best
from i18n.said import said
from i18n.slots import clean, clean_line
from i18n.tongues import Tongue, environment, tongue
from web.house import House, house_of
from web.pages import static
from web.security import same_origin

router = APIRouter()

ACTS: Final[Mapping[str, AnswerKind]] = {
    "acknowledge": AnswerKind.ACKNOWLEDGED,
    "ill": AnswerKind.ILL,
    "other_reason": AnswerKind.OTHER_REASON,
    "should_be_here": AnswerKind.SHOULD_BE_HERE,
}
WRONG, STOP = "wrong_number", "stop"
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
"""What a mail program posts for its reader. Source: RFC 8058 section 3.1."""
MOST_GUESSES, A_MINUTE, MOST_CLIENTS = 60, 60.0, 10_000
HEADERS: Final = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}


class Guesses:
    """Counts the links that did not open, for each client and minute: codes have 70 bits, this ends even the trying."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._misses: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def too_many(self, client: str) -> bool:
        """Whether this client has tried enough for this minute."""
        began, count = self._misses.get(client, (0.0, 0))
        return count >= MOST_GUESSES and self._clock() - began < A_MINUTE

    def miss(self, client: str) -> None:
        """Count one link that did not open."""
        began, count = self._misses.pop(client, (0.0, 0))
        now = self._clock()
        self._misses[client] = (began, count + 1) if count and now - began < A_MINUTE else (now, 1)
        if len(self._misses) > MOST_CLIENTS:
            self._misses.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as the page says it: our own sentences, and the author's in theirs, by paragraph and line."""

    heading: str
    sentences: tuple[str, ...]
    written: tuple[tuple[str, ...], ...]
    subject: str


@router.get("/l/{code}")
async def show(request: Request, code: str) -> Response:
    """Show what a link is about; nothing is changed."""
    return await _through(request, _by_code(code), _page)


@router.post("/l/{code}")
async def act(request: Request, code: str) -> Response:
    """Take an answer, or that the number is a stranger's."""
    return await _through(request, _by_code(code), _acted, posted=True)


@router.get("/l/{code}/stop")
async def show_stop_by_link(request: Request, code: str) -> Response:
    """Ask whether no more should be sent here."""
    return await _through(request, _by_code(code), _stop_page)


@router.post("/l/{code}/stop")
async def stop_by_link(request: Request, code: str) -> Response:
    """Send no more here."""
    return await _through(request, _by_code(code), _stopped, posted=True)


@router.get("/u/{token}")
async def show_stop(request: Request, token: str) -> Response:
    """Ask whether no more should be sent here: a GET never unsubscribes (RFC 8058 section 3.2)."""
    return await _through(request, _by_token(token), _stop_page)


@router.post("/u/{token}")
async def stop(request: Request, token: str) -> Response:
    """Send no more here; pressed by a mail program for its reader, from its own servers, or on our page."""
    return await _through(request, _by_token(token), _stopped)


Find = Callable[[House, datetime], Awaitable[LinkView | None]]
Then = Callable[[Request, LinkView, Tongue], Awaitable[Response]]


def _by_code(code: str) -> Find:
    async def find(house: House, now: datetime) -> LinkView | None:
        return await open_link(house.database, house.keyring, code, now=now)

    return find


def _by_token(token: str) -> Find:
    async def find(house: House, now: datetime) -> LinkView | None:
        found = await find_attempt(house.database, house.keyring, token)
        return None if found is None else await open_copy(house.database, house.keyring, found, now=now)

    return find


async def _through(request: Request, find: Find, then: Then, *, posted: bool = False) -> Response:
    """Open the door: slowly for who guesses, never for another site's form, and kindly when the link is over."""
    house, client = house_of(request), request.client.host if request.client else ""
    guesses = _guesses(request)
    speaks = _tongue(request, None)
    if guesses.too_many(client):
        return _printed("later", speaks, status=429)
    if posted:
        try:
            same_origin(request, house.settings)
        except NotAllowedError:
            return _printed("again", speaks, status=403)
    view = await find(house, await _now(house))
    if view is None:
        guesses.miss(client)
        return _printed("over", speaks, status=404)
    return await then(request, view, _tongue(request, view.served.language))


async def _page(_request: Request, view: LinkView, speaks: Tongue) -> Response:
    if not view.served.is_open:
        return _printed("withdrawn", speaks, status=410, view=view)
    return _printed("link", speaks, view=view, **_context(view, speaks))


async def _acted(request: Request, view: LinkView, speaks: Tongue) -> Response:
    form = await request.form(max_files=0, max_fields=20)
    act, who = str(form.get("act", "")), str(form.get("guardian", ""))
    if act == WRONG:
        return await _wrong(house_of(request), view, speaks)
    kind = ACTS.get(act)
    if kind is None or not (who == "" or (who.isascii() and who.isdigit() and len(who) < 19)):
        return _printed("again", speaks, status=400)
    house, served = house_of(request), view.served
    async with house.database.school(served.school_id) as session:
        connection = await session.connection()
        taken = await answer(
            connection,
            school_id=served.school_id,
            copy_id=served.copy_id,
            kind=kind,
            guardian_id=int(who) if who else None,
            through="page",
            now=await house.database.now(connection),
        )
    match taken:
        case Taken.WITHDRAWN:
            return _printed("withdrawn", speaks, status=410, view=view)
        case Taken.WHO:
            return _printed("who", speaks, view=view, act=act, alarmed=kind is AnswerKind.SHOULD_BE_HERE)
        case _:
            return _printed("thanks", speaks, view=view, alarmed=kind is AnswerKind.SHOULD_BE_HERE)


async def _wrong(house: House, view: LinkView, speaks: Tongue) -> Response:
    served = view.served
    async with house.database.school(served.school_id) as session:
        connection = await session.connection()
        now = await house.database.now(connection)
        await wrong_number(connection, school_id=served.school_id, address_id=served.address_id, now=now)
    await spread_wrong_number(house, served.school_id, served.address_id)
    return _printed("wrong", speaks, view=view)


async def spread_wrong_number(house: House, school_id: int, address_id: int) -> None:
    """Once it is committed here: ask the other schools that hold this number, and wake the engine."""
    async with house.database.engine() as connection:
        now = await house.database.now(connection)
        await ask_other_schools(connection, school_id=school_id, address_id=address_id, now=now)
    for lane in Lane:
        house.database.ring(lane)


async def _stop_page(_request: Request, view: LinkView, speaks: Tongue) -> Response:
    return _printed("stop", speaks, view=view)


async def _stopped(request: Request, view: LinkView, speaks: Tongue) -> Response:
    form = await request.form(max_files=0, max_fields=20)
    if form.get(ONE_CLICK[0]) != ONE_CLICK[1] and form.get("act") != STOP:
        return _printed("again", speaks, status=400)
    house, served = house_of(request), view.served
    async with house.database.school(served.school_id) as session:
        connection = await session.connection()
        now = await house.database.now(connection)
        await stop_copy(connection, school_id=served.school_id, copy_id=served.copy_id, now=now)
    return _printed("stopped", speaks, view=view)


def _context(view: LinkView, speaks: Tongue) -> dict[str, Any]:
    french = None if speaks.language.reviewed else _words(view, tongue("fr", typeset=True)).sentences
    return {
        "words": _words(view, speaks),
        "in_french": french,
        "absence": view.served.kind is NoticeKind.ABSENCE,
        "written_in": best(view.slots.language),
    }


def _words(view: LinkView, speaks: Tongue) -> Words:
    """Say the notice in one language, with the author's words below."""
    served, slots = view.served, view.slots
    ours = said(speaks, served.kind, slots, served.school, view.pupils)
    if served.kind is NoticeKind.ABSENCE:
        return Words(ours.heading, ours.sentences, (), "")
    paragraphs = clean(slots.text or "").split("\n\n")
    written = tuple(tuple(line for line in part.split("\n")) for part in paragraphs if part.strip())
    return Words(ours.heading, ours.sentences, written, clean_line(slots.subject or ""))


def _printed(name: str, speaks: Tongue, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401 (Jinja's)
    template = environment("pages", speaks.code, typeset=True).get_template(f"family/{name}.html")
    html = template.render(languages=[LANGUAGES[code] for code in SPOKEN], static=static, icon=_icon, **context)
    return HTMLResponse(html, status, headers={**HEADERS, "Content-Language": speaks.code})


def _icon(name: str) -> Markup:
    return Markup('<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        static("icons.svg"), name
    )


def _tongue(request: Request, language: str | None) -> Tongue:
    """Speak as asked (?lang=), else as the copy did, else as the browser does."""
    asked = request.query_params.get("lang", "")
    if asked in SPOKEN:
        return tongue(asked, typeset=True)
    if language is None:
        accepted = (part.partition(";")[0] for part in request.headers.get("accept-language", "").split(",")[:10])
        language = next((best(tag).code for tag in accepted if tag.strip() and best(tag).has_words), "fr")
    return tongue(language, typeset=True)


async def _now(house: House) -> datetime:
    async with house.database.engine_reading() as connection:
        return await house.database.now(connection)


def _guesses(request: Request) -> Guesses:
    state = request.app.state
    guesses: Guesses | None = getattr(state, "guesses", None)
    if guesses is None:
        guesses = state.guesses = Guesses()
    return guesses
