"""The conversation that a family's words belong to: with one adult about one pupil, or with all who share a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.models.threads import ThreadState
from hub.people.links import holds_on
from hub.people.rights import rights_on
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


async def place(
    connection: AsyncConnection,
    *,
    school_id: int,
    party: Party,
    address_id: int | None,
    notice_id: int | None,
    turn: Turn,
    now: datetime,
) -> int:
    """Give the conversation of a reply to a notice (None: to none that we know), found or begun.

    Who wrote the notice is to answer, if that person has a right to the pupils today. What answers a word of a
    conversation, a confidential one too, goes back into it.
    """
    row = (await connection.execute(_about(), {"school": school_id, "notice": notice_id})).one()
    pupils, private_to = party.pupils, None
    if row.guardian_id is not None and row.guardian_id == party.guardian_id:
        pupils, private_to = () if row.pupil_id is None else (row.pupil_id,), row.private_to
    return await thread_for(
        connection,
        school_id=school_id,
        guardian_id=party.guardian_id,
        pupils=pupils,
        address_id=address_id,
        owner_id=private_to or await _may_answer(connection, school_id, row, party.pupils, now),
        answer_within=row.answer_within,
        now=now,
        private_to=private_to,
        turn=turn,
    )


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
    pupil_id = pupils[0] if guardian_id is not None and len(pupils) == 1 else None
    due = now + timedelta(hours=answer_within) if turn is Turn.OURS else None
    row = {
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
        "due_at": due,
    }
    return int((await connection.execute(_placed(connection.dialect.name, turn), row)).scalar_one())


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
    return opened.on_conflict_do_update(index_elements=["topic", "school_id"], set_=felt).returning(thread.c.id)


def _topic(guardian_id: int | None, pupil_id: int | None, address_id: int | None, private_to: int | None) -> str:
    """Name a conversation, as `hub.models.threads.Thread` says."""
    who = f"address:{address_id}" if guardian_id is None else f"guardian:{guardian_id}"
    about = "" if pupil_id is None else f" pupil:{pupil_id}"
    return who + about + ("" if private_to is None else f" staff:{private_to}")


async def _may_answer(
    connection: AsyncConnection,
    school_id: int,
    row: Any,  # noqa: ANN401 (a row)
    pupils: Sequence[int],
    now: datetime,
) -> int | None:
    """Give who wrote the notice, if that person has a right to one of the pupils today; else it is the office's."""
    if row.author_id is None:
        return None
    day = day_at_school(now, row.timezone)
    rights = await rights_on(connection, school_id=school_id, staff_id=row.author_id, day=day)
    if rights.whole_school:
        return int(row.author_id)
    taught = select(enrolment.c.id).where(
        enrolment.c.school_id == school_id,
        enrolment.c.pupil_id.in_(pupils),
        enrolment.c.class_id.in_(rights.classes),
        holds_on(enrolment, day),
    )
    mine = rights.classes and pupils and (await connection.execute(taught.limit(1))).first() is not None
    return int(row.author_id) if mine else None


@cache
def _about() -> Select[Any]:
    """Ask what decides a conversation: the school's delay, who wrote the notice, and the conversation it stands in."""
    school_id, notice_id = bindparam("school", type_=BigId()), bindparam("notice", type_=BigId())
    return (
        select(
            school.c.answer_within,
            school.c.timezone,
            notice.c.author_id,
            thread.c.guardian_id,
            thread.c.pupil_id,
            thread.c.private_to,
        )
        .select_from(school)
        .outerjoin(notice, and_(notice.c.school_id == school.c.id, notice.c.id == notice_id))
        .outerjoin(
            thread_notice, and_(thread_notice.c.school_id == school.c.id, thread_notice.c.notice_id == notice.c.id)
        )
        .outerjoin(thread, and_(thread.c.school_id == school.c.id, thread.c.id == thread_notice.c.thread_id))
        .where(school.c.id == school_id)
    )
