"""What all that goes by Twilio shares: a client for each account over one kept line, and how its refusals are read."""

from collections.abc import Mapping
from typing import Any, Final

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client, api  # noqa: F401  # twilio loads `api` at the first request otherwise: half a second

from channels.twilio_transport import TwilioTransport
from hub.errors import ChannelError, MisconfiguredError, RejectedError, TemporaryError, UnknownOutcomeError
from hub.ports import Account, Limits
from hub.settings import Settings

ACCOUNTS: Final = "https://api.twilio.com/2010-04-01/Accounts"
"""Where messages and calls are made, by the client's own request: its instances would read three dates each time."""

SID_MOST: Final = 255
"""Letters of the name of a message or a call; Twilio's are 34."""

STATUSES: Final[Mapping[int, type[ChannelError]]] = {
    401: MisconfiguredError,
    403: MisconfiguredError,
    404: MisconfiguredError,
    408: UnknownOutcomeError,
    429: TemporaryError,
}
"""HTTP answers that settle it without a code that we know; 3xx is a wrong base address, 5xx an unknown outcome."""


class TwilioAccounts:
    """One client for each account, all over one kept session."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._transport = TwilioTransport(
            settings.twilio_url, deadline=settings.send_deadline, connections=limits.connections
        )
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, account: Account) -> Any:  # noqa: ANN401  # twilio ships no types
        """Give an account's client. Raises MisconfiguredError."""
        key = (account.login, account.secret)
        client = self._clients.get(key)
        if client is None:
            if not account.login or not account.secret:
                raise MisconfiguredError("A sender by Twilio has no login or secret")
            client = self._clients[key] = _Client(account.login, account.secret, http_client=self._transport)
        return client

    async def close(self) -> None:
        """Let go of connections."""
        await self._transport.close()


class _Client(Client):  # type: ignore[misc]  # twilio ships no types
    """Twilio's client without its headers, which it writes anew for each request: ours are made once per account."""

    def get_headers(self, method: str, headers: dict[str, str] | None) -> dict[str, str]:  # noqa: ARG002  # twilio's signature
        return headers or {}


def refusal(error: TwilioException, codes: Mapping[str, type[ChannelError]]) -> ChannelError:
    """Map a refusal: 5xx and what is no refusal at all are unknown; then by code; then by HTTP status."""
    if not isinstance(error, TwilioRestException):
        return UnknownOutcomeError("Twilio's answer cannot be read")
    code = str(error.code)
    if error.status >= 500:
        return UnknownOutcomeError("Twilio failed while it was asked", code=code)
    kind = codes.get(code) or STATUSES.get(error.status)
    if kind is None:
        kind = MisconfiguredError if error.status < 400 else RejectedError
    if kind is TemporaryError:
        return TemporaryError("Twilio asks to wait", code=code, retry_after=getattr(error, "retry_after", None))
    return kind("Twilio refuses", code=code)


def read_sid(sid: object) -> str:
    """Read the name of a message or a call. Raises ValueError."""
    if not (isinstance(sid, str) and sid.isascii() and sid.isprintable() and 0 < len(sid) <= SID_MOST):
        raise ValueError("an answer that names nothing")
    return sid
