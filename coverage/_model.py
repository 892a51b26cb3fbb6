"""The reduced covering model: open candidates as columns, merged residences as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from walkcover import _kernels_siting as kernels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

# Sums of people that are compared may differ by this share.
CLOSE_PEOPLE = 1e-9
# Entries that a search for dominated rows or columns may look at.
DOMINANCE_WORK = 1_500_000_000
# Rounds of dropping rows and columns; more than this find next to nothing.
DOMINANCE_ROUNDS = 3


@dataclass(frozen=True)
class Model:
    """
    What is left to decide.

    A row counts once `times` of its columns are chosen.

    Parameters
    ----------
    candidates
        Index of each column in the relation the model was made from.
    col_ptr, col_rows, row_ptr, row_cols
        The same relation by column and by row, entries ascending.
    weight
        People of each row whose coverage is wanted.
    times
        How many chosen columns a row needs, at least 1 and at most the columns it has.
    demand
        People of each row that each floor counts, shape (n_floors, n_rows).
    need
        People that each floor calls for.
    cost
        Cost of each column.
    slack
        People that all floors together may stay short of.
    n_merged
        Rows given that the rows stand for.
    """

    candidates: Ints
    col_ptr: Ints
    col_rows: Entries
    row_ptr: Ints
    row_cols: Entries
    weight: Floats
    times: Entries
    demand: sparse.csr_array
    need: Floats
    cost: Floats
    slack: float = 0.0
    n_merged: int = 0

    @property
    def relation(self) -> tuple[Ints, Entries, Ints, Entries]:
        """The relation as the kernels take it."""
        return self.col_ptr, self.col_rows, self.row_ptr, self.row_cols

    @property
    def n_pairs(self) -> int:
        """Number of pairs left."""
        return self.col_rows.size

    @property
    def is_single(self) -> bool:
        """Tell whether every row needs just one column, as dominance and covers ask for."""
        return bool((self.times == 1).all())

    def loads(self, columns: Ints, amounts: Floats | None = None) -> Floats:
        """Add up, for each row, the amounts (1 without them) of the columns that reach it."""
        amounts = np.ones(columns.size) if amounts is None else amounts
        n_rows = self.weight.size
        loads: Floats = kernels.row_loads(self.col_ptr, self.col_rows, columns, amounts, n_rows)
        return loads

    def covered(self, chosen: Flags) -> Flags:
        """Flag the rows of which the chosen columns are enough."""
        return self.loads(np.flatnonzero(chosen)) >= self.times

    def people(self, chosen: Flags) -> float:
        """Weight of the rows that the chosen columns cover."""
        return float(self.weight[self.covered(chosen)].sum())

    def shortfalls(self, chosen: Flags) -> Floats:
        """People short of each floor, not negative."""
        short: Floats = np.maximum(self.need - self.demand @ self.covered(chosen), 0.0)
        return short

    def short(self, chosen: Flags) -> float:
        """People short of all floors together."""
        return float(self.shortfalls(chosen).sum())

    def spent(self, chosen: Flags) -> float:
        """Cost of the chosen columns."""
        return float(self.cost[chosen].sum())


def make_model(
    row_ptr: Ints,
    row_cols: Entries,
    cost: Floats,
    *,
    weight: Floats,
    demand: sparse.csr_array,
    need: Floats,
    times: Entries,
    is_open: Flags,
    slack: float = 0.0,
) -> Model:
    """
    Keep open candidates and the rows they can still cover; merge rows with equal covering sets.

    Valid for every question: equal sets with an equal number of columns to go are covered
    together. Sets are told apart by two 64-bit sums of random keys of their candidates; that two
    different ones agree in both has a chance below 1e-20 for any number of rows that fits into
    memory.

    Parameters
    ----------
    times
        Columns that each row still needs; 0 or less where it is covered already.

    Returns
    -------
    model
        The reduced model; candidates that reach nobody who counts are left out.
    """
    n = cost.size
    keys = np.random.default_rng(20220520).integers(1, 2**63, size=(2, n), dtype=np.uint64)
    sum_a, sum_b, first, degree = kernels.fingerprints(row_ptr, row_cols, is_open, keys[0], keys[1])
    wanted = (weight > 0) | (np.bincount(demand.indices, minlength=weight.size) > 0)
    index = np.flatnonzero(wanted & (times > 0) & (degree >= times))
    index = index[np.lexsort((times[index], sum_b[index], sum_a[index], first[index]))]
    starts = np.ones(index.size, dtype=bool)
    starts[1:] = (
        (np.diff(sum_a[index]) != 0) | (np.diff(sum_b[index]) != 0) | (np.diff(times[index]) != 0)
    )
    group = np.cumsum(starts) - 1
    n_rows = int(starts.sum())
    merge = sparse.csr_array((np.ones(index.size), (index, group)), shape=(weight.size, n_rows))
    heads = index[starts]
    column_of = np.full(n, -1, dtype=np.int32)
    columns = np.flatnonzero(is_open)
    column_of[columns] = np.arange(columns.size, dtype=np.int32)
    new_ptr, new_cols = kernels.compress(row_ptr, row_cols, heads, column_of)
    col_ptr, col_rows = kernels.transpose(new_ptr, new_cols, columns.size)
    model = Model(
        columns,
        col_ptr,
        col_rows,
        new_ptr,
        new_cols,
        np.bincount(group, weight[index], minlength=n_rows).astype(np.float64),
        times[heads],
        sparse.csr_array(demand @ merge),
        need,
        cost[columns],
        slack,
        index.size,
    )
    reaches = np.diff(model.col_ptr) > 0
    return model if reaches.all() else with_columns(model, reaches)


def with_columns(model: Model, keep: Flags) -> Model:
    """Keep some columns; every row must keep as many as it needs."""
    col_ptr, col_rows = kernels.compress(
        model.col_ptr,
        model.col_rows,
        np.flatnonzero(keep),
        np.arange(model.weight.size, dtype=np.int32),
    )
    row_ptr, row_cols = kernels.transpose(col_ptr, col_rows, model.weight.size)
    return replace(
        model,
        candidates=model.candidates[keep],
        col_ptr=col_ptr,
        col_rows=col_rows,
        row_ptr=row_ptr,
        row_cols=row_cols,
        cost=model.cost[keep],
    )


def with_rows(model: Model, keep: Flags) -> Model:
    """Keep some rows; columns without any stay."""
    row_ptr, row_cols = kernels.compress(
        model.row_ptr,
        model.row_cols,
        np.flatnonzero(keep),
        np.arange(model.cost.size, dtype=np.int32),
    )
    col_ptr, col_rows = kernels.transpose(row_ptr, row_cols, model.cost.size)
    return replace(
        model,
        col_ptr=col_ptr,
        col_rows=col_rows,
        row_ptr=row_ptr,
        row_cols=row_cols,
        weight=model.weight[keep],
        times=model.times[keep],
        demand=sparse.csr_array(model.demand[:, np.flatnonzero(keep)]),
    )


def without_dominated_columns(model: Model) -> Model:
    """
    Drop columns whose rows another one covers too, for no more cost.

    Valid where every row needs one column only. Of equal columns the cheapest, then the first, is
    kept.

    Returns
    -------
    model
        Fewer columns, the same rows.
    """
    if not model.is_single:
        return model
    keep = kernels.undominated_columns(*model.relation, model.cost, DOMINANCE_WORK)
    return model if keep.all() else with_columns(model, keep)


def as_cover(model: Model) -> Model:
    """
    Turn the question whether everybody counted is covered into one where every row is covered.

    Rows whose columns include all those of another row are covered with it and go; then dominated
    columns go, and again. Valid where every row needs one column only.

    Returns
    -------
    model
        Fewer rows and columns; one floor, that of all rows, each counted 1.
    """
    for _ in range(DOMINANCE_ROUNDS):
        n_rows, n_columns = model.weight.size, model.cost.size
        model = with_rows(model, kernels.dominant_rows(*model.relation, DOMINANCE_WORK))
        model = without_dominated_columns(model)
        if (model.weight.size, model.cost.size) == (n_rows, n_columns):
            break
    ones = np.ones(model.weight.size)
    return replace(
        model, weight=ones, demand=sparse.csr_array(ones[None, :]), need=np.array([ones.sum()])
    )


def decide(model: Model, *, taken: Flags, dropped: Flags) -> Model:
    """
    Reduce a model further once some of its columns are decided.

    Returns
    -------
    model
        What is left; its `candidates` are columns of the model given, its needs what the taken
        columns leave.
    """
    load = model.loads(np.flatnonzero(taken))
    left = (model.times - load).astype(np.int32)
    need = model.need - model.demand @ (left <= 0)
    # What rounding leaves of a need that is met must not be asked of nobody.
    need[np.abs(need) <= CLOSE_PEOPLE * np.abs(model.need)] = 0.0
    return make_model(
        model.row_ptr,
        model.row_cols,
        model.cost,
        weight=model.weight,
        demand=model.demand,
        need=need,
        times=left,
        is_open=~(taken | dropped),
        slack=model.slack,
    )


def components(model: Model) -> Iterator[tuple[Flags, Flags]]:
    """
    Part a model into pieces that share no pair.

    Yields
    ------
    columns, rows
        Flags of each piece, in the order of their first columns.
    """
    n = model.cost.size
    if n == 0:
        return
    reach = sparse.csr_array(
        (np.ones(model.n_pairs, dtype=np.int8), model.col_rows, model.col_ptr),
        shape=(n, model.weight.size),
    )
    both = sparse.block_array([[None, reach], [reach.T, None]])
    count, label = connected_components(both, directed=False)
    for piece in range(count):
        yield label[:n] == piece, label[n:] == piece
