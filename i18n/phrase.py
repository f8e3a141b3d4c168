"""What a ready phrase is: its sentences, the blanks in them, and who may press it."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.ports import NoticeKind

FIELDS = {
    "when": "day",
    "until": "day",
    "time": "starts_at",
    "moment": "starts_at",
    "place": "place",
    "hours": "hours",
    "days": "hours",
}
"""Which slot fills in a blank."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Sentences to be said together; `chip` is its name for staff.

    Each sentence is said when the blanks in it are filled in: `when` (a half-day of a day), `until` (a day), `time`
    (an hour), `moment` (a day with its hour), `place`, `hours` (all appointments), `days` (theirs).
    `needs` are those that may not stay empty.
    `of_a_child`: the house says it of one child, and nobody presses it by hand; %(pupil)s is its first name. `unnamed`
    takes the place of its sentences where no child may be named.
    """

    name: str
    kinds: tuple[NoticeKind, ...]
    chip: str
    sentences: tuple[str, ...]
    needs: tuple[str, ...] = ()
    of_a_child: bool = False
    unnamed: tuple[str, ...] = ()

    @property
    def blanks(self) -> tuple[str, ...]:
        """Every blank of its sentences, those that it needs first."""
        return tuple(sorted(blanks_in(self.sentences), key=lambda blank: (blank not in self.needs, blank)))


def blanks_in(sentences: tuple[str, ...]) -> Iterator[str]:
    """Say which blanks stand in some sentences."""
    return (blank for blank in FIELDS if any(f"%({blank})s" in sentence for sentence in sentences))
