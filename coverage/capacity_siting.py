"""Choose what desk time to buy: new sites of some size, or more desks at sites that stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from walkcover._capacity_ladder import CLOSE, Search, everything
from walkcover._capacity_model import Floats, Model, merged
from walkcover._deadline import Deadline, interruptible
from walkcover.capacity import (
    Assignment,
    are_whole,
    assign_people,
    number_faults,
    place_faults,
    refuse,
)
from walkcover.pairs import CoverPairs, Indices, Ints

# Costs such as 0.25 are counted in whole parts of 1, up to hundredths.
MOST_PARTS = 100

Status = Literal["optimal", "feasible", "stopped", "impossible"]


@dataclass(frozen=True)
class Options:
    """
    What money can buy; make it with `of`, which checks.

    An option at a candidate that does not stand builds a site of that size there; of several such
    sizes at most one is taken. An option at a standing site adds desks there; several of them may
    be taken together.

    Parameters
    ----------
    candidate
        Position of the site in the pairs, shape (n_options,).
    add_people
        People whom it serves more.
    cost
        Its cost.
    most
        How often it may be taken.
    """

    candidate: Ints
    add_people: Floats
    cost: Floats
    most: Ints

    @classmethod
    def of(
        cls,
        candidate: npt.ArrayLike,
        add_people: npt.ArrayLike,
        *,
        cost: npt.ArrayLike = 1.0,
        most: npt.ArrayLike = 1,
    ) -> Options:
        """
        Check the columns of options; single numbers hold for all of them.

        Returns
        -------
        options
            The table.

        Raises
        ------
        InputError
            If columns differ in length, people or costs are not positive and finite, a position
            is negative or no whole number, or `most` is less than 1.

        Examples
        --------
        A new site at candidate 3 for 2,000 or 4,000 people, and up to two desks more at site 0:

        >>> options = Options.of([3, 3, 0], [2000, 4000, 1500], cost=[5, 8, 2], most=[1, 1, 2])
        >>> options.add_people.tolist(), options.most.tolist()
        ([2000.0, 4000.0, 1500.0], [1, 1, 2])
        """
        places = np.asarray(candidate)
        faults = []
        if places.ndim != 1 or (places.size and not np.issubdtype(places.dtype, np.integer)):
            faults.append("candidate must be a list of positions, whole numbers from 0")
            places = np.zeros(0)
        places = places.astype(np.int64)
        columns = {}
        for name, given in {"add_people": add_people, "cost": cost, "most": most}.items():
            column = np.asarray(given, dtype=np.float64)
            column = np.full(places.size, column) if column.ndim == 0 else column
            faults += number_faults(name, column, size=places.size)
            if (column <= 0).any():
                faults.append(f"{name} must be positive; option {int(np.argmin(column))} is not")
            columns[name] = column
        times = columns["most"]
        if np.isfinite(times).all() and (times != np.rint(times)).any():
            faults.append("most must be whole numbers")
        refuse(faults, "the options are not understood")
        return cls(places, columns["add_people"], columns["cost"], times.astype(np.int64))

    @property
    def n_options(self) -> int:
        """Number of options."""
        return self.candidate.size


@dataclass(frozen=True)
class DeskAnswer:
    """
    What to buy, with its proof.

    Parameters
    ----------
    chosen, times
        Options to take, ascending, and how often.
    objective
        People served (`max_served`), or cost (`min_cost_served`).
    bound
        No answer can have an objective better than this.
    status
        ``optimal``: objective and bound are equal. ``feasible``: the counted limits of work ended
        before that, or the gap asked for was reached. ``stopped``: the time limit cut the search.
        ``impossible``: the share cannot be served with all options; the most people are served,
        and objective and bound are those of serving them.
    assignment
        Who is served where, and where desk time is still short.
    target_people
        People that had to be served; 0 for `max_served`.
    """

    chosen: Ints
    times: Ints
    objective: float
    bound: float
    status: Status
    assignment: Assignment
    target_people: float = 0.0

    @property
    def served_people(self) -> float:
        """People served."""
        return self.assignment.total_served_people

    @property
    def gap(self) -> float:
        """``|bound - objective| / objective``; 0 when equal, infinite when only that is 0."""
        if self.bound == self.objective:
            return 0.0
        return abs(self.bound - self.objective) / self.objective if self.objective else np.inf

    @property
    def missing_people(self) -> float:
        """People short of the target, never negative."""
        return max(0.0, self.target_people - self.served_people)


def max_served(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    options: Options,
    *,
    capacity_people: npt.ArrayLike | None = None,
    fixed: Indices = (),
    sites: int | None = None,
    budget: float | None = None,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> DeskAnswer:
    """
    Serve the most people with a number of options, or within a budget.

    Parameters
    ----------
    pairs
        The residences that each site or candidate reaches.
    people
        People of each residence, shape (n_residences,).
    options
        What money can buy.
    capacity_people
        People whom each standing site can serve, shape (n_candidates,); 0 for all without. Entries
        of candidates that do not stand do not count.
    fixed
        Sites that stand.
    sites, budget
        One of them: the number of options that may be taken, whatever they cost; or the money.
    time_limit_s, gap, seed
        Safety stop; gap that is good enough; start of the random numbers.

    Returns
    -------
    answer
        The options, the people served with them by a largest flow on the residences as given, and
        a bound from above. Options that would bring nobody are not taken.

    Raises
    ------
    InputError
        If an array does not fit or a number is out of range.

    References
    ----------
    Pirkul & Schilling (1991), The maximal covering location problem with capacities on total
    workload; residences may be split here.

    Examples
    --------
    Site 0 stands and can serve 40 of the 50 + 30 people in its reach. With 5 to spend, a site at
    candidate 1 serves 30 + 25, more than the desk at site 0 that serves 40 for the same money:

    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4]), np.array([0, 1, 1, 2]), n_residences=3)
    >>> options = Options.of([0, 1], [40, 100], cost=[5, 5])
    >>> answer = max_served(pairs, [50, 30, 25], options, capacity_people=[40, 0], fixed=[0],
    ...                     budget=5)
    >>> answer.chosen.tolist(), answer.objective, answer.bound, answer.status
    ([1], 95.0, 95.0, 'optimal')
    """
    faults = []
    if (sites is None) == (budget is None):
        faults.append("give sites or budget: exactly one of the two")
    room = float(sites if sites is not None else budget if budget is not None else 0.0)
    if not 0.0 <= room < np.inf:
        faults.append(f"sites or budget = {room!r}: expected zero or a positive number")
    refuse(faults, "the means are not understood")
    with interruptible(time_limit_s) as deadline:
        case = _case(pairs, people, options, capacity_people, fixed, counted=sites is not None)
        room *= case.cost_factor * (1.0 + 1e-9)
        room = float(np.floor(room)) if case.whole_cost else room
        search = Search(case.model_for(room), case.whole_people, gap, deadline, seed)
        times, upper = search.most_people(room)
        assignment = case.assign(times)
    served = assignment.total_served_people
    status, bound = _judged(served, max(served, upper), case.whole_people, deadline)
    chosen = np.flatnonzero(times)
    return DeskAnswer(chosen, times[chosen], served, bound, status, assignment)


def min_cost_served(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    options: Options,
    *,
    share: float,
    capacity_people: npt.ArrayLike | None = None,
    fixed: Indices = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> DeskAnswer:
    """
    Serve a share of all people at the least cost.

    Parameters
    ----------
    share
        Share of all people given, those out of reach included.
    pairs, people, options, capacity_people, fixed, time_limit_s, gap, seed
        As in `max_served`.

    Returns
    -------
    answer
        The options, their cost, and a bound from below. Where the share cannot be served the
        status is ``impossible``, and as many people as possible are served.

    Raises
    ------
    InputError
        If an array does not fit or a number is out of range.

    Examples
    --------
    To serve 90 of 105 people, the site at candidate 1 is needed; desks at site 0 come too late,
    as no more than 80 people live in its reach:

    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4]), np.array([0, 1, 1, 2]), n_residences=3)
    >>> options = Options.of([0, 1], [40, 100], cost=[2, 5])
    >>> answer = min_cost_served(pairs, [50, 30, 25], options, capacity_people=[40, 0], fixed=[0],
    ...                          share=90 / 105)
    >>> answer.chosen.tolist(), answer.objective, answer.served_people, answer.status
    ([1], 5.0, 95.0, 'optimal')
    """
    if not 0.0 <= share <= 1.0:
        fault = f"share = {share!r}: expected a number from 0 to 1"
        refuse([fault], "the target is not understood")
    with interruptible(time_limit_s) as deadline:
        case = _case(pairs, people, options, capacity_people, fixed, counted=False)
        target = share * float(case.people.sum()) * (1.0 - 1e-12)
        if case.whole_people:
            target = float(np.ceil(target))
        model = case.model_for(np.inf)
        possible = model.served(everything(model))
        is_short = target > possible * (1.0 + 1e-12)
        search = Search(model, case.whole_people, gap, deadline, seed)
        times, lower = search.least_cost(min(target, possible), case.whole_cost)
        assignment = case.assign(times)
    spent = float(options.cost @ times)
    lower /= case.cost_factor
    status, bound = _judged(spent, min(spent, lower), case.whole_cost, deadline)
    chosen = np.flatnonzero(times)
    if is_short:
        status = "impossible"
    return DeskAnswer(chosen, times[chosen], spent, bound, status, assignment, target)


def _judged(
    objective: float, bound: float, whole: bool, deadline: Deadline
) -> tuple[Status, float]:
    """Tell the status, and let bound and objective be equal where they differ by rounding."""
    near = (1e-9 if whole else CLOSE) * max(objective, bound)
    if abs(bound - objective) <= near:
        return "optimal", objective
    return ("stopped" if deadline.passed() else "feasible"), bound


def _whole_factor(cost: Floats) -> float:
    """Find the smallest number that makes all costs whole, 1 where none up to a hundred does."""
    for factor in range(1, MOST_PARTS + 1):
        if are_whole(factor * cost):
            return float(factor)
    return 1.0


@dataclass(frozen=True)
class _Case:
    """The checked question; costs are counted in `cost_factor` parts, whole ones if they can be."""

    pairs: CoverPairs
    people: Floats
    capacity_people: Floats
    fixed: Ints
    options: Options
    cost: Floats
    cost_factor: float

    @property
    def whole_people(self) -> bool:
        counts = (self.people, self.capacity_people[self.fixed], self.options.add_people)
        return all(are_whole(count) for count in counts)

    @property
    def whole_cost(self) -> bool:
        return are_whole(self.cost)

    def model_for(self, room: float) -> Model:
        """The merged model of what the means can buy; the options keep their places."""
        stands = np.zeros(self.pairs.n_candidates, dtype=bool)
        stands[self.fixed] = True
        used = stands.copy()
        used[self.options.candidate] = True
        sites = np.flatnonzero(used)
        pairs, people = merged(self.pairs, self.people, sites)
        in_reach = np.bincount(
            np.repeat(np.arange(sites.size), np.diff(pairs.indptr)),
            people[pairs.residences],
            minlength=sites.size,
        )
        site = np.searchsorted(sites, self.options.candidate)
        useful = np.ceil(in_reach[site] / self.options.add_people)
        most = np.minimum(np.minimum(self.options.most, useful), np.floor(room / self.cost))
        return Model(
            pairs=pairs,
            people=people,
            base_people=np.where(stands, self.capacity_people, 0.0)[sites],
            is_fixed=stands[sites],
            site=site,
            add_people=self.options.add_people,
            cost=self.cost,
            most=most.astype(np.int64),
        )

    def assign(self, times: Ints) -> Assignment:
        """Assign the people as they were given to the sites that stand then."""
        options = self.options
        sites = np.union1d(self.fixed, options.candidate[times > 0])
        room = np.zeros(self.pairs.n_candidates)
        room[self.fixed] = self.capacity_people[self.fixed]
        room += np.bincount(
            options.candidate, times * options.add_people, minlength=self.pairs.n_candidates
        )
        return assign_people(self.pairs, self.people, room, sites=sites)


def _case(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    options: Options,
    capacity_people: npt.ArrayLike | None,
    fixed: Indices,
    *,
    counted: bool,
) -> _Case:
    """Check everything once."""
    n = pairs.n_candidates
    counts = np.asarray(people, dtype=np.float64)
    given = np.zeros(n) if capacity_people is None else capacity_people
    room = np.asarray(given, dtype=np.float64)
    stands = np.unique(np.asarray(fixed, dtype=np.int64))
    faults = number_faults("people", counts, size=pairs.n_residences)
    faults += number_faults("capacity_people", room, size=n)
    faults += place_faults("fixed", stands, n)
    faults += place_faults("options.candidate", options.candidate, n)
    twice = np.flatnonzero((options.most > 1) & ~np.isin(options.candidate, stands))
    if twice.size:
        faults.append(
            f"option {twice[0]} builds a site at candidate {options.candidate[twice[0]]}, which "
            "can be done once: give most = 1, or name the candidate in fixed if it stands"
        )
    refuse(faults, "the siting question is not understood")
    cost = np.ones(options.n_options) if counted else options.cost
    factor = _whole_factor(cost)
    return _Case(pairs, counts, room, stands, options, cost * factor, factor)
