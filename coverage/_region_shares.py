"""Share a stage's sites, money or target among regions by one price for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from walkcover._errors import InputError
from walkcover._model import Floats, Ints
from walkcover._region_bounds import STEPS, Excess, excess_at
from walkcover._region_case import RegionCurve
from walkcover._region_whole import Whole, whole_of

# Prices at which the whole is bounded, as parts of the price that the curves meet at: after the
# first round, when that is a guess, and after each next one.
WIDE, NARROW = (1.2, 1.0, 0.85, 0.72, 0.6), (1.08, 1.0, 0.92, 0.82)
# Steps of the subgradient at each of the first ones, which only choose a price.
WIDE_STEPS = 150


@dataclass(frozen=True)
class RegionShares:
    """
    What each region builds when all have one price.

    Parameters
    ----------
    price
        People that one more unit of cost is worth; what the next round should search about.
    numbers
        Number of the set of each region, in the order of the curves as given.
    chosen
        Ids of all candidates of these sets, ascending.
    spent, covered_people
        Their cost, and the people that they and the standing sites cover, each counted once.
    bound
        Most people that the means can cover, or least cost of covering the people asked for.
    row_ids, row_people
        Rows that the driver priced, ascending, and the multiplier of each.
    """

    price: float
    numbers: tuple[int, ...]
    chosen: Ints
    spent: float
    covered_people: float
    bound: float
    row_ids: Ints
    row_people: Floats

    def people_of(self, ids: Ints) -> Floats:
        """What one region should count each of these rows for; 0 where nobody counts it."""
        if self.row_ids.size == 0:
            return np.zeros(ids.size)
        at = np.minimum(np.searchsorted(self.row_ids, ids), self.row_ids.size - 1)
        counted: Floats = np.where(self.row_ids[at] == ids, self.row_people[at], 0.0)
        return counted


def share_sites(
    curves: Sequence[RegionCurve],
    *,
    sites: int | None = None,
    budget: float | None = None,
    people: float | None = None,
    before: RegionShares | None = None,
) -> RegionShares:
    """
    Share sites, money or a target among regions by one price for all.

    The curves are concave, so that taking their steps in the order of people per cost is best for
    every cost it stops at; what the next step would exceed is left.

    Parameters
    ----------
    sites, budget, people
        One of them: what may be built in all, or how many people have to be covered, those covered
        already included.
    before
        Shares of the round before, whose multipliers the driver starts with.

    Returns
    -------
    shares
        One set for each region, and a bound of the whole.

    Raises
    ------
    InputError
        If not exactly one of `sites`, `budget` and `people` is given, two regions have the same
        candidate, or they differ on a row.
    """
    if sum(given is not None for given in (sites, budget, people)) != 1:
        msg = "give sites, budget or people: exactly one of the three"
        raise InputError(msg)
    whole = whole_of(curves)
    room = float(sites) if sites is not None else budget
    return shared(whole, curves, room=room, target=people, before=before)


def shared(
    whole: Whole,
    curves: Sequence[RegionCurve],
    *,
    room: float | None,
    target: float | None,
    before: RegionShares | None,
) -> RegionShares:
    """Walk down the curves, then bound the whole about the price where that ends."""
    steps = sorted(
        (-float(slope), region, number)
        for region, curve in enumerate(whole.curves)
        for number, slope in enumerate(curve.slopes)
    )
    if room is not None:
        cost = [float(np.diff(whole.curves[r].set_cost)[n]) for _, r, n in steps]
        taken = int(np.searchsorted(np.cumsum(cost), room * (1.0 + 1e-12), side="right"))
    else:
        need = (target or 0.0) - whole.covered_people
        taken = _fewest_steps(whole, steps, need)
    numbers = _numbers(whole, steps[:taken])
    chosen = whole.chosen(numbers)
    spent = float(whole.columns.cost[chosen].sum())
    gained = whole.gained(chosen)
    edge = min(taken, len(steps) - 1)
    price = -steps[edge][0] if steps else 0.0
    start = before.people_of(whole.border.row_ids) if before is not None else None
    parts, most = (WIDE, WIDE_STEPS) if before is None else (NARROW, STEPS)
    best: tuple[float, Excess] | None = None
    if before is not None:
        price = before.price
    for part in parts:
        excess = excess_at(
            whole, part * price, known=gained - part * price * spent, start=start, steps=most
        )
        if room is not None:
            value = excess.people_bound(whole, room)
        else:
            value = -excess.cost_bound(whole, target or 0.0)
        if best is None or value < best[0]:
            best = (value, excess)
        start = excess.row_people
    assert best is not None
    place = {id(curve): number for curve, number in zip(whole.curves, numbers, strict=True)}
    return RegionShares(
        price=best[1].price,
        numbers=tuple(place[id(curve)] for curve in curves),
        chosen=np.sort(whole.columns.ids[chosen]),
        spent=spent,
        covered_people=whole.covered_people + gained,
        bound=abs(best[0]),
        row_ids=whole.border.row_ids,
        row_people=best[1].row_people,
    )


def _fewest_steps(whole: Whole, steps: list[tuple[float, int, int]], need: float) -> int:
    """Fewest steps after which the people needed are covered; all where they never are."""
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        if whole.gained(whole.chosen(_numbers(whole, steps[:middle]))) >= need * (1.0 - 1e-12):
            high = middle
        else:
            low = middle + 1
    return low


def _numbers(whole: Whole, steps: list[tuple[float, int, int]]) -> list[int]:
    """Number of the set of each region after these steps, one set further with each."""
    regions = [region for _, region, _ in steps]
    counts: list[int] = np.bincount(
        np.array(regions, dtype=np.int64), minlength=len(whole.curves)
    ).tolist()
    return counts
