"""A crate: the sealed files of the cabinet packed one after the other for a backup, and unpacked again.

A tar of what lies in the cabinet, as it lies there; its first piece ties it to the backup that it belongs to, its last
one holds the sum. One file at a time is in memory.
"""

import asyncio
import hashlib
import io
import os
import tarfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import orjson

from hub.errors import InvalidError
from hub.papers.store import SMALL, Cabinet

FORMAT = "passerelle crate 1"
_TOP, _END = "crate.json", "end.json"
_DAMAGED = "Le fichier des documents de cette sauvegarde n'est pas entier, ou n'est pas le sien."


async def pack(cabinet: Cabinet, places: Iterable[str], file: Path, *, pair: str) -> int:
    """Pack what lies at these places, with the small pictures beside; gives how many. Raises OSError.

    What went meanwhile is left out: it was erased, or kept as long as it may be. `file` is for its owner only.
    """
    total, packed = hashlib.sha256(), 0
    with (
        os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw,
        tarfile.open(fileobj=raw, mode="w") as crate,
    ):
        _add(crate, _TOP, orjson.dumps({"format": FORMAT, "pair": pair}))
        for place in places:
            for lying in (place, place + SMALL):
                body = await cabinet.take(lying)
                if body is None:
                    continue
                await asyncio.to_thread(_add, crate, lying, body)
                total.update(lying.encode() + hashlib.sha256(body).digest())
                packed += 1
        _add(crate, _END, orjson.dumps({"files": packed, "sha256": total.hexdigest()}))
        crate.close()
        raw.flush()
        os.fsync(raw.fileno())
    return packed


def check(file: Path, *, pair: str) -> None:
    """Read a crate to its end before anything is taken out of it. Raises InvalidError."""
    total, count, last = hashlib.sha256(), 0, b""
    try:
        pieces = _pieces(file)
        name, top = next(pieces)
        if name != _TOP or orjson.loads(top) != {"format": FORMAT, "pair": pair}:
            raise InvalidError(_DAMAGED)
        for name, body in pieces:
            last = b""
            if name == _END:
                last = body
                continue
            total.update(name.encode() + hashlib.sha256(body).digest())
            count += 1
        if not last or orjson.loads(last) != {"files": count, "sha256": total.hexdigest()}:
            raise InvalidError(_DAMAGED)
    except FileNotFoundError as error:
        raise InvalidError(
            "Il manque un fichier de la sauvegarde : il en faut trois, FILE, FILE.keys et FILE.files."
        ) from error
    except (OSError, tarfile.TarError, ValueError, StopIteration) as error:
        raise InvalidError(_DAMAGED) from error


async def unpack(cabinet: Cabinet, file: Path, *, known: Collection[str]) -> int:
    """Lay down again what the registers know (`known`: places); gives how many. Whatever they do not know stays out."""
    wanted, laid, pieces = frozenset(known), 0, _pieces(file)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        name, body = piece
        if name.removesuffix(SMALL) in wanted:
            await cabinet.put(name, body)
            laid += 1
    return laid


def _add(crate: tarfile.TarFile, name: str, body: bytes) -> None:
    piece = tarfile.TarInfo(name)
    piece.size, piece.mode = len(body), 0o600
    crate.addfile(piece, io.BytesIO(body))


def _pieces(file: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(file, mode="r:") as crate:
        while (piece := crate.next()) is not None:
            body = crate.extractfile(piece)
            yield piece.name, b"" if body is None else body.read()
            vars(crate)["members"].clear()  # else it remembers every piece
