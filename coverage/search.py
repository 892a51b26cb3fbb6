"""A network made ready for searches from sites towards residences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from walkcover._errors import InputError
from walkcover._kernels_reach import Arcs
from walkcover.joins import Joins
from walkcover.network import Floats, Ints, Network
from walkcover.speed import WalkCosts

# Width of a bucket of the search queue: a few metres of walking. Measured; nothing hangs on it.
BUCKET_S = 3.0


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
    n_buckets
        Buckets that the search queue needs, a power of two.
    """

    network: Network
    costs: WalkCosts
    arcs: Arcs
    n_buckets: int


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
    span = seconds.max(initial=0.0) / BUCKET_S + 2
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
        n_buckets=1 << int(np.ceil(np.log2(span))),
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
    starts = (np.zeros(len(edge)), net.length_m[edge])
    parts = [
        costs.seconds(edge, *((offset_m, node_m) if towards_node else (node_m, offset_m)))
        for node_m in starts
    ]
    at_node = np.concatenate([offset_m == node_m for node_m in starts])
    # Who joins at the node is there already and passes no signal.
    waits_s = np.where(at_node, 0.0, costs.wait_s[edge].ravel(order="F"))
    seconds = np.concatenate(parts) + waits_s
    join = np.tile(np.arange(len(edge)), 2)
    node = np.concatenate([net.u[edge], net.v[edge]])
    ok = np.isfinite(seconds)
    loose = net.private[edge][join] | at_node
    walk_s = joins.leg_m[join] * costs.flat + seconds
    return Ends(join[ok], node[ok], walk_s[ok], loose[ok])


def empty_links(graph: SearchGraph) -> NDArray[np.uint32]:
    """Empty rings of the search queue: everything links to itself."""
    n = graph.network.n_nodes + graph.n_buckets
    return np.repeat(np.arange(n, dtype=np.uint32)[:, None], 2, axis=1)


def pointers(key: Ints, n: int) -> NDArray[np.uint32]:
    """Row pointers of a table that is sorted by `key`, for the keys 0 to n - 1."""
    return np.concatenate([[0], np.cumsum(np.bincount(key, minlength=n))]).astype(np.uint32)


def expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All numbers from low to high for each row: rows and numbers."""
    size = high - low
    row = np.repeat(np.arange(len(low)), size)
    start = np.repeat(np.cumsum(size) - size, size)
    return row, np.arange(len(row)) - start + np.repeat(low, size)
