"""Rungs of the solver ladder: how far to search, when to stop, what is decided on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walkcover import _exact as exact
from walkcover._deadline import Deadline
from walkcover._model import Flags, Floats, Model

# Fewest columns that are parted into regions.
REGION_COLUMNS = 600
# Equality of people or costs that are no whole numbers, relative.
CLOSE = 1e-6


@dataclass(frozen=True)
class Rung:
    """
    One step up: exact solving if no more than so many pairs are left, else annealing of so many
    steps and runs, and swaps after so many kicks.

    A long rung is climbed only where the gap asked for is not reached.
    """

    exact_pairs: int
    steps: int
    runs: int
    kicks: int
    is_long: bool


SHORT_RUNGS = (
    Rung(4_000, 20_000, 1, 30, is_long=False),
    Rung(20_000, 100_000, 1, 100, is_long=False),
    Rung(60_000, 500_000, 1, 300, is_long=False),
)
LONG_RUNGS = (
    Rung(exact.EXACT_PAIRS, 20_000_000, 2, 0, is_long=True),
    Rung(exact.EXACT_PAIRS, 0, 1, 0, is_long=True),
)
RUNGS = SHORT_RUNGS + LONG_RUNGS


@dataclass(frozen=True)
class Effort:
    """How far a search goes: the safety stop, the gap that is good enough, the random numbers."""

    deadline: Deadline
    gap: float
    seed: int


@dataclass(frozen=True)
class Found:
    """
    Columns with a bound on the objective.

    `least_short` is a bound from below on the people short of the floors: 0 where they can be met
    or nothing is known.
    """

    chosen: Flags
    bound: float
    least_short: float = 0.0


def is_closed(objective: float, bound: float, gap: float) -> bool:
    """Tell whether objective and bound are as near as asked for."""
    return abs(bound - objective) <= max(gap, 1e-9) * objective


def rounded_down(bound: float, *, whole: bool) -> float:
    """Bound from above of what can only be a whole number; infinite ones stay."""
    whole = whole and bool(np.isfinite(bound))
    return float(np.floor(bound + exact.ROUNDING + 1e-9 * abs(bound))) if whole else bound


def rounded_up(bound: float, *, whole: bool) -> float:
    """Bound from below of what can only be a whole number; infinite ones stay."""
    return float(np.ceil(bound - exact.ROUNDING)) if whole else bound


def first_multipliers(model: Model, chosen: Flags) -> Floats:
    """Let each row pay its weight, shared among the chosen columns that reach it."""
    load = model.loads(np.flatnonzero(chosen))
    return model.weight / np.maximum(load, model.times)


def has_regions(model: Model, effort: Effort) -> bool:
    """Regions pay where there are several, and are valid where every row needs one column."""
    return model.is_single and model.cost.size >= REGION_COLUMNS and not effort.deadline.passed()


def decided(swing: Floats, slack: float, scale: float) -> tuple[Flags, Flags]:
    """Tell which columns every better answer takes, and which it leaves out."""
    certain = np.abs(swing) > slack + exact.ROUNDING + 1e-9 * scale
    return certain & (swing > 0), certain & (swing <= 0)


def joined(taken: Flags, rest: Model, answer: exact.Exact) -> Flags | None:
    if answer.chosen is None:
        return None
    both = taken.copy()
    both[rest.candidates[answer.chosen]] = True
    return both
