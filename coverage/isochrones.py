"""Bands of walking time around sites: pictures of the walk, which never decide a verdict."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine
from scipy import ndimage

from walkcover._errors import InputError
from walkcover.network import Bools, Floats, Ints, row_of
from walkcover.reach import nearest_sites
from walkcover.search import SearchGraph, within_limit_s
from walkcover.snap import (
    PLANAR_SLACK,
    SNAP_LIMIT_M,
    Joins,
    Shapes,
    StreetIndex,
    on_network,
    points_on_edges,
    snap,
)

BANDS_MIN = (5.0, 10.0, 15.0)
CELL_M = 10.0
# Cells come in square tiles of so many a side, so that empty country costs nothing.
TILE_CELLS = 16
# Some ten seconds of work; above it cells get wider.
MAX_CELLS = 600_000
# Cells that are joined to streets at a time, to bound memory.
BATCH = 100_000
# Just inside an edge, where other rules of private ways may hold than at its node.
INSIDE_M = 1e-3
# About a centimetre; outlines rounded to it stay valid when they become degrees.
GRID_DEG = 1e-7

log = logging.getLogger("walkcover")


class Stretches(NamedTuple):
    """
    Edges cut at sites, with the walk from both ends to the nearest site.

    From inside, the walk is the lesser of those over either end, so it is known everywhere.
    """

    edge: Ints
    start_m: Floats
    end_m: Floats
    start_s: Floats
    end_s: Floats


class Parts(NamedTuple):
    """Parts of edges, in metres from the first vertex."""

    edge: Ints
    start_m: Floats
    end_m: Floats


class Tiles(NamedTuple):
    """Square tiles of the plane: which are used, rows from the south, columns from the west."""

    used: Bools
    west_m: float
    south_m: float
    size_m: float


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
    `snap`, and its access leg counts. The walk is worked out at the centres of square cells, so
    that what lies within each limit is true within 1.5 cells; where two bands end at one line, a
    strip of the outer one, up to half a cell wide, may lie along it. On streets the bands end
    where the walk ends, exactly; bridges, tunnels and islands are left to the cells, because who
    stands there joins a street at grade if one is near. Where more than `MAX_CELLS` would be
    needed (60 square kilometres beside streets at 10 m), cells are wider; that is logged.

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
        return _bands([], [], index)
    stretches = _stretches(sites, index, graph)
    widest = _cut(_reached(stretches, graph, limits_s[-1])[0], index)
    if not len(widest):
        return _bands([], [], index)
    tiles = _tiles(widest, size_m=TILE_CELLS * cell_m, limit_m=snap_limit_m)
    side = _cells_per_side(tiles)
    half_width_m = tiles.size_m / side / 4
    outlines: list[list[Shapes]] = [[] for _ in limits_s]
    patches = list(_patches(tiles, side))
    xy = np.concatenate([patch[0] for patch in patches])
    # All patches at once: each search runs over the whole network.
    walks = _walk_s(xy, sites, index, graph, snap_limit_m)
    cuts = np.cumsum([len(patch[0]) for patch in patches])[:-1]
    for (_, own, west_m, south_m), walk_s in zip(patches, np.split(walks, cuts), strict=True):
        for found, limit_s in zip(outlines, limits_s, strict=True):
            inside = np.zeros(own.shape, dtype=np.uint8)
            inside[own] = np.round(walk_s, 3) <= limit_s
            found.append(_outlines(inside, west_m, south_m, tiles.size_m / side))
    wet = _wet(water, index)
    regions = []
    for found, limit_s in zip(outlines, limits_s, strict=True):
        region = shapely.union_all(np.concatenate(found))
        streets = _reached(stretches, graph, limit_s)
        regions.append(_exact_on_streets(region, *streets, index, half_width_m) - wet)
    return _bands(minutes, regions, index)


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


def _stretches(sites: Joins, index: StreetIndex, graph: SearchGraph) -> Stretches:
    """Cut every edge at the sites on it and walk from all cuts."""
    length_m = graph.network.length_m
    every = np.arange(len(length_m))
    inside_m = np.minimum(INSIDE_M, length_m / 2)
    far_m = length_m - inside_m
    site_m = np.clip(sites.offset_m, inside_m[sites.edge], far_m[sites.edge])
    edge = np.concatenate([every, every, sites.edge])
    offset_m = np.concatenate([inside_m, far_m, site_m])
    order = np.lexsort([offset_m, edge])
    edge, offset_m = edge[order], offset_m[order]
    cuts = on_network(edge, offset_m, index)
    walk_s, _ = nearest_sites(cuts, sites, graph, site_rank=np.arange(sites.n_places))
    first = np.flatnonzero(edge[1:] == edge[:-1])
    return Stretches(
        edge[first], offset_m[first], offset_m[first + 1], walk_s[first], walk_s[first + 1]
    )


def _reached(stretches: Stretches, graph: SearchGraph, limit_s: float) -> tuple[Parts, Parts]:
    """Parts of the streets from where a site is within the limit, and the other parts."""
    edge, start_m, end_m, start_s, end_s = stretches
    cutoff_s = within_limit_s(limit_s)
    # A walk over the first vertex goes against the edge, one over the last along it.
    near_m = np.maximum(cutoff_s - start_s, 0) / graph.costs.against[edge]
    far_m = np.maximum(cutoff_s - end_s, 0) / graph.costs.along[edge]
    near = start_s <= cutoff_s
    far = end_s <= cutoff_s
    whole = (near | far) & (near_m + far_m >= end_m - start_m)
    near_end_m, far_start_m = start_m + near_m, end_m - far_m
    pieces = [
        (whole, start_m, end_m),
        (near & ~whole, start_m, near_end_m),
        (far & ~whole, far_start_m, end_m),
    ]
    found = [(edge[which], a_m[which], b_m[which]) for which, a_m, b_m in pieces]
    reached = Parts(*(np.concatenate(column) for column in zip(*found, strict=True)))
    return reached, _pick(Parts(edge, near_end_m, far_start_m), ~whole)


def _pick(parts: Parts, which: Bools) -> Parts:
    return Parts(parts.edge[which], parts.start_m[which], parts.end_m[which])


def _cut(parts: Parts, index: StreetIndex) -> Shapes:
    """Parts of edges as planar lines."""
    net = index.network
    n = len(parts.edge)
    start, end = (points_on_edges(parts.edge, m, index) for m in (parts.start_m, parts.end_m))
    # Distances along all edges, one after the other, are one ascending list.
    base = np.concatenate([[0.0], np.cumsum(net.length_m)])
    at = net.at_m + base[row_of(net.indptr)]
    low = np.searchsorted(at, base[parts.edge] + parts.start_m, side="right")
    high = np.searchsorted(at, base[parts.edge] + parts.end_m, side="left")
    # Only what lies between the first and the last vertex of the edge itself.
    low = np.maximum(low, net.indptr[parts.edge] + 1)
    size = np.maximum(np.minimum(high, net.indptr[parts.edge + 1] - 1) - low, 0)
    row = np.repeat(np.arange(n), size)
    inner = np.arange(len(row)) + np.repeat(low - np.cumsum(size) + size, size)
    xy = np.concatenate([start, shapely.get_coordinates(index.lines)[inner], end])
    part = np.concatenate([np.arange(n), row, np.arange(n)])
    order = np.argsort(part, kind="stable")
    return np.asarray(shapely.linestrings(xy[order], indices=part[order]), dtype=object)


def _tiles(lines: Shapes, *, size_m: float, limit_m: float) -> Tiles:
    """Tiles of a fixed grid that somebody may stand in who joins one of the lines."""
    reach_m = limit_m * PLANAR_SLACK
    bounds_m = shapely.total_bounds(lines) + reach_m * np.array([-1, -1, 1, 1])
    west, south, east, north = np.floor(bounds_m / size_m).astype(np.int64)
    rows, columns = np.mgrid[south : north + 1, west : east + 1]
    x, y = columns.ravel() * size_m, rows.ravel() * size_m
    boxes = shapely.box(x, y, x + size_m, y + size_m)
    near, _ = shapely.STRtree(lines).query_nearest(boxes, max_distance=reach_m, all_matches=False)
    used = np.zeros(rows.size, dtype=bool)
    used[near] = True
    return Tiles(used.reshape(rows.shape), float(west * size_m), float(south * size_m), size_m)


def _cells_per_side(tiles: Tiles) -> int:
    """Cells on the side of a tile: fewer where there would be too many in all."""
    side = min(TILE_CELLS, max(1, math.isqrt(MAX_CELLS // int(tiles.used.sum()))))
    if side < TILE_CELLS:
        log.info("isochrones: cells of %.1f m, because the area is large", tiles.size_m / side)
    return side


def _patches(tiles: Tiles, side: int) -> Iterator[tuple[Floats, Bools, float, float]]:
    """Tiles that hang together: centres of their cells, which cells are theirs, west, south."""
    label, _ = ndimage.label(tiles.used, structure=np.ones((3, 3)))
    cell_m = tiles.size_m / side
    for number, (rows, columns) in enumerate(ndimage.find_objects(label), start=1):
        own = np.kron(label[rows, columns] == number, np.ones((side, side), dtype=bool))
        west_m = tiles.west_m + columns.start * tiles.size_m
        south_m = tiles.south_m + rows.start * tiles.size_m
        row, column = np.nonzero(own)
        xy = np.column_stack([west_m + (column + 0.5) * cell_m, south_m + (row + 0.5) * cell_m])
        yield xy, own, west_m, south_m


def _walk_s(
    xy: Floats, sites: Joins, index: StreetIndex, graph: SearchGraph, snap_limit_m: float
) -> Floats:
    """Walk of residences at planar points, inf where they join nothing."""
    rank = np.arange(sites.n_places)
    walks = []
    for start in range(0, len(xy), BATCH):
        points = shapely.points(index.to_degrees(xy[start : start + BATCH]))
        homes = snap(points, index, limit_m=snap_limit_m)
        walks.append(nearest_sites(homes, sites, graph, site_rank=rank)[0])
    return np.concatenate(walks)


def _outlines(inside: NDArray[np.uint8], west_m: float, south_m: float, cell_m: float) -> Shapes:
    """Outlines of the cells inside, their steps smoothed within half a cell."""
    place = Affine(cell_m, 0.0, west_m, 0.0, cell_m, south_m)
    found = rasterio.features.shapes(inside, mask=inside.astype(bool), transform=place)
    polygons = np.array([shapely.geometry.shape(outline) for outline, _ in found], dtype=object)
    return np.asarray(shapely.simplify(polygons, cell_m / 2), dtype=object)


def _exact_on_streets(
    region: shapely.Geometry, reached: Parts, other: Parts, index: StreetIndex, half_width_m: float
) -> shapely.Geometry:
    """Make a region end where the walk ends, on streets and a little to both sides."""
    net = index.network
    at_grade = ~net.raised & ~net.island
    lines, others = (_cut(_pick(parts, at_grade[parts.edge]), index) for parts in (reached, other))
    shapely.prepare(region)
    wrong = others[shapely.intersects(region, others)]
    region = region - _strips(wrong, half_width_m)
    shapely.prepare(region)
    missing = lines[~shapely.covers(region, lines)]
    return region | _strips(missing, half_width_m)


def _strips(lines: Shapes, half_width_m: float) -> shapely.Geometry:
    return shapely.union_all(shapely.buffer(lines, half_width_m, cap_style="flat", quad_segs=2))


def _wet(water: gpd.GeoSeries | None, index: StreetIndex) -> shapely.MultiPolygon:
    if water is None:
        return shapely.MultiPolygon()
    planar = water.to_crs(index.crs).to_numpy()
    return _areas(shapely.union_all(shapely.make_valid(planar)))


def _bands(
    minutes: Sequence[float], regions: Sequence[shapely.Geometry], index: StreetIndex
) -> gpd.GeoDataFrame:
    """Take from each region, the widest last, what the one before holds."""
    shapes = []
    inner = shapely.MultiPolygon()
    for region in gpd.GeoSeries(list(regions), crs=index.crs).to_crs(4326):
        whole = shapely.set_precision(_areas(shapely.make_valid(region)), GRID_DEG)
        shapes.append(_areas(shapely.difference(whole, inner, grid_size=GRID_DEG)))
        inner = _areas(shapely.union(whole, inner, grid_size=GRID_DEG))
    ends = np.array([0.0, *minutes])[: len(regions) + 1]
    columns = {"minutes_from": ends[:-1], "minutes_to": ends[1:]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _areas(shape: shapely.Geometry) -> shapely.MultiPolygon:
    """Only the polygons of a shape: overlays leave points and lines, which others refuse."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiPolygon(list(parts[shapely.get_dimensions(parts) == 2]))
