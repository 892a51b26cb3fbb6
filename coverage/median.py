"""Choose where to build so that people walk least: the p-median within reach."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover import _kernels_median as kernels
from walkcover._deadline import Deadline, interruptible
from walkcover._errors import InputError
from walkcover._median_tree import ROOT_EFFORT, MedianModel, Part, Tree, make_model
from walkcover._question import checked_numbers, checked_roles
from walkcover.answer import Answer, Status
from walkcover.pairs import CoverPairs, Indices

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Descents of the local search, and how many of them run before the clock is looked at again.
DESCENTS = 200
DESCENTS_PER_CALL = 5
# Totals closer than this, relative to the walk without new sites, are equal.
CLOSE = 1e-9
# Whole totals up to WHOLE people·seconds are told apart by one, less a slack for rounding.
WHOLE, WHOLE_STEP = 1e10, 0.999
ROUNDING = 1.0005


def min_walk(
    pairs: CoverPairs,
    walk_s: npt.ArrayLike,
    people: npt.ArrayLike,
    *,
    sites: int | None = None,
    costs: npt.ArrayLike | None = None,
    budget: float | None = None,
    beyond_s: float,
    fixed: Indices = (),
    forced: Indices = (),
    forbidden: Indices = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Answer:
    """
    Let people walk least in total with a number of new sites, or within a budget.

    Everybody walks to the nearest chosen or fixed site that has a pair with the residence.

    Parameters
    ----------
    pairs
        Which residences each candidate reaches.
    walk_s
        Walk of each pair in seconds, shape (n_pairs,), in the order of `pairs.residences`.
    people
        People of each residence, shape (n_residences,).
    sites, budget
        One of them: the number of new sites, or the money for them; forced ones are included.
    costs
        Cost of each candidate, positive; only with `budget`, where each costs 1 without it.
    beyond_s
        What counts for a person without a site within reach, in seconds; no less than any walk
        given, as otherwise it would pay to leave people out of reach. The larger, the more it
        matters to reach people at all, against shortening the walks of those within reach.
    fixed, forced, forbidden
        Existing sites; new sites that must be built; candidates that must not be built (a fixed
        one may be named here, as it is not built).
    time_limit_s, gap, seed
        Safety stop; gap that is good enough; start of the random numbers.

    Returns
    -------
    answer
        The sites; as objective the walk of all people in people·seconds, `beyond_s` for each one
        without a site within reach; a bound from below. Sites that would shorten nobody's walk are
        not built, even if the means allow them.

    Raises
    ------
    InputError
        If an array does not fit, a number is out of range, or the forced sites exceed the means.

    References
    ----------
    Hakimi (1964), Optimum locations of switching centers and the absolute centers and medians of a
    graph. ReVelle & Swain (1970), Central facilities location. The proof is a branch and bound on
    Lagrangian prices: Cornuejols, Fisher & Nemhauser (1977), Location of bank accounts to optimize
    float; Beasley (1993), Lagrangean heuristics for location problems.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 2]),
    ...                             n_residences=3)
    >>> walk_s = [60.0, 300.0, 120.0, 240.0, 90.0]
    >>> answer = min_walk(pairs, walk_s, [10, 20, 30], sites=1, beyond_s=1800.0)
    >>> answer.chosen.tolist(), answer.objective, answer.covered_people, answer.status
    ([1], 27600.0, 50.0, 'optimal')
    """
    with interruptible(time_limit_s) as deadline:
        case = _checked(
            pairs, walk_s, people, sites, costs, budget, beyond_s, fixed, forced, forbidden
        )
        found = _search(case, gap=gap, deadline=deadline, seed=seed)
        built = np.union1d(case.forced, case.model.candidates[found.chosen])
        standing = np.append(case.fixed, built)
        walks_s = nearest_walk(pairs, case.walk_s, standing, beyond_s=beyond_s)
        objective = float(case.people @ walks_s)
        upper = np.floor(found.upper + (1.0 - WHOLE_STEP)) if case.whole else found.upper
        bound = min(objective, case.base_total - float(upper))
        covered_people = float(case.people[pairs.covered(standing)].sum())
        if found.upper - found.saved <= case.step * ROUNDING:
            return Answer(built, objective, objective, "optimal", covered_people)
        status: Status = "stopped" if found.cut else "feasible"
        return Answer(built, objective, bound, status, covered_people)


def nearest_walk(
    pairs: CoverPairs,
    walk_s: npt.NDArray[np.float64],
    sites: Indices,
    *,
    beyond_s: float = np.inf,
) -> npt.NDArray[np.float64]:
    """
    Find the walk from each residence to the nearest of the sites.

    Parameters
    ----------
    pairs, walk_s
        As in `min_walk`.
    sites
        Candidates that are open, fixed ones included.
    beyond_s
        What stands for a residence that no site reaches.

    Returns
    -------
    walks_s
        Seconds, shape (n_residences,).

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 3]), np.array([0, 1, 1]), n_residences=3)
    >>> nearest_walk(pairs, np.array([60.0, 300.0, 120.0]), [0, 1]).tolist()
    [60.0, 120.0, inf]
    """
    walks_s = np.full(pairs.n_residences, beyond_s, dtype=np.float64)
    for site in sites:
        reached = pairs.residences_of(int(site))
        own_s = walk_s[pairs.indptr[site] : pairs.indptr[site + 1]]
        walks_s[reached] = np.minimum(walks_s[reached], own_s)
    return walks_s


@dataclass(frozen=True)
class _Case:
    """The checked question, and the model that is left once fixed and forced sites stand."""

    walk_s: Floats
    people: Floats
    fixed: Ints
    forced: Ints
    room: float
    base_total: float
    whole: bool
    model: MedianModel

    @property
    def step(self) -> float:
        """Savings that differ by no more are equal."""
        return WHOLE_STEP if self.whole else CLOSE / 2.0 * self.base_total


def _checked(
    pairs: CoverPairs,
    walk_s: npt.ArrayLike,
    people: npt.ArrayLike,
    sites: int | None,
    costs: npt.ArrayLike | None,
    budget: float | None,
    beyond_s: float,
    fixed: Indices,
    forced: Indices,
    forbidden: Indices,
) -> _Case:
    """Check everything once, report all faults together, and make the model."""
    if (sites is None) == (budget is None) or (sites is not None and costs is not None):
        msg = "give sites, or budget (with costs where they differ): exactly one of the two"
        raise InputError(msg)
    room = float(sites if sites is not None else budget if budget is not None else 0.0)
    faults: list[str] = []
    n = pairs.n_candidates
    walks_s = checked_numbers("walk_s", walk_s, pairs.residences.size, faults)
    counts = checked_numbers("people", people, pairs.n_residences, faults)
    cost = np.ones(n) if costs is None else checked_numbers("costs", costs, n, faults)
    stands, must, banned = checked_roles(n, fixed, forced, forbidden, faults)
    if not (room >= 0 and np.isfinite(room)):
        faults.append(f"sites or budget = {room!r}: expected zero or a positive number")
    longest_s = float(walks_s.max(initial=0.0))
    if not (np.isfinite(beyond_s) and beyond_s >= longest_s):
        faults.append(
            f"beyond_s = {beyond_s!r}: expected a number no less than the longest walk "
            f"given, {longest_s:g} s; people out of reach must not count less than others"
        )
    if (cost <= 0).any():
        faults.append(
            f"costs must be positive; candidate {int(np.argmin(cost))} costs nothing "
            "(name a site that costs nothing in fixed)"
        )
    forced_cost = float(cost[must].sum())
    if forced_cost > room * (1.0 + CLOSE):
        faults.append(
            f"forced sites need {forced_cost:g} of {room:g}; "
            "raise the number or the budget, or force fewer"
        )
    if faults:
        msg = "the siting question is not understood:\n" + "\n".join(f"  {f}" for f in faults)
        raise InputError(msg)
    room = room * (1.0 + CLOSE)
    room = max(0.0, (float(np.floor(room)) if _are_whole(cost) else room) - forced_cost)
    is_open = cost <= room
    for closed in (stands, must, banned):
        is_open[closed] = False
    return _case(pairs, walks_s, counts, cost, stands, must, is_open, room, beyond_s)


def _are_whole(values: Floats) -> bool:
    return bool((values == np.rint(values)).all())


def _case(
    pairs: CoverPairs,
    walks_s: Floats,
    counts: Floats,
    cost: Floats,
    stands: Ints,
    must: Ints,
    is_open: Flags,
    room: float,
    beyond_s: float,
) -> _Case:
    """Keep what open candidates save against the walk to the sites that stand or must be built."""
    base_s = nearest_walk(pairs, walks_s, np.append(stands, must), beyond_s=beyond_s)
    base_total = float(counts @ base_s)
    column = np.repeat(np.arange(pairs.n_candidates), np.diff(pairs.indptr))
    saves = counts[pairs.residences] * (base_s[pairs.residences] - walks_s)
    use = np.flatnonzero(is_open[column] & (saves > 0))
    use = use[np.lexsort((column[use], -saves[use], pairs.residences[use]))]
    names = np.arange(pairs.n_candidates)
    model = make_model(pairs.residences[use], column[use], saves[use], names, cost)
    whole = base_total < WHOLE and _are_whole(np.concatenate([counts, walks_s, [beyond_s]]))
    return _Case(walks_s, counts, stands, must, room, base_total, whole, model)


@dataclass(frozen=True)
class _Found:
    """Columns of the whole model, what they save, a bound from above, and whether time ended."""

    chosen: Flags
    saved: float
    upper: float
    cut: bool


def _search(case: _Case, *, gap: float, deadline: Deadline, seed: int) -> _Found:
    """Find good sites, price the rows, search again from what the prices suggest, and prove."""
    model, room = case.model, case.room
    if model.cost.size == 0:
        return _Found(np.zeros(0, dtype=bool), 0.0, 0.0, cut=False)
    chosen = kernels.greedy(*model.by_row, *model.by_column, model.cost, room)
    chosen = _descend(model, chosen, room=room, deadline=deadline, seed=seed)
    tree = Tree(
        model,
        chosen,
        base_total=case.base_total,
        step=case.step,
        gap=gap,
        deadline=deadline,
    )
    columns = dataclasses.replace(model, candidates=np.arange(model.cost.size))
    root = Part(columns, np.zeros(0, dtype=np.int64), 0.0, room, model.served(chosen), np.inf)
    priced = tree.price(root, ROOT_EFFORT)
    picked = priced.part == 1.0
    tree.offer(_descend(model, picked, room=room, deadline=deadline, seed=seed + DESCENTS))
    tree.settle(root, priced)
    tree.prove()
    return _Found(
        _without_idle(model, tree.best),
        tree.saved,
        tree.upper(),
        deadline.passed(),
    )


def _descend(
    model: MedianModel, chosen: Flags, *, room: float, deadline: Deadline, seed: int
) -> Flags:
    """Search on from the chosen columns, a few descents at a time."""
    best = chosen.copy()
    for turn in range(0, DESCENTS, DESCENTS_PER_CALL):
        if deadline.passed():
            break
        until = turn + DESCENTS_PER_CALL
        kernels.interchange(
            *model.by_row, *model.by_column, model.cost, room, best, turn, until, seed + turn
        )
    return best


def _without_idle(model: MedianModel, chosen: Flags) -> Flags:
    """Leave out, one after the other, the dearest column that saves nothing beside the others."""
    left = chosen.copy()
    while True:
        losses = kernels.losses(*kernels.best_two(*model.by_row, left), left.size)
        idle = np.flatnonzero(left & (losses <= 0.0))
        if idle.size == 0:
            return left
        left[idle[np.argmax(model.cost[idle])]] = False
