"""Build stage after stage: each stage's best sites given all that stands, in the order of gain."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover.plan import Stage
from walkcover.siting import Answer, CoverPairs, Indices, max_cover, min_sites

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# A stage without any rule covers this share of its people.
DEFAULT_TARGET = 0.8


@dataclass(frozen=True)
class Rollout:
    """
    What to build, in which order.

    People here are those with a stage; the others are never counted.

    Parameters
    ----------
    stages
        A row per stage in order: name, people, covered_people (of the stage, once it is built),
        covered_share (1 where nobody lives), target_people (0 without a target), missing_people
        (short of the target), sites_added, cost, objective, bound, gap, status.
    sites
        A row per new site in the order of building: order (from 1), stage (name), candidate,
        people_gained (of all stages, newly covered), covered_people and covered_share (of all
        stages, so far).
    missing
        For each stage that is ``impossible``, the positions of its residences with people that
        no site reaches.
    price_people
        Price of the order: people that planning all stages at once, with the same number of sites
        (the same money where a stage has a budget), would cover more. At least 0.
    price_gap
        Gap of the all-at-once answer that the price was measured with; the true price is at most
        ``price_people`` plus this share of the people it covers.
    """

    stages: pd.DataFrame
    sites: pd.DataFrame
    missing: dict[str, Ints]
    price_people: float
    price_gap: float


def plan_stages(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    *,
    residence_stage: npt.ArrayLike,
    candidate_stage: npt.ArrayLike,
    stages: Sequence[Stage],
    fixed: Indices = (),
    costs: npt.ArrayLike | None = None,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Rollout:
    """
    Plan the stages one after the other.

    A stage counts only its own residences and builds only on its own candidates. Whatever was
    built before stays and counts. Ties go to more people of all stages.

    Parameters
    ----------
    people
        People of each residence.
    residence_stage, candidate_stage
        Position in `stages` of each residence and candidate; -1 for those without a stage, which
        no stage counts or builds on.
    stages
        Rules in order: a target share of the stage's people, a number of sites, or a budget;
        without a rule a target of 0.8.
    fixed
        Existing sites, of whatever stage.
    costs
        Cost of each candidate. With costs a target is reached with the cheapest sites; without
        them, a budget counts sites.
    time_limit_s
        Safety stop for each stage, and for the comparison with all stages at once.
    gap, seed
        As in `walkcover.siting.max_cover`.

    Returns
    -------
    rollout
        Tables of stages and sites, who is missing, and the price of the order.

    Raises
    ------
    InputError
        If codes of stages do not fit, or `max_cover` or `min_sites` refuse the rest.

    Examples
    --------
    Two places in town, one in the country that also reaches a house in town:

    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 3, 5]), np.array([0, 1, 1, 2, 1]),
    ...                             n_residences=3)
    >>> rollout = plan_stages(pairs, [20, 10, 30], residence_stage=[0, 0, 1],
    ...                       candidate_stage=[0, 0, 1],
    ...                       stages=[Stage("city", max_sites=1), Stage("countryside", target=1)])
    >>> rollout.sites[["stage", "candidate", "people_gained", "covered_share"]].values.tolist()
    [['city', 0, 30.0, 0.5], ['countryside', 2, 30.0, 1.0]]
    >>> rollout.stages["status"].tolist(), rollout.price_people
    (['optimal', 'optimal'], 0.0)
    """
    homes = _codes("residence_stage", residence_stage, pairs.n_residences, len(stages))
    places = _codes("candidate_stage", candidate_stage, pairs.n_candidates, len(stages))
    counts = np.asarray(people, dtype=np.float64)
    if counts.shape != homes.shape:
        msg = f"people has shape {counts.shape}; expected ({pairs.n_residences},)"
        raise InputError(msg)
    staged = np.where(homes >= 0, counts, 0.0)
    price = None if costs is None else np.asarray(costs, dtype=np.float64)
    stands = [int(site) for site in fixed]
    rows, built, missing = [], [], {}
    for code, stage in enumerate(stages):
        own = np.where(homes == code, counts, 0.0)
        answer = _answer(
            pairs,
            own,
            stage,
            fixed=stands,
            forbidden=np.flatnonzero(places != code),
            costs=price,
            tie_people=staged,
            time_limit_s=time_limit_s,
            gap=gap,
            seed=seed,
        )
        rows.append(_stage_row(stage.name, float(own.sum()), answer, price))
        ordered = _in_order(pairs, answer.chosen, own, staged, covered=pairs.covered(stands))
        built += [(stage.name, site) for site in ordered]
        stands += ordered
        if answer.status == "impossible":
            missing[stage.name] = np.flatnonzero((own > 0) & ~pairs.covered(stands))
    sites = _site_table(pairs, staged, built, covered=pairs.covered(fixed))
    money = any(stage.budget is not None for stage in stages) and price is not None
    spent = len(built) if price is None else float(price[[site for _, site in built]].sum())
    price_people, price_gap = 0.0, 0.0
    if len(stages) > 1:
        at_once = max_cover(
            pairs,
            staged,
            sites=None if money else len(built),
            budget=spent if money else None,
            costs=price if money else None,
            fixed=fixed,
            forbidden=np.flatnonzero(places < 0),
            time_limit_s=time_limit_s,
            gap=gap,
            seed=seed,
        )
        price_people, price_gap = _price(at_once, float(staged[pairs.covered(stands)].sum()))
    return Rollout(
        pd.DataFrame(rows, columns=_STAGE_COLUMNS), sites, missing, price_people, price_gap
    )


_STAGE_COLUMNS = [
    "name",
    "people",
    "covered_people",
    "covered_share",
    "target_people",
    "missing_people",
    "sites_added",
    "cost",
    "objective",
    "bound",
    "gap",
    "status",
]


def _codes(name: str, given: npt.ArrayLike, size: int, n_stages: int) -> Ints:
    codes = np.asarray(given)
    if codes.shape != (size,) or (size and codes.dtype.kind not in "iu"):
        msg = f"{name} is {codes.dtype} of shape {codes.shape}; expected integers, ({size},)"
        raise InputError(msg)
    wrong = np.flatnonzero((codes < -1) | (codes >= n_stages))
    if wrong.size:
        msg = (
            f"{name} must lie between -1 and {n_stages - 1}; {wrong.size} do not, "
            f"the first at {wrong[0]}: {codes[wrong[0]]}"
        )
        raise InputError(msg)
    return codes.astype(np.int64)


def _answer(
    pairs: CoverPairs,
    own: Floats,
    stage: Stage,
    *,
    fixed: list[int],
    forbidden: Ints,
    costs: Floats | None,
    tie_people: Floats,
    time_limit_s: float,
    gap: float,
    seed: int,
) -> Answer:
    """Ask the question that the rule of the stage means."""
    if stage.max_sites is not None or stage.budget is not None:
        return max_cover(
            pairs,
            own,
            sites=stage.max_sites,
            budget=stage.budget,
            costs=None if stage.budget is None else costs,
            fixed=fixed,
            forbidden=forbidden,
            tie_people=tie_people,
            time_limit_s=time_limit_s,
            gap=gap,
            seed=seed,
        )
    return min_sites(
        pairs,
        own,
        share=DEFAULT_TARGET if stage.target is None else stage.target,
        costs=costs,
        fixed=fixed,
        forbidden=forbidden,
        tie_people=tie_people,
        time_limit_s=time_limit_s,
        gap=gap,
        seed=seed,
    )


def _stage_row(
    name: str, people: float, answer: Answer, costs: Floats | None
) -> dict[str, str | float]:
    sites_added = answer.chosen.size
    return {
        "name": name,
        "people": people,
        "covered_people": answer.covered_people,
        "covered_share": answer.covered_people / people if people else 1.0,
        "target_people": answer.target_people,
        "missing_people": answer.missing_people,
        "sites_added": sites_added,
        "cost": float(sites_added if costs is None else costs[answer.chosen].sum()),
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "status": answer.status,
    }


def _in_order(
    pairs: CoverPairs, chosen: Ints, own: Floats, staged: Floats, *, covered: Flags
) -> list[int]:
    """
    Order the sites of a stage: most of its people first, then most of all, then the smaller index.

    What a site gains only falls as others are built, so a stale gain at the head of the heap is
    enough to know whether it must be looked at again.
    """
    covered = covered.copy()

    def entry(site: int) -> tuple[float, float, int]:
        new = pairs.residences_of(site)
        new = new[~covered[new]]
        return -float(own[new].sum()), -float(staged[new].sum()), site

    heap = [entry(int(site)) for site in chosen]
    heapq.heapify(heap)
    ordered = []
    while heap:
        site = heap[0][2]
        now = entry(site)
        if now == heap[0]:
            heapq.heappop(heap)
            ordered.append(site)
            covered[pairs.residences_of(site)] = True
        else:
            heapq.heapreplace(heap, now)
    return ordered


def _site_table(
    pairs: CoverPairs, staged: Floats, built: list[tuple[str, int]], *, covered: Flags
) -> pd.DataFrame:
    covered = covered.copy()
    before = float(staged[covered].sum())
    gained = np.zeros(len(built))
    for at, (_, site) in enumerate(built):
        reached = pairs.residences_of(site)
        gained[at] = staged[reached[~covered[reached]]].sum()
        covered[reached] = True
    covered_people = before + np.cumsum(gained)
    total = float(staged.sum())
    return pd.DataFrame(
        {
            "order": np.arange(1, len(built) + 1),
            "stage": pd.Series([name for name, _ in built], dtype="str"),
            "candidate": np.array([site for _, site in built], dtype=np.int64),
            "people_gained": gained,
            "covered_people": covered_people,
            "covered_share": covered_people / total if total else np.ones(len(built)),
        }
    )


def _price(at_once: Answer, in_order_people: float) -> tuple[float, float]:
    """People lost to the order, and the gap of the better of the two plans to the bound."""
    # The plan in order is an answer to the question of all at once too.
    best = max(at_once.objective, in_order_people)
    bound = max(at_once.bound, best)
    if bound == best:
        return best - in_order_people, 0.0
    return best - in_order_people, (bound - best) / best if best else np.inf
