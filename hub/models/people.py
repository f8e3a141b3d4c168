"""Pupils, the adults around them, and where those adults are reached."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, false, text
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.ports import ChannelName


class LinkKind(StrEnum):
    """What an adult is to a pupil (Code civil art. 371-1 and following: authority is joint unless a judge decides)."""

    JOINT = "joint"
    SOLE = "sole"
    INFORMED = "informed"
    DELEGATED = "delegated"
    SERVICE = "service"
    EMERGENCY = "emergency"
    BARRED = "barred"


class Means(StrEnum):
    """How an adult wishes to be reached; never why."""

    ANY = "any"
    WRITE_ONLY = "write_only"
    CALL_FIRST = "call_first"
    SIGN_LANGUAGE = "sign_language"


class LastRung(StrEnum):
    """What is left when no message arrives."""

    CALL = "call"
    WRITE_ONLY = "write_only"
    LETTER = "letter"
    RELAY = "relay"


class Medium(StrEnum):
    """What kind of thing an address is."""

    PHONE = "phone"
    MAILBOX = "mailbox"
    CHAT = "chat"
    PUSH = "push"


class AddressState(StrEnum):
    """Whether an address may be written to."""

    UNVERIFIED = "unverified"
    ACTIVE = "active"
    STOPPED = "stopped"
    WRONG = "wrong"
    DEAD = "dead"


class Matter(StrEnum):
    """What waits in the office tray."""

    AMBIGUOUS_ADULT = "ambiguous_adult"
    ADULT_OF_BARRED_PUPIL = "adult_of_barred_pupil"
    LEFT = "left"
    NO_RECEIPT = "no_receipt"
    UNSURE_SENT = "unsure_sent"
    SENDER_STOPPED = "sender_stopped"
    WRONG_NUMBER = "wrong_number"
    UNMATCHED_REPLY = "unmatched_reply"


class DataKey(InSchool, table=True):
    """A key that seals what is known of one subject, itself sealed by a master key. Erasing a person deletes it."""

    __tablename__ = "data_key"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = within_school()

    subject: str = Field(max_length=12)
    wrapped: bytes = Field(sa_type=LargeBinary)
    master_version: int


class Pupil(InSchool, table=True):
    """A child. `ine_hash` is the keyed hash of the national number; the number itself is not kept."""

    __tablename__ = "pupil"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = (
        *within_school(listed=True),
        Index(None, "name_key", "school_id"),
        Index(None, "ine_hash", "school_id"),
    )

    first_name: str = Field(max_length=80)
    family_name: str = Field(max_length=80)
    usage_name: str = Field(default="", max_length=80)
    name_key: str = Field(max_length=170)
    born_on: date | None = None
    ine_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    left_on: date | None = None
    keep_until: date | None = None


class Enrolment(InSchool, table=True):
    """A pupil in a class, from day to day."""

    __tablename__ = "enrolment"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = (
        *within_school("pupil", ("class_id", "class_group"), listed=True),
        Index(None, "class_id", "school_id"),
        Index(None, "pupil_id", "school_id"),
    )

    pupil_id: int = Field(sa_type=BigId)
    class_id: int = Field(sa_type=BigId)
    from_on: date
    to_on: date | None = None


class Guardian(InSchool, table=True):
    """One adult in one school, or a service (foster home) with several phones and no personal read mark.

    `quiet_from`, `quiet_to`: between these hours of the school's clock this adult wants nothing that can wait.
    """

    __tablename__ = "guardian"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = (*within_school("data_key", listed=True), Index(None, "name_key", "school_id"))

    data_key_id: int = Field(sa_type=BigId)
    civility: str = Field(default="", max_length=12)
    first_name: str = Field(default="", max_length=80)
    family_name: str = Field(max_length=80)
    usage_name: str = Field(default="", max_length=80)
    name_key: str = Field(max_length=170)
    service: bool = False
    language: str = Field(default="fr", max_length=12)
    means: Means = Field(default=Means.ANY, sa_type=words(Means))
    last_rung: LastRung = Field(default=LastRung.CALL, sa_type=words(LastRung))
    quiet_from: time | None = None
    quiet_to: time | None = None
    keep_until: date | None = None


class Link(InSchool, table=True):
    """What an adult is to a pupil, from day to day. Every audience, page and answer passes through one valid today.

    `waiting`: the office has not yet agreed; the link gives no right.
    """

    __tablename__ = "link"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = (
        *within_school("guardian", "pupil", listed=True),
        Index(None, "pupil_id", "school_id"),
        Index(None, "guardian_id", "school_id"),
    )

    guardian_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    kind: LinkKind = Field(default=LinkKind.JOINT, sa_type=words(LinkKind))
    may_be_told: bool = True
    may_decide: bool = True
    may_collect: bool = True
    waiting: bool = False
    call_order: int = 1
    from_on: date
    to_on: date | None = None
    evidence_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)


class Address(InSchool, table=True):
    """One phone number, mailbox, chat or push subscription, shared by those who use it; never changed, only replaced.

    Sealed under a key of its own; found by keyed hash. `last_sign_of_life`: when a family last answered from it.
    `discreet`: no child is named in what is written here, unless its owner asked for names.
    """

    __tablename__ = "address"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = (
        *within_school("data_key", unique=[("medium", "lookup_hash")], listed=True),
        Index(None, "lookup_hash"),
    )

    data_key_id: int = Field(sa_type=BigId)
    medium: Medium = Field(sa_type=words(Medium))
    kind: str = Field(default="", max_length=20)
    value_sealed: bytes = Field(sa_type=LargeBinary)
    lookup_hash: bytes = Field(sa_type=LargeBinary)
    state: AddressState = Field(default=AddressState.UNVERIFIED, sa_type=words(AddressState))
    state_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    language: str | None = Field(default=None, max_length=12)
    discreet: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    last_sign_of_life: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: date | None = None


class ContactPoint(InSchool, table=True):
    """A guardian's use of an address by one channel; `position` 1 comes first.

    `unwanted_at`: the guardian said not to be written to here; whoever else uses the address still is. Of one that was
    typed and never proved: `hub.home.ways.UNPROVED`.
    """

    __tablename__ = "contact_point"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = (
        *within_school("guardian", "address", unique=[("guardian_id", "address_id", "channel")]),
        Index(None, "address_id", "school_id"),
    )

    guardian_id: int = Field(sa_type=BigId)
    address_id: int = Field(sa_type=BigId)
    channel: ChannelName = Field(sa_type=words(ChannelName))
    position: int
    unwanted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Invitation(InSchool, table=True):
    """A code that lets one adult add an address of his or her own, once: a chat, or the notifications of a browser.

    Only the hash of the code is kept. `copy_id`: the message whose page it was asked on; None: the office printed it.
    `address_id`: what was added by it, which stands and falls with the address that the message went to.
    """

    __tablename__ = "invitation"
    __kept__ = Kept.SHORT
    __table_args__ = (
        *within_school("guardian", "copy", "address", ("made_by", "staff")),
        Index(None, "guardian_id", "school_id"),
        Index(None, "copy_id", "school_id"),
    )

    guardian_id: int = Field(sa_type=BigId)
    medium: Medium = Field(sa_type=words(Medium))
    code_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    copy_id: int | None = Field(default=None, sa_type=BigId)
    made_by: int | None = Field(default=None, sa_type=BigId)
    address_id: int | None = Field(default=None, sa_type=BigId)
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TrayItem(InSchool, table=True):
    """Something that a human in the office must look at; `detail_sealed` under the school's key."""

    __tablename__ = "tray_item"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("guardian", "pupil", "address", ("closed_by", "staff"), listed=True),
        Index(
            "uq_tray_item_open",
            "school_id",
            "matter",
            "subject_hash",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    matter: Matter = Field(sa_type=words(Matter))
    subject_hash: bytes = Field(sa_type=LargeBinary)
    guardian_id: int | None = Field(default=None, sa_type=BigId)
    pupil_id: int | None = Field(default=None, sa_type=BigId)
    address_id: int | None = Field(default=None, sa_type=BigId)
    detail_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: int | None = Field(default=None, sa_type=BigId)
    keep_until: date | None = None


class Erasure(InSchool, table=True):
    """That somebody was erased: ids only, so that a restored backup can be made to forget again."""

    __tablename__ = "erasure"
    __kept__ = Kept.FOR_PROOF
    __table_args__ = within_school(unique=[("subject", "subject_id")])

    subject: str = Field(max_length=12)
    subject_id: int = Field(sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
