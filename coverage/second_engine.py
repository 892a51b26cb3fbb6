"""A second opinion on walks: pandana and networkx against the package's own search."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.assessment import Assessment
from walkcover.joins import Joins, take_places
from walkcover.network import Bools, Floats, Ints, Network
from walkcover.opinion import SecondOpinion, compare
from walkcover.reach import node_walks
from walkcover.search import SearchGraph, search_graph
from walkcover.speed import flat_costs

# Pairs of nodes, and residences, that are compared.
SAMPLE = 200
# At this speed a metre takes a second, so that walks are lengths.
METRE_A_SECOND_KMH = 3.6
# Longer than any path in a network of streets, in metres.
ANY_LENGTH_M = 1e8
# pandana multiplies lengths by this and drops the fraction. Sums from 2 ** 31 on go wrong (tried);
# 2 ** 32 - 1 says that there is no path.
PANDANA_FACTOR = 1000.0
PANDANA_LARGEST = 2**31
PANDANA_NOWHERE = 2**32 - 1
# What one of pandana's whole numbers stands for here. Its own millimetres, cut off at every edge,
# make a path of 500 edges a quarter of a metre too short.
PANDANA_UNIT_M = 1e-4


NODE_COLUMNS = ["from_node", "to_node", "length_m", "second_m"]
WALK_COLUMNS = ["residence_id", "walk_s", "second_s", "within", "second_within"]

log = logging.getLogger("walkcover")


def second_opinion(
    assessment: Assessment, *, limit_s: float, sample: int = SAMPLE
) -> SecondOpinion:
    """
    Hold a sample of the walks against pandana and networkx.

    The sample is spread evenly over the rows, without chance. pandana gives the lengths from node
    to node over public edges; networkx the whole walk of a residence to its nearest open site,
    access legs included.

    Parameters
    ----------
    assessment
        Residences and sites on the network, with walks.
    limit_s
        Longest walk that counts as covered, in seconds.
    sample
        How many pairs of nodes, and how many residences, at most.

    Returns
    -------
    opinion
        Tables of all that was compared, and a verdict.

    Raises
    ------
    InputError
        If `sample` is not positive.
    """
    nodes = compare_nodes(assessment.index.network, pairs=sample)
    rows = spread(len(assessment.residences), sample)
    is_open = np.flatnonzero(assessment.sites["status"] == "open")
    second_s = networkx_walks(
        take_places(assessment.homes, rows),
        take_places(assessment.site_joins, is_open),
        assessment.graph,
    )
    picked = assessment.residences.iloc[rows]
    walk_s = picked["walk_s"].to_numpy(np.float64)
    columns = (
        picked["residence_id"].to_numpy(), walk_s, second_s,
        np.round(walk_s, 3) <= limit_s, np.round(second_s, 3) <= limit_s,
    )  # fmt: skip
    walks = pd.DataFrame(dict(zip(WALK_COLUMNS, columns, strict=True)))
    return compare(nodes, walks)


def compare_nodes(network: Network, *, pairs: int = SAMPLE) -> pd.DataFrame:
    """
    Measure between nodes over public edges, both ways open, once more by pandana.

    Parameters
    ----------
    network
        The walking network.
    pairs
        How many pairs at most; they are spread evenly over the nodes of public edges.

    Returns
    -------
    nodes
        from_node, to_node, length_m of the own search and second_m of pandana, both in metres,
        inf where no path exists; a row per pair.

    Raises
    ------
    InputError
        If `pairs` is not positive.

    Notes
    -----
    pandana counts in whole numbers, which are made tenths of a millimetre here. Its search for the
    nearest of several places is not asked: it knows nodes only, and fills up what it does not find.
    """
    used = ~network.private & (network.u != network.v)
    node, ends = np.unique([network.u[used], network.v[used]], return_inverse=True)
    u, v = ends.reshape(2, -1)
    first = spread(len(node), pairs)
    if not len(first):
        return pd.DataFrame({name: np.empty(0) for name in NODE_COLUMNS})
    # Few targets with many starts each, as the own search runs from one target to all nodes.
    targets = spread(len(node), int(np.ceil(np.sqrt(len(first)))))
    # Half the table on, so that pairs lie apart.
    last = (targets[np.arange(len(first)) % len(targets)] + len(node) // 2) % len(node)
    length_m = _own_lengths(network, node[first], node[last])
    longest_m = length_m[np.isfinite(length_m)].max(initial=0.0)
    unit_m = max(PANDANA_UNIT_M, 2 * longest_m / PANDANA_LARGEST)
    log.info("pandana contracts %d nodes and %d edges", len(node), len(u))
    second_m = _pandana_lengths(
        u, v, network.length_m[used], first, last, n_nodes=len(node), unit_m=unit_m
    )
    columns = (node[first], node[last], length_m, second_m)
    return pd.DataFrame(dict(zip(NODE_COLUMNS, columns, strict=True)))


def networkx_walks(homes: Joins, sites: Joins, graph: SearchGraph) -> Floats:
    """
    Walk from residences to the nearest of some sites, once more by networkx.

    Every place is put into the graph as a node of its own. The graph stands in three layers, a
    private run at the residence, the public streets, a private run at the site, so that nobody
    walks through private ways.

    Parameters
    ----------
    homes, sites
        Where they join the network.
    graph
        The network with its costs.

    Returns
    -------
    walk_s
        Seconds, access legs included, shape (n_residences,); inf where no path exists.

    References
    ----------
    Dijkstra (1959).
    """
    import networkx as nx

    net = graph.network
    pieces, stop = _cut_edges(homes, sites, graph)
    tail, head, walk_s, private = pieces
    touched = np.unique(tail[private])
    home, public, site = 0, 1, 2
    arcs = [
        _arcs(tail[private], home, head[private], home, walk_s[private]),
        _arcs(tail[~private], public, head[~private], public, walk_s[~private]),
        _arcs(tail[private], site, head[private], site, walk_s[private]),
        _arcs(touched, home, touched, public, np.zeros(len(touched))),
        _arcs(touched, public, touched, site, np.zeros(len(touched))),
    ]
    # The search runs backwards from all sites at once, so the arcs are turned round.
    towards = nx.DiGraph()
    for tails, heads, seconds in arcs:
        _add_least(towards, heads, tails, seconds)
    n_homes = len(homes.edge)
    join, node = _doors(sites, stop[n_homes:], net)
    key = 3 * node + np.where(np.isin(node, touched), site, public)
    everywhere = -1
    towards.add_node(everywhere)
    leg_s = sites.leg_m[join] * graph.costs.flat
    _add_least(towards, np.full(len(key), everywhere), key, leg_s)
    found = nx.single_source_dijkstra_path_length(towards, everywhere)
    join, node = _doors(homes, stop[:n_homes], net)
    key = 3 * node + np.where(np.isin(node, touched), home, public)
    path_s = np.array([found.get(k, np.inf) for k in key.tolist()], dtype=np.float64)
    nearest_s = np.full(homes.n_places, np.inf)
    np.minimum.at(nearest_s, homes.place[join], path_s + homes.leg_m[join] * graph.costs.flat)
    return nearest_s


def seconds_along(graph: SearchGraph, edge: Ints, from_m: Floats, to_m: Floats) -> Floats:
    """
    Seconds of a walk along a part of each edge, waits at its ends left out.

    Parameters
    ----------
    graph
        The network with its costs.
    edge
        Edges, shape (k,).
    from_m, to_m
        Where the walk begins and ends, in metres from the first vertex of the edge; it goes
        against the edge where `to_m` is less.

    Returns
    -------
    walk_s
        Shape (k,); inf where that direction is closed, 0 where there is nothing to walk.
    """
    return graph.costs.seconds(edge, from_m, to_m)


def spread(n: int, k: int) -> Ints:
    """
    Pick numbers evenly from a range.

    Parameters
    ----------
    n
        The range is 0 to n - 1.
    k
        How many at most.

    Returns
    -------
    picked
        Ascending, without repetition, shape (min(n, k),).

    Raises
    ------
    InputError
        If `k` is not positive.

    Examples
    --------
    >>> spread(10, 4).tolist(), spread(3, 200).tolist()
    ([1, 3, 6, 8], [0, 1, 2])
    """
    if k < 1:
        msg = f"sample = {k!r}: expected a whole number from 1 on"
        raise InputError(msg)
    k = min(n, k)
    return (2 * np.arange(k, dtype=np.int64) + 1) * n // (2 * max(k, 1))


def _own_lengths(network: Network, first: Ints, last: Ints) -> Floats:
    """Lengths between nodes by the own search, in metres."""
    both = np.ones(network.n_edges, dtype=bool)
    undirected = dataclasses.replace(network, forward=both, backward=both)
    graph = search_graph(undirected, flat_costs(undirected, speed_kmh=METRE_A_SECOND_KMH))
    length_m = np.empty(len(first))
    for target in np.unique(last):
        mine = last == target
        walk_s, _ = node_walks(graph, np.array([target]), limit_s=ANY_LENGTH_M)
        length_m[mine] = walk_s[first[mine]]
    return length_m


def _pandana_lengths(
    u: Ints, v: Ints, length_m: Floats, first: Ints, last: Ints, *, n_nodes: int, unit_m: float
) -> Floats:
    """Lengths between nodes by pandana, in metres; it counts in whole numbers of `unit_m`."""
    # Half a unit more, so that the fraction that pandana drops is never a whole one.
    weight = (np.rint(length_m / unit_m) + 0.5) / PANDANA_FACTOR
    nowhere = pd.Series(np.zeros(n_nodes))
    with _quiet_stdout(), warnings.catch_warnings():
        # It warns of pairs without a path; they are counted in the table.
        warnings.simplefilter("ignore")
        import pandana

        streets = pandana.Network(
            nowhere, nowhere, pd.Series(u), pd.Series(v), pd.DataFrame({"length": weight})
        )
        found = streets.shortest_path_lengths(first, last)
    units = np.rint(np.asarray(found, dtype=np.float64) * PANDANA_FACTOR)
    return np.where(units >= PANDANA_NOWHERE, np.inf, units * unit_m)


@contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Swallow what pandana prints of its progress, past Python: stdout is for data."""
    sys.stdout.flush()
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


def _cut_edges(
    homes: Joins, sites: Joins, graph: SearchGraph
) -> tuple[tuple[Ints, Ints, Floats, Bools], Ints]:
    """
    Cut edges where places join them.

    Returns the pieces, each both ways: nodes, seconds and whether private; and the node that
    stands for each join, those of `homes` first.
    """
    net = graph.network
    edge = np.concatenate([homes.edge, sites.edge])
    offset_m = np.concatenate([homes.offset_m, sites.offset_m])
    stop = net.n_nodes + np.arange(len(edge))
    every = np.arange(net.n_edges)
    first, inner, last = 0, 1, 2
    stops = pd.DataFrame(
        {
            "edge": np.concatenate([every, edge, every]),
            "kind": np.repeat([first, inner, last], [net.n_edges, len(edge), net.n_edges]),
            "at_m": np.concatenate([np.zeros(net.n_edges), offset_m, net.length_m]),
            "node": np.concatenate([net.u, stop, net.v]),
        }
    ).sort_values(["edge", "kind", "at_m"], kind="stable")
    edge, kind, at_m, node = (stops[name].to_numpy() for name in stops.columns)
    begin = np.flatnonzero(edge[:-1] == edge[1:])
    end, edge = begin + 1, edge[begin]
    wait_s = np.where(kind[begin] == first, graph.costs.wait_s[edge, 0], 0.0)
    wait_s += np.where(kind[end] == last, graph.costs.wait_s[edge, 1], 0.0)
    # An edge without length is no step, and nobody waits on it.
    wait_s[net.length_m[edge] == 0] = 0.0
    ahead_s = seconds_along(graph, edge, at_m[begin], at_m[end]) + wait_s
    back_s = seconds_along(graph, edge, at_m[end], at_m[begin]) + wait_s
    tail = np.concatenate([node[begin], node[end]])
    head = np.concatenate([node[end], node[begin]])
    walk_s = np.concatenate([ahead_s, back_s])
    return (tail, head, walk_s, np.tile(net.private[edge], 2)), stop


def _doors(joins: Joins, stop: Ints, net: Network) -> tuple[Ints, Ints]:
    """Joins and the nodes where they stand: their own, and that at an end of the edge."""
    at_first = np.flatnonzero(joins.offset_m == 0)
    at_last = np.flatnonzero(joins.offset_m == net.length_m[joins.edge])
    join = np.concatenate([np.arange(len(stop)), at_first, at_last])
    ends = [stop, net.u[joins.edge[at_first]], net.v[joins.edge[at_last]]]
    return join, np.concatenate(ends)


def _arcs(
    tail: Ints, tail_layer: int, head: Ints, head_layer: int, walk_s: Floats
) -> tuple[Ints, Ints, Floats]:
    """Arcs between nodes of layers that one may walk; a node has a key in each layer."""
    open_ = np.isfinite(walk_s)
    return 3 * tail[open_] + tail_layer, 3 * head[open_] + head_layer, walk_s[open_]


def _add_least(graph: Any, tail: Ints, head: Ints, walk_s: Floats) -> None:
    """Add arcs; of parallel ones the least counts."""
    table = pd.DataFrame({"tail": tail, "head": head, "walk_s": walk_s})
    least = table.groupby(["tail", "head"], as_index=False)["walk_s"].min()
    columns = (least[name].tolist() for name in ("tail", "head", "walk_s"))
    graph.add_weighted_edges_from(zip(*columns, strict=True))
