"""Programs of ours that run beside the hub, each in a process of its own: begun without our secrets, always ended."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

_ROOM = Path(__file__).resolve().parents[1]
"""Where a program finds what it imports first."""
_GRACE = 5.0
"""Seconds in which a program that has said all ends by itself."""


async def begin(*words: str) -> Process:
    """Start Python with these words, with nothing of our settings or secrets in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    env = {**kept, "LANG": "C.UTF-8", "PYTHONPATH": str(_ROOM)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", *words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=env
    )


async def end(running: Process) -> None:
    """Wait until it is over, and kill what has more to say.

    A signal to a process that has just ended would take its end from under the loop, which then reports it as unknown.
    """
    if running.stdout is not None and running.stdout.at_eof():
        with suppress(TimeoutError):
            await asyncio.wait_for(running.wait(), _GRACE)
    if running.returncode is None:
        with suppress(ProcessLookupError):
            running.kill()
        await running.wait()
