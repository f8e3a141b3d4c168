"""What adults answered, and whom somebody must call."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, text
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words


class AnswerKind(StrEnum):
    """What a family said; ILL to WITH_GUARDIANS are the reasons that the law takes (code de l'éducation, L131-8)."""

    ACKNOWLEDGED = "acknowledged"
    YES = "yes"
    NO = "no"
    COUNT = "count"
    ILL = "ill"
    CONTAGION = "contagion"
    FAMILY_GATHERING = "family_gathering"
    TRANSPORT = "transport"
    WITH_GUARDIANS = "with_guardians"
    OTHER_REASON = "other_reason"
    SHOULD_BE_HERE = "should_be_here"


class CallOutcome(StrEnum):
    """How a call ended."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    OTHERWISE = "otherwise"


class Answer(InSchool, table=True):
    """What an adult said, once for a notice, or once for each pupil; `words_sealed` under the guardian's key.

    `number`: how many, where that was said. `held`: how many of these have a place where the room is counted; the
    others wait. `rose_at`: places fell free for this answer, which nobody has been told of yet.
    """

    __tablename__ = "answer"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("notice", "guardian", "pupil", ("typed_by", "staff")),
        Index(None, "notice_id", "guardian_id", "school_id"),
        Index(None, "guardian_id", "school_id"),
        Index(
            "uq_answer_notice",
            "notice_id",
            "guardian_id",
            unique=True,
            sqlite_where=text("pupil_id IS NULL"),
            postgresql_where=text("pupil_id IS NULL"),
        ),
        Index(
            "uq_answer_pupil",
            "notice_id",
            "guardian_id",
            "pupil_id",
            unique=True,
            sqlite_where=text("pupil_id IS NOT NULL"),
            postgresql_where=text("pupil_id IS NOT NULL"),
        ),
        Index(
            "ix_answer_rose",
            "school_id",
            sqlite_where=text("rose_at IS NOT NULL"),
            postgresql_where=text("rose_at IS NOT NULL"),
        ),
    )

    notice_id: int = Field(sa_type=BigId)
    guardian_id: int = Field(sa_type=BigId)
    pupil_id: int | None = Field(default=None, sa_type=BigId)
    kind: AnswerKind = Field(sa_type=words(AnswerKind))
    number: int | None = None
    held: int | None = None
    rose_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    words_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    through: str = Field(max_length=12)
    typed_by: int | None = Field(default=None, sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)


class CallTask(InSchool, table=True):
    """Somebody must call this adult; owned, ended with an outcome. One open task a delivery."""

    __tablename__ = "call_task"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("delivery", ("owner_id", "staff"), ("done_by", "staff"), listed=True),
        Index(None, "delivery_id", "school_id"),
        Index(
            "uq_call_task_open",
            "delivery_id",
            unique=True,
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(
            "ix_call_task_open",
            "school_id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    delivery_id: int = Field(sa_type=BigId)
    owner_id: int | None = Field(default=None, sa_type=BigId)
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    outcome: CallOutcome | None = Field(default=None, sa_type=words(CallOutcome))
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_by: int | None = Field(default=None, sa_type=BigId)
