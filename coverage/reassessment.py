"""What is to be done again where values of a plan, people or streets change, and what is not."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from walkcover.assessment import Assessment, judge, plan_costs
from walkcover.barriers import make_barriers
from walkcover.crs import metric_crs
from walkcover.io.walking import Walking
from walkcover.joins import Joins
from walkcover.plan import Plan
from walkcover.residences import is_compound
from walkcover.resnap import resnap
from walkcover.search import search_graph
from walkcover.snap import snap
from walkcover.street_index import StreetIndex
from walkcover.study import Study
from walkcover.tabulate import zones_below

# Values of the plan by what is to be done again where they change; all others change no walk.
READ_AGAIN = ("residences", "population", "sites", "zones")
WALK_AGAIN = ("min_component_m", "plazas", "walls", "barriers")

log = logging.getLogger("walkcover")


def must_read(before: Plan, after: Plan) -> bool:
    """
    Tell whether residences, sites, zones or candidates are to be read again.

    Parameters
    ----------
    before, after
        Two plans.

    Returns
    -------
    must_read
        False where all that was read for the one holds for the other, streets aside.

    Examples
    --------
    >>> from walkcover.plan_mapping import plan_from_mapping
    >>> from walkcover.overrides import with_values
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "homes.csv"}})
    >>> [must_read(plan, with_values(plan, values))
    ...  for values in ({"walk.limit_min": 10}, {"residences.source": "other.csv"})]
    [False, True]
    """
    if any(getattr(before, name) != getattr(after, name) for name in READ_AGAIN):
        return True
    given = [dataclasses.replace(one.candidates, spacing_m=0.0) for one in (before, after)]
    stages = [[stage.name for stage in one.stages] for one in (before, after)]
    # Buildings of an extract are residences, and a snap limit widens the area of a population.
    widened = before.population.form in ("cells", "raster") and (
        before.walk.snap_limit_m != after.walk.snap_limit_m
    )
    # A budget asks for candidates with costs, which reading makes sure of.
    spends = [any(stage.budget is not None for stage in one.stages) for one in (before, after)]
    return (
        given[0] != given[1]
        or stages[0] != stages[1]
        or before.network.source != after.network.source
        or widened
        or spends[0] != spends[1]
    )


def must_walk(before: Plan, after: Plan) -> bool:
    """
    Tell whether the walking network is to be read again.

    Parameters
    ----------
    before, after
        Two plans.

    Returns
    -------
    must_walk
        False where streets, heights and barriers are the same; speeds may differ.

    Examples
    --------
    >>> from walkcover.plan_mapping import plan_from_mapping
    >>> from walkcover.overrides import with_values
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "homes.csv"}})
    >>> [must_walk(plan, with_values(plan, {"walk.profile": name}))
    ...  for name in ("elderly", "wheelchair")]
    [False, True]
    """
    walks = (before.walk, after.walk)
    if before.network != after.network or any(
        getattr(walks[0], key) != getattr(walks[1], key) for key in WALK_AGAIN
    ):
        return True
    walkers = [dataclasses.replace(one.walker, speed_kmh=0.0) for one in (before, after)]
    waits = [one.crossing_wait_s > 0 for one in walks]
    return walkers[0] != walkers[1] or waits[0] != waits[1]


def _has_other_costs(before: Plan, after: Plan) -> bool:
    keys = ("steps_factor", "surface_factors", "crossing_wait_s")
    return before.walker.speed_kmh != after.walker.speed_kmh or any(
        getattr(before.walk, key) != getattr(after.walk, key) for key in keys
    )


def assess_again(
    before: Plan,
    plan: Plan,
    study: Study,
    residences: gpd.GeoDataFrame,
    walking: Walking,
) -> Assessment:
    """
    Assess residences again, with whatever of a finished run still holds.

    Parameters
    ----------
    before, plan
        The plan of the run, and the one that holds now; both read the same inputs.
    study
        What the run keeps.
    residences
        Its residences; their people may differ.
    walking
        Streets, heights and barriers now.

    Returns
    -------
    assessment
        What `walkcover.assessment.assess_tables` would give.
    """
    base = study.assessment
    network, same_streets = walking.network, walking.network is study.network
    index, graph, barriers = base.index, base.graph, base.barriers
    if not same_streets:
        west, south, east, north = network.bounds
        crs = metric_crs((west + east) / 2, (south + north) / 2, name=plan.network.crs)
        index = StreetIndex(network, crs)
        shapes = walking.barriers
        barriers = None if shapes is None else make_barriers(shapes.to_numpy(), network, crs)
    same_costs = same_streets and not _has_other_costs(before, plan)
    if not same_costs:
        speed_kmh = plan.walker.speed_kmh
        costs = plan_costs(network, plan, heights=walking.heights, speed_kmh=speed_kmh)
        graph = search_graph(network, costs)
    # Barriers and CRS decide where everybody joins, streets only where those near them do.
    everybody = (
        before.walk.snap_limit_m != plan.walk.snap_limit_m
        or before.network != plan.network
        or any(getattr(before.walk, key) != getattr(plan.walk, key) for key in WALK_AGAIN)
    )
    places = (
        (residences, base.homes, is_compound(residences)),
        (study.sites, base.site_joins, None),
    )
    joins: list[Joins] = []
    for table, known, inside in places:
        shapes, limit_m = table.geometry.to_numpy(), plan.walk.snap_limit_m
        if everybody:
            found = snap(shapes, index, limit_m=limit_m, from_inside=inside, barriers=barriers)
        elif same_streets:
            found = known
        else:
            found, looked_at = resnap(
                shapes,
                known,
                base.index,
                index,
                limit_m=limit_m,
                from_inside=inside,
                barriers=barriers,
            )
            log.info("%d of %d places near changed streets", looked_at, len(shapes))
        joins.append(found)
    same_walks = same_costs and not everybody
    walks = base.residences[["walk_s", "site_id"]] if same_walks else None
    return judge(
        residences,
        study.sites,
        joins[0],
        joins[1],
        index,
        graph,
        plan=plan,
        heights=walking.heights,
        barriers=barriers,
        walks=walks,
    )


def with_factors(
    residences: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, factors: Mapping[str, float]
) -> gpd.GeoDataFrame:
    """
    Multiply people by the factor of their zone, else of the nearest zone above it.

    Parameters
    ----------
    residences
        With zone_id, people, and elderly_people where they are known.
    zones
        Checked zones.
    factors
        Factor by zone_id.

    Returns
    -------
    residences
        A new table; the one given where there are no factors.

    Examples
    --------
    >>> homes = gpd.GeoDataFrame({"zone_id": ["a", "b"], "people": [10.0, 10.0]})
    >>> zones = gpd.GeoDataFrame({"zone_id": ["a", "b", "c"], "parent_id": ["c", "c", None]})
    >>> with_factors(homes, zones, {"c": 2.0, "b": 0.5})["people"].tolist()
    [20.0, 5.0]
    """
    if not factors:
        return residences
    table = zones if "parent_id" in zones.columns else zones.assign(parent_id=None)
    below = zones_below(table)
    # From the widest zone to the narrowest, so that the nearest has the last word.
    factor = pd.Series(1.0, index=residences.index)
    for zone in sorted(factors, key=lambda one: (-len(below[one]), one)):
        factor[residences["zone_id"].isin(below[zone])] = factors[zone]
    changed = residences.copy()
    for name in ("people", "elderly_people"):
        if name in changed.columns:
            changed[name] = changed[name] * factor
    return changed
