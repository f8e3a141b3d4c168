"""Rules a new page in the registers: a numbered migration, drawn from the difference between the models and the last.

`make migration NAME="what changes"`. It is a draft to read and finish: a new table also needs its wall
(`hub.walls.raise_wall`), and a batch of SQLite may need a hand.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from hub.migrating import MIGRATIONS, head, migrate


async def draw(message: str) -> None:
    """Compare the models with an empty SQLite database at head, and write what is missing as the next number."""
    with tempfile.TemporaryDirectory(prefix="passerelle-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'head.db'}"
        await migrate(url)
        engine = create_async_engine(url)
        try:
            async with engine.connect() as connection:
                await connection.run_sync(_write, message)
        finally:
            await engine.dispose()


def _write(connection: Connection, message: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    number = f"{int(head() or 0) + 1:04d}"
    command.revision(config, message=message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('usage: make migration NAME="what changes"')
    asyncio.run(draw(sys.argv[1].strip()))
