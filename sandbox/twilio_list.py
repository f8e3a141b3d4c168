"""Twilio's list of messages, ours and the families': whether a text was taken, what became of it, what was answered.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from hub.ports import ChannelName
from sandbox.phones import API_VERSION
from sandbox.record import Arrived, Record, Status, Texted

Json = dict[str, Any]

PAGE_MOST = 1000


def as_json(message: Arrived, *, fresh: bool = False) -> Json:
    """Show a message as Twilio does; a fresh one is queued and has no sending date yet."""
    uri = f"/{API_VERSION}/Accounts/{message.account}/Messages/{message.provider_id}"
    status = Status.UNDELIVERED if message.status is Status.EXPIRED else message.status
    at = format_datetime(message.at)
    return {
        "account_sid": message.account,
        "api_version": API_VERSION,
        "body": message.text,
        "date_created": at,
        "date_sent": None if fresh else at,
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": None if fresh else message.error_code,
        "error_message": None,
        "from": None if fresh and message.service else message.from_,
        "messaging_service_sid": message.service,
        "num_media": "0",
        "num_segments": str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.provider_id,
        "status": "queued" if fresh else status.value,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.address,
        "uri": f"{uri}.json",
    }


def text_as_json(text: Texted) -> Json:
    """Show a family's text as Twilio does."""
    uri = f"/{API_VERSION}/Accounts/{text.account}/Messages/{text.sid}"
    at = format_datetime(text.at)
    return {
        "account_sid": text.account,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": at,
        "date_sent": at,
        "date_updated": at,
        "direction": "inbound",
        "error_code": None,
        "error_message": None,
        "from": text.from_,
        "messaging_service_sid": text.service,
        "num_media": str(text.media),
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": "received",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


def page(record: Record, account: str, query: Mapping[str, str]) -> Json:
    """Show one page of the list, the newest first; a page token is the SID after which it begins.

    Raises ValueError for a date or a number that is none.
    """
    found = [message for message in _candidates(record, query) if message.account == account and _fits(message, query)]
    found.reverse()
    found.sort(key=lambda message: message.at, reverse=True)
    size = min(max(int(query.get("PageSize", "50")), 1), PAGE_MOST)
    after = query.get("PageToken", "").removeprefix("PA")
    start = next((place + 1 for place, message in enumerate(found) if _sid(message) == after), 0)
    shown = found[start : start + size]
    number = int(query.get("Page", "0"))
    more = start + size < len(found)
    return {
        "messages": [text_as_json(one) if isinstance(one, Texted) else as_json(one) for one in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "uri": _uri(account, query, size, number, query.get("PageToken")),
        "first_page_uri": _uri(account, query, size, 0),
        "next_page_uri": _uri(account, query, size, number + 1, f"PA{_sid(shown[-1])}") if more else None,
        "previous_page_uri": None,
    }


def _uri(account: str, query: Mapping[str, str], size: int, number: int, token: str | None = None) -> str:
    kept = {key: value for key, value in query.items() if key not in {"Page", "PageToken", "PageSize"}}
    place = {"PageSize": size, "Page": number} | ({"PageToken": token} if token else {})
    return f"/{API_VERSION}/Accounts/{account}/Messages.json?{urlencode(kept | place)}"


def _candidates(record: Record, query: Mapping[str, str]) -> list[Arrived | Texted]:
    ours = record.taken(query["To"]) if "To" in query else record.messages
    theirs = [text for text in record.texts if query.get("To", text.to) == text.to]
    return [*(message for message in ours if message.channel is ChannelName.SMS), *theirs]


def _sid(message: Arrived | Texted) -> str:
    return message.sid if isinstance(message, Texted) else message.provider_id


def _fits(message: Arrived | Texted, query: Mapping[str, str]) -> bool:
    """Compare with From and the DateSent filters, both ends included, in whole seconds as Twilio keeps them."""
    at = message.at.replace(microsecond=0)
    if "From" in query and query["From"] != message.from_:
        return False
    if "DateSent" in query:
        first = _moment(query["DateSent"]).replace(hour=0, minute=0, second=0)
        if not first <= at < first + timedelta(days=1):
            return False
    if "DateSent>" in query and at < _moment(query["DateSent>"]):
        return False
    return "DateSent<" not in query or at <= _end(query["DateSent<"])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _end(text: str) -> datetime:
    """Let a mere date reach to its last second."""
    moment = _moment(text)
    return moment + timedelta(days=1, seconds=-1) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else moment
