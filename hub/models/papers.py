"""Documents that a school shows to families, the files behind them, and who signed."""

from datetime import date, datetime

from sqlalchemy import Index, LargeBinary, true
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.models.notices import Needs


class StoredFile(InSchool, table=True):
    """A file in the store, sealed under a key of its own. `place`: where it lies there, which says nothing.

    `size` in bytes, as a reader gets it; `picture`: re-encoded by us, so a browser may show it in a page.
    """

    __tablename__ = "stored_file"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = within_school("data_key", ("made_by", "staff"), listed=True)

    data_key_id: int = Field(sa_type=BigId)
    made_by: int = Field(sa_type=BigId)
    place: str = Field(max_length=80, unique=True)
    name_sealed: bytes = Field(sa_type=LargeBinary)
    media_type: str = Field(max_length=100)
    size: int
    picture: bool = False
    width: int | None = None
    height: int | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)
    keep_until: date | None = None


class Document(InSchool, table=True):
    """A paper for families. `title_sealed` and `text_sealed` under the school's key; `needs`: whose signature, by when.

    `notice_id`: what told the families of it. `key_name` names the press: the same again is the same document.
    `reminds`: who has not signed two days before the day is reminded.
    """

    __tablename__ = "document"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(("author_id", "staff"), "notice", unique=[("key_name",)], listed=True),
        Index(None, "notice_id", "school_id"),
    )

    author_id: int = Field(sa_type=BigId)
    notice_id: int | None = Field(default=None, sa_type=BigId)
    key_name: str | None = Field(default=None, max_length=64)
    title_sealed: bytes = Field(sa_type=LargeBinary)
    text_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    needs: Needs = Field(default=Needs.NONE, sa_type=words(Needs))
    due_on: date | None = None
    published_at: datetime = Field(sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reminds: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    keep_until: date | None = None


class DocumentFor(InSchool, table=True):
    """Whom a document is for: a class, a pupil; neither: the whole school."""

    __tablename__ = "document_for"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("document", ("class_id", "class_group"), "pupil"),
        Index(None, "document_id", "school_id"),
        Index(None, "pupil_id", "school_id"),
        Index(None, "class_id", "school_id"),
    )

    document_id: int = Field(sa_type=BigId)
    class_id: int | None = Field(default=None, sa_type=BigId)
    pupil_id: int | None = Field(default=None, sa_type=BigId)


class DocumentFile(InSchool, table=True):
    """A file of a document, in its order."""

    __tablename__ = "document_file"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school("document", ("file_id", "stored_file"), unique=[("document_id", "file_id")]),
        Index(None, "file_id", "school_id"),
    )

    document_id: int = Field(sa_type=BigId)
    file_id: int = Field(sa_type=BigId)
    position: int = 1


class Signature(InSchool, table=True):
    """Lu et signé: an adult who decides for a pupil, when, and how (`through`: page, link, paper)."""

    __tablename__ = "signature"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = (
        *within_school(
            "document", "pupil", "guardian", ("typed_by", "staff"), unique=[("document_id", "pupil_id", "guardian_id")]
        ),
        Index(None, "pupil_id", "school_id"),
        Index(None, "guardian_id", "school_id"),
    )

    document_id: int = Field(sa_type=BigId)
    pupil_id: int = Field(sa_type=BigId)
    guardian_id: int = Field(sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
    through: str = Field(max_length=12)
    typed_by: int | None = Field(default=None, sa_type=BigId)
