"""The house on the web, put together: the porter, the rooms, and one clear sentence when something goes wrong."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import NotFoundError
from hub.papers.kinds import PACKED
from web import uploads, webhooks
from web.airmail import Airmail
from web.board import Boards
from web.doors import ROUTERS
from web.house import House
from web.pages import static_file
from web.refusals import REFUSALS, SENTENCES, one_sentence
from web.security import Porter

log = structlog.get_logger(__name__)

BODY_MAX = 1_000_000
"""Bytes of a form or a callback."""


def create_app(house: House) -> FastAPI:
    """Put the house together: one app for one installation."""
    app = FastAPI(
        title="Passerelle",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_opened,
    )
    app.state.house = house
    app.state.boards = Boards()
    app.add_middleware(Airmail)
    packed = (*DEFAULT_EXCLUDED_CONTENT_TYPES, *PACKED)
    app.add_middleware(GZipMiddleware, minimum_size=700, compresslevel=6, exclude_content_types=packed)
    app.add_middleware(Scales)
    app.add_middleware(webhooks.Wicket)
    app.add_middleware(Porter, settings=house.settings)
    app.router.routes.extend(_all_doors().routes)
    for fault, answer in REFUSALS.items():
        app.add_exception_handler(fault, answer)
    return app


@cache
def _all_doors() -> APIRouter:
    """Gather every door, once for all houses of a process.

    FastAPI reads the signatures behind all doors when one is first knocked at, which takes a third of a second.
    """
    doors = APIRouter(dependencies=[Depends(_a_number_of_ours), Depends(uploads.closed_after)])
    doors.add_api_route("/static/{name:path}", static_file, methods=["GET"])
    for router in ROUTERS:
        doors.include_router(router)
    return doors


class Scales:
    """Refuses what is announced as too heavy before it is unloaded, with a sentence and not Starlette's bare word.

    A form with files may weigh more. A browser that sends it reads no answer before it has sent all, so that one is
    let unload, onto the floor.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._letters = RequestBodyLimitMiddleware(app, max_body_size=BODY_MAX)  # also what does not say its weight
        self._parcels = RequestBodyLimitMiddleware(app, max_body_size=uploads.BODY_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at what the form says it weighs; what says nothing is weighed while it is read."""
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        parcel = scope["type"] == "http" and uploads.takes_files(scope["method"], scope["path"])
        most, said = (uploads.BODY_MAX, uploads.TOO_HEAVY) if parcel else (BODY_MAX, SENTENCES[413])
        if announced.isdecimal() and int(announced) > most:
            if parcel:
                await uploads.let_fall(receive)
            await one_sentence(Request(scope), 413, said)(scope, receive, send)
            return
        await (self._parcels if parcel else self._letters)(scope, receive, send)


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
        raise NotFoundError(SENTENCES[404])
