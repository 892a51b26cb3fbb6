"""Cut the part of a finished run that concerns one zone, so that it can be reported by itself."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover._errors import InputError
from walkcover._excerpt_summary import excerpt_summary
from walkcover._excerpt_tables import (
    INSIDE,
    SERVES,
    band_part,
    gap_part,
    near_part,
    rollout_part,
    served_here,
    site_relations,
    stage_part,
)
from walkcover._whole_run import WholeRun, whole_run
from walkcover.gaps import check_people, covered_people
from walkcover.plan import Plan
from walkcover.remedies import LIMIT
from walkcover.result import Result

# Streets, water and walking bands are drawn so far beyond the border of the zone.
MARGIN_M = 500.0


def excerpt(result: Result, zone_id: str) -> Result:
    """
    Cut the part of a run that concerns a zone and the zones below it.

    Residences, their sums, verdicts and shares are those of the zone alone. What was decided for
    all zones together stays as it was, and says so: where to build and how good that answer is.

    Parameters
    ----------
    result
        What `walkcover.run`, `suggest` or `assess` gave.
    zone_id
        A zone of ``result.zones``.

    Returns
    -------
    part
        A result that every writer takes:

        * residences: those of the zone and the zones below it, in their order;
        * zones: the same rows as in the whole run;
        * sites: with relation, ``inside`` for sites that stand in the zone, ``serves`` for those
          that stand elsewhere and serve its people now or after building, ``near`` for others that
          the map needs; and people_served_here, the zone's people whom a site serves, while
          people_served still counts the people of all zones;
        * rollout: steps inside, and steps elsewhere that cover people of the zone, with is_inside.
          order is that of the whole run; people_gained, covered_people and covered_share are the
          zone's, unless desk time counts: then they are those of all zones;
        * stages: people, shares, sites_added, desks_added and cost of the zone; goal, missing
          people, objective, bound, gap and status of the whole run;
        * gap_areas: as far as the zone's residences lie in them, under the ids of the whole run;
        * closures: of sites inside and of those that serve, with figures of the whole run;
        * remedies: for people of whom most live here; the longer limit, which is for all zones,
          is left out, and none is ``needed``, as goals are met or missed by all zones together;
        * band: of the zone's people; isochrones, streets and water up to 500 m beyond its border;
        * summary: of these tables; sites are those inside. ``excerpt`` names the zone and holds,
          under ``whole``, figures, stages and remedies of the whole run.

    Raises
    ------
    InputError
        If there is no such zone, or the result is no whole run.
    ConservationError
        If the people of the tables do not add up to those of the zone.
    """
    return next(excerpts(result, [zone_id]))


def excerpts(result: Result, zone_ids: Iterable[str]) -> Iterator[Result]:
    """
    Cut the parts of several zones, working out only once what they share.

    Parameters
    ----------
    result
        What `walkcover.run`, `suggest` or `assess` gave.
    zone_ids
        Zones of ``result.zones``.

    Returns
    -------
    parts
        As of `excerpt`, one after the other.

    Raises
    ------
    InputError
        If a zone is not there, before the first is cut; or the result is no whole run.
    """
    wanted = [*zone_ids]
    for zone_id in wanted:
        check_zone(result.zones, zone_id)
    whole = whole_run(result)
    return (_cut(whole, zone_id) for zone_id in wanted)


def check_zone(zones: pd.DataFrame, zone_id: str) -> None:
    """
    Refuse a zone that is not there, naming the nearest right ones.

    Parameters
    ----------
    zones
        With zone_id and name.
    zone_id
        The zone that is asked for.

    Raises
    ------
    InputError
        If it is not there.

    Examples
    --------
    >>> check_zone(pd.DataFrame({"zone_id": ["1401"], "name": ["Taiyuan"]}), "Taiyuan")
    Traceback (most recent call last):
        ...
    walkcover._errors.InputError: no zone has the id 'Taiyuan'; did you mean '1401' (Taiyuan)?
    """
    ids = zones["zone_id"].astype(str)
    if zone_id in set(ids):
        return
    names = dict(zip(ids, zones["name"].astype(str), strict=True))
    by_name = [one for one, name in names.items() if name == zone_id]
    near = by_name or difflib.get_close_matches(zone_id, names, n=3, cutoff=0.5)
    by_text = difflib.get_close_matches(zone_id, [*names.values()], n=3, cutoff=0.5)
    near = near or [one for one, name in names.items() if name in by_text]
    shown = " or ".join(f"{one!r} ({names[one]})" for one in near[:3])
    known = ", ".join([*names][:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    msg = f"no zone has the id {zone_id!r}; " + (
        f"did you mean {shown}?" if near else f"known are {known}"
    )
    raise InputError(msg)


def _cut(whole: WholeRun, zone_id: str) -> Result:
    result, below = whole.result, whole.below[zone_id]
    is_here = result.residences["zone_id"].isin(below).to_numpy()
    rows = np.flatnonzero(is_here)
    residences = result.residences.iloc[rows].reset_index(drop=True)
    zones = result.zones[result.zones["zone_id"].isin(below)].reset_index(drop=True)
    zone = zones[zones["zone_id"] == zone_id].iloc[0]
    served = served_here(whole, residences, is_here)
    relation = site_relations(whole, below, residences, served, rows)
    kept = np.flatnonzero(relation != "")
    sites = result.sites.iloc[kept].reset_index(drop=True)
    sites = sites.assign(relation=relation[kept], people_served_here=served[kept])
    concerned = sites[sites["relation"].isin([INSIDE, SERVES])]
    inside = sites[sites["relation"] == INSIDE].reset_index(drop=True)
    rollout = rollout_part(whole, concerned, inside, rows)
    area = _area(whole, zones, residences)
    part = dataclasses.replace(
        result,
        plan=_named(result.plan, str(zone["name"])),
        residences=residences,
        sites=sites,
        rollout=rollout,
        zones=zones,
        stages=stage_part(whole, residences, inside, rollout),
        band=band_part(whole, residences, rows),
        gap_areas=gap_part(whole, rows),
        closures=_of_sites(result.closures, concerned),
        remedies=_local(result.remedies, below),
        isochrones=_clipped(result.isochrones, area),
        streets=_touching(result.streets, area),
        water=_touching(result.water, area),
        near_sites=None if result.near_sites is None else near_part(result.near_sites, rows, kept),
        study=None,
        # Teams, vans and laboratories serve more than one zone.
        operations=None,
    )
    _check(part, zone)
    return dataclasses.replace(part, summary=excerpt_summary(whole, part, inside, rows, zone))


def _named(plan: Plan, zone_name: str) -> Plan:
    """Put the name of the zone behind that of the plan, where pages show it."""
    about = dataclasses.replace(plan.plan, name=f"{plan.plan.name} · {zone_name}")
    return dataclasses.replace(plan, plan=about)


def _of_sites(closures: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    return closures[closures["site_id"].isin(sites["site_id"])].reset_index(drop=True)


def _local(remedies: pd.DataFrame, below: list[str]) -> pd.DataFrame:
    """Remedies for places in the zone; whether a goal is met is for all zones together."""
    here = remedies["zone_id"].isin(below) & (remedies["remedy"] != LIMIT)
    return remedies[here].assign(needed=False).reset_index(drop=True)


def _area(
    whole: WholeRun, zones: gpd.GeoDataFrame, residences: gpd.GeoDataFrame
) -> shapely.Geometry:
    """The zone with a margin around it; around its residences where it has no outline."""
    drawn = zones.geometry[zones.geometry.notna()]
    ground = drawn.union_all() if len(drawn) else residences.union_all().convex_hull
    metric = gpd.GeoSeries([ground], crs=4326).to_crs(whole.study.assessment.index.crs)
    return metric.buffer(MARGIN_M).to_crs(4326).iloc[0]


def _touching(table: gpd.GeoDataFrame, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Rows whose shape meets an area, in their order."""
    rows = table.sindex.query(area, predicate="intersects", sort=True)
    return table.iloc[rows].reset_index(drop=True)


def _clipped(bands: gpd.GeoDataFrame, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Polygons as far as they lie in an area; those that do not are left out."""
    met = _touching(bands, area)
    shapes = shapely.intersection(met.geometry.to_numpy(), area)
    # Where borders only touch, lines and points are left over.
    parts, at = shapely.get_parts(shapes, return_index=True)
    flat = shapely.get_dimensions(parts) == 2
    polygons = [shapely.union_all(parts[flat & (at == row)]) for row in range(len(met))]
    clipped = met.set_geometry(gpd.GeoSeries(polygons, index=met.index, crs=bands.crs))
    return clipped[~clipped.geometry.is_empty].reset_index(drop=True)


def _check(part: Result, zone: pd.Series) -> None:
    """Hold the people of the tables against the row of the zone in the whole run."""
    homes, name = part.residences, zone["zone_id"]
    check_people(zone["people"], homes["people"].sum(), step=f"cutting out {name}")
    check_people(zone["people"], _staged(part), step=f"stages of {name}")
    check_people(zone["gap_people"], part.gap_areas["people"].sum(), step=f"gap areas of {name}")
    suffixes = ["", "_after"] if "verdict_after" in homes else [""]
    for suffix in suffixes:
        covered = covered_people(homes, after=bool(suffix)).sum()
        check_people(zone[f"covered_people{suffix}"], covered, step=f"cover{suffix} in {name}")
    served = part.sites["people_served_here"].sum()
    check_people(zone[f"covered_people{suffixes[-1]}"], served, step=f"sites that serve {name}")


def _staged(part: Result) -> float:
    """People of the stages, and those whose stage the plan does not have."""
    elsewhere = ~part.residences["stage"].isin(part.stages["name"])
    return float(part.stages["people"].sum() + part.residences["people"][elsewhere].sum())
