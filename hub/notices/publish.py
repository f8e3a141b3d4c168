"""The press: freezes who is told, what and in which words, in one transaction; then the engine is woken.

Everything per adult is one INSERT … SELECT whatever the number of families. Pressing twice changes nothing.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Select, case, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import ring_after_commit
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.notices import DeliveryState, Needs, NoticeState, NoticeVersion
from hub.models.people import DataKey
from hub.models.school import School
from hub.notices.absent import open_cases
from hub.notices.audience import Audience, classes_of, is_everybody, members, read_audience, require_right
from hub.outbox.conversations import FirstWay, first_rung, keep_sender
from hub.outbox.ladder import open_calls, open_rungs
from hub.outbox.rungs import next_rung
from hub.people.rights import rights_on
from hub.ports import Follows, NoticeKind, Slots
from hub.routing import check_absent_on, check_still_to_come, day_at_school, expires_at, lane_of, leaves_at
from hub.sealing import Keyring
from hub.tables import copy, delivery, delivery_pupil, insert_into, notice, notice_follow
from hub.tables import school as schools
from i18n.checks import check_slots
from i18n.phrases import names_a_child

KEEP = timedelta(days=365)
AUDIENCE_MAX = 2000
_STOPPABLE = (DeliveryState.HELD, DeliveryState.ON_THE_WAY, DeliveryState.TO_CALL)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an author presses. `key` names the press: the same key again gives the same notice back.

    `due_at`: not before. `seconded_by`: another member of staff who has read it, so that nobody waits to stop it.
    """

    kind: NoticeKind
    audience: str
    slots: Slots
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    needs: Needs = Needs.NONE
    due_at: datetime | None = None
    seconded_by: int | None = None


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
    _check(draft)
    if draft.kind is NoticeKind.CRISIS:
        await _one_alarm_at_a_time(session, school.key)
    day = day_at_school(now, school.timezone)
    if draft.kind is NoticeKind.ABSENCE:
        check_absent_on(draft.slots.day, day)
    audience = await _allowed_audience(session, school.key, author_id, draft, day=day)
    draft = replace(draft, due_at=await _due(session, school.key, author_id, draft, audience, day=day, now=now))
    if draft.kind is NoticeKind.MEETING:
        check_still_to_come(draft.slots.starts_at, draft.due_at or now)
    who = members(school.key, audience, day)
    published = await tell(session, keyring, school=school, author_id=author_id, draft=draft, who=who, now=now)
    if draft.kind is NoticeKind.CRISIS and published.fresh:
        await _take_the_place_of_the_last(session, school.key, published.notice_id, now=now)
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

    `first`: the way that it goes before all others.
    """
    notice_id, fresh = await _written(session, keyring, school, author_id, draft, now)
    if fresh:
        await _address_to(session, school.key, notice_id, who, now=now, way=first)
        ring_after_commit(session, lane_of(draft.kind))
    return await counted(session, notice_id, fresh=fresh)


async def cancel(session: AsyncSession, *, school_id: int, notice_id: int, now: datetime) -> None:
    """Stop what has not left yet. What has left stays told; the claims see it before each sending."""
    done = await session.execute(
        update(notice)
        .where(notice.c.school_id == school_id, notice.c.id == notice_id)
        .values(state="cancelled")
        .returning(notice.c.id)
    )
    if done.scalar_one_or_none() is None:
        raise NotFoundError("Cet avis n’existe pas.")
    await session.execute(
        update(delivery)
        .where(delivery.c.school_id == school_id, delivery.c.notice_id == notice_id, delivery.c.state.in_(_STOPPABLE))
        .values(state=DeliveryState.CANCELLED, state_at=now)
    )


def _check(draft: Draft) -> None:
    if draft.kind is NoticeKind.REMINDER or names_a_child(draft.slots):
        raise InvalidError("Ce genre de message n'est pas encore possible.", field="kind")
    check_slots(draft.kind, draft.slots)
    if not draft.key or len(draft.key) > 64:
        raise InvalidError("La clé d’un envoi compte de 1 à 64 signes.", field="key")
    if len(draft.audience) > AUDIENCE_MAX:
        raise InvalidError("Trop de noms à la fois : choisissez des classes, ou toute l’école.", field="audience")


async def _allowed_audience(
    session: AsyncSession, school_id: int, author_id: int, draft: Draft, *, day: date
) -> Audience:
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
    session: AsyncSession, school_id: int, author_id: int, draft: Draft, audience: Audience, *, day: date, now: datetime
) -> datetime:
    """Say when it leaves. A second person is another one, who may write to everybody too. Raises NotAllowedError."""
    everybody = await is_everybody(session, school_id=school_id, audience=audience, day=day)
    if draft.seconded_by is not None:
        rights = await rights_on(session, school_id=school_id, staff_id=draft.seconded_by, day=day)
        if draft.seconded_by == author_id or not rights.whole_school:
            raise NotAllowedError("La seconde personne est une autre de la direction ou du secrétariat.")
        everybody = False
    return leaves_at(draft.kind, draft.slots, everybody=everybody, asked=draft.due_at, now=now)


async def _one_alarm_at_a_time(session: AsyncSession, school_id: int) -> None:
    """Let the second of two alarms see the first, whose place it takes (SQLite has one writer at a time anyway)."""
    await session.execute(select(schools.c.id).where(schools.c.id == school_id).with_for_update(key_share=True))


async def _take_the_place_of_the_last(session: AsyncSession, school_id: int, notice_id: int, *, now: datetime) -> None:
    """In a crisis each update stops what has not left of the one before."""
    before = (
        select(notice.c.id)
        .where(
            notice.c.school_id == school_id,
            notice.c.kind == NoticeKind.CRISIS,
            notice.c.state == NoticeState.PUBLISHED,
            notice.c.id < notice_id,
            notice.c.expires_at > now,
        )
        .order_by(notice.c.id.desc())
    )
    for number, earlier in enumerate((await session.scalars(before)).all()):
        await cancel(session, school_id=school_id, notice_id=earlier, now=now)
        if number == 0:
            await session.execute(
                insert(notice_follow).values(
                    school_id=school_id, notice_id=notice_id, before_id=earlier, how=Follows.UPDATE
                )
            )


async def _written(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    author_id: int,
    draft: Draft,
    now: datetime,
) -> tuple[int, bool]:
    """Write the notice and its first version, unless this key was pressed before: (its id, whether it is new)."""
    wrapped, version, seal = keyring.new_key()
    data_key = DataKey(school_id=school.key, subject="notice", wrapped=wrapped, master_version=version)
    session.add(data_key)
    await session.flush()
    due = max(draft.due_at or now, now)
    row = {
        "school_id": school.key,
        "data_key_id": data_key.key,
        "key_name": draft.key,
        "kind": draft.kind,
        "lane": lane_of(draft.kind),
        "state": "published",
        "needs": draft.needs,
        "author_id": author_id,
        "audience": draft.audience.strip(),
        "created_at": now,
        "due_at": due,
        "expires_at": expires_at(draft.kind, due, draft.slots),
        "keep_until": (now + KEEP).date(),
    }
    made = (
        await session.execute(insert_into(notice, session).values(row).on_conflict_do_nothing().returning(notice.c.id))
    ).scalar_one_or_none()
    if made is None:
        await session.delete(data_key)
        before = select(notice.c.id).where(notice.c.school_id == school.key, notice.c.key_name == draft.key)
        return (await session.execute(before)).scalar_one(), False
    session.add(
        NoticeVersion(
            school_id=school.key,
            notice_id=made,
            n=1,
            author_id=author_id,
            slots_sealed=seal.close(orjson.dumps(draft.slots), b"notice_version.slots"),
            created_at=now,
        )
    )
    await session.flush()
    return int(made), True


async def _address_to(
    session: AsyncSession, school_id: int, notice_id: int, who: Select[Any], *, now: datetime, way: FirstWay | None
) -> None:
    told = who.subquery("told_pairs")
    adults = select(told.c.guardian_id).distinct().subquery("all_adults")
    first = (
        first_rung(way, adults.c.guardian_id, literal(school_id))
        if way
        else next_rung(adults.c.guardian_id, literal(school_id), literal(0)).correlate(adults).scalar_subquery()
    )
    adults = select(adults.c.guardian_id, first.label("first")).subquery("adults")
    held = select(notice.c.due_at > now).where(notice.c.id == notice_id).scalar_subquery()
    state = case(
        (adults.c.first.is_(None), DeliveryState.TO_CALL.value),
        (held, DeliveryState.HELD.value),
        else_=DeliveryState.ON_THE_WAY.value,
    )
    await session.execute(
        insert(delivery).from_select(
            ["school_id", "notice_id", "guardian_id", "state", "rung", "state_at"],
            select(
                literal(school_id),
                literal(notice_id),
                adults.c.guardian_id,
                state,
                func.coalesce(adults.c.first, 0),
                literal(now, delivery.c.state_at.type),
            ).order_by(adults.c.guardian_id),
        )
    )
    await session.execute(
        insert(delivery_pupil).from_select(
            ["school_id", "delivery_id", "pupil_id"],
            select(delivery.c.school_id, delivery.c.id, told.c.pupil_id)
            .join(told, told.c.guardian_id == delivery.c.guardian_id)
            .where(delivery.c.school_id == school_id, delivery.c.notice_id == notice_id),
        )
    )
    mine = delivery.c.notice_id == notice_id
    await open_rungs(session, mine, now=now)
    if way:
        await keep_sender(session, school_id=school_id, notice_id=notice_id, way=way)
    pressed = (await session.execute(select(notice.c.lane, notice.c.due_at).where(notice.c.id == notice_id))).one()
    await open_calls(session, mine, lane=pressed.lane, now=pressed.due_at)


async def counted(session: AsyncSession, notice_id: int, *, fresh: bool) -> Published:
    """Count what came of a press."""
    to_call = func.coalesce(func.sum(case((delivery.c.state == DeliveryState.TO_CALL, 1), else_=0)), 0)
    copies = select(func.count(copy.c.id)).where(copy.c.notice_id == notice_id).scalar_subquery()
    due = select(notice.c.due_at).where(notice.c.id == notice_id).scalar_subquery()
    asked = select(func.count(delivery.c.id), copies, to_call, due).where(delivery.c.notice_id == notice_id)
    adults, sent, calls, leaves = (await session.execute(asked)).one()
    return Published(notice_id, adults, sent, calls, fresh, leaves)
