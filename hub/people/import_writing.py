"""Carries out the plan of an import: keys, adults, addresses, uses and links, each kind in one go."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.people import AddressState, LastRung, LinkKind, Matter, Means
from hub.models.school import School
from hub.people.adults import guardian_key
from hub.people.import_adults import NewLink, Plan, Unclear
from hub.people.import_registers import KnownAddress, KnownAdult, KnownPupil
from hub.people.names import name_key
from hub.people.schools import school_key
from hub.people.tray import put_in_tray
from hub.sealing import Keyring, Seal
from hub.tables import address, contact_point, data_key, guardian, link, tray_item


async def write_plan(
    session: AsyncSession, keyring: Keyring, school: School, plan: Plan, *, day: date, now: datetime
) -> None:
    """Write what is new and what moved; then ask the office what only it can tell."""
    await _write_adults(session, keyring, school, plan.adults)
    await _write_addresses(session, keyring, school.key, plan.addresses)
    await _write_uses(session, school.key, plan)
    if plan.links:
        await session.execute(insert(link), [_link(school.key, one, day) for one in plan.links])
    if plan.moved:
        await session.execute(_MOVE, [{"b_id": point.id, "b_position": point.position} for point in plan.moved])
    if plan.changed:
        titles = [{"b_id": a.id, "b_civility": a.civility, "b_usage": a.usage_name} for a in plan.changed]
        await session.execute(_RETITLE, titles)
    await _ask_about_barred(session, school.key, plan.links, now=now)
    if plan.unclear:
        seal = await school_key(session, keyring, school.key)
        await _ask_about_unclear(session, keyring, school.key, seal, plan.unclear, now=now)


async def ask_about_absent(
    session: AsyncSession, school_id: int, pupils: Iterable[KnownPupil], *, now: datetime
) -> None:
    """Ask the office whether these pupils left; nothing else is done to them."""
    for pupil in pupils:
        await put_in_tray(session, school_id, Matter.LEFT, subject=f"left:{pupil.id}", now=now, pupil_id=pupil.id)


async def forget_about_absent(session: AsyncSession, school_id: int, seen: set[int], *, now: datetime) -> None:
    """Take back the question about pupils who are in the file again."""
    asked = await session.execute(
        select(tray_item.c.id, tray_item.c.pupil_id).where(
            tray_item.c.school_id == school_id, tray_item.c.matter == Matter.LEFT, tray_item.c.closed_at.is_(None)
        )
    )
    answered = [{"b_id": row.id, "b_now": now} for row in asked if row.pupil_id in seen]
    if answered:
        await session.execute(_CLOSE, answered)


_CLOSE = update(tray_item).where(tray_item.c.id == bindparam("b_id")).values(closed_at=bindparam("b_now"))
_MOVE = update(contact_point).where(contact_point.c.id == bindparam("b_id")).values(position=bindparam("b_position"))
_RETITLE = (
    update(guardian)
    .where(guardian.c.id == bindparam("b_id"))
    .values(civility=bindparam("b_civility"), usage_name=bindparam("b_usage"))
)


def _id(one: KnownAdult | KnownAddress) -> int:
    if one.id is None:
        raise ValueError("this row was not written before those that point to it")
    return one.id


async def numbered(
    session: AsyncSession, table: Table, rows: Sequence[dict[str, Any]], *, by: str | None = None
) -> list[int]:
    """Insert rows in one go and give their ids in the same order.

    `by` names a column whose value is different in each row: the ids are found again by it, which lets SQLite take
    many rows in one statement (four times faster than asking for the order).
    """
    if not rows:
        return []
    if by is None:
        made = await session.execute(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows)
        return [int(row.id) for row in made]
    made = await session.execute(insert(table).returning(table.c[by], table.c.id), rows)
    ids = {mark: int(row_id) for mark, row_id in made}
    return [ids[row[by]] for row in rows]


async def _keys(
    session: AsyncSession, keyring: Keyring, school_id: int, subject: str, count: int
) -> list[tuple[int, Seal]]:
    made = [keyring.new_key() for _ in range(count)]
    rows = [
        {"school_id": school_id, "subject": subject, "wrapped": wrapped, "master_version": version}
        for wrapped, version, _ in made
    ]
    ids = await numbered(session, data_key, rows, by="wrapped")
    return [(key_id, seal) for key_id, (_, _, seal) in zip(ids, made, strict=True)]


async def _write_adults(session: AsyncSession, keyring: Keyring, school: School, adults: Sequence[KnownAdult]) -> None:
    keys = await _keys(session, keyring, school.key, "guardian", len(adults))
    rows = [
        {
            "school_id": school.key,
            "data_key_id": key_id,
            "civility": adult.civility[:12],
            "first_name": adult.first_name,
            "family_name": adult.family_name,
            "usage_name": adult.usage_name,
            "name_key": name_key(adult.name),
            "service": not adult.first_name,
            "language": school.language,
            "means": Means.ANY,
            "last_rung": LastRung.CALL,
        }
        for adult, (key_id, _) in zip(adults, keys, strict=True)
    ]
    for adult, adult_id in zip(adults, await numbered(session, guardian, rows, by="data_key_id"), strict=True):
        adult.id = adult_id


async def _write_addresses(
    session: AsyncSession, keyring: Keyring, school_id: int, addresses: Sequence[KnownAddress]
) -> None:
    keys = await _keys(session, keyring, school_id, "address", len(addresses))
    rows = [
        {
            "school_id": school_id,
            "data_key_id": key_id,
            "medium": one.medium,
            "kind": one.kind,
            "value_sealed": seal.close(one.value.encode(), b"address.value"),
            "lookup_hash": one.lookup,
            "state": AddressState.UNVERIFIED,
        }
        for one, (key_id, seal) in zip(addresses, keys, strict=True)
    ]
    for one, address_id in zip(addresses, await numbered(session, address, rows, by="data_key_id"), strict=True):
        one.id = address_id


async def _write_uses(session: AsyncSession, school_id: int, plan: Plan) -> None:
    rows = [
        {
            "school_id": school_id,
            "guardian_id": _id(adult),
            "address_id": _id(point.address),
            "channel": point.channel,
            "position": point.position,
        }
        for adult, point in plan.points
    ]
    if rows:
        await session.execute(insert(contact_point), rows)


def _link(school_id: int, new: NewLink, day: date) -> dict[str, Any]:
    """Write a link as the law presumes it: both parents decide; a service only looks after (Code civil 372, 373-4)."""
    service = not new.adult.first_name
    return {
        "school_id": school_id,
        "guardian_id": _id(new.adult),
        "pupil_id": new.pupil.id,
        "kind": LinkKind.SERVICE if service else LinkKind.JOINT,
        "may_be_told": True,
        "may_decide": not service,
        "may_collect": True,
        "waiting": new.waiting,
        "call_order": new.call_order,
        "from_on": day,
    }


async def _ask_about_barred(session: AsyncSession, school_id: int, links: Iterable[NewLink], *, now: datetime) -> None:
    for new in links:
        if new.waiting:
            adult_id, pupil_id = _id(new.adult), new.pupil.id
            await put_in_tray(
                session,
                school_id,
                Matter.ADULT_OF_BARRED_PUPIL,
                subject=f"barred:{adult_id}:{pupil_id}",
                now=now,
                guardian_id=adult_id,
                pupil_id=pupil_id,
            )


async def _ask_about_unclear(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    seal: Seal,
    unclear: Iterable[Unclear],
    *,
    now: datetime,
) -> None:
    """Ask who an adult is, the whole line sealed beside the question; the same line is asked about once."""
    for one in unclear:
        about = f"{guardian_key(one.row)} {sorted(pupil.id for pupil in one.pupils)}"
        candidates = [_id(adult) for adult in one.candidates]
        await put_in_tray(
            session,
            school_id,
            Matter.AMBIGUOUS_ADULT,
            subject=f"ambiguous:{keyring.lookup('tray', about).hex()}",
            now=now,
            guardian_id=candidates[0] if len(candidates) == 1 else None,
            detail_sealed=seal.close(_detail(one, candidates), b"tray_item.detail"),
        )


def _detail(one: Unclear, candidates: Sequence[int]) -> bytes:
    """Give the line as JSON: names, addresses as the file has them, and the ids of candidates and pupils."""
    row = one.row
    return orjson.dumps(
        {
            "civility": row.civility,
            "family_name": row.family_name,
            "usage_name": row.usage_name,
            "first_name": row.first_name,
            "mailbox": row.mailbox_raw,
            "home": row.home_raw,
            "work": row.work_raw,
            "mobile": row.mobile_raw,
            "candidates": candidates,
            "pupils": [pupil.id for pupil in one.pupils],
        }
    )
