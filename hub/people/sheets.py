"""The tables that another program hands the office as a file: bytes in, numbered lines of cells out."""

import csv
import io
from collections.abc import Iterator

from hub.errors import InvalidError

LARGEST = 20_000_000
"""Bytes. The register of the largest school is a hundred times smaller."""

_FIELD_LINES = 20
"""A quoted cell may hold line breaks, but one that runs over more lines than this was never closed."""

_OTHER_KINDS = (
    (b"%PDF", "un PDF"),
    (b"PK\x03\x04", "un classeur (Excel, LibreOffice) ou une archive"),
    (b"\xd0\xcf\x11\xe0", "un classeur Excel"),
    (b"<", "une page web"),
    (b"{", "un fichier de données d'un autre genre"),
    (b"\x89PNG", "une image"),
    (b"\xff\xd8\xff", "une image"),
)


def decoded(data: bytes) -> tuple[str, str]:
    """Turn a file into text; say which encoding it was.

    A byte order mark decides; else strict UTF-8; else cp1252, which every Latin-1 export is too. Detectors guess
    wrong on French. A file whose title line is UTF-8 stays UTF-8: one broken byte then spoils its own line only,
    as U+FFFD. Raises InvalidError for an empty or huge file and for what is no text.
    """
    _refuse_what_is_no_table(data)
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        encoding = "utf-8" if _title_is_utf8(data) else "cp1252"
        return data.decode(encoding, errors="replace"), encoding


def records(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Give each record with the number of its first line in the file, counted from 1, as an editor counts.

    None stands for a record whose quotes do not close; reading goes on with the very next line, so that one
    stray quote costs one line and not the rest of the school.
    """
    lines = list(io.StringIO(text, newline=""))
    at = 0
    while at < len(lines):
        reader = csv.reader(lines[at : at + _FIELD_LINES], delimiter=delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            yield at + 1, None
            at += 1
            continue
        yield at + 1, cells
        at += reader.line_num


def _refuse_what_is_no_table(data: bytes) -> None:
    if len(data) > LARGEST:
        raise InvalidError("Le fichier est trop gros (plus de 20 Mo).", field="file")
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InvalidError("Le fichier est vide.", field="file")
    beginning = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    for mark, kind in _OTHER_KINDS:
        if beginning.startswith(mark):
            raise InvalidError(f"Ce fichier est {kind} ; il faut le fichier CSV tel qu'ONDE le donne.", field="file")
    if b"\x00" in data[:256] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidError("Ce fichier n'est pas du texte ; il faut le fichier CSV tel qu'ONDE le donne.", field="file")


def _title_is_utf8(data: bytes) -> bool:
    title = data.lstrip().split(b"\n", 1)[0]
    try:
        return not title.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False
