"""Close streets, gates and bridges, and add streets, before the streets become a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer

from walkcover._errors import InputError
from walkcover.network import Bools, Floats, Ints, Lines, cut_at_nodes, row_of
from walkcover.street_index import Shapes

Line = Sequence[tuple[float, float]]

# An end this near to a street touches it: what is drawn by hand on a map is some pixels off.
TOUCH_M = 1.0
# A place this near to a vertex is the vertex.
AT_VERTEX_M = 1e-3
# Flags of a street that is added; all other flags are False, and all texts but these empty.
ADDED = {"highway": "footway", "forward": True, "backward": True}


def change_streets(
    lines: Lines,
    *,
    close: Sequence[Line] = (),
    add: Sequence[Line] = (),
    crs: CRS,
    limit_m: float,
) -> Lines:
    """
    Close and add streets.

    Parameters
    ----------
    lines
        Walkable lines of the street file.
    close
        Points (lines of one point): the street nearest to each, between the nodes beside it where
        streets meet or end, is left out. Lines of more points: a street that crosses one is parted
        there, so that nobody passes; what lies on either side stays.
    add
        Lines of two and more points, longitude first: footways for everybody. Each end joins the
        street that it touches (within a metre), else it is led on straight to the nearest street
        within `limit_m`; an end whose nearest street is the one that the other end touches stays
        a dead end. Between its ends a new street meets no other.
    crs
        Metric CRS of nearest-point searches.
    limit_m
        How far from a point or an end a street may be, in metres.

    Returns
    -------
    lines
        New lines, in the order of those given, cut where they meet; new ones stand last.

    Raises
    ------
    InputError
        If no street is near a point, a line crosses none, or neither end of a new street is near
        any; all faults in one message.

    Examples
    --------
    Two streets of 890 m in a row; the point lies 11 m north of the second:

    >>> from walkcover.crs import metric_crs
    >>> tags = pd.DataFrame({"name": "", "highway": "residential", "private": False,
    ...                      "raised": False, "forward": True, "backward": True}, index=[0, 1])
    >>> lon = np.array([112.0, 112.01, 112.01, 112.02])
    >>> lines = Lines(np.array([0, 2, 4]), lon, np.full(4, 37.0), np.array([0, 1, 1, 2]), tags)
    >>> changed = change_streets(lines, close=[[(112.015, 37.0001)]],
    ...                          crs=metric_crs(112.0, 37.0), limit_m=250.0)
    >>> changed.lon.tolist()
    [112.0, 112.01]
    """
    faults: list[str] = []
    work = cut_at_nodes(lines)
    points = [(number, one) for number, one in enumerate(close, start=1) if len(one) == 1]
    work = _without(work, points, crs, limit_m, faults)
    for number, line in enumerate(close, start=1):
        if len(line) > 1:
            work = _parted_along(work, line, crs, f"close_streets no. {number}", faults)
    for number, line in enumerate(add, start=1):
        work = _with_street(work, line, crs, limit_m, f"add_streets no. {number}", faults)
    if faults:
        raise InputError("\n  ".join(["streets of the scenario:", *faults]))
    return work


def _planar(lines: Lines, crs: CRS) -> Shapes:
    return _to_metric(np.column_stack([lines.lon, lines.lat]), crs, row_of(lines.indptr))


def _to_metric(degrees: Floats, crs: CRS, line: Ints) -> Shapes:
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(*degrees.T)
    return np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=line), dtype=object)


def _one_planar(line: Line, crs: CRS) -> shapely.LineString:
    degrees = np.array(line, dtype=np.float64)
    return _to_metric(degrees, crs, np.zeros(len(degrees), dtype=np.int64))[0]


def _planar_points(points: Floats, crs: CRS) -> Shapes:
    transformer = Transformer.from_crs(4326, crs, always_xy=True)
    return np.asarray(shapely.points(*transformer.transform(*points.T)), dtype=object)


def _without(
    lines: Lines, close: Sequence[tuple[int, Line]], crs: CRS, limit_m: float, faults: list[str]
) -> Lines:
    """Leave out the edges nearest to points."""
    keep = np.ones(len(lines.indptr) - 1, dtype=bool)
    if not close:
        return lines
    tree = shapely.STRtree(_planar(lines, crs))
    for number, point in close:
        spot = _planar_points(np.array(point, dtype=np.float64), crs)
        hit = tree.query_nearest(spot, max_distance=limit_m, all_matches=True)[1]
        if len(hit):
            keep[hit.min()] = False
        else:
            faults.append(
                f"close_streets no. {number} = {[*point[0]]}: no street within {limit_m:g} m; "
                "expected a point on the street to close"
            )
    return _kept(lines, keep)


def _kept(lines: Lines, keep: Bools) -> Lines:
    vertex = keep[row_of(lines.indptr)]
    sizes = np.diff(lines.indptr)[keep]
    return Lines(
        np.append(0, np.cumsum(sizes)).astype(np.int64),
        lines.lon[vertex],
        lines.lat[vertex],
        lines.point[vertex],
        lines.tags[keep].reset_index(drop=True),
    )


def _parted_along(lines: Lines, line: Line, crs: CRS, where: str, faults: list[str]) -> Lines:
    """Part every edge where it crosses a line."""
    planar, across = _planar(lines, crs), _one_planar(line, crs)
    hit = np.sort(shapely.STRtree(planar).query(across, predicate="intersects"))
    if not len(hit):
        faults.append(f"{where} crosses no street; expected a line across the street to close")
    # From the last edge and its last crossing on, so that what is still to come keeps its number.
    for edge in hit[::-1]:
        spots = shapely.get_coordinates(shapely.intersection(planar[edge], across))
        along_m = np.unique(shapely.line_locate_point(planar[edge], shapely.points(spots)))
        for at_m in along_m[::-1]:
            lines, vertex = _with_vertex(lines, int(edge), float(at_m), crs)
            lines = _parted_at(lines, int(edge), vertex)
    return lines


def _with_vertex(lines: Lines, edge: int, at_m: float, crs: CRS) -> tuple[Lines, int]:
    """Give an edge a vertex at a planar distance from its start, and say which it is."""
    first, last = int(lines.indptr[edge]), int(lines.indptr[edge + 1])
    xy = shapely.get_coordinates(_planar_edge(lines, edge, crs))
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
    nearest = int(np.abs(along - at_m).argmin())
    if abs(along[nearest] - at_m) <= AT_VERTEX_M:
        return lines, first + nearest
    after = int(np.clip(np.searchsorted(along, at_m), 1, last - first - 1))
    share = (at_m - along[after - 1]) / (along[after] - along[after - 1])
    at = first + after
    lon, lat = (
        values[at - 1] + share * (values[at] - values[at - 1]) for values in (lines.lon, lines.lat)
    )
    indptr = lines.indptr.copy()
    indptr[edge + 1 :] += 1
    changed = dataclasses.replace(
        lines,
        indptr=indptr,
        lon=np.insert(lines.lon, at, lon),
        lat=np.insert(lines.lat, at, lat),
        point=np.insert(lines.point, at, lines.point.max() + 1),
    )
    return changed, at


def _parted_at(lines: Lines, edge: int, vertex: int) -> Lines:
    """End an edge at one of its vertices and begin another there that does not meet it."""
    first, last = int(lines.indptr[edge]), int(lines.indptr[edge + 1])
    fresh = int(lines.point.max()) + 1
    point = lines.point.copy()
    point[vertex] = fresh
    if vertex in (first, last - 1):
        return dataclasses.replace(lines, point=point)
    indptr = lines.indptr.copy()
    indptr[edge + 1 :] += 1
    tags = lines.tags.iloc[np.insert(np.arange(len(indptr) - 1), edge, edge)]
    return Lines(
        np.insert(indptr, edge + 1, vertex + 1),
        np.insert(lines.lon, vertex, lines.lon[vertex]),
        np.insert(lines.lat, vertex, lines.lat[vertex]),
        np.insert(point, vertex, fresh + 1),
        tags.reset_index(drop=True),
    )


def _with_street(
    lines: Lines, street: Line, crs: CRS, limit_m: float, where: str, faults: list[str]
) -> Lines:
    """Add a street whose ends join what they touch or lie near to."""
    places = np.array(street, dtype=np.float64)
    ends = _planar_points(places[[0, -1]], crs)
    planar = _planar(lines, crs)
    tree = shapely.STRtree(planar)
    found = [tree.query_nearest(end, max_distance=limit_m) for end in ends]
    edge = [int(hit.min()) if len(hit) else -1 for hit in found]
    if max(edge) < 0:
        faults.append(
            f"{where}: no street within {limit_m:g} m of either end; expected an end near a street"
        )
        return lines
    far_m = [
        float(shapely.distance(end, planar[one])) if one >= 0 else np.inf
        for end, one in zip(ends, edge, strict=True)
    ]
    points = [-1, -1]
    for place in (0, 1):
        touches, other = far_m[place] <= TOUCH_M, 1 - place
        dead_end = not touches and edge[place] == edge[other] and far_m[other] <= TOUCH_M
        if edge[place] >= 0 and not dead_end:
            lines, points[place] = _met(lines, edge[place], ends[place], crs)
    return _appended(lines, places, points)


def _met(lines: Lines, edge: int, end: shapely.Point, crs: CRS) -> tuple[Lines, int]:
    """Give the edge a vertex where it is nearest to the end of a street; say its point."""
    at_m = float(shapely.line_locate_point(_planar_edge(lines, edge, crs), end))
    lines, vertex = _with_vertex(lines, edge, at_m, crs)
    return lines, int(lines.point[vertex])


def _planar_edge(lines: Lines, edge: int, crs: CRS) -> shapely.LineString:
    part = slice(lines.indptr[edge], lines.indptr[edge + 1])
    return _one_planar([*zip(lines.lon[part], lines.lat[part], strict=True)], crs)


def _appended(lines: Lines, places: Floats, points: Sequence[int]) -> Lines:
    """Put a street behind the others, led on to the points that its ends join."""
    fresh = int(lines.point.max()) + 1
    number = fresh + np.arange(len(places))
    for place, joined in ((0, points[0]), (len(places), points[1])):
        if joined < 0:
            continue
        at = int(np.flatnonzero(lines.point == joined)[0])
        spot = (lines.lon[at], lines.lat[at])
        end = 0 if place == 0 else len(places) - 1
        if np.array_equal(places[end], spot):
            number[end] = joined
        else:
            places = np.insert(places, 0 if place == 0 else len(places), spot, axis=0)
            number = np.insert(number, 0 if place == 0 else len(number), joined)
    row = {
        name: ADDED.get(str(name), False if pd.api.types.is_bool_dtype(kind) else "")
        for name, kind in lines.tags.dtypes.items()
    }
    return Lines(
        np.append(lines.indptr, len(lines.lon) + len(places)),
        np.append(lines.lon, places[:, 0]),
        np.append(lines.lat, places[:, 1]),
        np.append(lines.point, number),
        pd.concat([lines.tags, pd.DataFrame([row])], ignore_index=True).astype(lines.tags.dtypes),
    )
