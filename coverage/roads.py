"""Roads made ready for vehicles: where places join them, how long drives take, how they run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from walkcover.crs import metric_crs
from walkcover.driving import road_network
from walkcover.joins import Joins, take_places
from walkcover.network import MIN_COMPONENT_M, Bools, Floats, Ints, Lines, Network, row_of
from walkcover.reach import walk_pairs
from walkcover.search import SearchGraph, search_graph
from walkcover.snap import snap
from walkcover.speed import WalkCosts
from walkcover.street_index import Shapes, StreetIndex

# Nobody sets up tables on these where another road is near.
PASSING = ("motorway", "motorway_link")
# Longest drive that is looked for: a day.
LONGEST_S = 86_400.0
# Drives are looked for this far at first, then this many times as far.
NEAR_S, FARTHER = 600.0, 4.0
# Starts that are searched from at once; it bounds memory and changes no result.
STARTS_AT_ONCE = 32


@dataclass(frozen=True)
class Roads:
    """
    Roads made ready for vehicles.

    Parameters
    ----------
    network
        The roads. Islands are what a vehicle cannot come back from, or too little road.
    index
        The roads, ready for nearest-point searches.
    graph
        The roads, ready for searches; it costs seconds of driving.
    snap_limit_m
        Farthest that a place may lie from its road, in metres.
    """

    network: Network
    index: StreetIndex
    graph: SearchGraph
    snap_limit_m: float


def ready_roads(lines: Lines, *, snap_limit_m: float) -> Roads:
    """
    Build roads and make them ready.

    A vehicle has to come back: within each connected piece the longest part that hangs together
    both ways counts, with at least `walkcover.network.MIN_COMPONENT_M` of road. All else counts as
    islands, which places join last. Motorways come behind other roads too.

    Parameters
    ----------
    lines
        Drivable lines, as `walkcover.io.roads.read_roads` gives them.
    snap_limit_m
        Farthest that a place may lie from its road, in metres.

    Returns
    -------
    roads
        The roads.

    Raises
    ------
    InputError
        If no line has two vertices, or a speed is not positive.

    Examples
    --------
    >>> import pandas as pd
    >>> tags = pd.DataFrame({"name": "", "highway": "primary", "private": False, "raised": False,
    ...                      "forward": True, "backward": True, "kmh": 36.0}, index=[0])
    >>> line = Lines(np.array([0, 2]), np.array([112.0, 112.0112]), np.full(2, 37.0),
    ...              np.array([0, 1]), tags)
    >>> roads = ready_roads(line, snap_limit_m=100.0)
    >>> places = road_joins(shapely.points([[112.0, 37.0], [112.0112, 37.0], [113, 38]]), roads)
    >>> drive_matrix(places, places, roads).round().tolist()
    [[0.0, 100.0, inf], [100.0, 0.0, inf], [inf, inf, 0.0]]
    """
    network, costs = road_network(lines)
    network = dataclasses.replace(
        network,
        island=_one_way_in(network, costs),
        raised=network.raised | np.isin(network.highway, PASSING),
    )
    west, south, east, north = network.bounds
    crs = metric_crs((west + east) / 2, (south + north) / 2)
    index = StreetIndex(network, crs)
    return Roads(network, index, search_graph(network, costs), snap_limit_m)


def road_joins(points: Shapes, roads: Roads) -> Joins:
    """
    Join places to the roads.

    Parameters
    ----------
    points
        Points in WGS84 degrees, shape (n,).
    roads
        The roads.

    Returns
    -------
    joins
        One join a place, in the order given; none beyond the limit.
    """
    return snap(np.asarray(points, dtype=object), roads.index, limit_m=roads.snap_limit_m)


def drive_matrix(begin: Joins, end: Joins, roads: Roads) -> Floats:
    """
    Drive from every place to every other.

    Parameters
    ----------
    begin, end
        Where drives begin and end. Where both are the same table, a place has no way to itself.
    roads
        The roads.

    Returns
    -------
    drive_s
        Shape (n, m): seconds, the ways from and to the road on foot included; inf where no road
        leads there within a day.
    """
    pairs = walk_pairs(begin, end, roads.graph, limit_s=LONGEST_S)
    drive_s = np.full((begin.n_places, end.n_places), np.inf)
    drive_s[pairs.residence, row_of(pairs.indptr)] = pairs.walk_s
    if begin is end:
        np.fill_diagonal(drive_s, 0.0)
    return drive_s


def drive_lines(joins: Joins, begin: Ints, end: Ints, roads: Roads) -> Shapes:
    """
    Draw the fastest drives along the roads.

    Parameters
    ----------
    joins
        Where places join the roads, one join each.
    begin, end
        Places where drives begin and end, rows of `joins`, shape (k,) each.
    roads
        The roads.

    Returns
    -------
    lines
        LineStrings in WGS84 degrees, from join to join, shape (k,). One point twice where nothing
        is to drive; None where a place joins no road or no road leads there within a day.

    References
    ----------
    Dijkstra's algorithm by `scipy.sparse.csgraph.dijkstra`.

    Examples
    --------
    >>> import pandas as pd
    >>> tags = pd.DataFrame({"name": "", "highway": "primary", "private": False, "raised": False,
    ...                      "forward": True, "backward": True, "kmh": 36.0}, index=[0])
    >>> bend = Lines(np.array([0, 3]), np.array([0.0, 0.01, 0.01]), np.array([0.0, 0.0, 0.01]),
    ...              np.array([0, 1, 2]), tags)
    >>> roads = ready_roads(bend, snap_limit_m=100.0)
    >>> joins = road_joins(shapely.points([[0.004, 0.0], [0.01, 0.006]]), roads)
    >>> shapely.to_wkt(drive_lines(joins, np.array([0]), np.array([1]), roads)[0], 3)
    'LINESTRING (0.004 0, 0.01 0, 0.01 0.006)'
    """
    begin, end = np.asarray(begin, dtype=np.int64), np.asarray(end, dtype=np.int64)
    lines = np.full(len(begin), None, dtype=object)
    joined = np.isfinite(joins.snap_m)
    wanted = np.flatnonzero(joined[begin] & joined[end])
    if not len(wanted):
        return lines
    ways = _Ways.over(joins, begin[wanted], end[wanted], roads)
    limit_s, legs = NEAR_S, np.arange(len(wanted))
    while len(legs):
        for leg, line in ways.drawn(legs, limit_s):
            lines[wanted[leg]] = line
        if limit_s >= LONGEST_S:
            break
        legs = legs[[line is None for line in lines[wanted[legs]]]]
        limit_s = min(FARTHER * limit_s, LONGEST_S)
    return lines


@dataclass(frozen=True)
class _Ways:
    """
    Roads with a node of its own for every place at which a drive begins or ends.

    Parameters
    ----------
    arcs
        The fastest from node to node, by tail and head: tail, head, seconds, edge, and the metres
        along the edge at which it begins and ends.
    place
        Lon and lat of every node, shape (n, 2).
    start, stop
        Nodes at which each leg begins and ends.
    network
        The roads.
    """

    arcs: pd.DataFrame
    place: Floats
    start: Ints
    stop: Ints
    network: Network

    @classmethod
    def over(cls, joins: Joins, begin: Ints, end: Ints, roads: Roads) -> _Ways:
        """Put places that join the roads onto them."""
        net = roads.network
        starts, start = np.unique(begin, return_inverse=True)
        stops, stop = np.unique(end, return_inverse=True)
        first, last = take_places(joins, starts), take_places(joins, stops)
        own = net.n_nodes + np.arange(len(starts) + len(stops))
        from_node, to_node = own[: len(starts)], own[len(starts) :]
        along_s, against_s = roads.graph.costs.whole()
        edge, zero = np.arange(net.n_edges), np.zeros(net.n_edges)
        parts = [
            _arcs(net.u, net.v, along_s, edge, zero, net.length_m),
            _arcs(net.v, net.u, against_s, edge, net.length_m, zero),
        ]
        for node, node_m in ((net.u, zero), (net.v, net.length_m)):
            out, home = node_m[first.edge], node_m[last.edge]
            off_s = _partial_s(first.edge, first.offset_m, out, first.leg_m, roads)
            on_s = _partial_s(last.edge, home, last.offset_m, last.leg_m, roads)
            parts += [
                _arcs(from_node, node[first.edge], off_s, first.edge, first.offset_m, out),
                _arcs(node[last.edge], to_node, on_s, last.edge, home, last.offset_m),
            ]
        # From place to place along one edge, without passing a node.
        pair = np.unique(np.column_stack([start, stop]), axis=0)
        a, b = pair[first.edge[pair[:, 0]] == last.edge[pair[:, 1]]].T
        shared, a_m, b_m = first.edge[a], first.offset_m[a], last.offset_m[b]
        direct_s = _partial_s(shared, a_m, b_m, first.leg_m[a] + last.leg_m[b], roads)
        parts.append(_arcs(from_node[a], to_node[b], direct_s, shared, a_m, b_m))
        nodes = (net.node_lon, first.lon, last.lon), (net.node_lat, first.lat, last.lat)
        place = np.column_stack([np.concatenate(part) for part in nodes])
        return cls(_fastest(parts), place, from_node[start], to_node[stop], net)

    def drawn(self, legs: Ints, limit_s: float) -> Iterator[tuple[int, shapely.LineString]]:
        """Draw those of some legs that take no longer than a limit, with their numbers."""
        arcs, n = self.arcs, len(self.place)
        ends = (arcs["tail"].to_numpy(), arcs["head"].to_numpy())
        pointer = np.searchsorted(ends[0], np.arange(n + 1))
        graph = csr_array((arcs["seconds"].to_numpy(), ends[1], pointer), shape=(n, n))
        starts, row = np.unique(self.start[legs], return_inverse=True)
        for low in range(0, len(starts), STARTS_AT_ONCE):
            now = starts[low : low + STARTS_AT_ONCE]
            _, before = dijkstra(graph, indices=now, return_predecessors=True, limit=limit_s)
            for which in np.flatnonzero((row >= low) & (row < low + len(now))):
                leg = int(legs[which])
                nodes = [int(self.stop[leg])]
                while (node := int(before[row[which] - low, nodes[-1]])) >= 0:
                    nodes.append(node)
                if nodes[-1] == self.start[leg]:
                    yield leg, self._line(np.array(nodes[::-1]))

    def _line(self, nodes: Ints) -> shapely.LineString:
        """Draw a drive from node to node."""
        rows = np.searchsorted(self._key, nodes[:-1] * len(self.place) + nodes[1:])
        shape = [self.place[nodes[:1]]]
        net = self.network
        for node, arc in zip(nodes[1:], self._pieces[rows], strict=True):
            edge = int(arc[0])
            at = slice(net.indptr[edge], net.indptr[edge + 1])
            inner = (net.at_m[at] > arc[1:].min()) & (net.at_m[at] < arc[1:].max())
            bends = np.column_stack([net.lon[at], net.lat[at]])[inner]
            shape += [bends if arc[2] > arc[1] else bends[::-1], self.place[[node]]]
        points = np.concatenate(shape)
        moves = np.append(True, (points[1:] != points[:-1]).any(axis=1))
        points = points[moves]
        return shapely.LineString(points if len(points) > 1 else points[[0, 0]])

    @cached_property
    def _key(self) -> Ints:
        """Ascending: tail and head of each arc in one number."""
        table = self.arcs
        key = table["tail"].to_numpy() * len(self.place) + table["head"].to_numpy()
        return np.asarray(key, dtype=np.int64)

    @cached_property
    def _pieces(self) -> Floats:
        """Edge, and metres along it at which an arc begins and ends, shape (n_arcs, 3)."""
        return np.asarray(self.arcs[["edge", "from_m", "to_m"]], dtype=np.float64)


def _partial_s(edge: Ints, from_m: Floats, to_m: Floats, leg_m: Floats, roads: Roads) -> Floats:
    """Seconds along part of an edge, and of access legs."""
    costs = roads.graph.costs
    return np.asarray(costs.seconds(edge, from_m, to_m) + leg_m * costs.flat)


def _arcs(
    tail: Ints, head: Ints, seconds: Floats, edge: Ints, from_m: Floats, to_m: Floats
) -> pd.DataFrame:
    columns = {"tail": tail, "head": head, "seconds": seconds, "edge": edge}
    return pd.DataFrame(columns | {"from_m": from_m, "to_m": to_m})


def _fastest(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Keep the fastest arc from node to node, by tail and head."""
    table = pd.concat(parts, ignore_index=True)
    # An edge without length is no step, and closed to nobody; as in `search_graph`.
    still = table["from_m"].eq(table["to_m"]) & ~np.isfinite(table["seconds"])
    table.loc[still, "seconds"] = 0.0
    table = table[np.isfinite(table["seconds"]) & (table["tail"] != table["head"])]
    table = table.sort_values(["tail", "head", "seconds", "edge"], kind="stable")
    return table.drop_duplicates(["tail", "head"]).reset_index(drop=True)


def _one_way_in(network: Network, costs: WalkCosts) -> Bools:
    """Flag edges outside of the longest part of each piece that hangs together both ways."""
    along_s, against_s = costs.whole()
    still = network.length_m == 0
    is_open = np.concatenate([np.isfinite(along_s) | still, np.isfinite(against_s) | still])
    tail = np.concatenate([network.u, network.v])[is_open]
    head = np.concatenate([network.v, network.u])[is_open]
    n = network.n_nodes
    graph = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(n, n))
    part = connected_components(graph, directed=True, connection="strong")[1]
    inside = part[network.u] == part[network.v]
    road_m = np.bincount(part[network.u[inside]], weights=network.length_m[inside], minlength=n)
    longest = np.zeros(network.piece.max() + 1)
    np.maximum.at(longest, network.piece, road_m[part])
    of_edge = part[network.u]
    is_longest = road_m[of_edge] >= np.maximum(longest[network.piece[network.u]], MIN_COMPONENT_M)
    return np.asarray(~inside | ~is_longest, dtype=bool)
