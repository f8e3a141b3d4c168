"""What families say back, and the conversations that it belongs to."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, false, text
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.ports import ChannelName

SAID_WHY, TOLD_BEFORE = "reason", "told_before"
"""How a reply is kept that says why a child is missing, and one that says so before anybody asked (`Reply.sense`)."""


class ThreadState(StrEnum):
    """Whose turn it is: ours, the family's, nobody's."""

    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


class Thread(InSchool, table=True):
    """A conversation with one adult, about one pupil or the family; of a shared phone, with the address.

    There is one for each `topic`: `guardian:12 pupil:5`, `guardian:12`, `address:33`, and beside them a confidential
    one for each person on our side (`guardian:12 staff:4`, `private_to`). `owner_id`: who is to answer, at first who
    asked. `due_at`: unanswered until then, it goes up to a colleague. `last_at`: when anybody last wrote.
    """

    __tablename__ = "thread"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            "pupil",
            "guardian",
            "address",
            ("private_to", "staff"),
            ("owner_id", "staff"),
            unique=[("topic",)],
            listed=True,
        ),
        Index(None, "pupil_id", "school_id"),
        Index(None, "guardian_id", "school_id"),
        Index(
            "ix_thread_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    topic: str = Field(max_length=80)
    pupil_id: int | None = Field(default=None, sa_type=BigId)
    guardian_id: int | None = Field(default=None, sa_type=BigId)
    address_id: int | None = Field(default=None, sa_type=BigId)
    private_to: int | None = Field(default=None, sa_type=BigId)
    owner_id: int | None = Field(default=None, sa_type=BigId)
    state: ThreadState = Field(default=ThreadState.OPEN, sa_type=words(ThreadState))
    opened_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: date | None = None


class ThreadRead(InSchool, table=True):
    """Until when somebody of the staff has read a conversation."""

    __tablename__ = "thread_read"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = within_school("thread", "staff", unique=[("thread_id", "staff_id")])

    thread_id: int = Field(sa_type=BigId)
    staff_id: int = Field(sa_type=BigId)
    read_at: datetime = Field(sa_type=UtcDateTime)


class ThreadNotice(InSchool, table=True):
    """What we wrote in a conversation: a notice of its own, and the reply that it answers, if any."""

    __tablename__ = "thread_notice"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("thread", "notice", "reply", unique=[("notice_id",)]),
        Index(None, "thread_id", "school_id"),
        Index(None, "reply_id", "school_id"),
    )

    thread_id: int = Field(sa_type=BigId)
    notice_id: int = Field(sa_type=BigId)
    reply_id: int | None = Field(default=None, sa_type=BigId)


class Reply(InSchool, table=True):
    """What a family wrote, as it came. `provider_key` makes receiving idempotent; words under the address's key.

    `sense`: what it was understood as (`hub.replies.meaning.Sense`). `machine`: nobody wrote it. `doubt`: why nothing
    vouches for its author, empty when somebody does. `message_id`: what an answer to it names (In-Reply-To, the
    number of a chat message).
    """

    __tablename__ = "reply"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("sender", "thread", "address", "notice", "guardian", unique=[("sender_id", "provider_key")]),
        Index(None, "thread_id", "school_id"),
        Index(None, "notice_id", "school_id"),
        Index(None, "guardian_id", "school_id"),
        Index(None, "address_id", "school_id"),
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
    sense: str = Field(default="", max_length=24, sa_column_kwargs={"server_default": ""})
    machine: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    doubt: str = Field(default="", max_length=24, sa_column_kwargs={"server_default": ""})
    message_id: str | None = Field(default=None, max_length=255)


class ReplyAttachment(InSchool, table=True):
    """A file that came with a reply; name and contents under the same key as its words."""

    __tablename__ = "reply_attachment"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (*within_school("reply"), Index(None, "reply_id", "school_id"))

    reply_id: int = Field(sa_type=BigId)
    content_type: str = Field(max_length=100)
    size: int
    name_sealed: bytes = Field(sa_type=LargeBinary)
    body_sealed: bytes = Field(sa_type=LargeBinary)


class ReplyChoice(InSchool, table=True):
    """What we asked back when a reply fitted several open questions: `copies` (ids, in the order of their numbers).

    Or which hour of an appointment: then `copies` are numbers, each with what it does (see `hub/replies/hours.py`).

    Asked once for a reply; `answered_at` when a number came, or words that need none.
    """

    __tablename__ = "reply_choice"
    __kept__ = Kept.SHORT
    __table_args__ = (
        *within_school("address", "reply", unique=[("reply_id",)]),
        Index(None, "address_id", "school_id"),
    )

    address_id: int = Field(sa_type=BigId)
    reply_id: int = Field(sa_type=BigId)
    copies: str = Field(max_length=400)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CannedAnswer(InSchool, table=True):
    """A ready answer of this school."""

    __tablename__ = "canned_answer"
    __kept__ = Kept.NOTHING_PERSONAL
    __table_args__ = within_school(unique=[("label",)], listed=True)

    label: str = Field(max_length=60)
    text: str = Field(max_length=1000)
