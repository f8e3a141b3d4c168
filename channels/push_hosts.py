"""Where notifications may go: a browser names the address itself, so only known push services are ever asked."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from channels.push_sealing import is_key

SERVICES: Final = ("fcm.googleapis.com", "updates.push.services.mozilla.com")
"""The push services of Chromium's family and of Firefox."""
WITHIN: Final = (".push.apple.com", ".notify.windows.com")
"""The push services that have many hosts: Safari's, and Edge's on Windows."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})

_ENDPOINT: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
    r"/[A-Za-z0-9._~:/?@!$&'()*+,;=%-]{1,2000}"
)
"""Strict, so that no two programs read it differently: no user, no backslash, no fragment, no bracket."""
_KEY, _AUTH = re.compile(r"[A-Za-z0-9_-]{87}"), re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One browser that asked for notifications: where its push service takes them, and its keys (RFC 8291)."""

    endpoint: str
    p256dh: str
    auth: str

    @property
    def value(self) -> str:
        """The subscription as an address is kept."""
        return orjson.dumps(asdict(self)).decode()

    def __repr__(self) -> str:
        return "Subscription()"


def read_subscription(given: object) -> Subscription | None:
    """Read what a browser's `PushSubscription.toJSON()` gives, as JSON has been read; None when it is none."""
    if not isinstance(given, Mapping) or not isinstance(given.get("keys"), Mapping):
        return None
    keys = given["keys"]
    return _checked(given.get("endpoint"), keys.get("p256dh"), keys.get("auth"))


def read_value(value: str) -> Subscription | None:
    """Read an address as it is kept; None when it is none."""
    try:
        kept: dict[str, Any] = orjson.loads(value)
        return _checked(kept["endpoint"], kept["p256dh"], kept["auth"])
    except (ValueError, KeyError, TypeError):
        return None


def origin_of(endpoint: str, hosts: str = "") -> str | None:
    """Give scheme, host and port of a push service that may be asked; None for every other address.

    `hosts`: host:port of further services, with commas between (the settings' `push_hosts`). Those of this very
    machine may speak plain HTTP, all others must not.
    """
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None:
        return None
    scheme, host, port = found["scheme"], found["host"], found["port"]
    place = f"{host}:{port or (443 if scheme == 'https' else 80)}"
    if place in _named(hosts):
        allowed = scheme == "https" or host in LOOPBACK
    else:
        allowed = scheme == "https" and port in (None, "443") and (host in SERVICES or _is_within(host))
    if not allowed:
        return None
    return f"{scheme}://{host}" if port in (None, "443") else f"{scheme}://{host}:{port}"


def service_of(endpoint: str) -> str:
    """Name whose push service an endpoint is of: a browser may move to another host of it, never to another's."""
    host = endpoint.partition("://")[2].partition("/")[0]
    return next((service for service in WITHIN if host.endswith(service)), host)


def _is_within(host: str) -> bool:
    return any(host.endswith(service) and ".." not in host for service in WITHIN)


@lru_cache(maxsize=8)
def _named(hosts: str) -> frozenset[str]:
    return frozenset(part.strip() for part in hosts.split(",") if part.strip())


def _checked(endpoint: object, p256dh: object, auth: object) -> Subscription | None:
    if not (isinstance(endpoint, str) and isinstance(p256dh, str) and isinstance(auth, str)):
        return None
    key, secret = _plain(p256dh), _plain(auth)
    if not (_ENDPOINT.fullmatch(endpoint) and _KEY.fullmatch(key) and _AUTH.fullmatch(secret) and is_key(key)):
        return None
    return Subscription(endpoint, key, secret)


def _plain(text: str) -> str:
    """Write base64 in the one way that we keep: some browsers pad, some use the other alphabet."""
    return text.rstrip("=").replace("+", "-").replace("/", "_")
