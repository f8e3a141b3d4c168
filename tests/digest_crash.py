"""A clock that is killed while it tells the evening's digests: `digest_crash.py URL before|after` (a commit)."""

import asyncio
import os
import signal
import sys

from evenings import EVENING
from sqlalchemy import select

from hub.database import Database
from hub.notices.digest import tell_digests
from hub.people.schools import read_school
from hub.sealing import Keyring
from hub.tables import school
from scheduler.digests import Digests

KEYRING = Keyring({1: b"k" * 32})


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, moment: str) -> None:
    """Tell the digests of this evening, and die on the way."""
    database = Database(url, pool=2, clock=lambda: EVENING)
    if moment == "after":
        database.tell(_die)  # called after each commit
        await Digests(database, KEYRING).look()
        return
    async with database.engine_reading() as connection:
        first = (await connection.execute(select(school.c.id).order_by(school.c.id))).scalars().first()
    async with database.school(first or 0) as session:
        await tell_digests(session, KEYRING, school=await read_school(session, first or 0), now=EVENING)
        _die()


asyncio.run(main(*sys.argv[1:]))
