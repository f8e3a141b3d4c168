"""The clerk's desk: opens the registers of this installation for one command, and finds the school and who acts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from cli.logs import keep_logs
from hub.database import Database
from hub.errors import SettingsError
from hub.migrating import head, migrate, revision
from hub.models.school import School
from hub.people.safe import prove_keys
from hub.people.schools import find_school
from hub.people.staff import find_staff
from hub.routing import day_at_school
from hub.sealing import Keyring, keyring
from hub.settings import Settings

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Desk:
    """What one command is given. `staff_id`: who acts, when somebody was named."""

    settings: Settings
    database: Database
    keyring: Keyring
    school: School
    staff_id: int | None
    now: datetime

    @property
    def today(self) -> date:
        """Which day it is at the school."""
        return day_at_school(self.now, self.school.timezone)

    @asynccontextmanager
    async def writing(self, *, keep: bool = True) -> AsyncIterator[AsyncSession]:
        """Write in the school; a rehearsal (`keep` False) does everything and forgets it at the end."""
        with suppress(_RehearsedError):
            async with self.database.school(self.school.key) as session:
                yield session
                if not keep:
                    raise _RehearsedError


class _RehearsedError(Exception):
    """Ends a rehearsal, so that nothing of it is kept."""


def configured() -> Settings:
    """Read the settings; raises SettingsError that names what is wrong, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        names = sorted({f"PASSERELLE_{'_'.join(str(part) for part in one['loc']).upper()}" for one in error.errors()})
        hints = sorted({str(one["ctx"]["error"]) for one in error.errors() if one["type"] == "value_error"})  # our own
        raise SettingsError(
            f"Réglage mal compris : {', '.join(names)}{''.join(f' ; {hint}' for hint in hints)}."
        ) from error


async def standing(settings: Settings) -> str | None:
    """Say at which revision the registers stand; None: there are none. Raises SettingsError when nothing answers."""
    try:
        file = _file_of(settings.database_url)
        if file is not None and not await asyncio.to_thread(file.is_file):
            return None  # asking would make an empty file
        return await revision(settings.database_url)
    except (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SettingsError("La base de PASSERELLE_DATABASE_URL ne répond pas.") from error


@asynccontextmanager
async def shelves() -> AsyncIterator[tuple[Settings, Database]]:
    """Open the registers, which must be of this version, without any key: what is sealed stays so.

    A command that ends logs only what is wrong.
    """
    keep_logs(logging.WARNING)
    settings = configured()
    found, wanted = await standing(settings), head()
    if found is None:
        raise SettingsError("Il n'y a pas encore de registres : lancez passerelle migrate.")
    if found != wanted:
        raise SettingsError(
            f"Les registres en sont à {found}, cette version veut {wanted} : lancez passerelle migrate."
        )
    database = Database(settings.database_url)
    try:
        yield settings, database
    finally:
        await database.close()


@asynccontextmanager
async def registers() -> AsyncIterator[tuple[Settings, Database, Keyring]]:
    """Open the registers with the master keys, which must be theirs."""
    async with shelves() as (settings, database):
        await prove_keys(database, settings)
        yield settings, database, keyring(settings)


def at_desk(slug: str | None, acting: str | None, act: Callable[[Desk], Awaitable[Result]]) -> Result:
    """Open the registers at one school, do one thing, close them. `acting` is the mailbox of whoever does it."""

    async def whole() -> Result:
        async with registers() as (settings, database, keys):
            async with database.engine_reading() as connection:
                school = await find_school(connection, slug)
            staff_id = None
            if acting is not None:
                async with database.reading(school.key) as session:
                    staff_id = await find_staff(session, keys, school.key, acting)
            return await act(Desk(settings, database, keys, school, staff_id, datetime.now(UTC)))

    return asyncio.run(whole())


async def migrated() -> str:
    """Bring the registers to this version, as their owner; gives the revision."""
    settings = configured()
    url = settings.owner_url or settings.database_url
    try:
        file = _file_of(url)
        if file is not None and not await asyncio.to_thread(file.parent.is_dir):
            raise SettingsError("Le dossier des registres (PASSERELLE_DATABASE_URL) n'existe pas : créez-le d'abord.")
        return await migrate(url)
    except (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SettingsError(f"Les registres n'ont pas pu être mis à cette version ({type(error).__name__}).") from error


def _file_of(url: str) -> Path | None:
    """Name the file of SQLite's registers; None: a server keeps them."""
    asked = make_url(url)
    return Path(asked.database or "") if asked.get_backend_name() == "sqlite" else None
