"""A family's own page: who is at it, how that was proved, and what each adult wishes."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.models.people import Medium
from hub.ports import NoticeKind


class CodeFor(StrEnum):
    """What a code opens: the family's page, or a new way for a family that is at its page."""

    LOGIN = "login"
    CONTACT = "contact"


class How(StrEnum):
    """When an adult wishes to hear of what is on the page: at once, in the evening's digest, or not at all."""

    AT_ONCE = "at_once"
    EVENING = "evening"
    PAGE = "page"


class FamilyLogin(SQLModel, table=True):
    """One visitor's session above schools, opened by a code sent to an address that he or she proved.

    `device` in a few words, as its browser says, so that the family knows it again.
    """

    __tablename__ = "family_login"
    __kept__: ClassVar[Kept] = Kept.SHORT

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    token_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    device: str = Field(default="", max_length=60, sa_column_kwargs={"server_default": ""})
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class FamilyLoginGuardian(InSchool, table=True):
    """A guardian of one school whom this visitor proved to be.

    `address_id`: by which address; the session is over here when it is that adult's no more, or a stranger's.
    """

    __tablename__ = "family_login_guardian"
    __kept__ = Kept.SHORT
    __table_args__ = within_school("guardian", unique=[("login_id", "guardian_id")])

    login_id: int = Field(sa_type=BigId, foreign_key="family_login.id", index=True)
    guardian_id: int = Field(sa_type=BigId)
    address_id: int | None = Field(default=None, sa_type=BigId)


class FamilyCode(SQLModel, table=True):
    """Six digits that were asked for, above schools; the row is the same whether anybody knows the address.

    Only the browser that asked (`browser_hash`) may give them back, a few times (`tries`). `where_hash`: from where.
    `login_id`: the session that it adds to. `proved_at`: the right digits came back; `used_at`: what they open is open.
    """

    __tablename__ = "family_code"
    __kept__: ClassVar[Kept] = Kept.SHORT
    __table_args__ = (Index(None, "lookup_hash", "made_at"), Index(None, "where_hash", "made_at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    browser_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    opens: CodeFor = Field(sa_type=words(CodeFor))
    medium: Medium = Field(sa_type=words(Medium))
    lookup_hash: bytes = Field(sa_type=LargeBinary)
    where_hash: bytes = Field(sa_type=LargeBinary)
    code_hash: bytes = Field(sa_type=LargeBinary)
    login_id: int | None = Field(default=None, sa_type=BigId, foreign_key="family_login.id", index=True)
    tries: int = 0
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    proved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Wish(InSchool, table=True):
    """When an adult wishes to hear of one kind of thing; without a row, as `hub.routing.USUAL` says."""

    __tablename__ = "wish"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = within_school("guardian", unique=[("guardian_id", "kind")])

    guardian_id: int = Field(sa_type=BigId)
    kind: NoticeKind = Field(sa_type=words(NoticeKind))
    how: How = Field(sa_type=words(How))


class DigestItem(InSchool, table=True):
    """Something that an adult hears of in the evening: a piece of homework, a document, a result (`subject_id`).

    `on_day`: the evening that it waits for. `notice_id`: the digest that it went into, once.
    """

    __tablename__ = "digest_item"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("guardian", "pupil", "notice", unique=[("guardian_id", "pupil_id", "kind", "subject_id")]),
        Index(None, "on_day", "school_id"),
        Index(None, "pupil_id", "school_id"),
        Index(None, "notice_id", "school_id"),
    )

    guardian_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    kind: NoticeKind = Field(sa_type=words(NoticeKind))
    subject_id: int = Field(sa_type=BigId)
    signs: bool = False
    on_day: date
    made_at: datetime = Field(sa_type=UtcDateTime)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    keep_until: date | None = None
