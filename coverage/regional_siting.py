"""Site a stage too large for one piece: regions search alone, a driver shares and repairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from walkcover import _region_repair as repair
from walkcover._deadline import Deadline, interruptible
from walkcover._errors import InputError
from walkcover._ladder import rounded_down, rounded_up
from walkcover._model import Floats, Ints
from walkcover._region_bounds import STEPS, Excess, excess_at
from walkcover._region_case import RegionCase, RegionCurve
from walkcover._region_curves import curve_of
from walkcover._region_whole import Whole, whole_of
from walkcover._siting_case import target_of
from walkcover.answer import Answer, judged
from walkcover.pairs import CoverPairs

__all__ = [
    "CoverPairs",
    "RegionCase",
    "RegionCurve",
    "RegionShares",
    "region_curve",
    "share_sites",
    "site_regions",
]

Run = Callable[[Callable[[RegionCase], Any], Sequence[Any]], Iterable[Any]]

# Prices at which the whole is bounded, as parts of the price that the curves meet at: after the
# first round, when that is a guess, and after each next one.
WIDE, NARROW = (1.2, 1.0, 0.85, 0.72, 0.6), (1.08, 1.0, 0.92, 0.82)
# Steps of the subgradient at each of the first ones, which only choose a price.
WIDE_STEPS = 150
# Prices that the next round searches, as parts of the best one.
ASKED = (1.1, 1.0, 0.9)
# Rounds of the regions: a coarse one, then thorough ones about the price of the one before until
# it moves by no more than this share, or so many in all.
SETTLED, MOST_ROUNDS = 0.05, 4


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


def region_curve(
    case: RegionCase,
    *,
    shared_ids: npt.NDArray[np.integer],
    prices: Sequence[float] | None = None,
    shared_people: Floats | None = None,
    time_limit_s: float = 600.0,
    seed: int = 0,
) -> RegionCurve:
    """
    Tell what a region can give for sites or money; a worker does this alone.

    Parameters
    ----------
    shared_ids
        Numbers of all rows that are halo in some region, ascending: `RegionCase.halo_ids` of all
        regions together.
    prices
        People per unit of cost at which to search thoroughly; without them the region goes down a
        coarse ladder of its own.
    shared_people
        What the region counts each of the shared rows for, shape of `shared_ids`; without it all
        its people.
    time_limit_s, seed
        Safety stop; start of the random numbers.

    Returns
    -------
    curve
        Small beside the region: sets of candidates, the rows they reach, and bounds.

    Raises
    ------
    InputError
        If a price is not positive and finite, or `shared_people` does not fit.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4]), np.array([0, 1, 1, 2]), n_residences=3)
    >>> case = RegionCase(np.array([10, 11, 20]), np.array([5.0, 8.0, 4.0]),
    ...                   np.array([True, True, False]), np.zeros(3, dtype=bool), pairs,
    ...                   np.array([100, 101]))
    >>> curve = region_curve(case, shared_ids=case.halo_ids)
    >>> curve.set_cost.tolist(), curve.set_people.tolist()
    ([0.0, 1.0, 2.0], [0.0, 13.0, 17.0])
    """
    if prices is not None and not all(0.0 < price < np.inf for price in prices):
        msg = f"prices = {list(prices)!r}: expected positive numbers"
        raise InputError(msg)
    ids = np.asarray(shared_ids, dtype=np.int64)
    if shared_people is not None and shared_people.shape != ids.shape:
        msg = f"shared_people has shape {shared_people.shape}; expected {ids.shape}"
        raise InputError(msg)
    return curve_of(
        case,
        ids,
        prices=prices,
        shared_people=shared_people,
        deadline=Deadline(time_limit_s),
        seed=seed,
    )


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
    return _shared(whole, curves, room=room, target=people, before=before)


def _shared(
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


def run_here(work: Callable[[RegionCase], Any], cases: Sequence[RegionCase]) -> list[Any]:
    """Run the work of all regions one after the other."""
    return [work(case) for case in cases]


def site_regions(
    cases: Sequence[Any],
    *,
    sites: int | None = None,
    budget: float | None = None,
    share: float | None = None,
    run: Run = run_here,
    time_limit_s: float = 3600.0,
    seed: int = 0,
) -> Answer:
    """
    Site a stage in regions: most people with given means, or fewest sites for a share.

    A row counts once where one site reaches it. The answer does not depend on the order of the
    regions.

    Parameters
    ----------
    cases
        The regions, or whatever `run` makes them of.
    sites, budget, share
        One of them: the number of new sites, the money for them, or the share of all people of
        the stage to cover, those covered already and those out of reach included.
    run
        How to apply a function to every region and collect what comes back, in order; where it
        sends the work elsewhere, cases may be handles. Functions can be pickled.
    time_limit_s, seed
        Safety stop of each visit of a region, and of the repair; start of the random numbers.

    Returns
    -------
    answer
        Ids of the chosen candidates, ascending; people or cost; a bound of the whole. The
        objective counts the rows as they were given, each once.

    Raises
    ------
    InputError
        If not exactly one of `sites`, `budget` and `share` is given or it is out of range, two
        regions have the same candidate, or they differ on a row.

    Examples
    --------
    Two regions; the site 101 also reaches row 20 of the other one:

    >>> west = RegionCase(np.array([10, 11, 20]), np.array([5.0, 8.0, 4.0]),
    ...                   np.array([True, True, False]), np.zeros(3, dtype=bool),
    ...                   CoverPairs.from_csr(np.array([0, 2, 4]), np.array([0, 1, 1, 2]),
    ...                                       n_residences=3), np.array([100, 101]))
    >>> east = RegionCase(np.array([20, 21]), np.array([4.0, 9.0]), np.ones(2, dtype=bool),
    ...                   np.zeros(2, dtype=bool),
    ...                   CoverPairs.from_csr(np.array([0, 2]), np.array([0, 1]),
    ...                                       n_residences=2), np.array([200]))
    >>> answer = site_regions([west, east], sites=2)
    >>> answer.chosen.tolist(), answer.objective
    ([100, 200], 26.0)
    """
    if sum(given is not None for given in (sites, budget, share)) != 1:
        msg = "give sites, budget or share: exactly one of the three"
        raise InputError(msg)
    room = float(sites) if sites is not None else budget
    if room is not None and not 0.0 <= room < np.inf:
        msg = f"sites or budget = {room!r}: expected zero or a positive number"
        raise InputError(msg)
    if share is not None and not 0.0 <= share <= 1.0:
        msg = f"share = {share!r}: expected a number from 0 to 1"
        raise InputError(msg)
    halos = list(run(_halo_ids, cases))
    shared_ids = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *halos]))
    whole, shares = None, None
    bound = np.inf if share is None else 0.0
    for _ in range(MOST_ROUNDS):
        search = partial(
            region_curve,
            shared_ids=shared_ids,
            prices=None if shares is None else [part * shares.price for part in ASKED],
            shared_people=None if shares is None else shares.people_of(shared_ids),
            time_limit_s=time_limit_s,
            seed=seed,
        )
        curves = list(run(search, cases))
        whole = whole_of(curves)
        target = None if share is None else _target(whole, share)
        before = shares
        shares = _shared(whole, curves, room=room, target=target, before=before)
        bound = min(bound, shares.bound) if share is None else max(bound, shares.bound)
        is_settled = before and abs(shares.price - before.price) <= SETTLED * before.price
        if is_settled or shares.price == 0.0:
            break
    assert whole is not None
    assert shares is not None
    with interruptible(time_limit_s) as deadline:
        if share is None:
            return _most(whole, shares, room or 0.0, bound, deadline=deadline, seed=seed)
        return _least(whole, shares, share, bound, deadline=deadline, seed=seed)


def _halo_ids(case: RegionCase) -> Ints:
    return case.halo_ids


def _asked_people(whole: Whole, share: float) -> float:
    return target_of(np.array([whole.people]), share, whole=whole.whole_people)


def _target(whole: Whole, share: float) -> float:
    """People that the share means, as far as they are within reach."""
    return min(_asked_people(whole, share), whole.reach_people)


def _most(
    whole: Whole,
    shares: RegionShares,
    room: float,
    bound: float,
    *,
    deadline: Deadline,
    seed: int,
) -> Answer:
    room = float(np.floor(room)) if whole.whole_cost else room * (1.0 + 1e-9)
    chosen = repair.most_people(whole, shares.chosen, room=room, deadline=deadline, seed=seed)
    people = whole.covered_people + whole.gained(whole.places(chosen))
    upper = max(rounded_down(bound, whole=whole.whole_people), people)
    status, bound = judged(people, upper, whole=whole.whole_people, deadline=deadline)
    if whole.is_stopped and status == "feasible":
        status = "stopped"
    return Answer(chosen, people, bound, status, people)


def _least(
    whole: Whole,
    shares: RegionShares,
    share: float,
    bound: float,
    *,
    deadline: Deadline,
    seed: int,
) -> Answer:
    asked, target = _asked_people(whole, share), _target(whole, share)
    need = target - whole.covered_people
    chosen = repair.least_cost(
        whole, shares.chosen, need=need, lower=bound, deadline=deadline, seed=seed
    )
    places = whole.places(chosen)
    spent = float(whole.columns.cost[places].sum())
    lower = min(rounded_up(bound, whole=whole.whole_cost), spent)
    status, bound = judged(spent, lower, whole=whole.whole_cost, deadline=deadline)
    if whole.is_stopped and status == "feasible":
        status = "stopped"
    if asked > target * (1.0 + 1e-12):
        status = "impossible"
    people = whole.covered_people + whole.gained(places)
    return Answer(chosen, spent, bound, status, people, asked)
