"""The ladder: which of an adult's contact points comes next, and what is left when none does.

A delivery stands on a *rung*, the position of a contact point. Opening a rung makes the copy (or joins one that
already goes to that address) and its first attempt. All of it is set-based: one statement whatever the number.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models.notices import AttemptState, DeliveryState, NoticeState
from hub.outbox.conversations import in_conversation, left_in_conversation
from hub.outbox.lines import choose_lines
from hub.outbox.rungs import (
    WAITING,
    caller_for,
    has_attempt,
    is_call,
    is_code,
    is_crisis,
    may_be_written_to,
    next_way,
    nobody_calls,
    position_of,
    rings,
    same,
    sender_for,
    still_tried,
    waits,
    wanted,
)
from hub.ports import ChannelName, Lane
from hub.routing import NAMING_KINDS, call_due
from hub.tables import (
    address,
    attempt,
    call_task,
    contact_point,
    copy,
    copy_delivery,
    delivery,
    delivery_pupil,
    guardian,
    insert_into,
    notice,
)

Within = AsyncConnection | AsyncSession


async def climb(within: Within, which: ColumnElement[bool], *, lane: Lane, now: datetime) -> None:
    """Put deliveries on their next usable rung; those that have none become a task to call.

    In a crisis nobody calls: there what a server took is the best there is, and its adult counts as told. A code goes
    to one address and ends there. Nobody climbs for a cancelled notice. A rung may lead to a copy that has already
    ended without success at an adult who shares the address: then the rung after it comes at once, for nothing would
    ever move this one on.
    """
    after = next_way(delivery.c.guardian_id, delivery.c.school_id, delivery.c.rung, rings=rings()).correlate(delivery)
    following = case((is_code(), null()), (in_conversation(), left_in_conversation()), else_=after.scalar_subquery())
    moved = await within.execute(
        update(delivery)
        .where(
            which,
            delivery.c.state.in_((DeliveryState.HELD, DeliveryState.ON_THE_WAY, DeliveryState.TOLD)),
            delivery.c.notice_id.in_(select(notice.c.id).where(notice.c.state == NoticeState.PUBLISHED)),
        )
        .values(
            rung=func.coalesce(following, 0),
            state=case(
                (following.is_not(None), DeliveryState.ON_THE_WAY.value),
                (and_(or_(is_crisis(), is_code()), has_attempt(AttemptState.ACCEPTED)), DeliveryState.TOLD.value),
                (nobody_calls(), DeliveryState.EXPIRED.value),
                else_=DeliveryState.TO_CALL.value,
            ),
            state_at=now,
        )
        .returning(delivery.c.id)
        .execution_options(synchronize_session=False)
    )
    ids = [row.id for row in moved]
    if ids:
        await open_rungs(within, delivery.c.id.in_(ids), now=now)
        await open_calls(within, delivery.c.id.in_(ids), lane=lane, now=now)
        stuck = select(delivery.c.id).where(delivery.c.id.in_(ids), delivery.c.state.in_(WAITING), ~still_tried())
        ended = (await within.execute(stuck)).scalars().all()
        if ended:
            await climb(within, delivery.c.id.in_(ended), lane=lane, now=now)


async def open_rungs(within: Within, which: ColumnElement[bool], *, now: datetime) -> None:
    """Give the deliveries that have just come to a rung their copy, and each new copy its first attempt.

    Rows are made in order, by address and by copy, so that the same press gives the same numbers on both databases.
    """
    standing = _standing(which)
    await within.execute(
        insert_into(copy, within)
        .from_select(
            ["school_id", "notice_id", "channel", "address_id", "language", "variant"],
            select(
                standing.c.school_id,
                standing.c.notice_id,
                standing.c.channel,
                standing.c.address_id,
                standing.c.language,
                standing.c.variant,
            )
            .where(standing.c.id > 0)
            .distinct()
            .order_by(standing.c.address_id, standing.c.variant),
        )
        .on_conflict_do_nothing()
    )
    await within.execute(
        insert_into(copy_delivery, within)
        .from_select(
            ["school_id", "copy_id", "delivery_id", "rung"],
            select(standing.c.school_id, copy.c.id, standing.c.id, standing.c.rung)
            .join(
                copy,
                and_(
                    copy.c.school_id == standing.c.school_id,
                    copy.c.notice_id == standing.c.notice_id,
                    copy.c.channel == standing.c.channel,
                    copy.c.address_id == standing.c.address_id,
                    copy.c.variant == standing.c.variant,
                ),
            )
            .where(standing.c.id > 0),
        )
        .on_conflict_do_nothing()  # ways put in another order meanwhile: the address was written to as another rung
    )
    first = ["school_id", "copy_id", "sender_id", "lane", "due_at", "look_at"]
    await within.execute(insert(attempt).from_select(first, _first_attempts(which, now)))
    await choose_lines(within, which, now=now)
    await within.execute(
        update(delivery)
        .where(which, delivery.c.state.in_(WAITING), has_attempt(AttemptState.DELIVERED))
        .values(state=DeliveryState.TOLD, state_at=now)
        .execution_options(synchronize_session=False)
    )


async def open_calls(within: Within, which: ColumnElement[bool], *, lane: Lane, now: datetime) -> None:
    """Make a task to call of each delivery that has no rung left; in a crisis nobody calls."""
    await within.execute(
        insert_into(call_task, within)
        .from_select(
            ["school_id", "delivery_id", "opened_at", "due_at"],
            select(delivery.c.school_id, delivery.c.id, _moment(now), _moment(call_due(lane, now))).where(
                which, delivery.c.state == DeliveryState.TO_CALL, ~is_crisis()
            ),
        )
        .on_conflict_do_nothing()
    )


def _standing(which: ColumnElement[bool]) -> Subquery:
    """Deliveries on a rung that no copy serves yet, with what decides their copy."""
    pupils = (
        select(delivery_pupil.c.pupil_id)
        .where(delivery_pupil.c.school_id == delivery.c.school_id, delivery_pupil.c.delivery_id == delivery.c.id)
        .order_by(delivery_pupil.c.pupil_id)
        .correlate(delivery)
        .subquery()
    )
    named = select(func.aggregate_strings(cast(pupils.c.pupil_id, String), ",")).scalar_subquery()
    language = func.coalesce(address.c.language, guardian.c.language)
    by_voice = literal(ChannelName.VOICE, contact_point.c.channel.type)
    served = select(copy_delivery.c.id).where(
        copy_delivery.c.school_id == delivery.c.school_id,
        copy_delivery.c.delivery_id == delivery.c.id,
        copy_delivery.c.rung == _rung(),
    )
    return (
        select(
            delivery.c.school_id,
            delivery.c.id,
            delivery.c.notice_id,
            _rung().label("rung"),
            _by_voice(by_voice, contact_point.c.channel).label("channel"),
            contact_point.c.address_id,
            language.label("language"),
            case((notice.c.kind.in_(NAMING_KINDS), language + ":" + named), else_=language).label("variant"),
        )
        .join(notice, same(delivery, notice, "notice_id"))
        .join(guardian, same(delivery, guardian, "guardian_id"))
        .join(contact_point, _stands_on())
        .join(address, same(contact_point, address, "address_id"))
        .where(which, waits(), ~served.exists())
        .subquery("standing")
    )


def _first_attempts(which: ColumnElement[bool], now: datetime) -> Select[Any]:
    """Copies that have no attempt yet, with the sender they leave from."""
    due = case((notice.c.due_at > _moment(now), notice.c.due_at), else_=_moment(now))
    leaves_from = _by_voice(caller_for(), sender_for())
    return (
        select(
            copy.c.school_id,
            copy.c.id,
            func.min(leaves_from),
            notice.c.lane,
            due,
            due,
        )
        .select_from(delivery)
        .join(contact_point, _stands_on())
        .join(
            copy_delivery,
            and_(same(copy_delivery, delivery, "delivery_id"), copy_delivery.c.rung == _rung()),
        )
        .join(copy, same(copy_delivery, copy, "copy_id"))
        .join(notice, same(copy, notice, "notice_id"))
        .where(
            which,
            waits(),
            leaves_from.is_not(None),
            ~select(attempt.c.id)
            .where(attempt.c.school_id == copy.c.school_id, attempt.c.copy_id == copy.c.id)
            .exists(),
        )
        .group_by(copy.c.school_id, copy.c.id, notice.c.lane, notice.c.due_at)
        .order_by(copy.c.id)
    )


def _stands_on() -> ColumnElement[bool]:
    """The contact point of the delivery's rung; in a crisis every one that may be written to, all together."""
    return and_(
        contact_point.c.school_id == delivery.c.school_id,
        contact_point.c.guardian_id == delivery.c.guardian_id,
        or_(contact_point.c.position == position_of(delivery.c.rung), and_(is_crisis(), wanted(), may_be_written_to())),
    )


def _rung() -> ColumnElement[int]:
    """Give the rung of the contact point at hand: its position, or that of a call to it."""
    return _by_voice(delivery.c.rung, contact_point.c.position)


def _by_voice(called: Any, written: Any) -> ColumnElement[Any]:  # noqa: ANN401 (columns and scalar selects)
    """Choose between what is for a delivery that stands on a call, and for one that is written to."""
    return case((is_call(delivery.c.rung), called), else_=written)


def _moment(moment: datetime) -> ColumnElement[datetime]:
    return literal(moment, notice.c.due_at.type)
