"""Telephones that ring in the box: somebody picks up, or a machine, or nobody; what is said is heard and keys pressed.

The verbs are those that the hub speaks: Say, Gather, Hangup. Source: https://www.twilio.com/docs/voice/twiml
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, fromstring

from hub.ports import ChannelName
from sandbox.behaviour import Behaviour, plain_address
from sandbox.config import SandboxConfig
from sandbox.courier import Courier, Page
from sandbox.phones import API_VERSION
from sandbox.record import Arrived, Called, Record, now

STEPS: Final = 20
"""Turns of a call, at most."""


class PicksUp(StrEnum):
    """Who picks up, as Twilio takes it; or why nobody does."""

    PERSON = "human"
    MACHINE = "machine_end_beep"
    UNSURE = "unknown"
    """A person whom Twilio takes for neither."""
    BUSY = "busy"
    NOBODY = "no-answer"


@dataclass(frozen=True, slots=True)
class Answering:
    """How a telephone is answered: by whom, and the keys pressed, one each time that one is asked for.

    `stays`: else one hangs up in the middle of the first words.
    """

    by: PicksUp = PicksUp.PERSON
    keys: str = ""
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """What the hub posted."""

    account: str
    to: str
    from_: str
    url: str
    callback: str | None = None


LISTENS: Final = Answering()


class Calls:
    """All simulated telephones that ring; who is not told otherwise picks up, listens and presses nothing."""

    def __init__(self, config: SandboxConfig, record: Record, courier: Courier) -> None:
        self._config, self._record, self._courier = config, record, courier
        self._answering: dict[str, Answering] = {}

    def answer(self, address: str, answering: Answering) -> None:
        """From the next call on, this telephone is answered so."""
        self._answering[plain_address(address)] = answering

    def take(self, order: Order, behaviour: Behaviour) -> Called:
        """Take a call and let the telephone ring beside; one that is off or does not exist never rings."""
        call = Called(f"CA{secrets.token_hex(16)}", order.account, order.from_, order.to, now())
        self._record.calls.append(call)
        self._courier.soon(self._ring(call, order, behaviour))
        return call

    async def _ring(self, call: Called, order: Order, behaviour: Behaviour) -> None:
        answering = self._answering.get(plain_address(order.to), LISTENS)
        if behaviour.undelivered is not None:
            status = "failed"
        elif behaviour.off or answering.by is PicksUp.NOBODY:
            status = "no-answer"
        elif answering.by is PicksUp.BUSY:
            status = "busy"
        else:
            status = await self._talk(call, order, answering)
        self._record.end_call(call.sid, status)
        if order.callback is not None:
            await self._post(call, order.callback, status)

    async def _talk(self, call: Called, order: Order, answering: Answering) -> str:
        """Let whoever picked up hear what is said, turn by turn; gives how the call ended."""
        url, keys, by = order.url, list(answering.keys), answering.by.value
        page = await self._post(call, url, "in-progress", AnsweredBy=by)
        unheard = 2 if answering.by is PicksUp.UNSURE else 1  # before it one is only asked to press a key
        for _ in range(STEPS):
            said = _read(page)
            if said is None:
                return "failed"
            self._record.hear(call.sid, [("".join(each.itertext())).strip() for each in said.iter("Say")])
            gather = said.find("Gather")
            if gather is None or not answering.stays or answering.by is PicksUp.MACHINE:
                break
            unheard -= 1
            if unheard == 0:
                self._arrived(call)
            url = urljoin(url, gather.get("action", ""))
            page = await self._post(call, url, "in-progress", AnsweredBy=by, Digits=keys.pop(0) if keys else "")
        return "completed"

    def _arrived(self, call: Called) -> None:
        heard = self._record.call(call.sid).heard
        self._record.add(
            Arrived(call.to, ChannelName.VOICE, call.sid, call.from_, "\n".join(heard), call.at, account=call.account)
        )

    async def _post(self, call: Called, url: str, status: str, **more: str) -> Page:
        """Post what happens. Source of the fields: https://www.twilio.com/docs/voice/twiml#request-parameters."""
        fields = {
            "CallSid": call.sid,
            "AccountSid": call.account,
            "From": call.from_,
            "To": call.to,
            "CallStatus": status,
            "Direction": "outbound-api",
            "ApiVersion": API_VERSION,
            **more,
        }
        return await self._courier.signed(url, fields, self._config.accounts[call.account])


def _read(page: Page) -> Element | None:
    if not page.taken or not page.text:
        return None
    try:
        return fromstring(page.text)  # noqa: S314 (our own hub's answer, from this machine)
    except ParseError:
        return None
