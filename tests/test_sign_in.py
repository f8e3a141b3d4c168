"""The staff's front door: who comes in, who is slowed down, and who is still inside."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from factories import NOW, SINCE, SmallSchool, a_school

from hub.database import Database
from hub.models.school import Role
from hub.people.sign_in import (
    Inside,
    RefusedError,
    WhichSchoolError,
    hash_password,
    sign_in,
    sign_out,
    who_is,
)
from hub.people.staff import add_staff
from hub.people.tries import TooManyTriesError
from hub.sealing import Keyring

EMAIL, PASSWORD = "direction@ecole.test", "trois ponts sur la Loire"


@dataclass
class Clock:
    """The database's clock, moved by hand."""

    now: datetime = NOW


@dataclass
class FrontDoor:
    """A school with a director who has a password."""

    small: SmallSchool
    clock: Clock
    staff_id: int

    async def knock(
        self, *, email: str = EMAIL, password: str = PASSWORD, where: str = "192.0.2.1", **more: Any
    ) -> str:
        return await sign_in(
            self.small.database, self.small.keyring, email=email, password=password, where=where, **more
        )

    async def fail(self, times: int, **more: Any) -> None:
        for _ in range(times):
            with pytest.raises(RefusedError):
                await self.knock(password="un autre mot de passe", **more)

    async def inside(self, token: str) -> Inside | None:
        return await who_is(self.small.database, self.small.keyring, token)


async def a_director(small: SmallSchool, email: str = EMAIL, password: str | None = PASSWORD) -> int:
    async with small.database.school(small.school.key) as session:
        return await add_staff(
            session, small.keyring, small.school.key, email=email, role=Role.DIRECTOR, from_on=SINCE, password=password
        )


@pytest_asyncio.fixture
async def door(database_url: str, keyring: Keyring) -> AsyncIterator[FrontDoor]:
    clock = Clock()
    database = Database(database_url, pool=5, clock=lambda: clock.now)
    small = await a_school(database, keyring)
    yield FrontDoor(small, clock, await a_director(small))
    await database.close()


async def test_the_right_password_opens_a_session_and_only_its_hash_is_kept(door: FrontDoor) -> None:
    token = await door.knock(email=" Direction@Ecole.test ")

    who = await door.inside(token)

    assert who is not None
    assert (who.staff_id, who.school_name) == (door.staff_id, "École des Trois-Ponts")
    assert token.encode() not in b"".join(
        bytes(row[0]) for row in await door.small.rows("SELECT token_hash FROM staff_session")
    )


async def test_a_wrong_password_an_unknown_mailbox_and_no_password_yet_are_refused_alike(door: FrontDoor) -> None:
    await a_director(door.small, "sans@ecole.test", password=None)

    said = set()
    for email, password in ((EMAIL, "un autre"), ("inconnu@ecole.test", PASSWORD), ("sans@ecole.test", ""), ("", "")):
        with pytest.raises(RefusedError) as refused:
            await door.knock(email=email, password=password)
        said.add(str(refused.value))

    assert said == {"Cette adresse et ce mot de passe ne vont pas ensemble."}


async def test_after_five_failures_a_mailbox_is_tried_once_every_thirty_seconds(door: FrontDoor) -> None:
    await door.fail(5)

    with pytest.raises(TooManyTriesError) as slowed:
        await door.knock(where="192.0.2.99")
    door.clock.now += timedelta(seconds=31)
    token = await door.knock(where="192.0.2.99")

    assert str(slowed.value) == "Trop d’essais : attendez 30 secondes avant de recommencer."
    assert await door.inside(token) is not None


async def test_twenty_failures_from_one_place_shut_it_for_a_quarter_of_an_hour(door: FrontDoor) -> None:
    for number in range(20):
        await door.fail(1, email=f"essai{number}@ecole.test", where="2001:db8::1")

    with pytest.raises(TooManyTriesError):
        await door.knock(where="2001:db8::dead:beef")
    elsewhere = await door.knock(where="2001:db8:0:1::1")
    door.clock.now += timedelta(minutes=15)
    later = await door.knock(where="2001:db8::1")

    assert await door.inside(elsewhere) is not None
    assert await door.inside(later) is not None


async def test_failures_are_shared_by_all_processes_and_forgotten_on_success(
    door: FrontDoor, database_url: str
) -> None:
    await door.fail(4)
    await door.knock()
    assert await door.small.rows("SELECT count(*) FROM sign_in_failure WHERE at IS NOT NULL") == [(4,)]  # the place's
    await door.fail(5)

    other = Database(database_url, pool=2, clock=lambda: door.clock.now)
    with pytest.raises(TooManyTriesError):
        await sign_in(other, door.small.keyring, email=EMAIL, password=PASSWORD, where="198.51.100.7")
    await other.close()


async def test_a_session_ends_twelve_hours_after_it_was_last_used(door: FrontDoor) -> None:
    token = await door.knock()

    for _ in range(3):
        door.clock.now += timedelta(hours=11)
        assert await door.inside(token) is not None
    door.clock.now += timedelta(hours=12)

    assert await door.inside(token) is None


async def test_signing_out_ends_this_session_and_no_other(door: FrontDoor) -> None:
    here, there = await door.knock(), await door.knock()

    await sign_out(door.small.database, door.small.keyring, here)

    assert here != there
    assert await door.inside(here) is None
    assert await door.inside(there) is not None


async def test_one_mailbox_in_two_schools_goes_where_its_password_fits(door: FrontDoor, keyring: Keyring) -> None:
    second = await a_school(door.small.database, keyring, slug="deux-ponts")
    await a_director(second, password="un tout autre mot de passe")

    who = await door.inside(await door.knock(password="un tout autre mot de passe"))

    assert who is not None
    assert who.school_id == second.school.key


async def test_one_password_in_two_schools_asks_which(door: FrontDoor, keyring: Keyring) -> None:
    second = await a_school(door.small.database, keyring, slug="deux-ponts")
    await a_director(second)

    with pytest.raises(WhichSchoolError) as asked:
        await door.knock()
    who = await door.inside(await door.knock(school_id=second.school.key))

    assert [number for number, _ in asked.value.schools] == [door.small.school.key, second.school.key]
    assert who is not None
    assert who.school_id == second.school.key


async def test_a_password_is_kept_as_argon2id() -> None:
    assert (await hash_password(PASSWORD)).startswith("$argon2id$")
