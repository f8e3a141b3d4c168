"""What a preview asks the registers: who would be reached by what, what senders there are, and whom nothing reaches."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from hub.notices import left_asked
from hub.notices.audience import Audience, members
from hub.notices.reasons import Why, on_file
from hub.outbox.rungs import (
    CALLED,
    caller_for,
    is_call,
    may_be_written_to,
    next_rung,
    next_way,
    position_of,
    sender_for,
    wanted,
)
from hub.people.links import holds_on
from hub.people.names import full_name
from hub.ports import ChannelName
from hub.tables import address, class_group, contact_point, enrolment, guardian, pupil, sender

MOST_UNREACHED = 200
"""Adults without any way that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Some:
    """Adults of one language whom one sender reaches (channel None: nothing does), with how many messages.

    `first`: counted once an adult; in a crisis, when all ways are used at once, the others are not.
    """

    language: str
    channel: ChannelName | None
    sender_id: int | None
    adults: int
    messages: int
    first: bool


@dataclass(frozen=True, slots=True)
class SenderCard:
    """A sender as the price list has it; `price` of a segment, in hundredths of a cent."""

    sender_id: int
    channel: ChannelName
    name: str
    price: int
    two_way: bool


async def some(
    session: AsyncSession, school_id: int, who: Audience, day: date, *, rings: bool = False, together: bool = False
) -> tuple[Some, ...]:
    """Count the adults of an audience by language and first usable way; `together`: by every usable way.

    `rings`: a machine may call too.
    """
    adults = _adults(school_id, who, day, rings=rings)
    stands: ColumnElement[bool] = contact_point.c.position == adults.c.position
    voice = literal(ChannelName.VOICE, contact_point.c.channel.type)
    if together:
        stands = and_(contact_point.c.position >= adults.c.position, wanted(), may_be_written_to())
    each = (
        select(
            adults.c.id,
            func.coalesce(address.c.language, adults.c.language).label("language"),
            case((adults.c.called, voice), else_=contact_point.c.channel).label("channel"),
            contact_point.c.address_id,
            case((adults.c.called, caller_for()), else_=sender_for()).label("sender_id"),
            (func.coalesce(contact_point.c.position, 0) == func.coalesce(adults.c.position, 0)).label("first"),
        )
        .select_from(adults)
        .outerjoin(
            contact_point,
            and_(contact_point.c.school_id == school_id, contact_point.c.guardian_id == adults.c.id, stands),
        )
        .outerjoin(address, and_(address.c.school_id == school_id, address.c.id == contact_point.c.address_id))
        .subquery("each_one")
    )
    rows = await session.execute(
        select(
            each.c.language,
            each.c.channel,
            each.c.sender_id,
            each.c.first,
            func.count(func.distinct(each.c.id)).label("adults"),
            func.count(func.distinct(each.c.address_id)).label("messages"),
        ).group_by(each.c.language, each.c.channel, each.c.sender_id, each.c.first)
    )
    return tuple(
        Some(
            row.language,
            ChannelName(row.channel) if row.channel else None,
            row.sender_id,
            row.adults,
            row.messages,
            bool(row.first),
        )
        for row in rows
    )


async def senders(session: AsyncSession, school_id: int) -> Mapping[int, SenderCard]:
    """Read the working senders, by id."""
    rows = await session.execute(
        select(sender).where(sender.c.school_id == school_id, sender.c.stopped_at.is_(None)).order_by(sender.c.id)
    )
    return {
        row.id: SenderCard(row.id, ChannelName(row.channel), row.name or row.address, row.price, row.two_way)
        for row in rows
    }


async def unreached(
    session: AsyncSession, school_id: int, who: Audience, day: date, *, rings: bool = False
) -> tuple[tuple[int, str, str, str, Why], ...]:
    """List the adults whom nothing reaches: id, name, first name and class of one pupil concerned, and why."""
    adults = _adults(school_id, who, day, rings=rings)
    first = (
        select(adults.c.id)
        .join(guardian, and_(guardian.c.school_id == school_id, guardian.c.id == adults.c.id))
        .where(adults.c.position.is_(None))
        .order_by(guardian.c.name_key, adults.c.id)
        .limit(MOST_UNREACHED)
    )
    ids = list(await session.scalars(first))  # asked first: one look at each adult's ways, not at each of their joins
    told = members(school_id, who, day).subquery("told_pairs")
    child = (
        select(told.c.guardian_id, func.min(told.c.pupil_id).label("pupil_id"))
        .where(told.c.guardian_id.in_(ids))
        .group_by(told.c.guardian_id)
        .subquery()
    )
    rows = (
        await session.execute(
            select(
                guardian.c.id,
                guardian.c.first_name,
                guardian.c.usage_name,
                guardian.c.family_name,
                pupil.c.first_name.label("child"),
                func.max(class_group.c.label).label("class_label"),
            )
            .join(child, child.c.guardian_id == guardian.c.id)
            .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == child.c.pupil_id))
            .outerjoin(
                enrolment,
                and_(enrolment.c.school_id == school_id, enrolment.c.pupil_id == pupil.c.id, holds_on(enrolment, day)),
            )
            .outerjoin(
                class_group, and_(class_group.c.school_id == school_id, class_group.c.id == enrolment.c.class_id)
            )
            .where(guardian.c.school_id == school_id)
            .group_by(
                guardian.c.id,
                guardian.c.first_name,
                guardian.c.usage_name,
                guardian.c.family_name,
                guardian.c.name_key,
                pupil.c.first_name,
            )
            .order_by(guardian.c.name_key, guardian.c.id)
        )
    ).all()
    points = await _points(session, school_id, [row.id for row in rows])
    return tuple(
        (
            row.id,
            full_name(row.first_name, row.usage_name, row.family_name),
            row.child,
            row.class_label or "",
            on_file(points[row.id]),
        )
        for row in rows
    )


async def first_names(session: AsyncSession, school_id: int, pupils: Iterable[int]) -> tuple[str, ...]:
    """Read the first names of some pupils."""
    named = select(pupil.c.first_name).where(pupil.c.school_id == school_id, pupil.c.id.in_(list(pupils)))
    return tuple((await session.execute(named.order_by(pupil.c.id))).scalars())


async def _points(session: AsyncSession, school_id: int, guardians: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    if guardians:
        for row in await session.execute(left_asked.points(), {"school": school_id, "guardians": guardians}):
            found[row.guardian_id].append(row)
    return found


def _adults(school_id: int, who: Audience, day: date, *, rings: bool) -> Any:  # noqa: ANN401 (a subquery)
    """Each adult of an audience with the position of the first usable way, NULL when there is none; `called` by it."""
    told = members(school_id, who, day).subquery("told")
    here = (guardian.c.id, literal(school_id))
    way = next_way(*here, literal(-CALLED), rings=true()) if rings else next_rung(*here, literal(0))
    first = way.correlate(guardian).scalar_subquery()
    each = (
        select(guardian.c.id, guardian.c.language, first.label("rung"))
        .where(guardian.c.school_id == school_id, guardian.c.id.in_(select(told.c.guardian_id)))
        .subquery("each_adult")
    )
    called = func.coalesce(is_call(each.c.rung), false())
    return select(
        each.c.id, each.c.language, position_of(each.c.rung).label("position"), called.label("called")
    ).subquery("adults")
