"""Repair what regions chose apart from each other, on the candidates that travelled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from walkcover import _kernels_siting as kernels
from walkcover import _search as search
from walkcover._deadline import Deadline
from walkcover._model import Flags, Ints, Model, make_model
from walkcover._region_whole import Whole

# Steps of annealing at most: of the long run, and of each of several that seek a cheaper answer.
MOST_STEPS, STEPS_OF_EACH = 15_000_000, 1_000_000
# The long run seeks an answer that is no dearer than the bound by more than this share.
AMBITION = 0.02


def most_people(whole: Whole, start: Ints, *, room: float, deadline: Deadline, seed: int) -> Ints:
    """
    Cover the most people with the means, from a start that may cost more or less.

    Returns
    -------
    chosen
        Ids of candidates, ascending.
    """
    model = _model(whole, need=None)
    chosen = np.isin(whole.columns.ids[model.candidates], start)
    chosen = _within(model, chosen, room)
    left = room - model.spent(chosen)
    kernels.greedy(*model.relation, model.weight, model.times, model.cost, chosen, left, np.inf)
    better = search.anneal(
        model, chosen, budget=room, deadline=deadline, seed=seed, steps=MOST_STEPS
    )
    if not deadline.passed():
        better = search.interchanged(model, better, budget=room, kicks=0, seed=seed)
    if model.people(better) > model.people(chosen):
        chosen = better
    return np.sort(whole.columns.ids[model.candidates[chosen]])


def least_cost(
    whole: Whole, start: Ints, *, need: float, lower: float, deadline: Deadline, seed: int
) -> Ints:
    """
    Reach the people needed for the least cost, from a start that may reach fewer.

    Returns
    -------
    chosen
        Ids of candidates, ascending.
    """
    model = _model(whole, need=need)
    chosen = _filled(model, np.isin(whole.columns.ids[model.candidates], start), need)
    room = lower * (1.0 + AMBITION)
    room = float(np.floor(room)) if whole.whole_cost else room
    weighed = replace(model, demand=model.demand[:0], need=model.need[:0])
    if model.spent(chosen) > room > 0.0:
        trial = _within(weighed, chosen, room)
        trial = search.interchanged(weighed, trial, budget=room, kicks=0, seed=seed)
        chosen = _cheaper(model, chosen, _filled(model, trial, need))
        trial = search.anneal(
            weighed,
            trial,
            budget=room,
            enough=need,
            deadline=deadline,
            seed=seed,
            steps=MOST_STEPS,
        )
        trial = search.interchanged(weighed, trial, budget=room, kicks=0, seed=seed)
        chosen = _cheaper(model, chosen, _filled(model, trial, need))
    chosen = search.cheaper_share(
        model,
        chosen,
        lower=lower,
        whole=whole.whole_cost,
        deadline=deadline,
        seed=seed,
        steps=STEPS_OF_EACH,
        stride=search.NEXT_STRIDE,
    )
    # Of answers that cost the same, one that covers more.
    spent = model.spent(chosen)
    more = search.interchanged(weighed, chosen, budget=spent, kicks=0, seed=seed)
    if model.people(more) > model.people(chosen):
        chosen = more
    return np.sort(whole.columns.ids[model.candidates[chosen]])


def _model(whole: Whole, *, need: float | None) -> Model:
    """Make the model of the candidates that travelled; its `candidates` are positions of them."""
    columns = whole.columns
    n_rows = columns.row_ids.size
    row_ptr, row_cols = kernels.transpose(columns.ptr, columns.rows, n_rows)
    demand = columns.people[None, :] if need is not None else np.zeros((0, n_rows))
    return make_model(
        row_ptr,
        row_cols,
        columns.cost,
        weight=columns.people,
        demand=sparse.csr_array(demand),
        need=np.zeros(0) if need is None else np.array([need]),
        times=np.ones(n_rows, dtype=np.int32),
        is_open=np.ones(columns.cost.size, dtype=bool),
    )


def _filled(model: Model, chosen: Flags, need: float) -> Flags:
    """Add columns until the people needed are reached, and take out what is not called for."""
    chosen = chosen.copy()
    missing = need - model.people(chosen)
    kernels.greedy(*model.relation, model.weight, model.times, model.cost, chosen, np.inf, missing)
    return search.pruned(model, chosen)


def _cheaper(model: Model, one: Flags, other: Flags) -> Flags:
    """The cheaper answer of those that meet the need; the first of equals."""
    if not search.is_met(model, other):
        return one
    return other if model.spent(other) < model.spent(one) else one


def _within(model: Model, chosen: Flags, room: float) -> Flags:
    """Take out the columns that lose least for their cost until the means suffice."""
    chosen = chosen.copy()
    while model.spent(chosen) > room:
        rate = search.losses(model, chosen, model.weight) / model.cost
        chosen[int(np.argmin(rate))] = False
    return chosen
