"""Choose where to build: most people with given means, or fewest sites for a given share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from walkcover._deadline import Deadline, interruptible
from walkcover._errors import InputError
from walkcover._ladder import CLOSE, Effort
from walkcover._model import (
    CLOSE_PEOPLE,
    Entries,
    Flags,
    Floats,
    Ints,
    Model,
    make_model,
    without_dominated_columns,
)
from walkcover._most_people import break_ties
from walkcover._pieces import least_cost, most_people
from walkcover._question import checked_numbers, checked_roles
from walkcover.pairs import CoverPairs, Indices

__all__ = ["Answer", "CoverPairs", "Floor", "Indices", "max_cover", "min_sites"]

Status = Literal["optimal", "feasible", "stopped", "impossible"]


@dataclass(frozen=True)
class Floor:
    """
    A condition: at least `share` of these people must have `times` sites within reach.

    Parameters
    ----------
    people
        The people of each residence whom the condition counts, shape (n_residences,): those of a
        zone, the elderly, everybody.
    share
        Share of all of them, those already covered and those out of reach included.
    times
        Sites that must be within reach, existing ones included.
    """

    people: npt.ArrayLike
    share: float
    times: int = 1


@dataclass(frozen=True)
class Reduction:
    """
    How much of a siting question was left to decide.

    Parameters
    ----------
    residences, candidates
        Numbers given; candidates without fixed, forced and forbidden ones.
    merged_residences
        Residences that matter: with people that count, not covered yet, and within reach of
        candidates. Where one and two sites within reach are asked for at once, each counts for
        both.
    rows
        Groups of these with equal covering sets.
    dominated_candidates
        Candidates dropped because another one covers at least the same for no more cost, or
        because they bring nobody.
    columns
        Candidates left.
    """

    residences: int
    candidates: int
    merged_residences: int
    rows: int
    dominated_candidates: int
    columns: int


@dataclass(frozen=True)
class Answer:
    """
    A siting answer with its proof.

    Parameters
    ----------
    chosen
        New sites in ascending order, forced ones included, fixed ones not.
    objective
        People covered (`max_cover`), or new sites or their cost (`min_sites`).
    bound
        No answer can have an objective better than this.
    status
        ``optimal``: objective and bound are equal. ``feasible``: the counted limits of work ended
        before that, or the gap asked for was reached. ``stopped``: the time limit cut the search.
        ``impossible``: the share or a floor cannot be reached; it counts as far as it can be, and
        objective and bound are those of reaching that.
    covered_people
        People within reach of as many chosen and fixed sites as was asked for.
    target_people
        People that had to be covered; 0 for `max_cover`.
    floors_short
        People short of each floor, shape (n_floors,).
    reduction
        What was merged and dropped before the search.
    """

    chosen: Ints
    objective: float
    bound: float
    status: Status
    covered_people: float
    target_people: float = 0.0
    floors_short: tuple[float, ...] = ()
    reduction: Reduction | None = None

    @property
    def gap(self) -> float:
        """``|bound - objective| / objective``; 0 when equal, else infinite for 0 and infinity."""
        if self.bound == self.objective:
            return 0.0
        if self.objective == 0.0 or not np.isfinite(self.objective):
            return np.inf
        return abs(self.bound - self.objective) / self.objective

    @property
    def missing_people(self) -> float:
        """People short of the target, never negative."""
        return max(0.0, self.target_people - self.covered_people)


def max_cover(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    *,
    sites: int | None = None,
    costs: npt.ArrayLike | None = None,
    budget: float | None = None,
    times: int = 1,
    floors: Sequence[Floor] = (),
    fixed: Indices = (),
    forced: Indices = (),
    forbidden: Indices = (),
    tie_people: npt.ArrayLike | None = None,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Answer:
    """
    Cover the most people with a number of new sites, or within a budget.

    Parameters
    ----------
    people
        People of each residence, shape (n_residences,).
    sites, budget
        One of them: the number of new sites, or the money for them; forced ones are included.
    costs
        Cost of each candidate, positive; only with `budget`, where each costs 1 without it.
    times
        Sites within reach that it takes to count as covered, existing ones included: 2 asks for a
        second site as backup.
    floors
        Conditions to keep. Where they cannot all be kept, as few people as possible are short of
        them, and the status is ``impossible``.
    fixed, forced, forbidden
        Existing sites; new sites that must be built; candidates that must not be built (a fixed
        one may be named here, as it is not built).
    tie_people
        Among answers that cover equally many people, the one that covers most of these is wanted.
    time_limit_s, gap, seed
        Safety stop; gap that is good enough; start of the random numbers. Ctrl-C is a stop too:
        the best answer so far is given with its true gap.

    Returns
    -------
    answer
        The sites, the people they and the fixed ones cover, and a bound from above. Sites that
        would bring nobody are not built, even if the number allows them.

    Raises
    ------
    InputError
        If an array does not fit, a number is out of range, or the forced sites exceed the means.

    References
    ----------
    Church & ReVelle (1974), The maximal covering location problem; Hogan & ReVelle (1986),
    Concepts and applications of backup coverage.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 3]),
    ...                             n_residences=4)
    >>> answer = max_cover(pairs, [10, 40, 30, 35], sites=2)
    >>> answer.chosen.tolist(), answer.objective, answer.bound, answer.status
    ([1, 2], 105.0, 105.0, 'optimal')

    With a second site in reach of as many as possible, and nobody of the first residence left out:

    >>> answer = max_cover(pairs, [10, 40, 30, 35], sites=2, times=2,
    ...                    floors=[Floor([10, 0, 0, 0], share=1.0)])
    >>> answer.chosen.tolist(), answer.objective
    ([0, 1], 40.0)
    """
    if (sites is None) == (budget is None) or (sites is not None and costs is not None):
        msg = "give sites, or budget (with costs where they differ): exactly one of the two"
        raise InputError(msg)
    room = float(sites if sites is not None else budget if budget is not None else 0.0)
    if not (room >= 0 and np.isfinite(room)):
        msg = f"sites or budget = {room!r}: expected zero or a positive number"
        raise InputError(msg)
    case = _case(pairs, people, tie_people, times, costs, fixed, forced, forbidden, floors)
    if case.forced_cost > room * (1.0 + 1e-9):
        msg = (
            f"forced sites need {case.forced_cost:g} of {room:g}; "
            "raise the number or the budget, or force fewer"
        )
        raise InputError(msg)
    room = float(np.floor(room)) if case.whole_cost else room * (1.0 + 1e-9)
    room = max(0.0, room - case.forced_cost)
    needs, out_of_reach = case.within_reach(case.floors)
    with interruptible(time_limit_s) as deadline:
        effort = Effort(deadline, gap, seed)
        model = without_dominated_columns(case.merged(case.wanted, needs))
        found = most_people(model, room=room, whole=case.whole_people, effort=effort)
        built = case.built(model, found.chosen)
        if case.tie_people is not None:
            reached = _Demand(case.wanted.people, case.count(built), times)
            floors_kept = [
                replace(floor, need=min(floor.need, case.count(built, floor))) for floor in needs
            ]
            built = _tie_broken(
                case, built, case.tie_people, [reached, *floors_kept], room=room, effort=effort
            )
        covered_people = case.count(built)
        upper = max(case.base(case.wanted) + found.bound, covered_people)
        status, bound = _judged(covered_people, upper, whole=case.whole_people, deadline=deadline)
    short = case.floors_short(built)
    if any(short):
        proved = found.least_short > 0 or out_of_reach
        status = "impossible" if proved else "feasible" if status == "optimal" else status
    return Answer(
        built, covered_people, bound, status, covered_people, 0.0, short, case.reduction(model)
    )


def min_sites(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    *,
    share: float = 1.0,
    times: int = 1,
    floors: Sequence[Floor] = (),
    fixed: Indices = (),
    forced: Indices = (),
    forbidden: Indices = (),
    costs: npt.ArrayLike | None = None,
    tie_people: npt.ArrayLike | None = None,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Answer:
    """
    Cover a share of all people with the fewest new sites, or the cheapest ones.

    Parameters
    ----------
    share
        Share of all people given, those already covered and those out of reach included.
    tie_people
        Among answers of equal cost, the one that covers most of these is wanted; `people` without.
    people, times, floors, fixed, forced, forbidden, costs, time_limit_s, gap, seed
        As in `max_cover`; without `costs` sites are counted.

    Returns
    -------
    answer
        The sites, their number or cost, and a bound from below. Where the share or a floor cannot
        be reached the status is ``impossible`` and it is met as far as candidates reach.

    Raises
    ------
    InputError
        If an array does not fit or a number is out of range.

    References
    ----------
    Toregas et al. (1971) for a share of 1; Cordeau, Furini & Ljubic (2019) for less.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 3]),
    ...                             n_residences=4)
    >>> answer = min_sites(pairs, [10, 40, 30, 35], share=0.9)
    >>> answer.chosen.tolist(), answer.objective, answer.covered_people, answer.status
    ([1, 2], 2.0, 105.0, 'optimal')
    """
    if not 0.0 <= share <= 1.0:
        msg = f"share = {share!r}: expected a number from 0 to 1"
        raise InputError(msg)
    case = _case(pairs, people, tie_people, times, costs, fixed, forced, forbidden, floors)
    target = _target(case.wanted.people, share, whole=case.whole_people)
    asked = [replace(case.wanted, need=target), *case.floors]
    needs, out_of_reach = case.within_reach(asked)
    with interruptible(time_limit_s) as deadline:
        effort = Effort(deadline, gap, seed)
        nobody = replace(case.wanted, people=np.zeros(pairs.n_residences))
        model = without_dominated_columns(case.merged(nobody, needs))
        found = least_cost(
            model, whole_cost=case.whole_cost, whole_people=case.whole_people, effort=effort
        )
        built = case.built(model, found.chosen)
        built = _tie_broken(
            case,
            built,
            case.wanted.people if case.tie_people is None else case.tie_people,
            needs,
            room=model.spent(found.chosen) * (1.0 + 1e-9),
            effort=effort,
        )
        spent = float(case.cost[built].sum())
        lower = min(case.forced_cost + found.bound, spent)
        status, bound = _judged(spent, lower, whole=case.whole_cost, deadline=deadline)
    if out_of_reach:
        status = "impossible"
    return Answer(
        built,
        spent,
        bound,
        status,
        case.count(built),
        target,
        case.floors_short(built),
        case.reduction(model),
    )


@dataclass(frozen=True)
class _Demand:
    """People who need `times` sites within reach, and how many of them at least."""

    people: Floats
    need: float
    times: int


@dataclass(frozen=True)
class _Case:
    """The checked question."""

    pairs: CoverPairs
    wanted: _Demand
    tie_people: Floats | None
    floors: list[_Demand]
    cost: Floats
    fixed: Ints
    forced: Ints
    is_open: Flags
    standing: Entries

    @property
    def forced_cost(self) -> float:
        return float(self.cost[self.forced].sum())

    @property
    def whole_people(self) -> bool:
        return all(bool((d.people == np.rint(d.people)).all()) for d in (self.wanted, *self.floors))

    @property
    def whole_cost(self) -> bool:
        return bool((self.cost == np.rint(self.cost)).all())

    def base(self, demand: _Demand) -> float:
        """People who have enough sites once fixed and forced ones stand."""
        return float(demand.people[self.standing >= demand.times].sum())

    def within_reach(self, demands: Sequence[_Demand]) -> tuple[list[_Demand], bool]:
        """Lower each need to what everything built together covers; tell whether any was lower."""
        entries = self.pairs.residences[np.repeat(self.is_open, np.diff(self.pairs.indptr))]
        every = self.standing + np.bincount(entries, minlength=self.pairs.n_residences)
        most = [float(demand.people[every >= demand.times].sum()) for demand in demands]
        lowered = [
            replace(demand, need=min(demand.need, reach))
            for demand, reach in zip(demands, most, strict=True)
        ]
        out = any(d.need > reach * (1.0 + 1e-12) for d, reach in zip(demands, most, strict=True))
        return lowered, out

    def merged(self, wanted: _Demand, floors: Sequence[_Demand]) -> Model:
        """Reduce the question: who is wanted, and what is needed at least."""
        floors = [f for f in floors if f.need * (1.0 - CLOSE_PEOPLE) > self.base(f)]
        levels = sorted({demand.times for demand in (wanted, *floors)})
        ptr, candidates = self.pairs.by_residence
        n = self.pairs.n_residences
        block = {times: slice(at * n, (at + 1) * n) for at, times in enumerate(levels)}
        weight = np.zeros(n * len(levels))
        weight[block[wanted.times]] = wanted.people
        demand = np.zeros((len(floors), weight.size))
        for row, floor in zip(demand, floors, strict=True):
            row[block[floor.times]] = floor.people
        more = [ptr[1:] + at * candidates.size for at in range(len(levels))]
        return make_model(
            ptr if len(levels) == 1 else np.concatenate([ptr[:1], *more]),
            candidates if len(levels) == 1 else np.tile(candidates, len(levels)),
            self.cost,
            weight=weight,
            demand=sparse.csr_array(demand),
            need=np.array([floor.need - self.base(floor) for floor in floors]),
            times=np.concatenate([times - self.standing for times in levels]).astype(np.int32),
            is_open=self.is_open,
        )

    def built(self, model: Model, chosen: Flags) -> Ints:
        """Indices of the new sites, forced ones included."""
        return np.union1d(self.forced, model.candidates[chosen])

    def count(self, built: Ints, demand: _Demand | None = None) -> float:
        """People with enough fixed and new sites, on the residences as they were given."""
        demand = self.wanted if demand is None else demand
        reached = self.pairs.reached_by(np.append(self.fixed, built))
        return float(demand.people[reached >= demand.times].sum())

    def floors_short(self, built: Ints) -> tuple[float, ...]:
        """People short of each floor; a rounding error is none."""
        short = (floor.need - self.count(built, floor) for floor in self.floors)
        return tuple(
            float(s) if s > CLOSE_PEOPLE * floor.need else 0.0
            for s, floor in zip(short, self.floors, strict=True)
        )

    def reduction(self, model: Model) -> Reduction:
        return Reduction(
            residences=self.pairs.n_residences,
            candidates=int(self.is_open.sum()),
            merged_residences=model.n_merged,
            rows=model.weight.size,
            dominated_candidates=int(self.is_open.sum()) - model.cost.size,
            columns=model.cost.size,
        )


def _tie_broken(
    case: _Case,
    built: Ints,
    tie_people: Floats,
    kept: Sequence[_Demand],
    *,
    room: float,
    effort: Effort,
) -> Ints:
    """Cover the most of those who break ties, keeping what was reached."""
    ties = replace(case.wanted, people=tie_people)
    # Not without dominated columns: some may have been built.
    model = case.merged(ties, kept)
    found = break_ties(
        model,
        np.isin(model.candidates, built),
        budget=room,
        whole=case.whole_people,
        effort=effort,
    )
    better = case.built(model, found)
    keeps = all(
        case.count(better, demand) >= min(demand.need, case.count(built, demand)) for demand in kept
    )
    return better if keeps and case.count(better, ties) > case.count(built, ties) else built


def _case(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    tie_people: npt.ArrayLike | None,
    times: int,
    costs: npt.ArrayLike | None,
    fixed: Indices,
    forced: Indices,
    forbidden: Indices,
    floors: Sequence[Floor],
) -> _Case:
    """Check everything once."""
    faults: list[str] = []
    n = pairs.n_candidates
    counts = checked_numbers("people", people, pairs.n_residences, faults)
    ties = None
    if tie_people is not None:
        ties = checked_numbers("tie_people", tie_people, pairs.n_residences, faults)
    cost = np.ones(n) if costs is None else checked_numbers("costs", costs, n, faults)
    if (cost <= 0).any():
        faults.append(
            f"costs must be positive; candidate {int(np.argmin(cost))} costs nothing "
            "(name a site that costs nothing in fixed)"
        )
    stands, must, banned = checked_roles(n, fixed, forced, forbidden, faults)
    groups = []
    for number, floor in enumerate(floors):
        where = f"floor {number}"
        groups.append(
            checked_numbers(f"people of {where}", floor.people, pairs.n_residences, faults)
        )
        if not 0.0 <= floor.share <= 1.0:
            faults.append(f"share of {where} is {floor.share!r}; expected a number from 0 to 1")
    for name, number in [
        ("times", times),
        *((f"times of floor {i}", f.times) for i, f in enumerate(floors)),
    ]:
        if number < 1:
            faults.append(f"{name} is {number!r}; expected 1 or more sites within reach")
    if faults:
        msg = "the siting question is not understood:\n" + "\n".join(f"  {f}" for f in faults)
        raise InputError(msg)
    is_open = np.ones(n, dtype=bool)
    for closed in (stands, must, banned):
        is_open[closed] = False
    whole = all(bool((group == np.rint(group)).all()) for group in groups)
    demands = [
        _Demand(group, _target(group, floor.share, whole=whole), floor.times)
        for group, floor in zip(groups, floors, strict=True)
    ]
    standing = pairs.reached_by(np.append(stands, must))
    wanted = _Demand(counts, 0.0, times)
    return _Case(pairs, wanted, ties, demands, cost, stands, must, is_open, standing)


def _target(people: Floats, share: float, *, whole: bool) -> float:
    """People that a share of all of them means; a rounding error asks for nobody more."""
    target = share * float(people.sum()) * (1.0 - 1e-12)
    return float(np.ceil(target)) if whole else target


def _judged(
    objective: float, bound: float, *, whole: bool, deadline: Deadline
) -> tuple[Status, float]:
    """Tell the status, and let bound and objective be equal where they differ by rounding."""
    near = (1e-9 if whole else CLOSE) * max(objective, bound)
    if abs(bound - objective) <= near:
        return "optimal", objective
    return ("stopped" if deadline.passed() else "feasible"), bound
