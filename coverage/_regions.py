"""
Bounds by parting the candidates into regions and searching each region by itself.

All three questions are one: the most surplus, weight covered minus price paid. The price of a
column is its cost times what one more unit of cost is worth in people; where everything is to be
covered it is the cost itself. Every row has to need one column only.
"""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import eigsh

from walkcover import _kernels_regions as kernels
from walkcover._deadline import Deadline, stoppable

if TYPE_CHECKING:
    from walkcover._model import Model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
State = npt.NDArray[np.int8]
Effort = tuple[int, float, int]

DECISIONS = (kernels.TAKEN, kernels.OUT)

# Most columns of a region: fewer are searched to the end sooner, more share fewer rows. Where more
# than a few regions share the work, none is searched for long. Covers of all rows are searched by
# SCIP.
REGION_COLUMNS, MANY_COLUMNS, FEW_REGIONS, COVER_COLUMNS = 510, 400, 8, 560
# Nodes of SCIP for one region at most, the pairs that a node counts for, and what its bound may be
# off by, in negligible parts.
SOLVER_NODES, SOLVER_NODE_WORK, ROUNDING = 20_000, 4_000_000, 0.1
# Work in pairs looked at, all regions together (some four minutes on one core), and the share of
# what is left of it that is spent before the multipliers are moved.
WORK, PASS_SHARE = 200_000_000_000, 0.75
# Rounds in which that is spent; in each, what closed regions left over goes to the open ones.
ROUNDS = 4
# Times the regions are searched at most, and the share of the last move of the multipliers that
# is kept in the next one.
PASSES, PASS_MOMENTUM = 20, 0.5
# Pairs that one bounded state costs besides those it looks at.
NODE_WORK = 50_000
# A region is closed when no more than this share of the mean price of a column is left open.
NEGLIGIBLE = 1e-4
# Directions in which a part is tried to be cut, share of its columns by which a cut may be off
# the middle, and the size up to which eigenvectors are computed densely.
DIRECTIONS, SLACK, DENSE = 8, 0.05, 60
# Fewer columns than these are never parted.
FEWEST_COLUMNS = 3
# What the keys of columns are drawn from.
KEYS = 20220520
# Steps of the subgradient, length of the first, and steps without a better bound that halve it: at
# a root, at a node, and where a decision is tried. Halving pays at roots only.
ROOT_EFFORT, NODE_EFFORT, TRIAL_EFFORT = (400, 1.0, 8), (80, 0.5, 80), (20, 0.5, 20)
# Kicks of the local search at a root, from the answer before it and from what it favours.
KICKS = 100
# Columns of a node that are tried before one is decided, and the least fall of a bound, in mean
# prices, by which they are compared.
TRIED, LEAST_FALL = 16, 1e-3
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
    is_few = price.size <= FEW_REGIONS * REGION_COLUMNS
    most = COVER_COLUMNS if is_cover else REGION_COLUMNS if is_few else MANY_COLUMNS
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
            parts = [_region(matrix, part, gain, multipliers, price) for part in regions]
            found = search(
                pool,
                parts,
                chosen,
                negligible=negligible,
                seed=seed,
                work=work,
                deadline=deadline,
            )
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
    pool: ThreadPoolExecutor,
    parts: list[_Region],
    starts: list[Ints],
    *,
    negligible: float,
    seed: int,
    work: float,
    deadline: Deadline,
) -> list[_Found]:
    """Search regions by branching on columns, with multipliers at every node."""

    def plant(region: _Region, start: Ints) -> _Tree:
        return _planted(region, start, negligible, seed, deadline)

    trees = list(pool.map(plant, parts, starts))
    left = PASS_SHARE * work
    for to_come in range(ROUNDS, 0, -1):
        growing = [tree for tree in trees if tree.heap]
        if not growing:
            break
        before = sum(tree.work for tree in growing)
        share = left / to_come / len(growing)
        list(pool.map(partial(_grow, work=share, deadline=deadline), growing))
        left -= sum(tree.work for tree in growing) - before
    return [_Found(tree.first, tree.bound, tree.chosen, tree.work) for tree in trees]


def _solved(
    pool: ThreadPoolExecutor,
    parts: list[_Region],
    starts: list[Ints],
    *,
    negligible: float,
    seed: int,
    work: float,
    deadline: Deadline,
) -> list[_Found]:
    """Search regions by SCIP, each with the same share of the work."""
    one_solved = partial(
        _solved_one, negligible=negligible, seed=seed, work=work / len(parts), deadline=deadline
    )
    return list(pool.map(one_solved, parts, starts))


def _solved_one(
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

    profit = region.matrix @ region.multipliers - region.price
    first = float((region.gain - region.multipliers).sum() + np.maximum(profit, 0.0).sum())
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
    matrix, by_row
        The relation, columns first and rows first.
    keys
        Two random keys of each column, shape (2, n); their sums tell covering sets apart.
    price, gain, multipliers
        Price of each column; gain of each row; its multiplier, between 0 and the gain.
    """

    matrix: sparse.csr_matrix
    by_row: sparse.csr_matrix
    keys: npt.NDArray[np.uint64]
    price: Floats
    gain: Floats
    multipliers: Floats


def _relation(matrix: sparse.csr_matrix) -> tuple[Ints, Entries]:
    """Pointers and entries, in the kinds of numbers that kernels are compiled for."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False)


def _region(
    matrix: sparse.csr_matrix, columns: Ints, gain: Floats, multipliers: Floats, price: Floats
) -> _Region:
    part, n = matrix[columns], columns.size
    keys = np.random.default_rng(KEYS).integers(1, 2**63, size=(2, n), dtype=np.uint64)
    state = np.full(n, kernels.OPEN, dtype=np.int8)
    group, first = kernels.grouped(*_relation(part), keys, state, gain <= 0.0)
    rows = np.flatnonzero(group >= 0)
    part = part[:, first].tocsr()
    merged, paid = (
        np.bincount(group[rows], values[rows], minlength=first.size).astype(np.float64)
        for values in (gain, np.minimum(multipliers, gain))
    )
    return _Region(part, part.T.tocsr(), keys, price[columns], merged, paid)


@dataclass(order=True, frozen=True)
class _Node:
    """
    A state: open, taken or left out, of each column; `doubtful` are open columns to decide next.

    Nodes are ordered by their bound, the highest first.
    """

    minus_bound: float
    number: int
    state: State
    multipliers: npt.NDArray[np.float32]
    doubtful: Ints

    def after(self, column: int, decision: int) -> State:
        """State in which one more column is decided."""
        state = self.state.copy()
        state[column] = decision
        return state


@dataclass(frozen=True)
class _Bounded:
    """
    What may still be reached from a state.

    Parameters
    ----------
    value
        Bound of the surplus from above.
    state
        The state, with columns decided that every better answer decides alike.
    multipliers
        By row.
    profit, favour
        Multipliers of the rows of each column minus its price; how often the last steps took it,
        between 0 and 1. Both 0 where the column is not open.
    work
        Pairs looked at.
    """

    value: float
    state: State
    multipliers: npt.NDArray[np.float32]
    profit: Floats
    favour: Floats
    work: int

    @property
    def liked(self) -> Ints:
        """Columns taken, and those that the relaxation favours."""
        return np.flatnonzero((self.state == kernels.TAKEN) | (self.favour > 0.5))


@dataclass
class _Tree:
    """
    The search of a region: the best answer so far, and the nodes that may hold a better one.

    `first` is the bound before any search. Of both decisions on each column, `falls` sums by how
    much the bound fell and `trials` counts them, shape (2, n).
    """

    region: _Region
    negligible: float
    falls: Floats
    trials: Ints
    best: float = -np.inf
    chosen: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    heap: list[_Node] = field(default_factory=list)
    first: float = np.inf
    nodes: int = 0
    work: float = 0.0

    @property
    def bound(self) -> float:
        """Bound of the surplus of the region from above."""
        proved = self.best + self.negligible
        return max(proved, -self.heap[0].minus_bound) if self.heap else proved

    def climb(self, chosen: Ints) -> tuple[Ints, float]:
        """Improve an answer by local search, and keep it if it is the best."""
        region = self.region
        start = np.zeros(region.price.size, dtype=np.bool_)
        start[chosen] = True
        taken, value = kernels.climbed(
            *_relation(region.matrix), *_relation(region.by_row), region.gain, region.price, start
        )
        chosen = np.flatnonzero(taken)
        if value > self.best:
            self.best, self.chosen = value, chosen
        return chosen, value

    def bounded(self, state: State, start: npt.NDArray[np.float32], effort: Effort) -> _Bounded:
        """Bound a state by a subgradient, from the multipliers of the state it comes from."""
        region = self.region
        found = _Bounded(
            *kernels.bounded(
                *_relation(region.matrix),
                region.keys,
                region.gain,
                region.price,
                state,
                start,
                self.best,
                self.negligible,
                *effort,
            )
        )
        self.work += NODE_WORK + found.work
        return found

    def keep(self, found: _Bounded, bound: float) -> None:
        """Put a state on the heap if it may hold a better answer."""
        if bound <= self.best + self.negligible:
            return
        is_open = found.state == kernels.OPEN
        if not is_open.any():
            self.climb(np.flatnonzero(found.state == kernels.TAKEN))
            return
        self.nodes += 1
        mean = self.region.price.mean()
        doubt = np.minimum(found.favour, 0.5) - 0.3 * np.abs(found.profit) / mean
        order = np.argsort(np.where(is_open, -doubt, np.inf), kind="stable")[:TRIED]
        node = _Node(-bound, self.nodes, found.state, found.multipliers, order[is_open[order]])
        heapq.heappush(self.heap, node)

    def column_of(self, node: _Node) -> int:
        """Choose the column both of whose decisions let the bound fall most, as far as known."""
        for column in node.doubtful:
            for decision in DECISIONS:
                if self.trials[decision - 1, column] == 0:
                    state = node.after(column, decision)
                    found = self.bounded(state, node.multipliers, TRIAL_EFFORT)
                    self.learn(column, decision, -node.minus_bound - found.value)
        falls = self.falls[:, node.doubtful] / self.trials[:, node.doubtful]
        falls = np.maximum(falls, LEAST_FALL * self.region.price.mean())
        return int(node.doubtful[np.argmax(falls[0] * falls[1])])

    def learn(self, column: int, decision: int, fall: float) -> None:
        """Note by how much a decision let the bound fall."""
        self.falls[decision - 1, column] += max(0.0, fall)
        self.trials[decision - 1, column] += 1


def _kicked(tree: _Tree, chosen: Ints, seed: int, deadline: Deadline) -> None:
    """Improve an answer by climbing again after columns near one another were swapped for one."""
    region = tree.region
    generator = np.random.default_rng(seed)
    chosen, value = tree.climb(chosen)
    for _ in range(KICKS):
        if chosen.size < 2 or deadline.passed():
            break
        near = np.zeros(region.gain.size)
        near[region.matrix[generator.choice(chosen, 1)].indices] = 1.0
        kept = np.argsort(-(region.matrix[chosen] @ near), kind="stable")
        kept = kept[int(generator.integers(2, 5)) :]
        added = generator.choice(np.flatnonzero(region.matrix @ near > 0), 1)
        trial, trial_value = tree.climb(np.append(chosen[kept], added))
        if trial_value >= value:
            chosen, value = trial, trial_value


def _planted(
    region: _Region, start: Ints, negligible: float, seed: int, deadline: Deadline
) -> _Tree:
    """Begin the search of a region with a good answer and a good relaxation."""
    n = region.price.size
    tree = _Tree(region, negligible, np.zeros((2, n)), np.zeros((2, n), dtype=np.int64))
    _kicked(tree, start, seed, deadline)
    state = np.full(n, kernels.OPEN, dtype=np.int8)
    effort = (1, 1.0, 1) if deadline.passed() else ROOT_EFFORT
    root = tree.bounded(state, region.multipliers.astype(np.float32), effort)
    tree.first = root.value
    _kicked(tree, root.liked, seed, deadline)
    tree.keep(root, root.value)
    return tree


def _grow(tree: _Tree, work: float, deadline: Deadline) -> None:
    """Branch on the open node with the highest bound, again and again, up to a limit of work."""
    limit = tree.work + work
    while tree.heap and tree.work < limit and not deadline.passed():
        node = heapq.heappop(tree.heap)
        above = -node.minus_bound
        if above <= tree.best + tree.negligible:
            tree.heap.clear()
            break
        column = tree.column_of(node)
        for decision in DECISIONS:
            found = tree.bounded(node.after(column, decision), node.multipliers, NODE_EFFORT)
            tree.learn(column, decision, above - found.value)
            tree.keep(found, min(above, found.value))
            if tree.nodes % SEARCH_EVERY == 0:
                tree.climb(found.liked)
