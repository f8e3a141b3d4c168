"""What a code in a link or a token in a mail address belongs to: one copy of one school, and nothing more is said."""

import re
from datetime import datetime

from sqlalchemy import select

from hub.database import Database
from hub.sealing import Keyring
from hub.tables import attempt, copy, page_link

_CODE = re.compile(r"[A-Za-z0-9]{12}")


def is_code(words: str) -> bool:
    """Say that this has the shape of a link's code."""
    return _CODE.fullmatch(words) is not None


async def find_code(database: Database, keyring: Keyring, code: str, *, now: datetime) -> tuple[int, int] | None:
    """Say which school and which copy a code belongs to, while it is good."""
    if not is_code(code):
        return None
    async with database.engine_reading() as connection:
        row = (
            await connection.execute(
                select(page_link.c.school_id, page_link.c.copy_id).where(
                    page_link.c.code_hash == keyring.code_hash(code),
                    page_link.c.expires_at > now,
                    page_link.c.revoked_at.is_(None),
                )
            )
        ).one_or_none()
    return None if row is None else (row.school_id, row.copy_id)


async def find_attempt(database: Database, keyring: Keyring, token: str) -> tuple[int, int] | None:
    """Say which school and which copy the token of a mail belongs to."""
    number = keyring.read_token("a", token)
    if number is None:
        return None
    async with database.engine_reading() as connection:
        row = (
            await connection.execute(select(attempt.c.school_id, attempt.c.copy_id).where(attempt.c.id == number))
        ).one_or_none()
    return None if row is None else (row.school_id, row.copy_id)


async def find_copy(database: Database, keyring: Keyring, token: str) -> tuple[int, int] | None:
    """Say which school and which copy the reply address of a mail belongs to."""
    number = keyring.read_token("c", token)
    if number is None:
        return None
    async with database.engine_reading() as connection:
        row = (await connection.execute(select(copy.c.school_id, copy.c.id).where(copy.c.id == number))).one_or_none()
    return None if row is None else (row.school_id, row.id)
