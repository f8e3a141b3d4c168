"""Calls by Twilio: lets a telephone ring; what is said is asked of us only once somebody, or a machine, picks up.

Twilio tells apart who picks up (`MachineDetection`), posts it to this attempt's own address, and is answered with the
words for a person, for a machine, or for whom it cannot tell. So no child is named to an answering machine, and a call
needs a public address. Who hung up, was engaged or never picked up comes to the same address, when the call has ended.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from twilio.base.exceptions import TwilioException

from channels.refusals import refuse
from channels.twilio_accounts import ACCOUNTS, TwilioAccounts, read_sid, refusal
from hub.errors import (
    ChannelError,
    DeadAddressError,
    MisconfiguredError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.ports import ChannelName, Limits, Outgoing, Proof, Sent
from hub.settings import Settings

VOICE_LIMITS: Final = Limits(text_max=4000, per_second=1.0, connections=8)
"""Twilio begins one call a second for an account, unless it was asked for more; it reads 4,096 characters aloud."""

RINGS: Final = 25
"""Seconds that it rings: about five times, before most mailboxes answer."""
LASTS: Final = 180
"""Seconds after which a call ends whatever is said: its words twice, and time to find the key."""

VOICES: Final[Mapping[str, tuple[str, str]]] = {
    "fr": ("fr-FR", "Polly.Lea"),
    "en": ("en-GB", "Polly.Amy"),
    "es": ("es-ES", "Polly.Lucia"),
    "pt": ("pt-PT", "Polly.Ines"),
    "tr": ("tr-TR", "Polly.Filiz"),
    "ar": ("arb", "Polly.Zeina"),
}
"""Language and voice of <Say>. Source: Twilio's and Amazon Polly's tables of standard voices; none is Ukrainian."""

MACHINES: Final = ("machine", "fax")
"""How what is no person begins, in Twilio's `AnsweredBy`; « unknown » is neither.

Source: https://www.twilio.com/docs/voice/answering-machine-detection
"""

CODES: Final[dict[str, type[ChannelError]]] = {
    "21211": DeadAddressError,  # not a phone number
    "20003": MisconfiguredError,  # wrong login or secret
    "20404": MisconfiguredError,  # no such account
    "21205": MisconfiguredError,  # the address of our words is none
    "21210": MisconfiguredError,  # the number is not verified as ours
    "21212": MisconfiguredError,  # the number is none
    "21213": MisconfiguredError,  # no number
    "21215": MisconfiguredError,  # this country is not enabled
    "21219": MisconfiguredError,  # trial account
    "20429": TemporaryError,  # too many requests
    "10004": TemporaryError,  # too many calls at once
}
"""Twilio's error codes when a call is asked for. Source: Twilio's error dictionary. Other codes: rejected."""


class TwilioVoice:
    """The voice channel. That a call was taken proves nothing; that a person listened does, and is told later."""

    name = ChannelName.VOICE
    proof = Proof.HANDSET

    def __init__(self, settings: Settings, *, limits: Limits = VOICE_LIMITS) -> None:
        self.limits = limits
        self._public_url = settings.public_url
        self._accounts = TwilioAccounts(settings, limits)

    async def send(self, message: Outgoing) -> Sent:
        """Let the telephone ring; Twilio asks for the words at this attempt's own address.

        Raises UnknownOutcomeError when it may ring: asking again would let it ring twice.
        """
        refuse(message, self.name, self.limits)
        account = message.account
        if self._public_url is None:
            raise MisconfiguredError("A call needs a public address, where its words are asked for")
        at = f"{self._public_url}/webhooks/twilio/{account.key}/call/{message.token}"
        form = {
            "To": message.to,
            "From": account.address,
            "Url": f"{at}/answer",
            "Method": "POST",
            "StatusCallback": f"{at}/ended",
            "StatusCallbackMethod": "POST",
            "MachineDetection": "DetectMessageEnd",
            "Timeout": RINGS,
            "TimeLimit": LASTS,
        }
        try:
            answer = await self._accounts.client(account).request_async(
                "POST", f"{ACCOUNTS}/{account.login}/Calls.json", data=form
            )
        except TwilioException as error:
            raise refusal(error, CODES) from error
        try:
            return Sent(read_sid(orjson.loads(answer.text)["sid"]))
        except (ValueError, TypeError, KeyError) as error:
            raise UnknownOutcomeError("Twilio's answer cannot be read") from error

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:
        """Look for the call among those that Twilio lists for this phone: what was said in it, no list tells."""
        since = since.replace(microsecond=0) - timedelta(seconds=1)
        mine = message.account.address
        try:
            listed = await self._accounts.client(message.account).calls.list_async(
                to=message.to, start_time_after=since - timedelta(days=1), limit=1000
            )
            for one in listed:
                begun = one.date_created or one.start_time or datetime.max.replace(tzinfo=UTC)
                from_us = one._from == mine and one.direction != "inbound"  # noqa: SLF001 (twilio's only name for it)
                if from_us and begun >= since and one.sid not in known:
                    return Sent(read_sid(one.sid))
        except (TwilioException, ChannelError, ValueError, TypeError, AttributeError) as error:
            raise TemporaryError("Twilio cannot say", retry_after=getattr(error, "retry_after", None)) from error
        return None

    async def close(self) -> None:
        """Let go of connections."""
        await self._accounts.close()


def is_machine(answered_by: str) -> bool:
    """Say that surely no person picked up."""
    return answered_by.startswith(MACHINES)


def is_person(answered_by: str) -> bool:
    """Say that surely a person picked up."""
    return answered_by == "human"
