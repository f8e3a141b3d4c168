"""What a school set about its ladders: how long it waits for an answer, and what comes at the end."""

from enum import StrEnum

from sqlmodel import Field

from hub.models.base import InSchool, Kept, within_school, words


class Occasion(StrEnum):
    """What a ladder is for."""

    ABSENCE = "absence"
    URGENT = "urgent"
    MEETING = "meeting"
    QUESTION = "question"


class LadderRule(InSchool, table=True):
    """One ladder as a school set it; an occasion without a row has the usual one (`hub.patience.USUAL`).

    `patience` in seconds.
    """

    __tablename__ = "ladder_rule"
    __kept__ = Kept.NOTHING_PERSONAL
    __table_args__ = within_school(unique=[("occasion",)])

    occasion: Occasion = Field(sa_type=words(Occasion))
    patience: int
    rings: bool
    calls: bool
