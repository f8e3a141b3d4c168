"""What is planned, as somebody may see it: when it leaves next, and what became of each moment."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.school_days import overrides
from hub.errors import NotAllowedError, NotFoundError
from hub.holidays import is_open
from hub.models.notices import NoticeState
from hub.models.planned import Fired, PlanState
from hub.models.school import School
from hub.notices.follow_up import may_change
from hub.notices.headlines import Headline, Reader, may_see, own_labels
from hub.outbox.wordings import read_slots
from hub.plans import asked
from hub.plans.moments import FARTHEST, Rhythm, coming
from hub.ports import NoticeKind
from hub.routing import day_at_school, lane_of
from hub.sealing import Keyring

SLOTS = b"planned_notice.slots"
"""What a plan's words are sealed as."""
NEXT = 3
"""Moments ahead that a page tells."""
WAITING = PlanState.WAITING


@dataclass(frozen=True, slots=True)
class Firing:
    """What became of one moment: it left as a notice, or `why` not. `seen`: somebody has taken note of it."""

    due_at: datetime
    fired_at: datetime
    outcome: Fired
    notice_id: int | None
    why: str
    seen: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan. `says`: what it would say, as a headline, whose number is the plan's own; `next`: its next moments."""

    plan_id: int
    says: Headline
    state: PlanState
    rhythm: Rhythm
    version: int
    next_at: datetime | None
    changed_at: datetime
    next: tuple[datetime, ...] = ()
    firings: tuple[Firing, ...] = field(default=())

    @property
    def unseen(self) -> bool:
        """Whether something did not leave, and nobody has taken note of it."""
        return any(one.outcome is not Fired.LEFT and not one.seen for one in self.firings)


async def plans(
    session: AsyncSession, keyring: Keyring, *, school: School, reader: Reader, now: datetime
) -> tuple[Planned, ...]:
    """List the plans that this reader may see: what waits, the next first, then what is over, the newest first."""
    which = {"school": school.key}
    mine = await own_labels(session, school.key, reader)
    rows = [*await session.execute(asked.waiting(), which), *await session.execute(asked.over(), which)]
    found = [one for one in (read_plan(row, keyring) for row in rows) if may_see(reader, mine, one.says)]
    return await _with_history(session, school, found, now=now)


async def one(
    session: AsyncSession, keyring: Keyring, *, school: School, reader: Reader, plan_id: int, now: datetime
) -> Planned:
    """Read one plan. Raises NotFoundError, and NotAllowedError when it is not this reader's."""
    row = (await session.execute(asked.one_plan(), {"school": school.key, "plan": plan_id})).one_or_none()
    if row is None:
        raise NotFoundError("Cet avis prévu n’existe pas.")
    found = read_plan(row, keyring)
    if not may_see(reader, await own_labels(session, school.key, reader), found.says):
        raise NotAllowedError("Cet avis prévu n’est pas à vous : il concerne d’autres classes que les vôtres.")
    return (await _with_history(session, school, [found], now=now))[0]


def require_change(reader: Reader, plan: Planned) -> None:
    """Refuse who may read a plan and not change it. Raises NotAllowedError."""
    if not may_change(reader, plan.says):
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat peuvent changer cet avis prévu.")


async def school_open(session: AsyncSession, school: School, first: date) -> Callable[[date], bool]:
    """Give what says of a day, from `first` on, whether there is class at this school."""
    said = await overrides(session, school_id=school.key, first=first, last=first + 2 * FARTHEST)
    return lambda day: is_open(day, school.zone, said)


def read_plan(row: Any, keyring: Keyring) -> Planned:  # noqa: ANN401 (a row)
    """Open one row of a plan. Raises UnreadableError when its key is gone."""
    seal = keyring.seal(row.wrapped, row.master_version)
    kind = NoticeKind(row.kind)
    says = Headline(
        notice_id=row.id,
        kind=kind,
        lane=lane_of(kind),
        state=NoticeState.PUBLISHED,
        author_id=row.author_id,
        author=row.name,
        audience=row.audience,
        created_at=row.made_at,
        due_at=row.next_at or row.changed_at,
        slots=read_slots(seal.open(row.slots_sealed, SLOTS)),
    )
    return Planned(row.id, says, PlanState(row.state), read_rhythm(row), row.version, row.next_at, row.changed_at)


def read_rhythm(row: Any) -> Rhythm:  # noqa: ANN401 (a row)
    """Read when a plan leaves from its row."""
    weekdays = frozenset(int(day) for day in row.weekdays.split(",")) if row.weekdays else frozenset[int]()
    return Rhythm(row.starts_on, row.at, weekdays, row.every, row.until, row.in_term)


async def _with_history(
    session: AsyncSession, school: School, found: Sequence[Planned], *, now: datetime
) -> tuple[Planned, ...]:
    became = defaultdict[int, list[Firing]](list)
    which = {"school": school.key, "plans": [each.plan_id for each in found]}
    for row in await session.execute(asked.firings(), which):
        seen = row.seen_at is not None
        became[row.planned_id].append(
            Firing(row.due_at, row.fired_at, Fired(row.outcome), row.notice_id, row.why, seen)
        )
    opened = await school_open(session, school, day_at_school(now, school.timezone))
    return tuple(
        Planned(
            each.plan_id,
            each.says,
            each.state,
            each.rhythm,
            each.version,
            each.next_at,
            each.changed_at,
            _next(each, opened, school, now) if each.state is WAITING else (),
            tuple(became[each.plan_id]),
        )
        for each in found
    )


def _next(plan: Planned, is_open: Callable[[date], bool], school: School, now: datetime) -> tuple[datetime, ...]:
    """List its next moments; one that was moved after it had left today begins another day."""
    since = now if plan.next_at is None else max(now, plan.next_at - timedelta(microseconds=1))
    return coming(plan.rhythm, since, school.timezone, NEXT, is_open=is_open)
