"""Notifications by Web Push: hands a closed envelope to the push service of the family's own browser."""

import asyncio
import time
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from channels.push_hosts import Subscription, origin_of, read_value
from channels.push_sealing import CLEAR_MOST, seal, stamp
from channels.refusals import refuse
from hub.errors import (
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.ports import HOURS, LINK_CODE, ChannelName, Limits, Outgoing, Proof, Sent
from hub.settings import Settings

PUSH_LIMITS: Final = Limits(text_max=100_000, per_second=None, connections=64)
"""What is longer than one message carries is cut at a word: the page behind it has the whole."""

MOST_BUTTONS: Final = 2
"""Notifications show no more; with more answers than that they show none, and a tap opens the page."""

DOUBTS: Final = 3
"""Browsers, under one key and service, that must have been refused it before we believe that the key is bad.

A browser names its own subscription: one made under another key is refused for ever, and must not stop a school.
"""

TOPIC: Final = 32
"""Characters of a topic. Source: RFC 8030 section 5.4."""

KEEP_ALIVE: Final = 10.0
"""Seconds that an idle connection is kept: shorter than servers do, lest a message be written into a closing one."""

ID_MOST: Final = 255
A_DAY: Final = 86_400

_GONE: Final = frozenset({404, 410})
_OURS: Final = frozenset({401, 403})
_LATER: Final = frozenset({408, 429})


class WebPush:
    """The push channel, over one kept session to all push services."""

    name = ChannelName.PUSH
    proof = Proof.ACCEPTED

    def __init__(self, settings: Settings, *, limits: Limits = PUSH_LIMITS) -> None:
        self.limits = limits
        self._hosts = settings.push_hosts
        self._deadline = settings.send_deadline
        self._session: aiohttp.ClientSession | None = None
        self._known: set[tuple[str, str]] = set()
        self._doubted: dict[tuple[str, str], set[str]] = {}

    async def send(self, message: Outgoing) -> Sent:
        """Close the message for one browser and post it, once; its push service keeps it until the browser is there.

        A repeat bears the same topic and tag, so it shows once.
        """
        refuse(message, self.name, self.limits)
        subscription, origin = self._where(message.to)
        secret = message.account.secret
        if not secret:
            raise MisconfiguredError("The sender of notifications has no key")
        try:
            authorization = stamp(secret, subject=message.account.address, origin=origin, now=int(time.time()))
        except ValueError as error:
            raise MisconfiguredError("The key of the sender of notifications cannot be read") from error
        try:
            sealed = seal(payload(message), p256dh=subscription.p256dh, auth=subscription.auth)
        except ValueError as error:
            raise RejectedError("The browser's key is none", code="refused.bad-key") from error
        answer = await self._post(subscription.endpoint, sealed, _headers(message, authorization))
        return self._read(answer, message, (origin, secret), subscription.endpoint)

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:  # noqa: ARG002 (the port)
        """Answer None: no service can be asked, and the same topic and tag twice show once."""
        return None

    async def close(self) -> None:
        """Let go of the connections; a later message opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _where(self, to: str) -> tuple[Subscription, str]:
        """Read the address; nobody is asked whom the list of push services does not name."""
        subscription = read_value(to)
        origin = None if subscription is None else origin_of(subscription.endpoint, self._hosts)
        if subscription is None or origin is None:
            raise RejectedError("The address is of no push service that we know", code="refused.foreign-service")
        return subscription, origin

    async def _post(self, endpoint: str, sealed: bytes, headers: dict[str, str]) -> aiohttp.ClientResponse:
        try:
            async with self._open().post(
                URL(endpoint, encoded=True), data=sealed, headers=headers, allow_redirects=False
            ) as answer:
                return answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TemporaryError("The push service cannot be reached") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnknownOutcomeError("The push service did not answer") from error

    def _read(self, answer: aiohttp.ClientResponse, message: Outgoing, who: tuple[str, str], endpoint: str) -> Sent:
        """Read the answer. A service that took messages of this key before refuses the address, not the key."""
        if 200 <= answer.status < 300:
            self._known.add(who)
            self._doubted.pop(who, None)
            return Sent(_id(answer.headers.get("Location", "")) or topic(message), cost=0)
        code = str(answer.status)
        if answer.status in _OURS and who in self._known:
            raise DeadAddressError("The browser subscribed under another key", code=code)
        if answer.status in _OURS:
            doubted = self._doubted.setdefault(who, set())
            doubted.add(endpoint)
            if len(doubted) < DOUBTS:
                raise RejectedError("The push service refuses the key, or the browser has another", code=code)
        raise _ours(answer.status, answer.headers.get("Retry-After"), code)

    def _open(self) -> aiohttp.ClientSession:
        """Make the one session, within the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.limits.connections, keepalive_timeout=KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=self._deadline, connect=self._deadline / 2),
                loop=asyncio.get_running_loop(),
            )
        return self._session


def payload(message: Outgoing) -> bytes:
    """Write what the service worker is given, as JSON of at most CLEAR_MOST bytes; only the text is ever cut."""
    body = message.body
    shown: dict[str, Any] = {
        "title": body.subject or "",
        "body": "",
        "lang": body.language,
        "dir": body.direction,
        "tag": topic(message),
        "actions": [],
    }
    if body.link:
        shown["url"] = body.link.replace(LINK_CODE, message.link_code)
        buttons = [button for button in body.buttons if button.act != HOURS]
        if len(buttons) <= MOST_BUTTONS:
            shown["actions"] = [{"action": button.act, "title": button.label} for button in buttons]
    shown["body"] = _cut(message.text, CLEAR_MOST - len(orjson.dumps(shown)))
    return orjson.dumps(shown)


def topic(message: Outgoing) -> str:
    """Name the copy: the same for every try of it, and telling a push service nothing."""
    return urlsafe_b64encode(sha256(message.message_id.encode()).digest()).decode("ascii")[:TOPIC]


def _cut(text: str, room: int) -> str:
    """Shorten to `room` bytes of JSON, at the end of a word, with a sign that more follows."""
    if len(orjson.dumps(text)) - 2 <= room:
        return text
    room -= len("…".encode())
    taken = 0
    for place, sign in enumerate(text):
        taken += len(orjson.dumps(sign)) - 2
        if taken > room:
            whole = text[:place] if sign.isspace() else text[:place].rpartition(" ")[0]
            return f"{(whole or text[:place]).rstrip()}…"
    return text


def _headers(message: Outgoing, authorization: str) -> dict[str, str]:
    return {
        "Authorization": authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(A_DAY if message.valid_for is None else max(0, message.valid_for)),
        "Topic": topic(message),
        "Urgency": "high" if message.urgent else "normal",
    }


def _ours(status: int, retry_after: str | None, code: str) -> ChannelError:
    """Map a refusal: by RFC 8030 sections 5 and 8.4, and RFC 8292 section 4."""
    if status in _GONE:
        return DeadAddressError("The browser no longer asks for notifications", code=code)
    if status in _OURS:
        return MisconfiguredError("The push service refuses our key", code=code)
    if status in _LATER or status >= 500:
        wait = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
        return TemporaryError("The push service asks to wait", code=code, retry_after=wait)
    return RejectedError("The push service refuses the message", code=code)


def _id(location: str) -> str:
    """Give the service's own name of the message, if it is one that can be kept."""
    return location if location.isascii() and location.isprintable() and len(location) <= ID_MOST else ""
