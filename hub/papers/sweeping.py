"""What lies in the cabinet and belongs to nobody: laid down for a press that never came, or left by one who went."""

from datetime import datetime, timedelta

from sqlalchemy import select

from hub.database import Database
from hub.papers.store import SMALL, cabinet_of
from hub.settings import Settings
from hub.tables import stored_file

YOUNG = timedelta(hours=1)
"""What was laid down so lately may be about to be written into the registers."""


async def sweep_orphans(database: Database, settings: Settings, *, now: datetime) -> int:
    """Take away what no register knows, and say how many files went. Harmless to run twice."""
    cabinet = cabinet_of(settings)
    lying = {one.place.removesuffix(SMALL) for one in await cabinet.lying() if one.since < now - YOUNG}
    if not lying:
        return 0
    async with database.engine_reading() as connection:
        known = set(await connection.scalars(select(stored_file.c.place)))
    orphans = lying - known
    await cabinet.empty(orphans)
    return len(orphans)
