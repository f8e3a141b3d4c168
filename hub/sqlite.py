"""SQLite's own thread, asked as seldom as can be.

SQLite is called in a thread of its own, and each errand there and back costs a turn of the event loop: milliseconds,
while that is busy sending. As shipped, a statement takes four (a cursor, execute, fetch, close); here it takes one.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

AT_ONCE = 1000
"""Rows that come back with the statement itself; the rest of a longer result waits until it is asked for."""


class Cursor:
    """What SQLAlchemy asks of aiosqlite's cursor."""

    arraysize = 1

    def __init__(self, line: "Line") -> None:
        self._line = line
        self._open: sqlite3.Cursor | None = None
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Run one statement."""
        await self._line.errand(lambda connection: self._take(connection.execute(sql, parameters), AT_ONCE))
        return self

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> Self:
        """Run one statement for many rows."""
        await self._line.errand(lambda connection: self._take(connection.executemany(sql, rows), AT_ONCE))
        return self

    async def fetchall(self) -> list[Any]:
        """Give the rows that are left."""
        return await self.fetchmany(None)

    async def fetchmany(self, size: int | None) -> list[Any]:
        """Give at most `size` rows."""
        cursor = self._open
        if cursor is not None and (size is None or len(self._rows) < size):
            await self._line.errand(lambda _: self._take(cursor, size))
        given, self._rows = self._rows[:size], self._rows[len(self._rows) if size is None else size :]
        return given

    async def close(self) -> None:
        """Let go of a result that was not read to its end."""
        cursor, self._open = self._open, None
        if cursor is not None:
            await self._line.errand(lambda _: cursor.close())

    def _take(self, cursor: sqlite3.Cursor, size: int | None) -> None:
        """Take what a statement gives, at most `size` rows; in the thread."""
        self.description = cursor.description
        if cursor.description:
            self._rows += cursor.fetchall() if size is None else cursor.fetchmany(size)
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        self._open = cursor if size is not None and len(self._rows) >= size else None
        if self._open is None:
            cursor.close()


class Line(aiosqlite.Connection):
    """A connection whose cursors take one errand for each statement."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy enters what it gets: an awaitable or this
        """Make a cursor, at once."""
        return Cursor(self)

    async def errand(self, act: Callable[[sqlite3.Connection], None]) -> None:
        """Do something in the thread."""
        await self._execute(act, self._conn)  # type: ignore[no-untyped-call]  # aiosqlite's own


def sqlite_engine(url: str, *, begin: str, connections: int) -> AsyncEngine:
    """Make an engine whose transactions start with `begin`: IMMEDIATE to write, else a reader's snapshot."""

    async def connect() -> aiosqlite.Connection:
        line = Line(partial(sqlite3.connect, make_url(url).database or ":memory:"), iter_chunk_size=64)
        line._thread.daemon = True  # noqa: SLF001 (as SQLAlchemy does with aiosqlite's own)
        return await line

    engine = create_async_engine(
        url,
        async_creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=60,
        pool_reset_on_return=None,  # every connection comes back from a transaction that has ended
        hide_parameters=True,
    )
    _prepare(engine.sync_engine, begin)
    return engine


def _prepare(engine: Engine, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401 (the driver's own)
        connection.isolation_level = None  # transactions are ours, see `begun`
        cursor = connection.cursor()
        # FULL: a message may leave only after "sending" is on the disk, also when the power fails
        # secure_delete: what is erased is overwritten in the file
        for pragma in (
            "busy_timeout=10000",
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=FULL",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:  # noqa: ANN401 (the driver's own)
        connection.exec_driver_sql(begin)
