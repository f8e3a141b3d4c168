"""The press: freezes who is told, what and in which words, in one transaction; then the engine is woken.

Everything per adult is one INSERT … SELECT whatever the number of families. Pressing twice changes nothing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Select, case, delete, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError
from hub.models.base import BigId
from hub.models.notices import DeliveryState, Needs
from hub.models.school import School
from hub.notices.absent import open_cases
from hub.notices.addressing import address_to
from hub.notices.audience import Audience, classes_of, is_to_many, members, read_audience, require_right
from hub.notices.cancelling import one_alarm_at_a_time, take_the_place_of_the_last
from hub.notices.ladders import ladder_of
from hub.outbox.conversations import FirstWay
from hub.outbox.quiet import after_silence, outliving, spread_out, waited_for
from hub.patience import NO_LADDER, Ladder
from hub.people.rights import rights_on
from hub.ports import Lane, NoticeKind, Slots
from hub.routing import (
    KEEP,
    NOT_BY_HAND,
    check_absent_on,
    check_still_to_come,
    day_at_school,
    expires_at,
    lane_of,
    leaves_at,
)
from hub.sealing import Keyring
from hub.silence import SPREAD
from hub.tables import copy, data_key, delivery, insert_into, notice, notice_version
from i18n.checks import check_slots
from i18n.phrases import names_a_child

AUDIENCE_MAX = 2000
_SLOTS = b"notice_version.slots"
"""What a notice's words are sealed as."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an author presses. `key` names the press: the same key again gives the same notice back.

    `due_at`: not before. `seconded_by`: another member of staff who has read it, so that nobody waits to stop it.
    `at_once`: it waits for nothing whatever its kind: a child is missing, or silence would end too late.
    `until`: from when on it would be stale, where that is not as usual for its kind.
    """

    kind: NoticeKind
    audience: str
    slots: Slots
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    due_at: datetime | None = None
    seconded_by: int | None = None
    at_once: bool = False
    until: datetime | None = None

    @property
    def lane(self) -> Lane:
        """The queue that it waits in; urgent passes every silence."""
        return Lane.URGENT if self.at_once else lane_of(self.kind)

    @property
    def needs(self) -> Needs:
        """Whose answer its question needs; an invitation without a word of it asks each adult (`patience.asks`)."""
        if self.slots.by_family:
            return Needs.ONE
        return Needs.BOTH if self.slots.question else Needs.NONE

    def due(self, now: datetime) -> datetime:
        """Give when it leaves, pressed now."""
        return max(self.due_at or now, now)


@dataclass(frozen=True, slots=True)
class Published:
    """What came of a press: `fresh` is False when it had been pressed before. Nothing leaves before `due_at`."""

    notice_id: int
    adults: int
    copies: int
    to_call: int
    fresh: bool
    due_at: datetime


async def publish(
    session: AsyncSession, keyring: Keyring, *, school: School, author_id: int, draft: Draft, now: datetime
) -> Published:
    """Press a notice. Raises InvalidError, NotAllowedError; nothing is changed then."""
    check_draft(draft)
    if draft.kind is NoticeKind.CRISIS:
        await one_alarm_at_a_time(session, school.key)
    day = day_at_school(now, school.timezone)
    if draft.kind is NoticeKind.ABSENCE:
        check_absent_on(draft.slots.day, day)
    audience = await allowed_audience(session, school.key, author_id, draft, day=day)
    draft = replace(draft, due_at=await _due(session, school, author_id, draft, audience, day=day, now=now))
    if draft.kind is NoticeKind.MEETING:
        leaves = draft.due(now)
        silent = waited_for(school, draft.lane, leaves)
        check_still_to_come(draft.slots.starts_at, leaves, silent=silent)
    who = members(school.key, audience, day)
    published = await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now)
    if draft.kind is NoticeKind.CRISIS and published.fresh:
        await take_the_place_of_the_last(session, school.key, published.notice_id, now=now)
    if draft.kind is NoticeKind.ABSENCE and published.fresh:
        await open_cases(session, school_id=school.key, notice_id=published.notice_id, slots=draft.slots, now=now)
    return published


async def tell(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    author_id: int,
    draft: Draft,
    who: Select[Any],
    now: datetime,
    first: FirstWay | None = None,
) -> Published:
    """Write a notice to `who`, pairs of (guardian_id, pupil_id), without asking for a right: the caller has.

    `first`: the way that it goes before all others. In the school's silence it waits until that ends, unless urgent.
    """
    draft = replace(draft, due_at=after_silence(school, draft.lane, draft.due(now)))
    ladder = await ladder_of(session, school.key, draft.kind, draft.needs)
    ((notice_id, fresh),) = await written(session, keyring, school, author_id, [draft], now, ladder)
    if fresh:
        of_notice = who.add_columns(literal(notice_id, BigId()).label("notice_id"))
        await address_to(
            session,
            school.key,
            [notice_id],
            draft.kind,
            of_notice,
            due=draft.due(now),
            now=now,
            ladder=ladder,
            lane=draft.lane,
            way=first,
        )
        worth = _stale_at(school, draft, now) - draft.due(now)
        if worth > SPREAD and waited_for(school, draft.lane, draft.due(now)):
            await spread_out(await session.connection(), [notice_id], draft.due(now))
    return await counted(session, notice_id, fresh=fresh)


def check_draft(draft: Draft) -> None:
    """Refuse what nobody presses, or could not be said. Raises InvalidError."""
    check_by_hand(draft.kind, draft.slots)
    if not draft.key or len(draft.key) > 64:
        raise InvalidError("La clé d’un envoi compte de 1 à 64 signes.", field="key")
    if len(draft.audience) > AUDIENCE_MAX:
        raise InvalidError("Trop de noms à la fois : choisissez des classes, ou toute l’école.", field="audience")


def check_by_hand(kind: NoticeKind, slots: Slots) -> None:
    """Refuse what nobody presses as a notice, and what could not be said. Raises InvalidError."""
    if kind in NOT_BY_HAND or names_a_child(slots):
        raise InvalidError("Ce genre de message ne s’envoie pas à la main.", field="kind")
    check_slots(kind, slots)


async def allowed_audience(
    session: AsyncSession, school_id: int, author_id: int, draft: Draft, *, day: date
) -> Audience:
    """Read whom a draft is for. Raises InvalidError, and NotAllowedError when its author may not write to them."""
    audience = await read_audience(session, school_id=school_id, words=draft.audience, day=day)
    rights = await rights_on(session, school_id=school_id, staff_id=author_id, day=day)
    if draft.kind is NoticeKind.CRISIS:
        if not rights.may_alert:
            raise NotAllowedError("Une alerte part de la direction, du secrétariat ou d’un suppléant désigné.")
        if not audience.whole_school:
            raise InvalidError("Une alerte va à toute l’école.", field="audience")
        return audience
    theirs = await classes_of(session, school_id=school_id, pupils=audience.pupils, day=day)
    require_right(rights, audience, theirs)
    return audience


async def _due(
    session: AsyncSession, school: School, author_id: int, draft: Draft, audience: Audience, *, day: date, now: datetime
) -> datetime:
    """Say when it leaves. A second person is another one, who may write to everybody too. Raises NotAllowedError."""
    many = await is_to_many(session, school_id=school.key, audience=audience, day=day)
    if draft.seconded_by is not None:
        rights = await rights_on(session, school_id=school.key, staff_id=draft.seconded_by, day=day)
        if draft.seconded_by == author_id or not rights.whole_school:
            raise NotAllowedError("La seconde personne est une autre de la direction ou du secrétariat.")
        many = False
    return after_silence(school, draft.lane, leaves_at(draft.kind, draft.slots, many=many, asked=draft.due_at, now=now))


async def written(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    author_id: int,
    drafts: Sequence[Draft],
    now: datetime,
    ladder: Ladder = NO_LADDER,
) -> list[tuple[int, bool]]:
    """Write notices and their first versions, unless their keys were pressed before: (id, whether new) of each."""
    sealed = [(draft, *keyring.new_key()) for draft in drafts]
    locked = [
        {"school_id": school.key, "subject": "notice", "wrapped": wrapped, "master_version": version}
        for _, wrapped, version, _ in sealed
    ]
    keyed = await session.execute(insert(data_key).returning(data_key.c.wrapped, data_key.c.id), locked)
    keys = {bytes(row.wrapped): int(row.id) for row in keyed}
    rows = [
        {
            "school_id": school.key,
            "data_key_id": keys[wrapped],
            "key_name": draft.key,
            "kind": draft.kind,
            "lane": draft.lane,
            "state": "published",
            "needs": draft.needs,
            "most": draft.slots.most,
            "places": draft.slots.places,
            "author_id": author_id,
            "audience": draft.audience.strip(),
            "created_at": now,
            "due_at": draft.due(now),
            "expires_at": _stale_at(school, draft, now),
            "patience": int(ladder.patience.total_seconds()) if ladder.patience else None,
            "rings": ladder.rings,
            "calls": ladder.calls,
            "keep_until": (now + KEEP).date(),
        }
        for draft, wrapped, _, _ in sealed
    ]
    statement = insert_into(notice, session).on_conflict_do_nothing().returning(notice.c.key_name, notice.c.id)
    made = {row.key_name: int(row.id) for row in await session.execute(statement, rows)}
    if made:
        first = {"school_id": school.key, "n": 1, "author_id": author_id, "created_at": now}
        versions = [
            {**first, "notice_id": made[draft.key], "slots_sealed": seal.close(orjson.dumps(draft.slots), _SLOTS)}
            for draft, _, _, seal in sealed
            if draft.key in made
        ]
        await session.execute(insert(notice_version), versions)
    before = dict[str, int]()
    if len(made) < len(drafts):
        unused = [keys[wrapped] for draft, wrapped, _, _ in sealed if draft.key not in made]
        await session.execute(delete(data_key).where(data_key.c.school_id == school.key, data_key.c.id.in_(unused)))
        pressed = notice.c.key_name.in_([draft.key for draft in drafts])
        asked = select(notice.c.key_name, notice.c.id).where(notice.c.school_id == school.key, pressed)
        before = {row.key_name: int(row.id) for row in await session.execute(asked)}
    return [(made.get(draft.key) or before[draft.key], draft.key in made) for draft in drafts]


def _stale_at(school: School, draft: Draft, now: datetime) -> datetime:
    """Say from when on it would arrive stale; what has no day of its own outlives the silence that may hold it."""
    if draft.until is not None:
        return draft.until
    asks = draft.needs is not Needs.NONE
    stale = expires_at(draft.kind, draft.due(now), draft.slots, timezone=school.timezone, asks=asks)
    if asks and draft.kind in _WHENEVER:
        stale = outliving(school, draft.lane, draft.due(now), stale)
    heard = after_silence(school, draft.lane, stale) if draft.kind in _WHENEVER else stale
    return heard if heard == stale else heard + timedelta(days=1)


_WHENEVER = frozenset({NoticeKind.ANNOUNCEMENT, NoticeKind.RESULT, NoticeKind.DIGEST})


async def counted(session: AsyncSession, notice_id: int, *, fresh: bool) -> Published:
    """Count what came of a press."""
    to_call = func.coalesce(func.sum(case((delivery.c.state == DeliveryState.TO_CALL, 1), else_=0)), 0)
    copies = select(func.count(copy.c.id)).where(copy.c.notice_id == notice_id).scalar_subquery()
    due = select(notice.c.due_at).where(notice.c.id == notice_id).scalar_subquery()
    asked = select(func.count(delivery.c.id), copies, to_call, due).where(delivery.c.notice_id == notice_id)
    adults, sent, calls, leaves = (await session.execute(asked)).one()
    return Published(notice_id, adults, sent, calls, fresh, leaves)
