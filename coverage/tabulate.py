"""Tables of a result: by zone, by stage, and the sites with the people they serve."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover.assessment import Assessment
from walkcover.desks import STANDING, people_of_desks, site_hours
from walkcover.gaps import OUTSIDE, coverage_by, coverage_parts, sum_by
from walkcover.network import Ints
from walkcover.plan import DeskOptions, Stage
from walkcover.rollout import Rollout
from walkcover.street_index import Shapes
from walkcover.suggestion import Suggestion
from walkcover.zones import zones_of_places

# Zones are summed so many rows at a time: some hundreds of MB.
ROWS_AT_ONCE = 2_000_000
FIRST_COLUMNS = [
    "residence_id", "people", "zone_id", "stage", "lon", "lat", "snap_m", "snap_to", "walk_s",
    "site_id", "verdict", "people_unserved", "walk_s_after", "site_id_after", "verdict_after",
    "people_unserved_after", "gate_unknown",
]  # fmt: skip
SUM_COLUMNS = [
    "residences",
    "people",
    "covered_people",
    "covered_share",
    "gap_people",
    "unreached_people",
    "mean_walk_s",
    "worst_walk_s",
    "sites",
    "people_per_site",
]
AFTER_COLUMNS = [name for name in SUM_COLUMNS if name not in ("residences", "people")]
PLANNED_COLUMNS = [
    "sites_added",
    "cost",
    "missing_people",
    "zones_short",
    "zones_short_people",
    "objective",
    "bound",
    "gap",
    "status",
    "rows",
    "columns",
]
SITE_COLUMNS = [
    "site_id",
    "name",
    "origin",
    "status",
    "stage",
    "order",
    "lon",
    "lat",
    "snap_m",
    "snap_to",
    "people_served",
    "people_gained",
]


def residence_table(assessment: Assessment, suggestion: Suggestion | None) -> gpd.GeoDataFrame:
    """
    Residences as points, the columns of the contract first.

    Parameters
    ----------
    assessment
        Who walks how far today.
    suggestion
        What building changes, where something was suggested.

    Returns
    -------
    table
        A row per residence in the order given, geometry a point.
    """
    table = assessment.residences
    if suggestion is not None:
        table = table.join(suggestion.walks)
    first = [name for name in FIRST_COLUMNS if name in table.columns]
    carried = [name for name in table.columns if name not in [*first, "geometry"]]
    points = _points(table)
    return gpd.GeoDataFrame(table[[*first, *carried]], geometry=points, crs=4326)


def _points(table: gpd.GeoDataFrame) -> Shapes:
    """Representative points of places; points stay the objects they are, which saves memory."""
    points: Shapes = table.geometry.to_numpy().copy()
    other = shapely.get_type_id(points) != shapely.GeometryType.POINT
    points[other] = shapely.points(table[["lon", "lat"]].to_numpy(np.float64)[other])
    return points


def zone_table(
    zones: gpd.GeoDataFrame, residences: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """
    Sum by zone; parents add up the zones below them, and zones without anybody keep their row.

    Parameters
    ----------
    zones
        Checked zones: zone_id, name, parent_id, stage, polygons in EPSG:4326.
    residences
        With zone_id, people, walk_s and verdict, and the same ``_after`` where sites were
        suggested; and people_unserved where desk time counts.
    sites
        All sites with status.

    Returns
    -------
    table
        A row per zone in the order given, ``outside`` last where anybody lives there.
    """
    table = zones.copy()
    if residences["zone_id"].eq(OUTSIDE).any():
        row = {"zone_id": OUTSIDE, "name": OUTSIDE, "geometry": None}
        table = pd.concat([table, gpd.GeoDataFrame([row], geometry="geometry", crs=4326)])
    table = gpd.GeoDataFrame(table.reset_index(drop=True), geometry="geometry", crs=4326)
    for name in ("parent_id", "stage"):
        table[name] = table[name].astype(object) if name in table.columns else None
    below = zones_below(table)
    sums = _sums(table, residences, sites, below, after=False)
    columns = ["zone_id", "name", "parent_id", "stage"]
    unserved = ["unserved_people"] if "unserved_people" in sums else []
    parts = [table[columns].reset_index(drop=True), sums[[*SUM_COLUMNS, *unserved]]]
    if "verdict_after" in residences.columns:
        later = _sums(table, residences, sites, below, after=True)
        parts.append(later[[*AFTER_COLUMNS, *unserved]].add_suffix("_after"))
    carried = [c for c in table.columns if c not in [*columns, "geometry"]]
    parts.append(table[carried])
    return gpd.GeoDataFrame(pd.concat(parts, axis=1), geometry=table.geometry, crs=4326)


def zones_below(zones: pd.DataFrame) -> dict[str, list[str]]:
    """
    List for each zone whose residences it counts: its own and those of all zones below it.

    Parameters
    ----------
    zones
        With zone_id and parent_id.

    Returns
    -------
    below
        Ids by zone_id.

    Examples
    --------
    >>> zones_below(pd.DataFrame({"zone_id": ["a", "b"], "parent_id": ["b", None]}))
    {'a': ['a'], 'b': ['a', 'b']}
    """
    parent = dict(zip(zones["zone_id"], zones["parent_id"], strict=True))
    below: dict[str, list[str]] = {zone: [] for zone in parent}
    for zone in parent:
        above: str | None = zone
        seen: set[str] = set()
        while above in below and above not in seen:
            below[above].append(zone)
            seen.add(above)
            above = parent[above]
    return below


def _sums(
    zones: gpd.GeoDataFrame,
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    below: dict[str, list[str]],
    *,
    after: bool,
) -> pd.DataFrame:
    counting = ["open", "planned", "suggested"] if after else ["open"]
    site_zone = zones_of_places(
        sites[sites["status"].isin(counting)], zones[zones["zone_id"] != OUTSIDE], residences
    )
    number = pd.Series(np.arange(len(zones)), index=zones["zone_id"])
    inside = [number[below[zone]].to_numpy() for zone in zones["zone_id"]]
    table = _sums_of_zones(residences, number, inside, after=after)
    sites_of = np.bincount(site_zone.map(number).dropna().astype(np.int64), minlength=len(zones))
    table["sites"] = [int(sites_of[own].sum()) for own in inside]
    table["people_per_site"] = table["people"] / table["sites"].replace(0, np.nan)
    return table.astype({"residences": np.int64, "sites": np.int64})


def _sums_of_zones(
    residences: pd.DataFrame, number: pd.Series, inside: list[Ints], *, after: bool
) -> pd.DataFrame:
    """Sum the residences in each zone and the zones below it, a block of zones at a time."""
    parts = coverage_parts(residences, after=after).reset_index(drop=True)
    own = residences["zone_id"].map(number).to_numpy()
    order = np.argsort(own, kind="stable")
    cuts = np.searchsorted(own[order], np.arange(len(number) + 1))
    # In the order of the table, whatever zone they are of, so that sums are the same to the bit.
    sizes = np.array([np.sum(cuts[zones + 1] - cuts[zones]) for zones in inside], dtype=np.int64)
    block = np.cumsum(sizes) // ROWS_AT_ONCE
    tables = []
    for one in np.unique(block):
        members = np.flatnonzero(block == one)
        rows = [
            np.sort(np.concatenate([order[cuts[k] : cuts[k + 1]] for k in inside[zone]]))
            for zone in members
        ]
        group = np.repeat(members, sizes[members])
        tables.append(sum_by(group, parts.iloc[np.concatenate(rows)], labels=members))
    return pd.concat(tables).reset_index(drop=True)


def stage_table(
    stages: Sequence[Stage], residences: gpd.GeoDataFrame, rollout: Rollout | None
) -> pd.DataFrame:
    """
    Sum by stage, with the proof of each stage's siting.

    Parameters
    ----------
    stages
        The stages of the plan.
    residences
        With stage, people, walk_s and verdict, and the same ``_after``.
    rollout
        The staged siting, where there is one.

    Returns
    -------
    table
        A row per stage in the order of the plan.
    """
    names = [stage.name for stage in stages]
    inside = residences["stage"].isin(names)
    frame = residences[inside]
    sums = coverage_by(frame["stage"], frame, labels=names)
    table = pd.DataFrame(
        {
            "name": names,
            "target": [stage.target for stage in stages],
            "max_sites": [stage.max_sites for stage in stages],
            "budget": [stage.budget for stage in stages],
            "zone_floor": [stage.zone_floor for stage in stages],
            "goal": [stage.goal for stage in stages],
        }
    ).astype({"target": float, "max_sites": float, "budget": float})
    columns = ["residences", "people", "covered_people", "covered_share"]
    table[columns] = sums[columns].to_numpy()
    table["residences"] = table["residences"].astype(np.int64)
    if "unserved_people" in sums:
        table["unserved_people"] = sums["unserved_people"].to_numpy()
    if rollout is None:
        return table
    later = coverage_by(frame["stage"], frame, labels=names, after=True)
    table["covered_people_after"] = later["covered_people"].to_numpy()
    table["covered_share_after"] = later["covered_share"].to_numpy()
    if "unserved_people" in later:
        table["unserved_people_after"] = later["unserved_people"].to_numpy()
    desks = ["desks_added"] if "desks_added" in rollout.stages else []
    for name in [*PLANNED_COLUMNS, *desks]:
        table[name] = rollout.stages[name].to_numpy()
    return table


def site_table(
    assessment: Assessment,
    residences: gpd.GeoDataFrame,
    suggestion: Suggestion | None,
    *,
    options: DeskOptions,
) -> gpd.GeoDataFrame:
    """
    Existing and suggested sites with the people they serve.

    Parameters
    ----------
    assessment
        Existing sites with lon, lat, snap_m and snap_to, and whom they serve where desk time
        counts.
    residences
        With site_id and verdict, and the same ``_after`` where sites were suggested.
    suggestion
        Suggested sites, where there are some.
    options
        What a desk can do.

    Returns
    -------
    table
        A row per site, existing ones first, geometry a point.
    """
    existing = assessment.sites.copy()
    existing["origin"] = "existing"
    suffix = ""
    parts = [existing]
    if suggestion is not None:
        parts.append(suggestion.sites)
        suffix = "_after"
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    columns = [*SITE_COLUMNS]
    desk_time = assessment.desk_time if suggestion is None else suggestion.desk_time
    if desk_time is None:
        covered = residences[residences[f"verdict{suffix}"] == "covered"]
        served = covered.groupby(f"site_id{suffix}")["people"].sum()
        table["people_served"] = table["site_id"].map(served).fillna(0.0)
    else:
        added = np.zeros(len(table), dtype=np.int64)
        if suggestion is not None:
            added[: len(existing)] = suggestion.desks_added
        table["desks_added"] = added
        table["people_served"] = desk_time.load_people
        table["capacity_people"] = people_of_desks(
            table["desks"] + added, site_hours(table, options), options
        )
        standing = ["open"] if suggestion is None else [*STANDING, "suggested"]
        serves = table["status"].isin(standing) & (table["capacity_people"] > 0)
        load_share = table["people_served"] / table["capacity_people"]
        table["load_share"] = load_share.where(serves)
        columns += ["desks", "desks_added", "capacity_people", "load_share"]
    for name in ("name", "stage", "order", "people_gained"):
        if name not in table.columns:
            table[name] = None
    table["order"] = table["order"].astype("Int64")
    table["people_gained"] = table["people_gained"].astype(float)
    carried = [c for c in table.columns if c not in [*columns, "geometry"]]
    points = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table[[*columns, *carried]], geometry=points, crs=4326)
