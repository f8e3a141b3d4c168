"""The porter: what every answer says to the browser about trust, which Host we answer to, and forms of our own only."""

import hmac
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import Field
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import NotAllowedError
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.slots import N_
from web import health

RowId = Annotated[int, Field(ge=1, lt=2**63)]
"""The number of a row, as a form names it: no register holds a greater one."""
TRUST: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""A page may load what comes from us and nothing else; what it shows of families is kept in no cache.

A route that needs another word sets its own header, which is left as it is.
"""
OVER_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
FORM_WORD = "csrf"


class Porter:
    """Stands before all rooms (plain ASGI, so that streams pass through as they are)."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        words = dict(TRUST) | (OVER_HTTPS if is_https(settings) else {})
        self._words = [(name.lower().encode("latin-1"), word.encode("latin-1")) for name, word in words.items()]
        self._hosts = _own_hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a foreign Host, else let pass and sign the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                message["headers"] += [word for word in self._words if word[0] not in said]
            await send(message)

        if self._hosts and _host(scope) not in self._hosts and scope["path"] not in health.PATHS:
            refusal = PlainTextResponse("Cette adresse n’est pas celle de ce service.", status_code=400)
            await refusal(scope, receive, signed)
            return
        await self._app(scope, receive, signed)


def _host(scope: Scope) -> str:
    return next((word.decode("latin-1").lower() for name, word in scope["headers"] if name == b"host"), "")


def is_https(settings: Settings) -> bool:
    """Whether families and staff reach us over HTTPS."""
    return (settings.public_url or "").startswith("https://")


def form_token(keyring: Keyring, session_token: str) -> str:
    """Give the word that every form of this session carries (32 signs): a page elsewhere cannot know it."""
    return keyring.code_hash(f"form:{session_token}").hex()


async def own_form(request: Request, keyring: Keyring, session_token: str, settings: Settings) -> None:
    """Refuse a POST that did not come from a form of this session. Raises NotAllowedError.

    Source: OWASP, Cross-Site Request Forgery Prevention (synchronizer token, fetch metadata, origin).
    """
    same_origin(request, settings)
    given = (await request.form()).get(FORM_WORD)
    if not isinstance(given, str) or not hmac.compare_digest(
        given.encode(), form_token(keyring, session_token).encode()
    ):
        raise NotAllowedError(_FOREIGN)


def same_origin(request: Request, settings: Settings, *, must_say: bool = False) -> None:
    """Refuse what a browser says came from another site. Raises NotAllowedError.

    A browser that says nothing (no Sec-Fetch-Site over plain HTTP, Origin "null") passes unless `must_say`:
    then only the form's own word tells, so a form without one must say where it comes from.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        allowed = site == "same-origin"
    elif origin is not None and origin != "null":
        allowed = origin.lower() in _own_origins(request, settings)
    else:
        allowed = not must_say
    if not allowed:
        raise NotAllowedError(_FOREIGN)


_FOREIGN = N_("Ce formulaire ne vient pas de cette page : ouvrez-la de nouveau et recommencez.")


def _own_origins(connection: HTTPConnection, settings: Settings) -> set[str]:
    here = f"{connection.url.scheme}://{connection.url.netloc}".lower()
    if settings.public_url is None:
        return {here}
    parts = urlsplit(settings.public_url.lower())
    return {here, f"{parts.scheme}://{parts.netloc}"}


def _own_hosts(settings: Settings) -> frozenset[str]:
    """Without a public address everything goes (a school's PC); with one, only it and where we listen."""
    if settings.public_url is None:
        return frozenset()
    return frozenset({urlsplit(settings.public_url).netloc.lower(), settings.listen.lower()})
