"""The registry office: opens the registers for one school at a time, and closes them whole or not at all.

Everything that is written passes here. A *school* session sees one school and no other (row-level security on
PostgreSQL); an *engine* connection sees all of them and is only for the sending engine and for finding out which
school a code, a cookie or a callback belongs to.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from enum import IntEnum

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import QueuePool

from hub.errors import SettingsError
from hub.ports import Bell, Lane
from hub.sqlite import sqlite_engine

APP, ENGINE = "passerelle_app", "passerelle_engine"
"""The two roles that this process takes on PostgreSQL; a third, the owner, only migrates."""
CLOSE_WITHIN = 5.0
"""Seconds that whoever still reads or writes is waited for."""


class Database:
    """The registers of one installation, SQLite or PostgreSQL by the address alone."""

    def __init__(
        self, url: str, *, bell: Bell | None = None, pool: int = 10, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.dialect = make_url(url).get_backend_name()
        self._bell, self._clock = bell, clock
        self._listeners: set[Callable[[], None]] = set()
        self._turn = asyncio.Lock()
        if self.dialect == "sqlite":
            self._writing = sqlite_engine(url, begin="BEGIN IMMEDIATE", connections=1)
            self._reading = sqlite_engine(url, begin="BEGIN", connections=4)
        elif self.dialect == "postgresql":
            self._writing = self._reading = create_async_engine(
                url,
                pool_size=pool,
                max_overflow=0,
                pool_pre_ping=True,
                hide_parameters=True,
                # what runs after a rollback, outside our transactions, is in no school and sees nothing
                connect_args={"server_settings": {"jit": "off", "role": APP}},
            )
        else:
            raise SettingsError("PASSERELLE_DATABASE_URL commence par sqlite+aiosqlite:// ou postgresql+asyncpg://.")

    @asynccontextmanager
    async def school(self, school_id: int) -> AsyncIterator[AsyncSession]:
        """Write in one school: committed at the end, rolled back on any error; then the bell is rung."""
        async with self._written() as connection:
            await self._as(connection, APP, school_id)
            async with _session(connection) as session:
                yield session
                await session.commit()  # joins the connection's own transaction, which ends just below
            lanes = session.info.get("ring", set())
        self._ring(lanes)

    @asynccontextmanager
    async def reading(self, school_id: int) -> AsyncIterator[AsyncSession]:
        """Read in one school; nothing written here is kept."""
        async with self._reading.connect() as connection:
            await self._as(connection, APP, school_id)
            async with _session(connection) as session:
                yield session

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[AsyncConnection]:
        """Write across schools: for the engine, and for the doors that do not know the school yet."""
        async with self._written() as connection:
            await self._as(connection, ENGINE, None)
            yield connection

    @asynccontextmanager
    async def engine_reading(self) -> AsyncIterator[AsyncConnection]:
        """Read across schools."""
        async with self._reading.connect() as connection:
            await self._as(connection, ENGINE, None)
            yield connection

    async def now(self, connection: AsyncConnection) -> datetime:
        """Read the database's clock: leases are measured by it, so that workers with wrong clocks agree."""
        if self._clock is not None:
            return self._clock()
        if self.dialect == "sqlite":
            return datetime.now(UTC)  # the same machine
        moment: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return moment

    @asynccontextmanager
    async def keeps_turn(self, what: "Turn") -> AsyncIterator[Callable[[], Awaitable[None]] | None]:
        """Take a turn for as long as this is open, and no transaction with it; None: another process has it.

        What it gives raises once the connection that keeps the turn is gone: then others may have it. SQLite's one file
        belongs to one process.
        """
        if self.dialect == "sqlite":
            yield _still
            return
        async with self._reading.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            if not (await connection.execute(_KEEP, {"house": _HOUSE, "what": int(what)})).scalar_one():
                yield None
                return

            async def still_ours() -> None:
                await connection.execute(text("SELECT 1"))

            try:
                yield still_ours
            finally:
                await connection.invalidate()  # closed, not lent to the next: the turn ends with it

    def tell(self, listener: Callable[[], None]) -> None:
        """Call this after every commit of this process, whatever was written; saying so twice changes nothing."""
        self._listeners.add(listener)

    def ring(self, lane: Lane) -> None:
        """Wake the engine; only after a commit."""
        self._ring({lane})

    async def close(self) -> None:
        """Let what is being written or read end, for a few seconds at most, and let go of all connections."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                while _at_work(self._writing) or _at_work(self._reading):  # noqa: ASYNC110 (a pool tells by no event)
                    await asyncio.sleep(0.01)
        await self._writing.dispose()
        await self._reading.dispose()

    @asynccontextmanager
    async def _written(self) -> AsyncIterator[AsyncConnection]:
        if self.dialect != "sqlite":
            async with self._writing.begin() as connection:
                yield connection
        else:
            async with self._turn, self._writing.begin() as connection:
                yield connection
        for listener in self._listeners:
            listener()

    async def _as(self, connection: AsyncConnection, role: str, school_id: int | None) -> None:
        if self.dialect == "postgresql":
            await connection.execute(_BECOME, {"role": role, "school": "" if school_id is None else str(school_id)})

    def _ring(self, lanes: set[Lane]) -> None:
        if self._bell is not None:
            for lane in lanes:
                self._bell.ring(lane)


def _at_work(engine: AsyncEngine) -> bool:
    """Whether anybody holds one of its connections, or is just being given one."""
    pool = engine.pool
    return isinstance(pool, QueuePool) and pool.checkedout() > 0


_BECOME = text("SELECT set_config('role', :role, true), set_config('passerelle.school', :school, true)")


def is_away(error: Exception) -> bool:
    """Say that the database could not now, and may be asked the same again: it restarts, is full, or chose another.

    Not when it will never take what it was given. asyncpg's errors come as bare DBAPIError, known by their SQLSTATE
    (PostgreSQL's appendix A): 22 a value, 23 a constraint, 42 a statement that cannot be.
    """
    if isinstance(error, DBAPIError) and not isinstance(error, _HOPELESS):
        state = getattr(error.orig, "sqlstate", None)
        if state is not None:
            return state[:2] not in ("22", "23", "42")
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, OSError | PoolTimeoutError)


_HOPELESS = (DataError, IntegrityError, ProgrammingError)


class Turn(IntEnum):
    """What one process at a time does, of all that look whether it is due."""

    PLANS = 1
    DIGESTS = 2
    REMINDERS = 3
    NIGHT = 4
    TELEGRAM = 5
    TEXTS = 6
    MAILBOX = 7


async def takes_turn(session: AsyncSession, what: Turn) -> bool:
    """Take a turn until this transaction ends; False: another process has it, and acts.

    The database keeps it and gives it back by itself when a process dies. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return True
    return bool((await session.execute(_TAKE, {"house": _HOUSE, "what": int(what)})).scalar_one())


async def _still() -> None:
    """Nobody else may have it."""


_TAKE = text("SELECT pg_try_advisory_xact_lock(:house, :what)")
_KEEP = text("SELECT pg_try_advisory_lock(:house, :what)")
_HOUSE = 0x_C10C
"""Keeps our turns apart from other advisory locks of this database."""


def ring_after_commit(session: AsyncSession, lane: Lane) -> None:
    """Ask that the bell be rung once this session is committed."""
    session.info.setdefault("ring", set()).add(lane)


def session_on(connection: AsyncConnection) -> AsyncSession:
    """Open a session inside the transaction of a connection, which its owner commits; it rings no bell."""
    return _session(connection)


def _session(connection: AsyncConnection) -> AsyncSession:
    return AsyncSession(bind=connection, expire_on_commit=False, join_transaction_mode="rollback_only")
