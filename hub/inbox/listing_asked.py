"""The questions behind the list of conversations, each written once and asked with parameters."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, func, or_, select

from hub.inbox.rights import DAY, READER, SCHOOL, may_read, several
from hub.models.base import UtcDateTime
from hub.models.threads import ThreadState
from hub.people.links import holds_on, told_about
from hub.tables import class_group, contact_point, enrolment, guardian, pupil, reply, staff, thread, thread_read

_NOW: Any = bindparam("now", type_=UtcDateTime())


def unread() -> ColumnElement[bool]:
    """Say that a family wrote since this reader last looked; what a machine wrote is no news."""
    read = (
        select(thread_read.c.read_at)
        .where(thread_read.c.thread_id == thread.c.id, thread_read.c.staff_id == READER)
        .correlate(thread)
        .scalar_subquery()
    )
    return (
        select(reply.c.id)
        .where(
            reply.c.school_id == thread.c.school_id,
            reply.c.thread_id == thread.c.id,
            reply.c.machine.is_(False),
            or_(read.is_(None), reply.c.received_at > read),
        )
        .correlate(thread)
        .exists()
    )


def is_new() -> ColumnElement[bool]:
    """Say that it waits for us and this reader has not read it."""
    return and_(thread.c.state == ThreadState.OPEN, unread())


def is_late() -> ColumnElement[bool]:
    """Say that it should have been answered by now: parameter now."""
    return and_(thread.c.state == ThreadState.OPEN, thread.c.due_at <= _NOW)


@cache
def conversations(*, whole_school: bool, director: bool) -> Select[Any]:
    """Ask for the conversations that a reader may read, with who speaks in them: parameters of `as_reader`."""
    owner, keeper = staff.alias("owner"), staff.alias("keeper")
    newest = (
        select(func.max(reply.c.id))
        .where(reply.c.school_id == thread.c.school_id, reply.c.thread_id == thread.c.id, reply.c.machine.is_(False))
        .correlate(thread)
        .scalar_subquery()
    )
    return (
        select(
            thread,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            guardian.c.language,
            owner.c.name.label("owner"),
            keeper.c.name.label("keeper"),
            newest.label("newest"),
            unread().label("unread"),
        )
        .outerjoin(guardian, and_(guardian.c.school_id == thread.c.school_id, guardian.c.id == thread.c.guardian_id))
        .outerjoin(owner, and_(owner.c.school_id == thread.c.school_id, owner.c.id == thread.c.owner_id))
        .outerjoin(keeper, and_(keeper.c.school_id == thread.c.school_id, keeper.c.id == thread.c.private_to))
        .where(thread.c.school_id == SCHOOL, may_read(whole_school=whole_school, director=director))
    )


@cache
def picked(which: str, *, whole_school: bool, director: bool) -> Select[Any]:
    """Ask for one page of them, the newest first: beside, parameters now, most, after (how many to pass over)."""
    narrowed = {
        "new": is_new(),
        "mine": and_(thread.c.owner_id == READER, thread.c.state == ThreadState.OPEN),
        "late": is_late(),
        "waiting": thread.c.state == ThreadState.WAITING,
        "closed": thread.c.state == ThreadState.CLOSED,
    }.get(which, thread.c.state != ThreadState.CLOSED)
    return (
        conversations(whole_school=whole_school, director=director)
        .where(narrowed)
        .order_by(thread.c.last_at.desc(), thread.c.id.desc())
        .limit(bindparam("most", type_=Integer()))
        .offset(bindparam("after", type_=Integer()))
    )


@cache
def counted(*, whole_school: bool, director: bool) -> Select[Any]:
    """Count what waits for a reader: unread, late, theirs to answer; parameters of `as_reader`, and now."""
    mine = and_(thread.c.owner_id == READER, thread.c.state == ThreadState.OPEN)
    return select(
        *(
            func.coalesce(func.sum(case((which, 1), else_=0)), 0).label(name)
            for name, which in (("new", is_new()), ("late", is_late()), ("mine", mine))
        ),
        func.min(case((is_late(), thread.c.due_at))).label("late_since"),
    ).where(
        thread.c.school_id == SCHOOL,
        thread.c.state == ThreadState.OPEN,
        may_read(whole_school=whole_school, director=director),
    )


@cache
def how_many_new(*, whole_school: bool, director: bool) -> Select[Any]:
    """Count the unread alone: parameters of `as_reader`."""
    return (
        select(func.count())
        .select_from(thread)
        .where(thread.c.school_id == SCHOOL, is_new(), may_read(whole_school=whole_school, director=director))
    )


@cache
def seats() -> Select[Any]:
    """Ask for the name and the class of today of some pupils: parameters school, day, pupils."""
    return (
        select(pupil.c.id, pupil.c.first_name, class_group.c.label)
        .outerjoin(
            enrolment,
            and_(
                enrolment.c.school_id == pupil.c.school_id,
                enrolment.c.pupil_id == pupil.c.id,
                holds_on(enrolment, DAY),
            ),
        )
        .outerjoin(
            class_group,
            and_(class_group.c.school_id == enrolment.c.school_id, class_group.c.id == enrolment.c.class_id),
        )
        .where(pupil.c.school_id == SCHOOL, pupil.c.id.in_(several("pupils")))
        .order_by(pupil.c.id)
    )


@cache
def families() -> Select[Any]:
    """Ask for the pupils whom some adults are told about today: parameters school, day, guardians."""
    told = told_about(SCHOOL, DAY).subquery("told")
    return (
        select(told.c.guardian_id, told.c.pupil_id)
        .where(told.c.guardian_id.in_(several("guardians")))
        .order_by(told.c.guardian_id, told.c.pupil_id)
    )


@cache
def sharing() -> Select[Any]:
    """Ask for the adults who share some addresses: parameters school, addresses."""
    return (
        select(
            contact_point.c.address_id,
            guardian.c.id,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
        )
        .join(
            guardian,
            and_(guardian.c.school_id == contact_point.c.school_id, guardian.c.id == contact_point.c.guardian_id),
        )
        .where(contact_point.c.school_id == SCHOOL, contact_point.c.address_id.in_(several("addresses")))
        .order_by(contact_point.c.address_id, guardian.c.name_key, guardian.c.id)
    )
