"""Claiming at the same time, and the bulk ways in and out of the database that the engine's loop goes."""

import asyncio
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from factories import NOW, FakeChannel, SmallSchool, a_school, by_sms
from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.notices.publish import Draft, publish
from hub.outbox.bulk import Bulk, Packed, stored
from hub.outbox.claim import hand_back
from hub.outbox.prepare import Prepared, prepare
from hub.outbox.sweep import pass_stopped_senders
from hub.outbox.wordings import Wordings
from hub.ports import ChannelName, Lane, Limits, NoticeKind, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from hub.sqlite import AT_ONCE
from hub.tables import address, attempt
from i18n.rendering import render
from scheduler.drain import Drain

SETTINGS = Settings(public_url="https://hub.test", master_keys=None)


@pytest_asyncio.fixture
async def queued(database: Database, keyring: Keyring) -> SmallSchool:
    """A school of sixty families, each with one SMS in the urgent lane."""
    small = await a_school(database, keyring)
    for number in range(60):
        await small.family(by_sms(f"+336399810{number:02}"))
    async with database.school(small.school.key) as session:
        slots = Slots(text="Ecole fermee.")
        draft = Draft(kind=NoticeKind.URGENT, audience="school", slots=slots, seconded_by=small.office)
        await publish(session, keyring, school=small.school, author_id=small.director, draft=draft, now=NOW)
    return small


async def take(connection: AsyncConnection, small: SmallSchool, *, most: int) -> Prepared:
    wordings = Wordings(SETTINGS, small.keyring, render)
    await wordings.sender(connection, small.senders[ChannelName.SMS])
    return await prepare(
        connection,
        small.keyring,
        wordings,
        sender_id=small.senders[ChannelName.SMS],
        lane=Lane.URGENT,
        most=most,
        lease=30.0,
        now=NOW,
    )


def ids(prepared: Prepared) -> set[int]:
    return {outgoing.attempt_id for outgoing in prepared.outgoing}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_open_claims_share_nothing_and_take_no_more_than_asked(
    database: Database, queued: SmallSchool
) -> None:
    async with database.engine() as one, database.engine() as other:
        first = await take(one, queued, most=25)
        second = await take(other, queued, most=25)
        third = await take(one, queued, most=25)

    assert [first.taken, second.taken, third.taken] == [25, 25, 10]
    assert len(ids(first) | ids(second) | ids(third)) == 60


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_begins_to_leave_while_its_sender_is_stopped_is_not_called_failed(
    database: Database, queued: SmallSchool
) -> None:
    async def passes() -> int:
        async with database.engine() as connection:
            return await pass_stopped_senders(connection, now=NOW)

    blocked = text("SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0")
    async with database.engine() as leaving:
        await take(leaving, queued, most=60)
        await queued.write("UPDATE sender SET stopped_at = :now", now=NOW)
        passing = asyncio.create_task(passes())
        async with database.engine_reading() as connection:
            while not passing.done() and not (await connection.execute(blocked)).scalar_one():
                await connection.rollback()

    assert await passing == 0
    assert await queued.rows("SELECT DISTINCT state FROM attempt") == [("sending",)]


async def test_a_claim_that_does_not_end_well_leaves_no_trace(database: Database, queued: SmallSchool) -> None:
    async def fall() -> None:
        async with database.engine() as connection:
            await take(connection, queued, most=25)
            raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError, match="the power fails"):
        await fall()

    assert await queued.rows("SELECT DISTINCT state FROM attempt") == [("ready",)]
    assert await queued.rows("SELECT count(*) FROM page_link") == [(0,)]
    async with database.engine() as connection:
        assert (await take(connection, queued, most=100)).taken == 60


async def test_only_the_holder_of_the_fence_hands_back(database: Database, queued: SmallSchool) -> None:
    async with database.engine() as connection:
        taken = await take(connection, queued, most=5)
        await hand_back(connection, sorted(ids(taken)), taken.fence + 1)
    assert await queued.rows("SELECT count(*) FROM attempt WHERE state = 'sending'") == [(5,)]

    async with database.engine() as connection:
        await hand_back(connection, sorted(ids(taken)), taken.fence)
    assert await queued.rows("SELECT DISTINCT state FROM attempt") == [("ready",)]


async def test_several_drains_at_once_send_each_message_once(database: Database, queued: SmallSchool) -> None:
    sms = FakeChannel()
    drains = [
        Drain(
            database,
            queued.keyring,
            Wordings(SETTINGS, queued.keyring, render),
            SETTINGS,
            {ChannelName.SMS: sms},
        )
        for _ in range(4)
    ]
    await asyncio.gather(*(drain.drain(Lane.URGENT) for drain in drains))
    await asyncio.gather(*(drain.idle() for drain in drains))
    await asyncio.gather(*(drain.stop() for drain in drains))

    assert Counter(message.to for message in sms.sent) == {f"+336399810{number:02}": 1 for number in range(60)}
    assert await queued.rows("SELECT DISTINCT state FROM attempt") == [("accepted",)]


async def test_a_sender_without_a_rate_of_its_own_goes_at_the_channels(database: Database, queued: SmallSchool) -> None:
    sms = FakeChannel(limits=Limits(text_max=1600, per_second=100.0, connections=8))
    drain = Drain(
        database, queued.keyring, Wordings(SETTINGS, queued.keyring, render), SETTINGS, {ChannelName.SMS: sms}
    )
    begun = time.monotonic()
    await drain.drain(Lane.URGENT)
    await drain.idle()
    await drain.stop()

    assert len(sms.sent) == 60
    assert time.monotonic() - begun >= 59 / 100


@pytest.mark.usefixtures("queued")
async def test_a_packed_result_says_what_the_rows_say(database: Database) -> None:
    query = (
        select(address.c.id, address.c.value_sealed, address.c.last_sign_of_life, address.c.state)
        .where(address.c.id <= bindparam("b_last"))
        .order_by(address.c.id)
    )
    async with database.engine_reading() as connection:
        plain = (await connection.execute(query, {"b_last": 7})).all()
        packed, again = await Packed(query, query).rows(connection, {"b_last": 7})
        nothing = await Packed(query).rows(connection, {"b_last": 0})

    assert packed == again

    assert [(number, bytes.fromhex(sealed), state) for number, sealed, _, state in packed] == [
        (row.id, row.value_sealed, row.state) for row in plain
    ]
    assert [datetime.fromisoformat(moment).replace(tzinfo=NOW.tzinfo) for _, _, moment, _ in packed] == [
        row.last_sign_of_life for row in plain
    ]
    assert len(plain) == 7
    assert nothing == [[]]


@pytest.mark.usefixtures("queued")
async def test_rows_given_in_bulk_arrive_as_they_are(database: Database) -> None:
    write = Bulk(
        "UPDATE attempt SET due_at = {0}, look_at = v.look_at, provider_id = v.provider_id, "
        "text_sealed = v.text_sealed FROM v WHERE attempt.id = v.id",
        id="bigint",
        provider_id="text",
        text_sealed="bytea",
        look_at="timestamptz",
    )
    later = NOW + timedelta(days=400, microseconds=7)
    async with database.engine() as connection:
        numbers = sorted((await connection.execute(select(attempt.c.id))).scalars())
        await write.run(connection, [], stored(connection, later))
        moment = stored(connection, later)
        rows = [(number, f"é'?{number}", bytes([0, 255, 39]), moment) for number in numbers[:-1]]
        await write.run(connection, [*rows, (numbers[-1], None, None, None)], moment)
        read = (await connection.execute(select(attempt).order_by(attempt.c.id))).all()

    assert {row.due_at for row in read} == {later}
    assert [(row.provider_id, row.text_sealed, row.look_at) for row in read] == [
        *((f"é'?{number}", bytes([0, 255, 39]), later) for number in numbers[:-1]),
        (None, None, None),
    ]


@pytest.mark.parametrize("number", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 7])
async def test_a_long_result_comes_whole(database: Database, number: int) -> None:
    counted = text(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x < 9000) SELECT x FROM n WHERE x <= :most"
    )
    async with database.engine_reading() as connection:
        at_once = (await connection.execute(counted, {"most": number})).scalars().all()
        streamed = [row.x async for row in await connection.stream(counted, {"most": number})]

    assert at_once == streamed == list(range(1, number + 1))


async def test_a_result_that_is_not_read_to_its_end_does_not_stand_in_the_way(database: Database) -> None:
    counted = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9000) SELECT x FROM n")
    async with database.engine_reading() as connection:
        stream = await connection.stream(counted)
        assert await stream.fetchone() == (1,)
        await stream.close()
    async with database.engine_reading() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
