"""Reminders, school by school: of appointments and meetings, of what is to sign, after silence; each goes once."""

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from hub.database import Database, Turn, takes_turn
from hub.errors import PasserelleError
from hub.meetings.asking_again import remind_to_answer
from hub.meetings.telling import AT_ONCE, remind
from hub.people.schools import read_school
from hub.reminders.going import remind_of_all
from hub.reminders.rising import AT_ONCE as RISE_AT_ONCE
from hub.reminders.rising import tell_who_rose
from hub.sealing import Keyring
from hub.tables import school
from scheduler.again import again

log = structlog.get_logger(__name__)

PAUSE = 300.0


class Reminders:
    """Reminds families of what is near or unanswered. Several may look: the database lets one of them act at a time."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring

    async def watch(self) -> None:
        """Look every five minutes."""
        await again(self.look, pause=PAUSE, name="reminders")

    async def look(self) -> int:
        """Remind whom it is time to remind; gives how many reminders went.

        A school that fails keeps no other from its own.
        """
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
            schools = [int(row.id) for row in await connection.execute(select(school.c.id))]
        told = 0
        for school_id in schools:
            try:
                while True:
                    async with self._database.school(school_id) as session:
                        if not await takes_turn(session, Turn.REMINDERS):
                            return told
                        itself = await read_school(session, school_id)
                        some = await remind(session, self._keyring, school=itself, now=now)
                        rose = await tell_who_rose(session, self._keyring, school=itself, now=now)
                    told += some + rose
                    if some < AT_ONCE and rose < RISE_AT_ONCE:
                        break
                async with self._database.school(school_id) as session:
                    if not await takes_turn(session, Turn.REMINDERS):
                        return told
                    told += await remind_of_all(session, self._keyring, school=itself, now=now)
                    told += await remind_to_answer(session, self._keyring, school=itself, now=now)
            except (PasserelleError, SQLAlchemyError) as error:
                log.error("reminders failed", school=school_id, kind=type(error).__name__)  # noqa: TRY400 (ids only)
        return told
