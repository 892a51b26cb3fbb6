"""Siting with desk time: the bound by prices of residences."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from walkcover._capacity_model import ROUNDING, Floats, Model, Question, Steps
from walkcover._deadline import Deadline
from walkcover.pairs import Flags, Ints

# Steps of the subgradient, and pairs looked at by all of them together.
STEPS, STEP_WORK = 200, 100_000_000
# Length of the first step as a share of Polyak's; it halves after PATIENCE idle steps, and the
# search ends when it falls below LAST_LENGTH. MOMENTUM damps the zigzag.
FIRST_LENGTH, LAST_LENGTH, PATIENCE, MOMENTUM = 0.5, 1e-3, 5, 0.8
# Share of the last relaxed answer in the running mean of how often a step is taken.
MEMORY = 0.05
# Halvings of the price of money: more than the digits of a float64 tell apart at this scale.
HALVINGS = 45


@dataclass(frozen=True)
class Bound:
    """
    What prices of residences prove.

    Parameters
    ----------
    value
        People served at most, or cost at least.
    excess_people
        Distance from the known answer, in people.
    part
        Share of each step in the answer of the relaxed question; of the best bound of a search,
        its running mean over the search.
    swing
        How much worse the bound gets if the answer has to take the step.
    """

    value: float
    excess_people: float
    part: Floats
    swing: Floats


class _Filled:
    """Every site filled in the order of prices, cheap residences first, without any limit."""

    def __init__(self, model: Model, prices: Floats) -> None:
        order = np.argsort(prices, kind="stable")
        by_site = sparse.csc_array(model.reach[order])
        self.ptr = by_site.indptr.astype(np.int64)
        self.rows = order[by_site.indices]
        self.counts = model.people[self.rows]
        self.worth = 1.0 - prices[self.rows]
        self.people = np.append(0.0, np.cumsum(self.counts))
        self.value = np.append(0.0, np.cumsum(self.counts * self.worth))

    def value_at(self, site: Ints, capacity_people: Floats) -> Floats:
        """What the sites bring with such capacities, people counted at 1 less their price."""
        begin, end = self.ptr[site], self.ptr[site + 1]
        goal = np.minimum(self.people[begin] + capacity_people, self.people[end])
        at = np.clip(np.searchsorted(self.people, goal, side="right") - 1, begin, end)
        rate = np.append(self.worth, 0.0)[at]
        found: Floats = self.value[at] - self.value[begin] + (goal - self.people[at]) * rate
        return found

    def add_load(self, load: Floats, site: int, low: float, high: float, part: float) -> None:
        """Add to the residences the people whom capacity from low to high of a site takes."""
        span = slice(self.ptr[site], self.ptr[site + 1])
        before = self.people[span] - self.people[self.ptr[site]]
        counts = self.counts[span]
        taken = np.clip(high - before, 0.0, counts) - np.clip(low - before, 0.0, counts)
        load[self.rows[span]] += part * taken


def improve(
    model: Model, start: Floats, question: Question, *, known: float, deadline: Deadline
) -> Bound:
    """
    Find prices of residences that prove much, by a subgradient with momentum.

    Whoever pays the price of a residence may serve its people as often as they like. So each
    site fills up with the cheapest within its reach, and what is left is which steps to buy: a
    knapsack, solved with a price of money. No prices let the answer be better than this.

    Parameters
    ----------
    start
        First prices, shape (n_residences,), from 0 to 1.
    known
        Objective of a known answer, which scales the steps.

    Returns
    -------
    bound
        The best bound found after a counted number of steps.
    """
    prices, direction = start, np.zeros(start.size)
    best, mean = None, np.zeros(model.steps.option.size)
    length, idle = FIRST_LENGTH, 0
    affordable = max(20, STEP_WORK // max(1, model.pairs.residences.size))
    for _ in range(min(STEPS, affordable)):
        filled = _Filled(model, prices)
        bound = _bound(model, filled, prices, question, known=known)
        mean += MEMORY * (bound.part - mean)
        idle += 1
        if best is None or bound.excess_people < best.excess_people - 1e-7 * model.people.sum():
            best, idle = bound, 0
        if idle > PATIENCE:
            length, idle = length / 2.0, 0
        if bound.excess_people <= 0.0 or length < LAST_LENGTH or deadline.passed():
            break
        # Relative to the people of each residence, so that large and small ones move alike.
        slope = 1.0 - _load(model, filled, bound.part) / model.people
        slope[((prices <= 0.0) & (slope > 0)) | ((prices >= 1.0) & (slope < 0))] = 0.0
        direction = slope + MOMENTUM * direction
        size = float(model.people @ direction**2)
        if size == 0.0:
            break
        step = length * bound.excess_people / size
        prices = np.clip(prices - step * direction, 0.0, 1.0)
    assert best is not None
    return replace(best, part=mean)


def _load(model: Model, filled: _Filled, part: Floats) -> Floats:
    """People whom the relaxed answer serves at each residence."""
    load = np.zeros(model.people.size)
    for site in np.flatnonzero(model.is_fixed).tolist():
        filled.add_load(load, site, 0.0, model.base_people[site], 1.0)
    steps = model.steps
    for i in np.flatnonzero(part > 0):
        filled.add_load(
            load, int(steps.site[i]), steps.low_people[i], steps.high_people[i], part[i]
        )
    return load


def _bound(
    model: Model, filled: _Filled, prices: Floats, question: Question, *, known: float
) -> Bound:
    """Bound of one set of prices; any price of money gives a valid one."""
    steps = model.steps
    gain = filled.value_at(steps.site, steps.high_people) - filled.value_at(
        steps.site, steps.low_people
    )
    fixed = np.flatnonzero(model.is_fixed)
    base = float(model.people @ prices)
    base += float(filled.value_at(fixed, model.base_people[fixed]).sum())
    if question.need is None:
        measure, target = steps.cost, question.budget
    else:
        measure, target = gain, question.need - base
    part, money = _balanced(steps, gain, measure, target)
    profit = gain - money * steps.cost
    best = np.zeros(0)
    if profit.size:
        best = np.maximum(np.maximum.reduceat(profit, steps.starts), 0.0)
    swing = best[steps.rival] - profit
    if question.need is None:
        spare = money * question.budget if money > 0.0 else 0.0
        value = base + spare + float(best.sum())
        return Bound(value, value - known, part, swing)
    if money == 0.0:
        # Either the prices alone meet the need, or every step that brings anything is needed.
        value = float(steps.cost @ part)
        excess = float(model.people.sum()) if value < known else 0.0
        return Bound(value, excess, part, np.zeros(gain.size))
    value = max(0.0, (target - float(best.sum())) / money)
    return Bound(value, (known - value) * money, part, swing / money)


def _balanced(steps: Steps, gain: Floats, measure: Floats, target: float) -> tuple[Floats, float]:
    """
    Find the price of money at which the steps worth taking measure up to the target.

    Returns
    -------
    part, money
        Share of each step, so that the target is met where it can be; the price, in people for
        each unit of cost.
    """
    if target <= 0.0 or gain.size == 0:
        # Nothing can be bought; or nothing need be, and money is worth nothing.
        money = float((gain / steps.cost).max(initial=0.0)) if measure is steps.cost else 0.0
        return np.zeros(gain.size), money
    taken = _worth_taking(steps, gain)
    if measure[taken].sum() <= target:
        return taken.astype(np.float64), 0.0
    low, high = 0.0, float((gain / steps.cost).max())
    low_taken, high_taken = taken, np.zeros(gain.size, dtype=bool)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        taken = _worth_taking(steps, gain - middle * steps.cost)
        if measure[taken].sum() > target:
            low, low_taken = middle, taken
        else:
            high, high_taken = middle, taken
    less, more = float(measure[high_taken].sum()), float(measure[low_taken].sum())
    share = (target - less) / (more - less)
    return share * low_taken + (1.0 - share) * high_taken, high


def _worth_taking(steps: Steps, profit: Floats) -> Flags:
    """Flag the best step of each rival, if it brings anything."""
    best = np.maximum.reduceat(profit, steps.starts)
    good = np.flatnonzero((profit > 0) & (profit >= best[steps.rival]))
    taken = np.zeros(profit.size, dtype=bool)
    taken[good[np.unique(steps.rival[good], return_index=True)[1]]] = True
    return taken


def droppable(model: Model, bound: Bound, slack: float) -> Flags:
    """Options that no answer takes which is better than the known one by more than the slack."""
    certain = bound.swing > slack + ROUNDING + 1e-9 * abs(bound.value)
    dropped = np.ones(model.site.size, dtype=bool)
    dropped[model.steps.option[~certain]] = False
    return dropped
