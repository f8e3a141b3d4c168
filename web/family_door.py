"""What stands before every page of a family: who guesses waits, a foreign form is refused, an old link says so."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from hub.errors import NotAllowedError
from hub.replies.codes import find_attempt
from hub.replies.links import LinkView, open_copy, open_link
from i18n.languages import LANGUAGES, SPOKEN, best
from i18n.tongues import Tongue, environment, tongue
from web.house import House, house_of
from web.pages import static
from web.security import same_origin

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


Find = Callable[[House, datetime], Awaitable[LinkView | None]]
Then = Callable[[Request, LinkView, Tongue], Awaitable[Response]]


def by_code(code: str) -> Find:
    """Open by the code of a link."""

    async def find(house: House, now: datetime) -> LinkView | None:
        return await open_link(house.database, house.keyring, code, now=now)

    return find


def by_token(token: str) -> Find:
    """Open by the token of a mail."""

    async def find(house: House, now: datetime) -> LinkView | None:
        found = await find_attempt(house.database, house.keyring, token)
        return None if found is None else await open_copy(house.database, house.keyring, found, now=now)

    return find


async def through(request: Request, find: Find, then: Then, *, posted: bool = False) -> Response:
    """Open the door: slowly for who guesses, never for another site's form, and kindly when the link is over."""
    house, client = house_of(request), request.client.host if request.client else ""
    guesses = guesses_of(request)
    speaks = tongue_for(request, None)
    if guesses.too_many(client):
        return printed("later", speaks, status=429)
    if posted:
        try:
            same_origin(request, house.settings)
        except NotAllowedError:
            return printed("again", speaks, status=403)
    view = await find(house, await now_of(house))
    if view is None:
        guesses.miss(client)
        return printed("over", speaks, status=404)
    return await then(request, view, tongue_for(request, view.served.language))


def printed(name: str, speaks: Tongue, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401 (Jinja's)
    """Print a family's page; `name` under templates/pages/family."""
    template = environment("pages", speaks.code, typeset=True).get_template(f"family/{name}.html")
    html = template.render(languages=[LANGUAGES[code] for code in SPOKEN], static=static, icon=_icon, **context)
    return HTMLResponse(html, status, headers={**HEADERS, "Content-Language": speaks.code})


def _icon(name: str) -> Markup:
    return Markup('<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        static("icons.svg"), name
    )


def tongue_for(request: Request, language: str | None) -> Tongue:
    """Speak as asked (?lang=), else as the copy did, else as the browser does."""
    asked = request.query_params.get("lang", "")
    if asked in SPOKEN:
        return tongue(asked, typeset=True)
    if language is None:
        accepted = (part.partition(";")[0] for part in request.headers.get("accept-language", "").split(",")[:10])
        language = next((best(tag).code for tag in accepted if tag.strip() and best(tag).has_words), "fr")
    return tongue(language, typeset=True)


async def now_of(house: House) -> datetime:
    """Read the registers' clock."""
    async with house.database.engine_reading() as connection:
        return await house.database.now(connection)


def guesses_of(request: Request) -> Guesses:
    """Give the count of links that did not open."""
    state = request.app.state
    guesses: Guesses | None = getattr(state, "guesses", None)
    if guesses is None:
        guesses = state.guesses = Guesses()
    return guesses
