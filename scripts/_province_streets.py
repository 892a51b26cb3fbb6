"""Streets of a province before they are lines: nodes and links, thinned until they look real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from _province_places import CITY, COUNTY_TOWN, TOWN, VILLAGE, Shape, rim_m
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# What a link is; the order is that of `HIGHWAYS`.
AVENUE, STREET, LANE, FIELD, ROAD, STUB = range(6)
HIGHWAYS = ("secondary", "residential", "service", "track", "tertiary", "service")
# Fitted to the streets of Taiyuan east, Las Palmas, Guixi and Puyang (`--compare`):
# mean distance of parallel streets in metres, and sigma of its lognormal spread;
SPACING_M = {CITY: 92.0, COUNTY_TOWN: 172.0, TOWN: 105.0, VILLAGE: 91.0}
UNEVEN = {CITY: 0.65, COUNTY_TOWN: 0.7, TOWN: 0.5, VILLAGE: 0.45}
# share of the links that connect nothing new and stay all the same;
LOOPS = {CITY: 0.42, COUNTY_TOWN: 0.46, TOWN: 0.43, VILLAGE: 0.42}
FIELD_LOOPS, PLUG_LOOPS, AVENUE_LOOPS = 0.56, 0.42, 0.92
# share of the dead ends in settlements that are cut off again, in each of two rounds;
PRUNED = 0.95
# dead-end lanes per link, and their median length in metres.
STUBS = {CITY: 0.16, COUNTY_TOWN: 0.12, TOWN: 0.14, VILLAGE: 0.14}
FIELD_STUBS = 0.10
STUB_M = 32.0
AVENUE_EVERY = 5
WOBBLE = 0.17
# Farm tracks lie around settlements in a wider net.
FIELD_M, FIELD_NEAREST_M, FIELD_FARTHEST_M = 400.0, 130.0, 1_750.0
PLUG_M = 430.0
# Roads join settlements whose tracks do not meet; they bend every so often.
ROAD_GAP_M, ROAD_FARTHEST_M, ROAD_STEP_M, EXTRA_ROADS = 1_700.0, 9_000.0, 260.0, 0.15
# Bend of a link: sigma of the distance of its middle from the straight line, as a share of it.
BENT = 0.05
# So many dead-end lanes have lost their connection, as in real extracts.
LOST = 0.04


@dataclass(frozen=True)
class Graph:
    """
    Links between nodes in the metric grid.

    Parameters
    ----------
    x, y
        Nodes, shape (n,).
    place
        Row of the settlement of each node, -1 outside all.
    u, v
        Ends of the links, shape (m,).
    kind
        `AVENUE` to `STUB`, shape (m,).
    """

    x: Floats
    y: Floats
    place: Ints
    u: Ints
    v: Ints
    kind: Ints

    @property
    def length_m(self) -> Floats:
        """Straight length of each link."""
        return np.hypot(self.x[self.u] - self.x[self.v], self.y[self.u] - self.y[self.v])

    def take(self, links: NDArray[np.bool_]) -> Graph:
        """Keep some links."""
        return replace(self, u=self.u[links], v=self.v[links], kind=self.kind[links])

    def add(self, x: Floats, y: Floats, place: Ints, u: Ints, v: Ints, kind: Ints) -> Graph:
        """Add nodes behind the others, and links."""
        return Graph(
            np.append(self.x, x),
            np.append(self.y, y),
            np.append(self.place, place),
            np.append(self.u, u),
            np.append(self.v, v),
            np.append(self.kind, kind),
        )


def draw_streets(settlements: pd.DataFrame, outlines: Mapping[int, Shape], *, seed: int) -> Graph:
    """
    Draw the streets of all settlements, the tracks around them and the roads between them.

    Parameters
    ----------
    settlements, outlines
        As `_province_places.place_settlements` gives them.
    seed
        Draws everything.

    Returns
    -------
    graph
        All of it hangs together but for some lost lanes.
    """
    rng = np.random.default_rng([seed, 4])
    graph = _settle(settlements, outlines, rng)
    graph = _fields(graph, rng)
    graph = _connect(_roads(graph, settlements, rng))
    graph = _thin(graph, settlements, rng)
    graph = _stubs(graph, settlements, rng)
    return _bend(graph, rng)


def _settle(settlements: pd.DataFrame, outlines: Mapping[int, Shape],
            rng: np.random.Generator) -> Graph:  # fmt: skip
    """Lay uneven grids into the outlines of settlements, those of one size at a time."""
    spacing = settlements["kind"].map(SPACING_M).to_numpy(float)
    radius = np.maximum(settlements["radius_m"].to_numpy(float), 1.6 * spacing)
    lines = 2 * np.ceil(1.25 * radius / spacing).astype(np.int64) + 1
    uneven = settlements["kind"].map(UNEVEN).to_numpy(float)
    parts = [_empty()]
    start = 0
    for size in np.unique(lines):
        rows = np.flatnonzero(lines == size)
        part = _grids(settlements.iloc[rows], rows, radius[rows], spacing[rows], uneven[rows],
                      int(size), outlines, rng)  # fmt: skip
        parts.append(replace(part, u=part.u + start, v=part.v + start))
        start += len(part.x)
    names = ("x", "y", "place", "u", "v", "kind")
    return Graph(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _empty() -> Graph:
    floats, ints = np.empty(0), np.empty(0, dtype=np.int64)
    return Graph(floats, floats, ints, ints, ints, ints)


def _grids(
    settlements: pd.DataFrame,
    rows: Ints,
    radius: Floats,
    spacing: Floats,
    uneven: Floats,
    size: int,
    outlines: Mapping[int, Shape],
    rng: np.random.Generator,
) -> Graph:
    """Lay grids of `size` by `size` lines, shape (k, size, size), and cut them to the outlines."""
    k = len(rows)
    gaps = rng.lognormal(-(uneven**2)[:, None, None] / 2, uneven[:, None, None], (k, 2, size - 1))
    at = np.zeros((k, 2, size))
    at[:, :, 1:] = np.cumsum(gaps * spacing[:, None, None], axis=2)
    at -= at[:, :, size // 2, None]
    shake = rng.normal(0, WOBBLE, (2, k, size, size)) * spacing[:, None, None]
    east = at[:, 0, None, :] + shake[0]
    north = at[:, 1, :, None] + shake[1]
    angle = settlements["angle"].to_numpy(float)[:, None, None]
    dx, dy = (
        east * np.cos(angle) - north * np.sin(angle),
        east * np.sin(angle) + north * np.cos(angle),
    )
    phase = settlements["phase"].to_numpy(float)[:, None, None]
    rim = rim_m(radius[:, None, None], phase, np.arctan2(dy, dx))
    inside = np.hypot(dx, dy) <= rim
    x = settlements["x"].to_numpy(float)[:, None, None] + dx
    y = settlements["y"].to_numpy(float)[:, None, None] + dy
    for j, row in enumerate(rows):
        if row in outlines:
            inside[j] &= shapely.contains_xy(outlines[row], x[j], y[j])
    number = np.cumsum(inside.ravel()).reshape(inside.shape) - 1
    ends, kinds = [], []
    avenue = np.arange(size) % AVENUE_EVERY == size // 2 % AVENUE_EVERY
    avenue &= size > 2 * AVENUE_EVERY
    for a, b, main in (
        (np.s_[:, :, :-1], np.s_[:, :, 1:], avenue[None, :, None]),
        (np.s_[:, :-1, :], np.s_[:, 1:, :], avenue[None, None, :]),
    ):
        both = inside[a] & inside[b]
        ends.append(np.column_stack([number[a][both], number[b][both]]))
        kinds.append(np.where(np.broadcast_to(main, both.shape)[both], AVENUE, STREET))
    u, v = np.concatenate(ends).T
    place = np.broadcast_to(rows[:, None, None], inside.shape)[inside]
    return Graph(x[inside], y[inside], place, u, v, np.concatenate(kinds))


def _fields(graph: Graph, rng: np.random.Generator) -> Graph:
    """Lay a net of farm tracks around settlements, and plug it into their streets."""
    tree = cKDTree(np.column_stack([graph.x, graph.y]))
    reach_m = FIELD_FARTHEST_M + FIELD_M
    west, south = graph.x.min() - reach_m, graph.y.min() - reach_m
    columns = int((graph.x.max() + reach_m - west) / FIELD_M) + 1
    # Only the cells around settlements; a grid over the whole province would be mostly empty.
    near = _cells_near(graph, west, south, columns)
    row, column = near // columns, near % columns
    x = west + (column + rng.uniform(-0.25, 0.25, len(near))) * FIELD_M
    y = south + (row + rng.uniform(-0.25, 0.25, len(near))) * FIELD_M
    away_m, nearest = tree.query(np.column_stack([x, y]))
    kept = (away_m > FIELD_NEAREST_M) & (away_m < FIELD_FARTHEST_M)
    near, x, y, away_m, nearest = near[kept], x[kept], y[kept], away_m[kept], nearest[kept]
    node = len(graph.x) + np.arange(len(near))
    links = [np.column_stack([nearest, node])[away_m < PLUG_M]]
    for step in (1, columns):
        other = np.minimum(np.searchsorted(near, near + step), len(near) - 1)
        is_there = near[other] == near + step
        links.append(np.column_stack([node[is_there], node[other[is_there]]]))
    u, v = np.concatenate(links).T
    outside = np.full(len(near), -1)
    return graph.add(x, y, outside, u, v, np.full(len(u), FIELD))


def _cells_near(graph: Graph, west: float, south: float, columns: int) -> Ints:
    """Cells of the net of tracks that lie near streets, in order."""
    at = np.unique(
        np.round((graph.y - south) / FIELD_M).astype(np.int64) * columns
        + np.round((graph.x - west) / FIELD_M).astype(np.int64)
    )
    reach = int(np.ceil(FIELD_FARTHEST_M / FIELD_M)) + 1
    steps = np.arange(-reach, reach + 1)
    around = (steps[:, None] * columns + steps[None, :]).ravel()
    return np.unique(at[:, None] + around)


def _roads(graph: Graph, settlements: pd.DataFrame, rng: np.random.Generator) -> Graph:
    """Join settlements by winding roads: a tree, and some loops."""
    place = settlements[["x", "y"]].to_numpy(float)
    if len(place) < 4:
        return graph
    corners = Delaunay(place).simplices
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)
    way = place[pairs[:, 1]] - place[pairs[:, 0]]
    length_m = np.hypot(*way.T)
    n = len(place)
    tree = minimum_spanning_tree(coo_array((length_m, pairs.T), shape=(n, n)).tocsr()).tocoo()
    in_tree = np.isin(pairs @ [n, 1], np.minimum(*tree.coords) * n + np.maximum(*tree.coords))
    extra = (rng.random(len(pairs)) < EXTRA_ROADS) & (length_m < ROAD_FARTHEST_M)
    radius = settlements["radius_m"].to_numpy(float)
    gap_m = length_m - radius[pairs].sum(axis=1)
    chosen = (in_tree | extra) & (gap_m > ROAD_GAP_M)
    pairs, way, length_m = pairs[chosen], way[chosen], length_m[chosen]
    along = way / length_m[:, None]
    tree_of_all = cKDTree(np.column_stack([graph.x, graph.y]))
    begin_at = place[pairs[:, 0]] + along * (radius[pairs[:, 0]] + 0.45 * ROAD_GAP_M)[:, None]
    end_at = place[pairs[:, 1]] - along * (radius[pairs[:, 1]] + 0.45 * ROAD_GAP_M)[:, None]
    begin, end = tree_of_all.query(begin_at)[1], tree_of_all.query(end_at)[1]
    return _wind(graph, begin[begin != end], end[begin != end], rng)


def _wind(graph: Graph, begin: Ints, end: Ints, rng: np.random.Generator) -> Graph:
    """Add roads from node to node, with bends between."""
    dx, dy = graph.x[end] - graph.x[begin], graph.y[end] - graph.y[begin]
    length_m = np.hypot(dx, dy)
    inner = np.ceil(length_m / ROAD_STEP_M).astype(np.int64)
    road = np.repeat(np.arange(len(begin)), inner)
    number = np.arange(len(road)) - np.repeat(np.cumsum(inner) - inner, inner)
    share = (number + 1) / (inner[road] + 1)
    # Two waves across the straight line, none at the ends.
    size = rng.normal(0, [[0.055], [0.03]], (2, len(begin)))
    side = size[0][road] * np.sin(np.pi * share) + size[1][road] * np.sin(3 * np.pi * share)
    x = graph.x[begin][road] + dx[road] * share - dy[road] * side
    y = graph.y[begin][road] + dy[road] * share + dx[road] * side
    node = len(graph.x) + np.arange(len(road))
    first = number == 0
    last = np.append(first[1:], True) if len(first) else first
    u = np.concatenate([begin[road[first]], node[~last], node[last]])
    v = np.concatenate([node[first], node[~last] + 1, end[road[last]]])
    return graph.add(x, y, np.full(len(road), -1), u, v, np.full(len(u), ROAD))


def _connect(graph: Graph) -> Graph:
    """Leave out tracks that lead nowhere, and join what is still apart to the largest piece."""
    n = len(graph.x)
    while True:
        links = coo_array((np.ones(len(graph.u)), (graph.u, graph.v)), shape=(n, n))
        piece = connected_components(links, directed=False)[1]
        settled = np.zeros(piece.max() + 1, dtype=bool)
        settled[piece[graph.place >= 0]] = True
        graph = graph.take(settled[piece[graph.u]])
        main = np.argmax(np.bincount(piece))
        apart = np.flatnonzero(settled[piece] & (piece != main) & (graph.place >= 0))
        if not len(apart):
            return graph
        there = np.flatnonzero(piece == main)
        xy = np.column_stack([graph.x, graph.y])
        away_m, nearest = cKDTree(xy[there]).query(xy[apart])
        order = np.lexsort([away_m, piece[apart]])
        first = order[np.unique(piece[apart][order], return_index=True)[1]]
        u, v = apart[first], there[nearest[first]]
        none = np.empty(0)
        graph = graph.add(none, none, none.astype(int), u, v, np.full(len(u), ROAD))


def _of_kind(table: Mapping[str, float], settlements: pd.DataFrame, place: Ints,
             outside: float) -> Floats:  # fmt: skip
    """Look a parameter up by the kind of settlement."""
    values = np.append(settlements["kind"].map(table).to_numpy(float), outside)
    return values[place]


def _thin(graph: Graph, settlements: pd.DataFrame, rng: np.random.Generator) -> Graph:
    """Take links out at random, but none that something hangs on, and cut dead ends short."""
    n, m = len(graph.x), len(graph.u)
    weight = rng.random(m) + np.array([0.1, 1.0, 1.0, 1.3, 0.1, 1.0])[graph.kind]
    tree = minimum_spanning_tree(
        coo_array((weight, (graph.u, graph.v)), shape=(n, n)).tocsr()
    ).tocoo()
    key = np.minimum(graph.u, graph.v) * n + np.maximum(graph.u, graph.v)
    in_tree = np.isin(key, np.minimum(*tree.coords).astype(np.int64) * n + np.maximum(*tree.coords))
    inside = (graph.place[graph.u] >= 0) & (graph.place[graph.v] >= 0)
    loops = _of_kind(LOOPS, settlements, graph.place[graph.u], FIELD_LOOPS)
    plug = (graph.place[graph.u] >= 0) != (graph.place[graph.v] >= 0)
    loops = np.where(plug, PLUG_LOOPS, np.where(inside, loops, FIELD_LOOPS))
    loops = np.where(graph.kind == AVENUE, AVENUE_LOOPS, loops)
    loops = np.where(graph.kind == ROAD, 1.0, loops)
    graph = graph.take(in_tree | (rng.random(m) < loops))
    pruned = np.where(graph.place >= 0, PRUNED, 0.0)
    for _ in range(2):
        degree = np.bincount(np.concatenate([graph.u, graph.v]), minlength=n)
        goes = (degree == 1) & (rng.random(n) < pruned)
        graph = graph.take(~(goes[graph.u] | goes[graph.v]))
    return graph


def _stubs(graph: Graph, settlements: pd.DataFrame, rng: np.random.Generator) -> Graph:
    """Hang dead-end lanes on links, often close to a junction; some have lost their junction."""
    stubs = _of_kind(STUBS, settlements, graph.place[graph.u], FIELD_STUBS)
    length_m = graph.length_m
    has = (rng.random(len(graph.u)) < stubs) & (length_m > 25.0)
    u, v, kind, length_m = graph.u[has], graph.v[has], graph.kind[has], length_m[has]
    k = len(u)
    by_corner = rng.random(k) < 0.5
    share = np.where(by_corner, rng.uniform(6.0, 16.0, k) / length_m, rng.uniform(0.15, 0.85, k))
    dx, dy = (graph.x[v] - graph.x[u]) / length_m, (graph.y[v] - graph.y[u]) / length_m
    x, y = graph.x[u] + dx * share * length_m, graph.y[u] + dy * share * length_m
    deep = STUB_M * rng.lognormal(0, 0.7, k) * np.where(rng.random(k) < 0.5, 1, -1)
    deep = np.where(graph.place[u] < 0, 6 * deep, deep)
    lean = rng.normal(0, 0.25, k)
    begin = len(graph.x) + np.arange(k)
    end = begin + k
    place = graph.place[u]
    lost = rng.random(k) < LOST
    rest = graph.take(~has)
    rest = rest.add(x, y, place, u, begin, kind)
    rest = rest.add(x + deep * (dx * lean - dy), y + deep * (dy * lean + dx), place,
                    begin, v, kind)  # fmt: skip
    # A lost lane begins a step beside the street.
    n = len(rest.x)
    apart = n + np.arange(int(lost.sum()))
    at = np.where(lost)[0]
    foot = begin.copy()
    foot[at] = apart
    side = np.sign(deep[at])
    return rest.add(x[at] - side * dy[at] * 3, y[at] + side * dx[at] * 3, place[at], foot, end,
                    np.full(k, STUB))  # fmt: skip


def _bend(graph: Graph, rng: np.random.Generator) -> Graph:
    """Give longer links a vertex in between, beside the straight line."""
    length_m = graph.length_m
    long = length_m > 45.0
    u, v, kind = graph.u[long], graph.v[long], graph.kind[long]
    side = np.clip(rng.normal(0, 1, len(u)), -2, 2) * BENT
    dx, dy = graph.x[v] - graph.x[u], graph.y[v] - graph.y[u]
    middle = len(graph.x) + np.arange(len(u))
    x = (graph.x[u] + graph.x[v]) / 2 - dy * side
    y = (graph.y[u] + graph.y[v]) / 2 + dx * side
    none = np.empty(0)
    rest = graph.take(~long).add(x, y, graph.place[u], u, middle, kind)
    return rest.add(none, none, none.astype(int), middle, v, kind)
