"""Putting the registers away, and taking them out again: one file of rows, one of sealed keys, one of sealed documents.

FILE holds no number, address or text in clear (names are: pages sort by them), and without FILE.keys nothing sealed
in it or in FILE.files can ever be read; the master key is in none. Keep the keys apart, and the register of erasures
with all. FILE and FILE.keys are gzip of JSON lines: a head, then for each table its columns and its rows, then a foot
with the sum; FILE.files is a crate (`hub.papers.crate`).
"""

import asyncio
import gzip
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import ENGINE, Database
from hub.errors import InvalidError
from hub.migrating import head
from hub.models import metadata
from hub.models.base import UtcDateTime
from hub.papers.crate import check, pack, unpack
from hub.papers.store import Cabinet
from hub.people.erasure import replay, wipe_traces
from hub.sealing import Keyring
from hub.tables import stored_file

FORMAT = "passerelle backup 1"
_KEYS = metadata.tables["data_key"]
_AT_ONCE = 500
"""Rows read or written together."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was taken out of a backup: rows, files with small pictures, and how many people were forgotten again."""

    rows: int
    erased: int
    made_at: datetime
    files: int


class PutAway(NamedTuple):
    """What went into a backup: rows, and files with their small pictures."""

    rows: int
    files: int


def keys_of(file: Path) -> Path:
    """Say where the sealed keys of a backup stand."""
    return file.with_name(file.name + ".keys")


def files_of(file: Path) -> Path:
    """Say where its sealed documents stand."""
    return file.with_name(file.name + ".files")


async def backup(database: Database, cabinet: Cabinet, file: Path, *, now: datetime) -> PutAway:
    """Write FILE, FILE.keys and FILE.files (readable by their owner only) from one moment's view.

    What stood under these names is replaced at the very end: a backup that fails leaves the last one whole.
    Raises InvalidError when the database is not at this version's revision, OSError when the disk is full.
    """
    async with database.engine_reading() as connection:
        await _at_one_moment(database, connection)
        revision = await _revision(connection)
        if revision != head():
            raise InvalidError("La base n'est pas à la version de ce programme : lancez d'abord « migrate ».")
        top = {"format": FORMAT, "revision": revision, "at": now.astimezone(UTC), "pair": secrets.token_hex(16)}
        with _Writer(keys_of(file), top) as keys, _Writer(file, top) as rows:
            for table in metadata.sorted_tables:
                await _put_away(connection, table, keys if table is _KEYS else rows)
                if table is _KEYS:
                    rows.line({"table": table.name, "columns": []})
        places = list(await connection.scalars(select(stored_file.c.place).order_by(stored_file.c.id)))
    try:
        files = await pack(cabinet, places, _passing(files_of(file)), pair=str(top["pair"]))
    except BaseException:
        for part in (files_of(file), keys_of(file), file):
            _passing(part).unlink(missing_ok=True)
        raise
    await asyncio.to_thread(_replace, (files_of(file), keys_of(file), file))
    return PutAway(keys.rows + rows.rows, files)


async def restore(
    database: Database, keyring: Keyring, cabinet: Cabinet, file: Path, *, register: Path, now: datetime
) -> Restored:
    """Fill an empty, migrated database from a backup, then forget again whom the register of erasures names.

    Only documents that are still known after that are laid down again.

    All or nothing: a damaged or foreign file, or one that does not fit, changes nothing. SQLite and PostgreSQL read
    each other's. Raises InvalidError with one sentence.
    """
    top = await asyncio.to_thread(_checked, file)
    await asyncio.to_thread(check, files_of(file), pair=top.pair)
    async with database.engine() as connection:
        if await _revision(connection) != top.revision:
            raise InvalidError("Cette sauvegarde est d'une autre version du programme que la base.")
        await _must_be_empty(connection)
        rows = 0
        for table, some in _batches(file):
            if table is _KEYS:  # their place among the tables; they stand in the other file
                rows += await _take_out(connection, _batches(keys_of(file)))
            else:
                rows += await _take_out(connection, ((table, some),))
        if database.dialect == "postgresql":
            await _count_on(connection)
        erased = await replay(connection, keyring, register, since=top.at, now=now)
        known = set(await connection.scalars(select(stored_file.c.place)))
        files = await unpack(cabinet, files_of(file), known=known)
    if erased:
        await wipe_traces(database)
    return Restored(rows, erased, top.at, files)


@dataclass(frozen=True, slots=True)
class _Head:
    revision: str
    at: datetime
    pair: str


class _Writer:
    """Writes one part under a passing name, line by line, and counts and sums what it wrote."""

    def __init__(self, file: Path, top: Mapping[str, Any]) -> None:
        self._part, self.rows, self._sum = _passing(file), 0, hashlib.sha256()
        self._raw = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._out = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=6)
        self.line(top)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.line({"rows": self.rows, "sha256": self._sum.hexdigest()})
        self._out.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()
        if kind is not None:
            self._part.unlink(missing_ok=True)

    def line(self, value: object) -> None:
        written = orjson.dumps(value, default=_plain) + b"\n"
        self._sum.update(written)
        self._out.write(written)


def _passing(file: Path) -> Path:
    return file.with_name(file.name + ".part")


def _replace(files: tuple[Path, ...]) -> None:
    for file in files:
        _passing(file).replace(file)


def _plain(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(type(value).__name__)


async def _at_one_moment(database: Database, connection: AsyncConnection) -> None:
    """See all tables as they were at one moment; SQLite's reading transaction does so by itself."""
    if database.dialect != "postgresql":
        return
    await connection.rollback()
    await connection.execution_options(isolation_level="REPEATABLE READ")
    await connection.execute(text("SELECT set_config('role', :role, true)"), {"role": ENGINE})


async def _revision(connection: AsyncConnection) -> str:
    return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())


async def _put_away(connection: AsyncConnection, table: Table, out: _Writer) -> None:
    out.line({"table": table.name, "columns": [column.name for column in table.c]})
    rows = await connection.stream(
        select(table).order_by(*table.primary_key), execution_options={"yield_per": _AT_ONCE}
    )
    async for row in rows:
        out.line(list(row))
        out.rows += 1


def _lines(file: Path) -> Iterator[bytes]:
    with gzip.open(file, "rb") as packed:
        yield from packed


def _checked(file: Path) -> _Head:
    """Read both parts to the end before anything is changed."""
    first, second = _whole(file), _whole(keys_of(file))
    if first != second:
        raise InvalidError("Le fichier des clés n'est pas celui de cette sauvegarde.")
    return first


def _whole(file: Path) -> _Head:
    total, rows, last, top = hashlib.sha256(), -1, b"", None
    try:
        for line in _lines(file):
            if top is None:
                top = orjson.loads(line)
            total.update(last)
            rows += last.startswith(b"[")
            last = line
        foot = orjson.loads(last)
        if foot != {"rows": rows + 1, "sha256": total.hexdigest()} or top is None or top["format"] != FORMAT:
            raise InvalidError(_DAMAGED)
        return _Head(top["revision"], datetime.fromisoformat(top["at"]), top["pair"])
    except FileNotFoundError as error:
        raise InvalidError(
            "Il manque un fichier de la sauvegarde : il en faut trois, FILE, FILE.keys et FILE.files."
        ) from error
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise InvalidError(_DAMAGED) from error


_DAMAGED = "Ce fichier n'est pas une sauvegarde entière : il est abîmé, coupé ou d'un autre genre."


async def _must_be_empty(connection: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        if (await connection.execute(select(table.c.id).limit(1))).first() is not None:
            raise InvalidError("La base n'est pas vide : une sauvegarde ne se remet que dans une base neuve.")


async def _take_out(connection: AsyncConnection, batches: Iterable[tuple[Table, list[dict[str, Any]]]]) -> int:
    count = 0
    for table, rows in batches:
        if rows:
            await connection.execute(insert(table), rows)
        count += len(rows)
    return count


def _batches(file: Path) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """Read one part in the order it was written in, some rows at a time; each table comes at least once."""
    reading: list[tuple[str, type[Any]]] = []
    table, rows = None, []
    for line in _lines(file):
        if line.startswith(b"["):
            values = zip(reading, orjson.loads(line), strict=True)
            rows.append({name: _read(kind, value) for (name, kind), value in values})
        if table is not None and (len(rows) == _AT_ONCE or not line.startswith(b"[")):
            yield table, rows
            rows = []
        if not line.startswith(b"["):
            opened = orjson.loads(line)
            table = metadata.tables.get(opened.get("table"))
            reading = [] if table is None else [(name, _kind(table, name)) for name in opened["columns"]]


def _kind(table: Table, column: str) -> type[Any]:
    kind = table.c[column].type
    return datetime if isinstance(kind, UtcDateTime) else kind.python_type


def _read(kind: type[Any], value: Any) -> Any:  # noqa: ANN401 (any column)
    if value is None:
        return None
    if kind is bytes:
        return bytes.fromhex(value)
    if kind in (datetime, date, time):
        return kind.fromisoformat(value)
    return value


async def _count_on(connection: AsyncConnection) -> None:
    """Let the sequences go on behind the highest id; drawn, as the engine's role may draw but not set them."""
    for table in metadata.sorted_tables:
        highest = (await connection.execute(select(func.max(table.c.id)))).scalar_one()
        if highest is None:
            continue
        draw = text("SELECT nextval(:name) FROM generate_series(1, :times)")
        name = f"{table.name}_id_seq"
        drawn = (await connection.execute(draw, {"name": name, "times": 1})).scalar_one()
        if highest > drawn:
            counted = text("SELECT count(nextval(:name)) FROM generate_series(1, :times)")
            await connection.execute(counted, {"name": name, "times": highest - drawn})
