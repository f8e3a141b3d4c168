"""Twilio's desk of calls: lets telephones ring, and lists who rang a number of the hub and whom the hub called.

Source: https://www.twilio.com/docs/voice/api/call-resource
"""

from collections.abc import Mapping
from datetime import date
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from hub.ports import ChannelName
from sandbox.behaviour import PLAIN
from sandbox.calls import Calls, Order
from sandbox.phones import API_VERSION, NUMBER
from sandbox.record import Called, Post, Rang, Record, now
from sandbox.twilio_api import HTTP, Desk, error

Json = dict[str, Any]

PAGE_MOST = 1000


def page(record: Record, account: str, query: Mapping[str, str]) -> Json:
    """Show one page of the list, the newest first; a page token is the SID after which it begins.

    Filtered by To, and by days: of a moment in `StartTime>` only its day is looked at. Raises ValueError for a date or
    a number that is none.
    """
    since = date.fromisoformat(query.get("StartTime>", "2000-01-01")[:10])
    every: list[Rang | Called] = [*record.rings, *record.calls]
    found = [
        one
        for one in sorted(every, key=lambda one: one.at, reverse=True)
        if one.account == account and query.get("To", one.to) == one.to and one.at.date() >= since
    ]
    size, number = min(max(int(query.get("PageSize", "50")), 1), PAGE_MOST), int(query.get("Page", "0"))
    after = query.get("PageToken", "").removeprefix("PA")
    start = next((place + 1 for place, one in enumerate(found) if one.sid == after), 0)
    shown = found[start : start + size]
    more = start + size < len(found)
    kept = {key: value for key, value in query.items() if key not in {"Page", "PageToken", "PageSize"}}
    following = kept | {"PageSize": str(size), "Page": str(number + 1)}
    path = f"/{API_VERSION}/Accounts/{account}/Calls.json"
    return {
        "calls": [as_json(one) for one in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "uri": f"{path}?{urlencode(query)}",
        "first_page_uri": f"{path}?{urlencode(kept | {'PageSize': str(size), 'Page': '0'})}",
        "next_page_uri": f"{path}?{urlencode(following | {'PageToken': f'PA{shown[-1].sid}'})}" if more else None,
        "previous_page_uri": None,
    }


def as_json(one: Rang | Called) -> Json:
    """Show a call as Twilio does; one of a family's, nobody picked up."""
    ours = isinstance(one, Called)
    at = format_datetime(one.at)
    return {
        "account_sid": one.account,
        "answered_by": None,
        "api_version": API_VERSION,
        "date_created": at,
        "date_updated": at,
        "direction": "outbound-api" if ours else "inbound",
        "duration": "0",
        "end_time": at,
        "from": one.from_,
        "parent_call_sid": None,
        "price": None,
        "price_unit": "USD",
        "sid": one.sid,
        "start_time": at,
        "status": one.status if isinstance(one, Called) else "no-answer",
        "to": one.to,
        "uri": f"/{API_VERSION}/Accounts/{one.account}/Calls/{one.sid}.json",
    }


def router(desk: Desk, calls: Calls) -> APIRouter:
    """Make and list calls."""
    routes = APIRouter(prefix=f"/{API_VERSION}/Accounts/{{account}}")

    @routes.post("/Calls.json")
    async def dial(account: str, request: Request) -> JSONResponse:
        form = {key: str(value) for key, value in (await request.form()).items()}
        answer = _dialled(desk, calls, account, form) if desk.knows(account, request) else error(401, 20003)
        if answer is None:
            request.state.hang_up()
        return answer or error(500, 20500)

    @routes.get("/Calls.json")
    async def listing(account: str, request: Request) -> JSONResponse:
        if not desk.knows(account, request):
            return error(401, 20003)
        try:
            return JSONResponse(page(desk.record, account, request.query_params))
        except ValueError:
            return error(400, 20001)

    return routes


def _dialled(desk: Desk, calls: Calls, account: str, form: Mapping[str, str]) -> JSONResponse | None:
    """Let a telephone ring, or refuse; None: it rings, and the line is cut without an answer."""
    order = Order(account, form.get("To", ""), form.get("From", ""), form.get("Url", ""), form.get("StatusCallback"))
    code = _complaint(order)
    behaviour = PLAIN if code else desk.behaviours.take(order.to)
    if code is None and behaviour.answer is not None and not behaviour.takes_first:
        code = 20429 if behaviour.answer == 429 else 20000 + behaviour.answer
    call = None if code else calls.take(order, behaviour)
    status = HTTP.get(code, behaviour.answer or 400) if code else behaviour.answer or 201
    if behaviour.hang_up:
        status = 0
    sid = call.sid if call else None
    desk.record.note(Post(ChannelName.VOICE, order.to, order.from_, order.url, status, code, sid, now()))
    if status == 0:
        return None
    return JSONResponse(as_json(call), 201) if call and status == 201 else error(status, code or 20000 + status)


def _complaint(order: Order) -> int | None:
    """Say what Twilio refuses before it lets anything ring."""
    if not order.from_:
        return 21213
    if not NUMBER.fullmatch(order.to):
        return 21211
    return None if order.url else 21205
