"""`make bench`: interleaved rounds, medians with min and max, and what the sink saw arrive."""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from bench.sinks import sink

GOALS = {
    "send_embedded": 0.80,
    "send_distributed_1": 0.70,
    "send_distributed_2": 1.1,
    "publish_to_sent": 0.60,
    "mail": 0.60,
}
"""Ratios: at least."""
PAGES = {"page_p95": ("ms", 30.0), "page_weight": ("bytes", 120_000.0), "page_requests": ("requests", 8.0)}
"""What the server works and what a first load brings, by the page of the demo school that needs most: at most."""
REPLIES = {"reply_p99": ("ms", 250.0)}
"""From a webhook to the open inbox, at 100 replies a second beside a fan-out: at most."""
EVENINGS = {"evening_growth": ("times", 3.0)}
"""What a plan for an evening of a school takes, against that for half of it: at most."""
AGAINST = {name: "loop_mail" if name == "mail" else "loop_twilio" for name in GOALS}
SINK_OF = {"mail": "mta", "loop_mail": "mta", "sink_mta": "mta"}
BEARS = {"sink_twilio": "loop_transport", "sink_mta": "loop_mail"}
"""A sink must bear twice what its fastest loop sends, or what is measured against it is the sink."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: a ratio to its denominator, or messages a second for a denominator itself."""

    name: str
    value: float
    unit: str
    goal: float | None
    min: float
    max: float
    rounds: int
    arrived: int


def measured(name: str, number: int, base_url_port: int | None) -> tuple[float, int]:
    """Run once in a process of its own: (messages a second, how many the sink saw)."""
    with (
        tempfile.TemporaryDirectory(prefix="passerelle-bench-") as folder,
        sink(SINK_OF.get(name, "twilio")) as (port, seen),
    ):
        shown = base_url_port if base_url_port and SINK_OF.get(name) is None else port
        ran = subprocess.run(
            [sys.executable, "-m", "bench.runs", name, str(shown), str(number), folder],
            check=False,
            capture_output=True,
            text=True,
        )
        if ran.returncode:
            sys.exit(f"{name}: {ran.stderr[-2000:]}")
        line = json.loads(ran.stdout.splitlines()[-1])
        if line["done"] != number:
            sys.exit(f"{name}: {line['done']} of {number} done: the run is void")
        return number / line["seconds"], seen.value


def measured_pages() -> dict[str, float]:
    """Ask for every page of the demo school, in a process of its own; gives the figures of the page that needs most."""
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as folder:
        ran = subprocess.run([sys.executable, "-m", "bench.pages", folder], check=False, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"pages: {ran.stderr[-2000:]}")
    worst: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])["worst"]
    return worst


def measured_replies() -> dict[str, float]:
    """Let families write while notices leave, in a process of its own; void unless all of it shows."""
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as folder:
        command = [sys.executable, "-m", "bench.replies", folder]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"replies: {ran.stderr[-2000:]}")
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    if found["seen"] != found["asked"]:
        sys.exit(f"replies: {found['seen']:.0f} of {found['asked']:.0f} showed: the run is void")
    return {"reply_p99": found["p99"], "arrived": found["seen"]}


def measured_evening() -> dict[str, float]:
    """Seek plans for a school and for half of it, in a process of its own."""
    ran = subprocess.run([sys.executable, "-m", "bench.evenings"], check=False, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"evenings: {ran.stderr[-2000:]}")
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--only", nargs="*", default=[*GOALS, *PAGES, *REPLIES, *EVENINGS])
    parser.add_argument("--sms-base-url", type=str, help="a sink of your own, http://127.0.0.1:PORT")
    asked = parser.parse_args()
    own = int(asked.sms_base_url.rsplit(":", 1)[1]) if asked.sms_base_url else None
    wanted = [name for name in GOALS if name in asked.only]
    denominators = dict.fromkeys(AGAINST[name] for name in wanted)
    loops = [*(["loop_transport"] if "loop_twilio" in denominators else []), *denominators]
    sinks = [name for name, loop in BEARS.items() if loop in loops and not (own and name == "sink_twilio")]
    names = [*sinks, *loops, *wanted]
    rates: dict[str, list[float]] = {name: [] for name in names}
    arrived = dict.fromkeys(names, 0)
    for _ in range(asked.rounds):
        for name in names:
            rate, seen = measured(name, asked.number, own)
            rates[name].append(rate)
            arrived[name] += seen
    if not asked.json:
        print(
            f"{platform.machine()}, Python {platform.python_version()}, {asked.number} messages, {asked.rounds} rounds"
        )
    for name in names:
        _show(_line(name, rates, arrived[name]), as_json=asked.json)
    for goals, measure in (
        (PAGES, measured_pages),
        (REPLIES, measured_replies),
        (EVENINGS, measured_evening),
    ):
        _at_most({name: goals[name] for name in goals if name in asked.only}, measure, asked.rounds, as_json=asked.json)
    _refuse_weak(sinks, rates)


def _refuse_weak(sinks: list[str], rates: dict[str, list[float]]) -> None:
    for name in sinks:
        borne, asked_of = statistics.median(rates[name]), statistics.median(rates[BEARS[name]])
        if borne < 2 * asked_of:
            sys.exit(f"{name} bears {borne:.0f}/s, less than twice {BEARS[name]} ({asked_of:.0f}/s): the run is void")


def _at_most(
    goals: Mapping[str, tuple[str, float]], measure: Callable[[], dict[str, float]], rounds: int, *, as_json: bool
) -> None:
    """Measure what has a limit, some rounds of it."""
    seen = [measure() for _ in range(rounds)] if goals else []
    for name, (unit, goal) in goals.items():
        values = [one[name] for one in seen]
        middle, least, most = (round(one, 1) for one in (statistics.median(values), min(values), max(values)))
        arrived = int(sum(one.get("arrived", 0) for one in seen))
        _show(Line(name, middle, unit, goal, least, most, rounds, arrived), as_json=as_json)


def _line(name: str, rates: dict[str, list[float]], arrived: int) -> Line:
    against = AGAINST.get(name)
    values = rates[name] if against is None else [a / b for a, b in zip(rates[name], rates[against], strict=True)]
    unit = "messages/s" if against is None else f"of {against}"
    middle, least, most = statistics.median(values), min(values), max(values)
    return Line(name, round(middle, 3), unit, GOALS.get(name), round(least, 3), round(most, 3), len(values), arrived)


def _show(line: Line, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(line)), flush=True)
        return
    goal = f"goal {line.goal}" if line.goal is not None else ""
    print(
        f"{line.name:18} {line.value:>12} {line.unit:16} {goal:10} {line.min}–{line.max}  arrived {line.arrived}",
        flush=True,
    )


if __name__ == "__main__":
    main()
