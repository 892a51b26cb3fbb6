"""Shortest-path kernels: the one place where labels are pushed along arcs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Words = NDArray[np.uint32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Arcs(NamedTuple):
    """
    Arcs of the reversed network by node: from `begin` public ones, from `split` private ones.

    The indices are unsigned, which spares the kernels the test for negative ones.
    """

    begin: Words
    split: Words
    end: Words
    target: Words
    cost: Floats


class Seeds(NamedTuple):
    """Where walks to each site end: nodes and seconds, by site; `early` ones may be private."""

    ptr: Words
    node: Words
    label: Floats
    early: Bools


class Doors(NamedTuple):
    """Ends of the residences' own edges, by node; from `mid` on those a private run may leave."""

    ptr: Words
    mid: Words
    place: Words
    cost: Floats


class OnEdge(NamedTuple):
    """
    Joins by edge: place, and a row per join.

    The row holds metres from the first vertex of the edge, seconds from there and back there, and
    seconds of the access leg.
    """

    ptr: Words
    place: Words
    spot: Floats


@njit(cache=True, nogil=True)
def settle(begin, end, target, cost, dist, owner, touched, n_touched, unreached, width, links):
    """
    Push labels along arcs until none gets better; return the number of touched nodes.

    `touched` lists the nodes that have a label, those in it at the start are the sources; a node
    without one has `dist` equal to `unreached`, and no label grows that large. `links` holds
    doubly linked lists, next and previous: one ring per bucket of `width` seconds behind the n
    nodes, a power of two of them; a node that waits in no bucket links to itself. Buckets are
    used in a circle, and labels within one are corrected: the order of work never matters.
    """
    n_nodes = np.uint32(len(dist))
    mask = np.uint32(len(links) - n_nodes - 1)
    per_width = 1.0 / width
    waiting = 0
    for i in range(n_touched):
        node = touched[i]
        ring = n_nodes + (np.uint32(dist[node] * per_width) & mask)
        after = links[ring, 0]
        links[ring, 0], links[node, 1] = node, ring
        links[node, 0], links[after, 1] = after, node
        waiting += 1
    bucket = np.uint32(0)
    while waiting > 0:
        ring = n_nodes + (bucket & mask)
        node = links[ring, 0]
        while node != ring:
            after = links[node, 0]
            links[ring, 0], links[after, 1] = after, ring
            links[node, 0], links[node, 1] = node, node
            waiting -= 1
            label, who = dist[node], owner[node]
            for arc in range(begin[node], end[node]):
                other = target[arc]
                there = label + cost[arc]
                old = dist[other]
                if there < old:
                    dist[other], owner[other] = there, who
                    if old == unreached:
                        touched[n_touched] = other
                        n_touched += 1
                        waiting += 1
                    else:
                        after, before = links[other, 0], links[other, 1]
                        waiting += after == other
                        links[before, 0], links[after, 1] = after, before
                    spot = n_nodes + (np.uint32(there * per_width) & mask)
                    after = links[spot, 0]
                    links[spot, 0], links[other, 1] = other, spot
                    links[other, 0], links[after, 1] = after, other
            node = links[ring, 0]
        bucket += np.uint32(1)
    return n_touched


@njit(cache=True, nogil=True)
def _offer(place, walk, best, found, n_found):
    """Keep the least walk of a place; list a place that is found for the first time."""
    if walk < best[place]:
        if best[place] == np.inf:
            found[n_found] = place
            n_found += 1
        best[place] = walk
    return n_found


@njit(cache=True, nogil=True)
def reach(first, last, arcs, seeds, doors, on_edge, sites, cutoff, width, workspace, with_walks):
    """
    List the residences within `cutoff` seconds of each site from `first` up to `last`.

    Three searches run one after the other on the same labels: private arcs from the site, public
    arcs, private arcs at the residence's end. `sites` are the joins of the sites as ``(ptr, edge,
    spot)``, spots as in `OnEdge`; seconds in a direction that is closed are NaN, and so is the
    walk, which is never within the limit. Returns the number of residences per site, the
    residences, and their walks (empty unless `with_walks`).
    """
    dist, owner, touched, links, best, found = workspace
    site_ptr, site_edge, site_spot = sites
    unreached = np.nextafter(cutoff, np.inf)
    counts = np.zeros(last - first, dtype=np.int64)
    residences = np.empty(1024, dtype=np.int32)
    walks = np.empty(1024 if with_walks else 0, dtype=np.float64)
    n_out = 0
    for site in range(first, last):
        n_touched = 0
        n_found = 0
        for early in (True, False):
            for i in range(seeds.ptr[site], seeds.ptr[site + 1]):
                node = seeds.node[i]
                if seeds.early[i] == early and seeds.label[i] < dist[node]:
                    if dist[node] == unreached:
                        touched[n_touched] = node
                        n_touched += 1
                    dist[node] = seeds.label[i]
            begin, end = (arcs.split, arcs.end) if early else (arcs.begin, arcs.split)
            n_touched = settle(
                begin, end, arcs.target, arcs.cost, dist, owner, touched, n_touched, unreached,
                width, links,
            )  # fmt: skip
        for i in range(n_touched):
            node = touched[i]
            for k in range(doors.ptr[node], doors.mid[node]):
                walk = dist[node] + doors.cost[k]
                if walk <= cutoff:
                    n_found = _offer(doors.place[k], walk, best, found, n_found)
        n_touched = settle(
            arcs.split, arcs.end, arcs.target, arcs.cost, dist, owner, touched, n_touched,
            unreached, width, links,
        )  # fmt: skip
        for i in range(n_touched):
            node = touched[i]
            for k in range(doors.mid[node], doors.ptr[node + 1]):
                walk = dist[node] + doors.cost[k]
                if walk <= cutoff:
                    n_found = _offer(doors.place[k], walk, best, found, n_found)
            dist[node] = unreached
        for i in range(site_ptr[site], site_ptr[site + 1]):
            edge = site_edge[i]
            to = site_spot[i]
            for k in range(on_edge.ptr[edge], on_edge.ptr[edge + 1]):
                home = on_edge.spot[k]
                walk = to[3] + home[3]
                if to[0] > home[0]:
                    walk += to[1] - home[1]
                elif to[0] < home[0]:
                    walk += home[2] - to[2]
                if walk <= cutoff:
                    n_found = _offer(on_edge.place[k], walk, best, found, n_found)
        while n_out + n_found > len(residences):
            residences = np.concatenate((residences, np.empty_like(residences)))
            walks = np.concatenate((walks, np.empty_like(walks)))
        for i in range(n_found):
            place = found[i]
            residences[n_out + i] = place
            if with_walks:
                walks[n_out + i] = best[place]
            best[place] = np.inf
        n_out += n_found
        counts[site - first] = n_found
    return counts, residences[:n_out].copy(), walks[: n_out if with_walks else 0].copy()
