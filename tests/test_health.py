"""What a proxy asks: who lives says so whatever is away, and who cannot serve says so, too."""

import httpx
import pytest
from sqlalchemy import text

from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings
from web.app import create_app
from web.house import House


async def asked(database: Database, keyring: Keyring, path: str) -> httpx.Response:
    house = House(Settings(public_url="https://hub.test"), database, keyring)
    door = httpx.ASGITransport(create_app(house))
    async with httpx.AsyncClient(transport=door, base_url="http://10.0.0.7:8000") as proxy:
        return await proxy.get(path)


async def test_who_may_be_visited_says_so_to_a_proxy_that_does_not_know_its_name(
    database: Database, keyring: Keyring
) -> None:
    assert (await asked(database, keyring, "/readyz")).json() == {"registers": "ok"}
    assert (await asked(database, keyring, "/healthz")).text == "ok"
    assert (await asked(database, keyring, "/connexion")).status_code == 400


async def test_without_its_registers_a_process_lives_and_is_not_visited(keyring: Keyring) -> None:
    nowhere = Database("postgresql+asyncpg://hub@127.0.0.1:1/nowhere")

    ready, lives = await asked(nowhere, keyring, "/readyz"), await asked(nowhere, keyring, "/healthz")

    await nowhere.close()
    assert (ready.status_code, ready.json()) == (503, {"registers": "away"})
    assert lives.status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_is_of_another_version_than_its_registers_is_not_visited(
    database: Database, keyring: Keyring
) -> None:
    async with database.engine() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    ready = await asked(database, keyring, "/readyz")

    assert (ready.status_code, ready.json()) == (503, {"registers": "other version"})
