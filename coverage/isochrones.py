"""Bands of walking time around sites: pictures of the walk, which never decide a verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import shapely

from walkcover._errors import InputError
from walkcover._isochrone_field import outlines, walk_field, walks_beside
from walkcover._isochrone_streets import (
    Streets,
    doubtful_pieces,
    reached_parts,
    street_walks,
)
from walkcover.joins import Joins
from walkcover.network import Floats
from walkcover.search import SearchGraph, within_limit_s
from walkcover.snap import PLANAR_SLACK, SNAP_LIMIT_M
from walkcover.street_index import Shapes, StreetIndex

BANDS_MIN = (5.0, 10.0, 15.0)
CELL_M = 10.0
# About a centimetre; outlines rounded to it stay valid when they become degrees.
GRID_DEG = 1e-7


def isochrones(
    sites: Joins,
    index: StreetIndex,
    graph: SearchGraph,
    *,
    minutes: Sequence[float] = BANDS_MIN,
    snap_limit_m: float = SNAP_LIMIT_M,
    cell_m: float = CELL_M,
    water: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """
    Draw where a residence would be covered, in bands of the walk to the nearest site.

    A point belongs to a band if the walk of a residence there does: it joins a street as in
    `snap`, and its access leg counts. The walk is worked out at the centres of square cells, and
    outlines run between them where the limit lies, or half-way where the walk jumps; what lies
    within each limit is true within 1.5 cells. On streets the bands end where the walk ends,
    exactly; bridges, tunnels and islands are left to the cells, because who stands there joins a
    street at grade if one is near. Cells get wider where there would be more than four million
    of them (400 square kilometres beside streets at 10 m); that is logged. The result depends
    neither on the order of sites nor on the number of threads.

    Parameters
    ----------
    sites
        Where sites join the network.
    index
        The streets.
    graph
        The searchable network.
    minutes
        Upper ends of the bands, ascending.
    snap_limit_m
        Longest access leg in metres.
    cell_m
        Width of a cell in metres.
    water
        Polygons to cut out, in any CRS.

    Returns
    -------
    bands
        A row per band, ascending: minutes_from, minutes_to, and a MultiPolygon in EPSG:4326 (empty
        where nobody could stand). Bands do not overlap. No rows where no street is within reach.

    Raises
    ------
    InputError
        If `minutes` is not positive and ascending, a width is not positive, or `water` has no
        CRS.

    Examples
    --------
    A street of 1,110 m runs east from the site; one walks 333 m in five minutes.

    >>> import pandas as pd
    >>> from walkcover.network import Lines, build_network
    >>> from walkcover.search import search_graph
    >>> from walkcover.speed import flat_costs
    >>> from pyproj import CRS
    >>> from walkcover.snap import snap
    >>> tags = pd.DataFrame({"name": "", "highway": "residential", "private": False,
    ...                      "raised": False, "forward": True, "backward": True}, index=[0])
    >>> network = build_network(Lines(np.array([0, 2]), np.array([111.0, 111.0125]),
    ...                               np.array([37.0, 37.0]), np.array([0, 1]), tags))
    >>> index = StreetIndex(network, CRS(32649))
    >>> graph = search_graph(network, flat_costs(network, speed_kmh=4.0))
    >>> site = snap(shapely.points([[111.0, 37.0]]), index)
    >>> bands = isochrones(site, index, graph, minutes=(5, 10))
    >>> at_300_and_400_m = shapely.points([[111.00337, 37.0], [111.0045, 37.0]])
    >>> [bands.geometry.contains(point).tolist() for point in at_300_and_400_m]
    [[True, False], [False, True]]
    """
    _check(minutes, snap_limit_m, cell_m, water)
    limits_s = [60.0 * m for m in minutes]
    if not len(sites.place):
        return _bands([], [])
    # Whoever joins a reached street may stand so far from it, and others as far from them.
    margin_m = 2 * PLANAR_SLACK * snap_limit_m
    streets = street_walks(sites, index, graph, limit_s=limits_s[-1], margin_m=margin_m)
    if not (streets.least_s <= within_limit_s(limits_s[-1])).any():
        return _bands([], [])
    field = walk_field(
        streets,
        index.network,
        limit_s=limits_s[-1],
        flat=graph.costs.flat,
        snap_limit_m=snap_limit_m,
        cell_m=cell_m,
    )
    wet = _wet(water)
    # Who stands on a bridge, or on an island, joins a street at grade if one is near.
    at_grade = ~(index.network.raised | index.network.island)[streets.edge]
    streets = Streets._make(column[at_grade] for column in streets)
    beside_s = walks_beside(field, streets.xy)

    def region(limit_s: float) -> shapely.Geometry:
        doubtful = doubtful_pieces(streets, beside_s, limit_s)
        outline = outlines(field, limit_s)
        planar = _exact_on_streets(outline, doubtful, limit_s, cell_m=field.cell_m)
        return _without(_to_degrees(planar, index), wet)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        regions = list(pool.map(region, limits_s))
        insides = [shapely.MultiPolygon(), *regions[:-1]]
        return _bands(minutes, list(pool.map(_without, regions, insides)))


def _check(
    minutes: Sequence[float], snap_limit_m: float, cell_m: float, water: gpd.GeoSeries | None
) -> None:
    ends = np.array([0.0, *minutes])
    if len(ends) < 2 or not np.isfinite(ends).all() or not (np.diff(ends) > 0).all():
        msg = f"minutes = {minutes!r}: expected positive numbers of minutes, ascending"
        raise InputError(msg)
    for name, value in (("snap_limit_m", snap_limit_m), ("cell_m", cell_m)):
        if not 0 < value < np.inf:
            msg = f"{name} = {value!r}: expected a positive number of metres"
            raise InputError(msg)
    if water is not None and water.crs is None:
        msg = "water has no coordinate system: set the one its coordinates are in (set_crs)"
        raise InputError(msg)


def _exact_on_streets(
    outline: Shapes, doubtful: Streets, limit_s: float, *, cell_m: float
) -> shapely.Geometry:
    """Make an outline end where the walk ends, on streets and a little to both sides."""
    region = shapely.multipolygons(outline)
    shapely.prepare(region)
    reached, other = (_as_lines(parts) for parts in reached_parts(doubtful, limit_s))
    wrong = _strip(other[shapely.intersects(region, other)], cell_m / 4)
    missed = _strip(reached[~shapely.covers(region, reached)], cell_m / 4)
    return shapely.union(shapely.difference(region, wrong), missed)


def _as_lines(parts: Floats) -> Shapes:
    return np.asarray(shapely.linestrings(parts.reshape(-1, 2, 2)), dtype=object)


def _strip(lines: Shapes, half_width_m: float) -> shapely.Geometry:
    """Strips along lines, which end where the lines do."""
    # One buffer of long lines takes a fifth of the time that a union of short ones takes.
    merged = shapely.line_merge(shapely.multilinestrings(lines))
    return shapely.buffer(merged, half_width_m, quad_segs=1, cap_style="flat", join_style="bevel")


def _to_degrees(planar: shapely.Geometry, index: StreetIndex) -> shapely.Geometry:
    """Turn planar polygons into ones in degrees on the grid."""
    degrees = shapely.transform(
        planar, lambda xy: np.round(index.to_degrees(xy) / GRID_DEG) * GRID_DEG
    )
    if not shapely.is_valid(degrees):
        degrees = shapely.set_precision(shapely.make_valid(degrees), GRID_DEG)
    return degrees


def _wet(water: gpd.GeoSeries | None) -> shapely.MultiPolygon:
    if water is None:
        return shapely.MultiPolygon()
    return _areas(shapely.union_all(shapely.make_valid(water.to_crs(4326).to_numpy())))


def _bands(minutes: Sequence[float], shapes: Sequence[shapely.Geometry]) -> gpd.GeoDataFrame:
    ends = np.array([0.0, *minutes])[: len(shapes) + 1]
    columns = {"minutes_from": ends[:-1], "minutes_to": ends[1:]}
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326)


def _without(outer: shapely.Geometry, inner: shapely.Geometry) -> shapely.MultiPolygon:
    if not inner.is_empty:
        outer = shapely.difference(outer, inner, grid_size=GRID_DEG)
    return _areas(outer)


def _areas(shape: shapely.Geometry) -> shapely.MultiPolygon:
    """Only the polygons of a shape: overlays leave points and lines, which others refuse."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiPolygon(list(parts[shapely.get_dimensions(parts) == 2]))
