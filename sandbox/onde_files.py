"""The two files that ONDE would export for a fictional school, with the untidiness of real ones."""

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum

from sandbox.townsfolk import FictionalAdult, FictionalPupil


class FileEncoding(StrEnum):
    """How the bytes are written: as ONDE does by default, or as a spreadsheet saves them again."""

    CP1252 = "cp1252"
    UTF8_BOM = "utf-8-sig"


_TITLES = (
    "Nom élève;Nom d'usage élève;Prénom élève;Date naissance;Sexe;INE;Adresse1;Cp1;Commune1;Pays1;Adresse2;Cp2;"
    "Commune2;Pays2; Cycle;Niveau;Libellé classe;Identifiant classe;Attestation fournie;Autorisation associations;"
    "Autorisation photo;Décision de passage"
)
_OLD_TITLES = (
    "Nom Elève;Nom d'usage Elève;Prénom Elève;Date naissance;Sexe;Adresse1;Cp1;Commune1;Pays1;Adresse2;Cp2;"
    "Commune2;Pays2; Cycle;Niveau;Classe;Attestation fournie;Autorisations associations;Autorisations photos;"
    "Décision de passage"
)
_GUARDIAN_TITLES = (
    "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;"
    "CP responsable;Commune responsable;Pays;Courriel;Téléphone domicile;Téléphone travail;{extension}"
    "Téléphone portable"
)
_CHILD_TITLES = ";Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants"
_TOWN = ("45000", "VILLE-EXEMPLE", "FRANCE")

BAD_PUPIL_LINES = (
    "EXEMPLE-SANS-PRENOM;;;01/02/2018;F",
    "EXEMPLE\x07CLOCHE;;Zoé;01/02/2018;F",
    f"EXEMPLE{'-LONG' * 20};;Zoé;01/02/2018;F",
    '"EXEMPLE-GUILLEMET;;Zoé;01/02/2018;F',
    "EXEMPLE-LARGE;;Zoé" + ";" * 30 + "trop",
)
BAD_GUARDIAN_LINES = (
    "M.;;EXEMPLE-SANS-ENFANT;Basile;1 rue des Exemples",
    "MME;;EXEMPLE-ENFANT-SANS-NOM;Élise" + ";" * 12 + "CP A",
    "MME;;;Élise" + ";" * 9 + ";EXEMPLE;Zoé;CP A",
)
"""Lines that no reader should take; they stand at the end of a file made with `bad_lines=True`."""


def pupils_file(pupils: Iterable[FictionalPupil], *, encoding: FileEncoding, older: bool, bad_lines: bool) -> bytes:
    """Write ONDE's file of pupils; `older`: as Base élèves did, without INE and class code."""
    rows = (_pupil_cells(pupil, older=older) for pupil in pupils)
    return _file(_OLD_TITLES if older else _TITLES, rows, BAD_PUPIL_LINES if bad_lines else (), encoding)


def guardians_file(adults: Sequence[FictionalAdult], *, encoding: FileEncoding, older: bool, bad_lines: bool) -> bytes:
    """Write ONDE's file of guardians, one line an adult; `older`: with an extension number beside the work phone."""
    width = max(len(adult.children) for adult in adults)
    titles = _GUARDIAN_TITLES.format(extension="Numéro de poste;" if older else "") + _CHILD_TITLES * width
    rows = (_adult_cells(nth, adult, older=older, width=width) for nth, adult in enumerate(adults))
    return _file(titles, rows, BAD_GUARDIAN_LINES if bad_lines else (), encoding)


def _file(titles: str, rows: Iterable[list[str]], tail: Sequence[str], encoding: FileEncoding) -> bytes:
    text = io.StringIO(newline="")
    text.write(titles + "\r\n")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    text.writelines(line + "\r\n" for line in tail)
    return text.getvalue().encode(encoding.value)


def _pupil_cells(pupil: FictionalPupil, *, older: bool) -> list[str]:
    cycle = "CYCLE II" if pupil.level in {"CP", "CE1", "CE2"} else "CYCLE III"
    return [
        *(pupil.family_name, pupil.usage_name, pupil.first_name),
        *(pupil.born_on.strftime("%d/%m/%Y"), "F" if pupil.girl else "M"),
        *(() if older else (pupil.ine,)),
        *("1 rue des Exemples", *_TOWN, "", "", "", ""),
        *(cycle, pupil.level, pupil.class_label),
        *(() if older else (pupil.class_code,)),
        *("Oui", "Non", "Non", ""),
    ]


def _adult_cells(nth: int, adult: FictionalAdult, *, older: bool, width: int) -> list[str]:
    street = f"Bâtiment {nth}\n{adult.street}" if nth % 50 == 0 else adult.street
    cells = [
        *(adult.civility, adult.usage_name, adult.name, adult.first_name, street, *_TOWN, adult.mailbox or ""),
        *(_written(adult.landline), _written(adult.work), *(("",) if older else ())),
        adult.odd_number or _written(adult.mobile),
    ]
    for child in adult.children:
        cells += [child.usage_name, child.family_name, child.first_name, child.class_label]
    return cells + [""] * (4 * (width - len(adult.children)))


def _written(number: str | None) -> str:
    """Write a number as somebody would have typed it: its last digits decide how, so a file never changes."""
    if number is None:
        return ""
    digits = number.removeprefix("+33")
    pairs = ["0" + digits[0], *(digits[place : place + 2] for place in range(1, 9, 2))]
    ways = (
        " ".join(pairs),
        "".join(pairs),
        ".".join(pairs),
        "-".join(pairs),
        f"+33 (0){digits[0]} {' '.join(pairs[1:])}",
        number,
        f"0033{digits}",
        digits,
        "\u00a0".join(pairs),
        f"{' '.join(pairs)} (le soir)",
    )
    return ways[int(digits[-3:]) % len(ways)]
