"""How the front desk speaks: French lines for a person, or one JSON object for a program; UTF-8, never half a line."""

import json
import sys
from collections.abc import Mapping
from typing import Any


def say(answer: Mapping[str, Any], *sentences: str, as_json: bool) -> None:
    """Give the answer on stdout: the object itself on one line for `--json`, else the sentences."""
    if as_json:
        say_line(answer)
        return
    _write("".join(f"{sentence}\n" for sentence in sentences))


def say_line(answer: Mapping[str, Any]) -> None:
    """Give one JSON object as one line, at once: whoever listens at the other end may answer before the next."""
    _write(json.dumps(answer, ensure_ascii=False, default=str) + "\n")


def many(number: int, one: str, several: str = "") -> str:
    """Count things as French does: the plural begins at two."""
    return f"{number} {one if number < 2 else several or one + 's'}"


def complain(sentence: str) -> None:
    """Say on stderr, in one line, why nothing was done."""
    line = f"passerelle: {' '.join(sentence.split())}\n"
    sys.stderr.buffer.write(line.encode("utf-8", "replace"))
    sys.stderr.flush()


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.flush()
