"""SMS by Twilio: hands a short text to the phone network and reads what the network says about it afterwards."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode

import orjson
from twilio.base.exceptions import TwilioException

from channels.refusals import refuse
from channels.sms_list import Listed, Rang, filters, read_call, read_cost, read_listed
from channels.twilio_accounts import ACCOUNTS, TwilioAccounts, read_sid, refusal
from hub.errors import (
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    RejectedError,
    StoppedError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.ports import LINK_CODE, Account, ChannelName, Limits, Outgoing, Proof, Sent
from hub.settings import Settings

One = TypeVar("One", Listed, Rang)

SMS_LIMITS: Final = Limits(text_max=1600, per_second=10.0, connections=64)
"""Twilio refuses a body over 1,600 characters (21617) and passes on 10 segments a second of one sender name."""

VALIDITY_MAX: Final = 36_000
"""Longest that Twilio keeps a message for a phone that is off, in seconds."""

CODES: Final[dict[str, type[ChannelError]]] = {
    # this phone will never take it
    "21211": DeadAddressError,  # not a phone number
    "21614": DeadAddressError,  # not a mobile
    "21635": DeadAddressError,  # a landline
    "30004": DeadAddressError,  # blocked
    "30005": DeadAddressError,  # no such handset
    "30006": DeadAddressError,  # a landline, or a network that cannot be reached
    "21610": StoppedError,  # this family wrote STOP to this sender
    # our account is at fault: nobody gets anything until it is mended
    "20003": MisconfiguredError,  # wrong login or secret
    "20404": MisconfiguredError,  # no such account
    "21212": MisconfiguredError,  # the sender is not a number or name
    "21408": MisconfiguredError,  # this country is not enabled
    "21603": MisconfiguredError,  # no sender
    "21606": MisconfiguredError,  # this number cannot send SMS
    "21608": MisconfiguredError,  # trial account
    "21609": MisconfiguredError,  # the callback address is not an address
    "21612": MisconfiguredError,  # this sender cannot reach this network
    "21659": MisconfiguredError,  # the sender is not ours
    "21660": MisconfiguredError,  # the sender belongs to another account
    "21703": MisconfiguredError,  # a messaging service without senders
    "30002": MisconfiguredError,  # account suspended
    "30007": MisconfiguredError,  # filtered by the network: asking again makes it worse
    # never processed, or worth one later try
    "20429": TemporaryError,  # too many requests
    "21611": TemporaryError,  # the sender's queue is full
    "30001": TemporaryError,  # the same, said later
    "30003": TemporaryError,  # handset off
    "30008": TemporaryError,  # unknown
}
"""Twilio's error codes, at sending and in callbacks. Source: Twilio's error dictionary. Other codes: rejected."""


class Heard(StrEnum):
    """How far a message got, in rising rank; the hub never goes back."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"


HEARD: Final[dict[str, Heard]] = {
    "delivered": Heard.DELIVERED,
    "read": Heard.DELIVERED,
    "undelivered": Heard.FAILED,
    "failed": Heard.FAILED,
    "canceled": Heard.FAILED,
}
"""Twilio's message statuses that end a message; all others (queued, sending, sent, and new ones) are on the way."""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a status says; `error` is the class of failure when it failed, `code` Twilio's own."""

    heard: Heard
    error: type[ChannelError] | None = None
    code: str | None = None


def outcome_of_status(status: str, error_code: str | None) -> StatusReport:
    """Read Twilio's MessageStatus and ErrorCode, from a callback or the message list; never fails on new ones."""
    heard = HEARD.get(status.lower(), Heard.ACCEPTED)
    if heard is not Heard.FAILED:
        return StatusReport(heard)
    code = error_code or None
    kind = CODES.get(code, RejectedError) if code else TemporaryError
    return StatusReport(heard, kind, code)


def read_status(form: Mapping[str, Any]) -> StatusReport:
    """Read the fields of a status callback; its signature is the door's business."""
    return outcome_of_status(str(form.get("MessageStatus", "")), str(form.get("ErrorCode") or ""))


class TwilioSms:
    """The SMS channel. One client for each account, all over one kept session."""

    name = ChannelName.SMS
    proof = Proof.HANDSET

    def __init__(self, settings: Settings, *, limits: Limits = SMS_LIMITS) -> None:
        self.limits = limits
        self._public_url = settings.public_url
        self._accounts = TwilioAccounts(settings, limits)

    async def send(self, message: Outgoing) -> Sent:
        """Hand the text to Twilio; its receipts will come to this attempt's own callback address.

        Raises UnknownOutcomeError when Twilio may have it: it knows no idempotency key, asking again sends again.
        """
        refuse(message, self.name, self.limits)
        account = message.account
        client = self._accounts.client(account)
        try:
            answer = await client.request_async(
                "POST", f"{ACCOUNTS}/{account.login}/Messages.json", data=self._form(message)
            )
        except TwilioException as error:
            raise refusal(error, CODES) from error
        try:
            taken = orjson.loads(answer.text)
            return _sent(taken["sid"], taken["num_segments"], taken["price"])
        except (ValueError, TypeError, KeyError) as error:
            raise UnknownOutcomeError("Twilio's answer cannot be read") from error

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:
        """Look for the text among what Twilio lists for this phone.

        Filtered here and not by Twilio's DateSent, which a message that still waits in its queue does not have yet.
        Twilio dates to the second.
        """
        since = since.replace(microsecond=0) - timedelta(seconds=1)
        try:
            listed = await self._accounts.client(message.account).messages.list_async(to=message.to, limit=1000)
        except (TwilioException, ChannelError, ValueError, TypeError, AttributeError) as error:
            raise TemporaryError("Twilio cannot say", retry_after=getattr(error, "retry_after", None)) from error
        for one in listed:
            is_new = (one.date_created or one.date_sent or datetime.max.replace(tzinfo=UTC)) >= since
            if is_new and one.sid not in known and _plain(one.body or "") == _plain(message.text):
                return _sent(one.sid, one.num_segments, one.price)
        return None

    async def listed(
        self, account: Account, *, inbound: bool, after: datetime, before: datetime, most: int | None
    ) -> tuple[Listed, ...]:
        """List what was sent between two moments (both included), the newest first, at most `most` (None: all).

        `inbound`: what families sent to this sender; else what left from it. Raises a child of ChannelError.
        """
        asked = filters(account.address, inbound=inbound)
        messages = self._accounts.client(account).messages
        found = messages.list_async(**asked, date_sent_after=after, date_sent_before=before, limit=most)
        return await _read(found, read_listed)

    async def calls(self, account: Account, *, after: datetime) -> tuple[Rang, ...]:
        """List who rang this sender's number from a day on, at least; the newest first. Raises as `listed` does.

        Source: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources (days, in UTC).
        """
        found = self._accounts.client(account).calls.list_async(to=account.address, start_time_after=after)
        return await _read(found, read_call)

    async def say(self, account: Account, *, to: str, words: str) -> None:
        """Say one short word of thanks, outside the ladder: no receipt is wanted, and it is never said again.

        Raises a child of ChannelError.
        """
        place = "MessagingServiceSid" if account.address.startswith("MG") else "From"
        form = urlencode({"To": to, place: account.address, "Body": words}).encode("ascii")
        try:
            await self._accounts.client(account).request_async(
                "POST", f"{ACCOUNTS}/{account.login}/Messages.json", data=form
            )
        except TwilioException as error:
            raise refusal(error, CODES) from error

    async def close(self) -> None:
        """Let go of connections."""
        await self._accounts.close()

    def _form(self, message: Outgoing) -> bytes:
        """Write the form; `refuse` has seen that number, code and token are made of plain letters and digits."""
        account = message.account
        form = (
            f"To=%2B{message.to[1:]}"
            f"&{'MessagingServiceSid' if account.address.startswith('MG') else 'From'}={_encoded(account.address)}"
            f"&Body={_encoded(message.body.text).replace(LINK_CODE, message.link_code)}"
        )
        if self._public_url is not None:
            callback = _encoded(f"{self._public_url}/webhooks/twilio/{account.key}/status/")
            form += f"&StatusCallback={callback}{message.token}"
        if message.valid_for is not None:
            form += f"&ValidityPeriod={max(1, min(message.valid_for, VALIDITY_MAX))}"
        return form.encode("ascii")


async def _read(found: Awaitable[Any], read: Callable[[Any], One]) -> tuple[One, ...]:
    """Read a list of Twilio's. Raises a child of ChannelError."""
    try:
        return tuple(read(one) for one in await found)
    except TwilioException as error:
        raise refusal(error, CODES) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise TemporaryError("Twilio's list cannot be read") from error


@lru_cache(maxsize=1024)
def _encoded(text: str) -> str:
    """Encode what many messages share; a link code's place stays as it is, being letters and underscores."""
    return quote_plus(text)


def _sent(sid: object, num_segments: object, price: object) -> Sent:
    """Read what Twilio says of a message; a messaging service counts 0 segments until it has chosen a sender."""
    segments = str(num_segments or "")
    return Sent(
        read_sid(sid),
        segments=int(segments) or 1 if len(segments) < 4 and segments.isdecimal() else 1,
        cost=read_cost(price),
    )


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
