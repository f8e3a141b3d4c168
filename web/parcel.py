"""A dossier in a parcel: words, figures and files put together while they leave, one at a time in memory."""

from collections.abc import AsyncIterator
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from fastapi.responses import StreamingResponse

from hub.errors import NotFoundError
from hub.papers.files import read_file
from hub.years.dossier import Dossier
from i18n.tongues import environment
from web.house import House


def parcel(house: House, dossier: Dossier, *, school_id: int, language: str) -> StreamingResponse:
    """Send a dossier as one ZIP: `dossier.html` in this language, `dossier.json`, and the files beside them."""
    headers = {
        "Content-Disposition": 'attachment; filename="dossier.zip"',
        "Content-Encoding": "identity",  # packed already: packing it again would hold up everybody else
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex, nofollow",
    }
    pieces = _pieces(house, dossier, school_id, language)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def printed_dossier(dossier: Dossier, language: str) -> str:
    """Print a dossier as one page that opens without us, in the language of its reader."""
    template = environment("pages", language, typeset=True).get_template("family/dossier.html")
    return template.render(dossier=dossier)


async def _pieces(house: House, dossier: Dossier, school_id: int, language: str) -> AsyncIterator[bytes]:
    belt = _Belt()
    with ZipFile(belt, "w") as packed:
        packed.writestr(_named("dossier.html", dossier), printed_dossier(dossier, language), ZIP_DEFLATED)
        packed.writestr(_named("dossier.json", dossier), dossier.as_json(), ZIP_DEFLATED)
        yield belt.take()
        for card in dossier.files:
            try:
                async with house.database.reading(school_id) as session:
                    read = await read_file(
                        session, house.keyring, house.settings, school_id=school_id, file_id=card.file_id
                    )
            except NotFoundError:
                continue  # taken back meanwhile
            packed.writestr(_named(dossier.place(card), dossier), read.body, ZIP_STORED)
            yield belt.take()
    yield belt.take()


def _named(name: str, dossier: Dossier) -> ZipInfo:
    """Name a piece, with the day of the dossier and rights of its reader alone."""
    made = dossier.made_at
    info = ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
    info.external_attr = 0o600 << 16
    return info


class _Belt:
    """What a ZIP is written on: it runs one way, and what was taken off it is gone."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Lay a piece down; gives its length."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """It stops with the answer."""

    def take(self) -> bytes:
        """Give what lies on it, and clear it."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken
