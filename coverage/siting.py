"""Choose where to build: most people with given means, or fewest sites for a given share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from walkcover import _kernels_siting as kernels
from walkcover._bounds import Deadline, Entries, Flags, Floats, Ints, Model, reduce_model
from walkcover._errors import InputError
from walkcover._ladder import CLOSE, break_ties, fewest_sites, most_people, people_covered

Indices = Sequence[int] | npt.NDArray[np.integer]
Status = Literal["optimal", "feasible", "stopped", "impossible"]


@dataclass(frozen=True)
class CoverPairs:
    """
    Which residences each candidate reaches, as CSR by candidate.

    Make it with `from_csr`, which checks. Existing sites are candidates too, named by `fixed`.

    Parameters
    ----------
    indptr
        Where each candidate's residences start, shape (n_candidates + 1,).
    residences
        Positions of residences, each at most once for a candidate.
    n_residences
        Number of residences, those that nobody reaches included.
    """

    indptr: Ints
    residences: Entries
    n_residences: int

    @classmethod
    def from_csr(
        cls,
        indptr: npt.NDArray[np.integer],
        residences: npt.NDArray[np.integer],
        *,
        n_residences: int,
    ) -> CoverPairs:
        """
        Check a CSR relation and take it over; arrays of the right type are not copied.

        Returns
        -------
        pairs
            The relation, `indptr` as int64 and `residences` as int32.

        Raises
        ------
        InputError
            If the pointers do not ascend from 0 to the number of pairs, or a candidate names a
            residence twice or one that does not exist.

        Examples
        --------
        >>> pairs = CoverPairs.from_csr(np.array([0, 2, 3]), np.array([0, 1, 1]), n_residences=3)
        >>> pairs.n_candidates, pairs.residences_of(0).tolist()
        (2, [0, 1])
        >>> pairs.by_residence[0].tolist()
        [0, 1, 3, 3]
        """
        ptr = np.ascontiguousarray(indptr, dtype=np.int64)
        entries = np.asarray(residences)
        if (
            ptr.ndim != 1
            or ptr.size == 0
            or ptr[0] != 0
            or ptr[-1] != entries.size
            or (np.diff(ptr) < 0).any()
        ):
            msg = (
                "indptr must ascend from 0 to the number of pairs "
                f"({entries.size}), one entry more than candidates"
            )
            raise InputError(msg)
        if not 0 <= n_residences < 2**31 or (
            entries.size and not 0 <= entries.min() <= entries.max() < n_residences
        ):
            msg = f"residences must be positions from 0 to n_residences - 1 = {n_residences - 1}"
            raise InputError(msg)
        entries = np.ascontiguousarray(entries, dtype=np.int32)
        repeated = kernels.first_repeat(ptr, entries, n_residences)
        if repeated >= 0:
            msg = f"candidate {repeated} names a residence twice; give every pair once"
            raise InputError(msg)
        return cls(ptr, entries, n_residences)

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.indptr.size - 1

    @cached_property
    def by_residence(self) -> tuple[Ints, Entries]:
        """The same relation by residence: pointers, and candidates in ascending order."""
        ptr, candidates = kernels.transpose(self.indptr, self.residences, self.n_residences)
        return ptr, candidates

    def residences_of(self, candidate: int) -> Entries:
        """Positions of the residences that a candidate reaches."""
        return self.residences[self.indptr[candidate] : self.indptr[candidate + 1]]

    def covered(self, sites: Indices) -> Flags:
        """Flag the residences that at least one of the sites reaches, shape (n_residences,)."""
        flags = np.zeros(self.n_residences, dtype=bool)
        for site in sites:
            flags[self.residences_of(int(site))] = True
        return flags


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
        ``impossible``: the share cannot be reached; all who can be reached are covered, and
        objective and bound are those of covering them.
    covered_people
        People within reach of chosen and fixed sites.
    target_people
        People that had to be covered; 0 for `max_cover`.
    """

    chosen: Ints
    objective: float
    bound: float
    status: Status
    covered_people: float
    target_people: float = 0.0

    @property
    def gap(self) -> float:
        """``|bound - objective| / objective``; 0 when equal, infinite when only that is 0."""
        if self.bound == self.objective:
            return 0.0
        return abs(self.bound - self.objective) / self.objective if self.objective else np.inf

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
    fixed, forced, forbidden
        Existing sites; new sites that must be built; candidates that must not be built (a fixed
        one may be named here, as it is not built).
    tie_people
        Among answers that cover equally many people, the one that covers most of these is wanted.
    time_limit_s, gap, seed
        Safety stop; gap that is good enough; start of the random numbers.

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
    Church & ReVelle (1974), The maximal covering location problem.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 3]),
    ...                             n_residences=4)
    >>> answer = max_cover(pairs, [10, 40, 30, 35], sites=2)
    >>> answer.chosen.tolist(), answer.objective, answer.bound, answer.status
    ([1, 2], 105.0, 105.0, 'optimal')
    """
    if (sites is None) == (budget is None) or (sites is not None and costs is not None):
        msg = "give sites, or budget (with costs where they differ): exactly one of the two"
        raise InputError(msg)
    room = float(sites if sites is not None else budget if budget is not None else 0.0)
    if not (room >= 0 and np.isfinite(room)):
        msg = f"sites or budget = {room!r}: expected zero or a positive number"
        raise InputError(msg)
    deadline = Deadline(time_limit_s)
    case = _case(pairs, people, tie_people, costs, fixed, forced, forbidden)
    if case.forced_cost > room * (1.0 + 1e-9):
        msg = (
            f"forced sites need {case.forced_cost:g} of {room:g}; "
            "raise the number or the budget, or force fewer"
        )
        raise InputError(msg)
    room = float(np.floor(room)) if case.whole_cost else room * (1.0 + 1e-9)
    room = max(0.0, room - case.forced_cost)
    model = case.model
    chosen, upper = most_people(
        model, room=room, whole=case.whole_people, gap=gap, deadline=deadline, seed=seed
    )
    if tie_people is not None:
        chosen = break_ties(
            model,
            chosen,
            floor=people_covered(model, chosen),
            budget=room,
            whole=case.whole_people,
            deadline=deadline,
            seed=seed,
        )
    built = case.built(chosen)
    covered_people = case.count(built)
    upper = max(case.base_people + upper, covered_people)
    whole = case.whole_people
    status, bound = _judged(covered_people, upper, whole=whole, deadline=deadline)
    return Answer(built, covered_people, bound, status, covered_people)


def min_sites(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    *,
    share: float = 1.0,
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
    people, fixed, forced, forbidden, costs, time_limit_s, gap, seed
        As in `max_cover`; without `costs` sites are counted.

    Returns
    -------
    answer
        The sites, their number or cost, and a bound from below. Where the share cannot be reached
        the status is ``impossible`` and everybody within reach of a candidate is covered.

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
    deadline = Deadline(time_limit_s)
    tie_counts = people if tie_people is None else tie_people
    case = _case(pairs, people, tie_counts, costs, fixed, forced, forbidden)
    model = case.model
    target = share * case.total_people * (1.0 - 1e-12)
    if case.whole_people:
        target = float(np.ceil(target))
    need = target - case.base_people
    reachable = float(model.weight.sum())
    short = need > reachable * (1.0 + 1e-12)
    chosen, lower = np.zeros(model.cost.size, dtype=bool), 0.0
    if need > 0 and reachable > 0:
        chosen, lower = fewest_sites(
            model,
            need=min(need, reachable),
            whole_cost=case.whole_cost,
            whole_people=case.whole_people,
            gap=gap,
            deadline=deadline,
            seed=seed,
        )
        chosen = break_ties(
            model,
            chosen,
            floor=min(need, reachable),
            budget=float(model.cost[chosen].sum()) * (1.0 + 1e-9),
            whole=case.whole_people,
            deadline=deadline,
            seed=seed,
        )
    built = case.built(chosen)
    spent = float(case.cost[built].sum())
    lower = min(case.forced_cost + lower, spent)
    status, bound = _judged(spent, lower, whole=case.whole_cost, deadline=deadline)
    if short:
        status = "impossible"
    return Answer(built, spent, bound, status, case.count(built), target)


@dataclass(frozen=True)
class _Case:
    """The checked question, and the model that is left once fixed and forced sites stand."""

    pairs: CoverPairs
    people: Floats
    cost: Floats
    fixed: Ints
    forced: Ints
    model: Model
    base_people: float

    @property
    def total_people(self) -> float:
        return float(self.people.sum())

    @property
    def forced_cost(self) -> float:
        return float(self.cost[self.forced].sum())

    @property
    def whole_people(self) -> bool:
        return bool((self.people == np.rint(self.people)).all())

    @property
    def whole_cost(self) -> bool:
        return bool((self.cost == np.rint(self.cost)).all())

    def built(self, chosen: Flags) -> Ints:
        """Indices of the new sites, forced ones included."""
        return np.union1d(self.forced, self.model.candidates[chosen])

    def count(self, built: Ints) -> float:
        """People covered by fixed and new sites, on the residences as they were given."""
        return float(self.people[self.pairs.covered(np.append(self.fixed, built))].sum())


def _case(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    tie_people: npt.ArrayLike | None,
    costs: npt.ArrayLike | None,
    fixed: Indices,
    forced: Indices,
    forbidden: Indices,
) -> _Case:
    """Check everything once and reduce the model."""
    faults: list[str] = []
    n = pairs.n_candidates
    counts = _numbers("people", people, pairs.n_residences, faults)
    ties = np.zeros(pairs.n_residences)
    if tie_people is not None:
        ties = _numbers("tie_people", tie_people, pairs.n_residences, faults)
    cost = np.ones(n) if costs is None else _numbers("costs", costs, n, faults)
    if (cost <= 0).any():
        faults.append(
            f"costs must be positive; candidate {int(np.argmin(cost))} costs nothing "
            "(name a site that costs nothing in fixed)"
        )
    stands = _places("fixed", fixed, n, faults)
    must = _places("forced", forced, n, faults)
    banned = _places("forbidden", forbidden, n, faults)
    for name, others in (("fixed", stands), ("forbidden", banned)):
        both = np.intersect1d(must, others)
        if both.size:
            faults.append(f"candidate {both[0]} is both forced and {name}")
    if faults:
        msg = "the siting question is not understood:\n" + "\n".join(f"  {f}" for f in faults)
        raise InputError(msg)
    is_open = np.ones(n, dtype=bool)
    for closed in (stands, must, banned):
        is_open[closed] = False
    is_covered = pairs.covered(np.append(stands, must))
    model = reduce_model(
        pairs.indptr,
        pairs.residences,
        weight=counts,
        second=ties,
        cost=cost,
        is_open=is_open,
        is_covered=is_covered,
    )
    base_people = float(counts[is_covered].sum())
    return _Case(pairs, counts, cost, stands, must, model, base_people)


def _numbers(name: str, given: npt.ArrayLike, size: int, faults: list[str]) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (size,):
        faults.append(f"{name} has shape {values.shape}; expected ({size},)")
        return np.ones(size)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if wrong.size:
        faults.append(
            f"{name} must be finite and not negative; {wrong.size} are not, "
            f"the first at {wrong[0]}: {values[wrong[0]]!r}"
        )
        return np.ones(size)
    return values


def _places(name: str, given: Indices, n: int, faults: list[str]) -> Ints:
    places = np.unique(np.asarray(given, dtype=np.int64))
    wrong = places[(places < 0) | (places >= n)]
    if wrong.size:
        faults.append(f"{name} names candidate {wrong[0]}; there are {n}, counted from 0")
        return places[:0]
    return places


def _judged(
    objective: float, bound: float, *, whole: bool, deadline: Deadline
) -> tuple[Status, float]:
    """Tell the status, and let bound and objective be equal where they differ by rounding."""
    near = (1e-9 if whole else CLOSE) * max(objective, bound)
    if abs(bound - objective) <= near:
        return "optimal", objective
    return ("stopped" if deadline.passed() else "feasible"), bound
