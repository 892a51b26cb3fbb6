"""Kernels of walking bands: the street that each cell joins, and which streets cells agree with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.uint32]
Numbers = NDArray[np.int32]


class Lattice(NamedTuple):
    """
    Square tiles of the plane in which some are numbered, -1 elsewhere; x and y from its corner.

    Each tile holds `side` times `side` cells and `parts` times `parts` buckets of segments.
    """

    number: Numbers
    tile_m: float
    side: int
    parts: int


class Segments(NamedTuple):
    """
    Straight pieces of street, those that win a tie first.

    `lines` holds x and y of both ends, from the corner of the lattice, the step between them and
    one over its squared length, shape (n, 7). `over_start_s` is the walk
    from either end to a site over the start of the stretch that the piece is part of,
    `over_end_s` over its end; both are linear in between, and inf where that way is closed.
    `scale` turns planar metres into ground metres; `group` is the order of preference.
    """

    lines: Floats
    over_start_s: Floats
    over_end_s: Floats
    scale: Floats
    group: Numbers


class Buckets(NamedTuple):
    """
    Segments by group and bucket, in compressed sparse rows.

    `near` tells by group and tile whether there are any about.
    """

    ptr: Words
    segment: Words
    near: NDArray[np.bool_]


@njit(cache=True, nogil=True)
def fill_buckets(lines, group, number, tile_m, parts, n_buckets, ptr, segment):
    """
    Enter each segment into the buckets that its bounding box meets.

    With `segment` empty, only counts: ``ptr[b + 1]`` grows by one per entry of bucket b. Else
    ``ptr[b]`` says where the next entry of bucket b goes, and is moved on.
    """
    counting = len(segment) == 0
    size = tile_m / parts
    rows, columns = number.shape[0] * parts, number.shape[1] * parts
    for s in range(len(lines)):
        left = max(int(np.floor(min(lines[s, 0], lines[s, 2]) / size)), 0)
        right = min(int(np.floor(max(lines[s, 0], lines[s, 2]) / size)), columns - 1)
        low = max(int(np.floor(min(lines[s, 1], lines[s, 3]) / size)), 0)
        high = min(int(np.floor(max(lines[s, 1], lines[s, 3]) / size)), rows - 1)
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                tile = number[row // parts, column // parts]
                if tile < 0:
                    continue
                bucket = (tile * parts + row % parts) * parts + column % parts
                bucket += group[s] * n_buckets
                if counting:
                    ptr[bucket + 1] += 1
                else:
                    segment[ptr[bucket]] = s
                    ptr[bucket] += 1


@njit(cache=True, nogil=True)
def _foot(x, y, line):
    """Nearest point of a segment as a share of it, and the squared distance to it."""
    from_x, from_y = x - line[0], y - line[1]
    share = (from_x * line[4] + from_y * line[5]) * line[6]
    # At an end the end itself, so that segments which meet there are equally far.
    if share <= 0.0:
        return 0.0, from_x * from_x + from_y * from_y
    if share >= 1.0:
        from_x, from_y = x - line[2], y - line[3]
        return 1.0, from_x * from_x + from_y * from_y
    from_x -= share * line[4]
    from_y -= share * line[5]
    return share, from_x * from_x + from_y * from_y


@njit(cache=True, nogil=True)
def _nearest(x, y, best, worst2, first, lines, number, tile_m, parts, ptr, segment):
    """Nearest segment of a group nearer than the root of `worst2`, else `best`; `first` bucket."""
    radius = np.sqrt(worst2)
    size = tile_m / parts
    low, high = max(int((y - radius) / tile_m), 0), int((y + radius) / tile_m)
    left, right = max(int((x - radius) / tile_m), 0), int((x + radius) / tile_m)
    high, right = min(high, number.shape[0] - 1), min(right, number.shape[1] - 1)
    for tile_row in range(low, high + 1):
        for tile_column in range(left, right + 1):
            tile = number[tile_row, tile_column]
            if tile < 0:
                continue
            bucket = first + tile * parts * parts
            if ptr[bucket] == ptr[bucket + parts * parts]:
                continue
            south, west = tile_row * tile_m, tile_column * tile_m
            above = max(south - y, y - south - tile_m, 0.0)
            beside = max(west - x, x - west - tile_m, 0.0)
            if above * above + beside * beside > worst2:
                continue
            for row in range(parts):
                above = max(south + row * size - y, y - south - (row + 1) * size, 0.0)
                if above * above > worst2:
                    continue
                for column in range(parts):
                    beside = max(west + column * size - x, x - west - (column + 1) * size, 0.0)
                    if above * above + beside * beside > worst2:
                        continue
                    here = bucket + row * parts + column
                    for i in range(ptr[here], ptr[here + 1]):
                        s = np.int64(segment[i])
                        _, away2 = _foot(x, y, lines[s])
                        if away2 < worst2 or (away2 == worst2 and s < best):
                            best, worst2 = s, away2
    return best, worst2


@njit(cache=True, nogil=True)
def _walk_at(share, start_s, end_s):
    """Walk at a share of a segment, inf where that way is closed."""
    if np.isinf(start_s) or np.isinf(end_s):
        return np.inf
    return start_s + share * (end_s - start_s)


@njit(cache=True, nogil=True)
def walk_cells(first, last, tiles, lattice, segments, buckets, limit_m, slack, flat, walks):
    """
    Write the walk at the centre of every cell of the tiles `first` up to `last`.

    `tiles` holds row and column of each, `walks` takes ``walks[tile, row, column]``: the leg to
    the nearest segment of the first group that has one within `limit_m` of ground, at `flat`
    seconds per metre, and the walk from there; inf where there is none.
    """
    number, tile_m, side, parts = lattice
    lines, over_start_s, over_end_s, scale, _ = segments
    ptr, segment, near = buckets
    cell_m = tile_m / side
    n_buckets = (len(ptr) - 1) // len(near)
    widest2 = (limit_m * slack) ** 2
    last_best = np.int64(-1)
    for t in range(first, last):
        for i in range(side):
            for j in range(side):
                # To and fro, so that the cell before is a neighbour: its street bounds the search.
                column = j if i % 2 == 0 else side - 1 - j
                x = tiles[t, 1] * tile_m + (column + 0.5) * cell_m
                y = tiles[t, 0] * tile_m + (i + 0.5) * cell_m
                walk_s = np.inf
                for group in range(len(near)):
                    if not near[group, t]:
                        continue
                    best, away2 = np.int64(-1), widest2
                    if group == 0 and last_best >= 0:
                        _, known2 = _foot(x, y, lines[last_best])
                        if known2 < widest2:
                            best, away2 = last_best, known2
                    best, away2 = _nearest(
                        x, y, best, away2, group * n_buckets, lines, number, tile_m, parts, ptr,
                        segment,
                    )  # fmt: skip
                    if group == 0 and best >= 0:
                        last_best = best
                    if best < 0:
                        continue
                    leg_m = np.sqrt(away2) * scale[best]
                    if leg_m > limit_m:
                        continue
                    share, _ = _foot(x, y, lines[best])
                    over_start = _walk_at(share, over_start_s[best, 0], over_start_s[best, 1])
                    over_end = _walk_at(share, over_end_s[best, 0], over_end_s[best, 1])
                    walk_s = leg_m * flat + min(over_start, over_end)
                    break
                walks[t, i, column] = walk_s


@njit(cache=True, nogil=True)
def walks_around(lines, number, tile_m, side, walks):
    """
    Least and most walk of the cells around straight pieces, shape (n, 2).

    The cells are those whose centres span the squares that the bounding box of the piece meets;
    those in no tile of `walks` count as inf.
    """
    cell_m = tile_m / side
    found = np.empty((len(lines), 2), dtype=np.float64)
    rows, columns = number.shape[0] * side, number.shape[1] * side
    for s in range(len(lines)):
        left = int(np.floor(min(lines[s, 0], lines[s, 2]) / cell_m - 0.5))
        right = int(np.floor(max(lines[s, 0], lines[s, 2]) / cell_m - 0.5)) + 1
        low = int(np.floor(min(lines[s, 1], lines[s, 3]) / cell_m - 0.5))
        high = int(np.floor(max(lines[s, 1], lines[s, 3]) / cell_m - 0.5)) + 1
        least, most = np.inf, 0.0
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                walk_s = np.inf
                if 0 <= row < rows and 0 <= column < columns:
                    tile = number[row // side, column // side]
                    if 0 <= tile < len(walks):
                        walk_s = walks[tile, row % side, column % side]
                least, most = min(least, walk_s), max(most, walk_s)
        found[s, 0], found[s, 1] = least, most
    return found
