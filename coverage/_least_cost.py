"""Least cost for given floors: greedy, bound, local search, exact, regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from walkcover import _bounds as bounds
from walkcover import _exact as exact
from walkcover import _regions as regions
from walkcover import _search as search
from walkcover._ladder import (
    CLOSE,
    RUNGS,
    SHORT_RUNGS,
    Effort,
    Found,
    Rung,
    decided,
    first_multipliers,
    has_regions,
    is_closed,
    joined,
    rounded_up,
)
from walkcover._model import Flags, Floats, Model, decide

# Largest model (pairs) whose multipliers come from the linear program; above, and for shares with
# one floor, from the subgradient.
COVER_LP_PAIRS = 6_000_000
SHARE_LP_PAIRS = 400_000


def least_cost(
    model: Model,
    *,
    whole_cost: bool,
    whole_people: bool,
    effort: Effort,
    rungs: Sequence[Rung] = RUNGS,
    start: Flags | None = None,
) -> Found:
    """Keep all floors for the least cost, starting with `start`, if given, which keeps them."""
    if model.need.size == 1:
        model = weighing_the_floor(model)
    else:
        model = replace(model, weight=np.zeros(model.weight.size))
    return _climbed(
        model,
        whole_cost,
        whole_people,
        effort=effort,
        is_cover=False,
        rungs=rungs,
        start=start,
    )


def cheapest_cover(cover: Model, *, whole_cost: bool, effort: Effort) -> Found:
    """Cover all rows of a model made by `as_cover` for the least cost."""
    if cover.n_pairs <= SHORT_RUNGS[0].exact_pairs:
        answer = exact.solve(
            cover,
            "cost",
            absolute_gap=0.99 if whole_cost else 0.0,
            deadline=effort.deadline,
            seed=effort.seed,
        )
        if answer.chosen is not None and search.is_met(cover, answer.chosen):
            chosen = search.pruned(cover, answer.chosen)
            lower = rounded_up(answer.bound, whole=whole_cost)
            if is_closed(cover.spent(chosen), lower, 0.0):
                return Found(chosen, lower)
    return _climbed(cover, whole_cost, whole_people=True, effort=effort, is_cover=True)


def weighing_the_floor(model: Model) -> Model:
    """Let the weight be the people that the single floor counts."""
    return replace(model, weight=model.demand.toarray()[0])


def calls_for_all(model: Model) -> bool:
    """Tell whether no floor can spare even its smallest row."""
    demand = model.demand
    total = np.asarray(demand.sum(axis=1)).ravel()
    for floor in range(model.need.size):
        people = demand.data[demand.indptr[floor] : demand.indptr[floor + 1]]
        if people.size and model.need[floor] <= total[floor] - 0.999 * people.min():
            return False
    return True


def _climbed(
    model: Model,
    whole_cost: bool,
    whole_people: bool,
    *,
    effort: Effort,
    is_cover: bool,
    rungs: Sequence[Rung] = RUNGS,
    start: Flags | None = None,
) -> Found:
    if start is None:
        start = search.greedy(model, budget=np.inf, people=False)
    chosen = search.pruned(model, start)
    priced_model, priced = _cost_multipliers(model, chosen, effort=effort, is_cover=is_cover)
    bound = bounds.cost_bound(priced_model, priced, need=float(priced_model.need[0]))
    lower = rounded_up(bound.value, whole=whole_cost)
    for rung in rungs:
        gap = effort.gap if rung.is_long else 0.0
        if is_closed(model.spent(chosen), lower, gap) or effort.deadline.passed():
            break
        chosen, proved = _cheaply_solved(
            model,
            chosen,
            bound,
            whole_cost=whole_cost,
            whole_people=whole_people and not is_cover,
            rung=rung,
            effort=effort,
        )
        lower = max(lower, min(proved, model.spent(chosen)))
        if is_closed(model.spent(chosen), lower, gap):
            break
        chosen = _cheaper(
            model,
            chosen,
            lower=lower,
            whole=whole_cost,
            is_cover=is_cover,
            rung=rung,
            effort=effort,
        )
    if rungs is not SHORT_RUNGS and (is_cover or model.need.size == 1):
        lower = _regional_cost(
            model, chosen, priced, lower, whole=whole_cost, is_cover=is_cover, effort=effort
        )
    return Found(chosen, lower)


def _regional_cost(
    model: Model,
    chosen: Flags,
    priced: bounds.Priced,
    lower: float,
    *,
    whole: bool,
    is_cover: bool,
    effort: Effort,
) -> float:
    """Bound from below by regions, where the gap asked for is not reached yet."""
    spent = model.spent(chosen)
    if is_closed(spent, lower, effort.gap) or not has_regions(model, effort):
        return lower
    search_of: dict[str, Any] = {"deadline": effort.deadline, "seed": effort.seed}
    enough = spent / (1.0 + effort.gap) - (1.0 - exact.ROUNDING if whole else 0.0)
    if is_cover:
        value = regions.cover_bound(model, priced.multipliers, enough=enough, **search_of)
    else:
        value = regions.cost_bound(
            model, priced.multipliers, need=float(model.need[0]), enough=enough, **search_of
        )
    return min(spent, max(lower, rounded_up(value, whole=whole)))


def _cheaper(
    model: Model,
    chosen: Flags,
    *,
    lower: float,
    whole: bool,
    is_cover: bool,
    rung: Rung,
    effort: Effort,
) -> Flags:
    """Search for a cheaper answer."""
    if is_cover:
        return search.cheaper_cover(
            model,
            chosen,
            lower=lower,
            deadline=effort.deadline,
            seed=effort.seed,
            steps=rung.steps,
        )
    return search.cheaper_share(
        model,
        chosen,
        lower=lower,
        whole=whole,
        deadline=effort.deadline,
        seed=effort.seed,
        steps=rung.steps,
        runs=rung.runs,
        stride=search.FIRST_STRIDE if rung is SHORT_RUNGS[0] else search.NEXT_STRIDE,
    )


def _cheaply_solved(
    model: Model,
    chosen: Flags,
    bound: bounds.Bound,
    *,
    whole_cost: bool,
    whole_people: bool,
    rung: Rung,
    effort: Effort,
) -> tuple[Flags, float]:
    """Decide the columns that every cheaper answer decides alike; solve the rest if it is small."""
    spent = model.spent(chosen)
    step = 1.0 if whole_cost else 0.0
    taken, dropped = decided(bound.swing, spent - step - bound.value, spent)
    rest = decide(model, taken=taken, dropped=dropped)
    if rest.n_pairs > rung.exact_pairs:
        return chosen, -np.inf
    if whole_people:
        rest = replace(rest, need=rest.need - 0.5)
    answer = exact.solve(
        rest,
        "cost",
        absolute_gap=0.99 if whole_cost else CLOSE / 10 * spent,
        deadline=effort.deadline,
        seed=effort.seed,
    )
    better = joined(taken, rest, answer)
    if better is not None and search.is_met(model, better):
        chosen = min((chosen, search.pruned(model, better)), key=model.spent)
    return chosen, rounded_up(model.spent(taken) + answer.bound, whole=whole_cost)


def _cost_multipliers(
    model: Model, chosen: Flags, *, effort: Effort, is_cover: bool
) -> tuple[Model, bounds.Priced]:
    """Multipliers, and the model whose single floor is the mix of all floors they price."""
    n_floors = model.need.size
    limit = COVER_LP_PAIRS if is_cover else SHARE_LP_PAIRS
    found = None
    if model.n_pairs <= limit and (is_cover or n_floors > 1):
        found = exact.relaxed(model, "cost", deadline=effort.deadline)
    if is_cover and found is not None:
        return model, bounds.price(model, found[0])
    if n_floors > 1:
        prices = np.ones(n_floors) if found is None else found[1]
        if not prices.any():
            prices = np.ones(n_floors)
        model = _mixed(model, prices)
    if found is not None:
        multipliers = np.minimum(found[0], model.weight / model.times)
        return model, bounds.price(model, multipliers)
    priced = bounds.improve(
        model,
        first_multipliers(model, chosen),
        need=float(model.need[0]),
        known=model.spent(chosen),
        deadline=effort.deadline,
    )
    return model, priced


def _mixed(model: Model, prices: Floats) -> Model:
    """Put one floor in the place of all, each worth its price (Glover 1968)."""
    weight = np.asarray(prices @ model.demand).ravel()
    need = np.array([float(prices @ model.need)])
    return replace(model, weight=weight, demand=sparse.csr_array(weight[None, :]), need=need)
