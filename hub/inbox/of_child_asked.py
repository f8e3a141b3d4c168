"""The questions behind a child's file, each written once: what each adult was sent, by which way, with what result."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, or_, select

from hub.inbox.envelopes import replies
from hub.inbox.rights import DAY, SCHOOL, may_read, several
from hub.models.base import BigId, UtcDateTime
from hub.notices.headlines_asked import headlines
from hub.outbox.rungs import same
from hub.tables import (
    absence,
    address,
    answer,
    attempt,
    call_task,
    class_group,
    copy,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    document,
    enrolment,
    guardian,
    letter,
    link,
    notice,
    pupil,
    receipt,
    reply,
    sender,
    signature,
    staff,
    thread,
    thread_notice,
)

PUPIL: Any = bindparam("pupil", type_=BigId())
_SINCE, _UNTIL = bindparam("since", type_=UtcDateTime()), bindparam("until", type_=UtcDateTime())
_FIRST, _LAST = bindparam("first", type_=Date()), bindparam("last", type_=Date())


@cache
def child() -> Select[Any]:
    """Ask for a pupil, with the class of today or the last there was: parameters school, pupil."""
    return (
        select(pupil.c.first_name, pupil.c.usage_name, pupil.c.family_name, class_group.c.label)
        .outerjoin(enrolment, _enrolled())
        .outerjoin(class_group, same(enrolment, class_group, "class_id"))
        .where(pupil.c.school_id == SCHOOL, pupil.c.id == PUPIL)
        .order_by(enrolment.c.from_on.desc())
        .limit(1)
    )


def _enrolled() -> ColumnElement[bool]:
    return and_(
        enrolment.c.school_id == pupil.c.school_id, enrolment.c.pupil_id == pupil.c.id, enrolment.c.from_on <= DAY
    )


@cache
def adults() -> Select[Any]:
    """Ask for every adult who was ever tied to this pupil, or told of it, with every link: parameters school, pupil."""
    tied = and_(link.c.school_id == guardian.c.school_id, link.c.guardian_id == guardian.c.id, link.c.pupil_id == PUPIL)
    was_told = (
        select(delivery.c.guardian_id)
        .join(delivery_pupil, same(delivery_pupil, delivery, "delivery_id"))
        .where(delivery_pupil.c.school_id == SCHOOL, delivery_pupil.c.pupil_id == PUPIL)
    )
    was_tied = select(link.c.guardian_id).where(link.c.school_id == SCHOOL, link.c.pupil_id == PUPIL)
    return (
        select(
            guardian.c.id.label("guardian_id"),
            link.c.kind,
            link.c.from_on,
            link.c.to_on,
            link.c.waiting,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
        )
        .outerjoin(link, tied)
        .where(guardian.c.school_id == SCHOOL, guardian.c.id.in_(was_tied.union(was_told)))
        .order_by(link.c.call_order, guardian.c.id, link.c.from_on, link.c.id)
    )


@cache
def told(*, whole_school: bool, director: bool) -> Select[Any]:
    """Ask for what concerned this pupil in a period, by adult: parameters of `as_reader`, pupil, since, until.

    A word of a conversation that is confidential to somebody else is not among it.
    """
    hushed = (
        select(thread_notice.c.id)
        .join(thread, same(thread_notice, thread, "thread_id"))
        .where(
            thread_notice.c.school_id == notice.c.school_id,
            thread_notice.c.notice_id == notice.c.id,
            ~may_read(whole_school=whole_school, director=director),
        )
        .correlate(notice)
        .exists()
    )
    return (
        headlines()
        .add_columns(
            delivery.c.id.label("delivery_id"),
            delivery.c.guardian_id,
            delivery.c.state.label("stands"),
            delivery.c.state_at,
        )
        .join(delivery, and_(delivery.c.school_id == notice.c.school_id, delivery.c.notice_id == notice.c.id))
        .join(
            delivery_pupil,
            and_(delivery_pupil.c.school_id == delivery.c.school_id, delivery_pupil.c.delivery_id == delivery.c.id),
        )
        .where(delivery_pupil.c.pupil_id == PUPIL, notice.c.created_at >= _SINCE, notice.c.created_at < _UNTIL, ~hushed)
        .order_by(notice.c.created_at, notice.c.id, delivery.c.id)
    )


@cache
def tries() -> Select[Any]:
    """Ask for every try of some deliveries, in order, with what was sent and where: parameters school, deliveries."""
    return (
        select(
            copy_delivery.c.delivery_id,
            copy_delivery.c.rung,
            copy.c.channel,
            copy.c.language,
            address.c.medium,
            address.c.value_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
            attempt.c.id,
            attempt.c.state,
            attempt.c.due_at,
            attempt.c.sending_at,
            attempt.c.ended_at,
            attempt.c.error_kind,
            attempt.c.repeats,
            attempt.c.text_sealed,
            sender.c.receipts,
        )
        .join(copy, same(copy_delivery, copy, "copy_id"))
        .join(attempt, and_(attempt.c.school_id == copy.c.school_id, attempt.c.copy_id == copy.c.id))
        .join(sender, same(attempt, sender, "sender_id"))
        .join(address, same(copy, address, "address_id"))
        .join(data_key, same(address, data_key, "data_key_id"))
        .where(copy_delivery.c.school_id == SCHOOL, copy_delivery.c.delivery_id.in_(several("deliveries")))
        .order_by(copy_delivery.c.delivery_id, copy_delivery.c.rung, attempt.c.id)
    )


@cache
def receipts() -> Select[Any]:
    """Ask for what providers said later of the tries of some deliveries: parameters school, deliveries."""
    return (
        select(receipt.c.attempt_id, receipt.c.status, receipt.c.received_at)
        .distinct()
        .join(attempt, same(receipt, attempt, "attempt_id"))
        .join(
            copy_delivery,
            and_(copy_delivery.c.school_id == attempt.c.school_id, copy_delivery.c.copy_id == attempt.c.copy_id),
        )
        .where(receipt.c.school_id == SCHOOL, copy_delivery.c.delivery_id.in_(several("deliveries")))
        .order_by(receipt.c.received_at)
    )


@cache
def answers() -> Select[Any]:
    """Ask for what was answered to some deliveries, of this pupil or of all: parameters school, deliveries, pupil."""
    return (
        select(
            delivery.c.id.label("delivery_id"),
            answer.c.kind,
            answer.c.number,
            answer.c.through,
            answer.c.at,
            staff.c.name.label("typed_by"),
        )
        .join(
            delivery,
            and_(
                delivery.c.school_id == answer.c.school_id,
                delivery.c.notice_id == answer.c.notice_id,
                delivery.c.guardian_id == answer.c.guardian_id,
            ),
        )
        .outerjoin(staff, same(answer, staff, "typed_by"))
        .where(
            answer.c.school_id == SCHOOL,
            delivery.c.id.in_(several("deliveries")),
            or_(answer.c.pupil_id.is_(None), answer.c.pupil_id == PUPIL),
        )
        .order_by(answer.c.at, answer.c.id)
    )


@cache
def letters() -> Select[Any]:
    """Ask for the letters of some deliveries: parameters school, deliveries."""
    printer, bearer = staff.alias("printer"), staff.alias("bearer")
    return (
        select(letter, printer.c.name.label("printer"), bearer.c.name.label("bearer"))
        .join(printer, same(letter, printer, "printed_by"))
        .outerjoin(bearer, same(letter, bearer, "handed_by"))
        .where(letter.c.school_id == SCHOOL, letter.c.delivery_id.in_(several("deliveries")))
    )


@cache
def calls() -> Select[Any]:
    """Ask for the calls to some deliveries: parameters school, deliveries."""
    owner, done = staff.alias("owner"), staff.alias("done")
    return (
        select(
            call_task.c.delivery_id,
            call_task.c.opened_at,
            call_task.c.outcome,
            call_task.c.done_at,
            call_task.c.taken_at,
            owner.c.name.label("owner"),
            done.c.name.label("done_by"),
        )
        .outerjoin(owner, same(call_task, owner, "owner_id"))
        .outerjoin(done, same(call_task, done, "done_by"))
        .where(call_task.c.school_id == SCHOOL, call_task.c.delivery_id.in_(several("deliveries")))
        .order_by(call_task.c.opened_at, call_task.c.id)
    )


@cache
def absences() -> Select[Any]:
    """Ask for a pupil's absences in a period, with who said why: parameters school, pupil, first, last."""
    return (
        select(absence, guardian.c.first_name, guardian.c.usage_name, guardian.c.family_name, staff.c.name)
        .outerjoin(guardian, same(absence, guardian, "told_by"))
        .outerjoin(staff, same(absence, staff, "typed_by"))
        .where(
            absence.c.school_id == SCHOOL, absence.c.pupil_id == PUPIL, absence.c.day >= _FIRST, absence.c.day <= _LAST
        )
        .order_by(absence.c.day, absence.c.half_day.desc(), absence.c.id)
    )


@cache
def signatures() -> Select[Any]:
    """Ask for what was signed for a pupil in a period: parameters school, pupil, since, until."""
    return (
        select(
            signature.c.guardian_id, signature.c.at, signature.c.through, document.c.title_sealed,
            staff.c.name.label("typed_by"),
        )
        .join(document, same(signature, document, "document_id"))
        .outerjoin(staff, same(signature, staff, "typed_by"))
        .where(
            signature.c.school_id == SCHOOL,
            signature.c.pupil_id == PUPIL,
            signature.c.at >= _SINCE,
            signature.c.at < _UNTIL,
        )
        .order_by(signature.c.at, signature.c.id)
    )  # fmt: skip


@cache
def said(*, whole_school: bool, director: bool) -> Select[Any]:
    """Ask for what adults wrote about this pupil, or about all of their family, in a period.

    Parameters of `as_reader`, guardians, pupil, since, until; only from conversations that this reader may read.
    """
    whose = or_(
        thread.c.pupil_id == PUPIL, and_(thread.c.pupil_id.is_(None), thread.c.guardian_id.in_(several("guardians")))
    )
    return (
        replies()
        .add_columns(thread.c.guardian_id.label("of_guardian"), thread.c.id.label("in_thread"))
        .join(thread, same(reply, thread, "thread_id"))
        .where(
            whose,
            reply.c.received_at >= _SINCE,
            reply.c.received_at < _UNTIL,
            reply.c.machine.is_(False),
            may_read(whole_school=whole_school, director=director),
        )
        .order_by(reply.c.received_at, reply.c.id)
    )
