"""What the school says, to whom, by which way, and what became of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, false, text, true
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.ports import ChannelName, Follows, Lane, NoticeKind


class DeliveryState(StrEnum):
    """How far a notice got with one adult."""

    HELD = "held"
    ON_THE_WAY = "on_the_way"
    TOLD = "told"
    ACKNOWLEDGED = "acknowledged"
    TO_CALL = "to_call"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class AttemptState(StrEnum):
    """How far one try got."""

    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    FAILED = "failed"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"


class ErrorKind(StrEnum):
    """Why a try failed, in our words."""

    TEMPORARY = "temporary"
    DEAD_ADDRESS = "dead_address"
    STOPPED = "stopped"
    REJECTED = "rejected"
    MISCONFIGURED = "misconfigured"
    UNKNOWN = "unknown"


class NoticeState(StrEnum):
    """Whether a notice may still leave."""

    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Needs(StrEnum):
    """Whose answer a question needs."""

    NONE = "none"
    ONE = "one"
    BOTH = "both"


class Notice(InSchool, table=True):
    """What the school says, once. `key_name` makes a press idempotent; `audience` is how it was addressed.

    `reminds`: those who have not answered are reminded, and those who come are on the eve.
    `most`: the largest number that one may announce; `places`: how many the room has; None: as many as come.
    Its ladder is that of the press (`hub.patience.Ladder`): `patience` in seconds, `rings`, `calls`.
    """

    __tablename__ = "notice"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = within_school("data_key", ("author_id", "staff"), unique=[("key_name",)], listed=True)

    data_key_id: int = Field(sa_type=BigId)
    key_name: str = Field(max_length=64)
    kind: NoticeKind = Field(sa_type=words(NoticeKind))
    lane: Lane = Field(sa_type=words(Lane))
    state: NoticeState = Field(default=NoticeState.PUBLISHED, sa_type=words(NoticeState))
    needs: Needs = Field(default=Needs.NONE, sa_type=words(Needs))
    author_id: int = Field(sa_type=BigId)
    audience: str = Field(max_length=2000)
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    patience: int | None = None
    rings: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    calls: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    reminds: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    most: int | None = None
    places: int | None = None
    keep_until: date | None = None


class NoticeVersion(InSchool, table=True):
    """The words as they were at one moment; an edit is a new version. `slots_sealed` under the notice's key."""

    __tablename__ = "notice_version"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = within_school("notice", ("author_id", "staff"), unique=[("notice_id", "n")])

    notice_id: int = Field(sa_type=BigId)
    n: int = 1
    author_id: int = Field(sa_type=BigId)
    slots_sealed: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)


class NoticeFollow(InSchool, table=True):
    """That a notice follows another: it corrects or withdraws it, asks again, or (in a crisis) takes its place."""

    __tablename__ = "notice_follow"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("notice", ("before_id", "notice"), unique=[("notice_id",)]),
        Index(None, "before_id", "school_id"),
    )

    notice_id: int = Field(sa_type=BigId)
    before_id: int = Field(sa_type=BigId)
    how: Follows = Field(sa_type=words(Follows))


class Delivery(InSchool, table=True):
    """One adult's share of a notice. `rung` is the position of the contact point it stands on; 0: none was left.

    `look_at`: when the next way is tried if nothing was answered until then. `chased`: it arrived, nobody answered, and
    it goes on by other ways; that one of these arrives too says nothing new.
    """

    __tablename__ = "delivery"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("notice", "guardian", unique=[("notice_id", "guardian_id")]),
        Index(None, "guardian_id", "school_id"),
        Index(
            "ix_delivery_to_call",
            "school_id",
            sqlite_where=text("state = 'to_call'"),
            postgresql_where=text("state = 'to_call'"),
        ),
        Index(
            "ix_delivery_to_chase",
            "look_at",
            sqlite_where=text("look_at IS NOT NULL"),
            postgresql_where=text("look_at IS NOT NULL"),
        ),
    )

    notice_id: int = Field(sa_type=BigId)
    guardian_id: int = Field(sa_type=BigId)
    state: DeliveryState = Field(sa_type=words(DeliveryState))
    rung: int = 0
    state_at: datetime = Field(sa_type=UtcDateTime)
    look_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    chased: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class DeliveryPupil(InSchool, table=True):
    """A pupil whom a delivery is about; only those may be named."""

    __tablename__ = "delivery_pupil"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("delivery", "pupil", unique=[("delivery_id", "pupil_id")]),
        Index(None, "pupil_id", "school_id"),
    )

    delivery_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)


class Copy(InSchool, table=True):
    """One message to one address, serving every delivery of that notice, address, language and content."""

    __tablename__ = "copy"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("notice", "address", unique=[("notice_id", "channel", "address_id", "variant")]),
        Index(None, "address_id", "school_id"),
    )

    notice_id: int = Field(sa_type=BigId)
    channel: ChannelName = Field(sa_type=words(ChannelName))
    address_id: int = Field(sa_type=BigId)
    language: str = Field(max_length=12)
    variant: str = Field(max_length=1000)


class CopyDelivery(InSchool, table=True):
    """That a copy serves a delivery, as its rung `rung`."""

    __tablename__ = "copy_delivery"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("copy", "delivery", unique=[("copy_id", "delivery_id")]),
        Index(None, "delivery_id"),
    )

    copy_id: int = Field(sa_type=BigId)
    delivery_id: int = Field(sa_type=BigId)
    rung: int


class Attempt(InSchool, table=True):
    """One try of a copy through one sender; posted at most once, ever.

    `look_at` is the engine's only timer: when due, when a lease ends, when a receipt is overdue. `due_at` never
    changes. `claim` fences a poster that lost its lease. `repeats`: an earlier one may have arrived.
    `tries`: how often the provider surely did not take it. `asked`: how often the provider did not know it.
    `text_sealed` (under the address's key) is what left, `text_hash` its keyed hash, which is not read yet.
    """

    __tablename__ = "attempt"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("copy", "sender", unique=[("copy_id", "n")]),
        Index(
            "ix_attempt_to_send",
            "sender_id",
            "lane",
            "look_at",
            sqlite_where=text("state = 'ready'"),
            postgresql_where=text("state = 'ready'"),
        ),
        Index(
            "ix_attempt_to_settle",
            "look_at",
            sqlite_where=text("state IN ('sending', 'unknown', 'accepted') AND look_at IS NOT NULL"),
            postgresql_where=text("state IN ('sending', 'unknown', 'accepted') AND look_at IS NOT NULL"),
        ),
    )

    copy_id: int = Field(sa_type=BigId)
    n: int = 1
    sender_id: int = Field(sa_type=BigId)
    lane: Lane = Field(sa_type=words(Lane))
    state: AttemptState = Field(default=AttemptState.READY, sa_type=words(AttemptState))
    due_at: datetime = Field(sa_type=UtcDateTime)
    look_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    claim: int | None = Field(default=None, sa_type=BigId)
    repeats: bool = False
    tries: int = 0
    asked: int = 0
    sending_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    provider_id: str | None = Field(default=None, max_length=255)
    error_kind: ErrorKind | None = Field(default=None, sa_type=words(ErrorKind))
    error_code: str | None = Field(default=None, max_length=40)
    segments: int | None = None
    cost: int | None = None
    text_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    text_hash: bytes | None = Field(default=None, sa_type=LargeBinary)


class Receipt(InSchool, table=True):
    """What a provider said later about an attempt: history, each distinct word once."""

    __tablename__ = "receipt"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = within_school("attempt", unique=[("attempt_id", "status", "error_code")])

    attempt_id: int = Field(sa_type=BigId)
    status: str = Field(max_length=20)
    error_code: str = Field(default="", max_length=20)
    received_at: datetime = Field(sa_type=UtcDateTime)


class PageLink(InSchool, table=True):
    """The 12-character code in a text, kept as a keyed hash; it opens one notice, for a week."""

    __tablename__ = "page_link"
    __kept__ = Kept.SHORT
    __table_args__ = (*within_school("copy"), Index(None, "copy_id"))

    code_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    copy_id: int = Field(sa_type=BigId)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
