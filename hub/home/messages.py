"""What the school sent to one adult, and what he or she answered: never another adult's words, ways or silence."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Date, Integer, Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.answers import AnswerKind
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import DeliveryState, NoticeState
from hub.outbox.wordings import read_slots, told_of
from hub.people.links import told_today
from hub.ports import NoticeKind, Slots
from hub.replies.keeping import WORDS
from hub.sealing import Keyring, UnreadableError
from hub.tables import (
    address,
    answer,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    notice,
    notice_version,
    pupil,
    reply,
    staff,
)

WORDS_SHOWN = 4000
"""Characters of a reply that the page shows."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it stands: what, how many where that was said, and for which child (a first name, or nobody's)."""

    kind: AnswerKind
    number: int | None
    pupil: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice to this adult. `pupils`: first names of those it is about. `copy_id` None: no message of it left.

    `withdrawn`: the school took it back. `written`: what the adult wrote in answer to it, the oldest first.
    """

    notice_id: int
    delivery_id: int
    copy_id: int | None
    at: datetime
    kind: NoticeKind
    slots: Slots
    author: str
    pupils: tuple[str, ...]
    withdrawn: bool
    answers: tuple[Answered, ...] = ()
    written: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Sent({self.delivery_id})"


async def sent_to(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    guardians: Collection[int],
    day: date,
    now: datetime,
    most: int,
) -> list[Sent]:
    """List the newest notices to these adults, at most `most`; the same one to two of them once.

    Only what is about a child of theirs through a link that is valid today; no code, and nothing that has not left yet.
    """
    asked = {"school": school_id, "guardians": list(guardians), "day": day, "now": now, "most": most}
    rows = (await session.execute(_sent(), asked)).all()
    which = {**asked, "deliveries": [row.delivery_id for row in rows], "notices": [row.id for row in rows]}
    names: dict[int, dict[int, str]] = defaultdict(dict)
    for row in await session.execute(_pupils(), which):
        names[row.delivery_id][row.pupil_id] = row.first_name
    answers: dict[int, list[Answered]] = defaultdict(list)
    for row in await session.execute(_answers(), which):
        answers[row.notice_id].append(Answered(AnswerKind(row.kind), row.number, row.first_name or ""))
    written: dict[int, list[str]] = defaultdict(list)
    for row in await session.execute(_written(), which):
        try:
            words = keyring.seal(row.wrapped, row.master_version).open(row.words_sealed, WORDS)
        except UnreadableError:
            continue  # erased
        written[row.notice_id].append(words.decode("utf-8", "replace")[:WORDS_SHOWN])
    found = []
    for row in rows:
        try:
            seal = keyring.seal(row.wrapped, row.master_version)
            slots = read_slots(seal.open(row.slots_sealed, b"notice_version.slots"))
        except UnreadableError:
            continue
        found.append(
            Sent(
                notice_id=row.id,
                delivery_id=row.delivery_id,
                copy_id=row.copy_id,
                at=row.due_at,
                kind=NoticeKind(row.kind),
                slots=told_of(slots, names[row.delivery_id]),
                author=row.name,
                pupils=tuple(names[row.delivery_id].values()),
                withdrawn=row.state != NoticeState.PUBLISHED,
                answers=tuple(answers[row.id]),
                written=tuple(written[row.id]),
            )
        )
    return found


async def copy_of(
    session: AsyncSession, *, school_id: int, guardians: Collection[int], delivery_id: int
) -> tuple[int, int] | None:
    """Give (guardian, newest copy) of a notice to one of these adults; None when it is not theirs, or none left."""
    which = {"school": school_id, "guardians": list(guardians), "delivery": delivery_id}
    row = (await session.execute(_copy(), which)).one_or_none()
    return None if row is None or row.copy_id is None else (row.guardian_id, row.copy_id)


_SCHOOL = bindparam("school", type_=BigId())
_MINE = and_(
    delivery.c.school_id == _SCHOOL, delivery.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True))
)
_NOTICES = bindparam("notices", type_=BigId(), expanding=True)
_GUARDIANS = bindparam("guardians", type_=BigId(), expanding=True)


def _newest_copy() -> Any:  # noqa: ANN401 (a scalar select)
    return (
        select(func.max(copy_delivery.c.copy_id))
        .where(copy_delivery.c.school_id == delivery.c.school_id, copy_delivery.c.delivery_id == delivery.c.id)
        .correlate(delivery)
        .scalar_subquery()
        .label("copy_id")
    )


@cache
def _sent() -> Select[Any]:
    """Ask for notices to some adults: parameters school, guardians, day, now, most."""
    later = notice_version.alias("later")
    newest = ~select(later.c.id).where(later.c.notice_id == notice.c.id, later.c.n > notice_version.c.n).exists()
    told = (
        select(delivery_pupil.c.id)
        .where(
            delivery_pupil.c.school_id == delivery.c.school_id,
            delivery_pupil.c.delivery_id == delivery.c.id,
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
        )
        .correlate(delivery)
        .exists()
    )
    mine = select(func.min(delivery.c.id)).where(_MINE, told).group_by(delivery.c.notice_id)
    return (
        select(
            notice.c.id,
            notice.c.kind,
            notice.c.state,
            notice.c.due_at,
            delivery.c.id.label("delivery_id"),
            _newest_copy(),
            staff.c.name,
            notice_version.c.slots_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
        )
        .join(notice, and_(notice.c.school_id == delivery.c.school_id, notice.c.id == delivery.c.notice_id))
        .join(staff, and_(staff.c.school_id == notice.c.school_id, staff.c.id == notice.c.author_id))
        .join(data_key, and_(data_key.c.school_id == notice.c.school_id, data_key.c.id == notice.c.data_key_id))
        .join(notice_version, notice_version.c.notice_id == notice.c.id)
        .where(
            delivery.c.id.in_(mine),
            delivery.c.state != DeliveryState.CANCELLED,
            notice.c.kind != NoticeKind.CODE,
            notice.c.due_at <= bindparam("now", type_=UtcDateTime()),
            newest,
        )
        .order_by(notice.c.due_at.desc(), notice.c.id.desc())
        .limit(bindparam("most", type_=Integer()))
    )


@cache
def _pupils() -> Select[Any]:
    """Ask whom some deliveries are about, today: parameters school, deliveries, day."""
    return (
        select(delivery_pupil.c.delivery_id, delivery_pupil.c.pupil_id, pupil.c.first_name)
        .join(pupil, and_(pupil.c.school_id == delivery_pupil.c.school_id, pupil.c.id == delivery_pupil.c.pupil_id))
        .join(delivery, delivery.c.id == delivery_pupil.c.delivery_id)
        .where(
            delivery_pupil.c.school_id == _SCHOOL,
            delivery_pupil.c.delivery_id.in_(bindparam("deliveries", type_=BigId(), expanding=True)),
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
        )
        .order_by(delivery_pupil.c.pupil_id)
    )


@cache
def _answers() -> Select[Any]:
    """Ask what these adults answered: parameters school, guardians, notices."""
    return (
        select(answer.c.notice_id, answer.c.kind, answer.c.number, pupil.c.first_name)
        .outerjoin(pupil, and_(pupil.c.school_id == answer.c.school_id, pupil.c.id == answer.c.pupil_id))
        .where(answer.c.school_id == _SCHOOL, answer.c.guardian_id.in_(_GUARDIANS), answer.c.notice_id.in_(_NOTICES))
        .order_by(answer.c.notice_id, answer.c.pupil_id)
    )


@cache
def _written() -> Select[Any]:
    """Ask what these adults wrote in answer, sealed: parameters school, guardians, notices."""
    return (
        select(reply.c.notice_id, reply.c.words_sealed, data_key.c.wrapped, data_key.c.master_version)
        .join(address, and_(address.c.school_id == reply.c.school_id, address.c.id == reply.c.address_id))
        .join(data_key, and_(data_key.c.school_id == address.c.school_id, data_key.c.id == address.c.data_key_id))
        .where(
            reply.c.school_id == _SCHOOL,
            reply.c.guardian_id.in_(_GUARDIANS),
            reply.c.notice_id.in_(_NOTICES),
            reply.c.machine.is_(False),
        )
        .order_by(reply.c.id)
    )


@cache
def _copy() -> Select[Any]:
    """Ask for the newest copy of one delivery: parameters school, guardians, delivery.

    Never of a code: only whoever holds the address that it went to may read it.
    """
    return (
        select(delivery.c.guardian_id, _newest_copy())
        .join(notice, and_(notice.c.school_id == delivery.c.school_id, notice.c.id == delivery.c.notice_id))
        .where(_MINE, delivery.c.id == bindparam("delivery", type_=BigId()), notice.c.kind != NoticeKind.CODE)
    )
