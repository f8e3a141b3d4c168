"""Many rows in one step of the database.

A fetch, and SQLAlchemy's executemany, take a step for each row. On SQLite each step lets go of the interpreter, and its
thread must win it back from a busy event loop: that waiting, not the work, was half of what a message cost
(docs/performance.md). So the engine's loop packs a result into one value, and hands over rows as one table.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, LargeBinary, Select, Text, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import UtcDateTime

_MOMENT = UtcDateTime()


class Packed:
    """A query whose rows come as one JSON value: bytes in hexadecimal, moments as ISO 8601 (on SQLite without zone)."""

    def __init__(self, query: Select[Any]) -> None:
        rows = query.subquery()
        self._sqlite = select(func.json_group_array(func.json_array(*(_clear(c, func.hex) for c in rows.c))))
        built = func.json_agg(func.json_build_array(*(_clear(c, _postgres_hex) for c in rows.c)))
        self._postgresql = select(func.coalesce(cast(built, Text), literal("[]")))

    async def rows(self, connection: AsyncConnection, parameters: Mapping[str, object]) -> list[list[Any]]:
        """Fetch them all."""
        query = self._sqlite if connection.dialect.name == "sqlite" else self._postgresql
        found: list[list[Any]] = orjson.loads((await connection.execute(query, parameters)).scalar_one())
        return found


class Bulk:
    """An UPDATE or INSERT that reads its rows from a table `v`.

    `columns` names those of `v` with their PostgreSQL types; `{0}`, `{1}` … in the statement are values that all rows
    share. Moments, in rows or shared, pass through `stored` first.
    """

    def __init__(self, statement: str, **columns: str) -> None:
        self._statement, self._columns = statement, columns

    async def run(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]], *shared: object) -> None:
        """Execute once for all rows."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            values = (*shared, *(value for row in rows for value in row))
            await connection.exec_driver_sql(self._for_sqlite(len(rows), len(shared)), values)
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


def _clear(column: ColumnElement[Any], hexed: Callable[[ColumnElement[Any]], ColumnElement[Any]]) -> ColumnElement[Any]:
    return hexed(column) if isinstance(column.type, LargeBinary) else column


def _postgres_hex(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.encode(column, "hex")
