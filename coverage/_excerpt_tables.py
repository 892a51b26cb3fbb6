"""Tables of an excerpt, cut from those of the whole run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._whole_run import WholeRun
from walkcover.band import band_table
from walkcover.gap_areas import gap_figures, gap_residences
from walkcover.network import Bools, Floats, Ints
from walkcover.result import NearSites
from walkcover.tabulate import stage_table

# How a site concerns the zone.
INSIDE, SERVES, NEAR = "inside", "serves", "near"


def served_here(whole: WholeRun, residences: pd.DataFrame, is_here: Bools) -> Floats:
    """
    Count the zone's people whom each site serves once all is built.

    Parameters
    ----------
    whole
        The run.
    residences
        Those of the zone.
    is_here
        Flag of each residence of the run that is one of them.

    Returns
    -------
    people
        Shape (n_sites,).
    """
    sites, desk_time = whole.result.sites, whole.desk_time
    if desk_time is not None:
        here = is_here[desk_time.flow_residence]
        flow = desk_time.flow_people[here]
        counts = np.bincount(desk_time.flow_site[here], flow, minlength=len(sites))
        return np.asarray(counts, dtype=np.float64)
    suffix = "_after" if "verdict_after" in residences else ""
    covered = residences[residences[f"verdict{suffix}"] == "covered"]
    served = covered.groupby(f"site_id{suffix}")["people"].sum()
    return np.asarray(sites["site_id"].map(served).fillna(0.0), dtype=np.float64)


def site_relations(
    whole: WholeRun,
    below: list[str],
    residences: pd.DataFrame,
    served: Floats,
    rows: Ints,
) -> npt.NDArray[np.object_]:
    """
    Say how each site concerns the zone.

    Parameters
    ----------
    whole
        The run.
    below
        The zone and those below it.
    residences
        Residences of the zone.
    served
        People of the zone whom each site serves once all is built.
    rows
        Rows of these residences in the run.

    Returns
    -------
    relation
        Shape (n_sites,): `INSIDE` the zone; `SERVES` where it stands elsewhere and is the nearest
        site of somebody here who reaches it, or has desk time for somebody; `NEAR` where the map
        or a note on desk time names it; empty where it does not concern the zone.
    """
    result = whole.result
    relation = np.full(len(result.sites), "", dtype=object)
    if result.near_sites is not None:
        relation[_entries(result.near_sites, rows)[1]] = NEAR
    relation[np.isin(result.sites["site_id"], [*_short_sites(whole, rows)])] = NEAR
    serving = served > 0
    for suffix in ("", "_after"):
        if f"verdict{suffix}" in residences:
            reached = residences[f"verdict{suffix}"].isin(["covered", "over_capacity"])
            nearest = residences.loc[reached, f"site_id{suffix}"]
            serving |= result.sites["site_id"].isin(nearest).to_numpy()
    relation[serving] = SERVES
    relation[np.isin(whole.site_zone, below)] = INSIDE
    return relation


def _short_sites(whole: WholeRun, rows: Ints) -> Iterator[str]:
    """Sites named where desk time is short for people of the zone."""
    for state, numbers in shortages_of(whole, rows).items():
        listed = whole.result.summary["desks"][state]["shortages"]
        for number in numbers:
            yield from listed[number]["sites"]


def shortages_of(whole: WholeRun, rows: Ints) -> dict[str, list[int]]:
    """
    Find the groups without enough desk time that residences belong to.

    Parameters
    ----------
    whole
        The run.
    rows
        Rows of the residences in the run.

    Returns
    -------
    groups
        For ``now`` and ``after``, positions in the list of shortages; empty where distance alone
        counts.
    """
    study = whole.study
    states = {"now": study.assessment.desk_time}
    if study.suggestion is not None:
        states["after"] = study.suggestion.desk_time
    return {
        state: [
            number
            for number, group in enumerate(desk_time.shortages)
            if np.isin(group.residences, rows).any()
        ]
        for state, desk_time in states.items()
        if desk_time is not None
    }


def rollout_part(
    whole: WholeRun, concerned: pd.DataFrame, inside: pd.DataFrame, rows: Ints
) -> pd.DataFrame:
    """
    Keep the steps of building that concern the zone, with what they do for its people.

    Parameters
    ----------
    whole
        The run.
    concerned, inside
        Sites that stand in the zone or serve it, and those that stand in it.
    rows
        Rows of the zone's residences in the run.

    Returns
    -------
    rollout
        With is_inside. Where desk time counts, people are those of all zones.
    """
    rollout = whole.result.rollout
    if rollout.empty:
        return rollout
    is_inside = rollout["site_id"].isin(inside["site_id"])
    if whole.step is None:
        kept = rollout["site_id"].isin(concerned["site_id"])
        return rollout.assign(is_inside=is_inside)[kept].reset_index(drop=True)
    homes = whole.result.residences.iloc[rows]
    staged = homes["stage"].isin([stage.name for stage in whole.result.plan.stages])
    people = homes["people"].where(staged, 0.0).to_numpy(np.float64)
    step = whole.step[rows]
    at_step = np.bincount(step[step >= 0], people[step >= 0], minlength=len(rollout) + 1)
    covered, total = np.cumsum(at_step)[1:], people.sum()
    table = rollout.assign(
        people_gained=at_step[1:],
        covered_people=covered,
        covered_share=covered / total if total else np.ones(len(rollout)),
        is_inside=is_inside,
    )
    kept = is_inside | (table["people_gained"] > 0)
    kept |= table["site_id"].isin(concerned["site_id"])
    return table[kept].reset_index(drop=True)


def stage_part(
    whole: WholeRun, residences: gpd.GeoDataFrame, inside: pd.DataFrame, rollout: pd.DataFrame
) -> pd.DataFrame:
    """
    Sum the zone's people by stage; the rest of the row is that of the whole run.

    Parameters
    ----------
    whole
        The run.
    residences
        Those of the zone.
    inside
        Sites in the zone.
    rollout
        As of `rollout_part`.

    Returns
    -------
    stages
        A row per stage; sites_added, desks_added and their cost are those in the zone.
    """
    suggestion = whole.study.suggestion
    planned = None if suggestion is None else suggestion.stages
    table = stage_table(whole.result.plan.stages, residences, planned)
    if suggestion is None:
        return table
    is_inside = suggestion.sites["site_id"].isin(inside["site_id"])
    built = suggestion.sites[is_inside].groupby("stage")
    table["sites_added"] = table["name"].map(built.size()).fillna(0).astype(np.int64)
    table["cost"] = table["name"].map(built["cost"].sum()).fillna(0.0)
    if "desks_added" in table:
        extended = rollout[rollout["is_inside"] & (rollout["action"] == "extend")]
        desks = table["name"].map(extended.groupby("stage")["desks"].sum()).fillna(0)
        table["desks_added"] = desks.astype(np.int64)
        table["cost"] += desks * whole.result.plan.desks.extra_desk_cost
    return table


def gap_part(whole: WholeRun, rows: Ints) -> gpd.GeoDataFrame:
    """
    Sum up the gap areas as far as residences of the zone lie in them.

    Parameters
    ----------
    whole
        The run.
    rows
        Rows of the zone's residences in the run.

    Returns
    -------
    areas
        Most people first, under the ids and with the outlines of the whole run.
    """
    result = whole.result
    gap = gap_residences(result.residences.iloc[rows])
    at = pd.Series(whole.gap[rows], index=result.residences.index[rows])[gap.index]
    areas = result.gap_areas.iloc[np.unique(at[at >= 0])].copy()
    names = result.zones.set_index("zone_id")["name"]
    found = [gap_figures(gap[at == area], limit_s=result.plan.walk.limit_s) for area in areas.index]
    for column in ("residences", "people", "reason", "nearest_miss_s", "zone_id"):
        values = [figures[column] for figures in found]
        areas[column] = pd.Series(values, index=areas.index, dtype=areas[column].dtype)
    areas["zone_name"] = areas["zone_id"].map(names).fillna(areas["zone_id"])
    return areas.sort_values("people", ascending=False, kind="stable").reset_index(drop=True)


def band_part(whole: WholeRun, residences: pd.DataFrame, rows: Ints) -> pd.DataFrame:
    """
    Count who of the zone is within reach at other walking speeds.

    Parameters
    ----------
    whole
        The run.
    residences
        Those of the zone.
    rows
        Their rows in the run.

    Returns
    -------
    band
        With the columns of the run's band.
    """
    now, *later = (
        band_table(residences, {name: flags[rows] for name, flags in reached.items()},
                   plan=whole.result.plan)
        for reached in whole.reached.values()
    )  # fmt: skip
    names = ["reached_people", "reached_share"]
    return now.join([table[names].add_suffix("_after") for table in later])


def near_part(near: NearSites | None, rows: Ints, kept: Ints) -> NearSites | None:
    """
    Take the rows of the zone's residences, and number the sites anew.

    Parameters
    ----------
    near
        The sites near each residence of the run.
    rows
        Rows of the zone's residences.
    kept
        Rows of the sites of the excerpt, ascending; every site near one of these residences.

    Returns
    -------
    near
        Rows as in the excerpt; None where the run has none.

    Examples
    --------
    >>> near = NearSites(np.array([0, 2, 3]), np.array([4, 1, 4], np.uint8),
    ...                  np.array([10, 20, 30], np.uint8), step_s=10, limit_s=1500.0)
    >>> part = near_part(near, np.array([1]), np.array([1, 4]))
    >>> part.indptr.tolist(), part.site.tolist(), part.walk_steps.tolist()
    ([0, 1], [1], [30])
    """
    if near is None:
        return None
    entries, site = _entries(near, rows)
    number = np.zeros(int(kept.max(initial=0)) + 1, dtype=np.min_scalar_type(max(len(kept) - 1, 0)))
    number[kept] = np.arange(len(kept))
    counts = np.diff(near.indptr)[rows]
    return dataclasses.replace(
        near,
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        site=number[site],
        walk_steps=near.walk_steps[entries],
    )


def _entries(near: NearSites, rows: Ints) -> tuple[Ints, npt.NDArray[np.unsignedinteger[Any]]]:
    """Positions of the entries of residences, and their sites."""
    counts = np.diff(near.indptr)[rows]
    starts = near.indptr[:-1][rows] - np.concatenate([[0], np.cumsum(counts)[:-1]])
    entries = np.repeat(starts, counts) + np.arange(counts.sum())
    return entries, near.site[entries]
