"""The reduced covering model, bounds by Lagrangian multipliers, and exact solving with HiGHS."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from walkcover import _kernels_siting as kernels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

# Iterations of the subgradient, fewer where all together would look at more than ITERATION_WORK
# pairs; the step halves after PATIENCE of them without a better bound.
ITERATIONS, FEWEST_ITERATIONS = 800, 100
ITERATION_WORK = 6_000_000_000
PATIENCE = 15
FIRST_STEP = 2.0
LAST_STEP = 1e-3
# Share of the last direction kept in the next one; damps the zigzag of plain subgradients.
MOMENTUM = 0.98
# Largest model (pairs left after reduction) for exact solving, and its counted limit of work.
EXACT_PAIRS = 120_000
EXACT_NODES = 3_000
# Largest model for the covering linear program; above it the multipliers come from the subgradient.
LP_PAIRS = 6_000_000
# Entries the search for dominated rows may look at.
DOMINANCE_WORK = 1_500_000_000
# Whole-numbered bounds are rounded with this slack, wider than any error of the solver.
ROUNDING = 1e-3

# Ends of a run after which the dual bound of HiGHS holds.
PROVING = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kSolutionLimit,
)


class Deadline:
    """The safety stop: a moment on the monotonic clock."""

    def __init__(self, limit_s: float) -> None:
        self._end = time.monotonic() + limit_s

    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        """Tell whether no time is left."""
        return self.left_s() == 0.0


@dataclass(frozen=True)
class Model:
    """
    What is left to decide: open candidates, and residences merged into rows.

    Parameters
    ----------
    candidates
        Index of each column in the relation the model was made from.
    col_ptr, col_rows, row_ptr, row_cols
        The same relation by column and by row, entries ascending.
    weight, second
        People of each row that are to be covered, and those that break ties.
    cost
        Cost of each column.
    """

    candidates: Ints
    col_ptr: Ints
    col_rows: Entries
    row_ptr: Ints
    row_cols: Entries
    weight: Floats
    second: Floats
    cost: Floats

    @property
    def relation(self) -> tuple[Ints, Entries, Ints, Entries]:
        """The relation as the kernels take it."""
        return self.col_ptr, self.col_rows, self.row_ptr, self.row_cols

    @property
    def n_pairs(self) -> int:
        """Number of pairs left."""
        return self.col_rows.size

    def covered(self, chosen: Flags) -> Flags:
        """Flag the rows that at least one chosen column reaches."""
        columns = np.flatnonzero(chosen)
        amounts = np.ones(columns.size)
        n_rows = self.weight.size
        loads: Floats = kernels.row_loads(self.col_ptr, self.col_rows, columns, amounts, n_rows)
        return loads > 0


@dataclass(frozen=True)
class Bound:
    """
    A valid bound, and by how much it worsens when one column is decided the other way.

    `swing` is positive where the relaxed answer takes the column, negative where it does not.
    """

    value: float
    swing: Floats


@dataclass(frozen=True)
class Exact:
    """What HiGHS gives back: the columns it chose (None without an answer) and its dual bound."""

    chosen: Flags | None
    bound: float


def reduce_model(
    indptr: Ints,
    entries: Entries,
    *,
    weight: Floats,
    second: Floats,
    cost: Floats,
    is_open: Flags,
    is_covered: Flags,
) -> Model:
    """
    Keep open candidates and uncovered residences; merge residences with equal covering sets.

    Residences are told apart by two 64-bit sums of random keys of the candidates that reach them;
    that two different sets agree in both has a chance below 1e-20 for any number of residences
    that fits into memory. Rows are ordered by these sums, not by the order of the residences.

    Returns
    -------
    model
        The reduced model; candidates that reach nobody new are left out.
    """
    keys = np.random.default_rng(20220520).integers(
        1, 2**63, size=(2, indptr.size - 1), dtype=np.uint64
    )
    sum_a, sum_b, first = kernels.fingerprints(
        indptr, entries, is_open, keys[0], keys[1], weight.size
    )
    wanted = ((weight > 0) | (second > 0)) & ~is_covered & (sum_a > 0)
    index = np.flatnonzero(wanted)
    index = index[np.lexsort((sum_b[index], sum_a[index], first[index]))]
    starts = np.ones(index.size, dtype=bool)
    starts[1:] = (np.diff(sum_a[index]) != 0) | (np.diff(sum_b[index]) != 0)
    group = np.cumsum(starts) - 1
    n_rows = int(starts.sum())
    row_of = np.full(weight.size, -1, dtype=np.int32)
    row_of[index[starts]] = np.arange(n_rows)
    columns = np.flatnonzero(is_open)
    col_ptr, col_rows = kernels.compress(indptr, entries, columns, row_of)
    reaches = np.diff(col_ptr) > 0
    columns, col_ptr = columns[reaches], np.append(col_ptr[:-1][reaches], col_ptr[-1])
    return _model(
        columns,
        col_ptr,
        col_rows,
        np.bincount(group, weight[index], minlength=n_rows).astype(np.float64),
        np.bincount(group, second[index], minlength=n_rows).astype(np.float64),
        cost[columns],
    )


def _model(
    columns: Ints, col_ptr: Ints, col_rows: Entries, weight: Floats, second: Floats, cost: Floats
) -> Model:
    row_ptr, row_cols = kernels.transpose(col_ptr, col_rows, weight.size)
    col_ptr, col_rows = kernels.transpose(row_ptr, row_cols, columns.size)
    return Model(columns, col_ptr, col_rows, row_ptr, row_cols, weight, second, cost)


def without_dominated_rows(model: Model) -> Model:
    """
    Keep the rows that have to be looked at when every row with weight is to be covered.

    Returns
    -------
    model
        The same columns, fewer rows; every row weighs 1.
    """
    keep = model.weight > 0
    if not keep.all():
        model = _keep_rows(model, keep)
    keep = kernels.dominant_rows(*model.relation, DOMINANCE_WORK)
    model = _keep_rows(model, keep)
    ones = np.ones(model.weight.size)
    return _model(model.candidates, model.col_ptr, model.col_rows, ones, ones, model.cost)


def _keep_rows(model: Model, keep: Flags) -> Model:
    row_of = np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32)
    columns = np.arange(model.cost.size)
    col_ptr, col_rows = kernels.compress(model.col_ptr, model.col_rows, columns, row_of)
    weight, second = model.weight[keep], model.second[keep]
    return _model(model.candidates, col_ptr, col_rows, weight, second, model.cost)


def decide(model: Model, *, taken: Flags, dropped: Flags) -> Model:
    """
    Reduce a model further once some of its columns are decided.

    Returns
    -------
    model
        What is left; its `candidates` are columns of the model given.
    """
    return reduce_model(
        model.col_ptr,
        model.col_rows,
        weight=model.weight,
        second=model.second,
        cost=model.cost,
        is_open=~(taken | dropped),
        is_covered=model.covered(taken),
    )


@dataclass(frozen=True)
class Priced:
    """
    A model under multipliers: the link between a row and its columns is relaxed.

    A row of weight w and multiplier m counts w - m whatever is built; a column is worth the
    multipliers of its rows. `order` lists the columns, most worth per cost first.
    """

    multipliers: Floats
    worth: Floats
    rate: Floats
    order: Ints
    unpaid: float


def price(model: Model, multipliers: Floats) -> Priced:
    """
    Put multipliers on the rows; they must lie between 0 and the weight of the row.

    Where all weight has to be covered, any multipliers that are not negative will do.

    Returns
    -------
    priced
        The relaxed model, the start of every bound.

    References
    ----------
    Galvao & ReVelle (1996), A Lagrangean heuristic for the maximal covering location problem.
    """
    worth = kernels.column_sums(model.col_ptr, model.col_rows, multipliers)
    rate = worth / model.cost
    order = np.argsort(-rate, kind="stable")
    return Priced(multipliers, worth, rate, order, float((model.weight - multipliers).sum()))


def people_bound(model: Model, priced: Priced, *, budget: float) -> Bound:
    """
    Bound the people that columns within a budget can cover, from above.

    Returns
    -------
    bound
        People; what is unpaid plus the best fractional knapsack of the columns' worth.
    """
    part = _parts(model.cost[priced.order], budget)
    value = priced.unpaid + float(priced.worth[priced.order] @ part)
    return Bound(value, _swing(priced, part) * model.cost)


def cost_bound(model: Model, priced: Priced, *, need: float) -> Bound:
    """
    Bound the cost of covering `need` people from below.

    Returns
    -------
    bound
        The cheapest fractional choice of columns that is worth the need without the unpaid.

    References
    ----------
    Glover (1968), Surrogate constraints.
    """
    part, marginal = _cheapest(priced, need)
    value = float(model.cost[priced.order] @ part)
    if marginal == 0.0:
        return Bound(value, -model.cost)
    return Bound(value, (priced.rate / marginal - 1.0) * model.cost)


def _cheapest(priced: Priced, need: float) -> tuple[Floats, float]:
    """Share of each column, in order, that buys the need; and the rate of the last one bought."""
    worth = priced.worth[priced.order]
    # Without the small discount, columns worth nothing could be bought for a rounding error.
    part = _parts(worth, need * (1.0 - 1e-9) - priced.unpaid)
    part[worth == 0.0] = 0.0
    some = np.flatnonzero(part > 0)
    return part, float(priced.rate[priced.order[some[-1]]]) if some.size else 0.0


def _parts(sizes: Floats, room: float) -> Floats:
    """Share of each item that fits when items are packed in order and the last one is cut."""
    left = max(room, 0.0) - (np.cumsum(sizes) - sizes)
    part: Floats = np.clip(left / np.maximum(sizes, 1e-300), 0.0, 1.0)
    return part


def _swing(priced: Priced, part: Floats) -> Floats:
    """Distance of each rate from the marginal one: of the last item in, or the first not in."""
    some, cut = np.flatnonzero(part > 0), np.flatnonzero(part < 1)
    rate, order = priced.rate, priced.order
    if cut.size == 0:
        return rate
    last_in = rate[order[some[-1]]] if some.size else np.inf
    taken = np.zeros(rate.size, dtype=bool)
    taken[order[part == 1.0]] = True
    swing: Floats = np.where(taken, rate - rate[order[cut[0]]], np.minimum(rate - last_in, 0.0))
    return swing


def improve(
    model: Model,
    start: Floats,
    *,
    budget: float = np.inf,
    need: float | None = None,
    known: float,
    deadline: Deadline,
) -> Priced:
    """
    Improve multipliers by a subgradient with momentum.

    Without `need`, `people_bound` within the budget is pushed down; with it, `cost_bound` of the
    need is pushed up.

    Parameters
    ----------
    known
        Objective of a known answer, which scales the steps.

    Returns
    -------
    priced
        The best multipliers found after at most `ITERATIONS` steps.
    """
    multipliers, direction = start, np.zeros(start.size)
    best, best_excess = price(model, start), np.inf
    length, idle = FIRST_STEP, 0
    affordable = max(FEWEST_ITERATIONS, ITERATION_WORK // max(1, model.n_pairs))
    for _ in range(min(ITERATIONS, affordable)):
        priced = price(model, multipliers)
        if need is None:
            part = _parts(model.cost[priced.order], budget)
            excess = priced.unpaid + float(priced.worth[priced.order] @ part) - known
            distance = excess
        else:
            part, marginal = _cheapest(priced, need)
            excess = known - float(model.cost[priced.order] @ part)
            # In people, as the multipliers are: what the marginal column gives for the cost.
            distance = excess * marginal
        idle += 1
        if excess < best_excess - 1e-7 * known:
            best, best_excess, idle = priced, excess, 0
        if idle > PATIENCE:
            length, idle = length / 2.0, 0
        if excess <= 1e-9 * known or length < LAST_STEP or deadline.passed():
            break
        taken = part > 0
        load = kernels.row_loads(
            model.col_ptr, model.col_rows, priced.order[taken], part[taken], model.weight.size
        )
        slope = load - (multipliers < model.weight)
        slope[(multipliers <= 0.0) & (slope > 0)] = 0.0
        direction = slope + MOMENTUM * direction
        size = float(direction @ direction)
        if size == 0.0:
            break
        multipliers = np.clip(multipliers - length * distance / size * direction, 0.0, model.weight)
    return best


def covering_multipliers(model: Model, *, deadline: Deadline) -> Floats | None:
    """
    Multipliers of the covering linear program: every row at least once, least cost.

    The interior-point answer needs no crossover, as bounds are recomputed from the multipliers.

    Returns
    -------
    multipliers
        One for each row, not negative; None where HiGHS gave no answer in time.
    """
    n, n_rows = model.cost.size, model.weight.size
    highs = _solver(deadline, seed=0)
    highs.setOptionValue("solver", "ipm")
    highs.setOptionValue("run_crossover", "off")
    columns = (model.col_ptr, model.col_rows, np.ones(model.n_pairs))
    highs.passModel(_program(model.cost, np.ones(n), np.ones(n_rows), np.inf, columns))
    highs.run()
    if highs.getModelStatus() not in (
        highspy.HighsModelStatus.kOptimal,
        highspy.HighsModelStatus.kUnknown,
    ):
        return None
    multipliers = np.asarray(highs.getSolution().row_dual, dtype=np.float64)
    if multipliers.size != n_rows or not np.isfinite(multipliers).all():
        return None
    return np.maximum(multipliers, 0.0)


def solve(
    model: Model,
    *,
    people: Floats | None,
    guard: Floats | None = None,
    floor: float = 0.0,
    budget: float = np.inf,
    absolute_gap: float,
    deadline: Deadline,
    seed: int,
) -> Exact:
    """
    Solve a small model exactly, without a warm start.

    With `people` (one number for each row) the most people are covered within the budget; without,
    the cost is the least. Either way at least `floor` of `guard` is covered.

    Returns
    -------
    exact
        The chosen columns and a valid bound: of people from above, of cost from below. The bound
        is infinite (of the sign that says so) where nothing satisfies the conditions.
    """
    n = model.cost.size
    if n == 0:
        unmet = floor > 0.0 or budget < 0.0
        worst = -np.inf if people is not None else np.inf
        return Exact(None, worst) if unmet else Exact(np.zeros(0, dtype=bool), 0.0)
    counts = np.zeros(model.weight.size) if people is None else people
    matters = (counts > 0) if guard is None else (counts > 0) | (guard > 0)
    rows = np.flatnonzero(matters)
    reach = sparse.csr_array(
        (np.ones(model.n_pairs), model.row_cols, model.row_ptr), shape=(model.weight.size, n)
    )[rows]
    blocks = [[reach, -sparse.eye_array(rows.size)]]
    lower, upper = [np.zeros(rows.size)], [np.full(rows.size, np.inf)]
    if np.isfinite(budget):
        blocks.append([sparse.csr_array(model.cost[None, :]), None])
        lower.append(np.array([-np.inf]))
        upper.append(np.array([budget]))
    if guard is not None:
        blocks.append([None, sparse.csr_array(guard[rows][None, :])])
        lower.append(np.array([floor]))
        upper.append(np.array([np.inf]))
    matrix = sparse.csc_array(sparse.block_array(blocks))
    cost = np.zeros(n + rows.size)
    if people is None:
        cost[:n] = model.cost
    else:
        cost[n:] = -people[rows]
    columns = (matrix.indptr, matrix.indices, matrix.data)
    program = _program(
        cost, np.ones(cost.size), np.concatenate(lower), np.concatenate(upper), columns
    )
    kinds = [highspy.HighsVarType.kInteger] * n + [highspy.HighsVarType.kContinuous] * rows.size
    program.integrality_ = kinds
    highs = _solver(deadline, seed=seed)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", absolute_gap)
    highs.setOptionValue("mip_max_nodes", EXACT_NODES)
    highs.passModel(program)
    highs.run()
    status = highs.getModelStatus()
    sign = 1.0 if people is None else -1.0
    if status == highspy.HighsModelStatus.kInfeasible:
        return Exact(None, sign * np.inf)
    solution, info = highs.getSolution(), highs.getInfo()
    values = np.asarray(solution.col_value)[:n]
    chosen = values > 0.5 if solution.value_valid and values.size == n else None
    if status not in PROVING:
        return Exact(chosen, -sign * np.inf)
    dual = float(info.mip_dual_bound)
    if chosen is not None:
        dual = min(dual, float(info.objective_function_value))
    return Exact(chosen, sign * dual)


def _solver(deadline: Deadline, *, seed: int) -> Any:
    # The public class prints a banner to stdout when it is made; its base does not.
    highs = highspy._Highs()  # type: ignore[attr-defined]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("parallel", "off")
    highs.setOptionValue("random_seed", seed % 2**31)
    highs.setOptionValue("time_limit", deadline.left_s())
    return highs


def _program(
    cost: Floats,
    col_upper: Floats,
    row_lower: Floats,
    row_upper: Floats | float,
    columns: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], Floats],
) -> highspy.HighsLp:
    start, index, value = columns
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = cost.size, row_lower.size
    program.col_cost_ = cost
    program.col_lower_, program.col_upper_ = np.zeros(cost.size), col_upper
    program.row_lower_ = row_lower
    program.row_upper_ = np.broadcast_to(row_upper, row_lower.shape).copy()
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = start.astype(np.int32)
    program.a_matrix_.index_ = index.astype(np.int32)
    program.a_matrix_.value_ = value
    return program
