"""Notices that leave later: at a moment, or every week of term; and what became of each of their moments."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, text
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.ports import NoticeKind


class PlanState(StrEnum):
    """Whether a plan still leaves."""

    WAITING = "waiting"
    CANCELLED = "cancelled"
    ENDED = "ended"


class Fired(StrEnum):
    """What became of one moment of a plan: it left, it was too late to make sense, or it could not be pressed."""

    LEFT = "left"
    MISSED = "missed"
    REFUSED = "refused"


class PlannedNotice(InSchool, table=True):
    """What somebody has pressed for later; `slots_sealed` under the key of its own. Nothing of it is a notice yet.

    `next_at`: when the clock looks at it next; None once it waits for nothing. Repeated: on `weekdays` (Monday 0, as
    "0,3") at `at` by the school's clock, every `every` weeks counted from that of `starts_on`, until `until`;
    `in_term`: only on days of class. Once: `weekdays` is None. `version` counts the edits, so that two who edit at
    once do not write over each other.
    """

    __tablename__ = "planned_notice"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("data_key", ("author_id", "staff"), unique=[("key_name",)], listed=True),
        Index(
            "ix_planned_notice_due",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )

    data_key_id: int = Field(sa_type=BigId)
    key_name: str = Field(max_length=64)
    kind: NoticeKind = Field(sa_type=words(NoticeKind))
    state: PlanState = Field(default=PlanState.WAITING, sa_type=words(PlanState))
    author_id: int = Field(sa_type=BigId)
    audience: str = Field(max_length=2000)
    slots_sealed: bytes = Field(sa_type=LargeBinary)
    version: int = 1
    starts_on: date
    at: time
    weekdays: str | None = Field(default=None, max_length=20)
    every: int = 1
    until: date | None = None
    in_term: bool = True
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    keep_until: date | None = None


class PlannedFiring(InSchool, table=True):
    """One moment of a plan, once, whoever's clock struck; `why` in our words when nothing left.

    What did not leave waits on the first page of its author and of the office until somebody has seen it (`seen_at`).
    """

    __tablename__ = "planned_firing"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("planned_id", "planned_notice"), "notice", unique=[("planned_id", "due_at")]),
        Index(None, "notice_id", "school_id"),
    )

    planned_id: int = Field(sa_type=BigId)
    due_at: datetime = Field(sa_type=UtcDateTime)
    fired_at: datetime = Field(sa_type=UtcDateTime)
    outcome: Fired = Field(sa_type=words(Fired))
    notice_id: int | None = Field(default=None, sa_type=BigId)
    why: str = Field(default="", max_length=300)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
