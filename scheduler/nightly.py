"""The night's tidying: at three in the morning of each school, what has been kept as long as it may be goes."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select

from hub.absences.keeping import let_replies_go
from hub.database import Database, Turn, takes_turn
from hub.papers.store import cabinet_of
from hub.papers.sweeping import sweep_orphans
from hub.people.erasure import FILE, wipe_traces
from hub.people.purge import purge, purge_above_schools
from hub.sealing import Keyring
from hub.settings import Settings
from hub.tables import school
from scheduler.again import again

log = structlog.get_logger(__name__)

PAUSE = 600.0
HOUR = 3
"""Nobody writes at this hour, and a day that daylight saving shortens or repeats still has it once."""


class Nightly:
    """Tidies each school once a day; a hub that slept through the night does it when it wakes.

    Several may look: the database lets one of them act at a time, and the others find little to do at their next look.
    """

    def __init__(self, database: Database, keyring: Keyring, settings: Settings) -> None:
        self._database, self._keyring, self._settings = database, keyring, settings
        self._done: dict[int, date] = {}

    async def watch(self) -> None:
        """Look every ten minutes whether it is night somewhere."""
        await again(self.tidy, pause=PAUSE, name="nightly")

    async def tidy(self) -> int:
        """Tidy the schools whose hour has come; gives how many. Doing it twice changes nothing."""
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
            schools = [tuple(row) for row in await connection.execute(select(school.c.id, school.c.timezone))]
        due = []
        for school_id, timezone in schools:
            here = now.astimezone(ZoneInfo(timezone))
            if here.hour >= HOUR and self._done.get(school_id) != here.date():
                due.append((school_id, here.date()))
        tidied = 0
        for school_id, today in due:
            async with self._database.school(school_id) as session:
                if not await takes_turn(session, Turn.NIGHT):
                    return tidied
                await let_replies_go(session, school_id=school_id, today=today, now=now)
                register = self._settings.data_dir / FILE
                gone = await purge(session, self._keyring, school_id=school_id, register=register, today=today, now=now)
            self._done[school_id] = today
            tidied += 1
            if gone.places:
                await cabinet_of(self._settings).empty(gone.places)
            if gone.pupils or gone.guardians:
                log.info("purged", school=school_id, pupils=gone.pupils, guardians=gone.guardians)
                await wipe_traces(self._database)
        if tidied:
            async with self._database.engine() as connection:
                await purge_above_schools(connection, now=now)
            await self._sweep(now)
        return tidied

    async def _sweep(self, now: datetime) -> None:
        """Take out of the cabinet what no register knows: a press that never came, or a night that broke off."""
        if self._settings.files_dir.is_dir():
            swept = await sweep_orphans(self._database, self._settings, now=now)
            if swept:
                log.info("swept", files=swept)
