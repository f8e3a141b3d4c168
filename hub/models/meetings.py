"""Appointments: times that teachers offer, who comes for which child, who waits; evenings of the whole school."""

from datetime import date, datetime

from sqlalchemy import JSON, Index, LargeBinary, text
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school

_STANDS = text("cancelled_at IS NULL")


class MeetingRound(InSchool, table=True):
    """Appointments offered together to the families of a class; words sealed under the school's key.

    `closes_at`: until when families choose by themselves. `notice_id`: by which they were invited. `key_name` names
    the press: the same again opens nothing more.
    """

    __tablename__ = "meeting_round"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("class_id", "class_group"), ("author_id", "staff"), "notice", unique=[("key_name",)]),
        Index(None, "class_id", "school_id"),
        Index(None, "notice_id", "school_id"),
    )

    class_id: int = Field(sa_type=BigId)
    author_id: int = Field(sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    key_name: str = Field(max_length=64)
    title_sealed: bytes = Field(sa_type=LargeBinary)
    text_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)
    keep_until: date | None = None


class MeetingSlot(InSchool, table=True):
    """One time that one teacher offers; a teacher is in one place at a time. `link_sealed`: where it is online."""

    __tablename__ = "meeting_slot"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("round_id", "meeting_round"), "staff"),
        Index(None, "round_id", "starts_at"),
        Index(None, "starts_at", "school_id"),
        Index(
            "uq_meeting_slot_offered",
            "staff_id",
            "starts_at",
            "school_id",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
    )

    round_id: int = Field(sa_type=BigId)
    staff_id: int = Field(sa_type=BigId)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    room: str = Field(default="", max_length=60)
    link_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Booking(InSchool, table=True):
    """That an adult comes for a child at one time. Never two in one slot, nor two of one adult for one child.

    `round_id` is that of its slot. `uid` and `sequence` are those of RFC 5545: moved, it counts up and stays the same
    in a calendar. `booked_by`: the member of staff who wrote it down for the family. `reminded_at`: on its eve.
    """

    __tablename__ = "booking"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            ("slot_id", "meeting_slot"), ("round_id", "meeting_round"), "guardian", "pupil", ("booked_by", "staff")
        ),
        Index(None, "guardian_id", "school_id"),
        Index(None, "pupil_id", "school_id"),
        Index("uq_booking_slot", "slot_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
        Index(
            "uq_booking_adult",
            "round_id",
            "guardian_id",
            "pupil_id",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
    )

    slot_id: int = Field(sa_type=BigId)
    round_id: int = Field(sa_type=BigId)
    guardian_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    booked_by: int | None = Field(default=None, sa_type=BigId)
    booked_at: datetime = Field(sa_type=UtcDateTime)
    moved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    uid: str = Field(max_length=40, unique=True)
    sequence: int = 0


class BookingWait(InSchool, table=True):
    """That an adult waits until a time falls free for a child; `told_at`: when one was offered."""

    __tablename__ = "booking_wait"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            ("round_id", "meeting_round"), "guardian", "pupil", unique=[("round_id", "guardian_id", "pupil_id")]
        ),
        Index(None, "guardian_id", "school_id"),
        Index(None, "pupil_id", "school_id"),
    )

    round_id: int = Field(sa_type=BigId)
    guardian_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MeetingEvening(InSchool, table=True):
    """A round in each of several classes, planned together: families say when they can come, then a plan is adopted.

    `closes_at`: until when they say it. `seed`: of the lot that the plan draws. `sought_at`: when the plan was found
    that stands in the wishes; `best`: it is known that none is fairer. `adopted_at`: when it became appointments.
    """

    __tablename__ = "meeting_evening"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("author_id", "staff"), "notice", unique=[("key_name",)]),
        Index(None, "notice_id", "school_id"),
    )

    author_id: int = Field(sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    key_name: str = Field(max_length=64)
    title_sealed: bytes = Field(sa_type=LargeBinary)
    seed: int
    closes_at: datetime = Field(sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)
    sought_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    best: bool = False
    adopted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: date | None = None


class EveningRound(InSchool, table=True):
    """That a round is of an evening: until that has its plan, families say when they can come, and choose nothing."""

    __tablename__ = "evening_round"
    __kept__ = Kept.NOTHING_PERSONAL
    __table_args__ = (
        *within_school(("evening_id", "meeting_evening"), ("round_id", "meeting_round"), unique=[("round_id",)]),
        Index(None, "evening_id", "school_id"),
    )

    evening_id: int = Field(sa_type=BigId)
    round_id: int = Field(sa_type=BigId)


class EveningWish(InSchool, table=True):
    """Whether an adult comes about a child to who receives its class, and when he or she can; then what is proposed.

    `windows`: pairs of moments (ISO 8601, UTC), from when until when. `written_by`: the member of staff whom the family
    told. `slot_id`: the hour of the plan, else `why` there is none. `notice_id`: by which the adult heard of it.
    """

    __tablename__ = "evening_wish"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            *(("evening_id", "meeting_evening"), "guardian", "pupil", ("round_id", "meeting_round")),
            *(("slot_id", "meeting_slot"), "notice", ("written_by", "staff")),
            unique=[("round_id", "guardian_id", "pupil_id")],
        ),
        *(Index(None, f"{tied}_id", "school_id") for tied in ("evening", "guardian", "pupil", "slot", "notice")),
    )

    evening_id: int = Field(sa_type=BigId)
    guardian_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    round_id: int = Field(sa_type=BigId)
    comes: bool
    windows: list[list[str]] = Field(sa_type=JSON)
    said_at: datetime = Field(sa_type=UtcDateTime)
    written_by: int | None = Field(default=None, sa_type=BigId)
    slot_id: int | None = Field(default=None, sa_type=BigId)
    why: str = Field(default="", max_length=24)
    notice_id: int | None = Field(default=None, sa_type=BigId)
