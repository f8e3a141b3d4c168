"""The calendar of a school: what happens when, and the secret addresses at which families' calendars read it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words


class EventKind(StrEnum):
    """What happens. CLOSED and OPEN stand against the holidays of the zone: a bridge day, a Saturday of class."""

    EVENT = "event"
    MEETING = "meeting"
    TRIP = "trip"
    CLOSED = "closed"
    OPEN = "open"


class Event(InSchool, table=True):
    """Something on a day or several; words sealed under the school's key. `class_id` None: the whole school.

    `starts_on` and `ends_on` are the first and the last day at the school; `starts_at` and `ends_at` stand where it has
    an hour. `uid` and `sequence` are those of RFC 5545: a change counts up, and a calendar moves what it has.
    """

    __tablename__ = "event"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("class_id", "class_group"), ("author_id", "staff"), "notice"),
        Index(None, "starts_on", "school_id"),
        Index(None, "notice_id", "school_id"),
    )

    class_id: int | None = Field(default=None, sa_type=BigId)
    author_id: int = Field(sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    kind: EventKind = Field(default=EventKind.EVENT, sa_type=words(EventKind))
    title_sealed: bytes = Field(sa_type=LargeBinary)
    text_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    place_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    starts_on: date
    ends_on: date
    starts_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    uid: str = Field(max_length=40, unique=True)
    sequence: int = 0
    made_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: date | None = None


class CalendarFeed(InSchool, table=True):
    """A secret address at which the calendar of one guardian is read; only the hash of its code is kept."""

    __tablename__ = "calendar_feed"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = (*within_school("guardian"), Index(None, "guardian_id", "school_id"))

    guardian_id: int = Field(sa_type=BigId)
    code_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
