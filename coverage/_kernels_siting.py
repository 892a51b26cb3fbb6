"""
Compiled inner loops of siting: turning pairs around, greedy, annealing, weighted set cover.

A bipartite relation is held twice, as CSR by candidate (`col_ptr`, `col_rows`) and by row
(`row_ptr`, `row_cols`). Pointers are int64, entries int32, weights and costs float64. Random
numbers come from a seed that every call sets anew, so that equal calls give equal answers.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

# Share of annealing moves that jump anywhere; the others stay among overlapping candidates.
JUMP_SHARE = 0.05


def _compiled(function: Any) -> Any:
    # Without the interpreter's lock, so that runs with different seeds share the processors.
    return numba.njit(cache=True, nogil=True)(function)


@_compiled
def first_repeat(indptr, residences, n_residences):
    """Find the first candidate that names a residence twice; -1 if none does."""
    seen = np.full(n_residences, -1, dtype=np.int64)
    for j in range(indptr.size - 1):
        for at in range(indptr[j], indptr[j + 1]):
            if seen[residences[at]] == j:
                return j
            seen[residences[at]] = j
    return -1


@_compiled
def transpose(ptr, entries, n_others):
    """Turn a CSR around by counting; entries of the result ascend within each row."""
    out_ptr = np.zeros(n_others + 1, dtype=np.int64)
    for at in range(entries.size):
        out_ptr[entries[at] + 1] += 1
    for i in range(n_others):
        out_ptr[i + 1] += out_ptr[i]
    free = out_ptr[:-1].copy()
    out = np.empty(entries.size, dtype=np.int32)
    for i in range(ptr.size - 1):
        for at in range(ptr[i], ptr[i + 1]):
            e = entries[at]
            out[free[e]] = i
            free[e] += 1
    return out_ptr, out


@_compiled
def fingerprints(row_ptr, row_cols, is_open, key_a, key_b):
    """Sum two keys of the open candidates of each row; also their least index and number."""
    n_rows = row_ptr.size - 1
    sum_a = np.zeros(n_rows, dtype=np.uint64)
    sum_b = np.zeros(n_rows, dtype=np.uint64)
    first = np.full(n_rows, is_open.size, dtype=np.int32)
    degree = np.zeros(n_rows, dtype=np.int32)
    for r in range(n_rows):
        for at in range(row_ptr[r], row_ptr[r + 1]):
            j = row_cols[at]
            if is_open[j]:
                sum_a[r] += key_a[j]
                sum_b[r] += key_b[j]
                first[r] = min(first[r], j)
                degree[r] += 1
    return sum_a, sum_b, first, degree


@_compiled
def compress(ptr, entries, kept, number_of):
    """Keep some lines of a CSR, and the entries whose `number_of` is not negative, renumbered."""
    out_ptr = np.zeros(kept.size + 1, dtype=np.int64)
    for i in range(kept.size):
        n = 0
        for at in range(ptr[kept[i]], ptr[kept[i] + 1]):
            if number_of[entries[at]] >= 0:
                n += 1
        out_ptr[i + 1] = out_ptr[i] + n
    out = np.empty(out_ptr[-1], dtype=np.int32)
    put = 0
    for i in range(kept.size):
        for at in range(ptr[kept[i]], ptr[kept[i] + 1]):
            number = number_of[entries[at]]
            if number >= 0:
                out[put] = number
                put += 1
    return out_ptr, out


@_compiled
def column_sums(col_ptr, col_rows, values):
    """Sum the values of the rows in each column."""
    out = np.zeros(col_ptr.size - 1, dtype=np.float64)
    for j in range(col_ptr.size - 1):
        total = 0.0
        for at in range(col_ptr[j], col_ptr[j + 1]):
            total += values[col_rows[at]]
        out[j] = total
    return out


@_compiled
def row_loads(col_ptr, col_rows, columns, amounts, n_rows):
    """Add up, for each row, the amounts of the given columns that reach it."""
    out = np.zeros(n_rows, dtype=np.float64)
    for i in range(columns.size):
        for at in range(col_ptr[columns[i]], col_ptr[columns[i] + 1]):
            out[col_rows[at]] += amounts[i]
    return out


@_compiled
def dominant_rows(col_ptr, col_rows, row_ptr, row_cols, work):
    """
    Flag the rows that must be kept when all rows are to be covered.

    A row whose candidates include all those of another row is covered with it. Rows are distinct.
    The search ends after `work` looked-at entries; what was not examined is kept.
    """
    n_rows = row_ptr.size - 1
    keep = np.ones(n_rows, dtype=np.bool_)
    marked = np.full(col_ptr.size - 1, -1, dtype=np.int64)
    for r in np.argsort(np.diff(row_ptr), kind="mergesort"):
        if not keep[r]:
            continue
        least = row_cols[row_ptr[r]]
        for at in range(row_ptr[r], row_ptr[r + 1]):
            j = row_cols[at]
            marked[j] = r
            if col_ptr[j + 1] - col_ptr[j] < col_ptr[least + 1] - col_ptr[least]:
                least = j
        size = row_ptr[r + 1] - row_ptr[r]
        for at in range(col_ptr[least], col_ptr[least + 1]):
            other = col_rows[at]
            if keep[other] and row_ptr[other + 1] - row_ptr[other] > size:
                hits = 0
                for i in range(row_ptr[other], row_ptr[other + 1]):
                    if marked[row_cols[i]] == r:
                        hits += 1
                work -= row_ptr[other + 1] - row_ptr[other]
                if hits == size:
                    keep[other] = False
        if work < 0:
            break
    return keep


@_compiled
def undominated_columns(col_ptr, col_rows, row_ptr, row_cols, cost, work):
    """
    Flag the columns that no other one makes needless: all its rows, for no more cost.

    Of equal columns the cheapest, then the first, is kept. The search ends after `work` looked-at
    entries; what was not examined is kept.
    """
    n = col_ptr.size - 1
    keep = np.ones(n, dtype=np.bool_)
    rivals = np.empty(n, dtype=np.int64)
    marked = np.full(n, -1, dtype=np.int64)
    stamp = 0
    for j in range(n):
        size = col_ptr[j + 1] - col_ptr[j]
        if size == 0 or work < 0:
            continue
        rare = col_rows[col_ptr[j]]
        for at in range(col_ptr[j], col_ptr[j + 1]):
            r = col_rows[at]
            if row_ptr[r + 1] - row_ptr[r] < row_ptr[rare + 1] - row_ptr[rare]:
                rare = r
        n_rivals = 0
        for i in range(row_ptr[rare], row_ptr[rare + 1]):
            k = row_cols[i]
            wider = col_ptr[k + 1] - col_ptr[k] - size
            first = wider > 0 or cost[k] < cost[j] or k < j
            if k != j and keep[k] and wider >= 0 and cost[k] <= cost[j] and first:
                rivals[n_rivals] = k
                n_rivals += 1
        for at in range(col_ptr[j], col_ptr[j + 1]):
            if n_rivals == 0:
                break
            r = col_rows[at]
            stamp += 1
            for i in range(row_ptr[r], row_ptr[r + 1]):
                marked[row_cols[i]] = stamp
            work -= row_ptr[r + 1] - row_ptr[r]
            left = 0
            for i in range(n_rivals):
                if marked[rivals[i]] == stamp:
                    rivals[left] = rivals[i]
                    left += 1
            n_rivals = left
        keep[j] = n_rivals == 0
    return keep


@_compiled
def greedy(col_ptr, col_rows, row_ptr, row_cols, weight, times, cost, chosen, budget, need):
    """
    Add the candidate with the most new weight per cost until budget, need or gain is used up.

    A row that needs several columns gives each of them its part. Gains are kept exact: a row that
    becomes covered takes its weight from all its candidates, so that all updates together look at
    every pair once. Ties go to the smaller index. Changes `chosen`.
    """
    n = col_ptr.size - 1
    left = times.copy()
    part = weight / times
    for j in range(n):
        if chosen[j]:
            for at in range(col_ptr[j], col_ptr[j + 1]):
                left[col_rows[at]] -= 1
    gain = column_sums(col_ptr, col_rows, np.where(left > 0, part, 0.0))
    nothing = 1e-12 * max(1.0, weight.sum())
    while need > 0.0:
        best, best_rate = -1, 0.0
        for j in range(n):
            if not chosen[j] and cost[j] <= budget and gain[j] > nothing:
                rate = min(gain[j], need) / cost[j]
                if rate > best_rate:
                    best, best_rate = j, rate
        if best < 0:
            break
        chosen[best] = True
        budget -= cost[best]
        for at in range(col_ptr[best], col_ptr[best + 1]):
            r = col_rows[at]
            left[r] -= 1
            if left[r] == 0:
                need -= weight[r]
                for i in range(row_ptr[r], row_ptr[r + 1]):
                    gain[row_cols[i]] -= part[r]


@_compiled
def _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, j, by, count, gain, loss):
    """Add (`by` 1) or remove (-1) column `j`; keep what each column would gain or lose."""
    for at in range(col_ptr[j], col_ptr[j + 1]):
        r = col_rows[at]
        before = times[r] - count[r]
        count[r] += by
        after = before - by
        gain_change = (weight[r] if after == 1 else 0.0) - (weight[r] if before == 1 else 0.0)
        loss_change = (weight[r] if after == 0 else 0.0) - (weight[r] if before == 0 else 0.0)
        if gain_change != 0.0 or loss_change != 0.0:
            for i in range(row_ptr[r], row_ptr[r + 1]):
                gain[row_cols[i]] += gain_change
                loss[row_cols[i]] += loss_change


@_compiled
def _best_addition(cost, budget, chosen, gain, best):
    """Tell which column brings most within the budget: `best` itself, or a better one."""
    for k in range(gain.size):
        if not chosen[k] and cost[k] <= budget and (best < 0 or gain[k] > gain[best]):
            best = k
    return best


@_compiled
def interchange(
    col_ptr, col_rows, row_ptr, row_cols, weight, times, cost, budget, best, kicks, work, seed
):  # fmt: skip
    """
    Swap a chosen column for the best other one, as long as that covers more; change `best`.

    Columns are tried in the order of what they lose (Teitz & Bart 1968). Then, `kicks` times, a
    few columns are swapped at random and the search starts again; it goes back where it ends
    worse. It ends after `work` looked-at entries.
    """
    np.random.seed(seed)
    n = col_ptr.size - 1
    chosen = np.zeros(n, dtype=np.bool_)
    count = np.zeros(row_ptr.size - 1, dtype=np.int32)
    gain, loss = np.zeros(n, dtype=np.float64), np.zeros(n, dtype=np.float64)
    for r in range(row_ptr.size - 1):
        if times[r] == 1:
            for i in range(row_ptr[r], row_ptr[r + 1]):
                gain[row_cols[i]] += weight[r]
    for j in np.flatnonzero(best):
        budget -= cost[j]
        chosen[j] = True
        _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, j, 1, count, gain, loss)
    least = 1e-9 * max(1.0, weight.sum())
    best_value = -np.inf
    for kick in range(kicks + 1):
        improved = True
        while improved and work > 0:
            improved = False
            while True:
                k = _best_addition(cost, budget, chosen, gain, -1)
                if k < 0 or gain[k] <= least:
                    break
                chosen[k] = True
                budget -= cost[k]
                _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, k, 1, count, gain, loss)
            held = np.flatnonzero(chosen)
            for j in held[np.argsort(loss[held], kind="mergesort")]:
                lost = loss[j]
                chosen[j] = False
                budget += cost[j]
                _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, j, -1, count, gain, loss)
                k = _best_addition(cost, budget, chosen, gain, j)
                if gain[k] <= lost + least:
                    k = j
                else:
                    improved = True
                chosen[k] = True
                budget -= cost[k]
                _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, k, 1, count, gain, loss)
                work -= n + 4 * (col_ptr[j + 1] - col_ptr[j])
                if work < 0:
                    break
        value = 0.0
        for r in range(count.size):
            if count[r] >= times[r]:
                value += weight[r]
        if value >= best_value:
            best_value = value
            best[:] = chosen
        else:
            for j in np.flatnonzero(chosen & ~best):
                chosen[j] = False
                budget += cost[j]
                _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, j, -1, count, gain, loss)
            for j in np.flatnonzero(best & ~chosen):
                chosen[j] = True
                budget -= cost[j]
                _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, j, 1, count, gain, loss)
        if kick == kicks or work < 0:
            break
        held = np.flatnonzero(chosen)
        for _ in range(2 + int(np.random.random() * 3)):
            j = held[int(np.random.random() * held.size)]
            k = int(np.random.random() * n)
            if chosen[j] and not chosen[k] and cost[k] <= budget + cost[j]:
                chosen[j], chosen[k] = False, True
                budget += cost[j] - cost[k]
                _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, j, -1, count, gain, loss)
                _turn(col_ptr, col_rows, row_ptr, row_cols, weight, times, k, 1, count, gain, loss)


@_compiled
def _toll(need, got, slack):
    """People short of all floors together, beyond the slack."""
    short = 0.0
    for f in range(need.size):
        short += max(0.0, need[f] - got[f])
    return max(0.0, short - slack)


@_compiled
def anneal(
    col_ptr, col_rows, row_ptr, row_cols, times, weight,
    floor_ptr, floor_ids, floor_people, need, slack, toll,
    cost, budget, enough, chosen, best, best_value, step, until, steps, hot, cold, seed,
):  # fmt: skip
    """
    Move chosen candidates to overlapping ones by simulated annealing; change `chosen` and `best`.

    The covered weight, less `toll` for each person short of the floors beyond the slack, is
    maximised within `budget`. `floor_ptr`, `floor_ids` and `floor_people` are the people that each
    floor counts in a row. Runs the steps from `step` to `until` of a schedule of `steps`; stops
    once `enough` is reached. Returns the value of `best`.
    """
    np.random.seed(seed)
    n = col_ptr.size - 1
    sites = np.flatnonzero(chosen)
    held = np.empty(n, dtype=np.int64)
    held[: sites.size] = sites
    n_held = sites.size
    count = np.zeros(row_ptr.size - 1, dtype=np.int32)
    for site in sites:
        budget -= cost[site]
        for at in range(col_ptr[site], col_ptr[site + 1]):
            count[col_rows[at]] += 1
    got = np.zeros(need.size, dtype=np.float64)
    value = 0.0
    for r in range(count.size):
        if count[r] >= times[r]:
            value += weight[r]
            for i in range(floor_ptr[r], floor_ptr[r + 1]):
                got[floor_ids[i]] += floor_people[i]
    before = _toll(need, got, slack)
    value -= toll * before
    while step < until and best_value < enough:
        heat = hot * (cold / hot) ** (step / steps)
        step += 1
        at_held = int(np.random.random() * n_held)
        j = held[at_held] if n_held else -1
        if j < 0 or np.random.random() < JUMP_SHARE:
            k = int(np.random.random() * n)
        else:
            span = col_ptr[j + 1] - col_ptr[j]
            r = col_rows[col_ptr[j] + int(np.random.random() * span)]
            span = row_ptr[r + 1] - row_ptr[r]
            k = row_cols[row_ptr[r] + int(np.random.random() * span)]
        if chosen[k]:
            continue
        adds = cost[k] <= budget
        if not adds and (j < 0 or cost[k] - cost[j] > budget):
            continue
        change = 0.0
        if not adds:
            for at in range(col_ptr[j], col_ptr[j + 1]):
                r = col_rows[at]
                if count[r] == times[r]:
                    change -= weight[r]
                    for i in range(floor_ptr[r], floor_ptr[r + 1]):
                        got[floor_ids[i]] -= floor_people[i]
                count[r] -= 1
        for at in range(col_ptr[k], col_ptr[k + 1]):
            r = col_rows[at]
            if count[r] == times[r] - 1:
                change += weight[r]
                for i in range(floor_ptr[r], floor_ptr[r + 1]):
                    got[floor_ids[i]] += floor_people[i]
        after = before
        if need.size:
            after = _toll(need, got, slack)
            change -= toll * (after - before)
        if change >= 0.0 or np.random.random() < np.exp(change / heat):
            for at in range(col_ptr[k], col_ptr[k + 1]):
                count[col_rows[at]] += 1
            chosen[k] = True
            budget -= cost[k]
            if adds:
                held[n_held] = k
                n_held += 1
            else:
                chosen[j] = False
                budget += cost[j]
                held[at_held] = k
            value += change
            before = after
            if value > best_value:
                best_value = value
                best[:] = chosen
        else:
            for at in range(col_ptr[k], col_ptr[k + 1] if need.size else col_ptr[k]):
                r = col_rows[at]
                if count[r] == times[r] - 1:
                    for i in range(floor_ptr[r], floor_ptr[r + 1]):
                        got[floor_ids[i]] -= floor_people[i]
            for at in range(col_ptr[j], col_ptr[j] if adds else col_ptr[j + 1]):
                r = col_rows[at]
                count[r] += 1
                if count[r] == times[r]:
                    for i in range(floor_ptr[r], floor_ptr[r + 1]):
                        got[floor_ids[i]] += floor_people[i]
    return best_value


@_compiled
def _flip(
    col_ptr, col_rows, row_ptr, row_cols, j, adding,
    count, holders, price, score, bare, at_bare, n_bare,
):  # fmt: skip
    """
    Add or remove column `j` of a cover and keep the scores; return the number of bare rows.

    `holders` sums the indices of the chosen columns of a row: of a row covered once it is that one.
    `bare` lists the uncovered rows, `at_bare` their places in it.
    """
    for at in range(col_ptr[j], col_ptr[j + 1]):
        r = col_rows[at]
        if adding:
            count[r] += 1
            if count[r] == 2:
                score[holders[r]] -= price[r]
            holders[r] += j
            if count[r] != 1:
                continue
            change = -price[r]
            n_bare -= 1
            bare[at_bare[r]] = bare[n_bare]
            at_bare[bare[n_bare]] = at_bare[r]
        else:
            count[r] -= 1
            holders[r] -= j
            if count[r] == 1:
                score[holders[r]] += price[r]
            if count[r] != 0:
                continue
            change = price[r]
            bare[n_bare] = r
            at_bare[r] = n_bare
            n_bare += 1
        for i in range(row_ptr[r], row_ptr[r + 1]):
            k = row_cols[i]
            if k != j:
                score[k] += change
    return n_bare


@_compiled
def weighted_cover(col_ptr, col_rows, row_ptr, row_cols, cost, best, price, enough, steps, seed):
    """
    Shrink the cheapest cover of all rows by local search with row weights (RWLS).

    Each step takes the least useful column out, covers an uncovered row again, and makes the rows
    that stay uncovered dearer (Gao et al. 2015). Ties go to the column that rested longest.
    Changes `best` and `price`, the weights to go on with; ends early once `best` costs `enough`.
    """
    np.random.seed(seed)
    n, n_rows = col_ptr.size - 1, row_ptr.size - 1
    chosen = best.copy()
    held = np.empty(n, dtype=np.int64)
    sites = np.flatnonzero(chosen)
    held[: sites.size] = sites
    n_held = sites.size
    count = np.zeros(n_rows, dtype=np.int32)
    holders = np.zeros(n_rows, dtype=np.int64)
    for j in sites:
        for at in range(col_ptr[j], col_ptr[j + 1]):
            count[col_rows[at]] += 1
            holders[col_rows[at]] += j
    score = np.zeros(n, dtype=np.float64)
    for r in range(n_rows):
        if count[r] == 1:
            score[holders[r]] += price[r]
    rested = np.full(n, -1, dtype=np.int64)
    bare = np.empty(n_rows, dtype=np.int64)
    at_bare = np.zeros(n_rows, dtype=np.int64)
    n_bare = 0
    spent = cost[chosen].sum()
    best_cost = spent
    last = -1
    for step in range(steps):
        while True:
            if n_bare == 0 and spent <= best_cost:
                best[:] = chosen
                best_cost = spent
                if best_cost <= enough:
                    return best_cost
            out_at, out_rate = -1, np.inf
            for at in range(n_held):
                j = held[at]
                rate = score[j] / cost[j]
                if j != last and (
                    rate < out_rate or (rate == out_rate and rested[j] < rested[held[out_at]])
                ):
                    out_at, out_rate = at, rate
            if out_at < 0:
                return best_cost
            out = held[out_at]
            n_held -= 1
            held[out_at] = held[n_held]
            chosen[out] = False
            spent -= cost[out]
            n_bare = _flip(
                col_ptr, col_rows, row_ptr, row_cols, out, False,
                count, holders, price, score, bare, at_bare, n_bare,
            )  # fmt: skip
            rested[out] = step
            if n_bare > 0:
                break
        while n_bare > 0:
            row = bare[int(np.random.random() * n_bare)]
            into, into_rate = -1, -1.0
            for i in range(row_ptr[row], row_ptr[row + 1]):
                k = row_cols[i]
                rate = score[k] / cost[k]
                if k != out and (
                    rate > into_rate or (rate == into_rate and rested[k] < rested[into])
                ):
                    into, into_rate = k, rate
            if into < 0 or spent + cost[into] >= best_cost:
                break
            chosen[into] = True
            held[n_held] = into
            n_held += 1
            spent += cost[into]
            n_bare = _flip(
                col_ptr, col_rows, row_ptr, row_cols, into, True,
                count, holders, price, score, bare, at_bare, n_bare,
            )  # fmt: skip
            rested[into] = step
            last = into
        for at in range(n_bare):
            r = bare[at]
            price[r] += 1.0
            for i in range(row_ptr[r], row_ptr[r + 1]):
                score[row_cols[i]] += 1.0
    return best_cost
