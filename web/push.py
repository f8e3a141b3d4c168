"""Where a family switches notifications on and off: the page, the worker behind it, and what its browser tells us."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from channels.push_hosts import Subscription, origin_of, read_subscription, service_of
from hub.errors import InvalidError, NotFoundError
from hub.models.people import Medium
from hub.outbox.stopping import stop_writing
from hub.people.joining import find_invitation
from hub.people.push_lines import PushLine, Subscribed, find_subscribed, move_subscribed, push_line, push_senders
from hub.replies.codes import find_code
from hub.replies.joining import join
from hub.replies.links import LinkView
from hub.replies.served import Served
from i18n.tongues import Tongue
from web.family_door import HEADERS, by_code, guesses_of, now_of, printed, through, tongue_for
from web.house import House, house_of
from web.invitations import invite_chosen
from web.pages import STATIC, static
from web.security import same_origin

router = APIRouter()

BODY_MOST: Final = 16 * 1024
"""Bytes of what a browser posts here; a subscription has about five hundred."""
ARRIVAL: Final = "/arrivee"
"""What opens from the icon of the installed page; families who follow several schools have one icon."""
PAPER: Final = "#f9eeed"
"""The colour of the ground, as in tokens.css."""


async def push_offered(house: House, served: Served) -> PushLine | None:
    """Give what this school's notifications leave from; None where they cannot be offered to who opened this link."""
    if house.settings.public_url is None or not served.is_open:
        return None
    async with house.database.reading(served.school_id) as session:
        return await push_line(session, served.school_id)


@router.get("/l/{code}/notifications")
async def show(request: Request, code: str) -> Response:
    """Show where notifications are switched on; nothing is changed. For whoever holds the link of a notice."""
    return await through(request, by_code(code), _page)


@router.post("/l/{code}/notifications")
async def ask(request: Request, code: str) -> Response:
    """Make an invitation for one adult whom the link serves. For whoever holds it, from our own page."""
    return await through(request, by_code(code), _invited, posted=True)


@router.post("/push/subscriptions", status_code=204)
async def subscribe(request: Request) -> Response:
    """Write to this browser from now on. For whoever holds an invitation that is good, once."""
    house, given = house_of(request), await _posted(request)
    subscription = _subscription(house, given.get("subscription"))
    client = request.client.host if request.client else ""
    guesses, code = guesses_of(request), given.get("invitation")
    if guesses.too_many(client):
        return Response(status_code=429)
    found = None
    if isinstance(code, str) and len(code) <= 64:
        found = await find_invitation(house.database, house.keyring, code, now=await now_of(house))
    if found is None or found.medium is not Medium.PUSH:
        guesses.miss(client)
        raise NotFoundError("Cette invitation a déjà servi ou n'est plus valable.")
    async with house.database.school(found.school_id) as session:
        now = await house.database.now(await session.connection())
        await join(
            session, house.keyring, found, value=subscription.value, name=subscription.endpoint, language=None, now=now
        )
    return Response(status_code=204)


@router.post("/push/changed", status_code=204)
async def changed(request: Request) -> Response:
    """Write to a browser at its new place. For the worker that knows the old subscription, secret included."""
    house, given = house_of(request), await _posted(request)
    old, fresh = _old(given), _subscription(house, given.get("new"))
    if service_of(old.endpoint) != service_of(fresh.endpoint):
        raise InvalidError("Un navigateur garde son service de notifications.", field="new")
    for known in await _known(request, old):
        async with house.database.school(known.school_id) as session:
            now = await house.database.now(await session.connection())
            await move_subscribed(session, house.keyring, known, value=fresh.value, name=fresh.endpoint, now=now)
    return Response(status_code=204)


@router.post("/push/stopped", status_code=204)
async def stopped(request: Request) -> Response:
    """Write no more to this browser. For whoever has its subscription, which is the browser itself."""
    house, given = house_of(request), await _posted(request)
    for known in await _known(request, _old(given)):
        async with house.database.school(known.school_id) as session:
            connection = await session.connection()
            now = await house.database.now(connection)
            for sender_id in await push_senders(session, known.school_id):
                await stop_writing(
                    connection,
                    school_id=known.school_id,
                    address_id=known.address_id,
                    sender_id=sender_id,
                    now=now,
                )
    return Response(status_code=204)


@router.get("/sw.js")
async def worker() -> Response:
    """Give the worker that shows notifications, always as it is today. For everybody: it holds nothing."""
    return Response(_worker(), media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/manifest.webmanifest")
@router.get("/l/{code}/manifest.webmanifest")
async def manifest(code: str = "") -> Response:
    """Say how the page installs itself, as an iPhone wants before it notifies. For everybody: it opens nothing."""
    said = {
        "id": ARRIVAL,
        "name": "Passerelle",
        "short_name": "Passerelle",
        "start_url": f"{ARRIVAL}/{code}" if code.isascii() and code.isalnum() else ARRIVAL,
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [
            {"src": static("mark.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": static("icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": static("icon-512.png"), "sizes": "512x512", "type": "image/png"},
            {"src": static("icon-maskable.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
    }
    return Response(orjson.dumps(said), media_type="application/manifest+json")


@router.get(ARRIVAL)
@router.get(f"{ARRIVAL}/{{code}}")
async def arrival(request: Request, code: str = "") -> Response:
    """Say that messages arrive as notifications, and where to switch them on while the link is good. For everybody."""
    house, guesses = house_of(request), guesses_of(request)
    client = request.client.host if request.client else ""
    found = None
    if code and not guesses.too_many(client):
        found = await find_code(house.database, house.keyring, code, now=await now_of(house))
        if found is None:
            guesses.miss(client)
    return printed("arrival", tongue_for(request, None), code=code if found else "")


async def _page(request: Request, view: LinkView, speaks: Tongue) -> Response:
    line = await push_offered(house_of(request), view.served)
    if line is None:
        return printed("withdrawn", speaks, status=410, view=view)
    code = request.path_params["code"]
    return printed("notifications", speaks, view=view, line=line, code=code)


async def _invited(request: Request, view: LinkView, speaks: Tongue) -> Response:
    if await push_offered(house_of(request), view.served) is None:
        return printed("withdrawn", speaks, status=410, view=view)
    invitation = await invite_chosen(request, view.served, Medium.PUSH)
    if invitation is None:
        return printed("again", speaks, status=400)
    return JSONResponse({"invitation": invitation}, 201, headers=dict(HEADERS))


async def _posted(request: Request) -> Mapping[str, Any]:
    """Read what our own page or worker posts. Raises NotAllowedError for another site's, InvalidError."""
    same_origin(request, house_of(request).settings, must_say=True)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MOST:
            break
    try:
        given = orjson.loads(body) if len(body) <= BODY_MOST else None
    except ValueError:
        given = None
    if not isinstance(given, Mapping):
        raise InvalidError("Ce que ce navigateur envoie ne se lit pas.")
    return given


def _subscription(house: House, given: object) -> Subscription:
    """Read a subscription that we may write to. Raises InvalidError."""
    subscription = read_subscription(given)
    if subscription is None or origin_of(subscription.endpoint, house.settings.push_hosts) is None:
        raise InvalidError("Ce navigateur donne une adresse de notifications que nous ne connaissons pas.")
    return subscription


def _old(given: Mapping[str, Any]) -> Subscription:
    subscription = read_subscription(given.get("old"))
    if subscription is None:
        raise InvalidError("Ce que ce navigateur envoie ne se lit pas.", field="old")
    return subscription


async def _known(request: Request, old: Subscription) -> tuple[Subscribed, ...]:
    """Find the browser in every school that writes to it. Raises NotFoundError, alike for all that is not so."""
    house, guesses = house_of(request), guesses_of(request)
    client = request.client.host if request.client else ""
    known: tuple[Subscribed, ...] = ()
    if not guesses.too_many(client):
        known = await find_subscribed(house.database, house.keyring, endpoint=old.endpoint, auth=old.auth)
    if not known:
        guesses.miss(client)
        raise NotFoundError("Ce navigateur ne recevait pas de notifications.")
    return known


@lru_cache(maxsize=1)
def _worker() -> bytes:
    return (STATIC / "sw.js").read_bytes()
