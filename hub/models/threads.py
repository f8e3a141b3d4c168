"""What families say back: replies, the conversations they belong to, and absences."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.ports import ChannelName, HalfDay


class AbsenceState(StrEnum):
    """Where a child is, as far as the school knows."""

    OPEN = "open"
    EXPLAINED = "explained"
    FOUND = "found"
    HANDED_ON = "handed_on"


class Thread(InSchool, table=True):
    """A conversation about a pupil; a confidential one belongs to a person."""

    __tablename__ = "thread"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("pupil", "address", ("private_to", "staff"), listed=True),
        Index(None, "pupil_id", "school_id"),
    )

    pupil_id: int | None = Field(default=None, sa_type=BigId)
    address_id: int | None = Field(default=None, sa_type=BigId)
    private_to: int | None = Field(default=None, sa_type=BigId)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    keep_until: date | None = None


class Reply(InSchool, table=True):
    """What a family wrote, as it came. `provider_key` makes receiving idempotent; words under the address's key."""

    __tablename__ = "reply"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("sender", "thread", "address", "notice", "guardian", unique=[("sender_id", "provider_key")]),
        Index(None, "thread_id", "school_id"),
    )

    sender_id: int = Field(sa_type=BigId)
    provider_key: str = Field(max_length=255)
    channel: ChannelName = Field(sa_type=words(ChannelName))
    thread_id: int | None = Field(default=None, sa_type=BigId)
    address_id: int | None = Field(default=None, sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    guardian_id: int | None = Field(default=None, sa_type=BigId)
    words_sealed: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=UtcDateTime)
    keep_until: date | None = None


class Absence(InSchool, table=True):
    """One case per pupil and half-day, owned until the child is explained or found."""

    __tablename__ = "absence"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = within_school(
        "pupil", "notice", ("owner_id", "staff"), unique=[("pupil_id", "day", "half_day")], listed=True
    )

    pupil_id: int = Field(sa_type=BigId)
    day: date
    half_day: HalfDay = Field(sa_type=words(HalfDay))
    state: AbsenceState = Field(default=AbsenceState.OPEN, sa_type=words(AbsenceState))
    owner_id: int | None = Field(default=None, sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: date | None = None
