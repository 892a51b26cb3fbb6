"""Searches around many sites at once: what the kernel reads, and its rows put in order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from walkcover._kernels_reach import Doors, OnEdge, Seeds, Words, reach
from walkcover.joins import Joins
from walkcover.network import Floats, Ints
from walkcover.search import (
    BUCKET_S,
    SearchGraph,
    empty_queue,
    ends_of,
    pointers,
    within_limit_s,
)

CHUNKS_PER_THREAD = 16
# Number of places by site, or where the row of each site begins; places; walks.
Rows = tuple[Ints, NDArray[np.int32], Floats]


class Starts(NamedTuple):
    """
    Sites to search around.

    Parameters
    ----------
    seeds
        The nodes next to each.
    joins
        Their own joins by site, as ``(ptr, edge, spot)``.
    near
        Shape (n_sites,): a node near each.
    """

    seeds: Seeds
    joins: tuple[Words, Words, Floats]
    near: Ints


class Targets(NamedTuple):
    """Places to be found: how many, their ends by node, and their joins by edge."""

    n_places: int
    doors: Doors
    on_edge: OnEdge


def starts_at(sites: Joins, graph: SearchGraph) -> Starts:
    """Make sites ready to be searched around."""
    ends = ends_of(sites, graph, towards_node=False)
    site = sites.place[ends.join]
    order = np.argsort(site, kind="stable")
    node = ends.node[order].astype(np.uint32)
    seeds = Seeds(pointers(site, sites.n_places), node, ends.walk_s[order], ends.loose[order])
    ptr = pointers(sites.place, sites.n_places)
    near = np.zeros(sites.n_places, dtype=np.int64)
    near[sites.place] = graph.network.u[sites.edge]
    return Starts(seeds, (ptr, sites.edge.astype(np.uint32), _spots(sites, graph)), near)


def targets_at(places: Joins, graph: SearchGraph) -> Targets:
    """Make places ready to be found."""
    ends = ends_of(places, graph, towards_node=True)
    key = 2 * ends.node + ends.loose
    order = np.argsort(key, kind="stable")
    ptr = pointers(key, 2 * graph.network.n_nodes)
    doors = Doors(ptr, places.place[ends.join[order]].astype(np.uint32), ends.walk_s[order])
    order = np.argsort(places.edge, kind="stable")
    on_edge = OnEdge(
        pointers(places.edge, graph.network.n_edges),
        places.place[order].astype(np.uint32),
        _spots(places, graph)[order],
    )
    return Targets(places.n_places, doors, on_edge)


def starts_at_nodes(nodes: Ints) -> Starts:
    """Make nodes ready to be searched around, over public edges."""
    n = len(nodes)
    one_each = np.arange(n + 1, dtype=np.uint32)
    seeds = Seeds(one_each, nodes.astype(np.uint32), np.zeros(n), np.zeros(n, dtype=np.bool_))
    nothing = (np.zeros(n + 1, dtype=np.uint32), np.empty(0, dtype=np.uint32), np.empty((0, 4)))
    return Starts(seeds, nothing, nodes)


def targets_at_nodes(graph: SearchGraph) -> Targets:
    """Make all nodes ready to be found, over public edges."""
    n_nodes = graph.network.n_nodes
    # Node i is place i, with one door that only a public run leaves.
    ptr = (np.arange(2 * n_nodes + 1) + 1) // 2
    nodes = np.arange(n_nodes, dtype=np.uint32)
    doors = Doors(ptr.astype(np.uint32), nodes, np.zeros(n_nodes))
    by_edge = np.zeros(graph.network.n_edges + 1, dtype=np.uint32)
    return Targets(n_nodes, doors, OnEdge(by_edge, nodes[:0], np.empty((0, 4))))


def search_rows(
    starts: Starts,
    targets: Targets,
    graph: SearchGraph,
    *,
    limit_s: float,
    with_walks: bool,
    threads: int,
) -> Rows:
    """
    List the places within the limit of each site.

    Returns
    -------
    indptr, place, walk_s
        The columns of `walkcover.reach.WalkPairs`.
    """
    cutoff_s = within_limit_s(limit_s)
    idle: list[tuple[Any, ...]] = []

    def work(chunk: Words) -> Rows:
        # A search leaves its workspace as it was; a thread that finds none idle makes one.
        try:
            workspace = idle.pop()
        except IndexError:
            workspace = _workspace(graph, targets.n_places, cutoff_s)
        found: Rows = reach(
            chunk, graph.arcs, starts.seeds, targets.doors, targets.on_edge, starts.joins,
            cutoff_s, BUCKET_S, workspace, with_walks,
        )  # fmt: skip
        idle.append(workspace)
        return found

    threads = threads or os.cpu_count() or 1
    # Neighbours one after the other: they search the same part of memory.
    order = np.argsort(starts.near, kind="stable").astype(np.uint32)
    n_chunks = min(threads * CHUNKS_PER_THREAD, max(len(order), 1))
    chunks = np.array_split(order, n_chunks)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(work, chunks))
    return _in_order(chunks, parts, with_walks=with_walks)


def _spots(joins: Joins, graph: SearchGraph) -> Floats:
    """Rows for the kernel: metres, seconds along and against the edge, seconds of the leg."""
    along_s, against_s = graph.costs.positions(joins.edge, joins.offset_m)
    leg_s = joins.leg_m * graph.costs.flat
    return np.column_stack([joins.offset_m, along_s, against_s, leg_s])


def _workspace(graph: SearchGraph, n_places: int, cutoff_s: float) -> tuple[Any, ...]:
    n_nodes = graph.network.n_nodes
    return (
        np.full(n_nodes, np.nextafter(cutoff_s, np.inf)),
        np.zeros(n_nodes, dtype=np.int32),
        np.empty(n_nodes, dtype=np.uint32),
        # A search around one site touches few nodes: tiles would not pay.
        empty_queue(graph, tiled=False),
        np.full(n_places, np.inf),
        np.zeros(n_places // 64 + 1, dtype=np.uint64),
        np.zeros(n_places // 64**2 + 1, dtype=np.uint64),
    )


def _in_order(chunks: Sequence[Words], parts: list[Rows], *, with_walks: bool) -> Rows:
    """Put the rows where they belong; `parts` is emptied on the way, which spares memory."""
    size = np.zeros(sum(map(len, chunks)), dtype=np.int64)
    for chunk, (counts, _, _) in zip(chunks, parts, strict=True):
        size[chunk] = counts
    indptr = np.concatenate([[0], np.cumsum(size)])
    place = np.empty(indptr[-1], dtype=np.int32)
    walk_s = np.empty(indptr[-1] if with_walks else 0)
    for chunk in reversed(chunks):
        counts, found, walks = parts.pop()
        begin = 0
        for low, n in zip(indptr[chunk].tolist(), counts.tolist(), strict=True):
            place[low : low + n] = found[begin : begin + n]
            if with_walks:
                walk_s[low : low + n] = walks[begin : begin + n]
            begin += n
    return indptr, place, walk_s
