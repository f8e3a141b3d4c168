"""What we send from, and who told it to stop."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field

from hub.models.base import BigId, InSchool, Kept, UtcDateTime, within_school, words
from hub.ports import ChannelName


class Sender(InSchool, table=True):
    """What we send from. `key` is its opaque public name; `rate` messages a second; `price` hundredths of a cent.

    `held_by`, `held_until`: the process that speaks for it, where it has a rate (docs/adr/0014).
    """

    __tablename__ = "sender"
    __kept__ = Kept.NOTHING_PERSONAL
    __table_args__ = within_school("data_key", listed=True)

    data_key_id: int = Field(sa_type=BigId)
    organisation_id: int | None = Field(default=None, sa_type=BigId, foreign_key="organisation.id")
    key_name: str = Field(unique=True, max_length=32)
    channel: ChannelName = Field(sa_type=words(ChannelName))
    provider: str = Field(max_length=20)
    address: str = Field(max_length=254)
    name: str = Field(default="", max_length=120)
    login: str = Field(default="", max_length=120)
    secret_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    dkim_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    two_way: bool = False
    receipts: bool = True
    rate: float | None = None
    price: int = 0
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stopped_why: str | None = Field(default=None, max_length=200)
    held_by: int | None = Field(default=None, sa_type=BigInteger)
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Stop(InSchool, table=True):
    """This address told this sender to stop."""

    __tablename__ = "stop"
    __kept__ = Kept.AS_LONG_AS_ENROLLED
    __table_args__ = within_school("sender", "address", unique=[("address_id", "sender_id")])

    sender_id: int = Field(sa_type=BigId)
    address_id: int = Field(sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
