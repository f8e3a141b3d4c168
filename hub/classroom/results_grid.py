"""The grid of an assessment: a line a pupil, a box a column, a few words; as it is saved, and as it is typed over."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom import results_asked as asked
from hub.classroom.results_cells import Cell, Item, read_cell
from hub.classroom.results_sheets import Sheet, read_sheet
from hub.errors import InvalidError
from hub.models.classroom import Level
from hub.notices.headlines import Reader
from hub.people.names import name_key
from hub.people.schools import school_key
from hub.sealing import Keyring, Seal
from i18n.slots import clean_line, whole_number

COMMENT_MOST = 300
"""Characters of the few words about one pupil."""
COMMENT = b"result.comment"
"""What they are sealed as."""
Place = tuple[int, int]
"""A box: (item, pupil). The few words about a pupil stand at (WORDS, pupil)."""
WORDS = 0


@dataclass(frozen=True, slots=True)
class Box:
    """What stands in a box; `fault`: why it cannot be taken; `fresh`: it is not saved yet."""

    item: Item
    text: str
    fault: str = ""
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A pupil's line. `told_apart`: beside the name where two of the class share it; `gone`: in another class today."""

    pupil_id: int
    first_name: str
    family_name: str
    told_apart: str
    gone: bool
    boxes: tuple[Box, ...]
    words: str
    words_fault: str = ""
    words_fresh: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid as it is shown. `state` says in one line what was saved when it was shown; it goes back with the form."""

    sheet: Sheet
    lines: tuple[Line, ...]
    state: str
    faults: int = 0
    changed: int = 0

    @property
    def noted(self) -> int:
        """How many pupils something is noted for."""
        return sum(bool(line.words) or any(box.text for box in line.boxes) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form brings: texts by place, and the `state` of the grid on which they were typed."""

    texts: Mapping[Place, str]
    state: str = ""


@dataclass(slots=True)
class Standing:
    """What is noted, as the registers have it: row, cell and typist by place, words by pupil."""

    rows: dict[Place, Row[Any]] = field(default_factory=dict)
    texts: dict[Place, str] = field(default_factory=dict)
    typists: dict[Place, str] = field(default_factory=dict)


async def read_grid(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    assessment_id: int,
    reader: Reader,
    typed: Typed | None = None,
) -> Grid:
    """Read a grid; `typed`: shown over what is saved, and not saved. Raises NotFoundError, NotAllowedError."""
    which = {"school_id": school_id, "assessment_id": assessment_id}
    sheet = await read_sheet(session, keyring, **which, reader=reader)
    seal = await school_key(session, keyring, school_id)
    pupils, standing = await read_standing(session, seal, school_id, sheet, reader)
    given = typed_over(sheet, pupils, standing, typed) if typed else {}
    return laid_out(sheet, pupils, standing, given, {})


async def read_standing(
    session: AsyncSession, seal: Seal, school_id: int, sheet: Sheet, reader: Reader
) -> tuple[Sequence[Row[Any]], Standing]:
    """Read the pupils of the class and all that is noted, in two questions."""
    which = {"school": school_id, "assessment": sheet.assessment_id}
    here = {**which, "class": sheet.classroom.class_id, "day": reader.day}
    pupils = (await session.execute(asked.pupils_of(all_who_have=reader.rights.whole_school), here)).all()
    seen, standing = {row.id for row in pupils}, Standing()
    for row in await session.execute(asked.cells_of(), which):
        place = (int(row.item_id), int(row.pupil_id))
        standing.rows[place] = row
        standing.texts[place] = cell_of(row).text
        standing.typists[place] = row.typist
        if row.comment_sealed is not None and row.pupil_id in seen:
            words = (WORDS, int(row.pupil_id))
            standing.texts[words] = seal.open(row.comment_sealed, COMMENT).decode()
            standing.typists[words] = row.typist
    return pupils, standing


def cell_of(row: Row[Any]) -> Cell:
    """Read a box from its row."""
    return Cell(Level(row.level) if row.level else None, row.mark, row.absent)


def typed_over(sheet: Sheet, pupils: Iterable[Row[Any]], standing: Standing, typed: Typed) -> dict[Place, str]:
    """Keep what was changed on the page, in boxes that this reader has, and that is not so already."""
    before = state_of(typed.state)
    items = {item.item_id: item for item in sheet.items}
    places = {(number, row.id) for number in (WORDS, *items) for row in pupils}
    given = {}
    for place in sorted(places & typed.texts.keys()):
        text = _normal(items.get(place[0]), typed.texts[place])
        if text != standing.texts.get(place, "") and marked(place, text) != before.get(place, ""):
            given[place] = text
    return given


def _normal(item: Item | None, text: str) -> str:
    """Write what was typed as it will stand; what cannot be read stays as it is."""
    if item is None:
        return clean_line(text)
    try:
        return read_cell(text, item).text
    except InvalidError:
        return text.strip()


def laid_out(
    sheet: Sheet,
    pupils: Sequence[Row[Any]],
    standing: Standing,
    given: Mapping[Place, str],
    faults: Mapping[Place, str],
    *,
    changed: int = 0,
) -> Grid:
    """Lay the grid out: `given` over what stands, with its faults."""
    shared = Counter(_called(row) for row in pupils)

    def shown(place: Place) -> tuple[str, str, bool]:
        return given.get(place, standing.texts.get(place, "")), faults.get(place, ""), place in given

    lines = tuple(
        Line(
            row.id,
            row.first_name,
            row.family_name,
            "" if shared[_called(row)] == 1 else _apart(row),
            not row.here,
            tuple(Box(item, *shown((item.item_id, row.id))) for item in sheet.items),
            *shown((WORDS, row.id)),
        )
        for row in pupils
    )
    seen = {(number, line.pupil_id) for line in lines for number in (WORDS, *(item.item_id for item in sheet.items))}
    state = ";".join(
        f"{place[0]}-{place[1]}={marked(place, standing.texts[place])}"
        for place in sorted(seen & standing.texts.keys())
        if standing.texts[place]
    )
    return Grid(sheet, lines, state, len(faults), changed or len(given))


def _called(row: Row[Any]) -> str:
    return name_key(f"{row.family_name} {row.first_name}")


def _apart(row: Row[Any]) -> str:
    """Tell two pupils of one name apart: by their birthdays, where the school knows them."""
    return f"n° {row.id}" if row.born_on is None else f"n° {row.id}, {row.born_on:%d/%m/%Y}"


def marked(place: Place, text: str) -> str:
    """Write a text as the state of a grid holds it: a box as it is, words as their fingerprint."""
    return blake2b(text.encode(), digest_size=6).hexdigest() if text and place[0] == WORDS else text


def state_of(state: str) -> dict[Place, str]:
    """Read the state that a form brings back; what is none of ours says nothing."""
    found = {}
    for part in state.split(";"):
        name, _, text = part.partition("=")
        item, _, pupil = name.partition("-")
        place = read_place(item, pupil)
        if place is not None:
            found[place] = text
    return found


def read_place(item: str, pupil: str) -> Place | None:
    """Read the numbers of a box; None when they are none."""
    item_id, pupil_id = whole_number(item), whole_number(pupil)
    return None if item_id is None or pupil_id is None else (item_id, pupil_id)
