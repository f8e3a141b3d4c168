"""What every test may ask for: an empty database of either kind, already migrated, and thrown away afterwards."""

import asyncio
import shutil
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
from postgres import cluster
from watching import Watch

from hub.database import Database
from hub.migrating import migrate
from hub.people.sign_in import hash_password
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Template:
    """A migrated, empty database of each kind, to be copied for each test."""

    superuser: str
    sqlite: Path


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
def postgres_url() -> Iterator[str]:
    """The superuser's address of this run's own cluster, with an unprivileged login `hub` that may make roles."""
    with cluster() as url:
        _apart(_ask(f"{url}/postgres", "CREATE ROLE hub LOGIN CREATEROLE", "CREATE DATABASE template OWNER hub"))
        _apart(migrate(_as_hub(url, "template")))
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    _apart(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


def _as_hub(url: str, name: str) -> str:
    return url.replace("postgresql://postgres@", "postgresql+asyncpg://hub@") + f"/{name}"


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a fresh, migrated database: once SQLite, once PostgreSQL as an unprivileged login."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "hub.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'hub.db'}"
        return
    superuser, name = request.getfixturevalue("postgres_url"), f"hub{next(_numbers)}"
    await _ask(f"{superuser}/postgres", f"CREATE DATABASE {name} TEMPLATE template OWNER hub")
    yield _as_hub(superuser, name)
    await _ask(f"{superuser}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database, open, whose clock stands at a quarter past seven on a school morning."""
    opened = Database(database_url, pool=5, clock=lambda: NOW)
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
