"""The office tray: what only a person can settle, said in full (`hub.inbox.settling` has the acts that end each)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Integer, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.inbox.envelopes import Envelopes, replies
from hub.inbox.listing_asked import families, seats, sharing
from hub.inbox.rights import DAY, SCHOOL, several
from hub.inbox.settling import require
from hub.models.people import Matter, Medium
from hub.notices.headlines import Reader
from hub.people.addresses import masked
from hub.people.links import told_about
from hub.people.names import full_name
from hub.people.phones import shown
from hub.people.schools import school_key
from hub.ports import ChannelName
from hub.replies.keeping import DETAIL
from hub.sealing import Keyring, Seal, UnreadableError
from hub.tables import address, data_key, guardian, reply, tray_item

SHOWN = 50
"""Matters of one page; the others follow as these are settled."""


@dataclass(frozen=True, slots=True)
class Someone:
    """An adult whom a matter may be about, with the first names and classes of the pupils he or she is told about."""

    guardian_id: int
    name: str
    children: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"Someone({self.guardian_id})"


@dataclass(frozen=True, slots=True)
class Item:
    """One matter. `pupil` a first name with the class; `adults`: who is concerned, or whom we would guess.

    `words`: what was written, by `channel` at `at`; None where nothing was, or it was erased. `where` is the address
    it is about, its middle hidden; in clear for who asked for it, which is written down. `stranger`: nobody here uses
    it, so it can be tied to an adult (`hub.replies.tying`). `leaves`: the address that wishes no more messages, hidden
    likewise. `family`: who is told about the pupil today.
    """

    item_id: int
    matter: Matter
    opened_at: datetime
    pupil: tuple[str, str] | None = None
    adults: tuple[Someone, ...] = ()
    family: tuple[Someone, ...] = ()
    name: str = ""
    where: str = ""
    stranger: bool = False
    leaves: str = ""
    words: str | None = None
    channel: ChannelName | None = None
    at: datetime | None = None
    reply_id: int | None = None
    thread_id: int | None = None

    def __repr__(self) -> str:
        return f"Item({self.item_id})"

    @property
    def may_be(self) -> tuple[Someone, ...]:
        """Of whom one may say that he or she wrote: whoever might be a stranger's, or of several who share an address.

        Only adults who are told about a pupil today.
        """
        told = tuple(one for one in self.adults if one.children)
        return told if self.stranger or (self.reply_id is not None and len(self.adults) > 1) else ()


async def how_many(session: AsyncSession, *, school_id: int) -> int:
    """Count what waits in the tray."""
    waits = (tray_item.c.school_id == school_id, tray_item.c.closed_at.is_(None))
    return int((await session.execute(select(func.count()).select_from(tray_item).where(*waits))).scalar_one())


async def tray(
    session: AsyncSession, keyring: Keyring, *, school_id: int, reader: Reader, clear: int | None = None
) -> tuple[Item, ...]:
    """List what waits, the oldest first; `clear`: the matter whose address is shown in full (`show_address`).

    Seven questions, whatever the number. Raises NotAllowedError.
    """
    require(reader)
    here: dict[str, Any] = {"school": school_id, "day": reader.day}
    rows = (await session.execute(_OPEN, {**here, "most": SHOWN})).all()
    if not rows:
        return ()
    school = await school_key(session, keyring, school_id)
    details = {row.id: _detail(row, school) for row in rows}
    said = await _said(session, keyring, here, [one.get("reply") for one in details.values()])
    about = await _about(session, here, rows, details)
    kin = await _kin(session, here, [row.pupil_id for row in rows])
    adults, pupils = await _people(session, here, [*about.values(), *kin.values()], kin)
    return tuple(
        Item(
            item_id=row.id,
            matter=Matter(row.matter),
            opened_at=row.opened_at,
            pupil=pupils.get(row.pupil_id),
            adults=tuple(adults[one] for one in about[row.id] if one in adults),
            family=tuple(adults[one] for one in kin.get(row.pupil_id, ()) if one in adults),
            name=_name(details[row.id]),
            where=_where(details[row.id].get("from"), row, keyring, clear=clear == row.id),
            stranger=bool(details[row.id].get("from")),
            leaves=_where(None, row, keyring, clear=False) if details[row.id].get("leaves") else "",
            **said.get(details[row.id].get("reply"), {}),
        )
        for row in rows
    )


async def _said(
    session: AsyncSession, keyring: Keyring, here: Mapping[str, Any], ids: Sequence[int | None]
) -> dict[int | None, dict[str, Any]]:
    """Open the replies that found no family, by reply: what an Item says of them."""
    envelopes = await Envelopes.of(session, keyring, here["school"])
    wanted = {**here, "replies": [one for one in ids if one is not None]}
    return {
        row.id: {
            "words": envelopes.words(row),
            "channel": ChannelName(row.channel),
            "at": row.received_at,
            "reply_id": row.id,
            "thread_id": row.thread_id,
        }
        for row in await session.execute(_REPLIES, wanted)
    }


async def _about(
    session: AsyncSession, here: Mapping[str, Any], rows: Sequence[Any], details: Mapping[int, Mapping[str, Any]]
) -> dict[int, list[int]]:
    """Say which adults each matter may be about: who is named in it, whom we would guess, who uses the address."""
    users: dict[int, list[int]] = defaultdict(list)
    addresses = sorted({row.address_id for row in rows if row.address_id is not None})
    for row in await session.execute(sharing(), {**here, "addresses": addresses}):
        users[row.address_id].append(row.id)
    return {
        row.id: list(
            dict.fromkeys(
                one
                for one in (
                    row.guardian_id,
                    *details[row.id].get("candidates", ()),
                    *details[row.id].get("proposal", ()),
                    *users.get(row.address_id, ()),
                )
                if one is not None
            )
        )
        for row in rows
    }


async def _kin(session: AsyncSession, here: dict[str, Any], pupils: Sequence[int | None]) -> dict[int, list[int]]:
    """Say who is told today about each of these pupils."""
    kin: dict[int, list[int]] = {one: [] for one in pupils if one is not None}
    for row in await session.execute(_KIN, {**here, "pupils": sorted(kin)}) if kin else ():
        kin[row.pupil_id].append(row.guardian_id)
    return kin


async def _people(
    session: AsyncSession, here: dict[str, Any], about: Iterable[Sequence[int]], pupils: Iterable[int]
) -> tuple[dict[int, Someone], dict[int, tuple[str, str]]]:
    """Read these adults with the children they are told about, and the name and class of these pupils."""
    guardians = sorted({one for of in about for one in of})
    told: dict[int, list[int]] = defaultdict(list)
    for row in await session.execute(families(), {**here, "guardians": guardians}):
        told[row.guardian_id].append(row.pupil_id)
    young = sorted({one for of in told.values() for one in of}.union(pupils))
    seated = {
        row.id: (row.first_name, row.label or "") for row in await session.execute(seats(), {**here, "pupils": young})
    }
    return {
        row.id: Someone(
            guardian_id=row.id,
            name=full_name(row.first_name, row.usage_name, row.family_name),
            children=tuple(seated[one] for one in told[row.id] if one in seated),
        )
        for row in await session.execute(_ADULTS, {**here, "guardians": guardians})
    }, seated


def _detail(row: Any, school: Seal) -> Mapping[str, Any]:  # noqa: ANN401 (a row)
    """Open what was noted beside a matter; nothing where it was erased."""
    if row.detail_sealed is None:
        return {}
    try:
        found: Mapping[str, Any] = orjson.loads(school.open(row.detail_sealed, DETAIL))
    except UnreadableError:
        return {}
    return found


def _name(detail: Mapping[str, Any]) -> str:
    """Say how the file names an adult whom it does not tell apart."""
    return full_name(detail.get("first_name", ""), detail.get("usage_name", ""), detail.get("family_name", ""))


def _where(stranger: str | None, row: Any, keyring: Keyring, *, clear: bool) -> str:  # noqa: ANN401 (a row)
    """Say which number or mailbox it is about, a stranger's or one on file, its middle hidden unless asked for."""
    value = stranger or ""
    medium = Medium.MAILBOX if "@" in value else Medium.PHONE if value.startswith("+") else Medium.CHAT
    if not value and row.value_sealed is not None and row.wrapped is not None:
        try:
            seal = keyring.seal(row.wrapped, row.master_version)
            medium, value = Medium(row.medium), seal.open(row.value_sealed, b"address.value").decode()
        except UnreadableError:
            return ""
    if medium in (Medium.CHAT, Medium.PUSH):
        return ""
    if not clear:
        return masked(medium, value)
    return shown(value) if medium is Medium.PHONE else value


_OPEN = (
    select(
        tray_item.c.id,
        tray_item.c.matter,
        tray_item.c.opened_at,
        tray_item.c.guardian_id,
        tray_item.c.pupil_id,
        tray_item.c.address_id,
        tray_item.c.detail_sealed,
        address.c.medium,
        address.c.value_sealed,
        data_key.c.wrapped,
        data_key.c.master_version,
    )
    .outerjoin(address, and_(address.c.school_id == tray_item.c.school_id, address.c.id == tray_item.c.address_id))
    .outerjoin(data_key, and_(data_key.c.school_id == address.c.school_id, data_key.c.id == address.c.data_key_id))
    .where(tray_item.c.school_id == SCHOOL, tray_item.c.closed_at.is_(None))
    .order_by(tray_item.c.id)
    .limit(bindparam("most", type_=Integer()))
)
_TOLD = told_about(SCHOOL, DAY).subquery("told")
_KIN = (
    select(_TOLD.c.pupil_id, _TOLD.c.guardian_id)
    .where(_TOLD.c.pupil_id.in_(several("pupils")))
    .distinct()
    .order_by(_TOLD.c.pupil_id, _TOLD.c.guardian_id)
)
_REPLIES = replies().where(reply.c.id.in_(several("replies")))
_ADULTS = select(guardian.c.id, guardian.c.first_name, guardian.c.usage_name, guardian.c.family_name).where(
    guardian.c.school_id == SCHOOL, guardian.c.name_key != "", guardian.c.id.in_(several("guardians"))
)
