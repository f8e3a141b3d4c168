"""The register of erasures beside the database: ids and times only, one line each, on the disk before it is done."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

FILE = "erasures.jsonl"
"""Its name in `data_dir`; it is copied with the backups and never shortened."""


@dataclass(frozen=True, slots=True)
class Entry:
    """That a person was erased: `subject` is guardian or pupil."""

    school: int
    subject: str
    id: int
    at: datetime


def append(register: Path, entry: Entry) -> None:
    """Write one line and wait until it is on the disk; what cannot be noted must not be done (OSError)."""
    register.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(register, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, b"\n" + orjson.dumps(entry, option=orjson.OPT_UTC_Z) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entries(register: Path) -> Iterator[Entry]:
    """Read the register; a line torn by a power cut was never done and is passed over."""
    if not register.exists():
        return
    for line in register.read_bytes().splitlines():
        try:
            raw = orjson.loads(line)
            yield Entry(int(raw["school"]), str(raw["subject"]), int(raw["id"]), datetime.fromisoformat(raw["at"]))
        except (ValueError, KeyError, TypeError):
            continue
