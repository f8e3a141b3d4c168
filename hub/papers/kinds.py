"""What a file is, by what stands in it and never by its name: the few kinds that a family can open, and no other."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from hub.errors import InvalidError

UNPACKED_MAX: Final = 200_000_000
"""Bytes that an office file says it unpacks to."""
ENTRIES_MAX: Final = 5000
_LIST_MAX: Final = 2_000_000
"""Bytes of the list of contents of an office file."""

_REFUSED = (
    "Ce fichier n’est ni une photo, ni un PDF, ni un document de bureau : enregistrez-le en PDF et donnez celui-là."
)
_BROKEN = "Ce fichier est abîmé ou incomplet : ouvrez-le chez vous, enregistrez-le de nouveau et redonnez-le."
_MACROS = "Ce document contient des macros, qui pourraient nuire aux familles : enregistrez-le en PDF."
_BOMB = "Ce document se déplierait en bien trop de données pour un téléphone : enregistrez-le en PDF."
_GIF = "Les images GIF ne sont pas prises : enregistrez-la en JPEG ou en PNG."
_OPEN_XML: Final = {
    "word/document.xml": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    "xl/workbook.xml": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    "ppt/presentation.xml": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
}
_OPEN_DOCUMENT: Final = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}
_OLD_OFFICE: Final = {
    "WordDocument": ("application/msword", "doc"),
    "Workbook": ("application/vnd.ms-excel", "xls"),
    "PowerPoint Document": ("application/vnd.ms-powerpoint", "ppt"),
}
PACKED: Final = ("application/pdf", *(kind[0] for kind in (*_OPEN_XML.values(), *_OLD_OFFICE.values())))
"""Kinds that hardly get lighter when they are pressed together on the way."""
_OLD_MACROS: Final = ("_VBA_PROJECT", "Macros")
_TEXTS: Final = {"txt": "text/plain", "csv": "text/csv"}
_CODE: Final = ("<", "#!", "{\\rtf")
"""How a page, a drawing with a script in it, a program or a text with parts in it begins."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is; `ending` without a dot."""

    media_type: str
    ending: str


class RefusedFileError(InvalidError):
    """A file that is not taken, and why; `name` says which, fit to be shown. Nothing was kept."""

    def __init__(self, sentence: str, *, name: str = "") -> None:
        super().__init__(sentence, field="files")
        self.name = name


def broken() -> RefusedFileError:
    """Say that a file cannot be read to its end."""
    return RefusedFileError(_BROKEN)


def kind_of(body: BinaryIO, name: str) -> Kind:
    """Say what a file is that is no picture. Raises RefusedFileError.

    Nothing is unpacked. `name` only tells a text from a table.
    """
    body.seek(0)
    head = body.read(8)
    if head.startswith(b"%PDF-"):
        return Kind("application/pdf", "pdf")
    if head.startswith(b"GIF8"):
        raise RefusedFileError(_GIF)
    if head.startswith(b"PK\x03\x04"):
        return _packed(body)
    if head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _old_office(body)
    return _text(body, name)


def _packed(body: BinaryIO) -> Kind:
    """Look at the list of contents of an office file (ECMA-376 part 2; OpenDocument 1.3 part 2, section 3)."""
    _check_list(body)
    try:
        with ZipFile(body) as packed:
            entries = packed.infolist()
            if len(entries) > ENTRIES_MAX or sum(one.file_size for one in entries) > UNPACKED_MAX:
                raise RefusedFileError(_BOMB)
            if any(_is_macro(one) for one in entries):
                raise RefusedFileError(_MACROS)
            names = {one.filename for one in entries}
            if "[Content_Types].xml" in names:
                return next((Kind(*kind) for part, kind in _OPEN_XML.items() if part in names), None) or _none()
            if entries and entries[0].filename == "mimetype":
                return _open_document(packed, entries[0])
    except (BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise broken() from error
    return _none()


def _check_list(body: BinaryIO) -> None:
    """Refuse a list of contents that is too long to be read at all (APPNOTE 6.3.10, section 4.3.16)."""
    size = body.seek(0, 2)
    body.seek(max(0, size - 65_557))
    tail = body.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise broken()
    if int.from_bytes(tail[end + 12 : end + 16], "little") > _LIST_MAX or b"PK\x06\x07" in tail[max(0, end - 20) : end]:
        raise RefusedFileError(_BOMB)


def _is_macro(one: ZipInfo) -> bool:
    name = one.filename.lower()
    return name.endswith(("vbaproject.bin", "vbadata.xml")) or name.startswith(("basic/", "scripts/"))


def _open_document(packed: ZipFile, first: ZipInfo) -> Kind:
    with packed.open(first) as said:
        media_type = said.read(100).decode("ascii", "replace")
    family, _, what = media_type.rpartition(".")
    if family != "application/vnd.oasis.opendocument" or what not in _OPEN_DOCUMENT:
        return _none()
    return Kind(media_type, _OPEN_DOCUMENT[what])


def _old_office(body: BinaryIO) -> Kind:
    """Look for the names of its streams (MS-CFB section 2.6.1: UTF-16)."""
    body.seek(0)
    whole = body.read()
    if any(_utf16(name) in whole for name in _OLD_MACROS):
        raise RefusedFileError(_MACROS)
    return next((Kind(*kind) for stream, kind in _OLD_OFFICE.items() if _utf16(stream) in whole), None) or _none()


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le") + b"\x00\x00"


def _text(body: BinaryIO, name: str) -> Kind:
    ending = PurePath(name).suffix.lower().lstrip(".")
    if ending not in _TEXTS:
        return _none()
    body.seek(0)
    whole = body.read()
    try:
        words = whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = whole.decode("cp1252", "replace")
    if any(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in words) or words.lstrip().startswith(_CODE):
        return _none()
    return Kind(_TEXTS[ending], ending)


def _none() -> Kind:
    raise RefusedFileError(_REFUSED)
