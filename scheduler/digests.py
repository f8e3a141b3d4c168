"""The evening's digest, school by school: at its hour each adult who wished it so is told what is new."""

from datetime import date
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from hub.database import Database, Turn, takes_turn
from hub.errors import PasserelleError
from hub.notices.digest import tell_digests
from hub.people.schools import read_school
from hub.people.silences import quiet_at
from hub.routing import is_digest_time
from hub.sealing import Keyring
from hub.tables import school
from scheduler.again import again

log = structlog.get_logger(__name__)

PAUSE = 60.0


class Digests:
    """Tells each school's digest once an evening. Several may look: the database lets one of them act at a time."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring
        self._done: dict[int, date] = {}

    async def watch(self) -> None:
        """Look every minute whether it is evening somewhere."""
        await again(self.look, pause=PAUSE, name="digests")

    async def look(self) -> int:
        """Tell the digests of the schools whose hour has come; gives how many adults are told.

        A school whose digest fails is tried again at the next look, and keeps no other from its own.
        """
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
            schools = [tuple(row) for row in await connection.execute(select(school.c.id, school.c.timezone))]
        told = 0
        for school_id, timezone in schools:
            today = now.astimezone(ZoneInfo(timezone)).date()
            if not is_digest_time(now, timezone) or self._done.get(school_id) == today:
                continue
            try:
                async with self._database.school(school_id) as session:
                    if not await takes_turn(session, Turn.DIGESTS):
                        break
                    itself = await read_school(session, school_id)
                    if quiet_at(now, itself) is not None:
                        continue
                    told += await tell_digests(session, self._keyring, school=itself, now=now)
            except (PasserelleError, SQLAlchemyError) as error:
                log.error("digest failed", school=school_id, kind=type(error).__name__)  # noqa: TRY400 (ids only)
            else:
                self._done[school_id] = today
        return told
