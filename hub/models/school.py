"""The school itself: years, classes, staff and their rights, and the few things that stand above schools."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, false, true
from sqlmodel import Field, SQLModel

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words


class Role(StrEnum):
    """What a member of staff is to the school. A deputy, outside it, may send the prepared crisis texts and no more."""

    DIRECTOR = "director"
    OFFICE = "office"
    TEACHER = "teacher"
    DEPUTY = "deputy"


class Organisation(SQLModel, table=True):
    """A town or an académie above several schools: senders, budgets, crisis duty; never a family's contents."""

    __tablename__ = "organisation"
    __kept__: ClassVar[Kept] = Kept.NOTHING_PERSONAL

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    name: str


class ProgramRole(StrEnum):
    """What one running program of this installation does; `all`: everything, alone."""

    ALL = "all"
    SERVE = "serve"
    WORKER = "worker"
    CLOCK = "clock"
    MAIL = "mail"


class Process(SQLModel, table=True):
    """A program of this installation that runs, or ran until `seen_at`. Its number is chance."""

    __tablename__ = "process"
    __kept__: ClassVar[Kept] = Kept.NOTHING_PERSONAL

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    role: ProgramRole = Field(sa_type=words(ProgramRole))
    begun_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class School(SQLModel, table=True):
    """A tenant. `short_name` (at most 20 characters) opens each SMS; `phone` is shown to families as written.

    `alert_hold`: minutes that an absence alert waits, in which a latecomer cancels it (0 to 20). `answer_within`:
    hours after which a conversation that nobody answered goes up to a colleague. `silent_from`, `silent_to` and what
    follows: when it writes nothing that can wait (`hub.silence`); without hours, never.
    """

    __tablename__ = "school"
    __kept__: ClassVar[Kept] = Kept.NOTHING_PERSONAL

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    organisation_id: int | None = Field(default=None, sa_type=BigId, foreign_key="organisation.id")
    slug: str = Field(unique=True, max_length=40)
    name: str = Field(max_length=120)
    short_name: str = Field(max_length=20)
    phone: str = Field(max_length=20)
    region: str = Field(default="FR", max_length=2)
    timezone: str = Field(default="Europe/Paris", max_length=40)
    zone: str = Field(default="B", max_length=1)
    language: str = Field(default="fr", max_length=12)
    demo: bool = False
    alert_hold: int = Field(default=10, sa_column_kwargs={"server_default": "10"})
    answer_within: int = Field(default=24, sa_column_kwargs={"server_default": "24"})
    silent_from: time | None = None
    silent_to: time | None = None
    silent_weekends: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    silent_holidays: bool = Field(default=False, sa_column_kwargs={"server_default": false()})

    @property
    def key(self) -> int:
        """The id of a school that the database has numbered."""
        if self.id is None:
            raise ValueError("this school has no number yet")
        return self.id


class SchoolYear(InSchool, table=True):
    """From summer to summer."""

    __tablename__ = "school_year"
    __kept__ = Kept.NOTHING_PERSONAL
    __table_args__ = within_school(unique=[("label",)])

    label: str = Field(max_length=20)
    starts_on: date
    ends_on: date


class ClassGroup(InSchool, table=True):
    """A class of one year; `closed_on`: the day from which nobody writes in it any more."""

    __tablename__ = "class_group"
    __kept__ = Kept.NOTHING_PERSONAL
    __table_args__ = within_school(("year_id", "school_year"), unique=[("year_id", "label")], listed=True)

    year_id: int = Field(sa_type=BigId)
    label: str = Field(max_length=60)
    level: str = Field(default="", max_length=40)
    closed_on: date | None = None


class Staff(InSchool, table=True):
    """Somebody who works in the school. The mailbox is sealed under the school's key and found by its keyed hash."""

    __tablename__ = "staff"
    __kept__ = Kept.AS_LONG_AS_EMPLOYED
    __table_args__ = within_school(unique=[("email_hash",)], listed=True)

    name: str = Field(max_length=120)
    email_sealed: bytes = Field(sa_type=LargeBinary)
    email_hash: bytes = Field(sa_type=LargeBinary, index=True)
    password_hash: str | None = Field(default=None, max_length=255)
    keep_until: date | None = None


class StaffRight(InSchool, table=True):
    """What a member of staff may do, from day to day; `class_id` None means the whole school."""

    __tablename__ = "staff_right"
    __kept__ = Kept.AS_LONG_AS_EMPLOYED
    __table_args__ = (*within_school("staff", ("class_id", "class_group")), Index(None, "staff_id", "school_id"))

    staff_id: int = Field(sa_type=BigId)
    role: Role = Field(sa_type=words(Role))
    class_id: int | None = Field(default=None, sa_type=BigId)
    from_on: date
    to_on: date | None = None


class WatchDuty(InSchool, table=True):
    """Who is on watch for children who should be at school: a person, a substitute, hours in the school's zone."""

    __tablename__ = "watch_duty"
    __kept__ = Kept.AS_LONG_AS_EMPLOYED
    __table_args__ = within_school("staff", ("substitute_id", "staff"))

    staff_id: int = Field(sa_type=BigId)
    substitute_id: int | None = Field(default=None, sa_type=BigId)
    from_time: time
    to_time: time


class StaffSession(InSchool, table=True):
    """One signed-in browser. Only the hash of its cookie is kept. `second_at`: when the second factor was given."""

    __tablename__ = "staff_session"
    __kept__ = Kept.SHORT
    __table_args__ = within_school("staff")

    staff_id: int = Field(sa_type=BigId)
    token_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    second_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignInFailure(SQLModel, table=True):
    """A refused sign-in, counted by keyed hash of what was typed and of where it came from; no person is named."""

    __tablename__ = "sign_in_failure"
    __kept__: ClassVar[Kept] = Kept.NOTHING_PERSONAL

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    what_hash: bytes = Field(sa_type=LargeBinary, index=True)
    at: datetime = Field(sa_type=UtcDateTime)


class StaffFactor(InSchool, table=True):
    """A second factor (TOTP, RFC 6238); `secret_sealed` under the school's key. It counts once confirmed.

    `last_step`: the newest thirty seconds whose number was used; none is taken twice.
    """

    __tablename__ = "staff_factor"
    __kept__ = Kept.AS_LONG_AS_EMPLOYED
    __table_args__ = within_school("staff", unique=[("staff_id",)])

    staff_id: int = Field(sa_type=BigId)
    secret_sealed: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_step: int | None = Field(default=None, sa_type=BigId)


class RecoveryCode(InSchool, table=True):
    """A code on paper that stands in for the second factor, once; only its hash is kept."""

    __tablename__ = "recovery_code"
    __kept__ = Kept.AS_LONG_AS_EMPLOYED
    __table_args__ = (*within_school("staff"), Index(None, "staff_id", "school_id"))

    staff_id: int = Field(sa_type=BigId)
    code_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PaperCode(InSchool, table=True):
    """A code on paper by which a substitute comes in, until the end of a day; only its hash is kept."""

    __tablename__ = "paper_code"
    __kept__ = Kept.AS_LONG_AS_EMPLOYED
    __table_args__ = (*within_school("staff", ("made_by", "staff")), Index(None, "staff_id", "school_id"))

    staff_id: int = Field(sa_type=BigId)
    made_by: int = Field(sa_type=BigId)
    code_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    made_at: datetime = Field(sa_type=UtcDateTime)
    ends_on: date
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Audit(InSchool, table=True):
    """Who read or changed whom, never what; rows are only ever added."""

    __tablename__ = "audit"
    __kept__ = Kept.FOR_PROOF
    __table_args__ = (*within_school(), Index(None, "subject", "subject_id", "school_id"))

    at: datetime = Field(sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, sa_type=BigId)
    act: str = Field(max_length=40)
    subject: str = Field(max_length=20)
    subject_id: int | None = Field(default=None, sa_type=BigId)
    count: int | None = None
