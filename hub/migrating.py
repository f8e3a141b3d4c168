"""Brings the registers of an installation to the shape that this version of the house expects."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


async def migrate(url: str) -> str:
    """Run what is missing, as the owner of the tables; gives the revision reached."""
    reached = str(await _run(url, _upgrade))
    file = make_url(url).database
    if make_url(url).get_backend_name() == "sqlite" and file:
        Path(file).chmod(0o600)  # it holds names in clear
    return reached


async def revision(url: str) -> str | None:
    """Give the revision that a database stands at; None when it was never migrated."""
    current: str | None = await _run(
        url, lambda connection: MigrationContext.configure(connection).get_current_revision()
    )
    return current


async def standing_at(connection: AsyncConnection) -> str | None:
    """Give the revision that open registers stand at; None: they were never migrated."""
    found: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return found


def head() -> str | None:
    """Give the newest revision of this version."""
    return ScriptDirectory.from_config(_config()).get_current_head()


async def _run(url: str, act: Any) -> Any:  # noqa: ANN401 (whatever the act gives)
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(act)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> str | None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return head()
