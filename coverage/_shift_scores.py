"""Score how well places fit the streets under every shift, on a raster of the streets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from walkcover.network import Bools, Floats, Ints

# Squares that streets and places are put into, and steps between the shifts tried.
CELL_M = 10.0
STEP_M = 10.0
# Every shift up to here is tried: BD-09 is off by up to 1,450 m, a little more than any other.
REACH_M = 1600.0
# Squares of so many steps that a shift is held against: a near one, since a town has more streets
# in its middle, and a wide one, since long streets leave little to tell along them.
NEARBY_STEPS = (61, 241)
# Distances to the next street that are told apart, in cells.
LEVEL_CELLS = (0, 1, 2, 4, 8, 16, 32)
# Streets are rastered block by block.
BLOCK_M = 8000.0


@dataclass(frozen=True)
class ShiftScores:
    """
    How well places fit the streets under every shift, lower being better.

    For some distances, the share of places that lie farther from a street is set against its
    mean over all shifts, in standard deviations between them; and so is the share right on a
    street, where buildings never are. The least of these is the score: places at a street stand
    out by short distances, buildings set back from theirs in that few are on it and none is far.

    Parameters
    ----------
    score
        Shape (k, k): score with the places moved east (first axis) and north; no shift is in the
        middle.
    readings
        Shape (r,): score of every reading.
    """

    score: Floats
    readings: Floats

    @property
    def tried(self) -> Bools:
        """Shifts that are looked at."""
        return np.asarray(self.around(0.0, 0.0) <= REACH_M)

    def around(self, east_m: float, north_m: float) -> Floats:
        """Distance in metres of each shift from a given one."""
        axis = STEP_M * (np.arange(len(self.score)) - len(self.score) // 2)
        return np.asarray(np.hypot(axis[:, None] - east_m, axis[None, :] - north_m))


def score_shifts(xy: Floats, moved: Floats, lines: NDArray[np.object_]) -> ShiftScores:
    """
    Score every shift of some places, and other readings of them.

    Parameters
    ----------
    xy
        Planar coordinates of the places in metres, shape (n, 2).
    moved
        The same places under each reading, shape (r, n, 2).
    lines
        Streets as planar lines.

    Returns
    -------
    scores
        Of all shifts up to the reach, and of the readings.
    """
    reach = int(REACH_M / CELL_M)
    step = int(STEP_M / CELL_M)
    size = 2 * reach // step + 1
    levels = np.arange(len(LEVEL_CELLS))
    farther = np.zeros((len(levels), size, size))
    farther_moved = np.zeros((len(levels), len(moved)))
    tree = shapely.STRtree(lines)
    block = np.floor(xy / BLOCK_M)
    for one in np.unique(block, axis=0):
        rows = np.flatnonzero((block == one).all(axis=1))
        level, corner = street_levels(one * BLOCK_M, lines, tree)
        last = np.array(level.shape) - 1
        for (x, y), others in zip(
            np.floor(xy[rows] / CELL_M).astype(np.int64) - corner,
            np.floor(moved[:, rows] / CELL_M).astype(np.int64).transpose(1, 0, 2) - corner,
            strict=True,
        ):
            window = level[x - reach : x + reach + 1 : step, y - reach : y + reach + 1 : step]
            for k in levels:
                farther[k] += window > k
            at = np.clip(others, 0, last)
            farther_moved += level[at[:, 0], at[:, 1]] > levels[:, None]
    farther /= len(xy)
    farther_moved /= len(xy)
    at = np.round(np.median(moved - xy, axis=1) / STEP_M).astype(np.int64) + size // 2
    i, j = np.clip(at, 0, size - 1).T
    # One place more or less is never more than one standard deviation.
    least = 1.0 / len(xy)
    scores, readings = [], []
    for steps in NEARBY_STEPS:
        mean = ndimage.uniform_filter(farther, (1, steps, steps))
        variance = ndimage.uniform_filter(farther**2, (1, steps, steps)) - mean**2
        spread = np.sqrt(np.maximum(variance, least**2))
        scores.append((farther - mean) / spread)
        readings.append((farther_moved - mean[:, i, j]) / spread[:, i, j])
    return ShiftScores(_least(scores), _least(readings))


def _least(deviations: list[Floats]) -> Floats:
    """Least deviation of all; of those right on a street fewer may speak for a shift, too."""
    fewer = np.min([-deviation[0] for deviation in deviations], axis=0)
    return np.asarray(np.minimum(np.min(deviations, axis=(0, 1)), fewer))


def street_levels(
    corner_m: Floats, lines: NDArray[np.object_], tree: shapely.STRtree
) -> tuple[NDArray[np.uint8], Ints]:
    """
    Raster the streets around a block.

    The level of a cell is the first of the distances of LEVEL_CELLS that a street lies within,
    their number where none does. The second value is the number of the raster's first cell.
    """
    rim = int(REACH_M / CELL_M) + LEVEL_CELLS[-1] + 1
    corner = np.round(corner_m / CELL_M).astype(np.int64) - rim
    size = int(BLOCK_M / CELL_M) + 2 * rim
    found = lines[tree.query(shapely.box(*(corner * CELL_M), *((corner + size) * CELL_M)))]
    xy = shapely.get_coordinates(shapely.segmentize(found, CELL_M))
    at = np.floor(xy / CELL_M).astype(np.int64) - corner
    at = at[((at >= 0) & (at < size)).all(axis=1)]
    # Which level a number of cells is; beyond the last all are the same.
    of_cells = np.searchsorted(LEVEL_CELLS, np.arange(LEVEL_CELLS[-1] + 2)).astype(np.uint8)
    if not len(at):
        return np.full((size, size), of_cells[-1]), corner
    empty = np.ones((size, size), dtype=bool)
    empty[at[:, 0], at[:, 1]] = False
    cells = ndimage.distance_transform_cdt(empty, metric="chessboard")
    return of_cells[np.minimum(cells, LEVEL_CELLS[-1] + 1)], corner
