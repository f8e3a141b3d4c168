"""Whoever answers an invitation to a counted room has a place, or waits for one; what falls free is another's."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.answers import AnswerKind
from hub.notices.room import Room, Seat, lock_notice, move_up, read_room
from hub.replies.served import Adult, Served
from hub.routing import day_at_school


async def enter_room(connection: AsyncConnection, served: Served, now: datetime) -> Room | None:
    """Read the room as it is, while nobody else may change it; None: it has places for all who come."""
    if served.places is None:
        return None
    await lock_notice(connection, school_id=served.school_id, notice_id=served.first_id)
    return await _room(connection, served, served.places, now)


def places_for(room: Room, adult: Adult, kind: AnswerKind, number: int | None) -> int | None:
    """Say how many places an answer has at once; None for who does not come."""
    if kind is AnswerKind.NO:
        return None
    return room.given(Seat(0, adult.guardian_id, number or 1, 0, frozenset(adult.pupils)))


async def leave_room(
    connection: AsyncConnection, served: Served, adult: Adult, *, changed: bool, now: datetime
) -> bool:
    """Let those move up for whom there is room now; gives whether this adult waits."""
    if served.places is None:
        return False
    room = await _room(connection, served, served.places, now)
    if changed and await move_up(connection, room, school_id=served.school_id, now=now):
        room = await _room(connection, served, served.places, now)
    return any(one.waits for one in room.seats if one.guardian_id == adult.guardian_id)


async def _room(connection: AsyncConnection, served: Served, places: int, now: datetime) -> Room:
    return await read_room(
        connection,
        school_id=served.school_id,
        notice_id=served.first_id,
        places=places,
        by_family=served.by_family,
        day=day_at_school(now, served.school.timezone),
    )
