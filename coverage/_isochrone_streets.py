"""Streets with the walk from everywhere on them to the nearest site."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from walkcover._kernels_reach import Words, settle
from walkcover.joins import Joins, points_on_edges
from walkcover.network import Bools, Floats, Ints
from walkcover.search import (
    BUCKET_S,
    SearchGraph,
    empty_queue,
    ends_of,
    expand,
    within_limit_s,
)
from walkcover.street_index import StreetIndex


class Stretches(NamedTuple):
    """
    Edges cut at the sites on them, in order, with the walk from both ends to the nearest site.

    From inside, the walk is the lesser of those over either end, so it is known everywhere.
    """

    edge: Ints
    start_m: Floats
    end_m: Floats
    start_s: Floats
    end_s: Floats


class Streets(NamedTuple):
    """
    Straight pieces of street with the walk from both their ends to the nearest site.

    `xy` holds planar x and y of both ends, shape (n, 4). `over_start_s` is the walk over the start
    of the stretch that the piece is part of, `over_end_s` that over its end, each at both ends of
    the piece, shape (n, 2), and linear in between; inf where that way is closed or leads to no
    site within the limit. The walk is the lesser of the two. `scale` is ground metres per planar
    one.
    """

    edge: Ints
    xy: Floats
    over_start_s: Floats
    over_end_s: Floats
    scale: Floats

    @property
    def least_s(self) -> Floats:
        """Least walk on each piece, shape (n,)."""
        return np.minimum(
            np.minimum(self.over_start_s[:, 0], self.over_start_s[:, 1]),
            np.minimum(self.over_end_s[:, 0], self.over_end_s[:, 1]),
        )

    @property
    def most_s(self) -> Floats:
        """No walk on each piece is longer, shape (n,); it need not be so long."""
        return np.minimum(
            np.maximum(self.over_start_s[:, 0], self.over_start_s[:, 1]),
            np.maximum(self.over_end_s[:, 0], self.over_end_s[:, 1]),
        )


def street_walks(
    sites: Joins, index: StreetIndex, graph: SearchGraph, *, limit_s: float, margin_m: float
) -> Streets:
    """
    Walk from everywhere on the streets to the nearest site.

    Parameters
    ----------
    sites
        Where sites join the network.
    index
        The streets.
    graph
        The searchable network.
    limit_s
        Longest walk in seconds.
    margin_m
        Streets are returned up to this planar distance from the box of those that are reached.

    Returns
    -------
    streets
        Pieces sorted by which of them a place prefers to join: public before private, then the
        smaller edge. Empty where no site is on a street within the limit.
    """
    net = graph.network
    public_s, private_s = _node_walks(sites, graph, limit_s)
    ends = np.column_stack([net.u, net.v])
    walk_s = np.where(net.private[:, None], private_s[ends], public_s[ends]) + graph.costs.wait_s
    reached: Bools = np.isfinite(walk_s[:, 0]) | np.isfinite(walk_s[:, 1])
    reached[sites.edge] = True
    if not reached.any():
        nothing = np.empty(0)
        pairs = np.empty((0, 2))
        return Streets(np.empty(0, np.int64), np.empty((0, 4)), pairs, pairs, nothing)
    near = _near(reached, index, margin_m)
    return _pieces(_stretches(near, walk_s[near], sites, graph), near, index, graph)


def _node_walks(sites: Joins, graph: SearchGraph, limit_s: float) -> tuple[Floats, Floats]:
    """Walks from nodes to the nearest site that begin on public edges, and on any; inf beyond."""
    arcs, n_nodes = graph.arcs, graph.network.n_nodes
    ends = ends_of(sites, graph, towards_node=False)
    unreached = float(np.nextafter(within_limit_s(limit_s), np.inf))
    walk_s = np.full(n_nodes, unreached)
    owner = np.zeros(n_nodes, dtype=np.int32)

    def push(seeds: Bools, begin: Words, end: Words) -> Floats:
        np.minimum.at(walk_s, ends.node[seeds], ends.walk_s[seeds])
        sources = np.flatnonzero((walk_s < unreached) & (begin < end))
        touched = np.empty(n_nodes, dtype=np.uint32)
        touched[: len(sources)] = sources
        settle(
            begin, end, arcs.target, arcs.cost, walk_s, owner, touched, len(sources), unreached,
            BUCKET_S, empty_queue(graph),
        )  # fmt: skip
        return np.where(walk_s < unreached, walk_s, np.inf)

    push(ends.loose, arcs.split, arcs.end)
    public_s = push(~ends.loose, arcs.begin, arcs.split)
    private_s = push(np.zeros(len(ends.node), dtype=bool), arcs.split, arcs.end)
    return public_s, private_s


def _near(reached: Bools, index: StreetIndex, margin_m: float) -> Ints:
    """Edges whose bounding box comes near that of the reached ones."""
    xy = shapely.get_coordinates(index.lines)
    first = index.network.indptr[:-1]
    low, high = np.minimum.reduceat(xy, first), np.maximum.reduceat(xy, first)
    least, most = low[reached].min(axis=0) - margin_m, high[reached].max(axis=0) + margin_m
    near = ((high >= least) & (low <= most)).all(axis=1)
    return np.flatnonzero(near & (index.network.length_m > 0))


def _stretches(edges: Ints, walk_s: Floats, sites: Joins, graph: SearchGraph) -> Stretches:
    """Cut edges at the sites on them; `walk_s` is the walk at their first and last vertex."""
    length_m = graph.network.length_m
    edge = np.concatenate([edges, edges, sites.edge])
    at_m = np.concatenate([np.zeros(len(edges)), length_m[edges], sites.offset_m])
    knot_s = np.concatenate([walk_s[:, 0], walk_s[:, 1], sites.leg_m * graph.costs.flat])
    order = np.lexsort([at_m, edge])
    edge, at_m, knot_s = edge[order], at_m[order], knot_s[order]
    # On an edge with sites, whoever stands at one may go on to another, or to an end.
    with_sites = np.flatnonzero(np.isin(edge, sites.edge))
    low = np.searchsorted(edge, edge[with_sites], side="left")
    high = np.searchsorted(edge, edge[with_sites], side="right")
    row, there = expand(low, high)
    here = with_sites[row]
    over_s = knot_s[there] + graph.costs.seconds(edge[here], at_m[here], at_m[there])
    np.minimum.at(knot_s, here, over_s)
    first = np.flatnonzero((edge[1:] == edge[:-1]) & (at_m[1:] > at_m[:-1]))
    # Of knots at one place any will do: each knows the other, at no distance.
    return Stretches(edge[first], at_m[first], at_m[first + 1], knot_s[first], knot_s[first + 1])


def _pieces(stretches: Stretches, edges: Ints, index: StreetIndex, graph: SearchGraph) -> Streets:
    """Straight pieces of the stretches that the edges given are cut into."""
    edge, at_m, xy, begins = _vertices(stretches, edges, index, graph)
    over_start_s, over_end_s = _over_ends(stretches, np.cumsum(begins) - 1, at_m, graph)
    planar_m = np.hypot(*np.diff(xy, axis=0).T)
    first = np.flatnonzero(~begins[1:] & (planar_m > 0))
    # What a place prefers to join comes first.
    first = first[np.argsort(index.network.private[edge[first]], kind="stable")]
    pair = np.column_stack([first, first + 1])
    ground_m = at_m[first + 1] - at_m[first]
    return Streets(
        edge[first],
        xy[pair].reshape(-1, 4),
        over_start_s[pair],
        over_end_s[pair],
        ground_m / planar_m[first],
    )


def _over_ends(
    stretches: Stretches, own: Ints, at_m: Floats, graph: SearchGraph
) -> tuple[Floats, Floats]:
    """Walks from places on stretches over the start and over the end of their own stretch."""
    along_s, against_s = graph.costs.positions(stretches.edge[own], at_m)
    _, from_start_s = graph.costs.positions(stretches.edge, stretches.start_m)
    to_end_s, _ = graph.costs.positions(stretches.edge, stretches.end_m)
    over_start_s = stretches.start_s[own] + (against_s - from_start_s[own])
    over_end_s = stretches.end_s[own] + (to_end_s[own] - along_s)
    return (
        np.where(np.isnan(over_start_s), np.inf, over_start_s),
        np.where(np.isnan(over_end_s), np.inf, over_end_s),
    )


def _vertices(
    stretches: Stretches, edges: Ints, index: StreetIndex, graph: SearchGraph
) -> tuple[Ints, Floats, Floats, Bools]:
    """
    Where edges bend, are cut, or change what they cost.

    Returns the edge, the place on it in metres, the planar place, and what begins a stretch.
    """
    net = index.network
    row, vertex = expand(net.indptr[edges], net.indptr[edges + 1])
    begins = np.concatenate([[True], row[1:] != row[:-1]])
    extra_edge, extra_m, extra_begins = _more_vertices(stretches, edges, graph)
    # Distances along all edges, one after the other, are one ascending list.
    base = np.concatenate([[0.0], np.cumsum(net.length_m[edges])])
    first = np.append(np.flatnonzero(begins), len(row))
    which = np.searchsorted(edges, extra_edge)
    place = np.searchsorted(base[row] + net.at_m[vertex], base[which] + extra_m)
    place = np.clip(place, first[which] + 1, first[which + 1] - 1)
    at_m = np.insert(net.at_m[vertex], place, extra_m)
    edge = np.insert(edges[row], place, extra_edge)
    xy = shapely.get_coordinates(index.lines)[vertex]
    xy = np.insert(xy, place, points_on_edges(extra_edge, extra_m, index), axis=0)
    return edge, at_m, xy, np.insert(begins, place, extra_begins)


def _more_vertices(
    stretches: Stretches, edges: Ints, graph: SearchGraph
) -> tuple[Ints, Floats, Bools]:
    """Places on edges, in order, where seconds change their pace, and cuts."""
    costs = graph.costs
    row, knot = expand(costs.indptr[edges] + 1, costs.indptr[edges + 1] - 1)
    cut = np.flatnonzero(stretches.edge[1:] == stretches.edge[:-1]) + 1
    # Each cut comes twice, as the end of one stretch and as the begin of the next.
    cut = np.repeat(cut, 2)
    edge = np.concatenate([edges[row], stretches.edge[cut]])
    at_m = np.concatenate([costs.at_m[knot], stretches.start_m[cut]])
    begins = np.concatenate([np.zeros(len(row), dtype=bool), np.arange(len(cut)) % 2 == 1])
    order = np.lexsort([begins, at_m, edge])
    return edge[order], at_m[order], begins[order]


def doubtful_pieces(streets: Streets, beside_s: tuple[Floats, Floats], limit_s: float) -> Streets:
    """
    Pick the pieces of street that the places beside them do not agree with all along.

    Parameters
    ----------
    streets
        Pieces of street.
    beside_s
        Least and most walk beside each piece in seconds, shape (n,).
    limit_s
        The limit in seconds; compared as in `within_limit_s`.

    Returns
    -------
    doubtful
        Those that lie, or about which something lies, on the other side of the limit.
    """
    cutoff_s = within_limit_s(limit_s)
    least_s, most_s = beside_s
    within = (streets.most_s <= cutoff_s) & (most_s <= cutoff_s)
    beyond = (streets.least_s > cutoff_s) & (least_s > cutoff_s)
    return Streets._make(column[~(within | beyond)] for column in streets)


def reached_parts(streets: Streets, limit_s: float) -> tuple[Floats, Floats]:
    """
    Tell parts of streets from where a site is within the limit from the other parts.

    Parameters
    ----------
    streets
        Pieces of street.
    limit_s
        The limit in seconds; compared as in `within_limit_s`.

    Returns
    -------
    reached, other
        Planar x and y of both ends of each part, shape (k, 4).
    """
    cutoff_s = within_limit_s(limit_s)
    from_start = _share_within(streets.over_start_s, cutoff_s)
    from_end = _share_within(streets.over_end_s[:, ::-1], cutoff_s)
    whole = from_start + from_end >= 1
    start, end = np.where(whole, 1.0, from_start), np.where(whole, 1.0, 1.0 - from_end)
    zero, one = np.zeros(len(start)), np.ones(len(start))
    rows = [np.flatnonzero(start > 0), np.flatnonzero(end < 1)]
    reached = [
        _between(streets.xy, row, *ends)
        for row, ends in zip(rows, ((zero, start), (end, one)), strict=True)
    ]
    row = np.flatnonzero(~whole)
    return np.concatenate(reached), _between(streets.xy, row, start, end)


def _share_within(walk_s: Floats, cutoff_s: float) -> Floats:
    """Share of each piece, from its first end on, whose walk is no longer than the cutoff."""
    near_s, far_s = walk_s.T
    open_ = np.isfinite(far_s) & np.isfinite(near_s)
    rise_s = np.subtract(far_s, near_s, out=np.ones(len(near_s)), where=open_)
    spare_s = np.subtract(cutoff_s, near_s, out=np.full(len(near_s), -1.0), where=open_)
    share = np.divide(spare_s, rise_s, out=np.sign(spare_s) + 0.0, where=rise_s > 0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _between(xy: Floats, row: Ints, start: Floats, end: Floats) -> Floats:
    """Parts of pieces between two shares of them."""
    a, step = xy[row, :2], xy[row, 2:] - xy[row, :2]
    return np.column_stack([a + start[row, None] * step, a + end[row, None] * step])
