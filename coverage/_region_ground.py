"""A region made ready for its search: rows in play merged, dominated candidates dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from walkcover import _kernels_siting as kernels
from walkcover._model import Entries, Flags, Floats, Ints, Model, without_dominated_columns
from walkcover._region_case import Columns, RegionCase

# What the keys of candidates are drawn from.
KEYS = 20220520
# Rows are priced by the driver too where a column reaches them and a row that the driver prices:
# so many times outwards from the shared rows.
LAYERS = 1


@dataclass(frozen=True)
class Ground:
    """
    A region made ready.

    Parameters
    ----------
    model
        Undominated candidates as columns, and rows merged by equal covering sets, shared rows
        apart from the others; its `candidates` are positions in `ids`.
    ids
        Numbers of all candidates, ascending.
    row_ids, people, is_shared
        Rows in play (not covered yet, with people), ascending: number, people, and whether
        candidates of other regions may reach them.
    group
        Row of the model of each of them; -1 where no candidate of the region reaches it.
    ptr, entries
        The rows in play (by position) of each column of the model.
    zone, is_border
        Rows in play that the driver prices, and the columns of the model that reach any: all
        shared rows, and of each group of others near them the first row, which stands for it.
    """

    model: Model
    ids: Ints
    row_ids: Ints
    people: Floats
    is_shared: Flags
    group: Ints
    ptr: Ints
    entries: Entries
    zone: Ints
    is_border: Flags

    def gains(self, shared_people: Floats | None) -> Floats:
        """Sum up people by row of the model, of shared rows other people where given."""
        values = self.people.copy()
        if shared_people is not None:
            values[self.is_shared] = shared_people
        is_reached = self.group >= 0
        sums = np.bincount(
            self.group[is_reached], values[is_reached], minlength=self.model.weight.size
        )
        return sums.astype(np.float64)

    @property
    def zone_people(self) -> Floats:
        """People of the rows that the driver prices, those they stand for included."""
        is_head = ~self.is_shared[self.zone]
        people = self.people[self.zone]
        people[is_head] = self.model.weight[self.group[self.zone[is_head]]]
        return people

    def columns(self, picked: Ints) -> Columns:
        """Write some columns of the model and the rows they reach."""
        every = np.arange(self.group.size, dtype=np.int32)
        rows = np.unique(kernels.compress(self.ptr, self.entries, picked, every)[1])
        return self._columns(picked, rows, self.people[rows])

    def border(self) -> Columns:
        """Write the columns at the border and the rows that the driver prices."""
        return self._columns(np.flatnonzero(self.is_border), self.zone, self.zone_people)

    def _columns(self, picked: Ints, rows: Ints, people: Floats) -> Columns:
        place = np.full(self.group.size, -1, dtype=np.int32)
        place[rows] = np.arange(rows.size, dtype=np.int32)
        ptr, entries = kernels.compress(self.ptr, self.entries, picked, place)
        return Columns(
            self.ids[self.model.candidates[picked]].astype(np.int32),
            self.model.cost[picked],
            ptr,
            entries,
            self.row_ids[rows].astype(np.int32),
            people,
        )


def ground_of(case: RegionCase, shared_ids: Ints) -> Ground:
    """
    Reduce a region.

    Rows of equal covering sets are covered together, and a candidate is dominated where another
    one covers all its rows, halo rows included, for no more cost: both hold whatever the other
    regions do.
    """
    rank = np.argsort(case.row_ids, kind="stable")
    in_play = rank[(~case.is_covered & (case.people > 0))[rank]]
    place = np.full(case.row_ids.size, -1, dtype=np.int32)
    place[in_play] = np.arange(in_play.size, dtype=np.int32)
    order = np.argsort(case.candidate_ids, kind="stable")
    ptr, entries = kernels.compress(case.pairs.indptr, case.pairs.residences, order, place)
    row_ptr, row_cols = kernels.transpose(ptr, entries, in_play.size)
    row_ids = case.row_ids[in_play].astype(np.int64)
    is_shared = np.isin(row_ids, shared_ids)
    people = case.people[in_play].astype(np.float64)
    cost = np.ones(order.size) if case.costs is None else case.costs[order].astype(np.float64)
    group, heads = _merged(row_ptr, row_cols, is_shared, order.size)
    model = _model_of(row_ptr, row_cols, cost, heads)
    model = without_dominated_columns(model)
    sorted_ptr, sorted_entries = kernels.transpose(row_ptr, row_cols, order.size)
    ptr, entries = kernels.compress(
        sorted_ptr, sorted_entries, model.candidates, np.arange(in_play.size, dtype=np.int32)
    )
    ground = Ground(
        model,
        case.candidate_ids[order].astype(np.int64),
        row_ids,
        people,
        is_shared,
        group,
        ptr,
        entries,
        *_zone(model, group, is_shared),
    )
    return replace(ground, model=replace(model, weight=ground.gains(None)))


def _zone(model: Model, group: Ints, is_shared: Flags) -> tuple[Ints, Flags]:
    """Rows that the driver prices, ascending, and the columns that reach them."""
    is_reached = group >= 0
    in_zone = np.zeros(model.weight.size, dtype=bool)
    in_zone[group[is_shared & is_reached]] = True
    for _ in range(LAYERS):
        touched = kernels.column_sums(model.col_ptr, model.col_rows, in_zone * 1.0) > 0
        in_zone = model.loads(np.flatnonzero(touched)) > 0
    is_border = kernels.column_sums(model.col_ptr, model.col_rows, in_zone * 1.0) > 0
    heads = np.full(model.weight.size, group.size, dtype=np.int64)
    np.minimum.at(heads, group[is_reached], np.flatnonzero(is_reached))
    is_priced = is_shared & is_reached
    is_priced[heads[in_zone]] = True
    return np.flatnonzero(is_priced), is_border


def _merged(row_ptr: Ints, row_cols: Entries, is_shared: Flags, n: int) -> tuple[Ints, Ints]:
    """Number the groups of rows with equal columns, shared rows apart; also one row of each."""
    keys = np.random.default_rng(KEYS).integers(1, 2**63, size=(2, n), dtype=np.uint64)
    sum_a, sum_b, first, degree = kernels.fingerprints(
        row_ptr, row_cols, np.ones(n, dtype=bool), keys[0], keys[1]
    )
    rows = np.flatnonzero(degree > 0)
    rows = rows[np.lexsort((is_shared[rows], sum_b[rows], sum_a[rows], first[rows]))]
    starts = np.ones(rows.size, dtype=bool)
    starts[1:] = (
        (np.diff(sum_a[rows]) != 0) | (np.diff(sum_b[rows]) != 0) | np.diff(is_shared[rows])
    )
    group = np.full(degree.size, -1, dtype=np.int64)
    group[rows] = np.cumsum(starts) - 1
    return group, rows[starts]


def _model_of(row_ptr: Ints, row_cols: Entries, cost: Floats, heads: Ints) -> Model:
    """Make the model of one row of each group; candidates that reach nobody are left out."""
    every = np.arange(cost.size, dtype=np.int32)
    ptr, cols = kernels.compress(row_ptr, row_cols, heads, every)
    reaches = np.bincount(cols, minlength=cost.size) > 0
    columns = np.flatnonzero(reaches)
    every[columns] = np.arange(columns.size, dtype=np.int32)
    cols = every[cols]
    col_ptr, col_rows = kernels.transpose(ptr, cols, columns.size)
    return Model(
        columns,
        col_ptr,
        col_rows,
        ptr,
        cols,
        np.ones(heads.size),
        np.ones(heads.size, dtype=np.int32),
        sparse.csr_array((0, heads.size)),
        np.zeros(0),
        cost[columns],
        n_merged=heads.size,
    )
