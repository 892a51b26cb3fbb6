"""Where to build, region by region: candidates and pairs stay in the files of the regions."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from walkcover._errors import InputError
from walkcover.answer import Answer
from walkcover.assessment import Assessment
from walkcover.by_region import RegionWork
from walkcover.desks import STANDING
from walkcover.io.inputs import Inputs
from walkcover.io.region_files import (
    load_joins,
    load_object,
    open_array,
    save_array,
    save_arrays,
)
from walkcover.joins import concatenate, take_places
from walkcover.network import Floats, Ints
from walkcover.pairs import CoverPairs, Entries, Indices
from walkcover.plan import Plan, Stage
from walkcover.reach import walk_pairs
from walkcover.region_tasks import (
    BUILDS,
    CODES,
    COVERED,
    PEOPLE,
    PLACES_TO_BUILD,
    POINTERS,
    REACHED,
    answer_path,
    reach_residences,
    site_region,
)
from walkcover.regional_siting import RegionCase, site_regions
from walkcover.rollout import DEFAULT_TARGET, Means, Rollout, cover_answer, roll_out
from walkcover.suggestion import (
    Suggestion,
    candidate_table,
    codes_of,
    costs_of,
    stage_codes,
    with_sites,
)
from walkcover.timing import step

# A stage with no more pairs than this is solved in one piece, which is quick and most exact.
PAIRS_IN_ONE_PIECE = 2_000_000


@dataclass(frozen=True)
class RegionReach:
    """
    Whom candidates and standing sites reach, read from the files of the regions where it is asked.

    Parameters
    ----------
    folders
        Folder of each region.
    first
        Number of the first candidate of each region, and behind the last one, shape (n + 1,).
    standing
        The standing sites, numbered behind the candidates.
    """

    folders: tuple[Path, ...]
    first: Ints
    standing: CoverPairs

    def residences_of(self, candidate: int) -> Entries:
        """Positions of the residences that a candidate reaches."""
        if candidate >= self.first[-1]:
            return self.standing.residences_of(candidate - int(self.first[-1]))
        region = int(np.searchsorted(self.first, candidate, side="right")) - 1
        row = candidate - int(self.first[region])
        pointers = open_array(self.folders[region] / POINTERS)
        reached = open_array(self.folders[region] / REACHED)
        return np.array(reached[pointers[row] : pointers[row + 1]], dtype=np.int32)

    def n_pairs(self, candidate: Ints) -> int:
        """How many pairs some candidates have together."""
        region = np.searchsorted(self.first, candidate, side="right") - 1
        return sum(
            int(np.diff(np.load(folder / POINTERS))[candidate[region == n] - self.first[n]].sum())
            for n, folder in enumerate(self.folders)
        )

    def reached_by(self, sites: Indices) -> Entries:
        """Count, for each residence, the sites that reach it, shape (n_residences,)."""
        count = np.zeros(self.standing.n_residences, dtype=np.int32)
        for site in sites:
            count[self.residences_of(int(site))] += 1
        return count


def refuse_by_region(plan: Plan, *, has_desks: bool) -> None:
    """
    Refuse what is planned in one piece only.

    Parameters
    ----------
    plan
        The plan.
    has_desks
        Whether desk time counts.

    Raises
    ------
    InputError
        With all that stands against it.
    """
    faults = []
    if has_desks:
        faults.append("sites have desks, so that desk time counts")
    if plan.siting.sites_in_reach > 1:
        faults.append(f"[siting] sites_in_reach = {plan.siting.sites_in_reach}")
    for stage in plan.stages:
        if stage.zone_floor:
            faults.append(f"stage {stage.name!r}: zone_floor = {stage.zone_floor:g}")
        if stage.goal != "coverage":
            faults.append(f"stage {stage.name!r}: goal = {stage.goal!r}")
    if faults:
        msg = (
            "sites of this plan are chosen in one piece only:\n"
            + "\n".join(f"  {fault}" for fault in faults)
            + "\ntake [regions] out, or plan a part of the area by itself"
        )
        raise InputError(msg)


def suggest_regions(
    assessment: Assessment, work: RegionWork, inputs: Inputs, *, plan: Plan, seed: int = 0
) -> Suggestion:
    """
    Choose sites stage by stage, each stage shared out among the regions.

    Parameters
    ----------
    assessment
        Who walks how far today.
    work
        The regions, joined.
    inputs, plan, seed
        As of `walkcover.suggestion.suggest_sites`.

    Returns
    -------
    suggestion
        Sites, their order, the proof for the whole, and the walks once they stand.

    Raises
    ------
    InputError
        If the plan asks for what is planned in one piece only.
    """
    refuse_by_region(plan, has_desks=assessment.desk_time is not None)
    with step("reach, by region"):
        calls = [(str(folder), work.around(n)) for n, folder in enumerate(work.folders)]
        work.runner.run(reach_residences, calls, "reach")
    found = [load_joins([folder / PLACES_TO_BUILD]) for folder in work.folders]
    first = np.concatenate([[0], np.cumsum([len(rows) for rows, _ in found])])
    joins = functools.reduce(concatenate, (part for _, part in found))
    given = inputs.candidates
    if given is not None:
        given = given.iloc[np.concatenate([rows for rows, _ in found])]
    candidates = candidate_table(joins, assessment, plan=plan, zones=inputs.zones, given=given)
    stages = codes_of(candidates["stage"], stage_codes(plan))
    costs = costs_of(candidates, 0)
    for n, folder in enumerate(work.folders):
        own = slice(first[n], first[n + 1])
        builds = {"stage": stages[own], "first": first[n]}
        save_arrays(folder / BUILDS, builds if costs is None else builds | {"cost": costs[own]})
    reach = reach_of(assessment, work, first, plan)
    rollout = _Question(work, plan, reach, stages, costs, seed).rollout(assessment)
    return with_sites(assessment, candidates, joins, rollout, plan=plan, zones=inputs.zones)


def reach_of(assessment: Assessment, work: RegionWork, first: Ints, plan: Plan) -> RegionReach:
    """Whom candidates and standing sites reach."""
    standing = np.flatnonzero(assessment.sites["status"].isin(STANDING))
    pairs = walk_pairs(
        assessment.homes,
        take_places(assessment.site_joins, standing),
        assessment.graph,
        limit_s=plan.counted_limit_s,
        with_walks=False,
    )
    n_residences = len(assessment.residences)
    fixed = CoverPairs.from_csr(pairs.indptr, pairs.residence, n_residences=n_residences)
    return RegionReach(work.folders, first, fixed)


@dataclass(frozen=True)
class _Question:
    """Stages asked of the regions, or of all they have where that is little."""

    work: RegionWork
    plan: Plan
    reach: RegionReach
    stage_of: Ints
    costs: Floats | None
    seed: int

    def rollout(self, assessment: Assessment) -> Rollout:
        """Ask for one stage after the other, and for all at once."""
        people = assessment.residences["people"].to_numpy(np.float64)
        homes = codes_of(assessment.residences["stage"], stage_codes(self.plan))
        n, n_standing = len(self.stage_of), self.reach.standing.n_candidates
        fixed = np.arange(n, n + n_standing)
        staged = np.where(homes >= 0, people, 0.0)
        every = np.arange(len(self.plan.stages))

        def ask(code: int, own: Floats, stands: list[int]) -> Answer:
            return self._answer(
                f"stage_{code}", self.plan.stages[code], [code], own, staged, stands
            )

        def ask_at_once(means: Means) -> Answer:
            stage = Stage("at_once", max_sites=means.sites, budget=means.budget)
            return self._answer(stage.name, stage, every, staged, staged, [*fixed])

        price = None if self.costs is None else np.append(self.costs, np.ones(n_standing))
        return roll_out(
            self.reach, people, homes, self.plan.stages, ask, ask_at_once, fixed=fixed, costs=price
        )

    def _answer(
        self,
        name: str,
        stage: Stage,
        codes: Sequence[int] | Ints,
        own: Floats,
        staged: Floats,
        stands: list[int],
    ) -> Answer:
        candidate = np.flatnonzero(np.isin(self.stage_of, codes))
        if self.reach.n_pairs(candidate) <= PAIRS_IN_ONE_PIECE:
            return self._in_one_piece(stage, candidate, own, staged, stands)
        folder = self.work.folders[0].parent / name
        folder.mkdir(exist_ok=True)
        save_array(folder / PEOPLE, own)
        save_array(folder / COVERED, self.reach.reached_by(stands) > 0)
        save_array(folder / CODES, np.asarray(codes))
        rounds = itertools.count(1)

        def run(ask: Callable[[RegionCase], Any], regions: Sequence[Any]) -> list[Any]:
            about = f"{next(rounds)}_{self.seed}"
            calls = [(region, str(folder), ask, about) for region in regions]
            self.work.runner.run(site_region, calls, f"siting {name}")
            return [load_object(answer_path(region, str(folder), about)) for region in regions]

        rule = stage.max_sites is not None or stage.budget is not None
        share = DEFAULT_TARGET if stage.target is None else stage.target
        return site_regions(
            [str(one) for one in self.work.folders],
            run=run,
            sites=stage.max_sites,
            budget=stage.budget,
            share=None if rule else share,
            time_limit_s=self.plan.siting.time_limit_s,
            seed=self.seed,
        )

    def _in_one_piece(
        self, stage: Stage, candidate: Ints, own: Floats, staged: Floats, stands: list[int]
    ) -> Answer:
        """Solve a stage whose pairs are few as any other plan does."""
        columns = [*candidate.tolist(), *stands]
        reached = [self.reach.residences_of(column) for column in columns]
        indptr = np.concatenate([[0], np.cumsum([len(rows) for rows in reached])])
        entries = np.concatenate([np.empty(0, np.int32), *reached])
        costs = None
        if self.costs is not None:
            costs = np.append(self.costs[candidate], np.ones(len(stands)))
        answer = cover_answer(
            CoverPairs.from_csr(indptr, entries, n_residences=len(own)),
            own,
            stage,
            costs=costs,
            tie_people=staged,
            fixed=np.arange(len(candidate), len(columns)),
            time_limit_s=self.plan.siting.time_limit_s,
            gap=self.plan.siting.gap,
            seed=self.seed,
        )
        return dataclasses.replace(answer, chosen=candidate[answer.chosen])
