"""Linear and mixed-integer programs of a reduced model, solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from walkcover._deadline import Deadline
from walkcover._model import Flags, Floats, Model

Goal = Literal["people", "cost", "short"]

# Largest model (pairs) for exact solving, and its counted limit of work.
EXACT_PAIRS = 120_000
EXACT_NODES = 3_000
# Whole-numbered bounds are rounded with this slack, wider than any error of the solver.
ROUNDING = 1e-3

# Ends of a run after which the dual bound of HiGHS holds.
PROVING = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kSolutionLimit,
    highspy.HighsModelStatus.kInterrupt,
)
INTERRUPTS = (
    highspy.cb.HighsCallbackType.kCallbackMipInterrupt,
    highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt,
    highspy.cb.HighsCallbackType.kCallbackIpmInterrupt,
)


@dataclass(frozen=True)
class Exact:
    """What HiGHS gives back: the columns it chose (None without an answer) and its dual bound."""

    chosen: Flags | None
    bound: float


@dataclass(frozen=True)
class _Program:
    """A program over the columns x, the rows y that may stay uncovered, and the shortfalls s."""

    lp: highspy.HighsLp
    n_columns: int
    soft: npt.NDArray[np.int64]
    n_links: int


def solve(
    model: Model,
    goal: Goal,
    *,
    budget: float = np.inf,
    absolute_gap: float,
    deadline: Deadline,
    seed: int,
    nodes: int = EXACT_NODES,
) -> Exact:
    """
    Solve a small model exactly, without a warm start.

    Parameters
    ----------
    goal
        ``people``: the most covered weight within the budget. ``cost``: the least cost. Both keep
        the floors but for the slack of the model. ``short``: the fewest people short of the floors
        within the budget.

    Returns
    -------
    exact
        The chosen columns and a valid bound: of people from above, of the others from below. The
        bound is infinite (of the sign that says so) where nothing satisfies the conditions.
    """
    sign = -1.0 if goal == "people" else 1.0
    most = np.asarray(model.demand.sum(axis=1)).ravel()
    lost = float(np.maximum(model.need - most, 0.0).sum())
    if goal != "short" and lost > model.slack + 1e-9 * float(np.abs(model.need).sum()):
        return Exact(None, sign * np.inf)
    if model.cost.size == 0:
        return Exact(np.zeros(0, dtype=bool), lost if goal == "short" else 0.0)
    program = _program(model, goal, budget)
    n = program.n_columns
    whole = np.zeros(program.lp.num_col_, dtype=bool)
    whole[:n] = True
    # A row that needs one column is covered or not with the columns; one that needs more is not.
    whole[n : n + program.soft.size] = model.times[program.soft] > 1
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    program.lp.integrality_ = [kinds[int(is_whole)] for is_whole in whole]
    highs = _solver(deadline, seed=seed)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", absolute_gap)
    highs.setOptionValue("mip_max_nodes", nodes)
    highs.passModel(program.lp)
    highs.run()
    status = highs.getModelStatus()
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


def relaxed(
    model: Model, goal: Goal, *, budget: float = np.inf, deadline: Deadline
) -> tuple[Floats, Floats] | None:
    """
    Multipliers of the linear relaxation, by interior point without crossover.

    They need not be exact, as bounds are recomputed from them.

    Returns
    -------
    multipliers, prices
        Of each row and of each floor, not negative; None where HiGHS gave no answer in time.
    """
    program = _program(model, goal, budget)
    highs = _solver(deadline, seed=0)
    highs.setOptionValue("solver", "ipm")
    highs.setOptionValue("run_crossover", "off")
    highs.passModel(program.lp)
    highs.run()
    if highs.getModelStatus() not in (
        highspy.HighsModelStatus.kOptimal,
        highspy.HighsModelStatus.kUnknown,
    ):
        return None
    duals = np.abs(np.asarray(highs.getSolution().row_dual, dtype=np.float64))
    if duals.size != program.lp.num_row_ or not np.isfinite(duals).all():
        return None
    n_floors = model.need.size
    return duals[: program.n_links], duals[duals.size - n_floors :] if n_floors else duals[:0]


def _program(model: Model, goal: Goal, budget: float) -> _Program:
    """
    Write a model as a program: links of all rows first, then the budget, the slack, the floors.

    Rows of a floor that calls for everybody it counts, without slack, must be covered and have no
    variable of their own.
    """
    n, n_rows, n_floors = model.cost.size, model.weight.size, model.need.size
    demand = model.demand
    total = np.asarray(demand.sum(axis=1)).ravel()
    full = (model.need >= total * (1.0 - 1e-12)) & (goal != "short") & (model.slack == 0.0)
    hard = np.zeros(n_rows, dtype=bool)
    hard[demand[np.flatnonzero(full)].indices] = True
    matters = np.bincount(demand.indices, minlength=n_rows) > 0
    if goal == "people":
        matters |= model.weight > 0
    soft = np.flatnonzero(matters & ~hard)
    n_short = n_floors if goal == "short" or model.slack > 0 else 0
    reach = sparse.csr_array(
        (np.ones(model.n_pairs), model.row_cols, model.row_ptr), shape=(n_rows, n)
    )
    uncovered = sparse.csr_array(
        (-model.times[soft].astype(np.float64), (soft, np.arange(soft.size))),
        shape=(n_rows, soft.size),
    )
    blocks: list[list[Any]] = [[reach, uncovered, sparse.csr_array((n_rows, n_short))]]
    lower = [np.where(hard, model.times, 0.0)]
    if np.isfinite(budget):
        blocks.append([sparse.csr_array(-model.cost[None, :]), None, None])
        lower.append(np.array([-budget]))
    if n_short and goal != "short":
        blocks.append([None, None, sparse.csr_array(-np.ones((1, n_short)))])
        lower.append(np.array([-model.slack]))
    if n_floors:
        extra = sparse.eye_array(n_floors, n_short) if n_short else None
        blocks.append([sparse.csr_array((n_floors, n)), demand[:, soft], extra])
        lower.append(np.where(full, -np.inf, model.need - demand[:, hard] @ np.ones(hard.sum())))
    matrix = sparse.csc_array(sparse.block_array(blocks))
    cost = np.zeros(n + soft.size + n_short)
    upper = np.ones(cost.size)
    if n_short:
        upper[n + soft.size :] = np.maximum(model.need, 0.0)
    if goal == "cost":
        cost[:n] = model.cost
    elif goal == "people":
        cost[n : n + soft.size] = -model.weight[soft]
    else:
        cost[n + soft.size :] = 1.0
    bounds = np.concatenate(lower)
    return _Program(_highs_lp(cost, upper, bounds, matrix), n, soft, n_rows)


def _solver(deadline: Deadline, *, seed: int) -> Any:
    # The public class prints a banner to stdout when it is made; its base does not.
    highs = highspy._Highs()  # type: ignore[attr-defined]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("parallel", "off")
    highs.setOptionValue("random_seed", seed % 2**31)
    highs.setOptionValue("time_limit", deadline.left_s())

    def ask(_kind: Any, _message: str, _out: Any, given: Any, _user: Any) -> None:
        given.user_interrupt = deadline.passed()

    highs.setCallback(ask, None)
    for kind in INTERRUPTS:
        highs.startCallback(kind)
    return highs


def _highs_lp(
    cost: Floats, col_upper: Floats, row_lower: Floats, matrix: sparse.csc_array
) -> highspy.HighsLp:
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = cost.size, row_lower.size
    program.col_cost_ = cost
    program.col_lower_, program.col_upper_ = np.zeros(cost.size), col_upper
    program.row_lower_ = row_lower
    program.row_upper_ = np.full(row_lower.size, np.inf)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    program.a_matrix_.index_ = matrix.indices.astype(np.int32)
    program.a_matrix_.value_ = matrix.data
    return program
