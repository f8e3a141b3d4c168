"""A plan for a whole-school evening, found in a process of its own, one at a time, which holds nobody else up."""

import asyncio

from pydantic import TypeAdapter, ValidationError

from hub.errors import PasserelleError
from hub.evenings.rules import Evenings, Plan
from hub.programs import begin, end

PATIENCE = 60.0
"""Seconds that a plan may take before it is given up, with those that are sought before it."""
FAILED = "Le plan n’a pas pu être cherché."
_one_at_a_time = asyncio.Semaphore(1)


class NoPlanError(PasserelleError):
    """No plan came: it took too long, or the program that seeks it failed."""


async def proposed(evenings: Evenings, *, patience: float = PATIENCE) -> Plan:
    """Give the fairest plan that was found; the same evenings give the same one. Raises NoPlanError.

    Where whoever asked goes away, the program is ended.
    """
    try:
        async with asyncio.timeout(patience), _one_at_a_time:
            return await _sought(evenings)
    except TimeoutError as error:
        raise NoPlanError("Le plan a pris trop de temps : proposez moins de classes à la fois.") from error
    except (OSError, ValidationError) as error:
        raise NoPlanError(FAILED) from error


async def _sought(evenings: Evenings) -> Plan:
    running = await begin("-m", "hub.evenings.solver")
    try:
        written, _ = await running.communicate(TypeAdapter(Evenings).dump_json(evenings))
    finally:
        await end(running)
    if running.returncode:
        raise NoPlanError(FAILED)
    return TypeAdapter(Plan).validate_json(written)
