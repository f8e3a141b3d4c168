"""Where the fetching of families' texts and calls goes on after the PC was off: a moment in a file beside the keys."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

ENOUGH: Final = timedelta(minutes=5)
"""How far behind the mark may lie: what is read twice changes nothing, and a disk need not be written all day."""


class Bookmark:
    """A mark that is moved only over what was taken. Without it, the registers say about where to go on."""

    def __init__(self, folder: Path, sender_id: int, *, calls: bool = False) -> None:
        self._file = folder / f"fetched-{sender_id}{'-calls' * calls}.txt"
        self._at: datetime | None = None

    def read(self) -> datetime | None:
        """Give the moment up to which everything was taken; None when there is no mark, or it cannot be read."""
        with suppress(OSError, ValueError):
            self._at = datetime.fromisoformat(self._file.read_text("ascii").strip())
        return self._at if self._at is not None and self._at.tzinfo is not None else None

    def move(self, to: datetime) -> None:
        """Move it, when it is worth it; whole or not at all."""
        if self._at is not None and to - self._at < ENOUGH:
            return
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_text(f"{to.isoformat()}\n", "ascii")
            fresh.replace(self._file)
            self._at = to
        except OSError as error:
            log.warning("bookmark not moved", kind=type(error).__name__)
