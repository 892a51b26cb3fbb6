"""Build desk time stage after stage: new sites and more desks, given all that stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._desk_answer import stage_answer
from walkcover._desk_order import steps_in_order
from walkcover.capacity import Floats, assign_people
from walkcover.capacity_siting import DeskAnswer, max_served
from walkcover.desk_purchases import Purchases
from walkcover.gaps import check_people
from walkcover.pairs import CoverPairs, Indices, Ints
from walkcover.plan import Stage
from walkcover.rollout import STAGE_COLUMNS, Rollout, price_of_order


def plan_desk_stages(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    purchases: Purchases,
    *,
    walk_s: npt.ArrayLike,
    residence_stage: Ints,
    stages: Sequence[Stage],
    capacity_people: npt.ArrayLike,
    fixed: Indices = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Rollout:
    """
    Plan the stages one after the other, with desk time.

    A stage counts its own residences and takes its own options; what was built before stands.
    People served in earlier stages keep their places, perhaps at another site: a stage is planned
    on the flow of them and its own people together, so that it finds all desk time that they can
    spare, and nobody served before is lost. Its own people come before the unserved of other
    stages, who get what is left in the end. No stage ends with less than it has when stages take
    turns at the sites that stand today: desk time is a complement of people (Shapley 1962). Ties
    go to sites that reach more of the stage's people, as far as moving one site at a time finds.

    Parameters
    ----------
    pairs
        The residences that each candidate and each site that stands reaches.
    people
        People of each residence.
    purchases
        What the stages can buy.
    walk_s
        Walk of each pair in seconds: who of a stage is served is whom least walk serves.
    residence_stage
        Position in `stages` of each residence.
    stages
        Rules in order: a target share of the stage's people, a number of sites (a new site and a
        desk more count as one each), or a budget; without a rule a target of 0.8.
    capacity_people
        People whom each site that stands can serve, shape (n_candidates,).
    fixed
        Sites that stand, of whatever stage.
    time_limit_s
        Safety stop for each stage, and for the comparison with all stages at once.
    gap, seed
        As in `walkcover.capacity_siting.max_served`.

    Returns
    -------
    rollout
        As of `walkcover.rollout.plan_stages`, covered people being those served. In `stages`
        sites_added counts new sites, desks_added the desks at sites that stood. In `sites` a row
        is a new site or a site that gets more desks, in the order of people gained in all: action
        (``build`` or ``extend``), candidate, and desks (new ones). `kept_people` says who has a
        place once all stages are built. The price of the order is that of planning all stages at
        once for the same cost; with as many purchases where a stage has a number of sites and none
        a budget.

    Raises
    ------
    InputError
        If an array does not fit or a number is out of range.

    References
    ----------
    Shapley (1962), Complements and substitutes in the optimal assignment problem.

    Examples
    --------
    Site 0 stands for 30 people and reaches house 0 (50 people, city) and house 1 (20 people,
    countryside). In the city a desk for 30 more is cheaper than a site at candidate 1; the
    countryside then lacks desk time for 10 people only and needs its candidate 2 for them:

    >>> from walkcover.capacity_siting import Options
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 3, 4]), np.array([0, 1, 0, 1]),
    ...                             n_residences=2)
    >>> purchases = Purchases(Options.of([0, 1, 2], [30, 60, 60], cost=[0.25, 1, 1]),
    ...                       np.array([0, 0, 1]), np.array([1, 2, 2]))
    >>> rollout = plan_desk_stages(pairs, [50, 20], purchases, walk_s=[100, 400, 300, 200],
    ...                            residence_stage=np.array([0, 1]),
    ...                            stages=[Stage("city", target=1), Stage("country", target=1)],
    ...                            capacity_people=[30, 0, 0], fixed=[0])
    >>> columns = ["stage", "candidate", "action", "desks", "people_gained"]
    >>> rollout.sites[columns].values.tolist()
    [['city', 0, 'extend', 1, 30.0], ['country', 2, 'build', 2, 10.0]]
    """
    counts, walks = np.asarray(people, np.float64), np.asarray(walk_s, np.float64)
    search: dict[str, Any] = {"time_limit_s": time_limit_s, "seed": seed}
    standing = np.unique(np.asarray(fixed, dtype=np.int64))
    stands, room = standing, np.asarray(capacity_people, dtype=np.float64).copy()
    kept = np.zeros(counts.size)
    rows, bought, missing = [], [], {}
    for code, stage in enumerate(stages):
        is_own = residence_stage == code
        own, before = np.where(is_own, counts, 0.0), float(kept.sum())
        taken = purchases.of_stage(code)
        options = purchases.part(taken)
        everybody = own.sum() + before
        # The gap is one of all people in the question; the stage is to be as near by its own.
        near = gap * float(own.sum()) / everybody if everybody else gap
        question = {"capacity_people": room, "fixed": stands, "gap": near} | search
        answer = stage_answer(pairs, kept, own, options, stage, **question)
        chosen = taken[answer.chosen]
        bought += [(code, at, times) for at, times in zip(chosen, answer.times, strict=True)]
        room = _with_bought(room, purchases, chosen, answer.times)
        stands = np.union1d(stands, purchases.options.candidate[chosen])
        served = assign_people(
            pairs, kept + own, room, sites=stands, walk_s=walks, turn=is_own.astype(np.int64)
        ).served_people
        check_people(before, served[~is_own].sum(), step=f"keeping places in {stage.name}")
        kept = np.where(is_own, served, kept)
        rows.append(
            _stage_row(
                stage, own, served[is_own].sum(), answer, before, purchases, chosen, standing
            )
        )
        if answer.status == "impossible":
            missing[stage.name] = np.flatnonzero(is_own & (counts > served))
    sites = steps_in_order(
        pairs,
        counts,
        purchases,
        bought,
        stages=stages,
        standing=standing,
        capacity_people=np.asarray(capacity_people, dtype=np.float64),
    )
    price_people, price_gap = 0.0, 0.0
    spent = float(sum(row["cost"] for row in rows))
    counted = all(s.budget is None for s in stages) and any(s.max_sites is not None for s in stages)
    if len(stages) > 1 and bought:
        at_once = max_served(
            pairs,
            counts,
            purchases.part(np.flatnonzero(purchases.stage >= 0)),
            capacity_people=capacity_people,
            fixed=standing,
            sites=sum(times for _, _, times in bought) if counted else None,
            budget=None if counted else spent,
            gap=gap,
            **search,
        )
        reached = float(sites["covered_people"].iloc[-1])
        price_people, price_gap = price_of_order(at_once.objective, at_once.bound, reached)
    columns = [*STAGE_COLUMNS, "desks_added"]
    return Rollout(
        pd.DataFrame(rows, columns=columns), sites, missing, price_people, price_gap, kept
    )


def _with_bought(room: Floats, purchases: Purchases, chosen: Ints, times: Ints) -> Floats:
    """Add what was bought to the capacity of the sites."""
    options = purchases.options
    more = np.bincount(
        options.candidate[chosen], times * options.add_people[chosen], minlength=room.size
    )
    return room + more


def _stage_row(
    stage: Stage,
    own: Floats,
    covered_people: float,
    answer: DeskAnswer,
    before_people: float,
    purchases: Purchases,
    chosen: Ints,
    standing: Ints,
) -> dict[str, Any]:
    """Say what a stage reached, counting its own people alone."""
    people, covered = float(own.sum()), float(covered_people)
    counted = stage.max_sites is not None or stage.budget is not None
    objective, bound = answer.objective, answer.bound
    target = 0.0
    if counted:
        # Those served before are in both.
        bound = covered if bound == objective else max(covered, bound - before_people)
        objective = covered
    else:
        target = max(0.0, answer.target_people - before_people)
    is_new = ~np.isin(purchases.options.candidate[chosen], standing)
    apart = abs(bound - objective)
    return {
        "name": stage.name,
        "people": people,
        "covered_people": covered,
        "covered_share": covered / people if people else 1.0,
        "target_people": target,
        "missing_people": max(0.0, target - covered) if answer.status == "impossible" else 0.0,
        "zones_short": 0,
        "zones_short_people": 0.0,
        "sites_added": int(is_new.sum()),
        "desks_added": int((purchases.desks[chosen] * answer.times)[~is_new].sum()),
        "cost": float(purchases.options.cost[chosen] @ answer.times),
        "objective": objective,
        "bound": bound,
        "gap": 0.0 if apart == 0 else apart / objective if objective else np.inf,
        "status": answer.status,
        "rows": 0,
        "columns": 0,
    }
