"""What one region gives at each price: good sets of candidates, and the relaxed region."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from walkcover import _kernels_regions as surplus
from walkcover import _kernels_siting as kernels
from walkcover import _search as search
from walkcover._deadline import Deadline
from walkcover._model import Flags, Floats, Ints, Model
from walkcover._region_case import RegionCase, RegionCurve, Relaxed
from walkcover._region_ground import Ground, ground_of

# The first price is this part of the best rate that a single candidate has; each next one is this
# part of the one before, until no more than this share of the people within reach is left, or so
# many prices.
FIRST_PRICE, NEXT_PRICE, LEFT_OVER, MOST_PRICES = 0.7, 0.7, 0.002, 24
# Steps of the subgradient at the first price, at each next one, and at each that was asked for;
# length of the first step, and steps without a better bound that halve it.
FIRST_STEPS, NEXT_STEPS, ASKED_STEPS, LENGTH, PATIENCE = 120, 30, 400, 1.0, 10
# Steps of annealing for each set at a price that was asked for.
ASKED_ANNEALING = 50_000
# Candidates that reach shared rows travel too where they miss the price by no more than this share.
NEARLY = 0.2
# A candidate is favoured where the last steps of the subgradient took it this often.
FAVOURED = 0.5


@dataclass(frozen=True)
class _Priced:
    """A set at a price, and the relaxed region: multipliers of rows, profit of columns."""

    price: float
    chosen: Flags
    paid: Floats
    profit: Floats


def curve_of(
    case: RegionCase,
    shared_ids: Ints,
    *,
    prices: Sequence[float] | None,
    shared_people: Floats | None,
    deadline: Deadline,
    seed: int,
) -> RegionCurve:
    """Search a region at a ladder of prices, or thoroughly at those asked for."""
    ground = ground_of(case, shared_ids)
    values = None
    if shared_people is not None:
        at = np.searchsorted(shared_ids, ground.row_ids[ground.is_shared])
        values = np.minimum(shared_people[at], ground.people[ground.is_shared])
    model = replace(ground.model, weight=ground.gains(values))
    if prices is None:
        steps = list(_coarse(model, deadline))
        near = np.zeros(model.cost.size, dtype=bool)
    else:
        steps = list(_fine(model, prices, deadline, seed))
        nearly = [step.profit >= -NEARLY * step.price * model.cost for step in steps]
        is_next = kernels.column_sums(ground.ptr, ground.entries, 1.0 * ground.is_shared) > 0
        near = is_next & np.logical_or.reduce(nearly)
    sets = [step.chosen for step in steps]
    everything = _completed(ground.model, sets)
    hull = _hull(model, [*sets, everything])
    carried = np.logical_or.reduce([near, everything, *hull])
    picked = np.flatnonzero(carried)
    number = np.cumsum(carried) - 1
    is_own = case.is_own
    in_zone = np.isin(ground.group, ground.group[ground.zone])
    inner = (ground.group >= 0) & ~in_zone
    return RegionCurve(
        n_rows=int(is_own.sum()),
        people=math.fsum(case.people[is_own]),
        covered_people=math.fsum(case.people[is_own & case.is_covered]),
        reach_people=float(ground.people[inner].sum()),
        whole_people=bool((case.people == np.rint(case.people)).all()),
        whole_cost=bool(case.costs is None or (case.costs == np.rint(case.costs)).all()),
        columns=ground.columns(picked),
        set_ptr=np.cumsum([0, *(int(one.sum()) for one in hull)]),
        set_columns=number[np.concatenate([np.flatnonzero(one) for one in hull])].astype(np.int32),
        set_cost=np.array([model.spent(one) for one in hull]),
        set_people=np.array([model.people(one) for one in hull]),
        border=ground.border(),
        relaxed=tuple(_relaxed(ground, model, step) for step in steps),
        is_stopped=deadline.passed(),
    )


def _completed(model: Model, sets: Sequence[Flags]) -> Flags:
    """Add to the largest set until everybody within reach is covered."""
    chosen = sets[-1].copy() if sets else np.zeros(model.cost.size, dtype=bool)
    kernels.greedy(*model.relation, model.weight, model.times, model.cost, chosen, np.inf, np.inf)
    return chosen


def _coarse(model: Model, deadline: Deadline) -> Iterator[_Priced]:
    """Go down a ladder of prices until nearly everybody within reach is covered."""
    if model.cost.size == 0:
        return
    total = float(model.weight.sum())
    price = FIRST_PRICE * float((_worth(model, model.weight) / model.cost).max())
    step = None
    for _ in range(MOST_PRICES):
        if price == 0.0:
            break
        steps = NEXT_STEPS if step else FIRST_STEPS
        step = _priced(model, price, step, steps, deadline, is_thorough=False)
        yield step
        if total - model.people(step.chosen) <= LEFT_OVER * total:
            break
        price *= NEXT_PRICE


def _fine(
    model: Model, prices: Sequence[float], deadline: Deadline, seed: int
) -> Iterator[_Priced]:
    """Search thoroughly at each price, the highest first."""
    if model.cost.size == 0:
        return
    step = None
    for price in sorted(prices, reverse=True):
        step = _priced(model, price, step, ASKED_STEPS, deadline, is_thorough=True)
        budget = model.spent(step.chosen)
        if step.chosen.any() and not deadline.passed():
            annealed = search.anneal(
                model, step.chosen, budget=budget, deadline=deadline, seed=seed,
                steps=ASKED_ANNEALING,
            )  # fmt: skip
            annealed = _climbed(model, price, annealed)
            step = replace(step, chosen=_better(model, price, step.chosen, annealed))
        yield step


def _priced(
    model: Model,
    price: float,
    before: _Priced | None,
    steps: int,
    deadline: Deadline,
    *,
    is_thorough: bool,
) -> _Priced:
    """Find a set at a price, and multipliers, from those at the price before."""
    start = np.zeros(model.cost.size, dtype=bool)
    # At first each row pays its columns alike.
    paid = model.weight / np.maximum(1, np.diff(model.row_ptr))
    if before is not None:
        start, paid = before.chosen, before.paid
    chosen = _climbed(model, price, start)
    value = _surplus(model, price, chosen)
    _, paid, profit, favour, _ = surplus.relaxed(
        model.col_ptr,
        model.col_rows,
        model.weight,
        price * model.cost,
        paid,
        value,
        value,
        1 if deadline.passed() else steps,
        LENGTH,
        PATIENCE,
    )
    if is_thorough:
        favoured = _climbed(model, price, favour > FAVOURED)
        chosen = _better(model, price, chosen, favoured)
    return _Priced(price, chosen, paid, profit)


def _climbed(model: Model, price: float, start: Flags) -> Flags:
    """Add, drop and swap columns as long as the surplus at a price rises."""
    taken: Flags = surplus.climbed(*model.relation, model.weight, price * model.cost, start)[0]
    return taken


def _better(model: Model, price: float, one: Flags, other: Flags) -> Flags:
    """The set of more surplus at a price; the first of equals."""
    return other if _surplus(model, price, other) > _surplus(model, price, one) else one


def _surplus(model: Model, price: float, chosen: Flags) -> float:
    return model.people(chosen) - price * model.spent(chosen)


def _worth(model: Model, values: Floats) -> Floats:
    worth: Floats = kernels.column_sums(model.col_ptr, model.col_rows, values)
    return worth


def _relaxed(ground: Ground, model: Model, step: _Priced) -> Relaxed:
    """
    Part what the multipliers bound into what the driver's rows pay, and the rest.

    All is summed anew, as other multipliers of the driver's rows will be put in.
    """
    group = ground.group[ground.zone]
    in_zone = np.zeros(model.weight.size, dtype=bool)
    in_zone[group] = True
    paid = np.clip(step.paid, 0.0, model.weight)
    profit = _worth(model, np.where(in_zone, 0.0, paid)) - step.price * model.cost
    inside = float((model.weight - paid)[~in_zone].sum())
    inside += float(np.maximum(profit[~ground.is_border], 0.0).sum())
    # Rows of one group are paid in the proportion of their people.
    people = ground.zone_people
    whole = np.bincount(group, people, minlength=model.weight.size)
    return Relaxed(
        step.price, inside, profit[ground.is_border], paid[group] * people / whole[group]
    )


def _hull(model: Model, sets: Sequence[Flags]) -> list[Flags]:
    """Sets on the upper concave hull of people over cost, from nothing on."""
    nothing = np.zeros(model.cost.size, dtype=bool)
    points = [(model.spent(one), -model.people(one), at) for at, one in enumerate(sets)]
    hull: list[tuple[float, float, Flags]] = [(0.0, 0.0, nothing)]
    for cost, minus_people, at in sorted(points):
        people = -minus_people
        if people <= hull[-1][1]:
            continue
        if cost == hull[-1][0]:
            continue
        while len(hull) > 1 and _is_below(hull[-2], hull[-1], (cost, people)):
            hull.pop()
        hull.append((cost, people, sets[at]))
    return [one for _, _, one in hull]


def _is_below(
    first: tuple[float, float, Flags], middle: tuple[float, float, Flags], last: tuple[float, float]
) -> bool:
    """Tell whether the middle point lies on or below the line between the others."""
    rise = (middle[1] - first[1]) * (last[0] - first[0])
    return rise <= (last[1] - first[1]) * (middle[0] - first[0])
