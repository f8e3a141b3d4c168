"""The footbridge of the reach board: one plank an adult, ten planks a span; drawn here, painted by the look."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from hub.notices.reach import Tally

PLANKS = 10
MOST = 1000
"""Beyond this many adults a plank is ten adults."""

_SHAPES = {
    "f-ack": (3.0, "2h4v26h-4z"),
    "f-delivered": (3.0, "13h4v15h-4z"),
    "f-way": (3.0, "23h4v5h-4z"),
    "f-call": (3.8, "2.8h2.4v24.4h-2.4z"),
}
_STEP = 6
_DECK = "M-0.3 29h{width}v2.4h-{width}z"
_ARCH = "M-.3 31h64.6v12h-2.3C59 36.5 46 34 32 34S5 36.5 2 43H-.3z"


@dataclass(frozen=True, slots=True)
class Bridge:
    """Spans, each a list of (class, path); `each` is how many adults one plank stands for."""

    spans: tuple[tuple[tuple[str, str], ...], ...]
    each: int

    @property
    def runs(self) -> tuple[tuple[tuple[tuple[str, str], ...], int], ...]:
        """Those spans that look alike and follow each other, with how many: most of a bridge is the same again."""
        return tuple((span, len(list(alike))) for span, alike in groupby(self.spans))


@dataclass(frozen=True, slots=True)
class Piece:
    """A share of a bar: x and width of 300, y and height of 14."""

    shape: str
    x: float
    width: float
    y: float
    height: float


def bridge(tally: Tally) -> Bridge:
    """Lay the planks, the most certain first; the deck stops where somebody must be called."""
    each = 1 if tally.adults <= MOST else 10
    planks = [shape for shape, adults in _counts(tally) for _ in range(-(-adults // each))]
    spans = tuple(_span(tuple(planks[start : start + PLANKS])) for start in range(0, len(planks), PLANKS))
    return Bridge(spans, each)


def bar(tally: Tally) -> tuple[Piece, ...]:
    """Cut a bar into the shares of its own line; each share has its own height, so it holds without colour."""
    return tuple(_pieces(tally))


_GAP = 0.8
_HEIGHTS = {"f-ack": (0.0, 14.0), "f-delivered": (5.0, 9.0), "f-way": (10.0, 4.0), "f-call": (0.8, 12.4)}


def _counts(tally: Tally) -> tuple[tuple[str, int], ...]:
    return (
        ("f-ack", tally.acknowledged),
        ("f-delivered", tally.told),
        ("f-way", tally.moving),
        ("f-call", tally.to_call),
    )


@lru_cache(maxsize=512)
def _span(planks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    paths: dict[str, str] = {}
    for place, shape in enumerate(planks):
        start, line = _SHAPES[shape]
        paths[shape] = paths.get(shape, "") + f"M{start + _STEP * place:g} {line}"
    borne = sum(shape != "f-call" for shape in planks)
    if borne == PLANKS:
        paths["f-deck"] = _DECK.format(width=64.6) + _ARCH
    elif borne:
        paths["f-deck"] = _DECK.format(width=round(_STEP * borne + 2.3, 1))
    return tuple(paths.items())


def _pieces(tally: Tally) -> Iterator[Piece]:
    shares = [(shape, adults) for shape, adults in _counts(tally) if adults]
    room, x = 300.0 - _GAP * (len(shares) - 1), 0.0
    for shape, adults in shares:
        width, (y, height) = room * adults / tally.adults, _HEIGHTS[shape]
        inset = 0.8 if shape == "f-call" else 0.0
        yield Piece(shape, round(x + inset, 1), round(max(width - 2 * inset, 1.0), 1), y, height)
        x += width + _GAP
