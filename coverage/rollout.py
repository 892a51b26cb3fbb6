"""Build stage after stage: each stage's best sites given all that stands, in the order of gain."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover.answer import Answer, Floor
from walkcover.median import min_walk
from walkcover.pairs import CoverPairs, Indices
from walkcover.plan import Stage
from walkcover.siting import max_cover, min_sites

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Entries = npt.NDArray[np.int32]

# A stage without any rule covers this share of its people.
DEFAULT_TARGET = 0.8
# Where walks are counted, a person without a site within reach counts as walking this many times
# the longest walk within reach.
BEYOND = 2.0


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
        (short of the target), zones_short and zones_short_people (zones under their floor, and
        people they lack), sites_added, cost, objective, bound, gap, status, rows and columns (size
        of the question after reduction).
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
    kept_people
        People of each residence who have desk time when the last stage is built; None where
        distance alone counts.
    """

    stages: pd.DataFrame
    sites: pd.DataFrame
    missing: dict[str, Ints]
    price_people: float
    price_gap: float
    kept_people: Floats | None = None


def plan_stages(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    *,
    residence_stage: npt.ArrayLike,
    candidate_stage: npt.ArrayLike,
    stages: Sequence[Stage],
    fixed: Indices = (),
    costs: npt.ArrayLike | None = None,
    residence_zone: npt.ArrayLike | None = None,
    walk_s: npt.ArrayLike | None = None,
    times: int = 1,
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
        without a rule a target of 0.8. Floors of zones hold besides.
    fixed
        Existing sites, of whatever stage.
    costs
        Cost of each candidate. With costs a target is reached with the cheapest sites; without
        them, a budget counts sites.
    residence_zone
        Number of the zone of each residence, for stages with a floor; without it all residences of
        a stage are one zone.
    walk_s
        Walk of each pair in seconds, for stages whose goal is the mean walk.
    times
        Sites within reach that it takes to count as covered.
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
    zones = np.zeros(homes.size, dtype=np.int64)
    if residence_zone is not None:
        zones = _codes("residence_zone", residence_zone, pairs.n_residences, 2**31)
    price = None if costs is None else np.asarray(costs, dtype=np.float64)
    search: dict[str, Any] = {"time_limit_s": time_limit_s, "gap": gap, "seed": seed}

    def ask(code: int, own: Floats, stands: list[int]) -> Answer:
        stage = stages[code]
        question = {"fixed": stands, "forbidden": np.flatnonzero(places != code)} | search
        if stage.goal == "mean_walk":
            return _least_walking(pairs, own, stage, walk_s, costs=price, **question)
        return cover_answer(
            pairs,
            own,
            stage,
            costs=price,
            tie_people=staged,
            times=times,
            floors=_floors(own, zones, stage.zone_floor, times),
            **question,
        )

    def ask_at_once(means: Means) -> Answer:
        return max_cover(
            pairs,
            staged,
            sites=means.sites,
            budget=means.budget,
            costs=None if means.budget is None else price,
            times=times,
            fixed=fixed,
            forbidden=np.flatnonzero(places < 0),
            **search,
        )

    return roll_out(
        pairs, counts, homes, stages, ask, ask_at_once, fixed=fixed, costs=price, times=times
    )


class Reach(Protocol):
    """Whom sites reach; `walkcover.pairs.CoverPairs` is one."""

    def residences_of(self, candidate: int) -> Entries:
        """Positions of the residences that a candidate reaches."""

    def reached_by(self, sites: Indices) -> Entries:
        """Count, for each residence, the sites that reach it, shape (n_residences,)."""


@dataclass(frozen=True)
class Means:
    """What all stages together build with: a number of sites, or money."""

    sites: int | None = None
    budget: float | None = None


def roll_out(
    reach: Reach,
    people: Floats,
    residence_stage: Ints,
    stages: Sequence[Stage],
    ask: Callable[[int, Floats, list[int]], Answer],
    ask_at_once: Callable[[Means], Answer],
    *,
    fixed: Indices,
    costs: Floats | None,
    times: int = 1,
) -> Rollout:
    """
    Ask for the sites of one stage after the other, and put them in order.

    Parameters
    ----------
    reach
        Whom candidates and existing sites reach.
    people, residence_stage
        Of each residence.
    stages
        The stages in order.
    ask
        Chooses the sites of a stage: its number, the people of each residence who count in it, and
        all sites that stand by then.
    ask_at_once
        Chooses the sites of all stages at once.
    fixed, costs, times
        As of `plan_stages`.

    Returns
    -------
    rollout
        Tables of stages and sites, who is missing, and the price of the order.
    """
    staged = np.where(residence_stage >= 0, people, 0.0)
    stands = [int(site) for site in fixed]
    rows, built, missing = [], [], {}
    for code, stage in enumerate(stages):
        own = np.where(residence_stage == code, people, 0.0)
        answer = ask(code, own, list(stands))
        standing = reach.reached_by(stands)
        ordered = _in_order(reach, answer.chosen, own, staged, standing=standing, times=times)
        built += [(stage.name, site) for site in ordered]
        stands += ordered
        is_covered = reach.reached_by(stands) >= times
        rows.append(_stage_row(stage.name, own, is_covered, answer, costs))
        if answer.status == "impossible":
            missing[stage.name] = np.flatnonzero((own > 0) & ~is_covered)
    sites = _site_table(reach, staged, built, standing=reach.reached_by(fixed), times=times)
    price_people, price_gap = 0.0, 0.0
    if len(stages) > 1:
        if costs is not None and any(stage.budget is not None for stage in stages):
            means = Means(budget=float(costs[[site for _, site in built]].sum()))
        else:
            means = Means(sites=len(built))
        at_once = ask_at_once(means)
        reached = float(staged[reach.reached_by(stands) >= times].sum())
        price_people, price_gap = price_of_order(at_once.objective, at_once.bound, reached)
    return Rollout(
        pd.DataFrame(rows, columns=STAGE_COLUMNS), sites, missing, price_people, price_gap
    )


STAGE_COLUMNS = [
    "name",
    "people",
    "covered_people",
    "covered_share",
    "target_people",
    "missing_people",
    "zones_short",
    "zones_short_people",
    "sites_added",
    "cost",
    "objective",
    "bound",
    "gap",
    "status",
    "rows",
    "columns",
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


def _floors(own: Floats, zones: Ints, share: float, times: int) -> list[Floor]:
    """A floor for every zone where people of the stage live."""
    if share == 0.0:
        return []
    return [Floor(np.where(zones == z, own, 0.0), share, times) for z in np.unique(zones[own > 0])]


def cover_answer(
    pairs: CoverPairs,
    own: Floats,
    stage: Stage,
    *,
    costs: Floats | None,
    **question: Any,
) -> Answer:
    """
    Ask the question of coverage that the rule of a stage means.

    Parameters
    ----------
    pairs
        Who is within reach of which candidate.
    own
        People of each residence who count.
    stage
        The stage, for its rule.
    costs
        Cost of each candidate; None where sites are counted.
    question
        What `max_cover` and `min_sites` take besides.

    Returns
    -------
    answer
        Of `walkcover.siting.max_cover` for a number of sites or a budget, else of `min_sites`.
    """
    if stage.max_sites is not None or stage.budget is not None:
        return max_cover(
            pairs,
            own,
            sites=stage.max_sites,
            budget=stage.budget,
            costs=None if stage.budget is None else costs,
            **question,
        )
    share = DEFAULT_TARGET if stage.target is None else stage.target
    return min_sites(pairs, own, share=share, costs=costs, **question)


def _least_walking(
    pairs: CoverPairs,
    own: Floats,
    stage: Stage,
    walk_s: npt.ArrayLike | None,
    *,
    costs: Floats | None,
    **question: Any,
) -> Answer:
    """Spend the sites or the budget of the stage on short walks."""
    if walk_s is None:
        msg = f"stage {stage.name!r} is to shorten the mean walk; give walk_s of each pair"
        raise InputError(msg)
    walks = np.asarray(walk_s, dtype=np.float64)
    return min_walk(
        pairs,
        walks,
        own,
        sites=stage.max_sites,
        budget=stage.budget,
        costs=None if stage.budget is None else costs,
        beyond_s=BEYOND * float(walks.max(initial=1.0)),
        **question,
    )


def _stage_row(
    name: str, own: Floats, is_covered: Flags, answer: Answer, costs: Floats | None
) -> dict[str, str | float]:
    people, covered_people = float(own.sum()), float(own[is_covered].sum())
    sites_added = answer.chosen.size
    short = answer.floors_short
    return {
        "name": name,
        "people": people,
        "covered_people": covered_people,
        "covered_share": covered_people / people if people else 1.0,
        "target_people": answer.target_people,
        "missing_people": answer.missing_people,
        "zones_short": sum(s > 0 for s in short),
        "zones_short_people": float(sum(short)),
        "sites_added": sites_added,
        "cost": float(sites_added if costs is None else costs[answer.chosen].sum()),
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "status": answer.status,
        "rows": answer.reduction.rows if answer.reduction else 0,
        "columns": answer.reduction.columns if answer.reduction else 0,
    }


def _in_order(
    pairs: Reach, chosen: Ints, own: Floats, staged: Floats, *, standing: Entries, times: int
) -> list[int]:
    """
    Order the sites of a stage: most of its people first, then most of all, then the smaller index.

    Where one site is enough to be covered, what a site gains only falls as others are built: a
    stale gain at the head of the heap is enough to know whether it must be looked at again. Where
    more are needed, gains rise too, and all are looked at.
    """
    reached = standing.copy()

    def entry(site: int) -> tuple[float, float, int]:
        new = pairs.residences_of(site)
        new = new[reached[new] == times - 1]
        return -float(own[new].sum()), -float(staged[new].sum()), site

    heap = [entry(int(site)) for site in chosen]
    heapq.heapify(heap)
    ordered = []
    while heap:
        if times > 1:
            heap = [entry(site) for _, _, site in heap]
            heapq.heapify(heap)
        site = heap[0][2]
        now = entry(site)
        if now == heap[0]:
            heapq.heappop(heap)
            ordered.append(site)
            reached[pairs.residences_of(site)] += 1
        else:
            heapq.heapreplace(heap, now)
    return ordered


def _site_table(
    pairs: Reach,
    staged: Floats,
    built: list[tuple[str, int]],
    *,
    standing: Entries,
    times: int,
) -> pd.DataFrame:
    reached = standing.copy()
    before = float(staged[reached >= times].sum())
    gained = np.zeros(len(built))
    for at, (_, site) in enumerate(built):
        homes = pairs.residences_of(site)
        gained[at] = staged[homes[reached[homes] == times - 1]].sum()
        reached[homes] += 1
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


def price_of_order(
    at_once_people: float, bound_people: float, in_order_people: float
) -> tuple[float, float]:
    """People lost to the order, and the gap of the better of the two plans to the bound."""
    # The plan in order is an answer to the question of all at once too.
    best = max(at_once_people, in_order_people)
    bound = max(bound_people, best)
    if bound == best:
        return best - in_order_people, 0.0
    return best - in_order_people, (bound - best) / best if best else np.inf
