"""What a class does: its homework diary, and the results of its pupils."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words


class EntryKind(StrEnum):
    """What an entry of the diary says: what was done that day, or what is due that day."""

    DONE = "done"
    DUE = "due"


class Scale(StrEnum):
    """How an item is judged: on the four levels of the livret scolaire unique, or by a mark."""

    LEVELS = "levels"
    MARKS = "marks"


class Level(StrEnum):
    """The scale of the livret scolaire unique (arrêté of 31 December 2015), lowest first."""

    NOT_REACHED = "not_reached"
    PARTLY_REACHED = "partly_reached"
    REACHED = "reached"
    EXCEEDED = "exceeded"


class DiaryEntry(InSchool, table=True):
    """What a class did on a day, or what is due on it. `text_sealed` under the school's key.

    `day`: when it was done, or is due; `given_on`: when it was set. `notice_id`: what told the families of it.
    `key_name` names the press that wrote it: the same press again writes nothing.
    """

    __tablename__ = "diary_entry"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("class_id", "class_group"), ("author_id", "staff"), "notice", unique=[("key_name",)]),
        Index(None, "class_id", "day", "school_id"),
        Index(None, "notice_id", "school_id"),
    )

    class_id: int = Field(sa_type=BigId)
    author_id: int = Field(sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    key_name: str | None = Field(default=None, max_length=64)
    kind: EntryKind = Field(sa_type=words(EntryKind))
    subject: str = Field(max_length=60)
    day: date
    given_on: date | None = None
    text_sealed: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    keep_until: date | None = None


class DiaryFile(InSchool, table=True):
    """A file that hangs on an entry, in its order."""

    __tablename__ = "diary_file"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("entry_id", "diary_entry"), ("file_id", "stored_file"), unique=[("entry_id", "file_id")]),
        Index(None, "file_id", "school_id"),
    )

    entry_id: int = Field(sa_type=BigId)
    file_id: int = Field(sa_type=BigId)
    position: int = 1


class DiaryTick(InSchool, table=True):
    """That a family ticked a piece of homework for a pupil."""

    __tablename__ = "diary_tick"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("entry_id", "diary_entry"), "pupil", "guardian", unique=[("entry_id", "pupil_id")]),
        Index(None, "pupil_id", "school_id"),
        Index(None, "guardian_id", "school_id"),
    )

    entry_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    guardian_id: int = Field(sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)


class Competence(InSchool, table=True):
    """Something that pupils learn, as this school words it; `domain` groups it as the livret does."""

    __tablename__ = "competence"
    __kept__ = Kept.NOTHING_PERSONAL
    __table_args__ = within_school(unique=[("domain", "label")], listed=True)

    domain: str = Field(max_length=120)
    label: str = Field(max_length=200)
    position: int = 0
    closed_on: date | None = None


class Assessment(InSchool, table=True):
    """What a class was judged on, on one day. `title_sealed` under the school's key.

    Families see it from `published_at` on. `notice_id`: what told them.
    """

    __tablename__ = "assessment"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("class_id", "class_group"), ("author_id", "staff"), "notice"),
        Index(None, "class_id", "day", "school_id"),
        Index(None, "notice_id", "school_id"),
    )

    class_id: int = Field(sa_type=BigId)
    author_id: int = Field(sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    subject: str = Field(max_length=60)
    title_sealed: bytes = Field(sa_type=LargeBinary)
    day: date
    made_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: date | None = None


class AssessmentItem(InSchool, table=True):
    """One column of an assessment: a competence or a mark; `out_of` is what a mark counts to."""

    __tablename__ = "assessment_item"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("assessment", "competence"),
        Index(None, "assessment_id", "school_id"),
    )

    assessment_id: int = Field(sa_type=BigId)
    competence_id: int | None = Field(default=None, sa_type=BigId)
    label: str = Field(max_length=200)
    scale: Scale = Field(sa_type=words(Scale))
    out_of: int | None = None
    position: int = 1


class Result(InSchool, table=True):
    """How a pupil did on one item: a level, a mark in hundredths, or absent.

    `comment_sealed` under the school's key.
    """

    __tablename__ = "result"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            ("item_id", "assessment_item"), "pupil", ("typed_by", "staff"), unique=[("item_id", "pupil_id")]
        ),
        Index(None, "pupil_id", "school_id"),
    )

    item_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    level: Level | None = Field(default=None, sa_type=words(Level))
    mark: int | None = None
    absent: bool = False
    comment_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    typed_by: int = Field(sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
