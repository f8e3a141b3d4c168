"""What the staff of the lively school have planned: each week for a class, once for all, and one that came too late."""

from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from factories import NOW, TODAY

from hub.plans.keeping import PlanDraft, keep
from hub.plans.moments import Rhythm
from hub.ports import NoticeKind, Slots
from scheduler.clock import Clock

if TYPE_CHECKING:
    from lively import Lively

BY_NAME = {
    "class": ("teacher", "class:CP A", "Pensez au sac de sport.", Rhythm(TODAY, time(8), frozenset({3}))),
    "school": ("director", "school", "Photos de classe lundi.", Rhythm(date(2026, 12, 11), time(7, 30))),
    "late": ("teacher", "class:CP A", "Le marché est avancé.", Rhythm(TODAY, time(7, 30))),
    "cancelled": ("director", "class:CE1 B", "La piscine est fermée.", Rhythm(date(2026, 12, 3), time(8))),
}


async def plan_ahead(lively: "Lively") -> None:
    """Plan, and let the hub sleep over the moment of one plan."""
    small = lively.small
    async with small.database.school(small.school.key) as session:
        for name, (author, audience, words, rhythm) in BY_NAME.items():
            lively.plans[name] = await keep(
                session,
                small.keyring,
                school=small.school,
                author_id=lively.staff[author],
                draft=PlanDraft(NoticeKind.ANNOUNCEMENT, audience, Slots(text=words), rhythm, key=name),
                now=NOW - timedelta(days=1),
            )
    await small.write(
        "UPDATE planned_notice SET next_at = NULL, state = 'cancelled' WHERE id = :id", id=lively.plans["cancelled"]
    )
    clock, small.database._clock = small.database._clock, lambda: NOW + timedelta(hours=8)
    await Clock(small.database, small.keyring).look()
    small.database._clock = clock
