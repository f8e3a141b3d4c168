"""The register of pupils and of those who answer for them, as the ministry's ONDE (once Base élèves) exports it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from hub.errors import InvalidError
from hub.people.names import read_name, read_words
from hub.people.onde_columns import (
    CHILD_COLUMNS,
    GUARDIAN_COLUMNS,
    PUPIL_COLUMNS,
    Table,
    child_groups,
    missing,
    places,
    table,
)

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line to look at: its number in the file, counted from 1, and one sentence that quotes nothing of it."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet(Generic[Row]):
    """What a file holds. `bad` lines were not taken; those in `doubts` were, without the detail that is named."""

    rows: tuple[Row, ...]
    bad: tuple[BadLine, ...]
    encoding: str
    doubts: tuple[BadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class PupilRow:
    """A pupil. `line` in the file; `usage_name`, `level`, `class_label`, `class_code` are "" when not given."""

    line: int
    family_name: str
    usage_name: str
    first_name: str
    born_on: date | None
    ine: str | None
    level: str
    class_label: str
    class_code: str


@dataclass(frozen=True, slots=True)
class ChildRef:
    """A pupil as a guardian's line names him or her: by names and classes only, ONDE gives no number here."""

    usage_name: str
    family_name: str
    first_name: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardianRow:
    """An adult, or a service (then without first name); `…_raw` is what the file says, unread, "" when nothing."""

    line: int
    civility: str
    family_name: str
    usage_name: str
    first_name: str
    mailbox_raw: str
    home_raw: str
    work_raw: str
    mobile_raw: str
    children: tuple[ChildRef, ...]


def read_pupils(data: bytes) -> Sheet[PupilRow]:
    """Read ONDE's file of pupils (old files too: no INE, one `Classe`).

    Good lines are taken although others are bad. Raises InvalidError with one sentence when the file itself
    cannot be taken: empty, over 20 MB, no CSV, the guardians' file, a needed column missing (it is named).
    """
    file = table(data, PUPIL_COLUMNS, GUARDIAN_COLUMNS)
    found = places(file.titles, PUPIL_COLUMNS)
    lack = missing(found, PUPIL_COLUMNS, ("family_name", "first_name", "class_label"))
    if lack and "first_name" in places(file.titles, GUARDIAN_COLUMNS):
        raise InvalidError("Ce fichier est celui des responsables ; il faut celui des élèves.", field="file")
    if lack:
        raise lack
    seen: dict[str, int] = {}
    return _sheet(file, lambda line: _pupil(line, found, seen, width=len(file.titles)))


def read_guardians(data: bytes) -> Sheet[GuardianRow]:
    """Read ONDE's file of guardians: one line an adult, then a group of cells for each child.

    Postal addresses stand in the file and are dropped here, unread: what is not needed to reach a family is not
    kept. No column says who holds parental authority. Raises InvalidError as `read_pupils` does.
    """
    file = table(data, GUARDIAN_COLUMNS, CHILD_COLUMNS, PUPIL_COLUMNS)
    found = places(file.titles, GUARDIAN_COLUMNS)
    groups = child_groups(file.titles)
    lack = missing(found, GUARDIAN_COLUMNS, ("family_name", "first_name"))
    lack = lack or missing(groups[0] if groups else {}, CHILD_COLUMNS, ("family_name", "first_name"))
    if lack and "first_name" in places(file.titles, PUPIL_COLUMNS):
        raise InvalidError("Ce fichier est celui des élèves ; il faut celui des responsables.", field="file")
    if lack:
        raise lack
    if found.keys().isdisjoint({"mailbox_raw", "home_raw", "work_raw", "mobile_raw"}):
        raise InvalidError("Il manque les colonnes « Courriel » et « Téléphone portable ».", field="file")
    return _sheet(file, lambda line: _guardian(line, found, groups, width=len(file.titles)))


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: list[str]
    doubts: list[BadLine]

    def cell(self, found: Mapping[str, int], field: str) -> str:
        place = found.get(field)
        return self.cells[place].strip() if place is not None and place < len(self.cells) else ""

    def doubt(self, reason: str) -> None:
        self.doubts.append(BadLine(self.number, reason))


def _sheet(file: Table, read: Callable[[_Line], Row]) -> Sheet[Row]:
    rows: list[Row] = []
    bad: list[BadLine] = []
    doubts: list[BadLine] = []
    for number, cells in file.lines:
        if cells is None:
            bad.append(BadLine(number, "Les guillemets de cette ligne ne se ferment pas."))
            continue
        try:
            rows.append(read(_Line(number, cells, doubts)))
        except InvalidError as error:
            bad.append(BadLine(number, str(error)))
    return Sheet(tuple(rows), tuple(bad), file.encoding, tuple(doubts))


def _pupil(line: _Line, found: Mapping[str, int], seen: dict[str, int], *, width: int) -> PupilRow:
    if any(cell.strip() for cell in line.cells[width:]):
        raise InvalidError("Cette ligne a plus de cases que le fichier n'a de colonnes.")
    row = PupilRow(
        line=line.number,
        family_name=_needed(line.cell(found, "family_name"), what="le nom de l'élève"),
        usage_name=read_name(line.cell(found, "usage_name"), what="le nom d'usage de l'élève"),
        first_name=_needed(line.cell(found, "first_name"), what="le prénom de l'élève"),
        born_on=_born_on(line, found),
        ine=_ine(line, found),
        level=read_words(line.cell(found, "level"), what="le niveau"),
        class_label=read_words(line.cell(found, "class_label"), what="le libellé de la classe"),
        class_code=read_words(line.cell(found, "class_code"), what="l'identifiant de la classe"),
    )
    if row.ine is not None and seen.setdefault(row.ine, row.line) != row.line:
        raise InvalidError(f"Cet INE est déjà à la ligne {seen[row.ine]}.")
    return row


def _needed(cell: str, *, what: str) -> str:
    name = read_name(cell, what=what)
    if not name:
        raise InvalidError(f"Il manque {what}.")
    return name


_FRENCH_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T].*)?")


def _born_on(line: _Line, found: Mapping[str, int]) -> date | None:
    """Read 03/09/2018, and 2018-09-03 as Base élèves wrote it; what cannot be a birthday is a doubt."""
    text = line.cell(found, "born_on")
    if not text:
        return None
    french, iso = _FRENCH_DAY.fullmatch(text), _ISO_DAY.fullmatch(text)
    parts = french.groups()[::-1] if french else iso.groups() if iso else ("0", "0", "0")
    try:
        day = date(*(int(part) for part in parts))
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2100:
        line.doubt("La date de naissance n'est pas une date ; l'élève est pris sans elle.")
        return None
    return day


def _ine(line: _Line, found: Mapping[str, int]) -> str | None:
    text = line.cell(found, "ine").replace(" ", "").upper()
    if not text:
        return None
    if re.fullmatch(r"[0-9A-Z]{11}", text, re.ASCII):
        return text
    line.doubt("L'INE n'a pas onze lettres et chiffres ; l'élève est pris sans lui.")
    return None


def _guardian(line: _Line, found: Mapping[str, int], groups: tuple[dict[str, int], ...], *, width: int) -> GuardianRow:
    children = tuple(child for group in _all_groups(line, groups, width=width) if (child := _child(line, group)))
    if not children:
        raise InvalidError("Aucun enfant n'est nommé sur cette ligne.")
    return GuardianRow(
        line=line.number,
        civility=read_words(line.cell(found, "civility"), what="la civilité"),
        family_name=_needed(line.cell(found, "family_name"), what="le nom du responsable"),
        usage_name=read_name(line.cell(found, "usage_name"), what="le nom d'usage du responsable"),
        first_name=read_name(line.cell(found, "first_name"), what="le prénom du responsable"),
        mailbox_raw=line.cell(found, "mailbox_raw"),
        home_raw=line.cell(found, "home_raw"),
        work_raw=line.cell(found, "work_raw"),
        mobile_raw=line.cell(found, "mobile_raw"),
        children=children,
    )


def _all_groups(line: _Line, groups: tuple[dict[str, int], ...], *, width: int) -> list[dict[str, int]]:
    """Add the children who stand beyond the title line: their cells follow in the order of the last group."""
    order, size = groups[-1], len(groups[-1])
    first = min(order.values())
    beyond = range(width, len(line.cells), size)
    return [*groups, *({field: start + place - first for field, place in order.items()} for start in beyond)]


def _child(line: _Line, group: Mapping[str, int]) -> ChildRef | None:
    usage = read_name(line.cell(group, "usage_name"), what="le nom d'usage d'un enfant")
    family = read_name(line.cell(group, "family_name"), what="le nom d'un enfant")
    first = read_name(line.cell(group, "first_name"), what="le prénom d'un enfant")
    classes = re.split(r"[,|\r\n]", line.cell(group, "classes"))
    labels = tuple(label for part in classes if (label := read_words(part, what="la classe d'un enfant")))
    if not (usage or family or first or labels):
        return None
    if not first or not (usage or family):
        raise InvalidError("Il manque le nom ou le prénom d'un enfant.")
    return ChildRef(usage, family, first, labels)
