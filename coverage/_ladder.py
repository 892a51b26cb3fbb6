"""The solver ladder: greedy, local search, bound, exact, on the merged model."""

from __future__ import annotations

import itertools

import numpy as np

from walkcover import _bounds as bounds
from walkcover import _kernels_siting as kernels
from walkcover._bounds import Deadline, Flags, Floats, Model

# Annealing: steps at most, steps per candidate at most, and looked-at pairs at most. Heat is
# measured in mean people per site.
ANNEAL_STEPS = 3_000_000
ANNEAL_STEPS_PER_CANDIDATE = 2_000
ANNEAL_WORK = 2_000_000_000
HOT, COLD = 0.1, 0.003
# Weighted set cover: steps of a round at most, for each candidate at most, looked-at pairs at most.
COVER_STEPS = 250_000
COVER_STEPS_PER_CANDIDATE = 200
COVER_WORK = 2_000_000_000
# Local search runs in rounds, between which the time limit can end it.
ROUNDS = 8
# A cheaper answer is sought in strides that start with FIRST_STRIDE and end with one whole number,
# or LAST_STRIDE where costs are none.
FIRST_STRIDE, LAST_STRIDE = 0.05, 0.002
# Ties are broken exactly in models up to this many pairs.
TIE_PAIRS = 20_000
# Equality of people or costs that are no whole numbers, relative.
CLOSE = 1e-6


def people_covered(model: Model, chosen: Flags) -> float:
    return float(model.weight[model.covered(chosen)].sum())


def _is_closed(objective: float, bound: float, gap: float) -> bool:
    return abs(bound - objective) <= max(gap, 1e-9) * objective


def _rounded_down(bound: float, *, whole: bool) -> float:
    return float(np.floor(bound + bounds.ROUNDING + 1e-9 * abs(bound))) if whole else bound


def _rounded_up(bound: float, *, whole: bool) -> float:
    return float(np.ceil(bound - bounds.ROUNDING)) if whole else bound


def _first_multipliers(model: Model, chosen: Flags) -> Floats:
    """Let each row pay its weight, shared among the chosen columns that reach it."""
    columns = np.flatnonzero(chosen)
    load = kernels.row_loads(
        model.col_ptr, model.col_rows, columns, np.ones(columns.size), model.weight.size
    )
    return np.where(load <= 1, model.weight, model.weight / np.maximum(load, 1))


def most_people(
    model: Model, *, room: float, whole: bool, gap: float, deadline: Deadline, seed: int
) -> tuple[Flags, float]:
    """Climb the ladder greedy, annealing, bound, exact; return columns and a bound from above."""
    chosen: Flags = kernels.greedy(*model.relation, model.weight, model.cost, room, np.inf)
    upper = float(model.weight.sum())
    if _is_closed(people_covered(model, chosen), upper, gap):
        return chosen, upper
    chosen = _annealed(
        model, chosen, weight=model.weight, budget=room, deadline=deadline, seed=seed
    )
    reached = people_covered(model, chosen)
    start = _first_multipliers(model, chosen)
    priced = bounds.improve(model, start, budget=room, known=reached, deadline=deadline)
    bound = bounds.people_bound(model, priced, budget=room)
    upper = min(upper, _rounded_down(bound.value, whole=whole))
    if _is_closed(reached, upper, gap) or deadline.passed():
        return chosen, upper
    step = 1.0 if whole else 0.0
    taken, dropped = _decided(bound.swing, bound.value - reached - step, bound.value)
    rest = bounds.decide(model, taken=taken, dropped=dropped)
    if rest.n_pairs > bounds.EXACT_PAIRS:
        return chosen, upper
    room -= float(model.cost[taken].sum())
    exact = bounds.solve(
        rest,
        people=rest.weight,
        budget=room,
        absolute_gap=0.99 if whole else CLOSE / 10 * reached,
        deadline=deadline,
        seed=seed,
    )
    better = _with(taken, rest, exact)
    if better is not None and model.cost[better & ~taken].sum() <= room + 1e-9:
        chosen = max((chosen, better), key=lambda c: people_covered(model, c))
    # A solution outside the decided columns is no better than the one that decided them.
    proved = _rounded_down(people_covered(model, taken) + exact.bound, whole=whole)
    return chosen, min(upper, max(proved, people_covered(model, chosen)))


def fewest_sites(
    model: Model,
    *,
    need: float,
    whole_cost: bool,
    whole_people: bool,
    gap: float,
    deadline: Deadline,
    seed: int,
) -> tuple[Flags, float]:
    """Climb greedy, bound, local search, exact; return columns and a bound from below."""
    positive = model.weight[model.weight > 0]
    everybody = need > positive.sum() - 0.999 * positive.min()
    if everybody:
        model = bounds.without_dominated_rows(model)
        need = float(model.weight.size)
    whole_people = whole_people or everybody
    if not whole_people:
        need *= 1.0 - 1e-12
    chosen: Flags = kernels.greedy(*model.relation, model.weight, model.cost, np.inf, need)
    chosen = _pruned(model, chosen, need)
    multipliers = None
    if everybody and model.n_pairs <= bounds.LP_PAIRS:
        multipliers = bounds.covering_multipliers(model, deadline=deadline)
    if multipliers is None:
        start = _first_multipliers(model, chosen)
        spent = float(model.cost[chosen].sum())
        priced = bounds.improve(model, start, need=need, known=spent, deadline=deadline)
    else:
        priced = bounds.price(model, multipliers)
    bound = bounds.cost_bound(model, priced, need=need)
    lower = _rounded_up(bound.value, whole=whole_cost)
    if everybody:
        chosen = _cheaper_cover(model, chosen, lower=lower, deadline=deadline, seed=seed)
    else:
        chosen = _cheaper_share(
            model, chosen, need=need, lower=lower, whole=whole_cost, deadline=deadline, seed=seed
        )
    spent = float(model.cost[chosen].sum())
    if _is_closed(spent, lower, gap) or deadline.passed():
        return chosen, lower
    step = 1.0 if whole_cost else 0.0
    taken, dropped = _decided(bound.swing, spent - step - bound.value, spent)
    rest = bounds.decide(model, taken=taken, dropped=dropped)
    if rest.n_pairs > bounds.EXACT_PAIRS:
        return chosen, lower
    floor = need - people_covered(model, taken)
    exact = bounds.solve(
        rest,
        people=None,
        guard=rest.weight,
        floor=floor - 0.5 if whole_people else floor - 1e-9 * need,
        absolute_gap=0.99 if whole_cost else CLOSE / 10 * spent,
        deadline=deadline,
        seed=seed,
    )
    better = _with(taken, rest, exact)
    if better is not None and people_covered(model, better) >= need:
        better = _pruned(model, better, need)
        chosen = min((chosen, better), key=lambda c: float(model.cost[c].sum()))
    spent = float(model.cost[chosen].sum())
    proved = _rounded_up(float(model.cost[taken].sum()) + exact.bound, whole=whole_cost)
    return chosen, max(lower, min(proved, spent))


def _decided(swing: Floats, slack: float, scale: float) -> tuple[Flags, Flags]:
    """Tell which columns every better answer takes, and which it leaves out."""
    certain = np.abs(swing) > slack + bounds.ROUNDING + 1e-9 * scale
    return certain & (swing > 0), certain & (swing <= 0)


def _with(taken: Flags, rest: Model, exact: bounds.Exact) -> Flags | None:
    if exact.chosen is None:
        return None
    both = taken.copy()
    both[rest.candidates[exact.chosen]] = True
    return both


def _losses(model: Model, chosen: Flags) -> Floats:
    """Weight that only this column covers, for each chosen column; infinite for the others."""
    columns = np.flatnonzero(chosen)
    load = kernels.row_loads(
        model.col_ptr, model.col_rows, columns, np.ones(columns.size), model.weight.size
    )
    alone = kernels.column_sums(model.col_ptr, model.col_rows, model.weight * (load == 1))
    return np.where(chosen, alone, np.inf)


def _pruned(model: Model, chosen: Flags, need: float) -> Flags:
    """Take out columns that the need does not call for, the least useful per cost first."""
    chosen = chosen.copy()
    spare = people_covered(model, chosen) - need
    while chosen.any():
        loss = _losses(model, chosen)
        rate = np.where(loss <= spare, loss / model.cost, np.inf)
        out = int(np.argmin(rate))
        if not np.isfinite(rate[out]):
            break
        spare -= loss[out]
        chosen[out] = False
    return chosen


def _cheaper_cover(
    model: Model, chosen: Flags, *, lower: float, deadline: Deadline, seed: int
) -> Flags:
    """Shrink a cover of all rows in rounds of weighted local search."""
    chosen, price = chosen.copy(), np.ones(model.weight.size)
    per_step = 1 + model.n_pairs**2 // (model.cost.size * model.weight.size)
    steps = min(COVER_STEPS, COVER_WORK // per_step, COVER_STEPS_PER_CANDIDATE * model.cost.size)
    enough = lower + 1e-9
    for number in range(ROUNDS):
        if model.cost[chosen].sum() <= enough or deadline.passed():
            break
        kernels.weighted_cover(
            *model.relation, model.cost, chosen, price, enough, steps, seed + number
        )
    return chosen


def _cheaper_share(
    model: Model,
    chosen: Flags,
    *,
    need: float,
    lower: float,
    whole: bool,
    deadline: Deadline,
    seed: int,
) -> Flags:
    """Cover the need with less and less money, as long as annealing succeeds."""
    stride = FIRST_STRIDE
    while not deadline.passed():
        spent = float(model.cost[chosen].sum())
        least = 1.0 if whole else spent * LAST_STRIDE
        room = max(min(spent - least, spent * (1.0 - stride)), lower)
        if room > spent - least * 0.999:
            break
        trial = chosen.copy()
        while model.cost[trial].sum() > room:
            trial[int(np.argmin(_losses(model, trial) / model.cost))] = False
        trial = _annealed(
            model,
            trial,
            weight=model.weight,
            budget=room,
            enough=need,
            deadline=deadline,
            seed=seed,
        )
        if people_covered(model, trial) >= need:
            chosen = _pruned(model, trial, need)
        elif room >= spent - least:
            break
        else:
            stride /= 3.0
    return chosen


def _annealed(
    model: Model,
    chosen: Flags,
    *,
    weight: Floats,
    guard: Floats | None = None,
    floor: float = -np.inf,
    budget: float,
    enough: float = np.inf,
    deadline: Deadline,
    seed: int,
) -> Flags:
    """Improve columns by annealing in rounds, so that the time limit can end it in between."""
    if model.cost.size == 0:
        return chosen
    current, best = chosen.copy(), chosen.copy()
    value = float(weight[model.covered(chosen)].sum())
    mean = max(value, float(weight.max())) / max(1, int(chosen.sum()))
    per_step = 1 + model.n_pairs // model.cost.size
    steps = min(ANNEAL_STEPS, ANNEAL_WORK // per_step, ANNEAL_STEPS_PER_CANDIDATE * model.cost.size)
    marks = np.linspace(0, steps, ROUNDS + 1).astype(int)
    for number, (step, until) in enumerate(itertools.pairwise(marks)):
        if value >= enough or deadline.passed():
            break
        value = kernels.anneal(
            *model.relation,
            weight,
            weight if guard is None else guard,
            floor,
            model.cost,
            budget,
            enough,
            current,
            best,
            value,
            step,
            until,
            steps,
            HOT * mean,
            COLD * mean,
            seed + number,
        )
    return best


def break_ties(
    model: Model,
    chosen: Flags,
    *,
    floor: float,
    budget: float,
    whole: bool,
    deadline: Deadline,
    seed: int,
) -> Flags:
    """Cover the most tie-breaking people while `floor` people stay covered within the budget."""
    second = model.second

    def ties(columns: Flags) -> float:
        return float(second[model.covered(columns)].sum())

    if deadline.passed() or ties(chosen) >= second.sum() * (1.0 - 1e-12):
        return chosen
    floor -= 1e-9 * floor
    chosen = _annealed(
        model,
        chosen,
        weight=second,
        guard=model.weight,
        floor=floor,
        budget=budget,
        deadline=deadline,
        seed=seed,
    )
    if model.n_pairs > TIE_PAIRS:
        return chosen
    exact = bounds.solve(
        model,
        people=second,
        guard=model.weight,
        floor=floor - 0.5 if whole else floor,
        budget=budget,
        absolute_gap=0.0,
        deadline=deadline,
        seed=seed,
    )
    better = exact.chosen
    if (
        better is not None
        and people_covered(model, better) >= floor
        and model.cost[better].sum() <= budget + 1e-9
        and ties(better) > ties(chosen)
    ):
        return better
    return chosen
