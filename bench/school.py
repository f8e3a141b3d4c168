"""A school for measuring: as many adults as wanted, each with one address, written in bulk."""

import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub import tables
from hub.database import Database
from hub.migrating import migrate
from hub.models.school import School
from hub.notices.publish import Draft, Published, publish
from hub.ports import ChannelName, NoticeKind, Slots
from hub.sealing import Keyring

KEYS = Keyring({1: b"b" * 32})
SINCE = date(2020, 9, 1)
ACCOUNT = "AC" + "0" * 32
SNOW = "L'ecole est fermee demain a cause de la neige."
MOST = 10_000
"""The range 06 39 98 xx xx, which ARCEP keeps free for fiction, holds so many numbers."""


async def empty_sqlite(folder: Path) -> str:
    """Make a fresh, migrated SQLite file; gives its address."""
    url = f"sqlite+aiosqlite:///{folder / f'{secrets.token_hex(4)}.db'}"
    await migrate(url)
    return url


async def settle(
    database: Database,
    *,
    adults: int,
    channel: ChannelName,
    rate: float | None = None,
    school_id: int = 1,
    after: int = 0,
) -> None:
    """Write a school with `adults` adults reached by one channel, a director and its sender.

    `rate`: messages a second that the sender may take; None: as the channel says. `after`: how many adults the schools
    before it have; schools are written in the order of their numbers.
    """
    own_key = 2 * after + school_id
    here = {"school_id": school_id}
    async with database.engine() as connection:
        wrapped, version, seal = KEYS.new_key()
        await connection.execute(
            insert(tables.school).values(
                id=school_id, slug=f"mesure{school_id}", name="École de la Mesure", short_name="Mesure",
                phone="02 61 91 00 00", region="FR", timezone="Europe/Paris", zone="B", language="fr", demo=True,
            )
        )  # fmt: skip
        key = {**here, "id": own_key, "subject": "school", "wrapped": wrapped, "master_version": version}
        await connection.execute(insert(tables.data_key).values(key))
        year = {**here, "id": school_id, "label": "toujours", "starts_on": SINCE, "ends_on": date(2099, 1, 1)}
        await connection.execute(insert(tables.school_year).values(year))
        group = {**here, "id": school_id, "year_id": school_id, "label": "CP", "level": ""}
        await connection.execute(insert(tables.class_group).values(group))
        author, second = staff_of(school_id)
        staff = {**here, "id": author, "name": "Mme Exemple", "email_sealed": b"", "email_hash": b"1"}
        other = {**staff, "id": second, "name": "M. Modèle", "email_hash": b"2"}
        await connection.execute(insert(tables.staff), [staff, other])
        right = {**here, "role": "director", "from_on": SINCE}
        await connection.execute(insert(tables.staff_right), [{**right, "staff_id": n} for n in (author, second)])
        sender = {
            **here, "id": school_id, "data_key_id": own_key, "key_name": f"mesure{school_id}", "channel": channel,
            "two_way": True, "provider": "twilio", "name": "École de la Mesure", "login": ACCOUNT, "receipts": True,
            "price": 700, "rate": rate, "address": number_of(school_id),
            "secret_sealed": seal.close(b"token", b"sender.secret"),
        }  # fmt: skip
        if channel is ChannelName.EMAIL:
            sender |= {"login": "", "secret_sealed": None, "address": f"ecole{school_id}@mesure.test"}
        await connection.execute(insert(tables.sender).values(sender))
        await _people(connection, adults, channel, school_id=school_id, after=after)
        await _count_on(connection, adults)


def number_of(school_id: int) -> str:
    """Say from which number a school writes."""
    return f"+3393700{school_id - 1:04d}"


def staff_of(school_id: int) -> tuple[int, int]:
    """Say who writes in a school, and who reads it over."""
    return 2 * school_id - 1, 2 * school_id


async def _people(
    connection: AsyncConnection, adults: int, channel: ChannelName, *, school_id: int, after: int
) -> None:
    now = datetime.now(UTC)
    medium = "phone" if channel is ChannelName.SMS else "mailbox"
    keys, people, pupils, links, enrolments, addresses, points = [], [], [], [], [], [], []
    here = {"school_id": school_id}
    for local in range(1, adults + 1):
        n, own_key = after + local, 2 * (after + local - 1) + school_id
        (of_guardian, version, _), (of_address, _, seal) = KEYS.new_key(), KEYS.new_key()
        value = f"+336399{80000 + local - 1:05d}" if channel is ChannelName.SMS else f"adulte{local}@familles.test"
        keys += [
            {**here, "id": own_key + 1, "subject": "guardian", "wrapped": of_guardian, "master_version": version},
            {**here, "id": own_key + 2, "subject": "address", "wrapped": of_address, "master_version": version},
        ]
        people.append(
            {**here, "id": n, "data_key_id": own_key + 1, "civility": "", "first_name": f"Adulte{local}",
             "family_name": "Exemple", "usage_name": "", "name_key": f"exemple adulte{local}", "service": False,
             "language": ("fr", "en", "ar", "tr")[n % 4], "means": "any", "last_rung": "call"}
        )  # fmt: skip
        pupils.append(
            {**here, "id": n, "first_name": f"Enfant{local}", "family_name": "Exemple", "usage_name": "",
             "name_key": f"e{local}"}
        )  # fmt: skip
        links.append(
            {**here, "guardian_id": n, "pupil_id": n, "kind": "joint", "may_be_told": True, "may_decide": True,
             "may_collect": True, "waiting": False, "call_order": 1, "from_on": SINCE}
        )  # fmt: skip
        enrolments.append({**here, "pupil_id": n, "class_id": school_id, "from_on": SINCE})
        addresses.append(
            {**here, "id": n, "data_key_id": own_key + 2, "medium": medium, "kind": "mobile", "state": "active",
             "value_sealed": seal.close(value.encode(), b"address.value"), "lookup_hash": KEYS.lookup(medium, value),
             "last_sign_of_life": now - timedelta(days=1)}
        )  # fmt: skip
        points.append({**here, "guardian_id": n, "address_id": n, "channel": channel, "position": 1})
    for table, rows in (
        (tables.data_key, keys), (tables.guardian, people), (tables.pupil, pupils), (tables.link, links),
        (tables.enrolment, enrolments), (tables.address, addresses), (tables.contact_point, points),
    ):  # fmt: skip
        await connection.execute(insert(table), rows)


async def _count_on(connection: AsyncConnection, adults: int) -> None:
    """Let PostgreSQL's counters pass the ids that were given by hand."""
    if connection.dialect.name != "postgresql":
        return
    given = {
        tables.data_key: 2 * adults + 1, tables.guardian: adults, tables.pupil: adults, tables.address: adults,
        tables.school: 1, tables.school_year: 1, tables.class_group: 1, tables.staff: 2, tables.sender: 1,
    }  # fmt: skip
    for table, number in given.items():
        count = text(f"SELECT count(nextval('{table.name}_id_seq')) FROM generate_series(1, {number})")  # noqa: S608 (ours)
        await connection.execute(count)


async def press(
    database: Database,
    *,
    kind: NoticeKind = NoticeKind.ANNOUNCEMENT,
    school_id: int = 1,
    words: str = SNOW,
    key: str = "",
) -> Published:
    """Press a notice to the whole school; twice with the same `key` presses once."""
    author, second = staff_of(school_id)
    async with database.school(school_id) as session:
        school = (await session.execute(select(School).where(School.id == school_id))).scalar_one()
        slots = Slots(text=words)
        draft = Draft(kind=kind, audience="school", slots=slots, seconded_by=second, key=key or secrets.token_hex(16))
        return await publish(session, KEYS, school=school, author_id=author, draft=draft, now=datetime.now(UTC))
