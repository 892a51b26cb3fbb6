"""
Compiled inner loops of the p-median: prices, greedy, and interchange of sites.

What a candidate saves a row against the walk it has without new sites is held twice: by row
(`row_ptr`, `row_cols`, `row_saves`, most saved first) and by candidate (`col_ptr`, `col_rows`,
`col_saves`). Pointers are int64, entries int32, savings and costs float64. Random numbers come from
a seed that every call sets anew, so that equal calls give equal answers.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

# Random swaps before a new descent: from FEWEST_KICKS up, KICK_SIZES different numbers in turn.
FEWEST_KICKS, KICK_SIZES = 2, 5


def _compiled(function: Any) -> Any:
    return numba.njit(cache=True)(function)


@_compiled
def worth(row_ptr, row_cols, row_saves, prices, n):
    """Sum what each candidate saves beyond the price of each row."""
    out = np.zeros(n, dtype=np.float64)
    for r in range(row_ptr.size - 1):
        for at in range(row_ptr[r], row_ptr[r + 1]):
            if row_saves[at] <= prices[r]:
                break
            out[row_cols[at]] += row_saves[at] - prices[r]
    return out


@_compiled
def takers(row_ptr, row_cols, row_saves, prices, part):
    """Count, for each row, the candidates (in parts) that save more than its price."""
    out = np.zeros(row_ptr.size - 1, dtype=np.float64)
    for r in range(row_ptr.size - 1):
        for at in range(row_ptr[r], row_ptr[r + 1]):
            if row_saves[at] <= prices[r]:
                break
            out[r] += part[row_cols[at]]
    return out


@_compiled
def best_two(row_ptr, row_cols, row_saves, chosen):
    """Find the best and second best chosen candidate of each row (-1: none) and their savings."""
    n_rows = row_ptr.size - 1
    site = np.full((2, n_rows), -1, dtype=np.int32)
    saved = np.zeros((2, n_rows), dtype=np.float64)
    for r in range(n_rows):
        found = 0
        for at in range(row_ptr[r], row_ptr[r + 1]):
            if chosen[row_cols[at]]:
                site[found, r] = row_cols[at]
                saved[found, r] = row_saves[at]
                found += 1
                if found == 2:
                    break
    return site, saved


@_compiled
def losses(site, saved, n):
    """Sum what each chosen candidate saves beyond the second best of its rows."""
    out = np.zeros(n, dtype=np.float64)
    for r in range(site.shape[1]):
        if site[0, r] >= 0:
            out[site[0, r]] += saved[0, r] - saved[1, r]
    return out


@_compiled
def greedy(row_ptr, row_cols, row_saves, col_ptr, col_rows, col_saves, cost, room):
    """
    Add the candidate that saves most per cost until the room or the savings are used up.

    Gains are kept exact: a row that is served better lowers the gains of its better candidates.
    Ties go to the smaller index.
    """
    n = cost.size
    chosen = np.zeros(n, dtype=np.bool_)
    served = np.zeros(row_ptr.size - 1, dtype=np.float64)
    gain = worth(row_ptr, row_cols, row_saves, served, n)
    nothing = 1e-12 * gain.sum()
    while True:
        best, best_rate = -1, 0.0
        for j in range(n):
            if not chosen[j] and cost[j] <= room and gain[j] > nothing:
                rate = gain[j] / cost[j]
                if rate > best_rate:
                    best, best_rate = j, rate
        if best < 0:
            return chosen
        chosen[best] = True
        room -= cost[best]
        for at in range(col_ptr[best], col_ptr[best + 1]):
            r = col_rows[at]
            if col_saves[at] > served[r]:
                for i in range(row_ptr[r], row_ptr[r + 1]):
                    if row_saves[i] <= served[r]:
                        break
                    gain[row_cols[i]] -= min(row_saves[i], col_saves[at]) - served[r]
                served[r] = col_saves[at]


@_compiled
def _add(col_ptr, col_rows, col_saves, j, site, saved, loss):
    """Add a candidate to the best two of its rows."""
    for at in range(col_ptr[j], col_ptr[j + 1]):
        r, s = col_rows[at], col_saves[at]
        if s > saved[0, r]:
            if site[0, r] >= 0:
                loss[site[0, r]] -= saved[0, r] - saved[1, r]
            loss[j] += s - saved[0, r]
            site[1, r], saved[1, r] = site[0, r], saved[0, r]
            site[0, r], saved[0, r] = j, s
        elif s > saved[1, r]:
            loss[site[0, r]] -= s - saved[1, r]
            site[1, r], saved[1, r] = j, s


@_compiled
def _remove(row_ptr, row_cols, row_saves, col_ptr, col_rows, chosen, j, site, saved, loss):
    """Take a candidate, no longer among `chosen`, out of the best two of its rows."""
    for at in range(col_ptr[j], col_ptr[j + 1]):
        r = col_rows[at]
        if site[0, r] == j:
            site[0, r], saved[0, r] = site[1, r], saved[1, r]
        elif site[1, r] == j:
            loss[site[0, r]] -= saved[0, r] - saved[1, r]
        else:
            continue
        site[1, r], saved[1, r] = -1, 0.0
        for i in range(row_ptr[r], row_ptr[r + 1]):
            if chosen[row_cols[i]] and row_cols[i] != site[0, r]:
                site[1, r], saved[1, r] = row_cols[i], row_saves[i]
                break
        if site[0, r] >= 0:
            loss[site[0, r]] += saved[0, r] - saved[1, r]
    loss[j] = 0.0


@_compiled
def interchange(
    row_ptr, row_cols, row_saves, col_ptr, col_rows, col_saves,
    cost, room, best, turn, until, seed,
):  # fmt: skip
    """
    Swap sites until no swap saves more; then again from randomly changed sites.

    Each candidate in turn takes the place of the site whose loss it makes up for best (fast
    interchange), or joins the sites where the room allows it. `best` is changed where more is
    saved; what it saves is returned. Runs the descents from `turn` to `until`; only the one of
    turn 0 starts from `best` as it is.

    References
    ----------
    Whitaker (1983), A fast algorithm for the greedy interchange for large-scale clustering and
    median location problems. Resende & Werneck (2007), A fast swap-based local search procedure for
    location problems.
    """
    np.random.seed(seed)
    n = cost.size
    best_saved = best_two(row_ptr, row_cols, row_saves, best)[1][0].sum()
    made_up = np.zeros(n, dtype=np.float64)
    sites = np.empty(n, dtype=np.int64)
    while turn < until:
        chosen = best.copy()
        left, n_sites = room, 0
        for j in range(n):
            if chosen[j]:
                sites[n_sites] = j
                n_sites += 1
                left -= cost[j]
        kicks = FEWEST_KICKS + turn % KICK_SIZES if turn > 0 and n_sites > 0 else 0
        for _ in range(kicks):
            at, j = np.random.randint(n_sites), np.random.randint(n)
            k = sites[at]
            if not chosen[j] and cost[j] - cost[k] <= left:
                chosen[k], chosen[j] = False, True
                left += cost[k] - cost[j]
                sites[at] = j
        turn += 1
        site, saved = best_two(row_ptr, row_cols, row_saves, chosen)
        loss = losses(site, saved, n)
        # Smaller gains may be rounding errors of sums kept up to date, and would never end.
        nothing = 1e-10 * saved[0].sum()
        j, idle = np.random.randint(n), 0
        while idle < n:
            j = j + 1 if j + 1 < n else 0
            idle += 1
            if chosen[j]:
                continue
            gain = 0.0
            for at in range(col_ptr[j], col_ptr[j + 1]):
                r, s = col_rows[at], col_saves[at]
                if s > saved[0, r]:
                    gain += s - saved[0, r]
                    if site[0, r] >= 0:
                        made_up[site[0, r]] += saved[0, r] - saved[1, r]
                elif s > saved[1, r]:
                    made_up[site[0, r]] += s - saved[1, r]
            out_at, out_loss = -1, 0.0 if cost[j] <= left else np.inf
            for at in range(n_sites):
                k = sites[at]
                if out_loss > 0.0 and loss[k] - made_up[k] < out_loss and cost[j] - cost[k] <= left:
                    out_at, out_loss = at, loss[k] - made_up[k]
                made_up[k] = 0.0
            if gain - out_loss <= nothing:
                continue
            idle = 0
            chosen[j] = True
            left -= cost[j]
            _add(col_ptr, col_rows, col_saves, j, site, saved, loss)
            if out_at < 0:
                sites[n_sites] = j
                n_sites += 1
            else:
                k = sites[out_at]
                sites[out_at] = j
                chosen[k] = False
                left += cost[k]
                _remove(
                    row_ptr, row_cols, row_saves, col_ptr, col_rows, chosen, k, site, saved, loss
                )
        value = saved[0].sum()
        if value > best_saved:
            best_saved = value
            best[:] = chosen
    return best_saved
