"""Site a stage too large for one piece: regions search alone, a driver shares and repairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from walkcover import _region_repair as repair
from walkcover._deadline import Deadline, interruptible
from walkcover._errors import InputError
from walkcover._ladder import rounded_down, rounded_up
from walkcover._model import Floats, Ints
from walkcover._region_case import RegionCase, RegionCurve
from walkcover._region_curves import curve_of
from walkcover._region_shares import RegionShares, share_sites, shared
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

# Prices that the next round searches, as parts of the best one.
ASKED = (1.1, 1.0, 0.9)
# Rounds of the regions: a coarse one, then thorough ones about the price of the one before until
# it moves by no more than this share, or so many in all.
SETTLED, MOST_ROUNDS = 0.05, 4


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
        shares = shared(whole, curves, room=room, target=target, before=before)
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
