"""Shortest-path kernels: the one place where labels are pushed along arcs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Words = NDArray[np.uint32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Nodes are settled slab by slab of 128 buckets, within a slab tile by tile of 8,192 nodes, within a
# tile bucket by bucket: a tile and its arcs fit the second cache of a core, the whole network does
# not. Measured; no result hangs on these numbers.
TILE_BITS = 13
SLAB_BITS = np.uint32(7)
N_BUCKETS = np.uint32(1 << SLAB_BITS)
N_SLABS = np.uint32(8)
# A pile is a chain of blocks of words; the first word of a block links to the end of the one below.
BLOCK = np.uint32(16)
ONE = np.uint32(1)
# A word of 64 bits knows 64 places, one of the upper row 64 words.
WORD_BITS = np.uint32(6)
IN_WORD = np.uint32(63)
BIT = np.uint64(1)
# The top six bits of its product with a sequence of de Bruijn tell which bit of a word is set
# (Leiserson, Prokop & Randall 1998, Using de Bruijn sequences to index a 1 in a computer word).
DE_BRUIJN = 0x03F79D71B4CB0A89
SEQUENCE = np.uint64(DE_BRUIJN)
TOP_SIX = np.uint64(58)
BIT_OF = np.argsort([(DE_BRUIJN << bit & (1 << 64) - 1) >> 58 for bit in range(64)])
BIT_OF = BIT_OF.astype(np.uint32)


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


class Queue(NamedTuple):
    """
    Where nodes wait to be settled: piles, as chains of blocks.

    `top` holds the first free word of each pile. The first piles are the buckets of the slab and
    tile in work; behind them there is one for each of eight slabs and each tile. Between searches
    all are empty: block i is that of pile i, and its link is 0.
    """

    top: Words
    blocks: Words


class Seeds(NamedTuple):
    """Where walks to each site end: nodes and seconds, by site; `early` ones may be private."""

    ptr: Words
    node: Words
    label: Floats
    early: Bools


class Doors(NamedTuple):
    """
    Ends of the residences' own edges, by node.

    Node i has those from ``ptr[2 * i]`` on, and from ``ptr[2 * i + 1]`` to ``ptr[2 * i + 2]`` those
    that a private run may leave.
    """

    ptr: Words
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
def _doubled(values):
    """Copy an array into one twice as long."""
    longer = np.empty(2 * len(values), dtype=values.dtype)
    for i in range(len(values)):
        longer[i] = values[i]
    return longer


@njit(cache=True, nogil=True)
def _block_above(at, blocks, store):
    """
    Start a block on top of a full one that ends before word `at`; return its first free word.

    `store` holds the first of the blocks that were given back, the first that was never used,
    and whether there were too few; then the full block is used again, and its nodes are lost.
    """
    block = store[0]
    if block != 0:
        store[0] = blocks[block]
    elif store[1] < len(blocks):
        block = store[1]
        store[1] = block + BLOCK
    else:
        store[2] = ONE
        return at - BLOCK + ONE
    blocks[block] = at
    return block + ONE


@njit(cache=True, nogil=True)
def _block_below(at, blocks, store):
    """Give back the empty block that begins before word `at`; return the end of the one below."""
    block = at - ONE
    below = blocks[block]
    if below != 0:
        blocks[block] = store[0]
        store[0] = block
    return below


@njit(cache=True, nogil=True)
def _push(begin, end, target, cost, dist, owner, touched, n_touched, unreached, width, top, blocks):
    """
    Do the work of `settle`; return also whether the queue was too small for it.

    In one piece, because calls with arrays in the inner loops would double the time.
    """
    n_tiles = np.uint32((len(top) - N_BUCKETS) // N_SLABS)
    shift = np.uint32(0)
    while (len(dist) - 1) >> shift >= n_tiles:
        shift += ONE
    per_width = 1.0 / width
    store = np.zeros(3, dtype=np.uint32)
    store[1] = len(top) * BLOCK
    for i in range(n_touched):
        node = touched[i]
        if begin[node] < end[node]:
            ahead = np.uint32(np.uint32(dist[node] * per_width) >> SLAB_BITS)
            pile = np.uint32(N_BUCKETS + ahead % N_SLABS * n_tiles + (node >> shift))
            at = top[pile]
            blocks[at] = node
            at += ONE
            top[pile] = at if at % BLOCK else _block_above(at, blocks, store)
    slab = np.uint32(0)
    # After as many slabs without a node as there are, nobody waits anywhere.
    idle = np.uint32(0)
    while idle < N_SLABS:
        idle += ONE
        first = np.uint32(N_BUCKETS + slab % N_SLABS * n_tiles)
        later = np.uint32(N_BUCKETS + (slab + ONE) % N_SLABS * n_tiles)
        again = True
        while again:
            again = False
            for t in range(n_tiles):
                tile = np.uint32(t)
                drawn = 0
                while True:
                    at = top[first + tile]
                    if at % BLOCK == ONE:
                        at = _block_below(at, blocks, store)
                        if at == 0:
                            break
                    at -= ONE
                    top[first + tile] = at
                    node = blocks[at]
                    drawn += 1
                    bucket = np.uint32(dist[node] * per_width)
                    ahead = np.uint32(bucket >> SLAB_BITS)
                    # A better label came since, and was settled.
                    if ahead < slab:
                        continue
                    pile = np.uint32(bucket % N_BUCKETS)
                    # Further ahead than there are slabs: its turn comes in one of the next.
                    if ahead > slab:
                        pile = np.uint32(later + tile)
                    at = top[pile]
                    blocks[at] = node
                    at += ONE
                    top[pile] = at if at % BLOCK else _block_above(at, blocks, store)
                if drawn == 0:
                    continue
                idle = np.uint32(0)
                for b in range(N_BUCKETS):
                    pile_now = np.uint32(b)
                    now = np.uint32((slab << SLAB_BITS) + pile_now)
                    while True:
                        at = top[pile_now]
                        if at % BLOCK == ONE:
                            at = _block_below(at, blocks, store)
                            if at == 0:
                                break
                        at -= ONE
                        top[pile_now] = at
                        node = blocks[at]
                        label, who = dist[node], owner[node]
                        if np.uint32(label * per_width) != now:
                            continue
                        for arc in range(begin[node], end[node]):
                            other = target[arc]
                            there = label + cost[arc]
                            old = dist[other]
                            if there < old:
                                dist[other], owner[other] = there, who
                                if old == unreached:
                                    touched[n_touched] = other
                                    n_touched += 1
                                bucket = np.uint32(there * per_width)
                                ahead = np.uint32(bucket >> SLAB_BITS)
                                its_tile = np.uint32(other >> shift)
                                pile = np.uint32(bucket % N_BUCKETS)
                                if ahead != slab or its_tile != tile:
                                    # A tile that had its turn in this slab gets another.
                                    again |= ahead == slab
                                    pile = np.uint32(
                                        N_BUCKETS + ahead % N_SLABS * n_tiles + its_tile
                                    )
                                at = top[pile]
                                blocks[at] = other
                                at += ONE
                                top[pile] = at if at % BLOCK else _block_above(at, blocks, store)
        slab += ONE
    return n_touched, store[2] > 0


@njit(cache=True, nogil=True)
def settle(begin, end, target, cost, dist, owner, touched, n_touched, unreached, width, queue):
    """
    Push labels along arcs until none gets better; return the number of touched nodes.

    `touched` lists the nodes that have a label, those in it at the start are the sources; a node
    without one has `dist` equal to `unreached`, and no label grows that large. Buckets are
    `width` seconds wide. A node waits wherever it got a label, and is passed over where a better
    one came since; labels within a bucket are corrected, and so are those that a neighbouring
    tile improves: the order of work never matters. Tiles are as many as `queue` has piles for.

    References
    ----------
    Dial (1969), algorithm 360; Meyer & Sanders (2003), delta-stepping.
    """
    top, blocks = queue
    lost = True
    while lost:
        n_touched, lost = _push(
            begin, end, target, cost, dist, owner, touched, n_touched, unreached, width, top,
            blocks,
        )  # fmt: skip
        if lost:
            # What was lost has a label: all that have one start again.
            blocks = _doubled(blocks)
    return n_touched


@njit(cache=True, nogil=True)
def _emit(best, words, upper, residences, walks, n_out):
    """Move the places that are found, ascending, and their walks to the output from `n_out` on."""
    for row in range(len(upper)):
        some = upper[row]
        upper[row] = 0
        while some != 0:
            low = some & (~some + BIT)
            some ^= low
            at = np.uint32((np.uint32(row) << WORD_BITS) + BIT_OF[(low * SEQUENCE) >> TOP_SIX])
            word = words[at]
            words[at] = 0
            while word != 0:
                low = word & (~word + BIT)
                word ^= low
                place = np.uint32((at << WORD_BITS) + BIT_OF[(low * SEQUENCE) >> TOP_SIX])
                residences[n_out] = place
                if len(walks) > 0:
                    walks[n_out] = best[place]
                best[place] = np.inf
                n_out += 1


@njit(cache=True, nogil=True)
def reach(chosen, arcs, seeds, doors, on_edge, sites, cutoff, width, workspace, with_walks):
    """
    List the residences within `cutoff` seconds of each of the chosen sites.

    Three searches run one after the other on the same labels: private arcs from the site, public
    arcs, private arcs at the residence's end. `sites` are the joins of the sites as ``(ptr, edge,
    spot)``, spots as in `OnEdge`; seconds in a direction that is closed are NaN, and so is the
    walk, which is never within the limit. Returns the number of residences per site, the
    residences, ascending for each site, and their walks (empty unless `with_walks`).
    """
    dist, owner, touched, queue, best, words, upper = workspace
    site_ptr, site_edge, site_spot = sites
    door_ptr, door_place, door_cost = doors
    edge_ptr, edge_place, edge_spot = on_edge
    unreached = np.nextafter(cutoff, np.inf)
    counts = np.zeros(len(chosen), dtype=np.int64)
    residences = np.empty(1024, dtype=np.int32)
    walks = np.empty(1024 if with_walks else 0, dtype=np.float64)
    # Numbers of a stated type: a literal would make another kernel of each that it is given to.
    n_out = np.int64(0)
    for row in range(len(chosen)):
        site = chosen[row]
        n_touched = np.int64(0)
        n_found = 0
        for stage in range(3):
            early = stage == 0
            for i in range(seeds.ptr[site], seeds.ptr[site + ONE]):
                node = seeds.node[i]
                if stage < 2 and seeds.early[i] == early and seeds.label[i] < dist[node]:
                    if dist[node] == unreached:
                        touched[n_touched] = node
                        n_touched += 1
                    dist[node] = seeds.label[i]
            begin, end = (arcs.begin, arcs.split) if stage == 1 else (arcs.split, arcs.end)
            n_touched = settle(
                begin, end, arcs.target, arcs.cost, dist, owner, touched, n_touched, unreached,
                width, queue,
            )  # fmt: skip
            if early:
                continue
            for i in range(n_touched):
                node = touched[i]
                label = dist[node]
                at = np.uint32(np.uint32(2) * node + np.uint32(stage))
                for k in range(door_ptr[at - ONE], door_ptr[at]):
                    walk = label + door_cost[k]
                    place = door_place[k]
                    if walk <= cutoff and walk < best[place]:
                        word = np.uint32(place >> WORD_BITS)
                        n_found += best[place] == np.inf
                        best[place] = walk
                        words[word] |= BIT << np.uint64(place & IN_WORD)
                        upper[word >> WORD_BITS] |= BIT << np.uint64(word & IN_WORD)
        for i in range(n_touched):
            dist[touched[i]] = unreached
        for i in range(site_ptr[site], site_ptr[site + ONE]):
            edge = site_edge[i]
            to = site_spot[i]
            for k in range(edge_ptr[edge], edge_ptr[edge + ONE]):
                home = edge_spot[k]
                walk = to[3] + home[3]
                if to[0] > home[0]:
                    walk += to[1] - home[1]
                elif to[0] < home[0]:
                    walk += home[2] - to[2]
                place = edge_place[k]
                if walk <= cutoff and walk < best[place]:
                    word = np.uint32(place >> WORD_BITS)
                    n_found += best[place] == np.inf
                    best[place] = walk
                    words[word] |= BIT << np.uint64(place & IN_WORD)
                    upper[word >> WORD_BITS] |= BIT << np.uint64(word & IN_WORD)
        while n_out + n_found > len(residences):
            residences = _doubled(residences)
            walks = _doubled(walks)
        _emit(best, words, upper, residences, walks, n_out)
        n_out += n_found
        counts[row] = n_found
    return counts, residences[:n_out], walks[: n_out if with_walks else 0]
