"""What belongs to one person alone: addresses, copies and notices that end with him or her."""

from typing import Any

from sqlalchemy import Select, exists, or_, select

from hub.tables import (
    address,
    contact_point,
    copy,
    copy_delivery,
    delivery,
    delivery_pupil,
    guardian,
    notice,
    pupil,
    reply,
    thread,
)

Ids = Select[Any]
"""A selection of ids."""


def own_addresses(school_id: int, guardian_id: int) -> Ids:
    """Addresses that this adult used, was written to or wrote from, and that nobody else uses."""
    theirs = (
        select(contact_point.c.address_id).where(contact_point.c.guardian_id == guardian_id),
        select(copy.c.address_id).where(copy.c.id.in_(_served(guardian_id))),
        select(reply.c.address_id).where(reply.c.guardian_id == guardian_id, reply.c.address_id.is_not(None)),
    )
    others = exists().where(contact_point.c.address_id == address.c.id, contact_point.c.guardian_id != guardian_id)
    return select(address.c.id).where(
        address.c.school_id == school_id, or_(*(address.c.id.in_(ids) for ids in theirs)), ~others
    )


def own_copies(school_id: int, guardian_id: int) -> Ids:
    """Copies that served this adult and nobody else who is still known; of two on one phone, the other keeps his."""
    another = (
        exists()
        .where(copy_delivery.c.copy_id == copy.c.id)
        .where(delivery.c.id == copy_delivery.c.delivery_id, delivery.c.guardian_id != guardian_id)
        .where(guardian.c.id == delivery.c.guardian_id, guardian.c.name_key != "")
    )
    return select(copy.c.id).where(copy.c.school_id == school_id, copy.c.id.in_(_served(guardian_id)), ~another)


def own_notices(school_id: int, guardian_id: int) -> Ids:
    """Notices that were for this adult and for nobody else who is still known."""
    told = select(delivery.c.notice_id).where(delivery.c.guardian_id == guardian_id)
    another = (
        exists()
        .where(delivery.c.notice_id == notice.c.id, delivery.c.guardian_id != guardian_id)
        .where(guardian.c.id == delivery.c.guardian_id, guardian.c.name_key != "")
    )
    return select(notice.c.id).where(notice.c.school_id == school_id, notice.c.id.in_(told), ~another)


def copies_about(school_id: int, pupil_id: int) -> Ids:
    """Copies to somebody who was told about this pupil: their text may name the child."""
    told = (
        select(copy_delivery.c.copy_id)
        .join(delivery_pupil, delivery_pupil.c.delivery_id == copy_delivery.c.delivery_id)
        .where(delivery_pupil.c.pupil_id == pupil_id)
    )
    return select(copy.c.id).where(copy.c.school_id == school_id, copy.c.id.in_(told))


def notices_about(school_id: int, pupil_id: int) -> Ids:
    """Notices about this pupil and no other who is still known."""
    told = (
        select(delivery.c.notice_id)
        .join(delivery_pupil, delivery_pupil.c.delivery_id == delivery.c.id)
        .where(delivery_pupil.c.pupil_id == pupil_id)
    )
    another = (
        exists()
        .where(delivery.c.notice_id == notice.c.id, delivery_pupil.c.delivery_id == delivery.c.id)
        .where(delivery_pupil.c.pupil_id != pupil_id)
        .where(pupil.c.id == delivery_pupil.c.pupil_id, pupil.c.name_key != "")
    )
    return select(notice.c.id).where(notice.c.school_id == school_id, notice.c.id.in_(told), ~another)


def replies_about(school_id: int, pupil_id: int) -> Ids:
    """What families wrote in the conversations about this pupil."""
    threads = select(thread.c.id).where(thread.c.pupil_id == pupil_id)
    return select(reply.c.id).where(reply.c.school_id == school_id, reply.c.thread_id.in_(threads))


def replies_of(school_id: int, guardian_id: int) -> Ids:
    """What this adult wrote, and what was put into a conversation of his or hers."""
    threads = select(thread.c.id).where(thread.c.guardian_id == guardian_id)
    return select(reply.c.id).where(
        reply.c.school_id == school_id, or_(reply.c.guardian_id == guardian_id, reply.c.thread_id.in_(threads))
    )


def _served(guardian_id: int) -> Ids:
    return (
        select(copy_delivery.c.copy_id)
        .join(delivery, delivery.c.id == copy_delivery.c.delivery_id)
        .where(delivery.c.guardian_id == guardian_id)
    )
