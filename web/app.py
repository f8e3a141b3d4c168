"""The house on the web, put together: the porter, the rooms, and one clear sentence when something goes wrong."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import HubError, NotAllowedError, NotFoundError
from i18n.languages import SPOKEN
from web import (
    family,
    invitations,
    push,
    staff_absences,
    staff_alert,
    staff_begin,
    staff_board,
    staff_calls,
    staff_canned,
    staff_door,
    staff_families,
    staff_follow,
    staff_inbox,
    staff_invitations,
    staff_month,
    staff_roll,
    staff_said,
    staff_start,
    staff_theme,
    staff_thread,
    staff_tray,
    staff_write,
    webhooks,
)
from web.airmail import Airmail
from web.board import Boards
from web.family_visit import HOME, NotAtHomeError
from web.house import House
from web.pages import page, static_file
from web.security import OVER_HTTPS, TRUST, Porter, is_https
from web.staff_visit import SignedOutError, theme_of

log = structlog.get_logger(__name__)

BODY_MAX = 1_000_000
"""Bytes of a form or a callback."""

ROUTERS: tuple[APIRouter, ...] = (
    staff_door.router,
    staff_start.router,
    staff_write.router,
    staff_board.router,
    staff_calls.router,
    staff_inbox.router,
    staff_canned.router,
    staff_thread.router,
    staff_begin.router,
    staff_said.router,
    staff_tray.router,
    staff_roll.router,
    staff_absences.router,
    staff_month.router,
    staff_follow.router,
    staff_families.router,
    staff_alert.router,
    family.router,
    push.router,
    invitations.router,
    staff_invitations.router,
    staff_theme.router,
    webhooks.router,
)
"""Every room of the house; a new one is added here."""


def create_app(house: House) -> FastAPI:
    """Put the house together: one app for one installation."""
    app = FastAPI(
        title="Passerelle",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_opened,
        dependencies=[Depends(_a_number_of_ours)],
    )
    app.state.house = house
    app.state.boards = Boards()
    app.add_middleware(Airmail)
    app.add_middleware(GZipMiddleware, minimum_size=700, compresslevel=6)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_MAX)  # also what does not say its weight
    app.add_middleware(Scales)
    app.add_middleware(webhooks.Wicket)
    app.add_middleware(Porter, settings=house.settings)
    app.add_api_route("/static/{name:path}", static_file, methods=["GET"])
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(SignedOutError, _to_the_door)
    app.add_exception_handler(NotAtHomeError, _to_the_family_door)
    app.add_exception_handler(HubError, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _not_here)
    app.add_exception_handler(Exception, _broken)
    return app


class Scales:
    """Refuses what is announced as too heavy before it is unloaded, with a sentence and not Starlette's bare word."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at what the form says it weighs; what says nothing is weighed while it is read."""
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if announced.isdecimal() and int(announced) > BODY_MAX:
            await _sentence(Request(scope), 413, _SENTENCES[413])(scope, receive, send)
            return
        await self._app(scope, receive, send)


class WebServer(uvicorn.Server):
    """A server that lets the watchers of the boards go before it waits for open answers."""

    def __init__(self, config: uvicorn.Config, boards: Boards) -> None:
        super().__init__(config)
        self._boards = boards

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the boards first: a stream never ends by itself."""
        self._boards.close()
        await super().shutdown(sockets)


def web_server(app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> WebServer:
    """Make the server for an app of ours; `host` and `port` unless `serve` is given sockets.

    It writes no access log, for addresses of pages may hold codes. Who a visitor is comes from the line itself, or
    from a proxy that the settings name: the limit on guessed passwords counts by it.
    """
    house: House = app.state.house
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        forwarded_allow_ips=house.settings.forwarded_allow_ips,
        access_log=False,
        server_header=False,
        log_config=None,  # uvicorn's own would print the texts of errors; what the command line set up stays
        timeout_graceful_shutdown=2,
        lifespan="on",
    )
    return WebServer(config, app.state.boards)


@asynccontextmanager
async def _opened(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.boards.close()


async def _a_number_of_ours(request: Request) -> None:
    """Refuse an address whose number no register can hold. Raises NotFoundError."""
    if any(isinstance(part, int) and part >= 2**63 for part in request.path_params.values()):
        raise NotFoundError(_SENTENCES[404])


async def _to_the_door(request: Request, error: Exception) -> Response:
    """Nobody is signed in: a page leads to the door, a form keeps what was typed in the browser's history.

    A stream is told so and led nowhere: a board would take the door for a piece of itself.
    """
    signed_out = error if isinstance(error, SignedOutError) else SignedOutError()
    if signed_out.back and "text/event-stream" not in request.headers.get("accept", ""):
        return RedirectResponse(signed_out.door, 303)
    return _sentence(
        request,
        401,
        "Votre session est finie. Entrez dans un autre onglet, puis revenez ici : rien n’est perdu.",
    )


async def _to_the_family_door(request: Request, _error: Exception) -> Response:
    """Nobody has opened the family's page in this browser: its door, in the same language."""
    lang = request.query_params.get("lang", "")
    return RedirectResponse(f"{HOME}/entrer?lang={lang}" if lang in SPOKEN else f"{HOME}/entrer", 303)


async def _refused(request: Request, error: Exception) -> Response:
    status = 403 if isinstance(error, NotAllowedError) else 404 if isinstance(error, NotFoundError) else 422
    return _sentence(request, status, str(error))


async def _unreadable(request: Request, _error: Exception) -> Response:
    return _sentence(
        request, 422, "Cette demande n’a pas pu être lue : revenez en arrière et vérifiez ce qui est rempli."
    )


async def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _sentence(request, status, _SENTENCES.get(status, "Cette demande n’est pas possible ici."))


async def _broken(request: Request, error: Exception) -> Response:
    """Say that it is our fault and nothing else; the log has the kind of error and the room, no content."""
    route = request.scope.get("route")
    log.error("unexpected", error=type(error).__name__, room=getattr(route, "path", "?"))
    answer = _sentence(
        request, 500, "Quelque chose s’est cassé chez nous ; rien n’a été envoyé. Réessayez dans un instant."
    )
    house: House = request.app.state.house
    answer.headers.update(dict(TRUST) | (OVER_HTTPS if is_https(house.settings) else {}))
    return answer


_SENTENCES = {
    404: "Il n’y a rien à cette adresse.",
    405: "Cette page ne se demande pas de cette façon.",
    413: "C’est trop grand pour être envoyé d’un coup : rien n’est parti. Revenez en arrière et raccourcissez.",
}


def _sentence(request: Request, status: int, sentence: str) -> Response:
    return page("staff/sentence.html", status=status, theme=theme_of(request), sentence=sentence)
