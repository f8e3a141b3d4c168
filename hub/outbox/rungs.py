"""Rungs: what an adult can be written to by, what a delivery stands on, and whether anything on it is still tried."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, or_, select

from hub.models.notices import AttemptState, DeliveryState, Needs
from hub.models.people import AddressState, Means
from hub.ports import ChannelName, NoticeKind
from hub.routing import UNCALLED
from hub.tables import (
    address,
    attempt,
    contact_point,
    copy_delivery,
    delivery,
    document,
    guardian,
    notice,
    sender,
    stop,
)

WAITING = (DeliveryState.HELD, DeliveryState.ON_THE_WAY)
LEFT = (AttemptState.SENDING, AttemptState.UNKNOWN, AttemptState.ACCEPTED, AttemptState.DELIVERED)
"""What has left its sender, or may have."""
WRITABLE = (AddressState.UNVERIFIED, AddressState.ACTIVE)
CALLED = 1000
"""A rung beyond it is a call to the phone at position `rung - CALLED`; below 0, a call before all that is written.

So a phone needs no second contact point to be called, and a landline is a rung only where a machine may speak.
"""
LIVE = (AttemptState.READY, AttemptState.SENDING, AttemptState.UNKNOWN, AttemptState.ACCEPTED)


def sender_for() -> ScalarSelect[int]:
    """Give the sender that a message to the contact point at hand would leave from now; NULL when there is none.

    It works, it is of that channel, and this address did not tell it to stop. What only rings is not written to.
    """
    return _sender(and_(sender.c.channel == contact_point.c.channel, sender.c.channel != ChannelName.VOICE))


def caller_for() -> ScalarSelect[int]:
    """Give the sender that would call the phone at hand now; NULL when there is none."""
    return _sender(sender.c.channel == ChannelName.VOICE)


def _sender(of_channel: ColumnElement[bool]) -> ScalarSelect[int]:
    stopped = (
        select(stop.c.id)
        .where(
            stop.c.school_id == contact_point.c.school_id,
            stop.c.address_id == contact_point.c.address_id,
            stop.c.sender_id == sender.c.id,
        )
        .correlate(contact_point, sender)  # of these rows: else one family's STOP would close the sender to all
    )
    return (
        select(func.min(sender.c.id))
        .where(
            sender.c.school_id == contact_point.c.school_id,
            of_channel,
            sender.c.stopped_at.is_(None),
            ~stopped.exists(),
        )
        .correlate(contact_point)
        .scalar_subquery()
    )


def next_rung(guardian_id: ColumnElement[int], school_id: ColumnElement[int], after: ColumnElement[int]) -> Any:  # noqa: ANN401 (a scalar select)
    """Give the position of the guardian's next contact point that may be written to now; NULL when none is left.

    What the guardian does not want, or has not proved yet, is written to only by name (`conversations.first_rung`).
    """
    return (
        select(func.min(contact_point.c.position))
        .join(address, same(contact_point, address, "address_id"))
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.guardian_id == guardian_id,
            contact_point.c.position > after,
            wanted(),
            address.c.state.in_(WRITABLE),
            sender_for().is_not(None),
        )
    )


def next_way(
    guardian_id: ColumnElement[int],
    school_id: ColumnElement[int],
    after: ColumnElement[int],
    *,
    rings: ColumnElement[bool],
) -> Any:  # noqa: ANN401 (a scalar select)
    """Give the guardian's next rung as `next_rung` does, calls included where `rings`; NULL when none is left.

    A call comes after all that is written, and first for whom the school calls first; nobody is called who only reads.
    """
    adult = guardian.alias("called")
    first = adult.c.means == Means.CALL_FIRST
    position = contact_point.c.position
    call = case((first, position - CALLED), else_=position + CALLED)
    written = case((and_(position > after, sender_for().is_not(None)), position))
    called = case(
        (
            and_(
                rings,
                call > after,
                adult.c.means.in_((Means.ANY, Means.CALL_FIRST)),
                contact_point.c.channel.in_((ChannelName.SMS, ChannelName.VOICE)),
                caller_for().is_not(None),
            ),
            call,
        )
    )
    one = case((first, func.coalesce(called, written)), else_=func.coalesce(written, called))
    return (
        select(func.min(one))
        .select_from(contact_point)
        .join(address, same(contact_point, address, "address_id"))
        .join(adult, same(contact_point, adult, "guardian_id"))
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.guardian_id == guardian_id,
            wanted(),
            address.c.state.in_(WRITABLE),
        )
    )


def rings() -> ColumnElement[bool]:
    """Say that a machine may call about the delivery's notice, as its ladder was when it was pressed."""
    return (
        select(notice.c.id)
        .where(notice.c.school_id == delivery.c.school_id, notice.c.id == delivery.c.notice_id, notice.c.rings)
        .correlate(delivery)
        .exists()
    )


def is_call(rung: ColumnElement[int]) -> ColumnElement[bool]:
    """Say that a rung is a call."""
    return or_(rung > CALLED, rung < 0)


def position_of(rung: ColumnElement[int]) -> ColumnElement[int]:
    """Give the position of the contact point that a rung stands on."""
    return case((rung > CALLED, rung - CALLED), (rung < 0, rung + CALLED), else_=rung)


def is_crisis() -> ColumnElement[bool]:
    """Say that the delivery's notice is a crisis: all channels at once, no call, no ladder."""
    return _is_a(NoticeKind.CRISIS)


def is_code() -> ColumnElement[bool]:
    """Say that the delivery's notice is a code: for one address alone."""
    return _is_a(NoticeKind.CODE)


def nobody_calls() -> ColumnElement[bool]:
    """Say that nobody calls a family about the delivery's notice: its kind, or a document that nobody signs."""
    only_to_read = (
        select(document.c.id)
        .where(
            document.c.school_id == delivery.c.school_id,
            document.c.notice_id == delivery.c.notice_id,
            document.c.needs == Needs.NONE,
        )
        .correlate(delivery)
    )
    return or_(_is_a(*UNCALLED), only_to_read.exists())


def _is_a(*kinds: NoticeKind) -> ColumnElement[bool]:
    return (
        select(notice.c.id)
        .where(
            notice.c.school_id == delivery.c.school_id,
            notice.c.id == delivery.c.notice_id,
            notice.c.kind.in_(sorted(kinds)),
        )
        .correlate(delivery)
        .exists()
    )


def has_attempt(*states: AttemptState) -> ColumnElement[bool]:
    """Say that some copy of the delivery has an attempt in one of these states."""
    return (
        select(attempt.c.id)
        .join(copy_delivery, copy_delivery.c.copy_id == attempt.c.copy_id)
        .where(copy_delivery.c.delivery_id == delivery.c.id, attempt.c.state.in_(states))
        .exists()
    )


def still_tried() -> ColumnElement[bool]:
    """Say that some try on the delivery's present rung may still succeed, or fail and move it on."""
    return (
        select(attempt.c.id)
        .join(copy_delivery, copy_delivery.c.copy_id == attempt.c.copy_id)
        .where(
            copy_delivery.c.delivery_id == delivery.c.id,
            copy_delivery.c.rung == delivery.c.rung,
            attempt.c.state.in_(LIVE),
            attempt.c.look_at.is_not(None),
        )
        .exists()
    )


def waits() -> ColumnElement[bool]:
    """Say that the delivery waits for a message: it is not told yet, or it is and nobody answers."""
    return or_(delivery.c.state.in_(WAITING), and_(delivery.c.state == DeliveryState.TOLD, delivery.c.chased))


def standing_on(copies: Sequence[int]) -> ColumnElement[bool]:
    """Say that the delivery's present rung is served by one of these copies.

    The copies lead to the deliveries, by themselves: were the rung asked for in there, every delivery would be read.
    """
    served = select(copy_delivery.c.delivery_id).where(copy_delivery.c.copy_id.in_(copies))
    now = served.where(copy_delivery.c.delivery_id == delivery.c.id, copy_delivery.c.rung == delivery.c.rung)
    return and_(delivery.c.id.in_(served), now.correlate(delivery).exists())


def wanted() -> ColumnElement[bool]:
    """Say that its guardian wants to be written to at the contact point at hand."""
    return contact_point.c.unwanted_at.is_(None)


def may_be_written_to() -> ColumnElement[bool]:
    """Say that the contact point at hand may be written to now."""
    good = select(address.c.id).where(
        address.c.school_id == contact_point.c.school_id,
        address.c.id == contact_point.c.address_id,
        address.c.state.in_(WRITABLE),
    )
    return and_(good.correlate(contact_point).exists(), sender_for().is_not(None))


def same(one: Any, other: Any, column: str) -> ColumnElement[bool]:  # noqa: ANN401 (tables and subqueries)
    """Tie two rows of one school: `one.column` is the id of `other`."""
    return and_(one.c.school_id == other.c.school_id, one.c[column] == other.c.id)
