"""A number that nobody knew: its words wait in the tray with a proposal, until the office ties it to an adult."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio
from factories import NOW, TODAY, by_mail, by_sms
from family_door import Door, a_door
from test_webhooks import EMPTY, texted

from hub.database import Database
from hub.errors import HubError, InvalidError, NotAllowedError, NotFoundError
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.replies.tying import tie
from hub.sealing import Keyring

STRANGER = "+33639989999"


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as opened:
        yield opened


async def tied(door: Door, guardian_id: int, *, item: int = 1, by: int | None = None) -> int:
    school_id, staff_id = door.small.school.key, by or door.small.office
    async with door.small.database.school(school_id) as session:
        rights = await rights_on(session, school_id=school_id, staff_id=staff_id, day=TODAY)
        return await tie(
            session,
            door.small.keyring,
            school_id=school_id,
            tray_item_id=item,
            guardian_id=guardian_id,
            reader=Reader(staff_id, rights, TODAY),
            now=NOW,
        )


async def details(door: Door) -> list[dict[str, Any]]:
    rows = await door.small.rows(
        "SELECT detail_sealed, wrapped, master_version FROM tray_item JOIN data_key ON subject = 'school'"
        " ORDER BY tray_item.id"
    )
    keyring = door.small.keyring
    return [orjson.loads(keyring.seal(wrapped, n).open(sealed, b"tray_item.detail")) for sealed, wrapped, n in rows]


async def test_who_may_have_written_is_proposed_the_likeliest_first(door: Door) -> None:
    await door.small.family(by_sms(name="Odile"), children=["Lina"])
    await door.small.family(by_sms("+33639981002", name="Tiago"), children=["Basile"])

    answer = await texted(door, "Bonjour, c'est Tiago, le papa de Basile Exemple", number=STRANGER)
    await texted(door, "Bonjour", number=STRANGER, sid="SM2")

    assert answer.text == EMPTY
    assert [one["proposal"] for one in await details(door)] == [[2, 1], []]
    assert await door.count("thread") == 0


async def test_tying_moves_what_waits_and_the_number_is_the_adults_from_then_on(door: Door) -> None:
    [odile] = await door.small.family(by_mail(), children=["Lina"])
    await texted(door, "Lina sera en retard", number=STRANGER)
    await texted(door, "Vers 9 h", number=STRANGER, sid="SM2")
    await texted(door, "Qui êtes-vous donc", number="+33639989998", sid="SM3")

    thread = await tied(door, odile)
    await texted(door, "Finalement 10 h", number=STRANGER, sid="SM4")

    assert await door.small.rows("SELECT topic, state FROM thread") == [("guardian:1 pupil:1", "open")]
    assert await door.count("reply", f"thread_id = {thread} AND guardian_id = {odile}") == 3
    assert await door.small.rows("SELECT channel, position FROM contact_point ORDER BY position") == [
        ("email", 1),
        ("sms", 2),
    ]
    assert await door.small.rows("SELECT state FROM address WHERE medium = 'phone'") == [("active",)]
    assert await door.count("tray_item", "closed_at IS NULL") == 1
    assert await door.small.rows("SELECT act, subject_id, count FROM audit") == [("number_tied", odile, 2)]
    rows = await door.small.rows(
        "SELECT words_sealed, wrapped, master_version FROM reply JOIN address ON address.id = reply.address_id"
        " JOIN data_key ON data_key.id = address.data_key_id ORDER BY reply.id"
    )
    keyring = door.small.keyring
    assert [keyring.seal(wrapped, n).open(sealed, b"reply.words").decode() for sealed, wrapped, n in rows] == [
        "Lina sera en retard",
        "Vers 9 h",
        "Finalement 10 h",
    ]


@pytest.mark.parametrize(
    ("change", "by", "error"),
    [
        ("UPDATE link SET kind = 'barred'", "office", InvalidError),
        ("UPDATE guardian SET name_key = ''", "office", InvalidError),
        ("UPDATE link SET to_on = '2026-11-01'", "office", InvalidError),
        ("UPDATE tray_item SET closed_at = opened_at", "office", NotFoundError),
        ("UPDATE school SET name = name", "teacher", NotAllowedError),
    ],
)
async def test_a_number_is_not_tied(door: Door, change: str, by: str, error: type[HubError]) -> None:
    [odile] = await door.small.family(by_mail())
    await texted(door, "Bonjour", number=STRANGER)
    await door.small.write(change)

    with pytest.raises(error):
        await tied(door, odile, by=getattr(door.small, by))

    assert await door.count("address", "medium = 'phone'") == await door.count("thread") == 0
    assert await door.count("reply", "address_id IS NULL") == 1


async def test_what_is_no_number_is_not_tied(door: Door) -> None:
    [odile] = await door.small.family(by_mail())
    await texted(door, "Bonjour", number="anonymous")

    with pytest.raises(InvalidError):
        await tied(door, odile)
