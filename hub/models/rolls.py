"""Who is at school: the roll of each class and half-day, and the absences that come of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from hub.models.answers import AnswerKind
from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.ports import HalfDay


class AbsenceState(StrEnum):
    """Where a child is, as far as the school knows."""

    OPEN = "open"
    EXPLAINED = "explained"
    FOUND = "found"
    HANDED_ON = "handed_on"


class Mark(StrEnum):
    """What the roll says of a pupil who is not simply there."""

    ABSENT = "absent"
    LATE = "late"


class Roll(InSchool, table=True):
    """A class's roll of one half-day. `complete`: everybody was looked at; else it goes on.

    `taken_at` is the tablet's, `received_at` ours.
    """

    __tablename__ = "roll"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            ("class_id", "class_group"),
            ("taken_by", "staff"),
            unique=[("class_id", "day", "half_day")],
        ),
        Index(None, "day", "school_id"),
    )

    class_id: int = Field(sa_type=BigId)
    day: date
    half_day: HalfDay = Field(sa_type=words(HalfDay))
    taken_by: int = Field(sa_type=BigId)
    complete: bool = True
    taken_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    keep_until: date | None = None


class RollMark(InSchool, table=True):
    """A pupil who is missing or came late."""

    __tablename__ = "roll_mark"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("roll", "pupil", unique=[("roll_id", "pupil_id")]),
        Index(None, "pupil_id", "school_id"),
    )

    roll_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    mark: Mark = Field(sa_type=words(Mark))
    at: datetime = Field(sa_type=UtcDateTime)


class Absence(InSchool, table=True):
    """One case per pupil and half-day, owned until the child is explained or found.

    `reason`: what was said, and by whom through what (`told_by` a guardian; `typed_by` the office, for what came by
    phone, at the gate, on a note or the answering machine). `alarmed_at`: the family says that the child should be
    at school. `notice_id`: the alert that was or will be sent; none for an absence told before.
    """

    __tablename__ = "absence"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            "pupil",
            "notice",
            ("owner_id", "staff"),
            ("told_by", "guardian"),
            ("typed_by", "staff"),
            unique=[("pupil_id", "day", "half_day")],
        ),
        Index(None, "day", "school_id"),
        Index(None, "notice_id", "school_id"),
    )

    pupil_id: int = Field(sa_type=BigId)
    day: date
    half_day: HalfDay = Field(sa_type=words(HalfDay))
    state: AbsenceState = Field(default=AbsenceState.OPEN, sa_type=words(AbsenceState))
    reason: AnswerKind | None = Field(default=None, sa_type=words(AnswerKind))
    told_by: int | None = Field(default=None, sa_type=BigId)
    typed_by: int | None = Field(default=None, sa_type=BigId)
    through: str = Field(default="", max_length=12)
    owner_id: int | None = Field(default=None, sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    alarmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: date | None = None
