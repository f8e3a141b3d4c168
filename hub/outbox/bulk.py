"""Many rows in one step of the database.

A fetch, and SQLAlchemy's executemany, take a step for each row. On SQLite each step lets go of the interpreter, and its
thread must win it back from a busy event loop: that waiting, not the work, was half of what a message cost
(docs/performance.md). So the engine's loop packs a result into one value, and hands over rows as one table.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, LargeBinary, ScalarSelect, Select, Subquery, Text, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import UtcDateTime
from hub.sqlite import Line

_MOMENT = UtcDateTime()
_Say = Callable[..., ColumnElement[Any]]


class Packed:
    """Queries whose rows come as one JSON value each, all in one statement: they may share what a CTE has locked.

    Bytes are hexadecimal, moments ISO 8601 (on SQLite without zone).
    """

    def __init__(self, *queries: Select[Any]) -> None:
        asked = [query.subquery() for query in queries]
        self._sqlite = select(*(_gathered(rows, func.json_group_array, func.json_array, func.hex) for rows in asked))
        self._postgresql = select(*(_gathered(rows, _json_agg, func.json_build_array, _hex) for rows in asked))

    async def rows(self, connection: AsyncConnection, parameters: Mapping[str, object]) -> list[list[list[Any]]]:
        """Fetch them all: for each query its rows."""
        query = self._sqlite if connection.dialect.name == "sqlite" else self._postgresql
        return [orjson.loads(packed) for packed in (await connection.execute(query, parameters)).one()]


class Bulk:
    """An UPDATE or INSERT that reads its rows from a table `v`.

    `columns` names those of `v` with their PostgreSQL types; `{0}`, `{1}` … in the statement are values that all rows
    share. Moments, in rows or shared, pass through `stored` first.
    """

    def __init__(self, statement: str, **columns: str) -> None:
        self._statement, self._columns = statement, columns

    async def run(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]], *shared: object) -> None:
        """Execute once for all rows; on SQLite with the next statement, or the commit."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            line = cast("Line", (await connection.get_raw_connection()).driver_connection)
            line.later(self._for_sqlite(len(rows), len(shared)), (*shared, *chain.from_iterable(rows)))
        else:
            await connection.exec_driver_sql(
                self._for_postgresql(len(shared)), (*shared, *map(list, zip(*rows, strict=True)))
            )

    @lru_cache(maxsize=512)  # noqa: B019 (made once per module, never let go)
    def _for_sqlite(self, rows: int, shared: int) -> str:
        one = f"({','.join('?' * len(self._columns))})"
        given = f"WITH v({','.join(self._columns)}) AS (VALUES {','.join([one] * rows)}) "
        # ?1, ?2 … are the shared ones; a bare ? takes the number after the highest one before it
        return given.replace("?", f"?{shared + 1}", 1) + self._statement.format(*(f"?{n + 1}" for n in range(shared)))

    @lru_cache(maxsize=8)  # noqa: B019 (the same)
    def _for_postgresql(self, shared: int) -> str:
        arrays = ",".join(f"${shared + n + 1}::{kind}[]" for n, kind in enumerate(self._columns.values()))
        given = f"WITH v({','.join(self._columns)}) AS (SELECT * FROM unnest({arrays})) "  # noqa: S608 (ours)
        return given + self._statement.format(*(f"${n + 1}" for n in range(shared)))


def stored(connection: AsyncConnection, moment: datetime) -> object:
    """Give a moment in the form that this database's driver takes."""
    process = _MOMENT.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return moment if process is None else process(moment)


def _gathered(rows: Subquery, gather: _Say, array: _Say, hexed: _Say) -> ScalarSelect[Any]:
    clear = (hexed(column) if isinstance(column.type, LargeBinary) else column for column in rows.c)
    return select(gather(array(*clear))).scalar_subquery()


def _json_agg(row: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.json_agg(row).cast(Text), literal("[]"))


def _hex(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.encode(column, "hex")
