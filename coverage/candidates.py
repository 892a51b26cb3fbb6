"""Where sites could be built: points along streets and at people's doors."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from walkcover.joins import Joins, on_network, points_on_edges
from walkcover.network import Floats, Ints
from walkcover.reach import nearest_sites, walk_pairs
from walkcover.search import SearchGraph
from walkcover.street_index import StreetIndex
from walkcover.tags import NO_CANDIDATE_HIGHWAYS

SPACING_M = 200.0


def make_candidates(
    residences: Joins,
    index: StreetIndex,
    graph: SearchGraph,
    *,
    limit_s: float,
    spacing_m: float = SPACING_M,
    box: Floats | None = None,
) -> Joins:
    """
    Make candidates from the network.

    Points about every `spacing_m` along public streets at grade, trunk roads left out, and the
    join points of residences; thinned in this order so that none lies within half of `spacing_m`
    of another. Residences that thinning left without a candidate within the limit get one at
    their own join point, unless they joined an island.

    Parameters
    ----------
    residences
        Where residences join the network.
    index
        The streets.
    graph
        The searchable network.
    limit_s
        Longest walk in seconds.
    spacing_m
        Distance along streets in metres.
    box
        West, south, east and north in metres: points along streets lie from the west and south up
        to, and not on, the east and north. Everywhere without.

    Returns
    -------
    candidates
        A join without access leg per candidate, ordered by edge and offset.
    """
    street_edge, street_m = _along_streets(graph, spacing_m)
    if box is not None:
        xy = points_on_edges(street_edge, street_m, index)
        inside = ((xy >= box[:2]) & (xy < box[2:])).all(axis=1)
        street_edge, street_m = street_edge[inside], street_m[inside]
    order = np.lexsort([residences.offset_m, residences.edge])
    home_edge, home_m = residences.edge[order], residences.offset_m[order]
    edge = np.concatenate([street_edge, home_edge])
    offset_m = np.concatenate([street_m, home_m])
    points = points_on_edges(edge, offset_m, index)
    kept = _thin(points, spacing_m / 2)
    edge, offset_m = edge[kept], offset_m[kept]
    found = on_network(edge, offset_m, index)
    walk_s, _ = nearest_sites(residences, found, graph, site_rank=np.arange(len(edge)))
    lonely = _lonely(walk_s, residences, graph, limit_s)
    if len(lonely):
        own = _own_candidates(lonely, residences, index, graph, limit_s)
        edge = np.concatenate([edge, residences.edge[own]])
        offset_m = np.concatenate([offset_m, residences.offset_m[own]])
    order = np.lexsort([offset_m, edge])
    return on_network(edge[order], offset_m[order], index)


def _along_streets(graph: SearchGraph, spacing_m: float) -> tuple[Ints, Floats]:
    """Points in the middle of equal parts of about `spacing_m` of each street that may take one."""
    net = graph.network
    barred = np.isin(net.highway.astype(str), list(NO_CANDIDATE_HIGHWAYS))
    street = np.flatnonzero(~net.private & ~net.raised & ~barred)
    parts = np.maximum(1, np.round(net.length_m[street] / spacing_m)).astype(np.int64)
    edge = np.repeat(street, parts)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(parts) - parts, parts)
    return edge, (number + 0.5) * net.length_m[edge] / np.repeat(parts, parts)


def _thin(points: Floats, least_m: float) -> Ints:
    """Keep points in the order given, dropping those nearer than `least_m` to one kept before."""
    neighbours = cKDTree(points).query_ball_point(points, least_m)
    kept = np.zeros(len(points), dtype=bool)
    dropped = np.zeros(len(points), dtype=bool)
    for i, near in enumerate(neighbours):
        if not dropped[i]:
            kept[i] = True
            dropped[near] = True
    return np.flatnonzero(kept)


def _lonely(walk_s: Floats, residences: Joins, graph: SearchGraph, limit_s: float) -> Ints:
    """Residences without a candidate in reach that are to have one."""
    near_street = residences.snap_m * graph.costs.flat <= limit_s
    off_island = np.isin(residences.snap_to.astype(str), ["main", "private"])
    return np.flatnonzero(~(np.round(walk_s, 3) <= limit_s) & near_street & off_island)


def _own_candidates(
    lonely: Ints, residences: Joins, index: StreetIndex, graph: SearchGraph, limit_s: float
) -> Ints:
    """Joins of lonely residences, as few as a walk through them in order needs."""
    first = np.searchsorted(residences.place, lonely)
    order = np.lexsort([residences.offset_m[first], residences.edge[first]])
    lonely, first = lonely[order], first[order]
    sites = on_network(residences.edge[first], residences.offset_m[first], index)
    pairs = walk_pairs(residences, sites, graph, limit_s=limit_s, with_walks=False)
    served = np.zeros(residences.n_places, dtype=bool)
    own = []
    for row, place in enumerate(lonely):
        if not served[place]:
            own.append(first[row])
            served[pairs.residence[pairs.indptr[row] : pairs.indptr[row + 1]]] = True
    return np.array(own, dtype=np.int64)
