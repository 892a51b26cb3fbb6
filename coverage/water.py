"""Water as the quiet background of maps: areas, rivers and streams, the sea along a coast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

# Values of `waterway` that are drawn as lines, the widest first.
LINES = ("river", "canal", "stream")
LANDUSES = frozenset({"reservoir", "basin"})
# Basins that are grass on most days.
DRY_BASINS = frozenset({"detention", "infiltration"})
# Rivers lead on past the last street; more than this shows only where nobody lives.
MARGIN_M = 2_000.0
# Detail below this is less than two pixels at the closest zoom that a map is read at.
TOLERANCE_M = 2.0
# A pond smaller than this is a dot; maps of a city are full of them.
LEAST_AREA_M2 = 100.0
# About 3.5 bytes each in a page: 350 kB at most, a twentieth of the largest page that is aimed at.
MOST_POINTS = 100_000
# How far from a coast that was read the sea is drawn, as nothing is known of the water beyond.
SEA_M = 2_000.0
# Beside a piece of coast, to tell which face lies on its land side and which on its sea side.
BESIDE_M = 0.05
M_PER_DEGREE = 111_320.0

Shapes = npt.NDArray[Any]
Box = tuple[float, float, float, float]


def water_kind(tags: Mapping[str, str], *, closed: bool) -> str:
    """
    Tell what kind of water a thing of OpenStreetMap is.

    Parameters
    ----------
    tags
        Its tags.
    closed
        Whether it bounds an area.

    Returns
    -------
    kind
        ``area``, ``line``, ``coast`` (land to its left), or nothing for what is no water in sight:
        other things, basins that are mostly dry, and what flows underground.

    References
    ----------
    Key:water, Key:waterway and Tag:natural=coastline of the OpenStreetMap wiki.

    Examples
    --------
    >>> water_kind({"natural": "water"}, closed=True)
    'area'
    >>> water_kind({"waterway": "stream", "tunnel": "culvert"}, closed=False)
    ''
    """
    if closed:
        landuse = tags.get("landuse") in LANDUSES and tags.get("basin") not in DRY_BASINS
        bank = tags.get("waterway") == "riverbank"
        return "area" if tags.get("natural") == "water" or bank or landuse else ""
    if tags.get("natural") == "coastline":
        return "coast"
    flows = tags.get("waterway") in LINES and tags.get("tunnel", "no") == "no"
    return "line" if flows else ""


def no_water() -> gpd.GeoDataFrame:
    """
    Make an empty table of water.

    Returns
    -------
    water
        kind, waterway, name and geometry in EPSG:4326, without a row.

    Examples
    --------
    >>> list(no_water().columns)
    ['kind', 'waterway', 'name', 'geometry']
    """
    return _table([], [], [], np.empty(0, dtype=object))


def map_water(
    found: gpd.GeoDataFrame,
    bounds: Box,
    *,
    margin_m: float = MARGIN_M,
    tolerance_m: float = TOLERANCE_M,
    most_points: int = MOST_POINTS,
) -> gpd.GeoDataFrame:
    """
    Cut what was read to the map, put the sea beside its coasts, and leave out small detail.

    Where the outlines would hold more than `most_points` vertices, detail is left out up to twice
    the tolerance, four times and so on, until they do not.

    Parameters
    ----------
    found
        kind (area | line | coast), waterway, name and shapes in EPSG:4326, n rows.
    bounds
        West, south, east and north of the streets, in degrees.
    margin_m
        How far beyond them water is drawn, in metres.
    tolerance_m
        How far a shore may move, in metres.
    most_points
        Vertices of all shapes together, at most.

    Returns
    -------
    water
        kind (area | line), waterway (river | canal | stream; empty for areas), name (may be
        empty) and shapes in EPSG:4326, lines and polygons; the sea last, without a name.

    Examples
    --------
    >>> pond = gpd.GeoDataFrame({"kind": ["area"], "waterway": [""], "name": ["莲池"]},
    ...                         geometry=[shapely.box(112.0, 37.0, 112.1, 37.1)], crs=4326)
    >>> water = map_water(pond, (112.0, 37.0, 112.01, 37.01), margin_m=0.0)
    >>> water["name"].tolist(), water.total_bounds.round(6).tolist()
    (['莲池'], [112.0, 37.0, 112.01, 37.01])
    """
    if found.empty:
        return no_water()
    west, south, east, north = bounds
    here = np.array([(west + east) / 2, (south + north) / 2])
    scale = M_PER_DEGREE * np.array([math.cos(math.radians(here[1])), 1.0])
    low = (np.array([west, south]) - here) * scale - margin_m
    high = (np.array([east, north]) - here) * scale + margin_m
    planar = shapely.transform(found.geometry.to_numpy(), lambda xy: (xy - here) * scale)
    is_coast = (found["kind"] == "coast").to_numpy()
    sea = sea_areas(planar[is_coast], shapely.box(*low, *high))
    row, shapes = _parts(planar[~is_coast], (*low, *high))
    kept = found[~is_coast].iloc[row]
    shapes = np.concatenate([shapes, sea])
    kinds = [*kept["kind"], *["area"] * len(sea)]
    waterways, names = ([*kept[name], *[""] * len(sea)] for name in ("waterway", "name"))
    shapes = _thin(shapes, tolerance_m, most_points)
    large = ~np.isin(kinds, ["area"]) | (shapely.area(shapes) >= LEAST_AREA_M2)
    degrees = shapely.transform(shapes, lambda xy: xy / scale + here)
    return _table(kinds, waterways, names, degrees)[large].reset_index(drop=True)


def sea_areas(coasts: Shapes, box: shapely.Polygon) -> Shapes:
    """
    Find the sea beside coasts: the water to their right, as far as it is known.

    A coast that ends within the box, where an extract was cut, is drawn on straight to tell the
    two sides apart. A face that lies on the land side of one coast and on the sea side of another
    is left out.

    Parameters
    ----------
    coasts
        Lines with the land to their left, in metres, shape (n,).
    box
        What is drawn, in metres.

    Returns
    -------
    sea
        Polygons within the box and within `SEA_M` of a coast, or in a bay of it, shape (k,).

    References
    ----------
    Tag:natural=coastline of the OpenStreetMap wiki: land left, water right.

    Examples
    --------
    >>> coast = np.array([shapely.LineString([(0, 0), (0, 1000)])])
    >>> [sea] = sea_areas(coast, shapely.box(-500, 0, 500, 1000))
    >>> sea.bounds
    (0.0, 0.0, 500.0, 1000.0)
    """
    merged = shapely.line_merge(shapely.union_all(coasts), directed=True)
    lines: Shapes = shapely.get_parts(merged)
    lines = lines[shapely.intersects(lines, box)]
    if not len(lines):
        return lines
    reach = float(np.hypot(box.bounds[2] - box.bounds[0], box.bounds[3] - box.bounds[1]))
    drawn_on = np.array([_drawn_on(line, reach) for line in lines])
    noded = shapely.union_all([*shapely.intersection(drawn_on, box), box.exterior])
    faces = shapely.get_parts(shapely.polygonize([noded]))
    # Cut first: the middle of a long piece may lie outside, and its face go without a side.
    side = _sides(shapely.get_parts(shapely.clip_by_rect(lines, *box.bounds)), faces)
    sea = faces[(side[0] > 0) & (side[1] == 0)]
    # The rim of what is known may be rough, and a smooth one takes a second.
    rough = shapely.simplify(lines, SEA_M / 40)
    # Between two headlands the sea is known too: a bay left blank would look like land.
    known = shapely.buffer(shapely.buffer(shapely.union_all(rough), 3 * SEA_M), -2 * SEA_M)
    pieces = shapely.get_parts(shapely.intersection(sea, known))
    areas: Shapes = pieces[shapely.get_dimensions(pieces) == 2]
    return areas


def _drawn_on(line: shapely.LineString, reach_m: float) -> shapely.LineString:
    """Go straight on from both ends of a coast, as it runs over its last stretch."""
    if line.is_closed:
        return line
    ends = []
    for end, inside in ((0.0, SEA_M), (line.length, line.length - SEA_M)):
        near = shapely.get_coordinates(line.interpolate(end))[0]
        far = shapely.get_coordinates(line.interpolate(min(max(inside, 0.0), line.length)))[0]
        away = near - far
        # A coast that comes back to where it started has no direction of its own.
        ends.append(near + away / max(float(np.hypot(*away)), BESIDE_M) * reach_m)
    return shapely.LineString([ends[0], *line.coords, ends[1]])


def _sides(lines: Shapes, faces: Shapes) -> npt.NDArray[np.int64]:
    """Count for each face the pieces of coast that it lies to the right and to the left of."""
    coords, line = shapely.get_coordinates(lines, return_index=True)
    step = np.diff(coords, axis=0)[line[1:] == line[:-1]]
    middle = ((coords[1:] + coords[:-1]) / 2)[line[1:] == line[:-1]]
    length = np.hypot(*step.T)
    step, middle = step[length > 0], middle[length > 0]
    right = np.c_[step[:, 1], -step[:, 0]] / length[length > 0][:, None] * BESIDE_M
    counts = [
        [shapely.intersects_xy(face, middle + beside).sum() for face in faces]
        for beside in (right, -right)
    ]
    return np.array(counts, dtype=np.int64)


def _parts(shapes: Shapes, box: Box) -> tuple[npt.NDArray[np.int64], Shapes]:
    """Cut shapes to a box: lines and polygons one by one, with the row that each comes from."""
    near = np.flatnonzero(shapely.intersects(shapes, shapely.box(*box)))
    cut = shapely.clip_by_rect(shapely.make_valid(shapes[near]), *box)
    parts, of = shapely.get_parts(cut, return_index=True)
    # Cut, a polygon may leave a line, a line a point: nothing that is drawn.
    same = shapely.get_dimensions(parts) == shapely.get_dimensions(shapes[near[of]])
    same &= ~shapely.is_empty(parts)
    return near[of[same]], parts[same]


def _thin(shapes: Shapes, tolerance_m: float, most_points: int) -> Shapes:
    """Leave out vertices until no more than so many are left."""
    thinned: Shapes = shapely.simplify(shapes, tolerance_m)
    while shapely.get_num_coordinates(thinned).sum() > most_points:
        tolerance_m *= 2
        fewer = shapely.simplify(shapes, tolerance_m)
        # Two points for each line, four for each outline: fewer there are not.
        if shapely.get_num_coordinates(fewer).sum() == shapely.get_num_coordinates(thinned).sum():
            break
        thinned = fewer
    return thinned


def _table(
    kinds: list[str], waterways: list[str], names: list[str], shapes: Shapes
) -> gpd.GeoDataFrame:
    columns = {"kind": kinds, "waterway": waterways, "name": names}
    table = pd.DataFrame({key: pd.Series(one, dtype=object) for key, one in columns.items()})
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=4326), crs=4326)
