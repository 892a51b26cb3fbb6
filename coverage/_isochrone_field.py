"""The walk from every cell of the plane, and the outlines of where it is within a limit."""

from __future__ import annotations

import itertools
import logging
import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import contourpy
import numpy as np
import shapely
from scipy import ndimage

from walkcover._isochrone_streets import Streets
from walkcover._kernels_isochrone import (
    Buckets,
    Lattice,
    Segments,
    fill_buckets,
    walk_cells,
    walks_around,
)
from walkcover.network import Bools, Floats, Ints, Network
from walkcover.search import within_limit_s
from walkcover.snap import PLANAR_SLACK
from walkcover.street_index import Shapes

# Cells come in square tiles of so many a side, so that empty country costs nothing.
TILE_CELLS = 16
# About a second of work; above it cells get wider.
MAX_CELLS = 4_000_000
# Outlines are drawn in boxes, which may be that much larger than what is in them.
BOX_SLACK = 8
# Streets are sorted into buckets about as wide as a block.
BUCKET_M = 40.0
CHUNKS_PER_THREAD = 8
# Outlines keep that part of a cell away from its centre, so that rounding cannot make them touch.
CENTRE_SHARE = 0.05
# Below all levels that outlines are drawn from.
LOWEST = -2.0
# Outlines are drawn with the points left out that lie within this part of a cell of a line.
SIMPLER_SHARE = 0.1

log = logging.getLogger("walkcover")


class Field(NamedTuple):
    """
    The walk at the centres of cells.

    `tiles` holds row and column of each tile in the lattice, `walks` the walk in seconds, shape
    (n_tiles, side, side), rows from the south. `flat` is seconds per metre of access legs.
    """

    west_m: float
    south_m: float
    lattice: Lattice
    tiles: Ints
    walks: Floats
    flat: float

    @property
    def cell_m(self) -> float:
        """Width of a cell."""
        return self.lattice.tile_m / self.lattice.side


def walk_field(
    streets: Streets,
    network: Network,
    *,
    limit_s: float,
    flat: float,
    snap_limit_m: float,
    cell_m: float,
) -> Field:
    """
    Work out the walk of a residence at the centre of each cell.

    Parameters
    ----------
    streets
        Pieces of street, with the walk from each; some walk is within the limit.
    network
        The walking network.
    limit_s
        Longest walk in seconds.
    flat
        Seconds per metre of access legs.
    snap_limit_m
        Longest access leg in metres.
    cell_m
        Width of a cell in metres; wider where there would be more than `MAX_CELLS`.

    Returns
    -------
    field
        Cells from where somebody might walk to a site within the limit, and those around them.
    """
    tile_m = TILE_CELLS * cell_m
    # Wide enough for whoever stands in a tile to find all streets within the limit.
    margin = math.ceil(snap_limit_m * PLANAR_SLACK / tile_m) + 1
    used, west_m, south_m = _used_tiles(streets, limit_s, flat, snap_limit_m, tile_m, margin)
    side = _cells_per_side(used, tile_m)
    tiles = np.argwhere(used)
    number = np.full(used.shape, -1, dtype=np.int32)
    around = ndimage.binary_dilation(used, np.ones((3, 3), dtype=bool), iterations=margin)
    number[used] = np.arange(len(tiles))
    number[around & ~used] = np.arange(len(tiles), around.sum())
    parts = max(1, round(tile_m / BUCKET_M))
    lattice = Lattice(number, tile_m, side, parts)
    group = np.select([network.island[streets.edge], network.raised[streets.edge]], [2, 1], 0)
    segments = Segments(
        _lines(streets.xy - np.tile([west_m, south_m], 2)),
        streets.over_start_s,
        streets.over_end_s,
        streets.scale,
        group.astype(np.int32),
    )
    buckets = _buckets(segments, lattice, used, around, margin)
    walks = np.empty((len(tiles), side, side))

    def work(chunk: tuple[int, int]) -> None:
        walk_cells(
            *chunk, tiles, lattice, segments, buckets, snap_limit_m, PLANAR_SLACK, flat, walks
        )

    threads = os.cpu_count() or 1
    cuts = np.unique(np.linspace(0, len(tiles), threads * CHUNKS_PER_THREAD + 1).astype(np.int64))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, itertools.pairwise(cuts.tolist())))
    return Field(west_m, south_m, lattice, tiles, walks, flat)


def _used_tiles(
    streets: Streets, limit_s: float, flat: float, snap_limit_m: float, tile_m: float, margin: int
) -> tuple[Bools, float, float]:
    """Tiles of a fixed grid that somebody within the limit may stand in, west and south."""
    least_s = streets.least_s
    reached = least_s <= within_limit_s(limit_s)
    xy = streets.xy[reached]
    leg_m = np.minimum((within_limit_s(limit_s) - least_s[reached]) / flat, snap_limit_m)
    low = np.floor((np.minimum(xy[:, :2], xy[:, 2:]) - PLANAR_SLACK * leg_m[:, None]) / tile_m)
    high = np.floor((np.maximum(xy[:, :2], xy[:, 2:]) + PLANAR_SLACK * leg_m[:, None]) / tile_m)
    corner = low.min(axis=0) - margin
    left, south = (low - corner).astype(np.int64).T
    right, north = (high - corner).astype(np.int64).T + 1
    # Each box adds one to all its tiles: the sum of steps at its corners.
    steps = np.zeros((north.max() + margin + 1, right.max() + margin + 1), dtype=np.int32)
    for row, column, step in (
        (south, left, 1),
        (south, right, -1),
        (north, left, -1),
        (north, right, 1),
    ):
        np.add.at(steps, (row, column), step)
    used = np.cumsum(np.cumsum(steps, axis=0), axis=1) > 0
    return used, float(corner[0] * tile_m), float(corner[1] * tile_m)


def _cells_per_side(used: Bools, tile_m: float) -> int:
    """Cells on the side of a tile: fewer where there would be too many in all."""
    boxes = sum(mask.size for mask, _ in _clusters(used))
    most = min(MAX_CELLS // int(used.sum()), BOX_SLACK * MAX_CELLS // boxes)
    side = min(TILE_CELLS, max(1, math.isqrt(most)))
    if side < TILE_CELLS:
        log.info("isochrones: cells of %.1f m, because the area is large", tile_m / side)
    return side


def _clusters(used: Bools) -> Iterator[tuple[Bools, tuple[slice, slice]]]:
    """Tiles that hang together: which tiles of their box are theirs, and the box."""
    label, _ = ndimage.label(used, structure=np.ones((3, 3)))
    for number, box in enumerate(ndimage.find_objects(label), start=1):
        yield label[box] == number, box


def _lines(xy: Floats) -> Floats:
    """Both ends of pieces, the step between them, and one over its squared length."""
    step = xy[:, 2:] - xy[:, :2]
    return np.column_stack([xy, step, 1 / (step**2).sum(axis=1)])


def _buckets(
    segments: Segments, lattice: Lattice, used: Bools, around: Bools, margin: int
) -> Buckets:
    """Sort segments into the buckets of used tiles and those around them."""
    n_groups, n_tiles, parts = 3, int(around.sum()), lattice.parts
    place = (
        segments.lines,
        segments.group,
        lattice.number,
        lattice.tile_m,
        parts,
        n_tiles * parts**2,
    )
    ptr = np.zeros(n_groups * n_tiles * parts**2 + 1, dtype=np.uint32)
    fill_buckets(*place, ptr, np.empty(0, dtype=np.uint32))
    ptr = np.cumsum(ptr, dtype=np.uint32)
    segment = np.empty(ptr[-1], dtype=np.uint32)
    fill_buckets(*place, ptr[:-1].copy(), segment)
    near = np.zeros((n_groups, int(used.sum())), dtype=bool)
    held = np.diff(ptr[:: parts**2]).reshape(n_groups, n_tiles) > 0
    for group in np.flatnonzero(held.any(axis=1)):
        there = np.zeros(used.shape, dtype=bool)
        there[around] = held[group][lattice.number[around]]
        near[group] = ndimage.maximum_filter(there, 2 * margin + 1)[used]
    return Buckets(ptr, segment, near)


def outlines(field: Field, limit_s: float) -> Shapes:
    """
    Draw where the walk is within the limit.

    Parameters
    ----------
    field
        The walk at the centres of cells.
    limit_s
        The limit in seconds.

    Returns
    -------
    polygons
        Planar polygons, which do not overlap.
    """
    cell_m, side, number = field.cell_m, field.lattice.side, field.lattice.number
    level = _levels(field, limit_s)
    # Tiles with something within the limit, and those around: the others matter to no outline.
    held = np.zeros(number.shape, dtype=bool)
    held[tuple(field.tiles.T)] = (level < 0).any(axis=(1, 2))
    held = ndimage.binary_dilation(held, np.ones((3, 3), dtype=bool))
    held &= (number >= 0) & (number < len(field.tiles))
    points, rings, polygons = [np.empty((0, 2))], [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
    n_points, n_rings = 0, 0
    for own, (rows, columns) in _clusters(held):
        box = np.ones((own.shape[0] * side + 2, own.shape[1] * side + 2))
        tile_rows, tile_columns = np.nonzero(own)
        grid = box[1:-1, 1:-1].reshape(own.shape[0], side, own.shape[1], side)
        grid[tile_rows, :, tile_columns, :] = level[number[rows, columns][own]]
        found, offsets = _contours(box)
        corner_m = np.array([columns.start, rows.start]) * field.lattice.tile_m - cell_m / 2
        corner_m += [field.west_m, field.south_m]
        for ring_points, ring_offsets in zip(found, offsets, strict=True):
            points.append(corner_m + ring_points * cell_m)
            rings.append(n_points + ring_offsets[1:].astype(np.int64))
            n_points += len(ring_points)
            n_rings += len(ring_offsets) - 1
            polygons.append(np.array([n_rings]))
    shapes = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON,
        np.concatenate(points),
        (np.concatenate(rings), np.concatenate(polygons)),
    )
    return np.asarray(shapely.simplify(shapes, SIMPLER_SHARE * cell_m), dtype=object)


def _contours(box: Floats) -> tuple[list[Floats], list[Ints]]:
    """Polygons where a table of levels is below 0: their points, and where their rings begin."""
    generator = contourpy.contour_generator(z=box, fill_type=contourpy.FillType.OuterOffset)
    found: Any = generator.filled(LOWEST, 0.0)
    return found[0], found[1]


def _levels(field: Field, limit_s: float) -> Floats:
    """
    How far cells are over the limit, below 0 within it, from -1 to 1.

    At 1 the walk is over it by what one takes to cross a cell, so that beside a wall, a river or
    the end of what anybody joins the outline runs half-way between the cells.
    """
    over_s = field.walks - within_limit_s(limit_s)
    level = np.clip(over_s / (field.flat * field.cell_m), -1.0, 1.0)
    return np.where(level <= 0, np.minimum(level, -CENTRE_SHARE), np.maximum(level, CENTRE_SHARE))


def walks_beside(field: Field, xy: Floats) -> tuple[Floats, Floats]:
    """
    Find the least and the most walk of the cells around straight pieces of street.

    Parameters
    ----------
    field
        The walk at the centres of cells.
    xy
        Planar x and y of both ends, shape (k, 4).

    Returns
    -------
    least_s, most_s
        Seconds, shape (k,): the outline of a limit cuts only pieces between whose two it lies.
    """
    lattice = field.lattice
    place = xy - np.tile([field.west_m, field.south_m], 2)
    found = walks_around(place, lattice.number, lattice.tile_m, lattice.side, field.walks)
    return found[:, 0], found[:, 1]
