"""The fairest plan of a whole-school evening, found by CP-SAT: see `hub/evenings/rules.py` for what is fair.

A program of its own: it reads the evening as JSON from stdin and writes the plan to stdout; only here is OR-Tools
loaded (a second, 100 MB). Its limits are counted in work and not in seconds, so the same evening gives the same plan.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ortools.sat.python import cp_model
from pydantic import TypeAdapter

from hub.evenings.rules import Comers, Evenings, Hour, Plan, can_have, minutes, plan_of

WORK = 2.0
"""What each of the four questions may cost, in CP-SAT's own measure: about seconds."""
_FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)
Key = tuple[int, int, int]
Hours = dict[int, cp_model.IntVar]
Mine = list[tuple[Hour, cp_model.IntVar]]


@dataclass(slots=True)
class _Sheet:
    """The model, and what the questions ask of it; `longest` bounds each family's waits, in minutes.

    `has`: which hours an appointment may have. `alike`: appointments of families with one each, for whom the same
    hours would do, share theirs: who of them comes at which is the lot's.
    """

    model: cp_model.CpModel
    longest: cp_model.IntVar
    has: dict[Key, Hours] = field(default_factory=dict)
    alike: dict[tuple[int, ...], tuple[list[Key], Hours]] = field(default_factory=dict)
    whole: list[cp_model.IntVar] = field(default_factory=list)
    evenings: list[cp_model.IntVar] = field(default_factory=list)
    waits: list[cp_model.IntVar] = field(default_factory=list)
    several: int = 0


def solve(evenings: Evenings, *, work: float = WORK) -> Plan:
    """Give the fairest plan that so much work finds; nothing of it depends on the order of what it is given."""
    lot = random.Random(evenings.seed)  # noqa: S311 (a lot that can be drawn again; no secret)
    comers = sorted(evenings.comers, key=lambda one: one.who)
    lot.shuffle(comers)
    hours = sorted(evenings.hours, key=lambda one: one.slot_id)
    sheet = _written(comers, hours, None)
    solver = _solver(evenings.seed, work)
    sheet.model.minimize(_placed(sheet))
    best, chosen = solver.solve(sheet.model) == cp_model.OPTIMAL, dict[Key, int]()
    if solver.response_proto.solution:
        chosen = _chosen(sheet, solver)
    sheet = _written(comers, hours, chosen)
    sheet.model.add(
        sum(sheet.evenings) >= sheet.several
    )  # each comes once at least: said so, the answer is seen sooner
    for question in (sum(sheet.evenings), sheet.longest, sum(sheet.waits)):
        sheet.model.minimize(question)
        solver = _solver(evenings.seed, work)
        solver.parameters.linearization_level = 0  # tried: waits fall to nothing in 0.3 s, and with it not in 12
        solver.parameters.cp_model_probing_level = solver.parameters.symmetry_level = 0
        state = solver.solve(sheet.model)
        best = best and state == cp_model.OPTIMAL
        if state in _FOUND:
            chosen = _chosen(sheet, solver)
            sheet.model.add(question <= round(solver.objective_value))
            _begin_from(sheet.model, solver)
    return plan_of(evenings, chosen, best=best)


def _placed(sheet: _Sheet) -> cp_model.LinearExprT:
    """Ask for as many families as may be, then as many appointments, then those whom the lot drew first."""
    given = [var for those in sheet.has.values() for var in those.values()]
    many = len(sheet.whole)
    lots = many * (many + 1) // 2 + 1
    one = lots * (len(sheet.has) + 1)
    return -(sum((one + many - number) * var for number, var in enumerate(sheet.whole)) + lots * sum(given))


def _chosen(sheet: _Sheet, found: cp_model.CpSolver) -> dict[Key, int]:
    chosen = {key: slot_id for key, those in sheet.has.items() for slot_id, var in those.items() if found.value(var)}
    for keys, those in sheet.alike.values():
        chosen.update(zip(keys, (slot_id for slot_id, var in those.items() if found.value(var)), strict=True))
    return chosen


def _solver(seed: int, work: float) -> cp_model.CpSolver:
    """Give one that works alone, so that it finds the same again."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_deterministic_time = work
    return solver


def _begin_from(model: cp_model.CpModel, solver: cp_model.CpSolver) -> None:
    """Let the next question begin with the plan that this one found."""
    model.clear_hints()  # type: ignore[no-untyped-call]  # OR-Tools forgot its return
    for number in range(len(model.proto.variables)):
        var = model.get_int_var_from_proto_index(number)
        model.add_hint(var, solver.value(var))


def _written(comers: list[Comers], hours: list[Hour], given: dict[Key, int] | None) -> _Sheet:
    """Write the hard rules: one in each hour, everybody in one place at a time, and only when they can come.

    `given`: who has an appointment is settled, these and no others; without it that is what is asked.
    """
    model = cp_model.CpModel()
    sheet = _Sheet(model, model.new_int_var(0, 7 * 24 * 60, ""))
    by_class = defaultdict[int, list[Hour]](list)
    for hour in hours:
        by_class[hour.class_id].append(hour)
    for one in comers:
        mine = _may_have(sheet, one, by_class, given)
        if given is None:
            _whole(sheet, one)
        if len(one.wants) > 1:
            _in_one_place(model, one, mine)
            if given is not None:
                _evenings(sheet, mine)
    _one_in_each_hour(sheet)
    return sheet


def _may_have(sheet: _Sheet, comers: Comers, by_class: Mapping[int, list[Hour]], given: dict[Key, int] | None) -> Mine:
    """Say which hours each appointment of a family may have; gives those that it shares with nobody alike."""
    model, mine = sheet.model, Mine()
    keys = {(comers.who, each.pupil_id, each.class_id): each for each in comers.wants}
    for key, wanted in keys.items():
        if given is not None and key not in given:
            continue
        could = can_have(comers, wanted, by_class.get(key[2], []))
        if given is not None and len(comers.wants) == 1:
            names = tuple(at.slot_id for at in could)
            if names not in sheet.alike:
                sheet.alike[names] = ([], {name: model.new_bool_var("") for name in names})
            sheet.alike[names][0].append(key)
            continue
        those = {at: model.new_bool_var("") for at in could}
        sheet.has[key] = {at.slot_id: var for at, var in those.items()}
        must = given is not None or (wanted.holds is not None and those)
        (model.add_exactly_one if must else model.add_at_most_one)(those.values())
        mine.extend(those.items())
    return mine


def _one_in_each_hour(sheet: _Sheet) -> None:
    in_hour = defaultdict[int, list[cp_model.IntVar]](list)
    for those_of in [*sheet.has.values(), *(those for _, those in sheet.alike.values())]:
        for slot_id, var in those_of.items():
            in_hour[slot_id].append(var)
    for several in in_hour.values():
        sheet.model.add_at_most_one(several)
    for alike, those_of in sheet.alike.values():
        sheet.model.add(sum(those_of.values()) == len(alike))


def _whole(sheet: _Sheet, comers: Comers) -> None:
    whole = sheet.model.new_bool_var("")
    sheet.whole.append(whole)
    for each in comers.wants:
        sheet.model.add_bool_or([*sheet.has[comers.who, each.pupil_id, each.class_id].values(), ~whole])


def _in_one_place(model: cp_model.CpModel, comers: Comers, mine: Mine) -> None:
    """Nobody is with two teachers at once; two hours chosen by hand stand all the same."""
    held = {wanted.holds for wanted in comers.wants} - {None}
    for begins in sorted({hour.starts_at for hour, _ in mine}):
        there = [(hour, var) for hour, var in mine if hour.starts_at <= begins < hour.ends_at]
        theirs = [var for hour, var in there if hour.slot_id in held]
        others = [var for hour, var in there if hour.slot_id not in held]
        model.add_at_most_one([*others, *theirs[:1]])


def _evenings(sheet: _Sheet, mine: Mine) -> None:
    """Count a family's evenings, and its minutes of waiting on each."""
    model, waits, nights = sheet.model, list[cp_model.IntVar](), list[cp_model.IntVar]()
    by_day = defaultdict[date, Mine](Mine)
    for hour, var in mine:
        by_day[hour.day].append((hour, var))
    for those in by_day.values():
        comes = model.new_bool_var("")
        nights.append(comes)
        zero = min(hour.starts_at for hour, _ in those)
        end = max(minutes(hour.ends_at - zero) for hour, _ in those)
        first, last, wait = (model.new_int_var(0, end, "") for _ in range(3))
        for hour, var in those:
            model.add_implication(var, comes)
            model.add(first <= minutes(hour.starts_at - zero)).only_enforce_if(var)
            model.add(last >= minutes(hour.ends_at - zero)).only_enforce_if(var)
        model.add(wait >= last - first - sum(minutes(hour.ends_at - hour.starts_at) * var for hour, var in those))
        waits.append(wait)
    if mine:
        sheet.several += 1
        model.add_bool_or(nights)
    sheet.evenings.extend(nights)
    sheet.waits.extend(waits)
    model.add(sheet.longest >= sum(waits))


def _main() -> int:
    evenings = TypeAdapter(Evenings).validate_json(sys.stdin.buffer.read())
    sys.stdout.buffer.write(TypeAdapter(Plan).dump_json(solve(evenings)))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
