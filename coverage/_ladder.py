"""The solver ladder: greedy, local search, bound, exact; on the merged model, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from walkcover import _bounds as bounds
from walkcover import _exact as exact
from walkcover import _search as search
from walkcover._deadline import Deadline
from walkcover._model import (
    Flags,
    Floats,
    Model,
    decide,
)

# Largest model (pairs) whose multipliers come from the linear program; above, and for shares, from
# the subgradient.
COVER_LP_PAIRS = 6_000_000
SHARE_LP_PAIRS = 400_000
# Ties are broken, and shortfalls made good, by so many steps of annealing; ties exactly in models
# up to so many pairs.
TIE_STEPS = 500_000
TIE_PAIRS = 20_000
# Kicks of the swaps that start with what multipliers make the most of.
PICK_KICKS = 30
# Equality of people or costs that are no whole numbers, relative.
CLOSE = 1e-6


@dataclass(frozen=True)
class Rung:
    """
    One step up: exact solving if no more than so many pairs are left, else annealing of so many
    steps and runs, and swaps after so many kicks.

    A long rung is climbed only where the gap asked for is not reached.
    """

    exact_pairs: int
    steps: int
    runs: int
    kicks: int
    is_long: bool


SHORT_RUNGS = (
    Rung(4_000, 20_000, 1, 30, is_long=False),
    Rung(20_000, 100_000, 1, 100, is_long=False),
    Rung(60_000, 500_000, 1, 300, is_long=False),
)
LONG_RUNGS = (
    Rung(exact.EXACT_PAIRS, 20_000_000, 2, 0, is_long=True),
    Rung(exact.EXACT_PAIRS, 0, 1, 0, is_long=True),
)
RUNGS = SHORT_RUNGS + LONG_RUNGS


@dataclass(frozen=True)
class Effort:
    """How far a search goes: the safety stop, the gap that is good enough, the random numbers."""

    deadline: Deadline
    gap: float
    seed: int


@dataclass(frozen=True)
class Found:
    """
    Columns with a bound on the objective.

    `least_short` is a bound from below on the people short of the floors: 0 where they can be met
    or nothing is known.
    """

    chosen: Flags
    bound: float
    least_short: float = 0.0


def is_closed(objective: float, bound: float, gap: float) -> bool:
    """Tell whether objective and bound are as near as asked for."""
    return abs(bound - objective) <= max(gap, 1e-9) * objective


def rounded_down(bound: float, *, whole: bool) -> float:
    """Bound from above of what can only be a whole number."""
    return float(np.floor(bound + exact.ROUNDING + 1e-9 * abs(bound))) if whole else bound


def rounded_up(bound: float, *, whole: bool) -> float:
    """Bound from below of what can only be a whole number."""
    return float(np.ceil(bound - exact.ROUNDING)) if whole else bound


def first_multipliers(model: Model, chosen: Flags) -> Floats:
    """Let each row pay its weight, shared among the chosen columns that reach it."""
    load = model.loads(np.flatnonzero(chosen))
    return model.weight / np.maximum(load, model.times)


def most_people(
    model: Model,
    *,
    room: float,
    whole: bool,
    effort: Effort,
    rungs: Sequence[Rung] = RUNGS,
    start: Flags | None = None,
) -> Found:
    """
    Cover the most weight within the room, starting with `start`, if given.

    Floors are kept; where that cannot be done, or was not found, as few people as possible are
    short of them.
    """
    chosen = search.greedy(model, budget=room) if start is None else start
    least_short = 0.0
    if model.need.size and not search.is_met(model, chosen):
        chosen, least_short = _nearest(model, chosen, room=room, effort=effort)
        model = replace(model, slack=model.short(chosen))
    chosen = _swapped(model, chosen, room=room, kicks=0, effort=effort)
    upper = float(model.weight.sum())
    if is_closed(model.people(chosen), upper, 0.0):
        return Found(chosen, upper, least_short)
    priced = bounds.improve(
        model,
        first_multipliers(model, chosen),
        budget=room,
        known=model.people(chosen),
        enough=1.0 - exact.ROUNDING if whole else 0.0,
        deadline=effort.deadline,
    )
    bound = bounds.people_bound(model, priced, budget=room)
    upper = min(upper, rounded_down(bound.value, whole=whole))
    picked = _swapped(
        model, _picked(model, priced, room=room), room=room, kicks=PICK_KICKS, effort=effort
    )
    chosen = _better(model, chosen, picked)
    for rung in rungs:
        gap = effort.gap if rung.is_long else 0.0
        if is_closed(model.people(chosen), upper, gap) or effort.deadline.passed():
            break
        chosen, proved = _solved(
            model, chosen, bound, room=room, whole=whole, rung=rung, effort=effort
        )
        upper = min(upper, max(proved, model.people(chosen)))
        if is_closed(model.people(chosen), upper, gap):
            break
        annealed = search.anneal(
            model,
            chosen,
            budget=room,
            deadline=effort.deadline,
            seed=effort.seed,
            steps=rung.steps,
            runs=rung.runs,
        )
        annealed = _swapped(model, annealed, room=room, kicks=rung.kicks, effort=effort)
        chosen = _better(model, chosen, annealed)
    return Found(chosen, upper, least_short)


def _swapped(model: Model, chosen: Flags, *, room: float, kicks: int, effort: Effort) -> Flags:
    """Swaps do not look at floors; a model with some is left as it is."""
    if model.need.size or effort.deadline.passed():
        return chosen
    return search.interchanged(model, chosen, budget=room, kicks=kicks, seed=effort.seed)


def _picked(model: Model, priced: bounds.Priced, *, room: float) -> Flags:
    """The columns that multipliers make the most of, as many as the room allows."""
    chosen = np.zeros(model.cost.size, dtype=bool)
    fits = np.cumsum(model.cost[priced.order]) <= room
    chosen[priced.order[fits]] = True
    return chosen


def _better(model: Model, one: Flags, other: Flags) -> Flags:
    """The answer that covers more, of those that keep the floors; the first of equals."""
    if search.is_met(model, one) != search.is_met(model, other):
        return one if search.is_met(model, one) else other
    return other if model.people(other) > model.people(one) else one


def _solved(
    model: Model,
    chosen: Flags,
    bound: bounds.Bound,
    *,
    room: float,
    whole: bool,
    rung: Rung,
    effort: Effort,
) -> tuple[Flags, float]:
    """Decide the columns that every better answer decides alike; solve the rest if it is small."""
    reached = model.people(chosen)
    step = 1.0 if whole else 0.0
    taken, dropped = _decided(bound.swing, bound.value - reached - step, bound.value)
    rest = decide(model, taken=taken, dropped=dropped)
    if rest.n_pairs > rung.exact_pairs:
        return chosen, np.inf
    answer = exact.solve(
        rest,
        "people",
        budget=room - model.spent(taken),
        absolute_gap=0.99 if whole else CLOSE / 10 * reached,
        deadline=effort.deadline,
        seed=effort.seed,
    )
    better = _with(taken, rest, answer)
    if (
        better is not None
        and model.spent(better) <= room * (1 + 1e-9)
        and search.is_met(model, better)
    ):
        chosen = max((chosen, better), key=model.people)
    # A solution outside the decided columns is no better than the one that decided them.
    return chosen, rounded_down(model.people(taken) + answer.bound, whole=whole)


def _nearest(model: Model, chosen: Flags, *, room: float, effort: Effort) -> tuple[Flags, float]:
    """Columns within the room that leave the fewest people short of the floors; and a bound."""
    bare = replace(model, weight=np.zeros(model.weight.size))
    chosen = search.anneal(
        bare,
        chosen,
        budget=room,
        enough=0.0,
        deadline=effort.deadline,
        seed=effort.seed,
        steps=TIE_STEPS,
    )
    if search.is_met(model, chosen) or model.n_pairs > exact.EXACT_PAIRS:
        return chosen, 0.0
    answer = exact.solve(
        model,
        "short",
        budget=room,
        absolute_gap=CLOSE / 10 * model.short(chosen),
        deadline=effort.deadline,
        seed=effort.seed,
    )
    if answer.chosen is not None and model.spent(answer.chosen) <= room * (1 + 1e-9):
        chosen = min((chosen, answer.chosen), key=model.short)
    return chosen, max(0.0, answer.bound)


def least_cost(model: Model, *, whole_cost: bool, whole_people: bool, effort: Effort) -> Found:
    """Keep all floors for the least cost."""
    if model.need.size == 1:
        model = weighing_the_floor(model)
    else:
        model = replace(model, weight=np.zeros(model.weight.size))
    return _least_cost(model, whole_cost, whole_people, effort=effort, is_cover=False)


def cheapest_cover(cover: Model, *, whole_cost: bool, effort: Effort) -> Found:
    """Cover all rows of a model made by `as_cover` for the least cost."""
    return _least_cost(cover, whole_cost, whole_people=True, effort=effort, is_cover=True)


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


def _least_cost(
    model: Model, whole_cost: bool, whole_people: bool, *, effort: Effort, is_cover: bool
) -> Found:
    chosen = search.pruned(model, search.greedy(model, budget=np.inf, people=False))
    priced_model, priced = _cost_multipliers(model, chosen, effort=effort, is_cover=is_cover)
    bound = bounds.cost_bound(priced_model, priced, need=float(priced_model.need[0]))
    lower = rounded_up(bound.value, whole=whole_cost)
    for rung in RUNGS:
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
    return Found(chosen, lower)


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
    taken, dropped = _decided(bound.swing, spent - step - bound.value, spent)
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
    better = _with(taken, rest, answer)
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


def _decided(swing: Floats, slack: float, scale: float) -> tuple[Flags, Flags]:
    """Tell which columns every better answer takes, and which it leaves out."""
    certain = np.abs(swing) > slack + exact.ROUNDING + 1e-9 * scale
    return certain & (swing > 0), certain & (swing <= 0)


def _with(taken: Flags, rest: Model, answer: exact.Exact) -> Flags | None:
    if answer.chosen is None:
        return None
    both = taken.copy()
    both[rest.candidates[answer.chosen]] = True
    return both


def break_ties(model: Model, chosen: Flags, *, budget: float, whole: bool, effort: Effort) -> Flags:
    """
    Cover the most weight, here of the people that break ties, within the budget.

    The floors of the model keep what was reached; `chosen` keeps them.
    """
    if effort.deadline.passed() or model.people(chosen) >= model.weight.sum() * (1.0 - 1e-12):
        return chosen
    found = search.anneal(
        model,
        chosen,
        budget=budget,
        deadline=effort.deadline,
        seed=effort.seed,
        steps=TIE_STEPS,
    )
    if search.is_met(model, found):
        chosen = found
    if model.n_pairs > TIE_PAIRS:
        return chosen
    guarded = replace(model, need=model.need - (0.5 if whole else CLOSE / 1000 * model.need))
    answer = exact.solve(
        guarded,
        "people",
        budget=budget,
        absolute_gap=0.0,
        deadline=effort.deadline,
        seed=effort.seed,
    )
    better = answer.chosen
    if (
        better is not None
        and search.is_met(model, better)
        and model.spent(better) <= budget + 1e-9
        and model.people(better) > model.people(chosen)
    ):
        return better
    return chosen
