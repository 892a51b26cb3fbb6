"""What a scenario comes to: its sites, and the walks that differ from those of its ground."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from walkcover.assessment import Assessment, judge, text_rank
from walkcover.desks import STANDING, has_desks
from walkcover.gaps import covered_people
from walkcover.joins import Joins
from walkcover.network import Bools, Floats, Ints
from walkcover.plan import Plan
from walkcover.site_walks import SiteWalks, site_walks
from walkcover.suggestion import Suggestion, suggest_sites
from walkcover.tabulate import residence_table, site_table, stage_table, zone_table

OPEN = "open"
# What tables compare, in their order.
FIGURES = (
    "people",
    "covered_people",
    "covered_share",
    "gap_people",
    "unserved_people",
    "unreached_people",
    "mean_walk_s",
    "worst_walk_s",
    "sites",
    "people_per_site",
)


@dataclass(frozen=True)
class Ground:
    """
    Streets, residences and sites before any site opens, closes or moves.

    Parameters
    ----------
    plan
        The plan in force.
    zones
        Checked zones.
    candidates
        Given candidates, None where they are made from the network.
    assessment
        Walks and verdicts with the sites as the inputs have them.
    """

    plan: Plan
    zones: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame | None
    assessment: Assessment

    @cached_property
    def people(self) -> Floats:
        """People of each residence."""
        return np.asarray(self.assessment.residences["people"], dtype=np.float64)

    @cached_property
    def total_people(self) -> float:
        """People of all residences."""
        return float(self.people.sum())

    @cached_property
    def walk_s(self) -> Floats:
        """Walk of each residence in seconds."""
        return np.asarray(self.assessment.residences["walk_s"], dtype=np.float64)

    @cached_property
    def site_ids(self) -> NDArray[np.object_]:
        """Ids of the sites as text."""
        return np.asarray(self.assessment.sites["site_id"].astype(str), dtype=object)

    @cached_property
    def row_of_site(self) -> dict[str, int]:
        """Row of each site by its id."""
        return {one: row for row, one in enumerate(self.site_ids)}

    @cached_property
    def site_rank(self) -> Ints:
        """Rank of each site by its id: of equally near ones the smallest wins."""
        return text_rank(self.site_ids)

    @cached_property
    def status(self) -> NDArray[np.object_]:
        """Status of each site."""
        return np.asarray(self.assessment.sites["status"], dtype=object)

    @cached_property
    def is_open(self) -> Bools:
        """Sites that are open."""
        return np.asarray(self.status == OPEN, dtype=bool)

    @cached_property
    def site(self) -> Ints:
        """Row of the site that each residence walks to, -1 for none."""
        ids = pd.Index(self.site_ids)
        return np.asarray(ids.get_indexer(self.assessment.residences["site_id"]), dtype=np.int64)

    @cached_property
    def site_walks(self) -> SiteWalks:
        """Walks between all residences and all sites."""
        one = self.assessment
        return site_walks(one.homes, one.site_joins, one.graph)

    @cached_property
    def concerned(self) -> list[Ints]:
        """Residences that opening or closing a site may concern, by site."""
        return self.site_walks.no_farther(self.walk_s)


@dataclass(frozen=True)
class Outcome:
    """
    What a scenario comes to; tables are made when they are first asked for.

    Parameters
    ----------
    ground
        Streets and residences, and the walks to the sites as they were.
    status
        Status of each site, those of the ground first.
    site_joins
        Where they join the network.
    rows
        Residences whose walk is another than on the ground.
    row_walk_s, row_site
        Their walk, and the row in `sites` of the site they walk to, -1 for none.
    changed_sites
        The sites, where more than their status changes.
    suggestion
        Where to build; None where nothing was suggested.
    """

    ground: Ground
    status: NDArray[np.object_]
    site_joins: Joins
    rows: Ints
    row_walk_s: Floats
    row_site: Ints
    changed_sites: gpd.GeoDataFrame | None = None
    suggestion: Suggestion | None = None

    @cached_property
    def sites(self) -> gpd.GeoDataFrame:
        """Sites with status, those of the ground first."""
        if self.changed_sites is not None:
            return self.changed_sites
        known = self.ground.assessment.sites
        return known if self.status is self.ground.status else known.assign(status=self.status)

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return self.ground.plan

    @property
    def walk_s(self) -> Floats:
        """Walk of each residence in seconds; inf without a path."""
        walk_s = self.ground.walk_s.copy()
        walk_s[self.rows] = self.row_walk_s
        return walk_s

    @property
    def site(self) -> Ints:
        """Row of the site that each residence walks to, -1 for none."""
        site = self.ground.site.copy()
        site[self.rows] = self.row_site
        return site

    @cached_property
    def counts_desks(self) -> bool:
        """Whether desk time counts."""
        known = self.changed_sites
        known = self.ground.assessment.sites if known is None else known
        # Most tables have no desks; their status need not be written into a table then.
        return "desks" in known.columns and has_desks(self.sites)

    @cached_property
    def assessment(self) -> Assessment:
        """The present state, as a run would assess it."""
        base = self.ground.assessment
        if self.sites is base.sites:
            return base
        ids = np.array([*self.sites["site_id"].astype(str), None], dtype=object)
        walks = pd.DataFrame(
            {"walk_s": self.walk_s, "site_id": ids[self.site]}, index=base.residences.index
        )
        return judge(
            base.residences,
            self.sites,
            base.homes,
            self.site_joins,
            base.index,
            base.graph,
            plan=self.plan,
            heights=base.heights,
            barriers=base.barriers,
            walks=walks,
        )

    def sited(self) -> Outcome:
        """Say where to build, given these sites."""
        suggestion = suggest_sites(
            self.assessment,
            plan=self.plan,
            zones=self.ground.zones,
            given=self.ground.candidates,
        )
        return dataclasses.replace(self, suggestion=suggestion)

    def unsited(self) -> Outcome:
        """Look at the present state alone."""
        return self if self.suggestion is None else dataclasses.replace(self, suggestion=None)

    @cached_property
    def residences(self) -> gpd.GeoDataFrame:
        """A row per residence, as in `walkcover.Result`."""
        return residence_table(self.assessment, self.suggestion)

    @cached_property
    def site_table(self) -> gpd.GeoDataFrame:
        """A row per site, as in `walkcover.Result`."""
        return site_table(
            self.assessment, self.residences, self.suggestion, options=self.plan.desks
        )

    @cached_property
    def zone_table(self) -> gpd.GeoDataFrame:
        """A row per zone, as in `walkcover.Result`."""
        return zone_table(self.ground.zones, self.residences, self.site_table)

    @cached_property
    def stage_table(self) -> pd.DataFrame:
        """A row per stage, as in `walkcover.Result`."""
        rollout = None if self.suggestion is None else self.suggestion.stages
        return stage_table(self.plan.stages, self.residences, rollout)

    def walks(self, *, after: bool) -> Floats:
        """Walk of each residence in seconds, now or after building."""
        if after:
            return np.asarray(self.residences["walk_s_after"], dtype=np.float64)
        return self.walk_s

    def covered(self, *, after: bool) -> Floats:
        """People of each residence who are covered, now or after building."""
        if after or self.counts_desks:
            return np.asarray(covered_people(self.residences, after=after), dtype=np.float64)
        near = np.round(self.walk_s, 3) <= self.plan.walk.limit_s
        return np.where(near, self.ground.people, 0.0)

    def standing(self, *, after: bool) -> int:
        """Sites that are open, or stand after building."""
        if not after:
            return int((self.status == OPEN).sum())
        suggested = 0 if self.suggestion is None else len(self.suggestion.sites)
        return int(np.isin(self.status, STANDING).sum()) + suggested

    @cached_property
    def covered_now(self) -> Floats:
        """People of each residence who are covered now; kept, for a base that many are held to."""
        return self.covered(after=False)

    @cached_property
    def figures_now(self) -> dict[str, float]:
        """The `figures` of the present state."""
        return self.figures()

    def figures(self, *, after: bool = False) -> dict[str, float]:
        """
        Headline figures of all residences together.

        Parameters
        ----------
        after
            Whether to count after building.

        Returns
        -------
        figures
            By the names in `FIGURES`; unserved_people only where desk time counts, NaN where a
            figure does not exist.
        """
        people, walk_s = self.ground.people, self.walks(after=after)
        total, covered = self.ground.total_people, float(self.covered(after=after).sum())
        finite = np.isfinite(walk_s) & (people > 0)
        walking, n_sites = people[finite], self.standing(after=after)
        found = {
            "people": total,
            "covered_people": covered,
            "covered_share": covered / total if total else np.nan,
            "gap_people": total - covered,
            "unreached_people": float(people[~np.isfinite(walk_s)].sum()),
            "mean_walk_s": _mean(walk_s[finite], walking),
            "worst_walk_s": float(walk_s[finite].max()) if len(walking) else np.nan,
            "sites": float(n_sites),
            "people_per_site": total / n_sites if n_sites else np.nan,
        }
        if self.counts_desks:
            name = f"people_unserved{'_after' if after else ''}"
            found["unserved_people"] = float(self.residences[name].sum())
        return {name: found[name] for name in FIGURES if name in found}


def _mean(values: Floats, weights: Floats) -> float:
    return float((values * weights).sum() / weights.sum()) if len(weights) else float("nan")
