"""The school's clock: what was planned for this moment leaves, once, however many clocks run."""

import structlog

from hub.database import Database, Turn, takes_turn
from hub.plans.asked import due
from hub.plans.leaving import leave
from hub.sealing import Keyring
from scheduler.again import again

log = structlog.get_logger(__name__)

PAUSE = 30.0


class Clock:
    """Lets each plan leave whose moment has come. Several may run: the database lets one of them act at a time."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring

    async def watch(self) -> None:
        """Look at once, and again each half minute."""
        await again(self.look, pause=PAUSE, name="clock")

    async def look(self) -> int:
        """Let what is due leave; gives how many plans had something come of them.

        Each in a transaction of its own: one that fails is told, tried again at the next look, and keeps no other.
        """
        async with self._database.engine_reading() as connection:
            now = await self._database.now(connection)
            found = [tuple(row) for row in await connection.execute(due(), {"now": now})]
        struck = 0
        for plan_id, school_id in found:
            try:
                async with self._database.school(school_id) as session:
                    if not await takes_turn(session, Turn.PLANS):
                        break
                    became = await leave(session, self._keyring, school_id=school_id, plan_id=plan_id, now=now)
            except Exception as error:  # noqa: BLE001 (whatever is wrong with one plan, the others leave)
                log.error("plan failed", plan=plan_id, kind=type(error).__name__)  # noqa: TRY400 (no text of the error)
                continue
            if became is not None:
                log.info("planned", school=school_id, plan=plan_id, outcome=became.outcome.value)
                struck += 1
        return struck
