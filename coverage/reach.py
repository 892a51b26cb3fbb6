"""Walks over the network: the nearest site of each residence, and all pairs within reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from walkcover._kernels_reach import settle
from walkcover._pair_search import (
    search_rows,
    starts_at,
    starts_at_nodes,
    targets_at,
    targets_at_nodes,
)
from walkcover.joins import Joins
from walkcover.network import Floats, Ints
from walkcover.search import (
    BUCKET_S,
    Ends,
    SearchGraph,
    empty_queue,
    ends_of,
    expand,
    within_limit_s,
)

# Walks that differ by no more count as equal; then the smaller site id wins.
TIE_S = 1e-3


@dataclass(frozen=True)
class WalkPairs:
    """
    Residences within reach of each site, in compressed sparse rows.

    Parameters
    ----------
    indptr
        Shape (n_sites + 1,), int64: site j reaches the entries ``indptr[j]`` to ``indptr[j + 1]``.
    residence
        Row of the residence, int32, ascending within a site.
    walk_s
        Walk of each pair in seconds; empty where walks were not asked for.
    """

    indptr: Ints
    residence: NDArray[np.int32]
    walk_s: Floats


class Labels(NamedTuple):
    """Seconds from nodes to sites; the owner is the rank of a site. A node may have several."""

    node: Ints
    walk_s: Floats
    owner: Ints


class Offers(NamedTuple):
    """Walks from places to sites; the owner is the rank of a site. A place may have several."""

    place: Ints
    walk_s: Floats
    owner: Ints


Table = TypeVar("Table", Labels, Ends)


def nearest_sites(
    residences: Joins, sites: Joins, graph: SearchGraph, *, site_rank: Ints
) -> tuple[Floats, Ints]:
    """
    Walk from each residence to its nearest site, however far.

    Parameters
    ----------
    residences, sites
        Where they join the network.
    graph
        The searchable network.
    site_rank
        Shape (n_sites,): of sites equally far within a millisecond the smallest rank wins.

    Returns
    -------
    walk_s
        Seconds, shape (n_residences,); inf where no path exists.
    site
        Row of the nearest site, -1 where there is none.

    References
    ----------
    Dial (1969), algorithm 360; the buckets hold floating-point labels here, corrected in place.
    """
    from_homes = ends_of(residences, graph, towards_node=True)
    offers = [_direct_offers(residences, sites, graph, site_rank)]
    for loose, labels in zip((False, True), _search(sites, graph, site_rank), strict=True):
        ends = _take(from_homes, from_homes.loose == loose)
        order = np.argsort(labels.node, kind="stable")
        low = np.searchsorted(labels.node[order], ends.node, side="left")
        high = np.searchsorted(labels.node[order], ends.node, side="right")
        end, hit = expand(low, high)
        hit = order[hit]
        walk_s = labels.walk_s[hit] + ends.walk_s[end]
        offers.append(Offers(residences.place[ends.join[end]], walk_s, labels.owner[hit]))
    best = Offers._make(np.concatenate(parts) for parts in zip(*offers, strict=True))
    walk_s = np.full(residences.n_places, np.inf)
    np.minimum.at(walk_s, best.place, best.walk_s)
    tied = np.isfinite(best.walk_s) & (best.walk_s <= walk_s[best.place] + TIE_S)
    owner = np.full(residences.n_places, sites.n_places)
    np.minimum.at(owner, best.place[tied], best.owner[tied])
    by_rank = np.append(np.argsort(site_rank), -1)
    return walk_s, by_rank[owner]


def node_walks(graph: SearchGraph, nodes: Ints, *, limit_s: float) -> tuple[Floats, Ints]:
    """
    Walk from every node over public edges to the nearest of some nodes.

    Parameters
    ----------
    graph
        The searchable network.
    nodes
        Where walks end.
    limit_s
        Longest walk in seconds; compared as in `within_limit_s`.

    Returns
    -------
    walk_s
        Seconds, shape (n_nodes,); inf where no path exists within the limit.
    nearest
        Row in `nodes`, -1 where there is none; of equally near ones any.

    References
    ----------
    Dial (1969), algorithm 360, as in `nearest_sites`.

    Examples
    --------
    A street of 1,110 m with a node at its middle and at each end.

    >>> import pandas as pd
    >>> from walkcover.network import Lines, build_network
    >>> from walkcover.search import search_graph
    >>> from walkcover.speed import flat_costs
    >>> tags = pd.DataFrame({"name": "", "highway": "residential", "private": False,
    ...                      "raised": False, "forward": True, "backward": True}, index=[0, 1])
    >>> lon = np.array([111.0, 111.00625, 111.00625, 111.0125])
    >>> network = build_network(Lines(np.array([0, 2, 4]), lon, np.full(4, 37.0),
    ...                               np.array([0, 1, 1, 2]), tags))
    >>> graph = search_graph(network, flat_costs(network, speed_kmh=4.0))
    >>> walk_s, nearest = node_walks(graph, np.array([0]), limit_s=900.0)
    >>> walk_s.round().tolist(), nearest.tolist()
    ([0.0, 501.0, inf], [0, 0, -1])
    """
    arcs = graph.arcs
    unreached = float(np.nextafter(within_limit_s(limit_s), np.inf))
    walk_s = np.full(graph.network.n_nodes, unreached)
    nearest = np.full(graph.network.n_nodes, -1, dtype=np.int32)
    ends, row = np.unique(nodes, return_index=True)
    walk_s[ends], nearest[ends] = 0.0, row
    touched = np.empty(graph.network.n_nodes, dtype=np.uint32)
    touched[: len(ends)] = ends
    settle(
        arcs.begin, arcs.split, arcs.target, arcs.cost, walk_s, nearest, touched, len(ends),
        unreached, BUCKET_S, empty_queue(graph),
    )  # fmt: skip
    walk_s[walk_s == unreached] = np.inf
    return walk_s, nearest.astype(np.int64)


def walk_pairs(
    residences: Joins,
    sites: Joins,
    graph: SearchGraph,
    *,
    limit_s: float,
    with_walks: bool = True,
    threads: int = 0,
) -> WalkPairs:
    """
    List the residences within the limit of each site.

    Parameters
    ----------
    residences, sites
        Where they join the network; candidates serve as sites too.
    graph
        The searchable network.
    limit_s
        Longest walk in seconds; compared as in `within_limit_s`.
    with_walks
        Whether to return the walks and not only who is within reach.
    threads
        Number of threads; 0 takes one per core. The result does not depend on it.

    Returns
    -------
    pairs
        A row per site.
    """
    rows = search_rows(
        starts_at(sites, graph), targets_at(residences, graph), graph, limit_s=limit_s,
        with_walks=with_walks, threads=threads,
    )  # fmt: skip
    return WalkPairs(*rows)


def node_pairs(
    graph: SearchGraph, nodes: Ints, *, limit_s: float, with_walks: bool = True, threads: int = 0
) -> WalkPairs:
    """
    List the nodes from which a walk over public edges reaches each of some nodes in time.

    Parameters
    ----------
    graph
        The searchable network.
    nodes
        Where walks end, shape (k,).
    limit_s
        Longest walk in seconds; compared as in `within_limit_s`.
    with_walks
        Whether to return the walks and not only who is within reach.
    threads
        Number of threads; 0 takes one per core. The result does not depend on it.

    Returns
    -------
    pairs
        A row per node of `nodes`; the residences are the nodes of the network.

    Examples
    --------
    A street of 1,110 m with a node at its middle and at each end.

    >>> import pandas as pd
    >>> from walkcover.network import Lines, build_network
    >>> from walkcover.search import search_graph
    >>> from walkcover.speed import flat_costs
    >>> tags = pd.DataFrame({"name": "", "highway": "residential", "private": False,
    ...                      "raised": False, "forward": True, "backward": True}, index=[0, 1])
    >>> lon = np.array([111.0, 111.00625, 111.00625, 111.0125])
    >>> network = build_network(Lines(np.array([0, 2, 4]), lon, np.full(4, 37.0),
    ...                               np.array([0, 1, 1, 2]), tags))
    >>> graph = search_graph(network, flat_costs(network, speed_kmh=4.0))
    >>> pairs = node_pairs(graph, np.array([2, 1]), limit_s=900.0)
    >>> pairs.indptr.tolist(), pairs.residence.tolist(), pairs.walk_s.round().tolist()
    ([0, 2, 5], [1, 2, 0, 1, 2], [501.0, 0.0, 501.0, 0.0, 501.0])
    """
    rows = search_rows(
        starts_at_nodes(nodes), targets_at_nodes(graph), graph, limit_s=limit_s,
        with_walks=with_walks, threads=threads,
    )  # fmt: skip
    return WalkPairs(*rows)


def _search(sites: Joins, graph: SearchGraph, site_rank: Ints) -> Iterator[Labels]:
    """
    Label nodes in three searches: private arcs, public arcs, private arcs.

    Yields the labels after the second, which hold for walks that begin on a public edge, and
    after the third.
    """
    arcs = graph.arcs
    ends = ends_of(sites, graph, towards_node=False)
    seeds = Labels(ends.node, ends.walk_s, site_rank[sites.place[ends.join]])
    dist = np.full(graph.network.n_nodes, np.inf)
    owner = np.full(graph.network.n_nodes, -1, dtype=np.int32)
    private, public = (arcs.split, arcs.end), (arcs.begin, arcs.split)
    labels = _push(_take(seeds, ends.loose), dist, owner, graph, private)
    labels = _join_labels(labels, _take(seeds, ~ends.loose))
    labels = _push(labels, dist, owner, graph, public)
    yield labels
    yield _push(labels, dist, owner, graph, private)


def _push(
    labels: Labels,
    dist: Floats,
    owner: NDArray[np.int32],
    graph: SearchGraph,
    part: tuple[NDArray[np.uint32], NDArray[np.uint32]],
) -> Labels:
    """Push labels along one part of the arcs; `dist` and `owner` are changed in place."""
    begin, end = part
    order = np.lexsort([labels.owner, labels.walk_s, labels.node])
    node, first = np.unique(labels.node[order], return_index=True)
    best = order[first]
    dist[node], owner[node] = labels.walk_s[best], labels.owner[best]
    # Nodes without arcs in this part have nothing to push.
    sources = node[begin[node] < end[node]]
    touched = np.empty(graph.network.n_nodes, dtype=np.uint32)
    touched[: len(sources)] = sources
    settle(
        begin, end, graph.arcs.target, graph.arcs.cost, dist, owner, touched, len(sources),
        np.inf, BUCKET_S, empty_queue(graph),
    )  # fmt: skip
    reached = np.flatnonzero(np.isfinite(dist))
    winners = Labels(reached, dist[reached], owner[reached].astype(np.int64))
    return _join_labels(winners, _near_ties(labels, dist, owner, graph, begin, end))


def _near_ties(
    labels: Labels,
    dist: Floats,
    owner: NDArray[np.int32],
    graph: SearchGraph,
    begin: NDArray[np.uint32],
    end: NDArray[np.uint32],
) -> Labels:
    """
    Labels of smaller owners that lose by no more than a tie.

    Where such a label reaches a node, it came all the way as one; so the search for them starts
    where two owners' territories meet, and follows each label as long as it stays one.
    """
    target, cost = graph.arcs.target, graph.arcs.cost
    tails, arc = expand(begin.astype(np.int64), end.astype(np.int64))
    arc = arc[np.isfinite(dist[tails])]
    tails = tails[np.isfinite(dist[tails])]
    across = Labels(
        target[arc].astype(np.int64), dist[tails] + cost[arc], owner[tails].astype(np.int64)
    )
    pool = _join_labels(labels, across)
    near = (pool.walk_s <= dist[pool.node] + TIE_S) & (pool.owner < owner[pool.node])
    waiting = list(zip(*(values[near].tolist() for values in pool), strict=True))
    kept: dict[int, list[tuple[float, int]]] = {}
    while waiting:
        node, walk_s, who = waiting.pop()
        rivals = kept.get(node, [])
        if any(w <= walk_s and o <= who for w, o in rivals):
            continue
        kept[node] = [r for r in rivals if r[0] < walk_s or r[1] < who] + [(walk_s, who)]
        for a in range(begin[node], end[node]):
            other, there = int(target[a]), walk_s + cost[a]
            if there <= dist[other] + TIE_S and who < owner[other]:
                waiting.append((other, there, who))
    rows = [(node, walk_s, who) for node, found in kept.items() for walk_s, who in found]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Labels(table[:, 0].astype(np.int64), table[:, 1], table[:, 2].astype(np.int64))


def _direct_offers(residences: Joins, sites: Joins, graph: SearchGraph, site_rank: Ints) -> Offers:
    """Walks along one edge, from a residence to a site that joins the same one."""
    order = np.argsort(sites.edge, kind="stable")
    low = np.searchsorted(sites.edge[order], residences.edge, side="left")
    high = np.searchsorted(sites.edge[order], residences.edge, side="right")
    home, site = expand(low, high)
    site = order[site]
    edge = residences.edge[home]
    seconds = graph.costs.seconds(edge, residences.offset_m[home], sites.offset_m[site])
    legs_s = (sites.leg_m[site] + residences.leg_m[home]) * graph.costs.flat
    return Offers(residences.place[home], seconds + legs_s, site_rank[sites.place[site]])


def _take(table: Table, which: NDArray[np.bool_]) -> Table:
    return type(table)._make(column[which] for column in table)


def _join_labels(a: Labels, b: Labels) -> Labels:
    return Labels._make(np.concatenate(pair) for pair in zip(a, b, strict=True))
