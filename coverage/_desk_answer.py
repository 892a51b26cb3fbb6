"""The question of one stage with desk time: by distance first, then by desk time itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from walkcover.capacity import Floats, assign_people
from walkcover.capacity_siting import DeskAnswer, Options, max_served, min_cost_served
from walkcover.pairs import CoverPairs, Ints
from walkcover.plan import Stage
from walkcover.rollout import DEFAULT_TARGET
from walkcover.siting import max_cover, min_sites

# Numbers this near to each other, as a share, are the same.
SAME = 1e-9
# Sums of the same people in another order.
SAME_SUM = 1e-12
# Places looked at for a site that might as well stand elsewhere.
TRIES = 6


def stage_answer(
    pairs: CoverPairs, kept: Floats, own: Floats, options: Options, stage: Stage, **question: Any
) -> DeskAnswer:
    """
    Ask what the rule of the stage means, of its own people and those who keep their places.

    Distance alone is asked first: where its sites have desk time for all, nothing better can be,
    and elsewhere it is a bound too.
    """
    people, before = kept + own, float(kept.sum())
    counted = stage.max_sites is not None or stage.budget is not None
    near, bound = _by_distance(pairs, kept, own, options, stage, **question)
    if near is not None:
        return near
    if counted:
        answer = max_served(
            pairs, people, options, sites=stage.max_sites, budget=stage.budget, **question
        )
        bound = min(answer.bound, max(answer.objective, bound + before))
    else:
        total = float(people.sum())
        wanted = before + _target(stage) * float(own.sum())
        share = min(1.0, wanted / total) if total else 0.0
        answer = min_cost_served(pairs, people, options, share=share, **question)
        bound = max(answer.bound, min(answer.objective, bound))
    answer = _spread(pairs, people, own, options, answer, **question)
    is_best = answer.status != "impossible" and abs(bound - answer.objective) <= SAME * bound
    if is_best:
        return replace(answer, bound=answer.objective, status="optimal")
    return replace(answer, bound=bound)


def _by_distance(
    pairs: CoverPairs,
    kept: Floats,
    own: Floats,
    options: Options,
    stage: Stage,
    *,
    capacity_people: Floats,
    fixed: Ints,
    **search: Any,
) -> tuple[DeskAnswer | None, float]:
    """
    Take the best sites by distance alone; the answer where they have desk time enough, and a bound.

    Desks at sites that stand reach nobody new, so that this counts new sites only.
    """
    new = np.flatnonzero(~np.isin(options.candidate, fixed))
    places = options.candidate[new]
    cost = np.ones(pairs.n_candidates)
    cost[places] = options.cost[new]
    question = search | {
        "fixed": fixed,
        "forbidden": np.setdiff1d(np.arange(pairs.n_candidates), places),
    }
    counted = stage.max_sites is not None or stage.budget is not None
    if counted:
        costs = None if stage.budget is None else cost
        near = max_cover(
            pairs, own, sites=stage.max_sites, budget=stage.budget, costs=costs, **question
        )
    else:
        near = min_sites(pairs, own, share=_target(stage), costs=cost, **question)
    chosen = new[np.isin(places, near.chosen)]
    room = capacity_people.copy()
    room[options.candidate[chosen]] += options.add_people[chosen]
    served = assign_people(pairs, kept + own, room, sites=np.union1d(fixed, near.chosen))
    before, total = float(kept.sum()), served.total_served_people
    times = np.ones(chosen.size, dtype=np.int64)
    if counted and total - before >= near.objective * (1.0 - SAME):
        bound = total if near.status == "optimal" else max(total, near.bound + before)
        return DeskAnswer(chosen, times, total, bound, near.status, served), near.bound
    if not counted and near.status != "impossible" and total - before >= near.target_people:
        spent, target = near.objective, near.target_people + before
        return DeskAnswer(chosen, times, spent, near.bound, near.status, served, target), near.bound
    return None, near.bound if counted or near.status != "impossible" else 0.0


def _spread(
    pairs: CoverPairs,
    people: Floats,
    own: Floats,
    options: Options,
    answer: DeskAnswer,
    *,
    capacity_people: Floats,
    fixed: Ints,
    **_search: Any,
) -> DeskAnswer:
    """
    Move new sites to where they reach more of the stage's people, as long as no fewer are served.

    Where desk time is short, many places serve as many people; those that stand side by side help
    nobody who has no site.
    """
    taken = dict(zip(answer.chosen.tolist(), answer.times.tolist(), strict=True))
    served = answer.assignment
    reach = sparse.csr_array(
        (np.ones(pairs.residences.size), pairs.residences, pairs.indptr),
        shape=(pairs.n_candidates, pairs.n_residences),
    )
    is_new = ~np.isin(options.candidate, fixed)
    for option in answer.chosen[is_new[answer.chosen]].tolist():
        rest = {at: times for at, times in taken.items() if at != option}
        stands = np.union1d(fixed, options.candidate[list(rest)].astype(np.int64))
        gain = (reach @ np.where(pairs.covered(stands), 0.0, own))[options.candidate]
        may = is_new & ~np.isin(options.candidate, stands)
        may &= (options.cost == options.cost[option]) & (gain > gain[option] * (1.0 + SAME))
        better = np.flatnonzero(may)
        for other in better[np.argsort(-gain[better], kind="stable")][:TRIES].tolist():
            room = capacity_people.copy()
            for at, times in {**rest, other: 1}.items():
                room[options.candidate[at]] += times * options.add_people[at]
            places = np.union1d(stands, [options.candidate[other]])
            trial = assign_people(pairs, people, room, sites=places)
            if trial.total_served_people >= served.total_served_people * (1.0 - SAME_SUM):
                taken, served = {**rest, other: 1}, trial
                break
    chosen = np.array(sorted(taken), dtype=np.int64)
    times = np.array([taken[at] for at in chosen.tolist()], dtype=np.int64)
    return replace(answer, chosen=chosen, times=times, assignment=served)


def _target(stage: Stage) -> float:
    """Share of the people that a stage is to serve."""
    return DEFAULT_TARGET if stage.target is None else stage.target
