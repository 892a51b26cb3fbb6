"""Choose where to build: most people with given means, or fewest sites for a given share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from walkcover._deadline import interruptible
from walkcover._errors import InputError
from walkcover._ladder import Effort
from walkcover._model import without_dominated_columns
from walkcover._pieces import least_cost, most_people
from walkcover._siting_case import Demand, case_of, target_of, tie_broken
from walkcover.answer import Answer, Floor, judged
from walkcover.pairs import CoverPairs, Indices

__all__ = ["Answer", "CoverPairs", "Floor", "Indices", "max_cover", "min_sites"]


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
    case = case_of(pairs, people, tie_people, times, costs, fixed, forced, forbidden, floors)
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
            reached = Demand(case.wanted.people, case.count(built), times)
            floors_kept = [
                replace(floor, need=min(floor.need, case.count(built, floor))) for floor in needs
            ]
            built = tie_broken(
                case, built, case.tie_people, [reached, *floors_kept], room=room, effort=effort
            )
        covered_people = case.count(built)
        upper = max(case.base(case.wanted) + found.bound, covered_people)
        status, bound = judged(covered_people, upper, whole=case.whole_people, deadline=deadline)
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
    case = case_of(pairs, people, tie_people, times, costs, fixed, forced, forbidden, floors)
    target = target_of(case.wanted.people, share, whole=case.whole_people)
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
        built = tie_broken(
            case,
            built,
            case.wanted.people if case.tie_people is None else case.tie_people,
            needs,
            room=model.spent(found.chosen) * (1.0 + 1e-9),
            effort=effort,
        )
        spent = float(case.cost[built].sum())
        lower = min(case.forced_cost + found.bound, spent)
        status, bound = judged(spent, lower, whole=case.whole_cost, deadline=deadline)
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
