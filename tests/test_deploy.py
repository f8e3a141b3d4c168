"""What is handed out to run the hub elsewhere: the roles that PostgreSQL wants, and what goes into the image."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from bench.postgres import cluster
from hub.database import Database
from hub.migrating import head, migrate
from hub.walls import may_pass

HOUSE = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^[a-z0-9][^ ;]*==[^ ;]+", re.MULTILINE)


def test_the_image_holds_the_versions_that_were_tested() -> None:
    tested = set(PIN.findall((HOUSE / "requirements.lock").read_text()))
    image = set(PIN.findall((HOUSE / "deploy" / "requirements.lock").read_text()))

    assert image < tested
    assert {"fastapi", "taskiq-redis", "asyncpg", "twilio"} <= {pin.partition("==")[0] for pin in image}
    assert not {"pytest", "playwright", "mypy"} & {pin.partition("==")[0] for pin in image}


async def test_the_roles_are_made_so_that_the_owner_migrates_and_the_programs_pass_no_wall() -> None:
    with cluster() as server:
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "HUB_PASSWORD": "a'b", "OWNER_PASSWORD": "o"}
        path = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
        script = ["sh", str(HOUSE / "deploy" / "postgres.sh")]
        await asyncio.to_thread(subprocess.run, script, env={"PATH": path, **where}, check=True)
        there = make_url(f"postgresql+asyncpg://127.0.0.1:{server.port}/passerelle")

        owner = there.set(username="passerelle_owner", password="o")
        assert await migrate(owner.render_as_string(hide_password=False)) == head()

        database = Database(there.set(username="passerelle", password="a'b").render_as_string(hide_password=False))
        assert not await may_pass(database)
        async with database.engine_reading() as connection:
            assert await database.now(connection)
        await database.close()
        plain = await asyncpg.connect(f"postgresql://passerelle@127.0.0.1:{server.port}/passerelle")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await plain.execute("DROP TABLE attempt")
        await plain.close()
