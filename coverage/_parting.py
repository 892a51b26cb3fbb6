"""Part the columns of a covering problem into regions that share few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import eigsh

if TYPE_CHECKING:
    from walkcover._model import Model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Directions in which a part is tried to be cut, share of its columns by which a cut may be off
# the middle, and the size up to which eigenvectors are computed densely.
DIRECTIONS, SLACK, DENSE = 8, 0.05, 60
# Fewer columns than these are never parted.
FEWEST_COLUMNS = 3


def by_column(model: Model) -> sparse.csr_matrix:
    """Write which rows each column covers as a matrix, columns first."""
    shape = (model.cost.size, model.weight.size)
    return sparse.csr_matrix((np.ones(model.col_rows.size), model.col_rows, model.col_ptr), shape)


def parted(model: Model, matrix: sparse.csr_matrix, multipliers: Floats, most: int) -> list[Ints]:
    """Part the columns into regions that share little of the multipliers, by repeated cuts."""
    others = np.maximum(np.diff(model.row_ptr) - 1, 1)
    overlap = (matrix @ sparse.diags(multipliers / others) @ matrix.T).tocsr()
    done: list[Ints] = []
    n = model.cost.size
    todo = [(np.arange(n), -(-n // most))]
    while todo:
        columns, parts = todo.pop()
        if parts <= 1 or columns.size <= FEWEST_COLUMNS:
            done.append(columns)
            continue
        half = parts // 2
        rows = matrix[columns].tocsc()
        first = _cut(overlap[columns][:, columns], rows, multipliers, half / parts)
        todo += [(columns[~first], parts - half), (columns[first], half)]
    return done


def _cut(
    overlap: sparse.csr_matrix, matrix: sparse.csc_matrix, multipliers: Floats, share: float
) -> Flags:
    """Flag about this share of the columns, so that few multipliers lie on rows of both sides."""
    n = overlap.shape[0]
    places = _places(overlap)
    rows = np.flatnonzero(np.diff(matrix.indptr))
    starts, entries = matrix.indptr[rows], matrix.indices
    best_mass, best = np.inf, np.zeros(n, dtype=bool)
    low, high = max(1, int(n * (share - SLACK))), min(n - 1, int(n * (share + SLACK)))
    for angle in 2.0 * np.pi * np.arange(2 * DIRECTIONS) / (2 * DIRECTIONS):
        order = np.argsort(places @ np.array([np.cos(angle), np.sin(angle)]), kind="stable")
        rank = np.empty(n, dtype=np.int64)
        rank[order] = np.arange(n)
        first = np.minimum.reduceat(rank[entries], starts)
        last = np.maximum.reduceat(rank[entries], starts)
        # A row is cut by every place after its first column up to its last one.
        mass = np.cumsum(
            np.bincount(first + 1, multipliers[rows], minlength=n + 1)
            - np.bincount(last + 1, multipliers[rows], minlength=n + 1)
        )
        place = low + int(np.argmin(mass[low : high + 1]))
        if mass[place] < best_mass:
            best_mass, best = float(mass[place]), rank < place
    return best


def _places(overlap: sparse.csr_matrix) -> Floats:
    """Put columns that overlap near each other in the plane, shape (n, 2), by eigenvectors."""
    n = overlap.shape[0]
    total = np.maximum(np.asarray(overlap.sum(axis=1)).ravel(), 1e-12)
    scale = sparse.diags(1.0 / np.sqrt(total))
    walk = (scale @ overlap @ scale).tocsr()
    if n <= DENSE:
        vectors = np.linalg.eigh(walk.toarray())[1][:, -3:-1]
    else:
        start = np.random.default_rng(0).random(n)
        values, found = eigsh(walk, k=3, which="LA", v0=start, tol=1e-3, ncv=min(n, 40))
        vectors = found[:, np.argsort(values)[:2]]
    places = vectors / np.sqrt(total)[:, None]
    scaled: Floats = places / np.maximum(places.std(axis=0), 1e-300)
    return scaled


def is_shared(model: Model, regions: list[Ints]) -> Flags:
    """Flag rows whose columns lie in several regions."""
    number = np.empty(model.cost.size, dtype=np.int64)
    for index, columns in enumerate(regions):
        number[columns] = index
    numbers, starts = number[model.row_cols], model.row_ptr[:-1]
    shared: Flags = np.minimum.reduceat(numbers, starts) != np.maximum.reduceat(numbers, starts)
    return shared


def covering_regions(matrix: sparse.csr_matrix, regions: list[Ints], chosen: list[Ints]) -> Floats:
    """Count, for each row, the regions whose chosen columns reach it."""
    count = np.zeros(matrix.shape[1])
    for columns, places in zip(regions, chosen, strict=True):
        count[np.unique(matrix[columns[places]].indices)] += 1.0
    return count
