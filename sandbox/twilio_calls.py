"""Twilio's list of calls: who rang a number of the hub.

Source: https://www.twilio.com/docs/voice/api/call-resource
"""

from collections.abc import Mapping
from datetime import date
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.phones import API_VERSION
from sandbox.record import Rang, Record

Json = dict[str, Any]

PAGE_MOST = 1000


def page(record: Record, account: str, query: Mapping[str, str]) -> Json:
    """Show one page of the list, the newest first; a page token is the SID after which it begins.

    Filtered by To, and by days: of a moment in `StartTime>` only its day is looked at. Raises ValueError for a date or
    a number that is none.
    """
    since = date.fromisoformat(query.get("StartTime>", "2000-01-01")[:10])
    found = [
        one
        for one in sorted(record.rings, key=lambda one: one.at, reverse=True)
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


def as_json(one: Rang) -> Json:
    """Show a call that nobody picked up as Twilio does."""
    at = format_datetime(one.at)
    return {
        "account_sid": one.account,
        "answered_by": None,
        "api_version": API_VERSION,
        "date_created": at,
        "date_updated": at,
        "direction": "inbound",
        "duration": "0",
        "end_time": at,
        "from": one.from_,
        "parent_call_sid": None,
        "price": None,
        "price_unit": "USD",
        "sid": one.sid,
        "start_time": at,
        "status": "no-answer",
        "to": one.to,
        "uri": f"/{API_VERSION}/Accounts/{one.account}/Calls/{one.sid}.json",
    }
