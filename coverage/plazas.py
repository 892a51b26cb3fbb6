"""Cross pedestrian areas in a straight line, between the points where ways meet them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from walkcover.crs import metric_crs
from walkcover.network import Bools, Floats, Ints, Lines, connected_pieces, row_of

# How far a line of sight may leave a plaza: the last digit of OpenStreetMap's degrees is 1 cm.
SIGHT_TOLERANCE_M = 0.02
# Up to so many meeting points and corners all are searched for ways around what bars the view.
MAX_SEARCHED = 300
# Lines that are drawn at a time to see whether they stay inside.
SIGHT_CHUNK = 20_000
# Parts of a line where it is looked at first.
LOOK_AT = (0.5, 0.1, 0.9)
# Lines times points that are compared at a time.
OVERLAP_CHUNK = 2_000_000
# Columns of a corner's neighbours on its ring.
BESIDE = ("x_before", "y_before", "x_after", "y_after")

Shapes = NDArray[np.object_]

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Plazas:
    """
    Pedestrian areas before they are crossed.

    Parameters
    ----------
    ring_plaza
        Shape (r,): plaza of each ring, ascending. The first ring of a plaza is its outline, those
        after it are holes.
    indptr
        Shape (r + 1,): vertices of each ring, three or more; the first is not repeated.
    lon, lat
        Vertices in WGS84 degrees.
    point
        Which point a vertex is, numbered as in `walkcover.network.Lines`.
    tags
        A row per plaza, with the columns of `Lines.tags`.
    on_ground
        Shape (n,): False on bridges, in tunnels and on other layers. Ways over and under these
        do not meet them, unless they share a point.
    """

    ring_plaza: Ints
    indptr: Ints
    lon: Floats
    lat: Floats
    point: Ints
    tags: pd.DataFrame
    on_ground: Bools


def cross_plazas(lines: Lines, plazas: Plazas) -> Lines:
    """
    Add the straight ways over plazas to the walkable lines.

    A way meets a plaza where they share a point, and where it has a vertex inside, unless it runs
    on a bridge or in a tunnel; plazas meet each other where they share points. Between all
    meeting points of a plaza one walks straight; where its outline or a hole is in the way, the
    shortest way around the corners inside. A plaza with more than `MAX_SEARCHED` meeting points
    and corners gets the straight ways alone.

    Parameters
    ----------
    lines
        Walkable lines.
    plazas
        Pedestrian areas.

    Returns
    -------
    lines
        The lines given, then those over plazas: two vertices each, open in both directions, with
        the tags of their plaza. A column ``plaza`` tells the two apart where any were added: many
        lines over one plaza are no more street than it is.

    Raises
    ------
    InputError
        If the plazas lie about a pole, where there is no UTM zone to see straight in.

    References
    ----------
    Lozano-Pérez & Wesley (1979): the shortest way between obstacles bends at their corners only.

    Examples
    --------
    Two streets end at opposite corners of a square of 111 m.

    >>> columns = ["name", "highway", "private", "raised", "forward", "backward"]
    >>> def tags(*rows):
    ...     return pd.DataFrame([(*row, False, False, True, True) for row in rows], columns=columns)
    >>> lines = Lines(indptr=np.array([0, 2, 4]), lon=np.array([6.0, 6.001, 6.002, 6.003]),
    ...               lat=np.array([0.0, 0.0, 0.001, 0.001]), point=np.array([1, 2, 4, 5]),
    ...               tags=tags(("West", "path"), ("East", "path")))
    >>> square = Plazas(ring_plaza=np.array([0]), indptr=np.array([0, 4]),
    ...                 lon=np.array([6.001, 6.002, 6.002, 6.001]),
    ...                 lat=np.array([0.0, 0.0, 0.001, 0.001]), point=np.array([2, 3, 4, 6]),
    ...                 tags=tags(("Market", "pedestrian")), on_ground=np.array([True]))
    >>> crossed = cross_plazas(lines, square)
    >>> crossed.point[4:].tolist(), crossed.tags["name"].tolist()
    ([2, 4], ['West', 'East', 'Market'])
    """
    n = len(plazas.tags)
    if not n:
        return lines
    to_metric = Transformer.from_crs(4326, metric_crs(plazas.lon, plazas.lat), always_xy=True)
    corners = _corners(plazas, to_metric)
    outlines = _polygons(plazas, corners)
    whole = shapely.is_valid(outlines)
    rooms = shapely.buffer(outlines, SIGHT_TOLERANCE_M, join_style="mitre")
    shapely.prepare(rooms)
    guests = _vertices_inside(lines, plazas, corners, rooms, to_metric)
    corners["met"] = np.isin(plazas.point, lines.point)
    reached = _reached(corners, guests, n)
    nodes = _nodes(corners, guests)
    n_met = np.bincount(nodes["plaza"], weights=nodes["met"], minlength=n)
    crossed = np.flatnonzero(whole & reached & (n_met >= 2))
    start = np.searchsorted(nodes["plaza"], np.arange(n + 1))
    xy, beside = (nodes[list(names)].to_numpy() for names in (("x", "y"), BESIDE))
    met, bend = (nodes[name].to_numpy(bool) for name in ("met", "bend"))
    ways = []
    for plaza in crossed:
        own = slice(start[plaza], start[plaza + 1])
        across = _ways_across(xy[own], beside[own], met[own], bend[own], rooms[plaza])
        ways.append(start[plaza] + across)
    log.info(
        "plazas: %d, of which %d are crossed by %d lines; no way meets %d, at one point only %d, "
        "%d have a broken outline",
        n,
        len(crossed),
        sum(map(len, ways)),
        (whole & ~reached).sum(),
        (whole & reached & (n_met < 2)).sum(),
        (~whole).sum(),
    )
    return _append(lines, nodes, np.concatenate(ways), plazas.tags) if ways else lines


def _corners(plazas: Plazas, to_metric: Transformer) -> pd.DataFrame:
    """Vertices of all rings, and whether the plaza's inner angle there is over 180 degrees."""
    x, y = to_metric.transform(plazas.lon, plazas.lat)
    ring = row_of(plazas.indptr)
    start, end = plazas.indptr[:-1], plazas.indptr[1:]
    after, before = np.arange(len(x)) + 1, np.arange(len(x)) - 1
    after[end - 1], before[start] = start, end - 1
    turn = (x - x[before]) * (y[after] - y) - (y - y[before]) * (x[after] - x)
    # From the first vertex of each ring, as small areas drown in large coordinates.
    east, north = x - x[start][ring], y - y[start][ring]
    area = np.bincount(ring, weights=east * north[after] - east[after] * north)
    is_hole = np.append(False, np.diff(plazas.ring_plaza) == 0)
    # Anticlockwise a plaza lies to the left of its outline and to the right of its holes; a turn
    # away from the plaza is a corner that ways bend around.
    side = np.where((area > 0) != is_hole, 1.0, -1.0)[ring]
    frame = pd.DataFrame({"plaza": plazas.ring_plaza[ring], "ring": ring, "point": plazas.point})
    frame = frame.assign(lon=plazas.lon, lat=plazas.lat, x=x, y=y, bend=turn * side < 0)
    frame[list(BESIDE)] = np.column_stack([x[before], y[before], x[after], y[after]])
    # Where rings touch, a corner has more than two neighbours and any line may bend there.
    frame.loc[frame.duplicated(["plaza", "point"], keep=False), list(BESIDE)] = np.nan
    return frame


def _polygons(plazas: Plazas, corners: pd.DataFrame) -> Shapes:
    rings = shapely.linearrings(corners[["x", "y"]].to_numpy(), indices=corners["ring"].to_numpy())
    return np.asarray(shapely.polygons(rings, indices=plazas.ring_plaza), dtype=object)


def _vertices_inside(
    lines: Lines, plazas: Plazas, corners: pd.DataFrame, rooms: Shapes, to_metric: Transformer
) -> pd.DataFrame:
    """Vertices of ways inside plazas, a row per plaza and vertex."""
    places = corners.groupby("plaza")[["lon", "lat"]]
    low, high = places.min().to_numpy(), places.max().to_numpy()
    vertex = np.flatnonzero(~lines.tags["raised"].to_numpy(bool)[row_of(lines.indptr)])
    xy = np.column_stack([lines.lon[vertex], lines.lat[vertex]])
    # Stretches of the sorted longitudes, cut to each plaza's latitudes.
    order = np.argsort(xy[:, 0], kind="stable")
    first = np.searchsorted(xy[order, 0], low[:, 0], side="left")
    end = np.searchsorted(xy[order, 0], high[:, 0], side="right")
    hits = []
    for at in np.flatnonzero(plazas.on_ground):
        near = order[first[at] : end[at]]
        lat = xy[near, 1]
        hits.append(near[(lat >= low[at, 1]) & (lat <= high[at, 1])])
    plaza = np.repeat(np.flatnonzero(plazas.on_ground), [len(near) for near in hits])
    vertex = vertex[np.concatenate([np.empty(0, dtype=np.int64), *hits])]
    x, y = to_metric.transform(lines.lon[vertex], lines.lat[vertex])
    inside = shapely.covers(rooms[plaza], shapely.points(x, y))
    columns = {"point": lines.point, "lon": lines.lon, "lat": lines.lat}
    taken = {name: values[vertex] for name, values in columns.items()}
    return pd.DataFrame({"plaza": plaza, **taken, "x": x, "y": y, "bend": False, "met": True})[
        inside
    ]


def _reached(corners: pd.DataFrame, guests: pd.DataFrame, n: int) -> Bools:
    """Flag plazas that a way meets, or that hang together with such over shared points."""
    point, code = np.unique(corners["point"], return_inverse=True)
    piece = connected_pieces(corners["plaza"].to_numpy(), n + code, n + len(point))[:n]
    met = pd.concat([corners["plaza"][corners["met"]], guests["plaza"]])
    return np.isin(piece, piece[met.to_numpy()])


def _nodes(corners: pd.DataFrame, guests: pd.DataFrame) -> pd.DataFrame:
    """Meeting points and corners to bend around, a row per plaza and point, by plaza."""
    owners = corners.groupby("point")["plaza"]
    shared = owners.transform("min") != owners.transform("max")
    corners = corners.drop(columns="ring").assign(met=corners["met"] | shared)
    nodes = pd.concat([corners[corners["met"] | corners["bend"]], guests])
    either = nodes.groupby(["plaza", "point"])[["bend", "met"]].transform("any")
    nodes = nodes.assign(bend=either["bend"], met=either["met"])
    nodes = nodes.sort_values(["plaza", "point"], kind="stable")
    return nodes.drop_duplicates(["plaza", "point"], ignore_index=True)


def _ways_across(
    xy: Floats, beside: Floats, met: Bools, bend: Bools, room: shapely.Polygon
) -> Ints:
    """
    Find the lines that the shortest ways between all meeting points inside a plaza take.

    Parameters
    ----------
    xy
        Meeting points and corners, shape (k, 2), in metres.
    beside
        Neighbours of corners on their rings, shape (k, 4); NaN where there are none or several.
    met, bend
        Which are meeting points, and which corners that ways bend around, shape (k,).
    room
        The plaza, a little widened.

    Returns
    -------
    ends
        Rows of `xy`, shape (j, 2).
    """
    gate = np.flatnonzero(met)
    pairs = gate[np.column_stack(np.triu_indices(len(gate), 1))]
    if not bend.any():
        return _without_overlaps(xy, pairs)
    in_sight = _see_each_other(xy, pairs, room)
    straight, hidden = pairs[in_sight], pairs[~in_sight]
    if not len(hidden) or len(xy) > MAX_SEARCHED:
        return _without_overlaps(xy, straight)
    bent = np.column_stack(np.triu_indices(len(xy), 1))
    bent = bent[_may_bend(xy, ~met, beside, bent)]
    bent = bent[_see_each_other(xy, bent, room)]
    step = np.concatenate([straight, bent])
    # Points in one place would count as not joined at a distance of zero.
    step_m = np.maximum(_distance(xy, step), 1e-9)
    graph = csr_array((step_m, step.T), shape=(len(xy), len(xy)))
    walk_m, before = dijkstra(graph, directed=False, indices=gate, return_predecessors=True)
    source, end = np.searchsorted(gate, hidden[:, 0]), hidden[:, 1]
    ahead = np.isfinite(walk_m[source, end])
    used = np.zeros((len(xy), len(xy)), dtype=bool)
    used[straight[:, 0], straight[:, 1]] = True
    while ahead.any():
        source, end = source[ahead], end[ahead]
        last = before[source, end]
        used[np.minimum(last, end), np.maximum(last, end)] = True
        ahead, end = last != gate[source], last
    return _without_overlaps(xy, np.argwhere(used))


def _without_overlaps(xy: Floats, pairs: Ints) -> Ints:
    """
    Leave out lines that others make up, over a point between.

    Else a place at that point could join a line that it cannot leave there.
    """
    joined = np.zeros((len(xy), len(xy)), dtype=bool)
    joined[pairs[:, 0], pairs[:, 1]] = joined[pairs[:, 1], pairs[:, 0]] = True
    kept = [pairs[:0]]
    for part in np.array_split(pairs, len(pairs) * len(xy) // OVERLAP_CHUNK + 1):
        begin, end = xy[part].transpose(1, 0, 2)
        length_m = np.maximum(_distance(xy, part), 1e-9)[:, None]
        along = (end - begin) / length_m
        x, y = (xy[:, axis] - begin[:, [axis]] for axis in (0, 1))
        ahead_m = x * along[:, [0]] + y * along[:, [1]]
        beside_m = np.abs(x * along[:, [1]] - y * along[:, [0]])
        between = (ahead_m > SIGHT_TOLERANCE_M) & (ahead_m < length_m - SIGHT_TOLERANCE_M)
        between &= beside_m <= SIGHT_TOLERANCE_M
        kept.append(part[~(between & joined[part[:, 0]] & joined[part[:, 1]]).any(axis=1)])
    return np.concatenate(kept)


def _may_bend(xy: Floats, corner: Bools, beside: Floats, pairs: Ints) -> Bools:
    """Flag the pairs with a corner, save those whose line runs into the corner, not past it."""
    keep = np.asarray(corner[pairs].any(axis=1), dtype=bool)
    for here, there in (pairs.T, pairs.T[::-1]):
        ahead = xy[here] - xy[there]
        # How far the corner's neighbours lie to the left of the line.
        left_m = []
        for neighbour in (beside[here, :2], beside[here, 2:]):
            off = neighbour - xy[here]
            cross = ahead[:, 0] * off[:, 1] - ahead[:, 1] * off[:, 0]
            left_m.append(cross / np.maximum(np.hypot(*ahead.T), 1e-9))
        apart = (np.minimum(*left_m) < -SIGHT_TOLERANCE_M) & (
            np.maximum(*left_m) > SIGHT_TOLERANCE_M
        )
        keep &= ~(corner[here] & apart)
    return keep


def _see_each_other(xy: Floats, pairs: Ints, room: shapely.Polygon) -> Bools:
    """Flag the pairs of points whose straight line stays inside."""
    seen: Bools = np.equal(_distance(xy, pairs), 0.0)
    left = np.flatnonzero(~seen)
    # Most lines that leave do so at one of these points, which are far cheaper to look at.
    for part in LOOK_AT:
        place = (1 - part) * xy[pairs[left, 0]] + part * xy[pairs[left, 1]]
        left = left[shapely.intersects_xy(room, place[:, 0], place[:, 1])]
    for some in np.array_split(left, len(left) // SIGHT_CHUNK + 1):
        seen[some] = shapely.covers(room, shapely.linestrings(xy[pairs[some]]))
    return seen


def _distance(xy: Floats, pairs: Ints) -> Floats:
    return np.asarray(np.hypot(*(xy[pairs[:, 1]] - xy[pairs[:, 0]]).T), dtype=np.float64)


def _append(lines: Lines, nodes: pd.DataFrame, ends: Ints, tags: pd.DataFrame) -> Lines:
    """Put lines of two vertices behind the others; ends are rows of nodes, shape (j, 2)."""
    added = nodes.iloc[ends.ravel()]
    own = tags.iloc[nodes["plaza"].to_numpy()[ends[:, 0]]]
    own = own.assign(forward=True, backward=True, plaza=True)
    return Lines(
        indptr=np.append(lines.indptr, lines.indptr[-1] + 2 * np.arange(1, len(ends) + 1)),
        lon=np.append(lines.lon, added["lon"]),
        lat=np.append(lines.lat, added["lat"]),
        point=np.append(lines.point, added["point"]),
        tags=pd.concat([lines.tags.assign(plaza=False), own], ignore_index=True),
    )
