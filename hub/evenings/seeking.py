"""A plan for a whole-school evening, found in a process of its own, one at a time, which holds nobody else up."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter

from hub.errors import PasserelleError
from hub.evenings.rules import Evenings, Plan

PATIENCE = 60.0
"""Seconds that a plan may take before it is given up."""
_ROOM = Path(__file__).resolve().parents[2]
_one_at_a_time = asyncio.Semaphore(1)


class NoPlanError(PasserelleError):
    """No plan came: it took too long, or the program that seeks it failed."""


async def proposed(evenings: Evenings, *, patience: float = PATIENCE) -> Plan:
    """Give the fairest plan that was found; the same evenings give the same one. Raises NoPlanError.

    Where whoever asked goes away, the program is ended.
    """
    async with _one_at_a_time:
        running = await _begun()
        try:
            async with asyncio.timeout(patience):
                written, _ = await running.communicate(TypeAdapter(Evenings).dump_json(evenings))
        except TimeoutError as error:
            raise NoPlanError("Le plan a pris trop de temps : proposez moins de classes à la fois.") from error
        finally:
            with suppress(ProcessLookupError):
                running.kill()
            await running.wait()
    if running.returncode:
        raise NoPlanError("Le plan n’a pas pu être cherché.")
    return TypeAdapter(Plan).validate_json(written)


async def _begun() -> asyncio.subprocess.Process:
    """Start the program, with nothing of our settings or secrets in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "hub.evenings.solver",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**kept, "LANG": "C.UTF-8", "PYTHONPATH": str(_ROOM)},
    )
