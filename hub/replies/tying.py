"""The office ties a number that nobody knew to an adult: what waited from it goes into that adult's conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.people import AddressState, Matter, Medium
from hub.notices.headlines import Reader
from hub.people.addresses import find_address, new_address
from hub.people.links import told_about
from hub.people.mailboxes import mailbox_key, read_mailbox
from hub.people.noting import note
from hub.people.phones import read_phone
from hub.people.schools import read_school, school_key
from hub.ports import ChannelName
from hub.replies.keeping import DETAIL, FILE_BODY, FILE_NAME, WORDS
from hub.replies.threads import Party, Place, Turn, place
from hub.sealing import Keyring, Seal, UnreadableError
from hub.tables import (
    address,
    contact_point,
    data_key,
    guardian,
    insert_into,
    reply,
    reply_attachment,
    tray_item,
)

MOST = 500
"""Matters of the tray that are looked through for others from the same number, the newest first."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A matter of the tray: the reply that waits, and from where it came."""

    item_id: int
    reply_id: int
    written_from: str

    def __repr__(self) -> str:
        return f"_Waiting({self.item_id})"


async def tie(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    tray_item_id: int,
    guardian_id: int,
    reader: Reader,
    now: datetime,
) -> int:
    """Say that an unknown number, or mailbox, is an adult's; gives the conversation that its words went into.

    The adult is written to there too, behind the addresses on file. Raises NotAllowedError for who is not of the
    office, NotFoundError when the matter is closed, InvalidError for an adult who is told about no pupil today
    (barred, gone, erased) and for what is no number.
    """
    if not reader.rights.whole_school:
        raise NotAllowedError("Le bac est à la direction et au secrétariat.")
    seal = await school_key(session, keyring, school_id)
    waiting = await _waiting(session, seal, school_id)
    one = next((matter for matter in waiting if matter.item_id == tray_item_id), None)
    if one is None:
        raise NotFoundError("Cette réponse n’attend plus dans le bac.")
    pupils = await _pupils(session, school_id, guardian_id, reader)
    address_id, mine = await _address(session, keyring, school_id, one, guardian_id, now)
    same = [matter for matter in waiting if matter.written_from == one.written_from]
    thread_id = await _move(session, school_id, same, (seal, mine), address_id, Party(guardian_id, pupils), now)
    await session.execute(
        update(tray_item)
        .where(tray_item.c.school_id == school_id, tray_item.c.id.in_([matter.item_id for matter in same]))
        .values(closed_at=now, closed_by=reader.staff_id)
    )
    await note(session, school_id, reader.staff_id, "number_tied", ("guardian", guardian_id), now, count=len(same))
    return thread_id


async def _waiting(session: AsyncSession, seal: Seal, school_id: int) -> list[_Waiting]:
    """Open the matters of the tray that are replies from somebody whom we do not know."""
    rows = await session.execute(
        select(tray_item.c.id, tray_item.c.detail_sealed)
        .where(
            tray_item.c.school_id == school_id,
            tray_item.c.matter == Matter.UNMATCHED_REPLY,
            tray_item.c.closed_at.is_(None),
            tray_item.c.detail_sealed.is_not(None),
        )
        .order_by(tray_item.c.id.desc())
        .limit(MOST)
    )
    found = []
    for row in rows:
        try:
            detail = orjson.loads(seal.open(row.detail_sealed, DETAIL))
        except UnreadableError:
            continue
        if detail.get("from"):
            found.append(_Waiting(row.id, detail["reply"], detail["from"]))
    return found


async def _pupils(session: AsyncSession, school_id: int, guardian_id: int, reader: Reader) -> tuple[int, ...]:
    """List the pupils whom this adult is told about today. Raises InvalidError when there are none."""
    told = told_about(school_id, reader.day, to_come=True).subquery("told")
    rows = await session.execute(
        select(told.c.pupil_id)
        .join(guardian, and_(guardian.c.school_id == school_id, guardian.c.id == told.c.guardian_id))
        .where(told.c.guardian_id == guardian_id, guardian.c.name_key != "")
        .distinct()
    )
    pupils = tuple(sorted(rows.scalars()))
    if not pupils:
        raise InvalidError("Cet adulte n’est lié à aucun élève aujourd’hui.", field="guardian")
    return pupils


async def _address(
    session: AsyncSession, keyring: Keyring, school_id: int, one: _Waiting, guardian_id: int, now: datetime
) -> tuple[int, Seal]:
    """Put the address on file for the adult: somebody has just written from it, so it lives. Gives it with its key."""
    if "@" in one.written_from:
        value = read_mailbox(one.written_from)
        channel, medium, kind, name = ChannelName.EMAIL, Medium.MAILBOX, "", mailbox_key(value)
    else:
        phone = read_phone(one.written_from, (await read_school(session, school_id)).region)
        channel = ChannelName.SMS if phone.takes_texts else ChannelName.VOICE
        medium, kind, value, name = Medium.PHONE, phone.kind.value, phone.e164, phone.e164
    lookup = keyring.lookup(medium.value, name)
    alive: dict[str, Any] = {"state": AddressState.ACTIVE, "state_at": now, "last_sign_of_life": now}
    address_id, state = await find_address(session, school_id, medium, lookup) or (None, AddressState.ACTIVE)
    if state is AddressState.WRONG:
        raise InvalidError("Quelqu’un d’autre répond à cette adresse.", field="guardian")
    if address_id is None:
        address_id = await new_address(
            session, keyring, school_id, medium, lookup, value=value, more={"kind": kind, **alive}
        )
    last = select(func.coalesce(func.max(contact_point.c.position), 0) + 1).where(
        contact_point.c.school_id == school_id, contact_point.c.guardian_id == guardian_id
    )
    use = {"school_id": school_id, "guardian_id": guardian_id, "address_id": address_id, "channel": channel}
    await session.execute(
        insert_into(contact_point, session).values(**use, position=last.scalar_subquery()).on_conflict_do_nothing()
    )
    key = (
        await session.execute(
            select(data_key.c.wrapped, data_key.c.master_version)
            .join(address, and_(address.c.school_id == school_id, address.c.data_key_id == data_key.c.id))
            .where(address.c.id == address_id)
        )
    ).one()
    return address_id, keyring.seal(key.wrapped, key.master_version)


async def _move(
    session: AsyncSession,
    school_id: int,
    waiting: Sequence[_Waiting],
    seals: tuple[Seal, Seal],
    address_id: int,
    party: Party,
    now: datetime,
) -> int:
    """Put what waited into the adult's conversation, under the key of the address from now on."""
    connection = await session.connection()
    there = Place(party, address_id, None, Turn.OURS)
    [thread_id] = await place(connection, school_id=school_id, places=[there], now=now)
    service = select(guardian.c.service).where(guardian.c.id == party.guardian_id, guardian.c.school_id == school_id)
    person = None if (await session.execute(service)).scalar_one() else party.guardian_id
    ids = [matter.reply_id for matter in waiting]
    here = (reply.c.school_id == school_id, reply.c.id.in_(ids), reply.c.address_id.is_(None))
    for row in (await session.execute(select(reply.c.id, reply.c.words_sealed).where(*here))).all():
        await session.execute(
            update(reply)
            .where(reply.c.school_id == school_id, reply.c.id == row.id)
            .values(
                words_sealed=_sealed_anew(seals, row.words_sealed, WORDS),
                address_id=address_id,
                guardian_id=person,
                thread_id=thread_id,
                doubt="",
            )
        )
        await _move_files(session, school_id, row.id, seals)
    return thread_id


async def _move_files(session: AsyncSession, school_id: int, reply_id: int, seals: tuple[Seal, Seal]) -> None:
    files = select(reply_attachment.c.id, reply_attachment.c.name_sealed, reply_attachment.c.body_sealed).where(
        reply_attachment.c.school_id == school_id, reply_attachment.c.reply_id == reply_id
    )
    for row in (await session.execute(files)).all():
        await session.execute(
            update(reply_attachment)
            .where(reply_attachment.c.school_id == school_id, reply_attachment.c.id == row.id)
            .values(
                name_sealed=_sealed_anew(seals, row.name_sealed, FILE_NAME),
                body_sealed=_sealed_anew(seals, row.body_sealed, FILE_BODY),
            )
        )


def _sealed_anew(seals: tuple[Seal, Seal], sealed: bytes, what: bytes) -> bytes:
    """Seal under the second key what is sealed under the first."""
    before, after = seals
    return after.close(before.open(sealed, what), what)
