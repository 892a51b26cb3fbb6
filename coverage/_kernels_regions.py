"""
Compiled inner loops of the search of a region: its relaxation at a node, and local search.

A region is the relation of columns to rows, held by column (`ptr`, `rows`), with the price of each
column and the gain of each row. A state tells of each column whether it is open, taken or left out.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

OPEN, TAKEN, OUT = 0, 1, 2
# Share of its last direction that a step keeps, and the length of a step that ends a search.
MOMENTUM, LAST_STEP = 0.9, 1e-3
# Shares of a bound, and of the highest price, that are no improvement.
TINY, LEAST = 1e-7, 1e-9


def _compiled(function: Any) -> Any:
    # Sums may be taken in any order, which lets the loops over entries use the whole processor.
    return numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})(function)


@_compiled
def grouped(ptr, rows, keys, state, is_settled):
    """
    Number the groups of rows that equal sets of open columns reach; -1 for rows out of play.

    Returns
    -------
    group, first
        Group of each row, and the first row of each group; groups are in the order of these.
    """
    m = is_settled.size
    sums = np.zeros((2, m), dtype=np.uint64)
    for j in range(state.size):
        if state[j] == OPEN:
            for at in range(ptr[j], ptr[j + 1]):
                sums[0, rows[at]] += keys[0, j]
                sums[1, rows[at]] += keys[1, j]
    size = 16
    while size < 2 * m:
        size *= 2
    table = np.full(size, -1, dtype=np.int32)
    group = np.full(m, -1, dtype=np.int32)
    first = np.empty(m, dtype=np.int32)
    n_groups = 0
    for r in range(m):
        if is_settled[r] or (sums[0, r] == 0 and sums[1, r] == 0):
            continue
        slot = np.int64(sums[0, r] & np.uint64(size - 1))
        while True:
            g = table[slot]
            if g < 0:
                table[slot] = n_groups
                first[n_groups] = r
                group[r] = n_groups
                n_groups += 1
                break
            if sums[0, first[g]] == sums[0, r] and sums[1, first[g]] == sums[1, r]:
                group[r] = g
                break
            slot = (slot + 1) & (size - 1)
    return group, first[:n_groups]


@_compiled
def relaxed(ptr, rows, gain, price, start, target, enough, steps, length, patience):
    """
    Push the bound of a region towards a target by a subgradient with momentum.

    Rows pay multipliers, at first `start`; the search ends once the bound is at most `enough`. The
    length of a step halves after more than `patience` steps without a better bound.

    Returns
    -------
    best, best_paid, best_profit, favour, step
        The best bound, its multipliers and the profit of each column under them; how often the
        last steps took each column, between 0 and 1; steps done.

    References
    ----------
    Barahona & Anbil (2000), The volume algorithm.
    """
    n, m = price.size, gain.size
    paid, best_paid = start.copy(), start.copy()
    profit, best_profit = np.empty(n, dtype=np.float64), np.empty(n, dtype=np.float64)
    direction, favour = np.zeros(m, dtype=np.float64), np.zeros(n, dtype=np.float64)
    load = np.empty(m, dtype=np.int32)
    total = gain.sum()
    best, idle, seen, step = np.inf, 0, 0.0, 0
    while step < steps:
        step += 1
        value = total - paid.sum()
        load[:] = -1
        seen = MOMENTUM * seen + 1.0 - MOMENTUM
        for j in range(n):
            worth = -price[j]
            for at in range(ptr[j], ptr[j + 1]):
                worth += paid[rows[at]]
            profit[j] = worth
            favour[j] *= MOMENTUM
            if worth > 0.0:
                value += worth
                favour[j] += 1.0 - MOMENTUM
                for at in range(ptr[j], ptr[j + 1]):
                    load[rows[at]] += 1
        idle += 1
        if step == 1 or value < best - TINY * abs(best):
            best, idle = value, 0
            best_paid[:] = paid
            best_profit[:] = profit
        if idle > patience:
            length, idle = length / 2.0, 0
            paid[:] = best_paid
        if best <= enough or length < LAST_STEP:
            break
        size = 0.0
        for r in range(m):
            is_held = (load[r] < 0 and paid[r] >= gain[r]) or (load[r] > 0 and paid[r] <= 0.0)
            slope = 0.0 if is_held else np.float64(load[r])
            direction[r] = slope + MOMENTUM * direction[r]
            size += direction[r] * direction[r]
        if size == 0.0:
            break
        move = length * (value - target) / size
        for r in range(m):
            paid[r] = min(max(paid[r] - move * direction[r], 0.0), gain[r])
    favour /= max(seen, 1e-300)
    return best, best_paid, best_profit, favour, step


@_compiled
def bounded(ptr, rows, keys, gain, price, state, start, best, negligible, steps, length, patience):
    """
    Bound what the open columns of a state may still reach, and decide those that are decided.

    Rows that taken columns reach are settled, and rows that the same open columns reach are one.
    A column is decided where every answer better than `best` decides it alike.

    Returns
    -------
    value, decided, paid, profit, favour, work
        Bound from above of the surplus of the state; the state with columns decided; multipliers
        by row; profit and favour of each column, 0 where not open; pairs looked at.
    """
    n, m = price.size, gain.size
    is_settled = gain <= 0.0
    settled = 0.0
    n_entries = 0
    for j in range(n):
        if state[j] == TAKEN:
            settled -= price[j]
            for at in range(ptr[j], ptr[j + 1]):
                if not is_settled[rows[at]]:
                    is_settled[rows[at]] = True
                    settled += gain[rows[at]]
        elif state[j] == OPEN:
            n_entries += ptr[j + 1] - ptr[j]
    group, first = grouped(ptr, rows, keys, state, is_settled)
    merged_gain, merged_start = np.zeros(first.size), np.zeros(first.size)
    for r in range(m):
        if group[r] >= 0:
            merged_gain[group[r]] += gain[r]
            merged_start[group[r]] += min(start[r], gain[r])
    is_open = np.flatnonzero(state == OPEN)
    merged_ptr = np.zeros(is_open.size + 1, dtype=np.int64)
    merged_rows = np.empty(n_entries, dtype=np.int32)
    n_entries = 0
    for i in range(is_open.size):
        for at in range(ptr[is_open[i]], ptr[is_open[i] + 1]):
            g = group[rows[at]]
            if g >= 0 and first[g] == rows[at]:
                merged_rows[n_entries] = g
                n_entries += 1
        merged_ptr[i + 1] = n_entries
    value, merged_paid, merged_profit, merged_favour, step = relaxed(
        merged_ptr,
        merged_rows,
        merged_gain,
        price[is_open],
        merged_start,
        best - settled,
        best - settled + negligible,
        steps,
        length,
        patience,
    )
    value += settled
    slack = value - best - negligible
    decided = state.copy()
    profit, favour = np.zeros(n, dtype=np.float64), np.zeros(n, dtype=np.float64)
    for i in range(is_open.size):
        profit[is_open[i]], favour[is_open[i]] = merged_profit[i], merged_favour[i]
        if merged_profit[i] > slack:
            decided[is_open[i]] = TAKEN
        elif -merged_profit[i] > slack:
            decided[is_open[i]] = OUT
    paid = np.zeros(m, dtype=np.float32)
    for r in range(m):
        if group[r] >= 0:
            paid[r] = merged_paid[group[r]] * gain[r] / merged_gain[group[r]]
    return value, decided, paid, profit, favour, 3 * ptr[n] + step * n_entries


@_compiled
def climbed(ptr, rows, row_ptr, row_cols, gain, price, start):
    """
    Add, drop and swap columns as long as the surplus rises.

    Returns
    -------
    taken, value
        Flags of the columns, and their surplus.
    """
    n, m = price.size, gain.size
    taken = start.copy()
    load = np.zeros(m, dtype=np.int32)
    # What each column would add, and, where taken, what only it gives; less its price.
    more, alone = -price, -price
    value = 0.0
    for j in range(n):
        if taken[j]:
            value -= price[j]
            for at in range(ptr[j], ptr[j + 1]):
                load[rows[at]] += 1
    for r in range(m):
        value += gain[r] if load[r] > 0 else 0.0
        for at in range(row_ptr[r], row_ptr[r + 1]):
            if load[r] == 0:
                more[row_cols[at]] += gain[r]
            elif load[r] == 1 and taken[row_cols[at]]:
                alone[row_cols[at]] += gain[r]
    least = LEAST * price.max()
    extra = np.zeros(n, dtype=np.float64)
    while True:
        add, drop, rise = -1, -1, least
        for j in range(n):
            if not taken[j] and more[j] > rise:
                add, drop, rise = j, -1, more[j]
            elif taken[j] and -alone[j] > rise:
                add, drop, rise = -1, j, -alone[j]
        if add < 0 and drop < 0:
            for i in range(n):
                if not taken[i]:
                    continue
                extra[:] = 0.0
                for at in range(ptr[i], ptr[i + 1]):
                    r = rows[at]
                    if load[r] == 1:
                        for to in range(row_ptr[r], row_ptr[r + 1]):
                            extra[row_cols[to]] += gain[r]
                for j in range(n):
                    if not taken[j] and more[j] + extra[j] - alone[i] > rise:
                        add, drop, rise = j, i, more[j] + extra[j] - alone[i]
        if add < 0 and drop < 0:
            return taken, value
        value += rise
        for column, change in ((drop, -1), (add, 1)):
            if column < 0:
                continue
            taken[column] = change > 0
            alone[column] = -price[column]
            for at in range(ptr[column], ptr[column + 1]):
                r = rows[at]
                before = load[r]
                load[r] += change
                for to in range(row_ptr[r], row_ptr[r + 1]):
                    j = row_cols[to]
                    # Only columns of a row that gains or loses its first or second cover change.
                    if before == 0:
                        more[j] -= gain[r]
                    elif load[r] == 0:
                        more[j] += gain[r]
                    if taken[j] and j != column:
                        if before == 1 and change > 0:
                            alone[j] -= gain[r]
                        elif load[r] == 1 and change < 0:
                            alone[j] += gain[r]
                if change > 0 and load[r] == 1:
                    alone[column] += gain[r]
