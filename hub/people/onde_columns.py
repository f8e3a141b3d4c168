"""What ONDE calls its columns, in every spelling met so far, and how a title line is understood."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from hub.errors import InvalidError
from hub.people.names import name_key
from hub.people.sheets import decoded, records

Columns = Mapping[str, tuple[str, ...]]
"""For each of our fields the accepted titles, the usual one first; accents, capitals and signs do not matter."""

PUPIL_COLUMNS: Columns = {
    "family_name": ("Nom élève", "Nom de famille élève", "Nom de l'élève", "Nom de naissance", "Nom de famille", "Nom"),
    "usage_name": ("Nom d'usage élève", "Nom usage élève", "Nom d'usage de l'élève", "Nom d'usage"),
    "first_name": ("Prénom élève", "Prénom de l'élève", "Prénom 1", "Prénom"),
    "born_on": ("Date naissance", "Date de naissance", "Né(e) le", "Date naissance élève"),
    "ine": ("INE", "Identifiant national élève", "Numéro INE"),
    "level": ("Niveau", "Niveau élève", "Niveau scolaire"),
    "class_label": ("Libellé classe", "Libellé de la classe", "Classe", "Classes", "Nom de la classe"),
    "class_code": ("Identifiant classe", "Identifiant de la classe", "Id classe"),
}
"""Postal addresses, sex, attestations and authorisations stand in the file too: not needed, so never read."""

GUARDIAN_COLUMNS: Columns = {
    "civility": ("Civilité Responsable", "Civilité"),
    "family_name": ("Nom responsable", "Nom de famille responsable", "Nom de naissance responsable"),
    "usage_name": ("Nom usage responsable", "Nom d'usage responsable"),
    "first_name": ("Prénom responsable", "Prénom du responsable"),
    "mailbox_raw": ("Courriel", "Courriel responsable", "Adresse courriel", "E-mail", "Mail", "Adresse e-mail", "Mél"),
    "home_raw": ("Téléphone domicile", "Tél. domicile", "Téléphone fixe", "Domicile"),
    "work_raw": ("Téléphone travail", "Tél. travail", "Téléphone professionnel"),
    "mobile_raw": ("Téléphone portable", "Tél. portable", "Téléphone mobile", "Portable", "Mobile"),
}

CHILD_COLUMNS: Columns = {
    "usage_name": ("Nom d'usage enfant", "Nom usage enfant"),
    "family_name": ("Nom de famille enfant", "Nom famille enfant", "Nom enfant"),
    "first_name": ("Prénom enfant", "Prénom de l'enfant"),
    "classes": ("Classes enfants", "Classes enfant", "Classe enfant", "Classe enfants"),
}
"""This group of titles stands in the guardians' file once for each child."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file taken apart: its titles, then its records as `sheets.records` gives them."""

    titles: tuple[str, ...]
    lines: tuple[tuple[int, list[str] | None], ...]
    encoding: str


def table(data: bytes, *columns: Columns) -> Table:
    """Find the title line (blank lines and Excel's `sep=;` may stand before it) and what follows.

    Of `;`, `,` and tab that delimiter is taken under which most titles are known. Raises InvalidError when the
    file is no table or has nothing under its titles.
    """
    text, encoding = decoded(data)
    known = {_spelling(title) for title in chain.from_iterable(chain(*(c.values() for c in columns)))}
    delimiter = max(";,\t", key=lambda mark: sum(_spelling(title) in known for title in _titles(text, mark)))
    lines = [(number, cells) for number, cells in records(text, delimiter) if cells is None or _is_filled(cells)]
    if not lines:
        raise InvalidError("Le fichier est vide.", field="file")
    if len(lines) == 1:
        raise InvalidError("Le fichier n'a que sa ligne de titres.", field="file")
    return Table(titles=tuple(lines[0][1] or ()), lines=tuple(lines[1:]), encoding=encoding)


def places(titles: tuple[str, ...], columns: Columns) -> dict[str, int]:
    """Say in which cell each field stands; the usual spelling wins, and of repeated titles the first."""
    spellings = [_spelling(title) for title in titles]
    found: dict[str, int] = {}
    for field, accepted in columns.items():
        known = [_spelling(title) for title in accepted]
        field_places = [spellings.index(spelling) for spelling in known if spelling in spellings]
        if field_places:
            found[field] = field_places[0]
    return found


def child_groups(titles: tuple[str, ...]) -> tuple[dict[str, int], ...]:
    """Say where each child's cells stand; a title that comes back opens the next child's group."""
    field_of = {_spelling(title): field for field, accepted in CHILD_COLUMNS.items() for title in accepted}
    groups: list[dict[str, int]] = []
    for place, title in enumerate(titles):
        field = field_of.get(_spelling(title))
        if field is None:
            continue
        if not groups or field in groups[-1]:
            groups.append({})
        groups[-1][field] = place
    return tuple(group for group in groups if {"family_name", "first_name"} <= group.keys())


def missing(found: Mapping[str, object], columns: Columns, needed: tuple[str, ...]) -> InvalidError | None:
    """Name the columns that a file lacks, as ONDE writes them."""
    absent = [f"« {columns[field][0]} »" for field in needed if field not in found]
    if not absent:
        return None
    many = "les colonnes" if len(absent) > 1 else "la colonne"
    return InvalidError(f"Il manque {many} {', '.join(absent)} dans ce fichier.", field="file")


def _spelling(title: str) -> str:
    return name_key(title).replace(" ", "")


def _titles(text: str, delimiter: str) -> list[str]:
    filled = (cells for _, cells in records(text, delimiter) if cells and _is_filled(cells))
    return next(filled, [])


def _is_filled(cells: list[str]) -> bool:
    text = "".join(cells).strip()
    return bool(text) and not text.casefold().startswith("sep=")
