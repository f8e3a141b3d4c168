"""The door for Twilio: receipts of what was sent, and texts that families send back. A forged knock changes nothing."""

import hmac
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.twiml import TwiML
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from channels.sms import read_status
from hub.outbox.record import ReceiptIn
from hub.people.schools import find_signer
from hub.replies.keeping import Received, Text
from hub.replies.saying_back import words_back
from hub.sealing import Keyring
from web.house import House, house_of
from web.receipts import Receipts, receipt_of
from web.texts import Texts
from web.together import AWAY

router = APIRouter()

BODY_MOST: Final = 64 * 1024
"""Bytes of one webhook; Twilio's are about one kilobyte."""
FIELDS_MOST: Final = 200
"""Fields of one webhook; Twilio's are about twenty. The signature's cost grows with their square."""
FRESH: Final = 30.0
"""Seconds that a sender's secret is kept open in memory."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A sender as its webhooks know it: who signs, and since when we have remembered it (monotonic seconds)."""

    sender_id: int
    school_id: int
    two_way: bool
    validator: RequestValidator
    read_at: float


class Posted(dict[str, str]):
    """The fields of a post; of a repeated one the last counts, and all of them are signed."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def getall(self, name: str) -> list[str]:
        """Give every value of a field, as the validator asks for them."""
        return [self[name]] if len(self) == len(self._pairs) else [value for key, value in self._pairs if key == name]


class Switchboard:
    """One for each process: the senders that called lately, and the receipts and texts being committed."""

    def __init__(self, house: House, clock: Callable[[], float] = time.monotonic) -> None:
        self._house, self._clock = house, clock
        self._callers: dict[str, Caller] = {}
        self.receipts = Receipts(house.database)
        self.texts = Texts(house)

    async def admit(self, request: Request, key: str, form: Posted) -> Caller | None:
        """Give the sender of this key if its secret signed this post; None when nobody's did.

        A secret that was changed a moment ago is read again before a knock is refused.
        """
        for oldest in (FRESH, 1.0):
            caller = await self._caller(key, oldest=oldest)
            if caller is None or self._signed(request, form, caller):
                return caller
        return None

    def _signed(self, request: Request, form: Posted, caller: Caller) -> bool:
        """Check the signature over the address that the provider knows, which is the public one.

        The address as it is comes first, the validator's variants with and without port after it: that halves the
        work of a receipt. Source: https://www.twilio.com/docs/usage/security.
        """
        path = cast("bytes", request.scope.get("raw_path") or request.scope["path"].encode()).decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        url = f"{self._house.settings.public_url}{path}{'?' if query else ''}{query}"
        signature = request.headers.get("x-twilio-signature", "")
        settings = request.headers.get("x-twilio-webhooks-signature-settings")
        if settings is None:
            wanted = caller.validator.compute_signature(url, form)
            if hmac.compare_digest(wanted.encode(), signature.encode()):
                return True
        return bool(caller.validator.validate(url, form, signature, get_signature_algorithm(settings)))

    async def _caller(self, key: str, *, oldest: float) -> Caller | None:
        known = self._callers.get(key)
        if known is not None and self._clock() - known.read_at < oldest:
            return known
        found = await self._read(key)
        if found is None:
            self._callers.pop(key, None)
        else:
            self._callers[key] = found
        return found

    async def _read(self, key: str) -> Caller | None:
        if self._house.settings.public_url is None:
            return None
        async with self._house.database.engine_reading() as connection:
            found = await find_signer(connection, self._house.keyring, key, provider="twilio")
        if found is None:
            return None
        return Caller(found.sender_id, found.school_id, found.two_way, RequestValidator(found.secret), self._clock())


class Wicket:
    """Takes receipts beside the great door: the way through the house would cost ten times what a receipt does.

    A text brings two or three of them, and a morning's notices bring thousands at once. Stands behind the porter;
    whatever is no receipt passes on. Each is weighed here (`BODY_MOST`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a receipt, or let pass."""
        found = _RECEIPT.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        answer = await status(Request(scope, receive), found["key"], found["token"])
        await answer(scope, receive, send)


_RECEIPT = re.compile(r"/webhooks/twilio/(?P<key>[^/]+)/status/(?P<token>[^/]+)")


async def status(request: Request, key: str, token: str) -> Response:
    """Take one receipt; answered once it is committed.

    503 when the database is away, so that the provider tries again; 403 for a forged one; 404 for what was never
    ours. The token in the address names the attempt, so a receipt may come before the answer to our own POST.
    """
    house = house_of(request)
    form = await posted_form(request)
    if form is None:
        return Response(status_code=413)
    board = switchboard(request, house)
    try:
        caller = await board.admit(request, key, form)
        if caller is None:
            return Response(status_code=403)
        receipt = _receipt(house.keyring, token, form)
        known = receipt is not None and await board.receipts.put(caller.sender_id, receipt)
    except AWAY:
        return Response(status_code=503)
    return Response(status_code=204 if known else 404)


async def inbound(request: Request) -> Response:
    """For the sender's own provider, by its signature: a text from a family.

    The answer is empty, or one short confirmation where the family can be answered.
    """

    def said_back(caller: Caller, received: Received) -> TwiML:
        answer = MessagingResponse()
        if caller.two_way and received.back is not None:
            answer.message(words_back(received.back))
        return answer

    return await _taken(request, _text, said_back)


async def voice(request: Request) -> Response:
    """For the sender's own provider, by its signature: a family rings our number.

    Nobody picks up, so that it costs the family nothing; somebody of the school calls back.
    Source: https://www.twilio.com/docs/voice/twiml/reject.
    """

    def rejected(_caller: Caller, _received: Received) -> TwiML:
        answer = VoiceResponse()
        answer.reject()
        return answer

    return await _taken(request, _call, rejected)


async def _taken(
    request: Request,
    read: Callable[[Caller, Posted], Text | None],
    answer: Callable[[Caller, Received], TwiML],
) -> Response:
    """Take what a provider posts of a family; answered once it is committed, 503 while the database is away."""
    house = house_of(request)
    form = await posted_form(request)
    if form is None:
        return Response(status_code=413)
    try:
        board = switchboard(request, house)
        caller = await board.admit(request, request.path_params["key"], form)
        if caller is None:
            return Response(status_code=403)
        text = read(caller, form)
        if text is None:
            return Response(status_code=400)
        received = await board.texts.take(text)
    except AWAY:
        return Response(status_code=503)
    return Response(str(answer(caller, received)), media_type="application/xml")


def _text(caller: Caller, form: Posted) -> Text | None:
    """Read the fields of an inbound message. Source: https://www.twilio.com/docs/messaging/guides/webhook-request.

    `OptOutType` stands where Twilio has answered STOP, START or HELP itself
    (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
    """
    number, sid = str(form.get("From", "")), str(form.get("MessageSid") or form.get("SmsSid") or "")
    if not number or not sid:
        return None
    return Text(
        school_id=caller.school_id,
        sender_id=caller.sender_id,
        provider_key=sid,
        number=number,
        words=form.get("Body", ""),
        stop=form.get("OptOutType") == "STOP",
        opted="OptOutType" in form,
        pictures=form.get("NumMedia", "0") not in ("", "0"),
    )


def _call(caller: Caller, form: Posted) -> Text | None:
    """Read the fields of a call. Source: https://www.twilio.com/docs/voice/twiml#request-parameters."""
    number, sid = form.get("From", ""), form.get("CallSid", "")
    if not number or not sid:
        return None
    return Text(caller.school_id, caller.sender_id, sid, number, "", called=True)


def _receipt(keyring: Keyring, token: str, form: Posted) -> ReceiptIn | None:
    attempt_id = keyring.read_token("a", token)
    if attempt_id is None:
        return None
    status, sid = str(form.get("MessageStatus", "")), str(form.get("MessageSid") or "")
    return receipt_of(attempt_id, read_status(form), status=status, sid=sid)


async def posted_form(request: Request) -> Posted | None:
    """Read the posted fields, empty ones included: they are signed too. None when there are far too many."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MOST:
            return None
    try:
        pairs = parse_qsl(
            body.decode("latin-1"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="replace",
            max_num_fields=FIELDS_MOST,
        )
    except ValueError:
        return None
    return Posted(pairs)


def switchboard(request: Request, house: House) -> Switchboard:
    """Give the one switchboard of this process."""
    state = request.app.state
    board: Switchboard | None = getattr(state, "switchboard", None)
    if board is None:
        board = state.switchboard = Switchboard(house)
    return board


router.add_route("/webhooks/twilio/{key}/inbound", inbound, methods=["POST"])
router.add_route("/webhooks/twilio/{key}/voice", voice, methods=["POST"])
