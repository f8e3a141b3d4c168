"""What a teacher typed into the diary: read into a piece of work, kept as typed where something is wrong with it."""

import secrets
from datetime import date, timedelta
from typing import Literal, Self

from pydantic import BaseModel, Field

from hub.classroom.diary import Entry
from hub.classroom.diary_writing import Piece
from hub.errors import InvalidError
from hub.models.classroom import EntryKind
from hub.papers.files import FILES_MAX
from web.notice_form import PRESS
from web.pages import date_words
from web.security import RowId

OTHER = "autre"
"""The chip beside which a day is typed."""


class Sheet(BaseModel):
    """The fields, as typed. `sur`: a day without class that was warned about; `avec`: tell also what was not told.

    `kept`: files that lie ready.
    """

    key: str = Field(default="", max_length=60, pattern=PRESS)
    sorte: str = Field(default=EntryKind.DUE.value, max_length=10)
    matiere: str = Field(default="", max_length=1_000)
    jour: str = Field(default="", max_length=20)
    autre_jour: str = Field(default="", max_length=20)
    texte: str = Field(default="", max_length=100_000)
    prevenir: str = Field(default="", max_length=5)
    avec: str = Field(default="", max_length=5)
    sur: str = Field(default="", max_length=20)
    enlever: list[RowId] = []
    kept: list[RowId] = Field(default_factory=list, max_length=FILES_MAX)
    step: Literal["garder", "encore"] = "garder"

    @classmethod
    def fresh(cls, day: date | None = None) -> Self:
        """Give an empty sheet with a key of its own."""
        return cls(key=secrets.token_hex(16), jour=day.isoformat() if day else "")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Give the sheet of what stands in the diary."""
        day = entry.day.isoformat()
        return cls(
            key=secrets.token_hex(16),
            sorte=entry.kind.value,
            matiere=entry.subject,
            jour=OTHER,
            autre_jour=day,
            texte=entry.text,
            sur=day,
        )

    @property
    def day(self) -> date:
        """The day that was chosen or typed. Raises InvalidError."""
        try:
            return date.fromisoformat(self.autre_jour if self.jour in ("", OTHER) else self.jour)
        except ValueError as error:
            raise InvalidError("Donnez le jour.", field="day") from error

    @property
    def piece(self) -> Piece:
        """What it says. Raises InvalidError."""
        if self.sorte not in (EntryKind.DUE, EntryKind.DONE):
            raise InvalidError("Dites si c’est à faire, ou si cela a été fait.", field="kind")
        return Piece(EntryKind(self.sorte), self.matiere, self.day, self.texte)

    @property
    def tells(self) -> bool:
        """Whether the families are told in the same press: of what is to be done."""
        return bool(self.prevenir) and self.sorte == EntryKind.DUE

    def mind(self, *, closed: bool) -> None:
        """Warn once of a day without class. Raises InvalidError."""
        if closed and self.sur != self.day.isoformat():
            self.sur = self.day.isoformat()
            raise InvalidError(
                f"Il n’y a pas classe {date_words(self.day)} : changez le jour, ou pressez de nouveau pour le garder.",
                field="day",
            )


def in_words(error: InvalidError) -> dict[str, str]:
    """Give what is wrong as one sentence by field."""
    return {error.field or "": str(error)}


def day_chips(days: tuple[date, ...], today: date) -> list[tuple[str, str]]:
    """Name days to choose from: demain, jeudi 26 novembre."""
    tomorrow = today + timedelta(days=1)
    return [(day.isoformat(), "demain" if day == tomorrow else date_words(day)) for day in days]
