"""Small charts of a family's page, drawn here and painted by the look: one column a result, the oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300.0, 80.0
SLOTS = 15
"""Columns of a chart at most; fewer are not wider than this, for the room beside them is still to come."""
_FILLED, _LEAST = 0.7, 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A column of 300 by 80: its ink by class, its place and size."""

    shape: str
    x: float
    y: float
    width: float
    height: float


def bars(shares: Sequence[tuple[str, float]]) -> tuple[Bar, ...]:
    """Draw the last results: (ink, height as a share of the whole). A result of nothing still is a line."""
    step = WIDTH / SLOTS
    drawn = []
    for place, (shape, share) in enumerate(shares[-SLOTS:]):
        height = round(max(_LEAST, HEIGHT * share), 1)
        drawn.append(Bar(shape, round(step * (place + (1 - _FILLED) / 2), 1), HEIGHT - height, step * _FILLED, height))
    return tuple(drawn)
