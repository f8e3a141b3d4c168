"""What a plan for an evening of the whole school costs when the school is twice as large."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hub.evenings.rules import Comers, Evenings, Hour, Wanted
from hub.evenings.seeking import proposed

CLASSES, PUPILS, HOURS, DAYS = 12, 25, 12, 3
"""A school of 300 pupils, whose teachers receive twelve times on each of three evenings."""
FIRST = datetime(2026, 11, 30, 16, tzinfo=UTC)
SELDOM = 0.35
"""Of the families, who can come on two of the evenings alone, and late."""
QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)


def evenings_of(classes: int) -> Evenings:
    """Invent a school: a fifth of its families have two or three children, and a third cannot always come."""
    chance = random.Random(7)
    seats = [number for number in range(1, classes + 1) for _ in range(PUPILS)]
    chance.shuffle(seats)
    families = list[Comers]()
    while seats:
        number = min(len(seats), chance.choices((1, 2, 3), (80, 15, 5))[0])
        mine, seats = seats[:number], seats[number:]
        families.append(_comers(len(families) + 1, mine, chance))
    times = [FIRST + day * DAY + nth * QUARTER for day in range(DAYS) for nth in range(HOURS)]
    offered = [(one, at) for one in range(1, classes + 1) for at in times]
    hours = [Hour(slot_id, one, at.date(), at, at + QUARTER) for slot_id, (one, at) in enumerate(offered)]
    return Evenings(tuple(hours), tuple(families), seed=11)


def _comers(who: int, seats: Sequence[int], chance: random.Random) -> Comers:
    windows: tuple[tuple[datetime, datetime], ...] = ()
    if chance.random() < SELDOM:
        evenings = (FIRST + day * DAY for day in chance.sample(range(DAYS), DAYS - 1))
        windows = tuple((first + HOURS // 3 * QUARTER, first + HOURS * QUARTER) for first in evenings)
    return Comers(who, tuple(Wanted(100 * who + number, one) for number, one in enumerate(seats)), windows)


async def main() -> None:
    """Seek a plan for half the school, then for all of it; void unless every child has its hour in both."""
    took, children = list[float](), 0
    for classes in (CLASSES // 2, CLASSES):
        evenings, began = evenings_of(classes), time.perf_counter()
        plan = await proposed(evenings, patience=240)
        took.append(time.perf_counter() - began)
        children = sum(each.slot_id is not None for one in plan.proposals for each in one.given)
        if children != classes * PUPILS:
            raise SystemExit(f"{children} of {classes * PUPILS} children have an hour: the run is void")
    print(json.dumps({"evening_growth": took[1] / took[0], "seconds": took[1], "arrived": children}))


if __name__ == "__main__":
    asyncio.run(main())
