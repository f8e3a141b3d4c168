"""Meetings to which the school invited by a notice: they stand on the calendar by themselves, as they are today.

A correction moves the meeting it corrects, a reminder adds nothing, and what was withdrawn is cancelled.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.entries import Entry, Said, day_of
from hub.models.agenda import EventKind
from hub.models.answers import AnswerKind
from hub.models.base import BigId, UtcDateTime
from hub.models.notices import DeliveryState, NoticeState
from hub.notices.answered import ASKED
from hub.notices.headlines import Reader, may_see, read_headline
from hub.notices.headlines_asked import headlines
from hub.outbox.wordings import read_slots
from hub.people.links import told_today
from hub.ports import Follows, NoticeKind, Slots
from hub.sealing import Keyring, UnreadableError
from hub.tables import answer, copy_delivery, data_key, delivery, delivery_pupil, notice, notice_follow, notice_version
from i18n.slots import N_

MEETING = N_("Réunion")
"""What a meeting without a subject is called."""
_KNOWN = (DeliveryState.TOLD, DeliveryState.ACKNOWLEDGED)
_DAY = timedelta(days=1)


async def meetings_for_staff(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    timezone: str,
    reader: Reader,
    labels: Collection[str],
    first: date,
    last: date,
) -> list[Entry]:
    """List the meetings of these days that somebody may see; `labels`: the classes that are this reader's own."""
    which = {"school": school_id, **_around(first, last)}
    found = []
    for row in await session.execute(_pressed(), which):
        seen = read_headline(row, keyring)
        still = seen.ended_by is None and seen.slots.follows is not Follows.REMINDER
        if still and seen.slots.starts_at and may_see(reader, frozenset(labels), seen):
            made = _entry(seen.notice_id, seen.slots, timezone, made_at=seen.created_at, at=seen.created_at)
            found.append(replace(made, notices=frozenset({seen.notice_id, row.before_id or seen.notice_id})))
    return [one for one in found if first <= one.first <= last]


async def meetings_of(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    timezone: str,
    guardians: Collection[int],
    day: date,
    now: datetime,
    first: date,
    last: date,
) -> list[Entry]:
    """List the meetings of these days to which these adults were invited, with their own answers; cancelled ones too.

    Only about children through a link that is valid on `day`.
    """
    which = {"school": school_id, "guardians": list(guardians), "day": day, "now": now, **_around(first, last)}
    chains = _chained(await session.execute(_sent(), which))
    said = await _answers(session, school_id, guardians, [row.id for chain in chains.values() for row in chain])
    found = [_newest(number, chain, keyring, timezone, said) for number, chain in chains.items()]
    return [one for one in found if one is not None and first <= one.first <= last]


def _around(first: date, last: date) -> dict[str, object]:
    """A meeting's notice expires when it begins: give the hours of these days, in whatever zone."""
    begins, ends = (datetime.combine(one, time(), UTC) for one in (first - _DAY, last + 2 * _DAY))
    return {"since": begins, "until": ends}


def _chained(rows: Iterable[Any]) -> Mapping[int, list[Any]]:
    """Put each meeting's notices together, by the first of them, the oldest first; each comes once for each child."""
    listed = sorted(rows, key=lambda row: row.id)
    before = {row.id: row.before_id for row in listed if row.before_id is not None}
    chains: dict[int, list[Any]] = defaultdict(list)
    for row in listed:
        first = row.id
        while first in before:
            first = before[first]
        chains[first].append(row)
    return chains


def _newest(
    first: int, chain: Sequence[Any], keyring: Keyring, timezone: str, said: Mapping[int, tuple[datetime, Said]]
) -> Entry | None:
    """Give a meeting as its newest notice has it; None where it cannot be read, or nobody heard of it."""
    news = [row for row in chain if row.how != Follows.REMINDER] or list(chain)
    last = [row for row in news if row.id == news[-1].id]
    cancelled = last[0].state != NoticeState.PUBLISHED
    if cancelled and not any(row.delivery_state in _KNOWN for row in last):
        return None
    try:
        slots = _opened(last[0], keyring)
    except UnreadableError:
        return None
    answers = [said[row.id] for row in chain if row.id in said]
    return replace(
        _entry(last[0].id, slots, timezone, made_at=chain[0].created_at, at=last[0].created_at),
        uid=_uid(last[0].school_id, first),
        sequence=len({row.id for row in news}) - 1 + cancelled,
        cancelled=cancelled,
        notices=frozenset(row.id for row in chain),
        pupils=frozenset(row.pupil_id for row in last),
        asks=True,
        delivery_id=next((row.delivery_id for row in last if row.left), None),
        said=max(answers, key=lambda one: one[0])[1] if answers else None,
    )


def _opened(row: Any, keyring: Keyring) -> Slots:  # noqa: ANN401 (a row)
    seal = keyring.seal(row.wrapped, row.master_version)
    return read_slots(seal.open(row.slots_sealed, b"notice_version.slots"))


def _entry(notice_id: int, slots: Slots, timezone: str, *, made_at: datetime, at: datetime) -> Entry:
    starts = slots.starts_at or at
    first = day_of(starts, timezone)
    return Entry(
        kind=EventKind.MEETING,
        title=slots.subject or "",
        text=slots.text or "",
        place=slots.place or "",
        first=first,
        last=first,
        starts_at=starts,
        ends_at=None,
        uid="",
        sequence=0,
        made_at=made_at,
        changed_at=at,
        notice_id=notice_id,
    )


def _uid(school_id: int, notice_id: int) -> str:
    """Name a meeting for calendars: the same name whatever follows, and no number that one could count by."""
    return blake2b(f"meeting:{school_id}:{notice_id}".encode(), digest_size=16).hexdigest()


async def _answers(
    session: AsyncSession, school_id: int, guardians: Collection[int], notices: Iterable[int]
) -> dict[int, tuple[datetime, Said]]:
    which = {"school": school_id, "guardians": list(guardians), "notices": sorted(set(notices))}
    if not which["notices"]:
        return {}
    rows = await session.execute(_said(), which)
    return {row.notice_id: (row.at, Said(AnswerKind(row.kind), row.number)) for row in rows}


_SCHOOL = bindparam("school", type_=BigId())
_GUARDIANS = bindparam("guardians", type_=BigId(), expanding=True)
_SINCE, _UNTIL = (bindparam(name, type_=UtcDateTime()) for name in ("since", "until"))
_OF_THE_TIME = and_(notice.c.kind == NoticeKind.MEETING, notice.c.expires_at >= _SINCE, notice.c.expires_at < _UNTIL)


@cache
def _pressed() -> Select[Any]:
    """Ask for the invitations to meetings of some days: parameters school, since, until."""
    before = (
        select(notice_follow.c.before_id)
        .where(notice_follow.c.school_id == notice.c.school_id, notice_follow.c.notice_id == notice.c.id)
        .correlate(notice)
        .scalar_subquery()
        .label("before_id")
    )
    pressed = headlines().add_columns(before).where(_OF_THE_TIME, notice.c.state == NoticeState.PUBLISHED)
    return pressed.order_by(notice.c.expires_at)


@cache
def _sent() -> Select[Any]:
    """Ask for the invitations to some adults, of each child: parameters school, guardians, day, now, since, until."""
    here = and_(copy_delivery.c.school_id == delivery.c.school_id, copy_delivery.c.delivery_id == delivery.c.id)
    left = select(copy_delivery.c.id).where(here).correlate(delivery).exists()
    later = notice_version.alias("later")
    newest = ~select(later.c.id).where(later.c.notice_id == notice.c.id, later.c.n > notice_version.c.n).exists()
    return (
        select(
            notice.c.id,
            notice.c.school_id,
            notice.c.state,
            notice.c.created_at,
            notice_follow.c.before_id,
            notice_follow.c.how,
            notice_version.c.slots_sealed,
            data_key.c.wrapped,
            data_key.c.master_version,
            delivery.c.id.label("delivery_id"),
            delivery.c.state.label("delivery_state"),
            left.label("left"),
            delivery_pupil.c.pupil_id,
        )
        .join(delivery, and_(delivery.c.school_id == notice.c.school_id, delivery.c.notice_id == notice.c.id))
        .join(
            delivery_pupil,
            and_(delivery_pupil.c.school_id == delivery.c.school_id, delivery_pupil.c.delivery_id == delivery.c.id),
        )
        .join(data_key, and_(data_key.c.school_id == notice.c.school_id, data_key.c.id == notice.c.data_key_id))
        .join(
            notice_version,
            and_(notice_version.c.school_id == notice.c.school_id, notice_version.c.notice_id == notice.c.id),
        )
        .outerjoin(
            notice_follow,
            and_(notice_follow.c.school_id == notice.c.school_id, notice_follow.c.notice_id == notice.c.id),
        )
        .where(
            notice.c.school_id == _SCHOOL,
            _OF_THE_TIME,
            notice.c.due_at <= bindparam("now", type_=UtcDateTime()),
            delivery.c.guardian_id.in_(_GUARDIANS),
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
            newest,
        )
    )


@cache
def _said() -> Select[Any]:
    """Ask what some adults answered to invitations: parameters school, guardians, notices."""
    return (
        select(answer.c.notice_id, answer.c.kind, answer.c.number, answer.c.at)
        .where(
            answer.c.school_id == _SCHOOL,
            answer.c.guardian_id.in_(_GUARDIANS),
            answer.c.notice_id.in_(bindparam("notices", type_=BigId(), expanding=True)),
            answer.c.kind.in_(ASKED),
        )
        .order_by(answer.c.at)
    )
