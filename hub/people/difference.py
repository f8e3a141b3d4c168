"""What a file changes in the registers, told to the office before and after it is taken."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from hub.people.onde import BadLine


class File(StrEnum):
    """Which of ONDE's two files."""

    PUPILS = "pupils"
    GUARDIANS = "guardians"


@dataclass(frozen=True, slots=True)
class Remark:
    """A line to look at: its file, its number counted from 1, and one sentence that quotes nothing of it."""

    file: File
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What an import did. Texts name people, for the office's eyes only; its repr shows none.

    `joined` and `ended`: class memberships that begin today, or ended yesterday. `old_addresses`: known, but no
    longer in the file; they are kept behind the others. `refused` lines were not taken; those in `doubts` were,
    but for the detail that is named. `matters` wait in the office tray. `left`: in no line of a whole file, so
    perhaps gone; nothing was done to them.
    """

    full: bool
    new_pupils: tuple[str, ...]
    changed_pupils: tuple[str, ...]
    unchanged_pupils: int
    new_adults: tuple[str, ...]
    changed_adults: tuple[str, ...]
    known_adults: int
    new_links: tuple[str, ...]
    joined: tuple[str, ...]
    ended: tuple[str, ...]
    new_addresses: tuple[str, ...]
    old_addresses: tuple[str, ...]
    refused: tuple[Remark, ...]
    doubts: tuple[Remark, ...]
    matters: tuple[str, ...]
    left: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Difference({self.counts()})"

    @property
    def changes_nothing(self) -> bool:
        """Whether the registers already said what the file says."""
        return not any(getattr(self, name) for name in _CHANGES)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {
            one.name: len(value) if isinstance(value := getattr(self, one.name), tuple) else value
            for one in fields(self)
            if one.name != "full"
        }

    def as_dict(self) -> dict[str, Any]:
        """Give counts, names and remarks as plain values, for JSON."""
        names = {
            one.name: list(value)
            for one in fields(self)
            if isinstance(value := getattr(self, one.name), tuple) and one.name not in {"refused", "doubts"}
        }
        return {
            "full": self.full,
            "changes_nothing": self.changes_nothing,
            "counts": self.counts(),
            "names": names,
            "refused": [_plain(remark) for remark in self.refused],
            "doubts": [_plain(remark) for remark in self.doubts],
        }


_CHANGES = (
    "new_pupils",
    "changed_pupils",
    "new_adults",
    "changed_adults",
    "new_links",
    "joined",
    "ended",
    "new_addresses",
)


def _plain(remark: Remark) -> dict[str, Any]:
    return {"file": remark.file.value, "line": remark.line, "reason": remark.reason}


@dataclass(slots=True)
class Findings:
    """The notebook of one import; becomes a Difference at the end."""

    full: bool
    new_pupils: list[str] = field(default_factory=list)
    changed_pupils: list[str] = field(default_factory=list)
    unchanged_pupils: int = 0
    new_adults: list[str] = field(default_factory=list)
    changed_adults: list[str] = field(default_factory=list)
    known_adults: int = 0
    new_links: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    new_addresses: list[str] = field(default_factory=list)
    old_addresses: list[str] = field(default_factory=list)
    refused: list[Remark] = field(default_factory=list)
    doubts: list[Remark] = field(default_factory=list)
    matters: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def refuse(self, file: File, line: int, reason: str) -> None:
        """Note a line that is not taken."""
        self.refused.append(Remark(file, line, reason))

    def doubt(self, file: File, line: int, reason: str) -> None:
        """Note a line that is taken without a detail."""
        self.doubts.append(Remark(file, line, reason))

    def take_over(self, file: File, bad: Iterable[BadLine], doubts: Iterable[BadLine]) -> None:
        """Note what the reader of the file found."""
        self.refused += [Remark(file, line.number, line.reason) for line in bad]
        self.doubts += [Remark(file, line.number, line.reason) for line in doubts]

    def difference(self) -> Difference:
        """Close the notebook."""
        self.refused.sort(key=_place)
        self.doubts.sort(key=_place)
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        closed: dict[str, Any] = {name: tuple(of) if isinstance(of, list) else of for name, of in values.items()}
        return Difference(**closed)


def _place(remark: Remark) -> tuple[str, int]:
    return remark.file, remark.line
