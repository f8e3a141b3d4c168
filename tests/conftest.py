"""What every test may ask for: an empty database of either kind, already migrated, and thrown away afterwards."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from desks import PASSWORD, Desk, a_browser, a_staffed_school
from factories import NOW, a_school
from sqlalchemy.ext.asyncio import AsyncEngine
from watching import Watch

from bench.postgres import Cluster, cluster
from hub.database import Database
from hub.migrating import migrate
from hub.people.sign_in import hash_password
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

MEMORY = Path("/dev/shm")  # noqa: S108 (a run's own folders are made in it, as in the usual place)
ROOM = 4 << 30
"""Bytes that must be free in memory before the tests write there; a run leaves a fifth of a gigabyte."""


def _write_into_memory() -> None:
    """Keep files, databases and browsers' profiles of the run in memory, where there is room.

    A third of the run was waiting for the disk, and one that stood still for minutes let tests fail that had no fault.
    Who says TMPDIR is obeyed. Programs that the tests start inherit it, the run's workers among them.
    """
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


_write_into_memory()
_numbers = count(1)
_ENGINES: dict[str, tuple[AsyncEngine, AsyncEngine]] = {}


@dataclass(frozen=True, slots=True)
class Template:
    """A migrated, empty database of each kind, to be copied for each test."""

    superuser: str
    sqlite: Path


class Crier:
    """Names a failure when it happens: a run that is stopped before its end has then said what it knew."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say the test, and in one line why."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            terminal.write_line(f"\n{report.nodeid} ({report.when}): {crash.message[:500] if crash else ''}")


def pytest_configure(config: pytest.Config) -> None:
    """Listen where the whole run is heard, not in each of its workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Crier(config))


def _apart(work: Coroutine[Any, Any, Any]) -> None:
    """Run to its end on a loop of its own: a session's fixture may be asked for from within a test's loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _ask(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """This run's own cluster, with an unprivileged login `hub` that may make roles."""
    with cluster() as made:
        url = made.superuser
        _apart(_ask(f"{url}/postgres", "CREATE ROLE hub LOGIN CREATEROLE", "CREATE DATABASE template OWNER hub"))
        _apart(migrate(_as_hub(url, "template")))
        yield made


@pytest.fixture(scope="session")
def postgres_url(postgres: Cluster) -> str:
    """Its superuser's address."""
    return postgres.superuser


_SHAPE = """
    SELECT md5(string_agg(one, ',' ORDER BY one)) FROM (
        SELECT concat(relname, relkind, relowner, relrowsecurity, relforcerowsecurity, relacl) AS one
          FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat(conrelid, conname, pg_get_constraintdef(oid)) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT concat(polrelid, polname, pg_get_expr(polqual, polrelid)) FROM pg_policy
        UNION ALL SELECT concat(relname, attname, atttypid)
          FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
         WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        UNION ALL SELECT version_num FROM alembic_version
    ) shape
"""
"""What a test may have changed besides rows."""


class Shelf:
    """An empty PostgreSQL database, emptied after each test: twenty times sooner than a new one.

    A test that changed more than rows leaves a database that is thrown away.
    """

    def __init__(self, superuser: str) -> None:
        self.superuser = superuser
        self._free: str | None = None
        self._shape = ""

    async def take(self) -> str:
        """Give the name of an empty database."""
        name, self._free = self._free, None
        if name is None:
            name = f"hub{next(_numbers)}"
            await _ask(f"{self.superuser}/postgres", f"CREATE DATABASE {name} TEMPLATE template OWNER hub")
            connection = await asyncpg.connect(f"{self.superuser}/{name}")
            self._shape = await connection.fetchval(_SHAPE)
            await connection.close()
        return name

    async def put_back(self, name: str) -> None:
        """Empty it, whoever still holds it."""
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
        try:
            connection = await asyncpg.connect(f"{self.superuser}/{name}")
        except asyncpg.PostgresError:
            return
        try:
            await connection.execute(others, name)
            whole = await connection.fetchval(_SHAPE) == self._shape
            if whole:
                await connection.execute(_EMPTY)
                self._free = name
        finally:
            await connection.close()
        if not whole:
            await _ask(f"{self.superuser}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


_EMPTY = """
DO $$ DECLARE one text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', one);
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one);
    END LOOP;
END $$
"""


@pytest.fixture(scope="session")
def shelf(postgres_url: str) -> Shelf:
    """Where the database of this run stands between two tests."""
    return Shelf(postgres_url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    _apart(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


def _as_hub(url: str, name: str) -> str:
    return url.replace("postgresql://postgres@", "postgresql+asyncpg://hub@") + f"/{name}"


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The address of a fresh, migrated database: once SQLite, once PostgreSQL as an unprivileged login."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = template.with_name("taken.db")
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink()
        shutil.copy(template, path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    shelf: Shelf = request.getfixturevalue("shelf")
    name = await shelf.take()
    yield _as_hub(shelf.superuser, name)
    await shelf.put_back(name)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database, open, whose clock stands at a quarter past seven on a school morning."""
    opened = Database(database_url, pool=5, clock=lambda: NOW)
    # with the engines of the test before: each compiles its statements anew, which took a fifth of a test
    opened._writing, opened._reading = _ENGINES.setdefault(database_url, (opened._writing, opened._reading))
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """A keyring whose master key is known."""
    return Keyring({1: b"k" * 32})


@pytest_asyncio.fixture
async def watch(database: Database, keyring: Keyring) -> Watch:
    """A small school, and somebody who looks at how its notices go."""
    return Watch(await a_school(database, keyring))


@pytest.fixture(scope="session")
def hashed() -> str:
    """The password of every desk, hashed once."""
    return asyncio.run(hash_password(PASSWORD))


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[Desk]:
    small = await a_staffed_school(database, keyring, hashed)
    async with a_browser(House(Settings(public_url=None), database, keyring)) as (app, web):
        yield Desk(small, app, web)
