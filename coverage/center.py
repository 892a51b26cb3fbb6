"""Choose where to build so that the longest walk is short: the p-centre for a share of people."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover._deadline import Deadline, interruptible
from walkcover._errors import InputError
from walkcover._question import checked_numbers, checked_roles
from walkcover.answer import Answer, Status
from walkcover.median import nearest_walk
from walkcover.pairs import CoverPairs, Indices
from walkcover.siting import max_cover, min_sites

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Share of the time left that one covering question may use, so that others get their turn.
TURN = 0.5
# Sums of people may differ by this share.
CLOSE_PEOPLE = 1e-12


def min_worst_walk(
    pairs: CoverPairs,
    walk_s: npt.ArrayLike,
    people: npt.ArrayLike,
    *,
    sites: int,
    share: float = 1.0,
    fixed: Indices = (),
    forced: Indices = (),
    forbidden: Indices = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Answer:
    """
    Make the walk short within which a share of the people has a site.

    The walks that occur are halved again and again by a covering question: do the sites suffice
    when only walks up to the middle one count?

    Parameters
    ----------
    pairs
        Which residences each candidate reaches.
    walk_s
        Walk of each pair in seconds, shape (n_pairs,), in the order of `pairs.residences`.
    people
        People of each residence, shape (n_residences,); residences without any do not matter.
    sites
        Number of new sites, forced ones included.
    share
        Share of all people given, those that nobody can reach included.
    fixed, forced, forbidden
        Existing sites; new sites that must be built; candidates that must not be built (a fixed
        one may be named here, as it is not built).
    time_limit_s, gap, seed
        Safety stop; gap that is good enough; start of the random numbers.

    Returns
    -------
    answer
        The sites; as objective the longest walk of the share that walks least, in seconds; as bound
        the shortest walk that was not proved too short; the people who walk no longer than the
        objective. The status is ``impossible``, objective and bound are infinite, where the sites
        cannot reach the share by any walk given; the sites then reach the most people. An infinite
        objective with a finite bound says that no answer was found, nor proved impossible.

    Raises
    ------
    InputError
        If an array does not fit, a number is out of range, or more sites are forced than `sites`.

    References
    ----------
    Minieka (1970), The m-center problem. Daskin & Owen (1999), Two new location covering problems:
    the partial p-center problem and the partial set covering problem.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 2]),
    ...                             n_residences=3)
    >>> walk_s = [60.0, 300.0, 120.0, 240.0, 90.0]
    >>> answer = min_worst_walk(pairs, walk_s, [10, 20, 30], sites=2)
    >>> answer.chosen.tolist(), answer.objective, answer.bound, answer.status
    ([0, 1], 240.0, 240.0, 'optimal')
    """
    case = _checked(pairs, walk_s, people, sites, share, fixed, forced, forbidden)
    with interruptible(time_limit_s) as deadline:
        chosen, bound = _halve(case, gap=gap, deadline=deadline, seed=seed)
        if np.isinf(case.worst_s(chosen)):
            chosen = case.most_people(deadline=deadline, seed=seed)
        objective = case.worst_s(chosen)
        status: Status = "stopped" if deadline.passed() else "feasible"
        if bound == objective:
            status = "impossible" if np.isinf(objective) else "optimal"
        near_s = case.nearest_s(chosen)
        within = (near_s <= objective) & np.isfinite(near_s)
        covered_people = float(case.people[within].sum())
        return Answer(chosen, objective, bound, status, covered_people, case.need)


@dataclass(frozen=True)
class _Case:
    """
    The checked question.

    Parameters
    ----------
    need
        People who must have a site within the walk.
    levels_s
        The walks that can be the answer, ascending.
    """

    pairs: CoverPairs
    walk_s: Floats
    people: Floats
    sites: int
    share: float
    need: float
    fixed: Ints
    forced: Ints
    forbidden: Ints
    levels_s: Floats

    def nearest_s(self, built: Ints) -> Floats:
        return nearest_walk(self.pairs, self.walk_s, np.append(self.fixed, built))

    def worst_s(self, built: Ints) -> float:
        """The longest walk of the needed people who walk least."""
        if self.need <= 0.0:
            return 0.0
        near_s = self.nearest_s(built)
        order = np.argsort(near_s, kind="stable")
        reached = np.cumsum(self.people[order])
        enough = np.flatnonzero(reached >= self.need * (1.0 - CLOSE_PEOPLE))
        return float(near_s[order[enough[0]]]) if enough.size else np.inf

    def up_to(self, limit_s: float) -> CoverPairs:
        """Keep the pairs with a walk up to a limit."""
        keep = self.walk_s <= limit_s
        before = np.append(0, np.cumsum(keep))
        return dataclasses.replace(
            self.pairs,
            indptr=before[self.pairs.indptr].astype(np.int64),
            residences=self.pairs.residences[keep],
        )

    def fewest_sites(self, limit_s: float, *, deadline: Deadline, seed: int) -> Answer:
        """Ask how many sites it takes within a walk; let Ctrl-C end the whole search."""
        turn = deadline.share(TURN)
        answer = min_sites(
            self.up_to(limit_s),
            self.people,
            share=self.share,
            fixed=self.fixed,
            forced=self.forced,
            forbidden=self.forbidden,
            time_limit_s=turn.left_s(),
            seed=seed,
        )
        if answer.status == "stopped" and not turn.passed():
            deadline.stop()
        return answer

    def most_people(self, *, deadline: Deadline, seed: int) -> Ints:
        """Sites that reach the most people by any walk."""
        return max_cover(
            self.pairs,
            self.people,
            sites=self.sites,
            fixed=self.fixed,
            forced=self.forced,
            forbidden=self.forbidden,
            time_limit_s=deadline.left_s(),
            seed=seed,
        ).chosen


def _checked(
    pairs: CoverPairs,
    walk_s: npt.ArrayLike,
    people: npt.ArrayLike,
    sites: int,
    share: float,
    fixed: Indices,
    forced: Indices,
    forbidden: Indices,
) -> _Case:
    """Check everything once, report all faults together, and list the walks in question."""
    faults: list[str] = []
    walks_s = checked_numbers("walk_s", walk_s, pairs.residences.size, faults)
    counts = checked_numbers("people", people, pairs.n_residences, faults)
    stands, must, banned = checked_roles(pairs.n_candidates, fixed, forced, forbidden, faults)
    if not 0.0 <= share <= 1.0:
        faults.append(f"share = {share!r}: expected a number from 0 to 1")
    if not 0 <= sites < np.inf:
        faults.append(f"sites = {sites!r}: expected zero or a positive number")
    elif must.size > sites:
        faults.append(
            f"{must.size} sites are forced, but sites = {sites!r}; raise it or force fewer"
        )
    if faults:
        msg = "the siting question is not understood:\n" + "\n".join(f"  {f}" for f in faults)
        raise InputError(msg)
    need = share * float(counts.sum()) * (1.0 - CLOSE_PEOPLE)
    if (counts == np.rint(counts)).all():
        need = float(np.ceil(need))
    usable = np.ones(pairs.n_candidates, dtype=bool)
    usable[banned] = False
    usable[stands] = True
    matters = np.repeat(usable, np.diff(pairs.indptr)) & (counts[pairs.residences] > 0)
    levels_s = np.unique(walks_s[matters])
    case = _Case(pairs, walks_s, counts, int(sites), share, need, stands, must, banned, levels_s)
    shortest_s = case.worst_s(np.flatnonzero(usable))
    return dataclasses.replace(case, levels_s=levels_s[levels_s >= shortest_s])


def _halve(case: _Case, *, gap: float, deadline: Deadline, seed: int) -> tuple[Ints, float]:
    """
    Search the least level for which the sites suffice.

    A question that was not decided leaves two ranges: below it, where some level may be proved too
    short, and above it, where sites may be found.

    Returns
    -------
    chosen, bound
        The best sites found, the forced ones if there are none; the shortest walk that was not
        proved too short, infinite if all were.
    """
    chosen, levels_s = case.forced, np.append(case.levels_s, np.inf)
    if case.need <= 0.0:
        return chosen, 0.0
    # Everything below `low` is too short; `high` suffices; `unknown` was asked and not decided.
    low, high = 0, int(np.searchsorted(levels_s, case.worst_s(chosen)))
    unknown: list[int] = []
    while low < high and not deadline.passed():
        if high < case.levels_s.size and levels_s[low] >= levels_s[high] * (1.0 - gap):
            break
        unknown = [level for level in unknown if low <= level < high]
        start, end = low, min(unknown, default=high)
        if start == end:
            start, end = max(unknown) + 1, high
        if start == end:
            break
        middle = (start + end) // 2
        answer = case.fewest_sites(float(levels_s[middle]), deadline=deadline, seed=seed)
        if answer.status != "impossible" and answer.chosen.size <= case.sites:
            chosen = answer.chosen
            high = min(middle, int(np.searchsorted(levels_s, case.worst_s(chosen))))
        elif answer.status == "impossible" or answer.bound > case.sites:
            low = middle + 1
        else:
            unknown.append(middle)
    return chosen, float(levels_s[low])
