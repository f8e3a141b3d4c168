"""The grid as a table for a spreadsheet, and back: a line a pupil, found again by name within the class."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hub.classroom.results_cells import ABSENT, Item, read_cell
from hub.classroom.results_grid import COMMENT_MOST, WORDS, Grid, Line, Place
from hub.errors import InvalidError
from hub.models.classroom import Scale
from hub.people.names import name_key
from hub.people.sheets import decoded, records
from i18n.slots import clean_line

LARGEST = 1_000_000
"""Bytes of a file; a class with twelve columns and a comment for each pupil takes a twentieth of it."""
FAMILY_NAME, FIRST_NAME, COMMENT = "Nom", "Prénom", "Commentaire"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula. Source: OWASP, CSV Injection."""
_LOST = "\ufffd"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not understood: its number in the file, counted from 1, and why; it quotes nothing of it."""

    number: int
    reason: str


@dataclass(slots=True)
class Brought:
    """What a file brings: texts by box, to be looked over in the grid; nothing counts while a line is bad."""

    texts: dict[Place, str] = field(default_factory=dict)
    bad: list[BadLine] = field(default_factory=list)
    lines: int = 0


def written_table(grid: Grid) -> bytes:
    """Write the grid as CSV: semicolons, UTF-8 with its mark, no cell that a spreadsheet would compute."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    items = grid.sheet.items
    writer.writerow(_tame(cell) for cell in (FAMILY_NAME, FIRST_NAME, *(item.title for item in items), COMMENT))
    for line in grid.lines:
        boxes = (box.text for box in line.boxes)
        writer.writerow(_tame(cell) for cell in (line.family_name, _first_name(line), *boxes, line.words))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def read_table(data: bytes, grid: Grid) -> Brought:
    """Read a table for this grid, whatever the order of its columns. An empty cell changes nothing.

    Raises InvalidError with one sentence when the file itself cannot be taken.
    """
    if len(data) > LARGEST:
        raise InvalidError("Ce fichier pèse plus de 1 Mo : ce n’est pas le tableau d’une classe.")
    try:
        text, _ = decoded(data)
    except InvalidError as error:
        raise InvalidError(
            "Ce fichier n’est pas un tableau CSV : dans le tableur, enregistrez au format CSV, puis donnez-le ici."
        ) from error
    head = next(iter(text.splitlines()), "")
    delimiter = max(";,\t", key=head.count)
    lines = [
        (number, cells) for number, cells in records(text, delimiter) if cells is None or any(map(str.strip, cells))
    ]
    columns = _columns(lines[0][1] or [] if lines else [], grid.sheet.items)
    pupils = _pupils(grid.lines)
    brought, seen = Brought(), dict[int, int]()
    for number, cells in lines[1:]:
        brought.lines += 1
        try:
            pupil_id = _pupil(cells, columns, pupils, seen)
            seen[pupil_id] = number
            brought.texts |= dict(_boxes(cells or [], columns, pupil_id))
        except InvalidError as error:
            brought.bad.append(BadLine(number, str(error)))
    return brought


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a line the names are, the boxes, and the words; -1: nowhere."""

    family_name: int
    first_name: int
    boxes: Mapping[int, Item]
    words: int


def _columns(titles: Sequence[str], items: Sequence[Item]) -> _Columns:
    """Find the columns by their titles. Raises InvalidError."""
    known = {name_key(title): item for item in items for title in (item.title, item.label)}
    names = {name_key(FAMILY_NAME): -1, name_key(FIRST_NAME): -1, name_key(COMMENT): -1}
    boxes: dict[int, Item] = {}
    for place, title in enumerate(titles):
        key = name_key(title)
        item = known.get(key)
        if item is not None and item in boxes.values():
            raise InvalidError(f"Deux colonnes s’appellent « {item.label} ».")
        if item is not None:
            boxes[place] = item
        elif key in names:
            names[key] = place
        elif key:
            raise InvalidError(
                f"La colonne {place + 1} n’est pas de cette évaluation : corrigez son titre, ou ôtez-la."
            )
    family_name, first_name, words = names.values()
    if -1 in (family_name, first_name):
        raise InvalidError(f"Il manque les colonnes « {FAMILY_NAME} » et « {FIRST_NAME} ».")
    return _Columns(family_name, first_name, boxes, words)


def _pupils(lines: Sequence[Line]) -> Mapping[str, Sequence[int]]:
    """Name the pupils of the class as a file may; two of one name by what tells them apart too."""
    found: dict[str, list[int]] = {}
    for line in lines:
        named = {name_key(f"{line.family_name} {first}") for first in (line.first_name, _first_name(line))}
        for key in named:
            found.setdefault(key, []).append(line.pupil_id)
    return found


def _first_name(line: Line) -> str:
    return f"{line.first_name} ({line.told_apart})" if line.told_apart else line.first_name


def _pupil(
    cells: Sequence[str] | None, columns: _Columns, pupils: Mapping[str, Sequence[int]], seen: Mapping[int, int]
) -> int:
    if cells is None:
        raise InvalidError("Les guillemets de cette ligne ne se ferment pas.")
    names = " ".join(_at(cells, place) for place in (columns.family_name, columns.first_name))
    found = pupils.get(name_key(names), ())
    if not found:
        raise InvalidError("Aucun élève de cette classe ne porte ce nom.")
    if len(found) > 1:
        raise InvalidError("Deux élèves de la classe portent ce nom : prenez le tableau d’ici, qui les distingue.")
    if found[0] in seen:
        raise InvalidError(f"Cet élève est déjà à la ligne {seen[found[0]]}.")
    return found[0]


def _boxes(cells: Sequence[str], columns: _Columns, pupil_id: int) -> Iterator[tuple[Place, str]]:
    if any(_LOST in cell for cell in cells):
        raise InvalidError("Un caractère de cette ligne est illisible : enregistrez le fichier en UTF-8.")
    for place, item in columns.boxes.items():
        typed = _at(cells, place)
        if typed and item.scale is Scale.LEVELS and typed.casefold() == "a":
            raise InvalidError(f"« A » dans « {item.label} » : atteint, ou absent ? Écrivez 3, ou {ABSENT}.")
        try:
            text = read_cell(typed, item).text
        except InvalidError as error:
            raise InvalidError(f"{item.label} : {error}") from error
        if text:
            yield (item.item_id, pupil_id), text
    words = clean_line(_at(cells, columns.words)) if columns.words >= 0 else ""
    if len(words) > COMMENT_MOST:
        raise InvalidError(f"Le commentaire a plus de {COMMENT_MOST} signes.")
    if words:
        yield (WORDS, pupil_id), words


def _at(cells: Sequence[str], place: int) -> str:
    """Read a cell, without the apostrophe that tamed it."""
    cell = cells[place].strip() if place < len(cells) else ""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _tame(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
