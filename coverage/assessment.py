"""The walk of every residence, its verdict, and the gaps."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover.barriers import Barriers, make_barriers
from walkcover.capacity import Assignment
from walkcover.crs import metric_crs
from walkcover.desks import desk_verdicts, has_desks, people_of_desks, serve, site_hours
from walkcover.elevation import EdgeHeights
from walkcover.gaps import verdicts
from walkcover.joins import Joins, take_places
from walkcover.network import Bools, Ints, Network
from walkcover.pairs import CoverPairs
from walkcover.plan import Plan
from walkcover.reach import nearest_sites, walk_pairs
from walkcover.residences import gate_unknown, is_compound
from walkcover.search import SearchGraph, search_graph
from walkcover.snap import snap
from walkcover.speed import WalkCosts, walk_costs
from walkcover.street_index import StreetIndex


@dataclass(frozen=True)
class Assessment:
    """
    Residences and sites on the network, and what the walk says.

    Parameters
    ----------
    residences
        As given, with lon, lat, snap_m, snap_to, walk_s, site_id, verdict and gate_unknown; with
        people_unserved where desk time counts.
    sites
        As given, with lon, lat, snap_m and snap_to.
    homes, site_joins
        Where they join the network.
    index
        The streets.
    graph
        The searchable network.
    desk_time
        Who is served by which of the sites; None where distance alone counts.
    heights
        Heights along the streets, None where it is flat.
    barriers
        What access legs may not cross, None where nothing bars them.
    """

    residences: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    homes: Joins
    site_joins: Joins
    index: StreetIndex
    graph: SearchGraph
    desk_time: Assignment | None = None
    heights: EdgeHeights | None = None
    barriers: Barriers | None = None


def assess_tables(
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    network: Network,
    *,
    plan: Plan,
    heights: EdgeHeights | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> Assessment:
    """
    Walk from every residence to its nearest open site, and give people desk time.

    Where sites have desks, the most people are served that desk time allows, people of earlier
    stages first, and among such answers people walk least.

    Parameters
    ----------
    residences
        Checked residences with zone_id and stage, points and polygons in EPSG:4326.
    sites
        Checked sites with status.
    network
        The walking network.
    plan
        Limit, speed, snapping, metric CRS and desk time.
    heights
        Heights along the network's edges, None where it is flat.
    barriers
        Lines and polygons in EPSG:4326 that access legs may not cross.

    Returns
    -------
    assessment
        New tables; those given are untouched.
    """
    index, graph = ready_streets(network, plan=plan, heights=heights)
    limit_m = plan.walk.snap_limit_m
    walls = None if barriers is None else make_barriers(barriers.to_numpy(), network, index.crs)
    homes = snap(
        residences.geometry.to_numpy(),
        index,
        limit_m=limit_m,
        from_inside=is_compound(residences),
        barriers=walls,
    )
    site_joins = snap(sites.geometry.to_numpy(), index, limit_m=limit_m, barriers=walls)
    return judge(
        residences,
        sites,
        homes,
        site_joins,
        index,
        graph,
        plan=plan,
        heights=heights,
        barriers=walls,
    )


def ready_streets(
    network: Network, *, plan: Plan, heights: EdgeHeights | None = None
) -> tuple[StreetIndex, SearchGraph]:
    """
    Make streets ready for joining places and for walking.

    Parameters
    ----------
    network
        The walking network.
    plan
        Speed and metric CRS.
    heights
        Heights along the network's edges, None where it is flat.

    Returns
    -------
    index, graph
        The streets for nearest-point searches, and for walks.
    """
    west, south, east, north = network.bounds
    crs = metric_crs((west + east) / 2, (south + north) / 2, name=plan.network.crs)
    costs = plan_costs(network, plan, heights=heights, speed_kmh=plan.walker.speed_kmh)
    return StreetIndex(network, crs), search_graph(network, costs)


def judge(
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    homes: Joins,
    site_joins: Joins,
    index: StreetIndex,
    graph: SearchGraph,
    *,
    plan: Plan,
    heights: EdgeHeights | None = None,
    barriers: Barriers | None = None,
    walks: pd.DataFrame | None = None,
) -> Assessment:
    """
    Assess residences and sites that joined the network already.

    Parameters
    ----------
    residences, sites
        As of `assess_tables`.
    homes, site_joins
        Where they join the network.
    index
        The streets.
    graph
        The searchable network.
    plan
        Limit and desk time.
    heights, barriers
        What the graph and the joins were made with.
    walks
        What `nearest_open` would find, where that is known already.

    Returns
    -------
    assessment
        New tables; those given are untouched.
    """
    sites = with_place(sites, site_joins)
    residences = with_place(residences, homes)
    if walks is None:
        is_open = (sites["status"] == "open").to_numpy()
        walks = nearest_open(residences, homes, sites["site_id"], site_joins, is_open, graph)
    residences[["walk_s", "site_id"]] = walks
    residences["verdict"] = verdicts(
        residences["walk_s"],
        residences["people"],
        residences["snap_to"],
        limit_s=plan.walk.limit_s,
    )
    residences["gate_unknown"] = gate_unknown(residences, residences["snap_to"], homes.by_entrance)
    assessment = Assessment(
        residences, sites, homes, site_joins, index, graph, heights=heights, barriers=barriers
    )
    return _with_desk_time(assessment, plan) if has_desks(sites) else assessment


def _with_desk_time(assessment: Assessment, plan: Plan) -> Assessment:
    """Give people the desk time of the open sites."""
    residences, sites = assessment.residences, assessment.sites
    found = walk_pairs(
        assessment.homes, assessment.site_joins, assessment.graph, limit_s=plan.walk.limit_s
    )
    people = residences["people"].to_numpy(np.float64)
    names = {stage.name: number for number, stage in enumerate(plan.stages)}
    desk_time = serve(
        CoverPairs.from_csr(found.indptr, found.residence, n_residences=len(people)),
        people,
        people_of_desks(sites["desks"], site_hours(sites, plan.desks), plan.desks),
        sites=np.flatnonzero(sites["status"] == "open"),
        walk_s=found.walk_s,
        turn=residences["stage"].map(names).fillna(len(names)).to_numpy(np.int64),
    )
    residences = residences.assign(
        **desk_verdicts(residences["verdict"], residences["people"], desk_time)
    )
    return dataclasses.replace(assessment, residences=residences, desk_time=desk_time)


def plan_costs(
    network: Network, plan: Plan, *, heights: EdgeHeights | None, speed_kmh: float
) -> WalkCosts:
    """
    Seconds of walking as the plan counts them, at a speed.

    Parameters
    ----------
    network
        The walking network.
    plan
        Factors and waits.
    heights
        Heights along the edges, None where it is flat.
    speed_kmh
        Flat walking speed in km/h.

    Returns
    -------
    costs
        Seconds along every edge.
    """
    return walk_costs(
        network,
        speed_kmh=speed_kmh,
        heights=heights,
        steps_factor=plan.walk.steps_factor,
        surface_factors=plan.walk.surface_factors,
        crossing_wait_s=plan.walk.crossing_wait_s,
    )


def with_place(places: gpd.GeoDataFrame, joins: Joins) -> gpd.GeoDataFrame:
    """
    Add where places lie and what they joined.

    Parameters
    ----------
    places
        Points and polygons in EPSG:4326.
    joins
        Where they join the network.

    Returns
    -------
    places
        A new table with lon, lat (of the representative point), snap_m and snap_to.
    """
    points = shapely.point_on_surface(places.geometry.to_numpy())
    placed = places.copy()
    placed["lon"], placed["lat"] = shapely.get_x(points), shapely.get_y(points)
    placed["snap_m"], placed["snap_to"] = joins.snap_m, joins.snap_to
    return placed


def nearest_open(
    residences: pd.DataFrame,
    homes: Joins,
    site_id: pd.Series,
    site_joins: Joins,
    is_open: Bools,
    graph: SearchGraph,
) -> pd.DataFrame:
    """
    Find the nearest open site of each residence.

    Parameters
    ----------
    residences
        For their index.
    homes, site_joins
        Where residences and sites join the network.
    site_id
        Id of each site; of equally near ones the smallest as text wins.
    is_open
        Sites that count.
    graph
        The searchable network.

    Returns
    -------
    walks
        walk_s (inf without a path) and site_id (None without one), on the index of `residences`.
    """
    rows = np.flatnonzero(is_open)
    ids = site_id.astype(str).to_numpy(dtype=object)[rows]
    walk_s, site = nearest_sites(
        homes, take_places(site_joins, rows), graph, site_rank=text_rank(ids)
    )
    named = np.array([*ids, None], dtype=object)[site]
    return pd.DataFrame({"walk_s": walk_s, "site_id": named}, index=residences.index)


def text_rank(ids: np.ndarray) -> Ints:
    """
    Rank ids as text.

    Examples
    --------
    >>> text_rank(np.array(["9", "10", "A"], dtype=object)).tolist()
    [1, 0, 2]
    """
    rank = np.empty(len(ids), dtype=np.int64)
    rank[np.argsort(ids.astype(str), kind="stable")] = np.arange(len(ids))
    return rank
