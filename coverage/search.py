"""A network made ready for searches from sites towards residences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from walkcover._errors import InputError
from walkcover._kernels_reach import BLOCK, N_BUCKETS, N_SLABS, TILE_BITS, Arcs, Queue
from walkcover.joins import Joins
from walkcover.network import Floats, Ints, Network
from walkcover.speed import WalkCosts

# Width of a bucket of the search queue: some metres of walking, so that a slab of them is a quarter
# of an hour. Measured; nothing hangs on it.
BUCKET_S = 8.0


@dataclass(frozen=True)
class SearchGraph:
    """
    A network made ready for searches from sites towards residences.

    Parameters
    ----------
    network
        The walking network.
    costs
        Seconds along its edges.
    arcs
        The reversed network.
    """

    network: Network
    costs: WalkCosts
    arcs: Arcs


class Ends(NamedTuple):
    """
    The nodes next to each join, and what the way there costs, access leg included.

    From `loose` ones, on a private edge or at the join itself, a walk may use private edges.
    """

    join: Ints
    node: Ints
    walk_s: Floats
    loose: NDArray[np.bool_]


def search_graph(network: Network, costs: WalkCosts) -> SearchGraph:
    """
    Make a network ready for searches.

    Parameters
    ----------
    network
        The walking network.
    costs
        Seconds along its edges.

    Returns
    -------
    graph
        The reversed network as arcs by node, public ones before private ones.
    """
    # A walk from u to v is one along the edge; the search runs from the site back, from v to u.
    tail = np.concatenate([network.v, network.u])
    head = np.concatenate([network.u, network.v])
    # An edge without length is no step, and closed to nobody.
    seconds = np.where(np.tile(network.length_m, 2) > 0, np.concatenate(costs.whole()), 0.0)
    private = np.tile(network.private, 2)
    keep = np.isfinite(seconds) & (tail != head)
    tail, head, seconds, private = tail[keep], head[keep], seconds[keep], private[keep]
    key = 2 * tail + private
    # Cheap arcs first: what they label is less often labelled anew. Measured; changes no result.
    order = np.lexsort([seconds, key])
    ptr = pointers(key, 2 * network.n_nodes)
    return SearchGraph(
        network=network,
        costs=costs,
        arcs=Arcs(
            begin=ptr[:-1:2].copy(),
            split=ptr[1::2].copy(),
            end=ptr[2::2].copy(),
            target=head[order].astype(np.uint32),
            cost=seconds[order],
        ),
    )


def within_limit_s(limit_s: float) -> float:
    """
    Largest walk that counts as within a limit: walks are rounded to milliseconds.

    Parameters
    ----------
    limit_s
        The limit in seconds.

    Returns
    -------
    cutoff_s
        The largest float64 that rounds to no more than the limit.

    Raises
    ------
    InputError
        If the limit is negative, infinite or no number.

    Examples
    --------
    >>> round(within_limit_s(900.0), 6), within_limit_s(900.0) >= 900.0
    (900.0005, True)
    """
    if not 0 <= limit_s < np.inf:
        msg = f"limit_s = {limit_s!r}: expected a finite number of seconds from 0 on"
        raise InputError(msg)
    whole_ms = np.floor(np.round(limit_s * 1000, 6)) / 1000
    cutoff_s = float(whole_ms) + 0.0005
    while np.round(cutoff_s, 3) > limit_s:
        cutoff_s = float(np.nextafter(cutoff_s, 0.0))
    while np.round(np.nextafter(cutoff_s, np.inf), 3) <= limit_s:
        cutoff_s = float(np.nextafter(cutoff_s, np.inf))
    return cutoff_s


def ends_of(joins: Joins, graph: SearchGraph, *, towards_node: bool) -> Ends:
    """Nodes next to each join, for walks from the join to the node or from there to the join."""
    net, costs = graph.network, graph.costs
    edge, offset_m = joins.edge, joins.offset_m
    # The seconds of `WalkCosts.seconds`, with one search for the knots of the join instead of four.
    at_join = costs.positions(edge, offset_m)
    parts, at_nodes = [], []
    for last in (False, True):
        node_m = net.length_m[edge] if last else np.zeros(len(edge))
        at_node = _at_vertex(costs, edge, node_m, last=last)
        begin, end = (at_join, at_node) if towards_node else (at_node, at_join)
        ahead = node_m > offset_m if towards_node else offset_m > node_m
        walk = np.where(ahead, end[0] - begin[0], begin[1] - end[1])
        at_nodes.append(offset_m == node_m)
        parts.append(np.where(at_nodes[-1], 0.0, np.where(np.isnan(walk), np.inf, walk)))
    there = np.concatenate(at_nodes)
    # Who joins at the node is there already and passes no signal.
    waits_s = np.where(there, 0.0, costs.wait_s[edge].ravel(order="F"))
    seconds = np.concatenate(parts) + waits_s
    join = np.tile(np.arange(len(edge)), 2)
    node = np.concatenate([net.u[edge], net.v[edge]])
    ok = np.isfinite(seconds)
    loose = net.private[edge][join] | there
    walk_s = joins.leg_m[join] * costs.flat + seconds
    return Ends(join[ok], node[ok], walk_s[ok], loose[ok])


def empty_queue(graph: SearchGraph, *, tiled: bool = True) -> Queue:
    """
    Make an empty search queue.

    Parameters
    ----------
    graph
        The searchable network.
    tiled
        Whether nodes are settled tile by tile, which pays where a search covers many of them.

    Returns
    -------
    queue
        Usable for one search after the other; it grows by itself within one that needs more.
    """
    n_nodes = graph.network.n_nodes
    n_tiles = -(-max(n_nodes, 1) >> TILE_BITS) if tiled else 1
    n_piles = int(N_BUCKETS) + int(N_SLABS) * n_tiles
    block = np.arange(n_piles, dtype=np.uint32) * BLOCK
    blocks = np.empty(int(BLOCK) * (n_piles + n_nodes // 8), dtype=np.uint32)
    blocks[block] = 0
    return Queue(block + np.uint32(1), blocks)


def pointers(key: Ints, n: int) -> NDArray[np.uint32]:
    """Row pointers of a table that is sorted by `key`, for the keys 0 to n - 1."""
    return np.concatenate([[0], np.cumsum(np.bincount(key, minlength=n))]).astype(np.uint32)


def expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All numbers from low to high for each row: rows and numbers."""
    size = high - low
    row = np.repeat(np.arange(len(low)), size)
    start = np.repeat(np.cumsum(size) - size, size)
    return row, np.arange(len(row)) - start + np.repeat(low, size)


def _at_vertex(
    costs: WalkCosts, edge: Ints, vertex_m: Floats, *, last: bool
) -> tuple[Floats, Floats]:
    """`WalkCosts.positions` of the first or the last vertex, without a search for its knot."""
    knot = costs.indptr[edge + 1] - 2 if last else costs.indptr[edge]
    span = costs.at_m[knot + 1] - costs.at_m[knot]
    ahead = vertex_m - costs.at_m[knot]
    share = np.clip(np.divide(ahead, span, out=np.zeros(len(knot)), where=span > 0), 0.0, 1.0)
    along_s, against_s = (
        seconds[knot] + share * (seconds[knot + 1] - seconds[knot])
        for seconds in (costs.along_s, costs.against_s)
    )
    return along_s, against_s
