"""Each school behind its own wall, on both databases where they can."""

from sqlalchemy import text

from hub.database import Database
from hub.models.people import Pupil
from hub.models.school import School


async def _two_schools(database: Database) -> tuple[int, int]:
    async with database.engine() as connection:
        for slug in ("trois-ponts", "faux-pont"):
            await connection.execute(
                School.__table__.insert().values(
                    slug=slug,
                    name=slug,
                    short_name=slug,
                    phone="02 61 91 00 00",
                    region="FR",
                    timezone="Europe/Paris",
                    zone="B",
                    language="fr",
                    demo=True,
                )
            )
        ids = (await connection.execute(text("SELECT id FROM school ORDER BY id"))).scalars().all()
    return ids[0], ids[1]


async def test_a_school_sees_its_own_rows_only(database: Database) -> None:
    ours, theirs = await _two_schools(database)
    async with database.school(ours) as session:
        session.add(Pupil(school_id=ours, first_name="Capucine", family_name="Exemple", name_key="exemple capucine"))
    if database.dialect == "sqlite":
        return  # one school a file: nothing to see through
    async with database.reading(theirs) as session:
        assert (await session.execute(text("SELECT count(*) FROM pupil"))).scalar_one() == 0
    async with database.reading(ours) as session:
        assert (await session.execute(text("SELECT count(*) FROM pupil"))).scalar_one() == 1
