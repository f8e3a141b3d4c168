"""The push service in the box, and the simulated browsers behind it: checks, keeps, delivers, and lets families press.

Source: RFC 8030.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Request, Response

from hub.ports import ChannelName
from sandbox.behaviour import Behaviour, Behaviours
from sandbox.courier import Courier
from sandbox.push_opening import CURVE, BrowserKeys, claims_of, complaint, open_sealed, written
from sandbox.record import Act, Arrived, Headers, Post, Record, Said, Status, now


@dataclass(frozen=True, slots=True)
class Browser:
    """A simulated browser that subscribed; `value` is what a hub keeps of it, and its address in the record."""

    endpoint: str
    application_key: str
    keys: BrowserKeys

    @property
    def value(self) -> str:
        """The subscription, as the address that messages bear."""
        given = {"endpoint": self.endpoint, "p256dh": written(self.keys.public), "auth": written(self.keys.auth)}
        return orjson.dumps(given).decode()

    @property
    def subscription(self) -> dict[str, object]:
        """The subscription, as a page reads it from `PushSubscription.toJSON()`."""
        given = orjson.loads(self.value)
        return {"endpoint": given.pop("endpoint"), "expirationTime": None, "keys": given}


class Browsers:
    """All simulated browsers. `place` gives the service's own address, once it is open."""

    def __init__(
        self,
        record: Record,
        behaviours: Behaviours,
        courier: Courier,
        on_arrival: Callable[[Arrived], None],
        place: Callable[[], str],
    ) -> None:
        self._record, self._behaviours, self._courier = record, behaviours, courier
        self._on_arrival, self._place = on_arrival, place
        self._browsers: dict[str, Browser | None] = {}

    def subscribe(self, application_key: str) -> Browser:
        """Let a new browser subscribe under a school's public key."""
        token = secrets.token_urlsafe(24)
        keys = BrowserKeys(ec.generate_private_key(CURVE), secrets.token_bytes(16))
        browser = Browser(f"{self._place()}/push/{token}", application_key, keys)
        self._browsers[token] = browser
        return browser

    def unsubscribe(self, browser: Browser) -> None:
        """Let a browser end its subscription: its endpoint is gone from then on."""
        self._browsers[browser.endpoint.rpartition("/")[2]] = None

    async def press(self, message: Arrived, act: str) -> Said:
        """Press a button of a notification, as the page's worker does when one taps it."""
        label = next((label for name, label in message.buttons if name == act), "")
        answer = await self._courier.ask(message.link or "", {"act": act}, headers={"Sec-Fetch-Site": "same-origin"})
        kind = Act.ACKNOWLEDGE if act == "acknowledge" else Act.REPLY
        said = Said(message.address, kind, label, 200 <= answer.status < 300, now(), message.provider_id)
        self._record.note(said)
        return said

    async def receive(self, token: str, request: Request) -> Response:
        """Take one message, or say why not."""
        body = await request.body()
        if token not in self._browsers:
            return Response(status_code=404)
        browser = self._browsers[token]
        if browser is None:
            return Response(status_code=410)
        refused = complaint(request.headers, body, origin=self._place(), key=browser.application_key)
        if refused is not None:
            self._note(browser, request, refused, body, None)
            return Response(status_code=refused)
        behaviour = self._behaviours.take(browser.value)
        taken = None
        if behaviour.answer is None or behaviour.takes_first:
            taken = self._take(browser, request, body, behaviour)
        status = 0 if behaviour.hang_up else behaviour.answer or 201
        self._note(browser, request, status, body, taken)
        if behaviour.latency:
            await self._courier.linger(behaviour.latency)
        if behaviour.hang_up:
            request.state.hang_up()
        return Response(status_code=status or 500, headers=_headers(taken, behaviour))

    def _take(self, browser: Browser, request: Request, body: bytes, behaviour: Behaviour) -> Arrived:
        """Keep a message and show it, unless the browser is off; a newer one of the same topic takes its place."""
        at, topic = now(), request.headers.get("topic", "")
        clear = open_sealed(body, browser.keys)
        shown = orjson.loads(clear) if clear else {}
        for waiting in self._record.taken(browser.value):
            if topic and waiting.status is Status.SENT and waiting.headers.message_id == topic:
                self._record.change(waiting.provider_id, Status.REPLACED)
        message = Arrived(
            address=browser.value,
            channel=ChannelName.PUSH,
            provider_id=f"{self._place()}/m/{secrets.token_hex(12)}",
            from_=str(claims_of(request.headers["authorization"]).get("sub", "")),
            text=str(shown.get("body", "")),
            at=at,
            status=_fate(clear, behaviour),
            subject=shown.get("title"),
            language=shown.get("lang"),
            headers=Headers(message_id=topic, every=dict(request.headers)),
            valid_until=at + timedelta(seconds=int(request.headers["ttl"])),
            link=shown.get("url"),
            buttons=tuple((one["action"], one["title"]) for one in shown.get("actions", ())),
        )
        self._record.add(message)
        if message.status is Status.DELIVERED:
            self._on_arrival(message)
        return message

    def _note(self, browser: Browser, request: Request, status: int, body: bytes, taken: Arrived | None) -> None:
        """Enter the knock, with what the browser's worker is given."""
        clear = open_sealed(body, browser.keys) if taken else None
        sid = taken.provider_id if taken else None
        from_ = str(claims_of(request.headers.get("authorization", "")).get("sub", ""))
        self._record.note(
            Post(ChannelName.PUSH, browser.value, from_, (clear or b"").decode(), status, None, sid, now())
        )


def router(service: Browsers) -> APIRouter:
    """The one route of a push service that a hub sees."""
    routes = APIRouter()

    @routes.post("/push/{token}")
    async def push(token: str, request: Request) -> Response:
        return await service.receive(token, request)

    return routes


def _fate(clear: bytes | None, behaviour: Behaviour) -> Status:
    """What cannot be opened is dropped by the browser, and nobody is told."""
    if clear is None:
        return Status.UNDELIVERED
    return Status.SENT if behaviour.off else Status.DELIVERED


def _headers(taken: Arrived | None, behaviour: Behaviour) -> dict[str, str]:
    headers = {} if taken is None else {"Location": taken.provider_id}
    wait = behaviour.retry_after or (1 if behaviour.answer == 429 else None)
    return headers if wait is None else {**headers, "Retry-After": str(wait)}
