"""SQLite's own thread, asked as seldom as can be.

SQLite is called in a thread of its own, and each errand there and back costs a turn of the event loop: milliseconds,
while that is busy sending. As shipped, a statement takes four (a cursor, execute, fetch, close). Here a statement takes
one, and what nobody waits for (the beginning of a transaction, rows written in bulk) goes along with the next.
"""

import sqlite3
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

AT_ONCE = 1000
"""Rows that come back with the statement itself; the rest of a longer result waits until it is asked for."""


TURN = 0.0005
"""Seconds until a busy event loop lets SQLite's thread have the interpreter; Python's own 5 ms cost a twentieth."""

PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "secure_delete=ON")
"""How a file is opened. FULL: a message may leave only after "sending" is on the disk, also when the power fails.
secure_delete: what is erased is overwritten in the file."""


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
        """Run one statement; a transaction begins with its first."""
        if sql.startswith("BEGIN"):
            self._line.later(sql)
            return self
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
    """A connection whose statements take one errand each, or none."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=AT_ONCE)
        self._along: list[tuple[str, Sequence[Any]]] = []

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy enters what it gets: an awaitable or this
        """Make a cursor, at once."""
        return Cursor(self)

    def later(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Let a statement go along with the next errand, at the latest the commit, which fails if it does."""
        self._along.append((sql, parameters))

    async def errand(self, act: Callable[[sqlite3.Connection], None]) -> None:
        """Do what went along, then this, in the thread."""
        along, self._along = self._along, []

        def run(connection: sqlite3.Connection) -> None:
            for sql, parameters in along:
                connection.execute(sql, parameters).close()
            act(connection)

        await self._execute(run, self._conn)  # type: ignore[no-untyped-call]  # aiosqlite's own

    async def create_function(
        self,
        name: str,
        num_params: int,
        func: Callable[..., Any],
        deterministic: bool = False,  # noqa: FBT001, FBT002 (aiosqlite's signature)
    ) -> None:
        """Add a function of SQLAlchemy's, with nobody waiting: who waited and went away would leave the line open."""
        self._tx.put_nowait(
            (None, partial(self._conn.create_function, name, num_params, func, deterministic=deterministic))
        )

    async def commit(self) -> None:
        """Commit, or leave nothing open: after a commit that failed, SQLAlchemy does not roll back."""
        try:
            await self.errand(lambda connection: connection.commit())
        except Exception:
            await super().rollback()
            raise

    async def rollback(self) -> None:
        """Roll back; what did not leave yet never does."""
        self._along.clear()
        await super().rollback()


def sqlite_engine(url: str, *, begin: str, connections: int) -> AsyncEngine:
    """Make an engine whose transactions start with `begin`: IMMEDIATE to write, else a reader's snapshot."""
    path = make_url(url).database or ":memory:"

    async def connect() -> aiosqlite.Connection:
        line = Line(partial(_opened, path))
        line._thread.daemon = True  # noqa: SLF001 (as SQLAlchemy does with aiosqlite's own)
        return await line

    sys.setswitchinterval(TURN)
    engine = create_async_engine(
        url,
        async_creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=60,
        pool_reset_on_return=None,  # every connection comes back from a transaction that has ended
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Any) -> None:  # noqa: ANN401 (the driver's own)
        connection.exec_driver_sql(begin)

    return engine


def _opened(path: str) -> sqlite3.Connection:
    """Open the file, and set it up; in the thread, in one errand: a caller who goes away meanwhile leaves no line."""
    connection = sqlite3.connect(path, isolation_level=None)  # transactions are ours, see `begun`
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    return connection
