"""A migration of registers that are in use: what stands there is brought along, also behind the walls of PostgreSQL."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from hub.database import Database
from hub.migrating import MIGRATIONS, migrate

SCHOOL = (
    "INSERT INTO school (slug, name, short_name, phone, region, timezone, zone, language, demo) "
    "VALUES (:slug, 'École', 'École', '02 61 91 00 00', 'FR', 'Europe/Paris', 'B', 'fr', :demo)"
)


async def back_to(url: str, revision: str) -> None:
    """Undo migrations, as the owner of the tables does."""

    def undo(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(undo)
    await engine.dispose()


async def test_schools_that_are_there_already_keep_the_usual_silence_and_a_demo_none(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine() as connection:
        for slug, demo in (("trois-ponts", False), ("essai", True)):
            await connection.execute(text(SCHOOL), {"slug": slug, "demo": demo})
    await database.close()

    await back_to(database_url, "0009")
    assert await migrate(database_url) == max(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))

    database = Database(database_url)
    async with database.engine_reading() as connection:
        rows = (await connection.execute(text("SELECT slug, silent_from, silent_to FROM school ORDER BY id"))).all()
    await database.close()
    assert [(row.slug, *(str(each)[:5] for each in row[1:])) for row in rows] == [
        ("trois-ponts", "20:00", "07:00"),
        ("essai", "None", "None"),
    ]
