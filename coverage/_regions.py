"""
Bounds by parting the candidates into regions and searching each region by itself.

All three questions are one: the most surplus, weight covered minus price paid. The price of a
column is its cost times what one more unit of cost is worth in people; where everything is to be
covered it is the cost itself. Every row has to need one column only.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walkcover._deadline import Deadline, stoppable
from walkcover._parting import by_column, covering_regions, is_shared, parted
from walkcover._region_tree import Region, Tree, grow, planted, region_of

if TYPE_CHECKING:
    from walkcover._model import Model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
# A region is closed when no more than this share of the mean price of a column is left open.
NEGLIGIBLE = 1e-4


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
    worth = by_column(model) @ multipliers
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
    matrix = by_column(model)
    is_few = price.size <= FEW_REGIONS * REGION_COLUMNS
    most = COVER_COLUMNS if is_cover else REGION_COLUMNS if is_few else MANY_COLUMNS
    regions = parted(model, matrix, multipliers, most)
    shared = is_shared(model, regions)
    negligible = NEGLIGIBLE * float(price.mean())
    chosen = [np.zeros(0, dtype=np.int64) for _ in regions]
    # Trees close regions with people faster than SCIP does, and hardly move covers of all rows.
    search = _solved if is_cover else _searched
    direction, best, hope = np.zeros(weight.size), np.inf, 0.0
    with ThreadPoolExecutor(workers) as pool:
        for turn in range(PASSES):
            gain = np.where(shared, multipliers, weight)
            parts = [region_of(matrix, part, gain, multipliers, price) for part in regions]
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
            slope = np.where(shared, covering_regions(matrix, regions, chosen) - 1.0, 0.0)
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
    parts: list[Region],
    starts: list[Ints],
    *,
    negligible: float,
    seed: int,
    work: float,
    deadline: Deadline,
) -> list[_Found]:
    """Search regions by branching on columns, with multipliers at every node."""

    def plant(region: Region, start: Ints) -> Tree:
        return planted(region, start, negligible, seed, deadline)

    trees = list(pool.map(plant, parts, starts))
    left = PASS_SHARE * work
    for to_come in range(ROUNDS, 0, -1):
        growing = [tree for tree in trees if tree.heap]
        if not growing:
            break
        before = sum(tree.work for tree in growing)
        share = left / to_come / len(growing)
        list(pool.map(partial(grow, work=share, deadline=deadline), growing))
        left -= sum(tree.work for tree in growing) - before
    return [_Found(tree.first, tree.bound, tree.chosen, tree.work) for tree in trees]


def _solved(
    pool: ThreadPoolExecutor,
    parts: list[Region],
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
    region: Region,
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
