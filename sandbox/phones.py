"""The telephone network in the box: takes texts, delivers them, reports, and lets families answer."""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from xml.etree.ElementTree import fromstring

from hub.ports import ChannelName
from i18n.segments import count
from sandbox.behaviour import Behaviour, Behaviours, Receipts
from sandbox.config import SandboxConfig
from sandbox.courier import Courier
from sandbox.record import Act, Arrived, Rang, Record, Said, Status, Texted, now

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
"""E.164."""

API_VERSION = "2010-04-01"


@dataclass(frozen=True, slots=True)
class Text:
    """What the hub posted."""

    account: str
    to: str
    from_: str
    body: str
    service: str | None = None
    callback: str | None = None
    valid_for: int | None = None


class Phones:
    """All simulated phones."""

    def __init__(
        self,
        config: SandboxConfig,
        record: Record,
        behaviours: Behaviours,
        courier: Courier,
        on_arrival: Callable[[Arrived], None],
    ) -> None:
        self._config = config
        self._record = record
        self._behaviours = behaviours
        self._courier = courier
        self._on_arrival = on_arrival

    def take(self, text: Text, behaviour: Behaviour) -> Arrived:
        """Take a text and hand it to its phone at once, unless that is off or cannot have it."""
        at = now()
        message = Arrived(
            address=text.to,
            channel=ChannelName.SMS,
            provider_id=f"SM{secrets.token_hex(16)}",
            from_=text.from_ or self._config.number,
            text=text.body,
            at=at,
            status=_fate(behaviour),
            error_code=behaviour.undelivered,
            segments=count(text.body).segments,
            account=text.account,
            service=text.service,
            callback=text.callback,
            valid_until=None if text.valid_for is None else at + timedelta(seconds=text.valid_for),
        )
        self._record.add(message)
        if message.status is Status.DELIVERED:
            self._on_arrival(message)
        return message

    async def report(self, message: Arrived, behaviour: Behaviour) -> None:
        """Tell the hub what became of a text, in the order and as often as this phone's network does."""
        if message.callback is None:
            return
        if behaviour.receipts is Receipts.LATE:
            await asyncio.sleep(behaviour.receipt_delay)
        forged = behaviour.receipts is Receipts.FORGED
        for status in story(message.status, behaviour.receipts):
            await self._tell(message, status, forged=forged)

    def switch(self, address: str, *, on: bool) -> None:
        """Switch a phone off or on; what waited for it and is still good arrives."""
        behaviour = self._behaviours.of(address)
        self._behaviours.set(replace(behaviour, off=not on), address)
        if on:
            for message in self._record.taken(address):
                if message.status is Status.SENT:
                    self._deliver_late(message)

    def can_answer(self, message: Arrived) -> bool:
        """One can write back to a number, never to a name, and only where the hub listens."""
        return self._number_of(message) is not None

    async def answer(self, message: Arrived, words: str, *, pictures: int = 0) -> Said:
        """Send `words` back to who wrote `message`; a name instead of a number takes none.

        However long, they come as one: the provider joins the parts.
        """
        number = self._number_of(message)
        url = None if number is None else self._config.inbound_for(number)
        taken, back = False, ""
        if number is not None:
            fields = self._inbound(message, number, words, pictures)
            self._record.note(_listed(fields))
            taken = self._config.fetched
            if url is not None:
                page = await self._courier.signed(url, fields, self._config.accounts[message.account])
                taken, back = page.taken, said_back(page.text) if page.taken else ""
        said = Said(message.address, Act.REPLY, words, taken, now(), message.provider_id, back)
        self._record.note(said)
        return said

    async def write(self, address: str, number: str, words: str) -> Said:
        """Let a telephone write to a number of the hub unasked."""
        account = next(iter(self._config.accounts))
        unasked = Arrived(address, ChannelName.SMS, "", number, "", now(), account=account)
        return await self.answer(unasked, words)

    async def ring(self, message: Arrived) -> Said:
        """Ring who wrote `message`, and hang up before anybody answers.

        Source of the fields: https://www.twilio.com/docs/voice/twiml#request-parameters.
        """
        number = self._number_of(message)
        url = None if number is None else self._config.inbound_for(number)
        taken = False
        if number is not None:
            rang = Rang(f"CA{secrets.token_hex(16)}", message.account, message.address, number, now())
            self._record.note(rang)
            taken = self._config.fetched
        if number is not None and url is not None:
            fields = {
                "CallSid": rang.sid,
                "AccountSid": message.account,
                "From": message.address,
                "To": number,
                "CallStatus": "ringing",
                "Direction": "inbound",
                "ApiVersion": API_VERSION,
            }
            secret = self._config.accounts[message.account]
            taken = (await self._courier.signed(url.removesuffix("/inbound") + "/voice", fields, secret)).taken
        said = Said(message.address, Act.RING, "", taken, now(), message.provider_id)
        self._record.note(said)
        return said

    def _number_of(self, message: Arrived) -> str | None:
        number = message.from_
        heard = self._config.fetched or self._config.inbound_for(number) is not None
        return number if heard and NUMBER.fullmatch(number) else None

    def _inbound(self, message: Arrived, number: str, words: str, pictures: int) -> dict[str, str]:
        sid = f"SM{secrets.token_hex(16)}"
        fields = {
            "ToCountry": "FR",
            "FromCountry": "FR",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "MessageSid": sid,
            "AccountSid": message.account,
            "SmsStatus": "received",
            "From": message.address,
            "To": number,
            "Body": words,
            "NumMedia": str(pictures),
            "NumSegments": str(count(words).segments),
            "ApiVersion": API_VERSION,
        }
        for place in range(pictures):
            fields[f"MediaContentType{place}"] = "image/jpeg"
            fields[f"MediaUrl{place}"] = f"https://media.twilio.test/{sid}/{place}"
        return fields if message.service is None else {**fields, "MessagingServiceSid": message.service}

    def _deliver_late(self, message: Arrived) -> None:
        if message.valid_until is not None and message.valid_until < now():
            expired = self._record.change(message.provider_id, Status.EXPIRED)
            self._courier.soon(self._tell(expired, "undelivered", error="30036"))
            return
        arrived = self._record.change(message.provider_id, Status.DELIVERED)
        self._on_arrival(arrived)
        self._courier.soon(self._tell(arrived, "delivered"))

    async def _tell(self, message: Arrived, status: str, *, forged: bool = False, error: str | None = None) -> None:
        """Post one status. Source of the fields: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status."""
        if message.callback is None:
            return
        fields = {
            "SmsSid": message.provider_id,
            "SmsStatus": status,
            "MessageStatus": status,
            "MessageSid": message.provider_id,
            "AccountSid": message.account,
            "To": message.address,
            "From": message.from_,
            "ApiVersion": API_VERSION,
        }
        if message.service is not None:
            fields["MessagingServiceSid"] = message.service
        if error is None and status == "undelivered":
            error = str(message.error_code)
        if error is not None:
            fields["ErrorCode"] = error
        secret = self._config.accounts[message.account]
        await self._courier.signed(message.callback, fields, secret[::-1] if forged else secret)


def story(status: Status, receipts: Receipts) -> tuple[str, ...]:
    """Order the receipts of one text as they are posted."""
    if receipts is Receipts.NONE:
        return ()
    told = ("queued", "sent") if status is Status.SENT else ("queued", "sent", status.value)
    match receipts:
        case Receipts.REORDERED:
            return told[::-1]
        case Receipts.DOUBLED:
            return tuple(status for status in told for _ in range(2))
        case _:
            return told


def _listed(fields: Mapping[str, str]) -> Texted:
    """Enter a text in the provider's list, as it is posted."""
    return Texted(
        sid=fields["MessageSid"],
        account=fields["AccountSid"],
        from_=fields["From"],
        to=fields["To"],
        body=fields["Body"],
        at=now(),
        service=fields.get("MessagingServiceSid"),
        media=int(fields["NumMedia"]),
    )


def said_back(twiml: str) -> str:
    """Read what a phone is answered at once; nothing when the hub says nothing.

    Source: https://www.twilio.com/docs/messaging/twiml/message.
    """
    if not twiml:
        return ""
    spoken = fromstring(twiml).iter("Message")  # noqa: S314 (our own hub's answer, from this machine)
    return "\n".join("".join(each.itertext()).strip() for each in spoken)


def _fate(behaviour: Behaviour) -> Status:
    if behaviour.undelivered is not None:
        return Status.UNDELIVERED
    return Status.SENT if behaviour.off else Status.DELIVERED
