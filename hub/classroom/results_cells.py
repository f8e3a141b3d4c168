"""One box of an assessment: what a teacher types into it, what it means, and how it is written again."""

import re
from dataclasses import dataclass

from hub.errors import InvalidError
from hub.models.classroom import Level, Scale
from hub.people.names import name_key

MARK_MOST = 100
"""What a mark may count to at most."""
LEVELS = (Level.NOT_REACHED, Level.PARTLY_REACHED, Level.REACHED, Level.EXCEEDED)
"""From 1 to 4, as teachers count them."""
ABSENT = "abs"
_MARK = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Item:
    """A column of an assessment, on the four levels or by a mark out of `out_of`. `used`: it holds something."""

    item_id: int
    label: str
    scale: Scale
    out_of: int | None
    used: bool = False
    competence_id: int | None = None

    @property
    def title(self) -> str:
        """What stands above the column."""
        return f"{self.label} (sur {self.out_of})" if self.scale is Scale.MARKS else self.label


@dataclass(frozen=True, slots=True)
class Cell:
    """What one box says: a level, a mark in hundredths, or that the pupil was absent; or nothing."""

    level: Level | None = None
    mark: int | None = None
    absent: bool = False

    @property
    def text(self) -> str:
        """Write it as one types it: 3, abs, 14,5."""
        if self.absent:
            return ABSENT
        if self.level is not None:
            return str(LEVELS.index(self.level) + 1)
        return "" if self.mark is None else mark_text(self.mark)


NOTHING = Cell()


def mark_text(mark: int) -> str:
    """Write a mark given in hundredths as one does in French: 14, 14,5, 9,25."""
    whole, rest = divmod(mark, 100)
    return f"{whole},{rest:02}".rstrip("0").rstrip(",")


def read_cell(typed: str, item: Item) -> Cell:
    """Read what was typed into a box of this column. Raises InvalidError, whose sentence quotes nothing."""
    word = typed.strip()
    if not word:
        return NOTHING
    if name_key(word) in _ABSENT:
        return Cell(absent=True)
    if item.scale is Scale.MARKS:
        return Cell(mark=_mark(word, item.out_of or 0))
    level = _LEVEL_DIGITS.get(word) or _LEVEL_WORDS.get(name_key(word))
    if level is None:
        raise InvalidError("On y note 1, 2, 3, 4 ou abs.")
    return Cell(level=level)


_ABSENT = frozenset({"a", "abs", "absent", "absente"})
_LEVEL_DIGITS = {str(number): level for number, level in enumerate(LEVELS, 1)}
_LEVEL_WORDS = {
    word: level
    for level, words in zip(
        LEVELS,
        (
            ("na", "non atteint", "non atteints"),
            ("pa", "partiellement atteint", "partiellement atteints"),
            ("atteint", "atteints"),
            ("d", "depasse", "depasses"),
        ),
        strict=True,
    )
    for word in words
}
"""How levels are written here and elsewhere, as `name_key` folds them."""


def _mark(typed: str, out_of: int) -> int:
    found = _MARK.fullmatch(re.sub(rf"\s*/\s*{out_of}$", "", typed))
    hundredths = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
    if not 0 <= hundredths <= out_of * 100:
        raise InvalidError(f"Une note va de 0 à {out_of}, avec deux décimales au plus, ou abs.")
    return hundredths
