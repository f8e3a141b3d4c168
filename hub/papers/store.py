"""The cabinet: where files lie, sealed, under names that say nothing; a folder that only this installation opens."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from obstore.store import LocalStore

from hub.settings import Settings

SMALL = "-s"
"""Stands behind the place of a picture, for the small one that a page shows."""


@dataclass(frozen=True, slots=True)
class Lying:
    """Something in the cabinet: where, and since when."""

    place: str
    since: datetime


class Cabinet:
    """What lies in it is sealed before it comes here, and is opened elsewhere."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = LocalStore(folder)

    async def put(self, place: str, sealed: bytes) -> None:
        """Lay something down; whole or not at all."""
        await self._store.put_async(place, sealed)

    async def take(self, place: str) -> bytes | None:
        """Read what lies there; None: nothing does."""
        try:
            found = await self._store.get_async(place)
        except FileNotFoundError:
            return None
        return bytes(await found.bytes_async())

    async def empty(self, places: Iterable[str]) -> None:
        """Take files away, with the small pictures of them; what is gone already stays so."""
        for place in places:
            for lying in (place, place + SMALL):
                try:
                    await self._store.delete_async(lying)
                except FileNotFoundError:
                    continue

    async def lying(self) -> Sequence[Lying]:
        """List all that is in here, for a backup and for the nightly look at what belongs to nobody."""
        found: list[Lying] = []
        async for batch in self._store.list(chunk_size=1000):
            found += [Lying(str(one["path"]), one["last_modified"]) for one in batch]
        return found


def new_place() -> str:
    """Give a place that nothing lies in: 32 signs of chance, in one of 256 drawers."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


def cabinet_of(settings: Settings) -> Cabinet:
    """Give the cabinet of this installation; the folder is made at first use."""
    return _cabinet(settings.files_dir.absolute())


@lru_cache(maxsize=8)
def _cabinet(folder: Path) -> Cabinet:
    return Cabinet(folder)
