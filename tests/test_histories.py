"""Whatever happens in whatever order: nothing leaves that may not, and nothing waits for ever."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from days import a_day
from histories import World, stories
from hypothesis import HealthCheck, given, settings

from hub.database import Database
from hub.sealing import Keyring


@asynccontextmanager
async def a_world(template: Path, keyring: Keyring) -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.db"
        shutil.copy(template, path)
        database = Database(f"sqlite+aiosqlite:///{path}")
        try:
            world = World(await a_day(database, keyring))
            await world.begin()
            yield world
        finally:
            await database.close()


@pytest.mark.timeout(900)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories)
async def test_whatever_happens_nothing_leaves_that_may_not_and_nothing_waits_for_ever(
    sqlite_template: Path, keyring: Keyring, story: list[tuple[Any, ...]]
) -> None:
    async with a_world(sqlite_template, keyring) as world:
        for event in story:
            await world.live(event)
            assert world.faults == []

        await world.rest()

        assert world.faults == []
