"""The calendar that a family's own calendar reads at a secret address, for as long as it is open and a link tells."""

import hashlib
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from hub.agenda.entries import in_order
from hub.agenda.feeds import Feed, find_feed
from hub.agenda.reading import for_family, year_ends
from hub.holidays import holidays
from hub.meetings.calendar import calendar_of
from hub.people.kin import children_of
from hub.people.schools import read_school
from hub.routing import day_at_school
from i18n.tongues import tongue
from web.calendar_file import calendar_file
from web.family_door import guesses_of, printed, tongue_for
from web.house import House, house_of

router = APIRouter()

BACK = timedelta(days=31)
"""How long what has been stays in a calendar."""
HEADERS = {"Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex, nofollow"}


@router.api_route("/agenda/{code}.ics", methods=["GET", "HEAD"])
async def read(request: Request, code: str) -> Response:
    """Give one guardian's calendar. For whoever holds its secret address, while the guardian is told about a child.

    An address that is unknown, was ended, or whose guardian is told about nobody any more: all alike, nothing.
    """
    house, client = house_of(request), request.client.host if request.client else ""
    guesses, speaks = guesses_of(request), tongue_for(request, None)
    if guesses.too_many(client):
        return printed("later", speaks, status=429)
    found = await find_feed(house.database, house.keyring, code)
    written = None if found is None else await _written(house, found)
    if written is None:
        if found is None:
            guesses.miss(client)
        return printed("over", speaks, status=404)
    mark = f'"{hashlib.sha256(written).hexdigest()[:32]}"'
    headers = {**HEADERS, "ETag": mark}
    if mark in _known(request):
        return Response(status_code=304, headers=headers)
    return Response(written, media_type="text/calendar; charset=utf-8", headers=headers)


def _known(request: Request) -> set[str]:
    """Read what a calendar has already; a cache may have called it weak (RFC 9110 §13.1.2 compares so)."""
    return {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}


async def _written(house: House, feed: Feed) -> bytes | None:
    """Write the calendar as it is today; None when there is no child left."""
    async with house.database.reading(feed.school_id) as session:
        now = await house.database.now(await session.connection())
        school = await read_school(session, feed.school_id)
        day = day_at_school(now, school.timezone)
        guardians = [feed.guardian_id]
        children = await children_of(session, school_id=feed.school_id, guardians=guardians, day=day)
        if not children:
            return None
        first, last = day - BACK, await year_ends(session, school_id=feed.school_id, day=day)
        which: dict[str, Any] = {
            "school_id": feed.school_id,
            "timezone": school.timezone,
            "guardians": guardians,
            "first": first,
            "last": last,
            "now": now,
            "cancelled": True,
        }
        classes = {child.class_id for child in children}
        entries = await for_family(session, house.keyring, **which, classes=classes)
        entries += await calendar_of(session, house.keyring, **which)
    off = holidays(school.zone, first, last)
    return calendar_file(tongue(feed.language), school.name, school.timezone, children, in_order(entries), off)
