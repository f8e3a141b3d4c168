"""What is asked of the registers about plans: statements, made once."""

from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from hub.models.base import BigId, UtcDateTime
from hub.models.planned import PlanState
from hub.tables import data_key, planned_firing, planned_notice, staff

SCHOOL = bindparam("school", type_=BigId())
MOST = 200
"""Plans that one page lists."""


@cache
def one_plan() -> Select[Any]:
    """Ask for one plan: parameters school, plan."""
    return _plans().where(planned_notice.c.id == bindparam("plan", type_=BigId()))


@cache
def waiting() -> Select[Any]:
    """Ask for what waits, the next first: parameter school."""
    here = planned_notice.c.state == PlanState.WAITING
    return _plans().where(here).order_by(planned_notice.c.next_at, planned_notice.c.id).limit(MOST)


@cache
def over() -> Select[Any]:
    """Ask for what has left, was cancelled or has ended, the newest first: parameter school."""
    here = planned_notice.c.state != PlanState.WAITING
    return _plans().where(here).order_by(planned_notice.c.changed_at.desc(), planned_notice.c.id.desc()).limit(MOST)


@cache
def due() -> Select[Any]:
    """Ask which plans the clock has to look at, in all schools: parameter now."""
    return (
        select(planned_notice.c.id, planned_notice.c.school_id)
        .where(planned_notice.c.next_at <= bindparam("now", type_=UtcDateTime()))
        .order_by(planned_notice.c.next_at, planned_notice.c.id)
    )


@cache
def due_one() -> Select[Any]:
    """Ask for one plan that is due, and keep it from others for this transaction: parameters school, plan, now."""
    return (
        one_plan()
        .where(planned_notice.c.next_at <= bindparam("now", type_=UtcDateTime()))
        .with_for_update(of=planned_notice)
    )


@cache
def firings() -> Select[Any]:
    """Ask what became of the moments of some plans, the newest first: parameters school, plans."""
    return (
        select(planned_firing)
        .where(
            planned_firing.c.school_id == SCHOOL,
            planned_firing.c.planned_id.in_(bindparam("plans", type_=BigId(), expanding=True)),
        )
        .order_by(planned_firing.c.due_at.desc())
    )


def _plans() -> Select[Any]:
    return (
        select(planned_notice, staff.c.name, data_key.c.wrapped, data_key.c.master_version)
        .join(staff, and_(staff.c.school_id == planned_notice.c.school_id, staff.c.id == planned_notice.c.author_id))
        .join(
            data_key,
            and_(data_key.c.school_id == planned_notice.c.school_id, data_key.c.id == planned_notice.c.data_key_id),
        )
        .where(planned_notice.c.school_id == SCHOOL, planned_notice.c.slots_sealed != b"")  # those are forgotten
    )
