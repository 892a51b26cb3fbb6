"""
Bounds by parting the candidates into regions and searching each region by itself.

All three questions are one: the most surplus, weight covered minus price paid. The price of a
column is its cost times what one more unit of cost is worth in people; where everything is to be
covered it is the cost itself. Every row has to need one column only.
"""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import eigsh

from walkcover._deadline import Deadline, stoppable

if TYPE_CHECKING:
    from walkcover._model import Model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

# Most columns of a region: fewer are searched to the end sooner, more share fewer rows. Covers of
# all rows are searched by SCIP, which bears more of them.
REGION_COLUMNS, COVER_COLUMNS = 320, 520
# Nodes of SCIP for one region at most, the pairs that a node counts for, and what its bound may be
# off by, in negligible parts.
SOLVER_NODES, SOLVER_NODE_WORK, ROUNDING = 2_000, 20_000_000, 0.1
# Work in pairs looked at, all regions together; some three minutes on two cores.
WORK = 60_000_000_000
# Work on one region before the multipliers are moved.
REGION_WORK = 2_000_000_000
# Times the regions are searched at most, and the share of the last move of the multipliers that
# is kept in the next one.
PASSES, PASS_MOMENTUM = 20, 0.5
# Pairs that one step of the subgradient, and one new node, cost besides those they look at.
STEP_WORK, NODE_WORK = 10_000, 200_000
# A region is closed when no more than this share of the mean price of a column is left open.
NEGLIGIBLE = 1e-4
# Directions in which a part is tried to be cut, share of its columns by which a cut may be off
# the middle, and the size up to which eigenvectors are computed densely.
DIRECTIONS, SLACK, DENSE = 8, 0.05, 60
# Fewer columns than these are never parted.
FEWEST_COLUMNS = 3
# Steps of the subgradient at a root and at a node, and kicks of the local search at a root.
ROOT_STEPS, NODE_STEPS, KICKS = 400, 40, 40
# The step halves after this many steps without a better bound; the last direction keeps its share.
PATIENCE, MOMENTUM = 8, 0.9
LAST_STEP = 1e-3
# Every so many nodes, what the subgradient favours is made an answer by local search.
SEARCH_EVERY = 10


def people_bound(
    model: Model,
    multipliers: Floats,
    *,
    budget: float,
    enough: float,
    deadline: Deadline,
    seed: int,
    workers: int = 2,
    work: float = WORK,
) -> float:
    """
    Bound the people that columns within a budget can cover, from above.

    Parameters
    ----------
    multipliers
        One for each row, between 0 and its weight; the better, the tighter the bound.
    enough
        The search ends once the bound is no higher.
    work
        Pairs to look at in all; what ends the search where the deadline does not.

    Returns
    -------
    bound
        People; valid whenever the search ends.
    """
    rate = _marginal_rate(model, multipliers, cost=budget)
    if rate == 0.0:
        return float(model.weight.sum())
    surplus = _surplus(
        model,
        model.weight,
        rate * model.cost,
        multipliers,
        enough=enough - rate * budget,
        deadline=deadline,
        seed=seed,
        workers=workers,
        work=work,
    )
    return rate * budget + surplus


def cost_bound(
    model: Model,
    multipliers: Floats,
    *,
    need: float,
    enough: float,
    deadline: Deadline,
    seed: int,
    workers: int = 2,
    work: float = WORK,
) -> float:
    """
    Bound the cost of covering `need` people from below.

    Parameters are those of `people_bound`; the search ends once the bound is no lower than
    `enough`.

    Returns
    -------
    bound
        Cost; valid whenever the search ends.
    """
    rate = _marginal_rate(model, multipliers, need=need)
    if rate == 0.0:
        return 0.0
    surplus = _surplus(
        model,
        model.weight,
        rate * model.cost,
        multipliers,
        enough=need - rate * enough,
        deadline=deadline,
        seed=seed,
        workers=workers,
        work=work,
    )
    return max(0.0, (need - surplus) / rate)


def cover_bound(
    model: Model,
    multipliers: Floats,
    *,
    enough: float,
    deadline: Deadline,
    seed: int,
    workers: int = 2,
    work: float = WORK,
) -> float:
    """
    Bound the cost of covering every row from below.

    A row left out may as well be covered by its cheapest column: where a row is worth that cost,
    the most surplus is reached by a cover.

    Parameters are those of `people_bound`; the search ends once the bound is no lower than
    `enough`.

    Returns
    -------
    bound
        Cost; valid whenever the search ends.
    """
    if model.cost.size == 0:
        return 0.0
    worth = np.minimum.reduceat(model.cost[model.row_cols], model.row_ptr[:-1])
    surplus = _surplus(
        model,
        worth,
        model.cost,
        multipliers,
        enough=float(worth.sum()) - enough,
        deadline=deadline,
        seed=seed,
        workers=workers,
        work=work,
        is_cover=True,
    )
    return float(worth.sum()) - surplus


def _marginal_rate(
    model: Model, multipliers: Floats, *, cost: float = np.inf, need: float | None = None
) -> float:
    """Worth per cost of the last column that the cost allows or the need calls for."""
    if model.cost.size == 0:
        return 0.0
    multipliers = np.clip(multipliers, 0.0, model.weight)
    worth = _by_column(model) @ multipliers
    rate = worth / model.cost
    order = np.argsort(-rate, kind="stable")
    if need is None:
        last = int(np.searchsorted(np.cumsum(model.cost[order]), cost))
    else:
        need -= float((model.weight - multipliers).sum())
        if need <= 0.0:
            return 0.0
        last = min(int(np.searchsorted(np.cumsum(worth[order]), need)), order.size - 1)
    return float(rate[order[last]]) if last < order.size else 0.0


def _by_column(model: Model) -> sparse.csr_matrix:
    shape = (model.cost.size, model.weight.size)
    return sparse.csr_matrix((np.ones(model.col_rows.size), model.col_rows, model.col_ptr), shape)


def _surplus(
    model: Model,
    weight: Floats,
    price: Floats,
    multipliers: Floats,
    *,
    enough: float,
    deadline: Deadline,
    seed: int,
    workers: int,
    work: float,
    is_cover: bool = False,
) -> float:
    """
    Bound the weight covered minus the price paid, from above, whatever columns are chosen.

    A row whose columns lie in several regions is worth its multiplier in each of them, and what
    its weight is above the multiplier is granted. Every region is a problem of the same kind, and
    the sum of their bounds is one of the whole. Multipliers of rows that the regions together
    cover too often are then lowered, of those they leave out raised, and all is searched again.
    """
    multipliers = np.clip(multipliers, 0.0, weight)
    matrix = _by_column(model)
    most = COVER_COLUMNS if is_cover else REGION_COLUMNS
    regions = _parted(model, matrix, multipliers, most)
    shared = _is_shared(model, regions)
    negligible = NEGLIGIBLE * float(price.mean())
    chosen = [np.zeros(0, dtype=np.int64) for _ in regions]
    # Trees close regions with people faster than SCIP does, and hardly move covers of all rows.
    search = _solved if is_cover else _searched
    direction, best, hope = np.zeros(weight.size), np.inf, 0.0
    with ThreadPoolExecutor(workers) as pool:
        for turn in range(PASSES):
            gain = np.where(shared, multipliers, weight)
            one_search = partial(
                search,
                negligible=negligible,
                seed=seed,
                work=work / len(regions),
                deadline=deadline,
            )
            parts = [_region(matrix, part, gain, multipliers, price) for part in regions]
            found = list(pool.map(one_search, parts, chosen))
            granted = float((weight - multipliers)[shared].sum())
            bound = granted + sum(one.bound for one in found)
            work -= sum(one.work for one in found)
            if turn == 0:
                hope = 0.5 * sum(one.first - one.bound for one in found)
            elif bound >= best:
                hope /= 2.0
            best = min(best, bound)
            # Moving the multipliers was tried for covers and gave nothing.
            is_last = turn == PASSES - 1 or len(regions) == 1 or is_cover
            is_last |= work < sum(one.work for one in found)
            if is_last or best <= enough or hope <= negligible or deadline.passed():
                break
            chosen = [one.chosen for one in found]
            slope = np.where(shared, _covering_regions(matrix, regions, chosen) - 1.0, 0.0)
            slope[(multipliers >= weight) & (slope < 0)] = 0.0
            direction = slope + PASS_MOMENTUM * direction
            size = max(float(direction @ direction), 1.0)
            multipliers = np.clip(multipliers - hope / size * direction, 0.0, weight)
    return best


@dataclass(frozen=True)
class _Found:
    """
    What the search of a region gives back.

    `first` is the bound of the surplus before any search, `bound` the one after it, both from
    above; `chosen` the columns of the best answer, `work` the pairs looked at.
    """

    first: float
    bound: float
    chosen: Ints
    work: float


def _searched(
    region: _Region,
    start: Ints,
    *,
    negligible: float,
    seed: int,
    work: float,
    deadline: Deadline,
) -> _Found:
    """Search a region by branching on columns, with multipliers at every node."""
    tree = _planted(region, start, negligible, seed, deadline)
    _grow(tree, min(work, REGION_WORK), deadline)
    return _Found(tree.first, tree.bound, tree.chosen, tree.work)


def _solved(
    region: _Region,
    start: Ints,
    *,
    negligible: float,
    seed: int,
    work: float,
    deadline: Deadline,
) -> _Found:
    """
    Search a region by SCIP.

    A row that gains no less than its cheapest column costs is covered by some best answer, and has
    to be; the others may be left out.
    """
    import pyscipopt

    first = _relaxed(region, target=0.0, steps=1).value
    if deadline.passed():
        return _Found(first, first, start, 0.0)
    by_row = region.matrix.tocsc()
    cheapest = np.minimum.reduceat(region.price[by_row.indices], by_row.indptr[:-1])
    is_due = region.gain >= cheapest
    solver = pyscipopt.Model()
    solver.hideOutput()
    solver.setParam("randomization/randomseedshift", seed % 2**31)
    nodes = min(SOLVER_NODES, int(work / SOLVER_NODE_WORK))
    solver.setParam("limits/totalnodes", max(1, nodes))
    solver.setParam("limits/absgap", negligible)
    columns = [solver.addVar(vtype="B", obj=float(price)) for price in region.price]
    for row, due in enumerate(is_due):
        inside = by_row.indices[by_row.indptr[row] : by_row.indptr[row + 1]]
        total = pyscipopt.quicksum(columns[column] for column in inside)
        gained = 1.0 if due else solver.addVar(ub=1.0, obj=-float(region.gain[row]))
        solver.addCons(total >= gained)
    stoppable(solver.optimizeNogil, solver.interruptSolve, deadline)
    bound = float(region.gain[is_due].sum()) - solver.getDualbound() + ROUNDING * negligible
    if solver.getNSols():
        answer = solver.getBestSol()
        start = np.flatnonzero([solver.getSolVal(answer, column) > 0.5 for column in columns])
    used = float(solver.getNTotalNodes() * SOLVER_NODE_WORK)
    return _Found(first, min(first, bound), start, used)


def _covering_regions(matrix: sparse.csr_matrix, regions: list[Ints], chosen: list[Ints]) -> Floats:
    """Count, for each row, the regions whose chosen columns reach it."""
    count = np.zeros(matrix.shape[1])
    for columns, places in zip(regions, chosen, strict=True):
        count[np.unique(matrix[columns[places]].indices)] += 1.0
    return count


def _parted(model: Model, matrix: sparse.csr_matrix, multipliers: Floats, most: int) -> list[Ints]:
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


def _is_shared(model: Model, regions: list[Ints]) -> Flags:
    number = np.empty(model.cost.size, dtype=np.int64)
    for index, columns in enumerate(regions):
        number[columns] = index
    numbers, starts = number[model.row_cols], model.row_ptr[:-1]
    shared: Flags = np.minimum.reduceat(numbers, starts) != np.maximum.reduceat(numbers, starts)
    return shared


@dataclass(frozen=True)
class _Region:
    """
    Columns to choose from, and rows merged by equal covering sets.

    Parameters
    ----------
    matrix
        The relation, columns first.
    names
        Number of each column in the region as it was before any decision.
    keys
        Two random keys of each column, shape (2, n); their sums tell covering sets apart.
    price, gain, multipliers
        Price of each column; gain of each row; its multiplier, between 0 and the gain.
    """

    matrix: sparse.csr_matrix
    names: Ints
    keys: npt.NDArray[np.uint64]
    price: Floats
    gain: Floats
    multipliers: Floats

    def rows_of(self, columns: Ints) -> Entries:
        """Rows of some columns, a row as often as columns reach it."""
        start, entries = self.matrix.indptr, self.matrix.indices
        parts = [entries[start[j] : start[j + 1]] for j in columns]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)

    def reached(self, columns: Ints) -> Flags:
        """Flag the rows that some columns reach."""
        flags = np.zeros(self.gain.size, dtype=bool)
        flags[self.rows_of(columns)] = True
        return flags


def _region(
    matrix: sparse.csr_matrix, columns: Ints, gain: Floats, multipliers: Floats, price: Floats
) -> _Region:
    part = matrix[columns]
    keys = np.random.default_rng(20220520).integers(
        1, 2**63, size=(2, columns.size), dtype=np.uint64
    )
    names = np.arange(columns.size)
    whole = _Region(part, names, keys, price[columns], gain, np.minimum(multipliers, gain))
    return _narrowed(whole, np.ones(columns.size, dtype=bool), gain <= 0.0)


def _narrowed(region: _Region, keep: Flags, is_settled: Flags) -> _Region:
    """
    Keep some columns and the rows that are not settled; merge rows with equal covering sets.

    The order of rows depends on the columns and rows kept, not on the steps that led there.
    """
    part, keys = region.matrix[keep], region.keys[:, keep]
    columns = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
    sums = np.zeros((2, region.gain.size), dtype=np.uint64)
    np.add.at(sums[0], part.indices, keys[0, columns])
    np.add.at(sums[1], part.indices, keys[1, columns])
    rows = np.flatnonzero((sums[0] > 0) & ~is_settled)
    _, first, group = np.unique(sums[0, rows], return_index=True, return_inverse=True)
    if (sums[1, rows] != sums[1, rows[first]][group]).any():
        first = group = np.arange(rows.size)
    place = np.full(region.gain.size, -1, dtype=np.int32)
    place[rows[first]] = np.arange(first.size)
    entries = place[part.indices]
    kept = entries >= 0
    start = np.append(0, np.cumsum(np.bincount(columns[kept], minlength=part.shape[0])))
    matrix = sparse.csr_matrix(
        (np.ones(start[-1]), entries[kept], start), (part.shape[0], first.size)
    )
    gain: Floats = np.bincount(group, region.gain[rows], minlength=first.size).astype(np.float64)
    multipliers = np.bincount(group, region.multipliers[rows], minlength=first.size)
    return _Region(
        matrix, region.names[keep], keys, region.price[keep], gain, np.minimum(multipliers, gain)
    )


@dataclass(frozen=True)
class _Relaxed:
    """
    A region whose rows pay multipliers.

    Parameters
    ----------
    value
        Bound of its surplus from above.
    multipliers
        The best found.
    profit
        Of each column: multipliers of its rows minus its price.
    favour
        How often the last steps took each column, between 0 and 1.
    steps
        Steps done.
    """

    value: float
    multipliers: Floats
    profit: Floats
    favour: Floats
    steps: int


def _relaxed(region: _Region, *, target: float, steps: int) -> _Relaxed:
    """
    Push the bound of a region towards a target by a subgradient with momentum.

    References
    ----------
    Barahona & Anbil (2000), The volume algorithm.
    """
    gain, multipliers = region.gain, region.multipliers
    total = float(gain.sum())
    best, best_multipliers, best_profit = np.inf, multipliers, region.price
    direction, favour = np.zeros(gain.size), np.zeros(region.price.size)
    length, idle, seen, step = 1.0, 0, 0.0, 0
    for step in range(1, steps + 1):
        profit = region.matrix @ multipliers - region.price
        taken = np.flatnonzero(profit > 0.0)
        value = total - float(multipliers.sum()) + float(profit[taken].sum())
        favour *= MOMENTUM
        favour[taken] += 1.0 - MOMENTUM
        seen = MOMENTUM * seen + 1.0 - MOMENTUM
        idle += 1
        if value < best - 1e-7 * abs(best) or step == 1:
            best, best_multipliers, best_profit, idle = value, multipliers, profit, 0
        if idle > PATIENCE:
            length, idle, multipliers = length / 2.0, 0, best_multipliers
        if best <= target or length < LAST_STEP:
            break
        slope = np.bincount(region.rows_of(taken), minlength=gain.size) - 1.0
        slope[((multipliers >= gain) & (slope < 0)) | ((multipliers <= 0) & (slope > 0))] = 0.0
        direction = slope + MOMENTUM * direction
        size = float(direction @ direction)
        if size == 0.0:
            break
        move = length * (value - target) / size
        multipliers = np.clip(multipliers - move * direction, 0.0, gain)
    return _Relaxed(best, best_multipliers, best_profit, favour / max(seen, 1e-300), step)


def _climbed(region: _Region, chosen: Ints) -> tuple[Ints, float]:
    """Add, drop and swap columns as long as the surplus rises; return columns and surplus."""
    matrix, gain, price = region.matrix, region.gain, region.price
    taken = np.zeros(price.size, dtype=bool)
    taken[chosen] = True
    load = np.bincount(region.rows_of(np.flatnonzero(taken)), minlength=gain.size)
    least = 1e-9 * float(price.max(initial=0.0))

    def flip(column: int) -> None:
        load[region.rows_of(np.array([column]))] += -1 if taken[column] else 1
        taken[column] = not taken[column]

    def best_addition(free: Flags) -> tuple[float, int]:
        profit = np.where(taken, -np.inf, matrix @ (gain * free) - price)
        column = int(np.argmax(profit))
        return float(profit[column]), column

    while price.size:
        rise, column = best_addition(load == 0)
        if rise > least:
            flip(column)
            continue
        alone = matrix @ (gain * (load == 1)) - price
        out = np.flatnonzero(taken)
        useless = out[alone[out] < -least]
        if useless.size:
            flip(int(useless[np.argmin(alone[useless])]))
            continue
        swaps = [(*best_addition(_free_without(region, load, int(j))), int(j)) for j in out]
        rises = [rise - alone[j] for rise, _, j in swaps]
        if not rises or max(rises) <= least:
            break
        _, column, dropped = swaps[int(np.argmax(rises))]
        flip(dropped)
        flip(column)
    return np.flatnonzero(taken), float(gain[load > 0].sum() - price[taken].sum())


def _free_without(region: _Region, load: Ints, column: int) -> Flags:
    free: Flags = load == 0
    rows = region.rows_of(np.array([column]))
    free[rows] = load[rows] == 1
    return free


def _kicked(region: _Region, chosen: Ints, seed: int, deadline: Deadline) -> tuple[Ints, float]:
    """Improve an answer by climbing again after columns near one another were swapped for one."""
    generator = np.random.default_rng(seed)
    chosen, value = _climbed(region, chosen)
    for _ in range(KICKS):
        if chosen.size < 2 or deadline.passed():
            break
        near = region.reached(generator.choice(chosen, 1)).astype(np.float64)
        kept = np.argsort(-(region.matrix[chosen] @ near), kind="stable")
        kept = kept[int(generator.integers(2, 5)) :]
        added = generator.choice(np.flatnonzero(region.matrix @ near > 0), 1)
        trial, trial_value = _climbed(region, np.append(chosen[kept], added))
        if trial_value >= value:
            chosen, value = trial, trial_value
    return chosen, value


@dataclass(order=True, frozen=True)
class _Node:
    """
    Some columns taken, some left out, the others (`names`) open.

    `settled` is the surplus of the columns taken, `branch` the place of the next column to decide.
    Nodes are ordered by their bound, the highest first.
    """

    minus_bound: float
    number: int
    taken: Ints
    settled: float
    names: Ints
    multipliers: npt.NDArray[np.float32]
    branch: int


@dataclass
class _Tree:
    """
    The search of a region: the best answer so far, and the nodes that may hold a better one.

    `first` is the bound before any search.
    """

    region: _Region
    best: float
    chosen: Ints
    negligible: float
    heap: list[_Node]
    first: float
    nodes: int = 0
    work: float = 0.0

    @property
    def bound(self) -> float:
        """Bound of the surplus of the region from above."""
        proved = self.best + self.negligible
        return max(proved, -self.heap[0].minus_bound) if self.heap else proved

    def offer(self, value: float, chosen: Ints) -> None:
        """Keep an answer if it is the best."""
        if value > self.best:
            self.best, self.chosen = value, chosen


def _planted(
    region: _Region, start: Ints, negligible: float, seed: int, deadline: Deadline
) -> _Tree:
    """Begin the search of a region with a good answer and a good relaxation."""
    chosen, best = _kicked(region, start, seed, deadline)
    relaxed = _relaxed(region, target=best, steps=1 if deadline.passed() else ROOT_STEPS)
    tree = _Tree(region, best, chosen, negligible, [], relaxed.value)
    chosen, value = _kicked(region, np.flatnonzero(relaxed.favour > 0.5), seed, deadline)
    tree.offer(value, chosen)
    _keep_open(tree, region, relaxed, relaxed.value, np.zeros(0, dtype=np.int64), 0.0)
    return tree


def _grow(tree: _Tree, work: float, deadline: Deadline) -> None:
    """Branch on the open node with the highest bound, again and again, up to a limit of work."""
    limit, root = tree.work + work, tree.region
    while tree.heap and tree.work < limit and not deadline.passed():
        node = heapq.heappop(tree.heap)
        if -node.minus_bound <= tree.best + tree.negligible:
            tree.heap.clear()
            break
        is_open = np.zeros(root.price.size, dtype=bool)
        is_open[node.names] = True
        region = _narrowed(root, is_open, root.reached(node.taken))
        multipliers = np.minimum(node.multipliers.astype(np.float64), region.gain)
        region = replace(region, multipliers=multipliers)
        for take in (True, False):
            _branch(tree, node, region, take=take)


def _branch(tree: _Tree, node: _Node, region: _Region, *, take: bool) -> None:
    """Decide one column of a node, bound what is left, and keep it if it may hold a better one."""
    keep = np.ones(region.names.size, dtype=bool)
    keep[node.branch] = False
    is_settled = np.zeros(region.gain.size, dtype=bool)
    taken, settled = node.taken, node.settled
    if take:
        is_settled = region.reached(np.array([node.branch]))
        settled += float(region.gain[is_settled].sum() - region.price[node.branch])
        taken = np.append(taken, region.names[node.branch])
    rest = _narrowed(region, keep, is_settled)
    relaxed = _relaxed(rest, target=tree.best - settled, steps=NODE_STEPS)
    tree.work += NODE_WORK + relaxed.steps * (STEP_WORK + rest.matrix.nnz)
    bound = min(-node.minus_bound, relaxed.value + settled)
    if bound <= tree.best + tree.negligible:
        return
    if tree.nodes % SEARCH_EVERY == 0:
        chosen, value = _climbed(rest, np.flatnonzero(relaxed.favour > 0.5))
        tree.offer(settled + value, np.append(taken, rest.names[chosen]))
    _keep_open(tree, rest, relaxed, bound, taken, settled)


def _keep_open(
    tree: _Tree, region: _Region, relaxed: _Relaxed, bound: float, taken: Ints, settled: float
) -> None:
    """Decide the columns that every better answer decides alike; put the rest on the heap."""
    slack = settled + relaxed.value - tree.best
    if min(bound, settled + relaxed.value) <= tree.best + tree.negligible:
        return
    profit = relaxed.profit
    is_in, is_out = profit > slack, -profit > slack
    keep = ~(is_in | is_out)
    region = replace(region, multipliers=relaxed.multipliers)
    if is_in.any() or is_out.any() or not keep.any():
        taken = np.append(taken, region.names[is_in])
        is_settled = region.reached(np.flatnonzero(is_in))
        settled += float(region.gain[is_settled].sum() - region.price[is_in].sum())
        region = _narrowed(region, keep, is_settled)
    if region.names.size == 0:
        tree.offer(settled, taken)
        return
    doubt = np.minimum(relaxed.favour[keep], 0.5) - 0.3 * np.abs(profit[keep]) / np.mean(
        region.price
    )
    tree.nodes += 1
    node = _Node(
        -bound,
        tree.nodes,
        taken,
        settled,
        region.names,
        region.multipliers.astype(np.float32),
        int(np.argmax(doubt)),
    )
    heapq.heappush(tree.heap, node)
