"""The post: letters on paper, which of them were printed and handed over."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school


class Letter(InSchool, table=True):
    """A notice on paper for one adult: its coupon's code and its link's, as keyed hashes, and what became of it.

    Both codes come from the master key, the delivery and `salt`: printed again, a letter bears the same. `handed_at`:
    somebody says that it was handed over; that proves nothing by itself.
    """

    __tablename__ = "letter"
    __kept__ = Kept.SCHOOL_YEAR
    __table_args__ = within_school(
        "delivery",
        ("printed_by", "staff"),
        ("handed_by", "staff"),
        unique=[("delivery_id",), ("code_hash",)],
        listed=True,
    )

    delivery_id: int = Field(sa_type=BigId)
    code_hash: bytes = Field(sa_type=LargeBinary)
    link_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    salt: int = 0
    expires_at: datetime = Field(sa_type=UtcDateTime)
    printed_at: datetime = Field(sa_type=UtcDateTime)
    printed_by: int = Field(sa_type=BigId)
    handed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handed_by: int | None = Field(default=None, sa_type=BigId)
