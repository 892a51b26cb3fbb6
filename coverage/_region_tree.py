"""The search of one region: branch and bound with a subgradient at every node."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from walkcover import _kernels_regions as kernels
from walkcover._deadline import Deadline

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
State = npt.NDArray[np.int8]
Effort = tuple[int, float, int]

DECISIONS = (kernels.TAKEN, kernels.OUT)

# Pairs that one bounded state costs besides those it looks at.
NODE_WORK = 50_000
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


@dataclass(frozen=True)
class Region:
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


def relation(matrix: sparse.csr_matrix) -> tuple[Ints, Entries]:
    """Pointers and entries, in the kinds of numbers that kernels are compiled for."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False)


def region_of(
    matrix: sparse.csr_matrix, columns: Ints, gain: Floats, multipliers: Floats, price: Floats
) -> Region:
    """Take some columns and the rows they cover, rows with equal covering sets merged."""
    part, n = matrix[columns], columns.size
    keys = np.random.default_rng(KEYS).integers(1, 2**63, size=(2, n), dtype=np.uint64)
    state = np.full(n, kernels.OPEN, dtype=np.int8)
    group, first = kernels.grouped(*relation(part), keys, state, gain <= 0.0)
    rows = np.flatnonzero(group >= 0)
    part = part[:, first].tocsr()
    merged, paid = (
        np.bincount(group[rows], values[rows], minlength=first.size).astype(np.float64)
        for values in (gain, np.minimum(multipliers, gain))
    )
    return Region(part, part.T.tocsr(), keys, price[columns], merged, paid)


@dataclass(order=True, frozen=True)
class Node:
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
class Bounded:
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
class Tree:
    """
    The search of a region: the best answer so far, and the nodes that may hold a better one.

    `first` is the bound before any search. Of both decisions on each column, `falls` sums by how
    much the bound fell and `trials` counts them, shape (2, n).
    """

    region: Region
    negligible: float
    falls: Floats
    trials: Ints
    best: float = -np.inf
    chosen: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    heap: list[Node] = field(default_factory=list)
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
            *relation(region.matrix), *relation(region.by_row), region.gain, region.price, start
        )
        chosen = np.flatnonzero(taken)
        if value > self.best:
            self.best, self.chosen = value, chosen
        return chosen, value

    def bounded(self, state: State, start: npt.NDArray[np.float32], effort: Effort) -> Bounded:
        """Bound a state by a subgradient, from the multipliers of the state it comes from."""
        region = self.region
        found = Bounded(
            *kernels.bounded(
                *relation(region.matrix),
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

    def keep(self, found: Bounded, bound: float) -> None:
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
        node = Node(-bound, self.nodes, found.state, found.multipliers, order[is_open[order]])
        heapq.heappush(self.heap, node)

    def column_of(self, node: Node) -> int:
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


def kicked(tree: Tree, chosen: Ints, seed: int, deadline: Deadline) -> None:
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


def planted(region: Region, start: Ints, negligible: float, seed: int, deadline: Deadline) -> Tree:
    """Begin the search of a region with a good answer and a good relaxation."""
    n = region.price.size
    tree = Tree(region, negligible, np.zeros((2, n)), np.zeros((2, n), dtype=np.int64))
    kicked(tree, start, seed, deadline)
    state = np.full(n, kernels.OPEN, dtype=np.int8)
    effort = (1, 1.0, 1) if deadline.passed() else ROOT_EFFORT
    root = tree.bounded(state, region.multipliers.astype(np.float32), effort)
    tree.first = root.value
    kicked(tree, root.liked, seed, deadline)
    tree.keep(root, root.value)
    return tree


def grow(tree: Tree, work: float, deadline: Deadline) -> None:
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
