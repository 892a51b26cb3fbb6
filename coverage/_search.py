"""Search for good columns of a reduced model: greedy, annealing, weighted local search."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from walkcover import _kernels_siting as kernels
from walkcover._deadline import Deadline
from walkcover._model import CLOSE_PEOPLE, Entries, Flags, Floats, Ints, Model

# Annealing: steps per candidate at most, and looked-at pairs at most. Heat is measured in mean
# people per site.
ANNEAL_STEPS_PER_CANDIDATE = 2_000
ANNEAL_WORK = 8_000_000_000
HOT, COLD = 0.05, 0.0015
# Entries that the interchange may look at.
INTERCHANGE_WORK = 1_000_000_000
# Weighted set cover: steps of a round for each candidate at most, looked-at pairs at most.
COVER_STEPS_PER_CANDIDATE = 200
COVER_WORK = 2_000_000_000
# Local search runs in rounds, between which the time limit can end it; runs side by side differ in
# their seeds by more than their rounds.
COVER_ROUNDS, ANNEAL_ROUND_STEPS, SEEDS_PER_RUN = 8, 250_000, 1_000
# A cheaper answer is sought in strides of FIRST_STRIDE, or of NEXT_STRIDE where an answer that was
# sought already is improved; by halves once that fails, down to one whole number, or to LAST_STRIDE
# where costs are none.
FIRST_STRIDE, NEXT_STRIDE, LAST_STRIDE = 0.05, 0.0125, 0.002
# What one person short of a floor weighs against all people that could be covered.
TOLL = 1e3


def is_met(model: Model, chosen: Flags) -> bool:
    """Tell whether the floors are kept, but for the slack and rounding."""
    allowed = model.slack + CLOSE_PEOPLE * float(np.abs(model.need).sum())
    return model.short(chosen) <= allowed


def greedy(model: Model, *, budget: float, people: bool = True) -> Flags:
    """Meet the floors one after the other, the shortest first; then add whoever can be covered."""
    chosen = np.zeros(model.cost.size, dtype=bool)
    _meet_floors(model, chosen, budget=budget)
    if people:
        _add(model, model.weight, chosen, budget=budget, need=np.inf)
    return chosen


def _meet_floors(model: Model, chosen: Flags, *, budget: float) -> None:
    """Add columns until the floors are met, the shortest first, or the budget is spent."""
    for _ in range(model.need.size):
        short = model.shortfalls(chosen)
        worst = int(np.argmax(short))
        if short[worst] <= 0.0:
            break
        people_of = model.demand[[worst]].toarray()[0]
        _add(model, people_of, chosen, budget=budget, need=float(short[worst]))


def _add(model: Model, weight: Floats, chosen: Flags, *, budget: float, need: float) -> None:
    left = budget - model.spent(chosen)
    kernels.greedy(*model.relation, weight, model.times, model.cost, chosen, left, need)


def interchanged(model: Model, chosen: Flags, *, budget: float, kicks: int, seed: int) -> Flags:
    """Swap columns as long as that covers more, again after each kick; without regard to floors."""
    chosen = chosen.copy()
    if chosen.any():
        kernels.interchange(
            *model.relation, model.weight, model.times, model.cost, budget * (1.0 + 1e-12),
            chosen, kicks, INTERCHANGE_WORK, seed,
        )  # fmt: skip
    return chosen


def anneal(
    model: Model,
    chosen: Flags,
    *,
    budget: float,
    enough: float = np.inf,
    deadline: Deadline,
    seed: int,
    steps: int,
    runs: int = 1,
) -> Flags:
    """
    Improve columns by annealing.

    Whoever is short of a floor weighs more than all weight; the search ends once the covered
    weight is `enough`, or after `steps`, fewer where the model is very small or large. Of several
    runs, which differ by their seeds, the best is taken.
    """
    if model.cost.size == 0:
        return chosen
    course = _course(model, chosen, steps)

    def work(number: int) -> tuple[float, Flags]:
        first = seed + number * SEEDS_PER_RUN
        return _run(model, chosen, course, budget, enough, deadline=deadline, seed=first)

    if runs == 1:
        return work(0)[1]
    with ThreadPoolExecutor(min(runs, os.cpu_count() or 1)) as pool:
        return max(pool.map(work, range(runs)), key=lambda found: found[0])[1]


@dataclass(frozen=True)
class _Course:
    """The floors as the kernel takes them, what they cost, and how hot and long a run is."""

    floor_ptr: Ints
    floor_ids: Entries
    floor_people: Floats
    need: Floats
    toll: float
    value: float
    hot: float
    cold: float
    steps: int


def _course(model: Model, chosen: Flags, steps: int) -> _Course:
    """Set a course that starts with the chosen columns."""
    floors = sparse.csc_array(model.demand)
    need = model.need * (1.0 - CLOSE_PEOPLE)
    is_weighed = bool(model.weight.any())
    toll = TOLL * (1.0 + float(model.weight.sum())) if is_weighed else 1.0
    covered = model.covered(chosen)
    short = float(np.maximum(need - model.demand @ covered, 0.0).sum())
    scale = model.weight if is_weighed else np.asarray(model.demand.sum(axis=0)).ravel()
    mean = max(float(scale[covered].sum()), float(scale.max())) or 1.0
    mean /= max(1, int(chosen.sum()))
    per_step = 1 + model.n_pairs // model.cost.size
    return _Course(
        floor_ptr=floors.indptr.astype(np.int64),
        floor_ids=floors.indices.astype(np.int32),
        floor_people=floors.data,
        need=need,
        toll=toll,
        value=model.people(chosen) - toll * max(0.0, short - model.slack),
        hot=HOT * mean,
        cold=COLD * mean,
        steps=min(steps, ANNEAL_WORK // per_step, ANNEAL_STEPS_PER_CANDIDATE * model.cost.size),
    )


def _run(
    model: Model,
    chosen: Flags,
    course: _Course,
    budget: float,
    enough: float,
    *,
    deadline: Deadline,
    seed: int,
) -> tuple[float, Flags]:
    """Anneal in rounds, so that the time limit can end it in between."""
    current, best, value = chosen.copy(), chosen.copy(), course.value
    n_rounds = -(-course.steps // ANNEAL_ROUND_STEPS)
    marks = np.linspace(0, course.steps, n_rounds + 1).astype(int)
    for number, (step, until) in enumerate(itertools.pairwise(marks)):
        if value >= enough or deadline.passed():
            break
        value = kernels.anneal(
            *model.relation, model.times, model.weight,
            course.floor_ptr, course.floor_ids, course.floor_people,
            course.need, model.slack, course.toll,
            model.cost, budget, enough, current, best, value, step, until, course.steps,
            course.hot, course.cold, seed + number,
        )  # fmt: skip
    return value, best


def losses(model: Model, chosen: Flags, weight: Floats) -> Floats:
    """Weight that is lost with each chosen column alone; infinite for the others."""
    load = model.loads(np.flatnonzero(chosen))
    alone = kernels.column_sums(model.col_ptr, model.col_rows, weight * (load == model.times))
    return np.where(chosen, alone, np.inf)


def pruned(model: Model, chosen: Flags) -> Flags:
    """Take out columns that no floor calls for, the least useful per cost first."""
    chosen = chosen.copy()
    every = np.asarray(model.demand.sum(axis=0)).ravel()
    while chosen.any() and is_met(model, chosen):
        rate = losses(model, chosen, every) / model.cost
        for out in np.argsort(rate, kind="stable")[: int(chosen.sum())]:
            chosen[out] = False
            if is_met(model, chosen):
                break
            chosen[out] = True
            if model.need.size == 1:
                # With one floor, what the least useful column cannot spare none can.
                return _pruned_by_loss(model, chosen)
        else:
            break
    return chosen


def _pruned_by_loss(model: Model, chosen: Flags) -> Flags:
    """Take out the columns whose loss one floor can spare."""
    people_of = model.demand[[0]].toarray()[0]
    allowed = model.slack + CLOSE_PEOPLE * float(model.need[0])
    while chosen.any():
        spare = float(people_of[model.covered(chosen)].sum()) - model.need[0] + allowed
        loss = losses(model, chosen, people_of)
        rate = np.where(loss <= spare, loss / model.cost, np.inf)
        out = int(np.argmin(rate))
        if not np.isfinite(rate[out]):
            break
        chosen[out] = False
    return chosen


def cheaper_cover(
    model: Model, chosen: Flags, *, lower: float, deadline: Deadline, seed: int, steps: int
) -> Flags:
    """Shrink a cover of all rows in rounds of weighted local search."""
    chosen, price = chosen.copy(), np.ones(model.weight.size)
    per_step = 1 + model.n_pairs**2 // (model.cost.size * model.weight.size)
    steps = min(steps // 2, COVER_WORK // per_step, COVER_STEPS_PER_CANDIDATE * model.cost.size)
    enough = lower + 1e-9
    for number in range(COVER_ROUNDS):
        if model.spent(chosen) <= enough or deadline.passed():
            break
        kernels.weighted_cover(
            *model.relation, model.cost, chosen, price, enough, steps, seed + number
        )
    return chosen


def cheaper_share(
    model: Model,
    chosen: Flags,
    *,
    lower: float,
    whole: bool,
    deadline: Deadline,
    seed: int,
    steps: int,
    runs: int = 1,
    stride: float = FIRST_STRIDE,
) -> Flags:
    """
    Meet the floors with less and less money: in strides until annealing fails, then by halves.

    What annealing leaves short is made up for by adding columns, which may still be cheaper.

    The model must weigh what the floors count: a single floor's people, or nothing.
    """
    every = np.asarray(model.demand.sum(axis=0)).ravel()
    enough, sought = 0.0, model
    if model.need.size == 1:
        # One floor is better sought as weight, which goes on counting beyond the floor.
        enough = float(model.need[0]) * (1.0 - CLOSE_PEOPLE)
        sought = replace(model, demand=model.demand[:0], need=model.need[:0])
    # Annealing failed with no more than this.
    failed, least = -np.inf, 1.0 if whole else model.spent(chosen) * LAST_STRIDE
    while not deadline.passed():
        spent = model.spent(chosen)
        halfway = (failed + spent) / 2.0 if failed > -np.inf else spent * (1.0 - stride)
        room = max(min(spent - least, np.floor(halfway) if whole else halfway), lower)
        if room > spent - least * 0.999 or room <= failed:
            break
        trial = chosen.copy()
        while model.spent(trial) > room:
            trial[int(np.argmin(losses(model, trial, every) / model.cost))] = False
        trial = anneal(
            sought,
            trial,
            budget=room,
            enough=enough,
            deadline=deadline,
            seed=seed,
            steps=steps,
            runs=runs,
        )
        if not is_met(model, trial):
            failed = room
            _meet_floors(model, trial, budget=np.inf)
        trial = pruned(model, trial)
        if is_met(model, trial) and model.spent(trial) < spent:
            chosen = trial
    return chosen
