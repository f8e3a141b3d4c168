"""Whatever happens in whatever order: nothing leaves that may not, and nothing waits for ever; on both databases."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Shelf, _as_hub
from days import a_day
from histories import World, stories
from histories_of_all import WholeWorld, stories_of_all
from hypothesis import HealthCheck, example, given, settings

from hub.database import Database
from hub.models.notices import Needs
from hub.ports import NoticeKind
from hub.sealing import Keyring

Story = list[tuple[Any, ...]]
few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
many = settings(few, max_examples=30)
some = settings(few, max_examples=14)

OFF_ON_FRIDAY_NIGHT: Story = [
    ("silence", 20, 7, True),
    ("offer", 4, 10),
    ("book", 2, 0),
    ("wait", 5148),
    ("cancel_hours", 0, 1),
]
"""An hour of a silent Saturday, cancelled at nine the evening before."""
OFF_WHILE_ITS_REMINDER_WAITS: Story = [
    ("quiet", 2, 8, 12),
    ("book", 2, 0),
    ("wait", 1908),
    ("cancel_hours", 0, 1),
    ("wait", 420),
]
"""An hour of Thursday is reminded of on Wednesday afternoon, while it is quiet at home, and is cancelled then."""
FREE_WHILE_ALL_SLEEP: Story = [
    ("silence", 20, 7, False),
    ("book", 2, 0),
    ("wait_for_one", 3),
    ("wait", 900),
    ("give_back", 2),
    ("cancel_hours", 0, 4),
    ("wait", 900),
]
"""An hour falls free at night, and all are cancelled before anybody has heard of it."""
RUNG_UP_AND_WRITTEN_TO: Story = [
    ("press", NoticeKind.ABSENCE, Needs.NONE, 0),
    ("wait", 60),
    ("press", NoticeKind.MEETING, Needs.BOTH, 0),
    ("wait", 2880),
    ("print", 0),
    ("bar", 5),
    ("print", 0),
]


@asynccontextmanager
async def a_world(database: Database, keyring: Keyring, kind: type[World] = World) -> AsyncIterator[World]:
    try:
        world = kind(await a_day(database, keyring))
        await world.begin()
        yield world
    finally:
        await database.close()


async def lived(world: World, story: Story) -> None:
    """Let a story happen, and then nothing for three weeks."""
    for event in story:
        await world.live(event)
        assert world.faults == []
    await world.rest()
    assert world.faults == []


async def on_sqlite(template: Path, keyring: Keyring, story: Story, kind: type[World] = World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.db"
        shutil.copy(template, path)
        async with a_world(Database(f"sqlite+aiosqlite:///{path}"), keyring, kind) as world:
            await lived(world, story)


async def on_postgresql(shelf: Shelf, keyring: Keyring, story: Story, kind: type[World] = World) -> None:
    name = await shelf.take()
    try:
        async with a_world(Database(_as_hub(shelf.superuser, name)), keyring, kind) as world:
            await lived(world, story)
    finally:
        await shelf.put_back(name)


@pytest.mark.timeout(900)
@many
@given(story=stories)
async def test_whatever_happens_nothing_leaves_that_may_not_and_nothing_waits_for_ever(
    sqlite_template: Path, keyring: Keyring, story: Story
) -> None:
    await on_sqlite(sqlite_template, keyring, story)


@pytest.mark.timeout(900)
@some
@given(story=stories_of_all)
@example(story=OFF_ON_FRIDAY_NIGHT)
@example(story=OFF_WHILE_ITS_REMINDER_WAITS)
@example(story=FREE_WHILE_ALL_SLEEP)
@example(story=RUNG_UP_AND_WRITTEN_TO)
async def test_nor_among_plans_appointments_reminders_calls_and_letters(
    sqlite_template: Path, keyring: Keyring, story: Story
) -> None:
    await on_sqlite(sqlite_template, keyring, story, WholeWorld)


@pytest.mark.timeout(900)
@few
@given(story=stories)
async def test_whatever_happens_on_postgresql_too(shelf: Shelf, keyring: Keyring, story: Story) -> None:
    await on_postgresql(shelf, keyring, story)


@pytest.mark.timeout(900)
@few
@given(story=stories_of_all)
@example(story=OFF_ON_FRIDAY_NIGHT)
@example(story=OFF_WHILE_ITS_REMINDER_WAITS)
@example(story=FREE_WHILE_ALL_SLEEP)
@example(story=RUNG_UP_AND_WRITTEN_TO)
async def test_nor_among_plans_and_appointments_on_postgresql(shelf: Shelf, keyring: Keyring, story: Story) -> None:
    await on_postgresql(shelf, keyring, story, WholeWorld)
