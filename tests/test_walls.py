"""Each school behind its own wall, on both databases where they can."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.database import Database
from hub.models import metadata
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
        return  # no walls: one process, and every statement names its school
    async with database.reading(theirs) as session:
        assert (await session.execute(text("SELECT count(*) FROM pupil"))).scalar_one() == 0
    async with database.reading(ours) as session:
        assert (await session.execute(text("SELECT count(*) FROM pupil"))).scalar_one() == 1


async def test_every_table_of_a_school_has_its_wall(database: Database) -> None:
    if database.dialect == "sqlite":
        return
    walled = {table.name for table in metadata.sorted_tables if "school_id" in table.c}
    async with database.engine_reading() as connection:
        forced = await connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity")
        )
        policies = await connection.execute(
            text("SELECT tablename, policyname, cmd, roles::text, qual, with_check FROM pg_policies")
        )
        columns = await connection.execute(
            text(
                "SELECT table_name FROM information_schema.columns "
                "WHERE column_name = 'school_id' AND table_schema = 'public'"
            )
        )
        really = {row.table_name for row in columns}
        walls = {row.tablename: row for row in policies if row.policyname == "school_wall"}
        names = {row.relname for row in forced}

    assert len(walled) > 20
    assert really == walled
    assert walled | {"school"} <= names
    for name in sorted(walled):
        here = "(school_id = (NULLIF(current_setting('passerelle.school'::text, true), ''::text))::bigint)"
        wall = walls[name]
        assert (name, wall.cmd, wall.roles) == (name, "ALL", "{passerelle_app}")
        assert (wall.qual, wall.with_check) == (here, here)


async def test_raw_sql_reaches_no_other_school(database: Database) -> None:
    if database.dialect == "sqlite":
        return
    ours, theirs = await _two_schools(database)
    pupil = (
        "INSERT INTO pupil (school_id, first_name, family_name, usage_name, name_key) VALUES (:s, 'A', 'B', '', 'b a')"
    )
    async with database.school(theirs) as session:
        await session.execute(text(pupil), {"s": theirs})
    async with database.school(ours) as session:
        for statement in (
            "UPDATE pupil SET first_name = 'X'",
            "DELETE FROM pupil",
            f"UPDATE pupil SET school_id = {ours}",  # noqa: S608 (our own number)
        ):
            assert (await session.execute(text(statement))).rowcount == 0
        assert (await session.execute(text("SELECT count(*) FROM school"))).scalar_one() == 1
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.school(ours) as session:
            await session.execute(text(pupil), {"s": theirs})
    async with database.reading(theirs) as session:
        assert (await session.execute(text("SELECT first_name FROM pupil"))).scalars().all() == ["A"]


async def test_who_named_no_school_sees_nothing(database: Database) -> None:
    if database.dialect == "sqlite":
        return
    ours, _ = await _two_schools(database)
    async with database.school(ours) as session:
        session.add(Pupil(school_id=ours, first_name="Capucine", family_name="Exemple", name_key="exemple capucine"))
    async with database.reading(ours) as session:
        assert (await session.execute(text("SELECT count(*) FROM pupil"))).scalar_one() == 1
        await session.rollback()  # the role and the school ended with the transaction
        assert (await session.execute(text("SELECT count(*) FROM pupil"))).scalar_one() == 0
    async with database.engine_reading() as connection:
        await connection.execute(text("SELECT set_config('role', 'passerelle_app', true)"))
        assert (await connection.execute(text("SELECT count(*) FROM pupil"))).scalar_one() == 0
