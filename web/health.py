"""Whether this process lives, and may be visited: for a proxy, which knows us by our number only."""

import asyncio
from enum import StrEnum
from functools import cache

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hub.database import Database
from hub.migrating import head, standing_at
from web.house import house_of

router = APIRouter()

PATHS = frozenset({"/healthz", "/readyz"})
"""Asked without our name in Host; they say nothing about anybody."""
WITHIN = 2.0
"""Seconds in which the registers must have answered."""


class Registers(StrEnum):
    """How the registers stand, as the answer says it."""

    OK = "ok"
    AWAY = "away"
    OTHER_VERSION = "other version"


@router.get("/healthz")
async def healthz() -> Response:
    """Open to everybody: this process lives; nobody else is asked."""
    return PlainTextResponse("ok")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Open to everybody: 200 when visitors may come, 503 while the registers are away or of another version."""
    registers = await _registers(house_of(request).database)
    return JSONResponse({"registers": registers}, status_code=200 if registers is Registers.OK else 503)


async def _registers(database: Database) -> Registers:
    try:
        async with asyncio.timeout(WITHIN), database.engine_reading() as connection:
            found = await standing_at(connection)
    except (SQLAlchemyError, OSError, TimeoutError):
        return Registers.AWAY
    return Registers.OK if found == _wanted() else Registers.OTHER_VERSION


@cache
def _wanted() -> str | None:
    return head()
