"""Barriers that access legs may not cross: rivers, railways, walls; and the legs around them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from walkcover.network import Bools, Floats, Ints, Network

# A leg loses this at both ends, so that a building in the line of a wall, and a street along
# one, are not cut off.
FREE_END_M = 0.05
# A gate is a vertex of its wall; this allows for rounded coordinates.
ON_BARRIER_M = 0.1
# A wall may hide the nearest point of a long street and leave the rest in view: streets are tried
# piece by piece.
PIECE_M = 20.0
# Legs that differ by less are equally long.
TIE_M = 1e-6
# Turns of the search, as shares of what is within reach.
TURNS = (0.125, 0.25, 0.5, 1.0)
# Long legs meet many boxes of barriers and are tested stretch by stretch, the first so long and
# each twice as long as the one before.
STRETCH_M = 8.0
# Starts whose legs are sorted at once: bounds the memory.
BATCH = 256

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Barriers:
    """
    What access legs may not cross, and where they may.

    Parameters
    ----------
    lines
        Planar lines of two vertices each, shape (k,).
    gates
        Planar points on the lines, shape (g,).
    """

    lines: Shapes
    gates: Shapes

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The lines, searchable."""
        return shapely.STRtree(self.lines)

    @cached_property
    def faces(self) -> Shapes:
        """Areas that the lines enclose, shape (f,)."""
        enclosed = shapely.polygonize([shapely.union_all(self.lines)])
        return np.asarray(shapely.get_parts(enclosed), dtype=object)

    @cached_property
    def gate_tree(self) -> shapely.STRtree:
        """The gates, searchable."""
        return shapely.STRtree(self.gates)


@dataclass(frozen=True)
class Legs:
    """
    Access legs, straight or bent once at a gate.

    Parameters
    ----------
    row
        Shape (k,), ascending: the start that a leg belongs to.
    edge
        The edge it leads to.
    begin, gate, end
        Planar coordinates, shape (k, 2) each; a straight leg has its gate at its end.
    """

    row: Ints
    edge: Ints
    begin: Floats
    gate: Floats
    end: Floats


@dataclass(frozen=True)
class _Targets:
    """What a straight line may lead to: pieces of streets, and gates with a leg beyond them."""

    shapes: Shapes
    edge: Ints
    beyond_m: Floats
    end: Floats


def make_barriers(shapes: Shapes, network: Network, crs: CRS) -> Barriers:
    """
    Make barriers of lines and polygons.

    Of polygons the outline is a barrier: neither into nor out of a river leads a leg. Entrances
    and gates of the network that lie on a barrier, within 0.1 m, open it.

    Parameters
    ----------
    shapes
        Lines and polygons in WGS84 degrees, shape (n,).
    network
        The walking network, for its entrances.
    crs
        The metric CRS of nearest-point searches.

    Returns
    -------
    barriers
        Barriers in `crs`.

    Examples
    --------
    >>> import pandas as pd
    >>> from walkcover.network import Lines, build_network
    >>> lines = np.array([shapely.LineString([(113.0, 37.0), (113.0, 37.01), (113.01, 37.01)])])
    >>> tags = pd.DataFrame({"name": "", "highway": "residential", "private": False,
    ...                      "raised": False, "forward": True, "backward": True}, index=[0])
    >>> street = Lines(indptr=np.array([0, 2]), lon=np.array([113.0, 113.02]),
    ...                lat=np.array([37.0, 37.0]), point=np.array([0, 1]), tags=tags)
    >>> gate = {"entrances": np.array([[113.0, 37.005], [113.0, 37.02]])}
    >>> barriers = make_barriers(lines, build_network(street, points=gate), CRS(32649))
    >>> len(barriers.lines), len(barriers.gates)
    (2, 1)
    """
    transformer = Transformer.from_crs(4326, crs, always_xy=True)
    parts = shapely.get_parts(_outlines(shapes))
    lonlat, part = shapely.get_coordinates(parts, return_index=True)
    xy = np.column_stack(transformer.transform(lonlat[:, 0], lonlat[:, 1]))
    begin = np.flatnonzero(part[1:] == part[:-1])
    ends = np.stack([xy[begin], xy[begin + 1]], axis=1)
    # Where the metric CRS ends nobody walks.
    ends = ends[np.isfinite(ends).all(axis=(1, 2))]
    lines = _lines_of(ends)
    entrances = transformer.transform(network.entrances[:, 0], network.entrances[:, 1])
    points = np.asarray(shapely.points(np.column_stack(entrances)), dtype=object)
    point, line = shapely.STRtree(lines).query_nearest(
        points, max_distance=ON_BARRIER_M, all_matches=False
    )
    # Put onto the barrier, so that a leg to the gate ends there and not a hair behind it.
    return Barriers(lines, _points_of(_shortest(lines[line], points[point])[:, 0]))


def crosses(barriers: Barriers, begin: Floats, end: Floats) -> Bools:
    """
    Flag straight legs that cross a barrier, or touch one between their ends.

    Five centimetres at either end do not count.

    Parameters
    ----------
    barriers
        The barriers.
    begin, end
        Planar coordinates, shape (k, 2) each.

    Returns
    -------
    crossed
        Shape (k,).

    Examples
    --------
    >>> wall = np.array([shapely.LineString([(0, 0), (10, 0)])])
    >>> barriers = Barriers(wall, wall[:0])
    >>> begin = np.array([[5.0, -3.0], [12.0, -3.0], [5.0, -0.04]])
    >>> crosses(barriers, begin, np.array([[5.0, 3.0], [12.0, 3.0], [5.0, 3.0]])).tolist()
    [True, False, False]
    """
    length_m = np.hypot(*(end - begin).T)
    crossed = np.zeros(len(begin), dtype=bool)
    left = np.flatnonzero(length_m > 2 * FREE_END_M)
    from_m, step_m = FREE_END_M, STRETCH_M
    while len(left):
        until_m = np.minimum(from_m + step_m, length_m[left] - FREE_END_M)
        along = (end - begin)[left] / length_m[left, None]
        stretch = begin[left] + from_m * along, begin[left] + until_m[:, None] * along
        legs = _lines_of(np.stack(stretch, axis=1))
        crossed[left[barriers.tree.query(legs, predicate="intersects")[0]]] = True
        from_m, step_m = from_m + step_m, 2 * step_m
        left = left[~crossed[left] & (length_m[left] - FREE_END_M > from_m)]
    return crossed


def legs_in_view(
    starts: Shapes,
    lines: Shapes,
    edges: Ints,
    tree: shapely.STRtree,
    barriers: Barriers,
    *,
    private: Bools,
    reach_m: float,
) -> Legs:
    """
    Find the shortest leg from each start to a street that crosses no barrier.

    Tried are the nearest points of all pieces of the streets, straight or by one gate: then the
    ways to the gate and from it count together. Of equally long legs those to public streets come
    first, then those to the smaller edge.

    Parameters
    ----------
    starts
        Planar points and polygons, shape (n,); polygons are left from their outline.
    lines
        All edges as planar lines, shape (m,).
    edges
        Those edges that may be joined.
    tree
        Of their lines.
    barriers
        The barriers.
    private
        Shape (m,): edges that are private.
    reach_m
        Longest leg in planar metres.

    Returns
    -------
    legs
        A leg at most per start; none where every leg within reach crosses a barrier.

    Examples
    --------
    >>> street = np.array([shapely.LineString([(0, 0), (60, 0)])])
    >>> wall = np.array([shapely.LineString([(0, 5), (30, 5)])])
    >>> legs = legs_in_view(np.array([shapely.Point(15, 20)]), street, np.array([0]),
    ...                     shapely.STRtree(street), Barriers(wall, wall[:0]),
    ...                     private=np.array([False]), reach_m=50.0)
    >>> legs.end.tolist()  # the nearest points of the first two pieces lie behind the wall
    [[40.0, 0.0]]
    """
    # A gate inside a polygon is as far away as its outline is.
    starts = _outlines(starts)
    boxes = _boxes(starts, np.full(len(starts), reach_m))
    pieces = _pieces(lines, edges[np.unique(tree.query(boxes)[1])])
    gates = barriers.gates[np.unique(barriers.gate_tree.query(boxes)[1])]
    gate, piece, begin, end = _first_in_view(gates, pieces, barriers, private, reach_m)
    targets = _Targets(
        shapes=np.concatenate([pieces.shapes, gates[gate]]),
        edge=np.concatenate([pieces.edge, pieces.edge[piece]]),
        beyond_m=np.concatenate([pieces.beyond_m, np.hypot(*(end - begin).T)]),
        end=np.concatenate([pieces.end, end]),
    )
    row, target, begin, reached = _first_in_view(starts, targets, barriers, private, reach_m)
    is_gate = (target >= len(pieces.edge))[:, None]
    end = np.where(is_gate, targets.end[target], reached)
    return Legs(row=row, edge=targets.edge[target], begin=begin, gate=reached, end=end)


def _outlines(shapes: Shapes) -> Shapes:
    """Polygons as their outlines, all else as it is."""
    is_area = shapely.get_dimensions(shapes) == 2
    return np.where(is_area, shapely.boundary(shapes), shapes)


def _pieces(lines: Shapes, edges: Ints) -> _Targets:
    """Streets as straight pieces of `PIECE_M` at most."""
    xy, line = shapely.get_coordinates(lines[edges], return_index=True)
    begin = np.flatnonzero(line[1:] == line[:-1])
    length_m = np.hypot(*(xy[begin + 1] - xy[begin]).T)
    count = np.maximum(np.ceil(length_m / PIECE_M), 1).astype(np.int64)
    which = np.repeat(begin, count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    share = np.stack([number, number + 1], axis=1) / np.repeat(count, count)[:, None]
    ends = xy[which, None] + share[:, :, None] * (xy[which + 1] - xy[which])[:, None]
    # Exactly the vertex, so that streets which meet there are equally near.
    ends[:, 1] = np.where(share[:, 1:] == 1, xy[which + 1], ends[:, 1])
    return _Targets(
        shapes=_lines_of(ends),
        edge=edges[line[which]],
        beyond_m=np.zeros(len(which)),
        end=np.full((len(which), 2), np.nan),
    )


def _first_in_view(
    starts: Shapes, targets: _Targets, barriers: Barriers, private: Bools, reach_m: float
) -> tuple[Ints, Ints, Floats, Floats]:
    """Best target of each start in a straight line that crosses no barrier: row, target, ends."""
    tree = shapely.STRtree(targets.shapes)
    confined_m = _confined_m(starts, barriers)
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2)), np.empty((0, 2)))]
    waiting, within_m = np.arange(len(starts)), -1.0
    # Most find something near; only those that do not are held against everything within reach.
    for next_m in reach_m * np.array(TURNS):
        for first in range(0, len(waiting), BATCH):
            rows = waiting[first : first + BATCH]
            row, target, straight_m = _near(
                starts[rows], targets.shapes, tree, np.minimum(next_m, confined_m[rows])
            )
            length_m = straight_m + targets.beyond_m[target]
            edge = targets.edge[target]
            order = np.lexsort([target, edge, private[edge], np.round(length_m / TIE_M), row])
            order = order[(length_m[order] <= next_m) & (length_m[order] > within_m)]
            best = _first_free(starts[rows], targets.shapes, row[order], target[order], barriers)
            found.append((rows[best[0]], *best[1:]))
        waiting = np.setdiff1d(waiting, np.concatenate([column[0] for column in found]))
        within_m = next_m
    row, target, begin, end = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(row)
    return row[order], target[order], begin[order], end[order]


def _boxes(shapes: Shapes, reach_m: Floats) -> Shapes:
    """Boxes that hold all within reach: several times faster to search than `dwithin`."""
    low, high = np.split(shapely.bounds(shapes).reshape(-1, 4), 2, axis=1)
    reach = reach_m[:, None]
    return np.asarray(shapely.box(*(low - reach).T, *(high + reach).T), dtype=object)


def _near(
    starts: Shapes, shapes: Shapes, tree: shapely.STRtree, reach_m: Floats
) -> tuple[Ints, Ints, Floats]:
    """Pairs of starts and shapes within reach of each start, and their distance."""
    row, shape = tree.query(_boxes(starts, reach_m))
    away_m = shapely.distance(starts[row], shapes[shape])
    near = away_m <= reach_m[row]
    return row[near], shape[near], away_m[near]


def _confined_m(starts: Shapes, barriers: Barriers) -> Floats:
    """How far straight lines may lead at most, for starts that barriers enclose; else inf."""
    faces = barriers.faces
    row, face = shapely.STRtree(faces).query(starts, predicate="within")
    clear = shapely.distance(starts[row], shapely.boundary(faces[face])) > FREE_END_M
    west, south, east, north = shapely.bounds(faces[face[clear]]).T
    confined_m = np.full(len(starts), np.inf)
    np.minimum.at(confined_m, row[clear], np.hypot(east - west, north - south) + FREE_END_M)
    return confined_m


def _first_free(
    starts: Shapes, shapes: Shapes, row: Ints, target: Ints, barriers: Barriers
) -> tuple[Ints, Ints, Floats, Floats]:
    """First pair of each row whose straight line crosses no barrier; pairs are in order."""
    place = np.arange(len(row)) - np.searchsorted(row, row)
    taken = [(row[:0], target[:0], np.empty((0, 2)), np.empty((0, 2)))]
    # Most rows need a few tries only, some need all: twice as many are tried in each turn.
    tried = 1
    while len(row):
        now = place < tried
        ends = _shortest(starts[row[now]], shapes[target[now]])
        free = np.flatnonzero(~crosses(barriers, ends[:, 0], ends[:, 1]))
        done, first = np.unique(row[now][free], return_index=True)
        pick = free[first]
        taken.append((done, target[now][pick], ends[pick, 0], ends[pick, 1]))
        left = ~now & ~np.isin(row, done)
        row, target, place = row[left], target[left], place[left]
        tried *= 2
    row, target, begin, end = (np.concatenate(column) for column in zip(*taken, strict=True))
    order = np.argsort(row)
    return row[order], target[order], begin[order], end[order]


def _lines_of(ends: Floats) -> Shapes:
    """Lines of two vertices, from coordinates of shape (k, 2, 2)."""
    return np.asarray(shapely.linestrings(ends), dtype=object).reshape(len(ends))


def _points_of(xy: Floats) -> Shapes:
    return np.asarray(shapely.points(xy), dtype=object).reshape(len(xy))


def _shortest(first: Shapes, second: Shapes) -> Floats:
    """Ends of the shortest lines between shapes, shape (k, 2, 2)."""
    ends = shapely.get_coordinates(shapely.shortest_line(first, second))
    return np.asarray(ends.reshape(-1, 2, 2))
