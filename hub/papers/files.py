"""Files that the school gives to families: looked at, pictures drawn anew, sealed, laid down, and read again."""

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO, Final

from sqlalchemy import Select, and_, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.models.base import BigId
from hub.papers.kinds import Kind, RefusedFileError, broken, kind_of
from hub.papers.names import shown, tidy
from hub.papers.pictures import SMALL_SIDE, Picture, TooLargePictureError, UnreadablePictureError, drawn
from hub.papers.store import SMALL, cabinet_of, new_place
from hub.routing import KEEP
from hub.sealing import Keyring, Seal
from hub.settings import Settings
from hub.tables import data_key, stored_file

FILES_MAX: Final = 10
"""Files of one press."""
FILE_MAX, PRESS_MAX = 20_000_000, 40_000_000
"""Bytes of one file, and of all those of one press."""
_NAME, _BODY, _SMALL = b"stored_file.name", b"stored_file.body", b"stored_file.small"
_POOL = ThreadPoolExecutor(2, thread_name_prefix="papers")
"""Pictures take time and memory: two at once, whatever the number of those who hand them in."""

_EMPTY = "Ce fichier est vide."
_HEAVY = "Ce fichier pèse plus de 20 Mo : réduisez-le, ou donnez-le en plusieurs parties."
TOO_MANY = "Pas plus de 10 fichiers à la fois : donnez les autres ensuite."
_TOO_HEAVY = "Ces fichiers pèsent plus de 40 Mo ensemble : donnez-en moins à la fois."
_TOO_LARGE = "Cette image a trop de points (plus de 50 millions) : réduisez-la et redonnez-la."


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it was handed in, under the name that it came with."""

    name: str
    body: BinaryIO | bytes

    def __repr__(self) -> str:
        return "Given()"


@dataclass(frozen=True, slots=True)
class PutAway:
    """A file that lies in the cabinet, sealed, and stands in no register yet; `wrapped`: its own key, sealed."""

    place: str
    wrapped: bytes
    master_version: int
    name_sealed: bytes
    media_type: str
    size: int
    width: int | None = None
    height: int | None = None

    def __repr__(self) -> str:
        return f"PutAway({self.place})"


@dataclass(frozen=True, slots=True)
class FileCard:
    """A file as a page lists it; `size` in bytes, `width` and `height` of a picture in pixels."""

    file_id: int
    name: str
    media_type: str
    size: int
    picture: bool
    width: int | None
    height: int | None

    def __repr__(self) -> str:
        return f"FileCard({self.file_id})"

    @property
    def ending(self) -> str:
        """What kind of file it is, as people say it: PDF."""
        return self.name.rpartition(".")[2].upper()

    @property
    def weight(self) -> int:
        """Thousands of bytes, at least one."""
        return max(1, round(self.size / 1000))

    @property
    def small(self) -> tuple[int, int]:
        """Width and height of the small one of a picture, in pixels."""
        width, height = self.width or 1, self.height or 1
        less = min(1, SMALL_SIDE / max(width, height))
        return max(1, round(width * less)), max(1, round(height * less))


@dataclass(frozen=True, slots=True)
class Read:
    """A file to hand out."""

    card: FileCard
    body: bytes

    def __repr__(self) -> str:
        return f"Read({self.card.file_id})"


async def put_away(keyring: Keyring, settings: Settings, given: Sequence[Given]) -> list[PutAway]:
    """Look at files, seal them and lay them down; to be called before the registers are opened, for it takes seconds.

    All are taken or none: raises RefusedFileError, which names the first that is not. What is laid down here and kept
    in no register is swept away at night.
    """
    if len(given) > FILES_MAX:
        raise RefusedFileError(TOO_MANY)
    if sum(_size(one) for one in given) > PRESS_MAX:
        raise RefusedFileError(_TOO_HEAVY)
    cabinet, loop = cabinet_of(settings), asyncio.get_running_loop()
    kept: list[PutAway] = []
    for one in given:
        sealed = await loop.run_in_executor(_POOL, _sealed, keyring, one)
        await cabinet.put(sealed.row.place, sealed.body)
        if sealed.small is not None:
            await cabinet.put(sealed.row.place + SMALL, sealed.small)
        kept.append(sealed.row)
    return kept


async def keep_files(
    session: AsyncSession, files: Sequence[PutAway], *, school_id: int, made_by: int, now: datetime
) -> list[int]:
    """Write files that were put away into the registers, and give their ids in the same order."""
    if not files:
        return []
    keys = [
        {"school_id": school_id, "subject": "file", "wrapped": one.wrapped, "master_version": one.master_version}
        for one in files
    ]
    keyed = await session.execute(insert(data_key).returning(data_key.c.wrapped, data_key.c.id), keys)
    key_ids = {bytes(row.wrapped): int(row.id) for row in keyed}
    rows = [
        {
            "school_id": school_id,
            "data_key_id": key_ids[one.wrapped],
            "made_by": made_by,
            "place": one.place,
            "name_sealed": one.name_sealed,
            "media_type": one.media_type,
            "size": one.size,
            "picture": one.width is not None,
            "width": one.width,
            "height": one.height,
            "made_at": now,
            "keep_until": (now + KEEP).date(),
        }
        for one in files
    ]
    made = await session.execute(insert(stored_file).returning(stored_file.c.place, stored_file.c.id), rows)
    ids = {str(row.place): int(row.id) for row in made}
    return [ids[one.place] for one in files]


async def read_file(
    session: AsyncSession, keyring: Keyring, settings: Settings, *, school_id: int, file_id: int, small: bool = False
) -> Read:
    """Read a file, to whoever may have it: that was asked before. `small`: of a picture, the small one.

    Raises NotFoundError.
    """
    row = (await session.execute(_files(), {"school": school_id, "files": [file_id]})).one_or_none()
    if row is None:
        raise NotFoundError(GONE)
    seal = keyring.seal(row.wrapped, row.master_version)
    card, of_picture = _card(row, seal), small and row.picture
    lying = await cabinet_of(settings).take(row.place + SMALL if of_picture else row.place)
    if lying is None:
        raise NotFoundError(GONE)
    opened = await asyncio.get_running_loop().run_in_executor(_POOL, seal.open, lying, _SMALL if of_picture else _BODY)
    return Read(card, opened)


async def cards(
    session: AsyncSession, keyring: Keyring, *, school_id: int, files: Iterable[int]
) -> dict[int, FileCard]:
    """Give files as a page lists them, by id; in one question."""
    wanted = list(files)
    if not wanted:
        return {}
    rows = await session.execute(_files(), {"school": school_id, "files": wanted})
    return {row.id: _card(row, keyring.seal(row.wrapped, row.master_version)) for row in rows}


GONE: Final = "Ce fichier n’existe pas, ou il a été retiré."


@dataclass(frozen=True, slots=True)
class _Sealed:
    row: PutAway
    body: bytes
    small: bytes | None


def _sealed(keyring: Keyring, given: Given) -> _Sealed:
    """Look at one file and seal what will be handed out of it. Raises RefusedFileError with its name."""
    try:
        body = BytesIO(given.body) if isinstance(given.body, bytes) else given.body
        kind, whole, picture = _looked_at(body, given.name, _size(given))
    except RefusedFileError as error:
        raise RefusedFileError(str(error), name=shown(given.name)) from error
    wrapped, version, seal = keyring.new_key()
    row = PutAway(
        place=new_place(),
        wrapped=wrapped,
        master_version=version,
        name_sealed=seal.close(tidy(given.name, kind.ending).encode(), _NAME),
        media_type=kind.media_type,
        size=len(whole),
        width=picture.width if picture else None,
        height=picture.height if picture else None,
    )
    return _Sealed(row, seal.close(whole, _BODY), seal.close(picture.small, _SMALL) if picture else None)


def _looked_at(body: BinaryIO, name: str, size: int) -> tuple[Kind, bytes, Picture | None]:
    if not size:
        raise RefusedFileError(_EMPTY)
    if size > FILE_MAX:
        raise RefusedFileError(_HEAVY)
    body.seek(0)
    try:
        picture = drawn(body)
    except TooLargePictureError as error:
        raise RefusedFileError(_TOO_LARGE) from error
    except UnreadablePictureError as error:
        raise broken() from error
    if picture is not None:
        return Kind(picture.media_type, picture.ending), picture.body, picture
    kind = kind_of(body, name)
    body.seek(0)
    return kind, body.read(), None


def _size(given: Given) -> int:
    return len(given.body) if isinstance(given.body, bytes) else given.body.seek(0, 2)


def _card(row: Any, seal: Seal) -> FileCard:  # noqa: ANN401 (a row of _files)
    name = seal.open(row.name_sealed, _NAME).decode()
    return FileCard(row.id, name, row.media_type, row.size, row.picture, row.width, row.height)


@cache
def _files() -> Select[Any]:
    """Ask for files and their keys: parameters school, files."""
    return (
        select(stored_file, data_key.c.wrapped, data_key.c.master_version)
        .join(
            data_key,
            and_(data_key.c.school_id == stored_file.c.school_id, data_key.c.id == stored_file.c.data_key_id),
        )
        .where(
            stored_file.c.school_id == bindparam("school", type_=BigId()),
            stored_file.c.id.in_(bindparam("files", type_=BigId(), expanding=True)),
        )
    )
