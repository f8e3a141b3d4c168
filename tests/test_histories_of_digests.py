"""Whatever happens in whatever order: each piece of news is told by one digest, and by no other; on both databases."""

from pathlib import Path

import pytest
from conftest import Shelf
from histories_of_digests import DigestWorld, stories_of_digests
from hypothesis import example, given, settings
from test_histories import Story, few, on_postgresql, on_sqlite

from hub.sealing import Keyring

DUE_TOMORROW: Story = [("homework", 1), ("wait", 617)]
"""Noted in the morning, and the story ends half an hour before the only evening that can still tell of it."""


@pytest.mark.timeout(900)
@settings(few, max_examples=10)
@given(story=stories_of_digests)
@example(story=DUE_TOMORROW)
async def test_whatever_happens_each_piece_is_told_by_one_digest(
    sqlite_template: Path, keyring: Keyring, story: Story
) -> None:
    await on_sqlite(sqlite_template, keyring, story, DigestWorld)


@pytest.mark.timeout(900)
@few
@given(story=stories_of_digests)
@example(story=DUE_TOMORROW)
async def test_whatever_happens_each_piece_is_told_by_one_digest_on_postgresql(
    shelf: Shelf, keyring: Keyring, story: Story
) -> None:
    await on_postgresql(shelf, keyring, story, DigestWorld)
