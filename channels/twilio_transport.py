"""The line to Twilio: one kept, fast HTTP session under Twilio's own client, which never posts twice by itself."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache, partial
from logging import getLogger

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from twilio.base.exceptions import TwilioRestException
from twilio.base.version import Version
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from yarl import URL

from hub.errors import TemporaryError, UnknownOutcomeError

KEEP_ALIVE = 10.0
"""Seconds that an idle connection is kept: shorter than servers do, lest a message be written into a closing one."""


class TwilioRefusalError(TwilioRestException):  # type: ignore[misc]  # twilio ships no types
    """Twilio said no; with what its own exception drops: after how many seconds it may be asked again."""

    def __init__(self, refusal: TwilioRestException, retry_after: float | None) -> None:
        # Twilio's sentence repeats the phone number: it goes no further.
        super().__init__(refusal.status, "", "refused", refusal.code, method=refusal.method)
        self.retry_after = retry_after


class TwilioTransport(AsyncHttpClient):  # type: ignore[misc]  # twilio ships no types
    """The `http_client` of a `twilio.rest.Client`; several clients may share one.

    Cures four faults of the client that twilio 9.13 ships: it ignores `timeout`, can post again after a 5xx (a
    second SMS), loses Retry-After, and keeps the answer on itself across an await (without pooling, another
    message's answer came back). Here every call keeps its answer to itself, and nothing is logged: twilio's own
    log shows phone numbers.

    `base_url` stands in for every Twilio host. `deadline` in seconds, for one request; half of it for finding a
    free connection. Raises TwilioRefusalError on any answer of 300 and up, TemporaryError when nothing can have left,
    UnknownOutcomeError when the request may have been read but no answer came.
    """

    def __init__(self, base_url: str, *, deadline: float, connections: int) -> None:
        super().__init__(getLogger(__name__), is_async=True)
        self._deadline = deadline
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._headers: dict[tuple[str, str] | None, CIMultiDict[str]] = {}
        self._address = lru_cache(maxsize=1024)(partial(_rebased, base_url))

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | bytes | None = None,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002  # ours are made once per account
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # twilio's signature
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002  # twilio's signature; we never follow
    ) -> Response:
        """Ask once; `data` may be a form that is encoded already. See the class for what is raised."""
        address = self._address(uri)
        try:
            async with self._open().request(
                method,
                address.update_query(_texts(params)) if params else address,
                data=data if isinstance(data, bytes) else _form(data) if data else None,
                headers=self._headers.get(auth) or self._new_headers(auth),
                allow_redirects=False,
                timeout=self._timeout if timeout is None else _limits(timeout),
            ) as answer:
                text = (await answer.read()).decode(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TemporaryError("Twilio cannot be reached") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnknownOutcomeError("Twilio did not answer") from error
        taken = Response(answer.status, text, answer.headers)
        if answer.status >= 300:
            raise _refusal(method, uri, taken, answer.headers)
        return taken

    async def close(self) -> None:
        """Let go of the connections; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Make the one session, within the running loop."""
        if self._session is None:
            self._timeout = _limits(self._deadline)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
                auto_decompress=False,
                loop=asyncio.get_running_loop(),
            )
        return self._session

    def _new_headers(self, auth: tuple[str, str] | None) -> CIMultiDict[str]:
        made = CIMultiDict(
            {
                "User-Agent": "passerelle",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        )
        if auth is not None:
            made["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        self._headers[auth] = made
        return made


def _rebased(base_url: str, uri: str) -> URL:
    """Put our base in place of any Twilio host: `https://api.twilio.com/2010-04-01/…` keeps what follows the host."""
    return URL(base_url + uri[uri.index("/", len("https://")) :], encoded=True)


def _form(fields: Mapping[str, object]) -> bytes:
    """Encode a form; yarl does it in C, five times as fast as urllib."""
    return URL.build(query=_texts(fields)).raw_query_string.encode()


def _texts(fields: Mapping[str, object]) -> dict[str, str | list[str]]:
    return {
        name: value if type(value) is str else [str(one) for one in value] if isinstance(value, list) else str(value)
        for name, value in fields.items()
    }


def _limits(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, connect=seconds / 2)


def _refusal(method: str, uri: str, answer: Response, headers: CIMultiDictProxy[str]) -> TwilioRefusalError:
    refusal = Version.exception(method, uri, answer, "Refused")
    return TwilioRefusalError(refusal, _seconds(headers.get("Retry-After")))


def _seconds(retry_after: str | None) -> float | None:
    """Read Retry-After in its form of seconds; a date says nothing that our own backing off does not."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
