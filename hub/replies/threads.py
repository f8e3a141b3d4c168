"""The conversation that a family's words belong to: with one adult about one pupil, or with all who share a phone."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.models.threads import ThreadState
from hub.people.links import holds_on
from hub.people.rights import Rights, rights_on
from hub.routing import day_at_school
from hub.tables import dialects_insert, enrolment, notice, school, thread, thread_notice


class Turn(StrEnum):
    """Whose turn it is once this was said."""

    OURS = "ours"
    """A person should answer."""
    READ = "read"
    """A person should see it; it is dealt with."""
    NOBODYS = "nobodys"
    """A machine's words, a mere « ok »: nothing is opened."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who speaks: one adult, or (None) somebody of those who share the address; and the pupils it may be about."""

    guardian_id: int | None
    pupils: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reply to a notice (None: to none that we know) belongs, from an address, and whose turn it makes it."""

    party: Party
    address_id: int | None
    notice_id: int | None
    turn: Turn


async def place(connection: AsyncConnection, *, school_id: int, places: Sequence[Place], now: datetime) -> list[int]:
    """Give the conversation of each reply, found or begun.

    Who wrote the notice is to answer, if that person has a right to the pupils today. What answers a word of a
    conversation, a confidential one too, goes back into it.
    """
    notices = sorted({one.notice_id for one in places if one.notice_id is not None})
    asked = await connection.execute(_about(), {"school": school_id, "notices": notices}) if notices else ()
    about = {row.id: row for row in asked}
    ours = next(iter(about.values()), None) or (await connection.execute(_school(), {"school": school_id})).one()
    day = day_at_school(now, ours.timezone)
    authors = await _authors(connection, school_id, places, {row.author_id for row in about.values()}, day)
    rows = []
    for one in places:
        row, party = None if one.notice_id is None else about.get(one.notice_id), one.party
        pupils, private_to = party.pupils, None
        if row is not None and row.guardian_id is not None and row.guardian_id == party.guardian_id:
            pupils, private_to = () if row.pupil_id is None else (row.pupil_id,), row.private_to
        elif row is not None and party.guardian_id is None and pupils:
            private_to = row.private_to  # of several who share a phone one answers: still for that person alone
        rows.append(
            _row(
                school_id,
                guardian_id=party.guardian_id,
                pupils=pupils,
                address_id=one.address_id,
                owner_id=private_to or (None if row is None else authors.who_answers(row.author_id, party.pupils)),
                answer_within=ours.answer_within,
                now=now,
                private_to=private_to,
                turn=one.turn,
            )
        )
    return await _begin(connection, rows, [one.turn for one in places])


async def thread_for(
    connection: AsyncConnection,
    *,
    school_id: int,
    guardian_id: int | None,
    pupils: Sequence[int],
    address_id: int | None,
    owner_id: int | None,
    answer_within: int,
    now: datetime,
    private_to: int | None = None,
    turn: Turn = Turn.OURS,
) -> int:
    """Find or begin the conversation with an adult, about the pupil if it is one; else with all who share the address.

    A reply opens it, and wishes an answer within `answer_within` hours, unless one is due earlier; it belongs to
    `owner_id` where it was nobody's. `turn`: what needs no answer makes none due; what nobody need see opens nothing.
    """
    row = _row(
        school_id,
        guardian_id=guardian_id,
        pupils=pupils,
        address_id=address_id,
        owner_id=owner_id,
        answer_within=answer_within,
        now=now,
        private_to=private_to,
        turn=turn,
    )
    [thread_id] = await _begin(connection, [row], [turn])
    return thread_id


def _row(
    school_id: int,
    *,
    guardian_id: int | None,
    pupils: Sequence[int],
    address_id: int | None,
    owner_id: int | None,
    answer_within: int,
    now: datetime,
    private_to: int | None,
    turn: Turn,
) -> dict[str, Any]:
    pupil_id = pupils[0] if guardian_id is not None and len(pupils) == 1 else None
    return {
        "school_id": school_id,
        "topic": _topic(guardian_id, pupil_id, address_id, private_to),
        "pupil_id": pupil_id,
        "guardian_id": guardian_id,
        "address_id": address_id if guardian_id is None else None,
        "private_to": private_to,
        "owner_id": owner_id,
        "state": ThreadState.CLOSED if turn is Turn.NOBODYS else ThreadState.OPEN,
        "opened_at": now,
        "last_at": now,
        "due_at": now + timedelta(hours=answer_within) if turn is Turn.OURS else None,
    }


async def _begin(connection: AsyncConnection, rows: Sequence[dict[str, Any]], turns: Sequence[Turn]) -> list[int]:
    """Write conversations down in one statement for each turn; one that is written to twice is, in order.

    By topic, so that two processes which write to the same ones wait for each other in one order.
    """
    rounds: dict[tuple[int, Turn], list[dict[str, Any]]] = {}
    times: Counter[str] = Counter()
    for row, turn in sorted(zip(rows, turns, strict=True), key=lambda one: one[0]["topic"]):
        rounds.setdefault((times[row["topic"]], turn), []).append(row)
        times[row["topic"]] += 1
    ids: dict[str, int] = {}
    for (_, turn), those in sorted(rounds.items(), key=lambda one: one[0]):
        made = await connection.execute(_placed(connection.dialect.name, turn), those)
        ids |= {row.topic: row.id for row in made}
    return [ids[row["topic"]] for row in rows]


@cache
def _placed(dialect: str, turn: Turn) -> Any:  # noqa: ANN401 (two dialects, one shape)
    """Begin a conversation, or let it feel that somebody wrote."""
    opened = dialects_insert(thread, dialect)
    fresh = opened.excluded
    earlier = and_(thread.c.state == ThreadState.OPEN, thread.c.due_at < fresh.due_at)
    felt: dict[str, Any] = {"last_at": fresh.last_at, "owner_id": func.coalesce(thread.c.owner_id, fresh.owner_id)}
    if turn is not Turn.NOBODYS:
        felt["state"] = fresh.state
    if turn is Turn.OURS:
        felt["due_at"] = case((earlier, thread.c.due_at), else_=fresh.due_at)
    return opened.on_conflict_do_update(index_elements=["topic", "school_id"], set_=felt).returning(
        thread.c.id, thread.c.topic
    )


def _topic(guardian_id: int | None, pupil_id: int | None, address_id: int | None, private_to: int | None) -> str:
    """Name a conversation, as `hub.models.threads.Thread` says."""
    who = f"address:{address_id}" if guardian_id is None else f"guardian:{guardian_id}"
    about = "" if pupil_id is None else f" pupil:{pupil_id}"
    return who + about + ("" if private_to is None else f" staff:{private_to}")


@dataclass(frozen=True, slots=True)
class _Authors:
    """Who wrote the notices, what each may do today, and which classes the pupils are in."""

    rights: Mapping[int, Rights]
    classes: Mapping[int, Collection[int]]

    def who_answers(self, author_id: int | None, pupils: Sequence[int]) -> int | None:
        """Give who wrote the notice, if that person has a right to one of the pupils; else it is the office's."""
        if author_id is None:
            return None
        rights = self.rights[author_id]
        mine = rights.whole_school or any(not rights.classes.isdisjoint(self.classes.get(one, ())) for one in pupils)
        return author_id if mine else None


async def _authors(
    connection: AsyncConnection, school_id: int, places: Sequence[Place], authors: set[int | None], day: date
) -> _Authors:
    rights = {
        author_id: await rights_on(connection, school_id=school_id, staff_id=author_id, day=day)
        for author_id in authors
        if author_id is not None
    }
    classes: dict[int, set[int]] = {}
    if not all(right.whole_school for right in rights.values()):
        pupils = {pupil_id for one in places for pupil_id in one.party.pupils}
        for row in await connection.execute(_classes(), {"school": school_id, "pupils": list(pupils), "day": day}):
            classes.setdefault(row.pupil_id, set()).add(row.class_id)
    return _Authors(rights, classes)


@cache
def _classes() -> Select[Any]:
    """Ask which classes some pupils are in: parameters school, pupils, day."""
    return select(enrolment.c.pupil_id, enrolment.c.class_id).where(
        enrolment.c.school_id == bindparam("school", type_=BigId()),
        enrolment.c.pupil_id.in_(bindparam("pupils", type_=BigId(), expanding=True)),
        holds_on(enrolment, bindparam("day", type_=Date())),
    )


@cache
def _school() -> Select[Any]:
    return select(school.c.answer_within, school.c.timezone).where(school.c.id == bindparam("school", type_=BigId()))


@cache
def _about() -> Select[Any]:
    """Ask who wrote some notices, the conversation that each stands in, if any, and their school's delay.

    Parameters school, notices.
    """
    return (
        select(
            notice.c.id,
            notice.c.author_id,
            thread.c.guardian_id,
            thread.c.pupil_id,
            thread.c.private_to,
            school.c.answer_within,
            school.c.timezone,
        )
        .join(school, school.c.id == notice.c.school_id)
        .outerjoin(
            thread_notice,
            and_(thread_notice.c.school_id == notice.c.school_id, thread_notice.c.notice_id == notice.c.id),
        )
        .outerjoin(thread, and_(thread.c.school_id == notice.c.school_id, thread.c.id == thread_notice.c.thread_id))
        .where(
            notice.c.school_id == bindparam("school", type_=BigId()),
            notice.c.id.in_(bindparam("notices", type_=BigId(), expanding=True)),
        )
    )
