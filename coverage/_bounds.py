"""Bounds on what columns can cover or must cost, by Lagrangian multipliers of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walkcover import _kernels_siting as kernels
from walkcover._deadline import Deadline
from walkcover._model import Floats, Ints, Model

# Iterations of the subgradient, fewer where all together would look at more than ITERATION_WORK
# pairs; the step halves after PATIENCE of them without a better bound.
ITERATIONS, FEWEST_ITERATIONS = 800, 100
ITERATION_WORK = 6_000_000_000
PATIENCE = 15
FIRST_STEP = 2.0
LAST_STEP = 1e-3
# Share of the last direction kept in the next one; damps the zigzag of plain subgradients.
MOMENTUM = 0.98


@dataclass(frozen=True)
class Bound:
    """
    A valid bound, and by how much it worsens when one column is decided the other way.

    `swing` is positive where the relaxed answer takes the column, negative where it does not.
    """

    value: float
    swing: Floats


@dataclass(frozen=True)
class Priced:
    """
    A model under multipliers: the link between a row and its columns is relaxed.

    A row of weight w and multiplier m that needs t columns counts w - t m whatever is built; a
    column is worth the multipliers of its rows. `order` lists the columns, most worth per cost
    first.
    """

    multipliers: Floats
    worth: Floats
    rate: Floats
    order: Ints
    unpaid: float


def price(model: Model, multipliers: Floats) -> Priced:
    """
    Put multipliers on the rows, between 0 and the weight of the row for each column it needs.

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
    unpaid = float((model.weight - model.times * multipliers).sum())
    return Priced(multipliers, worth, rate, order, unpaid)


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
    enough: float = 0.0,
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
    enough
        The search ends once the bound is no farther from it than this.

    Returns
    -------
    priced
        The best multipliers found after at most `ITERATIONS` steps.
    """
    multipliers, direction = start, np.zeros(start.size)
    most = model.weight / model.times
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
        if excess <= max(enough, 1e-9 * known) or length < LAST_STEP or deadline.passed():
            break
        taken = part > 0
        load = model.loads(priced.order[taken], part[taken])
        slope = load - model.times * (multipliers < most)
        slope[(multipliers <= 0.0) & (slope > 0)] = 0.0
        direction = slope + MOMENTUM * direction
        size = float(direction @ direction)
        if size == 0.0:
            break
        multipliers = np.clip(multipliers - length * distance / size * direction, 0.0, most)
    return best
