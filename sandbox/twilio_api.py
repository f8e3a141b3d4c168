"""Twilio's front desk: takes texts from the hub or refuses them, as Twilio's own client library expects.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from hub.ports import ChannelName
from sandbox.behaviour import PLAIN, Behaviour, Behaviours, Receipts
from sandbox.config import SandboxConfig
from sandbox.courier import Courier
from sandbox.phones import API_VERSION, NUMBER, Phones, Text
from sandbox.record import Arrived, Post, Record, now
from sandbox.twilio_list import as_json, page

WORDS = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21205: "Url is not a valid URL",
    21213: "'From' phone number is required",
    21211: "Invalid 'To' Phone Number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}
HTTP = {20003: 401, 20404: 404, 20429: 429}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the hub will be told, decided before any waiting."""

    status: int
    code: int | None = None
    taken: Arrived | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Twilio's front desk: who may write, what is taken, what is answered."""

    config: SandboxConfig
    record: Record
    behaviours: Behaviours
    phones: Phones
    courier: Courier

    def knows(self, sid: str, request: Request) -> bool:
        """Check the name and the secret (basic auth) against the account in the path."""
        given = _basic_auth(request.headers.get("authorization", ""))
        secret = self.config.accounts.get(sid)
        return (
            secret is not None
            and given is not None
            and given[0] == sid
            and secrets.compare_digest(given[1].encode(), secret.encode())
        )

    def decide(self, text: Text, behaviour: Behaviour, complaint: int | None) -> Outcome:
        """Take a text or refuse it. Nothing is answered yet."""
        refused = complaint or behaviour.refuse
        if refused is not None:
            return Outcome(HTTP.get(refused, 400), refused)
        answer = behaviour.answer
        if answer is not None and not behaviour.takes_first:
            code = 20429 if answer == 429 else 20000 + answer
            return Outcome(answer, code, retry_after=behaviour.retry_after or (1 if answer == 429 else None))
        taken = self.phones.take(text, behaviour)
        if behaviour.hang_up:
            return Outcome(0, None, taken)
        return Outcome(answer or 201, None if answer is None else 20000 + answer, taken, behaviour.retry_after)

    async def receive(self, text: Text, complaint: int | None) -> Outcome:
        """One POST, from the knock to just before the answer."""
        behaviour = PLAIN if complaint else self.behaviours.take(text.to)
        outcome = self.decide(text, behaviour, complaint)
        sid = outcome.taken.provider_id if outcome.taken else None
        self.record.note(
            Post(ChannelName.SMS, text.to, text.from_, text.body, outcome.status, outcome.code, sid, now())
        )
        if outcome.taken is not None and behaviour.receipts is Receipts.EARLY:
            await self.phones.report(outcome.taken, behaviour)
        if behaviour.latency:
            await self.courier.linger(behaviour.latency)
        if outcome.taken is not None and behaviour.receipts is not Receipts.EARLY:
            self.courier.soon(self.phones.report(outcome.taken, behaviour))
        return outcome


def router(desk: Desk) -> APIRouter:
    """Create, fetch and list messages."""
    routes = APIRouter(prefix=f"/{API_VERSION}/Accounts/{{account}}")

    @routes.post("/Messages.json")
    async def create(account: str, request: Request) -> JSONResponse:
        form = {key: str(value) for key, value in (await request.form()).items()}
        text = _text(account, form)
        outcome = await desk.receive(text, _complaint(text) if desk.knows(account, request) else 20003)
        if outcome.status == 0:
            request.state.hang_up()
        return _answer(outcome)

    @routes.get("/Messages.json")
    async def listing(account: str, request: Request) -> JSONResponse:
        return _listed(desk, account, request.query_params) if desk.knows(account, request) else error(401, 20003)

    @routes.get("/Messages/{sid}.json")
    async def fetch(account: str, sid: str, request: Request) -> JSONResponse:
        return _fetched(desk, account, sid) if desk.knows(account, request) else error(401, 20003)

    return routes


def _listed(desk: Desk, account: str, query: Mapping[str, str]) -> JSONResponse:
    desk.record.lists.append(dict(query))
    try:
        return JSONResponse(page(desk.record, account, query))
    except ValueError:
        return error(400, 20001)


def _fetched(desk: Desk, account: str, sid: str) -> JSONResponse:
    message = desk.record.find(sid)
    if message is None or message.account != account:
        return error(404, 20404)
    return JSONResponse(as_json(message))


def _answer(outcome: Outcome) -> JSONResponse:
    if outcome.status == 201 and outcome.taken is not None:
        return JSONResponse(as_json(outcome.taken, fresh=True), 201)
    return error(outcome.status or 500, outcome.code or 20500, outcome.retry_after)


def _text(account: str, form: Mapping[str, str]) -> Text:
    valid_for = form.get("ValidityPeriod", "")
    return Text(
        account=account,
        to=form.get("To", ""),
        from_=form.get("From", ""),
        body=form.get("Body", ""),
        service=form.get("MessagingServiceSid"),
        callback=form.get("StatusCallback"),
        valid_for=int(valid_for) if valid_for.isdecimal() else None,
    )


def _complaint(text: Text) -> int | None:
    """Say what Twilio refuses before it looks at the phone."""
    if not text.to:
        return 21604
    if not NUMBER.fullmatch(text.to):
        return 21211
    if not text.from_ and not text.service:
        return 21603
    if not text.body:
        return 21602
    return 21617 if len(text.body) > 1600 else None


def _basic_auth(header: str) -> tuple[str, str] | None:
    scheme, _, blob = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(blob, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def error(status: int, code: int, retry_after: int | None = None) -> JSONResponse:
    """Refuse as Twilio does."""
    body = {
        "code": code,
        "message": WORDS.get(code, "The message could not be taken"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(body, status, headers=None if retry_after is None else {"Retry-After": str(retry_after)})
