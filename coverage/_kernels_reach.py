"""Shortest-path kernels: the one place where labels are pushed along arcs."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, inline="always")
def _push(node, label, per_width, heads, pool, state):
    """Put a node into the bucket of its label; `state` is free list, fresh entries, waiting."""
    if state[0] >= 0:
        entry = state[0]
        state[0] = pool[entry, 1]
    else:
        if state[1] == len(pool):
            bigger = np.empty((2 * len(pool), 2), dtype=np.int32)
            bigger[: len(pool)] = pool
            pool = bigger
        entry = state[1]
        state[1] += 1
    spot = np.int64(label * per_width) & (len(heads) - 1)
    pool[entry, 0] = node
    pool[entry, 1] = heads[spot]
    heads[spot] = entry
    state[2] += 1
    return pool


@njit(cache=True, nogil=True)
def settle(begin, end, target, cost, dist, owner, touched, n_touched, limit, width, heads, pool):
    """
    Push labels along arcs until none gets better, out to `limit`.

    The queue is a circle of buckets `width` seconds wide, ``len(heads)`` of them (a power of two,
    more than the dearest arc spans). Within a bucket labels are corrected, so the order does not
    matter. Of equal labels the smaller owner wins. `touched` lists the nodes with a label; those
    in it at the start are the sources. Returns the number of touched nodes and the entry pool,
    which may have grown.
    """
    if n_touched == 0:
        return n_touched, pool
    per_width = 1.0 / width
    state = np.array([-1, 0, 0])
    sources = touched[:n_touched].copy()
    if n_touched > 1:
        sources = sources[np.argsort(dist[sources])]
    upcoming = 0
    bucket = np.int64(dist[sources[0]] * per_width)
    while True:
        # Sources may lie further apart than the circle is long: each enters when its turn comes.
        while upcoming < len(sources):
            label = dist[sources[upcoming]]
            if np.int64(label * per_width) > bucket:
                break
            if np.int64(label * per_width) == bucket:
                pool = _push(sources[upcoming], label, per_width, heads, pool, state)
            upcoming += 1
        slot = bucket & (len(heads) - 1)
        while heads[slot] >= 0:
            entry = heads[slot]
            heads[slot] = pool[entry, 1]
            node = pool[entry, 0]
            pool[entry, 1] = state[0]
            state[0] = entry
            state[2] -= 1
            label = dist[node]
            if np.int64(label * per_width) < bucket:
                continue  # was reached by a shorter way and is done
            for arc in range(begin[node], end[node]):
                other = target[arc]
                there = label + cost[arc]
                old = dist[other]
                if there > limit or there > old:
                    continue
                if there == old and owner[node] >= owner[other]:
                    continue
                if old == np.inf:
                    touched[n_touched] = other
                    n_touched += 1
                dist[other] = there
                owner[other] = owner[node]
                pool = _push(other, there, per_width, heads, pool, state)
        if state[2] > 0:
            bucket += 1
        elif upcoming < len(sources):
            bucket = np.int64(dist[sources[upcoming]] * per_width)
        else:
            return n_touched, pool
