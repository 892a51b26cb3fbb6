"""Most people within given means: greedy, swaps, annealing, bound, exact, regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

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
    rounded_down,
)
from walkcover._model import Flags, Model, decide

# Largest model (pairs) whose multipliers come from the linear program before regions are bounded.
PEOPLE_LP_PAIRS = 1_000_000
# Ties are broken, and shortfalls made good, by so many steps of annealing; ties exactly in models
# up to so many pairs.
TIE_STEPS = 500_000
TIE_PAIRS = 20_000
# Kicks of the swaps that start with what multipliers make the most of.
PICK_KICKS = 30


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
    if rungs is not SHORT_RUNGS:
        upper = min(
            upper, _regional(model, chosen, priced, upper, room, whole=whole, effort=effort)
        )
    return Found(chosen, upper, least_short)


def _regional(
    model: Model,
    chosen: Flags,
    priced: bounds.Priced,
    upper: float,
    room: float,
    *,
    whole: bool,
    effort: Effort,
) -> float:
    """Bound from above by regions, where the gap asked for is not reached yet."""
    reached = model.people(chosen)
    if is_closed(reached, upper, effort.gap) or not has_regions(model, effort):
        return upper
    if model.n_pairs <= PEOPLE_LP_PAIRS:
        found = exact.relaxed(model, "people", budget=room, deadline=effort.deadline)
        if found is not None:
            better = bounds.price(model, np.minimum(found[0], model.weight))
            priced = min(
                (priced, better), key=lambda p: bounds.people_bound(model, p, budget=room).value
            )
    value = regions.people_bound(
        model,
        priced.multipliers,
        budget=room,
        enough=reached * (1.0 + effort.gap),
        deadline=effort.deadline,
        seed=effort.seed,
    )
    return max(reached, rounded_down(value, whole=whole))


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
    taken, dropped = decided(bound.swing, bound.value - reached - step, bound.value)
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
    better = joined(taken, rest, answer)
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
