"""A plan for whole-school evenings: its hard rules on any school, what is fair on small ones, and a whole school."""

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from math import prod
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.evenings.rules import Comers, Evenings, Hour, Plan, Wanted, Why, can_have, plan_of
from hub.evenings.seeking import NoPlanError, proposed
from hub.evenings.solver import solve

FIRST = date(2026, 12, 1)
QUARTER = timedelta(minutes=15)


def at(day: int, quarter: int) -> datetime:
    return datetime(2026, 12, 1 + day, 16, tzinfo=UTC) + quarter * QUARTER


def an_hour(slot_id: int, class_id: int, quarter: int, day: int = 0) -> Hour:
    return Hour(slot_id, class_id, FIRST + timedelta(days=day), at(day, quarter), at(day, quarter + 1))


def comers(who: int, *classes: int, windows: tuple[tuple[datetime, datetime], ...] = ()) -> Comers:
    return Comers(who, tuple(Wanted(100 * who + number, one) for number, one in enumerate(classes)), windows)


def hours_of(plan: Plan) -> dict[int, list[int | None]]:
    return {one.who: [each.slot_id for each in one.given] for one in plan.proposals}


def check(evenings: Evenings, plan: Plan) -> None:
    """Hold the plan against each hard rule, by what it says itself."""
    hours = {one.slot_id: one for one in evenings.hours}
    taken = Counter(each.slot_id for one in plan.proposals for each in one.given if each.slot_id is not None)
    assert not taken or max(taken.values()) == 1
    for family, one in zip(evenings.comers, plan.proposals, strict=True):
        assert (one.who, len(one.given)) == (family.who, len(family.wants))
        mine = []
        for wanted, each in zip(family.wants, one.given, strict=True):
            assert (each.slot_id is None) is (each.why is not None)
            if each.slot_id is None:
                continue
            hour = hours[each.slot_id]
            assert hour.class_id == wanted.class_id
            assert not family.windows or any(a <= hour.starts_at and hour.ends_at <= b for a, b in family.windows)
            mine.append(hour)
        mine.sort(key=lambda hour: hour.starts_at)
        assert all(a.ends_at <= b.starts_at for a, b in pairwise(mine))
        assert one.days == tuple(sorted({hour.day for hour in mine}))


@st.composite
def schools(draw: st.DrawFn, most: int = 6, days: int = 2) -> Evenings:
    """Draw a small school: a few classes, hours here and there, families of one to three children, wishes or none."""
    classes = draw(st.integers(1, 3))
    times = [(c, d, q) for c in range(1, classes + 1) for d in range(days) for q in range(4)]
    offered = draw(st.lists(st.sampled_from(times), max_size=most, unique=True))
    hours = tuple(an_hour(number + 1, c, q, d) for number, (c, d, q) in enumerate(offered))
    families = []
    for who in range(1, draw(st.integers(1, 4)) + 1):
        wants = draw(st.lists(st.integers(1, classes), min_size=1, max_size=3))
        marks = draw(st.lists(st.tuples(st.integers(0, days - 1), st.integers(0, 3), st.integers(1, 4)), max_size=2))
        families.append(comers(who, *wants, windows=tuple((at(d, q), at(d, q + n)) for d, q, n in marks)))
    return Evenings(hours, tuple(families), seed=draw(st.integers(0, 3)))


def every_plan(evenings: Evenings) -> list[Plan]:
    """Give all plans that keep the hard rules, one by one."""
    asked = [(family, wanted) for family in evenings.comers for wanted in family.wants]
    choices = [[None, *can_have(family, wanted, evenings.hours)] for family, wanted in asked]
    assume(prod(len(one) for one in choices) <= 2000)
    found = []
    for picked in product(*choices):
        given_out = [(family.who, hour) for (family, _), hour in zip(asked, picked, strict=True) if hour]
        if len({hour.slot_id for _, hour in given_out}) < len(given_out):
            continue
        if len({(who, hour.starts_at) for who, hour in given_out}) < len(given_out):
            continue
        chosen = {
            (family.who, wanted.pupil_id, wanted.class_id): hour.slot_id
            for (family, wanted), hour in zip(asked, picked, strict=True)
            if hour
        }
        found.append(plan_of(evenings, chosen, best=True))
    return found


def who_has(plan: Plan) -> list[list[bool]]:
    return [[each.slot_id is not None for each in one.given] for one in plan.proposals]


def fairness(evenings: Evenings, plan: Plan) -> tuple[int, ...]:
    """Put a plan in the order of fairness, the fairest smallest; families as the lot of this seed draws them."""
    drawn = sorted(one.who for one in evenings.comers)
    random.Random(evenings.seed).shuffle(drawn)
    whole, given_out, nights, longest, waits = plan.score
    lot = sum(len(drawn) - drawn.index(one.who) for one in plan.proposals if one.whole)
    return (-whole, -given_out, -lot, nights, longest, waits)


@settings(max_examples=60, deadline=None)
@given(schools(most=12, days=3))
def test_no_rule_is_broken_in_any_school(evenings: Evenings) -> None:
    check(evenings, solve(evenings))


@settings(max_examples=60, deadline=None)
@given(schools())
def test_in_a_tiny_school_no_plan_at_all_is_fairer(evenings: Evenings) -> None:
    others = every_plan(evenings)
    plan = solve(evenings)

    assert plan.best
    assert fairness(evenings, plan)[:3] == min(fairness(evenings, one)[:3] for one in others)
    alike = [one for one in others if who_has(one) == who_has(plan)]
    assert fairness(evenings, plan) == min(fairness(evenings, one) for one in alike)


def test_a_family_with_three_children_comes_once_and_does_not_wait() -> None:
    numbered = [(c, d, q) for c in (1, 2, 3) for d in range(3) for q in range(4)]
    hours = tuple(an_hour(number, c, q, d) for number, (c, d, q) in enumerate(numbered))
    singles = tuple(comers(10 * c + n, c) for c in (1, 2, 3) for n in range(11))

    plan = solve(Evenings(hours, (comers(1, 1, 2, 3), *singles)))

    assert plan.score == (34, 36, 34, 0, 0)
    assert (len(plan.proposals[0].days), plan.proposals[0].wait) == (1, 0)


def test_it_is_said_why_somebody_has_no_hour() -> None:
    hours = (an_hour(1, 1, 0), an_hour(2, 2, 0), an_hour(3, 3, 3))
    late = ((at(0, 3), at(0, 4)),)

    plan = solve(
        Evenings(hours, (comers(1, 1, 2), comers(2, 9), comers(3, 1, windows=late), comers(4, 3), comers(5, 3)))
    )

    said = {one.who: [each.why for each in one.given if each.why] for one in plan.proposals}
    assert said[1] == [Why.CLASH]
    assert said[2] == [Why.NO_HOUR]
    assert said[3] == [Why.NOT_THEN]
    assert sorted((said[4], said[5])) == [[], [Why.FULL]]


def test_what_was_chosen_by_hand_stands_and_the_rest_is_put_beside_it() -> None:
    hours = (*(an_hour(q, 1, q) for q in range(4)), *(an_hour(10 + q, 2, q) for q in range(4)))
    chose = Comers(1, (Wanted(1, 1, holds=2), Wanted(2, 2)), windows=((at(0, 3), at(0, 4)),))

    assert hours_of(solve(Evenings(hours, (chose,)))) == {1: [2, 13]}


def test_separated_parents_have_each_their_own_hour_at_their_own_time() -> None:
    hours = (an_hour(1, 1, 0), an_hour(2, 1, 1))
    odile = Comers(1, (Wanted(7, 1),), ((at(0, 1), at(0, 2)),))
    oscar = Comers(2, (Wanted(7, 1),))

    assert hours_of(solve(Evenings(hours, (odile, oscar)))) == {1: [2], 2: [1]}


def test_where_hours_are_short_the_lot_of_each_evening_falls_otherwise() -> None:
    evenings = Evenings((an_hour(1, 1, 0), an_hour(2, 1, 1)), tuple(comers(who, 1) for who in range(1, 5)))

    def served(seed: int) -> frozenset[int]:
        return frozenset(one.who for one in solve(replace(evenings, seed=seed)).proposals if one.whole)

    times = Counter(who for seed in range(40) for who in served(seed))
    assert served(5) == served(5)
    assert sorted(times) == [1, 2, 3, 4]
    assert min(times.values()) >= 10


def test_the_order_in_which_families_are_listed_changes_nothing() -> None:
    evenings = a_whole_school(classes=3, pupils=8)
    turned = replace(evenings, comers=evenings.comers[::-1], hours=evenings.hours[::-1])

    assert hours_of(solve(evenings)) == hours_of(solve(turned))


def a_whole_school(classes: int = 12, pupils: int = 25) -> Evenings:
    """Give a school where a fifth of the families have two or three children, and a third cannot always come."""
    chance = random.Random(7)
    places = [c for c in range(1, classes + 1) for _ in range(pupils)]
    chance.shuffle(places)
    families = list[Comers]()
    while places:
        number = min(len(places), chance.choices((1, 2, 3), (80, 15, 5))[0])
        mine, places = places[:number], places[number:]
        windows: tuple[tuple[datetime, datetime], ...] = ()
        if chance.random() < 0.35:
            windows = tuple((at(d, 4), at(d, 12)) for d in chance.sample(range(3), 2))
        families.append(comers(len(families) + 1, *mine, windows=windows))
    numbered = [(c, d, q) for c in range(1, classes + 1) for d in range(3) for q in range(12)]
    return Evenings(tuple(an_hour(n, c, q, d) for n, (c, d, q) in enumerate(numbered)), tuple(families), seed=11)


async def test_a_whole_school_has_its_plan_and_holds_nobody_up() -> None:
    evenings = a_whole_school()
    ticks = 0

    async def ticking() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    beside = asyncio.create_task(ticking())
    plan = await proposed(evenings, patience=240)  # on a machine that others use too
    beside.cancel()

    check(evenings, plan)
    several = [one for one in plan.proposals if len(one.given) > 1]
    assert sum(len(one.given) for one in plan.proposals) == 300
    assert plan.score[0] == len(evenings.comers)
    assert len(several) > 40
    assert all((len(one.days), one.wait) == (1, 0) for one in several)
    assert ticks > 20


async def test_a_plan_that_takes_too_long_is_given_up_in_one_sentence() -> None:
    with pytest.raises(NoPlanError, match="trop de temps"):
        await proposed(a_whole_school(), patience=0.05)


def solvers() -> list[int]:
    """List the programs that seek a plan for this process."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            parent = (one / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"hub.evenings.solver" in (one / "cmdline").read_bytes():
                found.append(int(one.name))
    return found


async def test_a_program_that_dies_while_it_seeks_is_said_in_one_sentence() -> None:
    seeking = asyncio.create_task(proposed(a_whole_school()))
    async with asyncio.timeout(30):
        while not (found := await asyncio.to_thread(solvers)):
            assert not seeking.done()
    os.kill(found[0], signal.SIGKILL)

    with pytest.raises(NoPlanError, match="pas pu être cherché"):
        await seeking
