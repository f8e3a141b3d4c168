"""What staff see of a notice before its figures: its title, who pressed it when, and whether it is theirs to see."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError, NotFoundError
from hub.models.notices import NoticeState
from hub.notices import headlines_asked as asked
from hub.notices.standing import GONE, KNOWS, MOVING
from hub.outbox.wordings import read_slots
from hub.people.links import holds_on
from hub.people.rights import Rights
from hub.ports import Follows, Lane, NoticeKind, Slots
from hub.sealing import Keyring
from hub.tables import class_group, enrolment, pupil, school_year

TITLE_MAX = 90
"""Characters of a title made from the text."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A member of staff who looks, with the rights of today."""

    staff_id: int
    rights: Rights
    day: date


@dataclass(frozen=True, slots=True)
class Headline:
    """A notice at a glance. `subject` and `text` are the author's words, empty when a kind needs none."""

    notice_id: int
    kind: NoticeKind
    lane: Lane
    state: NoticeState
    author_id: int
    author: str
    audience: str
    created_at: datetime
    due_at: datetime
    slots: Slots
    children: tuple[str, ...] = ()
    """First names of those whom an absence is about: two of one day are told apart by them alone."""
    ended_by: Follows | None = None
    """What took its place, if anything did."""

    @property
    def title(self) -> str:
        """The subject, else the beginning of the text; empty when there are no words at all."""
        words = self.slots.subject or (self.slots.text or "").strip().partition("\n")[0]
        return words if len(words) <= TITLE_MAX else f"{words[: TITLE_MAX - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Recent:
    """A headline with how far it got, in adults. `to_call`: as the call list has them, alarms of who knows included."""

    headline: Headline
    adults: int
    know: int
    moving: int
    to_call: int


async def headline(
    session: AsyncSession, keyring: Keyring, *, school_id: int, notice_id: int, reader: Reader
) -> Headline:
    """Read one notice. Raises NotFoundError, and NotAllowedError when it is not this reader's."""
    row = (await session.execute(asked.one_headline(), {"school": school_id, "notice": notice_id})).one_or_none()
    if row is None:
        raise NotFoundError("Cet avis n’existe pas.")
    mine = await own_labels(session, school_id, reader)
    found = read_headline(row, keyring, await _absent(session, school_id, [row], reader))
    if found.slots.word:
        raise NotFoundError("Cet avis est un mot dans une conversation : il se lit là.")
    if not may_see(reader, mine, found):
        raise NotAllowedError("Cet avis n’est pas à vous : il concerne d’autres classes que les vôtres.")
    return found


async def recent(
    session: AsyncSession, keyring: Keyring, *, school_id: int, reader: Reader, now: datetime, most: int = 20
) -> tuple[Recent, ...]:
    """Read the newest notices that this reader may see, with their figures, in three questions."""
    mine = await own_labels(session, school_id, reader)
    rows = (await session.execute(asked.newest(), {"school": school_id, "most": most * 10})).all()
    seen = [row for row in rows if _theirs(reader, mine, row.kind, row.author_id, row.audience)][:most]
    figures = await _figures(session, school_id, [row.id for row in seen], reader.day, now)
    nothing = (0, 0, 0, 0)
    absent = await _absent(session, school_id, seen, reader)
    return tuple(Recent(read_headline(row, keyring, absent), *figures.get(row.id, nothing)) for row in seen)


def may_see(reader: Reader, own_labels: frozenset[str], seen: Headline) -> bool:
    """The director and the office see all; a teacher what he or she wrote, and what went only to classes of today.

    A deputy sees the crises, in figures alone.
    """
    return _theirs(reader, own_labels, seen.kind, seen.author_id, seen.audience)


def _theirs(reader: Reader, own_labels: frozenset[str], kind_of: str, author_id: int, audience: str) -> bool:
    if reader.rights.whole_school or author_id == reader.staff_id:
        return True
    if kind_of == NoticeKind.CRISIS:
        return reader.rights.may_alert
    kind, _, names = audience.partition(":")
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    return kind == "class" and bool(wanted) and wanted <= own_labels


async def own_labels(session: AsyncSession, school_id: int, reader: Reader) -> frozenset[str]:
    """Name the classes of this year that are this reader's; none for who reads the whole school."""
    if reader.rights.whole_school:
        return frozenset()
    rows = await session.scalars(
        select(class_group.c.label)
        .join(school_year, school_year.c.id == class_group.c.year_id)
        .where(
            class_group.c.school_id == school_id,
            class_group.c.id.in_(reader.rights.classes),
            school_year.c.starts_on <= reader.day,
            school_year.c.ends_on >= reader.day,
        )
    )
    return frozenset(rows)


async def _absent(session: AsyncSession, school_id: int, rows: Sequence[Any], reader: Reader) -> dict[int, str]:
    """Read the first names of those whom the absences among these notices are about; asks nothing without one.

    A teacher reads the names of pupils of today alone, also on a notice of his or her own.
    """
    wanted = {number for row in rows for number in _pupils(row)}
    if not wanted:
        return {}
    named = select(pupil.c.id, pupil.c.first_name).where(pupil.c.school_id == school_id, pupil.c.id.in_(wanted))
    if not reader.rights.whole_school:
        named = named.join(
            enrolment, and_(enrolment.c.school_id == pupil.c.school_id, enrolment.c.pupil_id == pupil.c.id)
        ).where(enrolment.c.class_id.in_(reader.rights.classes), holds_on(enrolment, reader.day))
    return {each.id: each.first_name for each in await session.execute(named)}


def _pupils(row: Any) -> list[int]:  # noqa: ANN401 (a row)
    kind, _, numbers = row.audience.partition(":")
    if row.kind != NoticeKind.ABSENCE or kind != "pupil":
        return []
    return [int(number) for number in numbers.split(",") if number.strip().isdecimal()]


def read_headline(row: Any, keyring: Keyring, absent: Mapping[int, str] = MappingProxyType({})) -> Headline:  # noqa: ANN401 (a row)
    """Open one row of `headlines_asked.newest`; `absent` gives first names by pupil."""
    seal = keyring.seal(row.wrapped, row.master_version)
    return Headline(
        notice_id=row.id,
        kind=NoticeKind(row.kind),
        lane=Lane(row.lane),
        state=NoticeState(row.state),
        author_id=row.author_id,
        author=row.name,
        audience=row.audience,
        created_at=row.created_at,
        due_at=row.due_at,
        slots=read_slots(seal.open(row.slots_sealed, b"notice_version.slots")),
        children=tuple(absent[number] for number in _pupils(row) if number in absent),
        ended_by=Follows(row.ended_by) if row.ended_by else None,
    )


async def _figures(
    session: AsyncSession, school_id: int, notices: Sequence[int], day: date, now: datetime
) -> dict[int, tuple[int, int, int, int]]:
    """Count by notice: adults, those who know, on the way, to call.

    The states as they are written are counted of all; what costs is asked only of those whom somebody may have to call.
    """
    which = {"school": school_id, "notices": notices, "day": day, "now": now}
    found: dict[int, _Figures] = defaultdict(_Figures)
    for row in await session.execute(asked.written(), which):
        found[row.notice_id] = _Figures(adults=int(row.adults), know=int(row.know), moving=int(row.adults - row.know))
    for row in await session.execute(asked.left(), which):
        if row.waits:
            found[row.notice_id].count(row.state, row.number)
        found[row.notice_id].to_call += row.number * row.calls
    return {notice_id: (each.adults, each.know, each.moving, each.to_call) for notice_id, each in found.items()}


@dataclass(slots=True)
class _Figures:
    """A notice's figures while they are summed up."""

    adults: int = 0
    know: int = 0
    moving: int = 0
    to_call: int = 0

    def count(self, state: str, adults: int) -> None:
        """Count some adults of one state."""
        self.adults += 0 if state in GONE else adults
        self.know += adults if state in KNOWS else 0
        self.moving += adults if state in MOVING else 0
